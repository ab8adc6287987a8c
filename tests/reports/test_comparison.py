"""A comparison at the terminal: first what may be said, every figure with its denominator, whatever the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deliverability.compare.result import Comparison
from deliverability.reports.comparison import render
from deliverability.reports.layout import cells
from deliverability.reports.rates import percents
from support import comparisons
from support.samples import HOSTILE

MADE: dict[str, Callable[[], Comparison]] = {
    "example": comparisons.comparison,
    "totals": comparisons.totals_only,
    "refused": comparisons.refused,
    "year": comparisons.daily,
    "hostile": comparisons.hostile,
}


def draw(comparison: Comparison, *, width: int = 80, color: bool = False) -> str:
    return render(comparison, width=width, color=color)


@pytest.mark.parametrize("width", [60, 100])
def test_the_report_as_it_was_last_looked_at(width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"comparison-{width}.txt", draw(comparisons.comparison(), width=width))


def test_a_refused_comparison_as_it_was_last_looked_at(golden: Callable[[str, str], None]) -> None:
    golden("comparison-refused.txt", draw(comparisons.refused(), width=60))


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("width", [20, 60, 97, 120, 500])
def test_lines_fit_and_hold_no_control_character(name: str, width: int) -> None:
    text = draw(MADE[name](), width=width)

    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(cells(line) <= min(max(width, 60), 120) for line in text.splitlines())
    assert all(character.isprintable() or character == "\n" for character in text)


def test_colour_is_all_that_colour_adds() -> None:
    import re

    made = comparisons.comparison()

    assert re.sub(r"\x1b\[[0-9;]*m", "", draw(made, color=True)) == draw(made)


def test_what_the_plan_decides_stands_at_the_top_and_once() -> None:
    made = comparisons.comparison(notes=("By the plan: adopt. The interval lies above 0.", "Another note."))
    planned = replace(made, question=replace(made.question, plan="a" * 64))
    lines = draw(planned).splitlines()

    assert sum("By the plan: adopt." in line for line in lines) == 1
    assert lines.index("By the plan: adopt. The interval lies above 0.") < 5


def test_figures_that_nobody_has_are_dashes_or_not_there() -> None:
    made = comparisons.comparison()
    metrics = {name: replace(one, difference=None, before=None) for name, one in made.metrics.items()}
    text = draw(replace(made, metrics=metrics, providers=(), segments=None, human_bounds=None))

    assert "Delivered of sent  " not in text
    assert "None" not in text


def test_text_from_outside_is_shown_and_never_obeyed() -> None:
    text = draw(comparisons.hostile())

    assert "\x1b" not in text
    assert HOSTILE not in text


@pytest.mark.parametrize(
    ("shares", "of", "said"),
    [
        ((0.803, 0.98215), 10_000, ("80.30 %", "98.22 %")),
        ((0.803, 0.98215), 9_999, ("80.3 %", "98.2 %")),
        ((0.803, 0.9921), 9_999, ("80.30 %", "99.21 %")),
        ((0.1, 0.00041), 9_999, ("10.000 %", "0.041 %")),
        ((0.0, 0.25), 10_000, ("0 %", "25.00 %")),
        ((None, 0.25), 0, ("–", "25.0 %")),
    ],
)
def test_shares_that_are_held_against_each_other_have_as_many_decimals(
    shares: tuple[float | None, ...], of: int, said: tuple[str, ...]
) -> None:
    assert percents(shares, of) == said
