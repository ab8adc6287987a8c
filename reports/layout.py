"""Text laid out for a terminal: cells, wrapping, colour, and a mark under the offending characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from deliverability.fastclass import dataclass
from deliverability.reports.words import shown

MIN_WIDTH = 60
"""design/look.md: narrower terminals get lines of this width, and wrap them as they like."""
MAX_WIDTH = 120
"""Longer lines of prose are harder to read; evidence does not gain either."""

_GAP = 2
"""Cells between what stands at the left of a line and what stands at its right."""
_SGR = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Canvas:
    """How wide the lines are, in cells, and whether they carry colour."""

    width: int
    color: bool

    @classmethod
    def of(cls, width: int, *, color: bool) -> Canvas:
        """A canvas of a width that can be read."""
        return cls(min(max(width, MIN_WIDTH), MAX_WIDTH), color)

    def paint(self, text: str, *styles: str) -> str:
        """`text` in the given styles, or plain."""
        codes = ";".join(_SGR[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.color and codes and text else text

    def paragraph(self, text: str, indent: int, *styles: str, head: str = "") -> list[str]:
        """Outside or own text, wrapped behind `indent`; `head` stands before its first line."""
        first, *rest = wrapped(shown(text), self.width - indent)
        lead = self.paint(head, "dim") + " " * (indent - cells(head))
        return [lead + self.paint(first, *styles), *(" " * indent + self.paint(line, *styles) for line in rest)]

    def ends(self, left: str, right: str, *styles: str, indent: int = 0) -> list[str]:
        """`left` wrapped, and `right` at the far end of its last line where there is room, else below."""
        lines = wrapped(shown(left), self.width - indent)
        gap = self.width - indent - cells(lines[-1]) - cells(right)
        painted = [" " * indent + self.paint(line, *styles) for line in lines]
        if not right:
            return painted
        if gap >= _GAP:
            return [*painted[:-1], painted[-1] + " " * gap + self.paint(right, "dim")]
        below = wrapped(right, self.width - indent)
        return painted + [" " * (self.width - cells(line)) + self.paint(line, "dim") for line in below]

    def packed(self, parts: Iterable[str]) -> list[str]:
        """Short `parts` side by side with ` · ` between them, a new line before one that has no room."""
        lines: list[str] = []
        for part in parts:
            joined = f"{lines[-1]} · {part}" if lines else part
            lines[-1:] = [joined] if cells(joined) <= self.width else [*lines[-1:], part]
        return lines


def cells(text: str) -> int:
    """The columns that `text` takes in a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells(c) for c in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cut(text: str, width: int) -> int:
    """How many characters of `text` fit into `width` cells."""
    if text.isascii():
        return min(len(text), width)
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > width:
            return index
    return len(text)


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken after spaces where there are any. Loses nothing but those."""
    return [text[start:end].rstrip(" ") for start, end in folds(text, width)]


def folds(text: str, width: int) -> list[tuple[int, int]]:
    """Where the lines begin and end into which `wrapped` breaks `text`."""
    lines: list[tuple[int, int]] = []
    start = 0
    while start < len(text) or not lines:
        ahead = text[start : start + 4 * width]  # characters that take no cell may make a line this long, not longer
        fits = max(cut(ahead, width), 1)
        space = fits if ahead[fits : fits + 1] in {" ", ""} else ahead.rfind(" ", 0, fits)
        end = start + (space if space > 0 else fits)
        lines.append((start, min(end, len(text))))
        start = end
        while text[start : start + 1] == " ":
            start += 1
    return lines


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a long text that fits a line, and where in it the marked characters stand, in cells."""

    text: str
    offset: int
    length: int


def window(text: str, span: tuple[int, int], width: int) -> Window:
    """What of `text` to show in `width` cells so that `span` is seen with what surrounds it; the rest is `…`."""
    before, marked, after = (shown(part) for part in (text[: span[0]], text[span[0] : span[1]], text[span[1] :]))
    if cells(before + marked + after) <= width:
        return Window(before + marked + after, cells(before), max(cells(marked), 1))
    if cells(marked) > width - 2:
        marked = marked[: cut(marked, width - 3)] + "…"
    room = width - cells(marked)
    left = _tail(before, max(room // 3, room - cells(after)))
    right = _head(after, room - cells(left))
    return Window(left + marked + right, cells(left), max(cells(marked), 1))


def _tail(text: str, width: int) -> str:
    """The end of `text`, from the start of a word if one is near."""
    if cells(text) <= width:
        return text
    backwards = text[::-1]
    end = backwards[: cut(backwards, max(width - 1, 0))][::-1]
    space = end.find(" ", 0, len(end) // 2)
    return "…" + end[max(space, 0) :]


def _head(text: str, width: int) -> str:
    """The start of `text`, to the end of a word if one is near."""
    if cells(text) <= width:
        return text
    start = text[: cut(text, max(width - 1, 0))]
    space = start.rfind(" ", len(start) // 2)
    return start[: space + 1 if space > 0 else len(start)] + "…"
