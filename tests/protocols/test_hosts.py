"""The hosts that send: which addresses are looked at, and what their names look like."""

from __future__ import annotations

import asyncio
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import ZoneResolver
from deliverability.protocols import hosts
from deliverability.protocols.addresses import Origin
from deliverability.protocols.generic_names import looks_generic
from deliverability.protocols.hosts import HostsFacts
from support.nameserver import Counting

ROOT = "$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n"


def look(zone: str, **options: Any) -> tuple[HostsFacts, set[tuple[str, str]]]:
    base = Counting(ZoneResolver.from_text(ROOT + dedent(zone).replace("@", "shop.test. 60")))
    facts = asyncio.run(hosts.lookup(base, "shop.test", **options))
    return facts, set(base.asked)


def addresses(zone: str, **options: Any) -> list[str]:
    return [host.address for host in look(zone, **options)[0].hosts]


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ("ip4:192.0.2.1 ip6:2001:db8::1", ["192.0.2.1", "2001:db8::1"]),
        ("ip4:192.0.2.1/32 ip6:2001:db8::1/128", ["192.0.2.1", "2001:db8::1"]),
        ("ip4:192.0.2.0/31 ip6:2001:db8::/64", []),
        ("ip4:192.0.2.1 ip4:192.0.2.1", ["192.0.2.1"]),
        ("-ip4:192.0.2.1 ~ip4:192.0.2.2 ?ip4:192.0.2.3", []),
        ("a", ["192.0.2.10", "2001:db8::10"]),
        ("a//64", ["192.0.2.10"]),
        ("a/24", ["2001:db8::10"]),
        ("a:out.shop.test mx", ["192.0.2.11", "192.0.2.12"]),
        ("a:%{d}", ["192.0.2.10", "2001:db8::10"]),
        ("a:%{i}.shop.test", []),
        ("include:out.shop.test", []),
        ("-all ip4:192.0.2.1", []),
    ],
)
def test_the_addresses_that_spf_names_one_by_one(terms: str, found: list[str]) -> None:
    zone = f"""
    @ TXT "v=spf1 {terms}"
    @ A 192.0.2.10
    @ AAAA 2001:db8::10
    @ MX 10 mail.shop.test.
    out.shop.test. 60 A 192.0.2.11
    mail.shop.test. 60 A 192.0.2.12
    """
    assert addresses(zone) == found


def test_two_records_authorise_nobody() -> None:
    assert addresses('@ TXT "v=spf1 ip4:192.0.2.1 -all"\n@ TXT "v=spf1 ip4:192.0.2.2 -all"') == []


def test_given_addresses_are_looked_at_and_spf_is_not_asked() -> None:
    facts, asked = look('@ TXT "v=spf1 ip4:192.0.2.1 -all"', ips=["192.0.2.7", "192.0.2.7"])

    assert [(host.address, host.origin) for host in facts.hosts] == [("192.0.2.7", Origin.GIVEN)]
    assert asked == {("7.2.0.192.in-addr.arpa", "PTR")}


def test_both_bounds_are_counted() -> None:
    terms = " ".join(f"ip4:192.0.2.{n}" for n in range(1, 13))
    by_spf, _ = look(f'@ TXT "v=spf1 {terms} -all"')
    given, _ = look("", ips=[f"192.0.2.{n}" for n in range(1, 101)])

    assert (len(by_spf.hosts), by_spf.total) == (hosts.MAX_NAMED, 12)
    assert (len(given.hosts), given.total) == (hosts.MAX_GIVEN, 100)


def test_ten_names_of_an_address_are_looked_up() -> None:
    """RFC 8601 §3."""
    zone = "".join(f"7.2.0.192.in-addr.arpa. 60 PTR n{n:02d}.shop.test.\n" for n in range(12))
    facts, asked = look(zone, ips=["192.0.2.7"])

    assert facts.hosts[0].total_names == 12
    assert {name for name, rdtype in asked if rdtype == "A"} == {f"n{n:02d}.shop.test" for n in range(10)}


@pytest.mark.parametrize(
    ("helo", "literal", "found"),
    [
        ("mail.shop.test", None, ("192.0.2.12", "2001:db8::12")),
        ("gone.shop.test", None, ()),
        ("[192.0.2.12]", "192.0.2.12", ()),
        ("[IPv6:2001:db8::12]", "2001:db8::12", ()),
        ("192.0.2.12", "192.0.2.12", ()),
    ],
)
def test_the_greeting(helo: str, literal: str | None, found: tuple[str, ...]) -> None:
    zone = "mail.shop.test. 60 A 192.0.2.12\nmail.shop.test. 60 AAAA 2001:db8::12\n"
    greeting = look(zone, helo=helo)[0].greeting

    assert greeting is not None
    assert (greeting.literal, greeting.addresses) == (literal, found)


GENERIC = [
    ("host-192-0-2-25.hoster.test", "192.0.2.25"),
    ("192.0.2.25.static.hoster.test", "192.0.2.25"),
    ("static.25.2.0.192.clients.hoster.test", "192.0.2.25"),
    ("ip-192000002025.hoster.test", "192.0.2.25"),
    ("c0000219.hoster.test", "192.0.2.25"),
    ("vps-198-51-100-7.hoster.test", "198.51.100.7"),
    ("p5b0c.dip.dsl.provider.test", "192.0.2.25"),
    ("pool-dyn12.provider.test", "192.0.2.25"),
    ("dhcp25.lan.provider.test", "192.0.2.25"),
    ("2001-db8-0-0-a1b2-c3d4-e5f6-1234.hoster.test", "2001:db8::a1b2:c3d4:e5f6:1234"),
    ("a1b2c3d4e5f61234.hoster.test", "2001:db8::a1b2:c3d4:e5f6:1234"),
    ("5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.hoster.test", "2001:db8::25"),
]
CHOSEN = [
    ("mail.example.test", "192.0.2.25"),
    ("mx25.example.test", "192.0.2.25"),
    ("a10-42.smtp-out.example.test", "192.0.10.42"),
    ("mail-ed1-f41.google.com", "209.85.208.41"),
    ("o1.ptr1234.example.test", "192.0.2.25"),
    ("mta-2-25.mail.example.test", "192.0.2.25"),
    ("mail2.dynamic.test", "192.0.2.25"),
    ("mail.dsl-shop.test", "192.0.2.25"),
    ("out-6.smtp.example.test", "2001:db8::25"),
]


@pytest.mark.parametrize(("name", "address"), GENERIC)
def test_names_that_are_made_up_from_the_address(name: str, address: str) -> None:
    assert looks_generic(name, address)


@pytest.mark.parametrize(("name", "address"), CHOSEN)
def test_names_that_somebody_chose(name: str, address: str) -> None:
    assert not looks_generic(name, address)


@given(st.ip_addresses(v=4), st.sampled_from(["-", ".", "x"]), st.booleans())
def test_the_octets_in_either_order_are_seen(address: Any, mark: str, backwards: bool) -> None:
    octets = str(address).split(".")
    spelled = mark.join(octets[::-1] if backwards else octets)

    assert looks_generic(f"host-{spelled}.hoster.test", str(address))


@given(st.from_regex(r"[a-z0-9.-]{0,80}", fullmatch=True), st.ip_addresses())
def test_no_name_is_too_odd(name: str, address: Any) -> None:
    assert looks_generic(name, str(address)) in {True, False}
