"""The header of a message, cut at the octet level: every field with its octets, whatever they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from deliverability.fastclass import dataclass
from deliverability.mail.message.bounds import MAX_HEADER_OCTETS

MAX_FIELDS = 1000
"""Ours: fields of one header that are read."""

MAX_NAMES = 200
"""Ours: different names of fields that are kept."""

MAX_VALUE = 16_384
"""Ours: characters of one field's value that are looked at."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: In lower case.
        value: Unfolded and without white space at its ends, one character per octet (latin-1).
        raw: The whole field with its name and folding, without the last line end, one character per octet.
    """

    name: str
    value: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The fields of a header.

    Attributes:
        fields: In order.
        end: Where the body begins.
        separated: Whether an empty line stands between header and body; a message without a body needs none.
        strays: Lines that are no field: neither `name:` nor folded.
        folded_first: Whether the first line begins with white space.
        complete: Whether all of the header was read.
    """

    fields: tuple[Field, ...]
    end: int
    separated: bool
    strays: tuple[str, ...]
    folded_first: bool
    complete: bool

    def all(self, name: str) -> list[Field]:
        """Every field of that name (lower case)."""
        return [field for field in self.fields if field.name == name]

    def first(self, name: str) -> str:
        """The value of the first field of that name; empty where there is none."""
        return next((field.value for field in self.fields if field.name == name), "")

    def counts(self) -> Mapping[str, int]:
        """How often each field is there, as many names as are kept."""
        return dict(list(Counter(field.name for field in self.fields).items())[:MAX_NAMES])


_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r(?!\n)|\Z)")
_NAME = re.compile(r"([!-9;-~]{1,200})[ \t]{0,20}:")
"""RFC 5322 §3.6.8: a field's name is printable ASCII but the colon; §4.5: obsolete, white space before the colon."""


def header_of(raw: bytes) -> Header:
    """The header that `raw` begins with. Where a line can be no part of one, the body begins there."""
    found = _EMPTY_LINE.search(raw)
    empty_first = raw[:1] in {b"\r", b"\n"}
    end = 0 if empty_first else (found.start() if found else len(raw))
    text = raw[: min(end, MAX_HEADER_OCTETS)].decode("latin-1")
    fields, strays, folded_first, consumed = _fields(text)
    broken = consumed is not None
    return Header(
        fields=tuple(fields),
        end=consumed if consumed is not None else (found.end() if found and not empty_first else end),
        separated=not broken and (found is not None or empty_first or end == len(raw)),
        strays=tuple(strays),
        folded_first=folded_first,
        complete=end <= MAX_HEADER_OCTETS and len(fields) < MAX_FIELDS,
    )


def _fields(text: str) -> tuple[list[Field], list[str], bool, int | None]:
    """The fields, the lines that are none, whether the first is folded, and where a body begins without empty line."""
    lines: list[list[str]] = []
    strays: list[str] = []
    folded_first = False
    position = 0
    for match in _LINE.finditer(text):
        line = match[0]
        if not line:
            break
        if line[0] in " \t":
            if lines:
                lines[-1].append(line)
            else:
                folded_first = True
        elif _NAME.match(line):
            if len(lines) >= MAX_FIELDS:
                break
            lines.append([line])
        else:
            strays.append(line.rstrip("\r\n")[:200])
            if not _goes_on(text, match.end()):
                return [_field(one) for one in lines], strays, folded_first, position
        position = match.end()
    return [_field(one) for one in lines], strays, folded_first, None


def _goes_on(text: str, position: int) -> bool:
    """Whether the line after a stray one is a field again: then the stray is a slip inside the header."""
    line = _LINE.match(text, position)
    return line is not None and (_NAME.match(line[0]) is not None or line[0][:1] in {" ", "\t"})


def _field(lines: list[str]) -> Field:
    raw = "".join(lines)[: MAX_VALUE * 2].rstrip("\r\n")
    name, _, value = raw.partition(":")
    # RFC 5322 §2.2.3: unfolding takes the line ends away and nothing else
    unfolded = value.replace("\r", "").replace("\n", "")
    return Field(name.strip(" \t").lower(), unfolded.strip(" \t")[:MAX_VALUE], raw)
