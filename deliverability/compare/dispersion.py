"""Tests of a difference that count campaigns, not messages: what one campaign's recipients do is not independent.

`welch` is what a metric's interval and p rest on; `quasibinomial` and `permutation` stand beside it, and `holm` pays
for having looked at several metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, fsum, log, sqrt
from random import Random
from typing import TypeVar

from deliverability.compare.intervals import CONFIDENCE, Share
from deliverability.compare.numerics.student import t_quantile, two_sided
from deliverability.fastclass import dataclass

_T = TypeVar("_T")
_LEAST_DF = 1e-3
"""What is left where one campaign is nearly all there is: enough to divide by, and no interval to speak of."""
ROUNDS = 9999
"""Arrangements that a permutation test draws where it cannot look at all of them: the least p is 1 in 10,000."""
_DRAWS = 300_000
_FEWEST_ROUNDS = 999
"""Campaigns drawn over all rounds, and the fewest rounds whatever that leaves: a tenth of a second up to 300 campaigns,
and a p of 0.05 drawn to within 0.014 (two standard errors of 999 rounds) however many there are."""


MOST_DEALT = 1_000
"""Campaigns of a side that are dealt, drawn or left out one by one; of more, neighbours go together. With so many, what
each alone does to a p or an interval is beyond the digits that are shown; 300,000 one by one would take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welch:
    """A difference of pooled shares, its standard error between campaigns, and the interval that t gives it."""

    difference: float
    se: float
    t: float
    df: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quasi:
    """A difference of log-odds; `dispersion`: the variance between campaigns, as a multiple of the binomial one."""

    difference: float
    se: float
    t: float
    df: float
    p: float
    dispersion: float


def welch(a: Sequence[Share], b: Sequence[Share], confidence: float = CONFIDENCE) -> Welch:
    """The pooled share of b minus that of a, with campaigns as the unit.

    The standard error is that of two ratio estimators, each linearised by campaign; for campaigns of equal size this is
    Welch's test of their shares. It stands only where it is the less sure of two: single messages drawn each by itself
    have a standard error as well, and campaigns that happen to agree know no more than those.

    Args:
        a: (x, n) of each campaign before.
        b: (x, n) of each campaign after.
        confidence: Of the interval.

    Raises:
        ValueError: A side has fewer than two campaigns with n > 0.
    """
    before, after = pooled(a), pooled(b)
    difference = after.share - before.share
    estimates = (
        combined((before.between, after.between), (before.df, after.df)),
        (sqrt(before.sampling + after.sampling), float(before.messages + after.messages)),
    )
    half, se, df = max((t_quantile((1 + confidence) / 2, df) * se if se else 0.0, se, df) for se, df in estimates)
    return Welch(
        difference=difference,
        se=se,
        t=difference / se,
        df=df,
        p=two_sided(difference / se, df),
        low=max(-1.0, difference - half),
        high=min(1.0, difference + half),
    )


def combined(variances: Sequence[float], dfs: Sequence[float]) -> tuple[float, float]:
    """The standard error of a difference and its degrees of freedom (Satterthwaite 1946, Welch 1947), both sides'."""
    variance = fsum(variances)
    if not variance:
        return 0.0, fsum(dfs)
    return sqrt(variance), 1 / fsum((one / variance) ** 2 / df for one, df in zip(variances, dfs, strict=True))


