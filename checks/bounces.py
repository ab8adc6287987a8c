"""Is that good? Mail that receivers refused or put off, for which reasons, and whether the refusals were heeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from deliverability.checks._bounce_causes import REQUIREMENTS, Requirement, requirement_of
from deliverability.checks._check import Check, Judgements, check, informed, not_applicable, passed
from deliverability.checks._rates import (
    MOST_ROWS,
    SETTLE,
    Part,
    apart,
    counted,
    judged,
    percent,
    share,
    titles,
    with_rates,
)
from deliverability.events.reasons import Reason
from deliverability.findings import Effort, Evidence, Finding, Judgement, Outcome, Owner, Severity, Subject
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.checks._thresholds import Lines
    from deliverability.events.figures import Heeded, RatesFacts, Rejection

SENT = "sent"
MOST_CAUSES = 3
"""Faults that are named as the cause of one kind of rejection."""


@check(
    "bounce-rate",
    Severity.HIGH,
    source("Amazon SES enforcement"),
    titles=titles("Bounces"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_rates
def bounce_rate(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Less than 2 % of the mail sent bounces.

    Why it matters: sending services review and stop accounts whose mail bounces, and receivers take it for a bought
    list.

    How to fix: look at the reasons listed; take dead addresses off the list, and mend what receivers block.
    """
    figure = share(lines.of("bounce-rate"), rates.totals.bounced, rates.totals.sent, SENT)
    parts = apart(
        "bounce-rate", lines, rates, subject.domain, lambda part: (part.counts.bounced, part.counts.sent, SENT)
    )
    return judged(figure, evidence=counted(rates.reasons), reasons=dict(rates.reasons)), *parts


