"""The findings of two audits laid beside a change: with which it is consistent, and which cannot be told apart.

A fault of the domain acts on mail in one of two ways that can be seen. A receiver refuses the mail and names the
requirement by its code: then the messages refused with these codes are counted on both sides. Or it leaves no trace:
then there is the rate alone, which every other repair of the same days may have moved as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deliverability.compare.campaigns import Table
from deliverability.compare.cut import cut
from deliverability.compare.evidence.grade import beyond_noise
from deliverability.compare.evidence.sentences import RATES
from deliverability.compare.figures import listed, signed
from deliverability.compare.result import Attribution, Comparison
from deliverability.diff import Change, diff
from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Severity
from deliverability.refusals import Refusals, Refused, of, share_of

MOST = 200
"""Findings that are laid beside a change, the gravest first within their kind; our own bound."""
MEASURED = frozenset({"rates", "findings", "dmarc_reports", "tls_reports", "postmaster", "snds", "senderhub"})
"""Inputs of checks that measure what mail met: what they find is the change itself and not its cause."""
ACTING = (
    *("spf-", "dkim-", "dmarc-", "host-", "blocklist-"),
    *("message-dkim", "message-spf", "message-dmarc-alignment", "message-from", "message-links"),
)
"""How checks begin that look at what a receiver decides by about mail that is sent."""
NOT_ACTING = frozenset(
    (
        *("dmarc-rua", "dmarc-ruf", "dmarc-external-authorisation", "dmarc-psd", "dmarc-parked", "dmarc-removed-tags"),
        *("dmarc-tags-without-effect", "dmarc-subdomain-policy", "spf-parked", "dkim-parked", "spf-unused-terms"),
    )
)
"""Those of them that look at reports, at names that do not send, and at what has no effect."""
GAIN: Mapping[str, int] = {"fixed": 1, "new": -1, "remaining": 0}
"""Status → the direction in which a rate goes that it explains."""

CONSISTENT, CONFOUNDED, NO_CHANGE, UNRELATED = "consistent", "confounded", "no_change", "unrelated"

SENTENCES: Mapping[str, str] = {
    "remaining": "Still there, so it explains nothing of the change.",
    "remaining_codes": "Still there, so it explains nothing of the change; {after} messages are refused or put off"
    " {why}.",
    "unrelated": "It does not act on how mail that is sent is received, so it explains nothing of the change.",
    "harmless": "A fault of this severity keeps no mail out by itself, so it explains nothing of the change.",
    "codes": "Consistent with the change: {turned}.",
    "codes_shared": "Confounded by {others}, of the same time: {turned}, and the codes do not tell them apart.",
    "codes_same": "No change: {went}, not {way} by more than campaigns differ.",
    "codes_E0": "{went}. At grade E0 this says nothing about why.",
    "part": "What part it has in {rate} cannot be told from that of {others}.",
    "rate": "Consistent with the change of {moved}; no refusal names this fault, so nothing more can be said.",
    "rate_shared": "Confounded by {others}: each may have moved {moved}, and no refusal tells them apart.",
    "rate_same": "No change: {moved} changed by no more than campaigns differ.",
    "rate_against": "No change that it explains: {moved} went the other way.",
    "rate_untested": "At grade {grade} nothing can be said of what it did.",
}
"""What may be said of a finding. Nothing here calls it a cause."""


class NotOneDomain(ValueError):
    """The audits are of two domains, so that nothing was fixed between them; the message names both."""


Judged = tuple[str, str]
"""Relation and sentence."""


def attribute(
    comparison: Comparison, before: Audit | None, after: Audit | None, first: Table, second: Table | None = None
) -> tuple[Attribution, ...]:
    """The fixed, new and remaining findings beside the change.

    Nothing is called a cause. At E0 nothing is said to be consistent with anything; from E1 on, what changed beyond
    noise in the direction that a finding explains is consistent with it, unless another one explains it as well.

    Args:
        comparison: of `first` and `second`, for its question, grade and metrics.
        before: the audit of the time before; without it nothing can be said.
        after: the audit of the time after.
        first: what was compared: the first set, or the one that was cut.
        second: the second set, or None.

    Returns:
        At most MOST; none where the comparison was refused.

    Raises:
        NotOneDomain: The audits are of two domains.
    """
    if before is None or after is None or comparison.refused:
        return ()
    if before.subject.domain != after.subject.domain:
        raise NotOneDomain(f"the audits are of two domains: {before.subject.domain} and {after.subject.domain}")
    sides = cut(first, second, comparison.question)
    refusals = Refusals(sides.before, sides.after, comparison.question.confidence)
    laid = _Laid.of(_causes(before, after), comparison, refusals)
    return tuple(laid.attribution(one) for one in laid.causes[:MOST])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """One finding that may be a cause. `requirements`: what a receiver's code names where mail is refused for it."""

    status: str
    finding: Finding
    requirements: frozenset[str]

    @property
    def acts(self) -> bool:
        """Whether it can act on mail that is sent."""
        check = self.finding.check
        looked_at = bool(self.requirements) or (check.startswith(ACTING) and check not in NOT_ACTING)
        return looked_at and self.weighs

    @property
    def weighs(self) -> bool:
        """Whether a receiver minds it today: what is of medium severity works until something else happens."""
        return self.finding.severity.at_least(Severity.HIGH)


