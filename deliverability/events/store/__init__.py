"""Normalised events kept from run to run: in one DuckDB file, or in a folder of Parquet files.

Every event has a key made of what it is, so that reading the same events again adds nothing; every batch is written
whole or not at all, so that a run that is killed has lost nothing that a second run does not bring. Recipients are
pseudonyms (`deliverability.privacy`), and no other column holds an address, nor anything made of one without the key.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from deliverability.events.counting import staging
from deliverability.events.counting.mailboxes import list_voices
from deliverability.events.counting.table import IS_BAD, Staged, prepare, reasons_of
from deliverability.events.counting.verdicts import judge_replies
from deliverability.events.engine import Engine, EngineFailed
from deliverability.events.reading.canonical import quoted
from deliverability.events.schema import COLUMNS, IGNORED
from deliverability.events.source import Source
from deliverability.events.sources.kept import KEPT, KEY
from deliverability.events.store.files import VERSION, Folder, NotAStore, check_mark, check_version, key_of, mark_of
from deliverability.intake.trouble import Troubles

_BLOCK = 64
"""Octets of a block of SHA-256 (RFC 2104 §2)."""

_SIGN = r"(@|%40|＠|&#64;|\\u0040)"  # noqa: RUF001 - the full-width sign is one of its spellings
_ADDRESS = r"[^\s<>()\[\],;:]+" + _SIGN + r"(\[[^\]]*\]|[^\s<>()\[\],;:]*)"
"""An address in any spelling of its sign; more is taken for one than need be, since a VERP address holds another."""
_DOMAIN = "regexp_extract(recipient, '@([^@%\\s<>\"]+)$', 1)"
"""The domain of a recipient; nothing where what follows the sign may be an address itself."""
_PLAIN = {"provider", "type", "reason", "persistence", "recipient", "event_id", "message_id"}
_SCRUBBED = tuple(name for name, kind in COLUMNS.items() if kind == "VARCHAR" and name not in _PLAIN)
"""Columns of text from outside, in which a sender may have put somebody's address."""


