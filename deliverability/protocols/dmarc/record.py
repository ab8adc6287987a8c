"""The DMARC policy record: the grammar of RFC 9989 §4.7 and §4.8, every tag and every fault with its place.

A reader throws away what it cannot read and goes on with defaults; an audit also wants to know what was thrown away,
and what that made of the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache

from deliverability.fastclass import dataclass
from deliverability.protocols.dmarc.uri import WSP, ReportUri, parse_uris

VERSION = "DMARC1"
REMOVED = frozenset({"pct", "rf", "ri"})
"""Tags of RFC 7489 that RFC 9989 appendix C took out."""
POLICY_TAGS = ("p", "sp", "np")
URI_TAGS = ("rua", "ruf")
MAX_PARTS = 200
"""Parts between semicolons that are read; our own bound, ten times what all tags of both standards need."""

# RFC 9989 §4.8: "v" in either case, DMARC1 in capitals only, and nothing but WSP around them
_IS_DMARC = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_PRINTABLE = re.compile(r"[\x20-\x3a\x3c-\x7e]*")


class Policy(StrEnum):
    """What a domain asks receivers to do with mail that fails, weakest first."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def rank(self) -> int:
        """0 for none, 2 for reject."""
        return _POLICIES.index(self)

    @property
    def tested(self) -> Policy:
        """What is left of it under t=y (RFC 9989 §4.7): one level less."""
        return _POLICIES[max(0, self.rank - 1)]


_POLICIES = tuple(Policy)


class ProblemKind(StrEnum):
    """How a part of a record departs from the grammar."""

    VALUE = "value"
    NO_VALUE = "no_value"
    MISSING = "missing"
    MALFORMED = "malformed"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    URI = "uri"
    CHARACTER = "character"


class Effect(StrEnum):
    """What a problem comes to, worst first."""

    NO_DMARC = "no_dmarc"
    ACTS_AS_NONE = "acts_as_none"
    READERS_DIFFER = "readers_differ"
    LOST_REPORTS = "lost_reports"
    DEFAULT = "default"
    IGNORED = "ignored"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _EFFECTS.index(self)


_EFFECTS = tuple(Effect)


@dataclass(frozen=True, slots=True)
class Tag:
    """One `name=value`; the name in lower case. Spans are half open, in the record's text."""

    name: str
    value: str
    span: tuple[int, int]
    value_span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """One departure from the grammar. `becomes` is the value that a reader uses instead, where there is one."""

    kind: ProblemKind
    tag: str
    span: tuple[int, int]
    found: str
    effect: Effect
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one generation of receivers makes of a record, with the fallbacks np → sp → p applied.

    `acts_as_none` says that a bad policy tag turned the whole record into p=none. `testing` is t=y, `pct` percent.
    """

    p: Policy
    sp: Policy
    np: Policy
    testing: bool = False
    pct: int = 100
    acts_as_none: bool = False


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """A record and what it says. Where a value is bad or missing, its default stands.

    `reading` is that of RFC 9989, `legacy` that of RFC 7489; None where that reader applies no DMARC.
    """

    text: str
    tags: tuple[Tag, ...]
    problems: tuple[Problem, ...]
    reading: Reading | None
    legacy: Reading | None
    rua: tuple[ReportUri, ...]
    ruf: tuple[ReportUri, ...]
    adkim: str
    aspf: str
    fo: str
    psd: str

    def tag(self, name: str) -> Tag | None:
        """The tag that readers use: the first of that name."""
        return next((tag for tag in self.tags if tag.name == name), None)


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is a DMARC policy record at all: its first tag is v=DMARC1 (RFC 9989 §4.7)."""
    return _IS_DMARC.match(text) is not None


def render(tags: Iterable[tuple[str, str]]) -> str:
    """Tags, as name and value, in the form in which records are usually written."""
    return "; ".join(f"{name}={value}" for name, value in tags)


