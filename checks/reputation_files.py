"""Is that good? What receivers themselves counted of the mail: Google Postmaster Tools, SNDS, and feedback loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import (
    Check,
    Judgements,
    check,
    failed,
    passed,
    unknown,
    with_fact,
)
from deliverability.checks._rates import MOST_ROWS, percent, share
from deliverability.checks._thresholds import (
    SILENT_LOOP_DELIVERED,
    SPAM_RATE_DAYS,
    SPAM_RATE_FAIL,
    SPAM_RATE_WARN,
    Lines,
    Standing,
)
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Severity, Subject
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.events.figures import RatesFacts
    from deliverability.feedback.postmaster import Compliance, Figure, PostmasterFacts
    from deliverability.feedback.senderhub import SenderHubFacts
    from deliverability.feedback.snds import Activity, SndsFacts

POSTMASTER = "Give an export of Google Postmaster Tools with --postmaster FILE."
SNDS = "Give a feed of Microsoft's SNDS with --snds FILE."


def about(facts: PostmasterFacts, domain: str) -> dict[str, tuple[str, ...]]:
    """The domains that exports about `domain` speak of, with their names there.

    These are itself, those above and those below it; an export that names none is taken to be about it.
    """
    found = dict[str, tuple[str, ...]]()
    for one in facts.domains:
        if not one or one == domain or one.endswith(f".{domain}") or domain.endswith(f".{one}"):
            found[one or domain] = (*found.get(one or domain, ()), one)
    return found


@check(
    "postmaster-spam-rate",
    Severity.HIGH,
    source("Gmail Postmaster Tools"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "Gmail users call at most {share} of the mail spam ({days} {days:day|days} with figures, to {date})",
        "warn": "Gmail users called {share} of the mail spam on {date}; keep below {warn_line}",
        "fail": "Gmail users called {share} of the mail spam on {date}; Gmail grants no mitigation until {needed} days"
        " in a row are below {fail_line}, and {below} {below:is|are}",
        "undecided": "Gmail users called about {share} of the mail spam on {date}; it may be less than {warn_line}",
        "elsewhere": "The exports of Google Postmaster Tools are about other domains: {others}",
        "no_data": "Google Postmaster Tools has no spam rate for this domain; it shows none for little mail",
    },
    owner=Owner.LIST,
    effort=Effort.MEDIUM,
    settle=POSTMASTER,
)
@with_fact("postmaster")
def postmaster_spam_rate(postmaster: PostmasterFacts, subject: Subject) -> Iterator[Judgement]:
    """The spam rate that Gmail counts stays below 0.1 %, and never reaches 0.3 %.

    Why it matters: at 0.3 % Gmail files more of the mail as spam and grants no mitigation until seven days in a row are
    below it.

    How to fix: find the campaign by its Feedback-ID, stop it, and write only to those who opened or clicked lately.
    """
    names = about(postmaster, subject.domain)
    if not names:
        others = ", ".join(postmaster.domains[:3])
        yield unknown(lack=Lack.INPUT, case="elsewhere" if others else "no_data", others=others)
    rated = {name: figures for name, spelled in names.items() if (figures := postmaster.spam_rates(*spelled))}
    for name, figures in rated.items():
        yield _spam_rate(name, figures)
    if names and not rated:
        yield unknown(lack=Lack.INPUT, case="no_data")


def _spam_rate(domain: str, figures: tuple[Figure, ...]) -> Judgement:
    """One domain's days, in order. Gmail gives no count of mail, so that its own point decides.

    The last day at 0.3 % or above holds until seven days with figures after it are below: a day without figures is
    unknown, and does not count as one below. Where version 1 gave an interval, its lower end must be past the line.
    """
    recent = figures[-SPAM_RATE_DAYS:]
    reached = [i for i, one in enumerate(figures) if _surely(one) >= SPAM_RATE_FAIL]
    below = len(figures) - 1 - reached[-1] if reached else len(figures)
    worst = figures[reached[-1]] if reached and below < SPAM_RATE_DAYS else max(recent, key=lambda one: one.value)
    data: dict[str, Any] = {
        "value": worst.value,
        "share": percent(worst.value),
        "date": worst.date or "the whole time",
        "denominator": worst.denominator,
        "days": len(figures),
        "below": below,
        "needed": SPAM_RATE_DAYS,
        "warn_line": percent(SPAM_RATE_WARN),
        "fail_line": percent(SPAM_RATE_FAIL),
    }
    rows = tuple(
        Evidence("rate", one.date or "whole time", text=percent(one.value), note=f"of {one.denominator}")
        for one in recent
    )
    if reached and below < SPAM_RATE_DAYS:
        return failed(domain, case="fail", evidence=rows, **data)
    if _surely(worst) >= SPAM_RATE_WARN:
        return failed(domain, case="warn", severity=Severity.MEDIUM, evidence=rows, **data)
    if worst.value >= SPAM_RATE_WARN:
        return failed(domain, case="undecided", severity=Severity.MEDIUM, undecided=True, evidence=rows, **data)
    return passed(domain, evidence=rows, **{**data, "date": recent[-1].date or "the whole time"})


def _surely(figure: Figure) -> float:
    """The rate that it is at least: the lower end of Gmail's interval where it gave one, else its figure."""
    return figure.value if figure.low is None else figure.low


