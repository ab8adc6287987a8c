"""The decomposition is Das Gupta's to the printed digits, and whatever is done to providers, its parts add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from math import isclose, prod, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.campaigns import Cell, total
from deliverability.compare.decompose import (
    TERMS,
    das_gupta,
    human_bounds,
    mix_distance,
    mix_standardised,
    opens,
)


def product(factors: Mapping[str, Any]) -> float:
    return float(prod(factors.values()))


def summed(factors: Mapping[str, Any], scale: float = 1.0) -> float:
    return sum(map(prod, zip(*factors.values(), strict=True))) * scale


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


@pytest.mark.parametrize(
    ("before", "after", "effects", "digits"),
    [
        ([0.6, 0.5], [0.3, 0.45], [-0.1425, -0.0225], 4),
        ([10930, 0.717892], [16591, 0.825974], [4369.913, 1487.262], 3),
        ([51.78746, 0.45919, 0.52638], [84.90502, 0.75756, 0.51065], [10.4340333, 10.5608476, -0.6670084], 7),
        (
            [25.3, 0.214, 0.279, 0.949],
            [32.7, 0.290, 0.473, 0.986],
            [0.6889411, 0.8125381, 1.3829055, 0.1047547],
            7,
        ),
    ],
    ids=["crude-rate", "2.1", "2.2", "2.3"],
)
def test_das_guptas_products_have_his_digits(
    before: Sequence[float], after: Sequence[float], effects: Sequence[float], digits: int
) -> None:
    found = das_gupta(product, dict(zip("abcd", before, strict=False)), dict(zip("abcd", after, strict=False)))

    assert list(found.values()) == pytest.approx(effects, abs=0.51 * 10**-digits)
    assert sum(found.values()) == pytest.approx(prod(after) - prod(before), rel=1e-12)


def test_das_guptas_birth_rates_of_taiwan() -> None:
    """Example 4.3: three factors, each with one value for every age, as providers have."""
    before = {
        "married_births": numbers("393 407 369 274 184 90 16"),
        "married": numbers(".122 .622 .903 .930 .916 .873 .800"),
        "women": numbers(".043 .041 .036 .032 .026 .020 .018"),
    }
    after = {
        "married_births": numbers("488 452 338 156 63 22 3"),
        "married": numbers(".082 .527 .866 .941 .942 .923 .876"),
        "women": numbers(".058 .038 .032 .030 .026 .023 .019"),
    }

    found = das_gupta(summed, before, after)

    assert (summed(before), summed(after)) == pytest.approx((38.77463, 27.20318), abs=5.1e-6)
    assert found == pytest.approx({"married_births": -7.285632, "married": -2.720633, "women": -1.565181}, abs=5.1e-7)
    assert {name: round(100 * value / (27.20318 - 38.77463), 2) for name, value in found.items()} == {
        "married_births": 62.96,
        "married": 23.51,
        "women": 13.53,
    }


def test_das_guptas_headship_is_mix_and_rate() -> None:
    """Example 5.1."""
    before = {
        "mix": numbers("12.9 10.9 9.5 8.0 7.8 8.4 8.6 7.8 7.0 5.9 4.7 3.6 4.9"),
        "rate": numbers("1.9 25.8 45.7 49.6 51.2 51.6 51.8 54.9 58.7 60.4 62.8 66.6 66.8"),
    }
    after = {
        "mix": numbers("10.1 11.2 11.6 10.9 9.4 7.7 6.3 6.0 6.3 5.9 5.1 4.0 5.5"),
        "rate": numbers("2.2 24.3 45.8 52.5 56.1 55.6 56.0 57.4 57.2 61.2 63.9 68.6 72.2"),
    }

    found = das_gupta(lambda factors: summed(factors, 0.01), before, after)

    assert (summed(before, 0.01), summed(after, 0.01)) == pytest.approx((44.7268, 47.6940), abs=5.1e-5)
    assert found == pytest.approx({"mix": 1.2269, "rate": 1.7403}, abs=5.1e-5)


DEATHS = {
    1970: (
        numbers("2968 11484 34614 30992 21983 20314 20928 16897 11339 5720 1315"),
        numbers("535 2162 6120 4781 3096 2718 2363 1767 1149 448 117"),
        numbers("18.469 .751 .391 1.146 1.287 2.672 6.636 15.691 34.723 79.763 176.837"),
        numbers("36.993 1.352 .541 2.040 3.523 6.746 12.967 24.471 45.091 74.902 123.205"),
    ),
    1985: (
        numbers("3041 11577 27450 32711 35480 27411 19555 19795 15254 8022 2472"),
        numbers("707 2692 6473 6841 6547 4352 3034 2540 1749 804 236"),
        numbers("9.163 .462 .248 .929 1.084 1.810 4.715 12.187 27.728 64.068 157.570"),
        numbers("17.208 .738 .328 1.103 2.045 3.724 8.052 17.812 34.128 68.276 125.161"),
    ),
}
"""Das Gupta's example 5.3: people (thousands) of two races by age, then deaths per thousand of both."""


