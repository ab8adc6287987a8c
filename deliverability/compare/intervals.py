"""Intervals of shares and of their differences, with the standard library alone.

Wilson (1927) for one share; Newcombe (1998, Statistics in Medicine 17:873-890, method 10) for a difference of two; and
the same square-and-add once more for a difference of two differences (Newcombe 2001).
"""

from __future__ import annotations

from functools import cache
from math import hypot, sqrt
from statistics import NormalDist

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


def _z(x: int, n: int, confidence: float) -> float:
    """The quantile of the normal distribution that leaves half of the rest on either side."""
    if not 0 <= x <= n:
        raise ValueError(f"{x} of {n} is no share")
    return _quantile(confidence)


@cache
def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, {confidence} does not")
    return NormalDist().inv_cdf((1 + confidence) / 2)
