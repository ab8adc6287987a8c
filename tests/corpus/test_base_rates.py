"""Every corpus through the audit: no check crashes, and each one both passes and fails somewhere or has a reason.

`-s` shows the tables: how often each check came to each outcome.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import pytest

from deliverability.checks import CHECKS
from deliverability.findings import Outcome
from deliverability.gather import INPUTS
from deliverability.messages.given import ENGINES
from deliverability.protocols.spf.record import Qualifier, parse
from support.corpora import CORPORA, Table, audits, printed, rows, table

pytestmark = pytest.mark.corpus

SLOW = ("mxmap-dach", "mxmap-it")
"""These take half a minute and two minutes."""
RATES = "mxmap-it"
"""Too large to be gone through twice; it says nothing about a check that the others do not."""

OUTSIDE = "rests on names that the sources do not hold"
ABSENT = "no source uses what it judges"
CLEAN = "no source has the fault"
FACT = "states a fact, neither good nor bad"

BEYOND = {*INPUTS, "message", "authentication", "links_listed", *ENGINES, "hosts", "dnsbl"}
"""Facts that no zone holds: what an audit is given, reverse zones, block lists. Vectors hold their checks."""

NEVER_PASSES = {
    OUTSIDE: "mx-ipv6 mx-ptr dkim-delegation",
    ABSENT: "dmarc-psd",
    FACT: "mx-provider",
}
"""Checks that pass in no corpus, by the reason why that is right. Vectors hold a pass of each that can pass."""
NEVER_FAILS = {
    OUTSIDE: "mx-target-cname dmarc-external-authorisation",
    ABSENT: "spf-ptr-limit dmarc-testing dmarc-psd",
    CLEAN: "dns-domain-exists dns-wildcard dns-cname-and-other-data mx-duplicate spf-parked dkim-key-type dkim-revoked"
    " dkim-testing-flag dkim-hash dkim-service-type dkim-single-record dkim-exponent dkim-parked dmarc-single"
    " dmarc-parked",
    FACT: "mx-provider mx-ptr dmarc-removed-tags",
}
"""Checks that fail in no corpus, by the reason why. Vectors hold a failure of each that can fail."""


@cache
def counted(corpus: str) -> Table:
    return table(audits(CORPORA[corpus]()))


@pytest.mark.parametrize(
    "corpus", [pytest.param(name, marks=[pytest.mark.corpus_slow] * (name in SLOW)) for name in CORPORA]
)
def test_no_check_crashes(corpus: str) -> None:
    counts = counted(corpus)
    print(f"\n{printed(corpus, counts)}")

    assert {check for check, outcomes in counts.items() if outcomes[Outcome.ERROR]} == set()
    assert sum(outcomes.total() for outcomes in counts.values()) > 200


@pytest.mark.corpus_slow
@pytest.mark.parametrize(
    ("outcome", "excused"), [(Outcome.PASS, NEVER_PASSES), (Outcome.FAIL, NEVER_FAILS)], ids=["passes", "fails"]
)
def test_every_check_does_both_somewhere(outcome: Outcome, excused: dict[str, str]) -> None:
    total: Table = defaultdict(Counter)
    for corpus in CORPORA.keys() - {RATES}:
        for check, outcomes in counted(corpus).items():
            total[check] += outcomes

    never = {check.id for check in CHECKS if not total[check.id][outcome] and BEYOND.isdisjoint(check.needs)}
    listed = {check for checks in excused.values() for check in checks.split()}
    assert never - listed == set(), "say above why that is right"
    assert listed - never == set(), "no longer true: take it off the list"


def test_records_that_another_scanner_judged() -> None:
    """mxmap-dach says of each domain whether SPF ends in a hard fail; it looked again later, and followed redirects."""
    ends: Counter[tuple[str, bool]] = Counter()
    for row in rows("mxmap-dach", "security.jsonl"):
        record = parse(row["spf"]) if row["spf"] else None
        end = record.all.qualifier.value if record and record.all else "no all" if record else "no record"
        ends[end, row["has_good_spf"]] += 1
    print(f"\n{dict(ends)}")

    assert sum(ends.values()) == 1987
    assert ends["no record", True] == 0
    assert ends[Qualifier.FAIL, True] == 1421
    assert ends[Qualifier.FAIL, False] + ends[Qualifier.SOFTFAIL, True] + ends["no all", True] == 21
