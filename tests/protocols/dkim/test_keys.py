"""Public keys: our own DER reader against a cryptography library, and the weaknesses that can be told by looking."""

from __future__ import annotations

import base64
import random
from math import isqrt

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deliverability.protocols.dkim import BadKey, Effect, Key, ProblemKind, WeakKind, parse
from deliverability.protocols.dkim.keys import decode_base64, read_key
from deliverability.protocols.dkim.weak import PUBLISHED_KEYS, weakness_of

E = 65_537
# one key for all tests: making one takes a while
MADE = rsa.generate_private_key(E, 2048).public_key()
NUMBERS = MADE.public_numbers()
SPKI = MADE.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PKCS1 = MADE.public_bytes(Encoding.DER, PublicFormat.PKCS1)
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
P256 = ec.derive_private_key(7, ec.SECP256R1()).public_key()


def tlv(tag: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body


def integer(number: int) -> bytes:
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def spki(modulus: int, exponent: int = E) -> bytes:
    algorithm = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d010101")) + tlv(5, b""))
    return tlv(0x30, algorithm + tlv(3, b"\0" + tlv(0x30, integer(modulus) + integer(exponent))))


def rsa_key(octets: bytes) -> Key:
    key = read_key("rsa", octets)
    assert key is not None
    return key


def theirs(octets: bytes) -> rsa.RSAPublicNumbers | None:
    """What the library reads, or None where it finds no RSA key."""
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_numbers() if isinstance(key, rsa.RSAPublicKey) else None


def fault(key_type: str, octets: bytes) -> str:
    with pytest.raises(BadKey) as caught:
        read_key(key_type, octets)
    return caught.value.fault


def test_both_wrappings_of_an_rsa_key_are_read() -> None:
    wrapped, bare = rsa_key(SPKI), rsa_key(PKCS1)

    assert (wrapped.form, wrapped.bits, wrapped.exponent) == ("spki", 2048, E)
    assert (bare.form, bare.bits, bare.exponent) == ("pkcs1", 2048, E)
    assert wrapped.weakness is None


@pytest.mark.parametrize("exponent", [3, E])
@pytest.mark.parametrize("bits", [1024, 1025, 2048, 3072])
def test_length_and_exponent_are_those_the_library_says(bits: int, exponent: int) -> None:
    made = rsa.generate_private_key(exponent, bits).public_key()
    key = rsa_key(made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    assert (key.bits, key.exponent) == (made.key_size, made.public_numbers().e)


@given(st.integers(0, len(SPKI) - 1), st.integers(0, 255))
@settings(max_examples=500)
@example(1, 0x83)
@example(4, 0x80)
def test_one_changed_octet_is_read_as_the_library_reads_it(place: int, octet: int) -> None:
    changed = SPKI[:place] + bytes([octet]) + SPKI[place + 1 :]
    numbers = theirs(changed)
    try:
        ours = read_key("rsa", changed)
    except BadKey:
        ours = None

    if ours is None or ours.trailing or ours.form == "pkcs1":
        # the library shows a parameter that is no NULL the door in other words; that it reads all we do is the point
        assert numbers is None or changed[19:24] != SPKI[19:24]
    elif ours.weakness is None or ours.weakness.kind is not WeakKind.EXPONENT:
        assert numbers is not None
        assert (ours.bits, ours.exponent) == (numbers.n.bit_length(), numbers.e)


@given(st.integers(0, len(SPKI) - 1))
def test_a_key_that_breaks_off_is_no_key(length: int) -> None:
    with pytest.raises(BadKey):
        read_key("rsa", SPKI[:length])


@given(st.binary(max_size=400), st.sampled_from(["rsa", "ed25519", "dsa", ""]))
def test_no_octets_are_too_odd_to_read(octets: bytes, key_type: str) -> None:
    try:
        key = read_key(key_type, octets)
    except BadKey:
        return
    assert key is None or key.type == key_type


def test_octets_after_the_key_are_counted() -> None:
    assert rsa_key(SPKI + b"\0\0\0").trailing == 3


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(SPKI, []), (PKCS1, [ProblemKind.BARE_RSA_KEY]), (SPKI + b"\0", [ProblemKind.TRAILING_OCTETS])],
)
def test_verifiers_are_divided_over_wrappings(octets: bytes, expected: list[ProblemKind]) -> None:
    record = parse(f"p={base64.b64encode(octets).decode()}")

    assert [(problem.kind, problem.effect) for problem in record.problems] == [(k, Effect.DIVIDED) for k in expected]
    assert record.usable


def test_an_algorithm_without_parameters_is_still_rsa() -> None:
    bare = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d010101")))
    octets = tlv(0x30, bare + tlv(3, b"\0" + PKCS1))

    assert rsa_key(octets).bits == 2048


