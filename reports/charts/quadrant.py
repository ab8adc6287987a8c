"""What arrives against what is read, in four quadrants that have names."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.labels import HIGH, Box, Placed, placed
from deliverability.reports.charts.scale import between, in_percent, scale, share
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
    lines,
    picture,
    text,
    width,
)
from deliverability.reports.language import _

MAX_SPOTS = 40
"""Marks that are drawn, those with the most mail; the table has them all."""
LEFT = 52
SIDE = 270
"""Height of the field."""
INSET = 16, 40
"""Units between the frame and the ends of the scales, across and up: a mark at an end is whole, and clear of the names
of the quadrants, which have two lines."""
CORNER = (NARROW - LEFT) / 2 - 10
"""Units of a quadrant's name."""
MAX_NAME = 150
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
class Halves:
    """A scale whose middle is the line between two quadrants; each half has its own step.

    So there is room on the side of the line on which the providers crowd, most often just below 100 %.
    """

    low: float
    split: float
    high: float
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Where the line stands."""
        return (self.start + self.end) / 2

    def at(self, value: float) -> float:
        """Where a share stands."""
        if value >= self.split:
            span = self.high - self.split
            return self.middle + (self.end - self.middle) * (min((value - self.split) / span, 1) if span else 0)
        span = self.split - self.low
        return self.middle - (self.middle - self.start) * (min((self.split - value) / span, 1) if span else 0)

    def ticks(self) -> list[tuple[float, str]]:
        """Where numbers stand, and which: the ends and the line."""
        return [
            (place, in_percent(value))
            for place, value in ((self.start, self.low), (self.middle, self.split), (self.end, self.high))
        ]


def halves(values: Sequence[float], split: float, start: float, end: float) -> Halves:
    """A scale with room for all `values` around `split`, its ends at round numbers."""
    return Halves(scale([*values, split], 0, 1).low, split, scale([*values, split], 0, 1).high, start, end)


@dataclass(frozen=True, slots=True)
class Field:
    """The ground of the drawing: x for what arrives, y for what is read; the quadrants meet in the middle."""

    x: Halves
    y: Halves


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
        *_spots(drawn, field, top, names),
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
    return [
        (_mark([(0.0, 0.0)], at_risk=True), _("at risk")),
        (_mark([(0.0, 0.0)], at_risk=False), _("others")),
        (marks.key_line(stroke_dasharray="4 3", stroke_opacity=MARK), _("all mail together")),
    ]


def _field(spots: Sequence[Spot], split: tuple[float, float], top: float) -> Field:
    return Field(
        halves([spot.arrives or 0.0 for spot in spots], split[0], LEFT + INSET[0], NARROW - INSET[0]),
        halves([spot.read or 0.0 for spot in spots], split[1], top + SIDE - INSET[1], top + INSET[1]),
    )


def _ground(field: Field, top: float, names: Sequence[str]) -> Markup:
    """The scales, the lines between the quadrants, and the quadrants' names in their corners."""
    bottom, frame = top + SIDE, {"stroke": "currentColor", "stroke_opacity": f"{GRID}"}
    drawn = [element("rect", x=LEFT, y=top, width=NARROW - LEFT, height=SIDE, **frame)]
    drawn += [line(field.x.middle, top, field.x.middle, bottom, stroke_dasharray="4 3", stroke_opacity=MARK)]
    drawn += [line(LEFT, field.y.middle, NARROW, field.y.middle, stroke_dasharray="4 3", stroke_opacity=MARK)]
    drawn += [text(LEFT - 6, y + 4, words, anchor="end", fill_opacity=QUIET) for y, words in field.y.ticks()]
    drawn += [_tick(x, words, bottom + 16) for x, words in field.x.ticks()]
    for words, corner in zip(names, _corners(top), strict=True):
        drawn += [text(corner.x, y, part, anchor=corner.anchor, fill_opacity=QUIET) for y, part in corner.placed(words)]
    return group(*drawn)


@dataclass(frozen=True, slots=True)
class Corner:
    """Where the name of a quadrant stands, in one line or two: at the top of its quadrant, or at its foot."""

    x: float
    anchor: str | None
    y: float
    rises: bool

    def placed(self, words: str) -> list[tuple[float, str]]:
        """Base line and text of each line."""
        parts = lines(words, CORNER)
        first = self.y - HIGH * (len(parts) - 1) if self.rises else self.y
        return [(first + HIGH * index, part) for index, part in enumerate(parts)]

    def ground(self, words: str) -> Box:
        """What those cover."""
        parts = self.placed(words)
        wide = max(width(part) for _y, part in parts)
        left = self.x - wide if self.anchor else self.x
        return Box(left, parts[0][0] - HIGH + 2, left + wide, parts[-1][0] + 4)


def _corners(top: float) -> list[Corner]:
    low, high, left, right = top + SIDE - 6, top + 14, LEFT + 5.0, NARROW - 5.0
    return [
        Corner(right, "end", high, rises=False),
        Corner(right, "end", low, rises=True),
        Corner(left, None, high, rises=False),
        Corner(left, None, low, rises=True),
    ]


def _tick(x: float, words: str, y: float) -> Markup:
    half = width(words) / 2
    return text(min(max(x, half), NARROW - half), y, words, anchor="middle", fill_opacity=QUIET)


def _spots(spots: Sequence[Spot], field: Field, top: float, quadrants: Sequence[str]) -> list[Markup]:
    places = [(field.x.at(spot.arrives or 0.0), field.y.at(spot.read or 0.0)) for spot in spots]
    drawn: list[Markup] = []
    for at_risk in (False, True):
        same = [place for spot, place in zip(spots, places, strict=True) if spot.at_risk is at_risk]
        if same:
            drawn.append(_mark(same, at_risk=at_risk))
    names = [fitted(spot.label, MAX_NAME) for spot in spots]
    ground = Box(LEFT + 1, top + 1, NARROW - 1, top + SIDE - 1)
    taken = [corner.ground(words) for corner, words in zip(_corners(top), quadrants, strict=True)]
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
    """The quadrant's name; both names where machines may have made the opens that decide."""
    read, unread = names[:2] if (spot.arrives or 0.0) >= field.x.split else names[2:]
    if (spot.read or 0.0) >= field.y.split:
        return read
    return _("{one}, or {other}").format(one=unread, other=read) if (spot.read_high or 0.0) >= field.y.split else unread


def _described(spots: Sequence[Spot], field: Field, names: Sequence[str]) -> str:
    there: dict[str, list[str]] = {name: [] for name in names}
    for spot in spots:
        there.setdefault(_where(spot, field, names), []).append(spot.label)
    said = _("{quadrant}: {members}.")
    return " ".join(said.format(quadrant=name, members=", ".join(labels)) for name, labels in there.items() if labels)


def _cells(spot: Spot, field: Field, names: Sequence[str]) -> tuple[str, ...]:
    high = share(spot.read_high)
    read = in_percent(spot.read)
    if high is not None and high != spot.read:
        read = between(spot.read, high)
    where = _where(spot, field, names)
    return (
        spot.label,
        _("{where} (at risk)").format(where=where) if spot.at_risk else where,
        in_percent(spot.arrives),
        read,
        f"{spot.sent:,}",
    )
