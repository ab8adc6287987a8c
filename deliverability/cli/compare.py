"""`deliv compare`: before and after a change, and what the evidence permits to say of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._change import change_options, method_options, wanted_of
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deliverability.compare.result import Comparison
    from deliverability.comparison import Audits, Wanted
    from deliverability.document import Audit
    from deliverability.intake.trouble import Troubles
    from deliverability.plan_document import Plan

FORMATS = ("text", "json")
MAX_BAD = 0.05
"""Share of rows that may be unreadable; `compare.evidence.grounds.MAX_BAD`, which is not loaded for --help."""

BY_PLAN = {
    "adopt": "By the plan: adopt. {reason}",
    "keep_testing": "By the plan: keep testing. {reason}",
    "stop": "By the plan: stop. {reason}",
}
"""What a plan's rule says, as a note of the document."""

HELP = f"""{SUMMARIES["compare"]}

BEFORE and AFTER are events, as for deliv rates, or campaign rows (CSV, JSON Lines, Parquet) with one row for each
campaign and mailbox provider; with --change, one set is enough and is cut at that day. The unit is the campaign. The
grade, E0 to E5, says how strong the evidence is, and only the sentence that it permits is said.

\b
Campaign rows:
  campaign,date,provider,sent,delivered,opened,opened_machine,clicked
  letter-1,2026-08-04,gmail,31250,25000,4000,250,310
and, where known: complained bounced opened_unknown auth_rejected segment arm stream country domain

\b
Examples:
  deliv compare before.csv after.csv
  deliv compare --events events/ --change 2026-09-15=DKIM --control provider=yahoo
  deliv compare campaigns.csv --change 2026-09-15 --segment country -o compare.json
  deliv compare test.csv --arms arm
  deliv compare before/ after/ --audit-before a.json --audit-after b.json
"""


@click.command(help=HELP)
@click.argument("paths", metavar="[BEFORE [AFTER]]", nargs=-1)
@option("--audit-after", metavar="AUDIT.json", help="An audit of after, to go with --audit-before.")
@option("--history", metavar="DIR", help="A folder of saved audits: those around the change are taken.")
@option("--domain", metavar="NAME", help="With --history: whose audits, where it holds those of several.")
@option("--events", multiple=True, metavar="PATH", help="One set that holds both times; with --change or --arms.")
@change_options
@method_options
@span_options
@source_options
@rejects_option
@share_option(MAX_BAD)
@output_options(FORMATS)
def command(paths: tuple[str, ...], form: str | None, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    sides = _sides(paths, given.pop("events"))
    with troubles_of(given["rejects"]) as troubles:
        found = _compared(*sides, troubles, given)
    warn_of(troubles, given["rejects"])

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.comparison import render  # noqa: PLC0415 - only when a person reads

        return render(found, width=width, color=colour)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.comparison import to_json  # noqa: PLC0415 - loaded by now

        return to_json(found)

    emit({"text": text, "json": json}, chosen, no_color)
    if found.refused:
        click.echo(f"deliv: nothing is compared: {found.refused}", err=True)
    return 3 if found.refused else 0


def _sides(paths: tuple[str, ...], events: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Before and after, or one set and None. Raises Problem."""
    if len(paths) > 2:
        raise Problem("compare takes BEFORE and AFTER, one path each; a folder or a pattern holds several files")
    if events and paths:
        raise Problem("give BEFORE and AFTER, or --events: not both")
    if not events and not paths:
        raise Problem("nothing to compare: give BEFORE and AFTER, or --events PATH --change DATE")
    if paths.count("-") > 1:
        raise Problem("standard input (-) can be read only once")
    return (paths[:1], paths[1:]) if len(paths) == 2 else (events or paths, None)


def _compared(
    before: tuple[str, ...],
    after: tuple[str, ...] | None,
    troubles: Troubles,
    given: Mapping[str, Any],
) -> Comparison:
    """Read, cut and judge. Raises Problem."""
    from deliverability.attribution import NotOneDomain  # noqa: PLC0415 - not at start-up
    from deliverability.comparison import NotAComparison, compare  # noqa: PLC0415 - as above
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - as above
    from deliverability.history import NoHistory  # noqa: PLC0415 - as above
    from deliverability.intake.paths import MissingPath  # noqa: PLC0415 - as above
    from deliverability.rates import NotACount  # noqa: PLC0415 - as above

    wanted, plan = wanted_of(given), _plan(given)
    meter = Meter()
    try:
        found = compare(
            before,
            after,
            wanted if plan is None else _wanted_by(plan, wanted),
            asked=asked_of(given),
            troubles=troubles,
            progress=meter,
            max_bad=given["max_bad_share"],
            audits=_audits(troubles, given),
        )
    except (NotAComparison, NotOneDomain, NoHistory, NotACount, MissingPath, EngineMissing, EngineFailed) as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()
    return found if plan is None else _held(plan, found)


def _audits(troubles: Troubles, given: Mapping[str, Any]) -> Audits | None:
    """The audits of both times, or how they are found. Raises Problem."""
    before, after, folder = given["audit_before"], given["audit_after"], given["history"]
    if folder is not None and (before or after):
        raise Problem("--history finds both audits: leave --audit-before and --audit-after out")
    if given["domain"] and folder is None:
        raise Problem("--domain goes with --history")
    if folder is not None:
        return partial(_around, folder, given["domain"] or "", troubles)
    if before is None and after is None:
        return None
    if before is None or after is None:
        raise Problem("findings are fixed between two audits: give --audit-before and --audit-after")
    from deliverability.cli._inputs import read_audit  # noqa: PLC0415 - only where there are some

    return read_audit(before), read_audit(after)


def _around(folder: str, domain: str, troubles: Troubles, found: Comparison) -> tuple[Audit, Audit]:
    from deliverability.history import audits_around  # noqa: PLC0415 - only where there is a folder

    return audits_around(folder, found, domain, troubles)


def _plan(given: Mapping[str, Any]) -> Plan | None:
    """The plan that the comparison is held to. Raises Problem, also where another option asks for something else."""
    if given["plan"] is None:
        return None
    from deliverability.plan_document import NotAPlan, read_plan  # noqa: PLC0415 - only where there is one

    try:
        plan = read_plan(given["plan"])
    except NotAPlan as error:
        raise Problem(str(error)) from None
    if other := [name for name in given["metric"] if name != plan.metric]:
        raise Problem(f"the plan decides by {plan.metric}: leave --metric {other[0]} out, or --plan")
    days = plan.windows.washout_days
    if given["washout"] is not None and given["washout"] != days:
        raise Problem(f"the plan leaves out {days} days after the change: leave --washout out, or --plan")
    return plan


def _wanted_by(plan: Plan, wanted: Wanted) -> Wanted:
    from deliverability.planning import wanted_by  # noqa: PLC0415 - only where there is a plan

    return wanted_by(plan, wanted)


def _held(plan: Plan, found: Comparison) -> Comparison:
    """The comparison with what the plan's rule says of it."""
    from deliverability.planning import held_to  # noqa: PLC0415 - only where there is a plan

    decision = held_to(plan, found)
    said = BY_PLAN[decision.action].format(reason=decision.reason)
    return replace(found, notes=(said, *found.notes))
