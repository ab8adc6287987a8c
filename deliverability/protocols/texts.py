r"""Telling mail records by their text: what a TXT is, what it was meant to be, and which characters spoil it.

Texts are as in `Answer.records`: one character per octet (latin-1), so a character beyond ASCII shows up as the octets
of its UTF-8 form.
"""

from __future__ import annotations

import re
from enum import StrEnum

from deliverability.fastclass import dataclass


class RecordKind(StrEnum):
    """The mail records that live in TXT and are read by their first words."""

    SPF = "SPF"
    DMARC = "DMARC"
    DKIM = "DKIM"


class Oddity(StrEnum):
    """A sort of character that has no place in a mail record, in words."""

    NO_BREAK_SPACE = "a space that is not U+0020"
    BIDI = "a bidirectional mark"
    INVISIBLE = "an invisible character"
    SMART_QUOTE = "a typographic quote"
    DASH = "a typographic dash"
    CONTROL = "a control character"
    BACKSLASH = "a literal backslash"
    QUOTE = "a pasted quote"
    NON_ASCII = "a character that is not ASCII"


@dataclass(frozen=True, slots=True)
class OddSpan:
    """`text[start:end]` is one oddity."""

    start: int
    end: int
    oddity: Oddity


MAX_LABEL = 80
"""Octets of a text looked at to tell its kind; junk before the version is short."""

_VERSION = re.compile(r"v[ \t]*=[ \t]*(spf1|dmarc1|dkim1)(?![a-z0-9])", re.IGNORECASE)
_DMARC = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(;|$)")
_SPF = re.compile(r"v=spf1( |$)", re.IGNORECASE)
_JUNK = " \t\r\n\"'\\`\x91\x92\x93\x94\xa0\xc2\xe2\x80\x8b\x98\x99\x9c\x9d\xef\xbb\xbf"
"""Spaces, quotes and marks that get pasted before a version, octet by octet."""
_DKIM_TAGS = frozenset("vghknpst")
"""RFC 6376 §3.6.1, and g of RFC 4871."""
_KEY = re.compile(r"[A-Za-z0-9+/=\s]{40,}")
"""An Ed25519 key is 44 characters of base64, an RSA key at least 96."""

_ODD: tuple[tuple[Oddity, str], ...] = (
    (Oddity.NO_BREAK_SPACE, r"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80|(?<![\x80-\xff])\xa0"),
    (Oddity.BIDI, r"\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]"),
    (Oddity.INVISIBLE, r"\xc2\xad|\xe2\x80[\x8b-\x8d]|\xe2\x81\xa0|\xef\xbb\xbf"),
    (Oddity.SMART_QUOTE, r"\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]|(?<![\xc2-\xf4])[\x91-\x94]"),
    (Oddity.DASH, r"\xe2\x80[\x90-\x95]|\xe2\x88\x92|(?<![\xc2-\xf4])[\x96\x97]"),
    (Oddity.CONTROL, r"[\x00-\x08\x0a-\x1f\x7f]"),
    (Oddity.BACKSLASH, r"\\"),
    (Oddity.QUOTE, r'"|^\'|\'$'),
    (Oddity.NON_ASCII, r"[\x80-\xff]+?(?=[\x00-\x7f]|\xc2|\xe2|\xe3|\xef|$)"),
)
_ANY_ODD = "|".join(f"(?P<{oddity.name}>{pattern})" for oddity, pattern in _ODD)
_SUSPECT = re.compile(r"[^ !#-&(-\[\]-~]")
"""Without any of these characters nothing is odd, and the full pattern, slow to make and to match, is not needed."""
_NOTE = re.compile(r"(?:^|;)[ \t\r\n]*n[ \t\r\n]*=[^;]*")
"""RFC 6376 §3.6.1: the tag that only people read."""
_ESCAPED = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_JOIN = re.compile(r'\\?"(?:[ \t]|\xc2\xa0)*\\?"')


def kind_of(text: str) -> RecordKind | None:
    """What `text` is to a reader: an SPF, DMARC or DKIM record, or none of them."""
    if _SPF.match(text):
        return RecordKind.SPF
    # RFC 9989 §4.7: the version comes first and its value is case-sensitive
    if _DMARC.match(text):
        return RecordKind.DMARC
    return RecordKind.DKIM if _is_key(text) else None


def meant_as(text: str) -> RecordKind | None:
    """What whoever published `text` had in mind, under pasted quotes, odd spaces and the wrong case of letters."""
    bare = text.lstrip(_JUNK)
    version = _VERSION.match(bare[:MAX_LABEL])
    if version:
        return RecordKind(version[1][:-1].upper())
    return kind_of(bare)


