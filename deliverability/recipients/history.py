"""What became of these people before: a sender's events, by person, without an address.

Each person is a 64-bit number made with a key: that of the store where the events were kept, since nothing else of the
address is there, and a random one of this run for events that come straight from a file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.events.counting import fold
from deliverability.events.counting.staging import BITS, GOOD
from deliverability.events.counting.table import EventTable, Staged
from deliverability.events.engine import Engine, EngineFailed
from deliverability.events.rates import fold_messages, provider_key, window
from deliverability.events.reading.canonical import quoted
from deliverability.events.reasons import Reason
from deliverability.events.schema import Type
from deliverability.events.source import Source
from deliverability.events.sources.kept import KEPT
from deliverability.events.store.files import MARK, NotAStore, check_mark, key_of
from deliverability.fastclass import dataclass
from deliverability.privacy import DIGITS
from deliverability.recipients.ledger import Ledger

if TYPE_CHECKING:
    from deliverability.events.reading.load import Loader
    from deliverability.events.reading.request import Table

GONE, COMPLAINED, UNSUBSCRIBED = 1, 2, 4
"""What a person's number is kept with; nothing of it: there was mail, and none of these."""
STAGED = ("domain", "segment")
"""What is staged of each event; the place of the segment holds the person."""
NO_MAILBOX = (Reason.UNKNOWN_USER, Reason.BAD_DOMAIN)
"""Reasons by which an address never was, or is no longer."""


