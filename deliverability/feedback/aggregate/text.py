"""The octets of an XML file as UTF-8, whatever it says or fails to say about its encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from deliverability.intake.trouble import Refused

if TYPE_CHECKING:
    from deliverability.feedback.aggregate import Octets

CHUNK = 256 * 1024
"""Octets read at once."""
_ENOUGH = 1024
"""Octets within which a byte order mark and an XML declaration stand."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, with whose mark it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"""[ \t\r\n]*<\?xml[^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z0-9._:-]{1,40})["']""")
_KNOWN = re.compile(
    r"utf-?8|us-ascii|ascii|latin-?1|iso-?8859-?\d\d?|(windows-?|cp)-?125\d|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|euc-(kr|jp|cn)|shift_jis|iso-2022-(jp|kr)"
)
"""Encodings of text that receivers use. Python knows others, some of which are no encodings of text."""


def utf8(stream: Octets) -> Iterator[bytes]:
    """The file in pieces that are valid UTF-8, beginning with `<`. What its encoding does not allow becomes U+FFFD.

    Raises Refused: empty, not-a-report, unknown-encoding; and whatever `stream` raises.
    """
    first = _first(stream)
    encoding, mark = _encoding(first)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    ascii_is_itself = not encoding.startswith(("utf-16", "utf-32", "iso2022"))
    started = False
    piece = first[mark:]
    while piece:
        if ascii_is_itself and piece.isascii() and not decoder.getstate()[0]:
            octets = piece
        else:
            octets = decoder.decode(piece).encode("utf-8", "replace")
        if not started:
            octets = octets.lstrip(b" \t\r\n")
            started = bool(octets)
            if started and not octets.startswith(b"<"):
                raise Refused("not-a-report", "no XML")
        yield octets
        piece = stream.read(CHUNK)
    if not started:
        raise Refused("empty", "nothing in it")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _first(stream: Octets) -> bytes:
    """Enough of the file to tell its encoding by."""
    first = stream.read(CHUNK)
    while len(first) < _ENOUGH and (more := stream.read(CHUNK)):
        first += more
    return first


def _encoding(first: bytes) -> tuple[str, int]:
    """The encoding, and how many octets of a byte order mark come before the text."""
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding, len(mark)
    for start, encoding in _BARE:
        if first.startswith(start):
            return encoding, 0
    declared = _DECLARED.match(first)
    return _codec(declared[1].decode("ascii").lower() if declared else "utf-8"), 0


@lru_cache(maxsize=64)
def _codec(name: str) -> str:
    """Python's name of an encoding that is declared in ASCII. Raises Refused."""
    if name.startswith(("utf-16", "utf-32", "ucs-")):
        return "utf-8"  # some .NET writers declare UTF-16 and write UTF-8
    try:
        if not _KNOWN.fullmatch(name):
            raise LookupError(name)
        return codecs.lookup(name).name
    except LookupError:
        raise Refused("unknown-encoding", name) from None
