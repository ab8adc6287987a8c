"""How many campaigns a difference needs to show, by how much a sender's own campaigns differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from deliverability.compare.cut import MIN_CAMPAIGNS
from deliverability.compare.dispersion import combined, pooled
from deliverability.compare.intervals import CONFIDENCE, Share
from deliverability.compare.numerics.student import t_quantile
from deliverability.fastclass import dataclass

POWER = 0.8
"""The chance to find the effect if it is there: the usual level (Cohen 1988)."""
MAX_CAMPAIGNS = 10_000
"""Campaigns a side beyond which no plan is made: 27 years of daily ones. Our own bound."""
_LEAST_EFFECT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a sender's campaigns differ.

    - rate: the share of all their messages; campaigns: how many there are.
    - variance: of one campaign's share, as the pooled share of several feels it; never less than `sampling`, which is
      what chance alone gives single messages.
    - evenness: the effective number of campaigns by their number: 1 where all are of one size.
    - df: degrees of freedom that the variance rests on.
    """

    rate: float
    campaigns: int
    variance: float
    sampling: float
    evenness: float
    df: float

    def of_side(self, rate: float, campaigns: int) -> float:
        """The variance of the pooled share of that many campaigns, at another rate.

        Recipients of one campaign have as much in common at one rate as at another, so that the variance goes with
        p (1 - p), as in beta-binomial counts.
        """
        scale = rate * (1 - rate) / (self.rate * (1 - self.rate)) if 0 < self.rate < 1 else 1.0
        return self.variance * scale / campaigns


def spread(campaigns: Sequence[Share]) -> Spread:
    """How these campaigns differ. Raises ValueError where fewer than two of them have messages."""
    known = pooled(campaigns)
    number = sum(1 for _, n in campaigns if n)
    return Spread(
        rate=known.share,
        campaigns=number,
        variance=max(known.between, known.sampling) * number,
        sampling=known.sampling * number,
        evenness=(known.df + 1) / number,
        df=known.df,
    )


def reach(
    before: Spread, effect: float, campaigns: int, *, confidence: float = CONFIDENCE, power: float = POWER
) -> float:
    """The difference that would show with that many campaigns a side, where sides differ by about `effect`.

    To show is to have an interval that leaves 0 out with chance `power`: half the interval, and as much again as the
    estimate may fall short. How far that is rests on the variance of the campaigns at hand: the t of that part has
    their degrees of freedom (as Julious and Owen 2006, Pharmaceutical Statistics 5:29-37, allow for it).
    """
    side_df = max(1e-3, campaigns * before.evenness - 1)
    variances = [before.of_side(rate, campaigns) for rate in (before.rate, before.rate + effect)]
    se, df = combined(variances, [side_df, side_df])
    return (t_quantile((1 + confidence) / 2, df) + t_quantile(power, before.df)) * se


def needed(before: Spread, effect: float, *, confidence: float = CONFIDENCE, power: float = POWER) -> int | None:
    """The fewest campaigns a side with which `effect` shows; None where MAX_CAMPAIGNS do not do.

    Raises:
        ValueError: An effect that is not above 0, or that no share can have from here.
    """
    _checked(before, effect)

    def enough(campaigns: int) -> bool:
        return reach(before, effect, campaigns, confidence=confidence, power=power) <= effect

    if not enough(MAX_CAMPAIGNS):
        return None
    few, many = MIN_CAMPAIGNS - 1, MIN_CAMPAIGNS
    while not enough(many):
        few, many = many, min(MAX_CAMPAIGNS, 2 * many)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def smallest(before: Spread, campaigns: int, *, confidence: float = CONFIDENCE, power: float = POWER) -> float | None:
    """The smallest rise that shows with that many campaigns a side; None where none that can be does.

    Raises:
        ValueError: Fewer than MIN_CAMPAIGNS.
    """
    if campaigns < MIN_CAMPAIGNS:
        raise ValueError(f"nothing is claimed of fewer than {MIN_CAMPAIGNS} campaigns a side")
    low, high = 0.0, 1 - before.rate

    def shows(effect: float) -> bool:
        return reach(before, effect, campaigns, confidence=confidence, power=power) <= effect

    # at the far end all do, without any variance: a rise just below it is what can be asked for
    if high <= _LEAST_EFFECT or not shows(high * (1 - _LEAST_EFFECT)):
        return None
    while high - low > _LEAST_EFFECT:
        middle = (low + high) / 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def standard_deviation(before: Spread) -> float:
    """By how much the share of one campaign lies off the pooled one, typically."""
    return sqrt(before.variance)


def _checked(before: Spread, effect: float) -> None:
    if not 0 < effect < 1:
        raise ValueError(f"an effect is a rise of a share, above 0 and below 1: {effect} is none")
    if before.rate + effect > 1:
        raise ValueError(f"a share of {before.rate:.3f} cannot rise by {effect:.3f}")
