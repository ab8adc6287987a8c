"""Is that good? The body of a message: its size, its two forms, what a template left in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._message_content import (
    GIVE_MESSAGE,
    GIVE_SMALLER,
    MOST_ROWS,
    capital,
    link_evidence,
    unread,
    with_message,
)
from deliverability.checks._rates import percent
from deliverability.findings import Evidence, Judgement, Lack, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.message.facts import Link, MessageFacts, Part, Residue

CLIPPED = 102 * 1024
"""Octets of HTML, as encoded, beyond which Gmail shows the rest on another page. Gmail names no figure: senders found
some 102 KB (github.com/hteumeuleu/email-bugs issue 41, 2018-05, and since), and do not agree whether the octets count
as they are sent or as they are decoded. The larger number, as they are sent, decides: who stays below it is whole."""
NEAR_CLIPPED = 99_507
"""The least HTML that was measured to be cut (the same thread, its first test)."""
REFUSED_BY_DEFAULT = 10_240_000
"""Octets of a message that Postfix takes by default (message_size_limit, read 2026-11)."""
REFUSED_BY_MANY = 25 << 20
"""Octets of a message beyond which large mailbox services take none, attachments as encoded (Outlook.com: 25 MB)."""


@check(
    "message-size",
    Severity.MEDIUM,
    source("Gmail clipping"),
    source("Postfix limits"),
    rfc(5321, "4.5.3.1.7"),
    titles={
        "pass": "The HTML is {encoded} octets as sent; Gmail shows about 104,448 whole",
        "plain": "The message is {octets} octets",
        "clipped": "The HTML is {encoded} octets as sent: Gmail shows about 104,448 and hides the rest",
        "near": "The HTML is {encoded} octets as sent: Gmail has been seen to cut from 99,507 on",
        "large": "The message is {octets} octets: servers that keep Postfix's limit refuse it",
        "huge": "The message is {octets} octets: more than large receivers take",
    },
    fixes={
        "clipped": "Remove unused styles, comments and white space from the HTML, or shorten the text; base64 adds a"
        " third.",
        "near": "Take something out before more comes in: links grow when they are rewritten to be counted.",
        "large": "Link to large files in place of attaching them.",
        "huge": "Link to the files; nothing of that size arrives everywhere.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_MESSAGE,
)
@with_message
def message_size(message: MessageFacts) -> Judgements:
    """The message is small enough to be taken, and its HTML to be shown whole.

    Gmail's limit is held against the octets of the HTML as they are sent, encoding and line ends with them.

    Why it matters: what Gmail hides is the end, where the link to unsubscribe and the pixel that counts opens stand.

    How to fix: keep the HTML of a message below 100 KB.
    """
    if message.octets > REFUSED_BY_MANY:
        return failed(case="huge", severity=Severity.HIGH, octets=message.octets)
    if message.octets > REFUSED_BY_DEFAULT:
        return failed(case="large", octets=message.octets)
    if message.html is None:
        return passed(case="plain", octets=message.octets)
    sizes: dict[str, Any] = {"decoded": message.html.decoded, "encoded": message.html.octets, "octets": message.octets}
    row = Evidence("message_part", message.html.part, "", "text/html", note=f"{sizes['decoded']} octets decoded")
    if message.html.octets > CLIPPED:
        return failed(case="clipped", evidence=(row,), **sizes)
    if message.html.octets > NEAR_CLIPPED:
        return failed(case="near", severity=Severity.LOW, evidence=(row,), **sizes)
    return passed(evidence=(row,), **sizes)


FEW_WORDS = 10
"""Ours: words below which a body says next to nothing by itself."""
LITTLE_COMMON = 0.3
"""Ours: share of the HTML's words in the plain form below which the two are about different things."""


