"""`deliv tls`: what senders reported about the encryption of a domain's mail."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._problem import Problem
from deliverability.cli._reading import report_options, span_options, troubles_of, warn_of

if TYPE_CHECKING:
    from deliverability.intake.trouble import Troubles
    from deliverability.tls_reports import TlsReports

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["tls"]}

PATH is a file, a folder (a Maildir too), a pattern or - for standard input: reports as JSON, gzip, zip, attached to
mails or in an mbox. Nothing is asked of the network. Exits 3 where no report could be read, or too few.

\b
Examples:
  deliv tls reports/
  deliv tls ~/Maildir --domain example.com --since 2026-11-01 -f json
"""


@click.command(help=HELP)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option("--domain", metavar="DOMAIN", help="Only policies of this domain or a name below it.")
@span_options
@report_options
@output_options(FORMATS)
def command(
    paths: tuple[str, ...],
    domain: str | None,
    since: date | None,
    until: date | None,
    rejects: str | None,
    max_bad_share: float,
    form: str | None,
    outputs: tuple[str, ...],
    no_color: bool,
) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    with troubles_of(rejects) as troubles:
        found = _read(paths, domain, since, until, troubles)
    warn_of(troubles, rejects)

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.tls import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour)

    def document(_width: int, _colour: bool) -> str:
        from deliverability.tls_reports import to_json  # noqa: PLC0415 - only when a program reads

        return to_json(found)

    emit({"text": text, "json": document}, chosen, no_color)
    return _exit_code(found, max_bad_share)


def _read(
    paths: tuple[str, ...], domain: str | None, since: date | None, until: date | None, troubles: Troubles
) -> TlsReports:
    from deliverability.tls_reports import tls_reports  # noqa: PLC0415 - heavy things load when the command runs

    try:
        return tls_reports(paths, domain=domain, since=since, until=until, troubles=troubles)
    except ValueError as error:
        raise Problem(str(error)) from None


def _exit_code(found: TlsReports, most: float) -> int:
    """3 where there is no ground for a claim."""
    if not found.input.readable:
        click.echo("deliv: no TLS report could be read", err=True)
        return 3
    return 3 if found.input.bad_share > most else 0
