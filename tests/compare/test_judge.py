"""Before and after, judged: the worked example to the last digit, refusals in a sentence, and numbers only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.checks._thresholds import MAX_BAD as MAX_BAD_OF_AUDITS
from deliverability.checks._thresholds import PROVIDER_BAND
from deliverability.cli import _change, compare
from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell, Table, total
from deliverability.compare.cut import NotAComparison
from deliverability.compare.evidence.grounds import MAX_BAD
from deliverability.compare.judge import compare as judged
from deliverability.compare.measure import GRADED
from deliverability.compare.result import HEADLINES, METRICS, Comparison, Day, Question
from deliverability.compare.sides import MIN_MESSAGES
from deliverability.comparison import to_document, to_json
from support.campaigns import CHANGED, SHOP, UNMOVED, Sender, halves, marketing, steady
from support.schemas import hold

CHANGE = Question(mode="change", changes=(Day(date=CHANGED.isoformat(), label="DKIM"),), washout_days=14)
TWO = Question(mode="two_sets")
ARMS = Question(mode="arms", arms="arm")
START = date(2026, 3, 1)
SHIFTED = {name: replace(one, share=(one.share[0],) * 2) for name, one in SHOP.items()}
"""The shop without any change of the mix."""
ALL = frozenset({"provider", "sent", "delivered", "opened", "opened_machine", "clicked", "bounced"})


def cells_of(rows: Sequence[dict[str, Any]]) -> tuple[Cell, ...]:
    return tuple(
        Cell(**{name: value for name, value in row.items() if name != "date"}, day=date.fromisoformat(row["date"]))
        for row in rows
    )


def table(cells: Sequence[Cell], *columns: str, **more: Any) -> Table:
    names = frozenset(columns) or ALL | {name for name in COLUMNS if any(getattr(cell, name) for cell in cells)}
    known: dict[str, Any] = {"kind": "campaign rows", "rows": len(cells), **more}
    return Table(cells=tuple(cells), columns=names, **known)


def sent(*senders: Sender) -> Table:
    return table(cells_of([row for sender in senders for row in sender.rows()]))


def at(cells: Sequence[Cell], days: int) -> tuple[Cell, ...]:
    return tuple(
        replace(cell, day=cell.day and cell.day + timedelta(days), campaign=f"{cell.campaign}'") for cell in cells
    )


def flat(number: int, *, start: date = START, **counts: int) -> tuple[Cell, ...]:
    """Campaigns that are all alike, one a day."""
    known: dict[str, Any] = {"sent": 1_000, "delivered": 900, "opened": 300, "opened_machine": 100, **counts}
    return tuple(
        Cell(campaign=f"c{start}{i}", day=start + timedelta(i), provider="gmail", **known) for i in range(number)
    )


def status(found: Comparison) -> dict[str, bool | None]:
    return {one.name: one.passed for one in found.grade_checks}


def whole(found: Comparison) -> dict[str, Any]:
    """The document as it is written, held to its schema."""
    document: dict[str, Any] = json.loads(to_json(found))
    hold("comparison", document)
    return document


# figures


def worked_example() -> Table:
    """5 campaigns a side of 500,000 messages that are all alike: every product is a whole number."""
    cells: list[Cell] = []
    for side in (0, 1):
        for number in range(5):
            for provider, rates in SHOP.items():
                size = round(500_000 * rates.share[side])
                delivered = round(size * rates.delivered[side])
                machine = round(delivered * rates.machine[side])
                cells.append(
                    Cell(
                        campaign=f"{side}{number}",
                        day=CHANGED + timedelta(30 * side + number - 10),
                        provider=provider,
                        sent=size,
                        delivered=delivered,
                        opened=round(delivered * rates.human[side]) + machine,
                        opened_machine=machine,
                    )
                )
    return table(cells, "provider", "sent", "delivered", "opened", "opened_machine")


def test_the_worked_example_comes_to_its_published_figures() -> None:
    found = judged(worked_example(), None, CHANGE)
    split = found.decomposition
    assert split is not None
    opened = found.metrics["opened_sent"]

    assert (opened.before, opened.after) == pytest.approx((0.14860, 0.35728), abs=1e-5)
    parts = (split.mix, split.delivery, split.human_opens, split.machine_opens)
    assert [part.value for part in parts] == pytest.approx([0.028469, 0.041001, 0.076819, 0.062388], abs=2e-6)
    assert sum(part.value for part in parts) == pytest.approx(split.total.value, abs=1e-12)
    assert split.total.value == pytest.approx(opened.difference, abs=1e-12)
    assert found.metrics["delivered_sent"].before == pytest.approx(0.8030, abs=1e-4)
    assert found.metrics["delivered_sent"].after == pytest.approx(0.98215, abs=1e-5)
    assert found.human_bounds is not None
    assert found.human_bounds == pytest.approx((0.22253 - 0.14860, 0.35728 - 0.11760), abs=2e-5)
    assert found.mix_distance == pytest.approx(0.07)
    assert found.sentence == (
        "Of +20.9 points, 4.1 come from delivery, 7.7 from human opens, 6.2 from machine opens,"
        " 2.8 from the mix of providers."
    )


def test_swapping_the_periods_flips_every_sign() -> None:
    first = table([cell for cell in worked_example().cells if cell.campaign.startswith("0")])
    second = table([cell for cell in worked_example().cells if cell.campaign.startswith("1")])
    there, back = judged(first, second, TWO), judged(second, first, TWO)

    assert there.decomposition is not None
    assert back.decomposition is not None
    for name in ("mix", "delivery", "human_opens", "machine_opens", "total"):
        assert getattr(there.decomposition, name).value == pytest.approx(-getattr(back.decomposition, name).value)
    assert there.human_bounds == pytest.approx((-back.human_bounds[1], -back.human_bounds[0]))  # type: ignore[index]
    assert back.sentence.startswith("Of −20.9 points, −4.1 come from delivery, −7.7 from human opens")


def test_metrics_begin_with_the_headlines_and_opens_of_delivered_are_nowhere() -> None:
    found = whole(judged(sent(Sender()), None, CHANGE))

    assert tuple(found["metrics"])[:2] == HEADLINES
    assert tuple(found["metrics"]) == tuple(METRICS)
    assert {metric["before_share"]["denominator"] for metric in found["metrics"].values()} == {found["before"]["sent"]}


def test_a_metric_rests_on_campaigns_and_shows_what_messages_alone_would_say() -> None:
    found = judged(sent(Sender(noise=0.03)), None, CHANGE).metrics["delivered_sent"]

    assert found.method == "campaigns: Welch t"
    assert [test.name for test in found.tests] == ["welch", "quasibinomial", "permutation"]
    assert found.low is not None
    assert found.high is not None
    assert found.sampling is not None
    assert found.low < found.sampling[0] < found.sampling[1] < found.high
    assert found.dispersion is not None
    assert found.dispersion > 2


def test_several_rates_are_looked_at_so_their_p_is_adjusted() -> None:
    metrics = judged(sent(Sender(UNMOVED)), None, CHANGE).metrics
    one, other = (metrics[name] for name in HEADLINES)

    assert one.p is not None
    assert other.p is not None
    assert min(one.p_adjusted or 0, other.p_adjusted or 0) == pytest.approx(min(1, 2 * min(one.p, other.p)))
    assert metrics["clicked_sent"].p_adjusted is None


def test_the_washout_stands_on_no_side() -> None:
    found = judged(sent(Sender(gap=0, after=10)), None, CHANGE)

    assert [point.period for point in found.campaigns] == ["before"] * 6 + ["washout"] * 5 + ["after"] * 5
    assert (found.before.campaigns, found.after.campaigns, found.input["all"].washout) == (6, 5, 5)
    assert (
        total([c for c in sent(Sender(gap=0, after=10)).cells if c.day and c.day < CHANGED], "sent")
        == found.before.sent
    )


def test_the_day_on_which_the_washout_is_over_is_after() -> None:
    found = judged(sent(Sender(gap=14)), None, CHANGE)

    assert (found.after.campaigns, found.input["all"].washout, len(found.campaigns)) == (6, 0, 12)


def test_what_the_control_sent_in_the_washout_is_not_the_target_s() -> None:
    rows = Sender(gap=0, after=10, extra=(("stream", "marketing"),)).rows()
    rows += Sender(UNMOVED, gap=0, after=10, names="receipt", extra=(("stream", "transactional"),)).rows()
    found = judged(table(cells_of(rows)), None, replace(CHANGE, control="stream=transactional"))

    assert {point.campaign[:6] for point in found.campaigns if point.period == "washout"} == {"letter"}
    assert found.input["all"].washout == 5


def test_a_washout_is_cut_from_the_second_of_two_sets_too() -> None:
    rows = cells_of(Sender(gap=0, after=10).rows())
    early, late = (table([c for c in rows if c.day and (c.day < CHANGED) is side]) for side in (True, False))
    found = judged(early, late, replace(CHANGE, mode="two_sets"))

    assert (found.before.campaigns, found.after.campaigns, found.input["after"].washout) == (6, 5, 5)


def test_small_providers_stand_together_as_other() -> None:
    cells = flat(6) + flat(6, start=CHANGED + timedelta(20))
    small = tuple(
        replace(cell, provider=name, sent=20, delivered=19, opened=5, opened_machine=1)
        for cell in cells
        for name in ("gmx", "orange")
    )
    found = judged(table(cells + small, *ALL), None, CHANGE)

    assert [(one.provider, one.before.sent) for one in found.providers] == [("gmail", 6_000), ("other", 240)]


def test_a_provider_that_hardly_anything_went_to_any_more_stands_with_the_others() -> None:
    cells = flat(6) + flat(6, start=CHANGED + timedelta(20))
    left = [
        replace(cell, provider="yahoo", sent=cell.sent if cell.day and cell.day < CHANGED else 20, delivered=19)
        for cell in cells
    ]
    found = judged(table([*cells, *left]), None, CHANGE)

    assert [one.provider for one in found.providers] == ["gmail", "other"]


@pytest.mark.parametrize(("campaigns", "drawn"), [(11, False), (12, True)])
def test_from_twelve_campaigns_a_side_a_bootstrap_stands_beside_the_intervals(campaigns: int, drawn: bool) -> None:
    found = judged(sent(Sender(before=campaigns, after=campaigns)), None, CHANGE)

    assert ("(bootstrap) gives the whole +" in found.decomposition_why) is drawn


def test_a_flag_that_starts_where_nothing_is_compared_does_no_harm() -> None:
    days = ("2026-06-16", "2026-07-01", "2026-05-14", "2026-07-01")
    rows = table(cells_of(Sender().rows()), kind="events", flagged={"apple": days})

    assert judged(rows, None, CHANGE).metrics["opened_sent"].p is None
    assert judged(rows, None, replace(CHANGE, control="apple")).metrics["opened_sent"].p is not None


def test_arms_meet_the_same_flag_whenever_it_starts() -> None:
    days = ("2026-06-16", "2026-07-01", "2026-05-14", "2026-07-01")
    found = judged(table(cells_of(halves()), kind="events", flagged={"gmail": days}), None, ARMS)

    assert found.metrics["opened_sent"].p is not None


def test_refusals_for_authentication_are_counted_where_the_data_have_some() -> None:
    cells = [replace(cell, auth_rejected={"5.7.26": 50}) for cell in flat(6)] + [
        *flat(6, start=CHANGED + timedelta(20))
    ]
    known = judged(table(cells), None, CHANGE).providers[0]
    unknown = judged(table(flat(6) + flat(6, start=CHANGED + timedelta(20))), None, CHANGE).providers[0]

    assert (known.refused_before, known.refused_after) == (300, 0)
    assert (unknown.refused_before, unknown.refused_after) == (None, None)


def test_a_year_of_days_and_more_lists_the_newest_thousand_campaigns() -> None:
    found = judged(table(flat(1_400, start=date(2023, 1, 1))), None, replace(CHANGE, changes=(Day(date="2026-01-01"),)))

    assert (len(found.campaigns), found.campaigns_omitted) == (1_000, 400)
    assert found.campaigns[-1].date == max(point.date for point in found.campaigns)


def test_the_same_data_in_another_order_give_the_same_bytes() -> None:
    cells = cells_of(marketing() + steady())
    question = replace(CHANGE, control="stream=transactional")

    once = to_json(judged(table(cells), None, question))
    assert once == to_json(judged(table(cells), None, question))
    assert once == to_json(judged(table(cells[::-1]), None, question))


# what is refused, or not claimed


def refused(found: Comparison) -> str:
    """Why nothing is said; the document is whole all the same."""
    document = whole(found)
    assert document["grade"] == "E0"
    assert document["refused"]
    assert document["refused"].rstrip(".") in document["sentence"]
    assert [threat["id"] for threat in document["threats"]] == [f"T{n}" for n in range(1, 15)]
    assert all(metric["p"] is None for metric in document["metrics"].values())
    assert document["decomposition"] is None
    return found.refused


@pytest.mark.parametrize(
    ("day", "words"),
    [("2027-01-01", "outside the data"), ("2020-01-01", "outside the data"), ("2026-05-14", "outside the data")],
)
def test_a_change_outside_the_data_is_refused(day: str, words: str) -> None:
    assert words in refused(judged(sent(Sender()), None, replace(CHANGE, changes=(Day(date=day),))))


def test_where_there_are_no_campaigns_that_is_said() -> None:
    assert refused(judged(table([]), None, CHANGE)) == "There are no campaigns to compare."


def test_a_change_after_which_nothing_is_left_is_refused() -> None:
    late = replace(CHANGE, washout_days=300)

    assert "within the days that are left out" in refused(judged(sent(Sender()), None, late))


def test_campaigns_on_both_sides_are_refused() -> None:
    cells = cells_of(Sender().rows())

    assert "Both sides hold 12 campaigns (letter-000" in refused(judged(table(cells), table(cells), TWO))
    undated = [replace(cell, day=None) for cell in cells]
    assert "Both sides hold" in refused(judged(table(undated), table(undated), TWO))


def test_undated_campaigns_of_one_name_with_other_counts_are_two() -> None:
    one = [replace(cell, day=None) for cell in flat(6)]
    other = [replace(cell, delivered=cell.delivered + 10) for cell in one]

    assert judged(table(one), table(other), TWO).refused == ""


def test_swapped_sets_are_told_from_the_date_of_the_change() -> None:
    cells = cells_of(Sender().rows())
    early = [cell for cell in cells if cell.day is not None and cell.day < CHANGED]
    late = [cell for cell in cells if cell not in early]
    question = replace(CHANGE, mode="two_sets")

    assert judged(table(early), table(late), question).refused == ""
    assert refused(judged(table(late), table(early), question)).endswith("they are swapped.")
    first = min(cell.day for cell in late if cell.day is not None)
    on_the_day = replace(question, changes=(Day(date=first.isoformat()),))
    assert refused(judged(table(late), table(early), on_the_day)).endswith("they are swapped.")
    assert not judged(table(early), table(late), TWO).notes[0].startswith("The first set was sent after")
    assert judged(table(late), table(early), TWO).notes[0].startswith("The first set was sent after the second")


def test_where_sets_do_not_lie_where_the_date_says_the_sentence_is_of_the_sets() -> None:
    cells = cells_of(Sender(SHIFTED).rows())
    early, late = table(cells[: len(cells) // 2]), table(cells[len(cells) // 2 :])
    question = replace(CHANGE, mode="two_sets", metrics=("delivered_sent",))
    sooner = Day(date=(CHANGED - timedelta(4)).isoformat())

    assert "after the date" in judged(early, late, question).sentence
    assert "of the second set" in judged(early, late, replace(question, changes=(sooner,))).sentence


def test_sets_that_overlap_in_time_are_compared_and_that_is_said() -> None:
    cells = cells_of(Sender().rows())
    found = judged(table(cells), table(at(cells, 3)), TWO)

    assert found.refused == ""
    assert any("overlap in time" in note for note in found.notes)
    assert {one.id: one.status for one in found.threats}["T8"] == "detected"


@pytest.mark.parametrize("counts", [{"sent": 0, "delivered": 0, "opened": 0, "opened_machine": 0}])
def test_a_side_without_mail_is_refused(counts: dict[str, int]) -> None:
    nothing = flat(6, start=CHANGED, **counts)

    assert "No message counts as sent" in refused(judged(table(flat(6)), table(nothing), TWO))
    assert "Nothing was sent on the side 'after'" in refused(judged(table(flat(6)), table([]), TWO))
    assert "Nothing was sent on the side 'before'" in refused(judged(table([]), table(flat(6)), TWO))


def test_incomplete_data_are_refused_as_a_whole() -> None:
    cells = cells_of(Sender().rows())
    found = judged(table(cells, bad=4, rows=60), None, CHANGE)

    assert "4 of 60 rows could not be read (6.7 %)" in refused(found)
    assert status(found)["data-complete"] is False
    assert judged(table(cells, bad=3, rows=60), None, CHANGE).refused == ""
    assert "20 % lack a recipient" in refused(judged(table(cells, incomplete="20 % lack a recipient."), None, CHANGE))


def test_campaigns_without_a_date_stand_on_no_side() -> None:
    cells = cells_of(Sender().rows())
    some = [replace(cell, day=None) if cell.campaign == "letter-000" else cell for cell in cells]
    none = [replace(cell, day=None) for cell in cells]

    assert "have no date" in refused(judged(table(some), None, CHANGE))
    assert "No campaign has a date" in refused(judged(table(none), None, CHANGE))
    few = [*cells, Cell(campaign="lost", provider="gmail", sent=100, delivered=100)]
    assert "1 campaign has no date and stand" in " ".join(judged(table(few), None, CHANGE).notes).replace(
        "stands", "stand"
    )


def test_columns_that_one_set_lacks_are_compared_in_nothing_and_that_is_said() -> None:
    rows = cells_of(Sender().rows())
    early, late = ([c for c in rows if c.day and (c.day < CHANGED) is side] for side in (True, False))
    found = judged(table(early), table(late, "sent", "delivered", "provider"), TWO)
    metrics = whole(found)["metrics"]

    assert found.grade == "E1"
    assert metrics["opened_sent"]["difference"] is None
    assert metrics["delivered_sent"]["p"] < 0.001
    assert found.after.opened is None
    assert any("Only the first set has" in note and "opened" in note for note in found.notes)
    assert found.decomposition_why == "Opens are not in the data of both sides."


def test_segments_are_compared_where_both_sides_have_the_column() -> None:
    cells = [replace(cell, segment="de" if cell.provider == "gmail" else "fr") for cell in cells_of(Sender().rows())]
    question = replace(CHANGE, segment="segment")
    found = judged(table(cells), None, question)

    assert found.segments is not None
    assert {row.segment for row in found.segments.rows} == {"de", "fr"}
    assert found.segments.p is not None
    unknown = judged(table(cells, "sent", "delivered", "provider"), None, question)
    assert unknown.segments is None
    assert any("do not have the column segment" in note for note in unknown.notes)


def test_without_opens_delivery_is_compared_and_without_delivery_opens_are() -> None:
    cells = cells_of(Sender().rows())

    only_delivered = judged(table(cells, "sent", "delivered"), None, CHANGE)
    only_opened = judged(table(cells, "sent", "opened"), None, CHANGE)
    neither = judged(table(cells, "sent"), None, CHANGE)
    assert [one.grade for one in (only_delivered, only_opened, neither)] == ["E1", "E1", "E0"]
    assert "opened of sent" in only_opened.sentence
    assert neither.sentence == "There are no numbers to compare."


def test_sides_without_a_provider_in_common_are_not_split() -> None:
    cells = cells_of(Sender().rows())
    here = [cell for cell in cells if cell.provider == "gmail" and cell.day is not None and cell.day < CHANGED]
    there = [cell for cell in cells if cell.provider == "apple" and cell.day is not None and cell.day >= CHANGED]
    found = judged(table(here), table(there), TWO)

    assert (found.grade, found.decomposition, found.mix_standardised) == ("E1", None, None)
    assert found.decomposition_why == "No mailbox provider is on both sides, so what changed at one is not known."
    assert judged(table(here), table([*there, replace(there[0], provider="gmail")]), TWO).decomposition is not None


def test_opens_by_machines_alone_leave_nothing_known_of_people() -> None:
    cells = [replace(cell, opened_machine=cell.opened) for cell in cells_of(Sender().rows())]
    found = judged(table(cells), None, CHANGE)

    assert found.grade == "E1"
    assert status(found)["machine-flag"] is False
    assert found.decomposition is None
    assert "nothing is known of people" in found.decomposition_why
    assert found.metrics["human_opened_sent_low"].after == 0
    assert found.human_bounds == pytest.approx(
        (-(found.metrics["opened_sent"].before or 0), found.metrics["opened_sent"].after)
    )


def test_opens_without_any_flag_on_a_side_are_not_split() -> None:
    cells = [
        replace(cell, opened_machine=0, opened_unknown=cell.opened) if cell.day and cell.day < CHANGED else cell
        for cell in cells_of(Sender(size=300).rows())
    ]
    found = judged(table(cells, *ALL, "opened_unknown"), None, CHANGE)

    assert (found.grade, status(found)["machine-flag"]) == ("E1", False)
    assert found.decomposition_why == "No open before the change says whether a machine made it."


@pytest.mark.parametrize(
    "days",
    [
        ("2026-06-16", "2026-07-01", "2026-05-14", "2026-07-01"),
        ("2026-05-14", "2026-06-16", "2026-05-14", "2026-07-01"),
    ],
    ids=["starts", "ends"],
)
def test_a_flag_that_starts_midway_takes_the_p_of_opens_and_leaves_that_of_delivery(
    days: tuple[str, str, str, str],
) -> None:
    cells = cells_of(Sender().rows())
    dated = table(cells, kind="events", flagged={"gmail": days})
    found = judged(dated, None, CHANGE)

    assert found.metrics["opened_sent"].p is None
    assert found.metrics["human_opened_sent_low"].p is None
    assert found.metrics["delivered_sent"].p is not None
    assert found.decomposition is None
    assert "starts or ends within the data (gmail)" in found.decomposition_why
    assert found.grade == "E1"
    assert any("nothing is claimed of them" in note for note in found.notes)


def test_opens_that_were_counted_in_two_ways_are_no_series_and_have_no_control() -> None:
    cells = cells_of(marketing() + steady())
    question = replace(CHANGE, metrics=("opened_sent",), control="transactional", segment="provider")
    dated: dict[str, Any] = {
        "kind": "events",
        "flagged": {"gmail": ("2026-06-16", "2026-07-01", "2026-02-13", "2026-07-01")},
    }
    found = judged(table(cells, **dated), None, question)

    assert (found.grade, found.timeline, found.control, found.segments) == ("E0", None, None, None)
    assert judged(table(cells), None, question).timeline is not None


def test_a_flag_in_one_of_two_sets_starts_midway() -> None:
    rows = cells_of(Sender().rows())
    early, late = ([c for c in rows if c.day and (c.day < CHANGED) is side] for side in (True, False))
    without = table(early, kind="events", flagged={"gmail": ("", "", "2026-05-14", "2026-05-30")})
    flagged = table(late, kind="events", flagged={"gmail": ("2026-06-16", "2026-07-01", "2026-06-16", "2026-07-01")})

    assert judged(without, flagged, TWO).metrics["opened_sent"].p is None
    same = table(early, kind="events", flagged={"gmail": ("2026-05-14", "2026-05-30", "2026-05-14", "2026-05-30")})
    assert judged(same, flagged, TWO).metrics["opened_sent"].p is not None


def test_rows_that_count_what_machines_opened_may_well_count_none() -> None:
    """A provider at which hardly any machine opens is not one whose flag starts at the first of them."""
    days = ("2026-06-16", "2026-06-16", "2026-05-14", "2026-07-01")
    cells = cells_of(Sender().rows())

    assert judged(table(cells, flagged={"gmail": days}), None, CHANGE).metrics["opened_sent"].p is not None
    early, late = ([c for c in cells if c.day and (c.day < CHANGED) is side] for side in (True, False))
    sides = table(early, flagged={"gmail": ("", "", *days[2:])}), table(late, flagged={"gmail": days})
    assert judged(*sides, TWO).metrics["opened_sent"].p is not None
    known = table(cells, *ALL, "opened_unknown", flagged={"gmail": days})
    assert judged(known, None, CHANGE).metrics["opened_sent"].p is None


def test_below_four_campaigns_there_is_no_p_and_no_interval_of_parts() -> None:
    found = judged(sent(Sender(before=3, after=6)), None, CHANGE)

    assert {metric.p for metric in found.metrics.values()} == {None}
    assert found.metrics["delivered_sent"].method == "messages: Newcombe, sampling error only"
    assert found.decomposition is not None
    assert found.decomposition.total.low is None
    assert status(found)["decomposition"] is False
    assert found.sentence == "The numbers differ. This says nothing about why."


def test_numbers_that_are_the_same_are_not_said_to_differ() -> None:
    found = judged(table(flat(6)), table(flat(6, start=CHANGED)), TWO)

    assert (found.grade, found.sentence) == ("E0", "The numbers do not differ.")


def test_rates_that_go_opposite_ways_are_both_named() -> None:
    worse = {
        name: replace(one, human=(one.human[0], one.human[0] / 3), machine=(0.0, 0.0)) for name, one in SHOP.items()
    }
    cells = cells_of(Sender(worse).rows())
    found = judged(table(cells, "sent", "delivered", "opened"), None, CHANGE)

    assert found.sentence_id == "E1.better+E1.but"
    assert "But the other way went: opened of sent −" in found.sentence


def test_where_refusals_fell_at_the_same_providers_that_is_said_of_a_split_change() -> None:
    cells = [
        replace(cell, auth_rejected={"5.7.26": cell.sent // 10})
        if cell.provider in {"gmail", "microsoft"} and cell.day and cell.day < CHANGED
        else cell
        for cell in cells_of(Sender().rows())
    ]
    said = "Authentication failures fell at the same providers."

    assert judged(table(cells), None, CHANGE).sentence_id == "E2+E4m"
    assert said in judged(table(cells), None, CHANGE).sentence
    assert said not in judged(table(cells_of(Sender().rows())), None, CHANGE).sentence
    split = judged(table(cells, "sent", "delivered", "provider"), None, CHANGE)
    assert (split.grade, split.dose is not None and split.dose.agrees) == ("E1", True)
    assert said not in split.sentence


def test_a_change_of_opens_within_noise_is_not_split_in_the_sentence() -> None:
    """More is delivered, and fewer of those who get it open it."""
    offset = {
        name: replace(
            one, human=(one.human[0], one.human[0] * one.delivered[0] / one.delivered[1]), machine=(0.1, 0.08)
        )
        for name, one in SHIFTED.items()
    }
    found = judged(sent(Sender(offset)), None, CHANGE)

    assert (found.grade, found.sentence_id) == ("E2", "E1.better+E2.noise")
    assert "points, is no larger than campaigns differ anyway." in found.sentence
    assert "human opens" not in found.sentence


def test_arms_are_named_and_the_one_without_the_fix_is_before() -> None:
    found = judged(table(cells_of(halves())), None, ARMS)

    assert (found.grade, found.before.campaigns, found.after.campaigns) == ("E5", 10, 10)
    assert {one.value for one in found.grade_checks if one.name == "arms"} == {"control: 10, fixed: 10"}
    assert (found.before.name, found.after.name) == ("control", "fixed")


@pytest.mark.parametrize(("arms", "words"), [(("a",), "has a"), (("a", "b", "c"), "has a, b, c"), (("",), "is empty")])
def test_two_arms_are_compared_and_no_other_number(arms: Sequence[str], words: str) -> None:
    cells = [replace(cell, arm=arm, campaign=f"{cell.campaign}{arm}") for cell in flat(6) for arm in arms]

    assert words in refused(judged(table(cells), None, ARMS))


WRONG = {
    "no date": (replace(CHANGE, changes=()), "--change"),
    "a date that is none": (replace(CHANGE, changes=(Day(date="tomorrow"),)), "not a date"),
    "a mode that is none": (replace(CHANGE, mode="magic"), "no such way"),
    "clicks": (replace(CHANGE, metrics=("clicked_sent",)), "no rate that a grade rests on"),
    "no metric": (replace(CHANGE, metrics=()), "needs a rate"),
    "a segment that is no column": (replace(CHANGE, segment="shoe size"), "no such column"),
    "an arm that is no column": (replace(ARMS, arms="shoe size"), "no such column"),
    "a control that is no column": (replace(CHANGE, control="shoe=42"), "no such column"),
    "a control that nobody is": (replace(CHANGE, control="provider=nobody"), "no campaign has it"),
    "a control of which a part is nobody": (replace(CHANGE, control="provider=apple,x"), "no campaign has 'x'"),
    "a control without a value": (replace(CHANGE, control="provider="), "names no value"),
    "a control that is all": (replace(CHANGE, control="provider=gmail,microsoft,apple,other"), "nothing is left"),
    "a confidence of 1": (replace(CHANGE, confidence=1.0), "between 0 and 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_question_that_cannot_be_asked_is_one_clear_line(case: str) -> None:
    question, words = WRONG[case]
    with pytest.raises(NotAComparison, match=words) as caught:
        judged(sent(Sender()), None, question)

    assert "\n" not in str(caught.value)


# whatever the data


numbers = st.one_of(st.integers(0, 3), st.integers(0, 2_000), st.integers(0, 10**12))
cells_drawn = st.lists(
    st.builds(
        Cell,
        campaign=st.sampled_from(["a", "b", "c", "d", "e", "f", "<b>", ""]),
        day=st.none() | st.dates(date(2026, 5, 1), date(2026, 7, 30)),
        provider=st.sampled_from(["gmail", "apple", "other", ""]),
        stream=st.sampled_from(["", "transactional"]),
        segment=st.sampled_from(["", "de", "fr"]),
        arm=st.sampled_from(["", "a", "b"]),
        **dict.fromkeys(COUNTS, numbers),
    ),
    max_size=30,
)
questions = st.sampled_from([
    CHANGE,
    TWO,
    replace(TWO, changes=CHANGE.changes, washout_days=3),
    ARMS,
    replace(CHANGE, segment="segment"),
    replace(CHANGE, control="transactional"),
    replace(CHANGE, changes=(*CHANGE.changes, Day(date="2026-06-20"))),
])  # fmt: skip


def floats(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in floats(item)]
    if isinstance(value, list | tuple):
        return [number for item in value for number in floats(item)]
    return [value] if isinstance(value, float) else []


@settings(max_examples=50, deadline=None)
@given(cells_drawn, cells_drawn, questions, st.sets(st.sampled_from(sorted(ALL | {"segment", "stream", "arm"}))))
def test_whatever_the_counts_the_document_is_whole_and_holds_no_number_that_is_none(
    first: list[Cell], second: list[Cell], question: Question, columns: set[str]
) -> None:
    one, two = (table(cells, "sent", *columns) for cells in (first, second))
    try:
        found = judged(one, None if question.mode == "change" else two, question)
    except NotAComparison:
        return

    assert all(isfinite(number) for number in floats(to_document(found)))
    whole(found)


# one place for each line


def test_lines_that_two_rooms_draw_are_the_same() -> None:
    assert PROVIDER_BAND.minimum == MIN_MESSAGES
    assert MAX_BAD == MAX_BAD_OF_AUDITS == compare.MAX_BAD
    assert _change.METRICS == GRADED


@pytest.mark.parametrize(("size", "grade"), [(150, "E2"), (5_000, "E1")])
def test_a_provider_whose_machine_opens_begin_between_two_campaigns_was_flagged_from_then_on(
    size: int, grade: str
) -> None:
    """Nine campaigns of one or two opens each at Apple's could be chance; of 45 they cannot, as 3 in 4 later are."""
    late = CHANGED - timedelta(days=9)
    rows = [
        {**row, "opened_machine": 0} if row["provider"] == "apple" and row["date"] < late.isoformat() else row
        for row in Sender(before=12, after=12, size=size).rows()
    ]

    found = judged(table(cells_of(rows)), None, CHANGE)

    assert found.grade == grade


