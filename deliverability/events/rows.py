"""A file's rows one by one, in Python: what takes the wrapping off, and finds out which line is bad and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from deliverability.events.source import Source
from deliverability.events.values import Broken, Readable, read_values
from deliverability.fastclass import dataclass

MAX_FIELD = 1024 * 1024
"""Characters of one CSV field; DuckDB's own bound of a line is twice that."""


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
                yield Row(found.line, row)
            else:
                yield Broken(found.line, "not-an-object", repr(row)[:200])


def csv_rows(stream: Readable, delimiter: str) -> Iterator[Row | Broken]:
    """The rows of a CSV file by the names in its head. A head that comes again, in another order, is obeyed."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield from _csv_rows(csv.reader(_lines(stream), delimiter=delimiter))
    finally:
        csv.field_size_limit(before)


def _csv_rows(reader: Any) -> Iterator[Row | Broken]:  # noqa: ANN401 - csv has no public name for it
    head: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells: list[str] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(line, "not-csv", str(error))
            continue
        if not head or _is_head(cells, head):
            head = [name.strip().strip("\ufeff") for name in cells]
        elif cells and len(cells) != len(head):
            yield Broken(line, "wrong-number-of-columns", ", ".join(cells)[:200])
        elif cells:
            yield Row(line, {name: cell for name, cell in zip(head, cells, strict=True) if cell != ""})


def _is_head(cells: list[str], head: list[str]) -> bool:
    return len(cells) > 1 and {cell.strip().lower() for cell in cells} == {name.lower() for name in head}


def _lines(stream: Readable) -> Iterator[str]:
    text = io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding="utf-8", errors="replace", newline="")
    return (line.replace("\0", "\ufffd") for line in text)


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
