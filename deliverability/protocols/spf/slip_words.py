"""One word of an SPF record that went wrong, and what was meant: a list of rules, tried in order."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address, NetmaskValueError, ip_network

from deliverability.protocols.spf.record import VERSION, Kind, parse


class SlipCode(StrEnum):
    """What went wrong at the keyboard."""

    CHARACTERS = "characters"
    QUOTES = "quotes"
    VERSION = "version"
    SECOND_VERSION = "second-version"
    SPLIT_TERM = "split-term"
    PUNCTUATION = "punctuation"
    SEPARATOR = "separator"
    WRONG_KEYWORD = "wrong-keyword"
    TRANSLATED_KEYWORD = "translated-keyword"
    MISSING_COLON = "missing-colon"
    EQUALS_FOR_COLON = "equals-for-colon"
    COLON_FOR_EQUALS = "colon-for-equals"
    GLUED_TERMS = "glued-terms"
    FOREIGN_TEXT = "foreign-text"
    BARE_ADDRESS = "bare-address"
    BARE_DOMAIN = "bare-domain"
    WRONG_MECHANISM = "wrong-mechanism"
    ADDRESS_FORM = "address-form"
    WEB_ADDRESS = "web-address"
    MISSPELT_ALL = "misspelt-all"


_ADDRESS_WORDS = frozenset(
    {
        "ip",
        "ipv",
        "ipv4",
        "ipv6",
        "i4",
        "i6",
        "ip4v",
        "ip6v",
        "pi4",
        "pi6",
        "ip-4",
        "ip_4",
        "ip-6",
        "ip_6",
        "addr",
        "ip4s",
    }
)
_HOST_WORDS = frozenset({"host", "hostname", "a4", "aaaa", "name"})
_TRANSLATIONS = frozenset(
    {
        *{"incluir", "incluye", "inclua", "inclure", "inclus", "inclut", "includi", "includere", "inclou"},
        *{"einschliessen", "einschliesslich", "enthaelt", "bevat", "inkludera", "inkluder", "inkludere"},
        *{"zahrnout", "obsahuje", "zawiera", "dahil"},
    }
)
_FOREIGN = re.compile(r"(?:[a-z0-9-]*verification|ms|v|p|rua|k)=(?!spf)", re.IGNORECASE)
_GLUE = re.compile(
    r"(?<=[^+~?-])(?=[+~?-]?(?:include:|ip4:|ip6:|exists:|redirect=|v=spf1))"
    r"|(?<=[^+~?-])(?=[+~?-]all$)|(?<=[+~?-]all)(?=.)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"([+\-~?]?)([^:=/%]+)([:=])(.+)", re.DOTALL)
_DEPTH = 3
_LONGEST_KEYWORD = 12

_Mended = tuple[SlipCode | None, list[str]]


def mend_word(token: str, depth: int = 0) -> _Mended:
    """The slip in a word and what was meant; no slip and the word itself where nothing is recognised."""
    if depth < _DEPTH:
        for rule in _LEGAL_RULES if is_valid(token) else _RULES:
            pieces = rule[1](token)
            if pieces is not None and pieces != [token]:
                mended = _mend_pieces(pieces, depth + 1)
                if mended is not None:
                    return rule[0], mended
    return None, [token]


def _mend_pieces(pieces: list[str], depth: int) -> list[str] | None:
    mended: list[str] = []
    for piece in pieces:
        words = mend_word(piece, depth)[1]
        if not all(map(is_valid, words)):
            return None
        mended += words
    return mended


def is_valid(token: str) -> bool:
    """Whether the word is a term that receivers accept."""
    return not parse(f"{VERSION} {token}").faults


def _second_version(token: str) -> list[str] | None:
    return [] if token.lower() == VERSION else None


def _equals(token: str) -> list[str] | None:
    """`ip4=` is a legal modifier that nobody knows: the term is silently lost."""
    found = _HEAD.fullmatch(token)
    if found is None or found[3] != "=" or not (found[2].lower() in _ADDRESS_WORDS or _is_kind(found[2])):
        return None
    return [f"{found[1]}{found[2]}:{found[4]}"]


def _foreign(token: str) -> list[str] | None:
    return [] if _FOREIGN.match(token) else None


def _glued(token: str) -> list[str] | None:
    pieces = [piece for piece in _GLUE.split(token) if piece]
    if len(pieces) > 1 and pieces[0].rstrip(":") in {"ip4", "ip6", "include", "+ip4", "+include"}:
        pieces = pieces[1:]  # ip4:ip4:…
    return pieces if len(pieces) > 1 or pieces != [token] else None


def _punctuation(token: str) -> list[str] | None:
    bare = token.rstrip(";,.'\"`:")
    return None if bare == token else [bare] if bare else []


def _separators(token: str) -> list[str] | None:
    first, *others = [piece for piece in re.split(r"[;,]+", token) if piece] or [""]
    head = first.partition(":")[0]
    return [first, *(f"{head}:{other}" if _address(other) else other for other in others)] if others else None


def _keyword(token: str) -> list[str] | None:
    found = _HEAD.fullmatch(token)
    if found is None:
        return None
    sign, name, _, value = found.groups()
    meant = _meant_keyword(name.lower(), value)
    if meant is None:
        return None
    return [f"{meant}={value}" if meant in {"redirect", "exp"} else f"{sign}{meant}:{value}"]


def _meant_keyword(name: str, value: str) -> str | None:
    if name in _ADDRESS_WORDS:
        return _address(value) or ("a" if _is_host(value) else None)
    if name in _HOST_WORDS:
        return "a"
    if _is_kind(name) or len(name) > _LONGEST_KEYWORD or not (_is_host(value) or _address(value)):
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only a word that is none needs it

    close = get_close_matches(name, ["include", "exists", "redirect", "ip4", "ip6"], 1, 0.6)
    return close[0] if close else None


def _translation(token: str) -> list[str] | None:
    found = _HEAD.fullmatch(token)
    if found is None or (found[2].isascii() and found[2].lower() not in _TRANSLATIONS):
        return None
    return [f"{found[1]}include:{found[4]}"] if _is_host(found[4]) else None


def _missing_colon(token: str) -> list[str] | None:
    found = re.fullmatch(r"([+\-~?]?)(ip4|ip6|include)[.\-_;,]?([^:=].*)", token, re.IGNORECASE)
    return [f"{found[1]}{found[2]}:{found[3]}"] if found else None


def _modifier_colon(token: str) -> list[str] | None:
    found = re.fullmatch(r"[+\-~?]?(redirect|exp)[:=](.+)", token, re.IGNORECASE)
    return [f"{found[1]}={found[2]}"] if found else None


def _bare_address(token: str) -> list[str] | None:
    sign = token[0] if token[0] in "+-~?" else ""
    kind = _address(token[len(sign) :])
    return [f"{sign}{kind}:{token[len(sign) :]}"] if kind else None


def _bare_domain(token: str) -> list[str] | None:
    sign = token[0] if token[0] in "+-~?" else ""
    name = token[len(sign) :]
    if not _is_host(name):
        return None
    return [f"{sign}{'include' if 'spf' in name.lower() else 'a'}:{name}"]


def _wrong_mechanism(token: str) -> list[str] | None:
    found = _HEAD.fullmatch(token)
    if found is None or not _is_kind(found[2]):
        return None
    kind = _address(found[4]) or ("a" if found[2].lower() in {"ip4", "ip6"} and _is_host(found[4]) else None)
    return [f"{found[1]}{kind}:{found[4]}"] if kind else None


def _address_form(token: str) -> list[str] | None:
    """Prefix lengths written as masks, twice or with a zero in front; ports; zeros in front of an octet."""
    found = re.fullmatch(r"([+\-~?]?)(?:ip4|a|mx|include):([0-9.]+)(?::[0-9]+)?((?:/[0-9.]+)*)/*", token, re.IGNORECASE)
    if found is None:
        return None
    octets = ".".join(octet.lstrip("0") or "0" for octet in found[2].split("."))
    lengths = {length.lstrip("0") or "0" for length in found[3].split("/")[1:]}
    try:
        network = ip_network(f"{octets}/{lengths.pop() if lengths else 32}", strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None
    return None if lengths else [f"{found[1]}ip4:{str(network).removesuffix('/32')}"]


def _web_address(token: str) -> list[str] | None:
    found = re.fullmatch(r"([+\-~?]?[a-z0-9]+[:=])https?:/*([^/?#]+)/*", token, re.IGNORECASE)
    return [f"{found[1]}{found[2]}"] if found else None


def _misspelt_all(token: str) -> list[str] | None:
    found = re.fullmatch(r"([+\-~?]+)(?:a+l{1,4}|la+l|alle?|al+)", token, re.IGNORECASE)
    return [f"{found[1][0]}all"] if found else None


def _empty_argument(token: str) -> list[str] | None:
    """`a:` meant `a`; `include:` with nothing behind it meant nothing that could be known."""
    found = re.fullmatch(r"([+\-~?]?)(a|mx|ptr|include|ip4|ip6|exists)[:=]?|([+~?-])", token, re.IGNORECASE)
    if found is None:
        return None
    return [f"{found[1]}{found[2]}"] if found[2] and found[2].lower() in {"a", "mx"} else []


_Rule = Callable[[str], list[str] | None]
_LEGAL_RULES: tuple[tuple[SlipCode, _Rule], ...] = (
    (SlipCode.SECOND_VERSION, _second_version),
    (SlipCode.EQUALS_FOR_COLON, _equals),
    (SlipCode.GLUED_TERMS, _glued),
    (SlipCode.FOREIGN_TEXT, _foreign),
)
_RULES: tuple[tuple[SlipCode, _Rule], ...] = (
    (SlipCode.EQUALS_FOR_COLON, _equals),
    (SlipCode.COLON_FOR_EQUALS, _modifier_colon),
    (SlipCode.PUNCTUATION, _punctuation),
    (SlipCode.WRONG_MECHANISM, _wrong_mechanism),
    (SlipCode.SEPARATOR, _separators),
    (SlipCode.GLUED_TERMS, _glued),
    (SlipCode.WEB_ADDRESS, _web_address),
    (SlipCode.ADDRESS_FORM, _address_form),
    (SlipCode.TRANSLATED_KEYWORD, _translation),
    (SlipCode.WRONG_KEYWORD, _keyword),
    (SlipCode.MISSING_COLON, _missing_colon),
    (SlipCode.BARE_ADDRESS, _bare_address),
    (SlipCode.MISSPELT_ALL, _misspelt_all),
    (SlipCode.FOREIGN_TEXT, _foreign),
    (SlipCode.BARE_DOMAIN, _bare_domain),
    (SlipCode.SPLIT_TERM, _empty_argument),
)


def _is_kind(word: str) -> bool:
    return word.lower() in set(Kind) and word.lower() != Kind.ALL


def _address(text: str) -> str | None:
    """`ip4` or `ip6` where the text is an address, with or without a prefix length."""
    address, slash, length = text.partition("/")
    for kind, family, longest in (("ip4", IPv4Address, 32), ("ip6", IPv6Address, 128)):
        try:
            family(address)
        except AddressValueError:
            continue
        if not slash or (length.isascii() and length.isdigit() and int(length[:4]) <= longest):
            return kind
    return None


def _is_host(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return (
        len(labels) > 1
        and all(re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", label) for label in labels)
        and labels[-1][0].isalpha()
    )
