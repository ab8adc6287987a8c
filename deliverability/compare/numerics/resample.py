"""Intervals of what has no formula for one, by leaving campaigns out (jackknife) or drawing them anew (bootstrap).

A statistic here is a function of both sides' cells that depends on their sums by provider alone: it is given one cell
for each provider, so that leaving a campaign out is a subtraction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import fsum, sqrt
from operator import add, attrgetter, sub
from random import Random
from statistics import NormalDist
from typing import Any

from deliverability.compare.campaigns import COUNTS, Cell
from deliverability.compare.decompose import opens
from deliverability.compare.dispersion import bundle, combined, cut, effective_df
from deliverability.compare.intervals import CONFIDENCE
from deliverability.compare.numerics.student import t_quantile
from deliverability.compare.result import Decomposition, Term
from deliverability.fastclass import dataclass

Statistic = Callable[[Sequence[Cell], Sequence[Cell]], Mapping[str, float]]
"""Named values of two sides, always the same names."""

BOOTSTRAP_FROM = 12
"""Campaigns a side from which the percentile bootstrap serves; with fewer its intervals are too narrow."""
ROUNDS = 1999
_DRAWS = 200_000
_FEWEST_ROUNDS = 499
"""Campaigns drawn over all rounds of a bootstrap, and the fewest rounds whatever that leaves: 1,098 for half a year of
daily campaigns a side, of which 27 lie beyond either end of an interval of 95 %."""

_Sums = Mapping[str, tuple[int, ...]]
"""Provider → its COUNTS, of a side or of one campaign."""
_counts = attrgetter(*COUNTS)
_SENT = COUNTS.index("sent")
_LEAST_DF = 0.5
"""Degrees of freedom below which t says nothing: one and a half campaigns of equal size."""


def decomposition(before: Sequence[Cell], after: Sequence[Cell], confidence: float = CONFIDENCE) -> Decomposition:
    """The change of opens/sent by its four terms, each with the jackknife's interval."""
    return Decomposition(**jackknife(opens_and_total, before, after, confidence))


def opens_and_total(before: Sequence[Cell], after: Sequence[Cell]) -> dict[str, float]:
    """`decompose.opens` and the change that its terms add up to."""
    found = opens(before, after)
    return {**found, "total": fsum(found.values())}


def jackknife(
    statistic: Statistic, before: Sequence[Cell], after: Sequence[Cell], confidence: float = CONFIDENCE
) -> dict[str, Term]:
    """A statistic's values, with intervals by delete-one-campaign standard errors and t (Tukey 1958).

    As in `dispersion.welch`, the sides' variances are added, and an interval is never narrower than the one that single
    messages, each drawn by itself, would give. No ends where a side has fewer than two campaigns, or one of them is
    nearly all there is.
    """
    sides = _Side.of(before), _Side.of(after)
    was, now = (side.cells() for side in sides)
    values = statistic(was, now)
    dfs = [side.df() for side in sides]
    if min(dfs) < _LEAST_DF:
        return {name: Term(value=value) for name, value in values.items()}
    found = (
        _variances(sides[0], lambda cells: statistic(cells, now)),
        _variances(sides[1], lambda cells: statistic(was, cells)),
    )
    messages = float(sum(side.sent() for side in sides))
    return {
        name: _term(
            value,
            combined([campaigns[name] for campaigns, _ in found], dfs),
            (sqrt(fsum(each.get(name, 0.0) for _, each in found)), messages),
            confidence=confidence,
        )
        for name, value in values.items()
    }


def _term(value: float, *estimates: tuple[float, float], confidence: float) -> Term:
    """The value with the wider of the intervals that these standard errors, with their degrees of freedom, give."""
    half = max(t_quantile((1 + confidence) / 2, df) * se for se, df in estimates)
    return Term(value=value, low=value - half, high=value + half)


def _variances(
    side: _Side, statistic: Callable[[Sequence[Cell]], Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, float]]:
    """What one side adds to the variance of each value: by campaigns, and by messages."""
    return (
        _of_campaigns([statistic(cells) for cells in side.without_each()]),
        _of_messages([(number, statistic(cells)) for number, cells in side.without_a_message()]),
    )


