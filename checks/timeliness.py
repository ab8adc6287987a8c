"""Is that good? Whether the mail arrives everywhere, in time, and in volumes that receivers know from this sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check, Judgements, check, failed, not_applicable, passed
from deliverability.checks._rates import MOST_ROWS, SETTLE, gravest, percent, whose, with_rates
from deliverability.checks._thresholds import (
    MIN_TIMED,
    RAMP_FACTOR,
    RAMP_HISTORY_DAYS,
    RAMP_MIN_HISTORY_DAYS,
    RAMP_MIN_VOLUME,
    SLOW_SECONDS,
    SLOW_TRANSACTIONAL_SECONDS,
    Band,
    Lines,
)
from deliverability.compare.intervals import newcombe
from deliverability.findings import Effort, Evidence, Judgement, Outcome, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.events.figures import Counts, RatesFacts, Seconds


@check(
    "delivery-by-provider",
    Severity.HIGH,
    rfc(5321, "4.2.5"),
    titles={
        "pass": "Mail arrives at every large provider as it does at the rest ({count} compared)",
        "over": "{whose} takes {share} of its mail and the rest {rest}: {gap} less, though that may be chance",
        "warn": "{whose} takes {share} of its mail and the rest {rest}: {gap} less",
        "fail": "{whose} takes {share} of its mail and the rest {rest}: {gap} less",
        "not_applicable": "There are no two providers with enough mail to compare",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def delivery_by_provider(rates: RatesFacts, lines: Lines) -> Judgements:
    """No mailbox provider takes clearly less of its mail than the others do of theirs.

    Why it matters: one provider's block disappears in a delivery rate over all mail, and its users get nothing.

    How to fix: read that provider's replies under bounces, and mend what they name.
    """
    found = [
        _against_rest(name, one, rates.totals, lines.band("delivery-by-provider", provider=name))
        for name, one in sorted(rates.by_provider.items())
    ]
    compared = [one for one in found if one is not None]
    faults = [one for one in compared if one.outcome is Outcome.FAIL]
    if faults:
        return gravest(faults)
    return passed(count=len(compared)) if compared else not_applicable()


def _against_rest(name: str, one: Counts, totals: Counts, band: Band) -> Judgement | None:
    """A provider beside all others together; None where either has too little mail."""
    sent, delivered = totals.sent - one.sent, totals.delivered - one.delivered
    if one.sent < band.minimum or sent < band.minimum or not 0 <= delivered <= sent or one.delivered > one.sent:
        return None
    here, there = one.delivered / one.sent, delivered / sent
    low, high = newcombe(delivered, sent, one.delivered, one.sent, band.confidence)
    gap = there - here
    data: dict[str, Any] = {
        "provider": name,
        "whose": whose(name),
        "share": percent(here),
        "rest": percent(there),
        "gap": f"{100 * gap:.1f} points",
        "delivered_share": here,
        "rest_share": there,
        "difference": gap,
        "low": low,
        "high": high,
        "sent": one.sent,
    }
    rows = (Evidence("provider", name, text=f"{one.delivered:,} of {one.sent:,} delivered"),)
    if low >= band.fail:
        return failed(name, case="fail", evidence=rows, **data)
    if low >= band.warn:
        return failed(name, case="warn", severity=Severity.MEDIUM, evidence=rows, **data)
    if gap >= band.warn:
        return failed(name, case="over", severity=Severity.MEDIUM, undecided=True, evidence=rows, **data)
    return passed(name, evidence=rows, **data)


@check(
    "time-to-deliver",
    Severity.MEDIUM,
    rfc(5321, "4.5.4.1"),
    titles={
        "pass": "Half of the mail arrives within {p50}, and 95 % within {p95}",
        "fail": "One message in twenty takes longer than {p95}{where}",
        "not_applicable": "Too few messages show both when they were sent and when they arrived",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def time_to_deliver(rates: RatesFacts) -> Judgements:
    """Mail arrives at the first attempt, and transactional mail within minutes.

    Why it matters: a sign-in code that comes late is as good as none, and mail that is put off is mail that a receiver
    doubts.

    How to fix: send transactional mail from addresses of its own, and slow campaigns down where receivers put them off.
    """
    overall = rates.time_to_deliver
    late = [_late(*case) for case in _timed(rates)]
    faults = [one for one in late if one is not None]
    if faults:
        return gravest(faults)
    if overall is None or overall.messages < MIN_TIMED:
        return not_applicable()
    return passed(**_words(overall))


def _timed(rates: RatesFacts) -> Iterator[tuple[str, Seconds, int]]:
    """What is looked at: a subject, its times, and from which p95 on it is late."""
    if rates.time_to_deliver is not None:
        yield "", rates.time_to_deliver, SLOW_SECONDS
    for name, seconds in sorted(rates.time_to_deliver_by_provider.items()):
        yield name, seconds, SLOW_SECONDS
    for name, seconds in sorted(rates.time_to_deliver_by_stream.items()):
        yield f"{name} mail", seconds, SLOW_TRANSACTIONAL_SECONDS if name == "transactional" else SLOW_SECONDS


def _late(subject: str, seconds: Seconds, line: int) -> Judgement | None:
    if seconds.messages < MIN_TIMED or seconds.p95 < line:
        return None
    where = f" ({subject})" if subject else ""
    return failed(subject, where=where, line_seconds=line, **_words(seconds))


def _words(seconds: Seconds) -> dict[str, Any]:
    return {
        "p50": duration(seconds.p50),
        "p95": duration(seconds.p95),
        "p50_seconds": seconds.p50,
        "p95_seconds": seconds.p95,
        "messages": seconds.messages,
    }


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 seconds`, `12 minutes`, `3.5 hours`."""
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.3g} seconds"