@pytest.mark.parametrize(
    ("key_type", "octets", "expected"),
    [
        ("rsa", b"", "truncated"),
        ("rsa", SPKI[:100], "truncated"),
        ("rsa", b"\x30", "truncated"),
        ("rsa", b"\x30\x80\0\0", "not_der"),
        ("rsa", b"\x30\x81\x05\x02\x01\x01\x02\x00", "not_der"),
        ("rsa", b"\x04\x02ab", "not_der"),
        ("rsa", tlv(0x30, integer(NUMBERS.n) + integer(E) + integer(1)), "not_der"),
        ("rsa", tlv(0x30, tlv(2, b"\xff") + integer(E)), "bad_integer"),
        ("rsa", tlv(0x30, tlv(2, b"\x00\x01") + integer(E)), "bad_integer"),
        ("rsa", tlv(0x30, tlv(2, b"") + integer(E)), "bad_integer"),
        ("rsa", SPKI.replace(b"\x05\x00", b"\x05\x01\x00"[:2]), "truncated"),
        ("rsa", SPKI.replace(b"\x00\x30\x82", b"\x01\x30\x82", 1), "not_der"),
        ("rsa", P256.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "other_algorithm"),
        ("rsa", ED25519.public_bytes_raw(), "ed25519_as_rsa"),
        ("rsa", ED25519.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "ed25519_as_rsa"),
        ("ed25519", ED25519.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "ed25519_in_spki"),
        ("ed25519", bytes(33), "ed25519_length"),
        ("ed25519", SPKI, "rsa_as_ed25519"),
    ],
)
def test_octets_that_are_no_such_key_are_refused_with_the_reason(key_type: str, octets: bytes, expected: str) -> None:
    assert fault(key_type, octets) == expected


def test_a_parameter_that_is_no_null_is_refused() -> None:
    algorithm = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d010101")) + b"\x05\x01\x00")

    assert fault("rsa", tlv(0x30, algorithm + tlv(3, b"\0" + PKCS1))) == "not_der"


def test_an_ed25519_key_is_its_32_octets() -> None:
    key = read_key("ed25519", ED25519.public_bytes_raw())

    assert key is not None
    assert (key.type, key.bits, key.form, key.exponent) == ("ed25519", 256, "raw", None)


def test_an_exponent_too_long_to_show_is_no_number() -> None:
    key = rsa_key(spki(NUMBERS.n, (1 << 300) + 1))

    assert key.exponent is None
    assert key.weakness is None


@given(st.binary(max_size=60))
def test_base64_is_read_back(octets: bytes) -> None:
    text = base64.b64encode(octets).decode()

    assert decode_base64(text) == (octets, "")
    assert decode_base64(text.rstrip("="))[0] == octets


@pytest.mark.parametrize(
    ("text", "expected"),
    [("A", "length"), ("AAAAA", "length"), ("AA-A", "alphabet"), ("A=AA", "alphabet"), ("é", "alphabet")],
)
def test_what_is_no_base64_says_why(text: str, expected: str) -> None:
    assert decode_base64(text) == (None, expected)


def is_prime(number: int) -> bool:
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))


def prime_from(start: int) -> int:
    number = start | 1
    while not is_prime(number):
        number += 2
    return number


P = prime_from(random.Random(1).getrandbits(512) | 3 << 510)
Q = prime_from(random.Random(2).getrandbits(512) | 3 << 510)


def kind(modulus: int, exponent: int = E) -> WeakKind | None:
    weakness = weakness_of(modulus, exponent)
    return None if weakness is None else weakness.kind


def test_two_large_primes_far_apart_show_no_weakness() -> None:
    assert kind(P * Q) is None


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 17, 65_535, 65_538])
def test_small_and_even_exponents_are_weak(exponent: int) -> None:
    assert kind(P * Q, exponent) is WeakKind.EXPONENT


@pytest.mark.parametrize("gap", [0, 2, 2**200])
def test_primes_close_together_are_found(gap: int) -> None:
    assert kind(P * prime_from(P + gap)) is WeakKind.CLOSE_PRIMES


def test_a_modulus_of_the_faulty_generator_has_its_fingerprint() -> None:
    primes = [n for n in range(3, 168) if all(n % d for d in range(2, isqrt(n) + 1))]
    step = 1
    for prime in primes:
        step *= prime
    made = [
        next(n for n in (k * step + pow(E, a, step) for k in range(10**9, 10**10)) if is_prime(n)) for a in (5, 2**40)
    ]

    assert kind(made[0] * made[1]) is WeakKind.ROCA


def test_moduli_beyond_what_verifiers_handle_are_not_tested() -> None:
    assert kind(3**20_000) is None


def test_the_examples_of_the_standards_are_known() -> None:
    octets = base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    key = read_key("ed25519", octets)

    assert key is not None
    assert key.weakness is not None
    assert (key.weakness.kind, key.weakness.detail) == (WeakKind.PUBLISHED, PUBLISHED_KEYS[key.fingerprint])
