"""Difference in differences: the value, its error by campaign, and what it is worth with few campaigns."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.beside.control import difference_in_differences
from deliverability.compare.campaigns import Cell
from deliverability.compare.dispersion import welch
from deliverability.compare.result import Control
from deliverability.events.plain import from_plain, to_plain
from support.oracles import Oracle

NUMPY: Any = Oracle("numpy")
START = date(2026, 1, 5)
EXPRESSION = "provider=apple"


def cells(
    shares: Sequence[float], *, first: int = 0, name: str = "c", provider: str = "gmail", n: int = 20_000
) -> list[Cell]:
    """A campaign a week, each with its share delivered."""
    return [
        Cell(
            campaign=f"{name}{first + i}",
            day=START + timedelta(7 * (first + i)),
            provider=provider,
            sent=n,
            delivered=round(share * n),
        )
        for i, share in enumerate(shares)
    ]


def compared(
    target: tuple[Sequence[Cell], Sequence[Cell]], control: tuple[Sequence[Cell], Sequence[Cell]], *, seed: int = 0
) -> Control:
    found = difference_in_differences(
        *target, *control, expression=EXPRESSION, metric="delivered_sent", rng=Random(seed)
    )
    assert found is not None
    return found


def noise(seed: int, count: int, sd: float = 0.02) -> list[float]:
    rng = Random(seed)
    return [rng.gauss(0, sd) for _ in range(count)]


def sides(level: float, later: float, seed: int, before: int, after: int, **more: Any) -> tuple[list[Cell], list[Cell]]:
    """Both sides of one group, with its own noise."""
    first = cells([level + e for e in noise(seed, before)], **more)
    return first, cells([later + e for e in noise(seed + 1000, after)], first=before, **more)


def test_the_control_is_taken_off_the_target() -> None:
    found = compared(
        (cells([0.80] * 8), cells([0.95] * 5, first=8)),
        (cells([0.90] * 8, name="k"), cells([0.93] * 5, first=8, name="k")),
    )

    assert found.target.value == pytest.approx(0.15)
    assert found.control.value == pytest.approx(0.03)
    assert found.difference.value == pytest.approx(0.12)
    assert found.campaigns == 26
    assert found.units == 1


@pytest.mark.oracle
def test_of_campaigns_of_one_size_it_is_the_saturated_regression() -> None:
    linear: Any = Oracle("statsmodels.regression.linear_model")
    target, control = sides(0.8, 0.9, 1, 9, 6), sides(0.85, 0.87, 2, 7, 5, name="k")
    rows = [
        (cell.delivered / cell.sent, t, a)
        for t, group in enumerate((control, target))
        for a, side in enumerate(group)
        for cell in side
    ]
    design = NUMPY.array([(1.0, t, a, t * a) for _, t, a in rows])
    theirs = linear.OLS([y for y, _, _ in rows], design).fit(cov_type="HC2")
    found = compared(target, control)
    assert found.difference.low is not None
    assert found.difference.high is not None

    assert found.difference.value == pytest.approx(theirs.params[3], rel=1e-9)
    # of 27 campaigns G - 2 is 25, and the two groups' own degrees of freedom are fewer
    scipy: Any = Oracle("scipy.stats")
    half = (found.difference.high - found.difference.low) / 2
    assert scipy.t.ppf(0.975, 25) < half / theirs.bse[3] < scipy.t.ppf(0.975, 8)


def test_what_a_campaign_does_to_both_groups_cancels() -> None:
    waves = noise(3, 20, 0.05)

    def group(level: float, name: str, provider: str) -> tuple[list[Cell], list[Cell]]:
        shares = [level + wave for wave in waves]
        first = cells(shares[:12], name=name, provider=provider)
        return first, cells(
            [s + (0.04 if provider == "gmail" else 0) for s in shares[12:]], first=12, name=name, provider=provider
        )

    together = compared(group(0.8, "c", "gmail"), group(0.85, "c", "apple"))
    apart = compared(group(0.8, "c", "gmail"), group(0.85, "k", "apple"))

    assert together.campaigns == 20
    assert apart.campaigns == 40
    assert together.difference.value == pytest.approx(apart.difference.value)
    assert together.p is not None
    assert apart.p is not None
    assert together.p < 1e-6 < 0.05 < apart.p


def test_no_error_is_smaller_than_that_of_chance() -> None:
    found = compared(
        (cells([0.8] * 5), cells([0.8] * 5, first=5)), (cells([0.9] * 5, name="k"), cells([0.9] * 5, first=5, name="k"))
    )
    assert found.difference.high is not None

    assert found.p == pytest.approx(1)
    assert found.difference.high > 1.96 * math.sqrt(2 * (0.16 + 0.09) / 100_000)


def test_the_periods_dealt_anew_are_all_of_them_where_they_are_few() -> None:
    target, control = sides(0.8, 0.83, 11, 4, 4), sides(0.8, 0.8, 12, 4, 4, provider="apple")
    ours, theirs = [[c.delivered for c in (*group[0], *group[1])] for group in (target, control)]

    def distance(chosen: tuple[int, ...]) -> float:
        rest = [i for i in range(8) if i not in chosen]
        return abs(sum(ours[i] - theirs[i] for i in rest) - sum(ours[i] - theirs[i] for i in chosen))

    every = [distance(chosen) for chosen in combinations(range(8), 4)]
    expected = sum(d >= distance((0, 1, 2, 3)) - 1e-6 for d in every) / len(every)

    assert compared(target, control).p_permutation == pytest.approx(expected)


def test_many_periods_are_drawn_by_the_seed() -> None:
    target, control = sides(0.8, 0.82, 21, 20, 20), sides(0.8, 0.8, 22, 20, 20, name="k")
    first = compared(target, control, seed=1)

    assert compared(target, control, seed=1) == first
    assert compared(target, control, seed=2).p_permutation != first.p_permutation
    assert first.p_permutation is not None
    assert first.p is not None
    assert first.p_permutation == pytest.approx(first.p, abs=0.02)


def test_the_order_of_cells_changes_nothing() -> None:
    target, control = sides(0.8, 0.9, 31, 9, 6), sides(0.85, 0.86, 32, 9, 6, provider="apple")
    mixed = [[Random(i).sample(side, len(side)) for i, side in enumerate(group)] for group in (target, control)]

    assert compared((mixed[0][0], mixed[0][1]), (mixed[1][0], mixed[1][1])) == compared(target, control)


@pytest.mark.parametrize(("later", "moved"), [(0.80, False), (0.90, True)])
def test_a_control_moved_where_its_own_test_says_so(later: float, moved: bool) -> None:
    target, control = sides(0.8, 0.9, 41, 9, 6), sides(0.8, later, 42, 9, 6, name="k")
    first, second = ([(c.delivered, c.sent) for c in side] for side in control)
    own = welch(first, second)
    found = compared(target, control)

    assert found.moved is moved
    assert (own.p < 0.05) is moved
    assert (found.control.low, found.control.high) == pytest.approx((own.low, own.high))


@pytest.mark.parametrize("short", range(4))
def test_below_four_campaigns_there_is_a_difference_and_no_claim(short: int) -> None:
    counts = [4, 4, 4, 4]
    counts[short] = 3
    found = compared(sides(0.8, 0.9, 51, *counts[:2]), sides(0.8, 0.8, 52, *counts[2:], name="k"))

    assert (found.p, found.p_permutation, found.difference.low, found.difference.high) == (None, None, None, None)
    assert found.difference.value == pytest.approx(0.1, abs=0.05)
    assert (found.moved is None) is (short > 1)


@pytest.mark.parametrize("empty", range(4))
def test_with_nothing_in_one_of_the_four_there_is_no_comparison(empty: int) -> None:
    four = [*sides(0.8, 0.9, 61, 5, 5), *sides(0.8, 0.8, 62, 5, 5, name="k")]
    for nothing in ([], [Cell(campaign="x", day=START)]):
        four[empty] = nothing
        assert difference_in_differences(*four, expression="", metric="delivered_sent", rng=Random(0)) is None


def test_units_are_the_values_that_the_control_has() -> None:
    control = sides(0.8, 0.8, 71, 6, 6, name="k", provider="apple")
    more = sides(0.8, 0.8, 72, 6, 6, name="k", provider="gmx")
    both = ([*control[0], *more[0]], [*control[1], *more[1]])
    target = sides(0.8, 0.9, 73, 6, 6)

    def units(expression: str) -> int:
        found = difference_in_differences(*target, *both, expression=expression, metric="delivered_sent", rng=Random(0))
        assert found is not None
        return found.units

    assert units("provider=apple,gmx,absent") == 2
    assert units("stream=") == 1
    assert units("apple") == 1


def test_trends_that_part_before_the_change_are_seen() -> None:
    steady = sides(0.9, 0.9, 81, 12, 5, name="k")
    rising = [0.80 + 0.005 * i for i in range(17)]
    target = cells(rising[:12]), cells(rising[12:], first=12)
    found = compared(target, steady)

    assert found.pre_trend == pytest.approx(0.005 / 7, abs=0.0003)
    assert found.pre_trend_p is not None
    assert found.pre_trend_p < 0.01


def test_trends_that_are_shared_are_not() -> None:
    rising = [0.80 + 0.005 * i + e for i, e in enumerate(noise(91, 17, 0.01))]
    other = [0.85 + 0.005 * i + e for i, e in enumerate(noise(92, 17, 0.01))]
    found = compared(
        (cells(rising[:12]), cells(rising[12:], first=12)),
        (cells(other[:12], name="k"), cells(other[12:], first=12, name="k")),
    )

    assert found.pre_trend_p is not None
    assert found.pre_trend_p > 0.05


@pytest.mark.oracle
def test_of_shared_campaigns_the_trends_are_compared_in_pairs() -> None:
    linear: Any = Oracle("statsmodels.regression.linear_model")
    target, control = sides(0.8, 0.9, 97, 9, 5), sides(0.8, 0.8, 98, 9, 5, provider="apple")
    weeks = NUMPY.array([(1.0, float(i)) for i in range(9)])
    gaps = [(a.delivered - b.delivered) / 20_000 for a, b in zip(target[0], control[0], strict=True)]
    theirs = linear.OLS(gaps, weeks).fit(cov_type="HC2", use_t=True)
    found = compared(target, control)

    assert found.pre_trend == pytest.approx(theirs.params[1] / 7)
    assert found.pre_trend_p == pytest.approx(theirs.pvalues[1], rel=1e-6)


def test_without_four_dated_campaigns_before_there_is_no_trend() -> None:
    target, control = sides(0.8, 0.9, 95, 5, 5), sides(0.8, 0.8, 96, 5, 5, name="k")
    undated = [Cell(campaign=c.campaign, sent=c.sent, delivered=c.delivered) for c in target[0]]
    one_day = [Cell(campaign=c.campaign, day=START, sent=c.sent, delivered=c.delivered) for c in target[0]]

    for before in (undated, one_day):
        found = compared((before, target[1]), control)
        assert (found.pre_trend, found.pre_trend_p) == (None, None)
        assert found.p is not None


counts = st.integers(0, 10**9).flatmap(lambda n: st.tuples(st.sampled_from([0, n]) | st.integers(0, n), st.just(n)))
groups = st.lists(st.tuples(st.integers(0, 30), counts), max_size=7)


@given(groups, groups, groups, groups, st.booleans())
def test_whatever_the_campaigns_no_figure_is_odd(
    first: Any, second: Any, third: Any, fourth: Any, shared: bool
) -> None:
    def made(rows: Any, name: str) -> list[Cell]:
        return [
            Cell(campaign=f"{name}{i}", day=START + timedelta(d), sent=n, delivered=x)
            for i, (d, (x, n)) in enumerate(rows)
        ]

    other = "c" if shared else "k"
    found = difference_in_differences(
        made(first, "c"), made(second, "c"), made(third, other), made(fourth, other),
        expression=EXPRESSION, metric="delivered_sent", rng=Random(0),
    )  # fmt: skip
    if found is not None:
        assert from_plain(Control, json.loads(json.dumps(to_plain(found), allow_nan=False))) == found
        assert found.p is None or 0 <= found.p <= 1
        assert found.p_permutation is None or 0 < found.p_permutation <= 1
