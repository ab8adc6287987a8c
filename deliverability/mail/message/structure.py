"""The parts of a message by the standard library's parser, which names what is wrong with them."""

from __future__ import annotations

import binascii
import codecs
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from deliverability.fastclass import dataclass
from deliverability.mail import parts as cutting
from deliverability.mail.message.bounds import MAX_PARTS, Cut
from deliverability.mail.message.facts import Fault, Part
from deliverability.mail.message.safe import shown

if TYPE_CHECKING:
    from email.message import Message

MAX_TEXT = 1 << 20
"""Ours: characters of one body that are read."""
MAX_DEPTH = 40
"""Ours: levels of the tree that are walked; the message is cut before it can have more."""

DEFECTS = {
    "NoBoundaryInMultipartDefect": "no_boundary",
    "StartBoundaryNotFoundDefect": "boundary_not_found",
    "CloseBoundaryNotFoundDefect": "no_end_boundary",
    "MisplacedEnvelopeHeaderDefect": "misplaced_from",
    "InvalidMultipartContentTransferEncodingDefect": "multipart_encoding",
    "InvalidBase64PaddingDefect": "base64",
    "InvalidBase64CharactersDefect": "base64",
    "InvalidBase64LengthDefect": "base64",
}
"""What the parser notes (`email.errors`) → our word. What it says of the header we see ourselves."""

_OF_THE_CUT = frozenset({"no_end_boundary", "boundary_not_found", "base64"})
"""What the parser also says of a message that was cut short for it."""


