"""The words for a comparison that the page and the terminal share: grades, requirements, explanations, findings."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.compare.result import Metric
from deliverability.reports.language import N_

RUNGS: Mapping[str, str] = {
    "E0": N_("two totals differ; why, nobody can tell from them"),
    "E1": N_("more than campaigns differ among themselves"),
    "E2": N_("more than campaigns differ among themselves, and split into its parts"),
    "E3": N_("in time with the change, and at no other date as large"),
    "E4": N_("where the change could reach, and not where it could not"),
    "E5": N_("in one half of a randomised split, and not in the other"),
}
"""Grade → what it says, in plain words."""
CHECKS: Mapping[str, str] = {
    "campaigns": N_("enough campaigns"),
    "data-complete": N_("complete data"),
    "beyond-campaign-noise": N_("larger than campaigns differ"),
    "permutation-agrees": N_("shuffled campaigns agree"),
    "provider-column": N_("mailbox providers known"),
    "machine-flag": N_("machine opens marked"),
    "decomposition": N_("split with intervals"),
    "series-length": N_("a long enough series"),
    "jump": N_("a jump at the date"),
    "placebo": N_("no such jump at other dates"),
    "break-date": N_("the series breaks at the date"),
    "own-change": N_("more than mix or machines"),
    "control-units": N_("a control"),
    "pre-trend": N_("the control ran alike before"),
    "control-still": N_("the control did not move"),
    "difference-in-differences": N_("more than the control"),
    "arms": N_("a randomised split"),
    "arm-balance": N_("balanced halves"),
    "arms-in-parallel": N_("halves at the same time"),
}
"""Requirement of a grade → a few words for it."""
PASSED: Mapping[bool | None, tuple[str, str, str]] = {
    True: ("good", "●", N_("held")),
    False: ("bad", "△", N_("failed")),
    None: ("open", "◇", N_("could not be tried")),
}
STATUSES: Mapping[str, tuple[str, str, str]] = {
    "detected": ("bad", "△", N_("found")),
    "not_excluded": ("open", "◇", N_("not ruled out")),
    "excluded": ("good", "●", N_("ruled out")),
}
ATTRIBUTED: Mapping[str, str] = {
    "fixed": N_("Fixed since"),
    "new": N_("New since"),
    "remaining": N_("Still there"),
}
RELATIONS: Mapping[str, str] = {
    "consistent": N_("consistent with the change"),
    "confounded": N_("not to be told apart from one another"),
    "no_change": N_("without a change"),
    "unrelated": N_("no part of the change"),
}
"""What may be said of findings and the change, in the order in which it is said."""


def smallest(metric: Metric) -> int:
    """Messages of the smaller side of a rate, 0 where that is not known: how many decimals it bears."""
    sides = metric.before_share, metric.after_share
    return min(side.denominator if side else 0 for side in sides)
