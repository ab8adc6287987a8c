"""All that an audit wants to know: discovery for three names, what is published, and where reports go."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.lookup import Resolver, Status, ZoneResolver
from deliverability.names import probe_label
from deliverability.protocols.dmarc import Authorisation, Destination, DmarcFacts, lookup
from support.vectors import Broken

PROBE = probe_label("example.test")


def world(zone: str, *broken: str, live: bool = False) -> Resolver:
    failures = [line.split() for line in broken]
    return Broken(
        ZoneResolver.from_text(zone, origin="."),
        tuple((Status(status.lower()), rdtype, name) for status, rdtype, name in failures),
        live,
    )


def facts(zone: str, *broken: str, domain: str = "example.test", live: bool = False) -> DmarcFacts:
    return asyncio.run(lookup(world(zone, *broken, live=live), domain))


def record(tags: str) -> str:
    return f'_dmarc.example.test. TXT "v=DMARC1; p=none; {tags}"\n'


def destination(tags: str, zone: str = "", *broken: str) -> Destination:
    [only] = facts(record(tags) + zone, *broken).destinations
    return only


def test_the_policy_for_three_names() -> None:
    found = facts(
        '_dmarc.example.test. TXT "v=DMARC1; p=reject; sp=quarantine; np=none"\nshop.example.test. A 192.0.2.1'
    )

    assert found.discovery.policy == "reject"
    assert found.existing is not None
    assert (found.existing.domain, found.existing.policy) == ("shop.example.test", "quarantine")
    assert (found.made_up.domain, found.made_up.policy) == (f"{PROBE}.example.test", "none")
    assert found.wildcard_texts == ()


def test_a_subdomain_is_a_name_that_mail_could_come_from() -> None:
    zone = '_dmarc.example.test. TXT "v=DMARC1; p=reject"\n*.example.test. A 192.0.2.1\n'

    assert facts(zone).existing is None
    deeper = facts(zone + "a.b.example.test. A 192.0.2.1\nz.example.test. A 192.0.2.1").existing
    assert deeper is not None
    assert deeper.domain == "z.example.test"


def test_over_live_dns_the_subdomain_is_www_if_there_is_one() -> None:
    www = "www.example.test. A 192.0.2.1\na.example.test. A 192.0.2.1"
    found = facts(www, live=True).existing

    assert found is not None
    assert found.domain == "www.example.test"
    assert facts("a.example.test. A 192.0.2.1", live=True).existing is None
    assert facts(www, "TIMEOUT A www.example.test", live=True).existing is None


def test_what_is_published_on_the_way_up() -> None:
    zone = (
        '_dmarc.example.test. TXT "v=DMARC1; p=none"\n_dmarc.example.test. TXT "v=DMARC1; p=reject"\n'
        '_dmarc.example.test. TXT "stray"\n_dmarc.test. TXT "v=DMARC1; p=none; psd=y"'
    )
    found = facts(zone)

    assert found.own is not None
    assert [r.text for r in found.own.records] == ["v=DMARC1; p=none", "v=DMARC1; p=reject"]
    assert found.own.others == ("stray",)
    assert [one.name for one in found.published] == ["_dmarc.example.test", "_dmarc.test"]
    assert found.discovery.policy_domain == "test"


def test_a_wildcard_record_is_seen_as_one() -> None:
    assert facts('*.example.test. TXT "v=DMARC1; p=none"').wildcard_texts == ("v=DMARC1; p=none",)
    assert facts('*.example.test. TXT "v=spf1 -all"').wildcard_texts == ()


def test_whose_organization_it_is() -> None:
    assert facts("").is_organizational
    assert not facts("", domain="co.uk").is_organizational or facts("", domain="co.uk").public_suffix
    below = facts('_dmarc.example.test. TXT "v=DMARC1; p=none"', domain="a.example.test")
    assert not below.is_organizational
    assert not below.public_suffix


def test_names_at_the_limit_of_dns() -> None:
    long = ".".join(["x" * 60] * 4) + ".abcd.test"
    found = facts('_dmarc.test. TXT "v=DMARC1; p=reject; psd=y"', domain=long)

    assert found.own is None
    assert found.discovery.policy == "reject"
    assert found.made_up.status == "none"
    assert found.wildcard_texts == ()


@pytest.mark.parametrize(
    ("zone", "broken", "expected"),
    [
        ("x.test. MX 10 mail.x.test.", (), True),
        ("x.test. A 192.0.2.1", (), True),
        ("x.test. AAAA 2001:db8::1", (), True),
        ("x.test. MX 0 .\nx.test. A 192.0.2.1", (), False),
        ('x.test. TXT "here"', (), False),
        ("", (), False),
        ("x.test. A 192.0.2.1", ("TIMEOUT MX x.test",), None),
        ("x.test. A 192.0.2.1", ("TIMEOUT AAAA x.test",), True),
        ("", ("SERVFAIL A x.test",), None),
    ],
)
def test_whether_a_mailbox_can_receive(zone: str, broken: tuple[str, ...], expected: bool | None) -> None:
    mailbox = destination("rua=mailto:a@x.test", zone, *broken).mailbox

    assert mailbox is not None
    assert mailbox.can_receive is expected
    assert [answer.rdtype for answer in mailbox.answers] == ["MX", "A", "AAAA"]


def test_reports_within_the_organization_need_nobodys_leave() -> None:
    for uri in ("mailto:a@example.test", "mailto:a@mail.example.test", "https://reports.example.test/dmarc"):
        found = destination(f"rua={uri}")
        assert (found.external, found.authorisation) == (False, Authorisation.NOT_NEEDED)


@pytest.mark.parametrize(
    ("zone", "broken", "expected"),
    [
        ("", (), Authorisation.NO),
        ('{name} TXT "v=DMARC1;"', (), Authorisation.YES),
        ('{name} TXT "v=DMARC1"', (), Authorisation.YES),
        ('{name} TXT "v=DMARC1; rua=mailto:other@vendor.test"', (), Authorisation.YES),
        ('{name} TXT "v=DMARC1; rua=mailto:other@elsewhere.test"', (), Authorisation.ELSEWHERE),
        ('{name} TXT "v=DMARC1"\n{name} TXT "v=DMARC1; p=none"\n{name} TXT "x"', (), Authorisation.YES),
        ('*._report._dmarc.vendor.test. TXT "v=DMARC1"', (), Authorisation.YES),
        ('{name} TXT "v=spf1 -all"', (), Authorisation.NO),
        ('{name} TXT "p=none; v=DMARC1"', (), Authorisation.NO),
        ('*.vendor.test. TXT "welcome"', (), Authorisation.NO),
        ("", ("TIMEOUT TXT {name}",), Authorisation.UNKNOWN),
        ("", ("SERVFAIL TXT {name}",), Authorisation.UNKNOWN),
        ("", ("TIMEOUT TXT _dmarc.vendor.test",), Authorisation.UNKNOWN),
        ('{name} TXT "v=DMARC1"', ("TIMEOUT TXT _dmarc.vendor.test",), Authorisation.YES),
    ],
)
def test_leave_of_another_organization(zone: str, broken: tuple[str, ...], expected: Authorisation) -> None:
    name = "example.test._report._dmarc.vendor.test"
    failures = [line.format(name=name) for line in broken]

    found = destination("rua=mailto:a@vendor.test", zone.format(name=f"{name}."), *failures)

    assert found.authorisation is expected
    assert found.authorising_name == name
    assert bool(found.unanswered) == (expected is Authorisation.UNKNOWN)


def test_a_name_too_long_to_ask_is_no_leave() -> None:
    domain = ".".join(["x" * 60] * 3) + ".example.test"
    zone = f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:a@{"y" * 50}.test"'
    [found] = facts(zone, domain=domain).destinations

    assert found.authorisation is Authorisation.TOO_LONG
    assert found.authorising is None


def test_a_department_of_its_own_is_another_organization() -> None:
    zone = '_dmarc.shop.example.test. TXT "v=DMARC1; p=none; psd=n; rua=mailto:a@example.test"\n' + record("")
    [found] = facts(zone, domain="shop.example.test").destinations

    assert (found.external, found.authorisation) == (True, Authorisation.NO)


def test_the_policy_of_a_public_suffix_asks_in_its_own_name() -> None:
    zone = '_dmarc.test. TXT "v=DMARC1; p=none; psd=y; rua=mailto:a@registry.example,mailto:b@example.test"'
    first, second = facts(zone).destinations

    assert first.authorising_name == "test._report._dmarc.registry.example"
    assert (first.external, second.external) == (True, True)


def test_destinations_of_both_tags_and_a_bound() -> None:
    many = ",".join(f"mailto:{n}@a.test" for n in range(12))
    found = facts(record(f"rua={many},bad; ruf=mailto:b@a.test")).destinations

    assert [d.tag for d in found] == ["rua"] * 10 + ["ruf"]


@pytest.mark.parametrize("uri", ["mailto:a..b@x.test", "mailto:a@x", "mailto:a@[192.0.2.1]", "urn:dmarc", "https://x/"])
def test_what_mail_cannot_be_sent_to_has_no_host(uri: str) -> None:
    found = destination(f"rua={uri}")

    assert (found.host, found.mailbox) == ("", None)


def test_an_internationalised_destination_is_asked_for_in_a_labels() -> None:
    found = destination("rua=mailto:a@b%C3%BCcher.test")

    assert found.host == "xn--bcher-kva.test"


def test_no_record_no_destinations() -> None:
    assert facts("").destinations == ()
    assert facts('_dmarc.example.test. TXT "v=DMARC1; p=x"').destinations == ()
