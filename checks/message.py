"""Is that good? One message before it is sent: who it says it is from. `MESSAGE` lists every check of its content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deliverability.checks._check import Check, Judgements, check, failed, passed
from deliverability.checks._message_content import GIVE_MESSAGE, field_evidence, with_message
from deliverability.checks.message_body import message_size, message_template_residue, message_text_part
from deliverability.checks.message_format import message_format
from deliverability.checks.message_identifiers import message_identifiers
from deliverability.checks.message_links import message_links
from deliverability.checks.message_unsubscribe import message_one_click, message_unsubscribe_link
from deliverability.findings import Evidence, Judgement, Owner, Severity
from deliverability.names import registrable
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.message.facts import Author, MessageFacts

SYNTAX = frozenset({"from_brackets", "from_quotes", "from_unquoted", "from_no_domain", "from_bad_domain"})
"""Faults of From beside which an address was still found."""


@check(
    "message-from",
    Severity.CRITICAL,
    rfc(5322, "3.6.2"),
    rfc(6854, "1"),
    source("Gmail SMTP errors"),
    titles={
        "pass": "From names one author, of {domain}",
        "missing": "The message has no From field",
        "several_fields": "From is there {count} times",
        "no_address": "From has no address that could be one",
        "several_authors": "From names {count} authors: receivers that ask for one refuse it",
        "no_sender": "From names {count} authors and no Sender field says who sent it",
        "group": "From names a group",
        "syntax": "From is not written as the standard has it: {what}",
        "lookalike": "The display name shows {named}, and the address is of {domain}",
        "scripts": "A word of the From field mixes letters of {scripts}",
    },
    fixes={
        "missing": "Have the sending program write one From field.",
        "several_fields": "Remove all From fields but one; two programs each add theirs.",
        "no_address": "Put the sender's address into From, in angle brackets behind the name.",
        "several_authors": "Name one author in From, and the others in the text.",
        "no_sender": "Name one author in From; where several must be, add a Sender field with one address.",
        "group": "Put one address into From in place of the group.",
        "syntax": "Put the display name in quotation marks and the address in angle brackets.",
        "lookalike": "Take the other domain or address out of the display name.",
        "scripts": "Write each word in the letters of one script.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_MESSAGE,
)
@with_message
def message_from(message: MessageFacts) -> Judgements:
    """From names one author with one address, and its display name shows no other.

    Why it matters: DMARC is judged by the domain in From; Gmail refuses messages in which that is missing, repeated or
    several, and filters treat a display name that shows another domain as fraud.

    How to fix: let From hold one mailbox: the sender's name, and one address of a domain that is authenticated.
    """
    wrong = list(_structure(message))
    display = list(_display(message))
    if wrong or display:
        return [*wrong, *display]
    return passed(evidence=_rows(message.authors), domain=next(author.domain for author in message.authors))


def _structure(message: MessageFacts) -> Iterator[Judgement]:
    """What is wrong with the field itself; the gravest alone."""
    authors = message.authors
    count = message.fields.get("from", 0)
    named = [author for author in authors if author.domain]
    if not count:
        yield failed(case="missing")
    elif count > 1:
        yield failed(case="several_fields", evidence=_rows(authors), count=count)
    elif not named:
        rows = tuple(field_evidence("From", fault.text, fault.span) for fault in message.from_faults)
        yield failed(case="no_address", evidence=rows)
    elif len(authors) > 1:
        # RFC 5322 §3.6.2: with several mailboxes in From, Sender MUST be there
        case = "several_authors" if message.senders else "no_sender"
        yield failed(case=case, evidence=_rows(authors), count=len(authors))
    elif any(author.group is not None for author in authors):
        # RFC 6854 §1: a group in From is for limited use, not for mail to anybody
        yield failed(case="group", severity=Severity.HIGH, evidence=_rows(authors))
    elif odd := [fault for fault in message.from_faults if fault.code in SYNTAX]:
        rows = tuple(field_evidence("From", fault.text, (0, len(fault.text))) for fault in odd)
        what = ", ".join(dict.fromkeys(WORDS[fault.code] for fault in odd))
        yield failed(case="syntax", severity=Severity.MEDIUM, evidence=rows, what=what)


WORDS = {
    "from_brackets": "an angle bracket without the other",
    "from_quotes": "a quotation mark without the other",
    "from_unquoted": "an @ in a name without quotation marks",
    "from_no_domain": "an address without a domain",
    "from_bad_domain": "a domain that cannot be one",
}


def _display(message: MessageFacts) -> Iterator[Judgement]:
    """What a display name shows that the address is not."""
    for author in message.authors[:1]:
        own = registrable(author.domain) or author.domain
        others = [name for name in author.named if (registrable(name) or name) != own] if author.domain else []
        if others:
            text = _text(author)
            row = field_evidence("From", text, (0, len(author.display)), "the display name")
            yield failed(
                "From display name",
                case="lookalike",
                # an address is what fraud shows; a domain may be a brand's name (Booking.com)
                severity=Severity.HIGH if "@" in author.display else Severity.MEDIUM,
                evidence=(row,),
                named=", ".join(others),
                domain=author.domain,
            )
        if author.scripts:
            row = field_evidence("From", _text(author), (0, len(author.display)))
            yield failed(
                "From letters",
                case="scripts",
                severity=Severity.MEDIUM,
                evidence=(row,),
                scripts=" and ".join(author.scripts),
            )


def _text(author: Author) -> str:
    return f"{author.display} <{author.shown}>" if author.display else author.shown


def _rows(authors: tuple[Author, ...]) -> tuple[Evidence, ...]:
    return tuple(field_evidence("From", _text(author)) for author in authors[:5])


MESSAGE: tuple[Check, ...] = (
    message_from,
    message_one_click,
    message_unsubscribe_link,
    message_format,
    message_size,
    message_text_part,
    message_links,
    message_template_residue,
    message_identifiers,
)
