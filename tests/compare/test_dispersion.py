"""Tests between campaigns, held to R's and scipy's figures and to what must be true of any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from math import comb, isfinite, log, sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.dispersion import draw, effective_df, holm, permutation, quasibinomial, welch
from deliverability.compare.intervals import Share
from support.oracles import Oracle

SCIPY: Any = Oracle("scipy.stats")

SEEDS = {
    ("O75", "bean"): [(10, 39), (23, 62), (23, 81), (26, 51), (17, 39)],
    ("O75", "cucumber"): [(5, 6), (53, 74), (55, 72), (32, 51), (46, 79), (10, 13)],
    ("O73", "bean"): [(8, 16), (10, 30), (8, 28), (23, 45), (0, 4)],
    ("O73", "cucumber"): [(3, 12), (22, 41), (15, 30), (32, 51), (3, 7)],
}
"""Crowder's seeds (1978), germinated of sown on 21 plates, by seed and root extract: R's `orob2`."""


def seeds(seed: str) -> list[Share]:
    return [plate for (name, _), plates in SEEDS.items() for plate in plates if name == seed]


def test_seeds_have_rs_coefficients_standard_errors_and_dispersion() -> None:
    """R's model of seed × root is saturated in its four groups: two of our comparisons hold all there is in it."""
    o73 = quasibinomial(SEEDS["O73", "bean"], SEEDS["O73", "cucumber"])
    o75 = quasibinomial(SEEDS["O75", "bean"], SEEDS["O75", "cucumber"])
    bean = quasibinomial(SEEDS["O73", "bean"], SEEDS["O75", "bean"])

    assert (o73.df + o75.df) == 17
    assert (o73.df * o73.dispersion + o75.df * o75.dispersion) / 17 == pytest.approx(1.861832, abs=5.1e-7)
    assert (bean.difference, o73.difference) == pytest.approx((-0.1459269, 0.5400782), abs=5.1e-8)
    assert o75.difference - o73.difference == pytest.approx(0.7781037, abs=5.1e-8)
    assert [one.se / sqrt(one.dispersion) for one in (bean, o73)] == pytest.approx([0.2232, 0.2498], abs=5.1e-5)
    assert [one.se * sqrt(1.861832 / one.dispersion) for one in (bean, o73)] == pytest.approx(
        [0.3045, 0.3409], abs=5.1e-5
    )


def quasi_by_regression(a: Sequence[Share], b: Sequence[Share]) -> tuple[float, float, float]:
    """Difference, standard error and dispersion of statsmodels, with the variance weights that its scale needs."""
    numpy: Any = import_module("numpy")
    models: Any = Oracle("statsmodels.genmod.generalized_linear_model")
    families: Any = Oracle("statsmodels.genmod.families")
    campaigns = [*a, *b]
    sides = numpy.array([[1.0, 0.0]] * len(a) + [[1.0, 1.0]] * len(b))
    shares, weights = (numpy.array(column) for column in ([x / n for x, n in campaigns], [n for _, n in campaigns]))
    fitted = models.GLM(shares, sides, families.Binomial(), var_weights=weights).fit(scale="X2")
    return float(fitted.params[1]), float(fitted.bse[1]), float(fitted.scale)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (seeds("O73"), seeds("O75")),
        (SEEDS["O75", "bean"], SEEDS["O75", "cucumber"]),
        ([(2900, 20000), (3100, 20000), (2600, 19000)], [(7100, 20000), (7500, 21000), (6400, 20000), (90, 300)]),
    ],
)
def test_a_quasibinomial_test_is_that_of_statsmodels(a: list[Share], b: list[Share]) -> None:
    difference, se, dispersion = quasi_by_regression(a, b)
    found = quasibinomial(a, b)

    assert found.dispersion == pytest.approx(dispersion, rel=1e-9)
    assert dispersion > 1
    assert (found.difference, found.se, found.t) == pytest.approx((difference, se, difference / se), rel=1e-7)
    assert found.df == len(a) + len(b) - 2
    assert found.p == pytest.approx(2 * SCIPY.t.sf(abs(difference / se), found.df), rel=1e-6)


def test_campaigns_that_agree_too_well_have_the_dispersion_of_chance() -> None:
    found = quasibinomial([(100, 1000), (100, 1000)], [(200, 1000), (200, 1000)])

    assert found.dispersion == 1.0
    assert found.difference == pytest.approx(log(0.25) - log(1 / 9))
    assert found.se == pytest.approx(sqrt(1 / 200 + 1 / 1800 + 1 / 400 + 1 / 1600))


