"""`deliv dmarc`: who sends as a domain, by what receivers reported."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets, write_pieces
from deliverability.cli._problem import Problem
from deliverability.cli._reading import Meter, report_options, span_options, troubles_of, warn_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from deliverability.dmarc_reports import DmarcReports
    from deliverability.feedback.aggregate.simulate import Proposed
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver

FORMATS = ("text", "json", "csv")
POLICIES = click.Choice(["none", "quarantine", "reject"])
ALIGNMENTS = click.Choice(["r", "s"])

HELP = f"""{SUMMARIES["dmarc"]}

PATH is a file, a folder (a Maildir too), a pattern or - for standard input: reports as XML, gzip, zip, attached to
mails or in an mbox. Nothing is asked of the network without --resolve or --overlay. Exits 3 where no report could be
read.

\b
Examples:
  deliv dmarc reports/
  deliv dmarc ~/Maildir --domain example.com --since 2026-11-01 -f json
  deliv dmarc reports/ --declared SendGrid --declared 192.0.2.0/24      who else sends as you?
  deliv dmarc reports/ --simulate reject --adkim s                      who would have been hit?
  deliv dmarc reports/ --domain example.com --overlay proposed.zone     who would lose SPF or DKIM by this change?
"""


@click.command(help=HELP)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option("--domain", metavar="DOMAIN", help="Only reports about this domain or a name below it.")
@span_options
@option("--declared", multiple=True, metavar="SENDER", help="A known sender: address, network, domain, service.")
@option("--simulate", type=POLICIES, help="Who would have been hit under this policy?")
@option("--sp", type=POLICIES, help="With --simulate: the policy for subdomains.")
@option("--np", type=POLICIES, help="With --simulate: the policy for subdomains that do not exist.")
@option("--adkim", type=ALIGNMENTS, help="With --simulate: alignment of DKIM; else as published.")
@option("--aspf", type=ALIGNMENTS, help="With --simulate: alignment of SPF; else as published.")
@option("--overlay", multiple=True, metavar="FILE", help="Proposed records: whose mail would they cost DMARC?")
@option("--zone", multiple=True, metavar="FILE", help="With --overlay: what is published, from zone files only.")
@option("--resolve", is_flag=True, help="Ask DNS for the names behind the heaviest sources.")
@option("--resolver", multiple=True, metavar="ADDR", help="With --resolve or --overlay: the DNS server.")
@report_options
@output_options(FORMATS)
def command(paths: tuple[str, ...], form: str | None, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    _check(given)
    with troubles_of(given["rejects"]) as troubles:
        found = _read(paths, troubles, given)
    warn_of(troubles, given["rejects"])
    if given["overlay"]:
        found = asyncio.run(_laid_beside(found, given))
    _write(found, chosen, no_color)
    return _exit_code(found, given["max_bad_share"])


def _check(given: dict[str, Any]) -> None:
    """Options that need another one. Raises Problem."""
    if given["zone"] and not given["overlay"]:
        raise Problem("--zone goes with --overlay")
    if given["overlay"] and not given["domain"]:
        raise Problem("--overlay needs the domain that the records are proposed for: --domain example.com")
    if given["resolver"] and not (given["resolve"] or given["overlay"]):
        raise Problem("--resolver goes with --resolve or --overlay")


async def _laid_beside(found: DmarcReports, given: dict[str, Any]) -> DmarcReports:
    """The reports with what proposed records do to their senders. Raises Problem."""
    from deliverability.cli._inputs import origin_of, read_zones  # noqa: PLC0415 - only where records are proposed
    from deliverability.lookup import OverlayResolver  # noqa: PLC0415 - as above
    from deliverability.whatif import laid_beside  # noqa: PLC0415 - as above

    published = origin_of(given["resolver"], given["zone"], ())
    try:
        proposed = OverlayResolver(read_zones(given["overlay"]), published.resolver)
        return await laid_beside(found, given["domain"], published.resolver, proposed)
    finally:
        await published.aclose()


def _read(paths: tuple[str, ...], troubles: Troubles, given: dict[str, Any]) -> DmarcReports:
    from deliverability.dmarc_reports import dmarc_reports  # noqa: PLC0415 - not at start-up

    asked = {name: given[name] for name in ("since", "until", "domain", "declared")}
    meter = Meter()
    try:
        with _resolver(given["resolve"], given["resolver"]) as resolver:
            return dmarc_reports(
                paths, **asked, simulate=_proposed(given), resolver=resolver, troubles=troubles, progress=meter
            )
    except ValueError as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()


def _proposed(given: dict[str, Any]) -> Proposed | None:
    """The policy to try. Raises Problem where a part of one stands alone."""
    parts = {name: given[name] for name in ("sp", "np", "adkim", "aspf")}
    if given["simulate"] is None:
        if alone := next((name for name, value in parts.items() if value is not None), None):
            raise Problem(f"--{alone} goes with --simulate")
        return None
    from deliverability.feedback.aggregate.simulate import Proposed  # noqa: PLC0415 - not at start-up

    return Proposed(p=given["simulate"], **parts)


@contextmanager
def _resolver(wanted: bool, servers: tuple[str, ...]) -> Generator[Resolver | None]:
    if not wanted:
        yield None
        return
    from deliverability.cli._inputs import origin_of  # noqa: PLC0415 - only where DNS is asked

    yield origin_of(servers, (), ()).resolver


def _write(found: DmarcReports, chosen: list[tuple[str, str]], no_color: bool) -> None:
    def text(width: int, colour: bool) -> str:
        from deliverability.reports.dmarc import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour)

    def csv(_width: int, _colour: bool) -> str:
        from deliverability.dmarc_document import CSV_HEAD, flattened, source_rows  # noqa: PLC0415 - only here
        from deliverability.reports.tables import to_csv  # noqa: PLC0415 - as above

        return to_csv(CSV_HEAD, map(flattened, source_rows(found)))

    emit({"text": text, "csv": csv}, [target for target in chosen if target[1] != "json"], no_color)
    from deliverability.dmarc_document import pieces  # noqa: PLC0415 - loaded by now

    for destination in (destination for destination, kind in chosen if kind == "json"):
        write_pieces(destination, pieces(found))


def _exit_code(found: DmarcReports, most: float) -> int:
    """3 where there is no ground for a claim."""
    if not found.input.readable:
        click.echo("deliv: no DMARC report could be read", err=True)
        return 3
    return 3 if found.input.bad_share > most else 0
