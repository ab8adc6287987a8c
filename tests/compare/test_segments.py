"""Whether segments changed alike: one test, with campaigns as the unit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import import_module
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.compare.beside.segments import MOST_SEGMENTS, segments
from deliverability.compare.campaigns import Cell
from deliverability.compare.result import Segments
from deliverability.events.plain import from_plain, to_plain
from support.oracles import Oracle

START = date(2026, 1, 5)
BOTH = {"new": (0.8, 0.9), "old": (0.7, 0.8), "idle": (0.5, 0.6)}


def side(
    after: bool, levels: Mapping[str, tuple[float, float]], *, count: int = 8, wave: float = 0.03, seed: int = 0
) -> list[Cell]:
    """Campaigns to all segments; a campaign does well or badly in all of them."""
    rng = Random(f"{seed}{after}")
    found = []
    for i in range(count):
        common = rng.gauss(0, wave)
        for number, (name, shares) in enumerate(levels.items()):
            n = 10_000 - 1000 * number
            share = min(1.0, max(0.0, shares[after] + common + rng.gauss(0, 0.005)))
            found.append(
                Cell(
                    campaign=f"c{after}{i}",
                    day=START + timedelta(i + 50 * after),
                    segment=name,
                    sent=n,
                    delivered=round(n * share),
                )
            )
    return found


def compared(levels: Mapping[str, tuple[float, float]], **more: Any) -> Segments:
    return segments(side(False, levels, **more), side(True, levels, **more), "segment", "delivered_sent")


def test_each_segment_has_its_change_the_largest_first() -> None:
    found = compared(BOTH)
    first = found.rows[0]
    assert first.difference is not None
    assert first.difference.low is not None
    assert first.difference.high is not None

    assert [row.segment for row in found.rows] == ["new", "old", "idle"]
    assert (first.campaigns_before, first.campaigns_after) == (8, 8)
    assert first.difference.low < 0.1 < first.difference.high
    assert first.before == pytest.approx(0.8, abs=0.03)
    assert first.after == pytest.approx(0.9, abs=0.03)


def test_segments_that_changed_alike_are_not_told_apart() -> None:
    found = compared(BOTH)

    assert found.p is not None
    assert found.p > 0.05
    assert "3 segments" in found.why


def test_a_segment_that_changed_otherwise_is_seen_though_campaigns_differ_by_more() -> None:
    found = compared({**BOTH, "idle": (0.5, 0.56)})

    assert found.p is not None
    assert found.p < 1e-3


@pytest.mark.oracle
def test_it_is_hotellings_test_where_campaigns_are_of_one_size() -> None:
    numpy: Any = import_module("numpy")
    scipy: Any = Oracle("scipy.stats")
    rng = Random(8)

    def rows(after: bool) -> list[list[int]]:
        return [[round(1000 * (0.5 + 0.1 * after + rng.gauss(0, 0.05))) for _ in range(3)] for _ in range(9)]

    shares = [numpy.array(rows(after)) / 1000 for after in (False, True)]
    contrast = numpy.array([(-1, 1, 0), (-1, 0, 1)])
    gap = contrast @ (shares[1].mean(0) - shares[0].mean(0))
    spread = sum(contrast @ numpy.cov(one.T) @ contrast.T / 9 for one in shares)
    variances = [one.var(0, ddof=1) / 9 for one in shares]
    df = min((variances[0] + variances[1]) ** 2 / ((variances[0] ** 2 + variances[1] ** 2) / 8))
    square = gap @ numpy.linalg.solve(spread, gap)
    cells = [
        [
            Cell(campaign=f"c{i}{after}", day=START, segment=str(k), sent=1000, delivered=round(1000 * x))
            for i, row in enumerate(side)
            for k, x in enumerate(row)
        ]
        for after, side in enumerate(shares)
    ]

    expected = scipy.f.sf(square * (df - 1) / (2 * df), 2, df - 1)
    assert segments(cells[0], cells[1], "segment", "delivered_sent").p == pytest.approx(expected, rel=1e-6)


def test_segments_of_campaigns_of_their_own_are_compared_too() -> None:
    def of(name: str, levels: tuple[float, float], seed: int) -> list[list[Cell]]:
        return [
            [
                Cell(campaign=name + c.campaign, day=c.day, segment=name, sent=c.sent, delivered=c.delivered)
                for c in side(after, {name: levels}, wave=0.01, seed=seed)
            ]
            for after in (False, True)
        ]

    a, b = of("a", (0.7, 0.8), 1), of("b", (0.7, 0.8), 2)
    c = of("c", (0.7, 0.9), 3)
    alike = segments([*a[0], *b[0]], [*a[1], *b[1]], "segment", "delivered_sent").p
    unlike = segments([*a[0], *c[0]], [*a[1], *c[1]], "segment", "delivered_sent").p
    assert alike is not None
    assert unlike is not None

    assert unlike < 1e-4 < 0.05 < alike


def test_the_first_segment_is_nothing_special() -> None:
    levels = {"new": (0.8, 0.9), "old": (0.7, 0.82), "idle": (0.5, 0.6)}
    names = {"new": "x", "old": "a", "idle": "b"}
    before, after = side(False, levels), side(True, levels)

    def renamed(cells: list[Cell]) -> list[Cell]:
        return [
            Cell(
                campaign=c.campaign,
                day=c.day,
                segment=names[c.segment],
                sent=9000,
                delivered=c.delivered * 9000 // c.sent,
            )
            for c in cells
        ]

    def alike(cells: list[Cell]) -> list[Cell]:
        return [
            Cell(campaign=c.campaign, day=c.day, segment=c.segment, sent=9000, delivered=c.delivered * 9000 // c.sent)
            for c in cells
        ]

    first = segments(alike(before), alike(after), "segment", "delivered_sent").p
    assert segments(renamed(before), renamed(after), "segment", "delivered_sent").p == pytest.approx(first)


def test_few_campaigns_have_no_test() -> None:
    found = compared(BOTH, count=3)

    assert found.p is None
    assert "Fewer than two segments have 4 campaigns" in found.why
    assert [row.difference is not None and row.difference.low for row in found.rows] == [None] * 3


def test_a_segment_with_few_campaigns_is_left_out_of_the_test_and_named() -> None:
    before, after = side(False, BOTH), side(True, BOTH)
    few = [c for c in after if c.segment != "idle" or c.campaign in {"cTrue0", "cTrue1"}]
    found = segments(before, few, "segment", "delivered_sent")

    assert (
        found.p
        == segments(
            [c for c in before if c.segment != "idle"],
            [c for c in few if c.segment != "idle"],
            "segment",
            "delivered_sent",
        ).p
    )
    assert "1 with fewer than 4 campaigns" in found.why


def test_a_segment_on_one_side_only_has_no_change() -> None:
    found = segments(side(False, BOTH), side(True, {"new": (0.8, 0.9)}), "segment", "delivered_sent")

    assert [(row.segment, row.after is None, row.difference is None) for row in found.rows[1:]] == [
        ("old", True, True),
        ("idle", True, True),
    ]
    assert found.p is None


def test_cells_of_no_segment_are_of_none() -> None:
    found = compared({"": (0.8, 0.9), "new": (0.8, 0.9)})

    assert [row.segment for row in found.rows] == ["new"]


def test_more_segments_than_campaigns_can_tell_apart() -> None:
    found = compared({str(i): (0.5, 0.6) for i in range(20)}, count=5)

    assert found.p is None
    assert "too many" in found.why


def test_only_the_largest_are_shown() -> None:
    cells = [Cell(campaign="c", day=START, segment=str(i), sent=100 + i, delivered=9) for i in range(500)]

    assert [row.segment for row in segments(cells, cells, "segment", "delivered_sent").rows] == [
        str(499 - i) for i in range(MOST_SEGMENTS)
    ]


counts = st.integers(0, 10**9).flatmap(lambda n: st.tuples(st.sampled_from([0, n]) | st.integers(0, n), st.just(n)))
rows = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc"), counts), max_size=30)


@given(rows, rows)
def test_whatever_the_campaigns_no_figure_is_odd(before: Any, after: Any) -> None:
    first, second = (
        [Cell(campaign=str(c), day=START, segment=s, sent=n, delivered=x) for c, s, (x, n) in side]
        for side in (before, after)
    )
    found = segments(first, second, "segment", "delivered_sent")

    assert from_plain(Segments, json.loads(json.dumps(to_plain(found), allow_nan=False))) == found
    assert found.p is None or 0 <= found.p <= 1
