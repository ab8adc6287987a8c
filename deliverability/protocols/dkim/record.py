"""DKIM key records (RFC 6376 §3.6.1): a pure parser that keeps where everything stands and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice

from deliverability.fastclass import dataclass
from deliverability.protocols.dkim.damage import Damage, DamageKind, damages, repaired
from deliverability.protocols.dkim.keys import BadKey, Key, decode_base64, read_key

Span = tuple[int, int]

MAX_PROBLEMS = 16
"""Our own bound on what is listed of one record; a 64 KB record of semicolons has no more to tell."""
MAX_TAGS = 64
"""Our own bound; RFC 6376 §3.6.1 knows eight tags."""
MIN_RSA_BITS = 1024
"""RFC 8301 §3.2: verifiers must not consider signatures of shorter keys valid."""

FWS = " \t\r\n"
"""RFC 6376 §2.8: folding white space."""

_WHITE = re.compile(rf"[{FWS}]+")
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""RFC 6376 §3.2."""
_VERSION_START = re.compile(r"\W{0,8}v\s*=\s*([^\s;]*)", re.IGNORECASE | re.ASCII)
_KEY_TAG = re.compile(r"(?:^|[;\s\"\xa0])p\s*=", re.ASCII)
_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.){1,32}[A-Za-z][A-Za-z0-9-]{0,61}\.?")


class ProblemKind(StrEnum):
    """What is wrong with a key record, each with a repair of its own."""

    NOT_A_KEY = "not_a_key"
    TARGET_IN_TXT = "target_in_txt"
    BAD_VERSION = "bad_version"
    VERSION_NOT_FIRST = "version_not_first"
    DUPLICATE_TAG = "duplicate_tag"
    MALFORMED_TAG = "malformed_tag"
    EMPTY_TAG = "empty_tag"
    MISSING_KEY = "missing_key"
    PASTED_QUOTES = "pasted_quotes"
    ESCAPED_SEMICOLON = "escaped_semicolon"
    NO_BREAK_SPACE = "no_break_space"
    STRAY_CHARACTER = "stray_character"
    KEY_WHITESPACE = "key_whitespace"
    BAD_BASE64 = "bad_base64"
    BAD_PADDING = "bad_padding"
    BAD_KEY = "bad_key"
    BARE_RSA_KEY = "bare_rsa_key"
    TRAILING_OCTETS = "trailing_octets"
    OLD_GRANULARITY = "old_granularity"


class Effect(StrEnum):
    """What verifiers do with a record that has a problem, worst first."""

    REFUSED = "refused"
    """They cannot use the key."""
    DIVIDED = "divided"
    """Some refuse it and some do not."""
    ACCEPTED = "accepted"
    """It is legal, or the tag does not matter."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One `name=value` of the tag-list; the spans are half open and without the white space around."""

    name: str
    value: str
    span: Span
    value_span: Span


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, where it stands, and what it does; `detail` is a word that says which variety."""

    kind: ProblemKind
    span: Span
    effect: Effect
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A TXT record at a selector's name, read as a DKIM key. `hashes` is None where the record allows every hash.

    `is_key` says that the text means to be a key record at all; `usable` that a verifier that follows the RFCs can
    verify mail with it.
    """

    text: str
    is_key: bool
    tags: tuple[Tag, ...] = ()
    problems: tuple[Problem, ...] = ()
    key_type: str = "rsa"
    hashes: tuple[str, ...] | None = None
    services: tuple[str, ...] = ("*",)
    flags: tuple[str, ...] = ()
    revoked: bool = False
    key: Key | None = None
    usable: bool = False

    def tag(self, name: str) -> Tag | None:
        """The first tag called `name` (tag names are case-sensitive), or None."""
        return next((tag for tag in self.tags if tag.name == name), None)

    def render(self) -> str:
        """The record written plainly: what a verifier reads of it, without white space in the key."""
        return "; ".join(f"{tag.name}={_plain(tag)}" for tag in self.tags)


def parse(text: str) -> KeyRecord:
    """Read one TXT record (strings joined, one character per octet) as a DKIM key. Never raises."""
    if not is_attempt(text):
        return KeyRecord(text, is_key=False, problems=(_not_a_key(text),))
    tags, structural = _tag_list(text)
    damaged = [problem for damage in islice(damages(text), MAX_TAGS) if (problem := _from_damage(damage, tags))]
    key, material = _material(tags)
    problems = _known_once(damaged, [*structural, *_version(tags), *material, *_granularity(tags)], tags)
    values = {tag.name: tag.value for tag in reversed(tags)}
    hashes = _words(values["h"]) if "h" in values else None
    services = _words(values["s"]) if "s" in values else ("*",)
    revoked = not problems_refuse(problems) and values.get("p") == ""
    return KeyRecord(
        text=text,
        is_key=True,
        tags=tuple(tags),
        problems=problems,
        key_type=values.get("k", "rsa").lower(),
        hashes=hashes,
        services=services,
        flags=_words(values.get("t", "")),
        revoked=revoked,
        key=key,
        usable=_strong(key) and not problems_refuse(problems) and allows_sha256(hashes) and allows_email(services),
    )


