"""How a check is written down, and the few words every check speaks in."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from operator import attrgetter
from types import FunctionType
from typing import Any, cast

from deliverability.fastclass import dataclass
from deliverability.findings import (
    Effort,
    Evidence,
    Finding,
    Fix,
    Judgement,
    Lack,
    Outcome,
    Owner,
    RecordChange,
    Reference,
    Severity,
)
from deliverability.lookup.answer import Answer

Judgements = Judgement | Iterable[Judgement]
Function = Callable[..., Judgements]

ASK_AGAIN = "Ask again, through another resolver (--resolver) or with the zone that holds the name (--zone)."


class _Prose(string.Formatter):
    """Format strings in which `{hosts} {hosts:host|hosts}` counts as people do."""

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - the base class's signature
        one, bar, many = format_spec.partition("|")
        if bar:
            return one if value == 1 else many
        text: str = super().format_field(value, format_spec)
        return text


_PROSE = _Prose()
_RANK = attrgetter("rank")


def prose_of(template: str, data: Mapping[str, Any]) -> str:
    """`template` filled with `data`."""
    return _PROSE.vformat(template, (), data)


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement an audit makes: its public id, its prose, and the pure function that decides.

    `titles` and `fixes` are keyed by a judgement's case; `needs` are the names of the facts it wants. `graded` is the
    severity that a policy gives to its faults, and to what it could not look at, in place of deliv's own.
    """

    id: str
    family: str
    severity: Severity
    references: tuple[Reference, ...]
    ask: str
    why: str
    fix: str
    titles: Mapping[str, str]
    fixes: Mapping[str, str]
    effort: Effort
    owner: Owner
    settle: str
    needs: tuple[str, ...]
    function: Function
    graded: Severity | None = None

    def judge(self, facts: Mapping[str, Any], domain: str) -> list[Finding]:
        """Run the function on the facts it needs; at least one finding, `not_applicable` if it said nothing."""
        said = self.function(**{name: facts[name] for name in self.needs})
        judgements = [said] if isinstance(said, Judgement) else list(said)
        return [self.finding(j, domain) for j in judgements or [not_applicable()]]

    def finding(self, judgement: Judgement, domain: str) -> Finding:
        """A judgement with this check's prose."""
        failed = judgement.outcome is Outcome.FAIL
        return Finding(
            check=self.id,
            outcome=judgement.outcome,
            severity=self.severity_of(judgement),
            subject=judgement.subject or domain,
            case=judgement.case,
            title=self.title(judgement.case, judgement.outcome, judgement.data),
            data=dict(judgement.data),
            evidence=judgement.evidence,
            fix=self._fix(judgement) if failed or judgement.records else None,
            references=self.references,
            lack=judgement.lack,
            settle=self._settle(judgement),
        )

    def severity_of(self, judgement: Judgement) -> Severity:
        """How bad a judgement is."""
        if self.graded is None or judgement.outcome not in {Outcome.FAIL, Outcome.UNKNOWN}:
            return judgement.severity or self.severity
        return min(self.graded, Severity.MEDIUM, key=_RANK) if judgement.undecided else self.graded

    def title(self, case: str, outcome: Outcome, data: Mapping[str, Any]) -> str:
        """The statement for a case; the rule itself where the check has no words of its own for it."""
        template = self.titles.get(case) or self.titles.get(outcome.value)
        if template is not None:
            return prose_of(template, data)
        rule = self.ask.removesuffix(".")
        if outcome is Outcome.UNKNOWN:
            return f"It is not known whether {_mid_sentence(rule)}"
        return f"Does not apply: {rule}" if outcome is Outcome.NOT_APPLICABLE else rule

    def _fix(self, judgement: Judgement) -> Fix:
        return Fix(
            text=prose_of(self.fixes.get(judgement.case, self.fix), judgement.data),
            effort=judgement.effort or self.effort,
            owner=judgement.owner or self.owner,
            safe=judgement.safe,
            records=judgement.records,
        )

    def _settle(self, judgement: Judgement) -> str:
        if judgement.outcome is not Outcome.UNKNOWN:
            return ""
        return judgement.settle or (ASK_AGAIN if judgement.lack is Lack.ANSWER else self.settle)


