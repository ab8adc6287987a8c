"""What the methods do over many simulated senders whose true effect is known: errors, power, and coverage.

The short runs are part of `make test`; the long ones, marked corpus_slow, hold the figures to what they claim and print
them (`pytest --all -rP`).
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from random import Random

import pytest

from deliverability.compare.decompose import TERMS
from deliverability.compare.dispersion import permutation, quasibinomial, welch
from deliverability.compare.intervals import Share
from deliverability.compare.numerics.resample import bootstrap, jackknife, opens_and_total
from deliverability.compare.result import Term
from support import senders

RATE = 0.15
LEVEL = 0.05
METHODS = ("welch", "quasibinomial", "permutation")


def naive_p(a: list[Share], b: list[Share]) -> float:
    """The z-test of two shares, as if every message were drawn by itself."""
    x1, n1, x2, n2 = (sum(campaign[index] for campaign in side) for side in (a, b) for index in (0, 1))
    pooled = (x1 + x2) / (n1 + n2)
    z = (x2 / n2 - x1 / n1) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return 0.0 if abs(z) > 1.959964 else 1.0


def rejections(effect: float, runs: int, seed: int, campaigns: int = 6) -> dict[str, float]:
    """How often each test finds a difference between two sides of so many campaigns."""
    rng = Random(seed)
    found: Counter[str] = Counter()
    for _ in range(runs):
        a = senders.shares(rng, campaigns, RATE)
        b = senders.shares(rng, campaigns, RATE + effect)
        found["naive"] += naive_p(a, b) < LEVEL
        found["welch"] += welch(a, b).p < LEVEL
        found["quasibinomial"] += quasibinomial(a, b).p < LEVEL
        found["permutation"] += permutation(a, b, rng, rounds=924) < LEVEL
    return {name: found[name] / runs for name in ("naive", *METHODS)}


def test_without_an_effect_a_count_of_messages_finds_one_and_a_count_of_campaigns_does_not() -> None:
    found = rejections(0.0, runs=800, seed=1)

    assert found["naive"] > 0.5
    assert [name for name in METHODS if found[name] >= 0.07] == []


def test_an_effect_of_a_third_is_found() -> None:
    found = rejections(0.05, runs=200, seed=2)

    assert [name for name in METHODS if found[name] <= 0.75] == []


def test_the_interval_of_a_difference_holds_the_true_one() -> None:
    assert 0.93 <= covered_by_welch((6, 6), 0.5, runs=1500) <= 0.97


def test_the_intervals_of_the_decomposition_hold_the_true_terms() -> None:
    found = covered((6, 6), 0.0, runs=250)

    assert [name for name in TERMS if not 0.92 <= found[name] <= 0.98] == []


def covered_by_welch(
    campaigns: tuple[int, int], spread: float, runs: int, rates: tuple[float, float] = (0.15, 0.2)
) -> float:
    """How often the interval of a difference holds the true one."""
    rng = Random(3)
    found = 0
    for _ in range(runs):
        a, b = (senders.shares(rng, n, p, spread=spread) for n, p in zip(campaigns, rates, strict=True))
        between = welch(a, b)
        found += between.low <= rates[1] - rates[0] <= between.high
    return found / runs


def covered(
    campaigns: tuple[int, int],
    spread: float,
    runs: int,
    *,
    correlation: float = senders.CORRELATION,
    drawn: bool = False,
) -> dict[str, float]:
    """How often each term's interval holds the true value, of those that have one."""
    rng = Random(4)
    truth = senders.truth()
    held: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for _ in range(runs):
        before = senders.cells(rng, campaigns[0], senders.BEFORE, correlation, spread)
        after = senders.cells(rng, campaigns[1], senders.AFTER, correlation, spread)
        found = (
            bootstrap(opens_and_total, before, after, rng, rounds=599)
            if drawn
            else jackknife(opens_and_total, before, after)
        )
        for name, term in found.items():
            known[name] += term.low is not None
            held[name] += is_within(truth[name], term)
    return {name: held[name] / known[name] for name in truth}


def is_within(value: float, term: Term) -> bool:
    return term.low is not None and term.high is not None and term.low <= value <= term.high


@pytest.mark.corpus_slow
@pytest.mark.parametrize("campaigns", [4, 6, 12])
def test_without_an_effect_over_thousands_of_senders(campaigns: int) -> None:
    found = rejections(0.0, runs=2000, seed=5, campaigns=campaigns)

    print(f"{campaigns} v {campaigns} campaigns, no effect: {found}")
    assert found["naive"] > 0.5
    assert [name for name in METHODS if found[name] >= 0.07] == []


@pytest.mark.corpus_slow
@pytest.mark.parametrize(("effect", "least"), [(0.02, 0.15), (0.03, 0.35), (0.05, 0.75), (0.08, 0.98)])
def test_power_beside_it(effect: float, least: float) -> None:
    found = rejections(effect, runs=500, seed=6)

    print(f"6 v 6 campaigns, {RATE} to {RATE + effect:.2f}: {found}")
    assert [name for name in METHODS if found[name] < least] == []


@pytest.mark.corpus_slow
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("campaigns", [(6, 6), (6, 20), (12, 12), (30, 30)])
def test_coverage_of_the_difference(campaigns: tuple[int, int], spread: float) -> None:
    found = covered_by_welch(campaigns, spread, runs=4000)

    print(f"Welch, {campaigns} campaigns, sizes spread by {spread}: {found:.3f}")
    assert 0.93 <= found <= 0.97


@pytest.mark.corpus_slow
@pytest.mark.parametrize(
    ("campaigns", "spread", "correlation"),
    [
        ((6, 6), 0.0, 0.005),
        ((6, 6), 0.5, 0.005),
        ((6, 12), 0.5, 0.005),
        ((6, 6), 0.5, 0.0005),
        ((12, 12), 0.0, 0.005),
        ((12, 12), 0.5, 0.005),
    ],
)
def test_coverage_of_the_terms_by_the_jackknife(campaigns: tuple[int, int], spread: float, correlation: float) -> None:
    found = covered(campaigns, spread, runs=2000, correlation=correlation)

    print(f"jackknife, {campaigns} campaigns, sizes spread by {spread}, correlation {correlation}: {found}")
    assert {name: share for name, share in found.items() if not 0.93 <= share <= 0.97} == {}


@pytest.mark.corpus_slow
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_coverage_of_the_terms_by_the_bootstrap(spread: float) -> None:
    found = covered((12, 12), spread, runs=500, drawn=True)

    print(f"bootstrap, (12, 12) campaigns, sizes spread by {spread}: {found}")
    # of 500 senders: 0.93 to 0.97, give or take what 500 leave to chance
    assert {name: share for name, share in found.items() if not 0.92 <= share <= 0.98} == {}
