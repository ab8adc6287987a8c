"""Domains that look mistyped: one letter away from a large one, and no real domain among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.recipients.addresses import Domain
from deliverability.recipients.facts import Mail
from deliverability.recipients.slips import is_large, is_near, slips_of


def domain(name: str, addresses: int, mail: Mail = Mail.UNASKED) -> Domain:
    found = Domain(name, frozenset())
    found.addresses, found.mail = addresses, mail.value
    return found


def slips(*domains: Domain) -> dict[str, str]:
    return {slip.domain: slip.meant for slip in slips_of(domains, sum(one.addresses for one in domains))}


def osa(one: str, other: str) -> int:
    """The distance by the textbook (Damerau, each letter moved once)."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        rows.append([i])
        for j, b in enumerate(other, 1):
            best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i].append(best)
    return rows[-1][-1]


WORD = st.text(st.sampled_from("abc"), max_size=6)


@given(WORD, WORD)
def test_near_is_a_distance_of_one(one: str, other: str) -> None:
    assert is_near(one, other) == (osa(one, other) == 1)


@pytest.mark.parametrize("name", ["gmial.com", "gmai.com", "gmaill.com", "gmsil.com", "gmail.cm", "gmail.co"])
def test_a_slip_of_a_large_provider_is_found(name: str) -> None:
    assert slips(domain("gmail.com", 5000), domain(name, 12)) == {name: "gmail.com"}


def test_a_slip_of_a_large_domain_of_the_list_is_found() -> None:
    own = domain("company.example", 900, Mail.MX)

    assert slips(own, domain("compnay.example", 3, Mail.MX)) == {"compnay.example": "company.example"}


@pytest.mark.parametrize(
    ("name", "addresses", "mail"),
    [
        ("gmall.com", 400, Mail.MX),  # a share of its own
        ("gmall.com", 400, Mail.UNASKED),
        ("email.com", 2, Mail.MX),  # a mailbox provider's own
        ("googlemail.com", 20, Mail.MX),
        ("example.com", 9, Mail.MX),
    ],
)
def test_a_real_domain_is_none(name: str, addresses: int, mail: Mail) -> None:
    assert slips(domain("gmail.com", 5000, Mail.MX), domain(name, addresses, mail)) == {}


@pytest.mark.parametrize(("addresses", "found"), [(50, {"gmall.com": "gmail.com"}), (51, {})])
def test_a_share_of_its_own_makes_a_domain_real_in_a_long_list_too(addresses: int, found: dict[str, str]) -> None:
    rest = domain("example.com", 95_000, Mail.MX)

    assert slips(domain("gmail.com", 5000, Mail.MX), domain("gmall.com", addresses, Mail.MX), rest) == found


@pytest.mark.parametrize("name", ["line.com", "love.com", "lie.com"])
def test_a_short_name_that_takes_mail_is_none(name: str) -> None:
    assert slips(domain("live.com", 5000, Mail.MX), domain(name, 2, Mail.MX)) == {}


@pytest.mark.parametrize(
    ("name", "meant"),
    [("mail.de", "email.de"), ("cloud.com", "icloud.com"), ("bmail.com", "gmail.com"), ("gmail.de", "email.de")],
)
@pytest.mark.parametrize("mail", [Mail.MX, Mail.UNASKED, Mail.NULL_MX])
def test_another_first_letter_is_a_slip_only_where_nobody_can_be(name: str, meant: str, mail: Mail) -> None:
    found = slips(domain(meant, 5000, Mail.MX), domain(name, 2, mail))

    assert found == ({name: meant} if mail is Mail.NULL_MX else {})


def test_the_first_two_letters_that_changed_places_are_a_slip() -> None:
    assert slips(domain("gmail.com", 5000), domain("mgail.com", 2)) == {"mgail.com": "gmail.com"}


@pytest.mark.parametrize("name", ["hotmail.co", "yahoo.co"])
def test_of_several_that_nobody_has_the_one_under_com_is_meant(name: str) -> None:
    assert slips(domain("example.com", 5000), domain(name, 2, Mail.NXDOMAIN)) == {name: f"{name}m"}


def test_a_domain_that_takes_no_mail_is_a_slip_whatever_its_share() -> None:
    assert slips(domain("live.com", 100, Mail.MX), domain("lve.com", 90, Mail.NXDOMAIN)) == {"lve.com": "live.com"}
    assert slips(domain("gmall.com", 400, Mail.NULL_MX), domain("gmail.com", 10, Mail.MX)) == {"gmall.com": "gmail.com"}


@pytest.mark.parametrize(
    ("addresses", "of", "large"), [(49, 60, False), (50, 60, True), (999, 200_000, False), (1_000, 200_000, True)]
)
def test_a_domain_is_large_from_so_many_on(addresses: int, of: int, large: bool) -> None:
    assert is_large(domain("company.example", addresses), of) is large


def test_numbers_that_are_given_out_are_none() -> None:
    assert slips(domain("shop1.example", 900, Mail.MX), domain("shop12.example", 2, Mail.MX)) == {}
    assert "gmai1.com" in slips(domain("gmail.com", 5000), domain("gmai1.com", 2))


def test_a_dead_domain_is_nobodys_meaning() -> None:
    assert slips(domain("compnay.example", 900, Mail.NXDOMAIN), domain("company.example", 2, Mail.MX)) == {}
