"""Is that an address? The short cut and email-validator always say the same; what is refused says why in a word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from email_validator import validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deliverability.recipients import addresses as module
from deliverability.recipients.addresses import BEYOND, MAX_TEXT, Address, Addresses
from deliverability.recipients.reference import disposable_domains
from support.shared import shared

HARD = (
    *("a@example.com", "A.B+c_d-e@Example.COM", "a@b@example.com", "@example.com", "a@", "a", "", "a b@example.com"),
    *(".a@example.com", "a.@example.com", "a..b@example.com", "-a-@example.com", "a@-example.com", "a@example-.com"),
    *("a@example..com", "a@example.com.", "a@.example.com", "a@example", "a@example.c", "a@example.123", "a@1.2.3.4"),
    *(
        "a@[192.0.2.1]",
        '"a b"@example.com',
        "a@exa_mple.com",
        "a@example.test",
        "a@localhost",
        "a@x.local",
        "a'b@x.com",
    ),
    *(
        "김@example.com",
        "kim@메일.한국",
        "a@xn--9t4b11yi5a.com",
        "a@xn--zzzz.com",
        "a@XN--9T4B11YI5A.com",
        "a@\uff58.com",
    ),
    *("x" * 64 + "@example.com", "x" * 65 + "@example.com", "a@" + "x" * 63 + ".com", "a@" + "x" * 64 + ".com"),
    *("a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".com", "a@" + ".".join(["b" * 60] * 4) + ".com.example.org"),
    *(
        "a\0@example.com",
        "a@exam\u202eple.com",
        "a@example.com\n",
        "\uff41@example.com",
        "a\uff20example.com",
        "é@example.com",
    ),
)


def library(text: str) -> tuple[str, str, bool] | None:
    """What email-validator says, as the canonical form, the domain and whether it needs SMTPUTF8."""
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except ValueError:
        return None
    domain = found.ascii_domain.lower()
    return f"{found.local_part.lower()}@{domain}", domain, found.smtputf8


def ours(text: str) -> tuple[str, str, bool] | None:
    found = Addresses(frozenset()).read(text)
    return None if isinstance(found, str) else (found.key, found.domain.name, found.smtputf8)


@pytest.mark.parametrize("text", HARD)
def test_what_is_hard_is_as_the_library_says(text: str) -> None:
    assert ours(text) == library(text)


LOCAL = st.text(st.sampled_from("aB0._+-'!#é김 \"@\\"), max_size=70)
DOMAIN = st.lists(st.text(st.sampled_from("aB0-_é김"), max_size=66), max_size=5).map(".".join)
TAIL = st.sampled_from(["", ".com", ".COM", ".test", ".xn--3e0b707e", ".한국", ".c", ".1", "."])


@given(st.builds(lambda local, domain, tail: f"{local}@{domain}{tail}", LOCAL, DOMAIN, TAIL))
@settings(max_examples=400)
def test_what_looks_like_an_address_is_as_the_library_says(text: str) -> None:
    assert ours(text) == library(text)


@given(st.text(max_size=40) | st.emails())
@example("\ud800@example.com")
def test_any_text_is_as_the_library_says(text: str) -> None:
    assert ours(text) == library(text)


@given(st.lists(st.sampled_from(HARD), max_size=30))
def test_what_came_before_changes_nothing(texts: list[str]) -> None:
    addresses = Addresses(frozenset())
    found = [addresses.read(text) for text in texts]

    assert [isinstance(one, Address) for one in found] == [library(text) is not None for text in texts]


@pytest.mark.corpus
def test_the_addresses_of_real_mail_are_as_the_library_says() -> None:
    tokens = set[str]()
    for path in sorted(Path(shared("data", "sisimai-set-of-emails")).rglob("*.eml")):
        tokens |= {one.decode("latin-1") for one in re.findall(rb"[^\s<>,;:()]+@[^\s<>,;:()]+", path.read_bytes())}

    assert len(tokens) > 500
    assert [text for text in sorted(tokens) if ours(text) != library(text)] == []


def test_the_library_is_asked_once_for_a_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = module._validated

    def counted(text: str) -> Any:
        asked.append(text)
        return real(text)

    monkeypatch.setattr(module, "_validated", counted)
    addresses = Addresses(frozenset())

    for number in range(100):
        addresses.read(f"given.name{number}@example.com")

    assert asked == ["a@example.com"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kim.example.com", "no-at-sign"),
        ("kim@naver.com,lee@naver.com", "several-addresses"),
        ("Kim <kim@naver.com>", "display-name"),
        ("kim lee@naver.com", "space"),
        ("kim@naver", "domain"),
        ("kim@-naver.com", "domain"),
        ("kim@shop.test", "special-use-domain"),
        ("k..im@naver.com", "local-part"),
        ("k" * 65 + "@naver.com", "too-long"),
        ("k@" + "n" * MAX_TEXT, "too-long"),
        ("ki\0m@naver.com", "control-character"),
        ('"kim"x@naver.com', "quoted"),
        ('"kim lee"@naver.com', "quoted"),
        ('"kim@lee"@naver.com', "quoted"),
    ],
)
def test_why_it_is_none_is_one_word(text: str, why: str) -> None:
    assert Addresses(frozenset()).read(text) == why


def test_domains_beyond_the_bound_are_not_held() -> None:
    addresses = Addresses(frozenset(), most=3)

    found = [addresses.read(f"a@d{number}.example") for number in range(10)]

    assert [one.domain.name for one in found if isinstance(one, Address)] == [
        "d0.example",
        "d1.example",
        "d2.example",
        *[BEYOND] * 7,
    ]
    assert len(addresses.domains) == 3
    # all of the others are one, so that their number stays small too
    assert len({id(one.domain) for one in found if isinstance(one, Address)}) == 4


def address(text: str, throwaway: frozenset[str] = frozenset()) -> Address:
    found = Addresses(throwaway).read(text)
    assert isinstance(found, Address)
    return found


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Given.Name+news@Gmail.com", "givenname@gmail.com"),
        ("given.name@googlemail.com", "givenname@gmail.com"),
        ("given.name+news@example.com", None),
    ],
)
def test_the_mailbox_behind_an_alias(text: str, mailbox: str | None) -> None:
    assert address(text).mailbox == mailbox


def test_names_below_a_disposable_domain_are_disposable_too() -> None:
    throwaway = frozenset({"throwaway.example"})

    assert address("a@throwaway.example", throwaway).domain.disposable
    assert address("a@mail.throwaway.example", throwaway).domain.disposable
    assert not address("a@notthrowaway.example", throwaway).domain.disposable


def test_an_access_provider_that_the_shipped_list_holds_is_not_disposable() -> None:
    shipped = disposable_domains()

    assert not address("a@sify.com", shipped).domain.disposable
    assert address("a@0-mail.com", shipped).domain.disposable


@pytest.mark.parametrize(("text", "is_role"), [("Info@example.com", True), ("abuse@x.com", True), ("kim@x.com", False)])
def test_a_task_is_no_person(text: str, is_role: bool) -> None:
    assert address(text).is_role is is_role
