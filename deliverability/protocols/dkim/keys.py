"""Public keys as DKIM publishes them: base64 and DER read by hand, so that no audit needs a cryptography library."""

from __future__ import annotations

import binascii
import hashlib
import re

from deliverability.fastclass import dataclass
from deliverability.protocols.dkim.weak import Weakness, weakness_of, weakness_of_published

ED25519_OCTETS = 32
"""RFC 8463 §4.2: the bare public key, without any ASN.1 around it."""
MAX_EXPONENT_BITS = 64
"""What we show as a number; FIPS 186-5 §A.1.1 allows 256 bits, and nobody uses them."""

_INTEGER, _BIT_STRING, _NULL, _OID, _SEQUENCE = 0x02, 0x03, 0x05, 0x06, 0x30
_RSA_OID = bytes.fromhex("2a864886f70d010101")
"""rsaEncryption, 1.2.840.113549.1.1.1."""
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
"""RFC 8410 §4: what stands before an Ed25519 key in a SubjectPublicKeyInfo."""
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


class BadKey(ValueError):
    """The octets are no key of the stated type; `fault` says in one word why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Key:
    """One public key. `form` is how it is wrapped: `spki`, `pkcs1` (a bare RSAPublicKey) or `raw` (Ed25519).

    `bits` is the length of the modulus or, for Ed25519, 256. `exponent` is None where it is longer than 64 bits and
    for Ed25519. `fingerprint` is the SHA-256 of the published octets in hexadecimal; `trailing` counts octets after
    the key.
    """

    type: str
    bits: int
    form: str
    fingerprint: str
    exponent: int | None = None
    trailing: int = 0
    weakness: Weakness | None = None


def decode_base64(text: str) -> tuple[bytes | None, str]:
    """The octets of `text` (without white space) and what is wrong: `alphabet`, `length`, or bad `padding` only."""
    bare = text.rstrip("=")
    if _NOT_BASE64.search(bare):
        return None, "alphabet"
    if len(bare) % 4 == 1:
        return None, "length"
    missing = -len(bare) % 4
    octets = binascii.a2b_base64(bare + "=" * missing)
    return octets, "" if len(text) - len(bare) == missing else "padding"


def read_key(key_type: str, octets: bytes) -> Key | None:
    """The key that `octets` hold; None for a type that is neither `rsa` nor `ed25519`. Raises BadKey."""
    if key_type == "rsa":
        return _read_rsa(octets)
    return _read_ed25519(octets) if key_type == "ed25519" else None


def _read_ed25519(octets: bytes) -> Key:
    if len(octets) == ED25519_OCTETS:
        fingerprint = hashlib.sha256(octets).hexdigest()
        return Key("ed25519", 256, "raw", fingerprint, weakness=weakness_of_published(fingerprint))
    if octets.startswith(_ED25519_SPKI):
        raise BadKey("ed25519_in_spki")
    raise BadKey("rsa_as_ed25519" if octets[:1] == b"\x30" and len(octets) > 2 * ED25519_OCTETS else "ed25519_length")


def _read_rsa(octets: bytes) -> Key:
    if len(octets) == ED25519_OCTETS or octets.startswith(_ED25519_SPKI):
        raise BadKey("ed25519_as_rsa")
    outer = _Reader(octets)
    body = outer.enter(_SEQUENCE)
    form = "pkcs1" if body.next_is(_INTEGER) else "spki"
    if form == "spki":
        body = _inside_spki(body)
    modulus, exponent = body.integer(), body.integer()
    body.finish()
    fingerprint = hashlib.sha256(octets).hexdigest()
    return Key(
        "rsa",
        modulus.bit_length(),
        form,
        fingerprint,
        exponent if exponent.bit_length() <= MAX_EXPONENT_BITS else None,
        outer.left,
        weakness_of_published(fingerprint) or weakness_of(modulus, exponent),
    )


def _inside_spki(spki: _Reader) -> _Reader:
    """RFC 5280 §4.1: SEQUENCE { algorithm, BIT STRING }, and in the bit string the RSAPublicKey of RFC 8017 §A.1.1."""
    algorithm = spki.enter(_SEQUENCE)
    if algorithm.octets(_OID) != _RSA_OID:
        raise BadKey("other_algorithm")
    if algorithm.left and algorithm.octets(_NULL):
        raise BadKey("not_der")
    algorithm.finish()
    bits = spki.octets(_BIT_STRING)
    spki.finish()
    if bits[:1] != b"\0":
        raise BadKey("not_der")
    inner = _Reader(bits[1:])
    key = inner.enter(_SEQUENCE)
    inner.finish()
    return key


class _Reader:
    """Reads DER values one after the other; every length is checked against what is there."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._octets) - self._at

    def next_is(self, tag: int) -> bool:
        return self.left > 0 and self._octets[self._at] == tag

    def finish(self) -> None:
        if self.left:
            raise BadKey("not_der")

    def enter(self, tag: int) -> _Reader:
        return _Reader(self.octets(tag))

    def integer(self) -> int:
        octets = self.octets(_INTEGER)
        # X.690 §8.3.2: shortest form; a set top bit would make it negative, which no modulus is
        if not octets or octets[0] & 0x80 or (len(octets) > 1 and octets[0] == 0 and not octets[1] & 0x80):
            raise BadKey("bad_integer")
        return int.from_bytes(octets, "big")

    def octets(self, tag: int) -> bytes:
        if not self.next_is(tag):
            raise BadKey("not_der" if self.left else "truncated")
        self._at += 1
        length = self._length()
        if length > self.left:
            raise BadKey("truncated")
        self._at += length
        return self._octets[self._at - length : self._at]

    def _length(self) -> int:
        first = self._byte()
        if first < 0x80:
            return first
        count = first & 0x7F
        # X.690 §10.1: definite, in the fewest octets; no TXT RRset holds more than 65,535
        if not 1 <= count <= 2:
            raise BadKey("not_der")
        length = int.from_bytes(bytes(self._byte() for _ in range(count)), "big")
        if length < 0x80 or (count == 2 and length < 0x100):
            raise BadKey("not_der")
        return length

    def _byte(self) -> int:
        if not self.left:
            raise BadKey("truncated")
        self._at += 1
        return self._octets[self._at - 1]
