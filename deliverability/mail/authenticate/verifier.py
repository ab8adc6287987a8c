"""Verification behind one method: by dkimpy with keys that are handed in, or as a document remembers it."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import Any

from deliverability.mail.authenticate.facts import Field, Kept, Signature, SignedMail, Verified
from deliverability.mail.authenticate.reading import ReadMail, read_mail
from deliverability.mail.authenticate.split import RawField, field_name
from deliverability.protocols.dkim.record import parse

MISSING = "messages need dkimpy, which is not installed: pip install 'deliv[message]'"


class VerifierMissing(RuntimeError):
    """The library that verifies signatures is not installed; the message says how to get it."""


def require_verifier() -> None:
    """Raise VerifierMissing where signatures cannot be verified, for want of dkimpy or of its Ed25519."""
    if find_spec("dkim") is None or find_spec("nacl") is None:
        raise VerifierMissing(MISSING)


def digest_of(record: str) -> str:
    """The SHA-256 of a key record's text, in hexadecimal."""
    return hashlib.sha256(record.encode("utf-8", "surrogatepass")).hexdigest()


class LiveVerifier:
    """Verifies the signatures of a message that is at hand. Raises VerifierMissing; its body is not kept."""

    def __init__(self, raw: bytes) -> None:
        """`raw` is the message as it came: CRLF or LF, with or without an mbox line."""
        require_verifier()
        self._read: ReadMail = read_mail(raw)
        self._verified: dict[tuple[int, str], Verified] = {}

    @property
    def mail(self) -> SignedMail:
        """What was read of the message."""
        return self._read.mail

    def verify(self, index: int, record: str) -> bool | None:
        """Whether signature `index` was made over the header by the key in `record`. Never raises, asks nobody."""
        key = digest_of(record)
        if (index, key) not in self._verified:
            valid = _verify(self._read, self.mail.signatures[index], record)
            self._verified[index, key] = Verified(index=index, key=key, valid=valid)
        return self._verified[index, key].valid

    def kept(self) -> Kept:
        """What was read and every verification so far."""
        return Kept(mail=self.mail, verified=tuple(self._verified[one] for one in sorted(self._verified)))


class RememberedVerifier:
    """Says again what a document remembers. Another key than the remembered one is not known of: None."""

    def __init__(self, kept: Kept) -> None:
        """`kept` as a LiveVerifier gave it."""
        self._kept = kept
        self._valid = {(one.index, one.key): one.valid for one in kept.verified}

    @property
    def mail(self) -> SignedMail:
        """What was read of the message."""
        return self._kept.mail

    def verify(self, index: int, record: str) -> bool | None:
        """As it was found with this very key; None with any other."""
        return self._valid.get((index, digest_of(record)))

    def kept(self) -> Kept:
        """What it was made of."""
        return self._kept


def _verify(read: ReadMail, signature: Signature, record: str) -> bool:
    """By dkimpy, over the header: the body was hashed when the message was read, and dkimpy's clock is not asked."""
    import dkim  # type: ignore[import-untyped]  # noqa: PLC0415 - 60 ms, for messages with signatures alone

    key = _plain_key(record)
    if key is None or signature.fault:
        return False
    own = read.own[signature.index]
    names, fields = _signed(read, signature)
    verifier: Any = dkim.DKIM(minkey=0)  # RFC 8301 §3.2 is judged with the key, before
    verifier.headers = [list(one) for one in fields]
    tags = {
        b"a": signature.algorithm.encode("ascii"),
        b"b": _value(own, b"b"),
        b"c": "/".join(signature.canonicalization).encode("ascii"),
        b"d": b"d",
        b"s": b"s",
    }
    try:
        return bool(verifier.verify_sig(tags, names, (own[0].rstrip(b" \t"), own[1]), _Key(key)))
    except Exception:  # noqa: BLE001 - whatever a stranger's signature makes of the library, it does not verify
        return False


class _Key:
    """What dkimpy asks in place of DNS: the key that was fetched before."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __call__(self, *_: bytes, **__: float) -> bytes:
        return self._text


def _value(own: RawField, tag: bytes) -> bytes:
    from deliverability.mail.authenticate.tags import parse as parse_tags  # noqa: PLC0415 - one name, two grammars

    return parse_tags(own[1]).bare(tag.decode()).encode("latin-1")


def _plain_key(record: str) -> bytes | None:
    """The key as dkimpy reads it, from our reading of the record; None where it holds none."""
    found = parse(record)
    tag = found.tag("p")
    if found.key is None or tag is None:
        return None
    return f"v=DKIM1; k={found.key.type}; p={''.join(tag.value.split())}".encode("ascii")


def _signed(read: ReadMail, signature: Signature) -> tuple[list[bytes], list[RawField]]:
    """The names that are hashed, and the fields that bear them: others would only be searched in vain."""
    if signature.field == Field.SEAL.value:
        fields = list(read.sealed.get(signature.index, ()))
        # RFC 8617 §5.1.1: in the order of the instances; dkimpy takes fields of one name from the bottom up
        return [field_name(one).encode("ascii") for one in fields], fields[::-1]
    wanted = frozenset(signature.signed)
    # RFC 6376 §3.5: the signature itself is hashed last, and is none of the fields that h= names
    own = read.own[signature.index]
    fields = [one for one in read.fields if field_name(one) in wanted and one is not own]
    present = frozenset(map(field_name, fields))
    return [name.encode("latin-1") for name in signature.signed if name in present], fields
