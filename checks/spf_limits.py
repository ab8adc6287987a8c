"""Is that good? What evaluating SPF costs a receiver, and whether it gets to the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from deliverability.checks._check import Judgements, answer_evidence, check, failed, not_applicable, passed, unknown
from deliverability.checks._spf import (
    MOST_FINDINGS,
    MOST_ROWS,
    brief,
    record_of,
    replacement,
    row_evidence,
    term_evidence,
    unanswered,
    unseen_records,
    with_record,
    without,
)
from deliverability.checks._spf_merging import cheaper
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Severity
from deliverability.protocols.spf.facts import CostRow, Node, NodeError, SpfFacts, VoidCount, VoidKind
from deliverability.protocols.spf.limits import MAX_LOOKUP_TERMS, MAX_MX_NAMES, MAX_PTR_NAMES, MAX_VOID_LOOKUPS
from deliverability.protocols.spf.record import Kind, Modifier, Term
from deliverability.protocols.spf.trace import Cause
from deliverability.protocols.spf.tree import nodes
from deliverability.sources import rfc

HEADROOM = 2
"""Ours: lookups that should be left. An include grows without its user's doing, mostly by one."""


@check(
    "spf-lookup-limit",
    Severity.HIGH,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "SPF stays within ten DNS lookups ({total})",
        "partly": "SPF stays within ten DNS lookups as far as it can be seen (at least {total})",
        "fail": "SPF needs {total} DNS lookups; receivers stop at ten",
    },
    effort=Effort.MEDIUM,
)
@with_record
def spf_lookup_limit(spf: SpfFacts) -> Judgements:
    """SPF needs at most ten DNS-querying terms, nested ones included.

    Why it matters: receivers stop at the eleventh with permerror, and DMARC loses SPF for every message that no
    earlier term matches.

    How to fix: drop what no longer sends for the domain or is said twice, or give a sender a subdomain of its own.
    """
    cost = spf.cost
    missing = unseen_records(spf)
    data = _cost_data(spf)
    rows = _cost_evidence(spf)
    if cost.offender is not None:
        return failed(evidence=rows, records=replacement(spf, cheaper(spf)), **data)
    if missing:
        return unknown(*missing, **data)
    return passed(case="pass" if cost.complete and not spf.bounded else "partly", evidence=rows, **data)


def _cost_data(spf: SpfFacts) -> dict[str, Any]:
    """What the tables show: the totals by both conventions, per provider, and the term that is one too many."""
    offender = spf.cost.offender
    providers = Counter(row.provider for row in spf.cost.rows)
    return {
        "total": spf.cost.total,
        "lookups": spf.cost.total,
        "total_with_addresses": spf.cost.total_with_addresses,
        "complete": spf.cost.complete and not spf.bounded,
        "providers": dict(providers.most_common(MOST_ROWS)),
        "offender": None if offender is None else {"record": offender.record, "term": brief(offender.term)},
    }


def _cost_evidence(spf: SpfFacts) -> tuple[Evidence, ...]:
    return tuple(row_evidence(spf, row.record, row.span, _nth(row)) for row in spf.cost.rows[:MOST_ROWS])


def _nth(row: CostRow) -> str:
    return f"lookup {row.total}" + (": receivers stop here" if row.total == MAX_LOOKUP_TERMS + 1 else "")


@check(
    "spf-lookup-headroom",
    Severity.MEDIUM,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "{left} of ten DNS lookups are left",
        "fail": "{total} of ten DNS lookups are used; {left} left",
    },
    effort=Effort.MEDIUM,
)
@with_record
def spf_lookup_headroom(spf: SpfFacts) -> Judgements:
    """Some DNS lookups are left for the day when an included record grows.

    Why it matters: providers change their records without asking, and one more lookup of theirs breaks this domain.

    How to fix: make room now, by moving a sender to a subdomain or listing its addresses.
    """
    left = MAX_LOOKUP_TERMS - spf.cost.total
    if left < 0:
        return not_applicable()
    if left < HEADROOM:
        rows = _cost_evidence(spf)
        return failed(evidence=rows, total=spf.cost.total, left=left)
    missing = unseen_records(spf)
    return unknown(*missing) if missing else passed(total=spf.cost.total, left=left)