REQUIREMENTS: dict[str, tuple[str, str]] = {
    "SPF": ("SPF", "spf-present"),
    "DKIM": ("DKIM", "dkim-selectors"),
    "SPF_AND_DKIM": ("SPF and DKIM", "spf-present, dkim-selectors"),
    "DMARC_POLICY": ("a DMARC record", "dmarc-present"),
    "DMARC_ALIGNMENT": ("From aligned with SPF or DKIM", "dmarc-strict-alignment"),
    "MESSAGE_FORMATTING": ("messages by RFC 5322", "message-format"),
    "DNS_RECORDS": ("forward and reverse DNS of the sending addresses", "host-fcrdns"),
    "ENCRYPTION": ("TLS", ""),
    "USER_REPORTED_SPAM_RATE": ("the spam rate", "postmaster-spam-rate"),
    "ONE_CLICK_UNSUBSCRIBE": ("one-click unsubscription", "message-one-click"),
    "HONOR_UNSUBSCRIBE": ("unsubscriptions honoured", "unsubscribe-honoured"),
    "DELIVERABILITY_STATUS": ("the overall status", ""),
}
"""Gmail's name of a requirement → in words, and the checks that look at it."""

NO_FAULT = {"MESSAGE_VOLUME_LOW", "USER_FEEDBACK_LOW"}
"""Reasons of a verdict that say too little mail, not bad mail."""


@check(
    "postmaster-compliance",
    Severity.HIGH,
    source("Gmail Postmaster Tools"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "Gmail finds all {count} requirements met",
        "fail": "Gmail finds {count} {count:requirement|requirements} not met: {requirements}",
        "elsewhere": "The exports of Google Postmaster Tools are about other domains: {others}",
        "no_data": "The exports hold no compliance status of this domain",
    },
    fixes={"fail": "Mend what Gmail names: {requirements}."},
    settle=POSTMASTER,
)
@with_fact("postmaster")
def postmaster_compliance(postmaster: PostmasterFacts, subject: Subject) -> Iterator[Judgement]:
    """Every requirement that Gmail checks of senders is met.

    Why it matters: this is Gmail's own judgement; what it finds wanting it delays and rejects.

    How to fix: mend each requirement that it names; the status follows within days.
    """
    names = about(postmaster, subject.domain)
    if not names:
        others = ", ".join(postmaster.domains[:3])
        yield unknown(lack=Lack.INPUT, case="elsewhere" if others else "no_data", others=others)
        return
    stated = {name: [one for one in postmaster.compliance if one.domain in spelled] for name, spelled in names.items()}
    for name, rows in stated.items():
        if rows:
            yield _compliance(name, rows)
    if not any(stated.values()):
        yield unknown(lack=Lack.INPUT, case="no_data")


