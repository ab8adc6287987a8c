"""What one signature comes to, step by step as RFC 6376 §6.1 verifies it."""

from __future__ import annotations

from deliverability.lookup.answer import Answer
from deliverability.mail.authenticate.facts import Field, Signature, SignatureResult, Verifier
from deliverability.mail.authenticate.keys import key_for
from deliverability.mail.authenticate.states import State

CLOCK_SLACK = 300
"""Ours, seconds: how far a signer's clock may be ahead or behind. RFC 6376 §3.5 leaves it to the verifier."""

_FAULTS = {
    "too_large": State.TOO_LARGE,
    "algorithm": State.ALGORITHM,
    "from_unsigned": State.FROM_UNSIGNED,
}
"""Faults of a signature field that are a state of their own; every other is `syntax`."""


def before_the_key(signature: Signature, *, at: float, too_large: str) -> tuple[State | None, str]:
    """The state of a signature that no key can make valid, else None. `at` is the time of verification."""
    if too_large == "header":
        return State.TOO_LARGE, too_large
    if signature.fault:
        return _FAULTS.get(signature.fault, State.SYNTAX), signature.fault
    # RFC 8301 §3.1: verifiers must not take rsa-sha1 for valid
    if signature.algorithm == "rsa-sha1":
        return State.WEAK_HASH, "sha1"
    untimely = _untimely(signature, at)
    if untimely is not None:
        return untimely
    if signature.field == Field.SEAL.value:
        return None, ""
    if signature.body_matches is None:
        return State.TOO_LARGE, too_large or "body"
    return (None, "") if signature.body_matches else (State.BODY_CHANGED, "")


def _untimely(signature: Signature, at: float) -> tuple[State, str] | None:
    """RFC 6376 §3.5: verifiers may ignore a signature from the future, and one that has expired."""
    if signature.signed_at is not None and signature.signed_at > at + CLOCK_SLACK:
        return State.FUTURE, str(signature.signed_at)
    if signature.expires_at is not None and signature.expires_at < at - CLOCK_SLACK:
        return State.EXPIRED, str(signature.expires_at)
    return None


def judge(signature: Signature, key: Answer | None, verifier: Verifier, *, at: float) -> SignatureResult:
    """What `signature` comes to with the answer at its key's name (None: nothing was asked, its name is no name)."""
    state, detail = before_the_key(signature, at=at, too_large=verifier.mail.too_large)
    if key is None:
        return SignatureResult(signature=signature, state=state or State.SYNTAX, detail=detail)
    found = key_for(signature, key)
    if state is None:
        state, detail = found.state, found.detail
    if state is None and found.text is not None:
        state = _VERIFIED[verifier.verify(signature.index, found.text)]
    return SignatureResult(
        signature=signature,
        state=state or State.KEY_SYNTAX,
        detail=detail,
        key=key,
        key_text=found.text,
        key_bits=found.bits,
        testing=found.testing,
    )


_VERIFIED = {True: State.PASS, False: State.SIGNATURE_WRONG, None: State.NOT_KEPT}


def asks_for_key(signature: Signature) -> bool:
    """Whether its key can be asked for: also where something else breaks it, since the key is evidence too."""
    return bool(signature.selector and signature.domain)
