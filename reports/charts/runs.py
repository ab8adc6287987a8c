"""Shares over time: every campaign, what happened when, and what would have been expected."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.reports.charts.pooling import Dot, Pooled, pooled, sound
from deliverability.reports.charts.scale import in_percent
from deliverability.reports.charts.series import PERIOD_NAMES, Mark, Series, series_of
from deliverability.reports.charts.svg import NARROW, WIDE, Chart, id_of
from deliverability.reports.charts.timeplot import layout
from deliverability.reports.language import _

__all__ = ["Dot", "Mark", "runs"]

NARROW_MARKS, WIDE_MARKS = 90, 400
"""Marks of one drawing: more are pooled by day, week or month."""
TABLE_ROWS = 40


def runs(
    prefix: str,
    title: str,
    dots: Sequence[Dot],
    *,
    happened: Sequence[Mark] = (),
    washout_days: int = 0,
    fitted: Sequence[tuple[str, float]] = (),
    placebo: tuple[float | None, float | None] = (None, None),
) -> Chart | None:
    """The chart, in a layout for phones and one for wide screens; None where no campaign can be drawn.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated; it says which share of what.
        dots: the campaigns, in any order.
        happened: the fixes, what else happened, and where the series breaks by itself.
        washout_days: days after the last fix that count for neither side; shaded from the first fix on.
        fitted: (ISO day, expected share), drawn as a line that is broken at each fix.
        placebo: between which the jumps lie that the model finds where nothing was done; drawn as a band.
    """
    found = sound(dots)
    if not found:
        return None
    series = series_of(found, happened, washout_days, fitted, placebo)
    name, desc = id_of(prefix), _described(series)
    narrow = layout(name, title, desc, series, NARROW, NARROW_MARKS)
    wide = layout(f"{name}-wide", title, desc, series, WIDE, WIDE_MARKS, class_="wide", display="none")
    return Chart(name, title, desc, narrow, *_table(series), wide)


def _described(series: Series) -> str:
    first, last = (day.isoformat() for day in series.time)
    number = f"{len(series.dots):,}"
    parts = [_("{number} campaigns from {first} to {last}.").format(number=number, first=first, last=last)]
    for period in ("before", "after"):
        same = [dot for _day, dot in series.dots if dot.period == period]
        if of := sum(dot.of for dot in same):
            total = in_percent(sum(dot.count or 0 for dot in same) / of)
            parts.append(_("{label}: {value}.").format(label=_(PERIOD_NAMES[period]).capitalize(), value=total))
    parts += [
        _("{day}: {what}.").format(day=day.isoformat(), what=mark.label)
        for day, mark in series.happened
        if mark.kind == "change" and mark.label
    ]
    return " ".join(parts)


def _table(series: Series) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Head and rows: every campaign, or what they come to by day, week or month."""
    unit, pools = pooled(series.dots, TABLE_ROWS)
    if unit == "campaign":
        head = (_("Campaign"), _("Day"), _("Period"), _("Share"), _("Messages"))
        labels = [dot.label or "–" for _day, dot in series.dots]
        return head, tuple((label, *_cells(pool)) for label, pool in zip(labels, pools, strict=True))
    head = (_("Days"), _("Period"), _("Share"), _("Messages"), _("Campaigns"))
    return head, tuple((*_cells(pool), f"{pool.campaigns:,}") for pool in pools)


def _cells(pool: Pooled) -> tuple[str, ...]:
    days = list(dict.fromkeys((pool.first.isoformat(), pool.last.isoformat())))
    span = _("{first} to {last}").format(first=days[0], last=days[-1]) if len(days) > 1 else days[0]
    of = _("{count} of {total}").format(count=f"{pool.count:,}", total=f"{pool.of:,}")
    return span, _(PERIOD_NAMES[pool.period]), in_percent(pool.share), of
