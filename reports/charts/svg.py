"""A small core to draw with: elements of SVG as text, escaped, without style, script or reference.

Presentation attributes only: the page's policy (`style-src` with a hash) blocks `style=`, not these. Colour is the
text's own (`currentColor`), so that a drawing can be read on light, dark and printed paper, and without a style sheet.
"""

from __future__ import annotations

import math
import re
from html import escape

from deliverability.fastclass import dataclass
from deliverability.reports.layout import cells, cut, wrapped
from deliverability.reports.words import shown

NARROW = 344
"""Units across a drawing. Content is 328 px wide on a phone of 360, which leaves text of `SMALL` 11.4 px high."""
WIDE = 720
"""Units across the second layout of a chart that gains by width."""
SMALL = 12
"""Height of text, in units; the least that is used."""
LABEL = 13
"""Height of what names a row."""
CELL = 0.62
"""Width of a terminal's cell in heights of text: DejaVu Sans, the widest font that pages commonly fall back to."""
QUIET = 0.75
"""Opacity of lesser text: 4.5:1 and more on both papers."""
MARK = 0.65
"""Opacity of lesser marks: 3:1 and more on both papers (WCAG 2.2 1.4.11)."""
GRID = 0.2
"""Opacity of lines that only help the eye."""

_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


class Markup(str):
    """Text that is markup already. A template that escapes leaves it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """The same, as `markupsafe` asks for it."""
        return self


def element(tag: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element. Children that are not `Markup` are escaped; `stroke_width` is written `stroke-width`.

    Raises ValueError for a number that is none: no drawing has a NaN in it.
    """
    head = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Markup) else escaped(child) for child in children)
    return Markup(f"<{tag}{head}>{inside}</{tag}>" if inside else f"<{tag}{head}/>")


def _attribute(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else number(value)


def escaped(text: str) -> str:
    """`text` as XML, everything unseen in it spelled out."""
    return escape(shown(text), quote=True)


def number(value: float) -> str:
    """A coordinate: one decimal, none where it is nought."""
    if not math.isfinite(value):
        raise ValueError("a coordinate is a finite number")
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def points(*places: tuple[float, float]) -> str:
    """The places of a polygon or a path's line: `1,2 3,4`."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)


def group(*children: str, **attributes: str | float | None) -> Markup:
    """Elements that share attributes."""
    return element("g", *children, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float | None) -> Markup:
    """A stroke in the colour of the text."""
    return element(
        "path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", stroke="currentColor", **attributes
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = SMALL,
    anchor: str | None = None,
    room: float | None = None,
    **attributes: str | float | None,
) -> Markup:
    """One line of text on the base line `y`, cut to `room` units where that is given."""
    kept = words if room is None else fitted(words, room, size)
    return element("text", kept, x=x, y=y, font_size=size, text_anchor=anchor, fill="currentColor", **attributes)


def width(words: str, size: float = SMALL) -> float:
    """Units that a line takes at most; Hangul is two cells wide."""
    return cells(words) * size * CELL


def fitted(words: str, room: float, size: float = SMALL) -> str:
    """As much of `words` as `room` has place for, with `…` where some is left out."""
    whole, places = shown(words), max(1, int(room / (size * CELL)))
    return whole if cells(whole) <= places else f"{whole[: cut(whole, places - 1)]}…"


def lines(words: str, room: float, size: float = SMALL, most: int = 2) -> list[str]:
    """`words` in at most `most` lines, the last of them cut where that is too few."""
    broken = wrapped(shown(words), max(1, int(room / (size * CELL))))
    return broken if len(broken) <= most else [*broken[: most - 1], fitted(" ".join(broken[most - 1 :]), room, size)]


def picture(name: str, title: str, desc: str, size: tuple[float, float], *children: str, **more: str) -> Markup:
    """The drawing as a whole: an image with a name and a description for who does not see it."""
    wide, high = size
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", desc, id=f"{name}-desc"),
        *children,
        viewBox=f"0 0 {number(wide)} {number(high)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        focusable="false",
        fill="none",
        **more,
    )


def id_of(prefix: str) -> str:
    """`prefix` as ids have it."""
    return _NOT_IN_AN_ID.sub("-", prefix.lower()).strip("-") or "chart"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and the same numbers as a table.

    - id: begins the ids. svg: the drawing; wide: its layout for wide screens, empty where one layout does for all.
    - head: names of the columns; rows: their cells, the first of which names the row; a line feed begins a remark.
    """

    id: str
    title: str
    desc: str
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: Markup = Markup()
