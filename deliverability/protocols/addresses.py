"""Which IP addresses can be reached from the public internet, and what the others are set aside for."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

AS_OF = "2026-10"
"""When the IANA IPv4 and IPv6 Special-Purpose Address Registries were last compared with the tables below."""

_IPV4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by carriers",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "retired 6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_IPV6 = {
    "2001::/23": "protocol assignments",
    "2001:db8::/32": "documentation",
    "2002::/16": "retired 6to4",
    "3fff::/20": "documentation",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "::ffff:0:0/96": "IPv4-mapped",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""IANA's IPv6 address space registry: all else is not given out for hosts on the internet."""

_FICTIONAL_USES = frozenset({"documentation", "benchmarking"})
_FICTIONAL_NAMES = ("test", "example", "invalid", "example.com", "example.net", "example.org")
"""RFC 2606 §2, §3: names set aside for tests and documentation."""


class Origin(StrEnum):
    """How it is known that an address sends, or may."""

    GIVEN = "given"
    """The caller says that it sends."""
    EVENTS = "events"
    """It sent, by the events of the sending service."""
    SPF = "spf"
    """The domain's SPF record allows it to; whether it does is not known."""


def special_use(address: str) -> str | None:
    """What `address` (IPv4 or IPv6) is set aside for, in a word or two; None if it is public.

    Source: the IANA special-purpose registries (`AS_OF`). Raises ValueError for what is not an address.
    """
    parsed = ip_address(address)
    for network, use in _networks()[parsed.version]:
        if parsed in network:
            return use
    if parsed.version == 6 and parsed not in _GLOBAL_UNICAST:
        return "unallocated"
    return None


def not_public(address: str, domain: str) -> str | None:
    """As `special_use`, but documentation and benchmarking addresses are at home below a fictional `domain`."""
    use = special_use(address)
    return None if use in _FICTIONAL_USES and is_fictional(domain) else use


def is_fictional(domain: str) -> bool:
    """Whether `domain` (canonical) is, or lies below, a name that is reserved for tests and documentation."""
    return any(domain == name or domain.endswith(f".{name}") for name in _FICTIONAL_NAMES)


def literal(name: str) -> str | None:
    """The IP address that a host name only spells (`192.0.2.1`, `[192.0.2.1]`, `2001:db8::1`), or None."""
    bare = name.removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _networks() -> dict[int, list[tuple[IPv4Network | IPv6Network, str]]]:
    tables = {4: _IPV4, 6: _IPV6}
    return {version: [(ip_network(text), use) for text, use in table.items()] for version, table in tables.items()}
