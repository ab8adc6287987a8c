"""The table of staged events: rows go in, and what is no event comes out again with the place where it stood."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from deliverability.events.counting import staging
from deliverability.events.engine import Engine
from deliverability.events.reading.canonical import EVENT_TYPE, quoted
from deliverability.events.reading.macros import MACROS
from deliverability.events.source import Source
from deliverability.events.sources import SOURCES
from deliverability.events.sources.kept import KEPT
from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Bad, Troubles

AHEAD = timedelta(days=2)
"""How far ahead of the clock an event may be: no time zone is further off. Our own bound, 2026-11."""

# DuckDB 2.0.0 takes "type IS NULL OR …" apart through every branch of a source's CASE: 15 s of planning for three rows.
IS_BAD = "CASE WHEN type IS NULL THEN true ELSE ts IS NULL AND type <> 'ignored' END"
"""When a canonical row is no event: it names no type, or no time."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of some raw rows: `good`, `ignored` (no event of a message, such as a ping) and `bad`."""

    good: int
    ignored: int
    bad: int


class EventTable:
    """The table `event` of an engine."""

    def __init__(self, engine: Engine, dimensions: tuple[str, ...], *, people: bool) -> None:
        self._engine = engine
        self._dimensions = dimensions
        self._people = people
        prepare(engine)
        engine.run(staging.create(dimensions, people=people))

    def insert(self, canonical: str, source: Source) -> Staged:
        """Stage the rows of a query over the canonical columns; the bad ones do not stay."""
        before = self._states()
        query = staging.staged(
            canonical,
            self._dimensions,
            people=self._people,
            queued_is_sent=_queued_is_sent(source),
            ids_repeat=bool(source.explode),
        )
        self._engine.run(f"INSERT INTO event {query}")
        new = self._states() - before
        bad = new[staging.NO_TYPE] + new[staging.NO_TIME]
        if bad:
            self._engine.run(f"DELETE FROM event WHERE state IN ({staging.NO_TYPE}, {staging.NO_TIME})")
        return Staged(good=new[staging.GOOD], ignored=new[staging.IGNORED_STATE], bad=bad)

    def begin(self) -> None:
        """What is inserted from now on may have to be undone."""
        self._engine.run("BEGIN")

    def commit(self) -> None:
        """It stays."""
        self._engine.run("COMMIT")

    def rollback(self) -> None:
        """It goes again."""
        self._engine.run("ROLLBACK")

    def _states(self) -> Counter[int]:
        return Counter(dict(self._engine.run("SELECT state, count(*) FROM event WHERE part = 1 GROUP BY state")))

    def bad_rows(self, canonical: str) -> list[tuple[str, int, str]]:
        """File, line and reason of each row of such a query that is no event."""
        return reasons_of(self._engine, canonical)

    def leave_out_the_future(self, now: datetime, troubles: Troubles) -> None:
        """Events ahead of the clock are bad, unless they are most: then it is the clock that is wrong, or the zone."""
        limit = [now.replace(tzinfo=None) + AHEAD]
        query = f"SELECT count(*) FILTER (ts > ?), count(*) FROM event WHERE state = {staging.GOOD}"
        ahead, good = self._engine.run(query, limit)[0]
        if ahead and ahead * 2 < good:
            self._engine.run(
                f"UPDATE event SET state = {staging.FUTURE} WHERE state = {staging.GOOD} AND ts > ?", limit
            )
            for _ in range(ahead):
                troubles.add(Bad(file="(events)", reason=staging.REASONS[staging.FUTURE]))


def _queued_is_sent(source: Source) -> str:
    if source is not KEPT:
        return str(source.queued_is_sent).lower()
    names = (quoted(one.name) for one in SOURCES.values() if one.queued_is_sent)
    return f"provider IN ({', '.join(names)})"


def prepare(engine: Engine) -> None:
    """Define what queries over a source's rows are written in."""
    for statement in (*MACROS, EVENT_TYPE):
        engine.run(statement)


def reasons_of(engine: Engine, canonical: str) -> list[tuple[str, int, str]]:
    """File, line and reason of each row of such a query that is no event."""
    why = f"CASE WHEN type IS NULL THEN {staging.NO_TYPE} ELSE {staging.NO_TIME} END"
    query = f"SELECT DISTINCT source_file, source_line, {why} FROM ({canonical}) WHERE {IS_BAD} ORDER BY ALL"
    return [(file, line, staging.REASONS[state]) for file, line, state in engine.run(query)]
