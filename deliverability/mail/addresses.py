"""Mail addresses in what machines write: fields of reports, and lines meant for people."""

from __future__ import annotations

import re

from deliverability.mail.words import decoded

_NOT_LOCAL = r"\s<>()\[\]{},;:\"'@|\\\u3000-\u3002\u300c\u300d\u3010\u3011\uff08\uff09\uff0c\uff1a\uff1b"
"""What ends a local part in running text; the last of it is punctuation of Chinese and Japanese."""

ADDRESS = rf"(?:[^{_NOT_LOCAL}]{{1,64}}|\"[^\"\n@]{{1,64}}\")@(?:[\w-]{{1,63}}\.){{0,9}}[\w-]{{1,63}}"
"""An address in running text. RFC 5321 §4.5.3.1.1: 64 octets of local part; domains by letters, digits, hyphens."""

_ADDRESS = re.compile(ADDRESS)

MAX_ADDRESS = 320
"""Ours: characters of an address; more is no address."""


def addresses(text: str) -> list[str]:
    """Every address in `text`, in order, each once (in whatever case)."""
    found = {address.lower(): address for address in map(tidy, _ADDRESS.findall(text)) if address}
    return list(found.values())


def first_address(text: str) -> str:
    """The first address in `text`; empty where there is none."""
    match = _ADDRESS.search(text)
    return tidy(match[0]) if match else ""


def tidy(address: str) -> str:
    """Without what running text leaves at the ends; empty if nothing that could be an address is left."""
    ends = " \t<>'`.,;:*=" if address.startswith('"') and '"@' in address else " \t<>'\"`.,;:*="
    kept = address.strip(ends).removeprefix("mailto:")
    return kept if "@" in kept and len(kept) <= MAX_ADDRESS and not kept.startswith("@") else ""


_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NO_XTEXT = re.compile(r"\+(?![0-9A-F]{2})")
_UTF8_XTEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_PLUS_OR_EQUALS_OR_AT = re.compile(r"\+(?:2B|3D|40)")


def typed_address(value: str) -> str:
    """The address of a `type; address` field (RFC 3464 §2.3.1-2), in whatever form it was written.

    Args:
        value: The field's value. The type may be missing, repeated or not rfc822; the address may stand in angle
            brackets, carry a comment, be xtext (RFC 3461 §4) or utf-8-addr-xtext (RFC 6533 §3).

    Returns:
        The address; empty where there is none with an at sign.
    """
    kind, semicolon, rest = value.partition(";")
    text = (rest if semicolon and "@" not in kind else value).strip()
    if "=?" in text:  # a name in a foreign script, encoded where RFC 2047 §5 forbids it
        text = decoded(text)
    if "\\x{" in text:
        text = _UTF8_XTEXT.sub(_code_point, text)
    if "+" in text and (("@" not in text) or _PLUS_OR_EQUALS_OR_AT.search(text)) and not _NO_XTEXT.search(text):
        text = _XTEXT.sub(lambda m: chr(int(m[1], 16)), text)
    if text[:1] == "<" and text[-1:] == ">":
        text = text[1:-1].strip()
    whole = _ADDRESS.fullmatch(text)
    return tidy(text) if whole else first_address(text)


def _code_point(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if 0x20 < number < 0xD800 or 0xDFFF < number < 0x110000 else ""


def from_verp(address: str) -> str:
    """The recipient written into a bounce address (`bounces+user=example.com@lists.example`); empty where none is."""
    local = address.partition("@")[0]
    _, equals, domain = local.rpartition("=")
    if not equals or "." not in domain:
        return ""
    name = local[: -len(domain) - 1]
    for mark in ("+", "--", "-"):  # bounces+user=, bounces--user=, list-bounces-user=
        if mark in name:
            name = name.partition("+")[2] if mark == "+" else name.rpartition(mark)[2]
            break
    return f"{name}@{domain}" if name else ""
