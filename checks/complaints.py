"""Is that good? Mail that people called spam or unsubscribed from, under every convention of counting it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import (
    Check,
    Judgements,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._rates import (
    MOST_ROWS,
    SETTLE,
    Share,
    apart,
    gravest,
    judged,
    percent,
    share,
    titles,
    whose,
    with_rates,
)
from deliverability.checks._thresholds import Lines, Standing, Threshold
from deliverability.findings import Effort, Evidence, Judgement, Lack, Outcome, Owner, Severity, Subject
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.events.figures import RatesFacts
    from deliverability.feedback.senderhub import SenderHubFacts

DELIVERED = "delivered"
BY_PROVIDER = "complaint-by-provider"


@check(
    "complaint-rate",
    Severity.CRITICAL,
    source("Gmail sender guidelines"),
    source("Yahoo sender requirements"),
    source("Amazon SES enforcement"),
    titles={
        **titles("Complaints"),
        "reporting": "Complaints: {reporting} of what was delivered where complaints are reported, past {warn_line};"
        " the other providers report none",
    },
    owner=Owner.LIST,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def complaint_rate(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Fewer than one in a thousand people call the mail spam.

    Why it matters: from 0.1 % receivers begin to file the mail as spam, and at 0.3 % Gmail and Yahoo stop listening to
    the sender.

    How to fix: write only to those who asked for it, make unsubscribing one click, and stop the campaigns that people
    complain of.
    """
    parts = apart(
        "complaint-rate",
        lines,
        rates,
        subject.domain,
        lambda part: (part.counts.complained, part.counts.delivered, DELIVERED),
    )
    return _overall(rates, lines.of("complaint-rate")), *parts


def _overall(rates: RatesFacts, threshold: Threshold) -> Judgement:
    """By what was delivered; where that passes, by what was delivered where complaints are reported at all."""
    conventions = _conventions(rates, threshold)
    rows = tuple(figure.evidence(name) for name, figure in conventions.items())
    data: dict[str, Any] = {"conventions": {name: figure.figures() for name, figure in conventions.items()}}
    figure, reporting = conventions["complaint_delivered"], conventions["complaint_reporting"]
    if figure.standing is Standing.PASS and reporting.standing not in {Standing.PASS, Standing.BELOW_FLOOR}:
        words: dict[str, Any] = {**figure.words(), "reporting": percent(reporting.value or 0.0)}
        severity = threshold.severity(Standing.OVER)
        return failed(
            case="reporting", severity=severity, undecided=True, evidence=rows, **figure.figures(), **words, **data
        )
    return judged(figure, evidence=rows, **data)


def _conventions(rates: RatesFacts, threshold: Threshold) -> dict[str, Share]:
    """The one count of complaints over each denominator that is in use, by the name of the rate."""
    complained, delivered = rates.reporting_counts()
    return {
        "complaint_sent": share(threshold, rates.totals.complained, rates.totals.sent, "sent"),
        "complaint_delivered": share(threshold, rates.totals.complained, rates.totals.delivered, DELIVERED),
        "complaint_reporting": share(threshold, complained, delivered, "delivered at providers that report complaints"),
    }


@check(
    "complaint-by-provider",
    Severity.CRITICAL,
    source("Yahoo sender requirements"),
    source("Yahoo Sender Hub"),
    titles={
        "pass": "No provider's users complain of 0.1 % of what they get ({count} looked at)",
        "few": "No provider got enough mail to judge its complaints",
        **{
            case: title.replace("Complaints", "Complaints at {whose}")
            for case, title in titles("Complaints").items()
            if case in {"over", "warn", "fail"}
        },
        "hub": "Complaints at {whose}: {share} of what reached the inbox on {date}, past {warn_line}",
    },
    owner=Owner.LIST,
    effort=Effort.MEDIUM,
    settle="Give the sending service's events with --events, or Yahoo's own figures with --sender-hub.",
)
def complaint_by_provider(rates: RatesFacts | None, senderhub: SenderHubFacts | None, lines: Lines) -> Judgements:
    """At no mailbox provider do one in a thousand people call the mail spam.

    Why it matters: each provider judges by its own users; a rate over all mail hides the one that has had enough.

    How to fix: look at what that provider's users were sent, and send them less of what they did not ask for.
    """
    if rates is None and senderhub is None:
        return unknown(lack=Lack.INPUT)
    found = [*_by_events(rates, lines), *_by_hub(senderhub, lines.of(BY_PROVIDER, provider="yahoo"))]
    faults = [one for one in found if one.outcome is Outcome.FAIL]
    if faults:
        return gravest(faults)
    good = [one for one in found if one.outcome is Outcome.PASS]
    if good:
        return passed(count=len(good), evidence=tuple(row for one in good for row in one.evidence)[:MOST_ROWS])
    return not_applicable(case="few")


