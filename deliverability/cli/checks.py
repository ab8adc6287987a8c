"""`deliv checks`: the catalogue."""

from __future__ import annotations

import click

from deliverability.checks import CHECKS
from deliverability.cli import SUMMARIES
from deliverability.cli._options import output_options
from deliverability.cli._output import emit, targets

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["checks"]}

\b
Examples:
  deliv checks
  deliv checks -f json | jq -r .[].id
"""


@click.command(help=HELP)
@output_options(FORMATS)
def command(form: str | None, outputs: tuple[str, ...], no_color: bool) -> None:
    """See HELP."""
    from deliverability.reports import catalogue  # noqa: PLC0415 - only when it is shown

    emit(
        {
            "text": lambda width, colour: catalogue.table(CHECKS, width=width, color=colour),
            "json": lambda _width, _colour: catalogue.to_json(CHECKS),
        },
        targets(form, outputs, FORMATS),
        no_color,
    )
