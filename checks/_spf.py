"""What the SPF checks share: when nothing can be said, evidence, and the record written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Function, Judgements, not_applicable, unknown
from deliverability.findings import Action, Evidence, RecordChange
from deliverability.lookup.answer import Answer
from deliverability.protocols.spf.facts import Node, SpfFacts
from deliverability.protocols.spf.record import Fault, FaultCode, Span, SpfRecord, Term, parse
from deliverability.protocols.spf.tree import nodes

if TYPE_CHECKING:
    from deliverability.protocols.spf.slips import Mending


MOST_ROWS = 25
"""Ours: pieces of evidence in one finding. Enough for the eleventh lookup and what follows it."""
MOST_FINDINGS = 50
"""Ours: findings of one check. A hostile tree has more."""
LONGEST_PROPOSED = 2048
"""Ours: characters of a record that is worth mending; every proposal is audited again."""
LONGEST_SHOWN, ROOM, LONGEST_NAMED = 2048, 500, 120
"""Ours: characters of a record in evidence, of it before the marked piece, and of a term in a title."""


def with_answer(function: Function) -> Function:
    """Nothing is said of SPF where nobody answered for the domain's TXT."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        answer: Answer = facts["spf"].answer
        return function(**facts) if answer.answered else unknown(answer)

    return guarded


def with_record(function: Callable[..., Judgements]) -> Function:
    """The rule binds where there is one record; spf-present and spf-single speak of none and of several."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        return function(**facts) if facts["spf"].record is not None else not_applicable()

    return with_answer(guarded)


def record_of(spf: SpfFacts) -> SpfRecord:
    """The domain's one record; `with_record` has seen to it."""
    if spf.record is None:
        raise ValueError(spf.domain)
    return spf.record


def unseen_records(spf: SpfFacts) -> tuple[Answer, ...]:
    """The records of the tree that nobody answered for, as many as are shown: what terms say is known but for these."""
    return _failures(node.answer for node in nodes(spf.tree) if node.answer is not None)


def unanswered(spf: SpfFacts) -> tuple[Answer, ...]:
    """All questions of the tree that got no answer, those for addresses too, as many as are shown."""
    addresses = (answer for node in nodes(spf.tree) for use in node.uses for answer in (*use.answers, *use.hosts))
    return (*unseen_records(spf), *_failures(addresses))[:MOST_ROWS]


def _failures(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    return tuple({(a.name, a.rdtype): a for a in answers if not a.answered}.values())[:MOST_ROWS]


def term_evidence(node: Node, span: Span, note: str = "") -> Evidence:
    """A piece of a node's record."""
    return marked("spf_term", node.name, node.record or "", span, note)


_FAULTS = {
    FaultCode.VERSION: "no version",
    FaultCode.CHARACTER: "not printable ASCII",
    FaultCode.NOT_A_TERM: "no term",
    FaultCode.UNKNOWN_MECHANISM: "no mechanism has this name",
    FaultCode.MODIFIER_AS_MECHANISM: "takes an equals sign",
    FaultCode.QUALIFIED_MODIFIER: "takes no sign in front",
    FaultCode.DUPLICATE_MODIFIER: "a second time",
    FaultCode.UNEXPECTED_ARGUMENT: "takes no argument",
    FaultCode.MISSING_DOMAIN: "lacks a domain",
    FaultCode.BAD_DOMAIN: "no domain name",
    FaultCode.MISSING_ADDRESS: "lacks an address",
    FaultCode.BAD_ADDRESS: "no address",
    FaultCode.BAD_PREFIX: "no prefix length",
    FaultCode.MACRO_SYNTAX: "no macro",
    FaultCode.MACRO_LETTER: "no letter of a macro",
    FaultCode.MACRO_DIGITS: "no number of labels",
    FaultCode.MACRO_EXPLANATION_ONLY: "for explanations only",
}


def fault_evidence(node: Node, faults: Sequence[Fault]) -> tuple[Evidence, ...]:
    """What cannot be read in a node's record."""
    return tuple(term_evidence(node, fault.span, _FAULTS[fault.code]) for fault in faults[:MOST_ROWS])


def marked(kind: str, name: str, text: str, span: Span, note: str = "") -> Evidence:
    """A piece of the record at `name`; of a huge record only what stands around it."""
    cut = max(0, span.start - ROOM) if len(text) > LONGEST_SHOWN else 0
    shown = text[cut : cut + LONGEST_SHOWN]
    return Evidence(kind, name, "TXT", shown, (span.start - cut, min(span.end - cut, len(shown))), note)


def brief(text: str) -> str:
    """A term or name for a title: strangers write them, as long as they like."""
    return text if len(text) <= LONGEST_NAMED else f"{text[:LONGEST_NAMED]}…"


def row_evidence(spf: SpfFacts, record: str, span: Span, note: str = "") -> Evidence:
    """The same, where only the name of the record is known."""
    return term_evidence(next(node for node in nodes(spf.tree) if node.name == record), span, note)


def record_evidence(spf: SpfFacts, note: str = "") -> tuple[Evidence, ...]:
    """The domain's SPF records, whole."""
    texts = [text[:LONGEST_SHOWN] for text in spf.records[:MOST_ROWS]]
    return tuple(Evidence("dns_answer", spf.domain, "TXT", text, note=note) for text in texts)


def without(record: SpfRecord, terms: Iterable[Term]) -> str:
    """The text of a record without some of its terms."""
    return rewritten(record, {term.span: "" for term in terms})


def rewritten(record: SpfRecord, pieces: dict[Span, str]) -> str:
    """The text of a record with other text at some spans."""
    text = record.text
    for span in sorted(pieces, reverse=True):
        text = text[: span.start] + pieces[span] + text[span.end :]
    return " ".join(word for word in text.split(" ") if word)


def mending_of(text: str) -> Mending:
    """The slips of the hand in a record."""
    from deliverability.protocols.spf.slips import mend  # noqa: PLC0415 - 15 ms that only a faulty record needs

    return mend(text)


def mended(spf: SpfFacts, text: str) -> tuple[RecordChange, ...]:
    """The change from `text` to what was meant by it."""
    return replacement(spf, mending_of(text).text, old=text)


def replacement(spf: SpfFacts, value: str | None, old: str | None = None) -> tuple[RecordChange, ...]:
    """The change from the record to `value`; none where that is no valid record, or the name is an alias."""
    old = spf.tree.record if old is None else old
    if value is None or value == old or spf.answer.cname_chain or len(value) > LONGEST_PROPOSED or parse(value).faults:
        return ()
    return (RecordChange(Action.REPLACE, spf.domain, "TXT", spf.answer.ttl, old=old, value=value),)
