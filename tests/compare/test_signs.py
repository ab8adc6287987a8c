"""A check holds only where the figure points the way that it claims, and never where there is no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from deliverability.compare.beside.dose import dose
from deliverability.compare.campaigns import Cell, Table
from deliverability.compare.judge import compare
from deliverability.compare.result import Check, Comparison, Day, Question, Step, clearest

CHANGED = date(2026, 6, 1)
COLUMNS = frozenset({"provider", "stream", "sent", "delivered", "opened", "opened_machine"})


def cells(levels: Sequence[float], *, start: date, stream: str = "news", every: int = 7, seed: int = 0) -> list[Cell]:
    """A campaign of 10,000 messages every so many days, delivered at these levels give or take a half point."""
    rng = Random(f"{seed}{stream}{start}")
    return [
        Cell(
            campaign=f"{stream}-{start}-{i}",
            day=start + timedelta(every * i),
            provider="gmail",
            stream=stream,
            sent=10_000,
            delivered=round(10_000 * (level + rng.gauss(0, 0.005))),
            opened=2_000,
            opened_machine=500,
        )
        for i, level in enumerate(levels)
    ]


def group(before: float, after: float, stream: str = "news", count: int = 12) -> list[Cell]:
    """Twelve campaigns on either side of the change and its washout."""
    later = CHANGED + timedelta(14)
    return [
        *cells([before] * count, start=CHANGED - timedelta(7 * count), stream=stream),
        *cells([after] * count, start=later, stream=stream),
    ]


def judged(found: Sequence[Cell], **more: object) -> Comparison:
    question = Question(mode="change", changes=(Day(date=CHANGED.isoformat()),), washout_days=14, seed=1)
    question = replace(question, metrics=("delivered_sent",), **more)  # type: ignore[arg-type]
    table = Table(cells=tuple(found), columns=COLUMNS, rows=len(found))
    return compare(table, None, question)


def check(found: Comparison, name: str) -> Check:
    return next(one for one in found.grade_checks if one.name == name)


@pytest.mark.parametrize(
    ("target", "control", "passed"),
    [
        ((0.80, 0.95), (0.90, 0.90), True),
        ((0.95, 0.80), (0.90, 0.90), True),
        ((0.80, 0.85), (0.80, 0.95), False),  # both rose, the control further
        ((0.95, 0.90), (0.95, 0.80), False),  # both fell, the control further
        ((0.80, 0.80), (0.90, 0.80), False),  # the control alone moved
    ],
)
def test_a_target_that_moved_less_than_its_control_did_not_move_by_the_fix(
    target: tuple[float, float], control: tuple[float, float], passed: bool
) -> None:
    rows = group(*target) + group(*control, stream="receipts")

    found = judged(rows, control="stream=receipts")

    assert found.control is not None
    assert found.control.p is not None
    assert found.control.p < 0.05
    assert check(found, "difference-in-differences").passed is passed


def test_a_jump_against_the_whole_change_is_none() -> None:
    # a steep rise before, and a fall at the date itself that leaves the time after above the time before
    rising = [0.5 + 0.02 * i for i in range(20)]
    rows = [
        *cells(rising, start=CHANGED - timedelta(140)),
        *cells([0.80] * 12, start=CHANGED + timedelta(14)),
    ]

    found = judged(rows)

    assert found.timeline is not None
    assert found.timeline.step is not None
    assert found.metrics["delivered_sent"].difference is not None
    assert found.timeline.step.value < 0 < found.metrics["delivered_sent"].difference
    assert check(found, "jump").passed is False


def test_of_several_steps_the_claim_rests_on_the_clearest() -> None:
    sure, large = (
        Step(date="2026-06-01", label="", value=0.02, p=0.001),
        Step(date="2026-07-01", label="", value=0.1, p=0.4),
    )
    unknown = Step(date="2026-08-01", label="", value=0.5)

    assert clearest((large, sure, unknown)) is sure
    assert clearest((unknown, replace(unknown, value=-0.7))) == replace(unknown, value=-0.7)
    assert clearest(()) is None


def test_the_sentence_is_of_the_step_that_jumped() -> None:
    # the first fix did it; what follows the second varies so much that its own, larger step is no jump
    second = CHANGED + timedelta(140)
    rows = [
        *cells([0.80] * 40, start=CHANGED - timedelta(280)),
        *cells([0.90] * 18, start=CHANGED + timedelta(14)),
        *cells([0.60, 0.97, 0.62, 0.93], start=second + timedelta(14)),
    ]
    days = (Day(date=CHANGED.isoformat()), Day(date=second.isoformat()))
    found = judged(rows, changes=days)

    series = found.timeline
    assert series is not None
    first, other = series.steps
    assert abs(other.value) > abs(first.value)
    assert first.p is not None
    assert other.p is not None
    assert first.p < other.p
    assert series.step == first
    assert check(found, "jump").value.startswith(f"{100 * first.value:+.1f} points at {CHANGED}")
    assert found.sentence_data["jump"] == first.value


ENFORCING: Mapping[str, tuple[float, float]] = {"gmail": (0.90, 0.88), "gmx": (0.95, 0.80)}


def test_where_deliveries_fell_less_than_elsewhere_nothing_rose() -> None:
    def side(after: bool) -> list[Cell]:
        return [
            replace(
                cell,
                provider=provider,
                bounced=cell.sent - cell.delivered,
                auth_rejected={"5.7.26": 10 if after else 500} if provider == "gmail" else {},
            )
            for provider, levels in ENFORCING.items()
            for cell in cells([levels[after]] * 8, start=CHANGED + timedelta(70 * after), stream=provider)
        ]

    found = dose(side(False), side(True))

    assert found.moved_enforcing is not None
    assert found.moved_others is not None
    assert found.moved_others.value < found.moved_enforcing.value < 0
    assert found.agrees is False
    assert found.why == "Deliveries did not rise at the providers that enforce authentication."


def test_where_nobody_counted_opens_deliveries_are_compared_and_that_is_said() -> None:
    """A mail server's log."""
    rows = [replace(cell, opened=0, opened_machine=0) for cell in group(0.80, 0.95)]
    question = Question(mode="change", changes=(Day(date=CHANGED.isoformat()),), washout_days=14, seed=1)
    found = compare(Table(cells=tuple(rows), columns=COLUMNS - {"opened", "opened_machine"}, rows=24), None, question)

    assert found.grade == "E1"
    assert found.decomposition_why == "Opens are not in the data of both sides."
    assert check(found, "machine-flag").why == found.decomposition_why


@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize("silent", ["before", "after"])
def test_where_no_mail_of_a_side_was_opened_opens_were_not_counted(silent: str, flagged: bool) -> None:
    """A pixel that was not there yet: a rise of opens out of nothing is none."""
    rows = [
        replace(cell, opened=0, opened_machine=0) if ((cell.day or CHANGED) < CHANGED) is (silent == "before") else cell
        for cell in group(0.80, 0.80)
    ]
    columns = COLUMNS if flagged else COLUMNS - {"opened_machine"}
    question = Question(mode="change", changes=(Day(date=CHANGED.isoformat()),), washout_days=14, seed=1)
    found = compare(Table(cells=tuple(rows), columns=columns, rows=len(rows)), None, question)

    assert found.metrics["opened_sent"].p is None
    assert found.metrics["delivered_sent"].p is not None
    assert found.grade == "E0"
    assert f"None of 120,000 messages {silent} the change was opened, so opens were not counted. Opens are shown" in (
        " ".join(found.notes)
    )


def test_a_few_messages_that_nobody_opened_say_nothing() -> None:
    rows = [replace(cell, sent=30, delivered=30, opened=0, opened_machine=0) for cell in group(0.80, 0.80)]

    assert judged(rows).metrics["opened_sent"].p is not None
