"""A list in a Parquet file, read by the embedded engine a batch at a time. Needs the extra `events`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deliverability.events.engine import Engine, open_engine
from deliverability.events.reading.canonical import quoted
from deliverability.events.reading.relations import alias
from deliverability.intake.streams import Part
from deliverability.intake.trouble import Refused
from deliverability.recipients.rows import List, Place, Row
from deliverability.recipients.table import NAMES as KNOWN
from deliverability.recipients.table import SAMPLE, key_of, squashed

BATCH = 10_000
"""Rows that are held at a time."""


def parquet_list(part: Part, path: Path | None, asked: str | None) -> List:
    """The list in one Parquet file. Raises Refused (`not-parquet`) and EngineMissing."""
    at = Place()
    rows = _rows(part, path, asked, at)
    head, place = next(rows)  # type: ignore[misc]
    name = head[place]
    return List(
        name=part.name,
        form="parquet",
        column=name if name == asked or squashed(name) in KNOWN else str(place + 1),
        delimiter=",",
        head=tuple(head),
        rows=rows,  # type: ignore[arg-type]
        place=at,
    )


def _rows(part: Part, path: Path | None, asked: str | None, at: Place) -> Iterator[Row | tuple[Sequence[str], int]]:
    """First the names and the place of the column, then the rows: the engine is open as long as they are read."""
    import duckdb  # noqa: PLC0415 - 150 ms

    with open_engine() as engine:
        try:
            engine.run("SET preserve_insertion_order = true")
            link = _on_disk(engine, part, path)
            relation = f"read_parquet({quoted(str(link))})"
            sample = engine.table(f"FROM {relation} LIMIT {SAMPLE}")
            found = engine.connection.execute(f"SELECT * FROM {relation}")
            head = [str(column[0]) for column in found.description or ()]
            place = head.index(key_of(sample or [dict.fromkeys(head)], asked))
            yield head, place
            while batch := found.fetchmany(BATCH):
                for cells in batch:
                    at.line += 1
                    yield _row(cells, place)
        except duckdb.Error as error:
            raise Refused("not-parquet", " ".join(str(error).split())[:120]) from None


def _on_disk(engine: Engine, part: Part, path: Path | None) -> Path:
    if path is not None:
        return alias(engine, path)
    copy = engine.folder / "copy.parquet"
    with copy.open("wb") as out:
        shutil.copyfileobj(part.stream, out, 1 << 20)
    return copy


def _row(cells: Sequence[Any], place: int) -> Row:
    texts = ["" if cell is None else str(cell) for cell in cells]
    cell = cells[place]
    if cell is not None and not isinstance(cell, str):
        return None, texts, "not-text"
    return (cell or "").strip(), texts, ""
