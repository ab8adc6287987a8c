"""The status of an ARC chain (RFC 8617 §5.2) from its signatures, whose keys are at hand."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.mail.authenticate.facts import ArcFacts, Field, SignatureResult, SignedMail
from deliverability.mail.authenticate.states import Chain


def chain_status(mail: SignedMail, results: Sequence[SignatureResult]) -> ArcFacts:
    """What the chain comes to; `results` are those of every signature of `mail`."""
    messages = tuple(one for one in results if one.signature.field == Field.MESSAGE.value)
    seals = tuple(one for one in results if one.signature.field == Field.SEAL.value)
    status, fault, at = _status(mail, messages, seals)
    return ArcFacts(status=status, fault=fault, at=at, instances=mail.instances, seals=seals, messages=messages)


def _status(
    mail: SignedMail, messages: Sequence[SignatureResult], seals: Sequence[SignatureResult]
) -> tuple[Chain, str, int]:
    if mail.chain_fault:
        return Chain.FAIL, mail.chain_fault, mail.instances
    if not mail.instances:
        return Chain.NONE, "", 0
    # RFC 8617 §5.2 steps 4 and 6: the newest message signature, then every seal from the newest down
    order = [*(("message", one) for one in messages), *(("seal", one) for one in seals)]
    broken = next(((kind, one) for kind, one in order if not one.valid and not one.state.is_unknown), None)
    if broken is not None:
        return Chain.FAIL, broken[0], broken[1].signature.instance
    unseen = next(((kind, one) for kind, one in order if one.state.is_unknown), None)
    if unseen is not None:
        return Chain.UNKNOWN, unseen[0], unseen[1].signature.instance
    return (Chain.PASS, "", 0) if order else (Chain.UNKNOWN, "too_large", 0)
