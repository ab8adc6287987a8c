"""The DNS seam: one question, one answer, one method.

Every room above asks DNS through `Resolver.resolve` and nothing else, so an audit runs the same on live DNS, on a zone
file, on a proposed change laid over either, and on a recording.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Protocol

from deliverability.fastclass import dataclass
from deliverability.lookup.labels import MAX_LABEL_OCTETS, MAX_NAME_OCTETS, canonical_name

__all__ = [
    "MAX_LABEL_OCTETS",
    "MAX_NAME_OCTETS",
    "UNANSWERED",
    "Answer",
    "NameLister",
    "Resolver",
    "Status",
    "canonical_name",
    "names_below",
]


class Status(StrEnum):
    """What DNS said, with could-not-look kept apart from is-not-there."""

    OK = "ok"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"


UNANSWERED = frozenset({Status.SERVFAIL, Status.REFUSED, Status.TIMEOUT})
"""Nobody told us: no judgement may rest on these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What DNS said to one question. After a CNAME the status and records are those of the last name.

    `records` are in presentation form with absolute names and sorted bytewise; TXT and SPF are the joined strings, one
    character per octet (latin-1), without quotes or escapes, and `strings` holds the same records, in the same order,
    as the character-strings on the wire. `ttl` is the least of the chain, in seconds; for nodata and nxdomain the
    negative TTL of RFC 2308 §5 where known. `cname_chain` lists the alias targets in order; its last member is the
    name that the status speaks of. `source` (who answered) and `ms` (how long it took) do not count in comparisons.
    """

    name: str
    rdtype: str
    status: Status
    records: tuple[str, ...] = ()
    strings: tuple[tuple[bytes, ...], ...] = ()
    ttl: int | None = None
    cname_chain: tuple[str, ...] = ()
    authenticated: bool | None = None
    truncated: bool = False
    source: str | None = field(default=None, compare=False)
    ms: int | None = field(default=None, compare=False)

    @property
    def answered(self) -> bool:
        """Whether DNS said anything about the name at all: records, nodata or nxdomain."""
        return self.status not in UNANSWERED

    @property
    def exists(self) -> bool | None:
        """Whether the name exists (None: could not look). RFC 8020: only NXDOMAIN says that it does not."""
        return self.status is not Status.NXDOMAIN if self.answered else None


class Resolver(Protocol):
    """Anything that answers DNS questions. A whole zone may also offer `names_below`."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Answer one question; never raises for what DNS said. A malformed `name` raises ValueError."""
        ...


class NameLister(Protocol):
    """A resolver that knows whole zones, and so can prove that nothing else is there."""

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """Every owner name strictly below `name`, sorted; None where this resolver does not hold that whole subtree."""
        ...


def names_below(resolver: object, name: str) -> tuple[str, ...] | None:
    """What `resolver` knows of every owner name strictly below `name`, or None if it cannot list them."""
    lister = getattr(resolver, "names_below", None)
    return None if lister is None else lister(name)
