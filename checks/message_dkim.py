"""Is that good? The DKIM signatures of a message: one that holds for the domain of From, and what each leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import ASK_AGAIN, Judgements, check, failed, passed, unknown
from deliverability.checks._message_auth import (
    author_of,
    date_of,
    lack_of,
    signature_evidence,
    with_authentication,
)
from deliverability.checks._message_content import GIVE_MESSAGE, GIVE_SMALLER
from deliverability.findings import Effort, Judgement, Lack, Owner, Severity
from deliverability.mail.authenticate.states import State
from deliverability.protocols.dkim.record import MIN_RSA_BITS
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.authenticate.facts import AuthenticationFacts, SignatureResult
    from deliverability.mail.message.facts import MessageFacts

_TAGS = {
    State.BODY_CHANGED: "bh",
    State.SIGNATURE_WRONG: "b",
    State.WEAK_HASH: "a",
    State.ALGORITHM: "a",
    State.EXPIRED: "x",
    State.FUTURE: "t",
    State.FROM_UNSIGNED: "h",
    State.KEY_MISSING: "s",
    State.KEY_REVOKED: "s",
    State.KEY_SYNTAX: "s",
    State.KEY_UNFIT: "s",
    State.KEY_SHORT: "s",
    State.SEVERAL_KEYS: "s",
}
"""The tag that a state is about."""
_ON_DNS = frozenset(
    {State.KEY_MISSING, State.KEY_REVOKED, State.KEY_SYNTAX, State.KEY_UNFIT, State.KEY_SHORT, State.SEVERAL_KEYS}
)
"""States that are mended in DNS; the rest is mended where the mail is signed or passed on."""

CORE = frozenset({"from", "reply-to", "subject", "date", "to", "cc"})
"""RFC 6376 §5.4.1: fields at the core of what a person reads."""

_TITLES = {
    "pass": "DKIM verifies for {domain} (selector {selector})",
    "unsigned": "The message has no DKIM signature",
    "unaligned": "DKIM verifies for {domain} alone, which does not speak for {author}, the domain of From",
    State.BODY_CHANGED: "The DKIM signature of {domain} is broken: the body is not the one that was signed",
    State.SIGNATURE_WRONG: "The DKIM signature of {domain} does not verify: a signed header field was changed, or the"
    " key at {key} is not the one that signs",
    State.KEY_MISSING: "The DKIM key of {domain} is not there: {key} has no record ({detail})",
    State.KEY_REVOKED: "The message is signed with a revoked DKIM key: {key}",
    State.KEY_SYNTAX: "Verifiers cannot use the DKIM key at {key}, so the signature of {domain} counts for nothing",
    State.KEY_UNFIT: "The DKIM key at {key} is not for such a signature ({detail})",
    State.KEY_SHORT: f"The DKIM key at {{key}} has {{bits}} bits; below {MIN_RSA_BITS} no signature is valid",
    State.SEVERAL_KEYS: "There are {detail} DKIM keys at {key}; which one a verifier takes is left to chance",
    State.WEAK_HASH: "The DKIM signature of {domain} uses SHA-1, which verifiers must not take for valid",
    State.ALGORITHM: "The DKIM signature of {domain} uses an algorithm that does not exist",
    State.EXPIRED: "The DKIM signature of {domain} expired on {date}",
    State.FUTURE: "The DKIM signature of {domain} is dated in the future: {date}",
    State.SYNTAX: "A DKIM signature cannot be read: {fault}",
    State.FROM_UNSIGNED: "The DKIM signature of {domain} does not cover From",
    "unanswered": "Whether the DKIM signature of {domain} verifies is not known: {key} was not answered",
    "out_of_reach": "Whether the DKIM signature of {domain} verifies is not known: nothing that was given holds {key}",
    "alignment": "Whether {domain}, for which DKIM verifies, speaks for {author} is not known",
    State.KEY_LARGE: "Whether the DKIM signature of {domain} verifies was not tried: its key has {bits} bits",
    State.TOO_LARGE: "Whether DKIM verifies is not known: the message is larger than what is looked at",
    State.NOT_KEPT: "Whether DKIM verifies with the key of today is not known: the message is not in the document",
    "left_out": "{left_out} more DKIM signatures were not looked at",
    "length": "The DKIM signature of {domain} leaves {octets} octets at the end of the body unsigned",
    "length_open": "The DKIM signature of {domain} lets anybody add to the end of the body (l=)",
    "open_fields": "The DKIM signature of {domain} does not cover {fields}",
    "doubled": "There are more {fields} fields than the DKIM signature of {domain} covers: somebody may have added one",
}

_FIXES = {
    "unsigned": "Sign with DKIM for {author}: switch it on at the sending service and publish the key it names.",
    "unaligned": "Have the sending service sign for {author} too, with a key of your own domain.",
    State.BODY_CHANGED: "Find what changes the message after it is signed (a footer, a scanner, a link rewriter), and "
    "sign behind it.",
    State.SIGNATURE_WRONG: "Compare the key at {key} with the one that signs; if they agree, find what rewrites header"
    " fields after signing.",
    State.KEY_MISSING: "Publish the key that the sending service names at {key}, or sign with a selector that has one.",
    State.KEY_REVOKED: "Sign with another selector, or publish the key again.",
    State.KEY_SYNTAX: "Publish the key anew, as the sending service gives it.",
    State.KEY_UNFIT: "Publish a key that allows this use, or sign with one that does.",
    State.KEY_SHORT: "Sign with a key of 2048 bits and publish it under a new selector.",
    State.SEVERAL_KEYS: "Leave one key at this selector; give every other key a selector of its own.",
    State.WEAK_HASH: "Set the signer to rsa-sha256.",
    State.ALGORITHM: "Set the signer to rsa-sha256 or ed25519-sha256.",
    State.EXPIRED: "Send sooner after signing, or let signatures last longer (x=).",
    State.FUTURE: "Set the clock of the signing server.",
    State.SYNTAX: "Correct the signer; the field has to follow RFC 6376 §3.5.",
    State.FROM_UNSIGNED: "Have the signer cover From.",
    "length": "Sign without l=, so that the whole body is covered.",
    "length_open": "Sign without l=, so that the whole body is covered.",
    "open_fields": "Have the signer cover these fields.",
    "doubled": "Have the message made with one such field, and the signer name it in h= once more than it is there.",
}


@check(
    "message-dkim",
    Severity.HIGH,
    rfc(6376, "6.1"),
    rfc(8301, "3"),
    source("Gmail sender guidelines"),
    titles={str(case): title for case, title in _TITLES.items()},
    fixes={str(case): fix for case, fix in _FIXES.items()},
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=GIVE_MESSAGE,
)
@with_authentication
def message_dkim(authentication: AuthenticationFacts, message: MessageFacts) -> Judgements:
    """The message has a DKIM signature that verifies and speaks for the domain of From.

    Each signature is verified with the key that DNS holds now; SHA-1 and keys below 1,024 bits count as no signature
    (RFC 8301). Severity is critical for mail that its header marks as sent to many, which Gmail, Yahoo and Outlook.com
    do not take without DKIM.

    Why it matters: DKIM is what survives forwarding; without it DMARC rests on SPF alone, and reputation on addresses
    that others share.

    How to fix: sign with DKIM for the domain of From, behind everything that still changes the message.
    """
    return list(_judged(authentication, message))


def _judged(authentication: AuthenticationFacts, message: MessageFacts) -> Iterator[Judgement]:
    author = author_of(authentication)
    told = _whole(authentication, author, Severity.CRITICAL if message.bulk_sign else Severity.HIGH)
    yield told[0]
    for one in authentication.dkim:
        if one is not told[1] and not one.valid and not one.state.is_unknown:
            aside = Severity.MEDIUM if one.aligned else Severity.LOW
            yield _broken(one, author, aside, subject=_name(one))
        if one.valid and one.aligned:
            yield from _left_open(one, author)


def _whole(
    authentication: AuthenticationFacts, author: str, severity: Severity
) -> tuple[Judgement, SignatureResult | None]:
    """The answer to the check's question, and the signature that it tells of."""
    holds = authentication.aligned_signatures
    if holds:
        return passed(evidence=signature_evidence(holds[0]), **_data(holds[0], author)), holds[0]
    open_ones = authentication.undecided_signatures
    if open_ones:
        return _undecided(open_ones[0], author), open_ones[0]
    if authentication.too_large == "header":
        return unknown(case=State.TOO_LARGE.value, lack=Lack.INPUT, settle=GIVE_SMALLER), None
    if authentication.left_out:
        return unknown(case="left_out", lack=Lack.INPUT, left_out=authentication.left_out), None
    if not authentication.dkim:
        return failed(case="unsigned", severity=severity, author=author), None
    own = [one for one in authentication.dkim if one.aligned]
    valid = [one for one in authentication.dkim if one.valid]
    if valid and not own:
        rows = signature_evidence(valid[0], "d")
        return failed(case="unaligned", severity=severity, evidence=rows, **_data(valid[0], author)), valid[0]
    worst = [*own, *authentication.dkim][0]
    return _broken(worst, author, severity), worst


