"""The fast reader of a DMARC aggregate report: what needs no XML parser does not see one.

A report is mostly records, and nearly all of them have one of a few sequences of tags, without attributes, entities or
comments. One regular expression recognises those where a record can begin; whatever else there is goes to the strict
reader, for which the recognised records were never written. A record is only recognised where the strict reader says
that the next thing is a child of the root, so that the two cannot disagree about where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from deliverability.feedback.aggregate import Auth, Head, Reason, Record, address_of
from deliverability.feedback.aggregate.text import CHUNK, utf8
from deliverability.feedback.aggregate.xml import StrictReader
from deliverability.intake.trouble import Refused

if TYPE_CHECKING:
    from deliverability.feedback.aggregate import Octets

MAX_EARLY = 10_000
"""Records that are held until the head is known, where it follows them against the schema."""
MAX_KEPT = 4096
"""Texts of a kind whose reading is remembered."""

_OPEN, _CLOSE = b"<record>", b"</record>"

# Possessive throughout: what was passed over is never tried again, so that time is linear in the text. The classes
# allow what is already as `Record` wants it, in ASCII and without entities; the rest goes to the strict reader.
_SPACE = r"[ \t\r\n]*+"
_WORD = r"([a-z_]{0,40}+)"
_NAME = r"([a-z0-9._-]{0,253}+)(?<!\.)"
_NUMBER = r"([0-9]{1,12}+)"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rf"(?:({_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})|([0-9A-Fa-f:.]{{2,45}}+))"
_TEXT = r"[ !-%'-;=?-~]{0,1024}+"


def _leaf(tag: str, text: str) -> str:
    return f"<{tag}>{text}</{tag}>{_SPACE}"


def _maybe(inner: str) -> str:
    return f"(?:{inner})?+"


def _element(tag: str, *inner: str) -> str:
    return f"<{tag}>{_SPACE}{''.join(inner)}</{tag}>{_SPACE}"


def _reason(kind: str, comment: str) -> str:
    return _element("reason", _maybe(_leaf("type", kind)), _maybe(_leaf("comment", comment)))


_REASON = re.compile(_reason(_WORD, f"({_TEXT})"))
_DKIM = _element(
    "dkim",
    *(_leaf("domain", _NAME), _maybe(_leaf("selector", _NAME)), _leaf("result", _WORD)),
    *(_maybe(_leaf("selector", _NAME)), _maybe(_leaf("human_result", _TEXT))),
)
_SPF = _element("spf", _leaf("domain", _NAME), _maybe(_leaf("scope", _WORD)), _leaf("result", _WORD))
_RECORD = re.compile(
    _SPACE
    + _element(
        "record",
        _element(
            "row",
            *(_leaf("source_ip", _ADDRESS), _leaf("count", _NUMBER)),
            _element(
                "policy_evaluated",
                *(_leaf("disposition", _WORD), _leaf("dkim", _WORD), _leaf("spf", _WORD)),
                f"((?:{_reason(_WORD.strip('()'), _TEXT)})*+)",
            ),
        ),
        _element(
            "identifiers",
            *(_maybe(_leaf("envelope_to", _TEXT)), _maybe(_leaf("envelope_from", _NAME)), _leaf("header_from", _NAME)),
        ),
        _element("auth_results", _maybe(_DKIM), _maybe(_DKIM), _maybe(_SPF)),
    )
)


def batches(stream: Octets, *, fast: bool = True) -> Iterator[tuple[Head, list[Record]]]:
    """As `aggregate.read`."""
    reader = _Reader(fast=fast)
    head: Head | None = None
    try:
        for piece in utf8(stream):
            reader.feed(piece)
            head = head or reader.strict.head()
            if head is not None and reader.strict.records:
                yield head, reader.taken()
            elif len(reader.strict.records) > MAX_EARLY:
                raise Refused("head-after-records", f"more than {MAX_EARLY} records come before what they are about")
        reader.finish()
        yield reader.strict.close(), reader.taken()
    finally:
        reader.strict.release()


class _Reader:
    """Pieces of a report, each record given to whichever reader can do it."""

    def __init__(self, *, fast: bool) -> None:
        self.strict = StrictReader()
        self._rest = b""
        self._fast = fast

    def feed(self, piece: bytes) -> None:
        """Read on; what may be half of a record waits for the next piece. Raises Refused."""
        if not self._fast:
            self.strict.feed(piece)
            return
        octets = self._rest + piece if self._rest else piece
        self._rest = octets[self._read(octets) :]

    def finish(self) -> None:
        """Read what waits. Raises Refused."""
        self.strict.feed(self._rest)
        self._rest = b""

    def taken(self) -> list[Record]:
        """The records since the last time."""
        records = self.strict.records
        self.strict.records = []
        return records

    def _read(self, octets: bytes) -> int:
        """Read as far as is certain; how far that was. The strict reader is brought to where a record may begin."""
        strict, position = self.strict, 0
        while True:
            if strict.is_between_records:
                position = _recognised(octets, position, strict.records)
                end = octets.find(_CLOSE, position)
                if end < 0:
                    return position if len(octets) - position <= CHUNK else self._all_of(octets, position)
                end += len(_CLOSE)
            else:
                end = octets.find(_OPEN, position)
                if end < 0:
                    return self._all_but_half_a_tag(octets, position)
            strict.feed(octets[position:end])
            position = end
            if not strict.is_between_records:  # a comment, say; to look again and again would cost the square of it
                return self._all_of(octets, position)

    def _all_of(self, octets: bytes, position: int) -> int:
        self.strict.feed(octets[position:])
        return len(octets)

    def _all_but_half_a_tag(self, octets: bytes, position: int) -> int:
        end = max(position, len(octets) - len(_OPEN) + 1)
        self.strict.feed(octets[position:end])
        return end


def _recognised(octets: bytes, position: int, records: list[Record]) -> int:
    """Add each record that has a common shape to `records`, up to one that has not; where that begins."""
    text = octets.decode("latin-1")  # a character an octet: what is not ASCII matches nothing
    match, add = _RECORD.match, records.append
    make = cast("Callable[[type[Record], tuple[object, ...]], Record]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]
    while found := match(text, position):
        v4, other, count, disposition, dkim, spf, reasons, sender, author, *results = found.groups()
        # of a DKIM result: domain, selector before the result, result, selector after it; twice; then those of SPF
        d, s, r, t, d2, s2, r2, t2, at, scope, result = results
        auth: tuple[Auth, ...] = () if at is None else (_spf(at, scope, result),)
        if d2 is not None:
            auth = (_dkim(d, s, r, t), _dkim(d2, s2, r2, t2), *auth)
        elif d is not None:
            auth = (_dkim(d, s, r, t), *auth)
        why = _reasons(reasons) if reasons else ()
        address = v4 or address_of(other)
        add(make(Record, (address, int(count), disposition, dkim, spf, why, sender or "", author, auth)))
        position = found.end()
    return position


@lru_cache(maxsize=MAX_KEPT)
def _dkim(domain: str, before: str | None, result: str | None, after: str | None) -> Auth:
    """The selector stands before the result or after it; the first counts."""
    return Auth("dkim", domain, (after if before is None else before) or "", result or "")


@lru_cache(maxsize=MAX_KEPT)
def _spf(domain: str, scope: str | None, result: str | None) -> Auth:
    return Auth("spf", domain, scope or "", result or "")


@lru_cache(maxsize=MAX_KEPT)
def _reasons(text: str) -> tuple[Reason, ...]:
    found = (match.groups("") for match in _REASON.finditer(text))
    return tuple(Reason(kind, comment.strip()) for kind, comment in found)
