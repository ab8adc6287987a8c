"""The ladder of evidence: seeded data reach each rung, and each requirement that fails or is missing takes it away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deliverability.compare import result
from deliverability.compare.campaigns import Cell, Table
from deliverability.compare.evidence.grade import beyond_noise, checks, grade, shortfalls
from deliverability.compare.judge import compare as judged
from deliverability.compare.measure import measured
from deliverability.compare.result import GRADES, Check, Comparison, Day, Question
from deliverability.comparison import Wanted, compare
from support.campaigns import (
    CHANGED,
    SHOP,
    UNMOVED,
    Row,
    Sender,
    changed,
    halves,
    marketing,
    steady,
    to_csv,
    without,
)
from support.resampling import few_rounds

CHANGE = (f"{CHANGED}=DKIM repaired",)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few_rounds(monkeypatch)


def compared(rows: Sequence[Row], **wanted: Any) -> Comparison:
    """What is said of these campaign rows, cut at the change or into arms."""
    Path("rows.csv").write_text(to_csv(rows))
    if "arms" not in wanted:
        wanted.setdefault("changes", CHANGE)
    return compare(["rows.csv"], None, Wanted(**wanted))


def totals() -> list[Row]:
    return Sender(before=1, after=1).rows()


def bare() -> list[Row]:
    return without(Sender().rows(), "provider", "opened_machine")


def controlled() -> list[Row]:
    return marketing() + steady()


REACHED: dict[str, tuple[Callable[[], list[Row]], dict[str, Any]]] = {
    "E0": (totals, {}),
    "E1": (bare, {}),
    "E2": (lambda: Sender().rows(), {}),
    "E3": (marketing, {}),
    "E4": (controlled, {"control": "stream=transactional"}),
    "E5": (halves, {"arms": "arm"}),
}
SENTENCES = {
    "E0": "The numbers differ. This says nothing about why.",
    "E1": "Campaigns after the date did better than campaigns before it: delivered of sent +18.",
    "E2": "Of +21.9 points, 4.3 come from delivery, 8.5 from human opens, 6.3 from machine opens, 2.9 from the mix of",
    "E3": "The jump coincides with the fix (delivered of sent +18.1 points on 2026-06-01), and no placebo date of 24",
    "E4": "The control (stream=transactional) did not move.",
    "E5": "Caused by the fix: delivered of sent +17.7 points (95 % +16.9 to +18.5) in the randomised arm fixed against"
    " control.",
}


@pytest.mark.parametrize("reached", GRADES)
def test_seeded_data_reach_each_grade_and_say_what_it_permits(reached: str) -> None:
    rows, wanted = REACHED[reached]
    found = compared(rows(), **wanted)

    assert (found.grade, found.refused) == (reached, "")
    assert SENTENCES[reached] in found.sentence
    assert all("significan" not in text for text in (found.sentence, *found.notes))
    above = {one.rung for one in found.grade_checks if one.passed is not True}
    assert not above & {rung for rung in GRADES if rung <= reached} or reached in {"E0", "E4", "E5"}


def test_a_split_by_chance_says_of_which_parts_the_effect_is_made() -> None:
    found = compared(halves(), arms="arm")

    assert found.sentence_id == "E5+E2"
    assert found.sentence.partition(" Of ")[2].startswith("+17.0 points, 4.0 come from delivery")


def test_a_higher_rung_says_more_and_no_lower_one_says_it() -> None:
    said = {rung: compared(rows(), **wanted).sentence for rung, (rows, wanted) in REACHED.items()}

    for rung, fragment in (("E3", "placebo"), ("E4", "control"), ("E5", "Caused")):
        assert {one for one, text in said.items() if fragment in text} <= {one for one in GRADES if one >= rung}


# the ladder by itself


def held(*, but: str = "", value: bool | None = False, only: Sequence[str] = GRADES) -> list[Check]:
    """Every check held, except `but`; those of other rungs than `only` could not be tried."""
    names = checks(_grounds())
    return [replace(one, passed=value if one.name == but else True if one.rung in only else None) for one in names]


def _grounds() -> Any:
    from deliverability.compare.cut import Cut
    from deliverability.compare.evidence.grounds import Grounds
    from deliverability.compare.measure import measured

    question = Question(mode="two_sets")
    return Grounds(
        question=question,
        cut=Cut(),
        tables=(),
        metrics=measured((), (), frozenset(), question),
        metric="delivered_sent",
    )


E1 = ("campaigns", "data-complete", "beyond-campaign-noise", "permutation-agrees")
E2 = ("provider-column", "machine-flag", "decomposition")
E3 = ("series-length", "jump", "placebo", "break-date", "own-change")
E4 = ("control-units", "pre-trend", "control-still", "difference-in-differences")
E5 = ("arms", "arm-balance", "arms-in-parallel")


def test_the_ladder_has_these_requirements() -> None:
    found = [(one.rung, one.name) for one in checks(_grounds())]

    rungs = zip(GRADES[1:], (E1, E2, E3, E4, E5), strict=True)
    assert found == [(rung, name) for rung, names in rungs for name in names]


@pytest.mark.parametrize("value", [False, None], ids=["failed", "could not be tried"])
@pytest.mark.parametrize(
    ("names", "whole", "left"),
    [
        (E1, ("E1",), "E0"),
        (E1, ("E1", "E5"), "E0"),
        (E2, ("E1", "E2"), "E1"),
        (E3, ("E1", "E2", "E3"), "E2"),
        (E4, ("E1", "E2", "E4"), "E2"),
        (E4, ("E1", "E2", "E3", "E4"), "E3"),
        (E2, ("E1", "E2", "E3", "E4"), "E1"),
        (E5, ("E1", "E5"), "E1"),
        (E5, ("E1", "E2", "E5"), "E2"),
    ],
)
def test_each_requirement_that_does_not_hold_lowers_the_grade(
    names: Sequence[str], whole: Sequence[str], left: str, value: bool | None
) -> None:
    assert grade(held(only=whole)) == whole[-1]
    for name in names:
        found = held(but=name, value=value, only=whole)

        assert grade(found) == left, name
        assert any(f"({name})" in note for note in shortfalls(found, left)), name


@pytest.mark.parametrize("name", E3)
def test_a_series_that_contradicts_the_date_rules_out_a_control_too(name: str) -> None:
    tried = held(but=name, value=False)
    missing = held(but=name, value=None)
    without_arms = [[one for one in found if one.rung != "E5"] for found in (tried, missing)]
    unsplit = [[*found, replace(found[0], rung="E5", passed=None)] for found in without_arms]

    assert [grade(found) for found in unsplit] == ["E4" if name == "series-length" else "E2", "E4"]


# the same by data


def few(before: int, after: int) -> Callable[[], list[Row]]:
    return lambda: Sender(before=before, after=after).rows()


def unflagged() -> list[Row]:
    return changed(Sender().rows(), lambda row: {**row, "opened_machine": 0})


def started() -> list[Row]:
    """Gmail's opens have a machine share from the change on alone."""

    def change(row: Row) -> Row:
        early = row["date"] < CHANGED.isoformat()
        return {**row, "opened_machine": 0} if early and row["provider"] == "apple" else row

    return changed(Sender(size=20_000, before=8, after=8).rows(), change)


