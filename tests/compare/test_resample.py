"""The jackknife is the formula where there is one; no data make an interval that is not a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from math import isfinite, sqrt
from random import Random
from statistics import fmean
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.campaigns import Cell, shares, total
from deliverability.compare.decompose import TERMS, opens
from deliverability.compare.dispersion import welch
from deliverability.compare.numerics.resample import bootstrap, decomposition, jackknife, opens_and_total
from deliverability.compare.result import Term


def delivered(before: Sequence[Cell], after: Sequence[Cell]) -> Mapping[str, float]:
    """The change of delivered/sent: what `welch` has a formula for."""
    rates = [total(side, "delivered") / total(side, "sent") if total(side, "sent") else 0.0 for side in (before, after)]
    return {"change": rates[1] - rates[0]}


def campaigns(seed: int, number: int, providers: int = 3, size: tuple[int, int] = (800, 1200)) -> list[Cell]:
    """Campaigns that differ, to several providers each."""
    rng = Random(seed)
    found: list[Cell] = []
    for index in range(number):
        for provider in range(providers):
            sent = rng.randint(*size)
            delivered = round(sent * rng.uniform(0.8, 0.99))
            opened = round(delivered * rng.uniform(0.1, 0.4))
            machine = round(opened * rng.uniform(0.0, 0.6))
            day = date(2026, 1, 1) + timedelta(index)
            found.append(
                Cell(
                    campaign=f"c{index}",
                    day=day,
                    provider=f"p{provider}",
                    sent=sent,
                    delivered=delivered,
                    opened=opened,
                    opened_machine=machine,
                )
            )
    return found


def ends(term: Term) -> tuple[float, float]:
    assert term.low is not None
    assert term.high is not None
    return term.low, term.high


def test_for_a_difference_of_shares_it_is_the_formula() -> None:
    before, after = campaigns(1, 6, size=(1000, 1000)), campaigns(2, 9, size=(1000, 1000))

    found = jackknife(delivered, before, after)["change"]

    expected = welch(shares(before, "delivered", "sent"), shares(after, "delivered", "sent"))
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.difference, expected.low, expected.high), rel=1e-9
    )


def test_campaigns_that_agree_by_chance_know_no_more_than_their_messages() -> None:
    """Cut into equal campaigns, the same messages have the interval of single messages."""
    cells = [
        Cell(campaign=f"c{index}", provider="p", sent=1000, delivered=900, opened=300, opened_machine=100)
        for index in range(5)
    ]
    found = jackknife(delivered, cells, cells)["change"]

    half = 1.96 * sqrt(2 * 0.9 * 0.1 / 5000)
    assert ends(found) == pytest.approx((-half, half), rel=1e-3)


def test_the_decomposition_holds_its_terms_within_their_intervals() -> None:
    before, after = campaigns(3, 6), campaigns(4, 6)

    found = decomposition(before, after)

    for name, value in opens(before, after).items():
        term = getattr(found, name)
        assert term.value == pytest.approx(value, abs=1e-15)
        assert term.low < term.value < term.high
    assert found.total.value == pytest.approx(sum(getattr(found, name).value for name in TERMS), abs=1e-12)


@pytest.mark.parametrize("resampled", [jackknife, partial(bootstrap, rng=Random(1), rounds=500)])
def test_surer_is_wider(resampled: Callable[..., dict[str, Term]]) -> None:
    before, after = campaigns(3, 12), campaigns(4, 12)

    narrow = resampled(opens_and_total, before, after, confidence=0.8)
    wide = resampled(opens_and_total, before, after, confidence=0.99)

    for name in narrow:
        (inner_low, inner_high), (outer_low, outer_high) = ends(narrow[name]), ends(wide[name])
        assert outer_low < inner_low < narrow[name].value < inner_high < outer_high


def test_a_campaign_is_a_name_and_a_day() -> None:
    """A campaign of two days is two; one that reaches two providers is one."""
    before, after = campaigns(5, 4), campaigns(6, 4)
    named_alike = [replace(cell, campaign="weekly") for cell in before]
    all_of_one_day = [replace(cell, campaign="weekly", day=None) for cell in before]

    assert jackknife(opens, named_alike, after) == jackknife(opens, before, after)
    assert all(term.low is None and term.high is None for term in jackknife(opens, all_of_one_day, after).values())


def test_where_one_campaign_is_nearly_all_no_interval_is_given() -> None:
    before = [*campaigns(5, 5), Cell(campaign="blast", provider="p0", sent=10**7, delivered=10**6, opened=10**5)]

    found = jackknife(opens, before, campaigns(6, 6))

    assert all(term.low is None and term.high is None and isfinite(term.value) for term in found.values())


def test_the_bootstrap_needs_twelve_campaigns_and_repeats_with_its_seed() -> None:
    before, after = campaigns(7, 12), campaigns(8, 12)

    found = bootstrap(opens_and_total, before, after, Random(1), rounds=400)

    assert found == bootstrap(opens_and_total, before, after, Random(1), rounds=400)
    assert found != bootstrap(opens_and_total, before, after, Random(2), rounds=400)
    for name, term in jackknife(opens_and_total, before, after).items():
        low, high = ends(term)
        assert ends(found[name]) == pytest.approx((low, high), abs=0.4 * (high - low))
    few = bootstrap(opens_and_total, before[:-3], after, Random(1))
    assert all(term.low is None and term.high is None for term in few.values())


def test_the_bootstrap_is_as_wide_as_t_makes_an_interval() -> None:
    """Plain percentiles of twelve campaigns a side would be a tenth narrower."""

    def width(term: Term) -> float:
        low, high = ends(term)
        return high - low

    ratios = []
    for seed in range(8):
        before, after = campaigns(20 + seed, 12), campaigns(40 + seed, 12)
        drawn = bootstrap(delivered, before, after, Random(seed), rounds=999)["change"]
        ratios.append(width(drawn) / width(jackknife(delivered, before, after)["change"]))

    assert 0.95 < fmean(ratios) < 1.05


COUNTS = st.tuples(*[st.integers(0, 10_000)] * 4).map(sorted)
CELL = st.builds(
    lambda campaign, provider, counts: Cell(
        campaign=campaign,
        provider=provider,
        sent=counts[3],
        delivered=counts[2],
        opened=counts[1],
        opened_machine=counts[0],
    ),
    st.sampled_from("abcd"),
    st.sampled_from("xyz"),
    COUNTS,
)
SIDES = st.lists(CELL, max_size=8)


@given(SIDES, SIDES)
def test_no_counts_make_an_interval_that_is_not_a_number(before: list[Cell], after: list[Cell]) -> None:
    for term in jackknife(opens_and_total, before, after).values():
        assert isfinite(term.value)
        assert (term.low is None) is (term.high is None)
        if term.low is not None:
            low, high = ends(term)
            assert isfinite(low)
            assert isfinite(high)
            assert low <= term.value <= high


def test_a_year_of_daily_campaigns_takes_no_time() -> None:
    before, after = campaigns(9, 365, providers=8), campaigns(10, 365, providers=8)

    began = process_time()
    decomposition(before, after)

    # 0.08 s on the machine this was measured on; the sums of every campaign anew would take ten times as long
    assert process_time() - began < 0.5


@pytest.mark.parametrize("sent", [1, 255, 256, 2**32 - 1, 2**62, 10**30])
def test_counts_of_any_size_add_up_in_a_drawing(sent: int) -> None:
    # of equal campaigns every drawing is the same, and so is every percentile
    cells = [
        Cell(campaign=f"c{index}", provider=provider, sent=sent, delivered=sent, opened=sent // 2)
        for index in range(13)
        for provider in ("p", "q")
    ]
    found = bootstrap(opens_and_total, cells, cells[:-2], Random(1), rounds=20)

    assert {name: ends(term) for name, term in found.items()} == dict.fromkeys((*TERMS, "total"), (0.0, 0.0))
    found = bootstrap(lambda _, after: {"sent": total(after, "sent")}, cells, cells, Random(1), rounds=20)
    assert ends(found["sent"]) == (26 * sent, 26 * sent)


def test_of_very_many_campaigns_neighbours_are_left_out_and_drawn_together() -> None:
    before, after = campaigns(1, 2600, providers=1), campaigns(2, 1500, providers=1)
    expected = welch(shares(before, "delivered", "sent"), shares(after, "delivered", "sent"))
    calls = 0

    def counted(first: Sequence[Cell], second: Sequence[Cell]) -> Mapping[str, float]:
        nonlocal calls
        calls += 1
        return delivered(first, second)

    for found in (jackknife(counted, before, after), bootstrap(counted, before, after, Random(1))):
        assert found["change"].value == pytest.approx(expected.difference, rel=1e-9)
        assert ends(found["change"]) == pytest.approx(
            (expected.low, expected.high), abs=0.1 * (expected.high - expected.low)
        )
    assert calls < 2_500
