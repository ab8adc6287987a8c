"""Where receivers' reports lie: in a file, compressed or not, or attached to a mail, alone or in a mailbox."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import BinaryIO

from deliverability.fastclass import dataclass
from deliverability.intake.mailbox import Mail, is_mbox, mails_of
from deliverability.intake.streams import Limits, Part, Stream, open_stream, parts_of
from deliverability.intake.trouble import Bad, Refused, Troubles

HEAD = 4096
"""Octets that show what a file is."""
MAX_BOUNDARIES = 100
"""Multipart bodies of one mail; our own bound. A report has one, forwarded by hand some more."""
MAX_MAILS = 3
"""Mails in one another that are opened, by way of an attached archive or file; our own bound."""
MAX_LINES = 500_000
"""Lines of one mail; our own bound. In base64 they hold 28 MB; each costs the parser up to half a kilobyte."""
MAX_LINE = 8 << 20
"""Octets of one line of a mail; our own bound. RFC 5322 §2.1.1 allows 998; each costs the parser twelve."""

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_LONG_LINE = re.compile(rb"[^\r\n]{%d}" % (MAX_LINE + 1))
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_WRITTEN_FOR_PEOPLE = {"text/plain", "text/html", "text/rfc822-headers", "message/delivery-status"}


class Form(StrEnum):
    """How a report is written."""

    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that is written as a report is. The stream is good until the next candidate is asked for.

    - file: the path that it was found in; name: its place there (`a.zip!member`, `box.mbox#12`).
    """

    file: str
    name: str
    form: Form
    stream: Stream


def report_parts(
    paths: Iterable[str], limits: Limits, troubles: Troubles, *, stdin: BinaryIO | None = None
) -> Iterator[Candidate]:
    """Everything in the files at `paths` (from `intake.paths.expand`) that may be a report, one at a time.

    A report that is a file of its own is never held; one in a mail is, with its mail (`Limits.mail`). A file, member or
    mail in which there is none is counted in `troubles` (`no-report`), as is what cannot be opened.
    """
    for path in paths:
        try:
            for part in open_stream(path, limits, stdin=stdin):
                yield from _candidates(path, part, limits, troubles, MAX_MAILS)
        except Refused as refused:
            troubles.refuse(path, refused)


def _candidates(file: str, part: Part, limits: Limits, troubles: Troubles, mails: int) -> Iterator[Candidate]:
    head = part.stream.peek(HEAD)
    form = form_of(head)
    if form is not None:
        yield Candidate(file=file, name=part.name, form=form, stream=part.stream)
    elif mails and (is_mbox(head) or _HEADER.match(head)):
        for mail in mails_of(part, limits, troubles=troubles):
            yield from _attached(file, mail, limits, troubles, mails - 1)
    else:
        troubles.refuse(part.name, _nothing(part.stream))


def form_of(head: bytes) -> Form | None:
    """How content is written that begins with `head`; None for what is no report."""
    text = head.replace(b"\0", b"") if head.startswith(_BOMS[1:]) or b"\0" in head[:4] else head
    for bom in _BOMS:
        text = text.removeprefix(bom)
    first = text.lstrip()[:1]
    if first == b"<":
        return Form.XML
    return Form.JSON if first in {b"{", b"["} else None


def _nothing(stream: Stream) -> Refused:
    """Why there is nothing to read in it."""
    try:
        return Refused("no-report", "neither XML, JSON nor a mail") if stream.read(1) else Refused("empty")
    except Refused as refused:
        return refused


def _attached(file: str, mail: Mail, limits: Limits, troubles: Troubles, mails: int) -> Iterator[Candidate]:
    """The reports that `mail` carries."""
    name = mail.name if mail.number is None else f"{mail.name}#{mail.number}"
    found, known = False, troubles.count
    try:
        for payload in payloads(mail.raw):
            for candidate in _unpacked(file, name, payload, limits, troubles, mails):
                found = True
                yield candidate
    except Refused as refused:
        troubles.refuse(name, refused)
    if not found and troubles.count == known:
        troubles.add(Bad(file=name, reason="no-report", detail="a mail without a report"))


def _unpacked(
    file: str, name: str, payload: bytes, limits: Limits, troubles: Troubles, mails: int
) -> Iterator[Candidate]:
    try:
        for part in parts_of(name, io.BytesIO(payload), limits):
            yield from _candidates(file, part, limits, troubles, mails)
    except Refused as refused:
        troubles.refuse(name, refused)


def payloads(raw: bytes) -> Iterator[bytes]:
    """The decoded parts of a mail that may be reports. Raises Refused for a mail that cannot be taken apart."""
    from email import message_from_bytes  # noqa: PLC0415 - only where there are mails

    _bounded(raw)
    try:
        message = message_from_bytes(raw)
        for part in message.walk():
            content = None if part.is_multipart() else part.get_payload(decode=True)
            if isinstance(content, bytes) and _may_be_report(part.get_content_type(), content):
                yield content
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("malformed-mail", type(error).__name__) from None


def _bounded(raw: bytes) -> None:
    """Refuse what would cost the parser more time or memory than a report is worth. Raises Refused."""
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MAX_LINES:
        raise Refused("too-many-lines", f"a mail of more than {MAX_LINES:,} lines")
    if len(raw) > MAX_LINE and _LONG_LINE.search(raw):
        raise Refused("line-too-long", f"a mail with a line of more than {MAX_LINE >> 20} MiB")
    if raw.lower().count(b"boundary") > MAX_BOUNDARIES:
        raise Refused("nested-too-deep", f"a mail with more than {MAX_BOUNDARIES} multipart bodies")


def _may_be_report(kind: str, content: bytes) -> bool:
    """Whether a part is worth opening: not the covering note, unless the report stands in its place."""
    head = content[:HEAD].lstrip()
    if kind in _WRITTEN_FOR_PEOPLE:
        return head.startswith((b"<?xml", b"<feedback")) or (head.startswith(b"{") and b"policies" in content)
    return not kind.startswith(("image/", "multipart/")) and len(head) > 0
