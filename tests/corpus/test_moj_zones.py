"""The UK Ministry of Justice's production zones, and what its operators mended in them, through the whole audit."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pytest

from deliverability import api
from deliverability.checks import CHECKS
from deliverability.document import Audit
from deliverability.findings import Outcome
from deliverability.lookup import AssumeAbove, OverlayResolver, Resolver, ZoneResolver
from support.shared import shared

pytestmark = pytest.mark.corpus

ZONES = sorted(shared("data", "moj-dns", "master").glob("*.zone"))
FIXES: list[dict[str, Any]] = json.loads(shared("data", "moj-dns", "fixes_labelled.json").read_text(encoding="utf-8"))
MENDED = {
    "dmarc-text-in-cname": "dns-record-misplaced",
    "spf-rrtype-conflict": "spf-obsolete-type",
    "spf-at-wrong-name": "spf-present",
    "dkim-target-in-txt": "dkim-key-syntax",
}
"""Labelled repairs of the operators, and the check that sees the fault before and no fault after."""
OUTSIDE = "rests on names outside the zone file, where nothing can be looked up"
ABSENT = "no zone here uses what it judges"
CLEAN = "no zone here has the fault"
INPUT = "wants a sending address or a HELO name to be given"
FACT = "states a fact, neither good nor bad"
REFUSED = "a zone file with the fault is refused as malformed"

NEVER_PASSES = {
    OUTSIDE: "mx-ipv6 mx-ptr spf-include-resolves spf-loop dkim-delegation dmarc-rua dmarc-external-authorisation",
    ABSENT: "spf-ptr-limit spf-redirect-with-all spf-macros spf-exp dmarc-psd",
    INPUT: "spf-helo spf-authorises",
    FACT: "mx-provider",
}
"""Checks that pass nowhere in these zones, by the reason why that is right. Vectors hold a pass of each."""
NEVER_FAILS = {
    OUTSIDE: "dns-dangling-cname mx-target-cname mx-target-address spf-lookup-limit spf-void-limit spf-include-resolves"
    " spf-loop spf-takeover dkim-delegation dmarc-external-authorisation",
    ABSENT: "spf-ptr-limit spf-redirect-with-all spf-macros spf-exp spf-obsolete-type dmarc-psd",
    CLEAN: "dns-domain-exists dns-wildcard mx-duplicate mx-mixed-providers spf-single spf-mx-limit spf-all spf-exposure"
    " spf-ptr-mechanism spf-terms-after-all spf-duplicate-terms spf-parked spf-receivers-differ dkim-key-type"
    " dkim-revoked dkim-testing-flag dkim-hash dkim-service-type dkim-single-record dkim-exponent dkim-parked"
    " dmarc-single dmarc-syntax dmarc-subdomain-policy dmarc-testing dmarc-strict-alignment dmarc-parked",
    INPUT: "spf-helo spf-authorises",
    FACT: "mx-provider mx-ptr dmarc-removed-tags dmarc-ruf",
    REFUSED: "dns-cname-and-other-data",
}
"""Checks that fail nowhere in these zones, by the reason why. Vectors hold a failure of each that can fail."""


def names_with_mail(zone: ZoneResolver) -> list[str]:
    """Each apex and every name below it that sends, receives or has a policy of its own."""
    names = set(zone.origins)
    for name, rdtype in zone.rrsets:
        if rdtype == "MX" and not name.startswith("*"):
            names.add(name)
        under = name.partition("._domainkey.")[2] or (
            name.removeprefix("_dmarc.") if name.startswith("_dmarc.") else ""
        )
        if under and not under.startswith(("*", "_")):
            names.add(under)
    return sorted(names)


@lru_cache(maxsize=1)
def audits() -> tuple[tuple[str, Audit], ...]:
    """Every apex, and every name with mail of its own below one."""
    found: list[tuple[str, Audit]] = []
    for path in ZONES:
        zone = ZoneResolver.from_files([path])
        resolver = AssumeAbove(zone)
        found += [(path.stem, audit) for audit in api.audit(names_with_mail(zone), resolver=resolver)]
    return tuple(found)


def table(every: Iterable[Audit]) -> dict[str, Counter[Outcome]]:
    """How often each check came to each outcome."""
    counts: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for audit in every:
        for finding in audit.findings:
            counts[finding.check][finding.outcome] += 1
    return counts


def printed(title: str, counts: dict[str, Counter[Outcome]]) -> str:
    """The table, a line a check."""
    head = f"{title:30}" + "".join(f"{outcome.value:>15}" for outcome in Outcome)
    rows = [f"{check.id:30}" + "".join(f"{counts[check.id][o]:>15}" for o in Outcome) for check in CHECKS]
    return "\n".join((head, *rows))


def test_no_check_crashes_and_each_says_something(capsys: pytest.CaptureFixture[str]) -> None:
    apexes = [audit for zone, audit in audits() if audit.subject.domain == zone]
    counts = table(apexes)
    with capsys.disabled():
        print(f"\n{printed(f'{len(apexes)} zones', counts)}")
        print(f"\n{printed(f'{len(audits())} domains', table(audit for _, audit in audits()))}")

    assert len(apexes) == len(ZONES) == 203
    assert [f for _, audit in audits() for f in audit.findings if f.outcome is Outcome.ERROR] == []
    assert set(counts) == {check.id for check in CHECKS}


@pytest.mark.parametrize(
    ("outcome", "excused"), [(Outcome.PASS, NEVER_PASSES), (Outcome.FAIL, NEVER_FAILS)], ids=["pass", "fail"]
)
def test_every_check_passes_somewhere_and_fails_somewhere(outcome: Outcome, excused: dict[str, str]) -> None:
    counts = table(audit for _, audit in audits())

    never = {check.id for check in CHECKS if not counts[check.id][outcome]}
    listed = {check for checks in excused.values() for check in checks.split()}
    assert never - listed == set(), "say above why that is right"
    assert listed - never == set(), "no longer true: take it off the list"


def states(fix: dict[str, Any]) -> tuple[Resolver, Resolver]:
    """The zone of a labelled repair as it was before and after it."""
    base = AssumeAbove(ZoneResolver.from_files([shared("data", "moj-dns", "master", f"{fix['zone']}.zone")]))
    before, after = rrsets(fix, "removed"), rrsets(fix, "added")
    return (
        OverlayResolver.from_rrsets({**dict.fromkeys(after, ()), **before}, base),
        OverlayResolver.from_rrsets({**dict.fromkeys(before, ()), **after}, base),
    )


def rrsets(fix: dict[str, Any], side: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The records that a labelled repair took away or added, as octoDNS has them."""
    return {
        (f"{row['name']}.{fix['zone']}".removeprefix("."), row["type"]): tuple(
            value_of(row["type"], v) for v in row["values"]
        )
        for row in fix[side]
    }


