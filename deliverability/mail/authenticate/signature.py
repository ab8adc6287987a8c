"""A signature field read from a message: its tags, what is wrong with them, and what the signature leaves open."""

from __future__ import annotations

import binascii
import re
from collections import Counter
from typing import Any

from deliverability.lookup.answer import canonical_name
from deliverability.mail.authenticate.canonical import body_hash
from deliverability.mail.authenticate.facts import Field, Signature
from deliverability.mail.authenticate.tags import TagList, parse
from deliverability.names import InvalidDomain, to_ascii

MAX_SIGNATURE_OCTETS = 16 * 1024
"""Ours: octets of one signature field; that of a 4096-bit key which names forty fields has 1,500."""
MAX_WHITE_SPACE = 256
"""Ours: octets of white space in a row; folds have three to ten. dkimpy takes time by the square of a run."""
MAX_SIGNED_NAMES = 400
"""Ours: names in h=."""
MAX_SHOWN = 1_500
"""Ours: characters of a tag's value that a document keeps."""
MAX_LENGTH_DIGITS = 76
"""RFC 6376 §3.5: digits of l=."""
MAX_TIME_DIGITS = 12
"""RFC 6376 §3.5: digits of t= and x= that a verifier has to be able to read."""

HASHES = {"rsa-sha256": "sha256", "ed25519-sha256": "sha256", "rsa-sha1": "sha1"}
"""RFC 6376 §3.3, RFC 8463 §3: the algorithms and the hash that each takes."""
METHODS = frozenset({"simple", "relaxed"})

