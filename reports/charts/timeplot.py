"""One layout of the chart over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.pooling import PERIODS, Pooled, pooled
from deliverability.reports.charts.scale import Scale, scale
from deliverability.reports.charts.series import PERIOD_NAMES, Mark, Series
from deliverability.reports.charts.svg import (
    GRID,
    MARK,
    QUIET,
    Markup,
    element,
    group,
    line,
    number,
    picture,
    text,
    width,
)
from deliverability.reports.language import N_, _

MAX_LABELS = 4
"""Changes that are named in the drawing."""
LEFT = 44
"""Units for the numbers of the scale."""
HEIGHT = 200
SIZES = (2.4, 3.4, 4.6)
"""Radii of marks, by how much mail they stand for: less than a ninth of the most, less than 4 ninths, more."""
MANY, DENSE = 120, 0.65
"""Beyond so many marks they are drawn smaller, by this factor."""

_UNITS: Mapping[str, str] = {
    "campaign": N_("One mark is one campaign."),
    "day": N_("One mark is the campaigns of one day."),
    "week": N_("One mark is the campaigns of one week."),
    "month": N_("One mark is the campaigns of one month."),
    "quarter": N_("One mark is the campaigns of three months."),
    "year": N_("One mark is the campaigns of one year."),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one layout is drawn on."""

    time: tuple[date, date]
    across: tuple[float, float]
    up: Scale

    def at(self, day: date) -> float:
        """Where a day stands."""
        first, last = self.time
        span = max((last - first).days, 1)
        place = min(max((day - first).days / span, 0.0), 1.0)
        return self.across[0] + place * (self.across[1] - self.across[0])


def layout(name: str, title: str, desc: str, series: Series, across: int, most: int, **more: str) -> Markup:
    """The drawing, `across` units wide, with at most `most` marks; `name` begins its ids."""
    unit, pools = pooled(series.dots, most)
    entries = [*_legend(series, pools)]
    head, top = marks.legend(entries, 14, across)
    named = _named(series)
    top += 16 + 16 * len(named)
    bottom = top + HEIGHT
    band = series.band()
    reach = [*(pool.share for pool in pools), *(value for _day, value in series.fitted), *(band[1:] if band else ())]
    plan = Plan(series.time, (LEFT + 6.0, across - 8.0), scale(reach, bottom, top, ticks=5))
    desc = f"{desc} {_(_UNITS[unit])}"
    return picture(
        name,
        title,
        desc,
        (across, bottom + 38),
        *head,
        _axes(plan, across, bottom),
        *_shades(plan, series, top, bottom),
        _happened(plan, series, named, across, top, bottom),
        *_dots(plan, pools),
        *_fit(plan, series),
        text(LEFT + 6, bottom + 33, _(_UNITS[unit]), room=across - LEFT - 6, fill_opacity=QUIET),
        **more,
    )


def _legend(series: Series, pools: Sequence[Pooled]) -> Iterable[tuple[Markup, str]]:
    seen = {pool.period for pool in pools}
    yield from ((_shape(period, [(0.0, 0.0, 4.2)]), _(PERIOD_NAMES[period])) for period in PERIODS if period in seen)
    if series.fitted:
        yield marks.key_line(stroke_width=2), _("expected by the model")
    if series.band():
        yield _rectangle(-8, -6, 16, 12, 0.18), _("if nothing had been done")
    kinds = {mark.kind for _day, mark in series.happened}
    if "other" in kinds:
        yield marks.key_line(stroke_dasharray="1 3", stroke_width=1.5), _("happened then too")
    if "break" in kinds:
        yield _break(0, 5), _("where the series breaks by itself")


def _rectangle(x: float, y: float, wide: float, high: float, opacity: float) -> Markup:
    return element(
        "rect", x=x, y=y, width=max(wide, 0.0), height=max(high, 0.0), fill="currentColor", fill_opacity=f"{opacity}"
    )


def _axes(plan: Plan, across: float, bottom: float) -> Markup:
    drawn: list[Markup] = []
    for tick in plan.up.ticks():
        y = plan.up.at(tick)
        drawn.append(line(LEFT, y, across, y, stroke_opacity=GRID))
        drawn.append(text(LEFT - 6, y + 4, plan.up.tick(tick), anchor="end", fill_opacity=QUIET))
    for x, words in _times(plan, across):
        drawn.append(line(x, bottom, x, bottom + 4, stroke_opacity=MARK))
        drawn.append(text(x, bottom + 16, words, anchor="middle", fill_opacity=QUIET))
    return group(*drawn)


