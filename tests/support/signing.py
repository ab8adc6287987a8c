"""Messages signed on the spot: DKIM (RFC 6376) and ARC (RFC 8617), apart from the library that verifies them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa


@dataclass(frozen=True)
class Signer:
    """A key pair; `record` is its key record."""

    algorithm: str
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    record: str

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            hashed = hashes.SHA1() if self.algorithm == "rsa-sha1" else hashes.SHA256()
            return self.private.sign(data, padding.PKCS1v15(), hashed)
        # RFC 8463 §3: Ed25519 signs the SHA-256 of the data
        return self.private.sign(hashlib.sha256(data).digest())


@cache
def rsa_signer(bits: int = 1024, algorithm: str = "rsa-sha256") -> Signer:
    private = rsa.generate_private_key(65537, bits)
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Signer(algorithm, private, f"v=DKIM1; k=rsa; p={base64.b64encode(spki).decode()}")


@cache
def ed25519_signer() -> Signer:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Signer("ed25519-sha256", private, f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}")


def message(*fields: str, body: bytes = b"Good morning.\r\n", sender: str = "News <news@mail.example>") -> bytes:
    """A message from `sender` with more `fields`, CRLF line ends."""
    given = (
        f"From: {sender}",
        "To: Ann <ann@inbox.example>",
        "Subject: The week",
        "Date: Fri, 20 Nov 2026 09:00:00 +0000",
        "Message-ID: <1@mail.example>",
        *fields,
    )
    return "".join(f"{one}\r\n" for one in given).encode("utf-8") + b"\r\n" + body


def dkim_signed(
    raw: bytes,
    signer: Signer,
    *,
    domain: str = "mail.example",
    selector: str = "s1",
    signed: Sequence[str] = ("from", "to", "subject", "date"),
    canonicalization: str = "relaxed/relaxed",
    tags: Iterable[tuple[str, str]] = (),
    length: int | None = None,
) -> bytes:
    """`raw` with a DKIM-Signature on top. `tags` are added to the field, or stand in place of those of that name."""
    header, _, body = raw.partition(b"\r\n\r\n")
    how, _, body_how = canonicalization.partition("/")
    canonical = _body(body, body_how)[:length]
    hashed = hashlib.new("sha1" if signer.algorithm == "rsa-sha1" else "sha256", canonical).digest()
    values = {
        "v": "1",
        "a": signer.algorithm,
        "c": canonicalization,
        "d": domain,
        "s": selector,
        "h": ":".join(signed),
        "bh": base64.b64encode(hashed).decode(),
        **({"l": str(length)} if length is not None else {}),
        **dict(tags),
    }
    field = _signed_field("DKIM-Signature", values, signer, _select(_fields(header), signed), how)
    return field + b"\r\n" + raw


def arc_sealed(raw: bytes, signer: Signer, *, instance: int, domain: str, cv: str, selector: str = "arc") -> bytes:
    """`raw` with one more ARC set on top."""
    header, _, body = raw.partition(b"\r\n\r\n")
    signed = ("from", "to", "subject", "date", "dkim-signature")
    results = f"ARC-Authentication-Results: i={instance}; {domain}; dkim=pass header.d=mail.example".encode()
    body_hash = base64.b64encode(hashlib.sha256(_body(body, "relaxed")).digest()).decode()
    common = {"i": str(instance), "a": signer.algorithm, "d": domain, "s": selector}
    fields = _fields(header)
    values = {**common, "c": "relaxed/relaxed", "h": ":".join(signed), "bh": body_hash}
    message_signature = _signed_field("ARC-Message-Signature", values, signer, _select(fields, signed), "relaxed")
    above = [(name, value) for name, value in fields if name.lower().startswith(b"arc-")]
    chain = [*above[::-1], *_fields(results), *_fields(message_signature)]
    order = {b"arc-authentication-results": 0, b"arc-message-signature": 1, b"arc-seal": 2}
    chain.sort(key=lambda one: (_instance(one[1]), order[one[0].lower()]))
    seal = _signed_field("ARC-Seal", {**common, "cv": cv}, signer, chain, "relaxed")
    return seal + b"\r\n" + message_signature + b"\r\n" + results + b"\r\n" + raw


def _instance(value: bytes) -> int:
    found = re.search(rb"i=(\d+)", value)
    assert found is not None
    return int(found[1])


def _signed_field(
    name: str, values: dict[str, str], signer: Signer, fields: list[tuple[bytes, bytes]], how: str
) -> bytes:
    unsigned = f"{name}: {'; '.join(f'{tag}={value}' for tag, value in values.items())}; b=".encode()
    hashed = b"".join(_header(one, how) + b"\r\n" for one in fields) + _header(_fields(unsigned)[0], how)
    return unsigned + base64.b64encode(signer.sign(hashed))


def _fields(header: bytes) -> list[tuple[bytes, bytes]]:
    unfolded = re.split(rb"\r\n(?![ \t])", header)
    return [(name, value) for name, _, value in (one.partition(b":") for one in unfolded)]


def _select(fields: list[tuple[bytes, bytes]], names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """RFC 6376 §5.4.2: from the bottom up, each once."""
    left = fields[::-1]
    found = list[tuple[bytes, bytes]]()
    for name in names:
        match = next((one for one in left if one[0].strip().lower() == name.lower().encode()), None)
        if match is not None:
            left.remove(match)
            found.append(match)
    return found


def _header(field: tuple[bytes, bytes], how: str) -> bytes:
    name, value = field
    if how == "simple":
        return name + b":" + value
    unfolded = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()
    return name.strip().lower() + b":" + unfolded


def _body(body: bytes, how: str) -> bytes:
    if how == "relaxed":
        body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n" if body or how != "relaxed" else b""


def spki(modulus: int, exponent: int) -> str:
    """An RSA key as DER, RFC 8017 §A.1.1 within RFC 5280 §4.1."""

    def der(tag: int, content: bytes) -> bytes:
        size = len(content)
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets) + content

    numbers = b"".join(der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in (modulus, exponent))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return base64.b64encode(der(0x30, algorithm + der(3, b"\0" + der(0x30, numbers)))).decode()
