"""The tag-list of a signature field (RFC 6376 §3.2), with where everything stands."""

from __future__ import annotations

import re

from deliverability.fastclass import dataclass

MAX_TAGS = 64
"""Ours; RFC 6376 §3.5 knows fourteen tags."""

_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FWS = re.compile(r"[ \t\r\n]+")
_WHITE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class TagList:
    """The values by name, where they stand in `text`, and what is wrong (`malformed`, `duplicate`, `too_many`)."""

    text: str
    values: dict[str, str]
    spans: dict[str, tuple[int, int]]
    fault: str = ""
    detail: str = ""

    def bare(self, name: str) -> str:
        """The value without white space: base64, lists and names may be folded anywhere."""
        return _FWS.sub("", self.values.get(name, ""))


def parse(value: bytes) -> TagList:
    """Read a field's value. Never raises; one character per octet, folds are gone."""
    # RFC 5322 §2.2.3: unfolding takes the line end alone
    text = value.decode("latin-1").replace("\r\n", "").strip(_WHITE)
    values, spans = dict[str, str](), dict[str, tuple[int, int]]()
    start = 0
    segments = text.split(";")
    if len(segments) > MAX_TAGS:
        return TagList(text, values, spans, "too_many")
    for place, segment in enumerate(segments):
        name, equals, content = segment.partition("=")
        bare = name.strip(_WHITE)
        if not segment.strip(_WHITE) and place == len(segments) - 1 and place:
            break  # RFC 6376 §3.2: one semicolon may end the list
        if not equals or not _TAG_NAME.fullmatch(bare):
            return TagList(text, values, spans, "malformed", bare[:20])
        if bare in values:
            # RFC 6376 §3.2: a tag that stands twice makes the whole list invalid
            return TagList(text, values, spans, "duplicate", bare)
        stripped = content.strip(_WHITE)
        at = start + len(name) + 1 + len(content) - len(content.lstrip(_WHITE))
        values[bare], spans[bare] = stripped, (at, at + len(stripped))
        start += len(segment) + 1
    return TagList(text, values, spans)
