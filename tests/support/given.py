"""Audits that were given events and reports: figures to order, as a document keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deliverability.document import Audit
from deliverability.events.figures import Counts, RatesFacts, Seconds
from deliverability.feedback.facts import AggregateFacts, Failing, ReportedSource, TlsFacts, TlsFailed
from deliverability.findings import Finding, Lack, Outcome, Severity
from deliverability.inputs import Inputs
from support import samples
from support.samples import DOMAIN, HOSTILE

GMAIL = Counts(sent=2500, delivered=2000, bounced=500, bounced_block=500, deferred=180, opened=320, opened_machine=20)
OUTLOOK = Counts(sent=1250, delivered=1200, bounced=50, bounced_hard=35, bounced_soft=15, complained=5, opened=105)
SMALL = {
    "gmx": Counts(sent=90, delivered=88, bounced=2, bounced_hard=2, complained=1, opened=30, clicked=3),
    "orange": Counts(sent=60, delivered=60, opened=9, opened_unknown=9),
}
OPTIONS = {
    "events": ["exports/"],
    "dmarc_reports": ["reports/a.zip"],
    "declared": ["192.0.2.0/24"],
    "tls_reports": ["tls/"],
    "select": [],
}


def added(*counts: Counts) -> Counts:
    """The sum of counts."""
    return Counts(**{name: sum(getattr(one, name) for one in counts) for name in Counts.__dataclass_fields__})


def rates(**changes: Any) -> RatesFacts:
    """The events of two large mailbox providers and two small ones."""
    providers = {"gmail": GMAIL, "microsoft": OUTLOOK, **SMALL}
    facts = RatesFacts(
        sources=("sendgrid",),
        start="2026-08-04T08:00:01Z",
        end="2026-09-24T11:00:00Z",
        files=2,
        rows=11_068,
        duplicates=7,
        bad=3,
        totals=added(*providers.values()),
        by_provider=providers,
        reporting=("gmx", "microsoft"),
        reasons={"auth_failure": 500, "unknown_user": 37, "mailbox_full": 15},
        deferral_reasons={"rate_limited": 180},
        reasons_by_provider={
            "gmail": {"auth_failure": 500},
            "microsoft": {"unknown_user": 35, "mailbox_full": 15},
            "gmx": {"unknown_user": 2},
        },
        time_to_deliver=Seconds(p50=4.0, p95=620.0, messages=3348),
        time_to_deliver_by_provider={"gmail": Seconds(p50=4.0, p95=900.0, messages=2000)},
    )
    return replace(facts, **changes)


def source(address: str, messages: int, passing: int, category: str, why: str, owner: str = "") -> ReportedSource:
    """One source, which passes by DKIM alone."""
    return ReportedSource(
        address=address,
        owner=owner,
        category=category,
        why=why,
        messages=messages,
        dmarc_pass=passing,
        spf_aligned=0,
        dkim_aligned=passing,
        first="2026-08-04",
        last="2026-09-22",
    )


def reports(**changes: Any) -> AggregateFacts:
    """A declared sender, one that passes nothing, a forwarder, and a stranger."""
    stranger = source("198.51.100.207", 240, 0, "unknown", "neither SPF nor DKIM passes for the domain")
    facts = AggregateFacts(
        domain=DOMAIN,
        start="2026-08-04",
        end="2026-09-22",
        reports=16,
        reporters=2,
        messages=4700,
        dmarc_pass=2960,
        spf_aligned=0,
        dkim_aligned=2960,
        quarantined=12,
        rejected=0,
        has_inventory=True,
        number_of_sources=4,
        sources=(
            source("198.51.100.20", 2860, 2860, "declared", "declared as news.example", "Example News"),
            source("203.0.113.10", 1500, 0, "declared", "declared as 203.0.113.0/26"),
            stranger,
            source("192.0.2.180", 100, 100, "forwarder", "receivers report that it passes mail on"),
        ),
        shadows=(stranger,),
        failing={"declared": Failing(messages=1500, sources=1), "unknown": Failing(messages=240, sources=1)},
    )
    return replace(facts, **changes)


def tls() -> TlsFacts:
    """Some sessions that met an expired certificate."""
    return TlsFacts(
        domain=DOMAIN,
        start="2026-11-01",
        end="2026-11-07",
        reports=9,
        sessions_ok=940,
        sessions_failed=60,
        types=("sts",),
        failures=(TlsFailed(result_type="certificate-expired", receiving_mx="mx1.weinhandel.example", sessions=60),),
    )


def unasked(check: str, settle: str) -> Finding:
    """A check that had nothing to judge."""
    return Finding(
        check=check,
        outcome=Outcome.UNKNOWN,
        severity=Severity.HIGH,
        subject=DOMAIN,
        case="unknown",
        title=f"Nothing is known of {check}",
        lack=Lack.INPUT,
        settle=settle,
    )


def audited(**facts: Any) -> Audit:
    """The shop in trouble with the given figures, two checks that had none, and one that could not look."""
    findings = (
        *samples.in_trouble().findings,
        unasked("snds-status", "Give a feed of Microsoft's SNDS with --snds FILE."),
        unasked("postmaster-compliance", "Give an export of Google Postmaster Tools with --postmaster FILE."),
        unasked("postmaster-spam-rate", "Give an export of Google Postmaster Tools with --postmaster FILE."),
    )
    return replace(
        samples.in_trouble(), options=OPTIONS, observations=Inputs(**facts).observations(), findings=findings
    )


def everything() -> Audit:
    """The same with every kind of input that has a section of its own."""
    return audited(rates=rates(), dmarc_reports=reports(), tls_reports=tls())


def hostile() -> Audit:
    """Every text of a stranger's in the figures wants to be markup."""
    row = source(HOSTILE, 9, 3, HOSTILE, HOSTILE, HOSTILE)
    audit = audited(
        rates=rates(
            sources=(HOSTILE,),
            start=HOSTILE,
            by_provider={HOSTILE: GMAIL, **SMALL},
            reporting=(HOSTILE,),
            reasons={HOSTILE: 9},
            reasons_by_provider={HOSTILE: {HOSTILE: 9}},
            time_to_deliver_by_provider={HOSTILE: Seconds(p50=1.0, p95=2.0, messages=500)},
        ),
        dmarc_reports=reports(start=HOSTILE, sources=(row,), shadows=(row,), failing={HOSTILE: Failing(messages=1)}),
        tls_reports=replace(
            tls(),
            types=(HOSTILE,),
            failures=(TlsFailed(result_type=HOSTILE, receiving_mx=HOSTILE, sessions=1),),
        ),
    )
    evil = samples.hostile()
    options: Mapping[str, Any] = {**evil.options, **{name: [HOSTILE] for name in OPTIONS}}
    return replace(
        evil, observations=audit.observations, findings=(*evil.findings, unasked(HOSTILE, HOSTILE)), options=options
    )
