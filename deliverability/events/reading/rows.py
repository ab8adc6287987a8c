"""A file's rows one by one, in Python: what takes the wrapping off, and finds out which line is bad and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast

from deliverability.events.reading.values import Broken, Readable, read_values
from deliverability.events.source import Source
from deliverability.fastclass import dataclass

MAX_FIELD = 1024 * 1024
"""Characters of one CSV field; DuckDB's own bound of a line is twice that."""
MAX_ROW = 16 * 1024 * 1024
"""Characters of one row of CSV that are held together: what is read of a line at once. As of a value of JSON."""
MAX_AGAIN = 100
"""Rows of a CSV file whose lines are read again: a row may hold `MAX_FIELD`, so that this bounds the time that a
hostile file takes. Our own bound."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source and the line on which it begins."""

    line: int
    fields: dict[str, Any]


def json_rows(stream: Readable, source: Source, *, first_line: int = 1) -> Iterator[Row | Broken]:
    """The rows in a stream of JSON, out of their envelopes."""
    for found in read_values(stream, first_line=first_line):
        if isinstance(found, Broken):
            yield found
            continue
        for row in source.unwrap(found.value) if source.unwrap else (found.value,):
            if isinstance(row, dict):
                yield Row(found.line, cast("dict[str, Any]", row))
            else:
                yield Broken(found.line, "not-an-object", repr(row)[:200])


@contextmanager
def wide_fields() -> Generator[None]:
    """Let a field of CSV have `MAX_FIELD` characters."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def csv_rows(stream: Readable, delimiter: str) -> Iterator[Row | Broken]:
    """The rows of a CSV file by the names in its head. A head that comes again, in another order, is obeyed.

    A quote that is never closed takes its own line along, and not those that follow it.
    """
    head: list[str] = []
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = lines.next_row()
        try:
            with wide_fields():
                cells: list[str] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(line, "not-csv", str(error))
            reader = lines.after_the_first(delimiter) or reader
            continue
        if not head or _is_head(cells, head):
            head = [name.strip().strip("\ufeff") for name in cells]
        elif cells and len(cells) != len(head):
            yield Broken(line, "wrong-number-of-columns", ", ".join(cells)[:200])
            reader = lines.after_the_first(delimiter) or reader
        elif cells:
            yield Row(line, {name: cell for name, cell in zip(head, cells, strict=True) if cell != ""})


def _is_head(cells: list[str], head: list[str]) -> bool:
    return len(cells) > 1 and {cell.strip().lower() for cell in cells} == {name.lower() for name in head}


class _Lines:
    """The lines of a stream, of which those of the row that is being read can be read again."""

    def __init__(self, stream: Readable) -> None:
        self._text = io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding="utf-8", errors="replace", newline="")
        self._row: list[str] = []
        self._held = 0
        self._again: list[str] = []
        self._line = 0
        self._left = MAX_AGAIN

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._held > MAX_ROW:
            raise csv.Error("a row is too long")
        line = self._again.pop() if self._again else self._text.readline(MAX_ROW).replace("\0", "\ufffd")
        if not line:
            raise StopIteration
        self._row.append(line)
        self._held += len(line)
        return line

    def next_row(self) -> int:
        """The number of the line at which the next row begins."""
        self._line += sum(len(line) < MAX_ROW for line in self._row)
        self._row, self._held = [], 0
        return self._line + 1

    def after_the_first(self, delimiter: str) -> Any:  # noqa: ANN401 - csv has no public name for a reader
        """A reader that reads on after the row's first line; None where that has been done too often."""
        if len(self._row) < 2 or not self._left:
            return None
        self._left -= 1
        self._again += reversed(self._row[1:])
        self._row = self._row[:1]
        return csv.reader(self, delimiter=delimiter)


class _Raw(io.RawIOBase):
    """A readable as the io module wants one."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
