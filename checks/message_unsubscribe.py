"""Is that good? How a reader of mail to many can leave: by the mail program's button, and by a link in the text."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Function, Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._message_content import (
    GIVE_MESSAGE,
    GIVE_SMALLER,
    MOST_ROWS,
    field_evidence,
    link_evidence,
    unread,
    with_message,
)
from deliverability.findings import Evidence, Judgement, Lack, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.authenticate.facts import AuthenticationFacts
    from deliverability.mail.message.facts import Link, MessageFacts

POST_VALUE = "List-Unsubscribe=One-Click"
"""RFC 8058 §5: the one value of List-Unsubscribe-Post."""

COVERED = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
"""RFC 8058 §4: the header fields that a valid DKIM signature must cover."""


def of_mail_to_many(function: Callable[..., Judgements]) -> Function:
    """The rule binds mail to many alone, which is known by its header fields; nothing in a message says otherwise."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        message: MessageFacts = facts["message"]
        return function(**facts) if message.bulk_sign else not_applicable(case="personal")

    return guarded


@check(
    "message-one-click",
    Severity.HIGH,
    rfc(8058, "3.1"),
    rfc(8058, "4"),
    source("Gmail sender guidelines"),
    source("Yahoo sender requirements"),
    titles={
        "pass": "One click unsubscribes, and a signature of {domain} covers both fields",
        "personal": "No header field says that this is mail to many, which the rule is for",
        "missing": "The message is mail to many ({sign}) and has no List-Unsubscribe field",
        "missing_if_many": "The message has a Feedback-ID, as mail of sending services has, and no List-Unsubscribe"
        " field: if it goes to many, it needs one",
        "unreadable": "List-Unsubscribe has no address in angle brackets",
        "mailto": "List-Unsubscribe has a mail address and no https address",
        "http": "The address in List-Unsubscribe is http, not https",
        "no_host": "The https address in List-Unsubscribe has no host",
        "repeated": "{field} is there {count} times",
        "several": "List-Unsubscribe has {count} https addresses; one is allowed",
        "no_post": "List-Unsubscribe-Post is missing, so that the address is no one-click address",
        "wrong_post": "List-Unsubscribe-Post does not hold the one value that it may have",
        "unsigned": "No valid signature of the From domain covers {fields}",
        "unverified": "Both fields are right; whether a valid signature covers them was not looked at",
        "undecided": "Both fields are right; whether the signature over them is valid could not be found out",
    },
    fixes={
        "missing": "Add List-Unsubscribe with an https address, and List-Unsubscribe-Post: List-Unsubscribe=One-Click.",
        "missing_if_many": "If it is no answer to what the reader just did, add List-Unsubscribe with an https address,"
        " and List-Unsubscribe-Post: List-Unsubscribe=One-Click.",
        "unreadable": "Write the address as <https://…>.",
        "mailto": "Add an https address before the mail address; Gmail counts no other as one-click.",
        "http": "Serve the address by https and name it so.",
        "no_host": "Write the whole address, with its host.",
        "repeated": "Write the field once; commas separate several addresses.",
        "several": "Leave one https address in List-Unsubscribe.",
        "no_post": "Add List-Unsubscribe-Post: List-Unsubscribe=One-Click, and let the address take a POST.",
        "wrong_post": "Write exactly List-Unsubscribe=One-Click.",
        "unsigned": "Have the sending service sign both fields (h=) with a key of the From domain, once they are set.",
    },
    owner=Owner.ESP,
    settle=GIVE_MESSAGE,
)
@with_message
@of_mail_to_many
def message_one_click(message: MessageFacts, authentication: AuthenticationFacts | None) -> Judgements:
    """Mail to many can be left with one click in the mail program.

    The rule binds where List-Unsubscribe, List-Unsubscribe-Post, List-ID, Feedback-ID or Precedence (bulk, list) says
    that this is mail to many. A discussion list (List-Post) is judged one step milder, and so is a message of which
    Feedback-ID alone says it, since some sending services add that to receipts too.

    Why it matters: Gmail and Yahoo ask bulk senders for it; without it there is no button beside the subject, and
    people press the spam button instead.

    How to fix: name one https address in List-Unsubscribe and the fixed value in List-Unsubscribe-Post, and sign both.
    """
    severity = _severity(message)
    fault = _header_fault(message, severity)
    return fault or _coverage(authentication, severity)


def _severity(message: MessageFacts) -> Severity:
    return Severity.HIGH if message.surely_bulk and not message.has("list-post") else Severity.MEDIUM


