"""Is that good? Whom SPF lets in, who may yet get in, and whether all receivers see it alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._spf import (
    MOST_FINDINGS,
    MOST_ROWS,
    brief,
    record_of,
    replacement,
    row_evidence,
    unanswered,
    with_record,
    without,
)
from deliverability.findings import Effort, Evidence, Judgement, Owner, Severity
from deliverability.lookup.answer import Status
from deliverability.names import registrable
from deliverability.protocols.spf.facts import ExposureRow, MissingName, NodeError, SpfFacts, VoidCount, VoidKind
from deliverability.protocols.spf.limits import MAX_LOOKUP_TERMS, MAX_MX_NAMES, MAX_VOID_LOOKUPS
from deliverability.protocols.spf.record import Span, network
from deliverability.protocols.spf.tree import nodes
from deliverability.sources import rfc, source

WIDEST_OWN = {4: 16, 6: 29}
"""Ours: prefix lengths. Few senders hold more than a /16; a /29 of IPv6 is what a registry gives a network."""
WIDEST = {4: 12, 6: 24}
"""Ours: prefix lengths. The widest range of a large provider met in 2026 was a /14."""
EVERYBODY = {4: 2**31, 6: 2**127}
"""Ours: addresses. Half of all, such as two /1 that look harmless one by one."""
HARMLESS = frozenset({"documentation"})
"""Special ranges that examples are made of: shown, but no fault."""


@check(
    "spf-exposure",
    Severity.HIGH,
    rfc(7208, "11.2"),
    source("IANA special-purpose registries"),
    titles={
        "pass": "{addresses4} IPv4 {addresses4:address|addresses} may send as this domain",
        "everybody": "At least half of all addresses in the world may send as this domain",
        "wide": "`{network}` is wider than any sender needs",
        "special": "`{network}` is no public address space ({kind})",
    },
    fixes={
        "everybody": "Take out the marked terms, and list the servers that really send.",
        "special": "Delete the marked terms: nobody outside can come from there.",
    },
)
@with_record
def spf_exposure(spf: SpfFacts) -> Judgements:
    """SPF lets in the domain's own servers and few others.

    Why it matters: whoever holds any of the authorised addresses can send as this domain and pass SPF and DMARC.

    How to fix: narrow the marked networks to the addresses that really send.
    """
    exposed = spf.exposure
    data: dict[str, Any] = {"addresses4": exposed.addresses4, "addresses6": str(exposed.addresses6)}
    wide = _wider_than(spf, WIDEST, WIDEST_OWN)
    if exposed.addresses4 >= EVERYBODY[4] or exposed.addresses6 >= EVERYBODY[6]:
        return failed(case="everybody", severity=Severity.CRITICAL, evidence=_wide_evidence(spf, wide), **data)
    if wide:
        return failed(case="wide", evidence=_wide_evidence(spf, wide), network=wide[0][1], **data)
    special = [row for row in exposed.special if row.kind not in HARMLESS]
    if special:
        rows = tuple(row_evidence(spf, row.record, row.span, row.kind) for row in special[:MOST_ROWS])
        first = special[0]
        severity = Severity.MEDIUM
        return failed(case="special", severity=severity, evidence=rows, network=first.network, kind=first.kind, **data)
    missing = unanswered(spf)
    return unknown(*missing) if missing else passed(**data)


def _wider_than(spf: SpfFacts, widest: dict[int, int], own: dict[int, int]) -> list[tuple[ExposureRow, str]]:
    """The networks that are too wide, each with the term that names it; a provider's may be wider."""
    home = registrable(spf.domain)
    return [
        (row, cidr)
        for row in spf.exposure.rows
        for cidr in row.networks
        if (net := network(cidr)).prefixlen < (own if registrable(row.record) == home else widest)[net.version]
    ]


def _wide_evidence(spf: SpfFacts, wide: Sequence[tuple[ExposureRow, str]]) -> tuple[Evidence, ...]:
    """Each term once, with all that it lets in."""
    networks: dict[tuple[str, Span], list[str]] = {}
    for row, cidr in wide:
        networks.setdefault((row.record, row.span), []).append(cidr)
    terms = list(networks.items())[:MOST_ROWS]
    return tuple(row_evidence(spf, record, span, brief(", ".join(cidrs))) for (record, span), cidrs in terms)


