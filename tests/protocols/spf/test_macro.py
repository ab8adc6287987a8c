"""Macros: the worked examples of RFC 7208 §7.4, and the edges."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.spf.macro import MacroContext, expand, scan, static_target, target_name

V4 = MacroContext(
    domain="email.example.com",
    sender_domain="email.example.com",
    local="strong-bad",
    ip=ip_address("192.0.2.3"),
    helo="mx.example.org",
    validated="mx.example.org",
    receiver="receiver.example",
    now=1_700_000_000,
)
V6 = MacroContext(
    domain="email.example.com",
    sender_domain="email.example.com",
    local="strong-bad",
    ip=ip_address("2001:db8::cb01"),
)
NIBBLES = "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2"


@pytest.mark.parametrize(
    ("text", "expansion"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{L}", "strong-bad"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{c} %{r} %{t}", "192.0.2.3 receiver.example 1700000000"),
        ("%{h} %{p}", "mx.example.org mx.example.org"),
        ("%%%_%-", "% %20"),
        ("%{d99999999999999999999}", "email.example.com"),
    ],
)
def test_expansion(text: str, expansion: str) -> None:
    string, faults = scan(text, explanation=True)

    assert faults == ()
    assert expand(string, V4) == expansion


def test_ipv6_is_written_in_nibbles_but_readable_for_people() -> None:
    string, _ = scan("%{ir}.%{v} %{c}", explanation=True)

    assert expand(string, V6) == f"{NIBBLES}.ip6 2001:db8::cb01"


def test_a_capital_escapes_every_octet_of_the_local_part() -> None:
    string, _ = scan("%{L}")

    assert expand(string, MacroContext(domain="a.example", sender_domain="a.example", local="ü~x")) == "%C3%BC~x"


@pytest.mark.parametrize("digits", [1, 4999])
def test_a_long_row_of_digits_is_no_trouble(digits: int) -> None:
    assert scan("%{d" + "0" * digits + "1}")[1] == ()


def test_labels_fall_from_the_left_until_the_name_fits() -> None:
    label = "x" * 60

    assert target_name(".".join([label] * 5) + ".example.") == ".".join([label] * 4) + ".example"


@pytest.mark.parametrize("text", ["", ".", "a..b", "x" * 64 + ".example", "x" * 300, "ü.example"])
def test_no_name(text: str) -> None:
    assert target_name(text) is None


def test_what_master_files_escape_is_plain_in_an_expansion() -> None:
    assert target_name('a b."c\\.example') == 'a\\032b.\\"c\\\\.example'


def test_a_name_is_static_if_it_hangs_on_the_domain_alone() -> None:
    own, _ = scan("%{d2}.%{o}")
    other, _ = scan("%{i}.example")

    assert static_target(own, domain="a.b.example", sender_domain="c.example") == "b.example.c.example"
    assert static_target(other, domain="a.example", sender_domain="a.example") is None


@given(st.text(), st.booleans())
def test_any_text_is_scanned(text: str, explanation: bool) -> None:
    string, faults = scan(text, explanation=explanation)

    assert string.text == text
    assert all(0 <= fault.start < fault.end <= len(text) for fault in faults)


@given(st.text(), st.text(), st.text())
def test_any_message_expands(local: str, helo: str, validated: str) -> None:
    string, _ = scan("%{S}%{l1r-}%{h2}%{P}%{ir}")
    context = MacroContext(domain="a.example", sender_domain="b.example", local=local, helo=helo, validated=validated)

    name = target_name(expand(string, context))
    assert name is None or len(name) <= 4 * 253