def _of_campaigns(left_out: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The jackknife's variance of each value, from what is left of it without each campaign."""
    m = len(left_out)
    found: dict[str, float] = {}
    for name in left_out[0]:
        mean = fsum(values[name] for values in left_out) / m
        found[name] = (m - 1) / m * fsum((values[name] - mean) ** 2 for values in left_out)
    return found


def _of_messages(kinds: Sequence[tuple[int, Mapping[str, float]]]) -> dict[str, float]:
    """The same with messages in the campaigns' place: leaving out any one of a kind comes to the same."""
    whole = sum(number for number, _ in kinds)
    found: dict[str, float] = {}
    for name in kinds[0][1] if kinds else ():
        mean = fsum(number * values[name] for number, values in kinds) / whole
        found[name] = fsum(number * (values[name] - mean) ** 2 for number, values in kinds)
    return found


def bootstrap(
    statistic: Statistic,
    before: Sequence[Cell],
    after: Sequence[Cell],
    rng: Random,
    confidence: float = CONFIDENCE,
    rounds: int = ROUNDS,
) -> dict[str, Term]:
    """A statistic's values, with percentile intervals over campaigns drawn with replacement within each side.

    Percentiles of so few campaigns lie too close together; the ones taken lie as much further out as t and the variance
    of a sample ask for (Hesterberg 2015, The American Statistician 69:371-386, "expanded percentile"). Fewer rounds are
    drawn for hundreds of campaigns. No intervals where a side has fewer than BOOTSTRAP_FROM.
    """
    sides = _Side.of(before), _Side.of(after)
    values = statistic(*(side.cells() for side in sides))
    fewest, most = sorted(len(side.campaigns) for side in sides)
    dfs = [side.df() for side in sides]
    if fewest < BOOTSTRAP_FROM or min(dfs) < _LEAST_DF:
        return {name: Term(value=value) for name, value in values.items()}
    rounds = min(rounds, max(_FEWEST_ROUNDS, _DRAWS // most))
    drawn = [statistic(*cells) for cells in islice(zip(*(side.drawing(rng) for side in sides), strict=True), rounds)]
    tail = NormalDist().cdf(-t_quantile((1 + confidence) / 2, fsum(dfs)) * sqrt(1 + 1 / min(dfs)))
    outside = max(1, round(tail * (rounds + 1)))
    ordered = {name: sorted(one[name] for one in drawn) for name in values}
    return {
        name: Term(value=value, low=ordered[name][outside - 1], high=ordered[name][-outside])
        for name, value in values.items()
    }


@dataclass(frozen=True, slots=True)
class _Side:
    """The sums of one side: of each campaign, and of all together."""

    providers: tuple[str, ...]
    campaigns: tuple[_Sums, ...]
    sums: _Sums

    @staticmethod
    def of(cells: Sequence[Cell]) -> _Side:
        """The sums of these cells, a campaign being what has the same day and name; of very many, neighbours together.

        To leave out or to draw a group at a time serves as well (Kott 2001, Journal of Official Statistics 17:521-526).
        """
        campaigns: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {}
        sums: dict[str, tuple[int, ...]] = {}
        for cell in cells:
            counts = _counts(cell)
            for found in (campaigns.setdefault((str(cell.day or ""), cell.campaign), {}), sums):
                found[cell.provider] = _added(found.get(cell.provider), counts)
        ordered = [campaigns[key] for key in sorted(campaigns)]
        units = [one for one in ordered if any(counts[_SENT] for counts in one.values())]
        together = bundle(len(units))
        return _Side(tuple(sorted(sums)), tuple(map(_summed, cut(units, together)) if together > 1 else units), sums)

    def cells(self) -> list[Cell]:
        """One cell for each provider."""
        return [_cell(provider, self.sums[provider]) for provider in self.providers]

    def sent(self) -> int:
        """What was sent."""
        return sum(counts[_SENT] for counts in self.sums.values())

    def df(self) -> float:
        """The degrees of freedom of what varies between these campaigns, by how much each sent."""
        return effective_df([sum(counts[_SENT] for counts in one.values()) for one in self.campaigns])

    def without_each(self) -> Iterator[list[Cell]]:
        """The cells without the first campaign, without the second, and so on."""
        whole = {provider: _cell(provider, self.sums[provider]) for provider in self.providers}
        for campaign in self.campaigns:
            less = {
                provider: _cell(provider, tuple(map(sub, self.sums[provider], counts)))
                for provider, counts in campaign.items()
            }
            yield list({**whole, **less}.values())

    def without_a_message(self) -> Iterator[tuple[int, list[Cell]]]:
        """For each provider and fate of a message: how many met it, and the cells with one of them less."""
        whole = {provider: _cell(provider, self.sums[provider]) for provider in self.providers}
        for provider in self.providers:
            for number, fate in _fates(self.sums[provider]):
                less = _cell(provider, tuple(map(sub, self.sums[provider], fate)))
                yield number, list({**whole, provider: less}.values())

    def drawing(self, rng: Random) -> Iterator[list[Cell]]:
        """The cells of as many campaigns, drawn with replacement, again and again."""
        nothing = (0,) * len(COUNTS)
        rows = [tuple(chain(*(one.get(provider, nothing) for provider in self.providers))) for one in self.campaigns]
        # a row is one number, each count in octets of its own that hold any sum of it: one addition adds a campaign
        octets = (max(map(max, rows)) * len(rows)).bit_length() // 8 + 1
        packed = [int.from_bytes(b"".join(count.to_bytes(octets) for count in row)) for row in rows]
        starts = range(0, len(rows[0]) * octets, octets)
        width = len(COUNTS)
        while True:
            whole = sum(rng.choices(packed, k=len(packed))).to_bytes(starts.stop)
            sums = [int.from_bytes(whole[start : start + octets]) for start in starts]
            yield [_cell(one, sums[index * width : (index + 1) * width]) for index, one in enumerate(self.providers)]


def _fates(counts: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """How many messages went no further than each step, and what one of them added to COUNTS."""
    steps = ("sent", "delivered", "opened", "opened_machine")
    reached = [counts[COUNTS.index(step)] for step in steps]
    for index, number in enumerate(reached):
        further = reached[index + 1] if index + 1 < len(steps) else 0
        if number > further:
            yield number - further, tuple(int(name in steps[: index + 1]) for name in COUNTS)


def _summed(campaigns: Sequence[_Sums]) -> _Sums:
    found: dict[str, tuple[int, ...]] = {}
    for one in campaigns:
        for provider, counts in one.items():
            found[provider] = _added(found.get(provider), counts)
    return found


def _added(counts: Sequence[int] | None, more: tuple[int, ...]) -> tuple[int, ...]:
    return more if counts is None else tuple(map(add, counts, more))


def _cell(provider: str, counts: Sequence[int]) -> Cell:
    named: dict[str, Any] = dict(zip(COUNTS, counts, strict=True))
    return Cell(campaign="", provider=provider, **named)
