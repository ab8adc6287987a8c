"""Intervals of shares, held to published values and to what must be true of any interval."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.intervals import confidence_sequence, newcombe, newcombe_did, wilson


@st.composite
def shares(draw: st.DrawFn, least: int = 0) -> tuple[int, int]:
    n = draw(st.integers(least, 10_000_000))
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize(
    ("x", "n", "low", "high", "places"),
    [
        (81, 263, 0.2553, 0.3662, 4),
        (0, 20, 0.0, 0.1611, 4),
        (19, 38, 0.348499283643951, 0.651500716356049, 12),
        (14, 100, 0.085263, 0.221372, 6),
        (35, 100, 0.263642, 0.447456, 6),
        (3, 1000, 0.001021, 0.008783, 6),
        (1400, 10000, 0.133337, 0.146939, 6),
    ],
)
def test_wilson_gives_the_published_values(x: int, n: int, low: float, high: float, places: int) -> None:
    assert wilson(x, n) == pytest.approx((low, high), abs=0.51 * 10**-places)


def test_nothing_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.05243147, 0.3338727),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_values_of_his_second_table(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    assert newcombe(*first, *second) == pytest.approx((low, high), abs=5.1e-5)


def test_newcombe_to_every_published_digit() -> None:
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.05243147, 0.3338727), abs=5e-8)


def test_a_difference_of_differences_gives_the_published_values() -> None:
    found = newcombe_did((17, 65), (17, 75), (18, 72), (16, 65))

    assert found == pytest.approx((0.03102564, -0.1686752, 0.2343009), abs=5e-8)


@given(shares(), st.floats(0.5, 0.999))
def test_a_share_lies_in_its_interval_and_the_interval_among_the_shares(
    share: tuple[int, int], confidence: float
) -> None:
    x, n = share
    low, high = wilson(x, n, confidence)

    assert 0.0 <= low <= high <= 1.0
    assert n == 0 or low <= x / n <= high
    assert (low == 0.0) is (x == 0)
    assert (high == 1.0) is (x == n)


@given(shares(1))
def test_what_happened_and_what_did_not_mirror_each_other(share: tuple[int, int]) -> None:
    x, n = share
    low, high = wilson(x, n)
    other_low, other_high = wilson(n - x, n)

    assert isclose(low, 1 - other_high, abs_tol=1e-12)
    assert isclose(high, 1 - other_low, abs_tol=1e-12)


@given(shares(1))
def test_more_of_the_same_narrows_the_interval(share: tuple[int, int]) -> None:
    x, n = share
    low, high = wilson(x, n)
    less_low, less_high = wilson(2 * x, 2 * n)

    assert less_high - less_low < high - low


@given(shares(1))
def test_being_surer_widens_the_interval(share: tuple[int, int]) -> None:
    low, high = wilson(*share, 0.9)
    wide_low, wide_high = wilson(*share, 0.99)

    assert wide_low <= low
    assert wide_high >= high


@given(shares(), shares())
def test_a_difference_turned_round_is_its_mirror(first: tuple[int, int], second: tuple[int, int]) -> None:
    low, high = newcombe(*first, *second)
    other_low, other_high = newcombe(*second, *first)

    assert -1.0 <= low <= high <= 1.0
    assert isclose(low, -other_high, abs_tol=1e-12)
    assert isclose(high, -other_low, abs_tol=1e-12)


@given(shares(1), shares(1))
def test_the_same_twice_differs_by_nothing(first: tuple[int, int], second: tuple[int, int]) -> None:
    d, low, high = newcombe_did(first, second, first, second)

    assert d == 0.0
    assert low <= 0.0 <= high


@pytest.mark.parametrize("share", [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_share_is_refused(share: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(*share)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 95.0])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence)


def test_no_difference_of_differences_without_all_four() -> None:
    with pytest.raises(ValueError, match="of nothing"):
        newcombe_did((1, 2), (1, 2), (1, 2), (0, 0))


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (0, 100, 0.0, 0.073284),
        (3, 1000, 0.000069, 0.016418),
        (14, 100, 0.052256, 0.278049),
        (1400, 10000, 0.126722, 0.154021),
    ],
)
def test_a_confidence_sequence_gives_robbins_values(x: int, n: int, low: float, high: float) -> None:
    assert confidence_sequence(x, n) == pytest.approx((low, high), abs=5.1e-7)


@given(shares(), st.floats(0.001, 0.5))
def test_a_confidence_sequence_holds_its_share_and_is_wider_than_one_look(share: tuple[int, int], alpha: float) -> None:
    x, n = share
    low, high = confidence_sequence(x, n, alpha)
    mirrored = confidence_sequence(n - x, n, alpha)

    assert 0.0 <= low <= high <= 1.0
    assert n == 0 or low <= x / n <= high
    assert (low == 0.0) or x > 0
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(shares(1000))
def test_looking_again_and_again_costs_width(share: tuple[int, int]) -> None:
    low, high = confidence_sequence(*share)
    once_low, once_high = wilson(*share)

    assert high - low > once_high - once_low


def test_nothing_seen_yet_says_nothing_of_a_sequence() -> None:
    assert confidence_sequence(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("x", "n", "alpha"), [(-1, 5, 0.05), (6, 5, 0.05), (1, 2, 0.0), (1, 2, 1.0)])
def test_what_is_no_share_or_no_chance_has_no_sequence(x: int, n: int, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"is no share|between 0 and 1"):
        confidence_sequence(x, n, alpha)
