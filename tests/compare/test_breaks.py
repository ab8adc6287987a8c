"""Where a series breaks: the published break of the Nile, and the same as fitting anew at every date."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

from deliverability.compare.numerics.regression import weighted
from deliverability.compare.series.breaks import Steps, best_break
from support.oracles import Oracle

NILE = (
    *(1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140),
    *(1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969),
    *(831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759),
    *(781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890),
    *(744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740),
)
"""Annual flow of the Nile at Aswan, 1871-1970 (Cobb 1978, Biometrika 65:243-251), in the public domain."""


def test_the_nile_breaks_after_1898() -> None:
    found = best_break([[1.0] * 100], NILE, [1.0] * 100, range(1, 100))

    assert found is not None
    assert found.index == 28  # the first year of the new level is 1899
    assert sum(NILE[:28]) / 28 == 1097.75
    assert 1097.75 + found.jump == pytest.approx(849.9722, abs=5e-5)
    assert found.rss == pytest.approx(1597457.194, abs=5e-4)


@pytest.mark.oracle
def test_the_nile_is_the_one_that_statsmodels_ships() -> None:
    nile: Any = Oracle("statsmodels.datasets.nile")

    assert list(nile.load_pandas().data["volume"]) == list(NILE)


@pytest.mark.parametrize("gap", [0, 3])
def test_every_place_has_the_fit_that_it_has_alone(gap: int) -> None:
    rng = Random(1)
    count = 40
    columns = [[1.0] * count, [i / count for i in range(count)], [math.sin(i) for i in range(count)]]
    values, weights = [rng.gauss(0.9, 0.02) for _ in range(count)], [rng.uniform(1, 9) for _ in range(count)]
    places = [(i, i + gap) for i in range(4, 33)]
    for (out, back), found in zip(places, Steps(columns, values, weights).fits(places), strict=True):
        rows = [*range(out), *range(back, count)]
        alone = weighted(
            [[c[i] for i in rows] for c in columns] + [[float(i >= back) for i in rows]],
            [values[i] for i in rows],
            [weights[i] for i in rows],
        )
        assert found == pytest.approx((alone.coefficients[3], alone.rss))


def test_the_gain_is_the_share_of_what_was_left() -> None:
    values = [0.0] * 5 + [1.0] * 5
    found = best_break([[1.0] * 10], [v + 0.1 * (i % 2) for i, v in enumerate(values)], [1.0] * 10, range(1, 10))

    assert found is not None
    assert found.index == 5
    assert found.gain == pytest.approx(
        1 - found.rss / Steps([[1.0] * 10], [v + 0.1 * (i % 2) for i, v in enumerate(values)], [1.0] * 10).rss
    )
    assert 0.9 < found.gain < 1


def test_no_step_where_the_other_columns_hold_it() -> None:
    columns = [[1.0] * 6, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]

    assert Steps(columns, [1.0, 2, 3, 4, 5, 6], [1.0] * 6).fits([(3, 3), (0, 0)]) == [None, None]
    assert best_break(columns, [1.0, 2, 3, 4, 5, 6], [1.0] * 6, [3]) is None


def test_small_steps_at_a_high_level_keep_their_digits() -> None:
    rng = Random(2)
    low = [rng.gauss(0, 1e-3) + (1e-2 if i >= 20 else 0) for i in range(40)]
    ones = [1.0] * 40
    found, high = (best_break([ones], [v + level for v in low], ones, range(4, 37)) for level in (0.0, 1e6))

    assert found is not None
    assert high is not None
    assert high.index == found.index
    assert high.jump == pytest.approx(found.jump, rel=1e-4)
    assert high.rss == pytest.approx(found.rss, rel=1e-3)


@pytest.mark.parametrize("level", [0.0, 0.98])
def test_what_never_moves_breaks_nowhere(level: float) -> None:
    columns = [[1.0] * 30, [i / 30 for i in range(30)]]

    assert best_break(columns, [level] * 30, [7.0] * 30, range(4, 27)) is None