def _by_events(rates: RatesFacts | None, lines: Lines) -> Iterator[Judgement]:
    """Providers that report complaints, or of whose users some complained."""
    for name, counts in sorted(rates.by_provider.items()) if rates else ():
        if counts.complained or (rates and name in rates.reporting):
            figure = share(lines.of(BY_PROVIDER, provider=name), counts.complained, counts.delivered, DELIVERED)
            yield judged(figure, name, (figure.evidence(name),), provider=name, whose=whose(name))


def _by_hub(senderhub: SenderHubFacts | None, threshold: Threshold) -> Iterator[Judgement]:
    """Yahoo's own figures: complaints over what reached the inbox, together where it says how much that was."""
    for domain in senderhub.domains if senderhub else ():
        name = f"yahoo ({domain or 'Sender Hub'})"
        figures = [one for one in senderhub.figures if one.domain == domain] if senderhub else []
        complaints = sum(one.complaints or 0 for one in figures if one.counted)
        inboxed = sum(one.inboxed or 0 for one in figures if one.counted)
        if inboxed:
            figure = share(threshold, complaints, inboxed, "delivered to the inbox")
            yield judged(figure, name, (figure.evidence(name),), provider=name, whose=whose(name))
        else:
            yield from _by_rate(name, [(one.date, one.rate) for one in figures if one.rate is not None], threshold)


def _by_rate(name: str, rates: list[tuple[str, float]], threshold: Threshold) -> Iterator[Judgement]:
    """Rates without a count: no interval can be given, so that past the line is a warning."""
    if not rates:
        return
    date, worst = max(rates, key=lambda one: one[1])
    data: dict[str, Any] = {
        "provider": name,
        "whose": whose(name),
        "date": date,
        "value": worst,
        "share": percent(worst),
        "warn_line": percent(threshold.warn),
    }
    rows = (Evidence("rate", name, text=percent(worst), note=date),)
    if worst >= threshold.warn:
        yield failed(
            name, case="hub", severity=threshold.severity(Standing.OVER), undecided=True, evidence=rows, **data
        )
    else:
        yield passed(name, evidence=rows, **data)


@check(
    "unsubscribe-rate",
    Severity.INFO,
    rfc(8058, "1"),
    titles={
        "info": "{share} of what was delivered led somebody to unsubscribe ({unsubscribed:,} of {delivered:,})",
        "not_applicable": "Nothing was delivered that anybody could unsubscribe from",
    },
    settle=SETTLE,
)
@with_rates
def unsubscribe_rate(rates: RatesFacts) -> Judgements:
    """How many people unsubscribe.

    Why it matters: those who find no way to unsubscribe complain; a rate of nothing beside complaints says that the way
    out is missing.

    How to fix: nothing to fix by itself; compare it with the complaints.
    """
    delivered, unsubscribed = rates.totals.delivered, rates.totals.unsubscribed
    if not delivered:
        return not_applicable()
    fraction = unsubscribed / delivered
    return informed(
        value=fraction,
        share=percent(fraction),
        unsubscribed=unsubscribed,
        delivered=delivered,
        complained=rates.totals.complained,
    )


@check(
    "unsubscribe-honoured",
    Severity.CRITICAL,
    source("Gmail sender guidelines"),
    source("Yahoo sender requirements"),
    titles={
        "pass": "None of {recipients:,} who unsubscribed got mail after {hours} hours",
        "few": "Nobody unsubscribed long enough before the last send",
        **dict.fromkeys(
            ("over", "warn", "fail"),
            "{violated:,} of {recipients:,} who unsubscribed got mail more than {hours} hours later",
        ),
    },
    owner=Owner.LIST,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def unsubscribe_honoured(rates: RatesFacts, lines: Lines) -> Judgements:
    """Who unsubscribes gets no more mail after two days.

    Why it matters: Gmail and Yahoo require it of bulk senders, the law does of all, and who cannot leave complains.

    How to fix: bring unsubscriptions from every place where they arise into the list that is sent to, at least daily.
    """
    from deliverability.events.figures import UNSUBSCRIBE_GRACE_HOURS  # noqa: PLC0415 - only where events were given

    heeded = rates.after_unsubscribe
    return judged(
        share(lines.of("unsubscribe-honoured"), heeded.violated, heeded.recipients, "recipients"),
        one_is_a_fault=True,
        violated=heeded.violated,
        recipients=heeded.recipients,
        messages=heeded.messages,
        hours=UNSUBSCRIBE_GRACE_HOURS,
    )


COMPLAINTS: tuple[Check, ...] = (complaint_rate, complaint_by_provider, unsubscribe_rate, unsubscribe_honoured)
