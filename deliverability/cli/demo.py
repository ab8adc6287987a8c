"""`deliv demo`: the whole product on a sample sender."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._audits import renderers
from deliverability.cli._options import lang_option, option
from deliverability.cli._output import Renderer, emit
from deliverability.cli._problem import Problem
from deliverability.compare.result import Comparison
from deliverability.comparison import to_json
from deliverability.demo import DOMAIN, DemoResult, demo
from deliverability.reports import comparison, diff, gate
from deliverability.reports.language import N_, _
from deliverability.reports.layout import cells

HELP = f"""{SUMMARIES["demo"]}

A nameserver on this machine plays DNS for {DOMAIN}, a fictional wine shop, before and after the repair of its mail
records. Both are audited through real packets, with the events of its mail, the DMARC reports and the next letter of
each time. The report, what the repair changed, whether it helped, the new verdict and what the gate says of the letter
are shown, and the pages written.

\b
Examples:
  deliv demo                     pages go into the current directory
  deliv demo -o /tmp/demo        or somewhere else
"""

YOURS = N_("Now your own:  deliv audit YOUR-DOMAIN")
COMPARISON = "deliv-demo-comparison.json"
FILES = (
    *("deliv-demo-before.html", "deliv-demo-before.json"),
    *("deliv-demo-after.html", "deliv-demo-after.json"),
    COMPARISON,
)


@click.command(help=HELP)
@option("-o", "--output", "directory", default=".", metavar="DIR", help="Where the pages and documents go.")
@lang_option
@option("--no-color", is_flag=True, help="No colours.")
def command(directory: str, no_color: bool) -> None:
    """See HELP."""
    paths = _paths(directory)
    running = _("A nameserver on 127.0.0.1 plays DNS for {domain}; both audits run …")
    click.echo(running.format(domain=DOMAIN), err=True)
    try:
        result = asyncio.run(demo(datetime.now(UTC)))
    except OSError as error:
        raise Problem(f"no nameserver can run on 127.0.0.1 ({error.strerror or error})") from None
    for line in result.left_out:
        click.echo(line, err=True)
    if result.comparison is None:
        paths = [path for path in paths if path.name != COMPARISON]
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

    shown: dict[str, Renderer | None] = {
        _("A wine shop with mail trouble: deliv audit {domain}").format(domain=DOMAIN): before["text"],
        _("What mending its records changed: deliv diff"): partial(_changes, result),
        _("Did it help? deliv compare"): partial(_compared, result.comparison) if result.comparison else None,
        _("The verdict now: deliv audit -q"): after["text"],
        _("May the next letter go out? deliv gate, before and after"): partial(_gated, result),
    }
    made: dict[str, Renderer] = {
        f"deliv-demo-{when}.{form}": by_form[form]
        for when, by_form in (("before", before), ("after", after))
        for form in ("html", "json")
    }
    if result.comparison:
        made[COMPARISON] = partial(_document, result.comparison)
    steps = {title: step for title, step in shown.items() if step is not None}
    return {**made, "tour": partial(_tour, steps, paths)}


def _tour(steps: Mapping[str, Renderer], paths: list[Path], width: int, colour: bool) -> str:
    shown = [
        f"{_heading(f'{number}/{len(steps)}  {title}', colour)}\n\n{make(width, colour)}"
        for number, (title, make) in enumerate(steps.items(), 1)
    ]
    written = "".join(f"{path}\n" for path in paths)
    opened = _heading(_("Written; open the pages in a browser"), colour)
    return "\n".join([*shown, f"{opened}\n\n{written}", f"{_(YOURS)}\n"])


def _changes(result: DemoResult, width: int, colour: bool) -> str:
    return diff.render(result.before, result.after, result.changes, width=width, color=colour)


def _compared(found: Comparison, width: int, colour: bool) -> str:
    return comparison.render(found, width=width, color=colour)


def _gated(result: DemoResult, width: int, colour: bool) -> str:
    return "\n".join(gate.render(one, width=width, color=colour) for one in result.gates)


def _document(found: Comparison, _width: int, _colour: bool) -> str:
    return to_json(found)


def _heading(text: str, colour: bool) -> str:
    return click.style(text, bold=True, underline=True) if colour else f"{text}\n{'-' * cells(text)}"
