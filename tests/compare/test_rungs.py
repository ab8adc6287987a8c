"""What each rung requires of a series, of a control and of arms: just held, just not, and not to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from deliverability.compare.beside.arms import in_mix
from deliverability.compare.campaigns import Cell, Table
from deliverability.compare.cut import cut
from deliverability.compare.evidence.grade import checks
from deliverability.compare.evidence.grounds import Grounds
from deliverability.compare.measure import measured
from deliverability.compare.result import Decomposition, Question, Step, Term
from support import comparisons

CHANGED = comparisons.CHANGED
QUESTION = replace(comparisons.comparison().question, segment="")
COLUMNS = frozenset({"sent", "delivered", "provider", "stream", "arm"})


def cells(number: int, start: date, *, delivered: int, **names: str) -> list[Cell]:
    return [
        Cell(
            campaign=f"{start}-{i}",
            day=start + timedelta(7 * i),
            sent=1_000,
            delivered=delivered + i % 3,
            **{"provider": "gmail", **names},  # type: ignore[arg-type]
        )
        for i in range(number)
    ]


def grounds(question: Question = QUESTION, *, before: int = 8, after: int = 4, control: int = 4) -> Grounds:
    """A real cut, with the series and the control of the worked example laid over it."""
    early, late = CHANGED - timedelta(7 * 40), CHANGED + timedelta(20)
    found = [
        *cells(before, early, delivered=700, stream="marketing"),
        *cells(after, late, delivered=900, stream="marketing"),
    ]
    for start in (early, late):
        found += cells(control, start, delivered=800, stream="transactional")
    table = Table(cells=tuple(found), columns=COLUMNS)
    sides = cut(table, None, question)
    return Grounds(
        question=question,
        cut=sides,
        tables=(table,),
        metrics=measured(sides.before, sides.after, sides.columns, question),
        metric="delivered_sent",
        timeline=comparisons.timeline(),
        control=comparisons.control(),
        mix_distance=0.0,
    )


def passed(given: Grounds) -> dict[str, bool | None]:
    return {one.name: one.passed for one in checks(given)}


def step(value: float = 0.17, p: float | None = 0.001) -> Step:
    return Step(date=CHANGED.isoformat(), label="", value=value, p=p)


SERIES: dict[str, tuple[dict[str, Any], str, bool | None]] = {
    "a jump": ({}, "jump", True),
    "a jump within noise": ({"steps": (step(p=0.05),)}, "jump", False),
    "a jump without a test": ({"steps": (step(p=None),)}, "jump", None),
    "a jump the other way": ({"steps": (step(-0.17),)}, "jump", False),
    "the better of two jumps, looked at twice": ({"steps": (step(p=0.03), step(p=0.5))}, "jump", False),
    "the better of two jumps": ({"steps": (step(p=0.02), step(p=0.5))}, "jump", True),
    "no jump": ({"steps": ()}, "jump", None),
    "placebo dates": ({"placebo_dates": 19}, "placebo", True),
    "too few placebo dates": ({"placebo_dates": 18}, "placebo", None),
    "one placebo date as large": ({"as_large": 1}, "placebo", False),
    "one of few placebo dates as large": ({"placebo_dates": 2, "as_large": 1}, "placebo", False),
    "a break at the date": ({}, "break-date", True),
    "a break elsewhere": ({"break_agrees": False}, "break-date", False),
    "no break": ({"break_agrees": None}, "break-date", None),
}
CONTROL: dict[str, tuple[dict[str, Any], str, bool | None]] = {
    "alike before": ({"pre_trend_p": 0.051}, "pre-trend", True),
    "apart before": ({"pre_trend_p": 0.05}, "pre-trend", False),
    "nothing known of before": ({"pre_trend_p": None}, "pre-trend", None),
    "still": ({"moved": False}, "control-still", True),
    "moved": ({"moved": True}, "control-still", False),
    "nothing known of its move": ({"moved": None}, "control-still", None),
    "more": ({"p": 0.049}, "difference-in-differences", True),
    "no more": ({"p": 0.05}, "difference-in-differences", False),
    "nothing known of more": ({"p": None}, "difference-in-differences", None),
    "the control went further": (
        {"target": Term(value=0.1), "control": Term(value=-0.2), "difference": Term(value=0.3)},
        "difference-in-differences",
        False,
    ),
    "no unit": ({"units": 0}, "control-units", False),
}


@pytest.mark.parametrize("case", SERIES)
def test_what_a_series_requires(case: str) -> None:
    changes, name, held = SERIES[case]
    given = grounds()

    assert passed(replace(given, timeline=replace(comparisons.timeline(), **changes)))[name] is held


@pytest.mark.parametrize("case", CONTROL)
def test_what_a_control_requires(case: str) -> None:
    changes, name, held = CONTROL[case]
    given = grounds()

    assert passed(replace(given, control=replace(comparisons.control(), **changes)))[name] is held


@pytest.mark.parametrize(("before", "after", "held"), [(8, 4, True), (7, 4, False), (8, 3, False)])
def test_a_short_series_is_not_looked_at(before: int, after: int, held: bool) -> None:
    found = passed(grounds(before=before, after=after))

    assert found["series-length"] is held
    assert {found[name] for name in ("jump", "placebo", "break-date")} == {held or None}


@pytest.mark.parametrize(("campaigns", "held"), [(4, True), (3, False)])
def test_a_control_of_few_campaigns_is_not_looked_at(campaigns: int, held: bool) -> None:
    found = passed(grounds(control=campaigns))

    assert found["control-units"] is held
    assert {found[name] for name in ("pre-trend", "control-still", "difference-in-differences")} == {held or None}


def arms(first: Sequence[Cell], second: Sequence[Cell], distance: float | None = 0.0) -> dict[str, bool | None]:
    given = grounds()
    sides = replace(given.cut, before=tuple(first), after=tuple(second), names=("a", "b"))
    question = Question(mode="arms", arms="arm")
    return passed(replace(given, question=question, cut=sides, mix_distance=distance))


def test_what_arms_require() -> None:
    one = cells(4, CHANGED, delivered=700)
    other = cells(4, CHANGED, delivered=900)
    larger = [replace(cell, sent=1_260) for cell in other]
    names = ("arms", "arm-balance", "arms-in-parallel")

    def held(*given: Any) -> list[bool | None]:
        found = arms(*given)
        return [found[name] for name in names]

    assert held(one, other) == [True, True, True]
    assert held(one, other, 0.05) == [True, True, True]
    assert held(one, other, 0.051) == [True, False, True]
    assert held(one, other, None) == [True, None, True]
    assert held(one, larger) == [True, False, True]
    assert held(larger, one) == [True, False, True]
    assert held(one, [replace(cell, sent=1_250) for cell in other]) == [True, False, True]
    assert held(one, [replace(cell, sent=1_100) for cell in other]) == [True, True, True]
    assert held(one[:3], other) == [False, False, False]
    assert held(one, cells(4, CHANGED + timedelta(1), delivered=900)) == [True, True, False]
    assert held(one, [replace(cell, day=None) for cell in other]) == [True, True, None]
    assert held(cells(5, CHANGED, delivered=700), [*other, *cells(1, CHANGED + timedelta(100), delivered=9)])[2] is True


def test_arms_of_which_one_did_better_before_the_change_were_not_split_by_chance() -> None:
    given, start = grounds(), CHANGED - timedelta(60)
    one, other = (tuple(cells(4, CHANGED, delivered=share)) for share in (700, 900))

    def balanced(first: int, second: int) -> bool | None:
        early = tuple(cells(4, start, delivered=first)), tuple(cells(4, start, delivered=second))
        sides = replace(given.cut, before=one, after=other, names=("a", "b"), early=early)
        return passed(replace(given, question=Question(mode="arms", arms="arm"), cut=sides))["arm-balance"]

    assert balanced(700, 700) is True
    assert balanced(700, 900) is False


def test_the_more_values_are_looked_at_the_less_one_of_them_says() -> None:
    one = [replace(cell, country=name) for name in ("KR", "DE") for cell in cells(4, CHANGED, delivered=700)]
    other = [replace(cell, sent=cell.sent + 300 * (cell.country == "KR")) for cell in one]
    few, more = in_mix(one, other, ["country"]), in_mix(one, other, ["country", "country"])

    assert few is not None
    assert more is not None
    assert 0 < 2 * few.p < 1
    assert more.p == pytest.approx(2 * few.p)


def test_a_series_with_two_jumps_bears_a_date_out_where_one_is_clear_enough_for_two() -> None:
    def holds(p: float) -> bool:
        steps = (step(p=p), step(p=0.5))
        return replace(grounds(), timeline=replace(comparisons.timeline(), steps=steps)).series_holds

    assert holds(0.02) is True
    assert holds(0.03) is False


def test_arms_ask_for_no_series() -> None:
    found = arms(cells(9, CHANGED, delivered=700), cells(9, CHANGED, delivered=900))

    assert {found[name] for name in ("series-length", "jump", "placebo", "break-date")} == {None}


ZERO = Term(value=0.0, low=-0.01, high=0.01)
OWN: dict[str, tuple[str, dict[str, Term], bool | None]] = {
    "more arrives": ("delivered_sent", {"delivery": Term(value=0.02, low=0.001, high=0.04)}, True),
    "as much arrives": ("delivered_sent", {"delivery": Term(value=0.02, low=0.0, high=0.04)}, False),
    "less arrives": ("delivered_sent", {"delivery": Term(value=-0.02, low=-0.04, high=-0.001)}, False),
    "people open more": ("opened_sent", {"human_opens": Term(value=0.02, low=0.001, high=0.04)}, True),
    "people open more of what arrives": ("delivered_sent", {"human_opens": Term(value=0.1, low=0.1, high=0.1)}, False),
    "machines and mix alone": ("opened_sent", {"mix": Term(value=0.1, low=0.1, high=0.1)}, False),
    "one interval": ("opened_sent", {"delivery": Term(value=0.1)}, False),
    "no intervals": ("delivered_sent", {"delivery": Term(value=0.1)}, None),
}


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("case", OWN)
def test_what_a_fix_can_make_has_to_have_moved(case: str, way: int) -> None:
    metric, parts, held = OWN[case]
    terms = dict.fromkeys(("mix", "delivery", "human_opens", "machine_opens", "total"), ZERO) | parts
    if way < 0:
        terms = {name: _turned(term) for name, term in terms.items()}
    given = grounds()
    change = replace(given.metrics["delivered_sent"], difference=way * 0.2)
    metrics = {**given.metrics, "delivered_sent": change, "opened_sent": change}

    found = replace(given, decomposition=Decomposition(**terms), metrics=metrics, metric=metric)

    assert passed(found)["own-change"] is held
    assert passed(replace(found, timeline=None, control=None))["own-change"] is None
    assert passed(replace(found, timeline=None))["own-change"] is held
    assert passed(replace(found, decomposition=None))["own-change"] is None


def _turned(term: Term) -> Term:
    return Term(
        value=-term.value,
        low=None if term.high is None else -term.high,
        high=None if term.low is None else -term.low,
    )