def clean(text: str) -> str | None:
    """The record that `text` was meant to be, written plainly; None where nothing is wrong or that is not certain.

    Only what came in by copying is taken out (quotes, escapes, odd spaces): the key itself is never guessed.
    """
    record = parse(repaired(text))
    # RFC 6376 §3.6.1: the version comes first
    tags = sorted((tag for tag in record.tags if tag.name != "g"), key=lambda tag: tag.name != "v")
    meant = "; ".join(f"{tag.name}={_padded(_plain(tag)) if tag.name == 'p' else tag.value}" for tag in tags)
    again = parse(meant)
    return meant if again.usable and not again.problems and parse(text).problems else None


def is_attempt(text: str) -> bool:
    """Whether `text` means to be a DKIM key record: it opens with a DKIM version, or has none and a `p=` tag."""
    version = _VERSION_START.match(text)
    # RFC 6376 §3.6.1: a record that begins with another version is discarded; `v=spf1` and `v=DMARC1` are no keys
    return "dkim" in version[1].lower() if version else _KEY_TAG.search(text) is not None


def problems_refuse(problems: tuple[Problem, ...]) -> bool:
    """Whether any of `problems` keeps verifiers from using the key."""
    return any(problem.effect is Effect.REFUSED for problem in problems)


def allows_sha256(hashes: tuple[str, ...] | None) -> bool:
    """RFC 8301 §3.1 leaves SHA-256 alone: whether an `h=` list (None: no list) lets signers use it."""
    return hashes is None or "sha256" in hashes


def allows_email(services: tuple[str, ...]) -> bool:
    """RFC 6376 §3.6.1: whether an `s=` list lets the key be used for mail."""
    return "*" in services or "email" in services


def _strong(key: Key | None) -> bool:
    return key is not None and (key.type != "rsa" or key.bits >= MIN_RSA_BITS)


def _not_a_key(text: str) -> Problem:
    span = _trimmed(text, 0, len(text))
    host = _HOST_NAME.fullmatch(text[slice(*span)])
    return Problem(ProblemKind.TARGET_IN_TXT if host else ProblemKind.NOT_A_KEY, span, Effect.REFUSED)


def _tag_list(text: str) -> tuple[list[Tag], list[Problem]]:
    tags, problems = list[Tag](), list[Problem]()
    seen = set[str]()
    for place, (span, last) in enumerate(_segments(text)):
        if place == MAX_TAGS:
            problems.append(Problem(ProblemKind.MALFORMED_TAG, (span[0], len(text)), Effect.REFUSED, "too_many"))
            break
        tag = _tag(text, span)
        if tag is not None:
            if tag.name in seen:
                # RFC 6376 §3.2: a tag that occurs twice makes the entire tag-list invalid
                problems.append(Problem(ProblemKind.DUPLICATE_TAG, span, Effect.REFUSED, tag.name))
            seen.add(tag.name)
            tags.append(tag)
        elif span[0] < span[1]:
            problems.append(Problem(ProblemKind.MALFORMED_TAG, span, Effect.REFUSED))
        elif not last:
            problems.append(Problem(ProblemKind.EMPTY_TAG, (span[0], span[0] + 1), Effect.DIVIDED))
    return tags, problems


def _segments(text: str) -> Iterator[tuple[Span, bool]]:
    """What stands between the semicolons, without white space around, and whether it is the last."""
    start = 0
    for part in text.split(";"):
        end = start + len(part)
        yield _trimmed(text, start, end), end == len(text)
        start = end + 1


def _tag(text: str, span: Span) -> Tag | None:
    equals = text.find("=", *span)
    if equals < 0:
        return None
    name = text[slice(*_trimmed(text, span[0], equals))]
    if not _TAG_NAME.fullmatch(name):
        return None
    value_span = _trimmed(text, equals + 1, span[1])
    return Tag(name, text[slice(*value_span)], span, value_span)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start] in FWS:
        start += 1
    while end > start and text[end - 1] in FWS:
        end -= 1
    return start, end


def _version(tags: list[Tag]) -> Iterator[Problem]:
    for place, tag in enumerate(tags):
        if tag.name != "v":
            continue
        if tag.value != "DKIM1":
            # RFC 6376 §3.6.1: a plain string comparison; "DKIM1.0" and "dkim1" are other versions
            yield Problem(ProblemKind.BAD_VERSION, tag.value_span, Effect.REFUSED)
        elif place:
            # RFC 6376 §3.6.1: it must come first; most verifiers read on all the same
            yield Problem(ProblemKind.VERSION_NOT_FIRST, tag.span, Effect.DIVIDED)
        return


def _granularity(tags: list[Tag]) -> Iterator[Problem]:
    for tag in tags:
        if tag.name == "g" and tag.value != "*":
            # RFC 4871 §3.6.1 had it limit the local-part; RFC 6376 verifiers ignore it, older ones still obey
            yield Problem(ProblemKind.OLD_GRANULARITY, tag.span, Effect.ACCEPTED)


