"""Keys that anybody can sign with: what is publicly known to break, and nothing that takes long to find."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from math import isqrt

from deliverability.fastclass import dataclass

MIN_EXPONENT = 65_537
"""FIPS 186-5 §A.1.1: the public exponent is odd and at least 2^16 + 1."""
MAX_TESTED_BITS = 16_384
"""OpenSSL refuses longer moduli; beyond this the tests would cost more than they tell."""
CLOSE_PRIME_STEPS = 16
"""Fermat's method finds the keys of CVE-2022-26320 in the first few steps."""

ROCA_LAST_PRIME = 167
"""The test takes the primes from 3 to this one.

Nemec et al., The Return of Coppersmith's Attack (CCS 2017, CVE-2017-15361), §3.
"""
_SQUARES_MODULO_16 = frozenset({0, 1, 4, 9})
"""What a square leaves: three in four other numbers need no root."""


class WeakKind(StrEnum):
    """Why a key gives no protection."""

    EXPONENT = "exponent"
    CLOSE_PRIMES = "close_primes"
    ROCA = "roca"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Weakness:
    """What is weak, and the number or the source that shows it."""

    kind: WeakKind
    detail: str = ""


PUBLISHED_KEYS = {
    "dba3f0cb69f06d70e41abc6ac5812bc3d2639a24b621ba5d241202ac89cb7b9c": "RFC 6376 §C",
    "362d9a99501883f6d1ac717c53fff96582fb0a7c52464cb64b9082aa887bc7b4": "RFC 8463 §A.2",
    "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9": "RFC 8463 §A.2",
}
"""SHA-256 of public keys whose private halves stand in print."""


def weakness_of_published(fingerprint: str) -> Weakness | None:
    """Whether the private half of the key with this SHA-256 stands in print."""
    where = PUBLISHED_KEYS.get(fingerprint)
    return None if where is None else Weakness(WeakKind.PUBLISHED, where)


def weakness_of(modulus: int, exponent: int) -> Weakness | None:
    """The first known weakness of an RSA key, or None. Takes well under a millisecond."""
    if exponent < MIN_EXPONENT or exponent % 2 == 0:
        return Weakness(WeakKind.EXPONENT, str(exponent) if exponent < MIN_EXPONENT else "even")
    if not 0 < modulus.bit_length() <= MAX_TESTED_BITS:
        return None
    if _close_primes(modulus):
        return Weakness(WeakKind.CLOSE_PRIMES)
    return Weakness(WeakKind.ROCA) if _roca(modulus) else None


def _close_primes(modulus: int) -> bool:
    """Fermat: whether `modulus` is a² − b² for an a next to its root."""
    root = isqrt(modulus)
    return root * root == modulus or any(
        _is_square(a * a - modulus) for a in range(root + 1, root + 1 + CLOSE_PRIME_STEPS)
    )


def _is_square(number: int) -> bool:
    return number % 16 in _SQUARES_MODULO_16 and isqrt(number) ** 2 == number


def _roca(modulus: int) -> bool:
    return all(modulus % prime in _roca_powers(prime) for prime in _roca_primes())


def _roca_primes() -> Iterator[int]:
    return (n for n in range(3, ROCA_LAST_PRIME + 1) if all(n % d for d in range(2, isqrt(n) + 1)))


@cache
def _roca_powers(prime: int) -> frozenset[int]:
    """Moduli of the faulty library are powers of 65537 modulo every one of the primes; others fail at the first few."""
    return frozenset(pow(65_537, k, prime) for k in range(prime))
