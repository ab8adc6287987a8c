"""`deliv tls`: what senders reported about the encryption of a domain's mail."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._problem import Problem
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.tls_reports import TlsReports

FORMATS = ("text", "json")
MAX_BAD_SHARE = 0.5
"""Where more than this share of what was looked at is refused, the rest is no ground for a claim; our own choice."""

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
@option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only reports that begin on this day or after."
)
@option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only reports that begin on this day or before."
)
@option("--rejects", metavar="FILE", help="Write what could not be read there, a JSON object a line.")
@option(
    "--max-bad-share",
    type=click.FloatRange(0, 1),
    default=MAX_BAD_SHARE,
    help="Exit 3 where more than this share could not be read.",
)
@output_options(FORMATS)
def command(
    paths: tuple[str, ...],
    domain: str | None,
    since: datetime | None,
    until: datetime | None,
    rejects: str | None,
    max_bad_share: float,
    form: str | None,
    outputs: tuple[str, ...],
    no_color: bool,
) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    found = _read(paths, domain, since and since.date(), until and until.date(), rejects)

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.tls import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour)

    def document(_width: int, _colour: bool) -> str:
        from deliverability.tls_reports import to_json  # noqa: PLC0415 - only when a program reads

        return to_json(found)

    emit({"text": text, "json": document}, chosen, no_color)
    return _exit_code(found, max_bad_share)


def _read(
    paths: tuple[str, ...], domain: str | None, since: date | None, until: date | None, rejects: str | None
) -> TlsReports:
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - heavy things load when the command runs
    from deliverability.privacy import pseudonyms_from_environment  # noqa: PLC0415 - as above
    from deliverability.tls_reports import tls_reports  # noqa: PLC0415 - as above

    scrub = pseudonyms_from_environment(os.environ).scrub
    try:
        with Troubles(scrub, Path(rejects) if rejects else None) as troubles:
            return tls_reports(paths, domain=domain, since=since, until=until, troubles=troubles)
    except ValueError as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{rejects}: cannot be written ({error.strerror or error})") from None


def _exit_code(found: TlsReports, most: float) -> int:
    """3 where there is no ground for a claim; what is missing is said on standard error."""
    read = found.input
    if read.bad:
        reasons = ", ".join(dict.fromkeys(bad.reason for bad in found.bad))
        click.echo(f"deliv: {read.bad} files or mails could not be read ({visible(reasons)[:200]})", err=True)
    if not read.readable:
        click.echo("deliv: no TLS report could be read", err=True)
        return 3
    return 3 if read.bad_share > most else 0
