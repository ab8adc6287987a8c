"""The embedded engine: one DuckDB in a private temporary folder, bounded in memory, without a server or a network."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    import duckdb

MEMORY = 1024 * 1024 * 1024
"""Octets the engine may hold before it writes to its folder; the process takes some 300 MiB beside them."""

MISSING = "events need DuckDB, which is not installed: pip install 'deliv[events]'"


class EngineMissing(RuntimeError):
    """DuckDB is not installed; the message says how to get it."""


class EngineFailed(RuntimeError):
    """The engine gave up (a full disk, too little memory); the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection, and the folder that holds everything it writes."""

    connection: duckdb.DuckDBPyConnection
    folder: Path

    def run(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; all its rows. Raises EngineFailed for what is not the query's fault."""
        import duckdb  # noqa: PLC0415 - 150 ms; loaded by whoever made the engine

        try:
            return self.connection.execute(query, list(parameters)).fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException) as error:
            raise EngineFailed(_one_line(error)) from None

    def table(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run one query; a dictionary for each row, keys in the query's order."""
        rows = self.run(query, parameters)
        names = [column[0] for column in self.connection.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


@contextmanager
def open_engine(*, memory: int = MEMORY, threads: int | None = None, folder: Path | None = None) -> Generator[Engine]:
    """An empty engine for as long as the context lasts. What it wrote is removed with it.

    - memory: octets; threads: as many as there are cores by default; folder: where the temporary folder is made.

    Raises EngineMissing where DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - 150 ms, and an extra
    except ImportError:
        raise EngineMissing(MISSING) from None
    own = Path(tempfile.mkdtemp(prefix="deliv-", dir=folder))
    try:
        with duckdb.connect(str(own / "events.duckdb"), config=_config(own, memory, threads)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield Engine(connection, own)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _config(folder: Path, memory: int, threads: int | None) -> dict[str, Any]:
    config: dict[str, Any] = {
        "memory_limit": f"{memory // 1024}KiB",
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": "false",  # three times as fast, and no order is promised
        "checkpoint_threshold": "16GiB",  # the file goes with the run: nothing is worth a checkpoint
        "autoinstall_known_extensions": "false",  # no surprise network access
        "autoload_known_extensions": "false",
    }
    return config if threads is None else {**config, "threads": str(threads)}
