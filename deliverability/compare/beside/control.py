"""Difference in differences: the target's change less that of what the fix cannot touch.

Few campaigns ask for care (Cameron and Miller 2015, Journal of Human Resources 50:317-372, section VI): variances are
stretched for each campaign's own pull on the mean, t has at most G - 2 degrees of freedom for G campaigns, fewer where
one group's variance dominates, and a permutation of the campaigns' periods stands beside it. Campaigns that lie in the
target and in the control count as one: what they have in common cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import combinations, product
from math import comb, fsum, prod, sqrt
from random import Random

from deliverability.compare.campaigns import COLUMNS, Cell
from deliverability.compare.dispersion import bundle, cut, draw
from deliverability.compare.intervals import CONFIDENCE, Share
from deliverability.compare.numerics.clustered import (
    CAMPAIGNS,
    Change,
    Cluster,
    by_campaign,
    change,
    clusters,
    contrast,
    single,
)
from deliverability.compare.numerics.regression import fit_shares
from deliverability.compare.numerics.student import two_sided
from deliverability.compare.result import Control
from deliverability.compare.series.points import counted
from deliverability.fastclass import dataclass

ROUNDS = 9999
"""Arrangements of periods that are looked at, all of them or drawn."""
_DRAWS = 400_000
_FEWEST_ROUNDS = 999
"""Campaigns drawn over all rounds, and the fewest rounds whatever that leaves."""
MOVED = 0.05
"""The p below which the control itself changed."""


def difference_in_differences(
    target_before: Sequence[Cell],
    target_after: Sequence[Cell],
    control_before: Sequence[Cell],
    control_after: Sequence[Cell],
    *,
    expression: str,
    metric: str,
    rng: Random,
    confidence: float = CONFIDENCE,
) -> Control | None:
    """The change of the target beside that of the control.

    Args:
        target_before: the cells of each side that the fix touches.
        target_after: the same, later.
        control_before: the cells that it cannot touch.
        control_after: the same, later.
        expression: what the control is, `provider=apple,other`; its values that occur are its units.
        metric: a key of METRICS.
        rng: draws arrangements where there are too many to look at all.
        confidence: of the intervals.

    Returns:
        The comparison; None where one of the four has nothing to divide by. Intervals and p are None below CAMPAIGNS.
    """
    share = partial(counted, metric=metric)
    target = change(by_campaign(target_before, share), by_campaign(target_after, share))
    control = change(by_campaign(control_before, share), by_campaign(control_after, share))
    if target is None or control is None:
        return None
    both = contrast(target, control, confidence)
    alone = single(control, confidence)
    slope, slope_p = _pre_trend(target.before, control.before)
    return Control(
        expression=expression,
        metric=metric,
        units=_units(expression, (*control_before, *control_after)),
        campaigns=len(clusters(target, control)),
        target=single(target, confidence).term,
        control=alone.term,
        difference=both.term,
        p=both.p,
        p_permutation=None if both.p is None else _permuted(target, control, rng),
        pre_trend=slope,
        pre_trend_p=slope_p,
        moved=None if alone.p is None else alone.p < MOVED,
    )


def _units(expression: str, cells: Sequence[Cell]) -> int:
    """How many values of its column the control has; 1 where it names no column."""
    column = expression.partition("=")[0].strip()
    if column not in COLUMNS:
        return 1
    return len({getattr(cell, column) for cell in cells if cell.sent}) or 1


Row = tuple[int, int, int, int]
"""(x, n) of the target and of the control in one campaign."""


def _permuted(target: Change, control: Change, rng: Random) -> float | None:
    """How often campaigns dealt to the periods at random make a difference as large; None where they cannot be dealt.

    Campaigns of the target alone, of the control alone and of both are dealt apart, so that each arrangement has as
    many of each in either period as there were.
    """
    kinds = _kinds(target, control)
    seen = _distance(
        [row for rows, size in kinds for row in rows[:size]], [row for rows, size in kinds for row in rows[size:]]
    )
    if seen is None:
        return None
    floor = seen * (1 - 1e-12)  # the same sum in another order is as large
    arrangements = prod(comb(len(rows), size) for rows, size in kinds)
    size = sum(len(rows) for rows, _ in kinds)
    rounds = min(ROUNDS, max(_FEWEST_ROUNDS, _DRAWS // size))
    if arrangements <= rounds:
        found = [_distance(*dealt) for dealt in _every(kinds)]
        return sum(1 for one in found if one is not None and one >= floor) / len(found)
    drawn = (_distance(*_dealt(kinds, rng)) for _ in range(rounds))
    return (1 + sum(1 for one in drawn if one is not None and one >= floor)) / (1 + rounds)


Kinds = list[tuple[list[Row], int]]
"""Campaigns of one kind, those before first, and how many those are."""


def _kinds(target: Change, control: Change) -> Kinds:
    found: dict[tuple[bool, bool], tuple[list[Row], list[Row]]] = {}
    for side, (ours, theirs) in enumerate(((target.before, control.before), (target.after, control.after))):
        for key in sorted({*ours, *theirs}):
            row = (*ours.get(key, (0, 0)), *theirs.get(key, (0, 0)))
            found.setdefault((key in ours, key in theirs), ([], []))[side].append(row)
    together = bundle(*(len(rows) for sides in found.values() for rows in sides))
    if together > 1:
        found = {
            kind: (_bundled(before, together), _bundled(after, together)) for kind, (before, after) in found.items()
        }
    return [([*before, *after], len(before)) for before, after in found.values()]


def _bundled(rows: Sequence[Row], together: int) -> list[Row]:
    """Neighbours in one row."""
    sums = (map(sum, zip(*those, strict=True)) for those in cut(rows, together))
    return [(x1, n1, x2, n2) for x1, n1, x2, n2 in sums]


def _every(kinds: Kinds) -> Iterator[tuple[list[Row], list[Row]]]:
    """Every arrangement: the campaigns before, the campaigns after."""
    for chosen in product(*(combinations(range(len(rows)), size) for rows, size in kinds)):
        before = [rows[i] for (rows, _), places in zip(kinds, chosen, strict=True) for i in places]
        after = [
            row
            for (rows, _), places in zip(kinds, chosen, strict=True)
            for i, row in enumerate(rows)
            if i not in places
        ]
        yield before, after


def _dealt(kinds: Kinds, rng: Random) -> tuple[list[Row], list[Row]]:
    before: list[Row] = []
    after: list[Row] = []
    for rows, size in kinds:
        draw(rows, len(rows) - size, rng)
        before += rows[:size]
        after += rows[size:]
    return before, after


def _distance(before: Sequence[Row], after: Sequence[Row]) -> float | None:
    """The size of the difference of changes; None where a share has nothing to divide by."""
    x1, n1, x2, n2 = map(sum, zip(*before, strict=True))
    x3, n3, x4, n4 = map(sum, zip(*after, strict=True))
    if not (n1 and n2 and n3 and n4):
        return None
    return abs((x3 / n3 - x1 / n1) - (x4 / n4 - x2 / n2))


def _pre_trend(target: Mapping[Cluster, Share], control: Mapping[Cluster, Share]) -> tuple[float | None, float | None]:
    """The difference of the trends before the change, a day, and its p; None without CAMPAIGNS on days of their own."""
    one, other = _Slope.of(target), _Slope.of(control)
    if one is None or other is None:
        return None, None
    difference = one.value - other.value
    names = sorted({*one.influence, *other.influence})
    shared = one.influence.keys() & other.influence.keys()
    between = fsum((one.influence.get(name, 0.0) - other.influence.get(name, 0.0)) ** 2 for name in names)
    variance = max(between, one.sampling + other.sampling)
    # two trends take four degrees of freedom, of the same campaigns two
    return difference, two_sided(difference / sqrt(variance), max(1, len(names) - (2 if shared else 4)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slope:
    """A trend a day, what each campaign adds to it, and the variance that chance alone gives messages."""

    value: float
    influence: Mapping[Cluster, float]
    sampling: float

    @classmethod
    def of(cls, shares: Mapping[Cluster, Share]) -> _Slope | None:
        """The trend of one group's dated campaigns; None with fewer than CAMPAIGNS, or where they fall on one day."""
        dated = {key: share for key, share in shares.items() if key[0]}
        days = [date.fromisoformat(day).toordinal() for day, _ in dated]
        if len(dated) < CAMPAIGNS or min(days) == max(days):
            return None
        span = max(days) - min(days)
        columns = [[1.0] * len(days), [(day - min(days)) / span for day in days]]
        pairs = list(dated.values())
        fitted = fit_shares(columns, pairs, [0] * len(pairs))
        influence = fitted.influence(columns, 1)
        value = fitted.fit.coefficients[1]
        if value is None:
            return None
        return cls(
            value=value / span,
            influence={key: u / span for key, u in zip(dated, influence, strict=True)},
            sampling=fitted.sampling[1] / span**2,
        )
