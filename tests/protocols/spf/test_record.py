"""The record parser: the grammar, the place of everything, and that no text upsets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.spf.record import FaultCode, Kind, Mechanism, Modifier, Qualifier, is_spf, parse

PIECES = [
    "a",
    "mx",
    "ip4:",
    "ip6:",
    "include:",
    "192.0.2.1",
    "2001:db8::1",
    "/24",
    "//64",
    "/",
    "%{",
    "%{i}",
    "%{d2r.}",
]
MORE = ["%%", "%", "}", "=", ":", "redirect=", "exp=", "x.example", ".", "all", "-", "~", "?", "+", " ", "  ", "\t"]
RECORDS = st.one_of(
    st.text(),
    st.text().map(lambda text: f"v=spf1 {text}"),
    st.lists(st.sampled_from(PIECES + MORE)).map(lambda pieces: "v=spf1 " + "".join(pieces)),
)


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 ", "V=SpF1 -all", "v=spf1 what"])
def test_selected(text: str) -> None:
    assert is_spf(text)


@pytest.mark.parametrize("text", ["", "v=spf", "v=spf10", "v=spf1\t-all", "v=spf1;", " v=spf1 -all", "v=spf1\xa0a"])
def test_not_selected(text: str) -> None:
    assert not is_spf(text)


def test_every_part_of_a_mechanism_is_read() -> None:
    record = parse("v=spf1 ~MX:%{d}.example/24//64 ?ip4:192.0.2.7/24 ip6:2001:DB8::1 -all")

    mx, ip4, ip6, end = record.mechanisms
    assert record.faults == ()
    assert (mx.kind, mx.qualifier, mx.prefix4, mx.prefix6) == (Kind.MX, Qualifier.SOFTFAIL, 24, 64)
    assert mx.domain is not None
    assert mx.domain.letters == {"d"}
    assert (ip4.cidr, ip4.qualifier) == ("192.0.2.0/24", Qualifier.NEUTRAL)
    assert ip6.cidr == "2001:db8::1/128"
    assert record.all is end


def test_modifiers_are_read_wherever_they_stand() -> None:
    record = parse("v=spf1 Redirect=a.example exp=b.example x-y_z.1=%{c}%_ a")

    redirect, exp, other = (term for term in record.terms if isinstance(term, Modifier))
    assert (redirect.name, exp.name, other.name) == ("redirect", "exp", "x-y_z.1")
    assert record.redirect is redirect
    assert record.modifier("exp") is exp
    assert record.modifier("none") is None


@pytest.mark.parametrize(
    ("term", "code", "text"),
    [
        ("all.", FaultCode.UNKNOWN_MECHANISM, "all."),
        ("all:x.example", FaultCode.UNEXPECTED_ARGUMENT, ":x.example"),
        ("-all/8", FaultCode.UNEXPECTED_ARGUMENT, "/8"),
        ("ipv4:192.0.2.1", FaultCode.UNKNOWN_MECHANISM, "ipv4"),
        ("1up=x", FaultCode.NOT_A_TERM, "1up=x"),
        ("=all", FaultCode.NOT_A_TERM, "=all"),
        ("redirect:x.example", FaultCode.MODIFIER_AS_MECHANISM, "redirect:x.example"),
        ("-exp=x.example", FaultCode.QUALIFIED_MODIFIER, "-"),
        ("include", FaultCode.MISSING_DOMAIN, "include"),
        ("include:", FaultCode.MISSING_DOMAIN, "include:"),
        ("redirect=", FaultCode.MISSING_DOMAIN, "redirect="),
        ("a:/24", FaultCode.MISSING_DOMAIN, "a:/24"),
        ("a:foo", FaultCode.BAD_DOMAIN, "foo"),
        ("a:foo.", FaultCode.BAD_DOMAIN, "foo."),
        ("a:x.123", FaultCode.BAD_DOMAIN, "x.123"),
        ("a:x.-com", FaultCode.BAD_DOMAIN, "x.-com"),
        ("a:x.com-", FaultCode.BAD_DOMAIN, "x.com-"),
        ("a:%{d}com", FaultCode.BAD_DOMAIN, "%{d}com"),
        ("include:x.example/24", FaultCode.BAD_DOMAIN, "x.example/24"),
        ("ptr/24", FaultCode.UNEXPECTED_ARGUMENT, "/24"),
        ("exists:x.example//64", FaultCode.BAD_DOMAIN, "x.example//64"),
        ("a/33", FaultCode.BAD_PREFIX, "/33"),
        ("a/024", FaultCode.BAD_PREFIX, "/024"),
        ("a//129", FaultCode.BAD_PREFIX, "//129"),
        ("a/24/64", FaultCode.BAD_PREFIX, "/64"),
        ("a/24/32", FaultCode.UNEXPECTED_ARGUMENT, "/24"),
        ("a/", FaultCode.BAD_PREFIX, "/"),
        ("mx:x.example/", FaultCode.BAD_PREFIX, "/"),
        ("ip4", FaultCode.MISSING_ADDRESS, "ip4"),
        ("ip4:", FaultCode.MISSING_ADDRESS, "ip4:"),
        ("ip4:192.0.2", FaultCode.BAD_ADDRESS, "192.0.2"),
        ("ip4:192.0.2.01", FaultCode.BAD_ADDRESS, "192.0.2.01"),
        ("ip4:192.0.2.1/33", FaultCode.BAD_PREFIX, "/33"),
        ("ip4:192.0.2.1//32", FaultCode.BAD_PREFIX, "//32"),
        ("ip6:2001:db8::%eth0", FaultCode.BAD_ADDRESS, "2001:db8::%eth0"),
        ("ip6:2001:db8::/129", FaultCode.BAD_PREFIX, "/129"),
        ("a:%{x}.example", FaultCode.MACRO_LETTER, "%{x}"),
        ("a:%{d0}.example", FaultCode.MACRO_DIGITS, "%{d0}"),
        ("a:%{c}.example", FaultCode.MACRO_EXPLANATION_ONLY, "%{c}"),
        ("a:%(d).example", FaultCode.MACRO_SYNTAX, "%("),
        ("exp=%", FaultCode.MACRO_SYNTAX, "%"),
        ("note=%a", FaultCode.MACRO_SYNTAX, "%a"),
        ("a:\u201cx\u201d.example", FaultCode.CHARACTER, "\u201cx\u201d"),
        ("a\tmx", FaultCode.CHARACTER, "\t"),
    ],
)
def test_fault_with_its_place(term: str, code: FaultCode, text: str) -> None:
    record = parse(f"v=spf1 a {term} -all")

    (fault,) = record.faults
    assert (fault.code, fault.text, fault.term) == (code, text, term)
    assert record.text[fault.span.start : fault.span.end] == text
    assert [str(term) for term in record.terms] == ["a", "-all"]


@pytest.mark.parametrize(
    "term", ["mx:%%", "a:%{d}", "a:x.1-2", "a:foo:8.example", "a:%{i.-+,/_=}", "exists:.example", "a/0//0"]
)
def test_odd_but_right(term: str) -> None:
    assert parse(f"v=spf1 {term}").faults == ()


def test_all_faults_are_found_also_behind_all() -> None:
    record = parse("v=spf1 ip4:x -all a:y %{z} redirect=a.example redirect=b.example a:%{c}%{t}.example")

    assert [fault.code.value for fault in record.faults] == [
        "bad-address",
        "bad-domain",
        "not-a-term",
        "duplicate-modifier",
        "macro-explanation-only",
        "macro-explanation-only",
    ]


def test_terms_behind_all_are_not_reached() -> None:
    record = parse("v=spf1 a -all mx ~all")

    assert [str(term) for term in record.reached] == ["a", "-all"]


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("+A:Mail.Example", "a:mail.example"),
        ("ip4:192.0.2.0/32", "ip4:192.0.2.0"),
        ("?ip6:2001:db8:0::/32", "?ip6:2001:db8::/32"),
        ("mx/32//128", "mx"),
        ("~mx/24//64", "~mx/24//64"),
        ("EXP=Why.%{D}.example", "exp=why.%{D}.example"),
        ("Note=Keep", "note=Keep"),
    ],
)
def test_usual_spelling(text: str, usual: str) -> None:
    assert [str(term) for term in parse(f"v=spf1 {text}").terms] == [usual]


@given(RECORDS)
def test_any_text_is_read_and_given_back(text: str) -> None:
    record = parse(text)

    assert str(record) == text
    assert all(text[term.span.start : term.span.end] == term.text for term in record.terms)
    assert all(text[fault.span.start : fault.span.end] == fault.text for fault in record.faults)
    assert all(0 <= fault.span.start <= fault.span.end <= len(text) for fault in record.faults)


@given(RECORDS)
def test_the_usual_spelling_means_the_same(text: str) -> None:
    terms = parse(text).terms

    again = parse(" ".join(["v=spf1", *map(str, terms)]))
    assert again.faults == ()
    assert [str(term) for term in again.terms] == [str(term) for term in terms]
    assert [getattr(term, "cidr", None) for term in again.terms] == [getattr(term, "cidr", None) for term in terms]


def test_a_record_of_64_kilobytes_is_read() -> None:
    record = parse("v=spf1 " + "a:%{d}/024 " * 6000)

    assert len(record.faults) == 6000
    assert not any(isinstance(term, Mechanism) for term in record.terms)