@lru_cache(maxsize=64)
def parse(text: str) -> DmarcRecord:
    """Read `text` (one character per octet) as both generations of readers do. Never raises.

    A text that is no DMARC record has no reading; its tags are still there to look at.
    """
    tags, problems = _split(text)
    first = {tag.name: tag for tag in reversed(tags)}
    uris = {name: _uris(first.get(name)) for name in URI_TAGS}
    problems += [problem for name, tag in first.items() for problem in _value_problems(name, tag, uris)]
    rescued = any(uri.fault is None for uri in uris["rua"])
    applies = is_dmarc(text)
    problems += _policy_problems(first, rescued, len(text)) if applies else ()
    return DmarcRecord(
        text=text,
        tags=tuple(tags),
        problems=tuple(sorted(problems, key=lambda problem: (problem.span, problem.kind))),
        reading=_reading(first, rescued) if applies else None,
        legacy=_legacy_reading(tags, first, rescued) if applies else None,
        rua=uris["rua"],
        ruf=uris["ruf"],
        adkim=_chosen(first, "adkim"),
        aspf=_chosen(first, "aspf"),
        fo=_chosen(first, "fo"),
        psd=_chosen(first, "psd"),
    )


def _split(text: str) -> tuple[list[Tag], list[Problem]]:
    """The tags in order, and what of the text is no tag."""
    tags: list[Tag] = []
    problems: list[Problem] = []
    first: dict[str, Tag] = {}
    for part, start in _parts(text):
        span = (start, start + len(part))
        name, equals, value = part.partition("=")
        name, value = name.rstrip(WSP), value.lstrip(WSP)
        if not part:
            problems.append(Problem(ProblemKind.EMPTY, "", span, "", Effect.IGNORED))
        elif not equals or not (name.isascii() and name.isalpha()):
            problems.append(Problem(ProblemKind.MALFORMED, "", span, part, Effect.IGNORED))
        else:
            tag = Tag(name.lower(), value, span, (span[1] - len(value), span[1]))
            problems += _duplicate(tag, first.setdefault(tag.name, tag))
            tags.append(tag)
    return tags, problems


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """What stands between semicolons, without the white space around it, and where; not the nothing after the last."""
    position = 0
    pieces = text.split(";", MAX_PARTS)
    for index, piece in enumerate(pieces[:MAX_PARTS]):
        part = piece.strip(WSP)
        if part or index < len(pieces) - 1:
            yield part, position + (len(piece) - len(piece.lstrip(WSP)) if part else 0)
        position += len(piece) + 1


def _duplicate(tag: Tag, first: Tag) -> Iterator[Problem]:
    if tag is first:
        return
    # RFC 6376 §3.2 voids a whole list for one duplicate, RFC 9989 §4.8 discards what is no good: we read the first
    same = first.value.lower() == tag.value.lower()
    effect = Effect.IGNORED if same else Effect.READERS_DIFFER
    yield Problem(ProblemKind.DUPLICATE, tag.name, tag.span, tag.value, effect, first.value)


_CHOICES = {"adkim": ("r", "s"), "aspf": ("r", "s"), "fo": ("0",), "psd": ("u", "y", "n")}
"""The values of RFC 9989 §4.7, the default first; `fo` has a grammar of its own."""
_YES_NO = ("n", "y")


def _chosen(first: dict[str, Tag], name: str) -> str:
    tag = first.get(name)
    return tag.value.lower() if tag is not None and _is_choice(name, tag.value) else _CHOICES[name][0]


def _is_choice(name: str, value: str) -> bool:
    # RFC 9989 §4.8: quoted strings of the grammar match in any case; only the version is marked %s
    options = value.lower().split(":")
    if name != "fo":
        return value.lower() in _CHOICES[name]
    known = all(option in {"0", "1", "d", "s"} for option in options)
    return known and len(set(options)) == len(options) and not {"0", "1"} <= set(options)


def _uris(tag: Tag | None) -> tuple[ReportUri, ...]:
    return parse_uris(tag.value, tag.value_span[0]) if tag is not None and tag.value else ()


