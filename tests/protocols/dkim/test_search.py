"""Finding keys: what is asked, how often, and what an answer shows."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.lookup import Answer, OverlayResolver, RecordingResolver, Status, ZoneResolver
from deliverability.names import probe_label
from deliverability.protocols.dkim import DkimFacts, FoundBy, WildcardKind, lookup
from deliverability.protocols.dkim.search import MAX_LISTED
from deliverability.protocols.dkim.selectors import common_selectors, is_standby, providers, selectors_for

DOMAIN = "example.test"
PROBE = f"{probe_label(DOMAIN)}._domainkey.{DOMAIN}"
KEY = '"v=DKIM1; k=ed25519; p=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="'
SOA = "example.test. 300 SOA ns.example.test. h.example.test. 1 1 1 1 60\n"
BENCHMARK = "default dkim mail mcloud selector1 selector2 s1 s2 k1 k2 k3 smtp mta transacta hs1 hs2"


class Live:
    """A zone that cannot be listed, as over live DNS, some of whose answers fail."""

    def __init__(self, text: str, *failing: str) -> None:
        self._zone = ZoneResolver.from_text(SOA + text)
        self._failing = failing

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        if name in self._failing or "*" in self._failing:
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)
        return await self._zone.resolve(name, rdtype)


def look(resolver: ZoneResolver | OverlayResolver | RecordingResolver | Live, *selectors: str) -> DkimFacts:
    return asyncio.run(lookup(resolver, DOMAIN, selectors=selectors))


def found(facts: DkimFacts) -> dict[str, FoundBy]:
    return {key.selector: key.found_by for key in facts.keys}


def test_a_whole_zone_is_read_and_nothing_is_guessed() -> None:
    text = f"x9._domainkey.{DOMAIN}. TXT {KEY}\na.b._domainkey.{DOMAIN}. TXT {KEY}\n*._domainkey.{DOMAIN}. TXT noise\n"
    recorder = RecordingResolver(ZoneResolver.from_text(SOA + text))

    facts = look(recorder)

    assert found(facts) == {"a.b": FoundBy.ZONE, "x9": FoundBy.ZONE}
    assert facts.proven_complete
    assert facts.tried == 2
    assert {answer.name for answer in recorder.answers} == {*(key.name for key in facts.keys), facts.base.name, PROBE}


def test_live_dns_is_asked_for_the_common_selectors_in_one_wave() -> None:
    recorder = RecordingResolver(Live(f"google._domainkey.{DOMAIN}. TXT {KEY}"))

    facts = look(recorder, "mine")

    assert found(facts) == {"google": FoundBy.LIST, "mine": FoundBy.NAMED}
    assert not facts.proven_complete
    assert facts.tried == len(common_selectors()) + 1
    wanted = {f"{s}._domainkey.{DOMAIN}" for s in (*common_selectors(), "mine")} | {PROBE, facts.base.name, DOMAIN}
    assert {answer.name for answer in recorder.answers} == wanted


def test_what_spf_and_mx_point_at_adds_selectors() -> None:
    text = f"""
{DOMAIN}. TXT {KEY}
{DOMAIN}. TXT "v=spf1 include:spf.constantcontact.com -all"
{DOMAIN}. MX 5 MX1.Hostinger.com.
ctct2._domainkey.{DOMAIN}. TXT {KEY}
hostingermail-b._domainkey.{DOMAIN}. TXT {KEY}
"""

    facts = look(Live(text))

    assert found(facts) == {"ctct2": FoundBy.PROVIDER, "hostingermail-b": FoundBy.PROVIDER}


def test_a_selector_that_gets_what_a_made_up_one_gets_is_not_found() -> None:
    facts = look(Live(f'*.{DOMAIN}. TXT {KEY}\ns1._domainkey.{DOMAIN}. TXT "v=DKIM1; p="'), "mine")

    # s1 makes _domainkey exist, so the wildcard above it answers no more: RFC 4592 §2.2
    assert found(facts) == {"mine": FoundBy.NAMED, "s1": FoundBy.LIST}
    facts = look(Live(f'*._domainkey.{DOMAIN}. TXT {KEY}\ns1._domainkey.{DOMAIN}. TXT "v=DKIM1; p="'), "mine")
    assert {key.selector: key.from_wildcard for key in facts.keys} == {"mine": True, "s1": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", WildcardKind.NONE),
        (f"*._domainkey.{DOMAIN}. TXT {KEY}", WildcardKind.KEY),
        (f'*._domainkey.{DOMAIN}. TXT "v=DKIM1; p="', WildcardKind.REVOKED),
        (f"*.{DOMAIN}. TXT noise", WildcardKind.TEXT),
        (f"*._domainkey.{DOMAIN}. CNAME gone.{DOMAIN}.", WildcardKind.NONE),
    ],
)
def test_the_wildcard_is_what_it_says(text: str, expected: WildcardKind) -> None:
    facts = look(Live(text))

    assert facts.wildcard.kind is expected
    assert facts.keys == ()


def test_an_alias_for_every_name_leads_nowhere_in_particular() -> None:
    facts = look(Live(f"*._domainkey.{DOMAIN}. CNAME keys.esp.example."))

    assert facts.keys == ()
    assert len(facts.unanswered) == facts.tried


def test_without_any_answer_nothing_is_found_and_all_is_listed() -> None:
    facts = look(Live("", "*"), "mine")

    assert found(facts) == {"mine": FoundBy.NAMED}
    assert facts.keys[0].usable is None
    assert facts.wildcard.kind is WildcardKind.UNKNOWN
    assert len(facts.unanswered) == facts.tried - 1


def test_an_answer_cannot_be_told_from_a_wildcard_that_is_not_answered() -> None:
    text = f"*._domainkey.{DOMAIN}. TXT {KEY}"

    assert look(Live(text, PROBE)).keys == ()
    assert found(look(Live(f"s1._domainkey.{DOMAIN}. TXT {KEY}", PROBE))) == {"s1": FoundBy.LIST}


def test_a_selector_that_no_name_has_room_for_is_absent() -> None:
    facts = look(Live(""), "x" * 64, ".".join(["x" * 60] * 4))

    assert [key.answer.status for key in facts.keys] == [Status.NXDOMAIN, Status.NXDOMAIN]


def test_a_proposed_key_is_found_where_the_zone_beneath_can_be_listed() -> None:
    base = ZoneResolver.from_text(SOA)
    over = OverlayResolver.from_rrsets({(f"new._domainkey.{DOMAIN}", "TXT"): (KEY.strip('"'),)}, base)

    assert found(look(base)) == {}
    assert found(look(over)) == {"new": FoundBy.ZONE}


def test_a_zone_with_more_selectors_than_we_ask_for_proves_nothing() -> None:
    text = "".join(f"s{n}._domainkey.{DOMAIN}. TXT x\n" for n in range(MAX_LISTED + 1))

    facts = look(ZoneResolver.from_text(SOA + text))

    assert facts.tried == MAX_LISTED
    assert not facts.proven_complete


def test_the_list_holds_what_the_benchmark_publishes_and_stays_bounded() -> None:
    assert set(BENCHMARK.split()) <= set(common_selectors())
    assert all(len({*common_selectors(), *provider.selectors}) <= 60 for provider in providers())


def test_every_row_of_the_list_has_a_source_and_can_be_asked_for() -> None:
    for provider in providers():
        assert provider.source
        assert provider.selectors
        assert all(name == name.lower() and name.replace("-", "").isalnum() for name in provider.selectors)
        assert provider.always or provider.spf or provider.mx


def test_a_provider_is_known_by_the_end_of_a_host_name() -> None:
    assert selectors_for(["v=spf1 include:_spf.google.com ~all"], []) == ("google",)
    assert selectors_for(["v=spf1 redirect=spf.protection.outlook.com"], []) == ("selector1", "selector2")
    assert selectors_for(["include:_spf.google.com", "v=spf1 include:notgoogle.com -all"], ["0 ."]) == ()


def test_only_some_providers_publish_a_spare_alias() -> None:
    assert is_standby("selector2", ("selector2-example-test._domainkey.tenant.onmicrosoft.com",))
    assert not is_standby("s2", ("s2.tenant.onmicrosoft.com",))
    assert not is_standby("selector2", ("selector2.esp.example",))
    assert not is_standby("selector2", ())
