"""What DNS says of mail hosts, asked of zones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import Answer, Resolver, Status, ZoneResolver
from deliverability.protocols import mx
from deliverability.protocols.mx import MxFacts, MxRecord, parse

HOSTS = """
example.test.        MX 10 mail.example.test.
example.test.        MX 20 spare.example.test.
mail.example.test.   A 192.0.2.25
mail.example.test.   AAAA 2001:db8::25
spare.example.test.  CNAME mx.host.test.
mx.host.test.        A 192.0.2.26
25.2.0.192.in-addr.arpa.  PTR mail.example.test.
26.2.0.192.in-addr.arpa.  PTR other.host.test.
other.host.test.     A 192.0.2.99
"""


@dataclass
class Steps:
    """A resolver that answers only when nothing else is left to ask: each step is what was asked together."""

    base: Resolver
    steps: list[list[tuple[str, str]]] = field(default_factory=list)
    _waiting: list[tuple[tuple[str, str], asyncio.Event]] = field(default_factory=list)

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        answer = asyncio.Event()
        self._waiting.append(((name, rdtype), answer))
        await answer.wait()
        return await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)

    async def lookup(self, domain: str) -> MxFacts:
        """Look `domain` up, step by step."""
        task = asyncio.create_task(mx.lookup(self, domain))
        while not task.done():
            for _ in range(20):  # every task that can go on has gone on
                await asyncio.sleep(0)
            asked, self._waiting = self._waiting, []
            self.steps += [sorted(question for question, _ in asked)] if asked else []
            for _, answer in asked:
                answer.set()
        return await task


def facts(zone: str, domain: str = "example.test") -> MxFacts:
    return asyncio.run(mx.lookup(ZoneResolver.from_text(zone), domain))


def test_hosts_stand_in_order_of_preference_with_their_addresses() -> None:
    found = facts(HOSTS)

    assert [(h.name, [a.address for a in h.addresses]) for h in found.hosts] == [
        ("mail.example.test", ["192.0.2.25", "2001:db8::25"]),
        ("spare.example.test", ["192.0.2.26"]),
    ]
    assert found.hosts[1].alias == ("mx.host.test",)
    assert [h.reachable for h in found.hosts] == [True, True]
    assert not found.is_null
    assert not found.implicit


def test_names_behind_addresses_are_followed_back() -> None:
    found = {r.address: (r.names, r.confirmed) for r in facts(HOSTS).reverses}

    assert found == {
        "192.0.2.25": (("mail.example.test",), True),
        "2001:db8::25": ((), None),
        "192.0.2.26": (("other.host.test",), False),
    }


def test_questions_of_one_step_are_asked_together() -> None:
    resolver = Steps(ZoneResolver.from_text(HOSTS))

    asyncio.run(resolver.lookup("example.test"))

    first, second, third, fourth = resolver.steps
    assert first == [("example.test", "A"), ("example.test", "AAAA"), ("example.test", "MX")]
    assert second == [(f"{host}.example.test", rdtype) for host in ("mail", "spare") for rdtype in ("A", "AAAA")]
    assert {rdtype for _, rdtype in third} == {"PTR"}
    assert len(third) == 3
    assert fourth == [("mail.example.test", "A"), ("other.host.test", "A")]


@pytest.mark.parametrize(
    ("records", "null", "is_null"),
    [
        ("example.test. MX 0 .", 1, True),
        ("example.test. MX 10 .", 1, False),
        ("example.test. MX 0 .\nexample.test. MX 10 mail.example.test.", 1, False),
        ("example.test. MX 10 mail.example.test.", 0, False),
    ],
)
def test_null_mx_is_one_record_of_preference_zero(records: str, null: int, is_null: bool) -> None:
    found = facts(records)

    assert (len(found.null), found.is_null) == (null, is_null)
    assert not found.implicit


def test_without_mx_the_domain_itself_is_the_host() -> None:
    found = facts("example.test. A 192.0.2.80")

    assert found.implicit
    assert [(h.name, h.reachable) for h in found.hosts] == [("example.test", True)]


def test_no_answer_for_mx_is_not_an_implicit_mx() -> None:
    zone = ZoneResolver.from_text("other.test. A 192.0.2.80")

    found = asyncio.run(mx.lookup(zone, "example.test"))

    assert found.answer.status is Status.REFUSED
    assert (found.implicit, found.hosts) == (False, ())


@pytest.mark.parametrize(
    ("target", "literal", "undotted"),
    [
        ("192.0.2.25.", "192.0.2.25", None),
        ("x.mail.protection.outlook.com", None, "x.mail.protection.outlook.com"),
        ("192.0.2.25", None, "192.0.2.25"),
        ("mail", None, None),
    ],
)
def test_slips_of_the_target(target: str, literal: str | None, undotted: str | None) -> None:
    (host,) = facts(f"$ORIGIN example.test.\n@ MX 10 {target}").hosts

    assert (host.literal, host.undotted) == (literal, undotted)
    assert host.reachable is False


def test_private_addresses_are_named_and_not_looked_up_backwards() -> None:
    found = facts("example.test. MX 1 mail.example.test.\nmail.example.test. A 10.1.2.3")

    assert [a.special for a in found.hosts[0].addresses] == ["private"]
    assert found.reverses == ()


def test_a_host_outside_the_zone_is_neither_up_nor_down() -> None:
    (host,) = facts("example.test. MX 1 mx.host.test.").hosts

    assert host.reachable is None


def test_the_provider_is_told_by_the_longest_suffix() -> None:
    zone = "example.test. MX 1 ASPMX.L.Google.com.\nexample.test. MX 2 notgoogle.com."

    assert [h.provider for h in facts(zone).hosts] == ["Google", None]


def test_a_crowd_of_hosts_and_addresses_is_cut_off() -> None:
    hosts = "\n".join(f"example.test. MX {i} m{i}.example.test.\nm{i}.example.test. A 192.0.2.{i}" for i in range(99))

    found = facts(hosts)

    assert len(found.records) == 99
    assert len(found.hosts) == mx.MAX_HOSTS
    assert len(found.reverses) == mx.MAX_REVERSED


def test_a_crowd_of_names_behind_an_address_is_cut_off() -> None:
    names = "\n".join(f"25.2.0.192.in-addr.arpa. PTR n{i}.host.test." for i in range(50))
    zone = f"example.test. MX 1 m.example.test.\nm.example.test. A 192.0.2.25\n{names}\nhost.test. NS ns.host.test."

    (reverse,) = facts(zone).reverses

    assert len(reverse.names) == len(reverse.forward) == mx.MAX_PTR_NAMES


def test_records_that_are_no_names_are_left_out() -> None:
    answer = Answer(name="x.test", rdtype="NS", status=Status.OK, records=(".", "a..b.", "ns.x.test."))

    assert mx.host_names(answer) == ("ns.x.test",)


def test_a_record_as_read() -> None:
    assert parse("10 Mail.Example.test.") == MxRecord(
        preference=10, target="mail.example.test", text="10 Mail.Example.test."
    )
    assert parse("10 a..b.") is None
    assert parse("ten mail.example.test.") is None


@given(st.text(max_size=60))
def test_any_text_parses_or_does_not(text: str) -> None:
    record = parse(text)

    assert record is None or (record.text == text and record.target == record.target.lower())


@given(st.integers(0, 65535), st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){1,3}", fullmatch=True))
def test_what_is_published_is_what_is_read(preference: int, host: str) -> None:
    record = parse(f"{preference} {host}.")

    assert record is not None
    assert (record.preference, record.target) == (preference, host)
