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
}
"""Labelled repairs of the operators, and the check that sees the fault before and no fault after."""
NEVER_PASSES = {
    "mx-provider": "names the provider: a fact, neither good nor bad",
}
"""Checks that pass nowhere in these zones, and why that is right."""
NEVER_FAILS = {
    "mx-provider": "names the provider: a fact, neither good nor bad",
    "mx-ptr": "says what is behind incoming hosts, which nobody is judged by",
    "dns-domain-exists": "every zone exists",
    "dns-cname-and-other-data": "a zone file with such a name is refused as malformed; DNS providers refuse it too",
    "dns-wildcard": "every wildcard record in these zones only forbids",
    "dns-dangling-cname": "targets outside a zone file cannot be looked up, and none inside is gone",
    "mx-target-cname": "targets outside a zone file cannot be looked up",
    "mx-target-address": "targets outside a zone file cannot be looked up",
    "mx-duplicate": "no zone here names a host twice",
    "mx-mixed-providers": "no zone here mixes providers",
}
"""Checks that fail nowhere in these zones, and why; vectors hold a failure of each that can fail."""


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
    assert never - set(excused) == set(), "say here why that is right"
    assert set(excused) - never == set(), "no longer true: take it off the list"


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


@pytest.mark.parametrize("fix", [f for f in FIXES if f["label"] in MENDED], ids=lambda f: f["label"])
def test_what_the_operators_mended_is_a_finding_before_and_gone_after(fix: dict[str, Any]) -> None:
    wanted = next(check for check in CHECKS if check.id == MENDED[fix["label"]])
    owner = next(row["name"] for side in ("added", "removed") for row in fix[side])
    domain = f"{owner.removeprefix('_dmarc.')}.{fix['zone']}".removeprefix(".")

    def failing(resolver: Resolver) -> bool:
        (audit,) = api.audit(domain, resolver=resolver)
        return any(f.check == wanted.id and f.outcome is Outcome.FAIL for f in audit.findings)

    before, after = states(fix)
    assert failing(before)
    assert not failing(after)
