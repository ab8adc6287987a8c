"""Is that good? What SPF says of the addresses that send, and of the name they greet with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from deliverability.checks._check import Judgements, answer_evidence, check, failed, not_applicable, passed, unknown
from deliverability.checks._spf import brief, marked, with_answer
from deliverability.findings import Effort, Evidence, Judgement, Lack, Role, Severity, Subject
from deliverability.lookup.answer import Answer, Status
from deliverability.protocols.spf.facts import Authorisation, NodeError, SpfFacts, VoidKind
from deliverability.protocols.spf.limits import MAX_VOID_LOOKUPS
from deliverability.protocols.spf.record import is_spf
from deliverability.protocols.spf.trace import Asked, Cause, Result, Step, StepOutcome
from deliverability.protocols.spf.tree import nodes
from deliverability.sources import rfc

MOST_STEPS = 200
"""Ours: steps of a trace that are shown, the last ones, which decide."""
MOST_TEXTS = 3
"""Ours: records of one answer in a remark."""


@check(
    "spf-helo",
    Severity.MEDIUM,
    rfc(7208, "2.3"),
    rfc(7208, "10.1.3"),
    titles={
        "pass": "The HELO name {helo} has SPF of its own",
        "fail": "The HELO name {helo} has no SPF record, so bounces sent with an empty return path have none",
        "refused": "SPF of the HELO name {helo} does not pass for {ip} ({result})",
        "broken": "SPF of the HELO name {helo} is permerror for {ip}: {reason}",
    },
    fixes={
        "refused": "Add the address to the SPF record of the HELO name.",
        "broken": "Correct the SPF record of the HELO name at the marked place.",
    },
    settle="Give the name that the servers greet with by --helo.",
)
@with_answer
def spf_helo(subject: Subject, spf: SpfFacts) -> Judgements:
    """The name that the servers greet with has SPF of its own.

    Why it matters: a bounce has no return path, and receivers then judge the HELO name.

    How to fix: publish a TXT record such as `v=spf1 a -all` at the HELO name.
    """
    helo = spf.helo
    if helo is None:
        return _not_given(subject)
    if not helo.answer.answered:
        return unknown(helo.answer, subject=helo.name)
    if not helo.records:
        return failed(helo.name, evidence=answer_evidence(helo.answer), helo=helo.name)
    refused = [one for one in helo.authorises if one.check.result is not Result.PASS]
    temporary = [answer for one in refused for answer in _failed_questions(one)]
    if temporary:
        return unknown(*temporary, subject=helo.name)
    if refused:
        return _refused(helo.name, refused[0])
    return passed(helo.name, evidence=answer_evidence(helo.answer), helo=helo.name)


def _not_given(subject: Subject) -> Judgement:
    """A domain that sends nothing has no sending server to ask for."""
    return unknown(lack=Lack.INPUT) if subject.role is Role.SENDING else not_applicable()


def _refused(helo: str, one: Authorisation) -> Judgement:
    result = one.check.result
    return failed(
        helo,
        case="broken" if result is Result.PERMERROR else "refused",
        evidence=_trace_evidence(one),
        helo=helo,
        ip=one.ip,
        result=result.value,
        reason=_REASONS.get(one.check.cause, ""),
    )


@check(
    "spf-authorises",
    Severity.HIGH,
    rfc(7208, "4"),
    titles={
        "pass": "{ip} passes SPF",
        "fail": "{ip} does not pass SPF: `{term}` makes it {result}",
        "unmatched": "{ip} does not pass SPF: no term of the record matches it",
        "none": "{ip} cannot pass SPF: {reason}",
        "permerror": "{ip} cannot pass SPF, the result is permerror: {reason}",
        "temperror": "SPF of {ip} could not be finished: {reason}",
    },
    fixes={
        "none": "Publish an SPF record that lists the address; {cause_check} says more.",
        "permerror": "Correct what {cause_check} names. Until then listing the address changes nothing.",
    },
    settle="Give the sending addresses with --ip.",
)
@with_answer
def spf_authorises(subject: Subject, spf: SpfFacts) -> Iterator[Judgement]:
    """Every sending address passes.

    Why it matters: mail from an address that the record does not cover is refused or filed as spam.

    How to fix: add the address, or the include of the service that owns it, in front of `all`.
    """
    if not spf.authorises:
        yield _not_given(subject)
    for one in spf.authorises:
        yield _authorised(spf, one)


def _authorised(spf: SpfFacts, one: Authorisation) -> Judgement:
    result, cause = one.check.result, one.check.cause
    rows = _trace_evidence(one)
    data: dict[str, Any] = {"ip": one.ip, "result": result.value, "cause": cause.value}
    if result is Result.PASS:
        return passed(one.ip, evidence=rows, **data)
    last = one.check.trace[-1] if one.check.trace else None
    data |= {"record": last and brief(last.domain), "term": last and brief(last.term)}
    if result is Result.TEMPERROR:
        silent = _failed_questions(one)
        reason = f"no answer for {silent[-1].name} {silent[-1].rdtype}" if silent else "it took too long"
        return unknown(*silent, subject=one.ip, case="temperror", evidence=rows, reason=reason, **data)
    if cause is Cause.MATCH:
        return failed(one.ip, evidence=rows, **data)
    if result is Result.NEUTRAL:
        return failed(one.ip, case="unmatched", evidence=rows, **data)
    cause_check = _cause_check(spf, cause, last)
    return failed(
        one.ip,
        case=result.value,
        # where the standard can be read in two ways, some receivers let the address pass
        severity=Severity.MEDIUM if cause_check == "spf-receivers-differ" else None,
        evidence=rows,
        effort=Effort.MEDIUM,  # what is to be done is the fix of another finding, which comes first
        reason=_REASONS[cause],
        cause_check=cause_check,
        **data,
    )


_REASONS = {
    Cause.NO_RECORD: "there is no SPF record",
    Cause.MALFORMED_DOMAIN: "SPF is not checked for a name of one label",
    Cause.SEVERAL_RECORDS: "one name has several SPF records",
    Cause.SYNTAX: "a record has a syntax error",
    Cause.LOOKUP_LIMIT: "it takes more than ten DNS lookups",
    Cause.VOID_LIMIT: "more than two lookups find nothing",
    Cause.MX_LIMIT: "an `mx` term stands for more than ten mail hosts",
    Cause.INCLUDE_WITHOUT_RECORD: "an include leads to no SPF record",
    Cause.REDIRECT_WITHOUT_RECORD: "the redirect leads to no SPF record",
}
_CHECKS = {
    Cause.NO_RECORD: "spf-present",
    Cause.MALFORMED_DOMAIN: "spf-present",
    Cause.SYNTAX: "spf-syntax",
    Cause.MX_LIMIT: "spf-mx-limit",
    Cause.INCLUDE_WITHOUT_RECORD: "spf-include-resolves",
    Cause.REDIRECT_WITHOUT_RECORD: "spf-include-resolves",
}


def _cause_check(spf: SpfFacts, cause: Cause, last: Step | None) -> str:
    """The check whose finding is why there is no result."""
    if cause is Cause.SEVERAL_RECORDS:
        return "spf-include-resolves" if last and last.term else "spf-single"
    if cause is Cause.LOOKUP_LIMIT:
        return "spf-loop" if any(node.error is NodeError.LOOP for node in nodes(spf.tree)) else "spf-lookup-limit"
    if cause is Cause.VOID_LIMIT:
        sure = max(count.count(VoidKind.TERM, VoidKind.VARYING) for count in spf.voids)
        return "spf-void-limit" if sure > MAX_VOID_LOOKUPS else "spf-receivers-differ"
    return _CHECKS[cause]


_UNANSWERED = {Status.SERVFAIL, Status.REFUSED, Status.TIMEOUT}


def _trace_evidence(one: Authorisation) -> tuple[Evidence, ...]:
    """The trace, each term marked in its record: those that cost a lookup, and the last, which decides."""
    trace = one.check.trace
    if not trace:
        return ()
    texts = {asked.name: text for step in trace for asked in step.asked if (text := _spf_text(asked))}
    spending = [later for step, later in pairwise(trace) if later.lookups > step.lookups]
    rows = [_term_evidence(step, texts, spent=True) for step in spending[-MOST_STEPS:]]
    return tuple(rows) if trace[-1] in spending else (*rows, *_last_evidence(trace[-1], texts))


def _spf_text(asked: Asked) -> str:
    return next((text for text in asked.records if is_spf(text)), "") if asked.rdtype == "TXT" else ""


def _last_evidence(step: Step, texts: dict[str, str]) -> tuple[Evidence, ...]:
    if step.span is not None:
        return (_term_evidence(step, texts, spent=False),)
    found = [text for asked in step.asked for text in asked.records if is_spf(text)]
    status = next((asked.status.value for asked in step.asked if not asked.records), "no SPF record")
    return tuple(Evidence("spf_step", brief(step.domain), "TXT", brief(text)) for text in found[:MOST_STEPS]) or (
        Evidence("spf_step", brief(step.domain), "TXT", note=status),
    )


def _term_evidence(step: Step, texts: dict[str, str], *, spent: bool) -> Evidence:
    """One term: which lookup it is, what became of it, and what DNS said."""
    became = "followed" if step.outcome is StepOutcome.MATCH and "=" in step.term else _WORDS[step.outcome]
    outcome = f"lookup {step.lookups}, {became}" if spent else became
    said = "; ".join(filter(None, map(_said, step.asked)))
    note = brief(f"{outcome}: {said}" if said else outcome)
    text = texts.get(step.domain.lower().removesuffix("."))
    if step.span is None or text is None:
        return Evidence("spf_step", brief(step.domain), "TXT", brief(step.term), note=note)
    return marked("spf_step", brief(step.domain), text, step.span, note)


_WORDS = {
    StepOutcome.MATCH: "matches",
    StepOutcome.NO_MATCH: "no match",
    StepOutcome.TEMPERROR: "temperror",
    StepOutcome.PERMERROR: "permerror",
    StepOutcome.UNFINISHED: "not finished",
}


def _said(asked: Asked) -> str:
    """What an answer adds to the outcome; an included record and an unanswered question have rows of their own."""
    if asked.status in _UNANSWERED or (asked.rdtype == "TXT" and asked.status is Status.OK):
        return ""
    return f"{asked.name} {asked.rdtype} {', '.join(asked.records[:MOST_TEXTS]) or asked.status.value}"


def _failed_questions(one: Authorisation) -> tuple[Answer, ...]:
    asked = (question for step in one.check.trace for question in step.asked)
    return tuple(
        Answer(name=question.name, rdtype=question.rdtype, status=question.status)
        for question in asked
        if question.status in _UNANSWERED
    )
