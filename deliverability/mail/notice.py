"""What a mail server wrote to people about a mail that it could not deliver, and where the returned mail begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from deliverability.mail.parts import Headers, Part, fields, text_of

MAX_NOTICE = 16_384
"""Ours: characters of a notice that are read; the longest seen, in three languages, has 6,000."""

MAX_RETURNED = 65_536
"""Ours: characters of the returned mail's header that are read."""


class Notice(NamedTuple):
    """A mail's own words, apart from the mail that it returns.

    Attributes:
        text: The words, from all text parts before the returned mail.
        below: The returned mail, from its beginning; empty where none is there.
    """

    text: str
    below: str

    @property
    def returned(self) -> Headers:
        """The header fields of the returned mail."""
        head = self.below[:MAX_RETURNED].lstrip("\n").partition("\n\n")[0]
        return fields("\n".join(line.removeprefix("> ").removeprefix(">") for line in head.split("\n")))


_RETURNED_KINDS = ("message/rfc822", "message/global", "text/rfc822-header", "message/rfc822-header")


def notice_of(parts: Sequence[Part]) -> Notice:
    """The words of a mail; of a text in several forms, the plain one."""
    texts: list[str] = []
    html: list[str] = []
    length = 0
    returned = ""
    for part in parts:
        if part.kind.startswith(_RETURNED_KINDS):
            returned = text_of(part, MAX_RETURNED)
            break
        if part.kind == "text/html":
            html.append(plain(text_of(part, 4 * MAX_NOTICE)))
        elif part.kind.startswith(("text", "multipart")) or not part.kind:  # multipart: its boundary is nowhere
            texts.append(text_of(part, MAX_NOTICE))
            length += len(texts[-1])
        if length > MAX_NOTICE:
            break
    said = "\n".join(texts)
    if not said.strip():
        said = "\n".join(html)
    return cut(said, returned)


def cut(said: str, returned: str) -> Notice:
    """Cut where the returned mail begins, if its text stands below the notice."""
    said = said[: MAX_NOTICE + MAX_RETURNED]
    match = _RETURNED.search(said)
    if match is None:
        return Notice(said[:MAX_NOTICE], returned)
    below = said[match.end() if match[1] is None else match.start() :]
    return Notice(said[: min(match.start(), MAX_NOTICE)], returned or below)


_RETURNED = re.compile(
    r"""(?xim)^(?:
    (?=((?:received|return-path|x-envelope-from|x-originating-ip|dkim-signature)[ \t]*:))
    | [ \t>]*(?:[-=*_|#+]{1,80}[ \t]*)?(?:
        (?:this|below|here|following|enclosed|attached|included)[ ](?:this[ ]line[ ])?(?:is|are)[ ](?:a[ ]|the[ ])?copy
      | below[ ]this[ ]line
      | (?:the[ ])?(?:headers?|body|text|contents?)[ ](?:and[ ][\w\d ]{1,40}[ ])?
        of[ ](?:the|your)[ ](?:original|message|returned)
      | -{1,80}[ ]*(?:original|returned|unsent|undelivered|bounced|your)[ ](?:message|mail|e-mail)\b
      | (?:original|unsent|returned|undelivered)[ ](?:message|mail|e-mail)(?:[ ](?:mail[ ])?info)?
        [ ]*(?::[ \t]*$|follows|[-=*_]{2})
      | (?:your[ ])?(?:original[ ])?message[ ](?:headers?|text|body|contents?)?[ ]?(?:and[ ][\w ]{1,30}[ ])?follows?\b
      | message[ ]headers?[ ]follow
      | message[ ](?:header|text|contents?)[ ]follows
      | the[ ](?:first|header|original[ ]message[ ](?:header|follows|was[ ]as))[ ][^\n]{0,60}(?:follow|message|below)
      | your[ ]message[ ](?:reads|began)
      | bounced[ ]e-?mail[ ]*:
      | message[ ](?:removed|contents[ ]follow)
      | content[ ]of[ ](?:the|your)[ ]message
      | transcript[ ]of[ ]message[ ]follows
      | -{3,80}[ ]*original[ ]
    )[^\n]*
    )"""
)
"""Lines after which, or from which (group 1), the returned mail stands."""


_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/h\d|/li|/td|/title|p|hr)\b[^>]{0,400}>")
_UNSEEN = re.compile(r"(?i)<(/?)(?:style|script|head)\b")
_TAG = re.compile(r"<(?![^\s<>@]{1,64}@)[!/?a-zA-Z][^<>]{0,2000}>")


def plain(html: str) -> str:
    """HTML as lines of text. What looks like an address in angle brackets stays."""
    from html import unescape  # noqa: PLC0415 - of few mails alone

    text = _seen(html[: 8 * MAX_NOTICE])
    text = unescape(_TAG.sub(" ", _BREAK.sub("\n", " ".join(text.split(" ")))))
    return "\n".join(" ".join(line.split()) for line in text.replace("\xa0", " ").split("\n"))


def _seen(html: str) -> str:
    """Without what browsers do not show: from a style, script or head to its end."""
    kept: list[str] = []
    shown_from: int | None = 0
    for tag in _UNSEEN.finditer(html):
        if tag[1]:
            shown_from = tag.start()
        elif shown_from is not None:
            kept.append(html[shown_from : tag.start()])
            shown_from = None
    return "".join([*kept, html[shown_from:] if shown_from is not None else ""])


