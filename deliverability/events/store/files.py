"""What a store is on disk: its version, its key, and that one run at a time writes to it."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from deliverability.events.engine import Engine

VERSION = 1
"""Of the columns of a store; written into every one."""
MARK, LOCK = ".deliv-store", ".deliv-lock"
"""Files of a folder of Parquet files: what it is, and what a run holds while it writes."""
MIN_KEY = 16
"""Octets of a key that nobody finds by trying."""


class NotAStore(ValueError):
    """What is there is something else, or cannot be written to now; the message says so in one line."""


def key_of(into: Path, given: bytes | None, *, new: bool) -> bytes:
    """The key of a store's pseudonyms: the user's, else one of its own, made with it and kept beside it.

    Whoever has the key can test whether an address is in the store: the file is readable by its owner alone.

    Raises NotAStore where a store that is not new has lost its key, and where what should hold it does not.
    """
    if given is not None:
        return given
    path = into.with_name(into.name + ".key")
    if not path.exists():
        if not new:
            raise NotAStore(f"{path}: the key of this store is missing; without it nobody's events can be told apart")
        _write_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) < MIN_KEY:
        raise NotAStore(f"{path}: holds no key")
    return key


def _write_key(path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(secrets.token_hex(32) + "\n")
    unfinished.replace(path)


def mark_of(key: bytes) -> str:
    """What tells one key from another, and tells nobody the key."""
    return hmac.digest(key, b"the key of a store", "sha256").hex()[:16]


def check_mark(into: Path, key: bytes, found: str) -> None:
    """Raises NotAStore where a store was made with another key: the same person would be two."""
    if mark_of(key) != found:
        raise NotAStore(f"{into}: made with another key; set DELIV_KEY as it was then, or unset it if it was not set")


def check_version(engine: Engine, database: str) -> None:
    """Raises NotAStore where an attached database is no store, or that of another version."""
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ?"
    tables = {name for (name,) in engine.run(query, [database])}  # views are not among them: they could read any file
    if not {"deliv_event", "deliv_store"} <= tables:
        raise NotAStore("a DuckDB file that deliv did not make")
    _check_number(engine.run(f"SELECT version FROM {database}.deliv_store"))


def _check_number(found: object) -> None:
    if found != [(VERSION,)]:
        raise NotAStore(f"a store of another version of deliv: this one keeps version {VERSION}; ingest anew")


class Folder:
    """A folder of Parquet files that one run writes to, for as long as `opened` is. Raises NotAStore, OSError."""

    def __init__(self, into: Path, opened: ExitStack) -> None:
        if into.exists() and not into.is_dir():
            raise NotAStore(f"{into}: is a file; a store is a file whose name ends in .duckdb, or a folder")
        into.mkdir(parents=True, exist_ok=True)
        self.into = into
        _lock(opened.enter_context((into / LOCK).open("a", encoding="ascii")), into)
        mark = into / MARK
        self.found: str | None = _read_mark(mark.read_text(encoding="utf-8")) if mark.exists() else None
        if self.found is None and any(not path.name.startswith(".") for path in into.iterdir()):
            raise NotAStore(f"{into}: a folder that holds something else")
        for unfinished in into.glob(".*.new"):  # of a run that was stopped
            unfinished.unlink()

    def seal(self, key: bytes) -> None:
        """Write down what a new store is."""
        unfinished = self.into / f"{MARK}.new"
        unfinished.write_text(json.dumps({"version": VERSION, "key": mark_of(key)}) + "\n", encoding="utf-8")
        unfinished.replace(self.into / MARK)

    def put(self, made: Path, name: str) -> None:
        """Move a file in, that may be on another disk: under its name it is whole."""
        import shutil  # noqa: PLC0415 - only here

        copy = self.into / f".{name}.new"
        shutil.copyfile(made, copy)
        copy.replace(self.into / name)


def _read_mark(text: str) -> str:
    try:
        mark = json.loads(text)
        _check_number([(mark["version"],)])
        return str(mark["key"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, NotAStore):
            raise
        raise NotAStore("the mark of the store is damaged") from None


def _lock(file: IO[str], folder: Path) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NotAStore(f"{folder}: another run is writing to it; try again when it has ended") from None
