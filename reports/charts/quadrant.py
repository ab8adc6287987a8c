"""What arrives against what is read, in four quadrants that have names."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.labels import HIGH, Box, Placed, placed
from deliverability.reports.charts.scale import Scale, scale, share
from deliverability.reports.charts.svg import (
    GRID,
    MARK,
    NARROW,
    QUIET,
    Chart,
    Markup,
    element,
    fitted,
    group,
    id_of,
    line,
    picture,
    text,
    width,
)
from deliverability.reports.language import _
from deliverability.reports.rates import percent

MAX_SPOTS = 40
"""Marks that are drawn, those with the most mail; the table has them all."""
LEFT = 44
SIDE = 270
"""Height of the field."""
MAX_NAME = 130
"""Units of a name beside its mark."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One mailbox provider: the share that arrives, the share of that which is read, and how much was sent.

    `read_high` is the most that people can have read, `read` the least.
    """

    label: str
    arrives: float | None
    read: float | None
    sent: int = 0
    read_high: float | None = None
    at_risk: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """The ground of the drawing: x for what arrives, y for what is read, and where the quadrants meet."""

    x: Scale
    y: Scale
    split: tuple[float, float]


def quadrant(
    prefix: str,
    title: str,
    spots: Sequence[Spot],
    *,
    split: tuple[float | None, float | None],
    names: tuple[str, str, str, str],
    axes: tuple[str, str] | None = None,
) -> Chart | None:
    """The chart, or None where nothing can be placed.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated.
        spots: the providers; those at risk have a shape of their own.
        split: shares at which the quadrants meet, what arrives first: those of all mail.
        names: of the quadrants: arrives and is read; arrives, unread; read where it arrives; neither.
        axes: names of the scales, what arrives first.
    """
    known = [spot for spot in spots if share(spot.arrives) is not None and share(spot.read) is not None]
    middle = share(split[0]), share(split[1])
    if not known or middle[0] is None or middle[1] is None:
        return None
    known.sort(key=lambda spot: (not spot.at_risk, -spot.sent, spot.label))
    name, drawn = id_of(prefix), known[:MAX_SPOTS]
    head, top = marks.legend(_legend(), 14, NARROW)
    top += 26
    field = _field(drawn, (middle[0], middle[1]), top)
    across, up = axes or (_("delivered, of sent"), _("opened by people at least, of delivered"))
    desc = _described(drawn, field, names)
    body = [
        text(0, top - 8, f"↑ {up}", room=NARROW, fill_opacity=QUIET),
        _ground(field, top, names),
        *_spots(drawn, field, top),
        text(NARROW, top + SIDE + 34, f"{across} →", anchor="end", room=NARROW, fill_opacity=QUIET),
    ]
    return Chart(
        name,
        title,
        desc,
        picture(name, title, desc, (NARROW, top + SIDE + 40), *head, *body),
        (_("Mailboxes at"), _("Where it stands"), _("Delivered"), _("Opened by people"), _("Sent")),
        tuple(_cells(spot, field, names) for spot in known),
    )


def _legend() -> list[tuple[Markup, str]]:
    return [(_mark([(0.0, 0.0)], at_risk=True), _("at risk")), (_mark([(0.0, 0.0)], at_risk=False), _("others"))]


def _field(spots: Sequence[Spot], split: tuple[float, float], top: float) -> Field:
    return Field(
        scale([split[0], *(spot.arrives for spot in spots)], LEFT + 8, NARROW - 8),
        scale([split[1], *(spot.read for spot in spots)], top + SIDE - 8, top + 8),
        split,
    )


def _ground(field: Field, top: float, names: Sequence[str]) -> Markup:
    """The scales, the lines between the quadrants, and the quadrants' names in their corners."""
    bottom, x, y = top + SIDE, field.x.at(field.split[0]), field.y.at(field.split[1])
    drawn = [
        element(
            "rect", x=LEFT, y=top, width=NARROW - LEFT, height=SIDE, stroke="currentColor", stroke_opacity=f"{GRID}"
        )
    ]
    drawn += [line(x, top, x, bottom, stroke_dasharray="4 3", stroke_opacity=MARK)]
    drawn += [line(LEFT, y, NARROW, y, stroke_dasharray="4 3", stroke_opacity=MARK)]
    for tick in field.y.ticks():
        drawn.append(text(LEFT - 6, field.y.at(tick) + 4, field.y.tick(tick), anchor="end", fill_opacity=QUIET))
    drawn += [_tick(field.x, tick, bottom + 16) for tick in field.x.ticks()]
    corners = _corners(top)
    for words, (place, anchor, base) in zip(names, corners, strict=True):
        kept = fitted(words, (NARROW - LEFT) / 2 - 8)
        drawn.append(text(place, base, kept, anchor=anchor, font_style="italic", fill_opacity=QUIET))
    return group(*drawn)


