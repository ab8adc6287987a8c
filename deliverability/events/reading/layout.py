"""What kind of file it is, told from its first octets: never from its name."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice
from typing import Any

from deliverability.events.postfix import recognised
from deliverability.events.reading.rows import wide_fields
from deliverability.events.reading.values import Value, read_values
from deliverability.fastclass import dataclass

HEAD = 256 * 1024
"""Octets that are looked at; the largest webhook bodies that are documented (SNS) have that many."""
SAMPLE = 20
"""Rows by which a source is recognised."""
_EMPTY_ARRAY = re.compile(rb"\[\s*\]\s*")


class Layout(StrEnum):
    """How rows are laid out."""

    LINES = "lines"
    """One JSON object a line."""
    VALUES = "values"
    """JSON in any other form: an array, objects run together or over several lines."""
    CSV = "csv"
    PARQUET = "parquet"
    STORE = "store"
    """A DuckDB file that `deliv ingest` made."""
    LOG = "log"
    """A mail log."""
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Look:
    """A file's layout, and its first rows where it has rows of JSON or CSV; `delimiter` of CSV."""

    layout: Layout
    sample: tuple[Any, ...] = ()
    delimiter: str = ","


def look_at(head: bytes) -> Look:
    """What a file that begins with `head` is."""
    if head.startswith(b"PAR1"):
        return Look(Layout.PARQUET)
    if head[8:12] == b"DUCK":  # https://duckdb.org/docs/stable/internals/storage: after an 8-octet checksum
        return Look(Layout.STORE)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text or _EMPTY_ARRAY.fullmatch(text):
        return Look(Layout.EMPTY)
    if text[:1] in {b"{", b"["}:
        return _json(text)
    if recognised(text):
        return Look(Layout.LOG)
    return _csv(text)


def _json(text: bytes) -> Look:
    found = (x.value for x in read_values(io.BytesIO(text)) if isinstance(x, Value))
    return Look(Layout.LINES if _is_a_line_each(text) else Layout.VALUES, tuple(islice(found, SAMPLE)))


def _is_a_line_each(text: bytes) -> bool:
    first = text.split(b"\n", 1)[0]
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _csv(text: bytes) -> Look:
    lines = text.decode("utf-8", "replace").split("\n")
    head = lines[0]
    delimiter = max(",;\t|", key=head.count)
    if not head.strip() or (not head.isprintable() and "\t" not in head and not head.endswith("\r")):
        return Look(Layout.OTHER)
    try:
        with wide_fields():
            names = dict.fromkeys(
                name.strip().strip("\ufeff") for name in next(csv.reader([head], delimiter=delimiter))
            )
            rows: list[Mapping[str | Any, str | Any]] = list(islice(csv.DictReader(lines, delimiter=delimiter), SAMPLE))
    except csv.Error:
        return Look(Layout.OTHER)
    return Look(Layout.CSV, tuple(rows) or (names,), delimiter)
