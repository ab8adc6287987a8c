"""What a message's signatures are judged by, read from its octets; the body is hashed here and not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.canonical import body_hash, canonical_body
from deliverability.mail.authenticate.chain import ChainFields, chain_of
from deliverability.mail.authenticate.facts import Field, Signature, SignedMail
from deliverability.mail.authenticate.signature import HASHES, base64, read
from deliverability.mail.authenticate.split import RawField, Split, field_name, split
from deliverability.mail.authenticate.tags import parse

MAX_SIGNATURES = 10
"""Ours: DKIM signatures that are judged, from the top; RFC 6376 §6.1 lets a verifier stop somewhere."""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """`mail` for the document, and what verification needs beside it: the fields, and each signature's own field.

    `sealed` are the fields that each seal covers, by the signature's index, in the order of RFC 8617 §5.1.1.
    """

    mail: SignedMail
    fields: tuple[RawField, ...]
    own: tuple[RawField, ...]
    sealed: dict[int, tuple[RawField, ...]]


def read_mail(raw: bytes) -> ReadMail:
    """Read the signatures of `raw`. Never raises."""
    whole = split(raw)
    present = Counter(field_name(one) for one in whole.fields)
    dkim = [one for one in whole.fields if field_name(one) == Field.DKIM]
    chain = chain_of(whole.fields)
    own = [(Field.DKIM, one) for one in dkim[:MAX_SIGNATURES]] + list(chain.signatures)
    found = [read(index, kind, field[1], present) for index, (kind, field) in enumerate(own)]
    mail = SignedMail(
        signatures=tuple(_with_body(found, [field for _, field in own], whole)),
        left_out=len(dkim[MAX_SIGNATURES:]),
        instances=chain.instances,
        chain_fault=chain.fault,
        too_large=whole.too_large,
    )
    return ReadMail(mail, whole.fields, tuple(field for _, field in own), _sealed(mail, chain))


def _sealed(mail: SignedMail, chain: ChainFields) -> dict[int, tuple[RawField, ...]]:
    seals = [one for one in mail.signatures if one.field == Field.SEAL.value]
    return {one.index: chain.sealed[one.instance] for one in seals if one.instance in chain.sealed}


def _with_body(found: list[Signature], own: list[RawField], whole: Split) -> Iterator[Signature]:
    """The signatures with the word on their body hash. Each form of the body is made once, and hashed once a length."""
    bodies, hashes = dict[str, bytes](), dict[tuple[str, str, int | None], bytes]()
    for one, field in zip(found, own, strict=True):
        if one.fault or one.field == Field.SEAL.value or whole.too_large:
            yield one
            continue
        method, algorithm = one.canonicalization[1], HASHES[one.algorithm]
        if method not in bodies:
            bodies[method] = canonical_body(whole.body, method)
        body = bodies[method]
        key = (method, algorithm, one.body_length)
        if key not in hashes:
            hashes[key] = body_hash(body, algorithm, one.body_length)
        matches = hashes[key] == base64(parse(field[1]), "bh")
        length = len(body) if one.body_length is None else one.body_length
        # RFC 6376 §3.5: l= must not be larger than the body
        yield replace(one, body_matches=matches and length <= len(body), unsigned_octets=max(0, len(body) - length))