@check(
    "spf-void-limit",
    Severity.HIGH,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "No more than two lookups find nothing (IPv4 {v4}, IPv6 {v6})",
        "fail": "Lookups that find nothing: {v4} for an IPv4 client, {v6} for an IPv6 client; receivers stop at two",
        "varying": "Macros may add {varying} {varying:lookup|lookups} that find nothing; receivers stop at two in all",
    },
    fixes={"varying": "Leave no more than two terms with macros that find nothing for most clients."},
)
@with_record
def spf_void_limit(spf: SpfFacts) -> Judgements:
    """No more than two terms ask for something that is not there.

    Why it matters: receivers answer permerror at the third empty answer, and which client sees three depends on
    whether it comes by IPv4 or IPv6.

    How to fix: take out the terms whose names do not exist or have no address of that family.
    """
    sure = {count.family: count.count(VoidKind.TERM) for count in spf.voids}
    varying = max(count.count(VoidKind.VARYING) for count in spf.voids)
    data: dict[str, Any] = {"v4": sure[4], "v6": sure[6], "varying": varying}
    rows = tuple(_void_evidence(spf))
    if max(sure.values()) > MAX_VOID_LOOKUPS:
        return failed(evidence=rows, **data)
    if max(sure.values()) + varying > MAX_VOID_LOOKUPS:
        seen = any(one.check.cause is Cause.VOID_LIMIT for one in spf.authorises)
        return failed(case="varying", severity=None if seen else Severity.MEDIUM, evidence=rows, **data)
    missing = unanswered(spf)
    return unknown(*missing) if missing else passed(evidence=rows, **data)


def _void_evidence(spf: SpfFacts) -> Iterator[Evidence]:
    rows = {
        (row.record, row.span): row for count in spf.voids for row in count.rows if row.kind is not VoidKind.FOLLOW_UP
    }
    for row in list(rows.values())[:MOST_ROWS]:
        families = "/".join(f"IPv{count.family}" for count in spf.voids if _holds(count, row.record, row.span))
        yield row_evidence(spf, row.record, row.span, f"{families}: {row.status or row.kind.value}")


def _holds(count: VoidCount, record: str, span: tuple[int, int]) -> bool:
    return any((row.record, row.span) == (record, span) for row in count.rows if row.kind is not VoidKind.FOLLOW_UP)


@check(
    "spf-mx-limit",
    Severity.HIGH,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "No `mx` term stands for more than ten mail hosts",
        "fail": "`{term}` stands for {hosts} mail hosts; receivers stop at ten",
    },
    effort=Effort.MEDIUM,
)
@with_record
def spf_mx_limit(spf: SpfFacts) -> Judgements:
    """Every `mx` term stands for at most ten mail hosts.

    Why it matters: more than ten is permerror, whatever address the mail came from.

    How to fix: list the addresses of the hosts that really send in place of the `mx` term.
    """
    uses = [(node, use) for node in nodes(spf.tree) for use in node.uses if use.term.kind is Kind.MX and use.answers]
    if not uses:
        return not_applicable()
    over = [(node, use) for node, use in uses if len(use.answers[0].records) > MAX_MX_NAMES]
    if over:
        rows = tuple(
            term_evidence(node, use.term.span, f"{len(use.answers[0].records)} mail hosts")
            for node, use in over[:MOST_ROWS]
        )
        return failed(evidence=rows, term=brief(over[0][1].term.text), hosts=len(over[0][1].answers[0].records))
    missing = [use.answers[0] for _, use in uses if not use.answers[0].answered]
    return unknown(*missing) if missing else passed()


