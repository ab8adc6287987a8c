"""Who sends as the domain, and how mail for it travels: the figures of receivers' reports in a document."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.feedback.facts import AggregateFacts, ReportedSource, TlsFacts
from deliverability.reports.figures import UNREADABLE, Figure, figures, given, window
from deliverability.reports.rates import percent
from deliverability.reports.words import counted

MAX_SOURCES = 25
"""Sources that are listed, the largest first; the document has more."""
MAX_FAILURES = 12
"""Kinds of TLS failure that are listed."""

CATEGORIES = {
    "own": "its own",
    "declared": "declared",
    "forwarder": "passes mail on",
    "unknown": "unknown",
}
HIT = {
    "own": "The domain's own",
    "declared": "Declared senders",
    "forwarder": "Forwarders",
    "unknown": "Unknown sources, for which the policy is made",
}
"""Category → whose messages a policy would have hit, in the order in which they matter."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One address that sends. `shadow`: nobody declared it, or it passes nothing where nobody declared any."""

    address: str
    owner: str
    what: str
    why: str
    messages: str
    passes: str
    spf: str
    dkim: str
    seen: str
    shadow: bool


@dataclass(frozen=True, slots=True)
class Senders:
    """Everything that is said of who sends; `trouble` alone where the figures cannot be read."""

    read: str = ""
    window: str = ""
    passing: Sequence[Figure] = ()
    rows: Sequence[SourceRow] = ()
    more: int = 0
    sources: int = 0
    shadow: str = ""
    verdict: str = ""
    hit: Sequence[tuple[str, str]] = ()
    has_inventory: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Tls:
    """What senders reported of encryption to the domain's mail servers; `failures` by kind, server and sessions."""

    read: str
    sessions: Sequence[Figure]
    failures: Sequence[tuple[str, str, str]]


def senders(audit: Audit) -> Senders | None:
    """What DMARC reports say; None where none were given, or damage is told of with the events already."""
    facts = given(audit).inputs.dmarc_reports
    if facts is None:
        return None
    try:
        return _senders(facts)
    except (ValueError, ArithmeticError):  # counts that count nothing: somebody edited them
        return Senders(trouble=UNREADABLE)


def _senders(facts: AggregateFacts) -> Senders:
    shadows = {one.address for one in facts.shadows}
    hit = [(name, facts.failing[name]) for name in HIT if name in facts.failing and facts.failing[name].messages]
    return Senders(
        read=_read(facts),
        window=window(facts.start, facts.end),
        passing=_passing(facts),
        rows=[_row(one, one.address in shadows) for one in facts.sources[:MAX_SOURCES]],
        more=max(0, facts.number_of_sources - len(facts.sources[:MAX_SOURCES])),
        sources=facts.number_of_sources,
        shadow=_shadow(facts),
        verdict=_verdict(facts),
        hit=[
            (HIT[name], f"{one.messages:,} messages from {counted(one.sources, 'source', 'sources')}")
            for name, one in hit
        ],
        has_inventory=facts.has_inventory,
    )


def _read(facts: AggregateFacts) -> str:
    parts = [
        counted(facts.reports, "report", "reports"),
        counted(facts.reporters, "receiver", "receivers"),
        f"{facts.messages:,} messages",
    ]
    parts += [f"{facts.duplicates:,} seen before"] if facts.duplicates else []
    parts += [f"{facts.bad:,} that could not be read"] if facts.bad else []
    return " · ".join(parts)


def _passing(facts: AggregateFacts) -> list[Figure]:
    rows = (
        ("Pass DMARC", facts.dmarc_pass),
        ("by SPF for the domain", facts.spf_aligned),
        ("by DKIM for the domain", facts.dkim_aligned),
        ("Quarantined by receivers", facts.quarantined),
        ("Rejected by receivers", facts.rejected),
    )
    return figures((label, count, facts.messages, "messages") for label, count in rows)


def _row(one: ReportedSource, shadow: bool) -> SourceRow:
    return SourceRow(
        address=one.address,
        owner=one.owner,
        what=CATEGORIES.get(one.category, one.category),
        why=one.why,
        messages=f"{one.messages:,}",
        passes=_share(one.dmarc_pass, one.messages),
        spf=_share(one.spf_aligned, one.messages),
        dkim=_share(one.dkim_aligned, one.messages),
        seen=f"{one.first} to {one.last}" if one.first != one.last else one.first,
        shadow=shadow,
    )


def _share(part: int, of: int) -> str:
    return percent(part / of) if of else "–"


def _shadow(facts: AggregateFacts) -> str:
    if not facts.shadows:
        return ""
    messages = sum(one.messages for one in facts.shadows)
    told = "that nobody declared" if facts.has_inventory else "that pass nothing and are no forwarders"
    many = counted(len(facts.shadows), "source", "sources")
    return f"{many} {told}: {messages:,} of {facts.messages:,} messages"


def _verdict(facts: AggregateFacts) -> str:
    hit = sum(one.messages for one in facts.failing.values())
    own = sum(facts.failing[name].messages for name in ("own", "declared") if name in facts.failing)
    text = f"`p=reject` would have hit {hit:,} of {facts.messages:,} messages"
    if not hit:
        return f"{text}."
    return f"{text}, {own:,} of them from known senders." if own else f"{text}, none of them from a known sender."


def tls(audit: Audit) -> Tls | None:
    """What TLS reports say; None where none were given, or what was cannot be read."""
    facts = given(audit).inputs.tls_reports
    try:
        return None if facts is None else _tls(facts)
    except (ValueError, ArithmeticError):
        return None


def _tls(facts: TlsFacts) -> Tls:
    total = facts.sessions_ok + facts.sessions_failed
    parts = [counted(facts.reports, "report", "reports"), window(facts.start, facts.end)]
    parts += [f"policies applied: {', '.join(facts.types)}"] if facts.types else []
    parts += [f"{facts.bad:,} that could not be read"] if facts.bad else []
    return Tls(
        read=" · ".join(part for part in parts if part),
        sessions=figures(
            (
                ("Encrypted as asked", facts.sessions_ok, total, "sessions"),
                ("Failed", facts.sessions_failed, total, "sessions"),
            )
        ),
        failures=[(one.result_type, one.receiving_mx, f"{one.sessions:,}") for one in facts.failures[:MAX_FAILURES]],
    )
