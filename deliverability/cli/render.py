"""`deliv render`: any format from a stored audit."""

from __future__ import annotations

from dataclasses import replace

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._audits import FORMATS, renderers
from deliverability.cli._inputs import read_audit, read_comparison
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets

HELP = f"""{SUMMARIES["render"]}

Nothing is looked up: everything comes from the document.

\b
Examples:
  deliv render audit.json                          the terminal report
  deliv render audit.json -o audit.html            one file, no script, no request
  deliv render after.json --previous before.json -o audit.html
  deliv render audit.json --comparison compare.json -o audit.html
"""


@click.command(help=HELP)
@click.argument("audit", metavar="AUDIT.json")
@option("--previous", metavar="AUDIT.json", help="An earlier audit: show what changed since.")
@option("--comparison", metavar="FILE.json", help="What deliv compare wrote: show it with the audit.")
@option("--summary", is_flag=True, help="Of the page what prints on one sheet.")
@option("-q", "--quiet", is_flag=True, help="The verdict line alone.")
@option("-v", "--verbose", is_flag=True, help="Show passed checks too.")
@output_options(FORMATS)
def command(
    audit: str,
    previous: str | None,
    comparison: str | None,
    form: str | None,
    outputs: tuple[str, ...],
    summary: bool,
    quiet: bool,
    verbose: bool,
    no_color: bool,
) -> None:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    before = None if previous is None else read_audit(previous)
    shown = read_audit(audit)
    if comparison is not None:
        from deliverability.comparison import to_document  # noqa: PLC0415 - only where there is one

        shown = replace(shown, comparison=to_document(read_comparison(comparison)))
    emit(renderers([shown], quiet=quiet, verbose=verbose, previous=before, summary=summary), chosen, no_color)