class Leaf(NamedTuple):
    """A part that holds no other, with its body one character per octet."""

    part: Part
    content: cutting.Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The parts of a message, the leaves among them, and the faults."""

    parts: tuple[Part, ...]
    leaves: tuple[Leaf, ...]
    faults: tuple[Fault, ...]


def structure_of(cut: Cut) -> Structure:
    """The parts of what was cut. Where the parser gives up, there is one part of nothing, and a fault."""
    from email.parser import Parser  # noqa: PLC0415 - not at start-up
    from email.policy import compat32  # noqa: PLC0415 - as above

    try:
        # one character per octet: of octets it would decode the bodies by charsets that may be wrong
        message = Parser(policy=compat32).parsestr(cut.raw.decode("latin-1"))
        walked = list(_walk(message, "", "", 0))
    except Exception as error:  # noqa: BLE001 - the parser is not ours, and its input anybody's
        return Structure(parts=(), leaves=(), faults=(Fault(code="unparsable", text=type(error).__name__),))
    parts = tuple(part for part, _, _ in walked)
    leaves = tuple(Leaf(part, content) for part, content, _ in walked if content is not None)
    faults = [fault for part, content, found in walked for fault in _faults(part, content, found)]
    if cut.left_out:
        faults = [fault for fault in faults if fault.code not in _OF_THE_CUT]
    return Structure(parts=parts, leaves=leaves, faults=tuple(faults))


Walked = tuple[Part, cutting.Part | None, "Message"]


def _walk(message: Message, number: str, within: str, depth: int) -> Iterator[Walked]:
    """Each part before those inside it. What a message/* part encloses is somebody else's message, and not opened."""
    kind = _kind(message)
    payload: Any = message.get_payload()
    if isinstance(payload, list) and kind.startswith("multipart/") and depth < MAX_DEPTH:
        yield _part(message, number, kind, within, 0, 0), None, message
        inside = cast("list[Message]", payload)
        for index, inner in enumerate(inside[:MAX_PARTS], start=1):
            yield from _walk(inner, f"{number}.{index}" if number else str(index), kind, depth + 1)
        return
    body = payload if isinstance(payload, str) else ""
    content = cutting.Part(kind, _headers(message), body)
    octets = _as_sent(content.body) if not isinstance(payload, list) else _enclosed(message)
    yield _part(message, number, kind, within, octets, _decoded(content, octets)), content, message


def _kind(message: Message) -> str:
    return re.sub(r"[^a-z0-9!#$&^_.+/-]", "", message.get_content_type())[:100]


def _enclosed(message: Message) -> int:
    """The octets of the bodies of what a part encloses."""
    payloads: list[object] = [inner.get_payload() for inner in message.walk()]
    return sum(_as_sent(payload) for payload in payloads if isinstance(payload, str))


def _as_sent(body: str) -> int:
    """Its octets with CR and LF at the end of each line, as SMTP carries them (RFC 5321 §2.3.8)."""
    return len(body) + body.count("\n") - body.count("\r\n")


def _headers(message: Message) -> dict[str, str]:
    """The header fields that decoding needs, one character per octet."""
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        lowered = name.lower()
        if lowered.startswith("content-") and lowered not in found:
            found[lowered] = str(value)[:2000].replace("\r", "").replace("\n", "")
    return found


def _part(message: Message, number: str, kind: str, within: str, octets: int, decoded: int) -> Part:
    headers = _headers(message)
    disposition = headers.get("content-disposition", "").partition(";")[0].strip().lower()
    named = "name=" in (headers.get("content-disposition", "") + headers.get("content-type", "")).lower()
    return Part(
        number=number,
        kind=kind,
        within=within,
        charset=shown(cutting.parameter(headers, "charset").lower(), 40),
        encoding=shown(headers.get("content-transfer-encoding", "").strip().lower(), 40),
        attached=disposition == "attachment" or named,
        octets=octets,
        decoded=decoded,
    )


def _decoded(content: cutting.Part, octets: int) -> int:
    """The octets once decoded: counted for base64, decoded for quoted-printable."""
    encoding = content.headers.get("content-transfer-encoding", "").strip().lower()
    if encoding == "base64":
        return len(_NOT_BASE64.sub("", content.body)) * 3 // 4
    if encoding == "quoted-printable":
        return len(binascii.a2b_qp(content.body.encode("latin-1")))
    return octets


_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
"""RFC 2045 §6.1: the encodings there are; others begin with x-."""
_NOT_QUOTED = re.compile(r"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\r|\Z))")


def _faults(part: Part, content: cutting.Part | None, message: Message) -> Iterator[Fault]:
    """What is wrong with one part."""
    if content is not None and part.encoding == "base64":
        message.get_payload(decode=True)  # for what it notes on the way
    noted = Counter(DEFECTS.get(type(defect).__name__, "") for defect in message.defects)
    yield from (Fault(code=code, where=part.number, text=part.kind) for code in noted if code)
    if part.encoding not in _ENCODINGS and not part.encoding.startswith("x-"):
        yield Fault(code="unknown_encoding", where=part.number, text=part.encoding)
    if content is None:
        return
    if part.encoding == "quoted-printable" and (wrong := _NOT_QUOTED.findall(content.body[:MAX_TEXT])):
        yield Fault(code="quoted_printable", where=part.number, count=len(wrong))
    if part.encoding in {"", "7bit"} and not content.body.isascii() and not part.kind.startswith("message/"):
        yield Fault(code="undeclared_8bit", where=part.number, text=part.kind)
    if part.kind.startswith("text/"):
        yield from _charset_faults(part, content)


def _charset_faults(part: Part, content: cutting.Part) -> Iterator[Fault]:
    """A charset that nobody knows, or that the octets are not in."""
    octets = cutting.transfer_decoded(content).encode("latin-1")[:MAX_TEXT]
    charset = part.charset
    if not charset:
        if not octets.isascii():  # RFC 2045 §5.2: without a charset it is ASCII
            yield Fault(code="no_charset", where=part.number, text=part.kind)
        return
    try:
        b"a".decode(charset)
    except UnicodeError:
        pass
    except (LookupError, ValueError):  # also of codecs that make no text
        yield Fault(code="unknown_charset", where=part.number, text=charset)
        return
    if octets.isascii() and not charset.startswith(("utf-16", "utf-32", "iso-2022", "hz")):
        return
    if charset in _SLOW:
        return
    try:
        octets.decode(_read_as(charset))
    except UnicodeDecodeError as error:
        if error.end < len(octets) - 4 or len(octets) < MAX_TEXT:
            yield Fault(code="charset_mismatch", where=part.number, text=f"{charset}: {octets[error.start]:#04x}")
    except Exception:  # noqa: BLE001 - a codec's own trouble
        yield Fault(code="unknown_charset", where=part.number, text=charset)


_SUPERSETS = {
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
}
"""Charsets by Python's names that every mail program reads as a larger one (WHATWG Encoding Standard §4.2, 2026-11):
what is only in the larger one is shown as it was meant."""


def _read_as(charset: str) -> str:
    return _SUPERSETS.get(codecs.lookup(charset).name, charset)


_SLOW = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Codecs of Python's that are no charsets of mail; some take quadratic time."""
