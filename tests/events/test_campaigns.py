"""Events into counts by campaign: those of a plain count, every message followed for as long as every other."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deliverability.campaign_tables import read_table, read_tables
from deliverability.compare.campaigns import COUNTS, Cell, Table, total
from deliverability.events import campaigns
from deliverability.intake.trouble import Troubles
from deliverability.rates import Asked, NotACount, rates
from support.sending import lines, put
from support.shared import shared

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
START = datetime(2026, 9, 1, 8, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
REFUSED: dict[str, Any] = {"smtp_code": 550, "enhanced_code": "5.7.26", "reply_text": "550 5.7.26 unauthenticated mail"}

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def event(kind: str, at: timedelta, message: str = "m1", to: str = "anna@gmail.com", **more: Any) -> Row:
    """An event so long after the first, in the columns of the canonical record; a column given as None is left out."""
    row = {
        "type": kind,
        "ts": (START + at).isoformat(),
        "recipient": to,
        "message_id": message,
        "campaign": "a",
        **more,
    }
    return {name: value for name, value in row.items() if value is not None}


def letter(campaign: str, at: timedelta, *, messages: int = 2, **more: Any) -> list[Row]:
    """A campaign of which all is delivered."""
    return [
        event(kind, at + later, f"{campaign}-{number}", campaign=campaign, **more)
        for number in range(messages)
        for kind, later in (("sent", 0 * HOUR), ("delivered", HOUR / 60))
    ]


END = event("subscribed", 60 * DAY, "the end", campaign=None)
"""Something that happened long after all the rest, and is no mail."""


def table(
    *rows: Row, by: tuple[str, ...] = (), name: str = "events", changes: tuple[date, ...] = (), **asked: Any
) -> Table:
    """The table of some rows, which have to be read without loss."""
    troubles = Troubles()
    paths = [put(f"{name}.ndjson", lines(rows))]
    found, _ = read_tables(paths, None, Asked(now=NOW, **asked), troubles, by=by, changes=changes)
    assert troubles.count == 0, troubles.examples
    return found


def counts(cells: Iterable[Cell], *names: str) -> dict[str, tuple[int, ...]]:
    """Campaign → the sums of its counts."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.campaign, []).append(cell)
    return {campaign: tuple(total(some, name) for name in names) for campaign, some in found.items()}


# against a plain count ---------------------------------------------------------------------------------------------


