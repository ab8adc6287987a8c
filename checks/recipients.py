"""Is that good? A list of recipients before it is mailed: what is no address, leads nowhere, or must be left alone."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

from deliverability.checks._check import Check, Judgements, check, failed, informed, not_applicable, passed, unknown
from deliverability.checks._rates import MOST_ROWS, counted, percent, whose
from deliverability.checks._recipients import (
    SETTLE,
    domain_rows,
    judged,
    of_addresses,
    standing_of,
    titles,
    with_recipients,
)
from deliverability.checks._thresholds import Lines, Standing, Threshold
from deliverability.compare.intervals import wilson
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.recipients.facts import DEAD, Mail, RecipientsFacts, Stratum
from deliverability.sources import rfc, source

NO_MAIL = {
    Mail.NXDOMAIN.value: "there is no such domain",
    Mail.NULL_MX.value: "it says that it takes no mail",
    Mail.NOWHERE.value: "it has neither a mail host nor an address",
}


@check(
    "recipients-syntax",
    Severity.HIGH,
    rfc(5321, "4.1.2"),
    rfc(6531, "3.3"),
    titles=titles("What is no address", "Every row holds an address"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_syntax(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """Every row of the list holds an address.

    By the rules of SMTP, international addresses among them; those need a sending service that speaks SMTPUTF8.

    Why it matters: what is no address bounces at the sending service or before it, and a list that holds much of it was
    not made from sign-ups that were confirmed.

    How to fix: deliv recipients FILE --write-clean OUT names the fault beside each row; mend it at the source, such as
    the form, or leave the row out.
    """
    extra = {"needs SMTPUTF8 (RFC 6531)": recipients.international, "international domain": recipients.idn}
    rows = tuple(Evidence("line", str(number), text="line of the file") for number in recipients.invalid_lines)
    unread = {f"unreadable: {reason}": count for reason, count in recipients.bad_reasons.items()}
    return judged(
        lines.of("recipients-syntax"),
        recipients.invalid,
        recipients.addresses + recipients.invalid,
        of="rows",
        evidence=counted({**recipients.invalid_reasons, **extra, **unread}) + rows,
        reasons=dict(recipients.invalid_reasons),
        international=recipients.international,
        idn=recipients.idn,
        empty=recipients.empty,
        bad=recipients.bad,
    )


@check(
    "recipients-domain",
    Severity.HIGH,
    rfc(5321, "5.1"),
    rfc(7505, "3"),
    source("Amazon SES enforcement"),
    titles={
        **titles("Addresses in domains that take no mail", "Every domain takes mail, as far as DNS told"),
        "open": "DNS did not tell whether the domains of {unanswered:,} of {denominator:,} addresses take mail",
        "unasked": "Nobody asked whether the domains take mail",
    },
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_domain(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """Every domain of the list takes mail: it has a mail host, or at least an address.

    Each domain is asked about once. What DNS did not tell counts for neither side.

    Why it matters: mail to a domain that does not exist, or that takes none, is a hard bounce before it is sent.

    How to fix: look at the typing errors first (recipients-typo-domain): the person is real. Leave the others out.
    """
    threshold = lines.of("recipients-domain")
    if not recipients.looked:
        return unknown(case="unasked", lack=Lack.INPUT, domains=recipients.domains)
    dead, silent = recipients.tally(*DEAD), recipients.tally(Mail.UNKNOWN, Mail.UNASKED)
    data: dict[str, Any] = {
        "domains": recipients.domains,
        "dead_domains": dead.domains,
        "unanswered": silent.addresses,
        "unanswered_domains": silent.domains,
        "by_answer": {name: tally.domains for name, tally in recipients.mail.items()},
    }
    rows = domain_rows(recipients.dead, NO_MAIL)
    if silent.addresses:
        rows += (Evidence("count", "DNS did not tell", text=f"{silent.domains:,} domains"),)
    sure = standing_of(dead.addresses, recipients.addresses, threshold)
    worst = standing_of(dead.addresses + silent.addresses, recipients.addresses, threshold)
    if sure in {Standing.PASS, Standing.OVER} and worst in {Standing.WARN, Standing.FAIL}:
        return unknown(case="open", evidence=rows, numerator=dead.addresses, denominator=recipients.addresses, **data)
    return judged(threshold, dead.addresses, recipients.addresses, evidence=rows, **data)


@check(
    "recipients-disposable",
    Severity.MEDIUM,
    source("disposable-email-domains"),
    titles=titles("Addresses at services whose mailboxes are thrown away", "No address is at a disposable service"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_disposable(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """No address is at a service whose mailboxes are thrown away.

    By a list with a date, or by one of your own (--disposable).

    Why it matters: nobody reads that mail after the day of the sign-up, and later it bounces or feeds a spam trap.

    How to fix: leave them out, and confirm addresses by mail when people join.
    """
    return judged(
        lines.of("recipients-disposable"),
        recipients.disposable,
        recipients.addresses,
        evidence=domain_rows(recipients.disposable_domains, {}),
        list=recipients.disposable_source,
    )


@check(
    "recipients-role",
    Severity.LOW,
    rfc(2142, "3"),
    titles=titles("Addresses of tasks, not of people", "No address belongs to a task"),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_role(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """Few addresses belong to a task (info, support, abuse) and not to a person.

    Why it matters: several people read that mail, and not all of them asked for it; some services refuse to import such
    addresses, and abuse and postmaster are where complaints are judged.

    How to fix: leave out abuse, postmaster and the like; keep the others only where they signed up themselves.
    """
    return judged(
        lines.of("recipients-role"),
        recipients.role,
        recipients.addresses,
        evidence=counted(recipients.roles),
        roles=dict(recipients.roles),
    )


@check(
    "recipients-typo-domain",
    Severity.MEDIUM,
    rfc(5321, "5.1"),
    titles=titles(
        "Addresses whose domain looks mistyped", "No domain looks like a mistyped one of a large mailbox provider"
    ),
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_typo_domain(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """No domain is one letter away from a large mailbox provider's, or from a large one of this list.

    A domain that takes mail and has a share of its own is a real one, and so is a short name.

    Why it matters: the mail bounces, or somebody who registered the mistyped name reads it; and a person who wanted it
    gets none.

    How to fix: ask the person again where you can; correct the domain only where the slip is beyond doubt.
    """
    rows = tuple(
        Evidence(
            "domain",
            slip.domain,
            text=f"{of_addresses(slip.addresses)}; meant may be {slip.meant} ({slip.of:,} here)",
            note=NO_MAIL.get(slip.mail, ""),
        )
        for slip in recipients.slips[:MOST_ROWS]
    )
    return judged(
        lines.of("recipients-typo-domain"),
        recipients.slipped,
        recipients.addresses,
        evidence=rows,
        domains=recipients.slip_domains,
        suggestions={slip.domain: slip.meant for slip in recipients.slips},
    )


@check(
    "recipients-duplicates",
    Severity.MEDIUM,
    rfc(5321, "2.4"),
    titles={
        **titles("Rows that repeat an earlier address", "No address stands in the list twice"),
        "aliases": "{aliases:,} rows lead to the mailbox of an earlier one, by its provider's own rules",
    },
    owner=Owner.LIST,
    settle=SETTLE,
)
@with_recipients
def recipients_duplicates(recipients: RecipientsFacts, lines: Lines) -> Judgements:
    """No address stands in the list twice.

    Addresses are compared without the case of their letters, the domain in A-labels. Two that a provider delivers to
    one mailbox, since it leaves out dots or what follows a plus, are said apart: people do that on purpose.

    Why it matters: the same person gets the mail twice, and complains once for all.

    How to fix: keep one row each, the one with the newest consent.
    """
    threshold = lines.of("recipients-duplicates")
    if not recipients.duplicates and recipients.aliases:
        return informed(case="aliases", aliases=recipients.aliases, unique=recipients.unique)
    return judged(
        threshold, recipients.duplicates, recipients.addresses, aliases=recipients.aliases, unique=recipients.unique
    )


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

    Why it matters: to write to those who said no breaks the law in most places, and complaints of the same people close
    mailboxes to everybody else's mail.

    How to fix: leave these rows out (--write-clean names them), and have the sending service suppress them by itself.
    """
    given, past = recipients.suppressions, recipients.history
    if given is None and past is None:
        return unknown(lack=Lack.INPUT)
    parts = {"in the suppression files": given.overlap if given else 0}
    if past is not None:
        parts |= {"bounced hard": past.dead, "complained": past.complained, "unsubscribed": past.unsubscribed}
    return judged(
        lines.of("recipients-suppressed"),
        recipients.stopped,
        recipients.addresses,
        least=Severity.MEDIUM,
        evidence=counted(parts),
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
        "few": "Too short a list to foretell bounces ({denominator:,} {of}, at least {minimum:,} needed)",
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
    mailbox provider where at least 100 messages are known, with Wilson's interval; the interval of the sum is put
    together of the parts' distances (Zou and Donner 2008).

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
        return unknown(lack=Lack.INPUT) if past is None else unknown(case="unmet", lack=Lack.INPUT)
    value, low, high = expected(recipients.known_dead, recipients.addresses, past.strata, threshold.confidence)
    standing = _standing(value, low, threshold)
    figures = _figures(recipients, threshold, value, low, high, standing)
    figures |= {"from": past.start, "to": past.end, "known_dead": recipients.known_dead, "met": past.met}
    rows = tuple(_rows(recipients, past.strata))
    severity = threshold.severity(standing)
    if severity is None:
        return passed(evidence=rows, **figures)
    return failed(case=standing.value, severity=severity, evidence=rows, **figures)


def expected(dead: int, addresses: int, strata: tuple[Stratum, ...], confidence: float) -> tuple[float, float, float]:
    """(share, low, high) of the list that will bounce; a stratum of which nothing is known may be all or nothing."""
    total, below, above = float(dead), 0.0, 0.0
    for one in strata:
        rate = one.bounced / one.sent if one.sent else 0.0
        low, high = wilson(one.bounced, one.sent, confidence)
        total += one.addresses * rate
        below += (one.addresses * (rate - low)) ** 2
        above += (one.addresses * (high - rate)) ** 2
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


def _rows(recipients: RecipientsFacts, strata: tuple[Stratum, ...]) -> Iterator[Evidence]:
    yield Evidence("rate", "known to lead nowhere", text=of_addresses(recipients.known_dead))
    for one in sorted(strata, key=lambda one: -one.addresses)[: MOST_ROWS - 1]:
        yield Evidence(
            "rate",
            f"{whose(one.provider)}, {_GROUPS.get(one.group, one.group)}",
            text=of_addresses(one.addresses),
            note=f"{one.bounced:,} of {one.sent:,} such messages came back",
        )


RECIPIENTS: tuple[Check, ...] = (
    recipients_syntax,
    recipients_domain,
    recipients_disposable,
    recipients_role,
    recipients_typo_domain,
    recipients_duplicates,
    recipients_suppressed,
    recipients_expected_bounce,
)
