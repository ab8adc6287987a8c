"""The campaigns as a series: does the share jump at the change once trend and season are allowed for?

A segmented regression of campaigns' shares (Lopez Bernal, Cummins and Gasparrini 2017, International Journal of
Epidemiology 46:348-355): a level, one trend throughout, the seasons of which the time before covers a full period, and
a step at each change. One trend, as a trend of its own after the change would take the step's place where few campaigns
follow. The same model is then fitted at dates in the time before, where nothing is known to have happened.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from math import cos, pi, sin, sqrt
from statistics import quantiles

from deliverability.compare.intervals import CONFIDENCE
from deliverability.compare.numerics.regression import Column, ShareFit, fit_shares, weighted
from deliverability.compare.numerics.student import t_quantile, two_sided
from deliverability.compare.result import Day, Step, Timeline, clearest
from deliverability.compare.series.breaks import Steps, best_break
from deliverability.compare.series.points import (
    AFTER_CAMPAIGNS,
    BEFORE_CAMPAIGNS,
    Point,
    Series,
    counted,
    points,
    staged,
)

__all__ = ["AFTER_CAMPAIGNS", "BEFORE_CAMPAIGNS", "PLACEBO_DATES", "Point", "counted", "points", "timeline"]

PLACEBO_DATES = 19
"""Placebo dates from which a rank is a claim: to be the largest of 20 jumps has a chance of 1 in 20."""
MOST_PLACEBOS = 200
"""Placebo dates that are tried; of more, as many at even distances. Also the cuts of their middle 95 % come so."""
HARMONICS = 2
"""Pairs of sine and cosine for a season."""
PERIODS = (("week", 7.0, 14), ("year", 365.25, 365))
"""A season, its days, and the days that the time before has to cover: a year once, a week twice."""
SEASON_CAMPAIGNS = 24
"""Campaigns before the change from which a season is allowed for: six for each of its four columns."""
NO_SEASON = "none"


def timeline(
    points: Sequence[Point], changes: Sequence[Day], *, metric: str, washout: int, confidence: float = CONFIDENCE
) -> Timeline | None:
    """What jumps at the changes.

    Args:
        points: every dated campaign, in any order, those within the washout included; n of 0 is left out.
        changes: the fixes; those with fewer than AFTER_CAMPAIGNS campaigns between them make one step.
        metric: what the shares are, for the result.
        washout: days from a change on whose campaigns belong to neither side.
        confidence: of the intervals.

    Returns:
        The series; None without changes, or with fewer than BEFORE_CAMPAIGNS before or AFTER_CAMPAIGNS after them.
        Without `steps` where trend and season leave none to be told apart.

    Raises:
        ValueError: A change's date is no ISO day.
    """
    series = staged(points, changes, washout)
    if series is None:
        return None
    seasons = _seasons(series)
    columns = _columns(series, seasons)
    fit = _fitted(series, columns)
    steps = _steps(series, fit, len(columns), confidence)
    jumps = _placebos(series, columns, fit)
    low, high = _middle(jumps)
    step = clearest(steps)
    real = abs(step.value) if step is not None else 0.0
    day, agrees, gain = _break(series, columns, fit)
    return Timeline(
        metric=metric,
        steps=steps,
        trend_before=_trend(series, columns, fit, 0),
        trend_after=_trend(series, columns, fit, len(series.changes)),
        season=_told(seasons, fit),
        dispersion=fit.dispersion,
        placebo_dates=len(jumps),
        as_large=sum(abs(jump) >= real for jump in jumps),
        placebo_low=low,
        placebo_high=high,
        break_date=day,
        break_agrees=agrees,
        break_gain=gain,
        fitted=_line(series, fit),
    )


def _seasons(series: Series) -> list[tuple[str, float]]:
    """The seasons that the time before covers with enough campaigns."""
    before = [series.points[i].day for i in series.of(0)]
    covered = (before[-1] - before[0]).days + 1
    return [(name, period) for name, period, days in PERIODS if covered >= days and len(before) >= SEASON_CAMPAIGNS]


def _columns(series: Series, seasons: Sequence[tuple[str, float]]) -> list[Column]:
    """Level, trend and seasons of every campaign, each of the order of 1."""
    days = [(point.day - series.origin).days for point in series.points]
    columns: list[Column] = [[1.0] * len(days), [day / series.span for day in days]]
    for _, period in seasons:
        for harmonic in range(1, HARMONICS + 1):
            # within the period: campaigns of one weekday have exactly one value, which makes no column
            turns = [2 * pi * harmonic * (day % period) / period for day in days]
            columns += [[sin(turn) for turn in turns], [cos(turn) for turn in turns]]
    return columns


def _fitted(series: Series, columns: Sequence[Column]) -> ShareFit:
    """The model at the real dates, over the campaigns that belong to a stage. The steps come last of the columns."""
    used = series.used
    steps = [[float(stage >= number) for stage in series.stages] for number in range(1, len(series.changes) + 1)]
    chosen = [series.points[i] for i in used]
    return fit_shares(
        [_at(used, column) for column in (*columns, *steps)],
        [(point.x, point.n) for point in chosen],
        [series.stages[i] for i in used],
    )


def _at(rows: Sequence[int], column: Column) -> list[float]:
    return [column[i] for i in rows]


def _steps(series: Series, fit: ShareFit, first: int, confidence: float) -> tuple[Step, ...]:
    """The steps that can be told from trend and season, with t's interval and p.

    Where a campaign resembles the one before it, there are in effect fewer: variances grow by (1 + r) / (1 - r), as
    that of a mean of a first-order autoregression does, and degrees of freedom shrink by as much.
    """
    memory = fit.memory()
    grown = (1 + memory) / (1 - memory)
    stretch, df = sqrt(grown), max(1.0, fit.fit.df / grown)
    found: list[Step] = []
    for column, change in enumerate(series.changes, start=first):
        value, error = fit.fit.coefficients[column], fit.error(column)
        if value is None:
            continue
        half = None if error is None else t_quantile((1 + confidence) / 2, df) * error * stretch
        found.append(
            Step(
                date=change.date,
                label=change.label,
                value=value,
                low=None if half is None else max(-1.0, value - half),
                high=None if half is None else min(1.0, value + half),
                p=None if not error else two_sided(value / (error * stretch), df),
            )
        )
    return tuple(found)


def _trend(series: Series, columns: Sequence[Column], fit: ShareFit, stage: int) -> float | None:
    """The change of the share a day within one stage alone, its season allowed for; None with too few campaigns."""
    rows = series.of(stage)
    if len(rows) < BEFORE_CAMPAIGNS:
        return None
    places = {row: place for place, row in enumerate(series.used)}
    shares = [series.points[i].x / series.points[i].n for i in rows]
    weights = [fit.weights[places[i]] for i in rows]
    slope = weighted([_at(rows, column) for column in columns], shares, weights).coefficients[1]
    return None if slope is None else slope / series.span


def _told(seasons: Sequence[tuple[str, float]], fit: ShareFit) -> str:
    """The seasons of which at least one column could be told apart."""
    each = 2 * HARMONICS
    names = [
        name
        for number, (name, _) in enumerate(seasons)
        if any(b is not None for b in fit.fit.coefficients[2 + number * each : 2 + (number + 1) * each])
    ]
    return " and ".join(names) or NO_SEASON


def _placebos(series: Series, columns: Sequence[Column], fit: ShareFit) -> list[float]:
    """The jumps of the same model at dates in the time before, its washout included."""
    rows = series.of(0)
    days = [series.points[i].day for i in rows]
    tried = [_place(days, day, series.washout) for day in sorted(set(days))]
    places = _spaced([place for place in tried if place is not None])
    values = [series.points[i].x / series.points[i].n for i in rows]
    # of the campaigns that belong to a stage, those before the change are the first
    steps = Steps([_at(rows, column) for column in columns], values, fit.weights[: len(rows)])
    return [fitted[0] for fitted in steps.fits(places) if fitted is not None]


def _place(days: Sequence[date], day: date, washout: int) -> tuple[int, int] | None:
    """(out, back) of a change on `day`; None with too few campaigns on a side of it."""
    out, back = bisect_left(days, day), bisect_left(days, day + timedelta(washout))
    return (out, back) if out >= AFTER_CAMPAIGNS and len(days) - back >= AFTER_CAMPAIGNS else None


def _spaced(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """All of them, or MOST_PLACEBOS at even distances."""
    count = len(places)
    if count <= MOST_PLACEBOS:
        return places
    return [places[number * (count - 1) // (MOST_PLACEBOS - 1)] for number in range(MOST_PLACEBOS)]


def _middle(jumps: Sequence[float]) -> tuple[float | None, float | None]:
    """Between which the middle 95 % of the placebo jumps lie; nothing where they are too few to say."""
    if len(jumps) < PLACEBO_DATES:
        return None, None
    cuts = quantiles(jumps, n=40, method="inclusive")
    return cuts[0], cuts[-1]


def _break(series: Series, columns: Sequence[Column], fit: ShareFit) -> tuple[str, bool | None, float | None]:
    """The first day after the best break, whether a change lies there, and the variance that it explains.

    Every campaign counts, those of the washout too: the series shall say by itself when it broke.
    """
    days = [point.day for point in series.points]
    at = [i for i in range(AFTER_CAMPAIGNS, len(days) - AFTER_CAMPAIGNS + 1) if days[i - 1] < days[i]]
    values = [point.x / point.n for point in series.points]
    weights = [1 / (1 / point.n + fit.rho) for point in series.points]
    found = best_break(columns, values, weights, at)
    if found is None:
        return "", None, None
    give = timedelta(series.washout)
    last, first = days[found.index - 1], days[found.index]
    declared = [date.fromisoformat(change.date) for change in series.changes]
    # it broke somewhere after the last campaign of the old level and not after the first of the new one
    agrees = any(last < day + give and day - give <= first for day in declared)
    return first.isoformat(), agrees, found.gain


def _line(series: Series, fit: ShareFit) -> tuple[tuple[str, float], ...]:
    """The expected share of each day that has a campaign of a stage, the same for all campaigns of the day."""
    found = {
        series.points[i].day.isoformat(): min(1.0, max(0.0, share))
        for i, share in zip(series.used, fit.fit.fitted, strict=True)
    }
    return tuple(found.items())
