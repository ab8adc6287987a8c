"""Whether two arms look as if chance had split the mail: what a split by chance cannot do is found, and named.

Chance makes halves alike in size, in whom they go to and in what they were before. It cannot be proved from counts, but
where arms differ by more than it would let them (a sample ratio mismatch: Fabijan and others 2019, Proceedings of KDD
2156-2164), something else decided who is in which, and may have made the difference as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, inf, sqrt

from deliverability.compare.campaigns import COLUMNS, Cell
from deliverability.compare.dispersion import welch
from deliverability.compare.intervals import Share
from deliverability.compare.measure import Pair, shares_of
from deliverability.compare.numerics.clustered import Cluster, Group, by_campaign
from deliverability.compare.numerics.student import two_sided
from deliverability.fastclass import dataclass

MOST_VALUES = 50
"""Values of one column whose shares are compared, those with most mail; our own bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What is not as chance would have it: the share of `value` of `column` in both arms, and the p of it.

    Of sizes, `column` and `value` are empty, and the shares are those of the mail. p is adjusted for the number of
    values that were looked at (Bonferroni).
    """

    column: str
    value: str
    first: float
    second: float
    p: float


def in_size(first: Sequence[Cell], second: Sequence[Cell]) -> Mismatch | None:
    """How far the arms are from halves; None where nothing was sent."""
    ours, theirs = (by_campaign(cells, lambda cell: (cell.sent, cell.sent)) for cells in (first, second))
    sizes = {key: (theirs.get(key, (0, 0))[0], ours.get(key, (0, 0))[0]) for key in {*ours, *theirs}}
    shares = {key: (x, x + y) for key, (x, y) in sizes.items()}
    if not shares:
        return None
    half = Group.of(shares)
    p = _p(half.share - 0.5, half.variance, half.sampling, len(shares))
    return Mismatch(column="", value="", first=1 - half.share, second=half.share, p=p)


def in_mix(first: Sequence[Cell], second: Sequence[Cell], columns: Sequence[str]) -> Mismatch | None:
    """The value of one of these columns whose shares in the arms chance explains least; None without any mail.

    Args:
        first: the cells of one arm.
        second: those of the other.
        columns: names among COLUMNS that the data have, without that of the arms.
    """
    found: list[Mismatch] = []
    for column in columns:
        sent: dict[str, int] = {}
        for cell in (*first, *second):
            sent[getattr(cell, column)] = sent.get(getattr(cell, column), 0) + cell.sent
        names = sorted(sent, key=lambda name: (-sent[name], name))[:MOST_VALUES]
        found += [one for name in names if len(names) > 1 and (one := _of_value(first, second, column, name))]
    if not found:
        return None
    worst = min(found, key=lambda one: one.p)
    return Mismatch(
        column=worst.column,
        value=worst.value,
        first=worst.first,
        second=worst.second,
        p=min(1.0, worst.p * len(found)),
    )


def earlier(first: Sequence[Cell], second: Sequence[Cell], metric: str) -> float | None:
    """The p of the arms having differed in `metric` already; None with too few campaigns to tell."""
    pair = Pair(before=shares_of(first, metric), after=shares_of(second, metric))
    return welch(pair.before, pair.after).p if pair.enough else None


def known_columns(columns: frozenset[str], arms: str) -> list[str]:
    """The columns by which recipients can be told apart, without that of the arms."""
    return [name for name in COLUMNS if name in columns and name != arms]


def overlap(first: Mapping[object, int], second: Mapping[object, int]) -> float:
    """How much of their mail two arms sent on the same days in the same proportions: 1 all of it, 0 none."""
    ours, theirs = sum(first.values()), sum(second.values())
    if not ours or not theirs:
        return 0.0
    return fsum(sorted(min(sent / ours, second.get(day, 0) / theirs) for day, sent in first.items()))


def _of_value(first: Sequence[Cell], second: Sequence[Cell], column: str, value: str) -> Mismatch | None:
    def share(cell: Cell) -> Share:
        return (cell.sent if getattr(cell, column) == value else 0), cell.sent

    shares = [by_campaign(cells, share) for cells in (first, second)]
    if not all(shares):
        return None
    ours, theirs = (Group.of(one) for one in shares)
    # a campaign that lies in both arms has the same readers in both: what it is like cancels
    keys: set[Cluster] = {*ours.influence, *theirs.influence}
    between = fsum(sorted((theirs.influence.get(key, 0.0) - ours.influence.get(key, 0.0)) ** 2 for key in keys))
    p = _p(theirs.share - ours.share, between, ours.sampling + theirs.sampling, len(keys))
    return Mismatch(column=column, value=value, first=ours.share, second=theirs.share, p=p)


def _p(difference: float, between: float, sampling: float, campaigns: int) -> float:
    """The p of a difference, by the less sure of two: between campaigns, and as if all of them had the same readers.

    Who is in which arm may be decided once for all campaigns: then each of them says the same, and there are in effect
    the messages of one.
    """
    df = max(1, campaigns - 1)
    estimates = ((sqrt(between), float(df)), (sqrt(sampling * campaigns), 1e9))
    return max(two_sided(difference / se if se else inf if difference else 0.0, df) for se, df in estimates)
