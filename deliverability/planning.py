"""What a comparison will look at and how it will decide, fixed before the change: the document `deliv.plan/1`.

Whoever looks every week and stops when it looks good finds an effect where there is none. A plan says beforehand how
many campaigns there have to be, which rate decides, and what by; its hash shows that it is still the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from math import ceil
from typing import TYPE_CHECKING

from deliverability import __version__
from deliverability.compare.campaigns import Table, total
from deliverability.compare.cut import MIN_CAMPAIGNS, WASHOUT_DAYS
from deliverability.compare.evidence.grounds import MAX_BAD
from deliverability.compare.figures import counted, percent, signed, span
from deliverability.compare.intervals import CONFIDENCE
from deliverability.compare.measure import NEEDS, shares_of
from deliverability.compare.numerics.sizing import (
    MAX_CAMPAIGNS,
    POWER,
    Spread,
    needed,
    smallest,
    spread,
    standard_deviation,
)
from deliverability.compare.result import Comparison
from deliverability.fastclass import dataclass
from deliverability.plan_document import (
    Baseline,
    NotAPlan,
    Plan,
    Rule,
    Window,
    Windows,
    from_json,
    read_plan,
    sealed,
    to_json,
)

if TYPE_CHECKING:
    from deliverability.comparison import Wanted
    from deliverability.intake.trouble import Troubles
    from deliverability.rates import Asked

__all__ = [
    "Aim",
    "Decision",
    "NoPlan",
    "NotAPlan",
    "Plan",
    "from_json",
    "held_to",
    "plan",
    "plan_of",
    "read_plan",
    "to_json",
    "wanted_by",
]

MAX_PER_WEEK = 10_000
"""Campaigns a week; our own bound."""
_EFFECT = re.compile(r"(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6}) ?(%?)", re.ASCII)


class NoPlan(ValueError):
    """The history is no ground for a plan; the message says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is to be found, and how sure one wants to be.

    - effect: a rise of the rate, in points (`2.5`) or as a part of it (`20%`). metric: one of `compare.measure.GRADED`.
    - campaigns: a side, where there will be another number than the effect needs; per_week: how many are sent, else
      as many as in the history.
    """

    effect: str
    metric: str = "delivered_sent"
    power: float = POWER
    confidence: float = CONFIDENCE
    campaigns: int | None = None
    per_week: float | None = None
    washout: int = WASHOUT_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a plan's rule says of a comparison: `adopt`, `keep_testing` or `stop`, and why in one sentence."""

    action: str
    reason: str


def plan(
    paths: Sequence[str],
    aim: Aim,
    *,
    today: date,
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    max_bad: float = MAX_BAD,
) -> Plan:
    """Read a sender's history and plan the comparison to come.

    Args:
        paths: Files, folders, patterns or `-`: events of any source that `rates` reads, or campaign rows.
        aim: What is to be found.
        today: The UTC day that the plan is dated by.
        asked: How events are read; its `since` and `until` cut the history.
        troubles: Told of what could not be read.
        progress: Called with octets as they are read.
        max_bad: The share of unreadable rows above which nothing is claimed.

    Raises:
        NoPlan: The history is no ground for one.
        NotAPlan, NotACount, MissingPath, EngineMissing, EngineFailed: what was asked for cannot be had; one line.
    """
    from deliverability.campaign_tables import read_table  # noqa: PLC0415 - loads what reads files

    checked(aim)
    table = read_table(paths, asked, troubles, progress)
    rows = max(table.rows, table.bad)
    if table.bad > max_bad * rows:
        raise NoPlan(f"{table.bad:,} of {rows:,} rows could not be read ({percent(table.bad / rows)})")
    if table.incomplete:
        raise NoPlan(f"the history is not complete: {table.incomplete}")
    return plan_of(table, aim, today=today)


