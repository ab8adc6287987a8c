"""Weighted least squares on shares, with the standard library alone: small dense systems of a dozen columns.

The share itself is the outcome (the identity link), so that a step is a step in points and needs no translation.
Campaigns differ by more than chance: one of n messages has the variance v (1/n + rho), where v = p (1 - p) and rho is
how much the messages of one campaign have in common (Williams 1982, Applied Statistics 31:144-148, as beta-binomial
counts have it). rho is chosen so that Pearson's chi-square equals its degrees of freedom; where campaigns differ by
less than chance it is 0, and standard errors are those of chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from operator import mul

from deliverability.compare.intervals import Share
from deliverability.fastclass import dataclass

Column = Sequence[float]
"""One column of a design: its value for each campaign."""

DEPENDENT = 1e-9
"""A column of which less than this share (of its square) is left once those before it are allowed for is a sum of
them and is dropped. Our own bound: rounding leaves some 1e-14."""
ROUNDS = 4
"""How often weights and residuals are adjusted to each other; they settle to six digits in three."""
ONE_IN_TWENTY = 1.645
"""The standard normal value that is exceeded by chance in one of twenty cases."""
MOST_MEMORY = 0.9
"""The largest autocorrelation that is allowed for: each observation is then worth a nineteenth."""
HALVINGS = 50
"""Bisections of rho between 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A weighted least-squares fit.

    - coefficients: one for each column; None for a column that is a sum of those before it.
    - covariance: inverse of the weighted cross-products, zero where a column was dropped: times the variance of an
      observation of weight 1 it is that of the coefficients.
    - fitted, residuals: for each observation. rss: weighted. df: observations less columns that were kept.
    """

    coefficients: tuple[float | None, ...]
    covariance: tuple[tuple[float, ...], ...]
    fitted: tuple[float, ...]
    residuals: tuple[float, ...]
    rss: float
    df: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFit:
    """A fit of campaigns' shares.

    - fit: the last one, with `weights`: the inverse of each campaign's variance.
    - rho: how much messages of one campaign have in common. scale: what is left to multiply variances by, at least 1.
    - sampling: the variance of each coefficient that chance alone gives messages.
    - dispersion: Pearson's chi-square over its degrees of freedom as if every message were drawn by itself; None where
      no degree of freedom is left.
    """

    fit: Fit
    weights: tuple[float, ...]
    rho: float
    scale: float
    sampling: tuple[float, ...]
    dispersion: float | None

    def error(self, column: int) -> float | None:
        """The standard error of one coefficient; None where it was dropped or nothing is left to judge it by."""
        if self.fit.coefficients[column] is None or self.fit.df < 1:
            return None
        return sqrt(self.scale * self.fit.covariance[column][column])

    def memory(self) -> float:
        """How much of each residual is found again in the next one, for observations in order of time; 0 if by chance.

        The first autocorrelation, with what fitting takes from it put back (one over the observations for each column);
        counted from where chance alone would lead in one of twenty series.
        """
        scaled = [r * sqrt(w) for r, w in zip(self.fit.residuals, self.weights, strict=True)]
        whole, count = _product(scaled, scaled), len(scaled)
        if not whole or self.fit.df < 1:
            return 0.0
        found = _product(scaled, scaled[1:]) / whole + (count - self.fit.df) / count
        return min(MOST_MEMORY, found) if found > ONE_IN_TWENTY / sqrt(count) else 0.0

    def influence(self, columns: Sequence[Column], column: int) -> list[float]:
        """What each campaign adds to one coefficient: the squares add up to its variance, whatever each one varies by.

        Residuals are stretched by what the campaign's own pull on the fit took from them (HC2 of MacKinnon and White
        1985, Journal of Econometrics 29:305-325).
        """
        found: list[float] = []
        inverse = self.fit.covariance
        for row, weight, residual in zip(zip(*columns, strict=True), self.weights, self.fit.residuals, strict=True):
            solved = [_product(line, row) for line in inverse]
            left = 1 - weight * _product(solved, row)
            found.append(weight * solved[column] * residual / sqrt(left) if left > DEPENDENT else 0.0)
        return found


def weighted(columns: Sequence[Column], values: Column, weights: Column) -> Fit:
    """The weighted least-squares fit of `values` to `columns`.

    Args:
        columns: each as long as `values`, and of the order of 1 in size; the first to be kept come first.
        values: what is fitted.
        weights: of each value, none below 0.
    """
    heavy = [list(map(mul, column, weights)) for column in columns]
    factor = factored([[_product(a, b) for b in heavy[: i + 1]] for i, a in enumerate(columns)])
    solution = solved(factor, [_product(column, values) for column in heavy])
    fitted = [0.0] * len(values)
    for b, column in zip(solution, columns, strict=True):
        fitted = [f + b * x for f, x in zip(fitted, column, strict=True)]
    residuals = tuple(y - f for y, f in zip(values, fitted, strict=True))
    kept = [bool(factor[i][i]) for i in range(len(columns))]
    return Fit(
        coefficients=tuple(b if keep else None for b, keep in zip(solution, kept, strict=True)),
        covariance=_inverse(factor),
        fitted=tuple(fitted),
        residuals=residuals,
        rss=_product(map(mul, residuals, weights), residuals),
        df=len(values) - sum(kept),
    )


def fit_shares(columns: Sequence[Column], shares: Sequence[Share], stages: Sequence[int]) -> ShareFit:
    """Fit campaigns' shares to `columns`, each campaign weighted by what it can say.

    Args:
        columns: as for `weighted`.
        shares: (x, n) of each campaign, n at least 1.
        stages: for each campaign the number of the time that it belongs to: v is that of its whole stage. By the fitted
            share of each campaign, one that comes near 0 or 1 would count a hundredfold.
    """
    values = [x / n for x, n in shares]
    spread = _spread(shares, stages)
    chance = [v / n for v, (_, n) in zip(spread, shares, strict=True)]
    rho, weights = 0.0, tuple(1 / c for c in chance)
    fit = plain = weighted(columns, values, weights)
    for _ in range(ROUNDS):
        rho = _rho(fit, spread, chance)
        weights = tuple(1 / (c + v * rho) for v, c in zip(spread, chance, strict=True))
        fit = weighted(columns, values, weights)
    return ShareFit(
        fit=fit,
        weights=weights,
        rho=rho,
        scale=max(1.0, fit.rss / fit.df) if fit.df > 0 else 1.0,
        sampling=tuple(line[i] for i, line in enumerate(plain.covariance)),
        dispersion=plain.rss / plain.df if plain.df > 0 else None,
    )


def _spread(shares: Sequence[Share], stages: Sequence[int]) -> list[float]:
    """For each campaign p (1 - p) of its stage, with half a message either way, so that it is nowhere 0."""
    sums: dict[int, tuple[int, int]] = {}
    for (x, n), stage in zip(shares, stages, strict=True):
        before_x, before_n = sums.get(stage, (0, 0))
        sums[stage] = before_x + x, before_n + n
    spread = {stage: (x + 0.5) / (n + 1) * ((n - x + 0.5) / (n + 1)) for stage, (x, n) in sums.items()}
    return [spread[stage] for stage in stages]


def _rho(fit: Fit, spread: Sequence[float], chance: Sequence[float]) -> float:
    """The rho at which the residuals' chi-square equals its degrees of freedom, between 0 and 1."""
    rows: list[tuple[float, float, float]] = [
        (r * r, v, c) for r, v, c in zip(fit.residuals, spread, chance, strict=True)
    ]

    def excess(rho: float) -> float:
        return fsum(square / (c + v * rho) for square, v, c in rows) - fit.df

    if fit.df < 1 or excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def _product(a: Iterable[float], b: Iterable[float]) -> float:
    product: float = sum(map(mul, a, b))
    return product


