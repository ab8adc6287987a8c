"""Events that a loader keeps in two tables: when and to whom in one row, what was said in another with the same id.

Both halves are held until everything is read, and then stand as one row wherever rows go.
"""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.events.counting.table import Staged, reasons_of
from deliverability.events.engine import Engine
from deliverability.events.reading.canonical import quoted
from deliverability.events.schema import COLUMNS, IGNORED
from deliverability.events.source import Source

ALONE = "event-not-in-files"
"""Why a row is bad that has an id in place of a time, and no row with a time has that id."""

_OF_A_ROW = {"provider", "event_id", "source_file", "source_line"}
_LENT = ", ".join(f"any_value({name}) AS {name}" for name in (*COLUMNS, "word") if name not in _OF_A_ROW)
_JOINED = ", ".join(
    f"event.{name}" if name in _OF_A_ROW else f"coalesce(event.{name}, half.{name}) AS {name}"
    for name in (*COLUMNS, "word")
)


class Halves:
    """A place where rows go (`deliverability.events.reading.load.Table`), and come from again as events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sources: dict[str, Source] = {}

    def insert(self, canonical: str, source: Source) -> Staged:
        """Hold rows. `bad` are those with neither a time nor an id; the others are counted when they come out."""
        if not self._sources:
            self._engine.run(f"CREATE TABLE half AS SELECT * FROM ({canonical}) LIMIT 0")
        self._sources[source.name] = source
        self._engine.run(f"INSERT INTO half SELECT * FROM ({canonical}) WHERE ts IS NOT NULL OR event_id IS NOT NULL")
        bad = self._engine.run(f"SELECT count(*) FROM ({canonical}) WHERE ts IS NULL AND event_id IS NULL")[0][0]
        return Staged(good=0, ignored=0, bad=bad)

    def bad_rows(self, canonical: str) -> list[tuple[str, int, str]]:
        """File, line and reason of each row of such a query that is not held."""
        return reasons_of(self._engine, f"SELECT * FROM ({canonical}) WHERE ts IS NULL AND event_id IS NULL")

    def joined(self) -> Iterator[tuple[str, Source]]:
        """A query over the canonical columns for each source: the rows with a time, and what their halves lend them."""
        for name, source in self._sources.items():
            own = f"SELECT * FROM half WHERE provider = {quoted(name)}"
            lent = f"SELECT event_id, {_LENT} FROM ({own} AND ts IS NULL) GROUP BY event_id"
            rows = f"({own} AND ts IS NOT NULL) event LEFT JOIN ({lent}) half USING (event_id)"
            yield f"SELECT {_JOINED}, event.part FROM {rows}", source

    def lent(self) -> tuple[int, int, list[tuple[str, int]]]:
        """Halves that were joined; those alone that are of no event of a message; file and line of the others alone."""
        if not self._sources:
            return 0, 0, []
        query = f"""SELECT known, coalesce(type = '{IGNORED}', false) AS ignored, source_file, source_line FROM (
            SELECT *, (provider, event_id) IN (SELECT (provider, event_id) FROM half WHERE ts IS NOT NULL) AS known
            FROM half WHERE ts IS NULL) ORDER BY ALL"""
        rows = self._engine.run(query)
        alone = [(file, line) for known, ignored, file, line in rows if not known and not ignored]
        joined = sum(known for known, *_ in rows)
        return joined, len(rows) - joined - len(alone), alone