@check(
    "hard-bounce-rate",
    Severity.HIGH,
    source("Amazon SES enforcement"),
    titles=titles("Hard bounces, and those that nobody could classify"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_rates
def hard_bounce_rate(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Less than 2 % of the mail sent goes to addresses that are no good.

    Why it matters: dead addresses are the mark of an old or bought list, and some of them are spam traps.

    How to fix: take every address that bounced hard off the list at once, and confirm new ones by mail.
    """
    unclear = rates.reasons.get(Reason.UNKNOWN, 0)
    figure = share(lines.of("hard-bounce-rate"), rates.totals.bounced_hard + unclear, rates.totals.sent, SENT)
    parts = apart("hard-bounce-rate", lines, rates, subject.domain, _hard)
    return judged(figure, hard=rates.totals.bounced_hard, unclassified=unclear), *parts


def _hard(part: Part) -> tuple[int, int, str]:
    """Hard bounces and those that nobody could classify; a stream's reasons are unknown, so those of no kind."""
    counts = part.counts
    of_no_kind = counts.bounced - counts.bounced_hard - counts.bounced_soft - counts.bounced_block
    unclear = part.reasons.get(Reason.UNKNOWN, 0) if part.reasons else max(0, of_no_kind)
    return counts.bounced_hard + unclear, counts.sent, SENT


@check(
    "deferral-rate",
    Severity.MEDIUM,
    rfc(5321, "4.5.4.1"),
    titles=titles("Mail put off at least once"),
    owner=Owner.ESP,
    settle=SETTLE,
)
@with_rates
def deferral_rate(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Less than a tenth of the mail is put off by receivers.

    Why it matters: mail that is put off comes late or not at all, and it is how receivers slow a sender they doubt.

    How to fix: send more evenly, and to those who want the mail; where one provider defers, ask why at its postmaster
    site.
    """
    figure = share(lines.of("deferral-rate"), rates.totals.deferred, rates.totals.sent, SENT)
    parts = apart(
        "deferral-rate", lines, rates, subject.domain, lambda part: (part.counts.deferred, part.counts.sent, SENT)
    )
    reasons = dict(rates.deferral_reasons)
    return judged(figure, evidence=counted(rates.deferral_reasons), reasons=reasons), *parts


@check(
    "bounce-auth-rejections",
    Severity.CRITICAL,
    rfc(7372, "3"),
    source("Gmail sender guidelines"),
    source("Outlook sender requirements"),
    titles={
        "pass": "Nothing was refused for how it was authenticated ({denominator:,} sent)",
        "over": "{count:,} {count:message was|messages were} refused or put off: {requirement}",
        "warn": "{share} of the mail is refused or put off: {requirement}",
        "fail": "{share} of the mail is refused or put off: {requirement}",
        "few": "Nothing was refused for how it was authenticated, of only {denominator:,} sent",
    },
    fixes=dict.fromkeys(("over", "warn", "fail"), "Mend what the receivers name, then send again: {see}."),
    owner=Owner.DNS,
    settle=SETTLE,
)
@with_rates
def bounce_auth_rejections(rates: RatesFacts, findings: Sequence[Finding], lines: Lines) -> Iterator[Judgement]:
    """No receiver refuses the mail for how it is authenticated.

    Each code is tied to the finding about DNS that explains it; where none does, the fault is not in DNS, or is mended.

    Why it matters: the receiver names a requirement that this mail does not meet; it holds for all mail that is sent in
    the same way.

    How to fix: mend the record that the code speaks of, then send again.
    """
    met: dict[str, list[Rejection]] = {}
    for rejection in rates.rejections:
        if rejection.bounced or rejection.deferred:
            met.setdefault(requirement_of(rejection), []).append(rejection)
    for name, rejections in met.items():
        yield _unmet(name, rejections, rates.totals.sent, findings, lines)
    if not met:
        yield judged(share(lines.of("bounce-auth-rejections"), 0, rates.totals.sent, SENT))


def _unmet(name: str, rejections: list[Rejection], sent: int, findings: Sequence[Finding], lines: Lines) -> Judgement:
    """One requirement that mail failed: the receiver itself says so, so one message is enough for a warning."""
    requirement = REQUIREMENTS[name]
    count = sum(one.bounced + one.deferred for one in rejections)
    related = [one for one in findings if one.check in requirement.checks]
    causes = [one for one in related if one.outcome is Outcome.FAIL]
    return judged(
        share(lines.of("bounce-auth-rejections"), count, max(sent, count), SENT),
        name,
        tuple(_rejection_rows(rejections)),
        one_is_a_fault=True,
        requirement=requirement.words,
        count=count,
        bounced=sum(one.bounced for one in rejections),
        codes=sorted({one.code for one in rejections if one.code}),
        checks=list(requirement.checks),
        causes=[{"check": one.check, "subject": one.subject, "title": one.title} for one in causes],
        see=_see(requirement, related, causes),
    )


def _see(requirement: Requirement, related: Sequence[Finding], causes: Sequence[Finding]) -> str:
    """Where the cause lies: the faults that explain it, else where one could."""
    if causes:
        return "; ".join(dict.fromkeys(f"{one.check} ({one.title})" for one in causes[:MOST_CAUSES]))
    if related and all(one.outcome is Outcome.PASS for one in related):
        return f"DNS is in order now, so it was mended since, or the fault is in {requirement.otherwise}"
    return requirement.see


def _rejection_rows(rejections: Iterable[Rejection]) -> Iterator[Evidence]:
    ranked = sorted(rejections, key=lambda one: (-one.bounced - one.deferred, one.provider, one.code))
    for one in ranked[:MOST_ROWS]:
        yield Evidence(
            "rejection", one.provider, text=one.code, note=f"{one.bounced:,} refused, {one.deferred:,} put off"
        )


REPUTATION = (Reason.IP_BLOCKLISTED, Reason.DOMAIN_REPUTATION, Reason.SPAM_CONTENT)
"""Reasons by which a receiver says that it takes the sender or the mail for spam."""


@check(
    "bounce-reputation-blocks",
    Severity.HIGH,
    source("Amazon SES enforcement"),
    titles=titles("Refused for reputation or as spam"),
    owner=Owner.ESP,
    effort=Effort.HIGH,
    settle=SETTLE,
)
@with_rates
def bounce_reputation_blocks(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Less than 1 % of the mail is refused because of the sender's reputation or as spam.

    Why it matters: such a block is about the sender, not the address: the next mail to the same people fails too, and
    taking the addresses off the list only hides it.

    How to fix: send to those who open and click first, look the addresses up on block lists, and ask the receiver once
    the cause is gone.
    """
    reasons = {name: rates.reasons.get(name, 0) for name in REPUTATION if rates.reasons.get(name)}
    where = Counter[str]()
    for provider, counts in rates.reasons_by_provider.items():
        where[provider] += sum(counts.get(name, 0) for name in REPUTATION)
    figure = share(lines.of("bounce-reputation-blocks"), sum(reasons.values()), rates.totals.sent, SENT)
    parts = apart("bounce-reputation-blocks", lines, rates, subject.domain, _because(REPUTATION))
    whole = judged(figure, evidence=counted(where, "provider"), reasons=reasons, providers=dict(+where))
    return whole, *parts


def _because(of: Sequence[Reason]) -> Callable[[Part], tuple[int, int, str]]:
    """Mail that bounced for one of these reasons."""

    def count(part: Part) -> tuple[int, int, str]:
        return sum(part.reasons.get(reason, 0) for reason in of), part.counts.sent, SENT

    return count


UNKNOWN_USERS = (Reason.UNKNOWN_USER, Reason.BAD_DOMAIN)
"""Reasons by which an address never was, or is no longer."""


@check(
    "bounce-unknown-users",
    Severity.MEDIUM,
    source("Yahoo sender requirements"),
    titles=titles("Addresses that do not exist"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_rates
def bounce_unknown_users(rates: RatesFacts, lines: Lines, subject: Subject) -> Judgements:
    """Less than 2 % of the mail goes to addresses that do not exist.

    Why it matters: it is how receivers tell a list that people joined from one that was bought or is old.

    How to fix: confirm addresses by mail when they join, and take those that bounced off the list.
    """
    reasons = {name: rates.reasons.get(name, 0) for name in UNKNOWN_USERS if rates.reasons.get(name)}
    figure = share(lines.of("bounce-unknown-users"), sum(reasons.values()), rates.totals.sent, SENT)
    parts = apart("bounce-unknown-users", lines, rates, subject.domain, _because(UNKNOWN_USERS))
    return judged(figure, reasons=reasons), *parts


@check(
    "bounce-unclassified",
    Severity.INFO,
    rfc(3463, "1"),
    titles={
        "pass": "Every bounce could be told apart by its reason",
        "info": "{share} of the {bounced:,} bounces gave no reason that could be read",
    },
    settle=SETTLE,
)
@with_rates
def bounce_unclassified(rates: RatesFacts) -> Judgements:
    """The reason of every bounce can be told.

    Why it matters: what is said of bounces rests on those whose reason is known.

    How to fix: give the events with the receivers' own replies, where the sending service has them.
    """
    bounced, unclear = rates.totals.bounced, rates.reasons.get(Reason.UNKNOWN, 0)
    if not bounced:
        return not_applicable()
    if not unclear:
        return passed(bounced=bounced, unclassified=0)
    fraction = min(1.0, unclear / bounced)
    return informed(bounced=bounced, unclassified=unclear, value=fraction, share=percent(fraction))


@check(
    "suppression-respected",
    Severity.CRITICAL,
    source("Amazon SES enforcement"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "None of {recipients:,} who bounced hard, complained or unsubscribed was written to again",
        "few": "Nobody bounced hard, complained or unsubscribed",
        **dict.fromkeys(
            ("over", "warn", "fail"),
            "{violated:,} of {recipients:,} who bounced hard, complained or unsubscribed were written to again",
        ),
    },
    owner=Owner.LIST,
    effort=Effort.MEDIUM,
    settle=SETTLE,
)
@with_rates
def suppression_respected(rates: RatesFacts, lines: Lines) -> Judgements:
    """Nothing is sent to an address that bounced hard, complained or unsubscribed.

    Why it matters: it is the surest sign of a list that nobody tends, it breaks the law for those who unsubscribed, and
    spam traps begin as dead addresses.

    How to fix: have the sending service suppress these addresses by itself, and bring its list back into yours.
    """
    from deliverability.events.figures import (  # noqa: PLC0415 - only where events were given
        BOUNCE_GRACE_HOURS,
        UNSUBSCRIBE_GRACE_HOURS,
    )

    parts = {
        f"bounced hard more than {BOUNCE_GRACE_HOURS} hours before": rates.after_hard_bounce,
        f"complained more than {UNSUBSCRIBE_GRACE_HOURS} hours before": rates.after_complaint,
        f"unsubscribed more than {UNSUBSCRIBE_GRACE_HOURS} hours before": rates.after_unsubscribe,
    }
    violated = sum(one.violated for one in parts.values())
    recipients = sum(one.recipients for one in parts.values())
    figure = share(lines.of("suppression-respected"), violated, recipients, "recipients")
    return judged(
        figure,
        evidence=tuple(_heeded_rows(parts)),
        one_is_a_fault=True,
        violated=violated,
        recipients=recipients,
        messages=sum(one.messages for one in parts.values()),
    )


def _heeded_rows(parts: dict[str, Heeded]) -> Iterator[Evidence]:
    for name, one in parts.items():
        if one.recipients:
            text = f"{one.violated:,} of {one.recipients:,} recipients"
            yield Evidence("recipients", name, text=text, note=f"{one.messages:,} messages")


BOUNCES: tuple[Check, ...] = (
    bounce_rate,
    hard_bounce_rate,
    deferral_rate,
    bounce_auth_rejections,
    bounce_reputation_blocks,
    bounce_unknown_users,
    bounce_unclassified,
    suppression_respected,
)
