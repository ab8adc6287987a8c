"""From what a person names (events, or rows that hold counts already) to the tables that a comparison is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from deliverability.campaign_rows import ASTRIDE, SPLIT, note, read_rows
from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell, Table
from deliverability.fastclass import dataclass
from deliverability.rates import Asked, NotACount, checked_columns, named_source, rates_and_facts

if TYPE_CHECKING:
    from deliverability.events.campaigns import Counted, Observed
    from deliverability.events.engine import Engine
    from deliverability.events.figures import RatesFacts
    from deliverability.intake.trouble import Troubles

MAX_LOOKED = 100
"""Files of one side that are looked at to tell what they hold; what is of another kind later on is refused by itself.
Our own bound."""

NAMELESS = (
    "1 message names no campaign: those of one UTC day count as a campaign.",
    "{n:,} messages name no campaign: those of one UTC day count as a campaign.",
)
HEADLESS = (
    "1 message was sent before the events begin, as far as they tell, and is left out.",
    "{n:,} messages were sent before the events begin, as far as they tell, and are left out.",
)
TOO_YOUNG = (
    "1 campaign was not followed for as long as the others, and is left out.",
    "{n:,} campaigns were not followed for as long as the others, and are left out.",
)
UNFOLLOWED = (
    "1 message was sent too late to be followed so long, and is left out.",
    "{n:,} messages were sent too late to be followed so long, and are left out.",
)
LATE = (
    "1 event came later after the send than all messages were followed, and does not count.",
    "{n:,} events came later after the send than all messages were followed, and do not count.",
)
"""Notes, of one and of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    """One side of events, read and folded."""

    engine: Engine
    observed: Observed
    by: tuple[str, ...]
    rows: int
    bad: int
    duplicates: int
    incomplete: str


def read_tables(
    before: Sequence[str],
    after: Sequence[str] | None = None,
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    by: Collection[str] = (),
    changes: Sequence[date] = (),
) -> tuple[Table, Table | None]:
    """The table of each side, all messages of both followed for the same time after their send; one without `after`.

    - before, after: files, folders, patterns, `-` for standard input: events of any source that `deliv rates` reads, or
      campaign rows (`deliverability.campaign_rows`). The sides may differ in kind, which is noted.
    - asked: how events are read and which days of the send are kept; its `by` is not looked at.
    - changes: days that no campaign may lie across: one that was still being sent is split by day.
    - by: names among `deliverability.compare.campaigns.COLUMNS` that recipients are told apart by, beside `provider`.
      Events have no `arm` and no `domain` of the sender: their table lacks the column.

    Raises NotACount (an unknown column or source, no day, both kinds on one side, too many cells), MissingPath,
    EngineMissing and EngineFailed, each in a line.
    """
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - not at start-up

    asked = asked or Asked()
    troubles = troubles or Troubles()
    columns = checked_columns(tuple(by), COLUMNS)
    if asked.since and asked.until and asked.since > asked.until:
        raise NotACount(f"no day is both from {asked.since} on and until {asked.until}")
    sides = [before] if after is None else [before, after]
    with ExitStack() as engines:
        read = [
            read_rows(paths, troubles, progress, since=asked.since, until=asked.until, changes=changes)
            if hold_campaigns(paths, asked)
            else _read_events(paths, asked, troubles, progress, columns, changes, _engine(engines, len(sides)))
            for paths in sides
        ]
        hours = _horizon(read)
        tables = [one if isinstance(one, Table) else _counted(one, hours, troubles) for one in read]
    if len({table.kind for table in tables}) > 1:
        tables = [replace(table, notes=(*table.notes, *_unlike(table))) for table in tables]
    return tables[0], tables[1] if len(tables) > 1 else None


def read_table(
    paths: Sequence[str],
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    by: Collection[str] = (),
) -> Table:
    """One table. As `read_tables`."""
    return read_tables(paths, None, asked, troubles, progress, by=by)[0]