def check(
    id: str,  # noqa: A002 - the catalogue calls it an id
    severity: Severity,
    *references: Reference,
    titles: Mapping[str, str],
    fixes: Mapping[str, str] | None = None,
    effort: Effort = Effort.LOW,
    owner: Owner = Owner.DNS,
    settle: str = "",
) -> Callable[[Function], Check]:
    """Make a `Check` of a function, whose parameters name the facts it needs.

    Its docstring is the manual page: the rule in the first line, then a paragraph that begins `Why it matters:` and one
    that begins `How to fix:`.
    """

    def build(function: Function) -> Check:
        ask, why, fix = _manual(function)
        family = function.__module__.rpartition(".")[2].partition("_")[0]
        needs = _parameters(function)
        return Check(
            id, family, severity, references, ask, why, fix, titles, fixes or {}, effort, owner, settle, needs, function
        )

    return build


def _parameters(function: Function) -> tuple[str, ...]:
    """The names of its parameters, all of which are plain; `inspect.signature` takes twenty times as long to say so."""
    code = cast("FunctionType", inspect.unwrap(function)).__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _manual(function: Function) -> tuple[str, str, str]:
    """The rule, the why and the fix out of a docstring."""
    paragraphs = [" ".join(p.split()) for p in (function.__doc__ or "").split("\n\n")]
    by_head = {head: p.removeprefix(head).strip() for p in paragraphs for head in _HEADS if p.startswith(head)}
    return paragraphs[0], *(by_head.get(head, "") for head in _HEADS)  # type: ignore[return-value]


_HEADS = ("Why it matters:", "How to fix:")


def _mid_sentence(rule: str) -> str:
    """`rule` as it reads inside a sentence; SPF, DKIM and other names keep their capitals."""
    return rule if rule[1:2].isupper() else rule[0].lower() + rule[1:]


def passed(subject: str = "", *, case: str = "pass", evidence: tuple[Evidence, ...] = (), **data: Any) -> Judgement:
    """All is well."""
    return Judgement(Outcome.PASS, case, subject, data, evidence)


def failed(
    subject: str = "",
    *,
    case: str = "fail",
    severity: Severity | None = None,
    evidence: tuple[Evidence, ...] = (),
    records: tuple[RecordChange, ...] = (),
    safe: bool = True,
    effort: Effort | None = None,
    owner: Owner | None = None,
    undecided: bool = False,
    **data: Any,
) -> Judgement:
    """A fault. `records` are the changes that would clear it; the audit tries them before they are shown."""
    return Judgement(
        Outcome.FAIL,
        case,
        subject,
        data,
        evidence,
        severity=severity,
        records=records,
        safe=safe,
        effort=effort,
        owner=owner,
        undecided=undecided,
    )


def informed(subject: str = "", *, case: str = "info", evidence: tuple[Evidence, ...] = (), **data: Any) -> Judgement:
    """A fact worth showing that is neither good nor bad."""
    return Judgement(Outcome.INFO, case, subject, data, evidence)


def not_applicable(subject: str = "", *, case: str = "not_applicable", **data: Any) -> Judgement:
    """The rule does not bind here."""
    return Judgement(Outcome.NOT_APPLICABLE, case, subject, data)


def unknown(
    *answers: Answer,
    subject: str = "",
    case: str = "unknown",
    lack: Lack = Lack.ANSWER,
    evidence: tuple[Evidence, ...] = (),
    settle: str = "",
    **data: Any,
) -> Judgement:
    """Could not look: the unanswered questions are the evidence."""
    rows = tuple(row for answer in answers if not answer.answered for row in answer_evidence(answer))
    return Judgement(Outcome.UNKNOWN, case, subject, data, rows + evidence, lack=lack, settle=settle)


def with_fact(name: str) -> Callable[[Function], Function]:
    """For a check of what was given: without that fact nothing is known, and giving it would settle it."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def guarded(**facts: Any) -> Judgements:
            return function(**facts) if facts[name] is not None else unknown(lack=Lack.INPUT)

        return guarded

    return decorate


def answer_evidence(answer: Answer, note: str = "") -> tuple[Evidence, ...]:
    """The rows that show what DNS said: one a record, or one that says how there was none."""
    if answer.records:
        return tuple(Evidence("dns_answer", answer.name, answer.rdtype, text, note=note) for text in answer.records)
    return (Evidence("dns_answer", answer.name, answer.rdtype, note=note or answer.status.value),)
