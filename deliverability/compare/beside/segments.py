"""Whether the change differs between segments: one test of all of them, not one for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from deliverability.compare.campaigns import Cell, by
from deliverability.compare.intervals import CONFIDENCE
from deliverability.compare.numerics.clustered import CAMPAIGNS, Change, by_campaign, change, covariance, single
from deliverability.compare.numerics.regression import factored, solved
from deliverability.compare.numerics.student import f_sf
from deliverability.compare.result import SegmentChange, Segments
from deliverability.compare.series.points import counted

MOST_SEGMENTS = 50
"""Segments that are shown, those with most messages sent; our own bound."""


def segments(
    before: Sequence[Cell], after: Sequence[Cell], column: str, metric: str, *, confidence: float = CONFIDENCE
) -> Segments:
    """Each segment's change of `metric`, and the test that they are all one.

    Args:
        before: cells of the side before.
        after: the same, later.
        column: one of COLUMNS, by which they are told apart; cells without a value are of no segment.
        metric: a key of METRICS.
        confidence: of the intervals.

    Returns:
        The segments, those with most messages first; p is None where fewer than two have CAMPAIGNS on each side.
    """
    groups = [by(side, column) for side in (before, after)]
    sent = {name: sum(c.sent for g in groups for c in g.get(name, ())) for name in {*groups[0], *groups[1]} - {""}}
    names = sorted(sent, key=lambda name: (-sent[name], name))
    share = partial(counted, metric=metric)
    shown = {name: tuple(by_campaign(side.get(name, ()), share) for side in groups) for name in names[:MOST_SEGMENTS]}
    changes = {name: change(*sides) for name, sides in shown.items()}
    rows: list[SegmentChange] = []
    for name, sides in shown.items():
        made = changes[name]
        pooled = [
            sum(x for x, _ in side.values()) / sum(n for _, n in side.values()) if side else None for side in sides
        ]
        rows.append(
            SegmentChange(
                segment=name,
                campaigns_before=len(sides[0]),
                campaigns_after=len(sides[1]),
                before=pooled[0],
                after=pooled[1],
                difference=single(made, confidence).term if made else None,
            )
        )
    tested = [made for made in changes.values() if made is not None and made.enough]
    p = interaction(tested)
    return Segments(column=column, metric=metric, rows=tuple(rows), p=p, why=_why(len(names), len(tested), p))


def interaction(changes: Sequence[Change]) -> float | None:
    """The p of all changes being one: Hotelling's T squared of their differences from the first.

    Campaigns that lie in several segments make the changes covary, which Welch's test of several means does not allow
    for. None where there are too few changes, or campaigns for so many.
    """
    count = len(changes) - 1
    if count < 1:
        return None
    first, rest = changes[0], changes[1:]
    differences = [one.difference - first.difference for one in rest]
    matrix = [
        [
            covariance(a, b) - covariance(a, first) - covariance(b, first) + covariance(first, first)
            for b in rest[: i + 1]
        ]
        for i, a in enumerate(rest)
    ]
    df = min(one.df for one in changes)
    factor = factored(matrix)
    if df - count + 1 <= 0 or not all(factor[i][i] for i in range(count)):
        return None
    square = sum(a * b for a, b in zip(differences, solved(factor, differences), strict=True))
    return f_sf(square * (df - count + 1) / (df * count), count, df - count + 1)


def _why(names: int, tested: int, p: float | None) -> str:
    """What the test rests on, or why there is none."""
    if tested < 2:
        return f"Fewer than two segments have {CAMPAIGNS} campaigns on each side."
    if p is None:
        return f"{tested} segments are too many for so few campaigns."
    left = names - tested
    rest = (
        f"; {left} with fewer than {CAMPAIGNS} campaigns a side or beyond the {MOST_SEGMENTS} largest left out"
        if left
        else ""
    )
    return f"The changes of {tested} segments tested together, with campaigns as the unit{rest}."
