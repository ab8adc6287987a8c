"""The addresses that are taken to be valid without asking `email-validator`, held to it."""

from __future__ import annotations

from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.protocols.dmarc.reports import plainly_valid

words = st.text("ab1", min_size=1, max_size=22) | st.text("a1", min_size=30, max_size=66)
separators = st.sampled_from([".", "_", "+", "-", "--", "..", "@", ""])
tails = st.sampled_from(["com", "uk", "example", "xn--p1ai", "c", "test", "arpa", "localhost", "1", "a-b"])
addresses = st.builds(
    lambda a, s, b, c, t, d, tail: f"{a}{s}{b}@{c}{t}{d}.{tail}",
    words,
    separators,
    words,
    words,
    separators,
    words,
    tails,
)


@settings(max_examples=500)
@given(addresses)
def test_what_is_plainly_valid_is_valid(address: str) -> None:
    if plainly_valid(address):
        validate_email(address, check_deliverability=False, test_environment=True)


def test_everyday_report_addresses_are_plainly_valid() -> None:
    for address in (
        *("dmarc@example.com", "dmarc-rua@dmarc.service.gov.uk", "a_b+c@x-y.example", "UPPER@Example.Org"),
        *("a@x.test", "0123456789abcdef0123456789abcdef@dmarc-reports.example.net", f"{'a' * 64}@x.com"),
    ):
        assert plainly_valid(address)


def test_what_takes_a_second_look_is_not_plain() -> None:
    for address in (
        "a..b@x.com",
        "ä@x.com",
        "a@x.invalid",
        f"{'a' * 65}@x.com",
        "a@" + 4 * f"{'a' * 40}-{'a' * 20}." + "com",
        "a@xn--e1a4c.com",
        "a@b",
        "a@[192.0.2.1]",
        "a@x.com\n",
        '"a"@x.com',
    ):
        assert not plainly_valid(address)
