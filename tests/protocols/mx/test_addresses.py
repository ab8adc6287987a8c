"""Which addresses the internet can reach."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.addresses import is_fictional, literal, not_public, special_use

RETIRED = [ipaddress.ip_network(text) for text in ("2002::/16", "192.88.99.0/24", "192.0.0.0/24", "2001::/23")]
"""Where the table is stricter than Python: relays that are retired, and single addresses that serve protocols."""
NEWER = ipaddress.ip_network("3fff::/20")
"""Documentation space of 2024, which older Pythons do not know."""


@pytest.mark.parametrize(
    ("address", "use"),
    [
        ("8.8.8.8", None),
        ("2600::1", None),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("100.64.0.1", "shared by carriers"),
        ("127.0.0.1", "loopback"),
        ("169.254.1.1", "link-local"),
        ("203.0.113.7", "documentation"),
        ("198.19.255.255", "benchmarking"),
        ("255.255.255.255", "reserved"),
        ("224.0.0.1", "multicast"),
        ("0.0.0.0", "this network"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fd12::1", "private"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("::ffff:8.8.8.8", "IPv4-mapped"),
        ("4000::1", "unallocated"),
    ],
)
def test_what_an_address_is_set_aside_for(address: str, use: str | None) -> None:
    assert special_use(address) == use


@given(st.ip_addresses())
def test_python_agrees_where_it_is_not_behind(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    stricter = any(address in net for net in (*RETIRED, NEWER)) or (
        address.version == 6 and address not in ipaddress.ip_network("2000::/3")
    )
    if stricter:
        assert special_use(str(address)) is not None
    else:
        assert (special_use(str(address)) is None) == (address.is_global and not address.is_multicast)


@pytest.mark.parametrize("domain", ["example.test", "a.b.example", "www.example.com", "test"])
def test_documentation_is_at_home_in_documentation(domain: str) -> None:
    assert is_fictional(domain)
    assert not_public("192.0.2.1", domain) is None
    assert not_public("198.18.0.1", domain) is None
    assert not_public("10.0.0.1", domain) == "private"


@pytest.mark.parametrize("domain", ["vintner.internal", "myexample.com", "contest"])
def test_and_nowhere_else(domain: str) -> None:
    assert not is_fictional(domain)
    assert not_public("192.0.2.1", domain) == "documentation"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1.", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("mail.example.test", None),
        ("1", None),
        ("", None),
    ],
)
def test_a_name_that_only_spells_an_address(name: str, address: str | None) -> None:
    assert literal(name) == address