@check(
    "spf-takeover",
    Severity.CRITICAL,
    rfc(7208, "11.3"),
    rfc(8020),
    titles={
        "pass": "Every name in the record belongs to somebody",
        "fail": "`{term}` leads to {name}; {registrable} does not exist, so anybody can register it",
    },
)
@with_record
def spf_takeover(spf: SpfFacts) -> Iterator[Judgement]:
    """Every name in the record lies under a registered domain.

    Why it matters: whoever registers the missing domain decides who may send as this one.

    How to fix: take the term out.
    """
    home = registrable(spf.domain)
    foreign = {m.registrable: m for m in spf.missing if m.registrable not in {None, home} and m.answer}
    free = [missing for missing in foreign.values() if missing.answer and missing.answer.status is Status.NXDOMAIN]
    unclear = [m for m in foreign.values() if m.answer and not m.answer.answered]
    for missing in free[:MOST_FINDINGS]:
        yield _up_for_grabs(spf, missing)
    for missing in unclear[:MOST_FINDINGS]:
        if missing.answer and missing.registrable:
            yield unknown(missing.answer, subject=missing.registrable)
    if not free and not unclear:
        unseen = unanswered(spf)
        yield unknown(*unseen) if unseen else passed()


def _up_for_grabs(spf: SpfFacts, missing: MissingName) -> Judgement:
    record = record_of(spf)
    direct = [t for t in record.mechanisms if missing.record == spf.domain and t.span == missing.span]
    return failed(
        missing.registrable or missing.name,
        evidence=(row_evidence(spf, missing.record, missing.span),),
        records=replacement(spf, without(record, direct)) if direct else (),
        owner=None if direct else Owner.ESP,
        term=brief(missing.term),
        name=missing.name,
        registrable=missing.registrable,
    )


@check(
    "spf-receivers-differ",
    Severity.MEDIUM,
    rfc(7208, "4.6.4"),
    titles={
        "pass": "Every receiver comes to the same result, by IPv4 and by IPv6",
        "addresses": "Receivers that count the addresses of mail hosts see {total} of ten lookups, the others {terms}",
        "voids": "Some receivers count {voids} empty answers, mail hosts included, the others {terms}; two may be",
        "family": "Clients by IPv{family} meet {voids} empty answers and permerror, the others do not",
    },
    fixes={
        "voids": "Take the mail hosts that have no address out of the MX records, or list addresses instead of `mx`.",
        "family": "List the addresses of each family, so that no term asks in vain.",
    },
    effort=Effort.MEDIUM,
)
@with_record
def spf_receivers_differ(spf: SpfFacts) -> Judgements:
    """The record means the same to every receiver and for every client.

    Why it matters: the standard can be read in two ways, and mail then passes here and fails there.

    How to fix: stay inside the limits by the strictest count: list addresses instead of `mx`.
    """
    cost = spf.cost
    too_many = any(row.addresses > MAX_MX_NAMES for row in cost.rows)
    if too_many or any(node.error in _FATAL for node in nodes(spf.tree)):
        return not_applicable()  # permerror everywhere, or by a different count once that is mended
    if cost.total <= MAX_LOOKUP_TERMS < cost.total_with_addresses:
        rows = tuple(
            row_evidence(spf, row.record, row.span, f"{row.addresses} mail {'host' if row.addresses == 1 else 'hosts'}")
            for row in cost.rows[:MOST_ROWS]
            if row.addresses
        )
        return failed(case="addresses", evidence=rows, total=cost.total_with_addresses, terms=cost.total)
    over = [count for count in spf.voids if count.count(VoidKind.TERM) > MAX_VOID_LOOKUPS]
    if len(over) == 1:
        voids = over[0].count(VoidKind.TERM)
        return failed(
            case="family",
            effort=Effort.LOW,
            evidence=_void_rows(spf, over[0]),
            family=over[0].family,
            voids=voids,
        )
    stricter = [c for c in spf.voids if c.count(VoidKind.TERM, VoidKind.FOLLOW_UP) > MAX_VOID_LOOKUPS]
    if stricter and not over:
        terms, voids = stricter[0].count(VoidKind.TERM), stricter[0].count(VoidKind.TERM, VoidKind.FOLLOW_UP)
        return failed(case="voids", effort=Effort.LOW, evidence=_void_rows(spf, stricter[0]), terms=terms, voids=voids)
    missing = unanswered(spf)
    return unknown(*missing) if missing else passed()


_FATAL = {NodeError.SYNTAX, NodeError.NONE, NodeError.MULTIPLE, NodeError.LOOP, NodeError.BAD_NAME}


def _void_rows(spf: SpfFacts, count: VoidCount) -> tuple[Evidence, ...]:
    return tuple(
        row_evidence(spf, row.record, row.span, f"{row.name} {row.rdtype}: {row.status}")
        for row in count.rows[:MOST_ROWS]
        if row.kind is not VoidKind.VARYING
    )
