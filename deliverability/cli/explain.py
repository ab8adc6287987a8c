"""`deliv explain ID`: one check's manual page."""

from __future__ import annotations

import difflib

import click

from deliverability.checks import CHECKS
from deliverability.checks._check import Check
from deliverability.cli import SUMMARIES
from deliverability.cli._options import output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._problem import Problem

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["explain"]}

\b
Example:
  deliv explain spf-lookup-limit
"""


@click.command(help=HELP)
@click.argument("id", metavar="ID")
@output_options(FORMATS)
def command(id: str, form: str | None, outputs: tuple[str, ...], no_color: bool) -> None:  # noqa: A002 - the CLI's word
    """See HELP."""
    from deliverability.reports import catalogue  # noqa: PLC0415 - only when it is shown

    check = _find(id)
    emit(
        {
            "text": lambda width, colour: catalogue.page(check, width=width, color=colour),
            "json": lambda _width, _colour: catalogue.page_json(check),
        },
        targets(form, outputs, FORMATS),
        no_color,
    )


def _find(name: str) -> Check:
    by_id = {check.id: check for check in CHECKS}
    if name not in by_id:
        close = difflib.get_close_matches(name, by_id, n=1)
        hint = f"; did you mean {close[0]}?" if close else " (deliv checks lists them)"
        raise Problem(f"no check is called {name!r}{hint}")
    return by_id[name]
