"""Student's t and Fisher's F, with the standard library alone; tests hold them to another implementation.

Both are the regularised incomplete beta function I_x(a, b), here by its continued fraction (Abramowitz and Stegun,
Handbook of Mathematical Functions, 26.5.8 with 26.7.1 and 26.6.2) in Lentz's form.
"""

from __future__ import annotations

from functools import lru_cache
from math import erfc, exp, inf, isfinite, lgamma, log, log1p, pi, sqrt

_NORMAL_FROM = 1e6
"""Degrees of freedom from which the normal distribution serves, corrected as Abramowitz and Stegun 26.7.8 say."""
_STEPS = 10_000
_TINY = 1e-300
_EPSILON = 1e-16


def two_sided(t: float, df: float) -> float:
    """The chance of a t at least that far from 0 on either side, with `df` degrees of freedom, whole or not.

    That is the p-value of a two-sided test.

    Raises:
        ValueError: `df` is not positive, or `t` is not a number.
    """
    if not df > 0 or t != t:  # noqa: PLR0124 - only NaN differs from itself
        raise ValueError(f"t = {t} with {df} degrees of freedom is nothing to look up")
    if not isfinite(t):
        return 0.0
    if df >= _NORMAL_FROM:
        return erfc(abs(t) * (1 - 1 / (4 * df)) / sqrt(2 + t * t / df))
    # t² alone would overflow from 1e154 on; divided step by step it does not
    ratio = t / sqrt(df)
    square = ratio * ratio if abs(ratio) < 1e150 else inf
    return _beta(df / 2, 0.5, 1 / (1 + square), square / (1 + square) if isfinite(square) else 1.0)


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """The t that is not exceeded with chance `p`, by Newton's method.

    Raises:
        ValueError: `p` is not strictly between 0 and 1, or `df` is not positive.
    """
    if not 0 < p < 1:
        raise ValueError(f"a quantile needs a chance between 0 and 1, {p} is none")
    if p == 0.5:
        return 0.0
    tail = 2 * min(p, 1 - p)
    t = 0.0
    # both tails together fall convexly from 1 at t = 0, so that Newton's steps from there never pass the root
    while (further := t + (two_sided(t, df) - tail) / (2 * _density(t, df))) > t * (1 + 4 * _EPSILON):
        t = further
    return t if p > 0.5 else -t


def _density(t: float, df: float) -> float:
    df = min(df, _NORMAL_FROM)
    scale = exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(df * pi)
    return max(_TINY, scale * exp(-(df + 1) / 2 * log1p(t * t / df)))


def f_sf(f: float, df1: float, df2: float) -> float:
    """The chance that Fisher's F with `df1` and `df2` degrees of freedom exceeds `f`; 1 for what is not positive.

    Raises:
        ValueError: One of the degrees of freedom is not positive, or `f` is not a number.
    """
    if not (df1 > 0 and df2 > 0) or f != f:  # noqa: PLR0124 - only NaN differs from itself
        raise ValueError(f"F = {f} with {df1} and {df2} degrees of freedom is nothing to look up")
    if f <= 0:
        return 1.0
    if not isfinite(f):
        return 0.0
    return _beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * f), df1 * f / (df2 + df1 * f))


def _beta(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b) for y = 1 - x, which the caller knows to more digits than subtraction leaves."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y))
    # the fraction converges fast on the near side of the mean, the mirror image on the far one
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(a, b, x) / a)
    return max(0.0, 1 - front * _fraction(b, a, y) / b)


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < _EPSILON * 10:
            break
    return found


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