def drifting() -> list[Row]:
    """Delivery rises from campaign to campaign, with no jump."""
    numbers = {name: i for i, name in enumerate(sorted({row["campaign"] for row in marketing()}))}

    def change(row: Row) -> Row:
        delivered = round(row["sent"] * (0.6 + 0.008 * numbers[row["campaign"]]))
        return {**row, "delivered": delivered}

    return changed(marketing(providers=UNMOVED), change)


def earlier() -> list[Row]:
    """The series jumps 30 days before the change that is named."""
    return marketing(before=36, after=10)


def touched() -> list[Row]:
    """The control met the repair as well."""
    rows = Sender(SHOP, before=36, after=10, names="receipt", extra=(("stream", "transactional"),)).rows()
    return marketing() + rows


def short_control() -> list[Row]:
    rows = Sender(UNMOVED, before=3, after=3, names="receipt", extra=(("stream", "transactional"),)).rows()
    return marketing() + rows


def uneven() -> list[Row]:
    """One arm is mostly at Apple."""
    return changed(
        halves(), lambda row: row if row["arm"] == "fixed" or row["provider"] in {"apple", "other"} else None
    )


def one_after_the_other() -> list[Row]:
    return changed(
        halves(), lambda row: {**row, "date": row["date"].replace("2026", "2025")} if row["arm"] == "fixed" else row
    )


