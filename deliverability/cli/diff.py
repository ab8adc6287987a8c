"""`deliv diff`: what changed between two stored audits."""

from __future__ import annotations

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._inputs import read_audit
from deliverability.cli._options import output_options
from deliverability.cli._output import emit, targets
from deliverability.diff import diff, to_json

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["diff"]}

What nobody could look at on either side is undecided, never fixed.

\b
Examples:
  deliv diff before.json after.json
  deliv diff before.json after.json -f json
"""


@click.command(help=HELP)
@click.argument("before", metavar="BEFORE.json")
@click.argument("after", metavar="AFTER.json")
@output_options(FORMATS)
def command(before: str, after: str, form: str | None, outputs: tuple[str, ...], no_color: bool) -> None:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    audits = read_audit(before), read_audit(after)
    changes = diff(*audits)

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.diff import render  # noqa: PLC0415 - only when a person reads

        return render(*audits, changes, width=width, color=colour)

    emit({"text": text, "json": lambda _width, _colour: to_json(*audits, changes)}, chosen, no_color)