def _header_fault(message: MessageFacts, severity: Severity) -> Judgement | None:
    """What is wrong with the two fields; the first thing alone."""
    rows = tuple(link_evidence(link) for link in message.unsubscribe[:MOST_ROWS])
    https = [link for link in message.unsubscribe if link.scheme == "https"]
    case = _uri_case(message, https)
    if case:
        return failed(case=case, severity=severity, evidence=rows, sign=message.bulk_sign)
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
        if (count := message.fields.get(name.lower(), 0)) > 1:
            return failed(case="repeated", severity=severity, evidence=rows, field=name, count=count)
    if not message.unsubscribe_post:
        return failed(case="no_post", severity=severity, evidence=rows)
    if message.unsubscribe_post[0] != POST_VALUE:
        text = message.unsubscribe_post[0]
        row = field_evidence("List-Unsubscribe-Post", text, (0, len(text)), f"it must be {POST_VALUE}")
        return failed(case="wrong_post", severity=severity, evidence=(row,))
    if len(https) > 1:
        # RFC 8058 §3.1: one HTTPS URI
        return failed(case="several", severity=Severity.MEDIUM, evidence=rows, count=len(https))
    return None


def _uri_case(message: MessageFacts, https: list[Link]) -> str:
    if not message.has("list-unsubscribe"):
        return "missing" if message.surely_bulk else "missing_if_many"
    if not message.unsubscribe:
        return "unreadable"
    if https:
        return "" if any(link.host for link in https) else "no_host"
    return "http" if any(link.scheme == "http" for link in message.unsubscribe) else "mailto"


def _coverage(authentication: AuthenticationFacts | None, severity: Severity) -> Judgement:
    """Whether a valid signature of the author's domain covers both fields."""
    if authentication is None:
        return unknown(case="unverified", lack=Lack.INPUT)
    for one in authentication.aligned_signatures:
        if set(one.signature.signed) >= COVERED:
            return passed(evidence=(_signature(one.signature.text),), domain=one.signature.domain)
    doubtful = [one for one in authentication.undecided_signatures if set(one.signature.signed) >= COVERED]
    if doubtful:
        keys = tuple(one.key for one in doubtful if one.key is not None)
        return unknown(*keys, case="undecided")
    missing = sorted(COVERED - authentication.signed_headers())
    rows = tuple(_signature(one.signature.text) for one in authentication.dkim[:MOST_ROWS])
    names = " and ".join("List-Unsubscribe" + name.removeprefix("list-unsubscribe").title() for name in missing)
    both = "List-Unsubscribe and List-Unsubscribe-Post together"
    return failed(case="unsigned", severity=severity, evidence=rows, fields=names or both)


def _signature(text: str) -> Evidence:
    at = text.find("h=")
    end = text.find(";", at)
    return field_evidence("DKIM-Signature", text, (at, end if end > 0 else len(text)) if at >= 0 else None)


@check(
    "message-unsubscribe-link",
    Severity.HIGH,
    source("Gmail sender guidelines"),
    source("Yahoo sender requirements"),
    source("Outlook sender requirements"),
    titles={
        "pass": "The text offers to unsubscribe and links to where that is done",
        "personal": "No header field says that this is mail to many, which needs such a link",
        "none": "Nothing in the text offers to unsubscribe",
        "words": "The text speaks of unsubscribing ({words}) and has no link to do it",
        "html_only": "The HTML form has a link to unsubscribe, the plain form has none",
        "text_only": "The plain form has a link to unsubscribe, the HTML form, which most people see, has none",
        "unread": "No link to unsubscribe was found in the part of the message that was read",
    },
    fixes={
        "none": "Put a link that says what it does (Unsubscribe, 수신거부) into the footer of both forms.",
        "words": "Make those words a link to the page that unsubscribes.",
        "html_only": "Write the address of the link into the plain form as well.",
        "text_only": "Put the link into the HTML form, as text and not as an image alone.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_SMALLER,
)
@with_message
@of_mail_to_many
def message_unsubscribe_link(message: MessageFacts) -> Judgements:
    """Mail to many has a link to unsubscribe that people can see, in each form of its body.

    It is looked for by the words for it in some forty languages, on the link or right beside it.

    Why it matters: Gmail, Yahoo and Outlook each ask for it beside the header field, since not every mail program shows
    a button; who finds no way out reports spam.

    How to fix: end both forms of the body with such a link, in the language of the message.
    """
    bodies = {"html": message.html, "text": message.plain}
    linked = {where: _links(message, where) for where in bodies}
    rows = tuple(link_evidence(link) for links in linked.values() for link in links)[:MOST_ROWS]
    present = [where for where, body in bodies.items() if body is not None]
    lacking = [where for where in present if not linked[where]]
    if present and not lacking:
        return passed(evidence=rows, forms=present)
    if unread(message):
        return unknown(case="unread", lack=Lack.INPUT)
    if len(lacking) < len(present):
        case, severity = ("html_only", Severity.LOW) if lacking == ["text"] else ("text_only", Severity.MEDIUM)
        return failed(case=case, severity=severity, evidence=rows, forms=present)
    words = next((body.offers for body in bodies.values() if body is not None and body.offers), "")
    return failed(case="words" if words else "none", severity=_severity(message), words=words, forms=present)


def _links(message: MessageFacts, where: str) -> list[Link]:
    return [link for link in message.links if link.where == where and link.unsubscribes and not link.hidden]
