"""Records as people publish them: master-file lines to paste, and what changes between the old text and the new."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deliverability.findings import RecordChange

STRING_OCTETS = 255
"""RFC 1035 §3.3: one character-string; longer TXT data is several of them side by side."""
MAX_DIFF_TOKENS = 400
"""Words of a record that are compared one by one; comparing grows with their square."""

QUOTED_TYPES = frozenset({"TXT", "SPF"})
"""Types whose data is character-strings."""
_TOKEN = re.compile(r"\s+|[^\s;]+;?|;")

Piece = tuple[str, bool]
"""Some text, and whether it changed."""


def strings(value: str) -> list[str]:
    """The character-strings of a TXT record: at most 255 octets each, at least one."""
    return [value[i : i + STRING_OCTETS] for i in range(0, len(value), STRING_OCTETS)] or [""]


def zone_lines(changes: Iterable[RecordChange]) -> list[str]:
    """The RRsets after `changes`, as lines of a master file; one that goes away altogether is a `deliv-delete`.

    The lines can be pasted into a zone and also be given to `deliv audit --overlay`.
    """
    rrsets: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        lines = rrsets.setdefault((change.name, change.type), [])
        if change.value is not None:
            lines.append(_line(change, change.value))
    return [line for key, lines in rrsets.items() for line in lines or [f"; deliv-delete {key[0]}. {key[1]}"]]


def _line(change: RecordChange, value: str) -> str:
    data = " ".join(_quoted(s) for s in strings(value)) if change.type in QUOTED_TYPES else value
    ttl = "" if change.ttl is None else f"{change.ttl} "
    return f"{change.name}. {ttl}IN {change.type} {data}"


def _quoted(text: str) -> str:
    return '"' + "".join(_octet(c) for c in text) + '"'


def _octet(character: str) -> str:
    # RFC 1035 §5.1: \X for a character that means something, \DDD for an octet that cannot be written
    if character in '"\\':
        return "\\" + character
    if " " <= character <= "~":
        return character
    octets = character.encode("latin-1") if character <= "\xff" else character.encode("utf-8", "surrogatepass")
    return "".join(f"\\{octet:03d}" for octet in octets)


def compared(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut into pieces, those that the other lacks marked."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(before), len(after)) > MAX_DIFF_TOKENS:
        return [(old, True)], [(new, True)]
    from difflib import SequenceMatcher  # noqa: PLC0415 - only reports with a replaced record need it

    left: list[Piece] = []
    right: list[Piece] = []
    for word, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        changed = word != "equal"
        left += _trimmed("".join(before[a:b]), changed)
        right += _trimmed("".join(after[c:d]), changed)
    return left, right


def _trimmed(text: str, changed: bool) -> list[Piece]:
    """The white space around changed words is not marked with them; where it is all that changed, it is."""
    core = text.strip()
    if not changed or not core:
        return [(text, changed)] if text else []
    start = text.index(core)
    parts = ((text[:start], False), (core, True), (text[start + len(core) :], False))
    return [part for part in parts if part[0]]


def string_lines(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """`pieces` broken into one line for each character-string that they would be published as."""
    lines: list[list[Piece]] = [[]]
    room = STRING_OCTETS
    for text, changed in pieces:
        rest = text
        while rest:
            if room == 0:
                lines.append([])
                room = STRING_OCTETS
            lines[-1].append((rest[:room], changed))
            rest, room = rest[room:], max(room - len(rest), 0)
    return lines