def checked(aim: Aim) -> None:
    """Raises NotAPlan where `aim` is none whatever the history is."""
    _parsed(aim.effect)
    if aim.metric not in NEEDS:
        raise NotAPlan(f"no such rate: {aim.metric[:40]!r}")
    for name, value in (("power", aim.power), ("confidence", aim.confidence)):
        if not 0.5 <= value <= 0.999:
            raise NotAPlan(f"a {name} lies between 0.5 and 0.999, {value} does not")
    if aim.campaigns is not None and not MIN_CAMPAIGNS <= aim.campaigns <= MAX_CAMPAIGNS:
        raise NotAPlan(f"campaigns a side are {MIN_CAMPAIGNS} to {MAX_CAMPAIGNS:,}, not {aim.campaigns}")
    if aim.per_week is not None and not 0 < aim.per_week <= MAX_PER_WEEK:
        raise NotAPlan(f"campaigns a week are more than 0 and at most {MAX_PER_WEEK:,}, not {aim.per_week:g}")


def plan_of(table: Table, aim: Aim, *, today: date) -> Plan:
    """The same of a table that is there. Raises NoPlan and NotAPlan."""
    if not table.cells:
        many = counted(len(table.too_young), "campaign")
        young = f"; {many} could not be followed long enough" if table.too_young else ""
        raise NoPlan(f"the history has no campaign to go by{young}")
    if not table.has(*NEEDS[aim.metric]):
        lacking = [name for name in NEEDS[aim.metric] if name not in table.columns]
        raise NotAPlan(f"the history does not have {' and '.join(lacking)}, which {aim.metric} needs")
    shares = shares_of(table.cells, aim.metric)
    if len(shares) < MIN_CAMPAIGNS:
        many = counted(len(shares), "campaign")
        raise NoPlan(f"the history has {many}; how much campaigns differ takes {MIN_CAMPAIGNS} at least")
    before = spread(shares)
    effect = _effect(aim.effect, before.rate)
    least = _needed(before, effect, aim)
    campaigns = aim.campaigns or least
    days = sorted({cell.day for cell in table.cells if cell.day is not None and cell.sent})
    per_week = aim.per_week or _per_week(before.campaigns, days)
    weeks = None if per_week is None else ceil(campaigns / per_week)
    return sealed(
        Plan(
            deliv_version=__version__,
            made=today.isoformat(),
            metric=aim.metric,
            effect=effect,
            effect_asked=aim.effect.strip(),
            confidence=aim.confidence,
            power=aim.power,
            baseline=_baseline(table, before, days),
            campaigns=campaigns,
            campaigns_needed=least,
            smallest_effect=smallest(before, campaigns, confidence=aim.confidence, power=aim.power),
            campaigns_per_week=per_week,
            weeks=weeks,
            windows=Windows(
                before=Window(campaigns=campaigns, days=None if weeks is None else 7 * weeks),
                washout_days=aim.washout,
                after=Window(campaigns=campaigns, days=None if weeks is None else 7 * weeks),
            ),
            rule=Rule(),
        )
    )


def _parsed(text: str) -> tuple[float, bool]:
    """`2.5`: points as a fraction; `20%`: a part of the rate, and True. Raises NotAPlan."""
    found = _EFFECT.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise NotAPlan(f"no effect: {text[:40]!r} (a rise in points like 2.5, or a part of the rate like 20%)")
    return float(found[1]) / 100, bool(found[2])


def _effect(text: str, rate: float) -> float:
    """The rise from that rate. Raises NotAPlan where a share cannot rise so far."""
    size, relative = _parsed(text)
    effect = size * rate if relative else size
    if not 0 < effect <= 1 - rate:
        raise NotAPlan(f"a rate of {percent(rate)} cannot rise by {text.strip()}{'' if relative else ' points'}")
    return effect


