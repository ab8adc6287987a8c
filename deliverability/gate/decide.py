"""The gate's decision, pure: audits and a policy in, one word out, with every finding and how it was taken.

One thing closes it: a fault at or above the line that is neither accepted nor known; an expired waiver of such a fault
is named beside it. A figure closes it only beyond doubt. Two things leave it undetermined: what could not be looked at
and might have closed it, and an input that is required and not there, or given and unread
(`deliverability.gate.inputs`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from deliverability.checks._thresholds import Standing
from deliverability.document import Audit
from deliverability.findings import Finding, Lack, Outcome, Severity
from deliverability.gate import inputs as gate_inputs
from deliverability.gate.baseline import Key, about, faults, idle, worse_than
from deliverability.gate.inputs import Content
from deliverability.gate.model import Decision, Gate, Reason, Row, Taken
from deliverability.gate.places import LineOf, Places
from deliverability.gate.waivers import Waivers
from deliverability.policy.model import Need, OnUnknown, Policy

UNDECIDED = "The figure may lie on either side of its line: undecided, so a warning."
MORE_SETTLES = "More mail settles it."
ON_THE_LINE = "No amount of mail at the same share settles it."
SETTLES_AT = "At the same share, {n:,} {of} would settle it; these are {denominator:,}."
BELOW = "Below the line of this gate ({severity})."
KNOWN = "In the baseline too, no better."

NEVER_CLOSING = frozenset({Standing.OVER.value, "reporting", "hub", "undecided"})
"""The cases of figures that are past a line but not beyond doubt, or of which no interval can be given. They warn."""
_NO_FAULT = {
    Outcome.PASS: Taken.PASSES,
    Outcome.INFO: Taken.PASSES,
    Outcome.NOT_APPLICABLE: Taken.INAPPLICABLE,
}


def of_audits(audits: Sequence[Audit], fail_on: Severity | None = None) -> Gate:
    """The gate of audits that no policy speaks of: every fault at or above `fail_on` (high by default) closes it."""
    return decide(audits, Policy(), today=datetime.now(UTC).date(), fail_on=fail_on)


def decide(
    audits: Sequence[Audit],
    policy: Policy,
    *,
    today: date,
    baseline: Sequence[Audit] = (),
    fail_on: Severity | None = None,
    on_unknown: OnUnknown | None = None,
    given: Collection[Need] | Mapping[Need, Content] = frozenset(),
    line_of: LineOf | None = None,
    published: Sequence[Audit] = (),
    deletions: Iterable[tuple[str, str]] = (),
) -> Gate:
    """Decide on all audits at once.

    - today: the day (UTC) on which waivers are held against their last one.
    - baseline: audits of before, one a domain (of several the last); faults that they have, no better, do not close.
    - fail_on, on_unknown: in place of the policy's.
    - given: the inputs that the audits were given, or what became of each (`deliverability.gate.inputs.contents`).
    - line_of: path and line of a name's records of a type in the zone files that answered or were laid over.
    - published: the audits without the records that are proposed; they are shown beside, and decide nothing.
    - deletions: name and type of what is proposed to be taken away.

    Raises ValueError where there is no audit: a gate that looked at nothing has nothing to say.
    """
    if not audits:
        raise ValueError("a gate needs an audit")
    line, lenience = fail_on or policy.fail_on, on_unknown or policy.on_unknown
    before = {audit.subject.domain: faults(audit) for audit in baseline}
    waivers = Waivers(policy, today)
    places = Places(policy, line_of)
    rows = tuple(
        row for audit in audits for row in _Taking(line, waivers, before.get(audit.subject.domain), places).rows(audit)
    )
    reasons = (*_reasons(rows), *waivers.expired(rows), *gate_inputs.reasons(policy, given))
    decision = _decision(reasons)
    return Gate(
        decision=decision,
        exit_code=_exit_code(decision, lenience),
        fail_on=line,
        on_unknown=lenience,
        reasons=tuple(sorted(reasons, key=_order)),
        rows=rows,
        waived=waivers.waived(rows),
        notes=(
            *gate_inputs.notes(policy, given),
            *gate_inputs.idle_lines(row.finding for row in rows),
            *idle(deletions, published),
            *about(baseline, audits),
            *waivers.notes(rows),
        ),
        audits=tuple(audits),
        path=policy.path,
        owners=_owners(policy, audits),
        baseline=tuple(baseline),
        published=tuple(published),
    )


def _owners(policy: Policy, audits: Sequence[Audit]) -> dict[str, str]:
    declared = (policy.domains.get(audit.subject.domain) for audit in audits)
    return {one.name: one.owner for one in declared if one is not None and one.owner}


def _decision(reasons: Collection[Reason]) -> Decision:
    taken = {reason.taken for reason in reasons}
    if Taken.CLOSES in taken:
        return Decision.CLOSED
    return Decision.UNDETERMINED if taken else Decision.OPEN


def _exit_code(decision: Decision, lenience: OnUnknown) -> int:
    if decision is Decision.UNDETERMINED:
        return 3 if lenience is OnUnknown.FAIL else 0
    return 1 if decision is Decision.CLOSED else 0


class _Taking:
    """How the findings of one audit are taken: by the line, the waivers, and the faults that were there before."""

    def __init__(self, line: Severity, waivers: Waivers, before: Mapping[Key, Finding] | None, places: Places) -> None:
        self._line = line
        self._waivers = waivers
        self._before = before or {}
        self._places = places

    def rows(self, audit: Audit) -> Iterable[Row]:
        """Every finding with how it was taken."""
        return (self._row(audit.subject.domain, finding) for finding in audit.findings)

    def _row(self, domain: str, finding: Finding) -> Row:
        waiver = self._waivers.holding(finding)
        if waiver is not None:
            taken, why, settle = Taken.WAIVED, waiver.reason, ""
        elif finding.outcome is Outcome.FAIL:
            taken, why, settle = self._fault(finding)
        elif finding.outcome in _NO_FAULT:
            taken, why, settle = _NO_FAULT[finding.outcome], "", ""
        else:
            taken, why, settle = self._unseen(finding)
        return Row(
            domain=domain,
            finding=finding,
            taken=taken,
            why=why,
            settle=settle,
            place=waiver.place if waiver else self._places.of(domain, finding),
        )

    def _fault(self, finding: Finding) -> tuple[Taken, str, str]:
        if finding.case in NEVER_CLOSING:  # whatever a policy makes of its severity: never closed by chance
            return Taken.WARNS, UNDECIDED, _settle(finding)
        if not finding.severity.at_least(self._line):
            return Taken.WARNS, BELOW.format(severity=self._line.value), ""
        before = self._before.get((finding.check, finding.subject))
        if before is None:
            return Taken.CLOSES, "", ""
        if worse := worse_than(before, finding):
            return Taken.CLOSES, worse, ""
        return Taken.KNOWN, KNOWN, ""

    def _unseen(self, finding: Finding) -> tuple[Taken, str, str]:
        """What nobody could look at is never known from before: it may be worse by now."""
        grave = finding.severity.at_least(self._line) and finding.lack is not Lack.INPUT
        return (Taken.UNSETTLED if grave else Taken.UNASKED), "", finding.settle


def _settle(finding: Finding) -> str:
    """How much mail would settle an undecided figure. What a document says of it may be anything."""
    data = finding.data
    at, now, of = (data.get(name) for name in ("settles_at", "denominator", "of"))
    if isinstance(at, int) and isinstance(now, int):
        return SETTLES_AT.format(n=at, denominator=now, of=of)
    if data.get("standing") in {Standing.PASS, Standing.BELOW_FLOOR}:
        return ""  # one of these is a fault by itself, and more mail would not mend it
    return ON_THE_LINE if "settles_at" in data else MORE_SETTLES


def _reasons(rows: Sequence[Row]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            check=row.finding.check,
            domain=row.domain,
            subject=row.finding.subject,
            severity=row.finding.severity,
            why=_why(row),
            taken=row.taken,
            place=row.place,
        )
        for row in rows
        if row.taken in {Taken.CLOSES, Taken.UNSETTLED}
    )


def _why(row: Row) -> str:
    said = row.why or row.finding.title
    return f"{said.removesuffix('.')}. {row.settle}" if row.settle else said


def _order(reason: Reason) -> tuple[bool, int]:
    """What closes comes first, the worst of it at the top; otherwise as found."""
    return reason.taken is not Taken.CLOSES, -reason.severity.rank
