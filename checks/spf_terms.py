"""Is that good? Single terms of the SPF record, and the room it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deliverability.checks._check import (
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._spf import (
    MOST_FINDINGS,
    MOST_ROWS,
    brief,
    fault_evidence,
    record_evidence,
    record_of,
    replacement,
    term_evidence,
    unseen_records,
    with_answer,
    with_record,
    without,
)
from deliverability.findings import Action, Judgement, Owner, RecordChange, Severity
from deliverability.lookup.answer import Answer
from deliverability.protocols.spf.facts import Node, SpfFacts
from deliverability.protocols.spf.limits import RRSET_ADVISED_OCTETS, UDP_OCTETS
from deliverability.protocols.spf.macro import MacroString
from deliverability.protocols.spf.record import MACRO_FAULTS, Kind, Mechanism, Qualifier, Term
from deliverability.protocols.spf.tree import nodes
from deliverability.sources import rfc


@check(
    "spf-ptr-mechanism",
    Severity.MEDIUM,
    rfc(7208, "5.5"),
    titles={
        "pass": "No record uses `ptr`",
        "fail": "The record uses `ptr`, which the standard says not to publish",
        "nested": "The included record of {name} uses `ptr`",
    },
    fixes={"nested": "Ask whoever runs {name} to list addresses instead."},
)
@with_record
def spf_ptr_mechanism(spf: SpfFacts) -> Iterator[Judgement]:
    """No record uses `ptr`.

    Why it matters: it is slow, it fails with the reverse zone of somebody else, and large receivers skip it.

    How to fix: list the sending addresses with `ip4` and `ip6`, and take `ptr` out.
    """
    found = {node.name: (node, terms) for node in nodes(spf.tree) if (terms := _ptr_terms(node))}
    for name, (node, terms) in list(found.items())[:MOST_FINDINGS]:
        own = node is spf.tree
        rows = tuple(term_evidence(node, term.span) for term in terms[:MOST_ROWS])
        change = replacement(spf, without(record_of(spf), terms)) if own else ()
        yield failed(
            "" if own else name,
            case="fail" if own else "nested",
            evidence=rows,
            records=change,
            safe=not own,
            owner=None if own else Owner.ESP,
            name=name,
        )
    if not found:
        missing = unseen_records(spf)
        yield unknown(*missing) if missing else passed()


def _ptr_terms(node: Node) -> list[Mechanism]:
    return [term for term in (node.parsed.reached if node.parsed else ()) if term.kind is Kind.PTR]


@check(
    "spf-terms-after-all",
    Severity.LOW,
    rfc(7208, "5.1"),
    titles={
        "pass": "Nothing stands behind `all`",
        "fail": "{count} {count:term|terms} behind `{all}` {count:is|are} never reached",
    },
)
@with_record
def spf_terms_after_all(spf: SpfFacts) -> Judgements:
    """No mechanism stands behind `all`.

    Why it matters: `all` matches everything, so what comes later never authorises anybody, however it looks.

    How to fix: move the terms in front of `all` if they are meant, else delete them.
    """
    record = record_of(spf)
    if record.all is None:
        return not_applicable()
    dead = record.mechanisms[len(record.reached) :]
    if not dead:
        return passed()
    rows = tuple(term_evidence(spf.tree, term.span) for term in dead[:MOST_ROWS])
    # behind an `all` that lets everybody in stand the senders who were meant: spf-all moves it, nothing is deleted
    change = () if record.all.qualifier is Qualifier.PASS else replacement(spf, without(record, dead))
    return failed(evidence=rows, records=change, count=len(dead), all=record.all.text)


@check(
    "spf-redirect-with-all",
    Severity.LOW,
    rfc(7208, "6.1"),
    titles={
        "pass": "`redirect` stands without `all`",
        "fail": "`{redirect}` is ignored, because the record has `{all}`",
    },
)
@with_record
def spf_redirect_with_all(spf: SpfFacts) -> Judgements:
    """A record has `redirect` or `all`, not both.

    Why it matters: receivers ignore the redirect, so the other record's senders are not authorised.

    How to fix: take out the redirect; use `include` if the other record's senders are meant to count.
    """
    record = record_of(spf)
    if record.redirect is None:
        return not_applicable()
    if record.all is None:
        return passed()
    rows = (term_evidence(spf.tree, record.redirect.span), term_evidence(spf.tree, record.all.span))
    change = replacement(spf, without(record, [record.redirect]))
    return failed(evidence=rows, records=change, redirect=brief(record.redirect.text), all=record.all.text)


@check(
    "spf-duplicate-terms",
    Severity.LOW,
    rfc(7208, "4.6.4"),
    titles={"pass": "No term is said twice", "fail": "The record repeats {count} {count:term|terms}, first `{term}`"},
)
@with_record
def spf_duplicate_terms(spf: SpfFacts) -> Judgements:
    """No term is said twice.

    Why it matters: the second never changes anything, and costs lookups and room.

    How to fix: delete the repetition.
    """
    record = record_of(spf)
    first: dict[str, Mechanism] = {}
    again = [term for term in record.reached if first.setdefault(str(term), term) is not term]
    if not again:
        return passed()
    rows = tuple(term_evidence(spf.tree, term.span) for term in again[:MOST_ROWS])
    change = replacement(spf, without(record, again))
    return failed(evidence=rows, records=change, count=len(again), term=brief(again[0].text))


@check(
    "spf-record-size",
    Severity.MEDIUM,
    rfc(7208, "3.4"),
    rfc(1035, "2.3.4"),
    titles={
        "pass": "The TXT answer of the domain takes {octets} octets",
        "near": "The TXT records of the domain take {texts} octets; more than 450 leave little room",
        "fail": "The TXT answer of the domain takes {octets} octets, more than fit a plain UDP packet (512)",
    },
    fixes={"near": "Do not add to them without taking something away."},
)
@with_record
def spf_record_size(spf: SpfFacts) -> Judgements:
    """The TXT records of the domain fit a plain UDP packet, all of them together.

    Why it matters: receivers behind old firewalls get a cut answer and cannot come back over TCP; SPF is then
    temperror for them.

    How to fix: delete verification texts that have done their work, and shorten the record.
    """
    octets, data = _octets(spf.answer)
    sizes: dict[str, Any] = {"octets": octets, "texts": data}
    if octets > UDP_OCTETS:
        return failed(evidence=answer_evidence(spf.answer), **sizes)
    if data > RRSET_ADVISED_OCTETS:
        return failed(case="near", severity=Severity.LOW, evidence=answer_evidence(spf.answer), **sizes)
    return passed(**sizes)


_HEADER, _QUESTION, _RECORD = 12, 6, 12
"""RFC 1035 §4.1: octets of a header, of a question after its name, of a record with a compressed name."""


def _octets(answer: Answer) -> tuple[int, int]:
    """The whole answer on the wire, and name and data alone as RFC 7208 §3.4 counts them."""
    data = [sum(len(string) + 1 for string in strings) for strings in answer.strings]
    wire = _HEADER + len(answer.name) + _QUESTION + sum(_RECORD + size for size in data)
    return wire, len(answer.name) + sum(data)


@check(
    "spf-obsolete-type",
    Severity.LOW,
    rfc(7208, "3.1"),
    rfc(7208, "14.1"),
    titles={
        "pass": "SPF is published as TXT only",
        "fail": "The obsolete record type SPF (99) is still published",
        "contradicts": "The obsolete record type SPF (99) says something else than TXT",
        "sender-id": "A record of the dead Sender ID (`spf2.0`) is still published",
    },
    fixes={
        "contradicts": "Decide which of the two is right, publish it as TXT, and delete type 99.",
        "sender-id": "Delete the `spf2.0` record; nobody reads it.",
    },
)
@with_answer
def spf_obsolete_type(spf: SpfFacts) -> Judgements:
    """SPF is published as TXT, and as nothing else.

    Why it matters: type 99 was given up; the few who still ask for it see another record than everybody else.

    How to fix: delete the record of type SPF.
    """
    old = spf.obsolete
    if not old.answered:
        return unknown(old)
    removed = tuple(RecordChange(Action.REMOVE, spf.domain, "SPF", old=text) for text in old.records)
    changes = () if old.cname_chain else removed
    if old.records and set(old.records) != set(spf.records):
        rows = (*answer_evidence(old), *record_evidence(spf))
        return failed(case="contradicts", severity=Severity.HIGH, evidence=rows, records=changes)
    if old.records:
        return failed(evidence=answer_evidence(old), records=changes)
    if spf.sender_id:
        texts = tuple(RecordChange(Action.REMOVE, spf.domain, "TXT", old=text) for text in spf.sender_id)
        records = () if spf.answer.cname_chain else texts
        return failed(case="sender-id", evidence=answer_evidence(spf.answer), records=records)
    return passed()


@check(
    "spf-macros",
    Severity.HIGH,
    rfc(7208, "7.2"),
    rfc(7208, "7.3"),
    titles={
        "pass": "{count} {count:term uses|terms use} macros, all well formed",
        "fail": "`{text}` in the record of {name} is no macro that receivers know here",
        "pointer": "`{text}` in the record of {name} uses the macro for the reverse name, which should not be used",
    },
    fixes={"pointer": "Use `%{{i}}`, the client's address, in place of `%{{p}}`."},
)
@with_record
def spf_macros(spf: SpfFacts) -> Iterator[Judgement]:
    """Macros are well formed, and stand where they may.

    Why it matters: a macro that a receiver does not know is a syntax error, and the whole record with it.

    How to fix: correct the marked macro; `c`, `r` and `t` belong in explanation texts only.
    """
    read = {node.name: node for node in nodes(spf.tree) if node.parsed is not None}
    using = 0
    clean = True
    for name, node in list(read.items())[:MOST_FINDINGS]:
        subject = "" if node is spf.tree else name
        faults = [fault for fault in (node.parsed.faults if node.parsed else ()) if fault.code in MACRO_FAULTS]
        terms = [term for term in (node.parsed.terms if node.parsed else ()) if _letters(term)]
        pointers = [term for term in terms if "p" in _letters(term)]
        using += len(terms)
        if faults:
            rows = fault_evidence(node, faults)
            yield failed(subject, evidence=rows, name=name, text=brief(faults[0].text))
        elif pointers:
            rows = tuple(term_evidence(node, term.span) for term in pointers[:MOST_ROWS])
            severity = Severity.MEDIUM
            yield failed(
                subject, case="pointer", severity=severity, evidence=rows, name=name, text=brief(pointers[0].text)
            )
        clean = clean and not faults and not pointers
    if clean:
        missing = unseen_records(spf)
        yield unknown(*missing) if missing else passed(count=using) if using else not_applicable()


def _letters(term: Term) -> frozenset[str]:
    string: MacroString | None = term.domain if isinstance(term, Mechanism) else term.value
    return string.letters if string else frozenset()


@check(
    "spf-exp",
    Severity.LOW,
    rfc(7208, "6.2"),
    titles={
        "pass": "The explanation for refused mail can be read",
        "fail": "`{term}` leads to no text that receivers could show",
        "varies": "The explanation depends on the message, so it cannot be read beforehand",
    },
)
@with_record
def spf_exp(spf: SpfFacts) -> Judgements:
    """The explanation that the record offers can be read.

    Why it matters: a sender whose mail is refused is told nothing of why.

    How to fix: publish one TXT record of plain ASCII text at that name, or take `exp` out.
    """
    explanation = spf.explanation
    if explanation is None:
        return not_applicable()
    if explanation.name is None or explanation.answer is None:
        return informed(case="varies")
    if explanation.valid is None:
        return unknown(explanation.answer)
    if explanation.valid:
        return passed(evidence=answer_evidence(explanation.answer))
    rows = answer_evidence(explanation.answer)
    change: tuple[RecordChange, ...] = ()
    if explanation.record == spf.domain:
        exp = record_of(spf).modifier("exp")
        change = replacement(spf, without(record_of(spf), [exp])) if exp else ()
    return failed(evidence=rows, records=change, term=brief(explanation.term))