def _times(plan: Plan, across: float) -> list[tuple[float, str]]:
    """Where days are named: firsts of months, as many as have room; the first and last day where those are too few."""
    first, last = plan.time
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = [date(month // 12, month % 12 + 1, 1) for month in months if month >= 12]
    inside = [day for day in starts if first <= day <= last]
    every = max(1, -(-len(inside) // max(1, int((across - LEFT) / 72))))
    if len(inside[::every]) >= 2:
        return _inside([(plan.at(day), f"{day:%Y-%m}") for day in inside[::every]], across)
    return _inside([(plan.at(day), day.isoformat()) for day in dict.fromkeys((first, last))], across)


def _inside(places: Sequence[tuple[float, str]], across: float) -> list[tuple[float, str]]:
    return [(min(max(x, LEFT + width(words) / 2 - 20), across - width(words) / 2), words) for x, words in places]


def _shades(plan: Plan, series: Series, top: float, bottom: float) -> Iterable[Markup]:
    if series.changes and series.washout_days:
        first, last = series.changes[0], series.changes[-1]
        end = date.fromordinal(min(last.toordinal() + series.washout_days, date.max.toordinal()))
        x = plan.at(first)
        yield _rectangle(x, top, plan.at(end) - x, bottom - top, 0.08)
    if band := series.band():
        day, low, high = band
        x, y = plan.at(day), plan.up.at(high)
        yield _rectangle(x, y, plan.across[1] - x, plan.up.at(low) - y, 0.18)


def _named(series: Series) -> list[tuple[date, Mark]]:
    return [(day, mark) for day, mark in series.happened if mark.kind == "change"][:MAX_LABELS]


def _happened(
    plan: Plan, series: Series, named: Sequence[tuple[date, Mark]], across: float, top: float, bottom: float
) -> Markup:
    """A line for each thing that happened; a fix is named above its own, on the side that has room."""
    drawn: list[Markup] = []
    for day, mark in series.happened:
        x = plan.at(day)
        if mark.kind == "break":
            drawn.append(_break(x, bottom))
        elif mark.kind == "other":
            drawn.append(line(x, top, x, bottom, stroke_dasharray="1 3", stroke_width=1.5, stroke_opacity=MARK))
        else:
            drawn.append(line(x, top - 4, x, bottom, stroke_width=1.5))
    for index, (day, mark) in enumerate(named):
        x, y = plan.at(day), top - 8 - 16 * (len(named) - 1 - index)
        left = x > across / 2
        words = f"{day.isoformat()} {mark.label}".strip()
        drawn.append(line(x, y, x, top, stroke_width=1.5))
        room = x - 6 if left else across - x - 6
        drawn.append(
            text(x - 5 if left else x + 5, y + 1, words, anchor="end" if left else None, room=room, class_="halo")
        )
    return group(*drawn)


def _break(x: float, y: float) -> Markup:
    return element("path", d=marks.triangle(x, y - 4, 5), **marks.FILLED)


def _fit(plan: Plan, series: Series) -> Iterable[Markup]:
    """The expected share: a new line after each fix."""
    path, last = "", None
    for day, value in series.fitted:
        new = last is None or any(last < change <= day for change in series.changes)
        path += f"{'M' if new else 'L'}{number(plan.at(day))} {number(plan.up.at(value))}"
        last = day
    if path:
        yield element("path", d=path, stroke="currentColor", stroke_width=2, class_="fit")


def _dots(plan: Plan, pools: Sequence[Pooled]) -> Iterable[Markup]:
    most, size = max(pool.of for pool in pools), DENSE if len(pools) > MANY else 1.0
    for period in PERIODS:
        places = [
            (plan.at(pool.middle), plan.up.at(pool.share), size * _radius(pool.of, most))
            for pool in pools
            if pool.period == period
        ]
        if places:
            yield _shape(period, places)


def _radius(of: int, most: int) -> float:
    return SIZES[0] if 9 * of < most else SIZES[1] if 9 * of < 4 * most else SIZES[2]


def _shape(period: str, places: Sequence[tuple[float, float, float]]) -> Markup:
    """The marks of one period as one path."""
    if period == "before":
        path = "".join(marks.circle(*place) for place in places)
        return element("path", d=path, class_="was", stroke_width=1.5, **marks.HOLLOW)
    if period == "after":
        path = "".join(marks.diamond(x, y, 1.2 * r) for x, y, r in places)
        return element("path", d=path, class_="is", fill_opacity=0.8, **marks.FILLED)
    if period == "control":
        path = "".join(marks.triangle(*place) for place in places)
        return element("path", d=path, stroke_width=1.2, **marks.HOLLOW)
    path = "".join(marks.cross(x, y, 0.9 * r) for x, y, r in places)
    return element("path", d=path, stroke="currentColor", stroke_width=1.5, stroke_opacity=MARK)