@pytest.mark.oracle
def test_for_equal_campaigns_it_is_welchs_test() -> None:
    a = [(2900, 20000), (3400, 20000), (2600, 20000), (3000, 20000)]
    b = [(3500, 20000), (4100, 20000), (3000, 20000), (3300, 20000), (4400, 20000)]

    found = welch(a, b)

    expected = SCIPY.ttest_ind(*[[x / n for x, n in side] for side in (b, a)], equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (found.t, found.df, found.p) == pytest.approx((expected.statistic, expected.df, expected.pvalue), rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_the_difference_is_that_of_pooled_shares() -> None:
    found = welch([(10, 100), (90, 1000)], [(20, 100), (300, 1000)])

    assert found.difference == pytest.approx(320 / 1100 - 100 / 1100)
    assert found.low < found.difference < found.high


def test_campaigns_that_agree_by_chance_know_no_more_than_their_messages() -> None:
    """Their own variance would be 0; the standard error is that of a difference of two shares."""
    found = welch([(150, 1000)] * 5, [(180, 1000)] * 5)

    assert found.se == pytest.approx(sqrt(0.15 * 0.85 / 5000 + 0.18 * 0.82 / 5000), rel=1e-3)
    assert found.df == 10_000
    assert 0.0 < found.p < 0.001


def test_one_large_campaign_among_small_ones_is_few_campaigns() -> None:
    equal = [(150, 1000), (160, 1000), (140, 1000), (155, 1000)]
    lopsided = [(150_000, 1_000_000), (160, 1000), (140, 1000), (155, 1000)]

    assert effective_df([n for _, n in equal]) == pytest.approx(3)
    assert effective_df([n for _, n in lopsided]) < 0.01
    assert welch(lopsided, equal).high > 0.5
    assert (welch(lopsided, lopsided).low, welch(lopsided, lopsided).high) == (-1.0, 1.0)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=30))
def test_campaigns_of_any_size_count_for_no_more_than_their_number(sizes: list[int]) -> None:
    assert 0 < effective_df(sizes) <= len(sizes) - 1 + 1e-9


