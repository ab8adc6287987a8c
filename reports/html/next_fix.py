"""Why one fix comes first: how much of the own mail it meets, how bad, how sure, how much work, what waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.arbitration import MESSAGES, Arbitration, Basis
from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Fix, Severity
from deliverability.reports import words
from deliverability.reports.arrange import find, grouped
from deliverability.reports.language import N_, _
from deliverability.reports.rates import percent
from deliverability.verdict import Word

CONSEQUENCES: Mapping[Severity, str] = {
    Severity.CRITICAL: N_("mail is or will be rejected, or can be forged at scale"),
    Severity.HIGH: N_("a large receiver penalises it, or a limit is broken"),
    Severity.MEDIUM: N_("works today, fails on a foreseeable event"),
    Severity.LOW: N_("good order"),
    Severity.INFO: N_("a note"),
}
"""What a severity says of the consequence."""

BASES: Mapping[Basis, str] = {
    Basis.MET: N_("certain: own mail was refused or reported for it"),
    Basis.TRIED: N_("DNS shows it, and the fix was tried in a copy"),
    Basis.SEEN: N_("DNS, a report, the message or the list shows it"),
}

REASONS: Mapping[str, str] = {
    "a-name-before-its-records": N_("records need a name that exists"),
    "one-readable-record-before-its-parts": N_("a record must be read before its parts count"),
    "authentication-before-policy": N_("a policy that refuses mail comes after the senders' own mail passes"),
    "reports-before-policy": N_("without reports nobody sees what a stricter policy would hit"),
    "a-name-before-its-greeting": N_("a server's greeting is held against its name"),
    "cause-before-consequence": N_("what follows from a fault goes with it"),
}
"""Words of `arbitration.ORDERS` in full."""

MAX_BEFORE = 4
"""Checks that are named as waiting; more are counted."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One fix that could come next: its finding where the document has it, and the grounds for its place.

    `grounds` are (what, said of it), in the order in which they weigh.
    """

    check: str
    subject: str
    finding: Finding | None
    grounds: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Next:
    """The fix to make next with the runners-up; `risk` says whether it can stop mail, `first` what has to wait."""

    choice: Choice
    why: str
    risk: str
    first: str
    runners_up: Sequence[Choice]


def next_fix(audit: Audit) -> Next | None:
    """What is to be mended next; None where nothing is."""
    chosen = audit.next_best_fix
    if chosen is None:
        return None
    choice = _choice(audit, chosen.check, chosen.subject, chosen.arbitration)
    return Next(
        choice=choice,
        why=chosen.why,
        risk=risk(choice.finding.fix) if choice.finding and choice.finding.fix else "",
        first=_first(chosen.arbitration),
        runners_up=[_choice(audit, one.check, one.subject, one.arbitration) for one in chosen.runners_up],
    )


def idle(audit: Audit) -> str:
    """What is said where nothing is to be mended: with no verdict, what would settle it."""
    if audit.verdict.word is Word.SEND:
        return _("No action needed.")
    settles = next((f.settle for f in grouped(audit.findings).unknown if f.settle), "")
    return " ".join(filter(None, (_("Nothing that was seen needs a repair."), settles)))


def risk(fix: Fix) -> str:
    """Whether a fix can stop mail that arrives today."""
    if not fix.safe:
        return _("can stop mail that arrives today: make it in steps, and watch the reports")
    return _("safe: it stops no mail that arrives today")


def _choice(audit: Audit, check: str, subject: str, why: Arbitration | None) -> Choice:
    return Choice(check, subject, find(audit, check, subject), _grounds(why) if why else [])


def _grounds(why: Arbitration) -> list[tuple[str, str]]:
    severity = _("{severity}: {consequence}").format(
        severity=words.LEVELS[why.severity], consequence=_(CONSEQUENCES[why.severity])
    )
    work = words.EFFORTS[why.effort] if why.effort else _("not known")
    return [
        (_("Share of your mail"), _affected(why)),
        (_("Consequence"), severity),
        (_("How sure"), _(BASES[why.basis])),
        (_("Work"), work),
    ]


def _affected(why: Arbitration) -> str:
    if why.affected is None or not why.of or why.affected < 0 or why.of < 0:
        return _("no figure tells: give events or DMARC reports")
    said = _("{share}: {affected} of {total} messages met it")
    if why.unit != MESSAGES:
        said = _("{share}: {affected} of {total} in the list")
    return said.format(share=percent(why.affected / why.of), affected=f"{why.affected:,}", total=f"{why.of:,}")


def _first(why: Arbitration | None) -> str:
    """What waits for the chosen fix, and the reason; empty where nothing does."""
    if why is None or not why.before:
        return ""
    checks = ", ".join(f"`{check}`" for check in why.before[:MAX_BEFORE])
    if more := len(why.before) - MAX_BEFORE:
        checks = _("{checks} and {number} more").format(checks=checks, number=more) if more > 0 else checks
    because = "; ".join(_(REASONS.get(word, word)) for word in why.because)
    return _("First this, then {checks}: {because}.").format(checks=checks, because=because)
