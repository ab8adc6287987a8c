"""Changes of several groups of cells, with campaigns as the unit although one campaign may lie in several groups.

A campaign that reaches two providers does well or badly at both. Each group's change is a difference of pooled shares;
what every campaign adds to it (its influence, the linearised ratio estimator) is kept by campaign, so that variances
and covariances are sums over campaigns: what two groups have in common cancels in the difference of their changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum, sqrt

from deliverability.compare.campaigns import Cell
from deliverability.compare.dispersion import effective_df
from deliverability.compare.intervals import Share
from deliverability.compare.numerics.student import t_quantile, two_sided
from deliverability.compare.result import Term
from deliverability.fastclass import dataclass

Cluster = tuple[str, str]
"""The ISO day and the name of a campaign."""
CAMPAIGNS = 4
"""Campaigns of each group on each side from which its change has an interval and a p, as everywhere in a comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one group.

    - before, after: (x, n) of each campaign that has any n. difference: of the pooled shares.
    - influence: of each (side, campaign) on the difference; sampling: the variance that chance alone gives messages.
    - df: degrees of freedom of the variance, by Welch and Satterthwaite.
    """

    before: Mapping[Cluster, Share]
    after: Mapping[Cluster, Share]
    difference: float
    influence: Mapping[tuple[int, Cluster], float]
    sampling: float
    df: float

    @property
    def enough(self) -> bool:
        """Whether each side has CAMPAIGNS."""
        return min(len(self.before), len(self.after)) >= CAMPAIGNS


def by_campaign(cells: Sequence[Cell], share: Callable[[Cell], Share]) -> dict[Cluster, Share]:
    """(x, n) of each campaign in order of day and name; campaigns with none to divide by are left out."""
    found: dict[Cluster, Share] = {}
    for cell in cells:
        key = (str(cell.day or ""), cell.campaign)
        (x, n), (more_x, more_n) = found.get(key, (0, 0)), share(cell)
        found[key] = x + more_x, n + more_n
    return {key: found[key] for key in sorted(found) if found[key][1]}


def change(before: Mapping[Cluster, Share], after: Mapping[Cluster, Share]) -> Change | None:
    """The change of one group; None where a side has nothing to divide by."""
    if not before or not after:
        return None
    first, second = Group.of(before), Group.of(after)
    influence = {(0, key): -u for key, u in first.influence.items()}
    influence |= {(1, key): u for key, u in second.influence.items()}
    return Change(
        before=before,
        after=after,
        difference=second.share - first.share,
        influence=influence,
        sampling=first.sampling + second.sampling,
        df=_satterthwaite(first, second),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The pooled share of one group on one side, what each campaign adds to it, and how sure it is; see `Change`."""

    share: float
    influence: Mapping[Cluster, float]
    sampling: float
    df: float

    @classmethod
    def of(cls, shares: Mapping[Cluster, Share]) -> Group:
        """The pooled share of one side, and what each campaign adds to it."""
        whole = sum(n for _, n in shares.values())
        share = sum(x for x, _ in shares.values()) / whole
        weights = {key: n / whole for key, (_, n) in shares.items()}
        squares = fsum(weight * weight for weight in weights.values())
        shrunk = (share * whole + 0.5) / (whole + 1)
        return cls(
            share=share,
            influence={key: _influence(weights[key], squares, x / n - share) for key, (x, n) in shares.items()},
            sampling=shrunk * (1 - shrunk) / whole,
            df=effective_df(list(weights.values())) if len(shares) > 1 else 0.0,
        )

    @property
    def variance(self) -> float:
        """That of the share, from how campaigns differ."""
        return fsum(u * u for u in self.influence.values())


def _influence(weight: float, squares: float, distance: float) -> float:
    """What a campaign of this weight adds, stretched by what its own pull took from its distance to the pooled share.

    1 - 2 w + (the sum of squared weights) of a share's variance is left there (Bell and McCaffrey 2002), as in
    `dispersion.welch`.
    """
    left = 1 - 2 * weight + squares
    return weight * distance / sqrt(left) if left > 0 else 0.0


def _satterthwaite(first: Group, second: Group) -> float:
    """The degrees of freedom of a difference; those of both sides together where campaigns do not vary at all."""
    parts = [(side.variance, side.df) for side in (first, second) if side.df > 0]
    below = fsum(variance * variance / df for variance, df in parts)
    return fsum(variance for variance, _ in parts) ** 2 / below if below > 0 else fsum(df for _, df in parts)


def covariance(one: Change, other: Change) -> float:
    """The covariance of two changes, 0 where they have no campaign in common; of one with itself its variance.

    A variance is never less than what chance alone gives single messages.
    """
    if one is other:
        return max(one.sampling, fsum(u * u for u in one.influence.values()))
    return fsum(u * other.influence[key] for key, u in one.influence.items() if key in other.influence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference of two changes with its interval; the rest is None with fewer than CAMPAIGNS in a group's side."""

    difference: float
    low: float | None
    high: float | None
    p: float | None

    @property
    def term(self) -> Term:
        """The value with its interval."""
        return Term(value=self.difference, low=self.low, high=self.high)


def single(one: Change, confidence: float) -> Contrast:
    """A change by itself."""
    return _judged(one.difference, covariance(one, one), one.df, one.enough, confidence)


def contrast(one: Change, other: Change, confidence: float) -> Contrast:
    """The first change less the second, with campaigns as the unit."""
    variances = covariance(one, one), covariance(other, other)
    variance = max(one.sampling + other.sampling, sum(variances) - 2 * covariance(one, other))
    df = sum(variances) ** 2 / (variances[0] ** 2 / max(one.df, 1) + variances[1] ** 2 / max(other.df, 1))
    most = max(1, len(clusters(one, other)) - 2)
    return _judged(one.difference - other.difference, variance, min(df, most), one.enough and other.enough, confidence)


def _judged(difference: float, variance: float, df: float, enough: bool, confidence: float) -> Contrast:
    if not enough or variance <= 0:
        return Contrast(difference=difference, low=None, high=None, p=None)
    error = sqrt(variance)
    half = t_quantile((1 + confidence) / 2, df) * error
    return Contrast(
        difference=difference, low=difference - half, high=difference + half, p=two_sided(difference / error, df)
    )


def clusters(one: Change, other: Change) -> set[tuple[int, Cluster]]:
    """Every campaign of either group, on its side."""
    return {*one.influence, *other.influence}