def factored(products: Sequence[Sequence[float]]) -> list[list[float]]:
    """Cholesky's lower factor of a matrix of cross-products, of which the lower half is read.

    The diagonal is 0 for a column that is a sum of those before it.
    """
    factor: list[list[float]] = []
    for i, row in enumerate(products):
        line: list[float] = []
        for j in range(i):
            rest = row[j] - sum(map(mul, line, factor[j]))
            line.append(rest / factor[j][j] if factor[j][j] else 0.0)
        pivot = row[i] - sum(x * x for x in line)
        line.append(sqrt(pivot) if pivot > DEPENDENT * row[i] else 0.0)
        factor.append(line)
    return factor


def solved(factor: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of L L' b = right; 0 for a dropped column."""
    size = len(factor)
    half: list[float] = []
    for i in range(size):
        rest = right[i] - sum(x * y for x, y in zip(factor[i], half, strict=False))
        half.append(rest / factor[i][i] if factor[i][i] else 0.0)
    solution = [0.0] * size
    for i in reversed(range(size)):
        if factor[i][i]:
            rest = half[i] - sum(factor[j][i] * solution[j] for j in range(i + 1, size))
            solution[i] = rest / factor[i][i]
    return solution


def _inverse(factor: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """The inverse of L L'; zero in the rows and columns of what was dropped."""
    size = len(factor)
    units = [[float(i == j and factor[i][i] > 0) for i in range(size)] for j in range(size)]
    return tuple(tuple(solved(factor, unit)) for unit in units)
