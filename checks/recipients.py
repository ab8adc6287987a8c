"""Is that good? A list of recipients before it is mailed: what is no address, leads nowhere, or must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Check, Judgements, check, failed, informed, unknown
from deliverability.checks._rates import MOST_ROWS, counted
from deliverability.checks._recipients import (
    ASK_DNS,
    GIVE_TIME,
    SETTLE,
    domain_rows,
    judged,
    of_addresses,
    standing_of,
    titles,
    with_recipients,
)
from deliverability.checks._thresholds import Lines, Standing
from deliverability.checks.recipients_past import RECIPIENTS_PAST
from deliverability.findings import Evidence, Lack, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.recipients.facts import RecipientsFacts

NO_MAIL = {
    "nxdomain": "there is no such domain",
    "null_mx": "it says that it takes no mail",
    "nowhere": "it has neither a mail host nor an address",
}
"""What the words of `recipients.facts.DEAD` say of a domain."""


@check(
    "recipients-syntax",
    Severity.HIGH,
    rfc(5321, "4.1.2"),
    rfc(6531, "3.3"),
    titles={
        **titles("What is no address", "Every row that is not empty holds an address", of="row|rows"),
        "unread": "{refused:,} {refused:file|files} of recipients could not be read, or not to the end",
        "nobody": "No row of the list holds an address ({rows:,} {rows:row|rows})",
    },
    fixes={
        "unread": "Look at what deliv says of the file on stderr, and give it as CSV in UTF-8.",
        "nobody": "Look at the export: it is empty, or another of its columns holds the addresses.",
    },
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
    extra["empty"] = recipients.empty
    first = ", ".join(map(str, recipients.invalid_lines))
    rows = (Evidence("line", "lines of the first", text=first),) if first else ()
    if recipients.refused:  # nobody knows what else is in the list
        return failed(case="unread", refused=recipients.refused, rows=recipients.rows)
    unread = {f"unreadable: {reason}": count for reason, count in recipients.bad_reasons.items()}
    seen = counted({**recipients.invalid_reasons, **extra, **unread}) + rows
    if not recipients.addresses + recipients.wrapped:
        return failed(case="nobody", evidence=seen, rows=recipients.rows, invalid=recipients.invalid)
    faulty = recipients.invalid + recipients.bad
    return judged(
        lines.of("recipients-syntax"),
        faulty,
        recipients.addresses + faulty,
        of="rows",
        evidence=seen,
        reasons=dict(recipients.invalid_reasons),
        invalid=recipients.invalid,
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
        "open": "DNS did not tell whether the domains of {unanswered:,} of {denominator:,} "
        "{denominator:address|addresses} take mail",
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
    from deliverability.recipients.facts import DEAD, Mail  # noqa: PLC0415 - only where a list was given

    threshold = lines.of("recipients-domain")
    if not recipients.looked:
        return unknown(case="unasked", lack=Lack.INPUT, settle=ASK_DNS, domains=recipients.domains)
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
        data |= {"numerator": dead.addresses, "denominator": recipients.addresses}
        return unknown(case="open", evidence=rows, settle=GIVE_TIME, **data)
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
        "aliases": "{aliases:,} {aliases:row leads|rows lead} to the mailbox of an earlier one, by its provider's own "
        "rules",
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


RECIPIENTS: tuple[Check, ...] = (
    recipients_syntax,
    recipients_domain,
    recipients_disposable,
    recipients_role,
    recipients_typo_domain,
    recipients_duplicates,
    *RECIPIENTS_PAST,
)
