"""Normalised events kept from run to run: in one DuckDB file, or in a folder of Parquet files.

Every event has a key made of what it is, so that reading the same events again adds nothing; every batch is written
whole or not at all, so that a run that is killed has lost nothing that a second run does not bring. Recipients are
pseudonyms (`deliverability.privacy`), and no other column holds an address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from deliverability.events import staging
from deliverability.events.canonical import quoted
from deliverability.events.engine import Engine
from deliverability.events.schema import COLUMNS, IGNORED
from deliverability.events.source import Source
from deliverability.events.sources.kept import KEY
from deliverability.events.table import AHEAD, IS_BAD, Staged, prepare, reasons_of
from deliverability.events.verdicts import judge_replies
from deliverability.intake.trouble import Troubles

VERSION = 1
"""Of the columns of a store; written into every one."""
_BLOCK = 64
"""Octets of a block of SHA-256 (RFC 2104 §2)."""

_ADDRESS = r"[^\s<>@,;:()=&?/]+(@|%40)[A-Za-z0-9.-]+"
_WITHOUT_ADDRESSES = ("campaign", "segment", "user_agent", "url", "reply_text", "bounce_class")
"""Columns in which a sender's own text may carry somebody's address."""


class NotAStore(ValueError):
    """What is there is something else; the message says so in one line."""


def key_of(into: Path, given: bytes | None) -> bytes:
    """The key of a store's pseudonyms: the user's, else one of its own, made with it and kept beside it.

    Whoever has the key can test whether an address is in the store: the file is readable by its owner alone.
    """
    if given is not None:
        return given
    path = into.with_name(into.name + ".key")
    if not path.exists():
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


class StoreTable:
    """A store as the place where rows go (`deliverability.events.load.Table`)."""

    def __init__(self, engine: Engine, into: Path, key: bytes, sources: Mapping[str, Source], now: datetime) -> None:
        self._engine = engine
        self._sources = sources
        self._pseudonym = _pseudonym(key)
        self._limit = now.replace(tzinfo=None) + AHEAD
        self._into = into
        self.added = 0
        prepare(engine)
        self._in_file = into.suffix == ".duckdb"
        (self._open_file if self._in_file else self._open_folder)()

    def _open_file(self) -> None:
        self._engine.run(f"ATTACH {quoted(str(self._into))} AS store")
        tables = {
            name for (name,) in self._engine.run("SELECT table_name FROM duckdb_tables() WHERE database_name = 'store'")
        }
        if tables and "deliv_event" not in tables:
            raise NotAStore(f"{self._into}: a DuckDB file that deliv did not make")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        self._engine.run(f"CREATE TABLE IF NOT EXISTS store.deliv_event ({KEY} VARCHAR, {columns})")
        self._engine.run("CREATE TABLE IF NOT EXISTS store.deliv_store (version INTEGER)")
        self._engine.run(f"INSERT INTO store.deliv_store SELECT {VERSION} WHERE NOT EXISTS (FROM store.deliv_store)")

    def _open_folder(self) -> None:
        self._into.mkdir(parents=True, exist_ok=True)

    def insert(self, canonical: str, source: Source) -> Staged:
        """Add the events that are not there yet."""
        self._engine.run(f"CREATE OR REPLACE TEMP TABLE batch AS {self._batch(canonical, bool(source.explode))}")
        counted = self._engine.run(
            f"""SELECT count(*) FILTER (type <> '{IGNORED}' AND ts IS NOT NULL), count(*) FILTER (type = '{IGNORED}'),
                count(*) FILTER ({IS_BAD}) FROM batch WHERE part = 1"""
        )[0]
        self._engine.run("CREATE OR REPLACE TEMP TABLE event AS SELECT DISTINCT reply FROM batch")
        judge_replies(self._engine, self._sources)
        self._add()
        return Staged(good=counted[0], ignored=counted[1], bad=counted[2])

    def _batch(self, canonical: str, ids_repeat: bool) -> str:
        identity = ("provider", "event_id", *(("recipient",) if ids_repeat else ()))
        without = ("provider", "type", "recipient", "message_id", "ts", "url")
        changed = {
            "recipient": self._pseudonym,
            **{name: f"regexp_replace({name}, '{_ADDRESS}', '<@>', 'g')" for name in _WITHOUT_ADDRESSES},
            "tags": f"list_transform(tags, lambda tag: regexp_replace(tag, '{_ADDRESS}', '<@>', 'g'))",
        }
        kept = ", ".join(f"{changed[name]} AS {name}" if name in changed else name for name in COLUMNS)
        key = f"CASE WHEN event_id IS NULL THEN {_digest(without)} ELSE {_digest(identity)} END"
        reply = f"CASE WHEN type IN ('bounced', 'deferred') THEN {staging.REPLY} END"
        return f"SELECT {key} AS {KEY}, {kept}, {reply} AS reply, part FROM ({canonical})"

    def _add(self) -> None:
        """One statement, so one transaction: all of the batch's new events or none."""
        judged = {"reason": "verdict.reason", "persistence": "verdict.persistence", "type": "CAST(b.type AS VARCHAR)"}
        columns = ", ".join(f"any_value({judged.get(name, 'b.' + name)}) AS {name}" for name in COLUMNS)
        new = f"""SELECT b.{KEY}, {columns} FROM batch b LEFT JOIN verdict USING (reply)
            WHERE b.type IS NOT NULL AND b.type <> '{IGNORED}' AND b.ts <= ? AND b.{KEY} NOT IN ({self._known()})
            GROUP BY b.{KEY}"""
        if self._in_file:
            self.added += self._engine.run(f"INSERT INTO store.deliv_event {new}", [self._limit])[0][0]
            return
        part = self._engine.folder / "part.parquet"
        self._engine.run("CREATE OR REPLACE TEMP TABLE fresh AS " + new, [self._limit])
        count, mark = self._engine.run(f"SELECT count(*), bit_xor(md5_number_lower({KEY})) FROM fresh")[0]
        if count:
            self._engine.run(f"COPY (FROM fresh ORDER BY ts) TO {quoted(str(part))} (COMPRESSION zstd)")
            _put(part, self._into / f"events-{count}-{mark:016x}.parquet")
            self.added += count

    def _known(self) -> str:
        if self._in_file:
            return f"SELECT {KEY} FROM store.deliv_event"
        if not any(self._into.glob("*.parquet")):
            return "SELECT NULL WHERE false"
        return f"SELECT {KEY} FROM read_parquet({quoted(str(self._into / '*.parquet'))})"

    def bad_rows(self, canonical: str) -> list[tuple[str, int, str]]:
        """As `EventTable.bad_rows`."""
        return reasons_of(self._engine, canonical)

    def leave_out_the_future(self, now: datetime, troubles: Troubles) -> None:
        """They were never added."""


def _put(made: Path, place: Path) -> None:
    """Move a file into a folder that may be on another disk: under its name it is whole."""
    import shutil  # noqa: PLC0415 - only here

    copy = place.with_name(f".{place.name}.new")
    shutil.copyfile(made, copy)
    copy.replace(place)


def _digest(columns: Sequence[str]) -> str:
    parts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in columns)
    return f"md5(concat_ws('{staging.SEPARATOR}', {parts}))"


def _pseudonym(key: bytes) -> str:
    """SQL for what `Pseudonyms(key).of(recipient)` is, at the recipient's domain (RFC 2104 §2)."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(octet ^ pad for octet in block)) for pad in (0x36, 0x5C))
    hashed = f"sha256({outer} || unhex(sha256({inner} || encode(recipient))))"
    return f"CASE WHEN recipient IS NOT NULL THEN left({hashed}, 16) || '@' || split_part(recipient, '@', -1) END"


def _blob(octets: bytes) -> str:
    return "'" + "".join(f"\\x{octet:02X}" for octet in octets) + "'::BLOB"
