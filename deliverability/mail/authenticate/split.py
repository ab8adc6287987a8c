"""A message as its signatures see it: header fields with their white space, and the body with CRLF line ends.

In one pass and bounded, whatever the octets. What people read of a message is `deliverability.mail.message`.
"""

from __future__ import annotations

import re

from deliverability.fastclass import dataclass

MAX_HEADER_OCTETS = 512 * 1024
"""Ours: octets of a header that signatures are judged by. Large receivers refuse above 100 to 500 KB."""
MAX_FIELDS = 2_000
"""Ours: header fields; a message through ten servers has some sixty."""
MAX_BODY_OCTETS = 64 * 1024 * 1024
"""Ours: octets of a body that are hashed. Receivers refuse above 25 to 50 MB."""

_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
"""RFC 5322 §3.6.8, and §4.5.8 for the white space before the colon."""

RawField = tuple[bytes, bytes]
"""Name (with white space before the colon, if any) and value, which keeps its folds and ends in CRLF."""


@dataclass(frozen=True, slots=True)
class Split:
    """The fields in order and the body. `too_large` names what is beyond our bounds (`header`, `body`), else ""."""

    fields: tuple[RawField, ...]
    body: bytes
    too_large: str = ""

    def count(self, name: str) -> int:
        """How many fields are called `name` (lower case)."""
        return sum(field_name(one) == name for one in self.fields)


def field_name(field: RawField) -> str:
    """The field's name in lower case."""
    return field[0].rstrip(b" \t").lower().decode("ascii", "replace")


def split(raw: bytes) -> Split:
    """Cut `raw` into header fields and body. Never raises."""
    start = _after_mbox_line(raw)
    end, body_at = _end_of_header(raw, start)
    if end - start > MAX_HEADER_OCTETS:
        return Split((), b"", "header")
    fields, junk = _fields(raw[start:end])
    if len(fields) > MAX_FIELDS:
        return Split(tuple(fields[:MAX_FIELDS]), b"", "header")
    if len(raw) - body_at > MAX_BODY_OCTETS:
        return Split(tuple(fields), b"", "body")
    # what is no field and no continuation ends the header, as Postfix and the standard library have it
    body = junk + raw[end:body_at] + raw[body_at:] if junk else raw[body_at:]
    return Split(tuple(fields), crlf(body))


def crlf(text: bytes) -> bytes:
    """`text` with CRLF for every bare LF: RFC 6376 §5.3, signatures are of the message as SMTP carries it."""
    if text.count(b"\n") == text.count(b"\r\n"):
        return text
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _after_mbox_line(raw: bytes) -> int:
    if not raw.startswith((b"From ", b">From ")):
        return 0
    return raw.find(b"\n") + 1


def _end_of_header(raw: bytes, start: int) -> tuple[int, int]:
    """Where the header ends (behind its last line's end), and where the body begins."""
    if raw.startswith((b"\r\n", b"\n"), start):
        return start, start + (2 if raw[start] == 13 else 1)
    ends = [(at + 1, at + len(mark)) for mark in (b"\n\n", b"\n\r\n") if (at := raw.find(mark, start)) >= 0]
    return min(ends, default=(len(raw), len(raw)))


def _fields(header: bytes) -> tuple[list[RawField], bytes]:
    """The fields, and what follows from the first line that is neither a field nor a continuation."""
    fields = list[tuple[bytes, list[bytes]]]()
    at = 0
    lines = header.split(b"\n")
    lines = lines[:-1] if lines and not lines[-1] else lines
    for line in lines:
        whole = line.removesuffix(b"\r") + b"\r\n"
        match = _NAME.match(line)
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1][1].append(whole)
        elif match is not None:
            name_end = match.end() - 1
            fields.append((line[:name_end], [whole[name_end + 1 :]]))
        else:
            return [(name, b"".join(values)) for name, values in fields], header[at:]
        at += len(line) + 1
    return [(name, b"".join(values)) for name, values in fields], b""
