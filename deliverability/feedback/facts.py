"""What receivers' reports come to, as facts that checks can read and a document can carry. No address of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass

MAX_SOURCES = 200
"""Sources that a document lists, the largest first; the totals count all. Our own bound."""
MAX_ADDRESSES = 2_000
"""Addresses that a document keeps; more than that is a botnet's. Our own bound."""
MAX_AUTHORS = 20
"""Domains of From that are kept of one source. Our own bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSource:
    """One address that sends as the domain, by what receivers reported.

    - owner: whose it is, empty where nobody knows. category: own, declared, forwarder or unknown; why, in a sentence.
    - first, last: UTC days on which it was seen.
    - spf_domains, dkim_keys: the MAIL FROM domains and the names of the keys by which its mail passed as the domain's.
    - authors: the domains of From, sorted, up to `MAX_AUTHORS`.
    """

    address: str
    owner: str
    category: str
    why: str
    messages: int
    dmarc_pass: int
    spf_aligned: int
    dkim_aligned: int
    first: str = ""
    last: str = ""
    spf_domains: tuple[str, ...] = ()
    dkim_keys: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Messages that do not pass DMARC, and from how many sources they come."""

    messages: int = 0
    sources: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateFacts:
    """What DMARC aggregate reports about one domain, and the names below it, add up to.

    - start, end: first and last UTC day on which a report begins. has_inventory: senders were declared.
    - sources: the largest, up to `MAX_SOURCES`; number_of_sources: all of them.
    - addresses: of all sources, up to `MAX_ADDRESSES`.
    - shadows: sources that nobody declared, or that pass nothing where there is no inventory.
    - failing: category → what does not pass, so what p=quarantine or p=reject would hit.
    - spf_aligned_only: messages that pass by SPF alone.
    """

    domain: str
    start: str
    end: str
    reports: int
    reporters: int
    messages: int
    dmarc_pass: int
    spf_aligned: int
    dkim_aligned: int
    quarantined: int
    rejected: int
    has_inventory: bool = False
    number_of_sources: int = 0
    sources: tuple[ReportedSource, ...] = ()
    shadows: tuple[ReportedSource, ...] = ()
    failing: Mapping[str, Failing] = field(default_factory=dict[str, Failing])
    addresses: tuple[str, ...] = ()
    files: int = 0
    duplicates: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFailed:
    """Sessions that failed for one reason at one mail server."""

    result_type: str
    receiving_mx: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What SMTP TLS reports about one domain add up to; `types` are the policy types that were applied."""

    domain: str
    start: str
    end: str
    reports: int
    sessions_ok: int
    sessions_failed: int
    types: tuple[str, ...] = ()
    failures: tuple[TlsFailed, ...] = ()
    files: int = 0
    bad: int = 0


AGGREGATE, TLS = "dmarc_reports", "tls_reports"
"""The kinds of observation."""


def aggregate_observation(facts: AggregateFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": AGGREGATE, **to_plain(facts)}


def aggregate_from(observation: Mapping[str, Any]) -> AggregateFacts:
    """What `aggregate_observation` made. Raises NotThose."""
    return from_plain(AggregateFacts, dict(observation))


def tls_observation(facts: TlsFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": TLS, **to_plain(facts)}


def tls_from(observation: Mapping[str, Any]) -> TlsFacts:
    """What `tls_observation` made. Raises NotThose."""
    return from_plain(TlsFacts, dict(observation))