_REQUIRED = {
    Field.DKIM: ("v", "a", "b", "bh", "d", "h", "s"),  # RFC 6376 §3.5
    Field.MESSAGE: ("i", "a", "b", "bh", "d", "h", "s"),  # RFC 8617 §4.1.2
    Field.SEAL: ("i", "a", "b", "cv", "d", "s"),  # RFC 8617 §4.1.3
}
_SEEN = (
    "from",
    "reply-to",
    "subject",
    "date",
    "to",
    "cc",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
"""RFC 6376 §5.4.1: fields that people or their programs see, and RFC 8058 §4."""
_ADDRESS_LIKE = re.compile(r"[^\s;]*@")
_LONG_RUN = re.compile(rb"[ \t\r\n]{%d}" % (MAX_WHITE_SPACE + 1))
_DIGITS = re.compile(r"[0-9]+")
_SELECTOR = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*", re.ASCII)


class Unfit(Exception):
    """A tag keeps the signature from being verified: `fault` in a word, `detail` names the tag or tells of it."""

    def __init__(self, fault: str, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail


def read(index: int, kind: Field, value: bytes, present: Counter[str]) -> Signature:
    """The signature field whose value is `value`. Never raises; `fault` tells what is wrong.

    `present` counts the message's fields by name in lower case.
    """
    if len(value) > MAX_SIGNATURE_OCTETS or _LONG_RUN.search(value):
        return Signature(index=index, field=kind.value, text=_hidden(value[:200]), fault="too_large")
    tags = parse(value)
    if tags.fault:
        return _broken(index, kind, tags, tags.fault, tags.detail)
    fields = _lenient(tags, kind)
    try:
        _required(tags, kind)
        fields |= _checked(tags, kind)
    except Unfit as unfit:
        fields |= {"fault": unfit.fault, "detail": unfit.detail}
    text, spans = _shown(tags)
    signed: tuple[str, ...] = fields["signed"]
    return Signature(
        index=index, field=kind.value, text=text, spans=spans, **fields, **_open_fields(signed, present, kind)
    )


def _broken(index: int, kind: Field, tags: TagList, fault: str, detail: str) -> Signature:
    text = _hidden(tags.text[:MAX_SHOWN].encode("latin-1", "replace"))
    return Signature(index=index, field=kind.value, text=text, fault=fault, detail=detail)


def _lenient(tags: TagList, kind: Field) -> dict[str, Any]:
    """What can be shown of a signature even if something else of it is wrong."""
    instance = tags.values.get("i", "") if kind is not Field.DKIM else ""
    return {
        "instance": int(instance) if _DIGITS.fullmatch(instance) and len(instance) < 4 else 0,
        "algorithm": tags.values.get("a", "")[:40].lower(),
        "domain": _a_labels(tags.bare("d")) or "",
        "signed": tuple(name for name in tags.bare("h").lower().split(":")[:MAX_SIGNED_NAMES] if name),
        "validation": tags.values.get("cv", "")[:10].lower(),
    }


def _required(tags: TagList, kind: Field) -> None:
    missing = [name for name in _REQUIRED[kind] if name not in tags.values]
    if missing:
        raise Unfit("missing_tag", missing[0])
    empty = [name for name in _REQUIRED[kind] if not tags.bare(name)]
    if empty:  # RFC 6376 §3.5: none of them may be; base64string has a character at least
        raise Unfit("empty_tag", empty[0])
    if kind is Field.DKIM and tags.values["v"] != "1":
        raise Unfit("version", "v")
    if kind is Field.SEAL and "h" in tags.values:
        raise Unfit("seal_names_fields", "h")  # RFC 8617 §4.1.3
    if "q" in tags.values and "dns/txt" not in tags.bare("q").lower().split(":"):
        raise Unfit("query", "q")


def _checked(tags: TagList, kind: Field) -> dict[str, Any]:
    """The tags that verification needs. Raises Unfit."""
    algorithm = tags.values["a"].lower()
    if algorithm not in HASHES:
        raise Unfit("algorithm", "a")
    domain = _a_labels(tags.bare("d"))
    if domain is None:
        raise Unfit("domain", "d")
    selector = tags.bare("s").lower()
    _key_name(selector, domain)
    base64(tags, "b")
    return {
        "domain": domain,
        "selector": selector,
        "canonicalization": _methods(tags, kind),
        "identity_domain": _identity(tags, domain) if kind is Field.DKIM else domain,
        **_times(tags),
        **(_message_tags(tags, kind, HASHES[algorithm]) if kind is not Field.SEAL else {}),
    }


def _message_tags(tags: TagList, kind: Field, algorithm: str) -> dict[str, Any]:
    """bh=, h= and l=, which a seal does not have."""
    if len(base64(tags, "bh")) != len(body_hash(b"", algorithm, None)):
        raise Unfit("hash_length", "bh")
    names = tags.bare("h").lower().split(":")
    if len(names) > MAX_SIGNED_NAMES:
        raise Unfit("too_large", "h")
    if not all(names):
        raise Unfit("empty_name", "h")
    if "from" not in names:
        raise Unfit("from_unsigned", "h")  # RFC 6376 §5.4, §6.1.1
    if kind is Field.MESSAGE and "arc-seal" in names:
        raise Unfit("signs_seal", "h")  # RFC 8617 §4.1.2
    return {"body_length": _length(tags)}


def _a_labels(domain: str) -> str | None:
    """RFC 8616 §5: U-labels of d= become A-labels before they are looked up."""
    try:
        return to_ascii(domain if domain.isascii() else domain.encode("latin-1").decode("utf-8"))
    except (InvalidDomain, UnicodeError):
        return None


def _key_name(selector: str, domain: str) -> None:
    try:
        canonical_name(f"{selector}._domainkey.{domain}")
    except ValueError:
        raise Unfit("selector", "s") from None
    if not _SELECTOR.fullmatch(selector):
        raise Unfit("selector", "s")


def _methods(tags: TagList, kind: Field) -> tuple[str, str]:
    """RFC 6376 §3.5: header/body, `simple` where not said. RFC 8617 §4.1.3: a seal is always relaxed."""
    if kind is Field.SEAL:
        return "relaxed", "relaxed"
    header, _, body = tags.bare("c").lower().partition("/")
    methods = header or "simple", body or "simple"
    if not METHODS.issuperset(methods):
        raise Unfit("canonicalization", "c")
    return methods


def _identity(tags: TagList, domain: str) -> str:
    """RFC 6376 §3.5: the domain of i= is d= or below it."""
    if "i" not in tags.values:
        return domain
    identity = _a_labels(tags.bare("i").rpartition("@")[2]) or ""
    if identity != domain and not identity.endswith(f".{domain}"):
        raise Unfit("identity", "i")
    return identity


def _times(tags: TagList) -> dict[str, int | None]:
    signed_at, expires_at = _time(tags, "t"), _time(tags, "x")
    if signed_at is not None and expires_at is not None and expires_at <= signed_at:
        raise Unfit("expires_before", "x")  # RFC 6376 §3.5: x= must be greater than t=
    return {"signed_at": signed_at, "expires_at": expires_at}


def _time(tags: TagList, name: str) -> int | None:
    value = tags.bare(name)
    if name not in tags.values:
        return None
    if not _DIGITS.fullmatch(value) or not value.isascii() or len(value) > MAX_TIME_DIGITS:
        raise Unfit("time", name)
    return int(value)


def _length(tags: TagList) -> int | None:
    value = tags.bare("l")
    if "l" not in tags.values:
        return None
    if not _DIGITS.fullmatch(value) or len(value) > MAX_LENGTH_DIGITS:
        raise Unfit("length", "l")
    return int(value)


def base64(tags: TagList, name: str) -> bytes:
    """The octets of a base64 tag. Raises Unfit."""
    try:
        return binascii.a2b_base64(tags.bare(name).encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Unfit("base64", name) from None


def _open_fields(signed: tuple[str, ...], present: Counter[str], kind: Field) -> dict[str, Any]:
    """RFC 6376 §5.4.2, §8.15: which fields stand more often than they are signed, and which could be added to."""
    if kind is Field.SEAL:
        return {}
    named = Counter(signed)
    return {
        "unsigned_fields": tuple(name for name in _SEEN if named[name] < present[name]),
        "addable_fields": tuple(name for name in _SEEN if 0 < present[name] == named[name]),
    }


def _shown(tags: TagList) -> tuple[str, tuple[tuple[str, int, int], ...]]:
    """The field on one line for people, and where its values stand; nobody's address is in it."""
    parts, spans, at = list[str](), list[tuple[str, int, int]](), 0
    for name, value in tags.values.items():
        # RFC 6376 §3.5: z= copies fields, To among them; i= may name the user for whom it was signed
        shown = "…" if name == "z" else _without_addresses(" ".join(value.split())[:MAX_SHOWN])
        parts.append(f"{name}={shown}")
        spans.append((name, at + len(name) + 1, at + len(parts[-1])))
        at += len(parts[-1]) + 2
    return "; ".join(parts), tuple(spans)


def _hidden(value: bytes) -> str:
    return _without_addresses(" ".join(value.decode("latin-1").split()))


def _without_addresses(text: str) -> str:
    """`text` without the local part of anybody."""
    return _ADDRESS_LIKE.sub("@", text) if "@" in text else text