def crossed(year: int) -> dict[str, list[float]]:
    """Shares of age and race as a product of two symmetric factors, and the rates."""
    first, second, *rates = DEATHS[year]
    whole = sum(first) + sum(second)
    cells = [
        (n, sum(race), old)
        for race in (first, second)
        for n, old in zip(race, map(sum, zip(first, second, strict=True)), strict=True)
    ]
    return {
        "age": [sqrt(n / race * old / whole) for n, race, old in cells],
        "race": [sqrt(n / old * race / whole) for n, race, old in cells],
        "rate": [*rates[0], *rates[1]],
    }


def test_das_guptas_death_rates_have_parts_that_exceed_the_whole() -> None:
    """Example 5.3: mix and rate first, then the mix by age and by race at the mean of both years' rates."""
    before, after = crossed(1970), crossed(1985)

    def joint(factors: dict[str, list[float]]) -> dict[str, list[float]]:
        return {"mix": list(map(prod, zip(factors["age"], factors["race"], strict=True))), "rate": factors["rate"]}

    rates = [(was + now) / 2 for was, now in zip(before["rate"], after["rate"], strict=True)]
    first = das_gupta(summed, joint(before), joint(after))
    found = das_gupta(
        lambda factors: summed({**factors, "rate": rates}),
        *({name: year[name] for name in ("age", "race")} for year in (before, after)),
    )

    assert (summed(before), summed(after)) == pytest.approx((9.421833, 8.735618), abs=5.1e-7)
    assert first["rate"] == pytest.approx(-2.2277254, abs=5.1e-8)
    assert found == pytest.approx({"age": 1.5217347, "race": 0.0197749}, abs=5.1e-8)
    assert sum(found.values()) + first["rate"] == pytest.approx(-0.6862158, abs=5.1e-8)


ADMITTED = {
    "male": [(512, 313), (353, 207), (120, 205), (138, 279), (53, 138), (22, 351)],
    "female": [(89, 19), (17, 8), (202, 391), (131, 244), (94, 299), (24, 317)],
}
"""R's UCBAdmissions: admitted and rejected by department."""


def test_admissions_at_berkeley_are_all_mix() -> None:
    """The sign of the rates is opposite to that of the crude difference."""

    def side(name: str) -> dict[str, list[float]]:
        sizes = [a + r for a, r in ADMITTED[name]]
        return {
            "mix": [n / sum(sizes) for n in sizes],
            "rate": [100 * a / n for (a, _), n in zip(ADMITTED[name], sizes, strict=True)],
        }

    found = das_gupta(summed, side("female"), side("male"))

    assert (summed(side("male")), summed(side("female"))) == pytest.approx((44.5188, 30.3542), abs=5.1e-5)
    assert found == pytest.approx({"mix": 17.7674, "rate": -3.6028}, abs=5.1e-5)
    assert sum(found.values()) == pytest.approx(14.1645, abs=5.1e-5)