def _causes(before: Audit, after: Audit) -> list[_Cause]:
    """Faults that came, went and stayed, the gravest first within each; without those that only measure the change."""
    from deliverability.checks import CHECKS  # noqa: PLC0415 - loads every check, and only an attribution needs them
    from deliverability.checks._bounce_causes import REQUIREMENTS  # noqa: PLC0415 - as above

    changes = diff(before, after)
    measuring = {check.id for check in CHECKS if MEASURED.intersection(check.needs)}
    named: dict[str, set[str]] = {}
    for name, requirement in REQUIREMENTS.items():
        for check in requirement.checks:
            named.setdefault(check, set()).add(name)
    kinds: tuple[tuple[str, Iterable[Change]], ...] = (
        ("fixed", changes.fixed),
        ("new", changes.new),
        ("remaining", sorted((*changes.still, *changes.changed), key=lambda one: -one.shown.severity.rank)),
    )
    return [
        _Cause(status=status, finding=finding, requirements=frozenset(named.get(finding.check, ())))
        for status, found in kinds
        for finding in (_fault(status, one) for one in found)
        if finding.check not in measuring
    ]


def _fault(status: str, found: Change) -> Finding:
    """The finding as it was while it failed: what was fixed has the title of what was wrong."""
    return found.before if status == "fixed" and found.before is not None else found.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """All that a finding is laid beside.

    - rate: the graded metric that changed by more than campaigns differ, or the first that has a difference.
    - changed: whether one did.
    """

    causes: list[_Cause]
    comparison: Comparison
    refusals: Refusals
    rate: str
    changed: bool

    @classmethod
    def of(cls, causes: list[_Cause], made: Comparison, refusals: Refusals) -> _Laid:
        """Choose the rate that the question rests on."""
        beyond = beyond_noise(made.metrics, made.question.metrics)
        known = [name for name in made.question.metrics if made.metrics[name].difference is not None]
        return cls(
            causes=causes,
            comparison=made,
            refusals=refusals,
            rate=(*beyond, *known, *made.question.metrics)[0],
            changed=bool(beyond),
        )

    def attribution(self, one: _Cause) -> Attribution:
        """One finding with what may be said of it."""
        named = one.requirements and one.weighs and self.refusals.met
        refused = self.refusals.of(one.requirements) if named else None
        traced = refused if refused is not None and refused.any else None
        rivals = self._rivals(one, by_code=traced is not None)
        relation, text = self._judged(one, traced, rivals)
        confidence = self.comparison.question.confidence
        return Attribution(
            check=one.finding.check,
            subject=one.finding.subject,
            title=one.finding.title,
            status=one.status,
            relation=relation,
            text=text,
            codes=refused.codes if refused else (),
            refused_before=share_of(refused.before, confidence) if refused else None,
            refused_after=share_of(refused.after, confidence) if refused else None,
            together=tuple(rivals),
        )

    def _rivals(self, one: _Cause, *, by_code: bool) -> list[str]:
        """Other checks whose faults came or went at the same time and act on the same codes, or on the same rate."""
        if one.status == "remaining" or not one.acts:
            return []
        found = [
            other.finding.check
            for other in self.causes
            if other.status == one.status and other.finding.check != one.finding.check and other.acts
            if not by_code or other.requirements & one.requirements & self.refusals.met
        ]
        return list(dict.fromkeys(found))

    def _judged(self, one: _Cause, refused: Refused | None, rivals: list[str]) -> Judged:
        if one.status == "remaining":
            return NO_CHANGE, _remaining(refused)
        if not one.acts:
            return UNRELATED, SENTENCES["unrelated" if one.weighs else "harmless"]
        if refused is None:
            return self._by_rate(GAIN[one.status], rivals)
        relation, text = self._by_code(GAIN[one.status], refused, rivals)
        others = self._others(self._rivals(one, by_code=False))
        if relation == CONSISTENT and others:
            text = f"{text} {SENTENCES['part'].format(rate=RATES[self.rate], others=others)}"
        return relation, text

    def _by_code(self, gain: int, refused: Refused, rivals: list[str]) -> Judged:
        """By the refusals that name its fault: those of what was fixed fall."""
        went, turned = refused.words("went"), refused.words("fell" if gain > 0 else "rose")
        if self.comparison.grade == "E0":
            relation = NO_CHANGE if refused.before == refused.after else CONFOUNDED
            return relation, SENTENCES["codes_E0"].format(went=went[:1].upper() + went[1:])
        if not refused.beyond(-gain):
            return NO_CHANGE, SENTENCES["codes_same"].format(went=went, way="down" if gain > 0 else "up")
        if rivals:
            return CONFOUNDED, SENTENCES["codes_shared"].format(others=listed(rivals), turned=turned)
        return CONSISTENT, SENTENCES["codes"].format(turned=turned)

    def _by_rate(self, gain: int, rivals: list[str]) -> Judged:
        """By the rate alone, which anything of the same time may have moved."""
        metric = self.comparison.metrics[self.rate]
        if metric.difference is None or (not self.changed and metric.p is None):
            return CONFOUNDED, SENTENCES["rate_untested"].format(grade=self.comparison.grade)
        moved = f"{RATES[self.rate]} ({signed(metric.difference)} points)"
        if not self.changed:
            return NO_CHANGE, SENTENCES["rate_same"].format(moved=moved)
        if self.comparison.grade == "E0":
            return CONFOUNDED, SENTENCES["rate_untested"].format(grade="E0")
        if metric.difference * gain < 0:
            return NO_CHANGE, SENTENCES["rate_against"].format(moved=moved)
        if others := self._others(rivals):
            return CONFOUNDED, SENTENCES["rate_shared"].format(others=others, moved=moved)
        return CONSISTENT, SENTENCES["rate"].format(moved=moved)

    def _others(self, rivals: list[str]) -> str:
        """What else happened that may have moved the rate: other findings, and what the user said."""
        events = [f"{day.label or 'another event'} ({day.date})" for day in self.comparison.question.concurrent]
        return listed([*rivals, *events])


def _remaining(refused: Refused | None) -> str:
    if refused is None or not refused.after[0]:
        return SENTENCES["remaining"]
    return SENTENCES["remaining_codes"].format(after=of(refused.after), why=refused.why())