@check(
    "spf-ptr-limit",
    Severity.MEDIUM,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "{ip} has {names} reverse {names:name, which|names, all of which} `ptr` looks at",
        "fail": "{ip} has {names} reverse names; `ptr` looks at ten of them, in no set order",
    },
    effort=Effort.MEDIUM,
    settle="Give the sending addresses with --ip.",
)
@with_record
def spf_ptr_limit(spf: SpfFacts) -> Iterator[Judgement]:
    """An address that has to pass by `ptr` has at most ten reverse names.

    Why it matters: receivers look at ten of them only, so whether the mail passes is left to chance.

    How to fix: keep one reverse name per sending address, or authorise the address by `ip4` or `ip6`.
    """
    if not any(use.term.kind is Kind.PTR for node in nodes(spf.tree) for use in node.uses):
        return
    if not spf.pointers:
        yield unknown(lack=Lack.INPUT)
    for pointer in spf.pointers:
        count = len(pointer.answer.records)
        if not pointer.answer.answered:
            yield unknown(pointer.answer, subject=pointer.ip)
        elif count > MAX_PTR_NAMES:
            yield failed(pointer.ip, evidence=answer_evidence(pointer.answer), ip=pointer.ip, names=count)
        else:
            yield passed(pointer.ip, ip=pointer.ip, names=count)


_BROKEN = {NodeError.NONE: "none", NodeError.MULTIPLE: "multiple", NodeError.BAD_NAME: "bad-name"}


@check(
    "spf-include-resolves",
    Severity.CRITICAL,
    rfc(7208, "5.2"),
    rfc(7208, "6.1"),
    titles={
        "pass": "Every name that the record includes has an SPF record",
        "none": "`{term}` leads to {name}, which has no SPF record",
        "multiple": "`{term}` leads to {name}, which has {count} SPF records",
        "bad-name": "`{term}` names something that DNS cannot hold",
    },
    fixes={
        "multiple": "Have whoever runs {name} merge its records, or take the term out meanwhile.",
        "bad-name": "Correct the name, or take the term out.",
    },
)
@with_record
def spf_include_resolves(spf: SpfFacts) -> Iterator[Judgement]:
    """Every `include` and `redirect` leads to exactly one SPF record.

    Why it matters: where it leads to none, receivers answer permerror for all mail that gets that far.

    How to fix: correct the name, or take the term out if that service no longer sends for the domain.
    """
    below = {child.name: (parent, child) for parent in nodes(spf.tree) for child in parent.children}
    bad = [pair for pair in below.values() if pair[1].error in {*_BROKEN, NodeError.UNANSWERED}]
    for parent, node in bad[:MOST_FINDINGS]:
        if node.error is NodeError.UNANSWERED and node.answer is not None:
            yield unknown(node.answer, subject=node.name)
        elif node.via is not None and node.error is not None:
            yield _broken(spf, parent, node, node.via, _BROKEN[node.error])
    if below and not bad:
        yield passed()


def _broken(spf: SpfFacts, parent: Node, node: Node, term: Term, case: str) -> Judgement:
    direct = parent is spf.tree
    removable = direct and not isinstance(term, Modifier)  # without its redirect a record has no end
    return failed(
        brief(node.name),
        case=case,
        evidence=(term_evidence(parent, term.span),),
        records=replacement(spf, without(record_of(spf), [term])) if removable else (),
        owner=None if direct else Owner.ESP,
        name=brief(node.name),
        term=brief(term.text),
        count=len(node.texts),
    )


@check(
    "spf-loop",
    Severity.CRITICAL,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "No record includes itself",
        "fail": "The record comes back to itself through {name}",
    },
)
@with_record
def spf_loop(spf: SpfFacts) -> Judgements:
    """No record leads back to itself.

    Why it matters: a receiver goes round until the lookup limit stops it with permerror.

    How to fix: take out the term that closes the circle.
    """
    loops = [(node, child) for node in nodes(spf.tree) for child in node.children if child.error is NodeError.LOOP]
    if loops:
        node, child = loops[0]
        rows = tuple(term_evidence(above, end.via.span) for above, end in loops[:MOST_ROWS] if end.via)
        own = [end.via for above, end in loops if above is spf.tree and end.via]
        change = replacement(spf, without(record_of(spf), own)) if len(own) == len(loops) else ()
        return failed(evidence=rows, records=change, name=node.name, back_to=child.name)
    missing = [node.answer for node in nodes(spf.tree) if node.error is NodeError.UNANSWERED and node.answer]
    if missing:
        return unknown(*missing)
    return passed() if spf.tree.children else not_applicable()
