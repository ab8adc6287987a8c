"""The sample sender before and after its repair is the worked example of the method."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

import sample_mail
from deliverability.campaign_tables import read_table, read_tables
from deliverability.compare.campaigns import Table, by, shares, total
from deliverability.compare.decompose import opens
from deliverability.rates import Asked
from support.shared import ROOT

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WASHOUT = timedelta(days=14)
TERMS = {"mix": 0.028469, "delivery": 0.041001, "human_opens": 0.076819, "machine_opens": 0.062388}
"""Design: compare, §3: the worked example."""
SHARES = {"gmail": (0.50, 0.48), "microsoft": (0.25, 0.22), "apple": (0.10, 0.17), "other": (0.15, 0.13)}


def fixed() -> date:
    return datetime.fromtimestamp(sample_mail.FIXED, UTC).date()


@pytest.fixture(scope="module")
def events() -> tuple[Table, Table]:
    before, after = ([str(ROOT / "examples" / side / "events.ndjson.gz")] for side in ("before", "after"))
    one, other = read_tables(before, after, Asked(now=NOW))
    assert other is not None
    return one, other


@pytest.fixture(scope="module")
def rows() -> tuple[Table, Table]:
    path = [str(ROOT / sample_mail.ROWS)]
    before = read_table(path, Asked(until=fixed() - timedelta(days=1)))
    return before, read_table(path, Asked(since=fixed() + WASHOUT))


def rate(table: Table, over: str) -> float:
    return total(table.cells, over) / total(table.cells, "sent")


def near(terms: Mapping[str, float], places: int) -> bool:
    return all(round(terms[name], places) == round(wanted, places) for name, wanted in TERMS.items())


def test_events_give_its_figures_to_the_printed_digits(events: tuple[Table, Table]) -> None:
    before, after = events
    assert [f"{rate(side, 'opened'):.2%}" for side in events] == ["14.86%", "35.73%"]
    assert [f"{rate(side, 'delivered'):.1%}" for side in events] == ["80.3%", "98.2%"]
    assert near(opens(before.cells, after.cells), 4)


def test_campaign_rows_give_its_figures_exactly(rows: tuple[Table, Table]) -> None:
    before, after = rows
    assert [rate(side, "opened") for side in rows] == pytest.approx([0.1486, 0.357278], abs=1e-12)
    assert near(opens(before.cells, after.cells), 5)
    assert opens(before.cells, after.cells) == pytest.approx(TERMS, abs=1.5e-6)


@pytest.mark.parametrize("source", ["events", "rows"])
def test_every_letter_is_in_and_nothing_is_cut(source: str, request: pytest.FixtureRequest) -> None:
    before, after = request.getfixturevalue(source)
    for side in (before, after):
        assert len(by(side.cells, "campaign")) == sample_mail.CAMPAIGNS
        assert {name: total(cells, "sent") for name, cells in by(side.cells, "provider").items()} == {
            name: round(shares_[side is after] * total(side.cells, "sent")) for name, shares_ in SHARES.items()
        }
        assert not side.too_young
        assert not [note for note in side.notes if "events" in note]
    days = [[cell.day for cell in side.cells if cell.day] for side in (before, after)]
    assert max(days[0]) < fixed() <= min(days[1]) - WASHOUT
    assert not {cell.campaign for cell in before.cells} & {cell.campaign for cell in after.cells}


def test_letters_differ_more_than_chance_and_far_less_than_the_sides(events: tuple[Table, Table]) -> None:
    for side, least, most in zip(events, (0.02, 0.03), (0.04, 0.06), strict=True):
        found = [x / n for x, n in shares(side.cells, "opened", "sent")]
        assert least < max(found) - min(found) < most


def test_refusals_for_authentication_end_with_the_repair(
    events: tuple[Table, Table], rows: tuple[Table, Table]
) -> None:
    for before, after in (events, rows):
        met = {code for cell in before.cells for code in cell.auth_rejected}
        assert met == {"5.7.26", "5.7.515"}
        assert all(not cell.auth_rejected for cell in after.cells)