def effective_df(sizes: Sequence[float]) -> float:
    """The degrees of freedom of what varies between campaigns of these sizes: their effective number less one.

    The effective number (Kish 1965) is that of equal campaigns whose mean varies as much. With as many degrees of
    freedom as campaigns, intervals come out too narrow where one campaign outweighs the others; with Satterthwaite's
    for the weighted variance (Bell and McCaffrey 2002) too wide, since its numerator and denominator go together.
    """
    whole = fsum(sizes)
    return max(_LEAST_DF, 1 / fsum((size / whole) ** 2 for size in sizes) - 1) if whole else _LEAST_DF


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The share of all messages of some campaigns, and how sure it is.

    `between`: its variance from how campaigns differ, with `df` degrees of freedom; `sampling`: its variance if every
    message were drawn by itself.
    """

    share: float
    between: float
    df: float
    sampling: float
    messages: int


def pooled(campaigns: Sequence[Share]) -> Pooled:
    """The pooled share of campaigns. Raises ValueError where fewer than two of them have n > 0."""
    campaigns = [(x, n) for x, n in campaigns if n]
    if len(campaigns) < 2:
        raise ValueError("the variation between campaigns needs two of them on each side")
    whole = sum(n for _, n in campaigns)
    share = sum(x for x, _ in campaigns) / whole
    weights = [n / whole for _, n in campaigns]
    squares = fsum(weight * weight for weight in weights)
    # 1 - 2w + Σw²: what is left of a campaign's variance in its distance from a share that it is itself part of
    between = fsum(
        weight * weight * (x / n - share) ** 2 / (1 - 2 * weight + squares)
        for weight, (x, n) in zip(weights, campaigns, strict=True)
    )
    # half a success and half a failure more, so that a share of 0 or 1 has some variance too
    shrunk = (share * whole + 0.5) / (whole + 1)
    sampling = shrunk * (1 - shrunk) / whole
    return Pooled(share=share, between=between, df=effective_df(weights), sampling=sampling, messages=whole)


def quasibinomial(a: Sequence[Share], b: Sequence[Share]) -> Quasi:
    """The log-odds of b minus those of a, with the binomial standard error stretched by how much campaigns differ.

    As `summary(glm(cbind(x, n - x) ~ side, quasibinomial))` in R, except that the dispersion (Pearson's chi-squared by
    its degrees of freedom) is never below 1, and that a side where all or none did has half a success and half a
    failure added (Haldane 1956, Anscombe 1956): its log-odds would be infinite.

    Raises:
        ValueError: A side has no messages, or there are fewer than three campaigns.
    """
    a, b = [(x, n) for x, n in a if n], [(x, n) for x, n in b if n]
    if not a or not b or len(a) + len(b) < 3:
        raise ValueError("a dispersion needs three campaigns, and some on each side")
    df = len(a) + len(b) - 2
    dispersion = max(1.0, (_pearson(a) + _pearson(b)) / df)
    (odds1, variance1), (odds2, variance2) = _log_odds(a), _log_odds(b)
    difference = odds2 - odds1
    se = sqrt(dispersion * (variance1 + variance2))
    t = difference / se
    return Quasi(difference=difference, se=se, t=t, df=df, p=two_sided(t, df), dispersion=dispersion)


def _pearson(campaigns: Sequence[Share]) -> float:
    share = sum(x for x, _ in campaigns) / sum(n for _, n in campaigns)
    if share in {0.0, 1.0}:
        return 0.0
    return fsum((x - n * share) ** 2 / (n * share * (1 - share)) for x, n in campaigns)


def _log_odds(campaigns: Sequence[Share]) -> tuple[float, float]:
    """The log-odds of the pooled share and their binomial variance."""
    x, n = sum(x for x, _ in campaigns), sum(n for _, n in campaigns)
    more = 0.5 if x in {0, n} else 0.0
    did, did_not = x + more, n - x + more
    return log(did / did_not), 1 / did + 1 / did_not


def permutation(a: Sequence[Share], b: Sequence[Share], rng: Random, rounds: int = ROUNDS) -> float:
    """How often campaigns dealt to the sides at random differ by as much as they do: the two-sided p.

    Every arrangement is looked at where there are no more of them than `rounds`; else as many are drawn (fewer for
    hundreds of campaigns), and the arrangement that happened counts as one more (Phipson and Smyth 2010). Of more than
    MOST_DEALT campaigns on a side, as many neighbours as it takes are dealt together, on both sides alike.

    Raises:
        ValueError: A side has no messages.
    """
    first, second = [(x, n) for x, n in a if n], [(x, n) for x, n in b if n]
    together = bundle(len(first), len(second))
    dealt = [
        (sum(x for x, _ in those), sum(n for _, n in those))
        for side in (first, second)
        for those in cut(side, together)
    ]
    size = -(-len(first) // together)
    if not 0 < size < len(dealt):
        raise ValueError("both sides need a campaign")
    whole = sum(x for x, _ in dealt), sum(n for _, n in dealt)
    seen = _distance(dealt[:size], whole) * (1 - 1e-12)  # the same sum in another order is as large
    if comb(len(dealt), size) <= rounds:
        found = [_distance(chosen, whole) >= seen for chosen in combinations(dealt, size)]
        return sum(found) / len(found)
    fewer = min(size, len(dealt) - size)  # either side will do: what it leaves is the other
    rounds = min(rounds, max(_FEWEST_ROUNDS, _DRAWS // fewer))
    return (1 + sum(_distance(draw(dealt, fewer, rng), whole) >= seen for _ in range(rounds))) / (1 + rounds)


def bundle(*counts: int) -> int:
    """How many campaigns of sides with so many go together, for the largest to have no more than MOST_DEALT of them."""
    return max(1, *(-(-count // MOST_DEALT) for count in counts))


def cut(campaigns: Sequence[_T], together: int) -> list[Sequence[_T]]:
    """Neighbours that go together, in order; the last may be fewer."""
    return [campaigns[start : start + together] for start in range(0, len(campaigns), together)]


def draw(pool: list[_T], size: int, rng: Random) -> list[_T]:
    """`size` of the pool, every choice equally likely, as the first steps of a shuffle (Durstenfeld 1964).

    The pool stays shuffled: the next draw begins there, which is as good and costs no copy. `Random.sample`, which
    leaves it as it was, takes four times as long.
    """
    random = rng.random
    end = len(pool)
    for last in range(end - 1, end - 1 - size, -1):
        other = int(random() * (last + 1))
        pool[last], pool[other] = pool[other], pool[last]
    return pool[end - size :]


def _distance(chosen: Sequence[Share], whole: Share) -> float:
    """How far the pooled share of these lies from that of the rest."""
    x, n = sum([x for x, _ in chosen]), sum([n for _, n in chosen])
    return abs(x / n - (whole[0] - x) / (whole[1] - n))


def holm(ps: Sequence[float]) -> list[float]:
    """P-values adjusted for there being several (Holm 1979), in the order given."""
    found = [0.0] * len(ps)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        found[index] = highest
    return found
