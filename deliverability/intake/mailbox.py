"""Mails as they are kept: one a file (Maildir, .eml), or many in an mbox (RFC 4155); compressed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from deliverability.fastclass import dataclass
from deliverability.intake.streams import DEFAULT, Limits, Part, Stream, open_stream
from deliverability.intake.trouble import Bad, Refused, Troubles

CHUNK = 1 << 18
"""Octets of an mbox that are looked at together."""
LONGEST_SEPARATOR = 512
"""Octets of a separator line; a path may have 256 (RFC 5321 §4.5.3.1.3) and a date some 40."""

_SEPARATOR = re.compile(
    rb"""From\ (?:"[^"\r\n]{0,64}"\S{0,320}|\S{1,320})?[ \t]{1,4}     # who sent it
         (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]{1,4})?
         (?=[A-Z0-9])(?=[^\r\n]{0,60}\b\d{1,2}:\d\d\b)(?=[^\r\n]{0,80}\b(?:19|20)\d\d\b)
         (?:\d{1,2}[ ])?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d{4}-\d\d-)
         [^\r\n]{0,100}(?=[\r\n]|\Z)""",
    re.VERBOSE,
)
"""A separator line: a sender and a date. A sentence that begins with "From " has no date behind its first word."""
_EMPTY_LINE = (b"\n\n", b"\n\r\n", b"\r\r")
_CONTEXT = 3
"""Octets before a separator that show the empty line."""
_FIRST_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")
_QUOTED = re.compile(rb"(?<![^\r\n])>(>*From )")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it is stored; it may lack headers. `number` counts from 1 where it is one of an mbox."""

    name: str
    raw: bytes
    number: int | None = None


def mails(
    path: str, limits: Limits = DEFAULT, *, troubles: Troubles | None = None, stdin: BinaryIO | None = None
) -> Iterator[Mail]:
    """The mails in the file at `path` (`-` is `stdin`), which is a mail or an mbox, or holds some as gzip, zstd or zip.

    What is wrong is counted in `troubles`, and the rest goes on; without `troubles`, Refused is raised.
    """
    try:
        for part in open_stream(path, limits, stdin=stdin):
            yield from mails_of(part, limits, troubles=troubles)
    except Refused as refused:
        _say(troubles, path, refused)


def mails_of(part: Part, limits: Limits = DEFAULT, *, troubles: Troubles | None = None) -> Iterator[Mail]:
    """The mails in one part, as `mails` gives them."""
    try:
        if is_mbox(part.stream.peek(LONGEST_SEPARATOR)):
            yield from _split(part, limits, troubles)
        else:
            yield Mail(name=part.name, raw=part.stream.whole(limits.mail))
    except Refused as refused:
        _say(troubles, part.name, refused)


def _say(troubles: Troubles | None, name: str, refused: Refused, number: int | None = None) -> None:
    if troubles is None:
        raise refused
    detail = refused.detail if number is None else f"mail {number}: {refused.detail}"
    troubles.add(Bad(file=name, reason=refused.reason, detail=detail))


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins with `head` is an mbox: no header field begins so (RFC 5322 §2.2)."""
    return head.startswith(b"From ")


def _split(part: Part, limits: Limits, troubles: Troubles | None) -> Iterator[Mail]:
    for number, raw in enumerate(_pieces(part.stream, limits), 1):
        if isinstance(raw, Refused):
            _say(troubles, part.name, raw, number)
        else:
            yield Mail(name=part.name, raw=_unwrapped(raw), number=number)


def _pieces(stream: Stream, limits: Limits) -> Iterator[bytes | Refused]:
    """Each mail with its separator line; in the place of one that is too large, why it is left out.

    The window is what is looked at: a chunk, and before it the octets in which a separator may have begun.
    """
    mail = _Held(limits.mail)
    window, looked, broken = b"", 0, None
    while True:
        try:
            chunk = stream.read(CHUNK)
        except Refused as refused:
            chunk, broken = b"", refused
        window += chunk
        safe = max(looked, len(window) - LONGEST_SEPARATOR) if chunk else len(window)
        begin = 0
        for start in _separators(window, looked, safe):
            yield mail.taken(window[begin:start])
            begin = start
        if not chunk:
            break
        kept = max(begin, safe - _CONTEXT)
        mail.add(window[begin:kept])
        window, looked = window[kept:], safe - kept
    yield mail.taken(window[begin:])
    if broken is not None:
        raise broken


def _separators(window: bytes, begin: int, end: int) -> Iterator[int]:
    for found in _SEPARATOR.finditer(window, begin):
        if found.start() >= end:
            return
        if window.endswith(_EMPTY_LINE, 0, found.start()):
            yield found.start()


class _Held:
    """The mail that is being read, as long as it is not too large."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most:
            self._pieces.clear()
        else:
            self._pieces.append(piece)

    def taken(self, last: bytes) -> bytes | Refused:
        """The mail, ending with `last`; the next begins."""
        self.add(last)
        whole, size = b"".join(self._pieces), self._size
        self._pieces.clear()
        self._size = 0
        return whole if size <= self._most else Refused("mail-too-large", f"more than {self._most} octets")


def _unwrapped(piece: bytes) -> bytes:
    """A mail without its separator line, the empty line that ends it, and the `>` before lines that begin with From."""
    raw = piece[_first_line_end(piece) :]
    if raw.endswith(_EMPTY_LINE):
        raw = raw[: -2 if raw.endswith(b"\r\n") else -1]
    return _QUOTED.sub(rb"\1", raw) if b">From " in raw else raw


def _first_line_end(piece: bytes) -> int:
    found = _FIRST_LINE.match(piece)
    return found.end() if found else 0
