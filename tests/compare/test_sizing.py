"""The number of campaigns that a plan asks for does what it says, over simulated senders."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.dispersion import welch
from deliverability.compare.numerics.sizing import MAX_CAMPAIGNS, Spread, needed, reach, smallest, spread
from support import senders

LONG = spread(senders.shares(Random(1), 400, 0.15))
"""A sender whose campaigns are known well."""


def power(campaigns: int, effect: float, runs: int = 600) -> float:
    """How often the interval of Welch leaves 0 behind."""
    rng = Random(2)
    found = 0
    for _ in range(runs):
        a, b = (senders.shares(rng, campaigns, rate) for rate in (0.15, 0.15 + effect))
        found += welch(a, b).low > 0
    return found / runs


@pytest.mark.parametrize("effect", [0.02, 0.03, 0.05])
def test_so_many_campaigns_find_the_effect_four_times_in_five(effect: float) -> None:
    campaigns = needed(LONG, effect)

    assert campaigns is not None
    assert 0.76 <= power(campaigns, effect) <= 0.87


def test_a_short_history_asks_for_more() -> None:
    few = replace(LONG, df=5.0, campaigns=6)

    assert (needed(few, 0.01) or 0) > (needed(LONG, 0.01) or 0)


def test_campaigns_of_unequal_size_count_for_less() -> None:
    assert (needed(replace(LONG, evenness=0.4), 0.03) or 0) > (needed(LONG, 0.03) or 0)


def test_the_fewest_campaigns_are_four() -> None:
    assert needed(LONG, 0.5) == 4


def test_campaigns_that_say_nothing_make_no_plan() -> None:
    assert needed(LONG, 1e-5) is None
    assert needed(replace(LONG, df=0.01), 0.05) is None


SPREADS = st.builds(
    lambda rate, n, times, evenness, m: Spread(
        rate=rate,
        campaigns=m,
        variance=times * rate * (1 - rate) / n,
        sampling=rate * (1 - rate) / n,
        evenness=evenness,
        df=max(1.0, m * evenness - 1),
    ),
    st.floats(0.01, 0.99),
    st.integers(100, 1_000_000),
    st.floats(1, 200),
    st.floats(0.3, 1),
    st.integers(4, 400),
)


@given(SPREADS, st.floats(0.001, 0.5))
def test_one_campaign_less_is_too_few(before: Spread, effect: float) -> None:
    if before.rate + effect > 1:
        return
    campaigns = needed(before, effect)

    if campaigns is None:
        assert reach(before, effect, MAX_CAMPAIGNS) > effect
    else:
        assert reach(before, effect, campaigns) <= effect
        assert campaigns == 4 or reach(before, effect, campaigns - 1) > effect


@given(SPREADS, st.integers(4, 400))
def test_the_smallest_effect_is_one_that_shows(before: Spread, campaigns: int) -> None:
    effect = smallest(before, campaigns)

    if effect is not None:
        assert 0 < effect <= 1 - before.rate
        assert reach(before, effect, campaigns) <= effect
        assert reach(before, effect * 0.99, campaigns) > effect * 0.99


def test_more_campaigns_show_less_and_surer_plans_take_more() -> None:
    assert (smallest(LONG, 4) or 0) > (smallest(LONG, 12) or 0) > (smallest(LONG, 100) or 0) > 0
    assert (needed(LONG, 0.03, power=0.95) or 0) > (needed(LONG, 0.03) or 0)
    assert (needed(LONG, 0.03, confidence=0.99) or 0) > (needed(LONG, 0.03) or 0)


def test_where_everything_is_delivered_nothing_can_rise() -> None:
    perfect = spread([(1000, 1000)] * 6)

    assert smallest(perfect, 6) is None
    with pytest.raises(ValueError, match="cannot rise"):
        needed(perfect, 0.01)


@pytest.mark.parametrize("effect", [0.0, -0.1, 1.0, float("nan")])
def test_what_is_no_effect_is_refused(effect: float) -> None:
    with pytest.raises(ValueError, match="is none"):
        needed(LONG, effect)


def test_nothing_is_said_of_three_campaigns() -> None:
    with pytest.raises(ValueError, match="fewer than 4"):
        smallest(LONG, 3)
    with pytest.raises(ValueError, match="two of them"):
        spread([(1, 10)])
