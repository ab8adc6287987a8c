"""What is known of one message: frozen, as JSON and back (`events.plain`), and without any recipient's address.

Text of the message stands here only where a judgement shows it: visible (`text.visible`), shortened, and with every
address hidden but for role names. Of recipients there is a count, of the subject nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from deliverability.fastclass import dataclass

HIDDEN = "…"
"""Stands for what is left out: the local part of an address, the rest of a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is written as no standard allows.

    Attributes:
        code: Which fault, a word; the checks have the sentences for it.
        where: A header field's name, the number of a part (`2.1`), or empty for the message.
        text: The offending text, shortened and made safe; empty where a count says it all.
        span: The offending characters of `text`, half open.
        count: How often it is there.
    """

    code: str
    where: str = ""
    text: str = ""
    span: tuple[int, int] | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """One mailbox of From, Sender or Reply-To.

    Attributes:
        domain: In A-labels, lower case; empty where there is none that could be a domain.
        local: The local part where it is a role name (RFC 2142), else empty.
        display: The display name, its addresses hidden; empty where there is none.
        named: Domains that stand in the display name, alone or in an address.
        scripts: The scripts of the letters of the display name and of the domain where one word of either mixes them.
        group: The name of the group (RFC 5322 §3.4) that it stands in, or None.
    """

    domain: str
    local: str = ""
    display: str = ""
    named: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    group: str | None = None

    @property
    def shown(self) -> str:
        """The address as reports show it."""
        return f"{self.local or HIDDEN}@{self.domain}" if self.domain else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One occurrence of a header field that is kept as it is written, made safe and shortened.

    Attributes:
        value: The unfolded value, addresses hidden.
        fault: What is wrong with it, a word; empty where nothing is.
        domain: The domain that it names, in A-labels; empty where it names none.
        time: The moment it means (ISO 8601, UTC) where it is a date.
    """

    value: str
    fault: str = ""
    domain: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One place that the message leads to, with as much of it as tells nobody who reads it.

    Attributes:
        scheme: In lower case; empty where there is none.
        host: In A-labels or as an address, lower case; empty where the scheme has none.
        path: Shortened: a segment that could name a person or a message is `…`.
        keys: The names in its query, without their values.
        where: `html`, `text` or the name of a header field.
        kind: `link` is followed by a reader, `image` is fetched, `form` is posted to.
        shown: The domain that the link's text claims, or None where it names none.
        unsubscribes: Whether the text of the link, or what stands around it, offers to unsubscribe.
        hidden: Whether the link has nothing that can be seen.
        exposes: What of a person stands in it: `address`, `encoded address`; empty where nothing does.
        count: How many links come to the same.
    """

    scheme: str
    host: str
    path: str = ""
    keys: tuple[str, ...] = ()
    where: str = "html"
    kind: str = "link"
    shown: str | None = None
    unsubscribes: bool = False
    hidden: bool = False
    exposes: str = ""
    count: int = 1

    @property
    def text(self) -> str:
        """The link as reports show it."""
        query = "?" + "&".join(f"{key}={HIDDEN}" for key in self.keys) if self.keys else ""
        return f"{self.scheme}://{self.host}{self.path}{query}" if self.host else f"{self.scheme}:{self.path}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Something of the template, or of a recipient, that should not have been sent.

    Attributes:
        kind: Which: a word of `residue.KINDS`, `greeting`, `address` or `encoded address`.
        where: `html`, `text`, `subject` or a header field's name.
        text: What is shown of it, made safe and shortened; of a greeting with its line's end.
        span: The offending characters of `text`, half open.
        count: How often it is there.
    """

    kind: str
    where: str
    text: str
    span: tuple[int, int] | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the message, multiparts among them, in order.

    Attributes:
        number: `1`, `1.2`: the place in the tree; the message itself is ``.
        kind: The media type in lower case.
        within: The media type of the part around it; empty for the message itself.
        charset: As declared, in lower case; empty where none is.
        encoding: Content-Transfer-Encoding in lower case; empty where none is declared.
        attached: Whether it is an attachment, or has a file name.
        octets: Its body as sent.
        decoded: Its body once the transfer encoding is undone.
    """

    number: str
    kind: str
    within: str
    charset: str
    encoding: str
    attached: bool
    octets: int
    decoded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text that a reader sees in one of the two forms, HTML or plain.

    Attributes:
        part: The number of the (first) part that holds it.
        octets: As sent, transfer encoding and all; the sum where several parts make up the body.
        decoded: Once decoded.
        words: How many words a reader sees, as far as was read.
        common: Of the words of the other form, the share that is here too, 0 to 1; None where there is no other.
        offers: The words by which it offers to unsubscribe; empty where it does not.
        complete: Whether all of it was read.
    """

    part: str
    octets: int
    decoded: int
    words: int
    common: float | None = None
    offers: str = ""
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """One message.

    Attributes:
        name: What it is called in reports.
        octets: Its true size.
        looked_at: How much of it was read.
        left_out: Bounds that were met, each a word of `bounds`: what lies beyond them is not known.
        line_ends: `crlf`, `lf`, `cr`, `mixed` or `none`.
        fields: How often each header field is there, by name in lower case, recipients' fields among them.
        authors: The mailboxes of all From fields.
        from_domains: Their domains, in A-labels, each once.
        from_faults: What is wrong with From, by the words of `authors.mailboxes`.
        senders, reply_to: The mailboxes of Sender and of Reply-To.
        return_path: The domain of Return-Path; empty where there is none or it is null.
        dates, message_ids, list_ids, feedback_ids: Each field of that name.
        unsubscribe: The links of List-Unsubscribe, in order.
        unsubscribe_post: The values of List-Unsubscribe-Post.
        precedence, auto_submitted: The values of these fields, in lower case; empty where there is none.
        mime_version: The value of MIME-Version; empty where there is none.
        parts: The message and its parts, as many as are looked into; `part_count` is how many parts there are.
        html, plain: The body in its two forms, where it has them.
        links: What the body leads to, each kind of target once.
        link_hosts: Every host of these, in A-labels or as addresses, each once, in order.
        residue: What is left of a template, and what tells of a recipient.
        faults: What no standard allows.
    """

    name: str
    octets: int
    looked_at: int
    left_out: tuple[str, ...] = ()
    line_ends: str = "none"
    fields: Mapping[str, int] = field(default_factory=dict[str, int])
    authors: tuple[Author, ...] = ()
    from_domains: tuple[str, ...] = ()
    from_faults: tuple[Fault, ...] = ()
    senders: tuple[Author, ...] = ()
    reply_to: tuple[Author, ...] = ()
    return_path: str = ""
    dates: tuple[Written, ...] = ()
    message_ids: tuple[Written, ...] = ()
    list_ids: tuple[Written, ...] = ()
    feedback_ids: tuple[Written, ...] = ()
    unsubscribe: tuple[Link, ...] = ()
    unsubscribe_post: tuple[str, ...] = ()
    precedence: str = ""
    auto_submitted: str = ""
    mime_version: str = ""
    parts: tuple[Part, ...] = ()
    part_count: int = 0
    html: Body | None = None
    plain: Body | None = None
    links: tuple[Link, ...] = ()
    link_hosts: tuple[str, ...] = ()
    residue: tuple[Residue, ...] = ()
    faults: tuple[Fault, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a header field of that name (lower case) is there."""
        return self.fields.get(name, 0) > 0

    @property
    def bulk_sign(self) -> str:
        """What says that this is mail to many: a header field; empty where nothing does.

        Reports and automatic replies answer one message, whatever fields the machine that makes them adds.
        """
        if (self.parts and self.parts[0].kind == "multipart/report") or self.auto_submitted.startswith("auto-replied"):
            return ""
        signs = [sign for name, sign in BULK_SIGNS.items() if self.has(name)]
        signs += [f"Precedence: {self.precedence}"] if self.precedence in BULK_PRECEDENCE else []
        return signs[0] if signs else MAYBE_BULK if self.has(MAYBE_BULK.lower()) else ""

    @property
    def surely_bulk(self) -> bool:
        """Whether the sign says so beyond doubt."""
        return self.bulk_sign not in {"", MAYBE_BULK}


BULK_SIGNS = {
    "list-unsubscribe": "List-Unsubscribe",
    "list-unsubscribe-post": "List-Unsubscribe-Post",
    "list-id": "List-ID",
}
"""Header fields that only mail to many has: RFC 2369, RFC 8058, RFC 2919."""

MAYBE_BULK = "Feedback-ID"
"""Mail to many has it for Gmail's feedback loop, but Amazon SES, for one, adds it to every message, receipts too."""

BULK_PRECEDENCE = frozenset({"bulk", "list"})
"""Values of Precedence (RFC 2076) by which mail to many has always been marked; junk is of no sender's choosing."""
