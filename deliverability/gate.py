"""The gate's decision, pure: audits and a policy in, one word out, with every finding and how it was taken.

Two things close it: a fault at or above the line that is neither accepted nor known, and nothing else. A figure closes
it only beyond doubt. Two things leave it undetermined: what could not be looked at and might have closed it, and a
required input that nobody gave.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from deliverability.checks._thresholds import Standing
from deliverability.document import Audit
from deliverability.findings import Finding, Lack, Outcome, Severity
from deliverability.gate_places import LineOf, Places
from deliverability.gate_waivers import Waivers
from deliverability.gating import Decision, Gate, Reason, Row, Taken
from deliverability.policy.model import Need, OnUnknown, Policy

GATE_INPUT = "gate-input"
"""The gate's own: a required input was not given."""

UNDECIDED = "The figure may lie on either side of its line: undecided, so a warning."
MORE_SETTLES = "More mail settles it."
ON_THE_LINE = "No amount of mail at the same share settles it."
SETTLES_AT = "At the same share, {n:,} {of} would settle it; these are {denominator:,}."
BELOW = "Below the line of this gate ({severity})."
KNOWN = "In the baseline too, no better."
WORSE = "{title}. In the baseline: {before}."
ABSENT = "{need} is required, and none was given."
UNLIKE_RULES = "The baseline of {domain} is by other rules ({then}, now {now}): a check that it lacks counts as new."
UNLIKE_DOMAIN = "The baseline is also of domains that are not audited here: {domains}."
NO_BASELINE = "The baseline lacks domains, whose faults all count as new: {domains}."
MAX_NAMED = 3
"""Domains that one note names."""

Key = tuple[str, str]

NEVER_CLOSING = frozenset({Standing.OVER.value, "reporting", "hub", "undecided"})
"""The cases of figures that are past a line but not beyond doubt, or of which no interval can be given. They warn."""
_STANDINGS = {Standing.OVER.value: 1, Standing.WARN.value: 2, Standing.FAIL.value: 3}
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
    given: Collection[Need] = frozenset(),
    line_of: LineOf | None = None,
    published: Sequence[Audit] = (),
) -> Gate:
    """Decide on all audits at once.

    - today: the day (UTC) on which waivers are held against their last one.
    - baseline: audits of before, one a domain (of several the last); faults that they have, no better, do not close.
    - fail_on, on_unknown: in place of the policy's.
    - given: the inputs that the audits were given.
    - line_of: path and line of a name's records of a type in the zone files that answered or were laid over.
    - published: the audits without the records that are proposed; they are shown beside, and decide nothing.

    Raises ValueError where there is no audit: a gate that looked at nothing has nothing to say.
    """
    if not audits:
        raise ValueError("a gate needs an audit")
    line, lenience = fail_on or policy.fail_on, on_unknown or policy.on_unknown
    before = {audit.subject.domain: _faults(audit) for audit in baseline}
    waivers = Waivers(policy, today)
    places = Places(policy, line_of)
    rows = tuple(
        _Taking(line, waivers, before.get(audit.subject.domain), places).row(audit, finding)
        for audit in audits
        for finding in audit.findings
    )
    reasons = (*_reasons(rows), *waivers.expired(rows), *_absent(policy, given))
    decision = _decision(reasons)
    return Gate(
        decision=decision,
        exit_code=_exit_code(decision, lenience),
        fail_on=line,
        on_unknown=lenience,
        reasons=tuple(sorted(reasons, key=_order)),
        rows=rows,
        waived=waivers.waived(rows),
        notes=(*_about(baseline, audits), *waivers.notes(rows)),
        audits=tuple(audits),
        path=policy.path,
        baseline=tuple(baseline),
        published=tuple(published),
    )


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

    def row(self, audit: Audit, finding: Finding) -> Row:
        """`finding` with how it was taken."""
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
            domain=audit.subject.domain,
            finding=finding,
            taken=taken,
            why=why,
            settle=settle,
            place=waiver.place if waiver else self._places.of(audit.subject.domain, finding),
        )

    def _fault(self, finding: Finding) -> tuple[Taken, str, str]:
        if finding.case in NEVER_CLOSING:  # whatever a policy makes of its severity: never closed by chance
            return Taken.WARNS, UNDECIDED, _settle(finding)
        if not finding.severity.at_least(self._line):
            return Taken.WARNS, BELOW.format(severity=self._line.value), ""
        before = self._before.get((finding.check, finding.subject))
        if before is None:
            return Taken.CLOSES, "", ""
        if _badness(finding) > _badness(before):
            return Taken.CLOSES, WORSE.format(title=finding.title, before=before.title), ""
        return Taken.KNOWN, KNOWN, ""

    def _unseen(self, finding: Finding) -> tuple[Taken, str, str]:
        """What nobody could look at is never known from before: it may be worse by now."""
        grave = finding.severity.at_least(self._line) and finding.lack is not Lack.INPUT
        return (Taken.UNSETTLED if grave else Taken.UNASKED), "", finding.settle


