"""Is that good? A list held against what became of its people before: whom to spare, and how much will bounce."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check, Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._rates import MOST_ROWS, counted, percent, whose
from deliverability.checks._recipients import (
    GIVE_EVENTS,
    GIVE_PAST,
    SETTLE,
    judged,
    of_addresses,
    titles,
    with_recipients,
)
from deliverability.checks._thresholds import Lines, Standing, Threshold
from deliverability.compare.intervals import wilson
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.sources import source

if TYPE_CHECKING:
    from deliverability.recipients.facts import History, RecipientsFacts, Stratum


@check(
    "recipients-suppressed",
    Severity.CRITICAL,
    source("Gmail sender guidelines"),
    source("Amazon SES enforcement"),
    titles=titles("Addresses that must be left alone", "No address is one that must be left alone"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_suppressed(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """No address bounced hard before, complained, unsubscribed, or stands in a list of suppressed ones.

    One address that complained, unsubscribed or is suppressed is grave (high), 1 % of the list is critical; hard
    bounces alone are grave from 0.1 % on.

    Why it matters: to write to those who said no breaks the law in most places, and complaints of the same people close
    mailboxes to everybody else's mail.

    How to fix: leave these rows out (--write-clean names them), and have the sending service suppress them by itself.
    """
    given, past = recipients.suppressions, recipients.history
    if given is None and past is None:
        return unknown(lack=Lack.INPUT, settle=GIVE_PAST)
    parts = {"in the suppression files": given.overlap if given else 0}
    if past is not None:
        parts |= {"bounced hard": past.dead, "complained": past.complained, "unsubscribed": past.unsubscribed}
    # one person who said no is a fault of its own, whatever share that is; who only bounced is judged by the share
    said_no = any(count for part, count in parts.items() if part != "bounced hard")
    return judged(
        lines.of("recipients-suppressed"),
        recipients.stopped,
        recipients.addresses + recipients.wrapped,
        least=Severity.HIGH if said_no else Severity.MEDIUM,
        evidence=counted(parts) + counted({"suppression rows without an address": given.bad if given else 0}),
        parts=parts,
    )


@check(
    "recipients-expected-bounce",
    Severity.HIGH,
    source("Amazon SES enforcement"),
    titles={
        "pass": "Of {denominator:,} {of}, {share} are likely to bounce (between {between}), below {warn_line}",
        "over": "Of {denominator:,} {of}, {share} are likely to bounce, past {warn_line}; it may be between {between}",
        "warn": "Of {denominator:,} {of}, {share} are likely to bounce (between {between}), past {warn_line}",
        "fail": "Of {denominator:,} {of}, {share} are likely to bounce (between {between}), past {fail_line}",
        "few": "Too short a list to foretell bounces ({denominator:,} {denominator:address|addresses}, at least "
        "{minimum:,} needed)",
        "known": "At least {share} of {denominator:,} {of} will bounce: their domains take no mail, past {warn_line}",
        "unmet": "The events say nothing of mail to such addresses, so what bounces cannot be foretold",
    },
    effort=Effort.MEDIUM,
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_expected_bounce(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """Less than 2 % of the mail to this list will come back because nobody is there.

    Three parts are added: addresses that lead nowhere, by DNS or since they bounced hard before; addresses that had
    mail before, by how many of those bounced later; and new ones, by how many bounced at the first mail. Each by
    mailbox provider where at least 100 messages are known. The interval is of what will bounce, so it holds what is not
    known of the rates and the chance that lies in the size of the list. It takes people of this list to be like those
    of the events: more of an old list, or of one that was bought, comes back.

    Why it matters: sending services review and stop accounts whose mail bounces; after the send it is too late.

    How to fix: leave out what is known to lead nowhere, and confirm old or imported addresses by mail.
    """
    threshold = lines.of("recipients-expected-bounce")
    if recipients.addresses < threshold.minimum:
        return not_applicable(case="few", **_figures(recipients, threshold, 0.0, 0.0, 1.0, Standing.BELOW_FLOOR))
    past = recipients.history
    least = recipients.known_dead / recipients.addresses
    if past is None or not any(stratum.sent for stratum in past.strata):
        figures = _figures(recipients, threshold, least, least, 1.0, Standing.WARN)
        if least >= threshold.warn:
            grave = threshold.at_fail if least >= threshold.fail else threshold.at_warn
            return failed(case="known", severity=grave, **figures)
        return unknown(case="unknown" if past is None else "unmet", lack=Lack.INPUT, settle=GIVE_EVENTS)
    value, low, high = expected(recipients.known_dead, recipients.addresses, past.strata, threshold.confidence)
    standing = _standing(value, low, threshold)
    figures = _figures(recipients, threshold, value, low, high, standing)
    figures |= {"from": past.start, "to": past.end, "known_dead": recipients.known_dead, "met": past.met}
    rows = tuple(_rows(recipients, past))
    severity = threshold.severity(standing)
    if severity is None:
        return passed(evidence=rows, **figures)
    undecided = standing is Standing.OVER
    return failed(case=standing.value, severity=severity, evidence=rows, undecided=undecided, **figures)


def expected(dead: int, addresses: int, strata: tuple[Stratum, ...], confidence: float) -> tuple[float, float, float]:
    """(share, low, high) of the list that will bounce; a stratum of which nothing is known may be all or nothing.

    Two things are not known, and their squares add up: the rate of each stratum (Wilson's distances, put together as by
    Zou and Donner 2008), and how many of so few bounce at that rate (binomial, at the centre of Wilson's interval).
    """
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that only a list needs

    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    total, below, above = float(dead), 0.0, 0.0
    for one in strata:
        rate = one.bounced / one.sent if one.sent else 0.0
        low, high = wilson(one.bounced, one.sent, confidence)
        centre = (low + high) / 2
        chance = z * z * one.addresses * centre * (1 - centre)
        total += one.addresses * rate
        below += (one.addresses * (rate - low)) ** 2 + chance
        above += (one.addresses * (high - rate)) ** 2 + chance
    value = total / addresses
    return value, max(dead / addresses, value - sqrt(below) / addresses), min(1.0, value + sqrt(above) / addresses)


def _standing(value: float, low: float, threshold: Threshold) -> Standing:
    if low >= threshold.fail:
        return Standing.FAIL
    if low >= threshold.warn:
        return Standing.WARN
    return Standing.OVER if value >= threshold.warn else Standing.PASS


def _figures(
    recipients: RecipientsFacts, threshold: Threshold, value: float, low: float, high: float, standing: Standing
) -> dict[str, Any]:
    return {
        "numerator": round(value * recipients.addresses),
        "denominator": recipients.addresses,
        "of": "addresses",
        "value": value,
        "low": low,
        "high": high,
        "confidence": threshold.confidence,
        "warn": threshold.warn,
        "fail": threshold.fail,
        "minimum": threshold.minimum,
        "standing": standing.value,
        "share": percent(value),
        "between": f"{percent(low)} and {percent(high)}",
        "warn_line": percent(threshold.warn),
        "fail_line": percent(threshold.fail),
        "method": "known dead + Σ addresses × rate, by provider and by whether they were mailed before",
    }


_GROUPS = {"met": "mailed before", "new": "new"}


def _rows(recipients: RecipientsFacts, past: History) -> Iterator[Evidence]:
    from deliverability.events.providers import OTHER  # noqa: PLC0415 - tables, read only where there is a history

    yield Evidence("rate", "known to lead nowhere", text=of_addresses(recipients.known_dead))
    for one in sorted(past.strata, key=lambda one: -one.addresses)[: MOST_ROWS - 2]:
        # what is too little of each provider is expected by the mail to all of them
        provider = "the rest" if one.provider == OTHER else whose(one.provider)
        yield Evidence(
            "rate",
            f"{provider}, {_GROUPS.get(one.group, one.group)}",
            text=of_addresses(one.addresses),
            note=f"{one.bounced:,} of {one.sent:,} such messages came back" if one.sent else "no such mail is known",
        )
    if past.start:
        yield Evidence("rate", "the events known", text=f"{past.start[:10]} – {past.end[:10]}")


RECIPIENTS_PAST: tuple[Check, ...] = (recipients_suppressed, recipients_expected_bounce)
