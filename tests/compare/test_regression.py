"""Weighted least squares on shares: held to statsmodels, and to what has to be so whatever is fitted."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.numerics.regression import fit_shares, weighted
from support.oracles import Oracle

NUMPY: Any = Oracle("numpy")
LINEAR: Any = Oracle("statsmodels.regression.linear_model")


def shares_of(
    rng: Random, count: int, *, sizes: tuple[int, int] = (50, 30_000), sd: float = 0.03
) -> list[tuple[int, int]]:
    found = []
    for _ in range(count):
        n = rng.randint(*sizes)
        p = min(0.99, max(0.01, rng.gauss(0.8, sd)))
        found.append((round(n * p), n))
    return found


def design(count: int) -> list[list[float]]:
    return [
        [1.0] * count,
        [i / count for i in range(count)],
        [math.sin(2 * math.pi * i / 7) for i in range(count)],
        [float(i >= count * 2 // 3) for i in range(count)],
    ]


def transposed(columns: list[list[float]]) -> Any:
    return NUMPY.array(columns).T


@pytest.mark.oracle
def test_a_fit_is_that_of_statsmodels() -> None:
    rng = Random(1)
    columns, values = design(40), [rng.gauss(0, 1) for _ in range(40)]
    weights = [rng.uniform(0.1, 9) for _ in range(40)]
    theirs = LINEAR.WLS(values, transposed(columns), weights=weights).fit()
    ours = weighted(columns, values, weights)

    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-10)
    assert ours.rss == pytest.approx(theirs.ssr, rel=1e-10)
    assert ours.df == theirs.df_resid
    assert [ours.rss / ours.df * line[i] for i, line in enumerate(ours.covariance)] == pytest.approx(theirs.bse**2)


@pytest.mark.oracle
def test_influences_add_up_to_the_sandwich_of_statsmodels() -> None:
    columns, shares = design(30), shares_of(Random(2), 30)
    fit = fit_shares(columns, shares, [0] * 30)
    theirs = LINEAR.WLS([x / n for x, n in shares], transposed(columns), weights=fit.weights).fit(cov_type="HC2")
    ours = [math.sqrt(sum(u * u for u in fit.influence(columns, i))) for i in range(len(columns))]

    assert ours == pytest.approx(theirs.bse, rel=1e-9)


def test_campaigns_that_differ_by_more_than_chance_have_something_in_common() -> None:
    columns, shares = design(40), shares_of(Random(3), 40)
    fit = fit_shares(columns, shares, [0] * 40)

    assert fit.dispersion is not None
    assert fit.dispersion > 2
    assert fit.fit.rss == pytest.approx(fit.fit.df, rel=1e-3)  # Pearson's chi-square at its mean
    assert fit.scale == pytest.approx(1, rel=1e-3)


def test_the_weights_follow_what_campaigns_have_in_common() -> None:
    alike = fit_shares([[1.0] * 4], [(800, 1000), (800, 1000), (8000, 10_000), (8000, 10_000)], [0] * 4)
    unlike = fit_shares([[1.0] * 4], [(700, 1000), (900, 1000), (7000, 10_000), (9000, 10_000)], [0] * 4)

    assert alike.weights[2] / alike.weights[0] == pytest.approx(10)
    assert 1 < unlike.weights[2] / unlike.weights[0] < 1.1


@pytest.mark.oracle
def test_the_dispersion_is_that_of_a_quasi_binomial_model() -> None:
    models: Any = Oracle("statsmodels.genmod.generalized_linear_model")
    families: Any = Oracle("statsmodels.genmod.families")
    shares = shares_of(Random(4), 24)
    groups = [0] * 12 + [1] * 12
    columns = [[1.0] * 24, [float(group) for group in groups]]
    theirs = models.GLM(
        NUMPY.array([(x, n - x) for x, n in shares]), transposed(columns), family=families.Binomial()
    ).fit()

    assert fit_shares(columns, shares, groups).dispersion == pytest.approx(
        theirs.pearson_chi2 / theirs.df_resid, rel=1e-3
    )


def test_campaigns_alike_are_given_the_error_of_chance() -> None:
    fit = fit_shares([[1.0] * 10], [(800, 1000)] * 10, [0] * 10)

    assert fit.rho == 0
    assert fit.error(0) == pytest.approx(math.sqrt(0.8 * 0.2 / 10_000), rel=1e-3)


def test_a_column_that_is_a_sum_of_others_is_dropped_and_changes_nothing() -> None:
    columns, shares = design(30), shares_of(Random(5), 30)
    plain = fit_shares(columns, shares, [0] * 30)
    more = [*columns[:2], [a - 3 * b for a, b in zip(*columns[:2], strict=True)], *columns[2:], columns[3]]
    fit = fit_shares(more, shares, [0] * 30)

    assert [i for i, b in enumerate(fit.fit.coefficients) if b is None] == [2, 5]
    assert fit.error(2) is None
    assert fit.fit.df == plain.fit.df
    assert fit.fit.fitted == pytest.approx(plain.fit.fitted)
    assert fit.error(4) == pytest.approx(plain.error(3))


def test_with_as_many_columns_as_campaigns_nothing_is_left_to_judge_by() -> None:
    fit = fit_shares([[1.0, 1.0], [0.0, 1.0]], [(8, 10), (9, 10)], [0, 0])

    assert fit.fit.df == 0
    assert fit.error(1) is None
    assert fit.dispersion is None


def test_a_series_that_remembers_is_told_from_one_that_does_not() -> None:
    rng = Random(6)
    noises = [[rng.gauss(0, 0.02) for _ in range(80)] for _ in range(40)]
    noise = noises[0]
    wandering = [0.0]
    for one in noise[1:]:
        wandering.append(0.7 * wandering[-1] + one)

    def memory(values: list[float]) -> float:
        return fit_shares([[1.0] * 80], [(round(20_000 * (0.8 + v)), 20_000) for v in values], [0] * 80).memory()

    assert sum(memory(one) > 0 for one in noises) <= 5
    assert memory(wandering) == pytest.approx(0.7, abs=0.2)


counts = st.integers(0, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))).filter(lambda s: s[1] > 0)


@given(st.lists(counts, min_size=1, max_size=20), st.data())
def test_no_figure_is_ever_missing_or_infinite(shares: list[tuple[int, int]], data: st.DataObject) -> None:
    stages = data.draw(st.lists(st.integers(0, 2), min_size=len(shares), max_size=len(shares)))
    columns = [[1.0] * len(shares), [i / len(shares) for i in range(len(shares))], [float(s > 0) for s in stages]]
    fit = fit_shares(columns, shares, stages)
    figures = [*fit.fit.fitted, *fit.weights, fit.rho, fit.scale, fit.memory(), *fit.influence(columns, 1)]
    figures += [b for b in fit.fit.coefficients if b is not None]
    figures += [error for i in range(3) if (error := fit.error(i)) is not None]

    assert all(map(math.isfinite, figures))
    assert 0 <= fit.rho <= 1
    assert fit.scale >= 1
