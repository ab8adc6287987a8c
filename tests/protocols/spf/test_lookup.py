"""The static analysis: the tree, what it costs, whom it lets in, and that it ends."""

from __future__ import annotations

import asyncio
import time

import pytest

from deliverability.lookup.answer import Answer, Status
from deliverability.protocols.spf import Result, SpfFacts, lookup
from deliverability.protocols.spf.facts import NodeError, VoidKind
from deliverability.protocols.spf.limits import MAX_MISSING_NAMES, MAX_QUESTIONS, MAX_TREE_NODES
from deliverability.protocols.spf.tree import nodes
from support.spf_zone import DictResolver, Zone


def facts(zone: Zone, **more: object) -> SpfFacts:
    return asyncio.run(lookup(DictResolver(zone), "example.test", **more))  # type: ignore[arg-type]


def txt(*texts: str, **more: list[str] | Status) -> dict[str, list[str] | Status]:
    return {"TXT": list(texts), **more}


def test_the_texts_at_the_domain_are_told_apart() -> None:
    found = facts({"example.test": txt("v=spf1 -all", "v=spf1;mx", "spf2.0/pra -all", "x=1", SPF=["v=spf1 ~all"])})

    assert found.records == ("v=spf1 -all",)
    assert found.near_misses == ("v=spf1;mx",)
    assert found.sender_id == ("spf2.0/pra -all",)
    assert found.obsolete.records == ("v=spf1 ~all",)
    assert found.record is not None


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        ([], NodeError.NONE),
        (["v=spf1 -all", "v=spf1 ~all"], NodeError.MULTIPLE),
        (["v=spf1 a:x -all"], NodeError.SYNTAX),
        (["v=spf1 -all"], None),
    ],
)
def test_the_domains_own_node(texts: list[str], error: NodeError | None) -> None:
    assert facts({"example.test": txt(*texts)}).tree.error is error


def test_every_kind_of_child() -> None:
    found = facts(
        {
            "example.test": txt(
                "v=spf1 include:ok.test include:none.test include:%{i}.test include:a..test include:two.test "
                "include:silent.test include:bad.test include:example.test"
            ),
            "ok.test": txt("v=spf1 redirect=next.test"),
            "next.test": txt("v=spf1 include:ok.test -all"),
            "two.test": txt("v=spf1 -all", "v=spf1 +all"),
            "silent.test": {"TXT": Status.TIMEOUT},
            "bad.test": txt("v=spf1 a:%{d} ipv4:192.0.2.1 -all"),
        }
    )

    assert [(node.name, node.depth, node.error) for node in nodes(found.tree)] == [
        ("example.test", 0, None),
        ("ok.test", 1, None),
        ("next.test", 2, None),
        ("ok.test", 3, NodeError.LOOP),
        ("none.test", 1, NodeError.NONE),
        ("%{i}.test", 1, NodeError.VARIES),
        ("a..test", 1, NodeError.BAD_NAME),
        ("two.test", 1, NodeError.MULTIPLE),
        ("silent.test", 1, NodeError.UNANSWERED),
        ("bad.test", 1, NodeError.SYNTAX),
        ("example.test", 1, NodeError.LOOP),
    ]
    assert found.cost.complete is False
    assert [row.target for row in found.cost.rows if row.term == "include:%{i}.test"] == [None]


def test_the_cost_goes_on_behind_the_limit_and_names_the_offender_and_the_payee() -> None:
    found = facts(
        {
            "example.test": txt(
                "v=spf1 a mx include:_spf.esp.test include:_spf.example.test a:after.test -all", MX=["1 m.test."]
            ),
            "_spf.example.test": txt("v=spf1 a a a a a"),
            "_spf.esp.test": txt("v=spf1 a a redirect=b.esp.test"),
            "b.esp.test": txt("v=spf1 a a:%{i} -all a"),
        }
    )

    assert found.cost.total == 15
    offender = found.cost.offender
    assert offender is not None
    assert (offender.record, offender.term, offender.total) == ("_spf.example.test", "a", 11)
    assert [row.provider for row in found.cost.rows] == ["example.test"] * 2 + ["esp.test"] * 6 + [
        "example.test"
    ] * 6 + ["after.test"]
    assert found.cost.total_with_addresses == 16


def test_an_include_that_always_passes_ends_the_evaluation() -> None:
    found = facts({"example.test": txt("v=spf1 include:open.test a:never.test -all"), "open.test": txt("v=spf1 +all")})

    assert [row.term for row in found.cost.rows] == ["include:open.test"]
    assert found.exposure.addresses4 == 2**32
    assert found.exposure.addresses6 == 2**128


