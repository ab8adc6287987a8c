"""Is that good? What a DKIM key is worth, and for what its record lets it be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._dkim import NAME_IT, Place, each_key, garbled, nothing_found, places, tag_evidence
from deliverability.findings import Effort, Judgement, Severity, Subject
from deliverability.protocols.dkim import DkimFacts, KeyRecord
from deliverability.protocols.dkim.record import MIN_RSA_BITS, allows_email, allows_sha256
from deliverability.sources import rfc, source

ADVISED_RSA_BITS = 2048
"""RFC 8301 §3.2: signers SHOULD use at least this."""
MAX_RSA_BITS = 4096
"""RFC 8301 §3.2: verifiers need not handle longer keys."""
KEY_TYPES = {"rsa", "ed25519"}
"""RFC 6376 §3.3, RFC 8463 §3."""


@check(
    "dkim-key-size",
    Severity.CRITICAL,
    rfc(8301, "3.2"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "The RSA key at {selector} has {bits} bits",
        "too_short": "The RSA key at {selector} has {bits} bits; verifiers refuse fewer than {minimum}",
        "short": "The RSA key at {selector} has {bits} bits; {advised} are advised",
        "too_long": "The RSA key at {selector} has {bits} bits; verifiers need not handle more than {maximum}",
    },
    fixes={
        "too_short": "Replace it at once: publish a 2048-bit key under a new selector and sign with that.",
        "too_long": "Sign with a 2048-bit key under a new selector; more bits than verifiers handle protect nothing.",
    },
    effort=Effort.MEDIUM,
    settle=NAME_IT,
)
def dkim_key_size(subject: Subject, dkim: DkimFacts) -> Judgements:
    """RSA keys are at least 2048 bits long, and no longer than verifiers can handle.

    Why it matters: verifiers must ignore signatures of RSA keys under 1024 bits, and 1024-bit keys are within reach of
    well-funded attackers.

    How to fix: make a 2048-bit key under a new selector, publish it, switch the signer over, and revoke the old one a
    week later.
    """
    return each_key(dkim, subject, _size)


def _size(place: Place, record: KeyRecord) -> Judgement:
    if record.key is None or record.key.type != "rsa":
        return not_applicable(place.subject)
    bits = record.key.bits
    data: dict[str, Any] = {"selector": place.subject, "bits": bits}
    rows = tag_evidence(place, record, "p", note=f"{bits} bits")
    if bits < MIN_RSA_BITS:
        return failed(place.subject, case="too_short", evidence=rows, minimum=MIN_RSA_BITS, **data)
    if bits < ADVISED_RSA_BITS:
        severity = Severity.MEDIUM
        return failed(place.subject, case="short", severity=severity, evidence=rows, advised=ADVISED_RSA_BITS, **data)
    if bits > MAX_RSA_BITS:
        severity = Severity.MEDIUM
        return failed(place.subject, case="too_long", severity=severity, evidence=rows, maximum=MAX_RSA_BITS, **data)
    return passed(place.subject, evidence=rows, **data)


@check(
    "dkim-key-type",
    Severity.MEDIUM,
    rfc(8463, "6"),
    rfc(6376, "3.6.1"),
    titles={
        "pass": "The key at {selector} is of type {type}",
        "both": "Ed25519 keys stand beside RSA keys",
        "unsupported": "The key at {selector} has a type that verifiers do not know (k={type}), so they ignore it",
        "ed25519_alone": "Every usable key is an Ed25519 key, which several large receivers cannot verify",
    },
    fixes={"unsupported": "Publish an RSA key here and say k=rsa, or leave k= out."},
    effort=Effort.MEDIUM,
    settle=NAME_IT,
)
def dkim_key_type(subject: Subject, dkim: DkimFacts) -> Judgements:
    """There is a key of a type that every verifier knows.

    Why it matters: a receiver that does not know the type sees unsigned mail.

    How to fix: publish an RSA key under a second selector and sign every message with both keys.
    """
    found = [*_types(dkim), *_ed25519_alone(dkim)]
    return found or nothing_found(dkim, subject)


def _types(dkim: DkimFacts) -> Iterator[Judgement]:
    for place in places(dkim):
        if not place.answer.answered:
            yield unknown(place.answer, subject=place.subject)
        elif place.keys:
            yield _type(place, place.keys[0])


def _type(place: Place, record: KeyRecord) -> Judgement:
    if record.revoked or garbled(record, "k"):
        return not_applicable(place.subject)
    data: dict[str, Any] = {"selector": place.subject, "type": record.key_type}
    rows = tag_evidence(place, record, "k", "p")
    if record.key_type not in KEY_TYPES:
        return failed(place.subject, case="unsupported", severity=Severity.HIGH, evidence=rows, **data)
    return passed(place.subject, evidence=rows, **data)


def _ed25519_alone(dkim: DkimFacts) -> Iterator[Judgement]:
    usable = [(place, record) for place in places(dkim) for record in place.keys if record.usable]
    modern = [(place, record) for place, record in usable if record.key_type == "ed25519"]
    if not modern:
        return
    if len(modern) < len(usable):
        yield passed(case="both")
        return
    lacking = [place.answer for place in places(dkim) if not place.answer.answered] + list(dkim.unanswered)
    if lacking:
        yield unknown(*lacking)
        return
    rows = tuple(row for place, record in modern for row in tag_evidence(place, record, "k"))
    yield failed(case="ed25519_alone", evidence=rows, selectors=[place.subject for place, _ in modern])


@check(
    "dkim-testing-flag",
    Severity.MEDIUM,
    rfc(6376, "3.6.1"),
    titles={
        "pass": "The key at {selector} is not marked as a test",
        "fail": "The key at {selector} is marked as a test (t=y)",
    },
    settle=NAME_IT,
)
def dkim_testing_flag(subject: Subject, dkim: DkimFacts) -> Judgements:
    """No key in use carries the testing flag.

    Why it matters: t=y asks receivers to treat mail whose signature fails as if it had none; some give such keys no
    credit at all.

    How to fix: take y out of the t= tag once signing works.
    """
    return each_key(dkim, subject, _testing)


def _testing(place: Place, record: KeyRecord) -> Judgement:
    if record.revoked:
        return not_applicable(place.subject)
    say = failed if "y" in record.flags else passed
    return say(place.subject, selector=place.subject, evidence=tag_evidence(place, record, "t"))


@check(
    "dkim-hash",
    Severity.HIGH,
    rfc(8301, "3.1"),
    rfc(6376, "3.6.1"),
    titles={
        "pass": "The key at {selector} allows SHA-256",
        "sha1_only": "The key at {selector} allows SHA-1 alone, which verifiers must refuse",
        "no_known_hash": "The key at {selector} allows no hash that verifiers know (h={hashes})",
    },
    settle=NAME_IT,
)
def dkim_hash(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Keys allow signatures with SHA-256.

    Why it matters: SHA-256 is the one hash that signers may still use, and a key whose h= leaves it out fits no valid
    signature.

    How to fix: write h=sha256, or remove the h= tag.
    """
    return each_key(dkim, subject, _hash)


