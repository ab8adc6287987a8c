"""What DNS says of a domain itself, asked of zones."""

from __future__ import annotations

import asyncio
from textwrap import dedent

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import Answer, Status, ZoneResolver
from deliverability.names import probe_label
from deliverability.protocols import domain
from deliverability.protocols.domain import DomainFacts, wire_octets


def facts(zone: str, name: str = "example.test") -> DomainFacts:
    return asyncio.run(domain.lookup(ZoneResolver.from_text(dedent(zone)), name))


def answer(status: Status, rdtype: str = "A", **more: object) -> Answer:
    return Answer(name="example.test", rdtype=rdtype, status=status, **more)  # type: ignore[arg-type]


def of_apex(*statuses: Status) -> DomainFacts:
    apex = tuple(answer(status) for status in statuses)
    return DomainFacts(domain="example.test", apex=apex, name_servers=(), probes=(), texts=(), aliases=(), names=None)


@pytest.mark.parametrize(
    ("statuses", "exists"),
    [
        ((Status.NXDOMAIN, Status.NXDOMAIN), False),
        ((Status.NXDOMAIN, Status.TIMEOUT), False),
        ((Status.NODATA, Status.TIMEOUT), True),
        ((Status.NXDOMAIN, Status.OK), True),
        ((Status.TIMEOUT, Status.SERVFAIL, Status.REFUSED), None),
    ],
)
def test_existence_rests_on_what_was_answered(statuses: tuple[Status, ...], exists: bool | None) -> None:
    assert of_apex(*statuses).exists is exists


def test_name_servers_come_with_their_addresses() -> None:
    found = facts("""
        example.test.      NS ns1.example.test.
        example.test.      NS ns.host.test.
        ns1.example.test.  A 192.0.2.53
    """)

    assert [(s.name, s.a.status, s.a.records) for s in found.name_servers] == [
        ("ns.host.test", Status.REFUSED, ()),
        ("ns1.example.test", Status.OK, ("192.0.2.53",)),
    ]


def test_a_whole_zone_is_read_to_its_last_text_and_alias() -> None:
    found = facts("""
        example.test.                 TXT "v=spf1 -all"
        deep.down.example.test.       TXT "v=DMARC1; p=none"
        alias.example.test.           CNAME www.host.test.
        www.example.test.             A 192.0.2.80
    """)

    assert found.names is not None
    assert set(found.names) == {"deep.down.example.test", "alias.example.test", "www.example.test"}
    texts = {a.name for a in found.texts}
    assert {"example.test", "_dmarc.example.test", "deep.down.example.test", "alias.example.test"} <= texts
    assert "www.example.test" not in texts
    assert [a.name for a in found.aliases if a.records] == ["alias.example.test"]
    assert found.at("TXT").records == ("v=spf1 -all",)
    deep = found.text_at("deep.down.example.test")
    assert deep is not None
    assert deep.records == ("v=DMARC1; p=none",)


def test_a_zone_that_cannot_be_listed_is_asked_at_the_names_that_matter() -> None:
    found = facts("example.test. TXT hello\nlost.example.test. NS ns.host.test.")

    assert found.names is None
    names = {a.name for a in found.texts}
    assert {
        "example.test",
        "dmarc.example.test",
        "_dmarc.example.test.example.test",
        "_smtp._tls.example.test",
    } <= names


def test_made_up_names_are_asked_in_each_place() -> None:
    probe = probe_label("example.test")
    found = facts(
        '*.example.test. TXT "noise"\n*._domainkey.example.test. TXT "v=DKIM1; p="\n*.example.test. A 192.0.2.1'
    )

    assert {p.wildcard: [(a.name, a.records) for a in p.answers] for p in found.probes} == {
        "*.example.test": [
            (f"{probe}.example.test", ("noise",)),
            (f"{probe}.example.test", ("192.0.2.1",)),
        ],
        "*._domainkey.example.test": [(f"{probe}._domainkey.example.test", ("v=DKIM1; p=",))],
        "_dmarc.*.example.test": [(f"_dmarc.{probe}.example.test", ("noise",))],
    }


def test_a_domain_so_long_that_nothing_fits_below_it() -> None:
    name = ".".join(["a" * 61] * 4)  # 247 characters of the 253 that fit

    found = facts(f'{name}. TXT "v=spf1 -all"', name)

    assert found.probes == ()
    assert {a.name for a in found.texts} == {name, f"_spf.{name}", f"spf.{name}", f"dmarc.{name}", f"_dkim.{name}"}


@given(
    st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=8, unique=True),
    st.sampled_from(["example.test", "a.b.c.example.test"]),
)
def test_the_size_is_that_of_the_real_packet(texts: list[bytes], name: str) -> None:
    strings = tuple(tuple(t[i : i + 255] for i in range(0, len(t), 255)) for t in texts)
    records = tuple(t.decode("latin-1") for t in texts)
    query = dns.message.make_query(f"{name}.", "TXT", use_edns=0)
    reply = dns.message.make_response(query)
    quoted = [" ".join('"' + "".join(f"\\{octet:03d}" for octet in part) + '"' for part in parts) for parts in strings]
    reply.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", "TXT", *quoted))
    size = len(reply.to_wire(max_size=65535))

    asked = Answer(name=name, rdtype="TXT", status=Status.OK, records=records, strings=strings)
    assert wire_octets(asked) == size
    # without the strings of the wire, as in a replay of records alone
    assert wire_octets(Answer(name=name, rdtype="TXT", status=Status.OK, records=records)) == size
