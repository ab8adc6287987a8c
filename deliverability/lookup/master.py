"""Master files (RFC 1035 §5) read into records, each with the line it stands on. No file is opened from here.

The scanner is our own, so that every error has its exact line; what an rdata means is dnspython's knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase

from deliverability.fastclass import dataclass
from deliverability.lookup.labels import canonical_name
from deliverability.lookup.rdtypes import TEXT_TYPES, canonical_type
from deliverability.lookup.rrset import MAX_STRING_OCTETS, joined

DEFAULT_TTL = 300
"""Seconds, for records of a file that gives no TTL at all (RFC 1035 §5.1 leaves that an error)."""
MAX_TTL = 2**31 - 1
"""RFC 2181 §8."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f\v]+) | (?P<newline>\n) | (?P<comment>;[^\n]*) | (?P<paren>[()])
      | (?P<quoted>"(?:[^"\\\n]|\\[^\n])*") | (?P<word>(?:[^ \t\f\v\n"();\\]|\\[^\n])+) | (?P<bad>.)""",
    re.VERBOSE,
)
_DELETE = re.compile(r"\s*;\s*deliv-delete\b\s*(.*)")
_TTL = re.compile(r"\d{1,10}|(?:\d{1,10}[wdhms]){1,5}", re.IGNORECASE)
_TTL_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_OTHER_CLASSES = frozenset({"CH", "HS", "CS", "ANY", "NONE"})
_ESCAPE = re.compile(rb"\\(\d{1,3}|\D)", re.DOTALL)


class ZoneError(Exception):
    """A zone that cannot be read: `path`, `line` (None: the file as a whole) and `message`; one line as a string."""

    def __init__(self, path: str, line: int | None, message: str) -> None:
        super().__init__(path, line, message)
        self.path = path
        self.line = line
        self.message = " ".join(message.split())

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a master file: canonical owner, presentation form, and where it stands."""

    owner: str
    ttl: int
    rdtype: str
    text: str
    strings: tuple[bytes, ...]
    path: str
    line: int
    origin: str | None


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool
    line: int


@dataclass(slots=True)
class _Entry:
    """One entry of the file: its tokens, over several lines where parentheses join them."""

    line: int
    blank_owner: bool = False
    tokens: list[_Token] = field(default_factory=list[_Token])

    def take(self, kind: str | None, raw: str, line: int) -> None:
        """Add a word or a quoted string; white space before the first stands for the last owner."""
        if kind == "space":
            self.blank_owner = self.blank_owner or not self.tokens
            return
        if not self.tokens:
            self.line = line
        quoted = kind == "quoted"
        self.tokens.append(_Token(raw[1:-1] if quoted else raw, quoted, line))


