"""SPF macros, RFC 7208 §7: grammar, expansion, and what can be said of a domain-spec before any mail is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from deliverability.fastclass import dataclass
from deliverability.lookup.labels import canonical_name, from_labels
from deliverability.protocols.spf.limits import MAX_TARGET_OCTETS

EXPLANATION_LETTERS = frozenset("crt")
"""RFC 7208 §7.2: allowed in explanation text only."""
LETTERS = frozenset("slodiphv") | EXPLANATION_LETTERS
LOCAL_PART_LETTERS = frozenset("sl")
"""RFC 7208 §7.2: the letters that hold the local part of the sender."""
STATIC_LETTERS = frozenset("do")
"""What an audit of a domain knows without a message: the record's own domain, and the sender's."""

_CONSTRUCT = re.compile(r"%(?:[%_-]|\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\})")
_ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MAX_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Macro:
    """One `%{…}`: how to expand it. `letter` keeps its case, because a capital asks for URL escapes."""

    letter: str
    keep: int | None = None
    reverse: bool = False
    delimiters: str = ""


@dataclass(frozen=True, slots=True)
class MacroString:
    """A valid macro-string: the text as written and its parts, `%%`, `%_` and `%-` already decoded."""

    text: str
    parts: tuple[str | Macro, ...]

    @property
    def letters(self) -> frozenset[str]:
        """The macro letters in it, in lower case."""
        return frozenset(part.letter.lower() for part in self.parts if isinstance(part, Macro))

    @property
    def varies(self) -> bool:
        """Whether the expansion depends on the message or the client, not on the domain alone."""
        return not self.letters <= STATIC_LETTERS


class MacroProblem(StrEnum):
    """What is wrong with a macro-string."""

    SYNTAX = "macro-syntax"
    LETTER = "macro-letter"
    DIGITS = "macro-digits"
    EXPLANATION_ONLY = "macro-explanation-only"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class MacroFault:
    """A problem and where it stands, counted from the start of the macro-string."""

    problem: MacroProblem
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroContext:
    """What the letters stand for, RFC 7208 §7.2. `local`@`sender_domain` is the sender.

    Without `local` its macros stand for themselves, for `private.Telling` to fill them in.
    """

    domain: str
    sender_domain: str
    local: str | None = "postmaster"
    ip: IPv4Address | IPv6Address | None = None
    helo: str = "unknown"
    validated: str = "unknown"
    receiver: str = "unknown"
    now: int = 0


def scan(text: str, *, explanation: bool = False) -> tuple[MacroString, tuple[MacroFault, ...]]:
    """Read a macro-string; with `explanation`, an explain-string (spaces, and the letters c, r, t as well).

    The string is only of use where there are no faults.
    """
    parts: list[str | Macro] = []
    faults: list[MacroFault] = []
    position = 0
    for found in _constructs(text):
        faults += _literal_faults(text, position, found.start(), explanation=explanation)
        parts.append(text[position : found.start()])
        parts.append(_ESCAPES.get(found[0]) or _macro(found))
        faults += _macro_faults(found, explanation=explanation)
        position = found.end()
    faults += _literal_faults(text, position, len(text), explanation=explanation)
    parts.append(text[position:])
    return MacroString(text, tuple(part for part in parts if part)), tuple(faults)


def ends_like_a_domain(text: str) -> bool:
    """RFC 7208 §7.1 domain-end: the text ends in a macro, or in a dot and a top label."""
    last = 0
    for found in _constructs(text):
        last = found.end()
    tail = text[last:]
    if not tail:
        return last > 0
    _, dot, label = tail.removesuffix(".").rpartition(".")
    return bool(dot) and _is_top_label(label)


def expand(string: MacroString, context: MacroContext) -> str:
    """The expansion of a valid macro-string, RFC 7208 §7.3."""
    return "".join(part if isinstance(part, str) else _expand(part, context) for part in string.parts)


def target_name(text: str) -> str | None:
    """The DNS name an expanded domain-spec stands for, or None where DNS cannot carry it (RFC 7208 §4.8)."""
    name = text.removesuffix(".")
    if len(name) > MAX_TARGET_OCTETS:  # RFC 7208 §7.3: drop labels from the left until it fits
        name = name[-MAX_TARGET_OCTETS - 1 :].partition(".")[2]
    try:  # an expansion is plain text, so what master files escape is escaped here
        return canonical_name(from_labels(label.encode("ascii") for label in name.split("."))) or None
    except ValueError:
        return None


def static_target(string: MacroString, *, domain: str, sender_domain: str) -> str | None:
    """The name asked whoever sends, or None where it varies with the message or DNS cannot carry it."""
    if string.varies:
        return None
    return target_name(expand(string, MacroContext(domain=domain, sender_domain=sender_domain)))


def _constructs(text: str) -> Iterator[re.Match[str]]:
    return _CONSTRUCT.finditer(text)


def _macro(found: re.Match[str]) -> Macro:
    letter, digits, reverse, delimiters = found.groups()
    # a local part has few labels, so a huge number of digits means the same as a large one
    keep = int(digits.lstrip("0")[:_MAX_DIGITS] or 0) if digits else None
    return Macro(letter, keep, bool(reverse), delimiters)


def _macro_faults(found: re.Match[str], *, explanation: bool) -> Iterator[MacroFault]:
    letter, digits = found[1], found[2]
    if letter is None:
        return
    if letter.lower() not in LETTERS:
        yield MacroFault(MacroProblem.LETTER, *found.span())
    elif letter.lower() in EXPLANATION_LETTERS and not explanation:
        yield MacroFault(MacroProblem.EXPLANATION_ONLY, *found.span())
    if digits and not digits.strip("0"):  # RFC 7208 §7.3: the number of parts must not be zero
        yield MacroFault(MacroProblem.DIGITS, *found.span())


def _literal_faults(text: str, start: int, end: int, *, explanation: bool) -> Iterator[MacroFault]:
    lowest = " " if explanation else "!"
    for index in range(start, end):
        if text[index] == "%":
            yield MacroFault(MacroProblem.SYNTAX, index, min(index + 2, len(text)))
        elif not lowest <= text[index] <= "~":
            yield MacroFault(MacroProblem.CHARACTER, index, index + 1)


def _is_top_label(label: str) -> bool:
    """RFC 7208 §7.1 toplabel: letters and digits with a letter, or letters, digits and inner hyphens."""
    if not label.isascii() or not label or not (label[0].isalnum() and label[-1].isalnum()):
        return False
    return all(c.isalnum() or c == "-" for c in label) and not label.isdigit()


def _expand(macro: Macro, context: MacroContext) -> str:
    if context.local is None and macro.letter.lower() in LOCAL_PART_LETTERS:
        return placeholder(macro)
    value = _VALUES[macro.letter.lower()](context)
    if macro.keep is not None or macro.reverse or macro.delimiters:
        parts = re.split(f"[{re.escape(macro.delimiters or '.')}]", value)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.keep :] if macro.keep else parts)
    return _url_escape(value) if macro.letter.isupper() else value


def placeholder(macro: Macro) -> str:
    """The macro as it may stand in a DNS name, which keeps no case and no empty label: a capital is marked by `!`."""
    capital = "!" if macro.letter.isupper() else ""
    delimiters = "".join(sorted(set(macro.delimiters)))
    if delimiters == ".":  # RFC 7208 §7.1: what is split at anyway
        delimiters = ""
    return f"%{{{capital}{macro.letter.lower()}{macro.keep or ''}{'r' if macro.reverse else ''}{delimiters}}}"


_PLACEHOLDER = re.compile(r"%\{(!?)([ls])([0-9]*)(r?)([.\-+,/_=]*)\}")


def filled(text: str, context: MacroContext) -> str:
    """`text` with what its placeholders stand for in `context`, whose local part is told."""

    def value(found: re.Match[str]) -> str:
        capital, letter, digits, reverse, delimiters = found.groups()
        macro = Macro(letter.upper() if capital else letter, int(digits) if digits else None, bool(reverse), delimiters)
        return _expand(macro, context)

    return _PLACEHOLDER.sub(value, text)


def placeholders(text: str) -> int:
    """How much of `text` is still to be filled in."""
    return len(_PLACEHOLDER.findall(text)) if "%{" in text else 0


def _url_escape(value: str) -> str:
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}" for octet in octets)


def _dotted(context: MacroContext) -> str:
    # RFC 7208 §7.3: IPv6 in nibbles; capitals as the public test suite spells them, for DNS it is the same
    if isinstance(context.ip, IPv6Address):
        return ".".join(f"{int(context.ip):032X}")
    return str(context.ip)


_VALUES: dict[str, Callable[[MacroContext], str]] = {
    "s": lambda c: f"{c.local}@{c.sender_domain}",
    "l": lambda c: c.local or "",
    "o": lambda c: c.sender_domain,
    "d": lambda c: c.domain,
    "i": _dotted,
    "p": lambda c: c.validated,
    "h": lambda c: c.helo,
    "v": lambda c: "ip6" if isinstance(c.ip, IPv6Address) else "in-addr",
    "c": lambda c: str(c.ip),
    "r": lambda c: c.receiver,
    "t": lambda c: str(c.now),
}
