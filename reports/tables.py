"""Tables of figures: for a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.reports.language import _
from deliverability.reports.layout import Canvas, cells, cut
from deliverability.reports.words import shown

GAP = 2
"""Cells between two columns."""
MIN_NAME = 12
"""Cells that a column of names keeps however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title; figures stand at its right edge, names at its left.

    Where there is too little room, columns that are `spare` are left out, the highest number first; 0 never is.
    """

    title: str
    name: bool = False
    spare: int = 0


def table(canvas: Canvas, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with a head and the rows. Where there is too little room, columns of names give way, then spare figures go.

    What was left out is said below.
    """
    texts = [[shown(cell) for cell in row] for row in rows]
    widths = [max(cells(c.title), *(cells(row[i]) for row in texts), 1) for i, c in enumerate(columns)]
    kept = _kept(widths, columns, canvas.width)
    some, widths = [columns[i] for i in kept], [widths[i] for i in kept]
    widths = _fitted(widths, some, canvas.width)
    head = _line([c.title for c in some], some, widths)
    lines = [canvas.paint(head, "dim"), *(_line([row[i] for i in kept], some, widths) for row in texts)]
    left_out = ", ".join(column.title for i, column in enumerate(columns) if i not in kept)
    return (
        [*lines, *canvas.paragraph(_("No room for: {columns}.").format(columns=left_out), 0, "dim")]
        if left_out
        else lines
    )


def _kept(widths: Sequence[int], columns: Sequence[Column], width: int) -> list[int]:
    """Which columns there is room for."""
    kept = list(range(len(columns)))
    while columns[spare := max(kept, key=lambda i: columns[i].spare)].spare:
        least = sum(min(widths[i], MIN_NAME) if columns[i].name else widths[i] for i in kept)
        if least + GAP * (len(kept) - 1) <= width:
            break
        kept.remove(spare)
    return kept


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
