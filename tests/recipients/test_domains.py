"""Whether domains take mail: one question each, and what could not be looked up apart from what is not there."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from deliverability.lookup import Answer, Resolver, Status, ZoneResolver
from deliverability.recipients.addresses import Domain
from deliverability.recipients.domains import look, mail_of
from deliverability.recipients.facts import Mail

ZONE = """
$ORIGIN example.com.
@ SOA ns1 hostmaster 1 7200 900 1209600 300
mx MX 10 mail.example.net.
null MX 0 .
odd MX 0 .
odd MX 10 mail.example.net.
a A 192.0.2.1
aaaa AAAA 2001:db8::1
text TXT "no host"
alias CNAME mx
gone CNAME nowhere
"""


class Counting:
    """A resolver that counts questions, and does not answer those about `silent`."""

    def __init__(self, base: Resolver, silent: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.asked = Counter[tuple[str, str]]()
        self.most = self._open = 0
        self._base = base
        self._silent = silent

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked[name, rdtype] += 1
        self._open += 1
        self.most = max(self.most, self._open)
        await asyncio.sleep(0)
        self._open -= 1
        if (name, rdtype) in self._silent:
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)
        return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)


def asked(*names: str, silent: frozenset[tuple[str, str]] = frozenset()) -> tuple[list[str], Counting]:
    resolver = Counting(ZoneResolver.from_text(ZONE), silent)
    domains = [Domain(name, frozenset()) for name in names]
    asyncio.run(look(resolver, domains))
    return [domain.mail for domain in domains], resolver


@pytest.mark.parametrize(
    ("name", "mail"),
    [
        ("mx", Mail.MX),
        ("null", Mail.NULL_MX),
        ("odd", Mail.MX),
        ("a", Mail.ADDRESS),
        ("aaaa", Mail.ADDRESS),
        ("text", Mail.NOWHERE),
        ("alias", Mail.MX),
        ("gone", Mail.NXDOMAIN),
        ("none", Mail.NXDOMAIN),
    ],
)
def test_what_dns_says(name: str, mail: Mail) -> None:
    assert asked(f"{name}.example.com")[0] == [mail]


def test_a_name_outside_every_zone_is_unknown() -> None:
    assert asked("example.org")[0] == [Mail.UNKNOWN]


@pytest.mark.parametrize(
    ("name", "silent", "mail"),
    [
        ("mx", "MX", Mail.UNKNOWN),
        ("text", "A", Mail.UNKNOWN),
        ("text", "AAAA", Mail.UNKNOWN),
        ("aaaa", "A", Mail.ADDRESS),
    ],
)
def test_what_was_not_answered_is_unknown_unless_the_rest_says_enough(name: str, silent: str, mail: Mail) -> None:
    assert asked(f"{name}.example.com", silent=frozenset({(f"{name}.example.com", silent)}))[0] == [mail]


def test_a_domain_with_a_mail_host_costs_one_question() -> None:
    _, resolver = asked("mx.example.com", "null.example.com", "none.example.com")

    assert resolver.asked == Counter(
        {("mx.example.com", "MX"): 1, ("null.example.com", "MX"): 1, ("none.example.com", "MX"): 1}
    )


def test_questions_under_way_are_bounded() -> None:
    _, resolver = asked(*(f"d{number}.example.com" for number in range(1000)))

    assert resolver.most <= 200
    assert resolver.asked.total() == 1000


class Odd:
    """Answers with an MX that is none."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        return Answer(name=name, rdtype=rdtype, status=Status.OK, records=("no preference",))


def test_a_mail_host_that_cannot_be_read_is_no_null_mx() -> None:
    assert asyncio.run(mail_of(Odd(), "odd.example.com")) is Mail.MX
