"""The series: a jump at the change is found, and what only looks like one is not."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.compare.campaigns import Cell
from deliverability.compare.result import Day, Timeline
from deliverability.compare.series.timeline import Point, points, timeline
from deliverability.events.plain import from_plain, to_plain
from support.oracles import Oracle

NUMPY: Any = Oracle("numpy")
START = date(2024, 1, 1)
WASHOUT = 14


def day(number: int) -> date:
    return START + timedelta(number)


def change(number: int, label: str = "DKIM signed") -> Day:
    return Day(date=day(number).isoformat(), label=label)


def campaigns(
    days: range | list[int], share: Callable[[int], float], seed: int = 0, *, sd: float = 0.01, n: int = 20_000
) -> list[Point]:
    """A campaign on each day, with a share that campaigns differ about by `sd`."""
    rng = Random(seed)
    found = []
    for number in days:
        p = min(1.0, max(0.0, share(number) + rng.gauss(0, sd)))
        found.append(Point(day=day(number), x=round(p * n), n=n, campaign=f"c{number}"))
    return found


def series(given: list[Point], *changes: Day, washout: int = WASHOUT) -> Timeline:
    found = timeline(given, changes, metric="delivered_sent", washout=washout)
    assert found is not None
    return found


WEEKS = range(0, 7 * 52, 7)
CHANGE = 7 * 40


def jump(number: int) -> float:
    return 0.80 if number < CHANGE else 0.92


def test_a_jump_is_found_with_its_size_and_nothing_before_is_as_large() -> None:
    found = series(campaigns(WEEKS, jump), change(CHANGE))
    (step,) = found.steps

    assert step.date == day(CHANGE).isoformat()
    assert step.label == "DKIM signed"
    assert step.low is not None
    assert step.high is not None
    assert step.p is not None
    assert step.low < 0.12 < step.high
    assert step.value == pytest.approx(0.12, abs=0.015)
    assert step.p < 1e-6
    assert (found.placebo_dates, found.as_large) == (31, 0)
    assert found.placebo_low is not None
    assert found.placebo_high is not None
    assert -0.05 < found.placebo_low < 0 < found.placebo_high < 0.05
    assert found.break_date == day(CHANGE).isoformat()
    assert found.break_agrees is True
    assert found.break_gain is not None
    assert found.break_gain > 0.7


@pytest.mark.oracle
def test_the_step_is_that_of_the_same_regression_in_statsmodels() -> None:
    linear: Any = Oracle("statsmodels.regression.linear_model")
    # all of one size: whatever the weights are, they are the same before the change and the same after it
    given = [
        p
        for p in campaigns(WEEKS, lambda d: 0.5 + (0.0 if d < CHANGE else 0.02))
        if not CHANGE <= (p.day - START).days < CHANGE + WASHOUT
    ]
    later = [(p.day - START).days >= CHANGE for p in given]
    xs = NUMPY.array([[1.0, (p.day - START).days / 100, float(late)] for p, late in zip(given, later, strict=True)])
    theirs = linear.OLS([p.x / p.n for p in given], xs).fit()
    (step,) = series(given, change(CHANGE)).steps
    low, high = theirs.conf_int(0.05)[2]

    assert step.value == pytest.approx(theirs.params[2], rel=1e-2)
    assert step.low == pytest.approx(low, rel=2e-2)
    assert step.high == pytest.approx(high, rel=2e-2)


def as_seldom(shape: Callable[[int], float], days: range, at: int, *, sd: float = 0.01) -> tuple[int, int]:
    """Of twenty series, how many have a jump larger than at all placebo dates, and how many such a p as well."""
    found = [series(campaigns(days, shape, seed, sd=sd), change(at)) for seed in range(20)]
    alone = [f for f in found if not f.as_large]
    return len(alone), sum(f.steps[0].p is not None and f.steps[0].p < 0.05 for f in alone)


def test_a_trend_is_no_jump() -> None:
    alone, claimed = as_seldom(lambda d: 0.70 + 0.2 * d / 364, WEEKS, CHANGE)

    assert alone <= 3
    assert claimed <= 2


def test_a_season_of_which_the_time_before_has_seen_a_year_is_no_jump() -> None:
    days = range(0, 7 * 130, 7)

    def season(number: int) -> float:
        return 0.8 + 0.05 * math.sin(2 * math.pi * number / 365.25)

    found = series(campaigns(days, season), change(7 * 104))
    alone, claimed = as_seldom(season, days, 7 * 104)

    assert found.season == "year"
    assert alone <= 3
    assert claimed <= 2


def test_a_season_of_which_too_little_was_seen_shows_such_jumps_before_too() -> None:
    alone, _ = as_seldom(lambda d: 0.8 + 0.05 * math.sin(2 * math.pi * d / 182), WEEKS, CHANGE)

    assert series(campaigns(WEEKS, jump), change(CHANGE)).season == "none"
    assert alone == 0


def test_a_break_that_came_earlier_does_not_agree() -> None:
    early = 7 * 20
    found = series(campaigns(WEEKS, lambda d: 0.8 if d < early else 0.92), change(CHANGE))

    assert found.break_date == day(early).isoformat()
    assert found.break_agrees is False
    assert found.as_large > 0


@pytest.mark.parametrize(("late", "agrees"), [(0, True), (13, True), (28, False)])
def test_the_break_may_come_within_the_washout(late: int, agrees: bool) -> None:
    found = series(campaigns(range(100), lambda d: 0.8 if d < 60 + late else 0.95), change(60))

    assert found.break_date == day(60 + late).isoformat()
    assert found.break_agrees is agrees


def test_days_of_the_week_are_allowed_for() -> None:
    def weekly(number: int) -> float:
        return 0.8 + (0.1 if number % 7 >= 5 else 0) + (0.03 if number >= 80 else 0)

    found = series(campaigns(range(120), weekly), change(80))

    assert found.season == "week"
    assert found.steps[0].value == pytest.approx(0.03, abs=0.015)
    assert found.dispersion is not None
    assert found.dispersion < series(campaigns(WEEKS, lambda d: weekly(d * 3 // 7)), change(CHANGE)).dispersion  # type: ignore[operator]


def test_campaigns_that_all_fall_on_one_day_of_the_week_show_no_week() -> None:
    assert series(campaigns(WEEKS, jump), change(CHANGE)).season == "none"


def test_two_years_of_days_have_both_seasons() -> None:
    assert series(campaigns(range(730), jump), change(600)).season == "week and year"


def test_trends_are_those_of_each_time_by_itself() -> None:
    found = series(
        campaigns(WEEKS, lambda d: 0.7 + d / 10_000 if d < CHANGE else 0.9 - d / 5000, sd=0.001), change(CHANGE)
    )

    assert found.trend_before == pytest.approx(1 / 10_000, rel=0.05)
    assert found.trend_after == pytest.approx(-1 / 5000, rel=0.2)


def test_too_few_campaigns_after_have_no_trend() -> None:
    assert series(campaigns(WEEKS[:47], jump), change(CHANGE)).trend_after is None


@pytest.mark.parametrize(("before", "after", "there"), [(8, 4, True), (7, 4, False), (8, 3, False)])
def test_a_series_needs_eight_before_and_four_after(before: int, after: int, there: bool) -> None:
    given = campaigns(range(0, 7 * (before + after), 7), lambda _: 0.8)
    found = timeline(given, [change(7 * before)], metric="delivered_sent", washout=0)

    assert (found is not None) is there


def test_without_a_change_or_a_campaign_there_is_no_series() -> None:
    assert timeline(campaigns(WEEKS, jump), [], metric="delivered_sent", washout=14) is None
    assert timeline([], [change(CHANGE)], metric="delivered_sent", washout=14) is None


def test_the_washout_is_in_neither_side() -> None:
    spoilt = [
        Point(day=p.day, x=0 if CHANGE <= (p.day - START).days < CHANGE + WASHOUT else p.x, n=p.n)
        for p in campaigns(WEEKS, jump)
    ]
    clean = [p for p in spoilt if p.x]

    assert series(spoilt, change(CHANGE)).steps == series(clean, change(CHANGE)).steps
    assert len(series(spoilt, change(CHANGE)).fitted) == len(clean)


def test_few_placebo_dates_are_counted_and_make_no_band() -> None:
    found = series(campaigns(range(0, 7 * 36, 7), lambda d: 0.8 if d < 7 * 28 else 0.9), change(7 * 28))

    assert (found.placebo_dates, found.as_large) == (19, 0)
    assert found.placebo_low is not None
    fewer = series(campaigns(range(0, 7 * 35, 7), lambda d: 0.8 if d < 7 * 27 else 0.9), change(7 * 27))
    assert (fewer.placebo_dates, fewer.placebo_low, fewer.placebo_high) == (18, None, None)


def test_two_changes_have_a_step_each() -> None:
    def twice(number: int) -> float:
        return 0.70 + (0.1 if number >= 140 else 0) + (0.05 if number >= 280 else 0)

    found = series(campaigns(WEEKS, twice), change(280, "DMARC"), change(140, "DKIM"))

    assert [(s.label, s.date) for s in found.steps] == [("DKIM", day(140).isoformat()), ("DMARC", day(280).isoformat())]
    assert [s.value for s in found.steps] == pytest.approx([0.1, 0.05], abs=0.02)


def test_changes_with_too_few_campaigns_between_them_are_one_step() -> None:
    found = series(campaigns(WEEKS, jump), change(CHANGE, "DKIM"), change(CHANGE + 35, "DMARC"))

    assert [(s.label, s.date) for s in found.steps] == [("DKIM; DMARC", day(CHANGE).isoformat())]


def test_a_series_of_one_day_on_each_side_has_no_step_that_could_be_told_from_a_trend() -> None:
    given = [
        Point(day=day(30 * late), x=80 + 10 * late + i, n=100, campaign=str(i)) for late in (0, 1) for i in range(8)
    ]
    found = series(given, change(15))

    assert found.steps == ()
    assert found.placebo_dates == 0


def test_campaigns_that_resemble_the_one_before_make_a_wider_step() -> None:
    rng, at, shares = Random(4), 0.0, {}
    for number in range(90):
        at = 0.8 * at + rng.gauss(0, 0.01)
        shares[number] = 0.8 + at
    mixed = list(shares.values())
    Random(5).shuffle(mixed)

    def width(share: Callable[[int], float]) -> float:
        (step,) = series(campaigns(range(90), share, sd=0.0), change(60)).steps
        assert step.low is not None
        assert step.high is not None
        return step.high - step.low

    assert width(shares.__getitem__) > 2 * width(mixed.__getitem__)


def test_the_order_of_campaigns_changes_nothing() -> None:
    given = campaigns(WEEKS, jump)
    mixed = given[:]
    Random(9).shuffle(mixed)

    assert series(mixed, change(CHANGE)) == series(given, change(CHANGE))


def test_campaigns_without_messages_are_left_out() -> None:
    given = campaigns(WEEKS, jump)

    assert series([*given, Point(day=day(3), x=0, n=0)], change(CHANGE)) == series(given, change(CHANGE))


def test_the_line_has_each_day_of_a_stage_once() -> None:
    given = [p for name in "ab" for p in campaigns(WEEKS, jump, seed=ord(name))]
    washed = {day(CHANGE).isoformat(), day(CHANGE + 7).isoformat()}
    line = series(given, change(CHANGE)).fitted

    assert [day for day, _ in line] == sorted({p.day.isoformat() for p in given} - washed)


def test_the_line_is_a_share_where_the_trend_leads_beyond_all() -> None:
    line = series(campaigns(WEEKS, lambda d: min(1.0, 0.8 + d / 1000)), change(CHANGE)).fitted

    assert max(share for _, share in line) == 1.0


def test_of_a_year_of_days_two_hundred_placebo_dates_are_tried() -> None:
    assert series(campaigns(range(365), jump), change(CHANGE)).placebo_dates == 200


def test_thousands_of_campaigns_are_taken_by_day() -> None:
    given = [p for i in range(30) for p in campaigns(range(200), lambda d: 0.8 if d < 120 else 0.9, seed=i, n=1000)]
    delivered: Counter[date] = Counter()
    for point in given:
        delivered[point.day] += point.x
    pooled = [Point(day=day(d), x=delivered[day(d)], n=30_000) for d in range(200)]

    assert series(given, change(120)) == series(pooled, change(120))


def test_points_are_campaigns_with_all_their_cells() -> None:
    cells = [
        Cell(campaign="b", day=day(1), provider="gmail", sent=10, opened=5, opened_machine=2, opened_unknown=1),
        Cell(campaign="b", day=day(1), provider="yahoo", sent=10, opened=5),
        Cell(campaign="a", day=day(2), sent=7, opened=9),
        Cell(campaign="undated", sent=7),
        Cell(campaign="empty", day=day(3)),
    ]

    assert points(cells, "human_opened_sent_low") == [
        Point(day=day(1), x=7, n=20, campaign="b"),
        Point(day=day(2), x=7, n=7, campaign="a"),
    ]
    assert points(cells, "opened_sent")[0].x == 10


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        timeline(campaigns(WEEKS, jump), [Day(date="soon")], metric="delivered_sent", washout=14)


shares = st.integers(1, 10**12).flatmap(lambda n: st.tuples(st.sampled_from([0, n]) | st.integers(0, n), st.just(n)))


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 60), shares), min_size=12, max_size=50),
    st.lists(st.integers(-5, 65), min_size=1, max_size=3),
    st.integers(0, 20),
)
def test_whatever_the_campaigns_the_document_holds_no_odd_number(
    given: list[tuple[int, tuple[int, int]]], dates: list[int], washout: int
) -> None:
    campaigns = [Point(day=day(number), x=x, n=n, campaign=str(i)) for i, (number, (x, n)) in enumerate(given)]
    found = timeline(campaigns, [change(d) for d in dates], metric="delivered_sent", washout=washout)
    if found is None:
        return
    text = json.dumps(to_plain(found), allow_nan=False)

    assert from_plain(Timeline, json.loads(text)) == found
    for step in found.steps:
        assert step.low is None or step.high is None or step.low <= step.high


@pytest.mark.parametrize("x", [0, 20_000])
def test_none_of_all_and_all_of_all_show_no_jump(x: int) -> None:
    found = series([Point(day=day(d), x=x, n=20_000) for d in WEEKS], change(CHANGE))

    assert found.steps[0].value == pytest.approx(0, abs=1e-9)
    assert found.steps[0].p == pytest.approx(1)
    assert found.placebo_dates == 31
