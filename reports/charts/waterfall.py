"""What a change is made of: from the share before to the share after, one step for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.scale import Scale, change, in_points, level, scale, share, signed
from deliverability.reports.charts.svg import (
    GRID,
    LABEL,
    MARK,
    NARROW,
    QUIET,
    Chart,
    Markup,
    element,
    group,
    id_of,
    line,
    picture,
    points,
    text,
    width,
)
from deliverability.reports.language import _
from deliverability.reports.rates import percents

MAX_STEPS = 12
ROW = 44
EDGE = 10
BAR = 13
"""Height of a step."""
TIP = 6
"""Length of the tip by which a step says where it goes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cause: its name, what it adds to the share (a fraction), and the ends of its interval."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


def waterfall(
    prefix: str,
    title: str,
    start: tuple[str, float | None],
    steps: Sequence[Step],
    end: tuple[str, float | None],
    *,
    confidence: float = 0.95,
    base: int = 0,
) -> Chart | None:
    """The chart, or None where a share or a step is none.

    The scale need not begin at nought, so start and end are marks and no bars.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated.
        start: label and share before.
        steps: the causes, in the order in which they are drawn; each begins where the one before it ended.
        end: label and share after.
        confidence: of the intervals, for the legend.
        base: messages of the smaller side, 0 where that is not known.
    """
    first, last = share(start[1]), share(end[1])
    values = [change(step.value) for step in steps]
    known = [value for value in values if value is not None]
    if first is None or last is None or not steps or len(known) != len(steps) or len(steps) > MAX_STEPS:
        return None
    ends = percents((first, last), base)
    name, levels = id_of(prefix), list(accumulate(known, initial=first))
    head, top = marks.legend(_legend(confidence), 14, NARROW)
    across = scale(_reach(first, last, levels, steps), EDGE, NARROW - EDGE)
    y, bottom = top + 12, top + 12 + ROW * (len(steps) + 2)
    body = [_anchor(start[0], ends[0], y, marks.before((across.at(first), y + 30)))]
    body += [
        _step(step, value, begin, across, y + ROW * index)
        for index, (step, value, begin) in enumerate(zip(steps, known, levels, strict=False), 1)
    ]
    place = y + ROW * (len(steps) + 1)
    body.append(_anchor(end[0], ends[1], place, marks.after((across.at(last), place + 30))))
    desc = _described((start[0], ends[0]), list(zip(steps, known, strict=True)), (end[0], ends[1]))
    rows = (
        (start[0], ends[0]),
        *((s.label, in_points(value, change(s.low), change(s.high))) for s, value in zip(steps, known, strict=True)),
        (end[0], ends[1]),
    )
    drawn = picture(name, title, desc, (NARROW, bottom + 22), *head, _grid(across, y, bottom), *body)
    return Chart(name, title, desc, drawn, (_("Part of the change"), _("Size")), rows)


def _legend(confidence: float) -> list[tuple[Markup, str]]:
    return [
        (marks.key_before(), _("before")),
        (marks.key_after(), _("after")),
        (_arrow(-8, 8, 0), _("adds")),
        (_arrow(8, -8, 0), _("takes away")),
        (marks.key_whisker(), level(confidence)),
    ]


def _reach(first: float, last: float, levels: Sequence[float], steps: Sequence[Step]) -> Iterable[float | None]:
    """All that the scale must have room for."""
    yield from (first, last, *levels)
    for step, begin in zip(steps, levels, strict=False):
        yield from (None if end is None else begin + end for end in (change(step.low), change(step.high)))


def _grid(across: Scale, top: float, bottom: float) -> Markup:
    drawn: list[Markup] = []
    for tick in across.ticks():
        x, words = across.at(tick), across.tick(tick)
        half = width(words) / 2
        drawn.append(line(x, top + 4, x, bottom, stroke_opacity=GRID))
        place = min(max(x, half), NARROW - half)
        drawn.append(text(place, bottom + 15, words, anchor="middle", fill_opacity=QUIET))
    return group(*drawn)


def _anchor(label: str, words: str, y: float, mark: Markup) -> Markup:
    return group(
        text(0, y + 16, label, size=LABEL, room=NARROW - width(words) - 12, font_weight=600, class_="halo"),
        text(NARROW, y + 16, words, anchor="end", font_weight=600, class_="halo"),
        mark,
    )


def _step(step: Step, value: float, begin: float, across: Scale, y: float) -> Markup:
    low, high = change(step.low), change(step.high)
    words, drawn = signed(value), Markup()
    if low is not None and high is not None:
        words = _("{change} ({low} to {high})").format(change=signed(value), low=signed(low), high=signed(high))
        drawn = marks.whisker(across.at(begin + low), across.at(begin + high), y + 40)
    start, end, middle = across.at(begin), across.at(begin + value), y + 30
    return group(
        text(0, y + 16, step.label, size=LABEL, room=NARROW - width(words) - 12, class_="halo"),
        text(NARROW, y + 16, words, anchor="end", class_="halo"),
        line(start, y - 5, start, y + 3, stroke_opacity=MARK),
        line(start, y + 20, start, middle, stroke_opacity=MARK),
        _arrow(start, end, middle),
        drawn,
    )


def _arrow(start: float, end: float, y: float) -> Markup:
    """A bar that points where it goes: filled where it adds, hollow where it takes away, a stroke where neither."""
    if abs(end - start) < 1:
        return line(start, y - BAR / 2, start, y + BAR / 2, stroke_width=2)
    tip = min(TIP, abs(end - start)) * (1 if end > start else -1)
    half = BAR / 2
    shape = points((start, y - half), (end - tip, y - half), (end, y), (end - tip, y + half), (start, y + half))
    if end > start:
        return element("polygon", points=shape, class_="adds", **marks.FILLED)
    return element("polygon", points=shape, class_="takes", stroke_width=1.5, **marks.HOLLOW)


def _described(start: tuple[str, str], steps: Sequence[tuple[Step, float]], end: tuple[str, str]) -> str:
    parts = [_("{label}: {value}.").format(label=start[0], value=start[1])]
    parts += [_("{label}: {value}.").format(label=step.label, value=in_points(value)) for step, value in steps]
    return " ".join([*parts, _("{label}: {value}.").format(label=end[0], value=end[1])])
