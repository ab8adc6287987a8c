"""`deliv schema`: the published JSON Schemas."""

from __future__ import annotations

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._output import to_stdout
from deliverability.cli._problem import Problem
from deliverability.shape import SCHEMAS

HELP = f"""{SUMMARIES["schema"]}

\b
Examples:
  deliv schema              names of all documents
  deliv schema audit        what `deliv audit -f json` writes
"""


@click.command(help=HELP)
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """See HELP."""
    names = sorted(entry.name.removesuffix(".json") for entry in SCHEMAS.iterdir() if entry.name.endswith(".json"))
    if name is None:
        to_stdout("".join(f"{known}\n" for known in names))
        return
    if name not in names:
        raise Problem(f"no document is called {name!r}; there are: {', '.join(names)}")
    to_stdout((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
