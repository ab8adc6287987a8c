"""Where a share stands to its lines, and how much mail would settle one that is undecided.

Past a line beyond doubt is what two conditions hold for: the whole Wilson interval lies past it, and of a sender whose
true share is on the line, a share as large as this comes up no more often than the confidence leaves to chance. The
second is exact where the first is not: at the floor of 1,000 messages, Wilson's interval of 95 % alone would condemn 8
of 100 senders who are on the line of 0.1 %. Whoever is below it is condemned more seldom still.
"""

from __future__ import annotations

from math import ceil

from deliverability.checks._thresholds import Standing, Threshold
from deliverability.compare.exact import at_least
from deliverability.compare.intervals import wilson

MOST_MESSAGES = 10**9
"""Messages from which on a case is not called one that more mail would settle. Ours: nobody sends so many in time."""
MOST_STEPS = 200
"""Counts by which a case that Wilson's interval would settle goes on until the exact tail does too. Ours: from some ten
on the two agree."""


def judge_rate(numerator: int, denominator: int, threshold: Threshold) -> Standing:
    """Where `numerator` of `denominator` stands. A numerator beyond its denominator counts as all of it."""
    if denominator < max(1, threshold.minimum):
        return Standing.BELOW_FLOOR
    within = min(numerator, denominator)
    if _is_past(within, denominator, threshold.fail, threshold.confidence):
        return Standing.FAIL
    if _is_past(within, denominator, threshold.warn, threshold.confidence):
        return Standing.WARN
    return Standing.OVER if numerator / denominator >= threshold.warn else Standing.PASS


def _is_past(numerator: int, denominator: int, line: float, confidence: float) -> bool:
    """Whether a share is past a line beyond doubt."""
    low, _ = wilson(numerator, denominator, confidence)
    return low >= line and at_least(numerator, denominator, line) <= 1 - confidence


def settles_at(numerator: int, denominator: int, threshold: Threshold) -> int | None:
    """Messages in all, at the same share, from which on a share that stands `over` is past the lower line for sure.

    Wilson's lower end L of a share p of n solves (p - L)² = z² L (1 - L) / n: with the line for L, that is n; where the
    exact tail asks for more, the next counts are tried. None where the share is not past the line but at most on it, or
    so near that no mail would tell.
    """
    line, share = threshold.warn, min(numerator, denominator) / denominator if denominator else 0.0
    if share <= line:
        return None
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that an audit without figures need not spend

    z = NormalDist().inv_cdf(0.5 + threshold.confidence / 2)
    needed = max(ceil(z * z * line * (1 - line) / (share - line) ** 2 - 1e-9), threshold.minimum)
    for _ in range(MOST_STEPS):
        if needed > MOST_MESSAGES:
            return None
        count = ceil(share * needed - 1e-9)
        if _is_past(count, needed, line, threshold.confidence):
            return needed
        needed = max(needed + 1, ceil((count + 1) / share))
    return None
