"""Who sends as the domain, and how mail for it travels: the figures of receivers' reports in a document."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.feedback.facts import AggregateFacts, ReportedSource, TlsFacts
from deliverability.reports.figures import UNREADABLE, Figure, figures, given, window
from deliverability.reports.language import N_, Words, _, counted, ngettext
from deliverability.reports.prose import prose
from deliverability.reports.rates import percent

MAX_SOURCES = 25
"""Sources that are listed, the largest first; the document has more."""
MAX_FAILURES = 12
"""Kinds of TLS failure that are listed."""

CATEGORIES = Words(
    {
        "own": N_("its own"),
        "declared": N_("declared"),
        "forwarder": N_("passes mail on"),
        "unknown": N_("unknown"),
    }
)
HIT = Words(
    {
        "own": N_("The domain's own"),
        "declared": N_("Declared senders"),
        "forwarder": N_("Forwarders"),
        "unknown": N_("Unknown sources, for which the policy is made"),
    }
)
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
        return Senders(trouble=_(UNREADABLE))


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
        hit=[(HIT[name], messages_from(one.messages, one.sources)) for name, one in hit],
        has_inventory=facts.has_inventory,
    )


def messages_from(messages: int, sources: int) -> str:
    """How many messages how many sources sent."""
    return ngettext(
        "{messages:,} messages from {sources:,} source", "{messages:,} messages from {sources:,} sources", sources
    ).format(messages=messages, sources=sources)


def _read(facts: AggregateFacts) -> str:
    parts = [
        counted(facts.reports, "{n} report", "{n} reports"),
        counted(facts.reporters, "{n} receiver", "{n} receivers"),
        _("{n:,} messages").format(n=facts.messages),
    ]
    parts += [_("{n:,} seen before").format(n=facts.duplicates)] if facts.duplicates else []
    parts += [_("{n:,} that could not be read").format(n=facts.bad)] if facts.bad else []
    return " · ".join(parts)


def _passing(facts: AggregateFacts) -> list[Figure]:
    rows = (
        (N_("Pass DMARC"), facts.dmarc_pass),
        (N_("by SPF for the domain"), facts.spf_aligned),
        (N_("by DKIM for the domain"), facts.dkim_aligned),
        (N_("Quarantined by receivers"), facts.quarantined),
        (N_("Rejected by receivers"), facts.rejected),
    )
    return figures((label, count, facts.messages, N_("{part:,} of {whole:,} messages")) for label, count in rows)


def _row(one: ReportedSource, shadow: bool) -> SourceRow:
    return SourceRow(
        address=one.address,
        owner=one.owner,
        what=CATEGORIES.get(one.category, one.category),
        why=prose(one.why),
        messages=f"{one.messages:,}",
        passes=_share(one.dmarc_pass, one.messages),
        spf=_share(one.spf_aligned, one.messages),
        dkim=_share(one.dkim_aligned, one.messages),
        seen=_("{first} to {last}").format(first=one.first, last=one.last) if one.first != one.last else one.first,
        shadow=shadow,
    )


def _share(part: int, of: int) -> str:
    return percent(part / of) if of else "–"


def _shadow(facts: AggregateFacts) -> str:
    if not facts.shadows:
        return ""
    number = len(facts.shadows)
    if facts.has_inventory:
        told = ngettext(
            "{n} source that nobody declared: {part:,} of {whole:,} messages",
            "{n} sources that nobody declared: {part:,} of {whole:,} messages",
            number,
        )
    else:
        told = ngettext(
            "{n} source that passes nothing and is no forwarder: {part:,} of {whole:,} messages",
            "{n} sources that pass nothing and are no forwarders: {part:,} of {whole:,} messages",
            number,
        )
    return told.format(n=number, part=sum(one.messages for one in facts.shadows), whole=facts.messages)


def _verdict(facts: AggregateFacts) -> str:
    hit = sum(one.messages for one in facts.failing.values())
    own = sum(facts.failing[name].messages for name in ("own", "declared") if name in facts.failing)
    if not hit:
        text = _("`p=reject` would have hit {hit:,} of {whole:,} messages.")
    elif own:
        text = _("`p=reject` would have hit {hit:,} of {whole:,} messages, {own:,} of them from known senders.")
    else:
        text = _("`p=reject` would have hit {hit:,} of {whole:,} messages, none of them from a known sender.")
    return text.format(hit=hit, whole=facts.messages, own=own)


def tls(audit: Audit) -> Tls | None:
    """What TLS reports say; None where none were given, or what was cannot be read."""
    facts = given(audit).inputs.tls_reports
    try:
        return None if facts is None else _tls(facts)
    except (ValueError, ArithmeticError):
        return None


def _tls(facts: TlsFacts) -> Tls:
    total = facts.sessions_ok + facts.sessions_failed
    parts = [counted(facts.reports, "{n} report", "{n} reports"), window(facts.start, facts.end)]
    parts += [_("policies applied: {names}").format(names=", ".join(facts.types))] if facts.types else []
    parts += [_("{n:,} that could not be read").format(n=facts.bad)] if facts.bad else []
    return Tls(
        read=" · ".join(part for part in parts if part),
        sessions=figures(
            (
                (N_("Encrypted as asked"), facts.sessions_ok, total, N_("{part:,} of {whole:,} sessions")),
                (N_("Failed"), facts.sessions_failed, total, N_("{part:,} of {whole:,} sessions")),
            )
        ),
        failures=[(one.result_type, one.receiving_mx, f"{one.sessions:,}") for one in facts.failures[:MAX_FAILURES]],
    )
