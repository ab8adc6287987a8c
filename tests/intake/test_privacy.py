"""No address of a person gets out, and the same person is the same pseudonym."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.privacy import Pseudonyms, after_sign, pseudonyms_from_environment

KEYED = Pseudonyms(b"key")
JOHN = KEYED.of("john.doe@example.com")

local_parts = st.text("abcXYZ019.!#$%&'*+-/=?^_`{|}~é漢", min_size=1, max_size=70).map(lambda text: f"q{text}q")
domains = st.sampled_from(["example.com", "sub.example.co.uk", "dömain.example", "EXAMPLE.COM", "localhost"])
around = st.sampled_from(
    ["", " ", "<", ">", "rfc822;", "to=<", '"', "'", ": ", ",", "mailto:", "(", ")", "[", "]", "\n", "550 5.1.1 "]
)


def test_a_pseudonym_is_sixteen_digits_the_same_for_every_spelling() -> None:
    assert re.fullmatch("[0-9a-f]{16}", JOHN)
    assert KEYED.of(" John.Doe@EXAMPLE.com") == JOHN
    assert KEYED.of("john.do@example.com") != JOHN


def test_another_key_or_none_makes_another_pseudonym() -> None:
    assert (
        len(
            {
                JOHN,
                Pseudonyms(b"other").of("john.doe@example.com"),
                *(Pseudonyms().of("john.doe@example.com") for _ in "ab"),
            }
        )
        == 4
    )


def test_the_key_is_that_of_the_environment() -> None:
    assert pseudonyms_from_environment({"DELIV_KEY": "key"}).of("john.doe@example.com") == JOHN
    assert pseudonyms_from_environment({"DELIV_KEY": ""}).of("john.doe@example.com") != Pseudonyms(b"").of("x")
    assert pseudonyms_from_environment({}).of("a@b") != pseudonyms_from_environment({}).of("a@b")


def test_a_key_of_any_octets_is_a_key() -> None:
    assert pseudonyms_from_environment({"DELIV_KEY": "\udcff"}).of("a@b") == Pseudonyms(b"\xff").of("a@b")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550 <john.doe@example.com>: no such user", f"550 <{JOHN}@example.com>: no such user"),
        ("rfc822;John.Doe@Example.com.", f"rfc822;{JOHN}@Example.com."),
        ('{"email":"john.doe@example.com"}', f'{{"email":"{JOHN}@example.com"}}'),
        ("'john.doe@example.com'", f"'{JOHN}@example.com'"),
        ("see mailto:john.doe@example.com?subject=x", f"see mailto:{JOHN}@example.com?subject=x"),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_an_address_in_a_text_becomes_its_pseudonym(text: str, shown: str) -> None:
    assert KEYED.scrub(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        '"john doe"@example.com',
        "'john'@example.com",
        "user=john@bounces.example.net",
        "john%40example.com",
        "john@[192.0.2.1]",
        "john@",
        "john@example.com/john@example.net",
        "@relay.example:john@example.com",
        "john\uff20example.com",
        "john\\u0040example.com",
    ],
)
def test_the_odd_spellings_are_hidden_too(text: str) -> None:
    assert "john" not in KEYED.scrub(f"before {text} after")


@given(around, local_parts, domains, around)
def test_no_local_part_stays_whatever_stands_around_it(before: str, local: str, domain: str, after: str) -> None:
    assert local.strip("'`*{}|&?!/\\=#") not in KEYED.scrub(f"x {before}{local}@{domain}{after} y")


@given(st.text(st.sampled_from("ab@ <>\"'%40,;:.\n\\"), max_size=60))
def test_no_word_that_stood_before_a_sign_stays(text: str) -> None:
    shown = KEYED.scrub(text)

    assert shown.count("@") <= text.count("@") + text.count("%40")
    for local in re.findall(r"([^\s<>()\[\],;:\"@]+)@", shown):
        assert re.search("[0-9a-f]{16}$", local)


def test_a_text_of_a_megabyte_is_no_work() -> None:
    for text in ("a" * 1_000_000 + "@", '"' * 1_000_000, "@" * 1_000_000, '"a' * 500_000 + "@b", "%4" * 500_000):
        KEYED.scrub(text)


@pytest.mark.parametrize("sign", ["@", "%40", "\uff20", "\\u0040", "\\U0040"])
def test_of_an_address_in_a_domain_s_place_only_the_domain_is_kept(sign: str) -> None:
    assert after_sign(f"john.doe{sign}example.com") == "example.com"
    assert after_sign(f"<a@b>, john{sign}example.com") == "example.com"
    assert after_sign(f"john{sign}") == ""
    assert after_sign("b\u00fccher.example") == "b\u00fccher.example"
    assert after_sign("50%25.example") == "50%25.example"