def _undecided(one: SignatureResult, author: str) -> Judgement:
    rows, data = signature_evidence(one), _data(one, author)
    if one.valid:  # its domain may or may not speak for From
        return unknown(case="alignment", evidence=rows, **data)
    if one.state is State.KEY_UNANSWERED and one.key is not None:
        lack = lack_of(one.key)
        case = "out_of_reach" if lack is Lack.INPUT else "unanswered"
        return unknown(case=case, lack=lack, evidence=rows, settle=ASK_AGAIN, **data)
    settle = GIVE_SMALLER if one.state is State.TOO_LARGE else ""
    return unknown(case=one.state.value, lack=Lack.INPUT, evidence=rows, settle=settle, **data)


def _broken(one: SignatureResult, author: str, severity: Severity, subject: str = "") -> Judgement:
    tag = _TAGS.get(one.state, one.signature.detail)
    return failed(
        subject,
        case=one.state.value,
        severity=severity,
        evidence=signature_evidence(one, tag),
        owner=Owner.DNS if one.state in _ON_DNS else None,
        **_data(one, author),
    )


def _left_open(one: SignatureResult, author: str) -> Iterator[Judgement]:
    """What a valid signature does not protect. RFC 6376 §8.2: l=; §8.15: fields that may be added or changed."""
    signature, data = one.signature, _data(one, author)
    if signature.body_length is not None:
        case = "length" if signature.unsigned_octets else "length_open"
        severity = Severity.HIGH if signature.unsigned_octets else Severity.MEDIUM
        rows = signature_evidence(one, "l")
        yield failed(_name(one), case=case, severity=severity, evidence=rows, octets=signature.unsigned_octets, **data)
    rows = signature_evidence(one, "h")
    doubled = [name for name in signature.unsigned_fields if name in signature.signed]
    if doubled:
        names = ", ".join(doubled)
        yield failed(_name(one), case="doubled", severity=Severity.MEDIUM, evidence=rows, fields=names, **data)
    plain = [name for name in signature.unsigned_fields if name in CORE and name not in doubled]
    if plain:
        severity = Severity.MEDIUM if "subject" in plain else Severity.LOW
        names = ", ".join(plain)
        yield failed(_name(one), case="open_fields", severity=severity, evidence=rows, fields=names, **data)


def _name(one: SignatureResult) -> str:
    """What a finding about one signature is about: the name of its key, else the domain or the place."""
    signature = one.signature
    return signature.key_name if signature.selector else signature.domain or f"signature {signature.index + 1}"


def _data(one: SignatureResult, author: str) -> dict[str, Any]:
    signature = one.signature
    moment = signature.expires_at if one.state is State.EXPIRED else signature.signed_at
    return {
        "author": author,
        "domain": signature.domain or "an unreadable domain",
        "selector": signature.selector,
        "key": signature.key_name if signature.selector else "",
        "state": one.state.value,
        "detail": one.detail,
        "fault": " ".join(filter(None, (signature.fault.replace("_", " "), signature.detail))),
        "algorithm": signature.algorithm,
        "bits": one.key_bits,
        "aligned": one.aligned,
        "signed": list(dict.fromkeys(signature.signed)),
        "date": "" if moment is None else date_of(moment),
    }