def odd_spans(text: str) -> tuple[OddSpan, ...]:
    """Every character that spoils a mail record, in order.

    A horizontal tab is white space in DKIM and DMARC (RFC 6376 §2.8), but not in SPF (RFC 7208 §12).
    """
    spans = _unusual(text)
    return _illegal_in_key(text, spans) if spans and meant_as(text) is RecordKind.DKIM else spans


def _unusual(text: str) -> tuple[OddSpan, ...]:
    if not _SUSPECT.search(text):
        return ()
    spans = [OddSpan(m.start(), m.end(), Oddity[m.lastgroup or ""]) for m in re.finditer(_ANY_ODD, text)]
    if meant_as(text) is RecordKind.SPF:
        spans += [OddSpan(m.start(), m.end(), Oddity.CONTROL) for m in re.finditer("\t", text)]
    return tuple(sorted(spans, key=lambda span: span.start))


def _illegal_in_key(text: str, spans: tuple[OddSpan, ...]) -> tuple[OddSpan, ...]:
    """RFC 6376 §2.8: a line break is white space; §3.2: quotes and backslashes are values, and a note may hold them."""
    note = _NOTE.search(text)
    start, end = note.span() if note else (0, 0)
    quotable = (Oddity.QUOTE, Oddity.BACKSLASH)
    return tuple(
        span
        for span in spans
        if text[span.start] not in "\r\n" and not (span.oddity in quotable and start < span.start and span.end < end)
    )


def cleaned(text: str) -> str | None:
    """`text` with every odd character repaired; None where it cannot be told what was meant."""
    joined = _unquoted(text)
    if joined is None:
        return None
    parts, position = list[str](), 0
    for span in _unusual(joined):
        if span.oddity is Oddity.NON_ASCII:
            return None
        parts += [joined[position : span.start], _repair(span.oddity, joined[span.start])]
        position = span.end
    return "".join([*parts, joined[position:]]).strip(" ")


def _unquoted(text: str) -> str | None:
    """Without the quotes of strings that were pasted with them: `"a" "b"` is read as `ab` (RFC 1035 §5.1)."""
    joints = list(_JOIN.finditer(text))
    if meant_as(text) is RecordKind.SPF and any(_glues(text, joint) for joint in joints):
        return None
    return _JOIN.sub("", text)


def _glues(text: str, joint: re.Match[str]) -> bool:
    """In SPF a space ends a term: strings that touch without one may have been one term or two."""
    around = text[: joint.start()][-1:], text[joint.end() :][:1]
    return all(char and char not in " \\" for char in around)


def _repair(oddity: Oddity, first: str) -> str:
    if oddity is Oddity.NO_BREAK_SPACE or (oddity is Oddity.CONTROL and first in "\t\r\n"):
        return " "
    return "-" if oddity is Oddity.DASH else ""


def _is_key(text: str) -> bool:
    """RFC 6376 §3.6.1: a list of its own tags with a key in p, or an empty p under v=DKIM1."""
    tags = [tag.partition("=") for tag in text.split(";") if tag.strip()]
    names = [name.strip() for name, _, _ in tags]
    values = {name.strip(): value.strip() for name, _, value in tags}
    if not names or "p" not in values or names[0] not in _DKIM_TAGS:
        return False
    if values.get("v") == "DKIM1" and names[0] == "v":
        return True
    return "v" not in values and set(names) <= _DKIM_TAGS and bool(_KEY.fullmatch(values["p"]))


def is_protective(text: str) -> bool:
    """Whether a valid record only forbids: an SPF of `-all`, an empty DKIM key, a DMARC policy of reject."""
    if kind_of(text) is RecordKind.SPF:
        return text.lower().split() == ["v=spf1", "-all"]
    tags = {name.strip(): value.strip() for name, _, value in (tag.partition("=") for tag in text.split(";"))}
    if kind_of(text) is RecordKind.DKIM:
        return not tags["p"]
    return {tags.get(name, "reject").lower() for name in ("p", "sp", "np")} == {"reject"} and "p" in tags


def name_as_text(name: str) -> str:
    r"""A domain name with its escapes undone (`\;`, `\032`; RFC 1035 §5.1): what was typed where a name belongs."""
    return _ESCAPED.sub(lambda m: chr(int(m[1]) & 0xFF) if m[1].isdigit() else m[1], name.removesuffix("."))