def test_the_same_by_cells() -> None:
    """Departments as providers: all that was sent is delivered, so that admissions are opens."""

    def cells(name: str) -> list[Cell]:
        return [
            Cell(campaign=name, provider=str(index), sent=a + r, delivered=a + r, opened=a)
            for index, (a, r) in enumerate(ADMITTED[name])
        ]

    found = opens(cells("female"), cells("male"))

    assert found["mix"] == pytest.approx(0.177674, abs=5.1e-7)
    assert found["human_opens"] == pytest.approx(-0.036028, abs=5.1e-7)
    assert (found["delivery"], found["machine_opens"]) == (0.0, 0.0)


def test_das_gupta_calls_the_rate_with_every_name_and_wants_the_same_on_both_sides() -> None:
    with pytest.raises(ValueError, match="same factors"):
        das_gupta(product, {"a": 1.0}, {"b": 1.0})
    assert das_gupta(product, {}, {}) == {}


VALUES = st.lists(st.floats(0, 100), min_size=4, max_size=4)


@given(VALUES, VALUES)
def test_the_order_of_factors_changes_nothing(before: list[float], after: list[float]) -> None:
    expected = das_gupta(product, dict(zip("abcd", before, strict=True)), dict(zip("abcd", after, strict=True)))
    scale = 1e-12 * max(1.0, *map(abs, expected.values()), prod(before), prod(after))

    for names in list(permutations("abcd"))[::5]:
        order = {name: "abcd".index(name) for name in names}
        found = das_gupta(
            product,
            {name: before[index] for name, index in order.items()},
            {name: after[index] for name, index in order.items()},
        )
        assert found == pytest.approx(expected, abs=scale)


SHARES = [(0.50, 0.48), (0.25, 0.22), (0.10, 0.17), (0.15, 0.13)]
DELIVERED = [(0.8, 0.985), (0.7, 0.975), (0.9, 0.985), (0.92, 0.98)]
BY_PEOPLE = [(0.15, 0.26), (0.12, 0.24), (0.10, 0.12), (0.20, 0.22)]
BY_MACHINES = [(0.01, 0.03), (0.0, 0.0), (0.30, 0.72), (0.0, 0.0)]
PROVIDERS = ("gmail", "outlook", "apple", "other")


def wine_shop(side: int, sent: int = 50_000_000) -> list[Cell]:
    """The worked example; with so many messages every count is a whole number."""

    def cell(index: int) -> Cell:
        n = round(sent * SHARES[index][side])
        delivered = round(n * DELIVERED[index][side])
        machine = round(delivered * BY_MACHINES[index][side])
        opened = round(delivered * BY_PEOPLE[index][side]) + machine
        return Cell(
            campaign="c",
            provider=PROVIDERS[index],
            sent=n,
            delivered=delivered,
            opened=opened,
            opened_machine=machine,
        )

    return [cell(index) for index in range(4)]


def share(cells: Sequence[Cell], over: str = "opened", under: str = "sent") -> float:
    return total(cells, over) / total(cells, under) if total(cells, under) else 0.0


def test_the_worked_example_comes_to_its_printed_digits() -> None:
    before, after = wine_shop(0), wine_shop(1)

    found = opens(before, after)

    assert (share(before), share(after)) == pytest.approx((0.14860, 0.35728), abs=5.1e-6)
    assert (share(before, "delivered"), share(after, "delivered")) == pytest.approx((0.8030, 0.98215), abs=5e-9)
    assert (share(before, "opened", "delivered"), share(after, "opened", "delivered")) == pytest.approx(
        (0.18506, 0.36377), abs=5.1e-6
    )
    assert found == pytest.approx(
        {"mix": 0.028469, "delivery": 0.041001, "human_opens": 0.0768195, "machine_opens": 0.062388}, abs=5.1e-7
    )
    assert sum(found.values()) == pytest.approx(0.208678, abs=5.1e-7)
    assert mix_distance(before, after) == pytest.approx(0.07, abs=1e-12)