def _corners(top: float) -> list[tuple[float, str | None, float]]:
    """Where the names of the quadrants stand: x, anchor, base line."""
    low, high, left, right = top + SIDE - 6, top + 14, LEFT + 5.0, NARROW - 5.0
    return [(right, "end", high), (right, "end", low), (left, None, high), (left, None, low)]


def _tick(across: Scale, tick: float, y: float) -> Markup:
    words = across.tick(tick)
    half = width(words) / 2
    return text(min(max(across.at(tick), half), NARROW - half), y, words, anchor="middle", fill_opacity=QUIET)


def _spots(spots: Sequence[Spot], field: Field, top: float) -> list[Markup]:
    places = [(field.x.at(spot.arrives or 0.0), field.y.at(spot.read or 0.0)) for spot in spots]
    drawn: list[Markup] = []
    for at_risk in (False, True):
        same = [place for spot, place in zip(spots, places, strict=True) if spot.at_risk is at_risk]
        if same:
            drawn.append(_mark(same, at_risk=at_risk))
    names = [fitted(spot.label, MAX_NAME) for spot in spots]
    ground = Box(LEFT + 1, top + 1, NARROW - 1, top + SIDE - 1)
    corner = (NARROW - LEFT) / 2 - 4
    taken = [
        Box(place - (corner if anchor else 0), base - HIGH, place + (0 if anchor else corner), base + 4)
        for place, anchor, base in _corners(top)
    ]
    for found in placed(names, places, ground, taken, 7):
        drawn += _name(names[found.index], found, places[found.index], bold=spots[found.index].at_risk)
    return drawn


def _name(name: str, found: Placed, place: tuple[float, float], *, bold: bool) -> list[Markup]:
    box = found.box
    drawn = [text(box.left, box.bottom - 3, name, font_weight=600 if bold else None, class_="halo")]
    if found.led:
        x = min(max(place[0], box.left), box.right)
        y = min(max(place[1], box.top), box.bottom)
        drawn.insert(0, line(place[0], place[1], x, y, stroke_opacity=MARK))
    return drawn


def _mark(places: Sequence[tuple[float, float]], *, at_risk: bool) -> Markup:
    if at_risk:
        path = "".join(marks.triangle(x, y, 6.5) for x, y in places)
        return element("path", d=path, class_="risk", **marks.FILLED)
    return element(
        "path", d="".join(marks.circle(x, y, 4.5) for x, y in places), class_="was", stroke_width=2, **marks.HOLLOW
    )


def _where(spot: Spot, field: Field, names: Sequence[str]) -> str:
    arrives, read = (spot.arrives or 0.0) >= field.split[0], (spot.read or 0.0) >= field.split[1]
    return names[(0 if read else 1) if arrives else (2 if read else 3)]


def _described(spots: Sequence[Spot], field: Field, names: Sequence[str]) -> str:
    parts: list[str] = []
    for name in names:
        there = [spot.label for spot in spots if _where(spot, field, names) == name]
        if there:
            parts.append(_("{quadrant}: {members}.").format(quadrant=name, members=", ".join(there)))
    return " ".join(parts)


def _cells(spot: Spot, field: Field, names: Sequence[str]) -> tuple[str, ...]:
    high = share(spot.read_high)
    read = percent(spot.read)
    if high is not None and high != spot.read:
        read = _("{low} to {high}").format(low=read, high=percent(high))
    where = _where(spot, field, names)
    return (
        spot.label,
        _("{where} (at risk)").format(where=where) if spot.at_risk else where,
        percent(spot.arrives),
        read,
        f"{spot.sent:,}",
    )
