"""The rows of a list, one after another, whatever it is kept in; none is lost, and what cannot be read says why.

A row is (the cell with the address or None, its cells as they were, why it could not be read or nothing).
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, cast

from deliverability.fastclass import dataclass
from deliverability.intake.paths import STDIN
from deliverability.intake.streams import Kind, Part, open_stream
from deliverability.intake.trouble import Refused
from deliverability.recipients.table import NAMES as KNOWN
from deliverability.recipients.table import SAMPLE, delimiter_of, key_of, squashed, table_of
from deliverability.recipients.text import HEAD, MAX_LINE, encoding_of, is_binary, text_lines

Row = tuple[str | None, Sequence[str], str]

PARQUET, OLE = b"PAR1", b"\xd0\xcf\x11\xe0"
SPREADSHEET = ("[Content_Types].xml", "mimetype")
"""The first member of a spreadsheet: Office Open XML, OpenDocument."""
MAX_BROKEN_QUOTES = 100
"""Quotes that are never closed after which a file is read line by line; our own bound: each may cost `MAX_LINE`."""


class Place:
    """Where in its file the last row ended: the line, from 1; of Parquet the row."""

    def __init__(self) -> None:
        self.line = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """One list: its file's name, how it is laid out, and its rows, which can be read once.

    - form: `csv`, `lines` (an address a line), `ndjson` or `parquet`. delimiter, head: of CSV; head of Parquet too.
    - column: the name of the column, where it is a usual one or the user's, else its number.
    - place: of the row that was read last.
    - width: columns of the head; without one, of most rows. end: of a line. before: what stands before the head, and
      marked whether U+FEFF does.
    """

    name: str
    form: str
    column: str
    delimiter: str
    head: tuple[str, ...] | None
    rows: Iterator[Row]
    place: Place
    width: int = 1
    end: str = "\n"
    before: str = ""
    marked: bool = False


@contextmanager
def wide_fields() -> Generator[None]:
    """Let a field of CSV be as long as a line may be; not more, so that no quote takes all that follows."""
    before = csv.field_size_limit(MAX_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def lists_of(
    path: str, asked: str | None, spoken: Counter[str], progress: Callable[[int], None] = lambda _: None
) -> Iterator[List]:
    """The lists in a file: one, or one for each member of an archive; each is good until the next is asked for.

    - asked: the column that the user named; spoken: counts rows by encoding; progress: told of octets.

    Raises Refused, here or where the rows are read.
    """
    for part in open_stream(path):
        if part.name.endswith(tuple(f"!{name}" for name in SPREADSHEET)):
            raise Refused("spreadsheet", "save it as CSV (UTF-8)")
        on_disk = part.kind is Kind.PLAIN and path != STDIN and Path(path).is_file()
        found = list_of(part, Path(path) if on_disk else None, asked, spoken)
        if found is not None:
            yield found
        progress(part.octets)


def list_of(part: Part, path: Path | None, asked: str | None, spoken: Counter[str]) -> List | None:
    """The list in one stream, `path` where it lies on disk as it is; None where it is empty. Raises Refused."""
    head = part.stream.peek(HEAD)
    if head.startswith(PARQUET):
        from deliverability.recipients.parquet import parquet_list  # noqa: PLC0415 - with DuckDB, 200 ms

        return parquet_list(part, path, asked)
    if head.startswith(OLE):
        raise Refused("spreadsheet", "save it as CSV (UTF-8)")
    if is_binary(head):
        raise Refused("not-text", "a binary file: give the list as CSV (UTF-8), JSON lines or Parquet")
    lines = text_lines(part.stream, spoken)
    head_lines = _sample(lines)
    first = [line for line in head_lines if line.strip()]
    if not first:
        return None
    lines = chain(head_lines, lines)
    if first[0].lstrip()[0] == "{":
        return _json_list(part.name, first, lines, asked)
    if first[0].lstrip()[0] == "[" and "@" not in first[0].partition("]")[2]:
        raise Refused("json-array", "write one JSON object a line")
    found = _csv_list(part.name, first, lines, asked)
    return found and replace(found, marked=encoding_of(head) not in {"utf-8", "utf-16-le", "utf-16-be"})


def _sample(lines: Iterator[str]) -> list[str]:
    """The lines by which the columns are told apart, with the empty ones between them."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) >= SAMPLE and line.strip():
            break
    return held


def _shown(name: str, asked: str | None) -> str:
    """A column's name, unless it is one that nobody knows: it might be somebody's."""
    return name if name.isdecimal() or name == asked or squashed(name) in KNOWN else "?"


# CSV and lines --------------------------------------------------------------------------------------------------------