def test_the_worked_example_by_the_definition() -> None:
    """The closed form is Das Gupta's sum over all orders."""

    def factors(side: int) -> dict[str, list[float]]:
        tables = zip(
            ("mix", "delivery", "human_opens", "machine_opens"),
            (SHARES, DELIVERED, BY_PEOPLE, BY_MACHINES),
            strict=True,
        )
        return {name: [row[side] for row in rows] for name, rows in tables}

    def rate(factors: Mapping[str, Any]) -> float:
        columns = (factors[name] for name in TERMS)
        return float(sum(w * d * (h + m) for w, d, h, m in zip(*columns, strict=True)))

    expected = das_gupta(rate, factors(0), factors(1))

    assert opens(wine_shop(0), wine_shop(1)) == pytest.approx(expected, abs=1e-12)


def counted(provider: str, sizes: Sequence[int]) -> Cell:
    """What can be: machine ≤ opened ≤ delivered ≤ sent, and among the other opens some without a flag."""
    machine, opened, delivered, sent, unknown = *sorted(sizes[:4]), sizes[4]
    return Cell(
        campaign="c",
        provider=provider,
        sent=sent,
        delivered=delivered,
        opened=opened,
        opened_machine=machine,
        opened_unknown=min(unknown, opened - machine),
    )


SIZES = st.tuples(*[st.integers(0, 10_000_000)] * 5)
SIDES = st.lists(st.builds(counted, st.sampled_from("abc"), SIZES), min_size=1, max_size=5)
"""A side, of up to three providers: one that the other side has may be missing."""


@given(SIDES, SIDES)
def test_the_terms_add_up_to_the_change(before: list[Cell], after: list[Cell]) -> None:
    if not total(before, "sent") or not total(after, "sent"):
        return

    assert isclose(sum(opens(before, after).values()), share(after) - share(before), abs_tol=1e-12)


@given(SIDES, SIDES)
def test_swapping_the_sides_flips_every_sign(before: list[Cell], after: list[Cell]) -> None:
    back = opens(after, before)

    assert opens(before, after) == pytest.approx({name: -value for name, value in back.items()}, abs=1e-12)


def halved(cells: Sequence[Cell]) -> list[Cell]:
    """Every provider twice, under two names, each with what the one had; so both halves have its rates."""
    return [replace(cell, provider=f"{cell.provider}{half}") for cell in cells for half in "12"]


@given(SIDES, SIDES)
def test_a_provider_in_two_identical_halves_changes_nothing(before: list[Cell], after: list[Cell]) -> None:
    assert opens(halved(before), halved(after)) == pytest.approx(opens(before, after), abs=1e-12)


@given(SIDES, SIDES)
def test_without_opens_by_machines_nothing_is_theirs(before: list[Cell], after: list[Cell]) -> None:
    before, after = ([replace(cell, opened_machine=0) for cell in side] for side in (before, after))

    assert opens(before, after)["machine_opens"] == 0.0


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_the_order_of_cells_changes_nothing(before: list[Cell], after: list[Cell], rng: Any) -> None:
    shuffled = rng.sample(before, len(before))

    assert opens(shuffled, after) == pytest.approx(opens(before, after), abs=1e-12)


@given(SIDES)
def test_the_same_twice_has_no_terms(cells: list[Cell]) -> None:
    assert opens(cells, cells) == dict.fromkeys(TERMS, 0.0)
    assert mix_distance(cells, cells) == 0.0


def test_a_provider_with_mail_on_one_side_alone_is_all_mix() -> None:
    gmail = Cell(campaign="a", provider="gmail", sent=1000, delivered=900, opened=300)
    yahoo = Cell(campaign="a", provider="yahoo", sent=1000, delivered=500, opened=50, opened_machine=20)

    found = opens([gmail], [gmail, yahoo])

    assert found["mix"] == pytest.approx(350 / 2000 - 300 / 1000)
    assert (found["delivery"], found["human_opens"], found["machine_opens"]) == (0.0, 0.0, 0.0)


