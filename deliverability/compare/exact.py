"""Exact probabilities of counts, with the standard library alone."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

SMALL = 1e-16
"""Terms that are no more than this part of their sum are left out: a float could not hold them."""


def at_least(x: int, n: int, p: float) -> float:
    """The chance that `x` or more of `n` do, where each does with the chance `p`: the upper tail of the binomial.

    Exact in the tail, where each term is smaller than the one before; at or below the mean it is 1, as what is asked
    there is only whether something is rare.

    Raises:
        ValueError: x is not between 0 and n, or `p` not between 0 and 1.
    """
    if not 0 <= x <= n or not 0 <= p <= 1:
        raise ValueError(f"{x} of {n} at {p} is no count")
    if x <= n * p:
        return 1.0
    if p == 0:
        return 0.0
    term = exp(lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) + x * log(p) + (n - x) * log1p(-p))
    total, odds = term, p / (1 - p)
    for count in range(x, n):
        term *= odds * (n - count) / (count + 1)
        total += term
        if term <= SMALL * total:
            break
    return min(1.0, total)