def _badness(finding: Finding) -> tuple[int, int]:
    """Severity first, then, of a share, where it stands to its lines."""
    return finding.severity.rank, _STANDINGS.get(finding.case, 0) if "standing" in finding.data else 0


def _settle(finding: Finding) -> str:
    """How much mail would settle an undecided figure. What a document says of it may be anything."""
    data = finding.data
    at, now, of = (data.get(name) for name in ("settles_at", "denominator", "of"))
    if isinstance(at, int) and isinstance(now, int):
        return SETTLES_AT.format(n=at, denominator=now, of=of)
    if data.get("standing") in {Standing.PASS, Standing.BELOW_FLOOR}:
        return ""  # one of these is a fault by itself, and more mail would not mend it
    return ON_THE_LINE if "settles_at" in data else MORE_SETTLES


def _faults(audit: Audit) -> dict[Key, Finding]:
    """The faults of a baseline; of several about one thing the worst."""
    faults = sorted((f for f in audit.findings if f.outcome is Outcome.FAIL), key=_badness)
    return {(f.check, f.subject): f for f in faults}


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


def _absent(policy: Policy, given: Collection[Need]) -> tuple[Reason, ...]:
    """A reason for each input that the policy requires and nobody gave."""
    place = Places(policy).of_key("require")
    return tuple(
        Reason(
            check=GATE_INPUT,
            domain="",
            subject=need.value,
            severity=Severity.HIGH,
            why=ABSENT.format(need=f"--{need.value}"),
            taken=Taken.UNSETTLED,
            place=place,
        )
        for need in policy.require
        if need not in given
    )


def _about(baseline: Sequence[Audit], audits: Sequence[Audit]) -> tuple[str, ...]:
    """What of the baselines a reader should know."""
    now = {audit.subject.domain: audit.ruleset for audit in audits}
    then = {audit.subject.domain: audit.ruleset for audit in baseline}
    if not then:
        return ()
    notes = [
        text.format(domains=_few(names))
        for text, names in ((UNLIKE_DOMAIN, [*then.keys() - now.keys()]), (NO_BASELINE, [*now.keys() - then.keys()]))
        if names
    ]
    others = [domain for domain in then if domain in now and then[domain] != now[domain]]
    return tuple(notes + [UNLIKE_RULES.format(domain=domain, then=then[domain], now=now[domain]) for domain in others])


def _few(names: Sequence[str]) -> str:
    """Names in order, of many the first ones."""
    first = ", ".join(sorted(names)[:MAX_NAMED])
    return f"{first}, …" if len(names) > MAX_NAMED else first


def _order(reason: Reason) -> tuple[bool, int]:
    """What closes comes first, the worst of it at the top; otherwise as found."""
    return reason.taken is not Taken.CLOSES, -reason.severity.rank
