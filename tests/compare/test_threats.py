"""T1 to T14: each is found where it is there, ruled out where the data can, and named where nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from deliverability.compare.campaigns import COLUMNS, Cell, Table
from deliverability.compare.judge import compare as judged
from deliverability.compare.result import Comparison, Day, Question
from support.campaigns import CHANGED, SHOP, UNMOVED, Row, Sender, halves, marketing, steady
from support.resampling import few_rounds

CHANGE = Question(mode="change", changes=(Day(date=CHANGED.isoformat()),), washout_days=14)
UNDATED = Question(mode="two_sets")
COUNTED = frozenset({"provider", "sent", "delivered", "opened", "opened_machine", "clicked", "bounced"})
PLANNED = replace(CHANGE, plan="a" * 64, plan_made="2026-05-31", plan_campaigns=12)
CONTROLLED = replace(CHANGE, control="stream=transactional")
ARMS = Question(mode="arms", arms="arm")
IDS = [f"T{number}" for number in range(1, 15)]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    few_rounds(monkeypatch)


def table(rows: Sequence[Row], *without: str) -> Table:
    cells = tuple(
        Cell(**{name: value for name, value in row.items() if name != "date"}, day=date.fromisoformat(row["date"]))
        for row in rows
    )
    names = COUNTED | {name for name in COLUMNS if any(getattr(cell, name) for cell in cells)}
    return Table(cells=cells, columns=names - {*without}, kind="campaign rows", rows=len(cells))


def remade(rows: Sequence[Row], **counts: Callable[[Row, int], int]) -> list[Row]:
    """The rows with some counts made anew from the row and its side (0 before, 1 after)."""
    found: list[Row] = []
    for row in rows:
        side = int(row["date"] >= CHANGED.isoformat())
        found.append({**row, **{name: make(row, side) for name, make in counts.items()}})
    return found


def said(rows: Sequence[Row], question: Question = CHANGE, *without: str) -> dict[str, tuple[str, str]]:
    """Threat → its status and note. Most are looked for in the same few senders: each is judged once."""
    key = repr((rows, question, without))
    if key not in SAID:
        SAID[key] = of(judged(table(rows, *without), None, question))
    return SAID[key]


SAID: dict[str, dict[str, tuple[str, str]]] = {}


def of(found: Comparison) -> dict[str, tuple[str, str]]:
    assert [one.id for one in found.threats] == IDS
    assert all(one.title and one.note.endswith(".") and "\n" not in one.note for one in found.threats)
    return {one.id: (one.status, one.note) for one in found.threats}


def shop(**changes: Any) -> list[Row]:
    return replace(Sender(before=12, after=12), **changes).rows()


STEADY = shop(providers=UNMOVED)
SHIFTED = {name: replace(one, share=(one.share[0], one.share[0])) for name, one in SHOP.items()}
FETCHED = {
    name: replace(one, machine=(one.machine[0], one.machine[0] + 0.04) if name == "gmail" else (one.machine[0],) * 2)
    for name, one in UNMOVED.items()
}
GROWING = {name: replace(one, delivered=(0.7, 0.97)) for name, one in SHOP.items()}


def bad_month() -> list[Row]:
    """The last three of twelve campaigns before the change delivered much less than those before."""
    names = sorted({row["campaign"] for row in shop()})[9:12]
    return [
        {**row, "delivered": row["delivered"] * 7 // 10, "opened": row["opened"] * 7 // 10, "opened_machine": 0}
        if row["campaign"] in names
        else row
        for row in STEADY
    ]


def trending() -> list[Row]:
    """Delivery jumps in the time before as it does at the change."""
    rows = marketing(providers=UNMOVED)
    early = (CHANGED - timedelta(60)).isoformat()
    return [{**row, "delivered": row["delivered"] * (9 if row["date"] < early else 10) // 10} for row in rows]


def bigger() -> list[Row]:
    return remade(
        STEADY,
        **{
            name: lambda row, side, name=name: row[name] * (2 if side else 1)
            for name in ("sent", "delivered", "opened", "opened_machine", "clicked", "bounced")
        },
    )


EVENT = replace(CHANGE, concurrent=(Day(date="2026-06-02", label="new design"),))
OLD_EVENT = replace(CHANGE, concurrent=(Day(date="2020-06-02", label="new design"),))
TWO_FIXES = replace(CHANGE, changes=(*CHANGE.changes, Day(date="2026-06-03")))


def stream(providers: Any, name: str = "") -> list[Row]:
    stream = name or ("marketing" if providers is SHOP else "transactional")
    return Sender(providers, names=f"x-{stream}", extra=(("stream", stream),)).rows()


def undated() -> dict[str, tuple[str, str]]:
    before, after = (
        replace(one, cells=tuple(replace(cell, day=None) for cell in one.cells))
        for one in (table(Sender(after=0).rows()), table(Sender(before=0).rows()))
    )
    return of(judged(before, after, UNDATED))


CASES: dict[str, tuple[str, str, Callable[[], dict[str, tuple[str, str]]], str]] = {
    "campaigns differ": ("T1", "excluded", lambda: said(shop(noise=0.05)), "times as much as chance lets them"),
    "too few campaigns": ("T1", "not_excluded", lambda: said(shop(before=3)), "fewer than 4 campaigns"),
    "machines": ("T2", "detected", lambda: said(shop()), "points are theirs"),
    "machines as ever": ("T2", "excluded", lambda: said(STEADY), "Machines made"),
    "no flag": ("T2", "not_excluded", lambda: said(shop(), CHANGE, "opened_machine"), "do not say"),
    "hardly an open": ("T2", "not_excluded", lambda: said(shop(size=20)), "fewer than 100 opens"),
    "every open a machine's": (
        "T2",
        "detected",
        lambda: said(remade(shop(), opened_machine=lambda row, _: row["opened"])),
        "nothing is known of people",
    ),
    "gmail fetches": ("T3", "detected", lambda: said(shop(providers=FETCHED)), "At Gmail machines made"),
    "gmail as ever": ("T3", "excluded", lambda: said(STEADY), "At Gmail machines made"),
    "no gmail": (
        "T3",
        "excluded",
        lambda: said([row for row in shop() if row["provider"] != "gmail"]),
        "No mail went to Gmail",
    ),
    "gmail without a flag": (
        "T3",
        "not_excluded",
        lambda: said(
            remade(shop(), opened_machine=lambda row, _: row["opened_machine"] * (row["provider"] != "gmail"))
        ),
        "No open at Gmail is flagged",
    ),
    "clicks": ("T4", "not_excluded", lambda: said(shop()), "no claim rests on clicks"),
    "no clicks": ("T4", "excluded", lambda: said(shop(), CHANGE, "clicked"), "not in the data"),
    "another mix": ("T5", "detected", lambda: said(shop()), "differ by 7.0 % in all"),
    "the same mix": ("T5", "excluded", lambda: said(shop(providers=SHIFTED)), "differ by 0.0 % in all"),
    "no provider": ("T5", "not_excluded", lambda: said(shop(), CHANGE, "provider"), "do not name the mailbox"),
    "twice as much": ("T6", "detected", lambda: said(bigger()), "(+100 %): the list may be another one"),
    "a third": (
        "T6",
        "detected",
        lambda: said([*shop(size=15_000, after=0), *shop(before=0)]),
        "from 15,000 to 5,000 (-67 %)",
    ),
    "as much": ("T6", "excluded", lambda: said(shop()), "from 5,000 to 5,000 (+0 %)"),
    "of sent": ("T7", "excluded", lambda: said(shop()), "of what was sent"),
    "a jump at other dates": ("T8", "detected", lambda: said(trending()), "placebo dates before the change"),
    "a series": ("T8", "excluded", lambda: said(marketing()), "placebo dates is as large"),
    "a control in time": (
        "T8",
        "excluded",
        lambda: said(
            [row for sender in (SHOP, UNMOVED) for row in stream(sender)],
            CONTROLLED,
        ),
        "did not move",
    ),
    "arms in time": ("T8", "excluded", lambda: said(halves(), ARMS), "same time"),
    "few placebo dates": ("T8", "not_excluded", lambda: said(shop()), "placebo date"),
    "a short series": ("T8", "not_excluded", lambda: said(shop(before=6)), "Without a series"),
    "a bad month": ("T9", "detected", lambda: said(bad_month()), "The last 3 campaigns before the change were worse"),
    "a good month": (
        "T9",
        "excluded",
        lambda: said(
            [
                {**row, "delivered": row["sent"]}
                if row["campaign"] in {"letter-009", "letter-010", "letter-011"}
                else row
                for row in shop()
            ]
        ),
        "the last of them were like the others",
    ),
    "a long baseline": ("T9", "excluded", lambda: said(marketing()), "36 campaigns in 106 days"),
    "a short baseline": ("T9", "not_excluded", lambda: said(shop(before=6)), "6 dated campaigns"),
    "a baseline of days": ("T9", "not_excluded", lambda: said(shop(every=1)), "12 days only"),
    "no dates": ("T9", "not_excluded", undated, "0 dated campaigns"),
    "something else": ("T10", "detected", lambda: said(shop(), EVENT), "2026-06-02 new design"),
    "something else, long ago": ("T10", "not_excluded", lambda: said(shop(), OLD_EVENT), "No other event"),
    "two fixes": ("T10", "detected", lambda: said(shop(), TWO_FIXES), "cannot be told apart"),
    "nothing else that anybody named": ("T10", "not_excluded", lambda: said(shop()), "No other event"),
    "a control stood still": (
        "T10",
        "excluded",
        lambda: said(marketing() + steady(), replace(CONTROLLED, concurrent=EVENT.concurrent)),
        "Named: 2026-06-02 new design",
    ),
    "a control moved": (
        "T10",
        "detected",
        lambda: said([*stream(SHOP), *stream(SHOP, "transactional")], CONTROLLED),
        "The control moved too",
    ),
    "arms met the same": ("T10", "excluded", lambda: said(halves(), ARMS), "met both arms"),
    "a washout": ("T11", "excluded", lambda: said(marketing()), "14 days after the change stand on no side"),
    "no washout": ("T11", "not_excluded", lambda: said(shop(), replace(CHANGE, washout_days=0)), "No days were left"),
    "no date": ("T11", "not_excluded", undated, "Without the date"),
    "another date": (
        "T11",
        "detected",
        lambda: said(marketing(), replace(CHANGE, changes=(Day(date="2026-04-10"),), washout_days=3)),
        "breaks on 2026-06",
    ),
    "on the wrong side": (
        "T11",
        "detected",
        lambda: of(judged(table(shop()[:60]), table(shop()[60:]), replace(CHANGE, mode="two_sets"))),
        "wrong side of the change",
    ),
    "a plan": ("T12", "excluded", lambda: said(shop(), PLANNED), "A plan (aaaaaaaaaaaa)"),
    "a plan of the first day": (
        "T12",
        "excluded",
        lambda: said(shop(), replace(PLANNED, plan_made=(CHANGED + timedelta(15)).isoformat())),
        "beforehand",
    ),
    "a plan that came later": (
        "T12",
        "not_excluded",
        lambda: said(shop(), replace(PLANNED, plan_made=(CHANGED + timedelta(16)).isoformat())),
        "was made on 2026-06-17, when campaigns that it is about were there since 2026-06-16.",
    ),
    "a plan for arms that had begun": (
        "T12",
        "not_excluded",
        lambda: said(halves(), replace(ARMS, plan="a" * 64, plan_made=(CHANGED + timedelta(1)).isoformat())),
        "were there since 2026-06-01.",
    ),
    "before the plan's end": (
        "T12",
        "not_excluded",
        lambda: said(shop(), replace(PLANNED, plan_campaigns=13)),
        "waits for 13 campaigns a side, and this comparison has 12 and 12.",
    ),
    "a plan of no day": ("T12", "not_excluded", lambda: said(shop(), replace(PLANNED, plan_made="")), "Without dates"),
    "no plan": ("T12", "not_excluded", lambda: said(shop()), "deliv plan"),
    "tracking": (
        "T13",
        "detected",
        lambda: said(remade(shop(size=20_000), clicked=lambda row, side: row["opened"] // (4 if side else 12))),
        "counted in another way",
    ),
    "clicks that were not tracked before": (
        "T13",
        "detected",
        lambda: said(remade(shop(), clicked=lambda row, side: row["clicked"] * side)),
        "from 0.0 % to",
    ),
    "tracking, or chance": (
        "T13",
        "not_excluded",
        lambda: said(remade(shop(), clicked=_erratic)),
        "by no more than campaigns differ.",
    ),
    "tracking as ever": ("T13", "excluded", lambda: said(shop()), "Clicks for each open by people"),
    "opens of whoever": (
        "T13",
        "excluded",
        lambda: said(shop(), CHANGE, "opened_machine"),
        "Clicks for each open went from 9.7 % to 7.6 %.",
    ),
    "opens that were flagged later": (
        "T13",
        "not_excluded",
        lambda: said(remade(shop(), opened_machine=lambda row, side: row["opened_machine"] * side)),
        "Which opens people made is not known",
    ),
    "gmail flagged later": (
        "T3",
        "not_excluded",
        lambda: said(remade(shop(), opened_machine=lambda row, side: row["opened_machine"] * side)),
        "starts or ends within the data",
    ),
    "no clicks to tell by": ("T13", "not_excluded", lambda: said(shop(), CHANGE, "clicked"), "does not show"),
    "few opens": ("T13", "not_excluded", lambda: said(shop(size=20)), "Too few opens"),
    "sent counts other mail": (
        "T14",
        "detected",
        lambda: said(remade(shop(), bounced=lambda row, side: row["bounced"] if side else 0)),
        "'sent' may count other mail",
    ),
    "sent counts the same": ("T14", "excluded", lambda: said(shop()), "100.0 % of sent before and 100.0 % after"),
    "no bounces": ("T14", "not_excluded", lambda: said(shop(), CHANGE, "bounced"), "Without bounces"),
    "more opened than sent": (
        "T14",
        "detected",
        lambda: said(remade(shop(), opened=lambda row, side: row["sent"] * 2 if side else row["opened"])),
        "reached more than was sent",
    ),
}


def _erratic(row: Row, side: int) -> int:
    """Clicks of which one campaign before the change has very many."""
    clicked: int = row["clicked"]
    return clicked * (30 if row["campaign"] == "letter-003" else 1)


@pytest.mark.parametrize("case", CASES)
def test_a_threat_is_found_ruled_out_or_named(case: str) -> None:
    id_, status, make, words = CASES[case]
    found = make()[id_]

    assert found[0] == status, found
    assert words in found[1]


def test_every_threat_has_a_case_in_which_it_is_not_ruled_out_but_the_one_that_never_is_there() -> None:
    assert {id_ for id_, status, _, _ in CASES.values() if status != "excluded"} == {*IDS} - {"T7"}


def test_nothing_is_ruled_out_where_nothing_was_compared() -> None:
    found = of(judged(table(shop()), None, replace(CHANGE, changes=(Day(date="2030-01-01"),))))

    assert {status for status, _ in found.values()} == {"not_excluded"}
