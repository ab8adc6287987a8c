"""The parts of a mail, cut at the octet level: enough of MIME to read reports, bounded, and never an exception.

The mail is held as text with one character per octet (latin-1), so that structure is found whatever the charset; a
part's text is decoded only when somebody reads it. The standard library's parser builds the whole tree of every mail,
at ten times the cost.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_OCTETS = 1 << 20
"""Ours: octets of one mail that are read. A report stands before the mail that it returns (RFC 6522 §3)."""

MAX_PARTS = 100
"""Ours: parts of one mail that are read; a report has three."""

MAX_DEPTH = 8
"""Ours: multiparts within multiparts that are opened."""

MAX_HEADER_LINES = 1000
"""Ours: lines of one header that are read."""

MAX_VALUE = 32_768
"""Ours: characters of one field that are kept."""

Headers = Mapping[str, str]
"""Field name in lower case → its first value, unfolded, one character per octet."""


class Part(NamedTuple):
    """One leaf of a mail; a tuple, since a mail has several and there are many mails.

    Attributes:
        kind: The media type in lower case, without parameters; text/plain where none is given.
        headers: The part's own header fields.
        body: What follows them, one character per octet, not decoded, line ends as line feeds.
    """

    kind: str
    headers: Headers
    body: str


def read(raw: bytes) -> tuple[Headers, list[Part]]:
    """The header of a mail and its leaves in order. Whatever the octets, there is an answer.

    Args:
        raw: The mail; line ends of any form, a leading mbox line, leading blank lines.

    Returns:
        The header fields and at least one part. What lies inside a message/rfc822 part is not opened.
    """
    text = raw[:MAX_OCTETS].decode("latin-1")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.lstrip("\n")
    if text.startswith(("From ", ">From ")):
        text = text.partition("\n")[2]
    headers, body = header_and_body(text)
    leaves: list[Part] = []
    _open(headers, body, MAX_DEPTH, leaves)
    return headers, leaves


def header_and_body(text: str) -> tuple[Headers, str]:
    """Cut at the first empty line. RFC 5322 §2.2: a line that begins with white space goes on with the field above."""
    if text.startswith("\n"):
        return {}, text[1:]
    head, _, body = text.partition("\n\n")
    return fields(head), body


WANTED = frozenset(
    {
        "content-type",
        "content-transfer-encoding",
        "from",
        "to",
        "subject",
        "return-path",
        "message-id",
        "date",
        "delivered-to",
        "received",
        "sender",
        "x-failed-recipients",
        "auto-submitted",
        "precedence",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-reply",
        "x-vacation",
        "x-mail-autoreply",
        "x-envelope-to",
        "x-original-to",
        "x-apparently-to",
        "x-hmxmroriginalrecipient",
        "x-sid-pra",
        "x-originating-ip",
        "list-id",
    }
)
"""The header fields that anybody here reads; the rest, most of it, is passed over."""


def fields(head: str) -> Headers:
    """The header fields of `head` that are wanted. The first of several counts, but all of X-Failed-Recipients."""
    found: dict[str, str] = {}
    name = ""
    for line in head.split("\n", MAX_HEADER_LINES)[:MAX_HEADER_LINES]:
        if line[:1] in _FOLDED:
            if name and len(found[name]) < MAX_VALUE:
                found[name] += " " + line[:MAX_VALUE].strip()
            continue
        name, _, value = line.partition(":")
        name = name.rstrip().lower()
        if name not in WANTED:
            name = ""
        elif name not in found:
            found[name] = value[:MAX_VALUE].strip()
        elif name == "x-failed-recipients" and len(found[name]) < MAX_VALUE:  # Exim writes several
            found[name] += ", " + value[:MAX_VALUE].strip()
        else:
            name = ""
    return found


_FOLDED = frozenset({" ", "\t"})
"""RFC 5322 §2.2.3: how a line begins that goes on with the field above."""


def _open(headers: Headers, body: str, depth: int, leaves: list[Part]) -> None:
    """Add the leaves of a part to `leaves`, up to `MAX_PARTS`."""
    kind = media_type(headers)
    pieces = _pieces(headers, body) if depth and kind.startswith("multipart/") else None
    if not pieces:
        leaves.append(Part(kind, headers, body))
        return
    for piece in pieces:
        if len(leaves) >= MAX_PARTS:
            return
        inner, content = header_and_body(piece)
        _open(inner, content, depth - 1, leaves)


def media_type(headers: Headers) -> str:
    """The media type in lower case; RFC 2045 §5.2: text/plain where none is given."""
    return headers.get("content-type", "text/plain").partition(";")[0].strip().lower()


_PARAMETER = {
    name: re.compile(rf'(?i)\b{name}\*?0?\*?\s*=\s*(?:"([^"]{{1,200}})"|([^\s;"]{{1,200}}))')
    for name in ("boundary", "charset", "report-type")
}


def parameter(headers: Headers, name: str) -> str:
    """A parameter of the content type (boundary, charset, report-type), unquoted; empty where it is not there."""
    value = headers.get("content-type")
    match = _PARAMETER[name].search(value) if value else None
    return (match[1] or match[2]) if match else ""


_GUESS = re.compile(r"(?m)^--([^\n]{1,200}?)[ \t]*\nContent-", re.IGNORECASE)


def _pieces(headers: Headers, body: str) -> list[str] | None:
    """What stands between the boundary lines; None where there is none. A boundary that is wrong is guessed."""
    boundary = parameter(headers, "boundary").rstrip()
    body = "\n" + body
    if not boundary or f"\n--{boundary}" not in body:
        guessed = _GUESS.search(body)
        if guessed is None:
            return None
        boundary = guessed[1]
    pieces: list[str] = []
    delimiter = f"\n--{boundary}"
    # the preamble is nobody's; RFC 2046 §5.1.1: the text of a delimiter may go on with "--" (the end) or white space
    for chunk in body.split(delimiter, MAX_PARTS + 1)[1 : MAX_PARTS + 1]:
        line, newline, content = chunk.partition("\n")
        if line.startswith("--"):
            break
        if pieces and line.strip():  # the boundary of a part within, of which this one is the beginning
            pieces[-1] += delimiter + chunk
        elif newline or not pieces:
            pieces.append(content)
    return pieces or None


_TEXT_CHARSET = re.compile(r"(?:utf|us-ascii|ascii|iso|windows|cp\d|koi8|big5|gb|euc|shift|sjis|ks_|hz|latin|mac)")
"""Codecs that are charsets of mail. Python has others under such names as punycode, of quadratic cost."""

_MISSPELT = {"uft-8": "utf-8", "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "iso-8859-8-i": "iso-8859-8"}

_STATEFUL = re.compile(r"(?:iso-2022|hz|utf-?7|utf-?16|utf-?32)")
"""Charsets in which ASCII octets can mean something else."""


def text_of(part: Part, most: int | None = None) -> str:
    """The part's text, its transfer encoding and charset undone; what cannot be decoded is U+FFFD.

    Args:
        part: The part.
        most: How many characters are wanted, if not all; there may be more.
    """
    # quoted-printable takes three characters for an octet, UTF-8 up to four octets for a character
    wanted = part if most is None or len(part.body) <= 12 * most else part._replace(body=part.body[: 12 * most])
    body = transfer_decoded(wanted)
    declared = parameter(part.headers, "charset").lower()
    charset = _MISSPELT.get(declared, declared)
    if body.isascii() and not (charset and _STATEFUL.match(charset)):
        return body
    return _decoded(body.encode("latin-1", "replace"), charset)


def _decoded(octets: bytes, charset: str) -> str:
    if not _TEXT_CHARSET.match(charset):
        charset = "utf-8"
    try:
        codecs.lookup(charset)
    except LookupError:
        charset = "utf-8"
    if charset.startswith("iso-2022"):
        # ISO 2022 in mail (RFC 1468) is back in ASCII at the end of each line; a line that is not spoils no other
        octets = octets.replace(b"\n", b"\x1b(B\n")
    try:
        return octets.decode(charset)
    except UnicodeError:
        # a lie: 8-bit text that is no UTF-8 is mostly Western
        wrong = charset in {"utf-8", "us-ascii", "ascii"}
        return octets.decode("windows-1252" if wrong else charset, "replace")


def transfer_decoded(part: Part) -> str:
    """The part's body with its transfer encoding undone (RFC 2045 §6), one character per octet."""
    encoding = part.headers.get("content-transfer-encoding")
    if encoding is None:
        return part.body
    encoding = encoding.partition(";")[0].strip().lower()
    if encoding == "quoted-printable":
        decoded = binascii.a2b_qp(part.body.encode("latin-1"))
    elif encoding == "base64":
        decoded = _base64(part.body)
    else:
        return part.body
    return decoded.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def _base64(body: str) -> bytes:
    """RFC 2045 §6.8: characters outside the alphabet are passed over; what the end lacks is left out."""
    kept = _NO_BASE64.sub("", body)
    usable = len(kept) - (len(kept) % 4 == 1)
    try:
        return binascii.a2b_base64(kept[:usable] + "=" * (-usable % 4))
    except binascii.Error:
        return body.encode("latin-1")
