"""What somebody meant who published a text that is no DMARC record, or a record with faults in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from deliverability.protocols.dmarc.record import (
    POLICY_TAGS,
    REMOVED,
    URI_TAGS,
    VERSION,
    Policy,
    is_dmarc,
    parse,
    render,
)
from deliverability.protocols.dmarc.uri import WSP, parse_uris
from deliverability.protocols.texts import cleaned

TAGS = (*POLICY_TAGS, *URI_TAGS, "adkim", "aspf", "fo", "psd", "t")
"""The tags of RFC 9989 §4.7 besides `v`."""
MAX_JUNK = 256
"""Characters looked through for a version that is not where it belongs; our own bound."""

MAX_REPAIRED = 4096
"""Characters of a text that is repaired; our own bound, several times the longest record in use."""

_KNOWN = "|".join((*TAGS, *sorted(REMOVED)))
# Hardly any record is repaired: these are compiled when they are first needed, and `re` keeps them.
_VERSION = r"(?i)v[ \t]{0,9}[=:]?[ \t]{0,9}dmarc[ \t]?[0-9.]{0,9}"
_EXACT = r"[vV][ \t]*=[ \t]*DMARC1(?![0-9.])"
_POLICY_FIRST = r"(?i)p[ \t]*=[ \t]*(?:none|quarantine|reject)[ \t]*(?:;|\Z)"
_GLUED = rf"(?i)[ \t,]+(?=(?:{_KNOWN})[ \t]*=)"
_PAIR = r"([A-Za-z]+)[ \t]*[=:][ \t]*(.*)"
_MAILTO = r"(?i)(?:mailto)?[:/]*<?([^<>:/]+)>?"


class VersionFault(StrEnum):
    """Why a text that was meant as a DMARC record is none to any reader."""

    BEFORE = "before"
    NOT_FIRST = "not_first"
    MISSING = "missing"
    SEPARATOR = "separator"
    VALUE = "value"


def version_fault(text: str) -> tuple[VersionFault, tuple[int, int]] | None:
    """Why `text`, plainly meant as a DMARC record, is none, and where; None for a record and for any other text."""
    if is_dmarc(text):
        return None
    version = re.search(_VERSION, text[:MAX_JUNK])
    if version is None:
        return (VersionFault.MISSING, (0, 0)) if re.match(_POLICY_FIRST, text) else None
    before = text[: version.start()]
    if re.search(r"[A-Za-z0-9]", before):
        return (VersionFault.NOT_FIRST, version.span()) if re.match(_POLICY_FIRST, text) else None
    if before:
        return VersionFault.BEFORE, (0, version.start())
    exact = re.match(_EXACT, text)
    if exact is not None:
        return VersionFault.SEPARATOR, (exact.end(), min(exact.end() + 1, len(text)))
    return VersionFault.VALUE, version.span()


def repaired(text: str) -> str | None:
    """The record that `text` was meant to be, without fault and with `p` second; None where nobody could tell.

    What a reader already understands stays as it is. A policy that cannot be made out becomes `p=none`.
    """
    if len(text) > MAX_REPAIRED or (not is_dmarc(text) and version_fault(text) is None):
        return None
    tags: dict[str, str] = {}
    for name, value in _pairs(_body(cleaned(text) or text)):
        mended = _mended(name, value)
        if mended is not None:
            tags.setdefault(name, mended)
    policy = tags.pop("p", Policy.NONE.value)
    if "ruf" not in tags:
        tags.pop("fo", None)  # RFC 9989 §4.7: to be ignored without ruf
    record = render([("v", VERSION), ("p", policy), *tags.items()])
    return None if parse(record).problems else record


def _body(text: str) -> str:
    """What is left of a record without its version."""
    exact = re.match(_EXACT, text)
    version = exact or re.search(_VERSION, text[:MAX_JUNK])
    return text if version is None else f"{text[: version.start()]};{text[version.end() :]}"


def _pairs(body: str) -> Iterator[tuple[str, str]]:
    """Names and values, also where a separator is missing or wrong; a list of addresses cut in two is joined."""
    held: tuple[str, str] | None = None
    for element in body.split(";"):
        for part in re.split(_GLUED, element.strip(WSP + ",.:")):
            if held is not None and held[0] in URI_TAGS and re.match(r"mailto:", part, re.IGNORECASE):
                held = (held[0], f"{held[1]},{part}")
                continue
            pair = re.fullmatch(_PAIR, part)
            if pair is None:
                continue
            if held is not None:
                yield held
            held = (pair[1].lower(), pair[2])
    if held is not None:
        yield held


def _mended(name: str, value: str) -> str | None:
    """A value that has no fault, as near as can be to the one that was written; None if there is none."""
    if name == "v":
        return None
    if name in URI_TAGS:
        return ",".join(filter(None, map(_mended_uri, value.split(",")))) or None
    if name in POLICY_TAGS:
        return _meant(value, [policy.value for policy in Policy])
    short = value[:1].lower() if name in {"adkim", "aspf", "t", "psd"} and value.isalpha() else value
    faulty = parse(render([("v", VERSION), ("p", "none"), (name, short)])).problems
    return None if faulty else short


def _meant(value: str, options: list[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only a misspelt policy needs it

    return next(iter(get_close_matches(value.strip(WSP + "'\".:,").lower(), options, 1, 0.75)), None)


def _mended_uri(text: str) -> str | None:
    bare = "".join(text.split())
    if parse_uris(bare)[0].fault is None:
        return bare
    address = re.fullmatch(_MAILTO, bare)
    uri = f"mailto:{address[1]}" if address is not None else ""
    return uri if parse_uris(uri)[0].fault is None else None
