"""What people do with the mail, as far as it can be told apart from what machines do; and whether the data bear it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check, Judgements, check, failed, informed, not_applicable, passed
from deliverability.checks._rates import MOST_ROWS, SETTLE, percent, whose, with_rates
from deliverability.checks._thresholds import COMPLETE, MAX_BAD, MIN_FLAGGED_OPENS
from deliverability.findings import Evidence, Judgement, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.events.figures import Counts, RatesFacts

RETRY = "Give the sending service's events with --events, opens and clicks among them."


@check(
    "open-rate",
    Severity.INFO,
    source("Twilio SendGrid events"),
    titles={
        "info": "Between {low} and {high} of what was sent was opened by a person",
        "none": "No opens are in the events",
        "not_applicable": "Nothing was sent that anybody could open",
    },
    settle=RETRY,
)
@with_rates
def open_rate(rates: RatesFacts) -> Judgements:
    """How much of the mail people open.

    Why it matters: machines load images too, so that an open rate is two bounds and no number: with and without the
    opens that may be a machine's.

    How to fix: nothing to fix by itself; judge a change by clicks and by both bounds.
    """
    totals = rates.totals
    if not totals.sent:
        return not_applicable()
    if not totals.opened:
        return informed(case="none", opened=0)
    low, high = totals.opened_human_low / totals.sent, totals.opened / totals.sent
    return informed(
        low=percent(low),
        high=percent(high),
        open_human_low_sent=low,
        open_human_high_sent=high,
        opened=totals.opened,
        machine=totals.opened_machine,
        unflagged=totals.opened_unknown,
        sent=totals.sent,
    )


@check(
    "machine-flag-sane",
    Severity.MEDIUM,
    source("Twilio SendGrid events"),
    titles={
        "pass": "{source} tells machine opens from others ({machine} of {opens:,})",
        "never": "{source} called none of {opens:,} opens a machine's, which cannot be",
        "always": "{source} called all of {opens:,} opens a machine's, which cannot be",
        "none": "No source of these events says which opens are a machine's",
    },
    fixes={
        "never": "If opens come through a proxy of your own for TLS, have it pass X-Forwarded-For; SendGrid knows"
        " machines by their address.",
    },
    owner=Owner.ESP,
    settle=RETRY,
)
@with_rates
def machine_flag_sane(rates: RatesFacts) -> Iterator[Judgement]:
    """Where a service flags machine opens, it flags some of them and not all.

    Why it matters: a flag that never changes hides that most opens are machines', and every comparison of open rates
    rests on it.

    How to fix: ask the sending service why the flag does not change; until then take its opens as unflagged.
    """
    flagged = {name: one for name, one in rates.flags.items() if one.true or one.false}
    for name, one in sorted(flagged.items()):
        opens = one.true + one.false
        data: dict[str, Any] = {
            "source": name,
            "opens": opens,
            "machine": percent(one.true / opens),
            "machine_opens": one.true,
        }
        if opens >= MIN_FLAGGED_OPENS and one.true in {0, opens}:
            yield failed(name, case="always" if one.true else "never", **data)
        elif opens >= MIN_FLAGGED_OPENS:
            yield passed(name, **data)
    if not flagged:
        yield not_applicable(case="none")


QUADRANTS = {
    (True, True): "arrives and is read",
    (True, False): "arrives, is read less",
    (False, True): "arrives less, is read",
    (False, False): "arrives less, is read less",
}
"""By whether as much arrives, and is read, as of all mail together."""


@check(
    "engagement-quadrant",
    Severity.INFO,
    rfc(5321, "4.2.5"),
    titles={
        "info": "{count} {count:provider|providers} by what arrives and what is read; furthest behind: {whose}",
        "not_applicable": "No provider got enough mail to be placed",
    },
    settle=RETRY,
)
@with_rates
def engagement_quadrant(rates: RatesFacts) -> Judgements:
    """Where mail arrives and is read, by mailbox provider.

    Why it matters: what does not arrive is mended with DNS and reputation, what is not read with what is sent; the two
    need different people.

    How to fix: begin with the provider that is furthest behind.
    """
    placed = [(name, counts) for name, counts in sorted(rates.by_provider.items()) if counts.sent >= MIN_FLAGGED_OPENS]
    if not placed or not rates.totals.delivered:
        return not_applicable()
    arrival, reading = _arrives(rates.totals), _read(rates.totals)
    rows = {
        name: {
            "delivered_share": _arrives(counts),
            "read_low": _read(counts),
            "read_high": _read_at_most(counts),
            "sent": counts.sent,
            "quadrant": QUADRANTS[_arrives(counts) >= arrival, _read(counts) >= reading],
        }
        for name, counts in placed
    }
    # by the most that people can have opened: what machines may have read nobody is known to leave unread
    behind = min(placed, key=lambda one: _arrives(one[1]) + _read_at_most(one[1]))[0]
    evidence = tuple(
        Evidence("provider", name, text=str(row["quadrant"]), note=f"{row['sent']:,} sent")
        for name, row in rows.items()
    )
    return informed(
        evidence=evidence[:MOST_ROWS],
        providers=rows,
        count=len(rows),
        behind=behind,
        whose=whose(behind),
        delivered_share=arrival,
        read_low=reading,
    )


def _arrives(counts: Counts) -> float:
    return counts.delivered / counts.sent if counts.sent else 0.0


def _read(counts: Counts) -> float:
    """By the fewest opens that people can have made: a provider whose opens are all machines' proves nothing."""
    return counts.opened_human_low / counts.delivered if counts.delivered else 0.0


