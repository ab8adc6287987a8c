"""Student's t and Fisher's F are those of scipy, to twelve digits."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deliverability.compare.numerics.student import f_sf, t_quantile, two_sided
from support.oracles import Oracle

SCIPY: Any = Oracle("scipy.stats")
DF = st.floats(0.1, 1e5)


@pytest.mark.oracle
@given(st.floats(-1e4, 1e4), DF)
def test_the_chance_of_a_t_is_scipys(t: float, df: float) -> None:
    assert two_sided(t, df) == pytest.approx(2 * SCIPY.t.sf(abs(t), df), rel=1e-8, abs=1e-300)


@pytest.mark.oracle
@given(st.floats(-8, 8), st.floats(1e5, 1e12))
def test_with_ever_more_degrees_of_freedom_it_becomes_the_normal_one(t: float, df: float) -> None:
    assert two_sided(t, df) == pytest.approx(2 * SCIPY.t.sf(abs(t), df), rel=1e-6)


@pytest.mark.oracle
@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.5, 1e7))
def test_a_quantile_is_scipys(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(SCIPY.t.ppf(p, df), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("p", "df", "t"), [(0.975, 1, 12.7062047362), (0.975, 10, 2.2281388520), (0.995, 4, 4.6040948713), (0.5, 3, 0.0)]
)
def test_a_quantile_has_the_printed_digits(p: float, df: float, t: float) -> None:
    assert t_quantile(p, df) == pytest.approx(t, abs=5e-11)
    assert t_quantile(1 - p, df) == pytest.approx(-t, abs=5e-11)


@pytest.mark.oracle
@given(st.floats(1e-6, 1e6), st.floats(0.5, 1e4), st.floats(0.5, 1e4))
def test_the_chance_of_an_f_is_scipys(f: float, df1: float, df2: float) -> None:
    expected = SCIPY.f.sf(f, df1, df2)
    assume(expected > 1e-290)

    assert f_sf(f, df1, df2) == pytest.approx(expected, rel=1e-8, abs=1e-14)


@pytest.mark.parametrize(
    ("f", "df1", "df2", "p"), [(4.1028210151, 2, 10, 0.05), (4.9381933823, 3, 20, 0.01), (161.4476387976, 1, 1, 0.05)]
)
def test_the_chance_of_an_f_has_the_printed_digits(f: float, df1: float, df2: float, p: float) -> None:
    assert f_sf(f, df1, df2) == pytest.approx(p, rel=1e-9)


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.5, 1e7))
def test_a_quantile_is_where_its_chance_is(p: float, df: float) -> None:
    assert two_sided(t_quantile(p, df), df) == pytest.approx(2 * min(p, 1 - p), rel=1e-7)


@given(st.floats(allow_nan=False, allow_infinity=True), st.floats(1e-3, 1e15))
def test_a_chance_is_one_whatever_t_is(t: float, df: float) -> None:
    assert 0.0 <= two_sided(t, df) <= 1.0
    assert 0.0 <= f_sf(t, df, 7) <= 1.0


def test_what_lies_infinitely_far_out_never_happens() -> None:
    assert two_sided(inf, 3) == two_sided(-inf, 3) == 0.0
    assert two_sided(1e200, 3) == 0.0
    assert f_sf(inf, 2, 3) == 0.0
    assert f_sf(-1.0, 2, 3) == f_sf(-1e6, 2, 3) == 1.0


@pytest.mark.parametrize(("t", "df"), [(1.0, 0.0), (1.0, -2.0), (nan, 3.0), (1.0, nan)])
def test_what_cannot_be_looked_up_is_refused(t: float, df: float) -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        two_sided(t, df)
    with pytest.raises(ValueError, match="degrees of freedom"):
        f_sf(t, df, 3.0)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, nan])
def test_no_quantile_of_what_is_no_chance(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(p, 5)
