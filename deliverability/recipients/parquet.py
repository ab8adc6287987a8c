"""A list in a Parquet file, read by the embedded engine a batch at a time. Needs the extra `events`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
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
    file = _File(part, path, asked)
    name = file.head[file.column]
    return List(
        name=part.name,
        form="parquet",
        column=name if name == asked or squashed(name) in KNOWN else str(file.column + 1),
        delimiter=",",
        head=tuple(file.head),
        rows=file.rows(),
        place=file.place,
        width=len(file.head),
    )


class _File:
    """One Parquet file, open in an engine of its own until its rows have been read."""

    def __init__(self, part: Part, path: Path | None, asked: str | None) -> None:
        import duckdb  # noqa: PLC0415 - 150 ms

        self.place = Place()
        with ExitStack() as opened:
            engine = opened.enter_context(open_engine())
            engine.run("SET preserve_insertion_order = true")
            relation = f"read_parquet({quoted(str(_on_disk(engine, part, path)))})"
            try:
                sample = engine.table(f"FROM {relation} LIMIT {SAMPLE}")
                self._found = engine.connection.execute(f"SELECT * FROM {relation}")
            except duckdb.Error as error:
                raise _refused(error) from None
            self.head = [str(column[0]) for column in self._found.description or ()]
            self.column = self.head.index(key_of(sample or [dict.fromkeys(self.head)], asked))
            self._opened = opened.pop_all()

    def rows(self) -> Iterator[Row]:
        """The rows. Raises Refused."""
        import duckdb  # noqa: PLC0415 - loaded by now

        with self._opened:
            try:
                while batch := self._found.fetchmany(BATCH):
                    for cells in batch:
                        self.place.line += 1
                        yield _row(cells, self.column)
            except duckdb.Error as error:
                raise _refused(error) from None


def _refused(error: Exception) -> Refused:
    # the engine's own words name its folder, and may hold a cell
    return Refused("not-parquet", f"damaged, or broken off ({type(error).__name__})")


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