def _read_at_most(counts: Counts) -> float:
    return counts.opened / counts.delivered if counts.delivered else 0.0


@check(
    "data-complete",
    Severity.MEDIUM,
    rfc(3339, "4"),
    titles={
        "pass": "The events carry what the figures rest on ({events:,} events of {rows:,} rows)",
        "fail": "The figures rest on incomplete data: {gaps}",
        "empty": "No event could be read from {rows:,} {rows:row|rows}",
    },
    fixes={"empty": "Give the files of a sending service that deliv reads, or name it with --source."},
    owner=Owner.ESP,
    settle=SETTLE,
)
@with_rates
def data_complete(rates: RatesFacts) -> Judgements:
    """Nearly every event says what a claim about the mail rests on.

    Why it matters: a rate by provider over events without a recipient, or opens without a machine flag, is a rate of
    something else.

    How to fix: have the sending service put the missing fields into its events, or export them again.
    """
    events = rates.completeness.events
    data: dict[str, Any] = {
        "events": events,
        "rows": rates.rows,
        "shares": _shares(rates),
        "duplicates": rates.duplicates,
    }
    if not events:
        return failed(case="empty", **data) if rates.rows else not_applicable()
    gaps = list(_gaps(data["shares"]))
    if not gaps:
        return passed(**data)
    severity = None if any(serious for serious, _ in gaps) else Severity.LOW
    return failed(severity=severity, gaps="; ".join(text for _, text in gaps), **data)


def _shares(rates: RatesFacts) -> dict[str, float | None]:
    """What share of the events, rows or opens is as it should be; None where there is none of them."""
    here = rates.completeness
    opens = sum(one.true + one.false + one.none for one in rates.flags.values())
    flagged = sum(one.true + one.false for one in rates.flags.values())
    odd = rates.bad + sum(rates.unknown_words.values())
    return {
        "rows_understood": _of(max(0, rates.rows - odd), rates.rows),
        "provider": _of(here.provider, here.events),
        "clock": _of(here.events - here.in_future - here.late_send, here.events),
        "unique_id": _of(here.unique_id, here.events),
        "campaign": _of(here.campaign, here.events),
        "machine_flag": _of(flagged, opens),
    }


def _of(part: int, whole: int) -> float | None:
    return max(0, part) / whole if whole else None


_GAPS: tuple[tuple[str, float, bool, str], ...] = (
    ("rows_understood", 1 - MAX_BAD, True, "{share} of the rows could be read and understood"),
    ("provider", COMPLETE, True, "{share} of the events name a recipient"),
    ("clock", COMPLETE, True, "{share} of the events have a time that can be true"),
    ("unique_id", COMPLETE, False, "{share} of the events have an id of their own"),
    ("campaign", COMPLETE, False, "{share} of the events name a campaign"),
    ("machine_flag", COMPLETE, False, "{share} of the opens say whether a machine made them"),
)
"""Share → its line, whether every figure rests on it or only some comparisons, and the words for too little of it."""


def _gaps(shares: dict[str, float | None]) -> Iterator[tuple[bool, str]]:
    for name, line, serious, words in _GAPS:
        value = shares[name]
        if value is not None and value < line:
            yield serious, words.format(share=percent(value))


ENGAGEMENT: tuple[Check, ...] = (open_rate, machine_flag_sane, engagement_quadrant, data_complete)
