"""Which messages stand on which side: before, after, between the two, and those of the control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell, Table
from deliverability.compare.figures import counted, listed, percent
from deliverability.compare.result import Question
from deliverability.fastclass import dataclass

WASHOUT_DAYS = 14
"""Days after a change that belong to neither side where nobody says how many: DNS caches empty within two days, and a
reputation follows within one to two weeks. design/compare.md §1, T11."""
MIN_CAMPAIGNS = 4
"""Campaigns a side below which no claim is made of campaigns: of 3 and 3, the least two-sided p of a permutation is
0.1; of 4 and 4 it is 0.029."""
UNNAMED = ("", "unknown")
MAX_UNNAMED = 0.05
"""A provider that nobody names, and the share of a side's mail of which that may be so, as of unreadable rows."""
LOOKED_UP = ("provider", "stream", "domain", "segment", "country")
"""Where the value of a control is looked for that comes without its column, in this order."""
OUTSIDE = "The change of {day} lies outside the data, which reach from {start} to {end}."
SWAPPED = "The first set was sent after the change of {day}, and the second before it: they are swapped."
BACKWARDS = "The first set was sent after the second: it begins on {start}, and the second ends on {end}."
FIRST_ARMS = ("control", "old", "before", "a", "false", "0")
"""Names of an arm that is the one without the fix."""


class NotAComparison(ValueError):
    """What was asked for cannot be asked of these data; the message says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The cells of every part. `columns` are those that both sides have; `refused` is why nothing may be said.

    - control: what the control was found to be, `provider=yahoo`; empty without one. names: of the sides.
    - misplaced: campaigns of two given sets that lie on the wrong side of the first change.
    - overlap: the days (first, last) on which both of two given sets have campaigns.
    - early: of two arms, the cells of the time before the change, when nothing told them apart.
    """

    before: tuple[Cell, ...] = ()
    after: tuple[Cell, ...] = ()
    washout: tuple[Cell, ...] = ()
    control_before: tuple[Cell, ...] = ()
    control_after: tuple[Cell, ...] = ()
    columns: frozenset[str] = frozenset()
    control: str = ""
    names: tuple[str, str] = ("before", "after")
    misplaced: int = 0
    overlap: tuple[str, str] | None = None
    early: tuple[tuple[Cell, ...], tuple[Cell, ...]] = ((), ())
    refused: str = ""
    notes: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether both sides have all these columns."""
        return self.columns.issuperset(names)

    @property
    def series(self) -> tuple[Cell, ...]:
        """The target's cells of the whole time."""
        return (*self.before, *self.washout, *self.after)


def cut(before: Table, after: Table | None, question: Question) -> Cut:
    """The sides that `question` asks for.

    Raises:
        NotAComparison: A date, a column or a value in the question that cannot be: nothing that other data would mend.
    """
    days = change_days(question)
    sides = {"arms": _arms, "change": _at_change, "two_sets": _two_sets}[question.mode](before, after, question, days)
    if question.control:
        sides = _apart(sides, question.control)
    return sides if sides.refused else _named(replace(sides, refused=_nothing(sides)))


def _named(sides: Cut) -> Cut:
    """Without the column of providers where too much of a side names none: it would be one provider among others."""
    for cells, name in ((sides.before, sides.names[0]), (sides.after, sides.names[1])):
        unnamed = sum(cell.sent for cell in cells if cell.provider in UNNAMED)
        sent = sum(cell.sent for cell in cells)
        if sides.has("provider") and unnamed > MAX_UNNAMED * sent:
            share = f"{unnamed:,} of {sent:,} messages on the side {name!r} name no mailbox provider"
            note = f"{share} ({percent(unnamed / sent)}), so providers are not told apart."
            return replace(sides, columns=sides.columns - {"provider"}, notes=(*sides.notes, note))
    return sides


def change_days(question: Question) -> list[date]:
    """The days of the changes, in order. Raises NotAComparison."""
    return sorted(iso_day(change.date) for change in question.changes)


