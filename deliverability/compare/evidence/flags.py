"""Whether opens say all the time, and everywhere, which of them a machine made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from deliverability.compare.campaigns import Cell, Table, by, total
from deliverability.compare.cut import MIN_CAMPAIGNS
from deliverability.compare.figures import listed

Flagged = Mapping[str, tuple[str, str, str, str]]
"""By provider, the first and the last day with an open that carries a flag, and of any open; as `Table.flagged`."""
MIN_OPENS = 1_000
"""Opens below which a flag that never changes says nothing: Apple's mail alone fetches about half of all images ahead
(Litmus, 2025-05), so that none of 1,000 cannot be chance."""
MIN_SENT = 1_000
"""Messages of which at least one is opened, be it by a machine: even at 0.5 % opens, none of 1,000 has a chance of
1 in 150. Ours."""
GRACE_DAYS = 7
"""Days by which the first flagged open may come after the first open: a week has its rhythm. Ours."""
STARTED_SHARE = 0.05
"""The share of opens by machines in every later campaign that makes none in all the earlier ones a flag that was not
there. Ours: a provider that begins to fetch images does so over months (Apple took from September 2021 to March 2022).
"""


def starting_midway(tables: Sequence[Table], cells: Sequence[Cell]) -> tuple[str, ...]:
    """Providers whose opens begin, or cease, to carry a machine flag within the series; ids, in order."""
    told: list[Flagged] = [table.flagged if _tells(table) else {} for table in tables]
    found = {name for flagged in told for name, days in flagged.items() if _is_late(*days)}
    found |= set(_on_one_side(told))
    found |= {name for name, its in by(cells, "provider").items() if _appears(its)}
    return tuple(sorted(found))


def _tells(table: Table) -> bool:
    """Whether an open without a flag can be told from one by a person: rows may count only what machines opened."""
    return table.kind == "events" or table.has("opened_unknown")


def _is_late(first: str, last: str, first_open: str, last_open: str) -> bool:
    """Whether opens without a flag come before the first, or after the last, that has one."""
    if not first or not first_open:
        return False
    return _days(first_open, first) > GRACE_DAYS or _days(last, last_open) > GRACE_DAYS


def _days(start: str, end: str) -> int:
    try:
        return (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days
    except ValueError:
        return 0


def _on_one_side(told: Sequence[Flagged]) -> Iterable[str]:
    """Providers with opens in two sets, flagged in one of them alone."""
    if len(told) != 2:
        return
    first, second = told
    for name in first.keys() & second.keys():
        (flag1, _, open1, _), (flag2, _, open2, _) = first[name], second[name]
        if open1 and open2 and bool(flag1) != bool(flag2):
            yield name


def _appears(cells: Sequence[Cell]) -> bool:
    """Whether one provider's campaigns all have no machine open up to a day, and all have many from there on.

    Enough of them that the least of the later shares would have made as many of the earlier opens a machine's as
    STARTED_SHARE makes of MIN_OPENS.
    """
    days = sorted({cell.day for cell in cells if cell.day and cell.opened > cell.opened_unknown})
    shares = [
        (sum(c.opened_machine for c in its), sum(c.opened - c.opened_unknown for c in its))
        for its in _each(cells, days)
    ]
    first = next((i for i, (machine, _) in enumerate(shares) if machine), len(shares))
    before, after = shares[:first], shares[first:]
    if min(len(before), len(after)) < MIN_CAMPAIGNS:
        return False
    least = min(machine / opened for machine, opened in after)
    expected = least * sum(opened for _, opened in before)
    return least >= STARTED_SHARE and expected >= STARTED_SHARE * MIN_OPENS


def _each(cells: Sequence[Cell], days: Sequence[date]) -> Iterable[list[Cell]]:
    found: dict[date, list[Cell]] = {day: [] for day in days}
    for cell in cells:
        if cell.day is not None and cell.day in found:
            found[cell.day].append(cell)
    return found.values()


def unusable(before: Sequence[Cell], after: Sequence[Cell]) -> str:
    """Why the flag cannot tell machines' opens from people's, in one sentence; empty where it can."""
    for cells, name in ((before, "before"), (after, "after")):
        opened, machine, unknown = (total(cells, count) for count in ("opened", "opened_machine", "opened_unknown"))
        if opened and machine == opened:
            return f"Every open {name} the change is flagged as a machine's, so nothing is known of people."
        if opened and unknown == opened:
            return f"No open {name} the change says whether a machine made it."
        if opened >= MIN_OPENS and not machine:
            return f"None of {opened:,} opens {name} the change is a machine's, which cannot be true of mail today."
    return ""


def uncounted(before: Sequence[Cell], after: Sequence[Cell]) -> str:
    """Why opens cannot have been counted on both sides, in one sentence; empty where they may have been."""
    for cells, name in ((before, "before"), (after, "after")):
        sent = total(cells, "sent")
        if sent >= MIN_SENT and not total(cells, "opened"):
            return f"None of {sent:,} messages {name} the change was opened, so opens were not counted."
    return ""


def said(providers: Sequence[str]) -> str:
    """The sentence for providers whose flag starts midway."""
    return f"The machine flag of opens starts or ends within the data ({listed(list(providers))})."