def test_a_provider_that_took_nothing_before_gained_by_delivery() -> None:
    """Nobody saw how its mail would have been opened: as it is opened now."""
    refusing = Cell(campaign="a", provider="microsoft", sent=1000)
    taking = replace(refusing, delivered=1000, opened=200, opened_machine=50)

    assert opens([refusing], [taking]) == pytest.approx(
        {"mix": 0.0, "delivery": 0.2, "human_opens": 0.0, "machine_opens": 0.0}
    )


def test_counts_that_cannot_be_are_still_no_traceback() -> None:
    """Opens of what nobody counted as delivered or sent: they had been."""
    found = opens([Cell(campaign="a", sent=10, opened=4)], [Cell(campaign="a", opened=4, opened_machine=1)])

    assert sum(found.values()) == pytest.approx(1.0 - 0.4)
    assert opens([], []) == dict.fromkeys(TERMS, 0.0)


def test_the_bounds_hold_what_people_did() -> None:
    before, after = wine_shop(0), wine_shop(1)

    low, high = human_bounds(before, after)

    least = [share(side) - share(side, "opened_machine") for side in (before, after)]
    assert (low, high) == pytest.approx((least[1] - share(before), share(after) - least[0]))
    assert low <= 0.22253 - 0.11760 <= high
    assert human_bounds([], after) == (-1.0, 1.0)


def test_opens_without_a_flag_widen_the_bounds() -> None:
    known = Cell(campaign="a", sent=100, delivered=100, opened=40, opened_machine=10)
    unknown = replace(known, opened_unknown=5)

    assert human_bounds([known], [known]) == pytest.approx((-0.1, 0.1))
    assert human_bounds([unknown], [unknown]) == pytest.approx((-0.15, 0.15))


@given(SIDES, SIDES)
def test_bounds_hold_the_change_that_the_decomposition_leaves_to_people(before: list[Cell], after: list[Cell]) -> None:
    if not total(before, "sent") or not total(after, "sent"):
        return
    people = [share(side) - share(side, "opened_machine") for side in (before, after)]
    low, high = human_bounds(before, after)

    assert -1.0 <= low - 1e-12 <= people[1] - people[0] <= high + 1e-12 <= 1.0 + 2e-12


def test_a_rate_at_the_mix_of_both_sides() -> None:
    """By hand: 2 of 3 to gmail, its rate from 0.2 to 0.4; yahoo, on one side alone, has 0.1 on both."""
    before = [Cell(campaign="a", provider="gmail", sent=1000, delivered=1000, opened=200)]
    after = [
        Cell(campaign="b", provider="gmail", sent=1000, delivered=1000, opened=400),
        Cell(campaign="b", provider="yahoo", sent=1000, delivered=1000, opened=100),
    ]

    assert mix_standardised(before, after, "opened_sent") == pytest.approx((500 / 3000, 900 / 3000))
    assert mix_standardised([], [], "opened_sent") is None


@pytest.mark.parametrize("metric", ["delivered_sent", "human_opened_sent_low", "clicked_sent"])
def test_at_the_same_mix_a_rate_stays_what_it_is(metric: str) -> None:
    of: Callable[[Cell], int] = {
        "delivered_sent": lambda cell: cell.delivered,
        "human_opened_sent_low": lambda cell: cell.opened - cell.opened_machine,
        "clicked_sent": lambda cell: cell.clicked,
    }[metric]
    cells = [replace(cell, clicked=cell.opened // 3) for cell in wine_shop(0)]
    expected = sum(map(of, cells)) / total(cells, "sent")

    assert mix_standardised(cells, cells, metric) == pytest.approx((expected, expected), rel=1e-12)


def test_mixes_without_a_provider_in_common_are_all_apart() -> None:
    assert mix_distance([Cell(campaign="a", provider="x", sent=5)], [Cell(campaign="a", provider="y", sent=9)]) == 1.0
    assert mix_distance([], wine_shop(1)) == 0.0
