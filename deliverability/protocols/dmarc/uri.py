"""Where reports are to go: the URIs of `rua` and `ruf` (RFC 9989 §4.6, §4.8), each with its place in the record."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from deliverability.fastclass import dataclass

WSP = " \t"
"""What the grammar of RFC 9989 §4.8 calls WSP."""

MAX_URIS = 50
"""URIs of one tag that are read; our own bound. RFC 7489 §6.3 makes receivers support two."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ALLOWED = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@$&'()*+;=-]|%[0-9A-Fa-f]{2})*")
"""The characters of a URI without `,` and `!`, which RFC 9989 §4.8 wants percent-encoded."""
_SIZE = re.compile(r"!([0-9]+[kmgtKMGT]?)\Z")


class UriFault(StrEnum):
    """Why a report destination is no URI that a receiver could use."""

    EMPTY = "empty"
    NO_SCHEME = "no_scheme"
    WHITE_SPACE = "white_space"
    CHARACTER = "character"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class ReportUri:
    """One destination. `host` is where it is delivered to (lower case), `address` the mailbox of a `mailto:`."""

    text: str
    span: tuple[int, int]
    scheme: str = ""
    address: str = ""
    host: str = ""
    size: str = ""
    fault: UriFault | None = None


def parse_uris(value: str, start: int = 0) -> tuple[ReportUri, ...]:
    """The comma-separated URIs of `value`, which stands at `start` in its record. Never raises."""
    uris: list[ReportUri] = []
    position = start
    for part in value.split(",", MAX_URIS)[:MAX_URIS]:
        text = part.strip(WSP)
        left = position + len(part) - len(part.lstrip(WSP)) if text else position
        uris.append(_parse(text, (left, left + len(text))))
        position += len(part) + 1
    return tuple(uris)


def _parse(text: str, span: tuple[int, int]) -> ReportUri:
    # RFC 9989 §4.8: obs-dmarc-report-size is to be ignored where it is found
    size = _SIZE.search(text)
    uri = text[: size.start()] if size else text
    suffix = size[1] if size else ""
    fault = _fault(uri)
    if fault is not None:
        return ReportUri(text, span, size=suffix, fault=fault)
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        return ReportUri(text, span, scheme.lower(), host=_authority(uri), size=suffix)
    address = unquote(rest.partition("?")[0])
    local, _, host = address.rpartition("@")
    # a mailto: has no `//`, and a report needs somebody to go to
    if not local or not host or local.startswith("//") or any(c in WSP for c in address):
        return ReportUri(text, span, "mailto", size=suffix, fault=UriFault.ADDRESS)
    return ReportUri(text, span, "mailto", address, host.lower().removesuffix("."), suffix)


def _fault(uri: str) -> UriFault | None:
    if not uri:
        return UriFault.EMPTY
    if any(c in WSP for c in uri):
        return UriFault.WHITE_SPACE
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return UriFault.NO_SCHEME
    return None if _ALLOWED.fullmatch(uri, scheme.end()) else UriFault.CHARACTER


def _authority(uri: str) -> str:
    try:
        return (urlsplit(uri).hostname or "").removesuffix(".")
    except ValueError:  # an unclosed bracket in the authority
        return ""
