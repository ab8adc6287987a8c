"""How much of a message is looked at. What lies beyond is named, never guessed.

The standard library's parser is linear in octets and lines, but makes an object of each part and goes one level deeper
into its own generators with each nesting: the message is cut before it, at the first bound that it meets.
"""

from __future__ import annotations

import re
from itertools import islice

from deliverability.fastclass import dataclass

MAX_OCTETS = 4 << 20
"""Ours: octets of one message that are looked at. The body stands before the attachments."""

MAX_LINES = 120_000
"""Ours: lines of one message that are looked at; 4 MiB of base64 have 55,000."""

MAX_HEADER_OCTETS = 256 << 10
"""Ours: octets of the message's header; Gmail refuses more than 500 KB of header, most servers 64 to 100 KB."""

MAX_PARTS = 200
"""Ours: delimiter lines up to which parts are looked into. All of them are counted."""

MAX_NESTED = 30
"""Ours: multiparts and enclosed messages that are opened, in each other or side by side."""

MAX_BOUNDARIES = 30
"""Ours: different boundaries whose delimiter lines are counted."""

OCTETS, LINES, PARTS, NESTED, HEADER = "octets", "lines", "parts", "nested", "header"
"""The names of the bounds in `MessageFacts.left_out`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The beginning of a message that is looked at.

    Attributes:
        raw: It, without a leading mbox line and leading empty lines.
        octets: The true size of the whole.
        line_ends: As `line_ends` says; carriage returns alone are line feeds in `raw`.
        mbox_line: Whether it began with the `From ` line of an mbox.
        left_out: The bounds that were met.
        delimiters: How many delimiter lines of parts there are, as far as octets and lines go.
    """

    raw: bytes
    octets: int
    line_ends: str
    mbox_line: bool
    left_out: tuple[str, ...]
    delimiters: int


def cut(raw: bytes, octets: int | None = None) -> Cut:
    """The beginning of `raw` within every bound; `octets` is the true size where `raw` is a beginning already."""
    size = max(len(raw), octets or 0)
    met: list[str] = [OCTETS] if size > MAX_OCTETS else []
    kept, mbox_line = _without_mbox_line(raw[:MAX_OCTETS])
    ends = line_ends(kept)
    if ends == "cr":  # of systems long gone; decoders know no such line ends
        kept = kept.replace(b"\r", b"\n")
    end = _end_of_lines(kept)
    if end < len(kept):
        met.append(LINES)
        kept = kept[:end]
    delimiters, last = _delimiters(kept)
    nested = _end_of_nested(kept)
    if last < len(kept):
        met.append(PARTS)
    if nested < len(kept):
        met.append(NESTED)
    return Cut(
        raw=kept[: min(last, nested)],
        octets=size,
        mbox_line=mbox_line,
        line_ends=ends,
        left_out=tuple(met),
        delimiters=delimiters,
    )


def line_ends(raw: bytes) -> str:
    """`crlf`, `lf`, `cr`, `mixed` or `none`. Stored mail mostly has line feeds alone, and is sent with both."""
    crlf = raw.count(b"\r\n")
    found = {"crlf": crlf, "lf": raw.count(b"\n") - crlf, "cr": raw.count(b"\r") - crlf}
    kinds = [name for name, count in found.items() if count]
    return kinds[0] if len(kinds) == 1 else "mixed" if kinds else "none"


def _without_mbox_line(raw: bytes) -> tuple[bytes, bool]:
    """RFC 4155: the separator line of an mbox is no part of the message. Empty lines before a header are none's."""
    text = raw.lstrip(b"\r\n")
    if text.startswith((b"From ", b">From ")):
        return text.partition(b"\n")[2] if b"\n" in text else text.partition(b"\r")[2], True
    return text or raw, False


def _end_of_lines(raw: bytes) -> int:
    """Where the last line ends that is looked at; carriage returns count as the parser counts them."""
    if raw.count(b"\n") + raw.count(b"\r") <= MAX_LINES:
        return len(raw)
    last = next(islice(_LINE_END.finditer(raw), MAX_LINES - 1, None), None)  # CR LF is one, and was counted twice
    return last.end() if last else len(raw)


_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOUNDARY = re.compile(rb"(?i)\bboundary\*?0?\*?\s{0,80}=\s{0,80}(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))")


def _delimiters(raw: bytes) -> tuple[int, int]:
    """How many delimiter lines there are, and where the first one begins that is beyond the bound."""
    declared = _bounded(_BOUNDARY, raw, MAX_BOUNDARIES * 4) if b"boundary" in raw.lower() else []
    named = dict.fromkeys((found[1] or found[2]).rstrip() for found in declared)
    boundaries = frozenset([name for name in named if name][:MAX_BOUNDARIES])
    end, count = len(raw), 0
    for found in _DELIMITER.finditer(raw) if boundaries else ():
        if found[1].rstrip() in boundaries:
            count += 1
            if count == MAX_PARTS + 1:
                end = found.start()
    return count, end


_DELIMITER = re.compile(rb"\n--([^\r\n]{1,200})")
"""RFC 2046 §5.1.1: a line of two hyphens and the boundary; white space may follow, and two hyphens more at the end."""
_NESTING = re.compile(rb"(?i)(?:^|[\r\n])content-type:\s{0,80}(?:multipart|message)/")


def _end_of_nested(raw: bytes) -> int:
    """Where the first multipart or enclosed message begins that is beyond the bound."""
    if raw.lower().count(b"content-type:") <= MAX_NESTED:
        return len(raw)
    found = _bounded(_NESTING, raw, MAX_NESTED + 1)
    return found[-1].start() if len(found) > MAX_NESTED else len(raw)


def _bounded(pattern: re.Pattern[bytes], raw: bytes, most: int) -> list[re.Match[bytes]]:
    return list(islice(pattern.finditer(raw), most))
