"""`deliv ingest`: keep events, normalised and without addresses."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option
from deliverability.cli._problem import Problem
from deliverability.cli._reading import (
    Meter,
    reading_options,
    source_options,
    sources_of,
    troubles_of,
    warn_of,
    zone_of,
)
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.ingest import Ingested

HELP = f"""{SUMMARIES["ingest"]}

PATH is whatever deliv rates reads. The store is a DuckDB file, or a folder of Parquet files; deliv rates and
deliv audit --events read both. An event that is there already is not added again, so the same folder can be ingested
every night, and a run that was stopped can be started again. Recipients become pseudonyms: keyed with DELIV_KEY where
it is set, else with a key of the store's own in FILE.key, which only its owner can read.

\b
Examples:
  deliv ingest exports/ --into mail.duckdb
  deliv ingest 's3-copy/2026-11-*.json.gz' --into events/
  deliv rates mail.duckdb --by day,provider
"""


@click.command(help=HELP)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option("--into", required=True, metavar="FILE.duckdb|DIR", help="Where the events are kept.")
@source_options
@reading_options
def command(paths: tuple[str, ...], into: str, rejects: str | None, max_bad_share: float, **given: Any) -> int:
    """See HELP."""
    with troubles_of(rejects) as troubles:
        done = _ingested(paths, Path(into), troubles, **given)
    warn_of(troubles, rejects)
    click.echo(_sentence(done, into))
    return 3 if done.bad > max_bad_share * max(done.rows, done.bad) or not done.rows else 0


def _sentence(done: Ingested, into: str) -> str:
    from deliverability.reports.language import counted  # noqa: PLC0415 - not at start-up

    known = done.known
    added = counted(done.added, "{n:,} event", "{n:,} events")
    rows, files = counted(done.rows, "{n:,} row", "{n:,} rows"), counted(done.files, "{n:,} file", "{n:,} files")
    parts = [f"{added} added to {visible(into)}"]
    parts += [f"{known:,} {'was' if known == 1 else 'were'} there already or came twice"] if known > 0 else []
    parts += [f"{done.bad:,} bad"] if done.bad else []
    return f"{', '.join(parts)} ({rows} in {files})"


def _ingested(
    paths: tuple[str, ...],
    into: Path,
    troubles: Any,  # noqa: ANN401 - not imported at start-up
    *,
    source: str,
    timezone: str | None,
    config: str | None,
) -> Ingested:
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - not at start-up
    from deliverability.events.store.files import NotAStore  # noqa: PLC0415 - as above
    from deliverability.ingest import ingest  # noqa: PLC0415 - as above
    from deliverability.intake.paths import MissingPath  # noqa: PLC0415 - as above
    from deliverability.privacy import KEY_VARIABLE  # noqa: PLC0415 - as above
    from deliverability.rates import NotACount  # noqa: PLC0415 - as above

    key = os.environ.get(KEY_VARIABLE)
    meter = Meter()
    try:
        return ingest(
            paths,
            into,
            now=datetime.now(UTC),
            key=key.encode() if key else None,
            source=source,
            sources=sources_of(config),
            zone=zone_of(timezone),
            troubles=troubles,
            progress=meter,
        )
    except (NotACount, NotAStore, MissingPath, EngineMissing, EngineFailed) as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{into}: {error.strerror or error}") from None
    finally:
        meter.clear()