def _compliance(domain: str, rows: list[Compliance]) -> Judgement:
    wanting = [one for one in rows if one.status == "NEEDS_WORK" and one.reason not in NO_FAULT]
    if not wanting:
        return passed(domain, count=sum(one.status == "COMPLIANT" for one in rows))
    named = {one.requirement: REQUIREMENTS.get(one.requirement, (one.requirement, "")) for one in wanting}
    return failed(
        domain,
        evidence=tuple(
            Evidence("requirement", one.requirement, text=one.status, note=one.reason or named[one.requirement][1])
            for one in wanting
        ),
        count=len(wanting),
        requirements=", ".join(words for words, _ in named.values()),
        checks={requirement: checks for requirement, (_, checks) in named.items() if checks},
    )


@check(
    "snds-status",
    Severity.HIGH,
    source("Outlook SNDS"),
    titles={
        "pass": "Outlook.com has nothing against {count} {count:address|addresses} (to {date})",
        "blocked": "Outlook.com blocks {first} to {last}: {reason}",
        "red": "{ip}: more than 90 % of its mail was taken for spam on {date}",
        "yellow": "{ip}: 10 to 90 % of its mail was taken for spam on {date}",
        "traps": "{ip} wrote to {traps} of Microsoft's spam traps on {date}",
        "complaints": "{ip}: {share} of the recipients complained on {date}",
        "no_data": "The feed holds no address; SNDS shows none with little mail",
    },
    fixes={
        "blocked": "Mend the cause, then ask for removal at Outlook.com's sender support.",
        "traps": "Take addresses off the list that never opened or clicked; traps are old or were never people's.",
        "complaints": "Write only to those who asked for it, and enrol in the Junk Mail Reporting Program.",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle=SNDS,
)
@with_fact("snds")
def snds_status(snds: SndsFacts, lines: Lines) -> Judgements:
    """The mail of every sending address is welcome at Outlook.com.

    Why it matters: these are the counts by which Outlook.com files mail as spam, slows it down and blocks it.

    How to fix: begin with the addresses marked red: see who sends from them, what, and to whom.
    """
    blocked = [
        failed(
            one.first if one.first == one.last else f"{one.first} to {one.last}",
            case="blocked",
            severity=Severity.CRITICAL,
            first=one.first,
            last=one.last,
            reason=one.reason or "no reason given",
        )
        for one in snds.ranges
        if one.blocked
    ]
    known = {one.subject for one in blocked}
    faults = blocked + [fault for one in snds.latest if one.ip not in known for fault in _address(one, lines)]
    if faults:
        return faults
    if not snds.activity and not snds.ranges:
        return unknown(lack=Lack.INPUT, case="no_data")
    date = max((one.end for one in snds.activity), default="the day of the feed")
    return passed(count=len(snds.latest), date=date[:10])


def _address(one: Activity, lines: Lines) -> Iterator[Judgement]:
    """The worst that the last period of one address shows: one fault an address, the others in its data."""
    figure = _complaints(one, lines)
    complained = figure is not None and figure not in {Standing.BELOW_FLOOR, Standing.PASS}
    data: dict[str, Any] = {
        "ip": one.ip,
        "date": one.end[:10],
        "filter_result": one.filter_result,
        "recipients": one.message_recipients,
        "traps": one.trap_hits or 0,
        "complaint_rate": one.complaint_rate,
        "complaint_bound": one.complaint_bound,
        "share": percent(one.complaint_rate or 0.0),
    }
    rows = tuple(_activity_rows(one))
    cases = (
        (one.filter_result == "RED", "red", Severity.HIGH),
        (complained and figure is Standing.FAIL, "complaints", Severity.HIGH),
        (one.filter_result == "YELLOW", "yellow", Severity.MEDIUM),
        (bool(one.trap_hits), "traps", Severity.MEDIUM),
        (complained, "complaints", Severity.MEDIUM),
    )
    for holds, case, severity in cases:
        if holds:
            yield failed(one.ip, case=case, severity=severity, evidence=rows, **data)
            return


def _complaints(one: Activity, lines: Lines) -> Standing | None:
    """Where the complaint rate stands; `< 0.1%` is below the line, and a rate of unknown mail says nothing."""
    if one.complaint_rate is None or one.message_recipients is None:
        return None
    if one.complaint_bound == "<":
        return Standing.PASS
    complaints = round(one.complaint_rate * one.message_recipients)
    return share(lines.of("snds-status"), complaints, one.message_recipients, "recipients").standing


def _activity_rows(one: Activity) -> Iterator[Evidence]:
    from deliverability.feedback.snds import RESULTS  # noqa: PLC0415 - only where SNDS files were given

    if one.filter_result:
        yield Evidence("snds", one.ip, text=one.filter_result, note=RESULTS.get(one.filter_result, ""))
    if one.complaint_rate is not None:
        text = f"complaint rate {one.complaint_bound}{' ' * bool(one.complaint_bound)}{percent(one.complaint_rate)}"
        yield Evidence("snds", one.ip, text=text, note=f"of {one.message_recipients or 0:,} message recipients")
    if one.trap_hits:
        yield Evidence("snds", one.ip, text=f"{one.trap_hits:,} spam traps", note="")


@check(
    "feedback-loops",
    Severity.MEDIUM,
    rfc(5965, "1"),
    source("Gmail Postmaster Tools"),
    source("Yahoo Sender Hub"),
    titles={
        "pass": "Complaints, or figures of them, come back from {where}",
        "fail": "Not one complaint came back for {delivered:,} messages delivered at providers that report them",
        "unknown": "Nothing shows whether complaints come back from mailbox providers",
    },
    fixes={
        "fail": "Enrol in the loops of Yahoo (by DKIM domain) and Microsoft (by address), or ask the sending service"
        " whether it does so and passes complaints on.",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle="Give the sending service's events with --events, complaints among them, or an export of Google Postmaster"
    " Tools with --postmaster FILE (a Feedback-ID shows there), of SNDS with --snds FILE or of Yahoo Sender Hub with"
    " --sender-hub FILE. DNS does not show it.",
)
def feedback_loops(
    postmaster: PostmasterFacts | None,
    snds: SndsFacts | None,
    senderhub: SenderHubFacts | None,
    rates: RatesFacts | None,
    subject: Subject,
) -> Judgements:
    """Complaints of recipients come back to the sender.

    Why it matters: who called the mail spam and still gets more of it does so again, and receivers count that.

    How to fix: enrol with every provider that has a loop, put a Feedback-ID into the mail for Gmail, and take those who
    complain off the list.
    """
    seen = dict(_loops(postmaster, snds, senderhub, rates, subject.domain))
    if seen:
        rows = tuple(Evidence("feedback_loop", name, text=text) for name, text in seen.items())
        return passed(where=", ".join(seen), evidence=rows[:MOST_ROWS], providers=list(seen))
    complained, delivered = rates.reporting_counts() if rates else (0, 0)
    if not complained and delivered >= SILENT_LOOP_DELIVERED:
        return failed(delivered=delivered)
    return unknown(lack=Lack.INPUT)


def _loops(
    postmaster: PostmasterFacts | None,
    snds: SndsFacts | None,
    senderhub: SenderHubFacts | None,
    rates: RatesFacts | None,
    domain: str,
) -> Iterable[tuple[str, str]]:
    """Provider → what shows that its complaints, or figures of them, come back."""
    for name, counts in sorted(rates.by_provider.items()) if rates else ():
        if counts.complained:
            yield name, f"{counts.complained:,} complaints in the events"
    names = {name for spelled in about(postmaster, domain).values() for name in spelled} if postmaster else set[str]()
    if postmaster and (ids := {loop for name, loop in postmaster.loops if name in names}):
        yield "gmail", f"figures for {len(ids)} identifiers of Feedback-ID"
    if senderhub and senderhub.figures:
        yield "yahoo", "complaint figures of the Sender Hub"
    if snds and any(one.complaint_rate is not None for one in snds.activity):
        yield "microsoft", "complaint rates of SNDS"


REPUTATION_FILES: tuple[Check, ...] = (postmaster_spam_rate, postmaster_compliance, snds_status, feedback_loops)
"""The half of the family `reputation` that is read from files."""
