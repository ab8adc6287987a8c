"""ARC chains, sealed on the spot: what holds, what breaks, and what nobody could look at."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.mail.authenticate.facts import ArcFacts
from deliverability.mail.authenticate.states import Chain
from support.authentication import World, authenticated
from support.signing import arc_sealed, dkim_signed, ed25519_signer, message, rsa_signer

dkim: Any = import_module("dkim")  # it has no types
RSA = rsa_signer()
OTHER = rsa_signer(1025)
KEYS = {
    "s1._domainkey.mail.example": RSA.record,
    "arc._domainkey.one.example": RSA.record,
    "arc._domainkey.two.example": OTHER.record,
    "arc._domainkey.three.example": ed25519_signer().record,
}


def sealed(sets: int, *, statuses: tuple[str, ...] = ("none", "pass", "pass")) -> bytes:
    raw = dkim_signed(message(), RSA)
    signers = [("one.example", RSA), ("two.example", OTHER), ("three.example", ed25519_signer())]
    for instance in range(1, sets + 1):
        domain, signer = signers[instance - 1]
        raw = arc_sealed(raw, signer, instance=instance, domain=domain, cv=statuses[instance - 1])
    return raw


def chain(raw: bytes, world: World | None = None) -> ArcFacts:
    return authenticated(raw, world or World(KEYS)).arc


@pytest.mark.parametrize("sets", [1, 2, 3])
def test_a_chain_holds(sets: int) -> None:
    found = chain(sealed(sets))

    assert (found.status, found.instances) == (Chain.PASS, sets)
    assert [one.signature.instance for one in found.seals] == list(range(sets, 0, -1))


def test_mail_without_a_set_has_no_chain() -> None:
    assert chain(dkim_signed(message(), RSA)).status is Chain.NONE


def _without(raw: bytes, name: bytes, instance: int) -> bytes:
    return re.sub(rb"(?m)^%s: i=%d;[^\n]*\n" % (name, instance), b"", raw, count=1)


def _field(raw: bytes, name: bytes, instance: int) -> bytes:
    found = re.search(rb"(?m)^%s: i=%d;[^\n]*\n" % (name, instance), raw)
    assert found is not None
    return found[0]


THREE = sealed(3)
BROKEN = {
    "the body was changed": (THREE.replace(b"morning", b"evening"), "message", 3),
    "a set lacks its results": (_without(THREE, b"ARC-Authentication-Results", 2), "incomplete", 3),
    "a set is missing": (
        _without(
            _without(_without(THREE, b"ARC-Authentication-Results", 2), b"ARC-Seal", 2), b"ARC-Message-Signature", 2
        ),
        "incomplete",
        3,
    ),
    "a seal twice": (_field(THREE, b"ARC-Seal", 2) + THREE, "duplicate", 3),
    "the results of a set were changed": (
        THREE.replace(b"i=1; one.example; dkim=pass", b"i=1; one.example; dkim=fail"),
        "seal",
        3,
    ),
    "the newest says that it had failed": (sealed(2, statuses=("none", "fail")), "sealed_failure", 2),
    "the first claims a chain before it": (sealed(1, statuses=("pass",)), "status", 1),
    "a later one claims none before it": (sealed(2, statuses=("none", "none")), "status", 2),
    "no instance": (THREE.replace(b"ARC-Seal: i=2;", b"ARC-Seal: "), "instance", 3),
    "instance zero": (THREE.replace(b"ARC-Seal: i=2;", b"ARC-Seal: i=0;"), "instance", 3),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_chain_breaks(name: str) -> None:
    raw, fault, at = BROKEN[name]

    found = chain(raw)

    assert (found.status, found.fault, found.at or found.instances) == (Chain.FAIL, fault, at)


@pytest.mark.parametrize("name", [name for name in BROKEN if "had failed" not in name])
def test_dkimpy_finds_it_broken_too(name: str) -> None:
    assert dkimpy_says(BROKEN[name][0]) != b"pass"


@pytest.mark.parametrize("sets", [1, 2])
def test_dkimpy_finds_it_whole_too(sets: int) -> None:
    assert dkimpy_says(sealed(sets)) == b"pass"


def dkimpy_says(raw: bytes) -> bytes | None:
    keys = {f"{name}.".encode(): text.encode() for name, text in KEYS.items()}
    status: bytes | None = dkim.arc_verify(raw, dnsfunc=lambda name, **_: keys.get(name))[0]
    return status


def test_a_chain_of_more_than_fifty_sets_has_failed() -> None:
    header = b"".join(
        b"ARC-Seal: i=%d; cv=pass\r\nARC-Message-Signature: i=%d\r\nARC-Authentication-Results: i=%d; x\r\n" % (n, n, n)
        for n in range(51, 0, -1)
    )

    assert (chain(header + message()).status, chain(header + message()).fault) == (Chain.FAIL, "too_long")


def test_a_key_that_is_not_answered_leaves_it_open() -> None:
    world = World({**KEYS}, failing=("arc._domainkey.one.example",))

    found = chain(THREE, world)

    assert (found.status, found.fault, found.at) == (Chain.UNKNOWN, "seal", 1)


def test_a_broken_seal_decides_beside_a_silent_one() -> None:
    world = World({**KEYS, "arc._domainkey.two.example": RSA.record}, failing=("arc._domainkey.one.example",))

    assert chain(THREE, world).status is Chain.FAIL


def test_an_absent_key_breaks_it() -> None:
    found = chain(THREE, World({name: text for name, text in KEYS.items() if "two" not in name}))

    assert (found.status, found.fault, found.at) == (Chain.FAIL, "seal", 2)


def test_the_order_of_fields_does_not_matter_to_a_seal() -> None:
    seal = _field(THREE, b"ARC-Seal", 1)

    assert chain(seal + _without(THREE, b"ARC-Seal", 1)).status is Chain.PASS


@given(st.binary(max_size=80), st.sampled_from([b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"]))
@settings(max_examples=30)
def test_no_chain_is_an_exception(value: bytes, name: bytes) -> None:
    assert chain(name + b": i=4;" + value + b"\r\n" + sealed(1)).status is not Chain.PASS
