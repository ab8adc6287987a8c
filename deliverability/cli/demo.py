"""`deliv demo`: the whole product on a sample sender."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._audits import renderers
from deliverability.cli._options import option
from deliverability.cli._output import Renderer, emit
from deliverability.cli._problem import Problem
from deliverability.demo import DOMAIN, DemoResult, demo
from deliverability.reports import diff

HELP = f"""{SUMMARIES["demo"]}

A nameserver on this machine plays DNS for {DOMAIN}, a fictional wine shop, before and after the repair of its mail
records. Both are audited through real packets, with the events of its mail and the DMARC reports of each time; then the
report, what the repair changed and the new verdict are shown, and the pages written.

\b
Examples:
  deliv demo                     pages go into the current directory
  deliv demo -o /tmp/demo        or somewhere else
"""

YOURS = "Now your own:  deliv audit YOUR-DOMAIN\n"
FILES = ("deliv-demo-before.html", "deliv-demo-before.json", "deliv-demo-after.html", "deliv-demo-after.json")


@click.command(help=HELP)
@option("-o", "--output", "directory", default=".", metavar="DIR", help="Where the pages and documents go.")
@option("--no-color", is_flag=True, help="No colours.")
def command(directory: str, no_color: bool) -> None:
    """See HELP."""
    paths = _paths(directory)
    click.echo(f"A nameserver on 127.0.0.1 plays DNS for {DOMAIN}; both audits run …", err=True)
    try:
        result = asyncio.run(demo(datetime.now(UTC)))
    except OSError as error:
        raise Problem(f"no nameserver can run on 127.0.0.1 ({error.strerror or error})") from None
    if result.left_out:
        click.echo(f"Without the sample's events: {result.left_out}", err=True)
    chosen = [(str(path), path.name) for path in paths]
    emit(_makers(result, paths), [*chosen, ("-", "tour")], no_color)


def _paths(directory: str) -> list[Path]:
    """Where the files will stand; Problem, before any work is done, where they cannot."""
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"{directory}: no directory can be made there ({error.strerror or error})") from None
    return [folder / name for name in FILES]


def _makers(result: DemoResult, paths: list[Path]) -> Mapping[str, Renderer]:
    """A renderer for each file, by its name, and one for what is shown."""
    before = renderers([result.before], quiet=False, verbose=False)
    after = renderers([result.after], quiet=True, verbose=False, previous=result.before)

    def changes(width: int, colour: bool) -> str:
        return diff.render(result.before, result.after, result.changes, width=width, color=colour)

    def tour(width: int, colour: bool) -> str:
        steps = {
            f"1/3  A wine shop with mail trouble: deliv audit {DOMAIN}": before["text"],
            "2/3  What mending its records changed: deliv diff": changes,
            "3/3  The verdict now: deliv audit -q": after["text"],
        }
        shown = [f"{_heading(title, colour)}\n\n{make(width, colour)}" for title, make in steps.items()]
        written = "".join(f"{path}\n" for path in paths)
        return "\n".join([*shown, f"{_heading('Written; open the pages in a browser', colour)}\n\n{written}", YOURS])

    by_name = {
        f"deliv-demo-{when}.{form}": made[form]
        for when, made in (("before", before), ("after", after))
        for form in ("html", "json")
    }
    return {**by_name, "tour": tour}


def _heading(text: str, colour: bool) -> str:
    return click.style(text, bold=True, underline=True) if colour else f"{text}\n{'-' * len(text)}"