def sized(share: Callable[[Row, int], float]) -> Callable[[], list[Row]]:
    """Arms of which the repaired one has more or less of a campaign's mail, by row and campaign."""

    def change(row: Row) -> Row:
        times = share(row, int(row["campaign"][-3:])) if row["arm"] == "fixed" else 1.0
        return {name: round(value * times) if isinstance(value, int) else value for name, value in row.items()}

    return lambda: changed(halves(before=0, after=12), change)


def countries(fixed: str) -> Callable[[], list[Row]]:
    """Arms of the same mailbox providers, of which one goes to other countries."""

    def change(row: Row) -> Row:
        other = int(row["campaign"][-3:]) % 2
        return {**row, "country": fixed if row["arm"] == "fixed" else "KR", "segment": f"list {other}"}

    return lambda: changed(halves(), change)


def with_history(early: Callable[[str], Sequence[Row]]) -> Callable[[], list[Row]]:
    """Arms that were split by chance at the change, and what they were before it."""

    def rows() -> list[Row]:
        return [
            {**row, "arm": arm, "date": row["date"].replace("2026", "2025")}
            for arm in ("control", "fixed")
            for row in early(arm)
        ] + halves()

    return rows


def alike(_arm: str) -> list[Row]:
    return Sender(UNMOVED, before=0, after=8, gap=0).rows()


def better(arm: str) -> list[Row]:
    return Sender(SHOP if arm == "fixed" else UNMOVED, before=0, after=8, gap=0).rows()


def elsewhere(arm: str) -> list[Row]:
    share = {name: replace(one, share=(0.0, 1 / 4)) for name, one in UNMOVED.items()}
    return Sender(share if arm == "fixed" else UNMOVED, before=0, after=8, gap=0).rows()


SINCE = {"arms": "arm", "changes": ("2026-05-01=DKIM",)}
CONTROL = {"control": "stream=transactional"}
MIXED = {
    name: replace(UNMOVED[name], share=(one.share[0], share))
    for (name, one), share in zip(SHOP.items(), (0.1, 0.1, 0.6, 0.2), strict=True)
}
FETCHED = {name: replace(UNMOVED[name], machine=one.machine) for name, one in SHOP.items()}
LOST: dict[str, tuple[Callable[[], list[Row]], dict[str, Any], str, str]] = {
    "three campaigns before": (few(3, 6), {}, "E0", "campaigns"),
    "three campaigns after": (few(6, 3), {}, "E0", "campaigns"),
    "no effect": (lambda: Sender(UNMOVED).rows(), {}, "E0", "beyond-campaign-noise"),
    "no provider": (lambda: without(Sender().rows(), "provider"), {}, "E1", "provider-column"),
    "no machine flag": (lambda: without(Sender().rows(), "opened_machine"), {}, "E1", "machine-flag"),
    "a flag that is never set": (unflagged, {}, "E1", "machine-flag"),
    "a flag that starts midway": (started, {}, "E1", "machine-flag"),
    "a short series": (lambda: marketing(before=7), {}, "E2", "series-length"),
    "a trend": (drifting, {}, "E2", "jump"),
    "another date": (earlier, {"changes": ("2026-04-10",), "washout": 5}, "E2", "break-date"),
    "another mix alone": (lambda: marketing(providers=MIXED), {}, "E2", "own-change"),
    "machines alone": (lambda: marketing(providers=FETCHED), {}, "E2", "own-change"),
    "another mix, and a control": (lambda: [*marketing(providers=MIXED), *steady()], CONTROL, "E2", "own-change"),
    "a control that moved": (touched, CONTROL, "E3", "control-still"),
    "a control of few campaigns": (short_control, CONTROL, "E3", "control-units"),
    "arms of other mixes": (uneven, {"arms": "arm"}, "E2", "arm-balance"),
    "arms one after the other": (one_after_the_other, {"arms": "arm"}, "E2", "arms-in-parallel"),
    "an arm a tenth smaller": (sized(lambda _row, _number: 0.9), {"arms": "arm"}, "E2", "arm-balance"),
    "an arm with less of Gmail": (
        sized(lambda row, _number: 0.91 if row["provider"] == "gmail" else 1.09),
        {"arms": "arm"},
        "E2",
        "arm-balance",
    ),
    "an arm that grows": (
        sized(lambda _row, number: 0.2 + 1.6 * number / 11),
        {"arms": "arm"},
        "E2",
        "arms-in-parallel",
    ),
    "arms by country": (countries("JP"), {"arms": "arm"}, "E2", "arm-balance"),
    "arms that differed before": (with_history(better), SINCE, "E2", "arm-balance"),
    "arms of another mix before": (with_history(elsewhere), SINCE, "E2", "arm-balance"),
}


