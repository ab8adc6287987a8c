"""Counts by campaign that were counted elsewhere: rows of CSV, JSON Lines or Parquet, into the table of a comparison.

One row for each campaign and mailbox provider (and whatever else tells recipients apart):

    campaign,date,provider,sent,delivered,opened,opened_machine,clicked
    letter-1,2026-08-04,gmail,31250,25000,4000,250,310
    letter-1,2026-08-04,apple,6250,5625,2250,1687,40
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING

from deliverability.campaign_fields import BadRow, names_of, to_cell
from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell, Table
from deliverability.fastclass import dataclass
from deliverability.rates import NotACount

if TYPE_CHECKING:
    from deliverability.intake.streams import Part
    from deliverability.intake.trouble import Troubles

MAX_ROWS = 1_000_000
"""Rows of all files together; a gigabyte of memory. Our own bound: three years of daily campaigns at 40 providers and
in 20 countries."""

SPLIT = (
    "1 campaign was sent over more than 3 days: each of its UTC days counts as a campaign of its own.",
    "{n:,} campaigns were sent over more than 3 days: each of their UTC days counts as a campaign of its own.",
)
"""Of one, and of several."""
ASTRIDE = (
    "1 campaign was sent before and after a change: each of its UTC days counts as a campaign of its own.",
    "{n:,} campaigns were sent before and after a change: each of their UTC days counts as a campaign of its own.",
)
OUTSIDE = (
    "1 row lies outside the days that were asked for, or has no date.",
    "{n:,} rows lie outside the days that were asked for, or have no date.",
)

HELP = """Campaign rows are CSV, JSON Lines or Parquet with one row for each campaign and mailbox provider:

  campaign,date,provider,sent,delivered,opened,opened_machine,clicked
  letter-1,2026-08-04,gmail,31250,25000,4000,250,310
  letter-1,2026-08-04,apple,6250,5625,2250,1687,40

campaign        its name; without the column each date is a campaign
date            UTC day of the send, ISO 8601 only: 2026-08-04
provider        of the mailboxes: an id (gmail), a name (Outlook.com) or a domain (hotmail.com)
sent            messages; the one count that has to be there
delivered opened clicked complained bounced
                of these, each message once
opened_machine  opened by a machine alone; opened_unknown: opened, and no flag says by whom
auth_rejected   refused for authentication, by enhanced code: 5.7.26=452 5.7.515=340
stream segment arm country domain
                what else tells recipients apart; domain is the sender's