def _messages(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    seen = set[str]()
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["sg_event_id"] not in seen:
            seen.add(row["sg_event_id"])
            found[row["sg_message_id"].split(".")[0], row["email"]].append(row)
    return found


def _is_sent(kinds: set[str]) -> bool:
    return not {"dropped"} & kinds


def _sent_at(events: list[Row]) -> int:
    times: list[int] = [e["timestamp"] for e in events if e["event"] == "processed"]
    every: list[int] = [e["timestamp"] for e in events]
    return min(times or every)


def _quantile(values: list[int], share: float) -> int:
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def _plainly(rows: list[Row]) -> tuple[int, dict[tuple[str, str], dict[str, int]], set[str]]:
    """The horizon, campaign and day → counts, and what was left out: with lists and loops, from the definitions."""
    messages = _messages(rows)
    end = max(row["timestamp"] for row in rows)
    sends: dict[str, list[int]] = defaultdict(list)
    for events in messages.values():
        if _is_sent({e["event"] for e in events}):
            sends[str(events[0]["marketing_campaign_id"])].append(_sent_at(events))
    long = {name for name, at in sends.items() if _quantile(at, 0.99) - _quantile(at, 0.01) > 3 * 86_400}

    def unit(events: list[Row]) -> tuple[str, str]:
        name, day = str(events[0]["marketing_campaign_id"]), _day(_sent_at(events))
        return (f"{name} {day}", day) if name in long else (name, _day(min(sends[name])))

    units: dict[tuple[str, str], list[int]] = defaultdict(list)
    for events in messages.values():
        if _is_sent({e["event"] for e in events}):
            units[unit(events)].append(_sent_at(events))
    followed = {key: (end - _quantile(at, 0.99)) / 3600 for key, at in units.items()}
    old = sorted(hours for hours in followed.values() if hours >= 24)
    horizon = int(min(168, old[int(len(old) * 0.05)]))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for events in messages.values():
        key, sent_at = unit(events), _sent_at(events)
        if followed[key] < horizon or sent_at > end - horizon * 3600:
            continue
        counted = found.setdefault(key, dict.fromkeys(COUNTS, 0))
        for name, holds in _happened([e for e in events if e["timestamp"] <= sent_at + horizon * 3600]).items():
            counted[name] += holds
    return horizon, found, {name for (name, _), hours in followed.items() if hours < horizon}


def _happened(events: list[Row]) -> dict[str, bool]:
    kinds = {e["event"] for e in events}
    machine = [e["sg_machine_open"] for e in events if e["event"] == "open"]
    return {
        "sent": _is_sent(kinds),
        "delivered": "delivered" in kinds and "bounce" not in kinds,
        "opened": bool(machine),
        "opened_machine": bool(machine) and all(machine),
        "opened_unknown": False,
        "clicked": "click" in kinds,
        "complained": "spamreport" in kinds,
        "bounced": "bounce" in kinds,
    }


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


@pytest.fixture(scope="module", params=[("7", "4"), ("11", "27")], ids=["four days", "four weeks"])
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("generated") / "events.ndjson"
    seed, days = request.param
    command = [sys.executable, str(shared("bench", "gen_events.py")), "--seed", seed, "--events", "30000"]
    subprocess.run([*command, "--days", days, "--out", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.mark.corpus
def test_counts_by_campaign_are_those_of_a_plain_count(generated: Path) -> None:
    horizon, wanted, young = _plainly([json.loads(line) for line in generated.read_text().splitlines()])
    found = read_table([str(generated)], Asked(now=NOW))
    cells: dict[tuple[str, str], dict[str, int]] = {}
    for cell in found.cells:
        counted = cells.setdefault((cell.campaign, str(cell.day)), dict.fromkeys(COUNTS, 0))
        for name in COUNTS:
            counted[name] += getattr(cell, name)
    assert found.horizon == horizon
    assert cells == wanted
    assert set(found.too_young) == young
    assert young
    assert found.rows == 30_000
    assert found.duplicates > 0


def test_where_nothing_is_cut_counts_are_those_of_rates() -> None:
    rows = [END]
    for week in range(4):
        for number, to in enumerate(("anna@gmail.com", "ben@hotmail.com", "eva@firm.example")):
            message, at = f"{week}-{number}", week * WEEK
            more: Row = {"campaign": f"letter {week}", "to": to}
            rows.append(event("sent", at, message, **more))
            rows.append(event("delivered" if number < 2 else "bounced", at + HOUR, message, **more, **REFUSED))
            rows += [event("opened", at + 9 * HOUR, message, machine=bool(number), **more)] if number < 2 else []
    found = table(*rows)
    document = rates(["events.ndjson"], Asked(now=NOW, by=("campaign", "provider")))
    wanted = {(str(row["campaign"]), row["provider"]): tuple(row[name] for name in COUNTS) for row in document["rows"]}
    del wanted["None", "gmail"]  # the subscription, which is no mail
    cells = {(cell.campaign, cell.provider): tuple(getattr(cell, name) for name in COUNTS) for cell in found.cells}
    assert cells == wanted
    assert found.horizon == campaigns.HORIZON
    assert not found.notes


# the unit ------------------------------------------------------------------------------------------------------------


def test_a_campaign_has_the_day_of_its_first_send_though_it_was_sent_over_three() -> None:
    rows = [row for hours in (0, 20, 50) for row in letter("a", hours * HOUR, to=f"p{hours}@gmail.com")]
    found = table(*rows, END)
    assert [(cell.campaign, cell.day, cell.sent) for cell in found.cells] == [("a", date(2026, 9, 1), 6)]


@pytest.mark.parametrize(
    ("change", "days"), [(1, ()), (2, (1, 2, 3)), (3, (1, 2, 3)), (4, ())], ids=["first", "second", "last", "later"]
)
def test_a_campaign_that_a_change_came_into_is_one_a_day(change: int, days: tuple[int, ...]) -> None:
    rows = [row for hours in (0, 20, 50) for row in letter("a", hours * HOUR, to=f"p{hours}@gmail.com")]
    found = table(*rows, END, changes=(date(2026, 9, change),))

    assert list(counts(found.cells, "sent")) == ([f"a 2026-09-0{day}" for day in days] or ["a"])
    assert ["sent before and after a change" in note for note in found.notes] == [True] * bool(days)


def test_an_automation_is_one_campaign_a_day() -> None:
    rows = [row for day in range(5) for row in letter("welcome", day * DAY, to=f"p{day}@gmail.com")]
    found = table(*rows, *letter("once", DAY), END)
    names = [f"welcome 2026-09-0{day + 1}" for day in range(5)]
    assert counts(found.cells, "sent") == dict.fromkeys([*names, "once"], (2,))
    assert [note for note in found.notes if "sent over more than 3 days" in note]


def test_a_straggler_makes_no_automation() -> None:
    rows = letter("a", 0 * DAY, messages=200)
    found = table(*rows, event("sent", 9 * DAY, "late"), END)
    assert counts(found.cells, "sent") == {"a": (201,)}


def test_messages_of_no_campaign_count_by_day() -> None:
    rows = [
        event(kind, day * DAY, f"m{day}", campaign=None) for day in range(2) for kind in ("sent", "delivered", "opened")
    ]
    found = table(*rows, END)
    assert counts(found.cells, "sent", "opened") == {"2026-09-01": (1, 1), "2026-09-02": (1, 1)}
    assert [note for note in found.notes if "no campaign" in note]


def test_messages_of_no_campaign_are_no_automation_however_long_they_were_sent() -> None:
    """A mail server's log knows deliveries and no campaigns."""
    rows = [event("delivered", day * DAY, f"m{day}", campaign=None) for day in range(9)]
    found = table(*rows, END)
    assert len(found.cells) == 9
    assert found.notes == ("9 messages name no campaign: those of one UTC day count as a campaign.",)


@pytest.mark.parametrize(
    ("begins", "later"),
    [(("queued", "delivered"), "opened"), (("sent",), "clicked"), (("sent", "delivered"), "complained")]
    + [(("delivered",), later) for later in ("opened", "complained")],
)
def test_messages_of_which_only_later_events_are_there_were_sent_before_they_begin(
    begins: tuple[str, ...], later: str
) -> None:
    """An export of a month has of the month before what was opened since, all of it opened."""
    rows = [event(kind, HOUR, f"m{number}") for number in range(8) for kind in begins]
    old = [event(later, HOUR, f"old{number}", campaign="old") for number in range(3)]
    mixed = [event(later, HOUR, "old3")]

    found = table(*rows, *old, *mixed, END)

    assert counts(found.cells, "sent") == {"a": (8,)}
    assert [text for text in found.notes if text.startswith("4 messages were sent before the events begin")]


def test_a_late_bounce_of_a_message_that_was_sent_before_is_none_of_this_time() -> None:
    found = table(*letter("a", 0 * DAY), event("bounced", HOUR, "old", **REFUSED), END)
    assert counts(found.cells, "sent", "bounced") == {"a": (2, 0)}


def test_where_no_send_is_named_messages_are_those_with_an_outcome() -> None:
    rows = [
        event(kind, HOUR, f"m{n}", **more) for n, (kind, more) in enumerate([("delivered", {}), ("bounced", REFUSED)])
    ]
    assert counts(table(*rows, END).cells, "sent") == {"a": (2,)}
    opens = [event("opened", HOUR, f"m{number}") for number in range(3)]
    assert counts(table(*opens, END, name="opens").cells, "sent") == {"a": (3,)}


def test_a_note_of_one_is_in_the_singular() -> None:
    found = table(
        event("sent", 0 * DAY, campaign=None),
        event("opened", 30 * DAY, campaign=None),
        event("opened", HOUR, "old", campaign=None),
        END,
    )
    assert found.notes == (
        "1 message names no campaign: those of one UTC day count as a campaign.",
        "1 message was sent before the events begin, as far as they tell, and is left out.",
        "1 event came later after the send than all messages were followed, and does not count.",
    )


def test_campaigns_beyond_the_largest_count_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MAX_CAMPAIGNS", 2)
    rows = [row for number in range(4) for row in letter(f"c{number}", 0 * DAY, messages=5 - number)]
    found = table(*rows, END)
    assert counts(found.cells, "sent") == {"2026-09-01": (5,), "c0": (5,), "c1": (4,)}
    assert [note for note in found.notes if "Beyond the 2 largest, 2 campaigns" in note]


def test_more_rows_than_can_be_held_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MAX_CELLS", 2)
    rows = [row for number in range(3) for row in letter(f"c{number}", 0 * DAY)]
    with pytest.raises(NotACount, match="more than 2 combinations"):
        table(*rows, END)


# the horizon ---------------------------------------------------------------------------------------------------------


def _opened(campaign: str, sent: timedelta, opened: timedelta) -> Iterator[Row]:
    yield from letter(campaign, sent, messages=1)
    yield event("opened", sent + opened, f"{campaign}-0", campaign=campaign, machine=False)


def test_what_comes_later_than_the_last_campaign_was_followed_counts_on_no_side() -> None:
    before = [row for n, at in enumerate((20, 100)) for row in _opened(f"b{n}", n * WEEK, at * HOUR)]
    after = [*_opened("a0", 0 * DAY, 20 * HOUR), *_opened("a1", 2 * DAY, 60 * HOUR), event("click", 4 * DAY, "x")]
    paths = [[put("b.ndjson", lines([*before, END]))], [put("a.ndjson", lines(after[:-1]))]]
    one, other = read_tables(paths[0], paths[1], Asked(now=NOW))
    assert other is not None
    assert one.horizon == other.horizon == 60
    assert counts(one.cells, "sent", "opened") == {"b0": (1, 1), "b1": (1, 0)}
    assert counts(other.cells, "sent", "opened") == {"a0": (1, 1), "a1": (1, 1)}
    assert [note for note in one.notes if note.startswith("1 event came later")]
    assert table(*before, END).horizon == campaigns.HORIZON


@pytest.mark.parametrize(("kind", "more"), [("bounced", REFUSED), ("complained", {}), ("clicked", {}), ("opened", {})])
def test_every_kind_of_event_is_cut_at_the_horizon(kind: str, more: Row) -> None:
    rows = [*letter("a", 0 * DAY, messages=1), event(kind, 7 * DAY + HOUR, "a-0", **more)]
    cut, whole = table(*rows, END), table(*rows[:-1], event(kind, 7 * DAY, "a-0", **more), END)
    wanted = {"bounced": "delivered" if kind == "bounced" else kind}.get(kind, kind)
    assert counts(cut.cells, kind, "delivered") == {"a": (0, 1)}
    assert counts(whole.cells, kind) == {"a": (1,)}
    assert counts(whole.cells, wanted) != counts(cut.cells, wanted)
    assert [cell.auth_rejected for cell in cut.cells] == [{}]
    assert [cell.auth_rejected for cell in whole.cells] == [{"5.7.26": 1} if kind == "bounced" else {}]


def test_what_a_late_event_names_holds_though_it_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    late = event("opened", 8 * DAY, "m", "ben@gmail.com", campaign="b", segment="new")
    rows = [*letter("a", 0 * DAY, messages=5), event("sent", 0 * DAY, "m", "ben@gmail.com", campaign=None), late, END]
    cells = table(*rows, by=("segment",)).cells
    assert [(cell.campaign, cell.segment, cell.sent, cell.opened) for cell in cells] == [
        ("a", "", 5, 0),
        ("b", "new", 1, 0),
    ]
    monkeypatch.setattr(campaigns, "MAX_CAMPAIGNS", 1)
    assert counts(table(*rows).cells, "sent") == {"2026-09-01": (1,), "a": (5,)}


def test_a_machine_open_stays_one_where_the_person_came_after_the_horizon() -> None:
    opens = [event("opened", at, "a-0", machine=machine) for at, machine in ((HOUR, True), (8 * DAY, False))]
    assert counts(table(*letter("a", 0 * DAY), *opens, END).cells, "opened", "opened_machine") == {"a": (1, 1)}


def test_campaigns_of_the_last_day_are_left_out_and_cut_no_other_short() -> None:
    rows = [row for n, at in enumerate((0, 5, 9.5)) for row in letter(f"c{n}", at * DAY)]
    found = table(*rows, event("opened", 10 * DAY, "c0-0", campaign="c0"))
    assert set(counts(found.cells, "sent")) == {"c0", "c1"}
    assert found.too_young == ("c2",)
    assert found.horizon == 120
    assert [note for note in found.notes if note.startswith("1 campaign was not followed")]


def test_of_many_campaigns_the_last_few_may_be_left_out_for_the_others_to_be_followed_longer() -> None:
    rows = [row for day in range(60) for row in letter(f"c{day:02}", day * DAY)]
    found = table(*rows, event("opened", 61 * DAY, "c00-0", campaign="c00"))
    assert found.horizon == 120  # three of sixty are younger than five days
    assert found.too_young == ("c57", "c58", "c59")


def test_where_no_campaign_was_followed_for_a_day_nothing_counts() -> None:
    found = table(*letter("a", 0 * DAY), event("opened", 23 * HOUR, "a-0"))
    assert (found.cells, found.horizon, found.too_young) == ((), None, ("a",))


def test_the_stragglers_that_could_not_be_followed_are_left_out() -> None:
    rows = [*letter("a", 0 * DAY, messages=200), *letter("a", 2 * DAY, messages=1, to="late@gmail.com")]
    found = table(*rows, event("opened", 4 * DAY, "a-3"))
    assert found.horizon == 96
    assert counts(found.cells, "sent") == {"a": (200,)}
    assert [note for note in found.notes if note.startswith("1 message was sent too late")]


# what the table says of itself -------------------------------------------------------------------------------------


def test_only_what_events_tell_of_is_a_column() -> None:
    rows = letter("a", 0 * DAY)
    assert table(*rows, END).columns == {"provider", "sent", "delivered", "bounced"}
    flagged = event("opened", HOUR, "a-0", machine=False)
    assert table(*rows, flagged, END).columns >= {"opened", "opened_machine", "opened_unknown"}
    unflagged = event("opened", HOUR, "a-0")
    assert "opened_machine" not in table(*rows, unflagged, END).columns
    assert counts(table(*rows, unflagged, END).cells, "opened", "opened_unknown") == {"a": (1, 1)}


def test_recipients_are_told_apart_by_what_is_asked_for() -> None:
    rows = [*letter("a", 0 * DAY, stream="marketing"), *letter("b", DAY, segment="new", country="de"), END]
    assert {cell.stream + cell.segment + cell.country for cell in table(*rows).cells} == {""}
    found = table(*rows, by=("stream", "segment", "country", "arm", "domain"))
    named = {(cell.campaign, cell.stream, cell.segment, cell.country) for cell in found.cells}
    assert named == {("a", "marketing", "", ""), ("b", "", "new", "DE")}
    assert found.columns & {"stream", "segment", "country", "arm", "domain"} == {"stream", "segment", "country"}


def test_a_column_that_is_none_is_named() -> None:
    with pytest.raises(NotACount, match="'colour'"):
        table(END, by=("colour",))


def test_refusals_for_authentication_count_by_code_once_for_each_message() -> None:
    spam: Row = {"smtp_code": 554, "enhanced_code": "5.7.1", "reply_text": "554 5.7.1 spam content"}
    later: Row = {"smtp_code": 421, "enhanced_code": "4.7.26", "reply_text": "421 4.7.26 unauthenticated mail"}
    rows = [event("sent", 0 * DAY, f"m{number}") for number in range(5)]
    rows += [event("bounced", HOUR, "m0", **REFUSED), event("bounced", HOUR, "m1", **REFUSED)]
    rows += [event("deferred", HOUR / 2, "m1", **later), event("deferred", HOUR, "m2", **later)]
    rows += [event("bounced", HOUR, "m3", **spam)]
    (cell,) = table(*rows, END).cells
    assert cell.auth_rejected == {"5.7.26": 2, "4.7.26": 1}


def test_days_of_flags_are_those_of_each_provider() -> None:
    rows = letter("a", 0 * DAY, messages=3) + letter("b", WEEK, to="ben@icloud.com", messages=1)
    rows += [
        event("opened", 2 * DAY, "a-0"),
        event("opened", 3 * DAY, "a-1", machine=True),
        event("opened", DAY, "a-2"),
    ]
    rows += [event("opened", WEEK + DAY, "b-0", to="ben@icloud.com", campaign="b")]
    assert table(*rows, END).flagged == {
        "apple": ("", "", "2026-09-09", "2026-09-09"),
        "gmail": ("2026-09-04", "2026-09-04", "2026-09-02", "2026-09-04"),
    }


def test_only_days_that_were_asked_for_count_and_are_followed_to_the_end_all_the_same() -> None:
    rows = [row for n in range(4) for row in _opened(f"c{n}", n * WEEK, 60 * HOUR)]
    found = table(*rows, END, since=date(2026, 9, 8), until=date(2026, 9, 15))
    assert counts(found.cells, "sent", "opened") == {"c1": (1, 1), "c2": (1, 1)}
    assert found.window == ("2026-09-08", "2026-09-17")


def test_no_address_is_in_a_table() -> None:
    rows = letter("for anna@gmail.com", 0 * DAY, segment="eva@firm.example")
    found = repr(table(*rows, event("opened", 20 * HOUR, "x", campaign="to ben@gmail.com"), by=("segment",)))
    assert "gmail.com" in found
    for name in ("anna@", "eva@", "ben@"):
        assert name not in found


def test_the_order_of_events_changes_nothing(tmp_path: Path) -> None:
    rows = [row for n in range(3) for row in _opened(f"c{n}", n * WEEK, 70 * HOUR)]
    assert table(*rows, END) == table(END, *reversed(rows))


def test_bad_rows_and_duplicates_are_those_of_each_side() -> None:
    good = lines([*letter("a", 0 * DAY), END])
    paths = [[put("b.ndjson", good + b"{broken\n")], [put("a.ndjson", good), put("again.ndjson", good)]]
    troubles = Troubles()
    one, other = read_tables(paths[0], paths[1], Asked(now=NOW), troubles)
    assert other is not None
    assert [(side.rows, side.bad, side.duplicates) for side in (one, other)] == [(6, 1, 0), (10, 0, 5)]
    assert troubles.by_reason == {"not-json": 1}


@pytest.mark.parametrize("rows", [[], [END], [event("rejected", 0 * DAY), END], [*letter("a", 59.5 * DAY), END]])
def test_where_there_is_no_mail_there_is_an_empty_table(rows: list[Row]) -> None:
    assert table(*rows).cells == ()


def test_what_was_not_sent_is_in_no_cell() -> None:
    found = table(*letter("a", 0 * DAY), event("rejected", DAY, "m", to="ben@hotmail.com", campaign="b"), END)
    assert [(cell.campaign, cell.provider) for cell in found.cells] == [("a", "gmail")]


def test_where_no_recipient_has_a_domain_no_provider_is_known() -> None:
    found = table(*letter("a", 0 * DAY, to="x"), {**END, "recipient": "y"})
    assert [(cell.provider, cell.sent) for cell in found.cells] == [("other", 2)]
    assert "provider" not in found.columns