class StoreTable:
    """A store as the place where rows go (`deliverability.events.reading.load.Table`)."""

    def __init__(self, engine: Engine, into: Path, key: bytes | None, sources: Mapping[str, Source]) -> None:
        """Open the store, or make it. Raises NotAStore, EngineFailed, OSError."""
        self._engine = engine
        self._sources = sources
        self._into = Path(os.path.abspath(into))  # noqa: PTH100 - a link stays one: its name is the key's
        self._folder: Folder | None = None
        self._opened = ExitStack()
        self.added = 0
        self.offered = 0
        self._before = 0
        prepare(engine)
        list_voices(engine)
        if not self._into.name:
            raise NotAStore(f"{into}: no place for a store")
        with ExitStack() as opened:
            own = self._open_file(key) if self._into.suffix == ".duckdb" else self._open_folder(key, opened)
            self._opened = opened.pop_all()
        self._pseudonym = _pseudonym(own)

    def _open_file(self, given: bytes | None) -> bytes:
        new = not self._into.exists()
        if new and not self._into.parent.is_dir():
            raise NotAStore(f"{self._into}: cannot be opened as a store (there is no such folder)")
        if not new:
            self._attach(self._into, "store")
            self._check()
        key = key_of(self._into, given, new=new)
        if new:
            self._make(key)
            self._attach(self._into, "store")
        check_mark(self._into, key, self._engine.run("SELECT key FROM store.deliv_store")[0][0])
        return key

    def _make(self, key: bytes) -> None:
        """An empty store, whole before it has its name: half a DuckDB file is none. Another run's is left as it is."""
        unfinished = self._into.with_name(f".{self._into.name}.{os.getpid()}.new")
        try:
            self._attach(unfinished, "made")
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            self._engine.run(f"CREATE TABLE made.deliv_event ({KEY} VARCHAR, {columns})")
            self._engine.run(f"CREATE TABLE made.deliv_store AS SELECT {VERSION} AS version, ? AS key", [mark_of(key)])
            self._engine.run("CHECKPOINT made")
            self._engine.run("DETACH made")
            with suppress(FileExistsError):
                self._into.hardlink_to(unfinished)
        finally:
            unfinished.unlink(missing_ok=True)

    def _attach(self, path: Path, name: str) -> None:
        import duckdb  # noqa: PLC0415 - loaded with the engine

        try:
            self._engine.run(f"ATTACH {quoted(str(path))} AS {name}")
        except (EngineFailed, duckdb.Error) as error:
            if "lock" in str(error):
                raise NotAStore(f"{self._into}: another run is writing to it; try again when it has ended") from None
            text = " ".join(str(error).split())[:200]
            raise NotAStore(f"{self._into}: cannot be opened as a store ({text})") from None

    def _check(self) -> None:
        import duckdb  # noqa: PLC0415 - loaded with the engine

        try:
            check_version(self._engine, "store")
        except NotAStore as error:
            raise NotAStore(f"{self._into}: {error}") from None
        except duckdb.Error:
            raise NotAStore(f"{self._into}: a DuckDB file that deliv did not make") from None

    def close(self) -> None:
        """Let others write to it."""
        self._opened.close()

    def _open_folder(self, given: bytes | None, opened: ExitStack) -> bytes:
        self._folder = Folder(self._into, opened)
        key = key_of(self._into, given, new=self._folder.found is None)
        if self._folder.found is None:
            self._folder.seal(key)
        else:
            check_mark(self._into, key, self._folder.found)
        link = self._engine.folder / "store"  # the engine takes * and [ in a path for a pattern
        link.symlink_to(self._into)
        self._engine.run(f"CREATE TABLE known ({KEY} VARCHAR)")
        if any(self._into.glob("*.parquet")):
            self._engine.run(f"INSERT INTO known SELECT {KEY} FROM read_parquet({quoted(str(link / '*.parquet'))})")
        return key

    def insert(self, canonical: str, source: Source) -> Staged:
        """Add the events that are not there yet."""
        self._engine.run(f"CREATE OR REPLACE TEMP TABLE batch AS {self._batch(canonical, source)}")
        counted = self._engine.run(
            f"""SELECT count(*) FILTER (type <> '{IGNORED}' AND ts IS NOT NULL), count(*) FILTER (type = '{IGNORED}'),
                count(*) FILTER ({IS_BAD}) FROM batch WHERE part = 1"""
        )[0]
        self.offered += self._engine.run(
            f"SELECT count(*) FROM batch WHERE type IS NOT NULL AND type <> '{IGNORED}' AND ts IS NOT NULL"
        )[0][0]
        judge_replies(self._engine, self._sources, "batch")
        self._add()
        return Staged(good=counted[0], ignored=counted[1], bad=counted[2])

    def _batch(self, canonical: str, source: Source) -> str:
        """The rows as they are kept, each with its key, with `reply`, and with `part`."""
        kept = source is KEPT  # pseudonyms and keys already
        clean = {name: f"regexp_replace({name}, '{_ADDRESS}', '<@>', 'g')" for name in _SCRUBBED}
        clean["tags"] = f"list_transform(tags, lambda tag: regexp_replace(tag, '{_ADDRESS}', '<@>', 'g'))"
        clean |= {"source_file": "CAST(NULL AS VARCHAR)", "source_line": "CAST(NULL AS BIGINT)"}
        if not kept:
            clean["recipient"] = f"rtrim({self._pseudonym.format('recipient')} || '@' || {_DOMAIN}, '@')"
            clean |= {name: self._id(name) for name in ("event_id", "message_id")}
        identity = ("provider", "event_id", "type", "recipient", "message_id")
        without = ("provider", "type", "recipient", "message_id", "ts", "url")
        key = "event_id" if kept else f"CASE WHEN event_id IS NULL THEN {_digest(without)} ELSE {_digest(identity)} END"
        said = f"concat_ws('{staging.SEPARATOR}', coalesce(voice.system, ''), {staging.REPLY})"
        reply = f"CASE WHEN type IN ('bounced', 'deferred') THEN {said} END"
        columns = ", ".join(f"{clean.get(name, name)} AS {name}" for name in COLUMNS)
        return f"""SELECT {key} AS {KEY}, {", ".join(COLUMNS)}, {reply} AS reply, part
            FROM (SELECT {columns}, part FROM ({canonical}))
            LEFT JOIN voice ON voice.domain = split_part(recipient, '@', -1)"""

    def _id(self, name: str) -> str:
        """An id, which some senders make of the recipient's address: then a pseudonym of it."""
        return f"CASE WHEN contains(lower({name}), recipient) THEN {self._pseudonym.format(name)} ELSE {name} END"

    def _add(self) -> None:
        """One statement, so one transaction: all of the batch's new events or none."""
        judged = {"reason": "verdict.reason", "persistence": "verdict.persistence", "type": "CAST(b.type AS VARCHAR)"}
        columns = ", ".join(f"any_value({judged.get(name, 'b.' + name)}) AS {name}" for name in COLUMNS)
        known = "known" if self._folder else "store.deliv_event"
        new = f"""SELECT b.{KEY}, {columns} FROM batch b LEFT JOIN verdict USING (reply)
            WHERE b.type IS NOT NULL AND b.type <> '{IGNORED}' AND b.ts IS NOT NULL
            AND b.{KEY} NOT IN (SELECT known.{KEY} FROM {known} known) GROUP BY b.{KEY}"""
        if self._folder is None:
            self.added += self._engine.run(f"INSERT INTO store.deliv_event {new}")[0][0]
        else:
            self._engine.run(f"CREATE OR REPLACE TEMP TABLE fresh AS {new}")
            self._add_file(self._folder)

    def _add_file(self, folder: Folder) -> None:
        count, mark = self._engine.run(f"SELECT count(*), bit_xor(md5_number_lower({KEY})) FROM fresh")[0]
        if not count:
            return
        part = self._engine.folder / "part.parquet"
        self._engine.run(f"COPY (FROM fresh ORDER BY ts) TO {quoted(str(part))} (COMPRESSION zstd)")
        folder.put(part, f"events-{count}-{mark:016x}.parquet")
        self._engine.run(f"INSERT INTO known SELECT {KEY} FROM fresh")
        self.added += count

    def bad_rows(self, canonical: str) -> list[tuple[str, int, str]]:
        """As `EventTable.bad_rows`."""
        return reasons_of(self._engine, canonical)

    def begin(self) -> None:
        """What is added stays, since an event that is read again is known; only the count of the offered goes back."""
        self._before = self.offered

    def commit(self) -> None:
        """As `begin`."""

    def rollback(self) -> None:
        """As `begin`."""
        self.offered = self._before

    def leave_out_the_future(self, now: datetime, troubles: Troubles) -> None:
        """They are kept: whoever counts them judges, with the clock of that day."""


def _digest(columns: Sequence[str]) -> str:
    parts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in columns)
    return f"md5(concat_ws('{staging.SEPARATOR}', {parts}))"


def _pseudonym(key: bytes) -> str:
    """SQL for what `Pseudonyms(key).of` makes of the text for which `{}` stands (RFC 2104 §2)."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(octet ^ pad for octet in block)) for pad in (0x36, 0x5C))
    return f"left(sha256({outer} || unhex(sha256({inner} || encode({{}})))), 16)"


def _blob(octets: bytes) -> str:
    return "'" + "".join(f"\\x{octet:02X}" for octet in octets) + "'::BLOB"