def hold_campaigns(paths: Sequence[str], asked: Asked) -> bool:
    """Whether the files hold campaign rows, and not events. Raises NotACount where they hold both, and MissingPath.

    Files of a source that the user named hold events, and so do those that a source is recognised in.
    """
    if asked.source not in {None, "auto"}:
        return False
    from deliverability.campaign_files import holds_rows  # noqa: PLC0415 - loads what reads events
    from deliverability.events.sources import SOURCES  # noqa: PLC0415 - as above
    from deliverability.intake.paths import expand  # noqa: PLC0415 - as above

    sources = {**SOURCES, **asked.sources}
    looked = (holds_rows(path, sources) for path in islice(expand(paths), MAX_LOOKED))
    kinds = {kind for kind in looked if kind is not None}
    if len(kinds) > 1:
        raise NotACount("events and campaign rows lie together: name the one or the other")
    return True in kinds


def _unlike(table: Table) -> Iterator[str]:
    if table.horizon is None:
        yield "The other side is events: for how long these campaigns were followed after their send is not known."
    else:
        yield f"The other side is campaign rows: only these events are cut off {table.horizon:g} hours after the send."


# events


def _engine(engines: ExitStack, sides: int) -> Engine:
    from deliverability.events.engine import MEMORY, open_engine  # noqa: PLC0415 - with DuckDB, 200 ms

    return engines.enter_context(open_engine(memory=MEMORY // sides))


def _read_events(
    paths: Sequence[str],
    asked: Asked,
    troubles: Troubles,
    progress: Callable[[int], None],
    columns: Collection[str],
    changes: Sequence[date],
    engine: Engine,
) -> _Events:
    """Read one side, and see how long it was followed."""
    from deliverability.events import campaigns, rates  # noqa: PLC0415 - with DuckDB, 200 ms
    from deliverability.events.counting.table import EventTable  # noqa: PLC0415 - as above
    from deliverability.events.reading.load import Loader  # noqa: PLC0415 - as above
    from deliverability.events.reading.request import Request  # noqa: PLC0415 - as above
    from deliverability.events.sources import SOURCES  # noqa: PLC0415 - as above

    by = tuple(name for name in campaigns.DIMENSIONS if name in columns)
    sources = {**SOURCES, **asked.sources}
    request = Request(now=asked.now, source=named_source(asked.source, sources), sources=sources, zone=asked.zone)
    staged, bad = campaigns.staged(by), troubles.count
    loader = Loader(engine, EventTable(engine, staged, people=False), request, troubles, progress)
    loader.load(paths)
    rates.fold_messages(engine, staged, sources, resolver=asked.resolver)
    rates.keep(engine, asked.since, asked.until)
    return _observed(engine, by, changes, loader.rows, troubles.count - bad)


def _observed(engine: Engine, by: tuple[str, ...], changes: Sequence[date], rows: int, bad: int) -> _Events:
    """The messages that were folded in the engine: their campaigns, and how long each was followed."""
    from deliverability.events import campaigns, rates  # noqa: PLC0415 - loaded by now

    duplicates = rates.duplicates(engine)
    return _Events(
        engine=engine,
        observed=campaigns.observe(engine, changes),
        by=by,
        rows=rows,
        bad=bad,
        duplicates=duplicates,
        incomplete=_incomplete(engine, rows),
    )


def rates_and_table(
    paths: Sequence[str],
    asked: Asked,
    troubles: Troubles,
    progress: Callable[[int], None],
    *,
    by: Collection[str],
    changes: Sequence[date],
) -> tuple[RatesFacts, dict[str, Any], Table]:
    """What an audit wants of events (`rates.rates_and_facts`), and the table of the same messages, read once.

    Raises as `read_tables`.
    """
    from deliverability.events import campaigns  # noqa: PLC0415 - with DuckDB, 200 ms

    found: list[Table] = []
    columns = checked_columns(tuple(by), COLUMNS)
    known = tuple(name for name in campaigns.DIMENSIONS if name in columns)

    def then(engine: Engine, rows: int, bad: int) -> None:
        read = _observed(engine, known, changes, rows, bad)
        found.append(_counted(read, _horizon([read]), troubles))

    facts, document = rates_and_facts(
        paths, asked, troubles=troubles, progress=progress, staged=campaigns.staged(known), then=then
    )
    return facts, document, found[0]


def _incomplete(engine: Engine, rows: int) -> str:
    """What the check `data-complete` finds grave, in one sentence; bad rows are the comparison's own to judge."""
    from deliverability.checks.engagement import data_complete  # noqa: PLC0415 - where there are events
    from deliverability.events import rates  # noqa: PLC0415 - loaded by now
    from deliverability.events.campaigns import completeness  # noqa: PLC0415 - as above
    from deliverability.events.figures import RatesFacts  # noqa: PLC0415 - as above
    from deliverability.findings import Outcome, Severity  # noqa: PLC0415 - as above

    facts = RatesFacts(rows=rows, unknown_words=rates.unknown_words(engine), completeness=completeness(engine))
    found = data_complete.judge({"rates": facts}, "")[0]
    return f"{found.title}." if found.outcome is Outcome.FAIL and found.severity.at_least(Severity.MEDIUM) else ""


def _horizon(read: Sequence[Table | _Events]) -> int | None:
    from deliverability.events.campaigns import horizon  # noqa: PLC0415 - loaded where there are events

    return horizon([one.observed for one in read if not isinstance(one, Table)])


def _counted(read: _Events, hours: int | None, troubles: Troubles) -> Table:
    """The table of one side."""
    from deliverability.events import campaigns, rates  # noqa: PLC0415 - loaded by now

    try:
        counted = campaigns.count(read.engine, hours, read.by)
    except campaigns.TooMany as error:
        raise NotACount(str(error)) from None
    start, end = rates.window(read.engine, cut=True)
    cells = (_cell(row, read.by, troubles) for row in counted.rows)
    return Table(
        cells=tuple(sorted(cells, key=_order)),
        columns=counted.had & {*COLUMNS, *COUNTS},
        kind="events",
        window=((start or "")[:10], (end or "")[:10]),
        horizon=hours,
        too_young=tuple(troubles.clean(name) for name in counted.too_young),
        flagged=counted.flagged,
        rows=read.rows,
        bad=read.bad,
        duplicates=read.duplicates,
        incomplete=read.incomplete,
        notes=tuple(_notes(read.observed, counted)),
    )


def _cell(row: Mapping[str, Any], by: Sequence[str], troubles: Troubles) -> Cell:
    names: dict[str, Any] = {name: troubles.clean(row[name]) for name in by}
    counts: dict[str, Any] = {name: row[name] for name in COUNTS}
    return Cell(
        campaign=troubles.clean(row["campaign"]),
        day=row["day"],
        provider=row["provider"],
        auth_rejected=row["refused"],
        **names,
        **counts,
    )


def _order(cell: Cell) -> tuple[str, ...]:
    return (str(cell.day or ""), cell.campaign, *(getattr(cell, name) for name in COLUMNS))


def _notes(observed: Observed, counted: Counted) -> Iterator[str]:
    from deliverability.events.campaigns import MAX_CAMPAIGNS  # noqa: PLC0415 - loaded by now

    if observed.split:
        yield note(observed.split, SPLIT)
    if observed.astride:
        yield note(observed.astride, ASTRIDE)
    if observed.nameless:
        yield note(observed.nameless, NAMELESS)
    if observed.headless:
        yield note(observed.headless, HEADLESS)
    if observed.folded:
        yield f"Beyond the {MAX_CAMPAIGNS:,} largest, {observed.folded:,} campaigns count by UTC day."
    if counted.too_young:
        yield note(len(counted.too_young), TOO_YOUNG)
    if counted.unfollowed:
        yield note(counted.unfollowed, UNFOLLOWED)
    if counted.late:
        yield note(counted.late, LATE)
