"""Slips of the hand in SPF records: each recognised by what its writer meant, with the repair.

Receivers do not guess (RFC 7208 §4.6): a slip makes a record permerror, or no record at all, or silently loses a
term. An audit may guess, as long as it shows the guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from deliverability.fastclass import dataclass
from deliverability.protocols.spf.record import VERSION, Span, is_spf, parse
from deliverability.protocols.spf.slip_words import SlipCode, is_valid, mend_word

LONGEST_MENDED = 4096
"""Ours: characters. No record that a hand wrote is longer, and guessing takes time."""


@dataclass(frozen=True, slots=True)
class Slip:
    """`text` at `span` was written; `repair` was meant ("": nothing)."""

    code: SlipCode
    span: Span
    text: str
    repair: str


@dataclass(frozen=True, slots=True)
class Mending:
    """All slips of a text in order, and the text without them; None where that is still no valid record."""

    slips: tuple[Slip, ...]
    text: str | None


def mend(text: str) -> Mending:
    """Recognise the slips in a record, or in a text that was meant to be one, and undo them."""
    if len(text) > LONGEST_MENDED:
        return Mending((), None)
    clean, places, slips = _clean(text)
    body, version_slip = _version(clean)
    tokens = [(found[0], found.start(), found.end()) for found in re.finditer(r"[^ ]+", clean[body:])]
    here = [(token, body + start, body + end) for token, start, end in tokens]
    words: list[str] = []
    found_slips = [version_slip] if version_slip else []
    for token, start, end in _joined(here, found_slips):
        code, pieces = mend_word(token)
        words += pieces
        if code is not None:
            found_slips.append(Slip(code, Span(start, end), clean[start:end], " ".join(pieces)))
    original = [_at_original(slip, text, places) for slip in found_slips]
    slips = sorted([*slips, *original], key=lambda slip: slip.span)
    candidate = " ".join([VERSION, *_last_all_only(words, slips)])
    return Mending(tuple(slips), candidate if slips and not parse(candidate).faults else None)


def is_near_miss(text: str) -> bool:
    """Whether a text was meant as an SPF record although receivers do not see one in it."""
    return not is_spf(text) and _VERSION_LIKE.match(_clean(text)[0]) is not None


# --- characters ------------------------------------------------------------------------------------------------------

_CHARACTERS = {
    **dict.fromkeys("\t\n\v\f\r\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    **dict.fromkeys([*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))], ""),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", ""),
    "\uff1a": ":",
    "\uff1d": "=",
}
_STRANGE = re.compile(f"[{re.escape(''.join(_CHARACTERS))}]+")
_QUOTES = re.compile(r'\\?["\\]+')


def _clean(text: str) -> tuple[str, list[int], list[Slip]]:
    """The text in plain ASCII characters, the place of each in the original, and the slips that took."""
    decoded, origin = _decoded(text)
    slips: list[Slip] = []
    out: list[str] = []
    places: list[int] = []
    position = 0
    for start, end, code, repair in _strange_pieces(decoded):
        span = Span(origin[start], origin[end])
        slips.append(Slip(code, span, text[span.start : span.end], repair))
        out += decoded[position:start], repair
        places += [*origin[position:start], *([span.start] * len(repair))]
        position = end
    out.append(decoded[position:])
    return "".join(out), [*places, *origin[position:]], slips


def _decoded(text: str) -> tuple[str, list[int]]:
    """DNS text has one character an octet: as UTF-8 if it is that, with where each character stood, and the end."""
    try:
        decoded = text.encode("latin-1").decode()
    except UnicodeError:
        return text, list(range(len(text) + 1))
    return decoded, list(accumulate((len(char.encode()) for char in decoded), initial=0))


def _strange_pieces(text: str) -> Iterator[tuple[int, int, SlipCode, str]]:
    for found in re.finditer(f"{_STRANGE.pattern}|{_QUOTES.pattern}", text):
        start, end = found.span()
        if found[0][0] in '"\\':
            inside = start > 0 and end < len(text) and " " not in {text[start - 1], text[end]}
            yield start, end, SlipCode.QUOTES, " " if inside else ""
        else:
            repair = "".join(_CHARACTERS[char] for char in found[0])
            yield start, end, SlipCode.CHARACTERS, " " if repair.isspace() else repair


def _at_original(slip: Slip, text: str, places: list[int]) -> Slip:
    start, end = places[slip.span.start], places[slip.span.end]
    return Slip(slip.code, Span(start, end), text[start:end], slip.repair)


# --- the version -----------------------------------------------------------------------------------------------------

_VERSION_LIKE = re.compile(
    r" *(?:v *[=:] *(?:spf ?1|sfp1|spfl|spf)|spf1)(?![a-z0-9./]|$)[;,:. ]*| *v *= *spf1(?![0-9])", re.IGNORECASE
)


def _version(clean: str) -> tuple[int, Slip | None]:
    """Where the terms begin, and the slip in the version if there is one."""
    if is_spf(clean):
        return len(VERSION), None
    found = _VERSION_LIKE.match(clean)
    end = found.end() if found else 0
    return end, Slip(SlipCode.VERSION, Span(0, end), clean[:end], f"{VERSION} ")


# --- words that belong together --------------------------------------------------------------------------------------

_Word = tuple[str, int, int]
_OPEN = re.compile(r"[+\-~?]?(?:include|ip4|ip6|a|mx|ptr|exists|redirect|exp)[:=]", re.IGNORECASE)
_HEADLESS = re.compile(r"[+\-~?]?(?:include|ip4|ip6|exists)", re.IGNORECASE)


def _joined(words: list[_Word], slips: list[Slip]) -> Iterator[_Word]:
    """The words, with a term that a space tore apart made one again."""
    index = 0
    while index < len(words):
        token, start, end = words[index]
        follower = words[index + 1] if index + 1 < len(words) else None
        whole = follower and _torn(token, follower[0])
        if follower and whole:
            slips.append(Slip(SlipCode.SPLIT_TERM, Span(start, follower[2]), f"{token} {follower[0]}", whole))
            token, end = whole, follower[2]
            index += 1
        yield token, start, end
        index += 1


def _torn(token: str, follower: str) -> str | None:
    if token in {"+", "-", "~", "?"}:
        joins = follower[0] not in "+-~?" and is_valid(token + follower)
    elif _OPEN.fullmatch(token):
        joins = _is_bare(follower)
    elif _HEADLESS.fullmatch(token):
        if follower[0] != ":" and _is_bare(follower):
            follower = f":{follower}"
        joins = follower[0] == ":"
    else:
        return None
    return token + follower if joins and is_valid(token + follower) else None


def _is_bare(token: str) -> bool:
    return (
        not is_valid(token)
        and re.match(r"[+\-~?]?(?:include|ip4|exists|redirect|exp)[:=]|v=", token, re.IGNORECASE) is None
    )


def _last_all_only(words: list[str], slips: list[Slip]) -> list[str]:
    """Two records run together have two `all`: everything behind the first would be lost."""
    if not any(slip.code in {SlipCode.SECOND_VERSION, SlipCode.GLUED_TERMS} for slip in slips):
        return words
    alls = [index for index, word in enumerate(words) if re.fullmatch(r"[+\-~?]?all", word, re.IGNORECASE)]
    kept = [word for index, word in enumerate(words) if index not in alls]
    return [*dict.fromkeys(kept), *([words[alls[-1]]] if alls else [])]
