"""The SPF record: the grammar of RFC 7208 §12, read to the end whatever it says.

Every term and every fault keeps its place in the text. A record with any fault is permerror for a receiver
(RFC 7208 §4.6), but an audit wants all of them, and the good terms besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple

from deliverability.fastclass import dataclass
from deliverability.protocols.spf.macro import MacroFault, MacroString, ends_like_a_domain, scan

VERSION = "v=spf1"
Network = IPv4Network | IPv6Network


class Span(NamedTuple):
    """Where something stands in a text: `text[start:end]`."""

    start: int
    end: int


class Qualifier(StrEnum):
    """RFC 7208 §4.6.2: what a match means."""

    PASS = "+"  # noqa: S105 - a word, not a secret
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class Kind(StrEnum):
    """The eight mechanisms of RFC 7208 §5."""

    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP4 = "ip4"
    IP6 = "ip6"
    EXISTS = "exists"


QUERYING = frozenset({Kind.INCLUDE, Kind.A, Kind.MX, Kind.PTR, Kind.EXISTS})
"""RFC 7208 §4.6.4: the mechanisms that count towards the limit; `redirect` is the one modifier that does."""
ADDRESS_KINDS = frozenset({Kind.IP4, Kind.IP6})


class FaultCode(StrEnum):
    """What is wrong. The `macro-` codes and `character` are those of `macro.MacroProblem`."""

    VERSION = "version"
    CHARACTER = "character"
    NOT_A_TERM = "not-a-term"
    UNKNOWN_MECHANISM = "unknown-mechanism"
    MODIFIER_AS_MECHANISM = "modifier-as-mechanism"
    QUALIFIED_MODIFIER = "qualified-modifier"
    DUPLICATE_MODIFIER = "duplicate-modifier"
    UNEXPECTED_ARGUMENT = "unexpected-argument"
    MISSING_DOMAIN = "missing-domain"
    BAD_DOMAIN = "bad-domain"
    MISSING_ADDRESS = "missing-address"
    BAD_ADDRESS = "bad-address"
    BAD_PREFIX = "bad-prefix"
    MACRO_SYNTAX = "macro-syntax"
    MACRO_LETTER = "macro-letter"
    MACRO_DIGITS = "macro-digits"
    MACRO_EXPLANATION_ONLY = "macro-explanation-only"


MACRO_FAULTS = frozenset(code for code in FaultCode if code.startswith("macro-"))


@dataclass(frozen=True, slots=True)
class Fault:
    """A syntax error: `text` is the offending piece at `span`, `term` the whole term it stands in."""

    code: FaultCode
    span: Span
    text: str
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """A directive: qualifier, mechanism and arguments. A prefix length is None where none is written."""

    kind: Kind
    qualifier: Qualifier
    text: str
    span: Span
    domain: MacroString | None = None
    cidr: str | None = None
    prefix4: int | None = None
    prefix6: int | None = None

    @property
    def network(self) -> Network | None:
        """What an `ip4` or `ip6` names."""
        return None if self.cidr is None else network(self.cidr)

    def __str__(self) -> str:
        """The shortest usual spelling, the same for terms that mean the same."""
        sign = "" if self.qualifier is Qualifier.PASS else self.qualifier.value
        if self.cidr is not None:
            return f"{sign}{self.kind}:{self.cidr.removesuffix('/32' if self.kind is Kind.IP4 else '/128')}"
        domain = f":{_lower_literals(self.domain)}" if self.domain else ""
        four = f"/{self.prefix4}" if self.prefix4 not in {None, 32} else ""
        six = f"//{self.prefix6}" if self.prefix6 not in {None, 128} else ""
        return f"{sign}{self.kind}{domain}{four}{six}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifier:
    """`name=value`; `name` in lower case. Unknown ones are legal and ignored (RFC 7208 §6)."""

    name: str
    value: MacroString
    text: str
    span: Span

    def __str__(self) -> str:
        return f"{self.name}={_lower_literals(self.value) if self.name in DOMAIN_MODIFIERS else self.value.text}"


Term = Mechanism | Modifier
DOMAIN_MODIFIERS = frozenset({"redirect", "exp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfRecord:
    """A record as published: the good terms in order, and every fault in order. `str()` gives the text back."""

    text: str
    terms: tuple[Term, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """The mechanisms, in order."""
        return tuple(term for term in self.terms if isinstance(term, Mechanism))

    @property
    def all(self) -> Mechanism | None:
        """The first `all`, which always matches, so that no mechanism after it is ever reached."""
        return next((term for term in self.mechanisms if term.kind is Kind.ALL), None)

    @property
    def reached(self) -> tuple[Mechanism, ...]:
        """The mechanisms up to and with the first `all`."""
        end = next((i + 1 for i, term in enumerate(self.mechanisms) if term.kind is Kind.ALL), None)
        return self.mechanisms[:end]

    @property
    def redirect(self) -> Modifier | None:
        """The redirect modifier, whether or not an `all` makes it void."""
        return self.modifier("redirect")

    def modifier(self, name: str) -> Modifier | None:
        """The first modifier of that name."""
        return next((term for term in self.terms if isinstance(term, Modifier) and term.name == name), None)


@lru_cache(maxsize=8192)
def network(cidr: str) -> Network:
    """The network of a text that is known to be one; host bits are cut off."""
    return ip_network(cidr, strict=False)


def is_spf(text: str) -> bool:
    """RFC 7208 §4.5: whether a TXT record is an SPF record, the version in any case and then a space or the end."""
    return text[: len(VERSION)].lower() == VERSION and text[len(VERSION) : len(VERSION) + 1] in {"", " "}


@lru_cache(maxsize=1024)  # the same few providers' records stand under most domains
def parse(text: str) -> SpfRecord:
    """Read a record, all of it. A text that `is_spf` does not select gets a `version` fault, and is read on."""
    terms: list[Term] = []
    faults: list[Fault] = []
    start = 0
    if is_spf(text):
        start = len(VERSION)
    else:
        first = text.split(" ", 1)[0]
        faults.append(Fault(FaultCode.VERSION, Span(0, len(first)), first, first))
        start = len(first)
    for found in _TOKEN.finditer(text, start):
        reader = _Reader(found[0], found.start())
        try:
            term = reader.read()
            if _repeats(term, terms):
                raise reader.wrong(FaultCode.DUPLICATE_MODIFIER)
        except _BadTerm as bad:
            faults += bad.faults
        else:
            terms.append(term)
    return SpfRecord(text=text, terms=tuple(terms), faults=tuple(faults))


_STRANGE = re.compile(r"[^!-~](?:.*[^!-~])?", re.DOTALL)
_TOKEN = re.compile(r"[^ ]+")
_HEAD = re.compile(r"([+\-?~]?)([A-Za-z][A-Za-z0-9\-_.]*)")
_PREFIXES = re.compile(r"(?P<four>/[^/.%{}]*)?(?P<six>//[^/.%{}]*)?\Z")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_KINDS = {kind.value: kind for kind in Kind}
_LONGEST = {Kind.IP4: 32, Kind.IP6: 128}


def _repeats(term: Term, earlier: list[Term]) -> bool:
    # RFC 7208 §6: redirect and exp at most once each
    if not isinstance(term, Modifier) or term.name not in DOMAIN_MODIFIERS:
        return False
    return any(isinstance(other, Modifier) and other.name == term.name for other in earlier)


class _BadTerm(Exception):
    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults


class _Reader:
    """Reads one term. `offset` is where it starts in the record, so that faults can say where they are."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.span = Span(offset, offset + len(text))

    def wrong(self, code: FaultCode, start: int = 0, end: int | None = None) -> _BadTerm:
        return _BadTerm(self._fault(code, start, len(self.text) if end is None else end))

    def read(self) -> Term:
        """The term; raises _BadTerm."""
        strange = _STRANGE.search(self.text)
        if strange is not None:
            raise self.wrong(FaultCode.CHARACTER, *strange.span())
        head = _HEAD.match(self.text)
        if head is None:
            raise self.wrong(FaultCode.NOT_A_TERM)
        name = head[2].lower()
        if self.text.startswith("=", head.end()):
            return self._modifier(head, name)
        if name in DOMAIN_MODIFIERS:
            raise self.wrong(FaultCode.MODIFIER_AS_MECHANISM)
        if name not in _KINDS:
            raise self.wrong(FaultCode.UNKNOWN_MECHANISM, head.start(2), head.end(2))
        return self._mechanism(_KINDS[name], Qualifier(head[1] or "+"), head.end())

    def _modifier(self, head: re.Match[str], name: str) -> Modifier:
        if head[1]:
            raise self.wrong(FaultCode.QUALIFIED_MODIFIER, 0, 1)
        start = head.end() + 1
        if name in DOMAIN_MODIFIERS:
            value = self._domain(start, len(self.text))
        else:
            # RFC 7208 §12: an unknown modifier takes any macro-string, whose letters include c, r and t
            value, faults = scan(self.text[start:], explanation=True)
            self._raise_macro_faults(faults, start)
        return Modifier(name=name, value=value, text=self.text, span=self.span)

    def _mechanism(self, kind: Kind, qualifier: Qualifier, start: int) -> Mechanism:
        bare = Mechanism(kind=kind, qualifier=qualifier, text=self.text, span=self.span)
        if kind is Kind.ALL:
            if start < len(self.text):
                raise self.wrong(FaultCode.UNEXPECTED_ARGUMENT, start)
            return bare
        if kind in ADDRESS_KINDS:
            return replace(bare, cidr=self._network(kind, start))
        end = len(self.text)
        if kind in {Kind.A, Kind.MX}:
            end, four, six = self._prefixes(start)
            bare = replace(bare, prefix4=four, prefix6=six)
        if start == end and kind in {Kind.A, Kind.MX, Kind.PTR}:
            return bare
        return replace(bare, domain=self._argument(start, end))

    def _argument(self, start: int, end: int) -> MacroString:
        if start == end:
            raise self.wrong(FaultCode.MISSING_DOMAIN)
        if self.text[start] != ":":
            raise self.wrong(FaultCode.UNEXPECTED_ARGUMENT, start, end)
        return self._domain(start + 1, end)

    def _domain(self, start: int, end: int) -> MacroString:
        text = self.text[start:end]
        if not text:
            raise self.wrong(FaultCode.MISSING_DOMAIN)
        string, faults = scan(text)
        self._raise_macro_faults(faults, start)
        if not ends_like_a_domain(text):
            raise self.wrong(FaultCode.BAD_DOMAIN, start, end)
        return string

    def _network(self, kind: Kind, start: int) -> str:
        text, slash, digits = self.text[start + 1 :].partition("/")
        if not self.text.startswith(":", start) or not text:
            raise self.wrong(FaultCode.MISSING_ADDRESS)
        first, longest = start + 1, _LONGEST[kind]
        try:
            if "%" in text:  # Python reads a zone index (RFC 4007 §11); SPF has none
                raise AddressValueError(text)
            address = IPv4Address(text) if kind is Kind.IP4 else IPv6Address(text)
        except AddressValueError:
            raise self.wrong(FaultCode.BAD_ADDRESS, first, first + len(text)) from None
        bits = self._length(digits, longest, first + len(text)) if slash else longest
        return str(ip_network((address, bits), strict=False))

    def _prefixes(self, start: int) -> tuple[int, int | None, int | None]:
        """Where the prefix lengths of an `a` or `mx` begin, and both of them."""
        found = next(_PREFIXES.finditer(self.text, start))  # it matches the empty end of any text
        four, six = found["four"], found["six"]
        return (
            found.start(),
            None if four is None else self._length(four[1:], _LONGEST[Kind.IP4], found.start("four")),
            None if six is None else self._length(six[2:], _LONGEST[Kind.IP6], found.start("six")),
        )

    def _length(self, digits: str, longest: int, start: int) -> int:
        # RFC 7208 §12 ip4-cidr-length, ip6-cidr-length: no leading zero
        if not _LENGTH.fullmatch(digits) or int(digits) > longest:
            raise self.wrong(FaultCode.BAD_PREFIX, start)
        return int(digits)

    def _raise_macro_faults(self, faults: tuple[MacroFault, ...], start: int) -> None:
        if faults:
            codes = [(FaultCode(fault.problem.value), start + fault.start, start + fault.end) for fault in faults]
            raise _BadTerm(*(self._fault(*code) for code in codes))

    def _fault(self, code: FaultCode, start: int, end: int) -> Fault:
        return Fault(code, Span(self.offset + start, self.offset + end), self.text[start:end], self.text)


def _lower_literals(string: MacroString) -> str:
    """The text in lower case outside macros, whose capitals have a meaning (RFC 7208 §7.3)."""
    pieces = re.split(r"(%\{[^}]*\})", string.text)
    return "".join(piece if piece.startswith("%{") else piece.lower() for piece in pieces)


def querying_terms(record: SpfRecord) -> Iterator[Term]:
    """The terms that count towards the limit, in order of evaluation: what stands after `all` is never reached."""
    yield from (term for term in record.reached if term.kind in QUERYING)
    if record.all is None and record.redirect is not None:
        yield record.redirect
