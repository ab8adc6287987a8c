"""Where a body leads: each URL cut down to what tells nobody who reads it."""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

from deliverability.mail.message.authors import domains_in
from deliverability.mail.message.facts import HIDDEN, Link
from deliverability.mail.message.safe import domain_of, role, shown

MAX_KEYS = 20
"""Ours: names in a query that are kept."""
MAX_TOKENS = 40
"""Ours: pieces of one URL in which an encoded address is looked for."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):")
_CONTROLS = re.compile(r"[\x00-\x20]+")
_SEGMENT = re.compile(r"[A-Za-z]{1,20}(?:\.[A-Za-z]{2,5})?")
_KEY = re.compile(r"[A-Za-z_][\w.-]{0,30}")
_NUMBER = re.compile(r"(?i)0x[0-9a-f]{1,8}|\d{8,10}")
_HOSTED = frozenset({"http", "https", "ftp", "ws", "wss"})


def link_of(url: str, where: str, kind: str = "link", text: str | None = None, people: Collection[str] = ()) -> Link:
    """A URL without what is personal in it.

    `text` is what the reader sees of the link, None where it has no text; `people` are local parts of the recipients.
    """
    bare = _CONTROLS.sub("", url)
    match = _SCHEME.match(bare)
    scheme, rest = (match[1].lower(), bare[match.end() :]) if match else ("", bare)
    if not scheme and rest.startswith("//"):
        scheme = "https"  # RFC 3986 §4.2: without a scheme it takes the one of its surroundings, and mail has none
    host, path = _host_and_path(rest) if rest.startswith("//") and scheme in _HOSTED | {""} else ("", rest)
    path, _, query = path.partition("#")[0].partition("?")
    return Link(
        scheme=shown(scheme, 30),
        host=host,
        path=_path(path, scheme, host, people),
        keys=_keys(query),
        where=where,
        kind=kind,
        shown=claimed(text) if text and scheme in _HOSTED else None,
        hidden=text is not None and not text.strip() and kind == "link",
        exposes=exposed(bare) if scheme in _HOSTED else "",
    )


def _host_and_path(rest: str) -> tuple[str, str]:
    """The host of what follows the scheme, and what follows the host. RFC 3986 §3.2: user information is left out."""
    end = min((at for at in (rest.find(mark, 2) for mark in "/?#\\") if at > 0), default=len(rest))
    authority = rest[2:end].rpartition("@")[2]
    name = authority.partition("]")[0] + "]" if authority.startswith("[") else authority.partition(":")[0]
    return _host(name), rest[end:]


@lru_cache(maxsize=1024)
def _host(name: str) -> str:
    bare = unquote(name)[:300].removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    if _NUMBER.fullmatch(bare):
        number = int(bare, 16 if bare[1] in "xX" else 10)
        if number < 1 << 32:  # browsers read one number as an address
            return str(ip_address(number))
    return domain_of(bare)


def _path(path: str, scheme: str, host: str, people: Collection[str]) -> str:
    """As much of what follows the host as tells nobody who reads."""
    if scheme == "mailto":
        return _mailbox(path)
    return _short(path, people) if host or scheme in _HOSTED else _opaque(path)


def _short(path: str, people: Collection[str]) -> str:
    """The first segment where it is a word; the rest is an ellipsis."""
    segments = [segment for segment in path.split("/", 8) if segment]
    if not segments:
        return "/" if path else ""
    is_word = _SEGMENT.fullmatch(segments[0]) and segments[0].lower() not in people
    first = segments[0] if is_word else HIDDEN
    return f"/{first}" + (f"/{HIDDEN}" if len(segments) > 1 and first != HIDDEN else "")


def _mailbox(path: str) -> str:
    local, sign, domain = unquote(path[:600]).rpartition("@")
    return f"{role(local) or HIDDEN}@{shown(domain, 80)}" if sign else HIDDEN


def _opaque(path: str) -> str:
    """What follows a scheme without a host: its first word at most."""
    word = re.match(r"[a-z]{1,20}/?[a-z]{0,20}", path)
    return (word[0] if word else "") + (HIDDEN if len(path) > len(word[0] if word else "") else "")


def _keys(query: str) -> tuple[str, ...]:
    names = (piece.partition("=")[0] for piece in re.split("[&;]", query[:4000], maxsplit=MAX_KEYS * 2))
    return tuple(dict.fromkeys(name for name in names if _KEY.fullmatch(name)))[:MAX_KEYS]


_FILES = frozenset({"md", "py", "zip", "sh", "rs", "pl", "mov", "cc", "ps"})
"""Top-level domains that are endings of files more often than of hosts."""
_CLAIM = re.compile(r"(?i)(https?://)?((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?::\d{1,5})?(?:[/?#]\S*)?")


def claimed(text: str) -> str | None:
    """The domain that a link's text says it leads to: where it is a URL or a domain, or begins with one."""
    first = text.strip()[:300]
    match = _CLAIM.fullmatch(first) or (
        _CLAIM.match(first) if first.lower().startswith(("http://", "https://")) else None
    )
    if match is None or (not match[1] and match[2].rpartition(".")[2].lower() in _FILES):
        return None
    if match[1]:  # whoever writes a scheme means a URL, under whatever suffix
        return domain_of(match[2]) or None
    found = domains_in(match[2])
    return found[0] if found else None


_ADDRESS = re.compile(r"(?<![\w.+%-])([\w.+%'-]{1,64})@((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w-])")
MIN_TOKEN = 12
"""Ours: characters below which nothing can hold an encoded address."""
_TOKEN = re.compile(r"[A-Za-z0-9+_-]{12,600}={0,2}")
_TOKEN_WITH_SLASH = re.compile(r"[A-Za-z0-9+/]{12,600}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,300}")


def exposed(url: str) -> str:
    """What of a person stands in a URL: `address`, `encoded address`, or nothing. Role names are nobody's.

    User information before the host is no address, so the URL is looked at from the first slash behind the host.
    """
    _, _, rest = url.partition("//")
    tail = rest[rest.find("/") :] if "/" in rest else rest[rest.find("?") :] if "?" in rest else ""
    text = unquote(unquote(tail[:4096]))
    if _has_address(text):
        return "address"
    if len(text) < MIN_TOKEN:  # most links of most mail
        return ""
    tokens = _TOKEN.findall(text)[:MAX_TOKENS] + _TOKEN_WITH_SLASH.findall(text)[:MAX_TOKENS]
    return "encoded address" if any(_has_address(decoded) for token in tokens for decoded in _decodings(token)) else ""


def _has_address(text: str) -> bool:
    return "@" in text and any(not role(found[1]) for found in _ADDRESS.finditer(text))


def _decodings(token: str) -> list[str]:
    """`token` read as base64 (both alphabets) and as hexadecimal, where that gives ASCII text."""
    found: list[bytes] = []
    if _HEX.fullmatch(token):
        found.append(bytes.fromhex(token))
    core = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(core) % 4 != 1:
        with contextlib.suppress(binascii.Error):
            found.append(binascii.a2b_base64(core + "=" * (-len(core) % 4)))
    return [octets.decode("ascii") for octets in found if octets.isascii() and b"@" in octets]
