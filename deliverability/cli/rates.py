"""`deliv rates`: events into rates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets, write_pieces
from deliverability.cli._problem import Problem
from deliverability.cli._reading import (
    Meter,
    asked_of,
    reading_options,
    source_options,
    span_options,
    troubles_of,
    warn_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deliverability.lookup import Resolver

FORMATS = ("text", "json", "csv", "parquet")

HELP = f"""{SUMMARIES["rates"]}

PATH is a file, a folder, a pattern or - for standard input: JSON, JSON Lines, CSV, Parquet or a Postfix log, plain or
as .gz, .zst or .zip. What a file is and whose events it holds is told from its content. Every rate comes with its
numerator, its denominator and its 95 % interval; opens are bounds, since machines open mail too.

\b
Examples:
  deliv rates events/                                  by mailbox provider
  deliv rates export.ndjson.gz --by day,provider,campaign -f json
  deliv rates mail.log --by domain -o rates.csv
  deliv rates own.csv --source crm --config deliv.toml
  deliv rates events/ --mx                             whose corporate domains are, by one MX question each
"""


@click.command(help=HELP)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option(
    "--by",
    default="provider",
    metavar="COL,...",
    help="day, provider, domain, campaign, stream, ip, country, segment, source; several with commas; '' for none.",
)
@span_options
@source_options
@option("--mx", is_flag=True, help="Ask DNS for the mail hosts of domains that no listed mailbox provider has.")
@option("--resolver", multiple=True, metavar="ADDR", help="With --mx: the DNS server, as for audit.")
@option("--zone", multiple=True, metavar="FILE", help="With --mx: answer from zone files or exports only.")
@reading_options
@output_options(FORMATS)
def command(paths: tuple[str, ...], form: str | None, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    if ("-", "parquet") in chosen:
        raise Problem("parquet is no text: name a file with -o")
    with troubles_of(given["rejects"]) as troubles:
        document = _counted(paths, troubles, **given)
    warn_of(troubles, given["rejects"])
    _write(document, chosen, no_color)
    from deliverability.rates import bad_share  # noqa: PLC0415 - loaded by now

    if bad_share(document) <= given["max_bad_share"]:
        return 0
    read = document["input"]
    some = read["rows"] > read["bad"]
    why = f"{read['bad']:,} of {read['rows']:,} rows are bad" if some else "no events could be read"
    click.echo(f"deliv: too little for any claim: {why}", err=True)
    return 3


def _counted(
    paths: Sequence[str],
    troubles: Any,  # noqa: ANN401 - not imported at start-up
    *,
    by: str,
    mx: bool,
    resolver: tuple[str, ...],
    zone: tuple[str, ...],
    **given: Any,
) -> dict[str, Any]:
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - not at start-up
    from deliverability.intake.paths import MissingPath  # noqa: PLC0415 - as above
    from deliverability.rates import NotACount, rates  # noqa: PLC0415 - as above

    columns = [name.strip() for name in by.split(",") if name.strip()]
    asked = asked_of(given, by=columns, resolver=_resolver(mx, resolver, zone))
    meter = Meter()
    try:
        return rates(paths, asked, troubles=troubles, progress=meter)
    except (NotACount, MissingPath, EngineMissing, EngineFailed) as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()


def _resolver(wanted: bool, servers: tuple[str, ...], zones: tuple[str, ...]) -> Resolver | None:
    """Who is asked for mail hosts; None where nobody is. Raises Problem."""
    if not wanted:
        if servers or zones:
            raise Problem(f"--{'resolver' if servers else 'zone'} goes with --mx")
        return None
    if servers and zones:
        raise Problem("--zone answers from files only and does not go with --resolver")
    from deliverability.cli._inputs import origin_of  # noqa: PLC0415 - only where DNS is asked

    return origin_of(servers, zones, ()).resolver


def _write(document: dict[str, Any], chosen: list[tuple[str, str]], no_color: bool) -> None:
    from deliverability.rates import pieces  # noqa: PLC0415 - loaded by now

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.rates import render  # noqa: PLC0415 - only when a person reads

        return render(document, width=width, color=colour)

    def csv(_width: int, _colour: bool) -> str:
        from deliverability.rates import flattened  # noqa: PLC0415 - as above
        from deliverability.reports.tables import to_csv  # noqa: PLC0415 - only for this format

        head = list(flattened(document["totals"], document["by"]))
        return to_csv(head, [flattened(row) for row in document["rows"]])

    emit({"text": text, "csv": csv}, [c for c in chosen if c[1] not in {"json", "parquet"}], no_color)
    for name in (name for name, kind in chosen if kind == "json"):
        write_pieces(name, pieces(document))
    for destination in (Path(name) for name, kind in chosen if kind == "parquet"):
        _parquet(document, destination)


def _parquet(document: dict[str, Any], path: Path) -> None:
    from deliverability.events.engine import EngineFailed  # noqa: PLC0415 - only for this format
    from deliverability.events.export import write_parquet  # noqa: PLC0415 - as above
    from deliverability.rates import flattened  # noqa: PLC0415 - as above

    head = list(flattened(document["totals"], document["by"]))
    try:
        write_parquet(head, [flattened(row) for row in document["rows"]], path)
    except (EngineFailed, OSError) as error:
        raise Problem(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from None
