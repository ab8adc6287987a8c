"""Which addresses a domain lets send in its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from deliverability.protocols.spf.facts import Exposure, ExposureRow, SpecialRange, Use
from deliverability.protocols.spf.record import Kind, Mechanism, network
from deliverability.protocols.spf.tree import Visit

SPECIAL_RANGES: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.2.0/24", "documentation"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/127", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("100::/64", "discard"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
)
"""The IANA special-purpose address registries: what no public host sends from."""

EVERYTHING = ("0.0.0.0/0", "::/0")


class Extent(NamedTuple):
    """A network as numbers: its first and last address."""

    version: int
    first: int
    last: int


@lru_cache(maxsize=8192)
def extent(cidr: str) -> Extent:
    """The extent of a network."""
    found = network(cidr)
    return Extent(found.version, int(found.network_address), int(found.broadcast_address))


@lru_cache(maxsize=8192)
def special_kind(cidr: str) -> str | None:
    """What kind of special range a network lies in, if any."""
    version, first, last = extent(cidr)
    for special, kind in SPECIAL_RANGES:
        around = extent(special)
        if version == around.version and around.first <= first and last <= around.last:
            return kind
    return None


def exposure(visits: Iterable[Visit]) -> Exposure:
    """All networks that get a pass, per term and together."""
    authorised = [(visit, networks) for visit in visits if visit.passing and (networks := _networks(visit))]
    union = {extent(cidr) for _, networks in authorised for cidr in networks}
    return Exposure(
        rows=tuple(_row(visit, networks) for visit, networks in authorised),
        addresses4=_size(each for each in union if each.version == 4),
        addresses6=_size(each for each in union if each.version == 6),
        special=tuple(row for visit, networks in authorised for row in _special(visit, networks)),
    )


def _networks(visit: Visit) -> tuple[str, ...]:
    term = visit.term
    if not isinstance(term, Mechanism):
        return ()
    if term.kind is Kind.ALL:
        return EVERYTHING
    if term.cidr is not None:
        return (term.cidr,)
    return tuple(_hosts(visit.use)) if visit.use and term.kind in {Kind.A, Kind.MX} else ()


def _hosts(use: Use) -> Iterator[str]:
    prefixes = {"A": use.term.prefix4, "AAAA": use.term.prefix6}
    for answer in (*use.answers, *use.hosts):
        if answer.rdtype in prefixes:
            length = prefixes[answer.rdtype]
            for address in answer.records:
                yield str(network(address if length is None else f"{address}/{length}"))


def _size(extents: Iterable[Extent]) -> int:
    """How many addresses there are in all, each counted once."""
    size, counted_to = 0, -1
    for _, first, last in sorted(extents):
        size += max(0, last - max(first - 1, counted_to))
        counted_to = max(counted_to, last)
    return size


def _row(visit: Visit, networks: tuple[str, ...]) -> ExposureRow:
    return ExposureRow(
        record=visit.node.name,
        term=visit.term.text,
        span=visit.term.span,
        branch=visit.branch.text,
        networks=networks,
    )


def _special(visit: Visit, networks: tuple[str, ...]) -> Iterator[SpecialRange]:
    for cidr in networks:
        kind = special_kind(cidr)
        if kind is not None:
            yield SpecialRange(
                record=visit.node.name, term=visit.term.text, span=visit.term.span, network=cidr, kind=kind
            )
