"""Is that good? What SPF says: that there is one record, that it can be read, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.checks._check import (
    Check,
    Judgements,
    answer_evidence,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._spf import (
    LONGEST_SHOWN,
    MOST_FINDINGS,
    MOST_ROWS,
    brief,
    fault_evidence,
    mended,
    record_evidence,
    replacement,
    term_evidence,
    with_answer,
    with_record,
    without,
)
from deliverability.checks._spf_merging import merged
from deliverability.checks.spf_addresses import spf_authorises, spf_helo
from deliverability.checks.spf_limits import (
    spf_include_resolves,
    spf_lookup_headroom,
    spf_lookup_limit,
    spf_loop,
    spf_mx_limit,
    spf_ptr_limit,
    spf_void_limit,
)
from deliverability.checks.spf_reach import spf_exposure, spf_receivers_differ, spf_takeover
from deliverability.checks.spf_slips import spf_human_errors
from deliverability.checks.spf_terms import (
    spf_duplicate_terms,
    spf_exp,
    spf_macros,
    spf_obsolete_type,
    spf_ptr_mechanism,
    spf_record_size,
    spf_redirect_with_all,
    spf_terms_after_all,
)
from deliverability.checks.spf_unused import spf_unused_terms
from deliverability.findings import Action, Evidence, Judgement, Owner, RecordChange, Role, Severity, Subject
from deliverability.lookup.answer import Status
from deliverability.protocols.spf.facts import Node, NodeError, SpfFacts
from deliverability.protocols.spf.record import Qualifier, SpfRecord
from deliverability.protocols.spf.tree import nodes
from deliverability.sources import rfc, source

NOBODY = "v=spf1 -all"
"""The record of a domain that never sends."""


@check(
    "spf-present",
    Severity.CRITICAL,
    rfc(7208, "4.5"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "An SPF record is published",
        "fail": "No SPF record is published",
        "near": "A text was meant as an SPF record, but receivers see none in it",
    },
    fixes={"near": "Write the version as `v=spf1`, then one plain space, before everything else."},
)
@with_answer
def spf_present(subject: Subject, spf: SpfFacts) -> Judgements:
    """The domain publishes an SPF record.

    Why it matters: without one, receivers cannot tell the domain's own mail from a forgery; the large ones demand it
    of every sender.

    How to fix: list the servers and services that send for the domain in one TXT record that begins with `v=spf1`.
    """
    if spf.records:
        return passed(evidence=record_evidence(spf))
    if spf.near_misses:
        texts = [text[:LONGEST_SHOWN] for text in spf.near_misses[:MOST_ROWS]]
        rows = tuple(Evidence("spf_term", spf.domain, "TXT", text, (0, len(text))) for text in texts)
        return failed(case="near", evidence=rows, records=mended(spf, spf.near_misses[0]))
    if subject.role is Role.PARKED or spf.answer.status is Status.NXDOMAIN:
        return not_applicable()
    return failed(evidence=answer_evidence(spf.answer))


@check(
    "spf-single",
    Severity.CRITICAL,
    rfc(7208, "3.2"),
    rfc(7208, "4.5"),
    titles={"pass": "There is one SPF record", "fail": "There are {count} SPF records; receivers use none of them"},
)
@with_answer
def spf_single(spf: SpfFacts) -> Judgements:
    """There is no more than one SPF record.

    Why it matters: receivers do not choose between several, they answer permerror, and every message counts as not
    authenticated by SPF.

    How to fix: merge the records into one, with a single `all` at its end, and delete the others.
    """
    if not spf.records:
        return not_applicable()
    if len(spf.records) == 1:
        return passed(evidence=record_evidence(spf))
    first, *others = spf.records
    change = replacement(spf, merged(spf.records), old=first)
    removed = tuple(RecordChange(Action.REMOVE, spf.domain, "TXT", old=text) for text in others)
    return failed(count=len(spf.records), evidence=record_evidence(spf), records=(*change, *removed) if change else ())


@check(
    "spf-syntax",
    Severity.CRITICAL,
    rfc(7208, "4.6"),
    rfc(7208, "12"),
    titles={
        "pass": "The SPF record of {name} follows the grammar",
        "fail": "The SPF record has {count} syntax {count:error|errors}; receivers reject the whole record",
        "nested": "The SPF record of {name}, used by this domain, has {count} syntax {count:error|errors}",
    },
    fixes={"nested": "Tell whoever runs {name}, or take it out of the record until it can be read."},
)
@with_answer
def spf_syntax(spf: SpfFacts) -> Iterator[Judgement]:
    """Every SPF record in the tree can be read from end to end.

    Why it matters: one bad term anywhere, even behind `all`, makes receivers answer permerror for all mail.

    How to fix: correct the marked terms.
    """
    read = {node.name: node for node in nodes(spf.tree) if node.parsed is not None}
    for name, node in list(read.items())[:MOST_FINDINGS]:
        faults = node.parsed.faults if node.parsed else ()
        if not faults and node is spf.tree:
            yield passed(name=name, evidence=record_evidence(spf))
        if not faults:
            continue
        rows = fault_evidence(node, faults)
        own = node is spf.tree
        yield failed(
            "" if own else name,
            case="fail" if own else "nested",
            evidence=rows,
            records=mended(spf, node.record or "") if own else (),
            owner=None if own else Owner.ESP,
            name=name,
            count=len(faults),
            codes=sorted({fault.code.value for fault in faults}),
        )


_ENDINGS = {Qualifier.FAIL: "hard", Qualifier.SOFTFAIL: "soft", Qualifier.NEUTRAL: "neutral", Qualifier.PASS: "open"}


@check(
    "spf-all",
    Severity.HIGH,
    rfc(7208, "5.1"),
    rfc(7208, "4.7"),
    titles={
        "hard": "Mail from other servers fails (`-all`)",
        "soft": "Mail from other servers is suspect (`~all`)",
        "open": "`{term}` lets every server in the world send as this domain",
        "neutral": "`?all` says nothing of mail from other servers",
        "missing": "The record has no `all`: it says nothing of mail from other servers",
    },
    fixes={
        "open": "Put `~all` in its place, at the end of the record, watch the reports, then `-all`.",
        "missing": "End the record with `~all`, later with `-all`.",
    },
)
@with_record
def spf_all(spf: SpfFacts) -> Judgements:
    """The record ends with `-all` or `~all`.

    Why it matters: the last term decides over everybody who is not listed, that is, over every forger.

    How to fix: let the record end in `~all` instead of `?all`, later in `-all`.
    """
    node = _deciding(spf.tree)
    if node.error is NodeError.UNANSWERED and node.answer is not None:
        return unknown(node.answer)
    record = node.parsed
    if record is None or (record.all is None and record.faults):
        return not_applicable()
    if record.all is None:
        change = replacement(spf, _closed(record)) if node is spf.tree else ()
        return failed(case="missing", evidence=record_evidence(spf), records=change)
    case = _ENDINGS[record.all.qualifier]
    rows = (term_evidence(node, record.all.span),)
    if case in {"hard", "soft"}:
        return passed(case=case, evidence=rows)
    return failed(
        case=case,
        severity=Severity.CRITICAL if case == "open" else None,
        evidence=rows,
        records=replacement(spf, _closed(record)) if node is spf.tree else (),
        safe=case != "open",  # whoever only passed because everybody did no longer does
        term=brief(record.all.text),
    )


def _closed(record: SpfRecord) -> str:
    """The record with `~all` at its end, so that terms behind an open `all` count once it is closed."""
    return f"{without(record, [record.all] if record.all else [])} ~all"


def _deciding(node: Node) -> Node:
    """The record at the end of the redirects."""
    while node.parsed and node.parsed.all is None and node.parsed.redirect and node.children:
        node = node.children[-1]
    return node


@check(
    "spf-parked",
    Severity.HIGH,
    source("M3AAWG"),
    rfc(7208, "10.1.2"),
    titles={
        "pass": "A parked domain says so: `v=spf1 -all`",
        "fail": "The SPF record of a parked domain leaves room for forgers",
        "missing": "A parked domain has no SPF record, so anybody can send as it",
    },
    fixes={"missing": "Publish `v=spf1 -all`."},
)
@with_answer
def spf_parked(subject: Subject, spf: SpfFacts) -> Judgements:
    """A domain that never sends publishes `v=spf1 -all`.

    Why it matters: forgers prefer names that nobody watches, and only this record has receivers turn them away.

    How to fix: replace the record by `v=spf1 -all`.
    """
    if subject.role is not Role.PARKED:
        return not_applicable()
    if spf.record is not None and not spf.record.faults and [str(term) for term in spf.record.terms] == ["-all"]:
        return passed(evidence=record_evidence(spf))
    if not spf.records:
        add = RecordChange(Action.ADD, spf.domain, "TXT", value=NOBODY)
        return failed(case="missing", records=() if spf.answer.cname_chain else (add,))
    first, *others = spf.records
    removed = tuple(RecordChange(Action.REMOVE, spf.domain, "TXT", old=text) for text in others)
    return failed(evidence=record_evidence(spf), records=(*replacement(spf, NOBODY, old=first), *removed))


SPF: tuple[Check, ...] = (
    spf_present,
    spf_single,
    spf_syntax,
    spf_lookup_limit,
    spf_lookup_headroom,
    spf_void_limit,
    spf_mx_limit,
    spf_ptr_limit,
    spf_include_resolves,
    spf_loop,
    spf_all,
    spf_exposure,
    spf_takeover,
    spf_ptr_mechanism,
    spf_terms_after_all,
    spf_redirect_with_all,
    spf_duplicate_terms,
    spf_record_size,
    spf_obsolete_type,
    spf_macros,
    spf_exp,
    spf_human_errors,
    spf_helo,
    spf_authorises,
    spf_parked,
    spf_receivers_differ,
    spf_unused_terms,
)
"""The family, in catalogue order."""
