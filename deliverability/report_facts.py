"""What receivers' reports come to, cut to what a document carries and checks read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from deliverability.dmarc_reports import DmarcReports
from deliverability.feedback.aggregate import organization
from deliverability.feedback.aggregate.sources import Source
from deliverability.feedback.facts import (
    MAX_ADDRESSES,
    MAX_AUTHORS,
    MAX_SOURCES,
    AggregateFacts,
    Failing,
    ReportedSource,
    TlsFacts,
    TlsFailed,
)
from deliverability.tls_reports import TlsReports


def aggregate_facts(found: DmarcReports, domain: str) -> AggregateFacts:
    """What reports add up to, cut to what a document carries."""
    failing: dict[str, Failing] = {}
    for category, messages, sources in _failing(found):
        before = failing.get(category, Failing())
        failing[category] = Failing(messages=before.messages + messages, sources=before.sources + sources)
    days = sorted(found.days)
    totals = found.totals
    return AggregateFacts(
        domain=domain,
        start=days[0] if days else "",
        end=days[-1] if days else "",
        reports=found.input.reports,
        reporters=len(found.reporters),
        messages=totals.messages,
        dmarc_pass=totals.dmarc_pass,
        spf_aligned=totals.spf_aligned,
        dkim_aligned=totals.dkim_aligned,
        quarantined=totals.quarantined,
        rejected=totals.rejected,
        has_inventory=bool(found.inventory.entries),
        number_of_sources=len(found.sources) + sum(found.folded.values()),
        sources=tuple(_source(source) for source in found.sources[:MAX_SOURCES]),
        shadows=tuple(_source(source) for source in found.shadows[:MAX_SOURCES]),
        failing=failing,
        addresses=tuple(source.address for source in found.sources[:MAX_ADDRESSES] if source.address),
        files=found.input.files,
        duplicates=found.input.duplicates,
        bad=found.input.bad,
    )


def _failing(found: DmarcReports) -> Iterable[tuple[str, int, int]]:
    """Category, messages that do not pass, and how many sources those are from."""
    for source in found.sources:
        if missed := source.tally.messages - source.tally.dmarc_pass:
            yield source.category.value, missed, 1
    for category, tally in found.others.items():
        if missed := tally.messages - tally.dmarc_pass:
            yield category, missed, found.folded.get(category, 0)


def _source(source: Source) -> ReportedSource:
    tally = source.tally
    return ReportedSource(
        address=source.address,
        owner=source.owner.name if source.owner else "",
        category=source.category.value,
        why=source.why,
        messages=tally.messages,
        dmarc_pass=tally.dmarc_pass,
        spf_aligned=tally.spf_aligned,
        dkim_aligned=tally.dkim_aligned,
        first=_day(tally.first),
        last=_day(tally.last),
        spf_domains=_aligned(source, "spf"),
        dkim_keys=_aligned(source, "dkim"),
        authors=tuple(sorted(tally.header_from)[:MAX_AUTHORS]),
    )


def _aligned(source: Source, method: str) -> tuple[str, ...]:
    """What passed for the author domains: of SPF the domains, of DKIM the names of the keys."""
    own = {organization(author) for author in source.tally.header_from}
    passed = [
        auth
        for auth in source.tally.auth
        # RFC 9989 §4.4.2: of SPF only the MAIL FROM identity
        if auth.method == method and auth.result == "pass" and not (method == "spf" and auth.name == "helo")
    ]
    names = [
        f"{auth.name}._domainkey.{auth.domain}" if method == "dkim" else auth.domain
        for auth in passed
        if organization(auth.domain) in own and (method == "spf" or auth.name)
    ]
    return tuple(dict.fromkeys(names))


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat() if seconds else ""


def tls_facts(found: TlsReports, domain: str) -> TlsFacts:
    """What reports add up to, cut to what a document carries."""
    sums = found.sums
    days = [one.day.isoformat() for one in sums.days]
    return TlsFacts(
        domain=domain,
        start=days[0] if days else "",
        end=days[-1] if days else "",
        reports=found.input.reports,
        sessions_ok=sums.sessions_ok,
        sessions_failed=sums.sessions_failed,
        types=tuple(sorted({policy.type for policy in sums.policies})),
        failures=tuple(
            TlsFailed(result_type=one.result_type, receiving_mx=one.receiving_mx, sessions=one.sessions)
            for one in sums.failures[:MAX_SOURCES]
        ),
        files=found.input.files,
        bad=found.input.bad,
    )
