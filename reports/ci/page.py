"""A page of Markdown that keeps within the size that code hosts take: rows that have no room are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deliverability.reports.ci.escape import fenced
from deliverability.reports.language import _

MOST = 65_000
"""Octets of a page. GitHub takes comments of 65,536 characters and step summaries of 1 MiB (read 2026-11-22); GitLab
and a person take less than a summary."""
RESERVE = 12_000
"""Octets kept for what is said outside of rows: the decision, the next fix with its records, heads and counts."""


class Page:
    """Lines, and how much room is left for rows."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._room = MOST - RESERVE

    def say(self, *lines: str) -> None:
        """Lines that always have room: few, and of bounded length."""
        self._lines += lines

    def table(
        self, title: str | None, heads: Sequence[str], rows: Sequence[Sequence[str]], *, total: int | None = None
    ) -> None:
        """A table with as many rows as there is room for; of `total` in all, where `rows` are not all."""
        lines = [_row(heads), _row(["---"] * len(heads))]
        self._head(title, *lines)
        kept = self._fitting(_row(row) for row in rows)
        self._lines += kept
        self._more((len(rows) if total is None else total) - len(kept))

    def points(self, title: str, points: Sequence[str]) -> None:
        """Points with as many as there is room for."""
        self._head(title)
        kept = self._fitting(f"- {point}" for point in points)
        self._lines += kept
        self._more(len(points) - len(kept))

    def block(self, lines: Sequence[str]) -> None:
        """A block of code with as many lines as there is room for."""
        kept = self._fitting(lines)
        self._lines += ["", *fenced(kept)] if kept else []
        self._more(len(lines) - len(kept))

    def text(self) -> str:
        """The page, ending in a newline."""
        return "".join(f"{line}\n" for line in self._lines)

    def _head(self, title: str | None, *lines: str) -> None:
        self._lines += ["", *([f"### {title}", ""] if title else []), *lines]

    def _fitting(self, lines: Iterable[str]) -> list[str]:
        """The first lines that there is room for, which they then take."""
        kept: list[str] = []
        for line in lines:
            size = len(line.encode()) + 1
            if size > self._room:
                break
            self._room -= size
            kept.append(line)
        return kept

    def _more(self, number: int) -> None:
        if number:
            self._lines += ["", _("… and {n:,} more").format(n=number)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