def iso_day(text: str) -> date:
    """An ISO day. Raises NotAComparison."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAComparison(f"not a date like 2026-11-01: {text[:40]!r}") from None


def campaigns_of(cells: Iterable[Cell], count: str = "sent") -> int:
    """How many campaigns have any of that count."""
    return len({(cell.campaign, cell.day) for cell in cells if getattr(cell, count)})


def _at_change(before: Table, after: Table | None, question: Question, days: list[date]) -> Cut:
    cells = (*before.cells, *(after.cells if after else ()))
    if not days:
        raise NotAComparison("one set of data needs a date to be cut at: --change DATE")
    dated = [cell for cell in cells if cell.day is not None]
    notes = _undated(len({cell.campaign for cell in cells if cell.day is None}))
    columns = before.columns if after is None else before.columns & after.columns
    if outside := _outside(cells, (), days):
        return Cut(columns=columns, refused=outside, notes=notes)
    back = days[-1] + timedelta(question.washout_days)
    return Cut(
        before=tuple(c for c in dated if _day(c) < days[0]),
        washout=tuple(c for c in dated if days[0] <= _day(c) < back),
        after=tuple(c for c in dated if _day(c) >= back),
        columns=columns,
        notes=notes,
    )


def _undated(number: int) -> tuple[str, ...]:
    if not number:
        return ()
    are = "has" if number == 1 else "have"
    return (f"{counted(number, 'campaign')} {are} no date and stand on no side.",)


def _two_sets(before: Table, after: Table | None, question: Question, days: list[date]) -> Cut:
    if after is None:
        raise NotAComparison("a comparison needs two sets of data, or one and --change DATE")
    columns = before.columns & after.columns
    if days and (outside := _outside(before.cells, after.cells, days)):
        return Cut(columns=columns, refused=outside)
    if days and _swapped(before.cells, after.cells, days[0]):
        return Cut(columns=columns, refused=SWAPPED.format(day=days[0]))
    if same := _on_both(before.cells, after.cells):
        text = f"Both sides hold {counted(len(same), 'campaign')} ({listed(same)}): the sets are not two"
        return Cut(columns=columns, refused=text)
    washed = [c for c in after.cells if days and _within(c, days[0], days[-1] + timedelta(question.washout_days))]
    kept = set(map(id, washed))
    wrong = [c for c in before.cells if days and c.day is not None and c.day >= days[0]]
    wrong += [c for c in after.cells if days and c.day is not None and c.day < days[0]]
    return Cut(
        before=before.cells,
        after=tuple(c for c in after.cells if id(c) not in kept),
        washout=tuple(washed),
        columns=columns,
        misplaced=campaigns_of(wrong),
        overlap=_overlap(before.cells, after.cells),
        notes=(*_unequal(before, after), *_backwards(before.cells, after.cells)),
    )


def _swapped(before: Sequence[Cell], after: Sequence[Cell], day: date) -> bool:
    """Whether no campaign of two dated sets lies on its own side of the change."""
    first, second = ([c.day for c in cells if c.day] for cells in (before, after))
    return bool(first and second) and min(first) >= day > max(second)


def _backwards(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[str, ...]:
    """That the set which was given first is the later one: whoever meant it, a reader has to know."""
    first, second = ([c.day for c in cells if c.day] for cells in (before, after))
    if not first or not second or min(first) <= max(second):
        return ()
    return (BACKWARDS.format(start=min(first), end=max(second)),)


def _unequal(before: Table, after: Table) -> tuple[str, ...]:
    """What only one of the sets has, which is then left out."""
    found: list[str] = []
    for table, name in ((before, "first"), (after, "second")):
        other = after if table is before else before
        if only := [column for column in (*COLUMNS, *COUNTS) if column in table.columns - other.columns]:
            found.append(f"Only the {name} set has {', '.join(only)}: it is compared in nothing.")
    if before.kind != after.kind:
        found.append(f"The first set is {before.kind}, the second {after.kind}: they may count differently.")
    return tuple(found)


def _on_both(before: Sequence[Cell], after: Sequence[Cell]) -> list[str]:
    """Campaigns that are in both sets: of the same name and day; undated ones where all their counts are equal too."""
    ours = {_key(cell) for cell in before if cell.sent}
    return sorted({cell.campaign for cell in after if cell.sent and _key(cell) in ours})


def _key(cell: Cell) -> tuple[object, ...]:
    if cell.day is not None:
        return cell.campaign, cell.day
    return tuple(getattr(cell, name) for name in ("campaign", *COLUMNS, *COUNTS))


def _overlap(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[str, str] | None:
    first = [c.day for c in before if c.day]
    second = [c.day for c in after if c.day]
    if not first or not second:
        return None
    start, end = max(min(first), min(second)), min(max(first), max(second))
    return (start.isoformat(), end.isoformat()) if start <= end else None


def _outside(before: Sequence[Cell], after: Sequence[Cell], days: Sequence[date]) -> str:
    """Why these changes cannot be what lies between the sides; empty where they can."""
    known = sorted(c.day for c in (*before, *after) if c.day)
    if not before and not after:
        return "There are no campaigns to compare."
    if not known:
        return "No campaign has a date, so nothing lies before or after a change."
    wrong = [d for d in days if not known[0] < d <= known[-1]]
    if not wrong:
        return ""
    return OUTSIDE.format(day=wrong[0], start=known[0], end=known[-1])


def _arms(before: Table, after: Table | None, question: Question, days: list[date]) -> Cut:
    name = question.arms
    if name not in COLUMNS:
        raise NotAComparison(f"no such column for --arms: {name[:40]!r} (one of {', '.join(COLUMNS)})")
    cells = (*before.cells, *(after.cells if after else ()))
    columns = before.columns if after is None else before.columns & after.columns
    values = sorted({getattr(cell, name) for cell in cells if cell.sent} - {""})
    if len(values) != 2:
        held = f"has {listed(values, 5)}" if values else "is empty"
        return Cut(columns=columns, refused=f"Two arms are compared, and the column {name} {held}.")
    first = next((value for word in FIRST_ARMS for value in values if value.lower() == word), values[0])
    names = first, next(value for value in values if value != first)
    if days and (late := _too_late(cells, days[-1])):
        return Cut(columns=columns, names=names, refused=late)
    early = [cell for cell in cells if days and cell.day is not None and cell.day < days[0]]
    within = [cell for cell in cells if not days or (cell.day is not None and cell.day >= days[-1])]
    sides = [tuple(tuple(c for c in part if getattr(c, name) == arm) for arm in names) for part in (within, early)]
    return Cut(
        before=sides[0][0],
        after=sides[0][1],
        early=(sides[1][0], sides[1][1]),
        columns=columns,
        names=names,
        notes=tuple(_about_arms(cells, question, names, early)),
    )


def _too_late(cells: Sequence[Cell], day: date) -> str:
    """Why arms cannot be compared from the change on; empty where they can."""
    known = [cell.day for cell in cells if cell.day is not None]
    if not known:
        return "No campaign has a date, so nothing lies before or after a change."
    return "" if day <= max(known) else OUTSIDE.format(day=day, start=min(known), end=max(known))


def _about_arms(
    cells: Sequence[Cell], question: Question, names: tuple[str, str], early: Sequence[Cell]
) -> Iterable[str]:
    """Which arm stands on which side, and what stands in neither."""
    unnamed = "" if names[0].lower() in FIRST_ARMS else ": no name says which one is without the fix"
    yield f"Before is the arm {names[0]}, after the arm {names[1]}{unnamed}."
    if nowhere := sum(cell.sent for cell in cells if not getattr(cell, question.arms)):
        yield f"{counted(nowhere, 'message')} of no arm are left out."
    if question.changes:
        yield from _undated(len({cell.campaign for cell in cells if cell.day is None}))
    if many := campaigns_of(early):
        yield f"Sent before the change, only to show whether the arms were alike: {counted(many, 'campaign')}."


def control_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The column (empty where none is named) and the values of a control. Raises NotAComparison."""
    column, equals, rest = text.partition("=")
    values = tuple(value.strip() for value in (rest if equals else text).split(",") if value.strip())
    if equals and column.strip() not in COLUMNS:
        raise NotAComparison(f"no such column for --control: {column[:40]!r} (one of {', '.join(COLUMNS)})")
    if not values:
        raise NotAComparison("--control names no value (COLUMN=VALUE, or VALUE)")
    return column.strip() if equals else "", values


