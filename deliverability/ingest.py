"""Keeping events: what sources say, normalised, without addresses, each event once (`deliv ingest`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.fastclass import dataclass
from deliverability.rates import named_source

if TYPE_CHECKING:
    from datetime import tzinfo

    from deliverability.events.source import Source
    from deliverability.intake.trouble import Troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one run did: files and rows read, events `added`, those `known` before or twice, and rows that are none."""

    files: int
    rows: int
    added: int
    known: int
    bad: int
    ignored: int


def ingest(
    paths: Sequence[str],
    into: Path,
    *,
    now: datetime,
    key: bytes | None = None,
    source: str | None = None,
    sources: Mapping[str, Source] | None = None,
    zone: tzinfo | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Ingested:
    """Add the events in `paths` to a store: a `.duckdb` file, or else a folder of Parquet files.

    - key: of the recipients' pseudonyms; a store without one gets its own, kept beside it in a file of its owner's.
    - source, sources, zone, troubles, progress: as for `rates`.

    Raises NotACount, NotAStore, MissingPath, EngineMissing, EngineFailed and OSError; all have one line.
    """
    from deliverability.events.engine import open_engine  # noqa: PLC0415 - with DuckDB, 200 ms
    from deliverability.events.reading.load import Loader  # noqa: PLC0415 - as above
    from deliverability.events.reading.request import Request  # noqa: PLC0415 - as above
    from deliverability.events.sources import SOURCES  # noqa: PLC0415 - as above
    from deliverability.events.store import StoreTable  # noqa: PLC0415 - as above
    from deliverability.intake.paths import expand  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - as above

    expand(paths)  # what is missing is said before there is a store
    known = {**SOURCES, **(sources or {})}
    troubles = troubles or Troubles()
    request = Request(now=now, source=named_source(source, known), sources=known, zone=zone)
    with open_engine() as engine, closing(StoreTable(engine, into, key, known)) as table:
        loader = Loader(engine, table, request, troubles, progress)
        loader.load(paths)
        return Ingested(
            files=loader.files,
            rows=loader.rows,
            added=table.added,
            known=table.offered - table.added,
            bad=troubles.count,
            ignored=loader.ignored,
        )