def _material(tags: list[Tag]) -> tuple[Key | None, list[Problem]]:
    """The key of the first `p=` and what is wrong with its writing."""
    tag = next((tag for tag in tags if tag.name == "p"), None)
    if tag is None:
        where = tags[-1].span[1] if tags else 0
        return None, [Problem(ProblemKind.MISSING_KEY, (where, where), Effect.REFUSED)]
    problems = list(_whitespace(tag))
    bare = _plain(tag)
    if not bare:
        return None, problems
    octets, fault = decode_base64(bare)
    if octets is None:
        return None, [*problems, Problem(ProblemKind.BAD_BASE64, tag.value_span, Effect.REFUSED, fault)]
    if fault:
        # RFC 6376 §3.2 lets the padding go, the base64 of RFC 2045 and most decoders do not
        problems.append(Problem(ProblemKind.BAD_PADDING, tag.value_span, Effect.DIVIDED, fault))
    key, more = _key(tag, next((t.value for t in tags if t.name == "k"), "rsa").lower(), octets)
    return key, [*problems, *more]


def _key(tag: Tag, key_type: str, octets: bytes) -> tuple[Key | None, list[Problem]]:
    try:
        key = read_key(key_type, octets)
    except BadKey as error:
        return None, [Problem(ProblemKind.BAD_KEY, tag.value_span, Effect.REFUSED, error.fault)]
    if key is not None and key.form == "pkcs1":
        # RFC 6376 §3.6.1 names RSAPublicKey, erratum 3017 both forms; signers' tools write SubjectPublicKeyInfo, and
        # that is all some verifiers read
        return key, [Problem(ProblemKind.BARE_RSA_KEY, tag.value_span, Effect.DIVIDED)]
    if key is not None and key.trailing:
        return key, [Problem(ProblemKind.TRAILING_OCTETS, tag.value_span, Effect.DIVIDED, str(key.trailing))]
    return key, []


def _whitespace(tag: Tag) -> Iterator[Problem]:
    for run in _WHITE.finditer(tag.value):
        start, end = (tag.value_span[0] + place for place in run.span())
        # RFC 6376 §3.6.1: white space within the base64 is ignored
        yield Problem(ProblemKind.KEY_WHITESPACE, (start, end), Effect.ACCEPTED)


_DAMAGE = {
    DamageKind.QUOTE: ProblemKind.PASTED_QUOTES,
    DamageKind.ESCAPE: ProblemKind.ESCAPED_SEMICOLON,
    DamageKind.NO_BREAK_SPACE: ProblemKind.NO_BREAK_SPACE,
    DamageKind.CHARACTER: ProblemKind.STRAY_CHARACTER,
}


def _from_damage(damage: Damage, tags: list[Tag]) -> Problem | None:
    kind, span = damage
    tag = next((tag for tag in tags if tag.span[0] <= span[0] < tag.span[1]), None)
    # RFC 6376 §3.6.1: notes, flags and unknown tags decide nothing about the key
    if tag is None or tag.name in {"v", "k", "p", "h", "s"}:
        return Problem(_DAMAGE[kind], span, Effect.REFUSED)
    if kind in {DamageKind.QUOTE, DamageKind.ESCAPE} and tag.name != "t":
        return None  # RFC 6376 §3.2: both are VALCHAR, and a note may well quote somebody
    return Problem(_DAMAGE[kind], span, Effect.ACCEPTED)


def _known_once(damaged: list[Problem], others: list[Problem], tags: list[Tag]) -> tuple[Problem, ...]:
    """All problems in the order of their places, without those that a damaged character explains."""
    hurt = [problem.span[0] for problem in damaged if problem.effect is Effect.REFUSED]

    def explained(problem: Problem) -> bool:
        if problem.kind in {ProblemKind.KEY_WHITESPACE, ProblemKind.DUPLICATE_TAG, ProblemKind.OLD_GRANULARITY}:
            return False
        if problem.kind is ProblemKind.MISSING_KEY:
            return bool(hurt)
        start, end = next((t.span for t in tags if t.span[0] <= problem.span[0] < t.span[1]), problem.span)
        return any(start <= place < end for place in hurt)

    kept = damaged + [problem for problem in others if not explained(problem)]
    worst_first = sorted(kept, key=lambda problem: list(Effect).index(problem.effect))[:MAX_PROBLEMS]
    return tuple(sorted(worst_first, key=lambda problem: problem.span))


def _words(value: str) -> tuple[str, ...]:
    """A colon-separated list, such as `h=`, `s=` and `t=`; white space around the colons is legal."""
    return tuple(word for part in value.split(":") if (word := part.strip(FWS)))


def _plain(tag: Tag) -> str:
    return _WHITE.sub("", tag.value) if tag.name == "p" else tag.value


def _padded(base64: str) -> str:
    bare = base64.rstrip("=")
    return bare + "=" * (-len(bare) % 4)
