"""What a policy says, in the few lines that `deliv config check` shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from deliverability.checks import CHECKS
from deliverability.policy.judging import decision
from deliverability.policy.model import Policy, Waiver
from deliverability.text import visible

SOON = timedelta(days=30)
"""How long before its last day a waiver is said to end soon. Ours: time for a sprint or two."""
MOST_NAMES = 8
"""Names that one line lists; the rest are counted."""


def summary(policy: Policy, today: date) -> Iterator[tuple[str, str]]:
    """What was read, line by line: its name and what it says."""
    yield "gate", _gate(policy)
    yield "domains", _names([f"{name} ({one.owner})" if one.owner else name for name, one in policy.domains.items()])
    yield "checks", _checks(policy)
    yield "thresholds", _thresholds(policy)
    yield "waivers", f"{len(policy.waivers)}" if policy.waivers else "none"
    yield from (("", _ends(waiver, today)) for waiver in policy.waivers if waiver.until <= today + SOON)
    if policy.sources:
        yield "sources", _names(list(policy.sources))
    if policy.compare_events:
        yield "compare", f"{len(policy.compare_events)} events"


def _gate(policy: Policy) -> str:
    unknown = {"fail": "is undetermined", "warn": "warns", "pass": "passes"}[policy.on_unknown]
    needs = f"; requires {', '.join(policy.require)}" if policy.require else ""
    return f"closes on {policy.fail_on} or worse; {unknown} where it could not look{needs}"


def _checks(policy: Policy) -> str:
    decided = [said for check in CHECKS if (said := decision(policy.judging.severities, check.id))]
    off = sum(severity is None for _, severity in decided)
    unused = [pattern for pattern, _ in policy.judging.severities if pattern not in {name for name, _ in decided}]
    idle = f"; decides nothing, as another line does: {_names(unused)}" if unused else ""
    return f"{len(decided) - off} of another severity, {off} off, of {len(CHECKS)}{idle}"


def _thresholds(policy: Policy) -> str:
    lines = policy.judging.lines
    if lines is None:
        return "deliv's own"
    narrow = [
        f"{check} ({kind} {name})"
        for kind, found in (("provider", lines.by_provider), ("stream", lines.by_stream))
        for check, names in found.items()
        for name in names
    ]
    return _names([*lines.changes, *narrow])


def _ends(waiver: Waiver, today: date) -> str:
    when = "expired" if waiver.until < today else "ends soon"
    return f"{when}: {waiver.check} for {visible(waiver.subject)}, until {waiver.until.isoformat()} ({_owner(waiver)})"


def _owner(waiver: Waiver) -> str:
    return f"{visible(waiver.owner)}, line {waiver.place.line}"


def _names(names: Sequence[str] | Collection[str]) -> str:
    """Names in a line, bounded."""
    shown = [visible(name)[:100] for name in list(names)[:MOST_NAMES]]
    more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join(shown + more) or "none"