def test_void_lookups_by_family_and_by_who_counts() -> None:
    found = facts(
        {
            "example.test": txt(
                "v=spf1 a mx exists:x.none exists:%{i}.none a:%{l}.none ptr -all", A=["192.0.2.1"], MX=["1 m.test."]
            ),
            "m.test": {"AAAA": ["2001:db8::1"]},
        }
    )
    four, six = found.voids

    assert [(row.kind.value, row.term, row.rdtype) for row in four.rows] == [
        ("follow-up", "mx", "A"),
        ("term", "exists:x.none", "A"),
        ("varying", "exists:%{i}.none", "A"),
        ("varying", "a:%{l}.none", "A"),
    ]
    assert [(row.kind.value, row.term, row.rdtype) for row in six.rows] == [
        ("term", "a", "AAAA"),
        ("term", "exists:x.none", "A"),
        ("varying", "exists:%{i}.none", "A"),
        ("varying", "a:%{l}.none", "AAAA"),
    ]
    assert (four.count(VoidKind.TERM), six.count(VoidKind.TERM, VoidKind.VARYING)) == (1, 4)


def test_exposure_counts_each_address_once_and_leaves_out_what_does_not_pass() -> None:
    found = facts(
        {
            "example.test": txt(
                "v=spf1 a/24 mx ip4:198.51.100.0/25 ip4:198.51.100.0/24 ip6:2001:db8::/64 ?ip4:203.0.113.0/24 "
                "~include:soft.test include:ok.test -all",
                A=["192.0.2.7"],
                AAAA=["2001:db8::5"],
                MX=["1 m.test."],
            ),
            "m.test": {"A": ["10.0.0.1"], "AAAA": ["2001:db8:1::1"]},
            "soft.test": txt("v=spf1 ip4:20.0.0.0/8 -all"),
            "ok.test": txt("v=spf1 ip4:21.0.0.1 -ip4:21.0.0.2 -all"),
        }
    )

    assert found.exposure.addresses4 == 256 + 256 + 1 + 1
    assert found.exposure.addresses6 == 2**64 + 1
    assert [(row.record, row.term, row.branch) for row in found.exposure.rows][-1] == (
        "ok.test",
        "ip4:21.0.0.1",
        "include:ok.test",
    )
    assert [(row.term, row.network) for row in found.exposure.special if row.kind == "private"] == [
        ("mx", "10.0.0.1/32")
    ]


def test_missing_names_and_who_could_register_them() -> None:
    found = facts(
        {
            "example.test": txt(
                "v=spf1 include:a.gone.test a:b.gone.test mx a:alias.live.test exists:x.live.test -all",
                MX=["1 m.gone.co.uk."],
            ),
            "live.test": {"NS": ["ns.live.test."]},
            "alias.live.test": {"CNAME": ["c.away.test."]},
        }
    )

    assert [(m.term, m.name, m.registrable, m.answer and m.answer.status.value) for m in found.missing] == [
        ("include:a.gone.test", "a.gone.test", "gone.test", "nxdomain"),
        ("a:b.gone.test", "b.gone.test", "gone.test", "nxdomain"),
        ("mx", "m.gone.co.uk", "gone.co.uk", "nxdomain"),
        ("a:alias.live.test", "c.away.test", "away.test", "nxdomain"),
        ("exists:x.live.test", "x.live.test", "live.test", "ok"),
    ]


@pytest.mark.parametrize(
    ("texts", "valid"),
    [(["see %{i} %{r}"], True), (["a", "b"], False), (["%{x}"], False), ([], False), (Status.TIMEOUT, None)],
)
def test_the_explanation_is_that_of_the_record_that_decides(texts: list[str] | Status, valid: bool | None) -> None:
    found = facts(
        {
            "example.test": txt("v=spf1 exp=never.test redirect=next.test"),
            "next.test": txt("v=spf1 -all exp=why.%{d}"),
            "why.next.test": {"TXT": texts},
        }
    )

    assert found.explanation is not None
    assert (found.explanation.record, found.explanation.name, found.explanation.valid) == (
        "next.test",
        "why.next.test",
        valid,
    )


def test_an_explanation_that_varies_is_not_asked() -> None:
    found = facts({"example.test": txt("v=spf1 -all exp=%{l}.test")})

    assert found.explanation is not None
    assert found.explanation.name is None
    assert facts({"example.test": txt("v=spf1 -all")}).explanation is None


def test_addresses_and_helo_are_checked() -> None:
    zone: Zone = {
        "example.test": txt("v=spf1 ip4:192.0.2.1 ptr -all"),
        "mail.example.test": txt("v=spf1 a -all", A=["192.0.2.1"]),
        "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.test."]},
    }

    found = facts(zone, ips=("192.0.2.1", "2001:db8::1"), helo="mail.example.test")
    assert [one.check.result for one in found.authorises] == [Result.PASS, Result.FAIL]
    assert found.authorises[0].sender == "postmaster@example.test"
    assert found.helo is not None
    assert found.helo.records == ("v=spf1 a -all",)
    assert [one.check.result for one in found.helo.authorises] == [Result.PASS, Result.FAIL]
    assert [pointer.answer.records for pointer in found.pointers] == [("mail.example.test.",), ()]


