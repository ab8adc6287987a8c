"""What waivers do to a gate: which finding one accepts, which have ended, and which nobody needs any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase

from deliverability.findings import Finding, Lack, Outcome, Severity
from deliverability.gate.model import Reason, Row, Taken, Waived
from deliverability.names import domain_name
from deliverability.policy.model import Policy, Waiver

GATE_WAIVER = "gate-waiver"
"""The gate's own: a waiver of a closing fault has expired."""
SOON = timedelta(days=14)
"""How long before its end a waiver is announced. Ours: a sprint, in which a team can still act."""

EXPIRED = "The waiver ended on {until} (owner: {owner}): {title}"
ENDED = "The waiver of {check} for {subject} ended on {until} (owner: {owner})."
ENDING = "The waiver of {check} for {subject} ends on {until} (owner: {owner})."
UNUSED = "The waiver of {check} for {subject} names no fault: it can go."
MEANT = "The waiver of {check} for {subject} names no fault: the fault's own subject is {meant}."

_WAIVABLE = {Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR}


def waivable(finding: Finding) -> bool:
    """Whether there is anything to accept: a fault, or what could be one and was looked for."""
    return finding.outcome in _WAIVABLE and finding.lack is not Lack.INPUT


class Waivers:
    """The waivers of a policy on one day, by the subject that each names to the letter."""

    def __init__(self, policy: Policy, today: date) -> None:
        self._policy = policy
        self._today = today
        self._by_subject: dict[str, list[Waiver]] = {}
        for waiver in policy.waivers:
            self._by_subject.setdefault(waiver.subject, []).append(waiver)

    def holding(self, finding: Finding) -> Waiver | None:
        """The waiver that accepts `finding`, of several the one that holds for longest."""
        if not waivable(finding):
            return None
        named = [waiver for waiver in self._naming(finding) if not self._is_over(waiver)]
        return max(named, key=lambda waiver: waiver.until, default=None)

    def waived(self, rows: Sequence[Row]) -> tuple[Waived, ...]:
        """What waivers took out of the decision."""
        return tuple(
            Waived(
                check=row.finding.check,
                domain=row.domain,
                subject=row.finding.subject,
                until=waiver.until,
                reason=waiver.reason,
                owner=waiver.owner,
            )
            for row in rows
            if row.taken is Taken.WAIVED and (waiver := self.holding(row.finding))
        )

    def expired(self, rows: Sequence[Row]) -> tuple[Reason, ...]:
        """A reason for each waiver that has ended and whose fault closes the gate.

        Its severity is high, so that it closes by default; the fault itself, which closes anyway, is a reason beside
        it. One that covers nothing grave is a note alone: no gate closes for want of tidiness.
        """
        return tuple(
            Reason(
                check=GATE_WAIVER,
                domain=row.domain,
                subject=row.finding.subject,
                severity=Severity.HIGH,
                why=EXPIRED.format(until=waiver.until, owner=waiver.owner, title=row.finding.title),
                place=waiver.place,
            )
            for row in rows
            if row.taken is Taken.CLOSES
            for waiver in self._naming(row.finding)
        )

    def notes(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Waivers that have ended, will soon, or are not needed; none of a domain that was not audited here."""
        named = {id(waiver) for row in rows if waivable(row.finding) for waiver in self._naming(row.finding)}
        elsewhere = self._policy.domains.keys() - {row.domain for row in rows}
        notes: list[str] = []
        for waiver in self._policy.waivers:
            if id(waiver) in named or not _belongs(waiver.subject, elsewhere):
                notes += self._said(waiver, used=id(waiver) in named, rows=rows)
        return tuple(notes)

    def _said(self, waiver: Waiver, *, used: bool, rows: Sequence[Row]) -> list[str]:
        said: list[str] = []
        if self._is_over(waiver):
            said.append(ENDED)
        elif used and waiver.until - self._today <= SOON:
            said.append(ENDING)
        meant = "" if used else _meant(waiver, rows)
        if not used:
            said.append(MEANT if meant else UNUSED)
        return [
            text.format(check=waiver.check, subject=waiver.subject, until=waiver.until, owner=waiver.owner, meant=meant)
            for text in said
        ]

    def _naming(self, finding: Finding) -> list[Waiver]:
        named = self._by_subject.get(finding.subject, ())
        return [waiver for waiver in named if _is_of(waiver, finding)]

    def _is_over(self, waiver: Waiver) -> bool:
        return waiver.until < self._today


def _belongs(subject: str, domains: Collection[str]) -> bool:
    """Whether `subject` is one of `domains`, or a name below it."""
    return any(subject == domain or subject.endswith(f".{domain}") for domain in domains)


def _meant(waiver: Waiver, rows: Sequence[Row]) -> str:
    """The subject of a fault that is the waiver's but for how a domain is written, or that a pattern would match.

    Empty where there is none.
    """
    written = _domain(waiver.subject)
    subjects = (row.finding.subject for row in rows if waivable(row.finding) and _is_of(waiver, row.finding))
    return next(
        (one for one in subjects if (written and _domain(one) == written) or fnmatchcase(one, waiver.subject)), ""
    )


def _domain(subject: str) -> str:
    """A subject that is a name, in A-labels and lower case; empty for another."""
    return domain_name(subject) or ""


def _is_of(waiver: Waiver, finding: Finding) -> bool:
    return fnmatchcase(finding.check, waiver.check)