def test_providers_that_too_few_messages_name_are_not_told_apart() -> None:
    cells = cells_of(Sender().rows())
    few = [replace(cell, provider="unknown") if cell.provider == "other" else cell for cell in cells]
    most = [replace(cell, provider="") if cell.provider == "microsoft" else cell for cell in cells]

    assert judged(table(cells, *ALL), None, CHANGE).grade == "E2"
    for unnamed, share in ((few, "4,500 of 30,000 messages on the side 'before'"), (most, "7,500 of 30,000 messages")):
        found = judged(table(unnamed, *ALL), None, CHANGE)
        assert (found.grade, status(found)["provider-column"], found.decomposition) == ("E1", False, None)
        assert found.mix_distance is None
        assert any(share in note for note in found.notes)


def test_what_stands_in_the_way_of_a_split_is_named() -> None:
    cells = cells_of(Sender().rows())

    found = judged(table(cells, *(ALL - {"delivered"})), None, CHANGE)

    assert found.decomposition_why == "The data of both sides do not say what was delivered."


def test_rows_that_could_not_be_read_are_the_reason_even_where_none_is_left() -> None:
    found = judged(Table(kind="campaign rows", rows=9, bad=9), None, CHANGE)

    assert found.refused == "The data are not complete. 9 of 9 rows could not be read (100.0 %)."


def test_messages_that_were_followed_unequally_long_have_no_one_horizon() -> None:
    cells = cells_of(Sender().rows())
    first = table([cell for cell in cells if cell.day and cell.day < CHANGED], horizon=72.0)
    second = table([cell for cell in cells if cell.day and cell.day >= CHANGED], horizon=48.0)
    question = replace(CHANGE, mode="two_sets")

    assert judged(first, second, question).question.horizon_hours is None
    assert judged(first, replace(second, horizon=72.0), question).question.horizon_hours == 72.0


def test_where_one_campaign_has_nearly_all_of_the_mail_nothing_is_claimed() -> None:
    rows = Sender(before=12, after=12).rows()
    giant = [
        {name: value * 5_000 if isinstance(value, int) and row["campaign"] == "letter-013" else value
         for name, value in row.items()}
        for row in rows
    ]  # fmt: skip

    found = judged(table(cells_of(giant)), None, CHANGE)

    assert found.grade == "E0"
    assert found.decomposition_why.endswith("jackknife, t).")
    assert any("or one has most of the mail" in note for note in found.notes)
    assert status(found)["own-change"] is None
