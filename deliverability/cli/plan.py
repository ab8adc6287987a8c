"""`deliv plan`: how many campaigns a change needs to show, and how the comparison will decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._change import METRICS
from deliverability.cli._options import option, output_options, share_option
from deliverability.cli._output import emit, targets
from deliverability.cli._problem import Problem
from deliverability.cli._reading import (
    Meter,
    asked_of,
    rejects_option,
    source_options,
    span_options,
    troubles_of,
    warn_of,
)
from deliverability.cli.compare import MAX_BAD
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.planning import Plan

FORMATS = ("text", "json")

HELP = f"""{SUMMARIES["plan"]}

HISTORY is the mail sent so far: events, as for deliv rates, or campaign rows, as for deliv compare. By how much its
campaigns differ, the plan says how many of them a change needs on each side before it can be seen, how long that takes,
and what will be decided by which figure. Written to a file before the change, it keeps a later look honest:
deliv compare --plan FILE holds itself to it, and refuses one that was changed.

EFFECT is the rise of the rate that is worth finding: points (2.5), or a part of the rate (20%).

\b
Examples:
  deliv plan campaigns.csv --effect 2.5 -o plan.json
  deliv plan events/ --effect 20% --metric opened_sent --per-week 3
  deliv plan campaigns.csv --effect 5 --campaigns 8         what 8 campaigns a side can show
  deliv compare campaigns.csv --change 2026-12-01=DKIM --plan plan.json
"""


@click.command(help=HELP)
@click.argument("paths", metavar="HISTORY...", nargs=-1, required=True)
@option("--effect", required=True, metavar="POINTS|REL%", help="The rise that is worth finding: 2.5, or 20%.")
@option("--metric", type=click.Choice(METRICS), default=METRICS[0], help="The one rate that decides.")
@option("--power", type=float, default=0.8, metavar="CHANCE", help="To find the effect where it is there.")
@option("--campaigns", type=int, metavar="N", help="Campaigns a side, where it will not be as many as are needed.")
@option("--per-week", type=float, metavar="N", help="Campaigns a week; else as many as in the history.")
@option("--washout", type=click.IntRange(0, 3650), default=14, metavar="DAYS", help="Days after the change left out.")
@span_options
@source_options
@rejects_option
@share_option(MAX_BAD)
@output_options(FORMATS)
def command(paths: tuple[str, ...], form: str | None, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """See HELP."""
    from deliverability.planning import NoPlan, to_json  # noqa: PLC0415 - not at start-up

    chosen = targets(form, outputs, FORMATS)
    with troubles_of(given["rejects"]) as troubles:
        try:
            found = _planned(paths, troubles, **given)
        except NoPlan as error:
            warn_of(troubles, given["rejects"])
            click.echo(f"deliv: no plan: {visible(str(error))}", err=True)
            return 3
    warn_of(troubles, given["rejects"])

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.plan import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour)

    emit({"text": text, "json": lambda _width, _colour: to_json(found)}, chosen, no_color)
    return 0


READING = ("source", "timezone", "config", "since", "until")
"""The parameters that say how the history is read; `max_bad_share` and `rejects` say what becomes of the rest."""


def _planned(
    paths: tuple[str, ...],
    troubles: Any,  # noqa: ANN401 - not imported at start-up
    *,
    max_bad_share: float,
    rejects: str | None,  # noqa: ARG001 - troubles_of has it
    **given: Any,
) -> Plan:
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - not at start-up
    from deliverability.intake.paths import MissingPath  # noqa: PLC0415 - as above
    from deliverability.planning import Aim, NotAPlan, plan  # noqa: PLC0415 - as above
    from deliverability.rates import NotACount  # noqa: PLC0415 - as above

    asked = asked_of({name: given.pop(name) for name in READING})
    meter = Meter()
    try:
        return plan(
            paths,
            Aim(**given),
            today=asked.now.date(),
            asked=asked,
            troubles=troubles,
            progress=meter,
            max_bad=max_bad_share,
        )
    except (NotAPlan, NotACount, MissingPath, EngineMissing, EngineFailed) as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()