CAMPAIGN = st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.sampled_from([0, n, n // 2, n // 1000]), st.just(n)))
CAMPAIGNS = st.lists(CAMPAIGN, min_size=2, max_size=6)


@given(CAMPAIGNS, CAMPAIGNS)
def test_no_counts_make_a_test_that_is_not_a_number(a: list[Share], b: list[Share]) -> None:
    between, odds = welch(a, b), quasibinomial(a, b)

    values = [between.difference, between.se, between.t, between.df, between.p, between.low, between.high]
    assert all(map(isfinite, [*values, odds.difference, odds.se, odds.t, odds.df, odds.p, odds.dispersion]))
    assert 0 <= between.p <= 1
    assert 0 <= odds.p <= 1
    assert -1 <= between.low <= between.difference <= between.high <= 1
    assert 0 < permutation(a, b, Random(1), rounds=1000) <= 1


@given(CAMPAIGNS, CAMPAIGNS)
def test_swapped_sides_differ_the_other_way(a: list[Share], b: list[Share]) -> None:
    there, back = welch(a, b), welch(b, a)

    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert back.p == pytest.approx(there.p)
    assert quasibinomial(b, a).difference == pytest.approx(-quasibinomial(a, b).difference)


def test_p_and_interval_say_the_same() -> None:
    """p is below 0.05 just where the 95 % interval leaves 0 out."""
    rng = Random(4)
    for _ in range(300):
        a, b = ([(rng.randint(50, 250), rng.randint(900, 1100)) for _ in range(rng.randint(2, 7))] for _ in range(2))
        found = welch(a, b)
        assert (found.p < 0.05) is not (found.low <= 0 <= found.high)


@pytest.mark.parametrize(("side", "least"), [(3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_the_least_p_of_a_permutation_is_that_of_so_few_campaigns(side: int, least: float) -> None:
    a, b = [(100, 1000)] * side, [(200, 1000)] * side

    assert permutation(a, b, Random(1)) == pytest.approx(least)


@pytest.mark.oracle
def test_a_permutation_is_scipys() -> None:
    rng = Random(2)
    for _ in range(5):
        a, b = ([(rng.randint(100, 200), 1000) for _ in range(size)] for size in (4, 5))
        expected = SCIPY.permutation_test(
            [[x / n for x, n in side] for side in (a, b)],
            lambda x, y, axis: abs(x.mean(axis=axis) - y.mean(axis=axis)),
            vectorized=True,
            n_resamples=10_000,
            alternative="greater",
        )
        assert permutation(a, b, Random(1)) == pytest.approx(expected.pvalue, rel=1e-9)


def test_drawn_arrangements_come_close_to_all_of_them_and_repeat_with_the_seed() -> None:
    rng = Random(3)
    a, b = ([(rng.randint(100, 160), 1000) for _ in range(6)] for _ in range(2))
    exact = permutation(a, b, Random(1))

    drawn = permutation(a, b, Random(1), rounds=900)

    assert 0.05 < exact < 0.95
    assert drawn == pytest.approx(exact, abs=0.05)
    assert drawn == permutation(a, b, Random(1), rounds=900) != exact


def test_hundreds_of_campaigns_that_differ_have_the_least_p_that_can_be_drawn() -> None:
    # fewer are drawn of so many: 300,000 campaigns over all rounds, and what happened is one arrangement more
    assert permutation([(100, 1000)] * 250, [(200, 1000)] * 250, Random(1)) == pytest.approx(1 / (1 + 300_000 // 250))


@pytest.mark.parametrize(("m", "k"), [(2500, 2500), (5001, 1200), (900, 3100)])
def test_of_very_many_campaigns_neighbours_are_dealt_together(m: int, k: int) -> None:
    rng = Random(m)
    a, b = ([(rng.randint(0, 40), rng.randint(50, 100)) for _ in range(count)] for count in (m, k))

    dealt = permutation(a, b, Random(1))

    # of so many, chance spreads as t says; 999 rounds and as few groups leave it within a few hundredths
    assert 0.05 < dealt < 0.95
    assert dealt == pytest.approx(welch(a, b).p, abs=0.08)
    assert permutation(a, [(x + 10, n) for x, n in b], Random(1)) < 0.0011


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_choice_is_as_likely_as_any_other(size: int) -> None:
    # the pool is left shuffled, so that each draw goes on from the one before it
    rng, pool = Random(size), list(range(5))
    rounds = 20_000

    found = Counter(frozenset(draw(pool, size, rng)) for _ in range(rounds))

    assert sorted(pool) == list(range(5))
    assert len(found) == comb(5, size)
    expected = rounds / len(found)
    # five standard deviations of a binomial count
    assert all(abs(times - expected) <= 5 * sqrt(expected) for times in found.values())


def test_a_small_side_among_many_campaigns_is_dealt_as_well() -> None:
    rng = Random(5)
    many = [(rng.randint(100, 160), 1000) for _ in range(300)]
    few = [(rng.randint(100, 160), 1000) for _ in range(4)]

    one_way, other_way = permutation(many, few, Random(1)), permutation(few, many, Random(1))

    # 9,999 rounds: five standard errors of a p of one half
    assert one_way == pytest.approx(other_way, abs=5 * sqrt(2 * 0.25 / 9999))


@pytest.mark.oracle
def test_several_p_values_are_paid_for() -> None:
    models: Any = Oracle("statsmodels.stats.multitest")
    for ps in ([0.01, 0.04], [0.04, 0.01, 0.03, 0.005], [0.5, 0.9], [0.2], [0.02, 0.02, 0.02]):
        assert holm(ps) == pytest.approx(list(models.multipletests(ps, method="holm")[1]))
    assert holm([]) == []


@pytest.mark.parametrize(
    ("a", "b"), [([(1, 2)], [(1, 2), (1, 2)]), ([(1, 2), (0, 0)], [(1, 2), (1, 2)]), ([], [(1, 2), (1, 2)])]
)
def test_no_variation_between_campaigns_without_two_of_them(a: list[Share], b: list[Share]) -> None:
    with pytest.raises(ValueError, match="two of them"):
        welch(a, b)


def test_no_test_of_an_empty_side() -> None:
    with pytest.raises(ValueError, match="three campaigns"):
        quasibinomial([(1, 2)], [(1, 2)])
    with pytest.raises(ValueError, match="three campaigns"):
        quasibinomial([(1, 2), (1, 2), (1, 2)], [(0, 0)])
    with pytest.raises(ValueError, match="both sides"):
        permutation([(1, 2)], [(0, 0)], Random(1))