def _needed(before: Spread, effect: float, aim: Aim) -> int:
    found = needed(before, effect, confidence=aim.confidence, power=aim.power)
    if found is None:
        why = f"campaigns differ too much (by {100 * standard_deviation(before):.1f} points, typically)"
        rise = aim.effect.strip() + ("" if "%" in aim.effect else " points")
        raise NoPlan(f"{MAX_CAMPAIGNS:,} campaigns a side would not show a rise by {rise}: {why}")
    return found


def _per_week(campaigns: int, days: Sequence[date]) -> float | None:
    """Campaigns a week in the history; None where there are too few days to tell."""
    if len(days) < 2:
        return None
    return round(7 * campaigns / ((days[-1] - days[0]).days + 1), 2) or None


def _baseline(table: Table, before: Spread, days: Sequence[date]) -> Baseline:
    return Baseline(
        start=days[0].isoformat() if days else "",
        end=days[-1].isoformat() if days else "",
        campaigns=before.campaigns,
        effective_campaigns=before.df + 1,
        sent=total(table.cells, "sent"),
        rate=before.rate,
        campaign_sd=standard_deviation(before),
        dispersion=before.variance / before.sampling,
    )


def wanted_by(plan: Plan, wanted: Wanted) -> Wanted:
    """What a comparison that is held to the plan asks: the plan's rate, days left out and confidence, and its seal."""
    return replace(
        wanted,
        metrics=(plan.metric,),
        washout=plan.windows.washout_days if wanted.changes else wanted.washout,
        confidence=plan.confidence,
        plan=plan.hash,
        plan_made=plan.made,
        plan_campaigns=plan.campaigns,
    )


def held_to(plan: Plan, comparison: Comparison) -> Decision:
    """What the plan's rule says of a comparison.

    Nothing but to go on is said of one that was made in another way, or has fewer campaigns than the plan waits for:
    looking before then is what a plan is there to prevent.
    """
    action, reason = _decided(plan, comparison)
    start = comparison.after.start
    if action != "keep_testing" and start and plan.made > start:
        reason += (
            f" The plan was made on {plan.made}, though, when campaigns after the change were there since {start}."
        )
    return Decision(action=action, reason=reason)


def _decided(plan: Plan, comparison: Comparison) -> tuple[str, str]:
    if why := _not_yet(plan, comparison):
        return "keep_testing", why
    metric = comparison.metrics.get(plan.metric)
    if metric is None or metric.p is None or metric.low is None or metric.high is None:
        return "keep_testing", f"{plan.metric} has no interval between campaigns in this comparison."
    found, aim = f"{span(metric.low, metric.high)} points", f"{signed(plan.effect)} planned for"
    if metric.low > 0:
        less = "" if metric.high >= plan.effect else f", though below the {aim}"
        return "adopt", f"The whole interval ({found}) lies above 0{less}."
    if metric.high < plan.effect:
        return "stop", f"The interval ({found}) does not leave 0 behind, and lies below the {aim}."
    return "keep_testing", f"The interval ({found}) holds both 0 and the {aim}: going on needs a plan of its own."


def _not_yet(plan: Plan, comparison: Comparison) -> str:
    """Why the rule does not apply, in one sentence; empty where it does."""
    question = comparison.question
    if comparison.refused:
        return f"Nothing is claimed: {comparison.refused}"
    if plan.metric not in question.metrics:
        return f"The plan decides by {plan.metric}, which this comparison does not test."
    if question.confidence != plan.confidence:
        return f"The plan is for intervals of {plan.confidence:g}, and these are of {question.confidence:g}."
    if question.changes and question.mode != "arms" and question.washout_days != plan.windows.washout_days:
        return f"The plan leaves out {plan.windows.washout_days} days, and this comparison {question.washout_days}."
    for side, window, name in (
        (comparison.before, plan.windows.before, "before"),
        (comparison.after, plan.windows.after, "after"),
    ):
        if side.campaigns < window.campaigns:
            return f"There are {side.campaigns:,} of the {window.campaigns:,} planned campaigns {name} the change."
    return ""
