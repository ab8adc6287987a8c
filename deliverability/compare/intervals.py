"""Intervals of shares and of their differences, with the standard library alone.

Wilson (1927) for one share; Newcombe (1998, Statistics in Medicine 17:873-890, method 10) for a difference of two; and
the same square-and-add once more for a difference of two differences (Newcombe 2001). Robbins (1970, Annals of
Mathematical Statistics 41:1397-1409) for a share that is looked at again and again while it grows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import hypot, lgamma, log, log1p, sqrt

Interval = tuple[float, float]
Share = tuple[int, int]
"""(x, n): x of n."""

CONFIDENCE = 0.95
"""How sure an interval is, unless somebody asks for another: the level that every reference value here is stated at."""


def wilson(x: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """The Wilson score interval of the share x of n, within [0, 1]; (0, 1) for none of none, which says nothing.

    Raises:
        ValueError: x is not between 0 and n, or `confidence` not between 0 and 1.
    """
    z = _z(x, n, confidence)
    if n == 0:
        return 0.0, 1.0
    p = x / n
    middle = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # rounding would leave 1e-19 where the ends are exactly 0 and 1, or step over them
    low = 0.0 if x == 0 else max(0.0, (middle - half) / scale)
    high = 1.0 if x == n else min(1.0, (middle + half) / scale)
    return low, high


def newcombe(x1: int, n1: int, x2: int, n2: int, confidence: float = CONFIDENCE) -> Interval:
    """Newcombe's interval of p1 - p2, from the Wilson intervals of both; the widest there is where one side is empty.

    Raises:
        ValueError: As `wilson`.
    """
    low1, high1 = wilson(x1, n1, confidence)
    low2, high2 = wilson(x2, n2, confidence)
    if not n1 or not n2:
        return low1 - high2, high1 - low2
    p1, p2 = x1 / n1, x2 / n2
    return (
        max(-1.0, p1 - p2 - hypot(p1 - low1, high2 - p2)),
        min(1.0, p1 - p2 + hypot(high1 - p1, p2 - low2)),
    )


def newcombe_did(
    first: Share, second: Share, third: Share, fourth: Share, confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """The difference of differences (p1 - p2) - (p3 - p4) and its interval: (d, low, high).

    Raises:
        ValueError: As `wilson`, and where one of the four is empty: there is no difference to speak of.
    """
    low1, high1 = newcombe(*first, *second, confidence)
    low2, high2 = newcombe(*third, *fourth, confidence)
    if not all(n for _, n in (first, second, third, fourth)):
        raise ValueError("a difference of differences needs four shares, and one of them is of nothing")
    d1 = first[0] / first[1] - second[0] / second[1]
    d2 = third[0] / third[1] - fourth[0] / fourth[1]
    d = d1 - d2
    return d, d - hypot(d1 - low1, high2 - d2), d + hypot(high1 - d1, d2 - low2)


def confidence_sequence(x: int, n: int, alpha: float = 1 - CONFIDENCE) -> Interval:
    """The interval of the share x of n that holds at every n at once, however often it is looked at (Robbins).

    All p for which the beta(1, 1) mixture is at most 1/alpha times as likely as p itself: a limit that lies outside
    may be acted on at once, without waiting for an end fixed beforehand. (0, 1) for none of none.

    Args:
        x: How many did.
        n: Of how many.
        alpha: The chance that the true share is ever left out.

    Raises:
        ValueError: x is not between 0 and n, or `alpha` not between 0 and 1.
    """
    _z(x, n, 1 - alpha)
    # ln of B(1 + x, 1 + n - x) / B(1, 1) · alpha: what p^x (1 - p)^(n - x) has to reach
    least = lgamma(1 + x) + lgamma(1 + n - x) - lgamma(2 + n) + log(alpha)

    def is_outside(p: float) -> bool:
        return (x * log(p) if x else 0.0) + ((n - x) * log1p(-p) if n > x else 0.0) < least

    middle = x / n if n else 0.5
    low = 0.0 if x == 0 else _edge(0.0, middle, is_outside)
    high = 1.0 if x == n else _edge(1.0, middle, is_outside)
    return low, high


def _edge(outside: float, inside: float, is_outside: Callable[[float], bool]) -> float:
    """Where a condition that holds at one end and not at the other changes, by bisection."""
    while (middle := (outside + inside) / 2) not in {outside, inside}:
        if is_outside(middle):
            outside = middle
        else:
            inside = middle
    return inside


def _z(x: int, n: int, confidence: float) -> float:
    """The quantile of the normal distribution that leaves half of the rest on either side."""
    if not 0 <= x <= n:
        raise ValueError(f"{x} of {n} is no share")
    return _quantile(confidence)


@cache
def _quantile(confidence: float) -> float:
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that an audit without figures need not spend

    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, {confidence} does not")
    return NormalDist().inv_cdf((1 + confidence) / 2)
