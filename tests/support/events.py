"""What a source's module makes of rows: canonical events, one by one, from the query that every reading uses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from deliverability.events.reading.canonical import EVENT_TYPE, canonical_query
from deliverability.events.reading.macros import MACROS
from deliverability.events.reading.relations import json_relation
from deliverability.events.reading.spool import LINE, Spool
from deliverability.events.source import Source
from deliverability.events.sources import SOURCES

Event = dict[str, Any]


class Reader:
    """One session, in which rows become canonical events; `folder` takes its files."""

    def __init__(self, folder: Path, zone: str | None = None) -> None:
        self._folder = folder
        self._session = duckdb.connect()
        self._session.execute("SET TimeZone = 'UTC'; SET threads = 1; SET VARIABLE zone = ?", [zone])
        for statement in (*MACROS, EVENT_TYPE):
            self._session.execute(statement)

    def read(self, source: Source, values: Iterable[Any]) -> list[Event]:
        """The events of JSON values or of rows of a table: each with its columns that say something, and its word."""
        spool = Spool(source, self._folder / "spool.ndjson")
        for number, row in enumerate(row for value in values for row in source.rows(value)):
            spool.add(row, 0, number)
        if not spool.size:
            return []
        spool.close()
        query = canonical_query(source, json_relation(spool.path, spool.columns), line=LINE)
        cursor = self._session.execute(f"SELECT * FROM ({query}) ORDER BY source_line, part")
        names = [column[0] for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        spool.clear()
        return [{name: value for name, value in event.items() if value is not None} for event in found]

    def load(self, source: Source, path: Path) -> list[Event]:
        """The events of one file."""
        return self.read(source.at(path.name), values_of(path))


def values_of(path: Path) -> list[Any]:
    """The JSON values of a file, or the rows of a table."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return [{head: cell or None for head, cell in row.items()} for row in csv.DictReader(io.StringIO(text))]
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


def only(events: Sequence[Event]) -> Event:
    """The one event."""
    (event,) = events
    return event


class Reading:
    """Short forms for reading rows of one source, by its name."""

    def __init__(self, folder: Path, zone: str | None = None) -> None:
        self._reader = Reader(folder, zone)

    def all(self, source: str, *values: Any, path: str = "") -> list[Event]:
        return self._reader.read(SOURCES[source].at(path), values)

    def one(self, source: str, value: Any, path: str = "") -> Event:
        return only(self.all(source, value, path=path))