class Identities:
    """Makes the numbers of persons. `store` is a store's key, None where no store was given."""

    def __init__(self, store: bytes | None, salt: bytes | None = None) -> None:
        self._store = store
        self._salt = salt or os.urandom(16)
        self.kept = self.raw = False

    def of(self, address: str) -> Iterator[int]:
        """The numbers of an address (lower case), for each kind of events that there was."""
        octets = address.encode("utf-8", "surrogatepass")
        if self.kept and self._store is not None:
            yield int.from_bytes(hmac.digest(self._store, octets, "sha256")[: DIGITS // 2])
        if self.raw:
            yield int.from_bytes(hashlib.sha256(self._salt.hex().encode() + octets).digest()[: DIGITS // 2])

    def in_sql(self, source: Source) -> str:
        """The number of a canonical row's recipient as hexadecimal text, or null; remembers which kind there was."""
        if source is KEPT:
            if self._store is None:
                raise NotAStore("events that deliv keeps, without their key: name the store itself, or set DELIV_KEY")
            self.kept = True
            return f"nullif(left(recipient, {DIGITS}), '')"
        self.raw = True
        return f"left(sha256({quoted(self._salt.hex())} || recipient), {DIGITS})"


class PeopleTable(EventTable):
    """The table of events with the person in the place of the segment, and no other trace of the address."""

    def __init__(self, engine: Engine, identities: Identities) -> None:
        super().__init__(engine, STAGED, people=False)
        self._identities = identities

    def insert(self, canonical: str, source: Source) -> Staged:
        """As `EventTable.insert`."""
        person = self._identities.in_sql(source)
        return super().insert(f"SELECT * REPLACE ({person} AS segment) FROM ({canonical})", source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The events, by person: `people` holds their numbers with what became of them, `strata` what became of mail.

    strata: (mailbox provider, whether it was the first to each person) → (came back since nobody is there, sent).
    """

    start: str
    end: str
    people: Ledger
    strata: Mapping[tuple[str, bool], tuple[int, int]]


def store_of(paths: Sequence[str]) -> Path | None:
    """The store that is named in `paths`; None where none is."""
    found = (path for path in map(Path, paths) if path.exists())
    # an absolute path without following links: a link's name is the key's
    stores = (path for path in found if path.suffix == ".duckdb" or (path / MARK).exists())
    return next((Path(os.path.abspath(path)) for path in stores), None)  # noqa: PTH100


def key_for(store: Path | None, given: bytes | None) -> bytes | None:
    """The key of the store's pseudonyms: the user's, else its own. Raises NotAStore where that is missing."""
    return given if store is None else key_of(store, given, new=False)


def past_of(
    engine: Engine,
    load: Callable[[Table], Loader],
    sources: Mapping[str, Source],
    until: datetime,
    identities: Identities,
) -> Past:
    """Read events by `load`, and fold them by person. Raises NotAStore, and as `load` does.

    - until: nothing that happened later is counted.
    """
    load(PeopleTable(engine, identities))
    engine.run("DELETE FROM event WHERE ts > ?", [until.replace(tzinfo=None)])
    fold_messages(engine, STAGED, sources)
    start, end = window(engine)
    return Past(start=start or "", end=end or "", people=_people(engine), strata=_strata(engine))


def check_key(engine: Engine, store: Path, key: bytes) -> None:
    """Raises NotAStore where the store was made with another key: nobody in it would be known."""
    import duckdb  # noqa: PLC0415 - loaded with the engine

    if store.is_dir():
        return check_mark(store, key, str(json.loads((store / MARK).read_text(encoding="utf-8")).get("key")))
    try:
        engine.run(f"ATTACH {quoted(str(store))} AS held (READ_ONLY)")
        try:
            found = str(engine.run("SELECT key FROM held.deliv_store")[0][0])
        finally:
            engine.run("DETACH held")
    except (duckdb.Error, EngineFailed):
        return None  # no store, or one that another run writes to: reading it says so
    return check_mark(store, key, found)


_HARD = "(v.persistence = 'hard')"
_PEOPLE = f"""WITH said AS (SELECT segment AS person,
        max(ts) FILTER ((mask & {BITS[Type.SUBSCRIBED]}) <> 0) AS back,
        max(ts) FILTER ((mask & {BITS[Type.COMPLAINED]}) <> 0) AS complained,
        max(ts) FILTER ((mask & {BITS[Type.UNSUBSCRIBED]}) <> 0) AS left_at
        FROM event WHERE state = {GOOD} AND segment IS NOT NULL GROUP BY segment),
    mail AS (SELECT n.name AS person, bool_or({fold.HAPPENED["sent"]}) AS sent,
        max(m.sent_at) FILTER ({_HARD}) AS gone, max(m.sent_at) FILTER ({fold.HAPPENED["delivered"]}) AS arrived
        FROM message m JOIN name_segment n ON n.key = m.segment LEFT JOIN bounce USING (message)
        LEFT JOIN verdict v USING (reply) GROUP BY n.name)
    SELECT person, CASE WHEN gone > greatest(coalesce(arrived, '-infinity'), coalesce(back, '-infinity'))
            THEN {GONE} ELSE 0 END
        + CASE WHEN complained > coalesce(back, '-infinity') THEN {COMPLAINED} ELSE 0 END
        + CASE WHEN left_at > coalesce(back, '-infinity') THEN {UNSUBSCRIBED} ELSE 0 END
    FROM said LEFT JOIN mail USING (person) WHERE mail.sent OR complained IS NOT NULL OR left_at IS NOT NULL"""
BATCH = 100_000
"""Persons that are taken out of the engine at a time."""


def _people(engine: Engine) -> Ledger:
    people = Ledger()
    found = engine.connection.execute(_PEOPLE)
    while batch := found.fetchmany(BATCH):
        for person, what in batch:
            people.add(int(person, 16), int(what))
    return people


def _strata(engine: Engine) -> dict[tuple[str, bool], tuple[int, int]]:
    """First messages and later ones, each by provider; what went to somebody known to be gone is in neither."""
    order = "PARTITION BY m.segment ORDER BY m.sent_at, m.message"
    reasons = ", ".join(quoted(reason.value) for reason in NO_MAILBOX)
    query = f"""WITH one AS (SELECT {provider_key()} AS provider, coalesce(v.reason IN ({reasons}), false) AS none,
            row_number() OVER ({order}) AS nth,
            bool_or({_HARD}) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was_gone
        FROM {fold.JOINED} WHERE ({fold.HAPPENED["sent"]}) AND m.segment IS NOT NULL)
        SELECT provider, nth = 1, count(*) FILTER (none), count(*) FROM one
        WHERE nth = 1 OR NOT coalesce(was_gone, false) GROUP BY ALL"""
    return {(str(p), bool(first)): (int(bounced), int(sent)) for p, first, bounced, sent in engine.run(query)}
