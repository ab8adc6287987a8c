"""Is that good? Terms of the SPF record that nobody sends from, by what receivers reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._spf import MOST_ROWS, brief, record_of, term_evidence, unanswered, with_record
from deliverability.checks._thresholds import MIN_REPORTED_DAYS
from deliverability.findings import Effort, Lack, Owner, Severity
from deliverability.protocols.spf.record import Term, network
from deliverability.sources import rfc

if TYPE_CHECKING:
    from deliverability.feedback.facts import AggregateFacts
    from deliverability.protocols.spf.facts import SpfFacts


@check(
    "spf-unused-terms",
    Severity.LOW,
    rfc(7208, "4.6.4"),
    rfc(7208, "10.1.1"),
    rfc(9990),
    titles={
        "pass": "Mail was seen from every service that SPF names ({terms} {terms:term|terms}, {days} days of reports)",
        "fail": "No mail was seen from {count} {count:term|terms} of the SPF record in {days} days: {first}",
        "short": "The reports cover {days} days; what is used once a month shows in {needed}",
        "many": "The reports name more sources than are kept, so none can be missed",
        "macros": "Every term of the record depends on the message, so nobody can say which are used",
    },
    effort=Effort.MEDIUM,
    owner=Owner.DNS,
    settle="Give DMARC aggregate reports of some weeks with --dmarc-reports.",
)
@with_record
def spf_unused_terms(spf: SpfFacts, dmarc_reports: AggregateFacts | None) -> Judgements:
    """Mail comes from every service that the SPF record lets in.

    A term counts as used if an address that receivers reported lies in what it authorises. Terms with macros, and those
    whose addresses nobody answered for, are left out.

    Why it matters: every forgotten include costs DNS look-ups, of which there are ten, and lets a service send as the
    domain that nobody uses any more.

    How to fix: ask whoever set them up whether the terms marked are still wanted, and take out those that are not.
    """
    if dmarc_reports is None:
        return unknown(lack=Lack.INPUT)
    days = _days(dmarc_reports)
    if days < MIN_REPORTED_DAYS:
        return not_applicable(case="short", days=days, needed=MIN_REPORTED_DAYS)
    if dmarc_reports.number_of_sources > len(dmarc_reports.addresses):
        return not_applicable(case="many", sources=dmarc_reports.number_of_sources)
    if open_questions := unanswered(spf):
        return unknown(*open_questions)
    known = dict(_authorised(spf))
    if not known:
        return not_applicable(case="macros")
    seen = [ip_address(address) for address in dmarc_reports.addresses]
    idle = [term for term, networks in known.items() if not any(_holds(networks, one) for one in seen)]
    if not idle:
        return passed(terms=len(known), days=days)
    rows = tuple(term_evidence(spf.tree, term.span, "no mail seen") for term in idle[:MOST_ROWS])
    return failed(
        count=len(idle), terms=[term.text for term in idle], first=brief(idle[0].text), days=days, evidence=rows
    )


def _days(reports: AggregateFacts) -> int:
    if not reports.start:
        return 0
    return (date.fromisoformat(reports.end) - date.fromisoformat(reports.start)).days + 1


def _authorised(spf: SpfFacts) -> Iterator[tuple[Term, tuple[IPv4Network | IPv6Network, ...]]]:
    """The terms of the domain's own record, each with the networks behind it; those without any are left out."""
    for term in record_of(spf).terms:
        cidrs = [cidr for row in spf.exposure.rows if row.branch == term.text for cidr in row.networks]
        if cidrs:
            yield term, tuple(network(cidr) for cidr in cidrs)


def _holds(networks: Iterable[IPv4Network | IPv6Network], address: IPv4Address | IPv6Address) -> bool:
    return any(address.version == one.version and address in one for one in networks)