@pytest.mark.parametrize("case", LOST)
def test_data_that_lack_a_requirement_reach_less_and_the_note_says_which(case: str) -> None:
    rows, wanted, reached, name = LOST[case]
    found = compared(rows(), **wanted)

    assert (found.grade, found.refused) == (reached, "")
    assert {one.name: one.passed for one in found.grade_checks}[name] is False
    assert any(f"({name})" in note for note in found.notes), found.notes


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (sized(lambda _row, _number: 0.98), {"arms": "arm"}),
        (sized(lambda _row, number: 1.02 if number % 2 else 0.98), {"arms": "arm"}),
        (countries("KR"), {"arms": "arm"}),
        (with_history(alike), SINCE),
    ],
)
def test_arms_that_chance_may_have_made_are_a_split_by_chance(
    rows: Callable[[], list[Row]], wanted: dict[str, Any]
) -> None:
    assert compared(rows(), **wanted).grade == "E5"


def test_what_was_sent_before_the_arms_were_told_apart_stands_on_neither_side() -> None:
    found, alone = compared(with_history(alike)(), **SINCE), compared(halves(), arms="arm")

    assert found.metrics == alone.metrics
    assert "Sent before the change, only to show whether the arms were alike: 8 campaigns." in found.notes


def test_arms_one_after_the_other_rule_out_nothing_that_lies_in_time() -> None:
    found = {one.id: one.status for one in compared(one_after_the_other(), arms="arm").threats}

    assert {found[one] for one in ("T8", "T9", "T10")} == {"detected"}