_DAEMON = re.compile(
    r"(?i)mailer[-_. ]?daemon|post[_-]?master|mail[-._ ]*deliver|delivery[-._ ]*(?:sub)?system|mdaemon|"
    r"system[ _]administrator|mail[-._ ]administrator|MMSC NDR|daemon@|\bndr[@ ]|double-bounce|^<>$|^$|"
    r"mail[-._ ]?system|<>|bounces?@|inetgw"
)
"""Who writes notices, by the From field."""

_SUBJECT = re.compile(
    r"(?i)undeliver|unzustell|non remis|no entregado|nondeliver|mail deliver|mail fail|failed mail|failure notice|"
    r"deliver[iy]?\w* (?:\w+ )?(?:status|fail|problem|has failed|report|notif|error|delay|incomplete|impossible)|"
    r"fail\w* (?:\w+ )?deliver|returned[ :]|returning (?:message|mail)|mail system error|not (?:be )?delivered|"
    r"message (?:delay|not deliver|status)|could not be (?:sent|deliver)|unable to (?:send|deliver)|was not sent|"
    r"error sending|blocked by|rejected|bounce|processing error|unknown|warning|permanent|temporar|delayed|"
    r"\u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d|"
    r"\u914d\u4fe1|\u9001\u4fe1|\u30a8\u30e9\u30fc|\u9000\u4fe1"
)
"""What notices are called; decoded subject."""

PHRASES = (
    "could not be delivered",
    "delivery to the following recipient",
    "unable to deliver",
    "mail delivery software",
    "qmail-send program",
    "able to deliver your",
    "able to deliver the following",
    "permanent fatal error",
    "permanent delivery error",
    "had delivery errors",
    "transcript of session",
    "could not be sent",
    "couldn't be delivered",
    "was not delivered",
    "wasn't delivered",
    "not been delivered",
    "cannot be delivered",
    "can't be delivered",
    "did not reach",
    "has been delayed",
    "delivery has failed",
    "delivery failed",
    "failed delivery",
    "could not be reached",
    "delivery to these recipients",
    "failed permanently",
    "undeliverable",
    "error delivering",
    "trouble delivering",
    "attempting to deliver",
    "trying to deliver",
    "mail delivery agent",
    "not delivered to",
    "failed to deliver",
    "delivery of email to",
    "delivery of this message",
    "delivery failure",
    "encountered delivery problems",
    "was rejected by",
    "failed addresses",
    "failed recipient",
    "unknown user:",
    "returned because",
    "has been returned",
    "returned to sender",
    "following reason",
    "failure reason",
    "could not deliver",
    "could not send",
    "did not receive this message",
    "message not delivered",
    "intended recipient",
    "error message below",
    "-server message",
    "error-for:",
    "final-recipient",
    "incorrectly constructed",
    "message could not",
    "no pudo ser entregado",
    "konnte nicht zugestellt",
    "konnte nicht an",
    "n'a pas pu \u00eatre",
    "n'a pu \u00eatre",
    "non \u00e8 stato possibile",
    "n\u00e3o p\u00f4de ser entregue",
    "\u043d\u0435 \u043c\u043e\u0436\u0435\u0442 \u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432",
    "\u043d\u0435 \u0431\u044b\u043b\u043e \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e",
    "\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093",
    "\u914d\u4fe1\u3067\u304d",
    "\u65e0\u6cd5\u53d1\u9001",
    "\u9000\u4fe1",
)
"""What notices say, in lower case, the commonest first."""

_CODE = re.compile(r"(?<![\d.])(?:[45]\d\d[ -](?![\d,])|[45]\.\d{1,2}\.\d{1,3}(?![\d.]))")


def is_notice(sender: str, subject: str, null_path: bool, text: str) -> bool | None:
    """Whether a mail without a report is a server's notice that another mail was not delivered.

    Args:
        sender: The From field.
        subject: The subject, decoded.
        null_path: Whether the return path is empty (RFC 5321 §4.5.5: as of every notification).
        text: The mail's words.

    Returns:
        None where only part of this says so: then it is one if somebody is named in it.
    """
    from_machine = null_path or bool(_DAEMON.search(sender))
    named_so = bool(_SUBJECT.search(subject))
    if not (from_machine or named_so):
        return False
    lowered = text.lower()
    says_so = any(phrase in lowered for phrase in PHRASES)
    has_code = bool(_CODE.search(text))
    if from_machine and named_so:
        return True if says_so or has_code else None
    if says_so and ((from_machine and has_code) or "mailer-daemon" in sender.lower()):
        return True
    return None if says_so and (from_machine or has_code) else False


_DELAY_SUBJECT = re.compile(r"(?i)\bdelay|\bwarning\b|temporar|deferred|still being retried|not yet")

_DELAY = (
    "warning message only",
    "this is a warning only",
    "will be retried",
    "has not yet been delivered",
    "not yet been delivered",
    "has been delayed",
    "is still awaiting delivery",
    "message delayed",
    "message is delayed",
    "delivery attempts will continue",
    "will continue trying",
    "temporary failure report",
    "will keep trying",
    "do not need to resend",
)

_FINAL = ("permanent error", "giving up", "given up", "failed permanently", "not going to try again", "no further")


def is_delay(subject: str, text: str) -> bool:
    """Whether a notice says that the mail is still being tried."""
    lowered = text[:4096].lower()
    if any(phrase in lowered for phrase in _FINAL):
        return False
    return any(phrase in lowered for phrase in _DELAY) or bool(_DELAY_SUBJECT.search(subject) and "retr" in lowered)