"""
"""What the help of a command says of them."""


@dataclass(frozen=True, slots=True)
class _File:
    """What one file has: names among COLUMNS and COUNTS, and whether it names campaigns."""

    columns: frozenset[str]
    named: bool


def read_rows(
    paths: Sequence[str],
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    since: date | None = None,
    until: date | None = None,
    changes: Sequence[date] = (),
) -> Table:
    """Read the campaign rows of files and folders, plain or compressed.

    - troubles: told of every row that could not be used, with its file, line and reason. progress: of octets as they
      are read. since, until: days of the send, both inclusive; rows without a date are left out where one is given.
    - changes: days that no campaign may lie across, so that all of it lies on one side.

    A second row with the same campaign, date, provider, stream, segment, arm, country and domain is refused
    (`duplicate-row`): it is the same again, or differs in what is not known here, which has to be summed up first.
    Raises NotACount (more than MAX_ROWS), MissingPath, EngineMissing and EngineFailed (Parquet).
    """
    from deliverability.intake.paths import expand  # noqa: PLC0415 - not at start-up
    from deliverability.intake.streams import open_stream  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Refused, Troubles  # noqa: PLC0415 - as above

    rows = _Rows(troubles or Troubles(), since, until, changes)
    for path in expand(paths):
        try:
            for part in open_stream(path):
                try:
                    rows.read(part)
                except Refused as refused:
                    rows.troubles.refuse(part.name, refused)
                progress(part.octets)
        except Refused as refused:
            rows.troubles.refuse(path, refused)
    return rows.table()


class _Rows:
    """The rows that were read so far."""

    def __init__(
        self, troubles: Troubles, since: date | None, until: date | None, changes: Sequence[date] = ()
    ) -> None:
        self.troubles = troubles
        self._bad_before = troubles.count
        self._since, self._until, self._changes = since, until, changes
        self._files: list[_File] = []
        self._cells: dict[tuple[object, ...], Cell] = {}
        self._read = 0
        self._left_out = 0

    def read(self, part: Part) -> None:
        """The rows of one stream. Raises Refused, and NotACount where it is too many."""
        from deliverability.campaign_files import opened_rows  # noqa: PLC0415 - loads what reads events
        from deliverability.events.reading.values import Broken  # noqa: PLC0415 - as above
        from deliverability.intake.trouble import Bad  # noqa: PLC0415 - as above

        with opened_rows(part.stream) as (heads, rows):
            names = names_of(heads)
            if names:
                columns = frozenset(names) & {*COLUMNS, *COUNTS}
                self._files.append(_File(columns, named="campaign" in names))
            for row in rows:
                self._read += 1
                if self._read > MAX_ROWS:
                    raise NotACount(f"more than {MAX_ROWS:,} campaign rows: sum them up by fewer columns")
                try:
                    if isinstance(row, Broken):
                        raise BadRow(row.reason)
                    self._add(row.fields, names)
                except BadRow as bad:
                    self.troubles.add(Bad(file=part.name, line=row.line, reason=bad.reason, detail=bad.detail))

    def _add(self, fields: Mapping[str, object], names: Mapping[str, str]) -> None:
        cell = to_cell({name: fields.get(key) for name, key in names.items()}, self.troubles.clean)
        if self._is_outside(cell.day):
            self._left_out += 1
            return
        key = _key(cell)
        if key in self._cells:
            raise BadRow("duplicate-row", "sum up rows that differ only in columns that are not known here")
        self._cells[key] = cell

    def _is_outside(self, day: date | None) -> bool:
        if self._since is None and self._until is None:
            return False
        return day is None or day < (self._since or day) or day > (self._until or day)

    def table(self) -> Table:
        """All of them."""
        cells, split, astride = units(self._cells.values(), self._changes)
        days = [cell.day.isoformat() for cell in self._cells.values() if cell.day is not None]
        columns, aside = self._columns()
        if any(cell.opened_unknown for cell in cells):
            columns |= {"opened_unknown"}  # a row may leave the machine's empty
        return Table(
            cells=cells,
            columns=columns,
            kind="campaign rows",
            window=(min(days, default=""), max(days, default="")),
            undated=len({cell.campaign for cell in cells if cell.day is None}),
            flagged=_flagged(self._cells.values(), columns),
            rows=self._read,
            bad=self.troubles.count - self._bad_before,
            notes=tuple(self._notes(split, astride, aside)),
        )

    def _columns(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """The columns of every file, and those of only some."""
        if not self._files:
            return frozenset(), ()
        some = frozenset(name for file in self._files for name in file.columns)
        every = frozenset(name for name in some if all(name in file.columns for file in self._files))
        return every, tuple(sorted(some - every))

    def _notes(self, split: int, astride: int, aside: Sequence[str]) -> Iterable[str]:
        if any(not file.named for file in self._files):
            yield "Rows name no campaign: each date counts as one campaign."
        if split:
            yield note(split, SPLIT)
        if astride:
            yield note(astride, ASTRIDE)
        if aside:
            yield f"Not every file has the columns {', '.join(aside)}: they are left aside."
        if self._left_out:
            yield note(self._left_out, OUTSIDE)


def note(number: int, texts: tuple[str, str]) -> str:
    """The sentence for one, or the one for several with their number."""
    return texts[0] if number == 1 else texts[1].format(n=number)


_key = attrgetter("campaign", "day", *COLUMNS)
_names = attrgetter("campaign", *COLUMNS)


def units(cells: Iterable[Cell], changes: Sequence[date] = ()) -> tuple[tuple[Cell, ...], int, int]:
    """Cells of campaigns that are units, in order, and how many were split: as they are long, as a change met them.

    A campaign that was sent over more than three days, or before and after a change, is split by day; else it has the
    day of its first send.
    """
    from deliverability.events.campaigns import MAX_SPAN, day_unit  # noqa: PLC0415 - not at start-up

    cells = tuple(cells)
    days: dict[str, set[date]] = {}
    for cell in cells:
        if cell.day is not None:
            days.setdefault(cell.campaign, set()).add(cell.day)
    long = {name for name, found in days.items() if max(found) - min(found) > MAX_SPAN}
    if all(len(found) == 1 for found in days.values()):
        return tuple(sorted(cells, key=_order)), 0, 0
    astride = {n for n, found in days.items() if any(min(found) < day <= max(found) for day in changes)} - long
    merged: dict[tuple[object, ...], Cell] = {}
    for cell in cells:
        if cell.day is not None and (cell.campaign in long or cell.campaign in astride):
            unit = replace(cell, campaign=day_unit(cell.campaign, cell.day))
        elif len(days.get(cell.campaign, ())) > 1 and cell.day is not None:
            unit = replace(cell, day=min(days[cell.campaign]))
        else:
            unit = cell
        key = _key(unit)
        merged[key] = _sum(merged[key], unit) if key in merged else unit
    return tuple(sorted(merged.values(), key=_order)), len(long), len(astride)


def _order(cell: Cell) -> tuple[date, tuple[str, ...]]:
    return cell.day or date.min, _names(cell)


def _sum(one: Cell, other: Cell) -> Cell:
    codes = {*one.auth_rejected, *other.auth_rejected}
    rejected = {code: one.auth_rejected.get(code, 0) + other.auth_rejected.get(code, 0) for code in sorted(codes)}
    return replace(one, auth_rejected=rejected, **{name: getattr(one, name) + getattr(other, name) for name in COUNTS})


def _flagged(cells: Iterable[Cell], columns: frozenset[str]) -> dict[str, tuple[str, str, str, str]]:
    """By provider, between which days opens carry a flag, and between which there are any.

    Where rows do not count the opens without a flag, only an open by a machine shows that there was one.
    """
    if "opened_machine" not in columns:
        return {}
    days: dict[str, tuple[list[str], list[str]]] = {}
    for cell in cells:
        if cell.day is not None and cell.opened:
            flagged, opened = days.setdefault(cell.provider, ([], []))
            opened.append(cell.day.isoformat())
            if cell.opened_machine or ("opened_unknown" in columns and cell.opened > cell.opened_unknown):
                flagged.append(opened[-1])
    return {
        provider: (min(flagged, default=""), max(flagged, default=""), min(opened), max(opened))
        for provider, (flagged, opened) in sorted(days.items())
    }
