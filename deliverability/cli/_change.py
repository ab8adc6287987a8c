"""What a comparison is asked: the options that name changes, and what is held against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli._options import Decorator, option
from deliverability.cli._policy import policy_at

if TYPE_CHECKING:
    from deliverability.comparison import Wanted

METRICS = ("delivered_sent", "opened_sent", "human_opened_sent_low")
"""The rates that a grade may rest on; a test holds them to `compare.measure.GRADED`, which is not loaded for --help."""
CHANGE = ("change", "concurrent", "washout", "control", "audit_before")
"""The parameters of `change_options`."""


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--change, --concurrent, --washout, --control, --audit-before."""
    decorators: list[Decorator] = [
        option("--change", multiple=True, metavar="DATE[=LABEL]", help="The day of a fix, such as 2026-09-15=DKIM."),
        option("--concurrent", multiple=True, metavar="DATE=LABEL", help="Something else that happened then."),
        option("--washout", type=click.IntRange(0, 3650), metavar="DAYS", help="Days after a fix left out; else 14."),
        option("--control", metavar="COL=VALUE,...", help="Mail that the fix cannot touch, such as provider=yahoo."),
        option("--audit-before", metavar="AUDIT.json", help="An audit of before: what was fixed beside the change."),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def method_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--arms, --segment, --metric, --plan."""
    decorators: list[Decorator] = [
        option("--arms", metavar="COL", help="The column of a randomised split: its two values are compared."),
        option("--segment", metavar="COL", help="Does the change differ by this column?"),
        option(
            "--metric",
            multiple=True,
            type=click.Choice(METRICS),
            help="A rate that the grade rests on; else the first two.",
        ),
        option("--plan", metavar="FILE", help="Hold the comparison to a plan of deliv plan."),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def wanted_of(asked: Mapping[str, Any]) -> Wanted:
    """What the options ask for; loads what compares."""
    from deliverability.comparison import Wanted  # noqa: PLC0415 - not at start-up

    return Wanted(
        changes=tuple(asked["change"]),
        concurrent=(*asked["concurrent"], *_events_of(asked.get("config"))),
        washout=asked["washout"],
        control=asked["control"] or "",
        arms=asked.get("arms") or "",
        segment=asked.get("segment") or "",
        metrics=tuple(asked.get("metric", ())) or METRICS[:2],
    )


def _events_of(config: str | None) -> tuple[str, ...]:
    """What a deliv.toml says that happened. Raises Problem."""
    return policy_at(config).compare_events if config is not None else ()
