"""Is that good? Who sends as the domain and what passes, by what receivers reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import (
    Check,
    Function,
    Judgements,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._rates import MOST_ROWS, judged, percent, share, titles
from deliverability.checks._thresholds import SHADOW_SHARE, Lines
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.protocols.dmarc.record import Policy
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.feedback.facts import AggregateFacts, ReportedSource
    from deliverability.protocols.dmarc import DmarcFacts

SETTLE = "Give DMARC aggregate reports with --dmarc-reports."


def with_reports(function: Callable[..., Judgements]) -> Function:
    """No reports were given, or none about this domain."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        reports = facts["dmarc_reports"]
        if reports is None:
            return unknown(lack=Lack.INPUT)
        if not reports.messages:
            return not_applicable(case="elsewhere", reports=reports.reports)
        return function(**facts)

    return guarded


def _rows(found: Sequence[ReportedSource]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            "reported_source",
            one.address,
            text=f"{one.messages:,} messages, {one.dmarc_pass:,} pass DMARC",
            note=f"{one.owner}: {one.why}" if one.owner else one.why,
        )
        for one in found[:MOST_ROWS]
    )


def _failing(reports: AggregateFacts) -> list[ReportedSource]:
    """Sources with mail that does not pass and is not merely passed on, the most of it first."""
    own = [one for one in reports.sources if one.category != "forwarder" and one.dmarc_pass < one.messages]
    return sorted(own, key=lambda one: one.dmarc_pass - one.messages)


_ELSEWHERE = "The DMARC reports are about other domains, or hold no messages"


@check(
    "dmarc-pass-rate",
    Severity.HIGH,
    rfc(9989, "5.3"),
    rfc(9990),
    source("Yahoo sender requirements"),
    titles={**titles("Mail of known senders that fails DMARC"), "elsewhere": _ELSEWHERE},
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=SETTLE,
)
@with_reports
def dmarc_pass_rate(dmarc_reports: AggregateFacts, lines: Lines) -> Judgements:
    """The mail of the domain's own and declared senders passes DMARC.

    Mail of unknown sources is for dmarc-shadow-senders, and what forwarders break is nobody's fault here; both are left
    out of the share.

    Why it matters: Gmail, Yahoo and Outlook.com refuse bulk mail that fails DMARC, whoever sends it.

    How to fix: have each service that is listed sign with a key of your domain (its DKIM set-up), or use a return path
    below your domain.
    """
    known = {category: dmarc_reports.failing.get(category) for category in ("own", "declared")}
    missed = sum(failing.messages for failing in known.values() if failing)
    others = sum(failing.messages for name, failing in dmarc_reports.failing.items() if name not in known)
    total = max(dmarc_reports.messages - others, missed)
    rows = [one for one in _failing(dmarc_reports) if one.category in known]
    return judged(share(lines.of("dmarc-pass-rate"), missed, total, "reported messages"), evidence=_rows(rows))


@check(
    "dmarc-shadow-senders",
    Severity.HIGH,
    rfc(9989, "5.3"),
    rfc(9990),
    titles={
        "pass": "Every source that receivers saw is a known sender or a forwarder ({sources} looked at)",
        "declared": "{count} {count:source|sources} that nobody declared {count:sends|send} as the domain:"
        " {messages:,} messages ({share})",
        "unknown_senders": "{count} {count:source sends|sources send} as the domain and {count:passes|pass} neither SPF"
        " nor DKIM: {messages:,} messages ({share})",
        "elsewhere": _ELSEWHERE,
    },
    fixes={
        "declared": "Find out who uses each of them. Declare those that are yours with --declared and have the others"
        " stopped; p=reject stops those that pass nothing.",
        "unknown_senders": "Find out whether any of them is yours and set it up; p=quarantine, then p=reject, stops the"
        " rest.",
    },
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=SETTLE,
)
@with_reports
def dmarc_shadow_senders(dmarc_reports: AggregateFacts, dmarc: DmarcFacts) -> Judgements:
    """Nobody sends as the domain whom its owner does not know.

    With --declared, every source that is neither declared nor a forwarder is a shadow sender, whether it passes or not.
    Without it, those that pass neither SPF nor DKIM for the domain are.

    Mail that passes nothing is refused already where the policy is quarantine or reject: then it is a low fault.

    Why it matters: forgotten services fail the day the policy is tightened, and forgers spend the domain's reputation.

    How to fix: go through the sources listed, the largest first; each is set up, declared, or stopped.
    """
    shadows, total = dmarc_reports.shadows, dmarc_reports.messages
    messages = sum(one.messages for one in shadows)
    if not shadows:
        return passed(sources=dmarc_reports.number_of_sources)
    stopped = not dmarc_reports.has_inventory and dmarc.discovery.policy not in {None, Policy.NONE}
    grave = messages >= SHADOW_SHARE * total and not stopped
    return failed(
        case="declared" if dmarc_reports.has_inventory else "unknown_senders",
        severity=Severity.HIGH if grave else Severity.LOW,
        evidence=_rows(shadows),
        count=len(shadows),
        messages=messages,
        total=total,
        share=percent(messages / total),
    )


@check(
    "dmarc-enforcement-ready",
    Severity.INFO,
    rfc(9989, "7.4"),
    rfc(9990),
    titles={
        "ready": "p=reject would have hit none of the domain's own mail ({total:,} messages)",
        "info": "p=reject would have hit {hit:,} of {total:,} messages: {own:,} of known senders, {forwarder:,}"
        " forwarded, {unknown:,} of unknown sources",
        "elsewhere": _ELSEWHERE,
    },
    settle=SETTLE,
)
@with_reports
def dmarc_enforcement_ready(dmarc_reports: AggregateFacts, dmarc: DmarcFacts) -> Judgements:
    """What p=quarantine or p=reject would have hit in the time of the reports.

    Why it matters: a policy that is tightened too early costs real mail; one that waits for nothing protects nobody.

    How to fix: repair what is counted under known senders first; forwarded mail needs DKIM to survive; what is unknown
    is what the policy is for. `deliv dmarc --simulate reject` shows each source.
    """
    count = {name: failing.messages for name, failing in dmarc_reports.failing.items()}
    own = count.get("own", 0) + count.get("declared", 0)
    return informed(
        case="info" if own else "ready",
        own=own,
        forwarder=count.get("forwarder", 0),
        unknown=count.get("unknown", 0),
        hit=sum(count.values()),
        total=dmarc_reports.messages,
        start=dmarc_reports.start,
        end=dmarc_reports.end,
        policy=dmarc.discovery.policy.value if dmarc.discovery.policy else None,
        evidence=_rows(_failing(dmarc_reports)),
    )


DMARC_SOURCES: tuple[Check, ...] = (dmarc_pass_rate, dmarc_shadow_senders, dmarc_enforcement_ready)
"""The part of the family `dmarc` that is read from receivers' reports."""