@check(
    "message-text-part",
    Severity.LOW,
    rfc(2046, "5.1.4"),
    titles={
        "pass": "HTML and plain text stand side by side and say the same ({common} of the words)",
        "plain": "The body is plain text alone",
        "nothing": "The message has no text of its own",
        "missing": "The body is HTML alone, without plain text",
        "empty": "The plain text has {words} {words:word|words}, the HTML {html_words}",
        "differs": "The plain text has {common} of the words of the HTML",
        "images": "The HTML has {html_words} {html_words:word|words} and {images} {images:image|images}",
        "order": "The plain text stands behind the HTML: programs that show the last form they know show the plain one",
        "apart": "HTML and plain text are no alternatives of one part: both may be shown",
        "unread": "Only part of the message was read",
    },
    fixes={
        "missing": "Add a text/plain form in a multipart/alternative, before the HTML.",
        "empty": "Write the text of the HTML into the plain form.",
        "differs": "Make the plain form of the same text as the HTML, at each change of it.",
        "images": "Say in text what the images say; many programs show none until they are asked.",
        "order": "Put the plain form first: multipart/alternative goes from the simplest to the richest.",
        "apart": "Put both forms, and nothing else, into one multipart/alternative.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_SMALLER,
)
@with_message
def message_text_part(message: MessageFacts) -> Judgements:
    """An HTML body has a plain form beside it that says the same.

    Why it matters: watches, screen readers and programs of the cautious show the plain form, and filters compare the
    two: one that is missing, empty or about something else is a mark of spam.

    How to fix: have the sending program derive the plain form from the HTML.
    """
    html, plain = message.html, message.plain
    if html is None:
        return passed(case="plain") if plain is not None else not_applicable(case="nothing")
    images = sum(link.count for link in message.links if link.kind == "image")
    data: dict[str, Any] = {"html_words": html.words, "images": images, "words": plain.words if plain else 0}
    if html.words < FEW_WORDS and images:
        return failed(case="images", severity=Severity.MEDIUM, **data)
    if plain is None:
        return unknown(case="unread", lack=Lack.INPUT) if unread(message) else failed(case="missing", **data)
    if case := _order(message):
        severity = Severity.MEDIUM if case == "order" else Severity.LOW
        return failed(case=case, severity=severity, evidence=tuple(map(_row, message.parts[:MOST_ROWS])), **data)
    common = html.common or 0.0
    share: dict[str, Any] = {"common": percent(common), "share": common}
    if html.words >= FEW_WORDS and plain.words < FEW_WORDS:
        return failed(case="empty", **data)
    if html.words >= FEW_WORDS and common < LITTLE_COMMON:
        return failed(case="differs", **data, **share)
    return passed(**data, **share)


def _order(message: MessageFacts) -> str:
    """`order` or `apart`, or nothing where the forms stand as they should."""
    of = {part.number: part for part in message.parts}
    if message.html is None or message.plain is None:
        return ""
    html, plain = of.get(message.html.part), of.get(message.plain.part)
    if html is None or plain is None:
        return ""
    # RFC 2046 §5.1.4: alternatives in increasing order of faithfulness; the last that can be shown is
    outer = _alternative(plain, of)
    if outer is None or (outer.number and not html.number.startswith(f"{outer.number}.")):
        return "apart"
    return "order" if message.parts.index(plain) > message.parts.index(html) else ""


def _alternative(part: Part, of: dict[str, Part]) -> Part | None:
    """The nearest multipart/alternative around `part`."""
    number = part.number
    while number:
        number = number.rpartition(".")[0]
        if number in of and of[number].kind == "multipart/alternative":
            return of[number]
    return None


def _row(part: Part) -> Evidence:
    return Evidence("message_part", part.number, "", part.kind, note=f"{part.octets} octets")


EXPOSES = frozenset({"address", "encoded address"})
"""Leftovers that tell of a recipient, not of a template."""


@check(
    "message-template-residue",
    Severity.HIGH,
    source("Gmail sender guidelines"),
    rfc(6973, "6.1.2"),
    titles={
        "pass": "Nothing of the template is left, and no address stands in a link or an identifier",
        "residue": "{count} {count:mark|marks} of the template {count:was|were} not filled in: {marks}",
        "greeting": "A greeting lacks the name it was made for: {marks}",
        "exposed": "The address of a recipient stands in {places}",
        "partly": "Nothing is left in the part of the message that was read",
    },
    fixes={
        "residue": "Fill each of them, give each a default, and send a test to a recipient of whom nothing is known.",
        "greeting": "Give the name a default, or leave the greeting without one.",
        "exposed": "Put an opaque key in place of the address; links are logged, forwarded and shared.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_SMALLER,
)
@with_message
def message_template_residue(message: MessageFacts) -> Judgements:
    """Nothing is left of the template, and no recipient's address stands in links or identifiers.

    It looks for the marks of the template languages of large sending services, greetings without a name, stand-in
    text; not in what is marked as code. Addresses are looked for as they are and encoded.

    Why it matters: a message to {{ first_name }} is the one that people laugh at and report, and its links may lead
    nowhere; an address in a link reaches every log and every partner on the way.

    How to fix: render the message for a recipient with empty fields before it is sent to all.
    """
    found = [*_residue(message), *_exposed(message)]
    if found:
        return found
    return unknown(case="partly", lack=Lack.INPUT) if unread(message) else passed()


def _residue(message: MessageFacts) -> Iterator[Judgement]:
    marks = [one for one in message.residue if one.kind not in EXPOSES]
    greetings = [one for one in marks if one.kind == "greeting"]
    others = [one for one in marks if one.kind != "greeting"]
    for case, severity, group in (("residue", Severity.HIGH, others), ("greeting", Severity.MEDIUM, greetings)):
        if group:
            yield failed(
                "template" if case == "residue" else "greeting",
                case=case,
                severity=severity,
                evidence=tuple(map(_mark, group[:MOST_ROWS])),
                count=sum(one.count for one in group),
                marks=", ".join(dict.fromkeys(one.text for one in group[:5])),
                kinds=sorted({one.kind for one in group}),
            )


def _mark(one: Residue) -> Evidence:
    times = f", {one.count} times" if one.count > 1 else ""
    return Evidence("message_text", one.where, "", one.text, one.span, f"{one.kind}{times}")


def _exposed(message: MessageFacts) -> Iterator[Judgement]:
    fields = [one for one in message.residue if one.kind in EXPOSES]
    links: list[Link] = [link for link in message.links if link.exposes]
    if fields or links:
        counted = sum(link.count for link in links)
        places = [capital(one.where) for one in fields] + (
            [f"{counted} links"] if counted > 1 else ["a link"] * counted
        )
        rows = [*map(_mark, fields), *(link_evidence(link, link.exposes) for link in links)]
        yield failed(
            "addresses",
            case="exposed",
            severity=Severity.MEDIUM,
            evidence=tuple(rows[:MOST_ROWS]),
            places=", ".join(dict.fromkeys(places)),
            count=len(fields) + counted,
        )
