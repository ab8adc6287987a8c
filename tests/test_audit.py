"""The audit as a library: what goes in, what comes out, and what must never happen."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deliverability import api
from deliverability.asking import Inquiry, Setting
from deliverability.audit import audit_domain
from deliverability.checks import CHECKS
from deliverability.document import from_json, to_json
from deliverability.findings import Lack, Outcome, Role, Severity
from deliverability.lookup import Answer, AssumeAbove, ReplayResolver, Resolver, Status, ZoneResolver
from deliverability.names import InvalidDomain
from deliverability.selection import UnknownCheck, selected
from deliverability.verdict import Word, exit_code

CLOCK = datetime(2026, 11, 21, 9, tzinfo=UTC)

SHOP = """
$ORIGIN shop.test.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.25
@ TXT "v=spf1 mx include:esp.shop.test ~all"
@ TXT "site-verification=0123"
esp TXT "v=spf1 ip4:192.0.2.128/28 -all"
_dmarc TXT "v=DMARC1; p=none"
"""


def zone(text: str = SHOP) -> Resolver:
    return AssumeAbove(ZoneResolver.from_text(text))


class Silent:
    """A resolver that never hears back."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        return Answer(name=name.lower().rstrip("."), rdtype=rdtype, status=Status.TIMEOUT)


