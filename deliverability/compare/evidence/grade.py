"""How strong the evidence is: every requirement of every rung, and the highest rung whose requirements all hold.

The ladder is that of design/compare.md §2. E0: two totals. E1: campaigns. E2: a split of the change. E3: a jump at the
date. E4: a control. E5: a randomised split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deliverability.compare.evidence import rungs, rungs_of_arms, rungs_of_cause
from deliverability.compare.evidence.grounds import ALPHA, Answer, Grounds
from deliverability.compare.measure import tested_by
from deliverability.compare.result import GRADES, Check, Metric

NOT_REACHED = "{rung} was not reached ({check}): {why}"

CAPPING = ("jump", "placebo", "break-date", "own-change")
"""Checks of E3 that, tried and failed, also rule out E4: the series itself contradicts the date, or the change is none
that a fix can make."""


def beyond_noise(metrics: Mapping[str, Metric], graded: Sequence[str]) -> tuple[str, ...]:
    """The graded metrics that changed by more than campaigns differ, by both tests."""
    found: list[str] = []
    for name in graded:
        one = metrics[name]
        shuffled = tested_by(one, "permutation")
        if one.p_adjusted is not None and one.p_adjusted < ALPHA and shuffled is not None and shuffled.p < ALPHA:
            found.append(name)
    return tuple(found)


def checks(grounds: Grounds) -> tuple[Check, ...]:
    """Every requirement of every rung, in order."""
    found: list[Check] = []
    for rung, name, ask in _LADDER:
        passed, value, why = ask(grounds)
        found.append(Check(name=name, rung=rung, passed=passed, value=value, why=why))
    return tuple(found)


def grade(found: Sequence[Check]) -> str:
    """The highest rung that holds."""
    held = {rung: all(one.passed is True for one in found if one.rung == rung) for rung in GRADES}
    contradicted = any(one.passed is False for one in found if one.name in CAPPING)
    stands = {
        "E1": held["E1"],
        "E2": held["E1"] and held["E2"],
        "E3": held["E1"] and held["E2"] and held["E3"],
        "E4": held["E1"] and held["E2"] and held["E4"] and not contradicted,
        "E5": held["E1"] and held["E5"],
    }
    return next((rung for rung in reversed(GRADES) if stands.get(rung)), "E0")


def shortfalls(found: Sequence[Check], reached: str) -> tuple[str, ...]:
    """What kept the grade from the next rung, and from every other of which something was tried."""
    above = [rung for rung in GRADES if rung > reached]
    return tuple(
        NOT_REACHED.format(rung=rung, check=one.name, why=one.why)
        for rung in above
        for one in _short(found, rung, needed=rung == above[0])
    )


def _short(found: Sequence[Check], rung: str, *, needed: bool) -> Sequence[Check]:
    """The checks that failed, else the first that could not be tried; none of a rung that nobody tried to reach."""
    own = [one for one in found if one.rung == rung]
    missing = [one for one in own if one.passed is not True]
    if rung == "E4" and not missing:
        return [one for one in found if one.name in CAPPING and one.passed is False]
    if failed := [one for one in missing if one.passed is False]:
        return failed
    return missing[:1] if needed or len(missing) < len(own) else ()


_LADDER: tuple[tuple[str, str, Callable[[Grounds], Answer]], ...] = (
    ("E1", "campaigns", rungs.campaigns),
    ("E1", "data-complete", rungs.complete),
    ("E1", "beyond-campaign-noise", rungs.beyond),
    ("E1", "permutation-agrees", rungs.shuffled),
    ("E2", "provider-column", rungs.provider),
    ("E2", "machine-flag", rungs.machine),
    ("E2", "decomposition", rungs.split),
    ("E3", "series-length", rungs_of_cause.length),
    ("E3", "jump", rungs_of_cause.jump),
    ("E3", "placebo", rungs_of_cause.placebo),
    ("E3", "break-date", rungs_of_cause.breaking),
    ("E3", "own-change", rungs_of_cause.own),
    ("E4", "control-units", rungs_of_cause.units),
    ("E4", "pre-trend", rungs_of_cause.pre_trend),
    ("E4", "control-still", rungs_of_cause.still),
    ("E4", "difference-in-differences", rungs_of_cause.difference),
    ("E5", "arms", rungs_of_arms.arms),
    ("E5", "arm-balance", rungs_of_arms.balance),
    ("E5", "arms-in-parallel", rungs_of_arms.in_parallel),
)
"""Rung, check, and what it asks. A check of a lower rung that fails lowers the grade below that rung."""
