"""The dose check: did the providers that refuse unauthenticated mail move, and the others less?

A fix of authentication works through those who enforce it. Where their refusals fall and their deliveries rise by more
than everybody else's, the mechanism is seen at work, which a difference of totals cannot show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial

from deliverability.compare.campaigns import Cell, total
from deliverability.compare.intervals import CONFIDENCE, Share, wilson
from deliverability.compare.numerics.clustered import CAMPAIGNS, Change, by_campaign, change, contrast, single
from deliverability.compare.result import Dose, ShareOf
from deliverability.compare.series.points import counted

ENFORCED = {
    "gmail": date(2024, 2, 1),  # Gmail sender guidelines, read 2026-07: from February 2024
    "yahoo": date(2024, 2, 1),  # Yahoo sender requirements, read 2026-07: from February 2024, all brands that it hosts
    "microsoft": date(2025, 5, 5),  # Outlook sender requirements, read 2026-07: from 2025-05-05, its own domains
}
"""Mail system → the day from which it refuses bulk mail that is not authenticated."""
NEITHER = frozenset({"google-workspace", "microsoft-365", "unknown", ""})
"""Providers of neither kind: the same systems under rules that each customer sets, and mailboxes that nobody knows."""
METRIC = "delivered_sent"


def dose(before: Sequence[Cell], after: Sequence[Cell], *, confidence: float = CONFIDENCE) -> Dose:
    """Deliveries and refusals at the providers that enforce authentication, beside the deliveries at the others.

    Args:
        before: cells of the side before, with their providers.
        after: the same, later.
        confidence: of the intervals.

    Returns:
        The check. `agrees` where refusals fell, and deliveries rose by more than the others', both by more than
        campaigns differ; false where the figures say the contrary; None where they cannot say.
    """
    enforcing, others = _providers(before, after)
    ours = [[cell for cell in side if cell.provider in enforcing] for side in (before, after)]
    theirs = [[cell for cell in side if cell.provider in others] for side in (before, after)]
    share = partial(counted, metric=METRIC)
    moved = change(*(by_campaign(side, share) for side in ours))
    rest = change(*(by_campaign(side, share) for side in theirs))
    refused = change(*(by_campaign(side, _refused) for side in ours))
    agrees, why = _agreement(moved, rest, refused, ours, confidence)
    return Dose(
        enforcing=tuple(enforcing),
        others=tuple(others),
        moved_enforcing=single(moved, confidence).term if moved else None,
        moved_others=single(rest, confidence).term if rest else None,
        refused_before=_share(ours[0], confidence),
        refused_after=_share(ours[1], confidence),
        agrees=agrees,
        why=why,
    )


def _providers(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[list[str], list[str]]:
    """Who enforces, and who does not, of those that mail was sent to on both sides.

    One that began to enforce between the first day and the last is of neither kind: its own change is no dose.
    """
    both = {cell.provider for cell in before if cell.sent} & {cell.provider for cell in after if cell.sent}
    days = sorted(cell.day for cell in (*before, *after) if cell.day)
    enforcing: list[str] = []
    others: list[str] = []
    for provider in sorted(both - NEITHER):
        since = ENFORCED.get(_system(provider))
        if since is not None and (not days or since <= days[0]):
            enforcing.append(provider)
        elif since is None or days[-1] < since:
            others.append(provider)
    return enforcing, others


def _system(provider: str) -> str:
    """Whose mail system answers for a provider."""
    from deliverability.events.providers import PROVIDERS  # noqa: PLC0415 - tables that most comparisons do not need

    return PROVIDERS[provider].system if provider in PROVIDERS else provider


def _refused(cell: Cell) -> Share:
    """(messages refused or put off for how they were authenticated, sent)."""
    return min(sum(cell.auth_rejected.values()), cell.sent), cell.sent


def _share(cells: Iterable[Cell], confidence: float) -> ShareOf | None:
    pairs = [_refused(cell) for cell in cells]
    x, n = sum(x for x, _ in pairs), sum(n for _, n in pairs)
    if not n:
        return None
    low, high = wilson(x, n, confidence)
    return ShareOf(numerator=x, denominator=n, low=low, high=high)


def _agreement(
    moved: Change | None,
    rest: Change | None,
    refused: Change | None,
    ours: Sequence[Sequence[Cell]],
    confidence: float,
) -> tuple[bool | None, str]:
    """Whether it agrees, and why; the first reason that holds."""
    if moved is None or refused is None:
        return None, "No provider that enforces authentication has mail on both sides."
    if not any(x for x, _ in refused.before.values()):
        return None, "No message was refused for its authentication before the change, as far as the data say."
    if not total(ours[1], "bounced") and total(ours[1], "delivered") < total(ours[1], "sent"):
        return None, "The data after the change hold no bounces, so nobody can tell whether refusals fell."
    if rest is None:
        return None, "No other provider has mail on both sides, so there is nothing to compare with."
    fall, rise, more = single(refused, confidence), single(moved, confidence), contrast(moved, rest, confidence)
    if fall.difference >= 0:
        return False, "Refusals for authentication did not fall at the providers that enforce it."
    if rise.difference <= 0:
        return False, "Deliveries did not rise at the providers that enforce authentication."
    if more.difference <= 0:
        return False, "Deliveries rose no more at the providers that enforce authentication than at the others."
    if fall.high is None or rise.low is None or more.low is None:
        return None, f"Fewer than {CAMPAIGNS} campaigns a side: too few to tell the providers apart."
    if fall.high < 0 < min(rise.low, more.low):
        return (
            True,
            "Refusals fell and deliveries rose at the providers that enforce authentication, more than elsewhere.",
        )
    return None, "Refusals fell and deliveries rose where authentication is enforced, by no more than campaigns differ."