class Stuck:
    """A resolver that never returns at all."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def audit(domain: str = "shop.test", resolver: Resolver | None = None, **options: Any) -> Any:
    return api.audit(domain, resolver=resolver or zone(), now=CLOCK, **options)[0]


def test_every_selected_check_says_something() -> None:
    assert {f.check for f in audit().findings} == {c.id for c in CHECKS}


def test_findings_come_in_report_order() -> None:
    order = [c.id for c in CHECKS]
    places = [order.index(f.check) for f in audit().findings]

    assert places == sorted(places)


def test_check_and_subject_name_one_finding() -> None:
    keys = [(f.check, f.subject) for f in audit().findings]

    assert len(keys) == len(set(keys))


def test_a_silent_resolver_is_no_error_and_no_fault() -> None:
    result = audit(resolver=Silent())

    assert {f.outcome for f in result.findings} <= {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE, Outcome.INFO}
    assert result.verdict.word is Word.UNDETERMINED
    assert exit_code([(result.verdict, result.findings)], None) == 3


def test_the_deadline_holds_for_the_whole_audit() -> None:
    result = audit(resolver=Stuck(), timeout=0.05)

    assert result.verdict.word is Word.UNDETERMINED
    assert {a.status for a in result.dns} == {Status.TIMEOUT}


@pytest.mark.parametrize("broken", CHECKS, ids=[c.id for c in CHECKS])
def test_a_crash_in_one_check_is_its_error_and_the_rest_goes_on(broken: Any) -> None:
    def crash(**facts: Any) -> Any:
        raise RuntimeError("planted")

    checks = tuple(replace(c, function=crash) if c is broken else c for c in CHECKS)
    setting = Setting((), (), {}, {}, CLOCK)

    result = asyncio.run(audit_domain(Inquiry("shop.test"), zone(), setting, checks))

    errors = [f for f in result.findings if f.outcome is Outcome.ERROR]
    assert [f.check for f in errors] == [broken.id]
    assert errors[0].data == {"error": "RuntimeError: planted"}
    assert {f.check for f in result.findings} == {c.id for c in CHECKS}


def test_a_replay_gives_the_same_bytes() -> None:
    first = to_json(audit(selectors=["s1"], ips=["192.0.2.25"]))
    stored = from_json(first)

    again = audit(resolver=ReplayResolver(stored.dns, stored.listings), selectors=["s1"], ips=["192.0.2.25"])

    assert to_json(again) == first


def test_a_replay_from_which_an_answer_is_missing_does_not_guess() -> None:
    stored = audit()
    without = [a for a in stored.dns if (a.name, a.rdtype) != ("shop.test", "TXT")]

    again = audit(resolver=ReplayResolver(without, stored.listings), select=["spf-present"])

    assert [f.outcome for f in again.findings] == [Outcome.UNKNOWN]


def test_changing_one_stored_answer_changes_its_finding() -> None:
    plain = json.loads(to_json(audit()))
    for answer in plain["dns"]:
        answer["records"] = [r.replace("~all", "+all") for r in answer["records"]]
    stored = from_json(json.dumps(plain))

    again = audit(resolver=ReplayResolver(stored.dns, stored.listings))

    (finding,) = [f for f in again.findings if f.check == "spf-all"]
    assert (finding.outcome, finding.severity) == (Outcome.FAIL, Severity.CRITICAL)


def test_the_order_in_which_a_server_sends_records_changes_nothing() -> None:
    lines = SHOP.strip().splitlines()
    turned = "\n".join(lines[:3] + lines[:2:-1])

    assert to_json(audit(resolver=zone(turned))) == to_json(audit())


def test_internationalised_names_are_one_domain_in_both_forms() -> None:
    text = SHOP.replace("shop.test", "xn--bcher-kva.test")

    first, second = (audit(name, zone(text)) for name in ("bücher.test", "XN--BCHER-KVA.test."))

    assert to_json(first) == to_json(second)
    assert first.subject.domain == "xn--bcher-kva.test"


@pytest.mark.parametrize(
    "name", ["", ".", "com", "a..b", "-a.test", "x" * 64 + ".test", "192.0.2.1", "a b.test", "\x1b[2J.test"]
)
def test_what_is_no_domain_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InvalidDomain) as caught:
        audit(name)

    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("pasted", "hint"),
    [("https://shop.test/wine", "host name"), ("anna@shop.test", "follows the @"), ("anna@bücher.test", "follows")],
)
def test_what_people_paste_for_a_domain_is_told_apart(pasted: str, hint: str) -> None:
    with pytest.raises(InvalidDomain, match=hint):
        audit(pasted)


def test_a_pattern_that_matches_no_check_is_refused() -> None:
    with pytest.raises(UnknownCheck, match="spf-typo"):
        audit(select=["spf-typo"])


@pytest.mark.parametrize("helo", ["", "a..b", "a b.test", "\x1b[2J", "x" * 300, "[mail]", "\u202email.test"])
def test_what_no_server_says_in_helo_is_refused_in_one_line(helo: str) -> None:
    with pytest.raises(ValueError, match="not a HELO name") as caught:
        audit(helo=helo)

    assert not {"\n", "\x1b", "\u202e"}.intersection(str(caught.value))


@pytest.mark.parametrize("helo", ["out.shop.test", "OUT", "[192.0.2.25]", "[IPv6:2001:db8::1]", "bücher.test"])
def test_what_servers_say_in_helo_leads_to_no_error(helo: str) -> None:
    assert [f for f in audit(helo=helo).findings if f.outcome is Outcome.ERROR] == []


def test_what_says_not_which_block_lists_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="none, default, all") as caught:
        audit(blocklists="\x1bevery")

    assert not {"\n", "\x1b"}.intersection(str(caught.value))


def test_a_selection_that_leaves_no_check_is_refused() -> None:
    with pytest.raises(UnknownCheck, match="no check is left"):
        audit(select=["spf-*"], ignore=["*"])


def test_select_and_ignore_are_globs() -> None:
    chosen = {c.id for c in selected(["spf-*"], ["spf-all"])}

    assert chosen == {c.id for c in CHECKS if c.family == "spf"} - {"spf-all"}


@pytest.mark.parametrize(
    ("records", "role"),
    [
        ('@ TXT "v=spf1 -all"', Role.PARKED),
        ('@ TXT "v=spf1 -all"\n@ MX 10 mail', Role.RECEIVING),
        ("@ MX 0 .", Role.PARKED),
        ('@ MX 0 .\n@ TXT "v=spf1 include:esp.test -all"', Role.SENDING),
        ("@ A 192.0.2.1", Role.SENDING),
        ('@ TXT "v=spf1 mx -all"\n@ MX 10 mail', Role.SENDING),
    ],
)
def test_the_role_follows_from_the_records(records: str, role: Role) -> None:
    text = f"$ORIGIN role.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\nmail A 192.0.2.2\n{records}\n"

    assert audit("role.test", zone(text)).subject.role is role


def test_an_input_that_says_it_sends_beats_the_records() -> None:
    text = '$ORIGIN role.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ TXT "v=spf1 -all"\n'

    assert audit("role.test", zone(text), selectors=["s1"]).subject.role is Role.SENDING


def test_a_fix_rewrites_the_whole_rrset_and_was_audited_again() -> None:
    text = SHOP.replace("~all", "+all")
    (finding,) = [f for f in audit(resolver=zone(text)).findings if f.check == "spf-all"]

    assert finding.fix is not None
    assert finding.fix.reaudited
    assert "site-verification=0123" in [r.value for r in finding.fix.records]


def test_no_fix_is_shown_that_was_not_audited_again() -> None:
    for finding in audit(resolver=zone(SHOP.replace("~all", "+all"))).findings:
        if finding.fix is not None and finding.fix.records:
            assert finding.fix.reaudited, finding.check


def test_no_two_checks_share_a_why_or_a_fix() -> None:
    for texts in ([c.why for c in CHECKS], [t for c in CHECKS for t in {c.fix, *c.fixes.values()}]):
        assert sorted(t for t in set(texts) if texts.count(t) > 1) == []


def test_every_check_is_whole() -> None:
    assert len({c.id for c in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.ask.endswith("."), check.id
        assert check.why, check.id
        assert check.fix, check.id
        assert check.references, check.id
        assert check.id.startswith(check.family) or check.family not in NAMESAKES, check.id


NAMESAKES = {"dns", "mx", "spf", "dkim", "dmarc"}
"""Families whose ids begin with their name; those of the others are as the catalogue has them."""


def test_an_unguessed_selector_makes_no_verdict_undetermined() -> None:
    unknown = [f for f in audit().findings if f.outcome is Outcome.UNKNOWN and f.check == "dkim-selectors"]

    assert all(f.lack is Lack.INPUT for f in unknown)


def test_the_library_works_inside_a_running_loop() -> None:
    async def inside() -> Any:
        return await api.audit_async(["shop.test"], resolver=zone(), now=CLOCK)

    (result,) = asyncio.run(inside())

    assert result.subject.domain == "shop.test"


def test_what_a_wildcard_says_is_not_kept_at_a_name_that_gets_its_own_record() -> None:
    text = SHOP.replace('_dmarc TXT "v=DMARC1; p=none"', '* TXT "hello"')

    (finding,) = [f for f in audit(resolver=zone(text)).findings if f.check == "dmarc-present"]

    assert finding.fix is not None
    assert finding.fix.reaudited
    assert [r.old for r in finding.fix.records] == [None]
