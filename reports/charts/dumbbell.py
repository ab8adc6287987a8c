"""Shares before and after, each with its interval: how far each went, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.scale import Scale, between, level, scale, share
from deliverability.reports.charts.svg import (
    GRID,
    LABEL,
    MARK,
    NARROW,
    QUIET,
    Chart,
    Markup,
    group,
    id_of,
    line,
    picture,
    text,
    width,
)
from deliverability.reports.language import _
from deliverability.reports.rates import percents

MAX_PAIRS = 24
"""Rows that are drawn; the table has them all."""
ROW = 48
EDGE = 10
"""Units beside the scale, so that a mark at its end is whole."""


@dataclass(frozen=True, slots=True)
class End:
    """One side of a pair: the share, the ends of its interval, what it is a share of (`412 of 21,640`), of how many.

    `base` is 0 where that is not known.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    of: str = ""
    base: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One row: a metric or a mailbox provider. `change` is in words, as `scale.in_points` makes them."""

    label: str
    before: End
    after: End
    change: str = ""


def dumbbell(
    prefix: str, title: str, pairs: Sequence[Pair], *, confidence: float = 0.95, what: str | None = None
) -> Chart | None:
    """The chart, or None where no pair has a share within 0 to 1.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated.
        pairs: the rows, in the order in which they are drawn.
        confidence: of the intervals, for the legend.
        what: head of the first column; `Metric` where None.
    """
    rows = [pair for pair in pairs if share(pair.before.value) is not None or share(pair.after.value) is not None]
    if not rows:
        return None
    drawn, name = rows[:MAX_PAIRS], id_of(prefix)
    head, top = marks.legend(_legend(confidence), 14, NARROW)
    across = scale(_ends(drawn), EDGE, NARROW - EDGE)
    start, bottom = top + 12, top + 12 + ROW * len(drawn)
    body = [_row(pair, across, start + ROW * index) for index, pair in enumerate(drawn)]
    desc = " ".join(_said(pair) for pair in drawn)
    return Chart(
        name,
        title,
        desc,
        picture(name, title, desc, (NARROW, bottom + 26), *head, _grid(across, start + 26, bottom + 4), *body),
        (what or _("Metric"), _("Before"), _("After"), _("Change")),
        tuple((pair.label, *_cells(pair), pair.change or "–") for pair in rows),
    )


def _legend(confidence: float) -> list[tuple[Markup, str]]:
    return [
        (marks.key_before(), _("before")),
        (marks.key_after(), _("after")),
        (marks.key_whisker(), level(confidence)),
    ]


def _ends(pairs: Sequence[Pair]) -> list[float | None]:
    return [share(value) for p in pairs for end in (p.before, p.after) for value in (end.value, end.low, end.high)]


def _grid(across: Scale, top: float, bottom: float) -> Markup:
    ticks = across.ticks()
    lines = [line(across.at(t), top, across.at(t), bottom, stroke_opacity=GRID) for t in ticks]
    numbers = [_tick(across, tick, bottom + 15) for tick in ticks]
    return group(*lines, *numbers)


def _tick(across: Scale, tick: float, y: float) -> Markup:
    """The number below a tick, kept inside the drawing."""
    words = across.tick(tick)
    half = width(words) / 2
    x = min(max(across.at(tick), half), NARROW - half)
    return text(x, y, words, anchor="middle", fill_opacity=QUIET)


def _row(pair: Pair, across: Scale, y: float) -> Markup:
    before, after = _short(pair)
    values = _("{before} → {after}").format(before=before, after=after)
    room = NARROW - width(values) - 12
    return group(
        text(0, y + 14, pair.label, size=LABEL, room=room, font_weight=600, class_="halo"),
        text(NARROW, y + 14, values, anchor="end", class_="halo"),
        *_marks(pair, across, y + 33),
    )


def _short(pair: Pair) -> tuple[str, str]:
    ends = pair.before, pair.after
    before, after = percents([share(end.value) for end in ends], min(end.base for end in ends))
    return before, after


def _marks(pair: Pair, across: Scale, y: float) -> list[Markup]:
    """Before in the upper lane, after in the lower, so that intervals which overlap can still be told apart."""
    drawn: list[Markup] = []
    was, now = share(pair.before.value), share(pair.after.value)
    if was is not None and now is not None:
        drawn.append(line(across.at(was), y - 5, across.at(now), y + 5, stroke_width=1.5, stroke_opacity=MARK))
    for end, lane in ((pair.before, y - 5), (pair.after, y + 5)):
        low, high = share(end.low), share(end.high)
        if low is not None and high is not None:
            drawn.append(marks.whisker(across.at(low), across.at(high), lane))
    if was is not None:
        drawn.append(marks.before((across.at(was), y - 5)))
    if now is not None:
        drawn.append(marks.after((across.at(now), y + 5)))
    return drawn


def _said(pair: Pair) -> str:
    words = _("{label}: {before} before, {after} after.")
    before, after = _short(pair)
    return words.format(label=pair.label, before=before, after=after)


def _cells(pair: Pair) -> list[str]:
    """`71.2 %`, and beneath it `70.6–71.8 %` and `412 of 21,640`; of both sides."""
    parts = [
        (value, between(share(end.low), share(end.high)), end.of)
        for value, end in zip(_short(pair), (pair.before, pair.after), strict=True)
    ]
    return ["\n".join(filter(None, lines)) for lines in parts]