def shared(*campaigns: tuple[int, int], opened: int = 0) -> tuple[Cell, ...]:
    """Campaigns of (delivered, sent)."""
    return tuple(
        Cell(campaign=f"{opened}-{number}", sent=sent, delivered=delivered, opened=opened * sent // 1_000)
        for number, (delivered, sent) in enumerate(campaigns)
    )


def two_sets(before: Sequence[Cell], after: Sequence[Cell], *metrics: str) -> Comparison:
    columns = frozenset({"sent", "delivered", "opened"})
    question = Question(mode="two_sets", metrics=metrics)
    return judged(Table(cells=tuple(before), columns=columns), Table(cells=tuple(after), columns=columns), question)


LOPSIDED = (
    shared((52, 100), (362, 1_000), (366, 1_000), (56, 100)),
    shared((521, 1_000), (44, 100), (513, 1_000), (56, 100), opened=1),
)
"""Welch says p = 0.03, as the large campaigns differ; of all ways to deal the eight, one in seven differs as much."""
SEPARATE = (
    shared((497, 1_000), (377, 1_000), (571, 1_000), (406, 1_000), opened=50),
    shared((366, 1_000), (324, 1_000), (338, 1_000), (365, 1_000), opened=90),
)
"""All of one side lie below the other, which chance does in 2 of 70 cases; Welch says p = 0.08."""


def test_what_one_of_the_two_tests_alone_says_is_not_claimed() -> None:
    lopsided, separate = two_sets(*LOPSIDED, "delivered_sent"), two_sets(*SEPARATE, "delivered_sent")
    names = ("beyond-campaign-noise", "permutation-agrees")

    assert [one.grade for one in (lopsided, separate)] == ["E0", "E0"]
    assert [one.passed for one in lopsided.grade_checks if one.name in names] == [True, False]
    assert [one.passed for one in separate.grade_checks if one.name in names] == [False, True]


def test_the_sentence_is_of_the_rate_that_changed_beyond_noise_by_both() -> None:
    found = two_sets(*SEPARATE, "delivered_sent", "opened_sent")

    assert (found.grade, found.sentence_id) == ("E1", "E1.better_set")
    assert "opened of sent +4.0 points" in found.sentence
    assert "delivered" not in found.sentence
    before, after = (
        tuple(replace(cell, opened=cell.sent * opened // 100) for cell in cells)
        for cells, opened in zip(LOPSIDED, (20, 30), strict=True)
    )
    assert "opened of sent +10.0 points" in two_sets(before, after, "delivered_sent", "opened_sent").sentence


def test_a_control_counts_without_a_series() -> None:
    rows = Sender(extra=(("stream", "marketing"),)).rows()
    rows += Sender(UNMOVED, names="receipt", extra=(("stream", "transactional"),)).rows()
    found = compared(rows, control="transactional")

    assert found.grade == "E4"
    assert "placebo" not in found.sentence


def table(sender: Sender) -> Table:
    from datetime import date

    cells = tuple(
        Cell(**{name: value for name, value in row.items() if name != "date"}, day=date.fromisoformat(row["date"]))
        for row in sender.rows()
    )
    names = {"provider", "sent", "delivered", "opened", "opened_machine", "clicked", "bounced"}
    return Table(cells=cells, columns=frozenset(names), kind="campaign rows", rows=len(cells))


def test_where_nothing_changed_something_is_claimed_in_few_cases() -> None:
    """6 and 6 campaigns of 5,000 that differ by 1 point, 100 times over. Its own standard error is 1.5 points."""
    question = Question(mode="change", changes=(Day(date=CHANGED.isoformat()),), washout_days=14)
    found = [judged(table(Sender(UNMOVED, seed=seed)), None, question).grade for seed in range(100)]

    assert sum(one != "E0" for one in found) / len(found) < 0.07


def test_opens_that_no_grade_rests_on_are_spoken_of_by_their_own_interval() -> None:
    moved = compared(Sender().rows(), metrics=("delivered_sent",))
    fewer = 0.7 / 0.75
    arrived = {
        name: replace(
            one,
            delivered=(0.7, 0.75),
            human=(one.human[0], fewer * one.human[0]),
            machine=(one.machine[0], fewer * one.machine[0]),
        )
        for name, one in UNMOVED.items()
    }
    still = compared(Sender(arrived, noise=0.005).rows(), metrics=("delivered_sent",))

    assert (moved.grade, moved.sentence_id) == ("E2", "E1.better+E2")
    assert "points, 4.3 come from delivery" in moved.sentence
    assert (still.grade, still.sentence_id) == ("E2", "E1.better+E2.noise")
    parts = still.decomposition
    assert parts is not None
    assert parts.total.low is not None
    assert parts.total.high is not None
    assert parts.total.low < 0 < parts.total.high


def test_the_series_is_that_of_the_rate_that_changed() -> None:
    read = {name: replace(UNMOVED[name], human=one.human) for name, one in SHOP.items()}
    found = compared(marketing(providers=read))

    assert found.timeline is not None
    assert (found.grade, found.timeline.metric) == ("E3", "opened_sent")
    assert "opened of sent" in found.sentence


def test_a_change_that_two_rates_were_looked_at_for_has_to_be_clearer() -> None:
    """Welch's p of 0.03 is no claim where another rate was looked at too, that of 0.02 is."""
    one = measured((), (), frozenset(), Question(mode="two_sets"))["delivered_sent"]
    shuffled = (result.Tested(name="permutation", p=0.01),)

    def seen(p: float, adjusted: float) -> tuple[str, ...]:
        changed = replace(one, p=p, p_adjusted=adjusted, tests=shuffled)
        return beyond_noise({"delivered_sent": changed}, ("delivered_sent",))

    assert (seen(0.03, 0.06), seen(0.02, 0.04)) == ((), ("delivered_sent",))


def test_the_shuffled_campaigns_of_one_rate_do_not_speak_for_another() -> None:
    given = _grounds()
    one = given.metrics["delivered_sent"]
    clear = replace(one, p=0.01, p_adjusted=0.02, tests=(result.Tested(name="permutation", p=0.2),))
    unclear = replace(one, p=0.3, p_adjusted=0.3, tests=(result.Tested(name="permutation", p=0.01),))
    metrics = {**given.metrics, "delivered_sent": clear, "opened_sent": unclear}

    found = {one.name: one.passed for one in checks(replace(given, metrics=metrics))}

    assert (found["beyond-campaign-noise"], found["permutation-agrees"]) == (True, False)
    assert beyond_noise(metrics, given.question.metrics) == ()