def value_of(rdtype: str, value: str) -> str:
    """octoDNS escapes semicolons in text; a name as text needs its own escapes."""
    if rdtype == "CNAME":
        return value.replace(";", "\\;").replace("@", "\\@").removesuffix(".") + "."
    return value.replace("\\;", ";")


def failing(fix: dict[str, Any], resolver: Resolver) -> set[tuple[str, str]]:
    """What fails at the name of a labelled repair and the domain it serves: check and subject."""
    owner = str(next(row["name"] for side in ("added", "removed") for row in fix[side]))
    selector, is_key, under = owner.rpartition("._domainkey")
    below = under.removeprefix(".") if is_key else owner.removeprefix("_dmarc.")
    (audit,) = api.audit(
        f"{below}.{fix['zone']}".removeprefix("."), resolver=resolver, selectors=[selector] if is_key else []
    )
    subjects = {audit.subject.domain, f"{owner}.{fix['zone']}".removeprefix(".")}
    return {(f.check, f.subject) for f in audit.findings if f.outcome is Outcome.FAIL and f.subject in subjects}


@pytest.mark.parametrize("fix", [f for f in FIXES if f["label"] in MENDED], ids=lambda f: f["label"])
def test_what_the_operators_mended_is_a_finding_before_and_gone_after(fix: dict[str, Any]) -> None:
    before, after = (failing(fix, resolver) for resolver in states(fix))

    assert MENDED[fix["label"]] in {check for check, _ in before - after}
    assert MENDED[fix["label"]] not in {check for check, _ in after}


def test_a_repair_that_left_the_pasted_quotes_is_still_a_finding() -> None:
    """The operators took a space out of the key and left the quotes in: base64 has none, so it is no key either way."""
    (fix,) = (f for f in FIXES if f["label"] == "dkim-whitespace")

    for state in states(fix):
        assert {
            ("dkim-key-syntax", "dkim.co._domainkey.justice.gov.uk"),
            ("dns-txt-characters", "dkim.co._domainkey.justice.gov.uk"),
        } <= failing(fix, state)
