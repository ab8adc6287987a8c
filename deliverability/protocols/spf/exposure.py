"""Which addresses a domain lets send in its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from deliverability.protocols.spf.facts import Exposure, ExposureRow, SpecialRange, Use
from deliverability.protocols.spf.record import Kind, Mechanism, Network, network
from deliverability.protocols.spf.tree import Visit

SPECIAL_RANGES: tuple[tuple[Network, str], ...] = tuple(
    (network(cidr), kind)
    for cidr, kind in (
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
)
"""The IANA special-purpose address registries: what no public host sends from."""

_EVERYTHING: tuple[Network, ...] = (network("0.0.0.0/0"), network("::/0"))


def exposure(visits: Iterable[Visit]) -> Exposure:
    """All networks that get a pass, per term and together."""
    authorised = [(visit, networks) for visit in visits if visit.passing and (networks := _networks(visit))]
    union = {each for _, networks in authorised for each in networks}
    return Exposure(
        rows=tuple(_row(visit, networks) for visit, networks in authorised),
        addresses4=_size(collapse_addresses(n for n in union if isinstance(n, IPv4Network))),
        addresses6=_size(collapse_addresses(n for n in union if isinstance(n, IPv6Network))),
        special=tuple(row for visit, networks in authorised for row in _special(visit, networks)),
    )


def _networks(visit: Visit) -> tuple[Network, ...]:
    term = visit.term
    if not isinstance(term, Mechanism):
        return ()
    if term.kind is Kind.ALL:
        return _EVERYTHING
    if term.network is not None:
        return (term.network,)
    return tuple(_hosts(visit.use)) if visit.use and term.kind in {Kind.A, Kind.MX} else ()


def _hosts(use: Use) -> Iterator[Network]:
    prefixes = {"A": use.term.prefix4, "AAAA": use.term.prefix6}
    for answer in (*use.answers, *use.hosts):
        if answer.rdtype in prefixes:
            length = prefixes[answer.rdtype]
            for address in answer.records:
                yield network(address if length is None else f"{address}/{length}")


def _size(apart: Iterator[Network]) -> int:
    return sum(network.num_addresses for network in apart)


def _row(visit: Visit, networks: tuple[Network, ...]) -> ExposureRow:
    return ExposureRow(
        record=visit.node.name,
        term=visit.term.text,
        span=visit.term.span,
        branch=visit.branch.text,
        networks=tuple(map(str, networks)),
    )


def _special(visit: Visit, networks: tuple[Network, ...]) -> Iterator[SpecialRange]:
    for authorised in networks:
        kind = special_kind(authorised)
        if kind is not None:
            yield SpecialRange(
                record=visit.node.name,
                term=visit.term.text,
                span=visit.term.span,
                network=str(authorised),
                kind=kind,
            )


@lru_cache(maxsize=8192)
def special_kind(subject: Network) -> str | None:
    """What kind of special range `subject` lies in, if any."""
    for special, kind in SPECIAL_RANGES:
        if subject.version == special.version and subject.subnet_of(special):  # type: ignore[arg-type]
            return kind
    return None
