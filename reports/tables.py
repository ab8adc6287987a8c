"""Tables of figures: for a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.reports.layout import Canvas, cells, cut
from deliverability.reports.words import shown

GAP = 2
"""Cells between two columns."""
MIN_NAME = 12
"""Cells that a column of names keeps however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title; figures stand at its right edge, names at its left."""

    title: str
    name: bool = False


def table(canvas: Canvas, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with a head and the rows. Columns of names give way where there is too little room, figures never do."""
    texts = [[shown(cell) for cell in row] for row in rows]
    widths = [max(cells(c.title), *(cells(row[i]) for row in texts), 1) for i, c in enumerate(columns)]
    widths = _fitted(widths, columns, canvas.width)
    head = _line([c.title for c in columns], columns, widths)
    return [canvas.paint(head, "dim"), *(_line(row, columns, widths) for row in texts)]


def _fitted(widths: list[int], columns: Sequence[Column], width: int) -> list[int]:
    over = sum(widths) + GAP * (len(widths) - 1) - width
    for i, column in enumerate(columns):
        if column.name and over > 0:
            given = max(0, min(over, widths[i] - MIN_NAME))
            widths[i] -= given
            over -= given
    return widths


def _line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts: list[str] = []
    for text, column, width in zip(row, columns, widths, strict=True):
        fitting = text if cells(text) <= width else text[: cut(text, width - 1)] + "…"
        space = " " * (width - cells(fitting))
        parts.append(fitting + space if column.name else space + fitting)
    return (" " * GAP).join(parts).rstrip()


def to_csv(head: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV (RFC 4180, LF) with a head. A cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in head])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        text = shown(value)
        return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    return value
