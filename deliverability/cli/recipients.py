"""`deliv recipients`: a list of recipients before it is mailed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import EXIT_CODES, SUMMARIES
from deliverability.cli._gauge import Gauge
from deliverability.cli._options import fail_on_option, option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._policy import policy_at
from deliverability.cli._problem import Problem
from deliverability.cli._reading import Meter, asked_of, rejects_option, source_options, troubles_of, warn_of
from deliverability.findings import Severity

if TYPE_CHECKING:
    from deliverability.checks._thresholds import Lines
    from deliverability.intake.trouble import Troubles
    from deliverability.lists.document import Judged
    from deliverability.lookup import Resolver
    from deliverability.recipients.facts import RecipientsFacts

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["recipients"]}

FILE is CSV, TSV, JSON Lines, Parquet or an address a line, plain or as .gz, .zst or .zip; - is standard input. The
column is found by its name or by what stands in it. Each domain is asked about once. No address is shown: counts,
domains, numbers of rows.

\b
Examples:
  deliv recipients list.csv
  deliv recipients list.csv --suppressions unsubscribed.csv --events exports/
  deliv recipients list.csv --write-clean checked.csv        your rows, each with what speaks against it
  deliv recipients list.csv --no-dns -f json
"""


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@option("--column", metavar="NAME", help="The column of the addresses, by name or number; else it is found.")
@option("--suppressions", multiple=True, metavar="FILE", help="Addresses that must not be mailed, in any such form.")
@option("--events", multiple=True, metavar="PATH", help="What became of earlier mail; as for deliv rates.")
@option("--disposable", metavar="FILE", help="Your own list of disposable domains, in place of the one shipped.")
@option("--domain", metavar="D", help="The domain that sends; findings are about it.")
@option("--resolver", multiple=True, metavar="ADDR", help="The DNS server, as for audit.")
@option("--zone", multiple=True, metavar="FILE", help="Answer from zone files or exports only, no network.")
@option("--no-dns", is_flag=True, help="Ask nothing: whether the domains take mail stays unknown.")
@option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds for all DNS questions.")
@option("--write-clean", metavar="FILE", help="Write the rows back, each with what speaks against it (csv, ndjson).")
@source_options
@fail_on_option()
@option("-q", "--quiet", is_flag=True, help="The verdict alone.")
@option("-v", "--verbose", is_flag=True, help="Show passed checks too.")
@rejects_option
@output_options(FORMATS)
def command(paths: tuple[str, ...], form: str | None, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    domain = _domain(given["domain"])
    with troubles_of(given["rejects"]) as troubles:
        facts = _read(paths, troubles, given)
    if not facts.rows:  # a list without a row is no ground for a campaign
        raise Problem(_nothing(paths, troubles))
    warn_of(troubles, given["rejects"])
    found = _judged(facts, domain, given, paths, troubles)
    _write(found, chosen, no_color, quiet=given["quiet"], verbose=given["verbose"])
    return _exit_code(found, given["fail_on"])


def _domain(name: str | None) -> str | None:
    """The sender's domain in A-labels. Raises Problem."""
    if name is None:
        return None
    from deliverability.names import to_ascii  # noqa: PLC0415 - only where one is named

    try:
        return to_ascii(name)
    except ValueError as error:
        raise Problem(str(error)) from None


def _read(paths: tuple[str, ...], troubles: Troubles, given: dict[str, Any]) -> RecipientsFacts:
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - not at start-up
    from deliverability.lists.read import MAX_SECONDS, Wanted, recipients  # noqa: PLC0415 - as above
    from deliverability.privacy import KEY_VARIABLE  # noqa: PLC0415 - as above

    _check_stdin((*paths, *given["suppressions"], *given["events"]))
    key = os.environ.get(KEY_VARIABLE, "").encode("utf-8", "surrogateescape") or None
    meter = Meter()
    try:
        with _Asking() as asking:
            wanted = Wanted(
                column=given["column"],
                suppressions=given["suppressions"],
                disposable=given["disposable"],
                events=given["events"],
                as_events=asked_of(given),
                key=key,
                resolver=resolver_of(given["resolver"], given["zone"], no_dns=given["no_dns"]),
                seconds=given["timeout"] or MAX_SECONDS,
                clean=Path(given["write_clean"]) if given["write_clean"] else None,
            )
            return recipients(paths, wanted, troubles=troubles, progress=meter, asked=asking)
    except (ValueError, EngineMissing, EngineFailed) as error:
        raise Problem(troubles.clean(str(error))) from None
    finally:
        meter.clear()


def _nothing(paths: tuple[str, ...], troubles: Troubles) -> str:
    """Why no row was read, in one line."""
    if troubles.files:
        first, more = troubles.files[0], len(troubles.files) - 1
        return f"{first.file}: {first.reason}: {first.detail}" + (f" (and {more:,} more such files)" if more else "")
    where = troubles.clean(paths[0]) if len(paths) == 1 else f"{len(paths):,} lists"
    return f"{where}: no recipient could be read: there is no row"


def _check_stdin(paths: tuple[str, ...]) -> None:
    if paths.count("-") > 1:
        raise Problem("standard input (-) can be read only once")


def resolver_of(servers: tuple[str, ...], zones: tuple[str, ...], *, no_dns: bool) -> Resolver | None:
    """Who is asked about the domains; None where nobody is. Raises Problem."""
    if servers and zones:
        raise Problem("--zone answers from files only and does not go with --resolver")
    if no_dns:
        if servers or zones:
            raise Problem(f"--no-dns asks nothing: leave out --{'resolver' if servers else 'zone'}")
        return None
    from deliverability.cli._inputs import origin_of  # noqa: PLC0415 - only where DNS is asked

    return origin_of(servers, zones, ()).resolver


class _Asking(Gauge):
    """How many domains were asked about."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def __call__(self, domains: int) -> None:
        self._count += domains
        self.draw(lambda _seconds: f"{self._count:,} domains asked about")


def _judged(
    facts: RecipientsFacts, domain: str | None, given: dict[str, Any], paths: tuple[str, ...], troubles: Troubles
) -> Judged:
    from deliverability.lists.document import NO_DOMAIN, judged  # noqa: PLC0415 - loads the checks

    kept = ("column", "suppressions", "events", "disposable", "resolver", "zone", "no_dns", "write_clean", "config")
    options: dict[str, Any] = {"paths": list(paths), **{name: value for name in kept if (value := given[name])}}
    options = {name: _unnamed(value, troubles) for name, value in options.items()}
    return judged(
        facts,
        domain=domain or NO_DOMAIN,
        now=datetime.now(UTC),
        options=options,
        lines=_lines(given["config"]),
        refused=troubles.files,
    )


def _unnamed(option: Any, troubles: Troubles) -> Any:  # noqa: ANN401 - as options are
    """An option's value without addresses: files are named after people, too."""
    if isinstance(option, str):
        return troubles.clean(option)
    return [troubles.clean(str(each)) for each in option] if not isinstance(option, bool) else option


def _lines(config: str | None) -> Lines | None:
    return None if config is None else policy_at(config).judging.lines


def _write(found: Judged, chosen: list[tuple[str, str]], no_color: bool, *, quiet: bool, verbose: bool) -> None:
    def text(width: int, colour: bool) -> str:
        from deliverability.reports.recipients import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour, quiet=quiet, verbose=verbose)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.lists.document import to_json  # noqa: PLC0415 - loaded by now

        return to_json(found)

    emit({"text": text, "json": json}, chosen, no_color)


def _exit_code(found: Judged, fail_on: str | None) -> int:
    """As an audit's."""
    from deliverability.verdict import exit_code  # noqa: PLC0415 - loaded by now

    return exit_code([(found.verdict, found.findings)], Severity(fail_on) if fail_on else None)