def _policy(tag: Tag | None) -> Policy | None:
    return Policy(tag.value.lower()) if tag is not None and tag.value.lower() in _POLICIES else None


def _value_problems(name: str, tag: Tag, uris: dict[str, tuple[ReportUri, ...]]) -> Iterator[Problem]:
    """What is wrong with the value that counts, but for the policies."""
    if name in URI_TAGS and not tag.value:
        yield Problem(ProblemKind.NO_VALUE, name, tag.span, "", Effect.LOST_REPORTS)
    elif name in URI_TAGS:
        yield from _uri_problems(name, uris[name])
    elif name in _CHOICES and not _is_choice(name, tag.value):
        yield Problem(ProblemKind.VALUE, name, tag.value_span, tag.value, Effect.DEFAULT, _CHOICES[name][0])
    elif name == "t" and tag.value.lower() not in _YES_NO:
        yield Problem(ProblemKind.VALUE, name, tag.value_span, tag.value, Effect.DEFAULT, _YES_NO[0])
    elif name == "pct" and _percent(tag) is None:
        yield Problem(ProblemKind.VALUE, name, tag.value_span, tag.value, Effect.DEFAULT, "100")
    elif not _PRINTABLE.fullmatch(tag.value):
        yield Problem(ProblemKind.CHARACTER, name, tag.value_span, tag.value, Effect.IGNORED)


def _uri_problems(name: str, uris: tuple[ReportUri, ...]) -> Iterator[Problem]:
    for uri in uris:
        if uri.fault is not None:
            effect = Effect.LOST_REPORTS if uri.text else Effect.IGNORED
            yield Problem(ProblemKind.URI, name, uri.span, uri.text, effect)


def _policy_problems(first: dict[str, Tag], rescued: bool, end: int) -> Iterator[Problem]:
    # RFC 9989 §4.10.1: a bad policy tag is p=none for a record that asks for reports, no DMARC for any other
    effect, becomes = (Effect.ACTS_AS_NONE, "none") if rescued else (Effect.NO_DMARC, "")
    if "p" not in first:
        yield Problem(ProblemKind.MISSING, "p", (0, end), "", effect, becomes)
    for name in POLICY_TAGS:
        tag = first.get(name)
        if tag is not None and _policy(tag) is None:
            kind = ProblemKind.VALUE if tag.value else ProblemKind.NO_VALUE
            yield Problem(kind, name, tag.value_span if tag.value else tag.span, tag.value, effect, becomes)


def _reading(first: dict[str, Tag], rescued: bool) -> Reading | None:
    testing = "t" in first and first["t"].value.lower() == "y"
    p = _policy(first.get("p"))
    bad = any(name in first and _policy(first[name]) is None for name in POLICY_TAGS)
    if p is None or bad:
        return _as_none(rescued, testing=testing)
    sp = _policy(first.get("sp")) or p
    return Reading(p, sp, _policy(first.get("np")) or sp, testing)


def _legacy_reading(tags: list[Tag], first: dict[str, Tag], rescued: bool) -> Reading | None:
    percent = _percent(first.get("pct"))
    pct = 100 if percent is None else percent
    # RFC 7489 §6.3: "v" and "p" MUST be present and MUST appear in that order; §6.4: p stands right behind v
    p = _policy(tags[1]) if len(tags) > 1 and tags[1].name == "p" else None
    if p is None or ("sp" in first and _policy(first["sp"]) is None):
        return _as_none(rescued, pct=pct)
    sp = _policy(first.get("sp")) or p
    return Reading(p, sp, sp, pct=pct)


def _as_none(rescued: bool, *, testing: bool = False, pct: int = 100) -> Reading | None:
    none = Policy.NONE
    return Reading(none, none, none, testing, pct, acts_as_none=True) if rescued else None


def _percent(tag: Tag | None) -> int | None:
    """RFC 7489 §6.3: an integer from 0 to 100."""
    if tag is None or not re.fullmatch(r"[0-9]{1,3}", tag.value):
        return None
    return int(tag.value) if int(tag.value) <= 100 else None