def test_a_bad_address_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        facts({"example.test": txt("v=spf1 -all")}, ips=("mail.test",))


class Waves:
    """Lets questions through together, once nobody has another to ask; counts how often."""

    def __init__(self, zone: Zone) -> None:
        self._base = DictResolver(zone)
        self._waiting: list[asyncio.Future[None]] = []
        self.waves = 0

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn
        return await self._base.resolve(name, rdtype)

    async def run(self) -> None:
        while True:
            for _ in range(20):  # turns of the loop in which those answered may ask
                await asyncio.sleep(0)
            if not self._waiting:
                return
            self.waves += 1
            for turn in self._waiting:
                turn.set_result(None)
            self._waiting.clear()


def test_what_is_known_at_once_is_asked_at_once() -> None:
    resolver = Waves(
        {
            "example.test": txt(
                "v=spf1 a mx include:a.test include:b.test exists:x.test a:h.test -all", MX=["1 m.test.", "2 n.test."]
            ),
            "a.test": txt("v=spf1 include:c.test a mx -all", MX=["1 o.test."]),
            "b.test": txt("v=spf1 a:h2.test -all"),
            "c.test": txt("v=spf1 ip4:192.0.2.1 -all"),
        }
    )

    async def both() -> None:
        await asyncio.gather(lookup(resolver, "example.test"), resolver.run())

    asyncio.run(both())
    assert (
        resolver.waves == 5
    )  # the record, its terms, theirs (and the MX hosts), the last hosts, the missing names' owners


def test_no_question_is_asked_twice() -> None:
    resolver = DictResolver(
        {
            "example.test": txt(
                "v=spf1 include:a.test include:b.test include:a.test mx a:m.test -all", MX=["1 m.test."]
            ),
            "a.test": txt("v=spf1 include:b.test -all"),
            "b.test": txt("v=spf1 a:m.test -all"),
            "m.test": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
        }
    )

    found = asyncio.run(lookup(resolver, "example.test"))
    assert set(resolver.asked.values()) == {1}
    assert found.cost.total == 10


def many(count: int, width: int) -> dict[str, dict[str, list[str] | Status]]:
    zone = {"example.test": txt("v=spf1 " + " ".join(f"include:n{i}.test" for i in range(width)))}
    for i in range(count):
        names = " ".join(f"include:n{j}.test" for j in range((i + 1) * width, min((i + 2) * width, count)))
        zone[f"n{i}.test"] = txt(f"v=spf1 {names} -all")
    return zone


def doubling() -> dict[str, dict[str, list[str] | Status]]:
    return {
        "example.test": txt("v=spf1 include:d0.test include:d0.test"),
        **{f"d{i}.test": txt(f"v=spf1 include:d{i + 1}.test include:d{i + 1}.test") for i in range(40)},
    }


def hosts() -> dict[str, dict[str, list[str] | Status]]:
    return {"example.test": txt("v=spf1 " + " ".join(f"a:h{i}.test" for i in range(6000)))}


def mail_hosts() -> dict[str, dict[str, list[str] | Status]]:
    zone: dict[str, dict[str, list[str] | Status]] = {
        f"m{i}.test": {"MX": [f"1 h{j}.m{i}.test." for j in range(20)]} for i in range(3000)
    }
    return {"example.test": txt("v=spf1 " + " ".join(f"mx:{name}" for name in zone)), **zone}


@pytest.mark.parametrize(
    "zone", [many(10_000, 100), doubling(), hosts(), mail_hosts()], ids=["includes", "doubling", "hosts", "mx"]
)
def test_a_huge_tree_ends_within_its_bounds(zone: Zone) -> None:
    resolver = DictResolver(zone)
    began = time.process_time()

    found = asyncio.run(lookup(resolver, "example.test"))
    assert found.bounded
    assert found.cost.total > 10
    assert sum(resolver.asked.values()) <= MAX_QUESTIONS + MAX_TREE_NODES + MAX_MISSING_NAMES + 10
    assert sum(1 for node in nodes(found.tree) if node.answer) <= MAX_TREE_NODES
    assert time.process_time() - began < 10


def test_an_error_of_the_resolver_is_raised_and_leaves_nothing_behind() -> None:
    class Broken(DictResolver):
        async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
            if name == "b.test":
                raise LookupError(name)
            return await super().resolve(name, rdtype)

    resolver = Broken({"example.test": txt("v=spf1 a:b.test include:b.test a -all")})
    with pytest.raises(LookupError):
        asyncio.run(lookup(resolver, "example.test"))
