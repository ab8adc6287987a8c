"""Is it the delivery or the mail? What of the mail never arrived, what arrived and was left, and where that is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from deliverability.checks._thresholds import PROVIDER_BAND, THRESHOLDS
from deliverability.compare.intervals import wilson
from deliverability.events.figures import Counts, RatesFacts
from deliverability.fastclass import dataclass

SHORTFALL = THRESHOLDS["bounce-rate"].fail
"""From which share that does not arrive delivery itself is the cause to look at: the line of `bounce-rate`."""
UNREAD = 0.5
"""A place reads far less where even all its opens, machines' among them, are below this part of what people open
elsewhere. Ours, 2026-11."""
MIN_SENT = PROVIDER_BAND.minimum
"""Messages below which nothing is said of a place."""
MAX_AT_RISK = 12
"""Places that are listed, the largest first. Our own bound."""


class Cause(StrEnum):
    """Where opens are lost first."""

    NOT_DELIVERED = "not_delivered"
    """So much never arrived that nothing can be said of the mail itself before that is mended."""
    UNREAD_SOMEWHERE = "unread_somewhere"
    """It arrives, and at some providers hardly anybody reads it: a junk folder is more likely than the subject line."""
    ARRIVES = "arrives"
    """It arrives, and is read alike everywhere: what is left is a matter of the mail and of who gets it."""
    TOO_LITTLE = "too_little"
    """Too little mail for any word."""


class Risk(StrEnum):
    """What is wrong at one place."""

    NOT_DELIVERED = "not_delivered"
    UNREAD = "unread"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """A mailbox provider, campaign or stream where something is wrong: `numerator` of `denominator`.

    `kind` is `provider`, `campaign` or `stream`. low, high: Wilson's interval. rest: the same share everywhere else.
    """

    kind: str
    name: str
    risk: Risk
    numerator: int
    denominator: int
    low: float
    high: float
    rest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What became of `sent` messages, and the first cause to look at.

    - lost: not delivered, with Wilson's interval of its share. read_low, read_high: opened, by the fewest and the most
      that people can have opened. left_low, left_high: delivered and not opened, by the same bounds.
    """

    cause: Cause
    sent: int
    lost: int
    lost_low: float
    lost_high: float
    read_low: int
    read_high: int
    left_low: int
    left_high: int
    at_risk: tuple[AtRisk, ...] = ()


def diagnose(rates: RatesFacts) -> Diagnosis:
    """The root-cause split of the figures of events; delivery is asked about before any word on content."""
    totals = rates.totals
    sent = totals.sent
    arrived = min(totals.delivered, sent)
    low, high = wilson(sent - arrived, sent)
    most = min(totals.opened, arrived)
    fewest = min(totals.opened_human_low, most)
    places = tuple(_at_risk(rates))
    return Diagnosis(
        cause=_cause(sent, low, places),
        sent=sent,
        lost=sent - arrived,
        lost_low=low,
        lost_high=high,
        read_low=fewest,
        read_high=most,
        left_low=arrived - most,
        left_high=arrived - fewest,
        at_risk=tuple(sorted(places, key=lambda one: (-one.denominator, one.kind, one.name, one.risk)))[:MAX_AT_RISK],
    )


def _cause(sent: int, lost_low: float, places: tuple[AtRisk, ...]) -> Cause:
    if sent < MIN_SENT:
        return Cause.TOO_LITTLE
    if lost_low >= SHORTFALL:
        return Cause.NOT_DELIVERED
    unread = any(place.risk is Risk.UNREAD and place.kind == "provider" for place in places)
    return Cause.UNREAD_SOMEWHERE if unread else Cause.ARRIVES


def _at_risk(rates: RatesFacts) -> Iterator[AtRisk]:
    kinds: Mapping[str, Mapping[str, Counts]] = {
        "provider": rates.by_provider,
        "campaign": rates.by_campaign,
        "stream": rates.by_stream,
    }
    for kind, places in kinds.items():
        for name, counts in places.items():
            if counts.sent >= MIN_SENT:
                yield from _risks(kind, name, counts, rates.totals)


def _risks(kind: str, name: str, counts: Counts, totals: Counts) -> Iterator[AtRisk]:
    """What is beyond doubt wrong at one place: the whole interval is past the line."""
    arrived = min(counts.delivered, counts.sent)
    if wilson(counts.sent - arrived, counts.sent)[0] >= SHORTFALL:
        rest = _share(totals.sent - totals.delivered - (counts.sent - arrived), totals.sent - counts.sent)
        yield _place(kind, name, Risk.NOT_DELIVERED, counts.sent - arrived, counts.sent, rest)
    complaints = THRESHOLDS["complaint-rate"].warn
    if arrived >= MIN_SENT and wilson(min(counts.complained, arrived), arrived)[0] >= complaints:
        rest = _share(totals.complained - counts.complained, totals.delivered - arrived)
        yield _place(kind, name, Risk.COMPLAINTS, min(counts.complained, arrived), arrived, rest)
    # a place reads less beyond doubt where the most that people can have opened is less than the fewest elsewhere
    read = min(counts.opened, arrived)
    elsewhere = totals.opened_human_low - min(counts.opened_human_low, arrived)
    others = _share(elsewhere, totals.delivered - arrived)
    if arrived >= MIN_SENT and others and wilson(read, arrived)[1] < UNREAD * others:
        yield _place(kind, name, Risk.UNREAD, read, arrived, others)


def _place(kind: str, name: str, risk: Risk, numerator: int, denominator: int, rest: float | None) -> AtRisk:
    low, high = wilson(numerator, denominator)
    return AtRisk(
        kind=kind, name=name, risk=risk, numerator=numerator, denominator=denominator, low=low, high=high, rest=rest
    )


def _share(numerator: int, denominator: int) -> float | None:
    return max(0, numerator) / denominator if denominator > 0 else None