@dataclass(slots=True)
class MasterFile:
    """What one text says. `read` fills it; `origin` moves with $ORIGIN.

    A zone from an export has its apexes in `origins`, and in `unknown` the names and types that it does not answer.
    """

    path: str
    origin: str | None = None
    records: list[Record] = field(default_factory=list[Record])
    deletions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    origins: list[str] = field(default_factory=list[str])
    unknown: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _owner: str | None = None
    _default_ttl: int | None = None
    _last_ttl: int | None = None

    def read(self, text: str) -> MasterFile:
        """Read all of `text`; raises ZoneError."""
        for entry in _entries(text, self.path):
            first = entry.tokens[0]
            try:
                if first.text.startswith(";") and not first.quoted:
                    self._deletion(first.text)
                elif first.text.startswith("$") and not first.quoted and not entry.blank_owner:
                    self._directive(entry)
                else:
                    self.records.append(self._record(entry))
            except (ValueError, dns.exception.DNSException) as error:
                # dnspython's messages are sentences, or empty
                raise ZoneError(self.path, entry.line, str(error) or type(error).__name__) from None
        return self

    def _deletion(self, comment: str) -> None:
        match = _DELETE.match(comment)
        words = match[1].split() if match else []
        if len(words) != 2:
            raise ValueError("write '; deliv-delete NAME TYPE'")
        self.deletions.append((self._name(words[0]), canonical_type(words[1])))

    def _directive(self, entry: _Entry) -> None:
        directive, *arguments = (token.text for token in entry.tokens)
        match directive.upper(), arguments:
            case "$ORIGIN", [name]:
                self.origin = self._name(name)
            case "$TTL", [ttl]:
                self._default_ttl = _ttl(ttl)
            case "$INCLUDE", _:
                raise ValueError("$INCLUDE is refused: no other file is opened; pass that file as a zone of its own")
            case (("$ORIGIN" | "$TTL"), _):
                raise ValueError(f"{directive} takes one argument")
            case _:
                raise ValueError(f"the directive {directive[:40]} is not supported")

    def _record(self, entry: _Entry) -> Record:
        tokens = list(reversed(entry.tokens))
        if not entry.blank_owner:
            self._owner = self._name(tokens.pop().text)
        if self._owner is None:
            raise ValueError("a record without an owner name, and none before it")
        ttl = self._ttl_and_class(tokens)
        if not tokens:
            raise ValueError("a record without a type")
        rdtype = canonical_type(tokens.pop().text)
        if rdtype in ("ANY", "OPT"):
            raise ValueError(f"{rdtype} is no type of record")
        if ttl is None:
            ttl = self._implicit_ttl()
        self._last_ttl = ttl
        text, strings = self._rdata(rdtype, tokens[::-1])
        return Record(self._owner, ttl, rdtype, text, strings, self.path, entry.line, self.origin)

    def _ttl_and_class(self, tokens: list[_Token]) -> int | None:
        """RFC 1035 §5.1: TTL and class stand in either order, and either may be left out."""
        ttl: int | None = None
        while tokens:
            word = tokens[-1].text.upper()
            if word in _OTHER_CLASSES:
                raise ValueError(f"class {word}: only IN is read")
            if word != "IN":
                if ttl is not None or not _TTL.fullmatch(word):
                    return ttl
                ttl = _ttl(word)
            tokens.pop()
        return ttl

    def _implicit_ttl(self) -> int:
        """RFC 2308 §4: $TTL; without it RFC 1035 §5.1, the last one stated."""
        if self._default_ttl is not None:
            return self._default_ttl
        return DEFAULT_TTL if self._last_ttl is None else self._last_ttl

    def _name(self, text: str) -> str:
        """A name of the file made absolute and canonical (RFC 1035 §5.1)."""
        absolute = text.endswith(".") and not text.endswith("\\.")
        if not absolute and self.origin is None:
            raise ValueError(f"the name {text[:80]!r} is relative (no final dot) and no $ORIGIN says to what")
        if text == "@":
            return self.origin or ""
        if not text.isascii():
            text = dns.name.from_text(text, None).to_text()
        return canonical_name(text if absolute else f"{text}.{self.origin}")

    def _rdata(self, rdtype: str, tokens: list[_Token]) -> tuple[str, tuple[bytes, ...]]:
        if not tokens:
            raise ValueError(f"a {rdtype} record without data")
        generic = tokens[0].text == r"\#"  # RFC 3597 §5
        if rdtype in TEXT_TYPES and not generic:
            strings = tuple(self._string(token) for token in tokens)
            return joined(strings), strings
        rdata = self._parse(rdtype, " ".join(f'"{token.text}"' if token.quoted else token.text for token in tokens))
        if isinstance(rdata, dns.rdtypes.txtbase.TXTBase) and rdtype in TEXT_TYPES:
            return joined(tuple(rdata.strings)), tuple(rdata.strings)
        return rdata.to_text(), ()

    def _parse(self, rdtype: str, text: str) -> dns.rdata.Rdata:
        origin = None if self.origin is None else dns.name.from_text(f"{self.origin}.")
        kind = dns.rdatatype.from_text(rdtype)
        try:
            rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=origin, relativize=False)
        except dns.exception.DNSException as error:
            raise ValueError(f"no {rdtype} record: {text[:80]!r} ({str(error).rstrip('.')})") from None
        try:
            rdata.to_wire()
        except dns.name.NeedAbsoluteNameOrOrigin:
            raise ValueError(f"a relative name (no final dot) in {text[:80]!r} and no $ORIGIN says to what") from None
        return rdata

    def _string(self, token: _Token) -> bytes:
        """One character-string; characters beyond ASCII are taken as UTF-8."""
        octets = _ESCAPE.sub(_unescaped, token.text.encode())
        if len(octets) > MAX_STRING_OCTETS:
            raise ZoneError(
                self.path,
                token.line,
                f"a string of {len(octets)} octets; one string holds {MAX_STRING_OCTETS}:"
                ' write the record as several quoted strings, "…" "…", which readers join without a space',
            )
        return octets


def _entries(text: str, path: str) -> Iterator[_Entry]:
    """The entries of a master file, and the deletion directives among its comments, in order."""
    line, opened, entry = 1, list[int](), _Entry(1)
    for match in _TOKEN.finditer(text):
        kind, raw = match.lastgroup, match[0]
        if kind == "newline":
            line += 1
            if not opened:
                if entry.tokens:
                    yield entry
                entry = _Entry(line)
        elif kind == "comment":
            if not entry.tokens and _DELETE.match(raw):
                yield _Entry(line, tokens=[_Token(raw, quoted=False, line=line)])
        elif kind in ("paren", "bad"):
            _parenthesis(raw, opened, path, line)
        else:
            entry.take(kind, raw, line)
    if opened:
        raise ZoneError(path, opened[0], "a parenthesis that is never closed")
    if entry.tokens:
        yield entry


def _parenthesis(raw: str, opened: list[int], path: str, line: int) -> None:
    """RFC 1035 §5.1: parentheses group data that crosses lines."""
    if raw == "(":
        opened.append(line)
    elif raw == ")" and opened:
        opened.pop()
    else:
        bad = {
            ")": "a closing parenthesis without an opening one",
            '"': "a quoted string that does not end on its line",
            "\\": "a backslash at the end of the line",
        }
        raise ZoneError(path, line, bad[raw])


def _ttl(text: str) -> int:
    """A TTL in seconds, or with BIND's units: `1h30m`."""
    if not _TTL.fullmatch(text):
        raise ValueError(f"bad TTL {text[:40]!r}")
    if text.isdigit():
        seconds = int(text)
    else:
        parts = re.findall(r"(\d+)(\D)", text.lower())
        seconds = sum(int(count) * _TTL_UNITS[unit] for count, unit in parts)
    if seconds > MAX_TTL:
        raise ValueError(f"TTL {text[:40]} is over {MAX_TTL} seconds")
    return seconds


def _unescaped(match: re.Match[bytes]) -> bytes:
    if not match[1].isdigit():
        return match[1]
    if len(match[1]) < 3 or int(match[1]) > 255:
        raise ValueError(f"bad escape {match[0].decode()}")
    return bytes((int(match[1]),))
