"""The key of one signature: what DNS says at its name, and whether that key may have made it."""

from __future__ import annotations

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer
from deliverability.mail.authenticate.facts import Signature
from deliverability.mail.authenticate.states import State
from deliverability.protocols.dkim.record import (
    MIN_RSA_BITS,
    Effect,
    KeyRecord,
    allows_email,
    allows_sha256,
    parse,
    problems_refuse,
)

MAX_RSA_BITS = 8192
"""Ours: RFC 8301 §3.2 asks verifiers for keys of up to 4,096 bits; longer ones cost time and nobody publishes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFound:
    """The record to verify with, or the `state` that a signature of this key has whatever its octets."""

    state: State | None = None
    detail: str = ""
    text: str | None = None
    bits: int | None = None
    testing: bool = False


def key_for(signature: Signature, answer: Answer) -> KeyFound:
    """What `answer`, to TXT at the signature's key name, offers for it."""
    if not answer.answered:
        return KeyFound(state=State.KEY_UNANSWERED, detail=answer.status.value)
    if not answer.records:
        # RFC 6376 §6.1.2 step 3: no record, no key
        return KeyFound(state=State.KEY_MISSING, detail=answer.status.value)
    records = [record for record in map(parse, answer.records) if record.is_key]
    if not records:
        return KeyFound(state=State.KEY_SYNTAX, detail="not_a_key", text=answer.records[0])
    if len(records) > 1:
        # RFC 6376 §3.6.2.2: a selector has one record; what verifiers make of several is undefined
        return KeyFound(state=State.SEVERAL_KEYS, detail=str(len(records)), text=records[0].text)
    record = records[0]
    state, detail = _judged(signature, record)
    bits = record.key.bits if record.key is not None else None
    return KeyFound(state=state, detail=detail, text=record.text, bits=bits, testing="y" in record.flags)


def _judged(signature: Signature, record: KeyRecord) -> tuple[State | None, str]:
    key = record.key
    if record.revoked:
        return State.KEY_REVOKED, ""
    if problems_refuse(record.problems) or key is None:
        fault = next((one.kind.value for one in record.problems if one.effect is Effect.REFUSED), "key_type")
        return State.KEY_SYNTAX, fault
    unfit = _unfit(signature, record, key.type)
    if unfit:
        return State.KEY_UNFIT, unfit
    # RFC 8301 §3.2
    if key.type == "rsa" and key.bits < MIN_RSA_BITS:
        return State.KEY_SHORT, str(key.bits)
    if key.type == "rsa" and (key.bits > MAX_RSA_BITS or key.exponent is None):
        return State.KEY_LARGE, str(key.bits)
    return None, ""


def _unfit(signature: Signature, record: KeyRecord, key_type: str) -> str:
    """RFC 6376 §6.1.2 steps 6 and 7, §3.6.1: why this key cannot be that of this signature."""
    if signature.algorithm.partition("-")[0] != key_type:
        return "type"
    if not allows_sha256(record.hashes):
        return "hash"
    if not allows_email(record.services):
        return "service"
    if "s" in record.flags and signature.identity_domain != signature.domain:
        return "identity"
    return ""
