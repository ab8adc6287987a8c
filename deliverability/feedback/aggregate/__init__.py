"""DMARC aggregate reports: what one holds (RFC 9990; RFC 7489 appendix C before it), read as a stream.

`read` never holds a report: it gives the head as soon as it is known, and the records in batches. What it refuses, it
refuses by name, and then the whole report: a caller keeps nothing of a report until its iteration ends.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Refused
from deliverability.privacy import after_sign

MAX_COUNT = 10**12
"""Messages of one record; our own bound, above what the largest receivers take in from everybody in a day."""
MAX_TIME = 253_402_300_800
"""Seconds since 1970 at the end of the year 9999: later is no date, but milliseconds."""
MAX_NAME = 253
"""Characters of a domain name (RFC 1035 §2.3.4); what is longer is cut."""
UNKNOWN_ADDRESS = "unknown"
"""Stands where a report gives no IP address as the source."""


class Octets(Protocol):
    """What a report is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` octets; none at the end. May raise Refused."""
        ...


class Auth(NamedTuple):
    """One authentication result. `method` is dkim or spf; `name` the DKIM selector or the SPF scope."""

    method: str
    domain: str
    name: str
    result: str


class Reason(NamedTuple):
    """Why a receiver did otherwise than the policy says."""

    type: str
    comment: str


class Record(NamedTuple):
    """One row: `messages` from one address with the same results. Words and names are in lower case.

    `dkim` and `spf` are the receiver's judgement of the aligned identities; `auth` what it saw before alignment.
    """

    source_ip: str
    messages: int
    disposition: str
    dkim: str
    spf: str
    reasons: tuple[Reason, ...]
    envelope_from: str
    header_from: str
    auth: tuple[Auth, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The policy that the receiver applied; None where the report does not say. Values in lower case."""

    p: str | None = None
    sp: str | None = None
    np: str | None = None
    adkim: str | None = None
    aspf: str | None = None
    pct: str | None = None
    fo: str | None = None
    testing: str | None = None
    discovery_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who reports on which domain, for which time (`begin` and `end` in seconds since 1970)."""

    org_name: str
    report_id: str
    begin: int
    end: int
    domain: str
    published: Published

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What makes a report the same report."""
        return self.org_name, self.report_id, self.domain, self.begin


def read(stream: Octets, *, fast: bool = True) -> Iterator[tuple[Head, list[Record]]]:
    """The report in `stream`: its head with a batch of records, once at least, until all have been given.

    - fast: recognise the common shapes of a record without an XML parser; the result is the same.

    Raises Refused: empty, not-a-report, unknown-encoding, doctype, malformed-xml, truncated, too-deep, text-too-long,
    markup-too-long, head-after-records, no-policy-domain, bad-date-range, bad-count; and whatever `stream` raises.
    """
    from deliverability.feedback.aggregate.fast import batches  # noqa: PLC0415 - loads expat

    return batches(stream, fast=fast)


def domain_name(text: str) -> str:
    """A domain as reports write it, in lower case, without the final dot; of an address only what follows the @.

    Some receivers give the sender's whole address, which is a person's and is not kept.
    """
    return after_sign(text.strip()).strip("<> ").removesuffix(".").lower()[:MAX_NAME]


def word(text: str) -> str:
    """A result, disposition, scope or policy: some receivers begin it with a capital. No address is one."""
    return after_sign(text.strip()).lower()[:40]


def count_of(text: str) -> int:
    """The number of messages of a record. Raises Refused."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 13 and int(digits) <= MAX_COUNT):
        raise Refused("bad-count", f"a record counts {digits[:40]!r} messages")
    return int(digits)


def time_of(text: str | None) -> int | None:
    """Seconds since 1970, with or without a fraction; None where that is not what `text` says."""
    whole = (text or "").strip().partition(".")[0]
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12):
        return None
    return int(whole) if int(whole) < MAX_TIME else None


def address_of(text: str) -> str:
    """An IP address in its one spelling (RFC 5952); `unknown` for anything else."""
    stripped = text.strip()
    family = socket.AF_INET6 if ":" in stripped else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, stripped))
    except (OSError, ValueError):
        return UNKNOWN_ADDRESS


@lru_cache(maxsize=8192)
def organization(name: str) -> str:
    """The Organizational Domain of `name` as RFC 7489 readers find it, by the Public Suffix List; else the name."""
    from deliverability.names import registrable  # noqa: PLC0415 - reads the list

    return registrable(name) or name
