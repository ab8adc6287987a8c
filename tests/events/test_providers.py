"""Mailbox providers: the lists are whole and sourced, and a domain or its mail hosts lead to one."""

from __future__ import annotations

import asyncio
import csv
import re
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.providers import (
    OTHER,
    PROVIDERS,
    UNKNOWN,
    domains,
    provider_by_mx,
    provider_of,
    providers_by_mx,
)
from deliverability.lookup import Answer, Status, ZoneResolver
from deliverability.names import to_ascii


def rows(name: str) -> list[dict[str, str]]:
    text = files("deliverability.events").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail"),
        ("GoogleMail.com.", "gmail"),
        ("outlook.com", "microsoft"),
        ("hotmail.com", "microsoft"),
        ("live.com", "microsoft"),
        ("msn.com", "microsoft"),
        ("hotmail.co.uk", "microsoft"),
        ("live.nl", "microsoft"),
        ("outlook.com.br", "microsoft"),
        ("yahoo.com", "yahoo"),
        ("yahoo.co.in", "yahoo"),
        ("aol.com", "yahoo"),
        ("verizon.net", "yahoo"),
        ("rocketmail.com", "yahoo"),
        ("yahoo.co.jp", "yahoojp"),
        ("icloud.com", "apple"),
        ("privaterelay.appleid.com", "apple"),
        ("web.de", "webde"),
        ("gmx.at", "gmx"),
        ("t-online.de", "tonline"),
        ("hanmail.net", "daum"),
        ("163.com", "netease"),
        ("bk.ru", "mailru"),
        ("wanadoo.fr", "orange"),
        ("docomo.ne.jp", "docomo"),
        ("example.com", OTHER),
        ("notgmail.com", OTHER),
        ("gmail.com.example.test", OTHER),
        ("mail.gmail.com", OTHER),
        ("", OTHER),
        (".", OTHER),
    ],
)
def test_a_domain_leads_to_its_provider(domain: str, provider: str) -> None:
    assert provider_of(domain) == provider


@given(st.text())
def test_any_text_leads_to_a_provider_of_the_list(text: str) -> None:
    assert provider_of(text) in PROVIDERS
    assert provider_by_mx([text]) in PROVIDERS


@pytest.mark.parametrize(("name", "key"), [("providers.csv", "domain"), ("providers_hosts.csv", "suffix")])
def test_every_name_stands_once_as_dns_has_it_with_source_and_date(name: str, key: str) -> None:
    listed = rows(name)

    assert [n for n, count in Counter(row[key] for row in listed).items() if count > 1] == []
    for row in listed:
        assert to_ascii(row[key]) == row[key]
        assert row["provider"] in PROVIDERS
        assert row["source"]
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", row["date"]), row


def test_every_provider_is_met_by_a_domain_or_a_host() -> None:
    met = {row["provider"] for name in ("providers.csv", "providers_hosts.csv") for row in rows(name)}

    assert set(PROVIDERS) - met == {OTHER, UNKNOWN}
    assert list(PROVIDERS)[-2:] == [OTHER, UNKNOWN]


def test_a_system_is_a_providers_own_or_one_that_has_its_own() -> None:
    assert [p.id for p in PROVIDERS.values() if PROVIDERS[p.system].system != p.system] == []


def test_who_reports_complaints_is_sourced() -> None:
    reporting = {provider.id for provider in PROVIDERS.values() if provider.reports_complaints}

    assert {"yahoo", "microsoft", "comcast", "mailru"} <= reporting
    assert reporting.isdisjoint(
        {"gmail", "google-workspace", "microsoft-365", "apple", "gmx", "orange", OTHER, UNKNOWN}
    )
    assert [id_ for id_ in reporting if not PROVIDERS[id_].source] == []


@pytest.mark.parametrize(
    ("hosts", "provider"),
    [
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "google-workspace"),
        (["gmail-smtp-in.l.google.com"], "gmail"),
        (["example-com.mail.protection.outlook.com."], "microsoft-365"),
        (["outlook-com.olc.protection.outlook.com"], "microsoft"),
        (["MX.Example.TEST", "mx01.mail.icloud.com"], "apple"),
        (["mx1.mail.icloud.com.example.test"], OTHER),
        (["evilgoogle.com"], OTHER),
        ([], OTHER),
    ],
)
def test_mail_hosts_lead_to_a_provider(hosts: list[str], provider: str) -> None:
    assert provider_by_mx(hosts) == provider


class Counting:
    """A zone, and a failing name, with a count of what was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        text = """
        $ORIGIN test.
        @ SOA ns h 1 2 3 4 5
        shop MX 20 aspmx.l.google.com.
        shop MX 9 shop-test.mail.protection.outlook.com.
        null MX 0 .
        bare A 192.0.2.1
        """
        self._zone = ZoneResolver.from_text("\n".join(line.strip() for line in text.splitlines()), "test")

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked[name] += 1
        if name == "silent.test":
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)
        return await self._zone.resolve(name, rdtype)


def by_mx(names: list[str], known: dict[str, str] | None = None) -> tuple[dict[str, str], Counter[str]]:
    resolver = Counting()
    return asyncio.run(providers_by_mx(names, resolver, known)), resolver.asked


def test_the_preferred_host_decides_and_a_domain_is_asked_about_once() -> None:
    found, asked = by_mx(["shop.test", "Shop.test.", "SHOP.TEST"])

    assert found == {"shop.test": "microsoft-365"}
    assert asked == {"shop.test": 1}


def test_a_listed_domain_and_a_known_one_are_not_asked_about() -> None:
    found, asked = by_mx(["gmail.com", "shop.test"], {"shop.test": "zoho", "unasked.test": "gmx"})

    assert found == {"gmail.com": "gmail", "shop.test": "zoho"}
    assert asked == {}


def test_no_answer_is_unknown_and_no_mail_host_is_other() -> None:
    found, _ = by_mx(["silent.test", "null.test", "bare.test", "gone.test"])

    assert found == {"silent.test": UNKNOWN, "null.test": OTHER, "bare.test": OTHER, "gone.test": OTHER}


@pytest.mark.parametrize("name", ["", "a..b", "a" * 64 + ".test", "\x00", "ä ö.test", "." * 300])
def test_a_domain_that_cannot_be_is_nobodys(name: str) -> None:
    found, _ = by_mx([name])

    assert set(found.values()) <= {OTHER, UNKNOWN}


def test_the_list_is_one_mapping_for_whoever_joins_by_it() -> None:
    assert domains()["gmail.com"] == "gmail"
    assert len(domains()) == len(rows("providers.csv"))
