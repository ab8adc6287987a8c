"""A stand-in for reading events: what a source's SQL makes of rows, by the rules that its docstring states."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from deliverability.events.macros import MACROS
from deliverability.events.schema import COLUMNS
from deliverability.events.source import Row, Source


class Reader:
    """One session, in which rows become canonical events."""

    def __init__(self, zone: str | None = None) -> None:
        self.session = duckdb.connect()
        self.session.execute("SET TimeZone = 'UTC'; SET threads = 1")
        for macro in MACROS:
            self.session.execute(macro)
        if zone:
            self.session.execute(f"SET VARIABLE zone = '{zone}'")

    def read(self, source: Source, values: Iterable[Any], path: str = "") -> list[dict[str, Any]]:
        """The canonical events of parsed JSON values, or of rows of a table."""
        rows = [row for value in values for row in source.rows(value)]
        columns = _columns(source)
        self.session.execute(f"CREATE OR REPLACE TEMP TABLE given ({', '.join(f'{_q(c)} {t}' for c, t in columns.items())})")
        if rows:
            marks = ", ".join("?" * len(columns))
            self.session.executemany(f"INSERT INTO given VALUES ({marks})", [_values(row, columns) for row in rows])
        cursor = self.session.execute(_query(source), {"path": path} if source.kind_in_path else {})
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def load(self, source: Source, path: Path) -> list[dict[str, Any]]:
        """The canonical events of one file."""
        return self.read(source, values_of(path), path.name)


def values_of(path: Path) -> list[Any]:
    """The JSON values of a file, or the rows of a table."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return [{k: v or None for k, v in row.items() if k} for row in csv.DictReader(text.splitlines())]
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


def _columns(source: Source) -> dict[str, str]:
    others = {head: source.raw[column] for column, heads in source.aliases.items() for head in heads}
    return {**source.raw, **others}


def _values(row: Row, columns: Mapping[str, str]) -> list[str | None]:
    return [_value(row.get(name), kind) for name, kind in columns.items()]


def _value(value: Any, kind: str) -> str | None:
    """As DuckDB reads JSON: text as it is, all else as JSON text; text of a table that is no JSON becomes it."""
    if value is None:
        return None
    if kind == "VARCHAR":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _query(source: Source) -> str:
    raw = ", ".join(
        f"coalesce({', '.join(map(_q, (name, *source.aliases[name])))}) AS {_q(name)}" if name in source.aliases else _q(name)
        for name in source.raw
    )
    explode = f", unnest({source.explode}) AS exploded(item)" if source.explode else ""
    path = f", nullif(regexp_extract($path, '{source.kind_in_path}', 1), '')" if source.kind_in_path else ""
    types = " ".join(f"WHEN '{word}' THEN '{canonical}'" for word, canonical in source.types.items())
    fields = {"type": f"CASE lower(kind) {types} WHEN NULL THEN NULL ELSE 'unknown' END", **source.fields}
    asked = ", ".join(f"CAST({fields.get(name, 'NULL')} AS {kind}) AS {_q(name)}" for name, kind in COLUMNS.items())
    return (
        f"WITH raw AS (SELECT {raw} FROM given), events AS (SELECT *, coalesce({source.kind}{path}) AS kind FROM raw{explode})"
        f" SELECT {asked}, kind AS kind_ FROM events"
    )


def _q(name: str) -> str:
    return f'"{name}"'


def only(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The one event."""
    (event,) = events
    return event