_DECLARED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""The line by which a spreadsheet is told what parts the columns."""


def _csv_list(name: str, first: list[str], lines: Iterator[str], asked: str | None) -> List | None:
    place, before = Place(), ""
    if declared := _DECLARED.fullmatch(first[0].strip("\r\n")):
        before = next(line for line in _numbered(lines, place) if line.strip())
        first = first[1:]
    if not first:
        return None
    delimiter = declared[1] if declared else delimiter_of(first)
    sample = [cells for cells, _ in _records(iter(first), delimiter, Place())]
    table = table_of(sample, delimiter, asked)
    records = _records(lines, delimiter, place)
    if table.head is not None:
        next(records)
    return List(
        name=name,
        form="csv" if delimiter else "lines",
        column=_shown(table.name, asked),
        delimiter=delimiter or ",",
        head=table.head,
        rows=_cells(records, table.column),
        place=place,
        width=_width(sample if table.head is None else [table.head]),
        end="\r\n" if first[0].endswith("\r\n") else "\n",
        before=before,
    )


def _width(rows: Iterable[Sequence[str]]) -> int:
    """The columns of most rows; of the widest where several are as many."""
    return max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]))[0]


def _cells(records: Iterable[tuple[list[str], str]], column: int) -> Iterator[Row]:
    for cells, fault in records:
        try:
            yield cells[column].strip(), cells, fault
        except IndexError:
            yield None, cells, "too-few-columns"


def _records(lines: Iterator[str], delimiter: str, place: Place) -> Iterator[tuple[list[str], str]]:
    """The cells of each record that is not empty."""
    if delimiter:
        return _Reader(lines, delimiter, place).records()
    return (([line.rstrip("\r\n")], "") for line in map(_unquoted, _numbered(lines, place)) if line.strip())


def _numbered(lines: Iterator[str], place: Place) -> Iterator[str]:
    for line in lines:
        place.line += 1
        yield line


def _unquoted(line: str) -> str:
    """A line that is one quoted cell, as its text."""
    bare = line.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"' and '"' not in (text := bare[1:-1].replace('""', "")):
        return text if text == bare[1:-1] else bare[1:-1].replace('""', '"')
    return line


class _Reader:
    """RFC 4180 records out of lines. A quote that is never closed takes its own line along, and none after it."""

    def __init__(self, lines: Iterator[str], delimiter: str, place: Place) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._place = place
        self._held: list[str] = []
        self._again: deque[str] = deque()
        self._broken = 0

    def records(self) -> Iterator[tuple[list[str], str]]:
        reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
        while True:
            try:
                for cells in reader:
                    self._held.clear()
                    if cells:
                        yield cells, ""
                return
            except csv.Error:
                yield self._alone()
                reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            if self._broken > MAX_BROKEN_QUOTES:
                yield from map(self._by_itself, self._feed())
                return

    def _feed(self) -> Iterator[str]:
        while self._again:
            self._held.append(self._again.popleft())
            self._place.line += 1
            yield self._held[-1]
        for line in self._lines:
            self._held.append(line)
            self._place.line += 1
            yield line

    def _alone(self) -> tuple[list[str], str]:
        """The first of the lines that were taken for one record; the others are read anew."""
        first, *others = self._held
        self._held.clear()
        self._again.extendleft(reversed(others))
        self._place.line -= len(others)
        self._broken += bool(others)
        return self._by_itself(first)

    def _by_itself(self, line: str) -> tuple[list[str], str]:
        self._held.clear()
        text = line.rstrip("\r\n")
        try:
            return next(csv.reader([text], delimiter=self._delimiter, strict=True), [text]), ""
        except csv.Error:  # its quotes are no quotes
            return text.split(self._delimiter), ""


# JSON lines -----------------------------------------------------------------------------------------------------------


def _json_list(name: str, first: list[str], lines: Iterator[str], asked: str | None) -> List:
    objects = [found for line in first if (found := _object(line)) is not None]
    if not objects:
        raise Refused("not-json-lines", "write one JSON object a line")
    key, place = key_of(objects, asked), Place()
    return List(
        name=name,
        form="ndjson",
        column=_shown(key, asked),
        delimiter="",
        head=None,
        rows=(_json_row(line, key) for line in _numbered(lines, place) if line.strip()),
        place=place,
    )


def _object(line: str) -> dict[str, Any] | None:
    """The JSON object in a line; None where it holds something else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _json_row(line: str, key: str) -> Row:
    found = _object(line)
    if found is None:
        return None, (line.rstrip("\r\n"),), "not-json"
    cell = found.get(key, "")
    if cell is None:
        cell = ""
    if not isinstance(cell, str):
        return None, (line.rstrip("\r\n"),), "not-text"
    return cell.strip(), (line.rstrip("\r\n"),), ""
