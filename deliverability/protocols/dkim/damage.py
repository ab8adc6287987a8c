"""Characters that came into a record by copying it from somewhere, and the text without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class DamageKind(StrEnum):
    """Where such a character comes from."""

    QUOTE = "quote"
    """A straight quotation mark of a zone file, or a typographic one of a word processor."""
    ESCAPE = "escape"
    """A zone file's backslash."""
    NO_BREAK_SPACE = "no_break_space"
    """A space out of a web page or a PDF."""
    CHARACTER = "character"
    """Anything else outside printable ASCII."""


Damage = tuple[DamageKind, tuple[int, int]]
"""One run of such characters, and where it stands."""

# TXT comes one character per octet, so what was pasted as UTF-8 stands here as two or three of them.
_QUOTE = '"|\xe2\x80[\x98-\x9f]|[\x91-\x94]'
_NO_BREAK = "\xc2\xa0|\xe2\x80\xaf|\xa0"
_PLAIN = r"\t\r\n\x20-\x7e"
_RUNS = (
    rf"(?P<quote>(?:\\?(?:{_QUOTE}))+)|(?P<escape>\\;?)|(?P<space>(?:{_NO_BREAK})+)"
    rf"|(?P<other>[^{_PLAIN}]+?(?=[{_PLAIN}\xa0]|\xc2\xa0|\xe2\x80|$))"
)
_ANY = re.compile(rf"[^{_PLAIN}]|[\"\\]")
_KINDS = {
    "escape": DamageKind.ESCAPE,
    "quote": DamageKind.QUOTE,
    "space": DamageKind.NO_BREAK_SPACE,
    "other": DamageKind.CHARACTER,
}

_INVISIBLE = re.compile("\xe2\x80[\x8b-\x8f]|\xef\xbb\xbf")
"""Zero-width characters and the byte order mark, in UTF-8: they stand for nothing."""


def damages(text: str) -> Iterator[Damage]:
    """Every run of characters that no DKIM key record has reason to hold, in order."""
    if _ANY.search(text):  # hardly ever, and the full pattern takes its time to make and to match
        for run in re.finditer(_RUNS, text):
            yield _KINDS[str(run.lastgroup)], run.span()


def repaired(text: str) -> str:
    """`text` without quotes, backslashes and invisible characters, and with plain spaces for no-break spaces."""
    return re.sub(_NO_BREAK, " ", re.sub(rf"{_QUOTE}|\\", "", _INVISIBLE.sub("", text)))