@check(
    "volume-ramp",
    Severity.MEDIUM,
    source("Gmail sender guidelines"),
    titles={
        "pass": "No day sends much more than those before it",
        "fail": "{day} sent {sent:,}, {times} times the largest day of the five weeks before ({before:,})",
        "restart": "{day} sent {sent:,} at once, after five weeks without mail",
        "not_applicable": "The events reach back too short a time to tell growth from habit",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def volume_ramp(rates: RatesFacts) -> Judgements:
    """The volume of mail grows step by step.

    Why it matters: a sudden surge looks like a stolen account; receivers slow it down and remember it.

    How to fix: spread a large send over several days, each no more than twice the day before.
    """
    days = [(date.fromisoformat(day), counts.sent) for day, counts in rates.by_day]
    compared = [(day, sent, before) for i, (day, sent) in enumerate(days) for before in _largest_before(day, days[:i])]
    surges = [one for one in compared if one[1] >= RAMP_MIN_VOLUME and one[1] > RAMP_FACTOR * one[2]]
    if not surges:
        return passed(days=len(compared)) if compared else not_applicable()
    day, sent, before = max(surges, key=lambda one: one[1] / max(1, one[2]))
    rows = (Evidence("day", d.isoformat(), text=f"{s:,} sent", note=f"at most {b:,} before") for d, s, b in surges)
    return failed(
        case="fail" if before else "restart",
        evidence=tuple(rows)[:MOST_ROWS],
        day=day.isoformat(),
        sent=sent,
        before=before,
        times=f"{sent / before:.3g}" if before else "",
        surges=len(surges),
    )


def _largest_before(day: date, earlier: Sequence[tuple[date, int]]) -> Iterator[int]:
    """The most that was sent on one day of the weeks before; nothing where the events do not reach back far enough."""
    if earlier and (day - earlier[0][0]).days >= RAMP_MIN_HISTORY_DAYS:
        recent = earlier[-RAMP_HISTORY_DAYS:]  # a day stands there once at most
        yield max((sent for other, sent in recent if (day - other).days <= RAMP_HISTORY_DAYS), default=0)


TIMELINESS: tuple[Check, ...] = (delivery_by_provider, time_to_deliver, volume_ramp)