def _hash(place: Place, record: KeyRecord) -> Judgement:
    if record.revoked or garbled(record, "h"):
        return not_applicable(place.subject)
    rows = tag_evidence(place, record, "h", "p")
    if allows_sha256(record.hashes):
        return passed(place.subject, selector=place.subject, evidence=rows)
    hashes = record.hashes or ()
    case = "sha1_only" if "sha1" in hashes else "no_known_hash"
    return failed(place.subject, case=case, selector=place.subject, evidence=rows, hashes=":".join(hashes))


@check(
    "dkim-service-type",
    Severity.HIGH,
    rfc(6376, "3.6.1"),
    titles={
        "pass": "The key at {selector} may be used for mail",
        "fail": "The key at {selector} is reserved for other services (s={services})",
    },
    settle=NAME_IT,
)
def dkim_service_type(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Keys may be used for mail.

    Why it matters: a key whose s= names other services only is no key as far as mail goes.

    How to fix: write s=email, or remove the s= tag.
    """
    return each_key(dkim, subject, _service)


def _service(place: Place, record: KeyRecord) -> Judgement:
    if record.revoked or garbled(record, "s"):
        return not_applicable(place.subject)
    say = passed if allows_email(record.services) else failed
    rows = tag_evidence(place, record, "s", "p")
    return say(place.subject, selector=place.subject, evidence=rows, services=":".join(record.services))


@check(
    "dkim-exponent",
    Severity.HIGH,
    source("FIPS 186-5", "A.1.1"),
    rfc(8017, "3.1"),
    source("ROCA", "3"),
    titles={
        "pass": "No known weakness in the key at {selector}",
        "exponent": "The public exponent of the key at {selector} is {detail}; it should be 65537",
        "close_primes": "The two primes of the key at {selector} lie so close together that anybody can find them",
        "roca": "The key at {selector} comes from the faulty generator of CVE-2017-15361",
        "published": "The private half of the key at {selector} is printed in {detail}",
    },
    fixes={
        "published": "Replace the example key from the standard with one of your own, and sign with that.",
    },
    effort=Effort.MEDIUM,
    settle=NAME_IT,
)
def dkim_exponent(subject: Subject, dkim: DkimFacts) -> Judgements:
    """No key has a weakness that lets others sign with it.

    Why it matters: whoever finds the private half can send mail that passes DMARC in this domain's name.

    How to fix: make a new key with a current version of OpenSSL, and revoke this one.
    """
    return each_key(dkim, subject, _weakness)


def _weakness(place: Place, record: KeyRecord) -> Judgement:
    if record.key is None:
        return not_applicable(place.subject)
    rows = tag_evidence(place, record, "p")
    weakness = record.key.weakness
    if weakness is None:
        return passed(place.subject, selector=place.subject, evidence=rows, exponent=record.key.exponent)
    case = weakness.kind.value
    return failed(place.subject, case=case, evidence=rows, selector=place.subject, detail=weakness.detail)
