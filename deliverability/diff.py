"""What changed between two audits of one domain, by check and subject; could-not-look never counts as fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Outcome
from deliverability.plain import dumps_by_line

SCHEMA = "deliv.diff/1"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One (check, subject) before and after; None where that audit has no such finding."""

    before: Finding | None
    after: Finding | None

    @property
    def shown(self) -> Finding:
        """The finding that names the change: the later one, if there is one."""
        finding = self.after or self.before
        assert finding is not None  # noqa: S101 - a change has at least one side
        return finding


@dataclass(frozen=True, slots=True)
class AuditDiff:
    """Faults that are new, gone, different, the same, and those nobody can tell."""

    new: tuple[Change, ...] = ()
    fixed: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    still: tuple[Change, ...] = ()
    undecided: tuple[Change, ...] = ()


def diff(before: Audit, after: Audit) -> AuditDiff:
    """Lay two audits side by side. Only faults and what might be one are listed."""
    old, new = _by_key(before.findings), _by_key(after.findings)
    ran = {f.check for f in before.findings} & {f.check for f in after.findings}
    sorted_into: dict[str, list[Change]] = {f.name: [] for f in fields(AuditDiff)}
    for key in dict.fromkeys([*new, *old]):
        change = Change(old.get(key), new.get(key))
        kind = _kind(change, key[0] in ran)
        if kind is not None:
            sorted_into[kind].append(change)
    return AuditDiff(**{kind: tuple(sorted(changes, key=_order)) for kind, changes in sorted_into.items()})


def to_json(before: Audit, after: Audit, changes: AuditDiff) -> str:
    """The comparison as `deliv.diff/1`: each kind of change as a list of findings with both outcomes."""
    kinds = {kind: [_row(change) for change in getattr(changes, kind)] for kind in (f.name for f in fields(AuditDiff))}
    document = {
        "schema": SCHEMA,
        "before": {"domain": before.subject.domain, "started_at": before.started_at, "verdict": before.verdict.word},
        "after": {"domain": after.subject.domain, "started_at": after.started_at, "verdict": after.verdict.word},
        **kinds,
    }
    return dumps_by_line(document)


def _row(change: Change) -> dict[str, Any]:
    shown = change.shown
    row: dict[str, Any] = {"check": shown.check, "subject": shown.subject}
    for side in ("before", "after"):
        finding: Finding | None = getattr(change, side)
        row[side] = finding and {"outcome": finding.outcome, "severity": finding.severity, "title": finding.title}
    return row


def _by_key(findings: Sequence[Finding]) -> Mapping[Key, Finding]:
    return {(f.check, f.subject): f for f in findings}


_UNTOLD = {Outcome.UNKNOWN, Outcome.ERROR}


def _kind(change: Change, ran_both: bool) -> str | None:
    outcomes = [f.outcome for f in (change.before, change.after) if f is not None]
    was, now = (f is not None and f.outcome is Outcome.FAIL for f in (change.before, change.after))
    if not was and not now:
        return "undecided" if len(outcomes) == 2 and _became_unknown(change) else None
    if not ran_both or _UNTOLD.intersection(outcomes):
        return "undecided"
    if was and now:
        return "still" if _same(change) else "changed"
    return "new" if now else "fixed"


def _became_unknown(change: Change) -> bool:
    before, after = change.before, change.after
    return bool(before and after and after.outcome in _UNTOLD and before.outcome not in _UNTOLD)


def _same(change: Change) -> bool:
    before, after = change.before, change.after
    return bool(
        before and after and (before.severity, before.case, before.data) == (after.severity, after.case, after.data)
    )


def _order(change: Change) -> tuple[int, str, str]:
    finding = change.shown
    return (-finding.severity.rank, finding.check, finding.subject)