def _apart(sides: Cut, text: str) -> Cut:
    """The control's cells taken out of the target."""
    column, values = control_of(text)
    cells = (*sides.before, *sides.after)
    found = [name for name in ((column,) if column else LOOKED_UP) if {getattr(c, name) for c in cells} & set(values)]
    if not found and not sides.refused:
        raise NotAComparison(f"--control {text[:60]!r}: no campaign has it{_instead(cells, column)}")
    if not found:
        return sides
    name = found[0]
    if absent := [value for value in values if value not in {getattr(c, name) for c in cells}]:
        # what is left out of the control by a slip of the pen would stand in the target, and hide what moved
        raise NotAComparison(f"--control {text[:60]!r}: no campaign has {listed(absent)[:60]!r}{_instead(cells, name)}")

    def parts(cells: Sequence[Cell]) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        control = tuple(c for c in cells if getattr(c, name) in values)
        return tuple(c for c in cells if getattr(c, name) not in values), control

    (before, control_before), (after, control_after) = parts(sides.before), parts(sides.after)
    if not before and not after:
        raise NotAComparison(f"--control {text[:60]!r}: all of the mail has it, and nothing is left to compare")
    return replace(
        sides,
        before=before,
        after=after,
        washout=parts(sides.washout)[0],
        early=(parts(sides.early[0])[0], parts(sides.early[1])[0]),
        control_before=control_before,
        control_after=control_after,
        control=f"{name}={','.join(values)}",
    )


def _instead(cells: Sequence[Cell], column: str) -> str:
    """What a control may be, where its column is known: the names in the data are not always those of a report."""
    known = sorted({getattr(c, column) for c in cells} - {""}) if column else []
    return f" ({column} is {listed(known, 8)[:300]})" if known else ""


def _nothing(sides: Cut) -> str:
    """Why there is nothing to compare; empty where there is something."""
    for cells, name in ((sides.before, sides.names[0]), (sides.after, sides.names[1])):
        if not sum(cell.sent for cell in cells):
            between = " All of it was sent within the days that are left out after the change." if sides.washout else ""
            what = "Nothing was sent" if not cells else "No message counts as sent"
            return f"{what} on the side {name!r}.{between if name == sides.names[1] and not cells else ''}"
    return ""


def _day(cell: Cell) -> date:
    assert cell.day is not None  # noqa: S101 - callers have left out the others
    return cell.day


def _within(cell: Cell, start: date, end: date) -> bool:
    return cell.day is not None and start <= cell.day < end
