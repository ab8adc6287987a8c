"""What the findings come to: the verdict's word and sentence, the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Lack, Outcome, Owner, Role, Severity, Subject


class Word(StrEnum):
    """The verdict."""

    SEND = "send"
    FIX_FIRST = "fix_first"
    DO_NOT_SEND = "do_not_send"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, one sentence that explains it, and what keeps it from being more certain."""

    word: Word
    sentence: str
    why_not_more_certain: tuple[str, ...] = ()


MAX_REASONS = 12
"""Reasons shown in `why_not_more_certain`; the rest are counted. The findings list them all."""
MAX_ALIKE = 3
"""Reasons that the same would settle and that stand by themselves; more are one reason."""


def decide(subject: Subject, findings: Sequence[Finding]) -> Verdict:
    """The verdict of an audit, by the rules of the published contract."""
    worst = _failed(findings)
    critical = [f for f in worst if f.severity is Severity.CRITICAL]
    high = [f for f in worst if f.severity is Severity.HIGH]
    open_questions = [f for f in findings if _could_be_blocking(f)]
    reasons = _reasons(findings)
    if critical:
        return Verdict(Word.DO_NOT_SEND, _sentence(_stop(subject.role, critical[0]), critical), reasons)
    if high:
        return Verdict(Word.FIX_FIRST, _sentence("Not yet in order", high), reasons)
    if open_questions:
        more = f", and {len(open_questions) - 1} more" if len(open_questions) > 1 else ""
        return Verdict(Word.UNDETERMINED, f"{_unseen(findings)}: {open_questions[0].title}{more}.", reasons)
    return Verdict(Word.SEND, _clear(subject.role, worst), reasons)


_STOP = {
    Role.SENDING: "Mail from this domain is or will be rejected or spoofed",
    Role.RECEIVING: "This domain is open to abuse or loses mail",
    Role.PARKED: "This domain can be abused",
}


_CAMPAIGN = "This campaign must not go out as it is"


def _stop(role: Role, worst: Finding) -> str:
    """Why nothing is to be sent: a fault of the domain's, or one of the message or the list by itself."""
    owner = worst.fix.owner if worst.fix and worst.check.startswith(("message-", "recipients-")) else Owner.DNS
    return _CAMPAIGN if owner in {Owner.CONTENT, Owner.LIST} else _STOP[role]


def _failed(findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.outcome is Outcome.FAIL]


def _could_be_blocking(finding: Finding) -> bool:
    return (
        finding.outcome in {Outcome.UNKNOWN, Outcome.ERROR}
        and finding.lack is not Lack.INPUT
        and finding.severity.at_least(Severity.HIGH)
    )


def _sentence(opening: str, findings: list[Finding]) -> str:
    more = len(findings) - 1
    tail = f" ({more} more like it)" if more else ""
    return f"{opening}: {findings[0].title}{tail}."


def _unseen(findings: Sequence[Finding]) -> str:
    """How much was seen: of a domain of which nothing was, nothing good is said."""
    if any(f.outcome in {Outcome.PASS, Outcome.FAIL, Outcome.INFO} for f in findings):
        return "No blocking fault was seen, but not everything was"
    return "Nothing could be looked at"


def _clear(role: Role, remaining: list[Finding]) -> str:
    word = {
        Role.SENDING: "Nothing that was checked keeps mail from people",
        Role.RECEIVING: "Nothing that was checked keeps this domain from receiving mail safely",
        Role.PARKED: "Nothing that was checked lets anyone send as this domain",
    }[role]
    return (
        f"{word}; {len(remaining)} recommended improvement{'s' * (len(remaining) != 1)}." if remaining else f"{word}."
    )


def _reasons(findings: Sequence[Finding]) -> tuple[str, ...]:
    unknown = [f for f in findings if f.outcome in {Outcome.UNKNOWN, Outcome.ERROR} and not f.is_unasked]
    unknown.sort(key=lambda f: (f.lack is Lack.INPUT, -f.severity.rank))
    texts = [text for members in _by_settle(unknown) for text in _said_of(members)]
    wanting = Counter(f.settle for f in findings if f.is_unasked)
    texts += [
        f"{number} {'check has' if number == 1 else 'checks have'} nothing to judge. {settle}"
        for settle, number in wanting.items()
    ]
    rest = len(texts) - MAX_REASONS
    return tuple(texts[:MAX_REASONS]) + ((f"{rest} more could not be checked.",) if rest > 0 else ())


def _by_settle(unknown: Sequence[Finding]) -> list[list[Finding]]:
    alike: dict[str, list[Finding]] = {}
    for finding in unknown:
        alike.setdefault(finding.settle or finding.title, []).append(finding)
    return list(alike.values())


def _said_of(unknown: Sequence[Finding]) -> list[str]:
    """Reasons that the same would settle: each by itself, or one for many."""
    texts = list(dict.fromkeys(f"{f.title}. {f.settle}".strip() for f in unknown))
    if len(texts) <= MAX_ALIKE:
        return texts
    return [f"{len(unknown)} checks could not be made, one of them: {texts[0]}"]


def exit_code(verdicts: Sequence[tuple[Verdict, Sequence[Finding]]], fail_on: Severity | None) -> int:
    """0, 1 or 3 for a whole run, as the published contract has it: 1 beats 3 beats 0."""
    codes = {_one_exit(verdict, findings, fail_on) for verdict, findings in verdicts}
    return combined(codes)


def combined(codes: Collection[int]) -> int:
    """The exit code of what ended with each of `codes`: 1 beats 3 beats 0."""
    return next((code for code in (1, 3) if code in codes), 0)


def _one_exit(verdict: Verdict, findings: Sequence[Finding], fail_on: Severity | None) -> int:
    if fail_on is None:
        return 3 if verdict.word is Word.UNDETERMINED else 0
    grave = [f for f in findings if f.severity.at_least(fail_on)]
    if any(f.outcome is Outcome.FAIL for f in grave):
        return 1
    return 3 if any(f.outcome in {Outcome.UNKNOWN, Outcome.ERROR} and f.lack is not Lack.INPUT for f in grave) else 0
