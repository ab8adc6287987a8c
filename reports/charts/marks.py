"""Shapes that tell marks apart without colour, and the whiskers of an interval."""

from __future__ import annotations

from collections.abc import Iterable

from deliverability.reports.charts.svg import MARK, Markup, element, group, line, number, text, width

HOLLOW = {"fill": "none", "stroke": "currentColor"}
FILLED = {"fill": "currentColor"}


def circle(x: float, y: float, r: float) -> str:
    """A circle as a path."""
    radius, across = number(r), number(2 * r)
    arc = f"a{radius} {radius} 0 1 0"
    return f"M{number(x - r)} {number(y)}{arc} {across} 0{arc} -{across} 0z"


def diamond(x: float, y: float, r: float) -> str:
    """A square on its corner."""
    side = number(r)
    return f"M{number(x)} {number(y - r)}l{side} {side} -{side} {side} -{side} -{side}z"


def triangle(x: float, y: float, r: float) -> str:
    """A triangle that points up."""
    return f"M{number(x)} {number(y - r)}l{number(r)} {number(1.8 * r)}h-{number(2 * r)}z"


def cross(x: float, y: float, r: float) -> str:
    """Two strokes."""
    side = number(2 * r)
    return f"M{number(x - r)} {number(y - r)}l{side} {side}m0 -{side}l-{side} {side}"


def before(*places: tuple[float, float], r: float = 4.5) -> Markup:
    """Hollow circles: what was before."""
    return element("path", d="".join(circle(x, y, r) for x, y in places), class_="was", stroke_width=2, **HOLLOW)


def after(*places: tuple[float, float], r: float = 6) -> Markup:
    """Filled diamonds: what came after."""
    return element("path", d="".join(diamond(x, y, r) for x, y in places), class_="is", **FILLED)


def whisker(low: float, high: float, y: float, *, cap: float = 3.5) -> Markup:
    """An interval from `low` to `high` across, with its ends."""
    ends = "".join(f"M{number(x)} {number(y - cap)}v{number(2 * cap)}" for x in (low, high))
    path = f"M{number(low)} {number(y)}H{number(high)}{ends}"
    return element("path", d=path, stroke="currentColor", stroke_width=1.5, stroke_opacity=MARK)


def legend(entries: Iterable[tuple[Markup, str]], y: float, across: float) -> tuple[list[Markup], float]:
    """What the marks mean: each drawn around (0, 0), words behind it; and how far down that reaches.

    An entry that has no room in its line begins another.
    """
    drawn: list[Markup] = []
    x = 0.0
    for mark, words in entries:
        wide = 22 + width(words)
        if x and x + wide > across:
            x, y = 0.0, y + 18
        drawn.append(group(mark, transform=f"translate({number(x + 8)} {number(y - 4)})"))
        drawn.append(text(x + 20, y, words, room=across - x - 20))
        x += wide + 12
    return drawn, y


def key_before() -> Markup:
    """A mark for the legend."""
    return before((0.0, 0.0))


def key_after() -> Markup:
    """A mark for the legend."""
    return after((0.0, 0.0))


def key_whisker() -> Markup:
    """A mark for the legend."""
    return whisker(-7, 7, 0)


def key_line(**attributes: str | float | None) -> Markup:
    """A mark for the legend."""
    return line(-8, 0, 8, 0, **attributes)
