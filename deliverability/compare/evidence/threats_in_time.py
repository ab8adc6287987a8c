"""Threats that lie in time: T8 to T12 of design/compare.md §1."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from deliverability.compare.cut import campaigns_of
from deliverability.compare.evidence.grounds import ALPHA, Grounds
from deliverability.compare.evidence.rungs_of_arms import in_parallel
from deliverability.compare.figures import counted, listed, percent, probability
from deliverability.compare.intervals import Share
from deliverability.compare.measure import shares_of
from deliverability.compare.numerics.student import two_sided
from deliverability.compare.result import Day
from deliverability.compare.series.timeline import BEFORE_CAMPAIGNS, PLACEBO_DATES

EXCLUDED, DETECTED, NOT_EXCLUDED = "excluded", "detected", "not_excluded"
Found = tuple[str, str]
"""Status and note."""

LONG_BASELINE_DAYS = 28
"""Days that a baseline has to cover before it is not just a bad month. Ours, after T9's own wording."""


def trend(grounds: Grounds) -> Found:
    """T8."""
    if grounds.question.mode == "arms":
        return _of_arms(grounds, "Both arms lie in the same time.")
    series, control = grounds.timeline, grounds.control
    if series is not None and series.as_large:
        dates = f"{series.as_large:,} of {series.placebo_dates:,} placebo dates"
        return DETECTED, f"At {dates} before the change, jumps as large are found."
    if series is not None and grounds.series_holds:
        season = "" if series.season == "none" else f", with a season of a {series.season}"
        return (
            EXCLUDED,
            f"A trend{season} is allowed for, and none of {series.placebo_dates:,} placebo dates is as large.",
        )
    if control is not None and control.moved is False and control.p is not None and control.p < ALPHA:
        return EXCLUDED, "The control lies in the same time and did not move."
    if grounds.cut.overlap is not None:
        start, end = grounds.cut.overlap
        return DETECTED, f"The two sets overlap in time, from {start} to {end}."
    if series is None:
        return NOT_EXCLUDED, "Without a series of dated campaigns and the date of the change, a trend does not show."
    if series.placebo_dates < PLACEBO_DATES:
        many = f"{series.placebo_dates:,} of {PLACEBO_DATES} placebo dates"
        return NOT_EXCLUDED, f"A trend is allowed for, but {many} could be tried."
    return NOT_EXCLUDED, "Trend and season allowed for, the series does not show the change by itself."


def _of_arms(grounds: Grounds, why: str) -> Found:
    """What lies in time meets both arms where they were sent at the same time, and only there."""
    parallel, _, otherwise = in_parallel(grounds)
    return (EXCLUDED, why) if parallel else (NOT_EXCLUDED if parallel is None else DETECTED, otherwise)


def return_to_the_mean(grounds: Grounds) -> Found:
    """T9: whether the last campaigns before the change were worse than those before them."""
    if grounds.question.mode == "arms":
        return _of_arms(grounds, "Both arms began at the same time.")
    dated = [cell for cell in grounds.cut.before if cell.day is not None]
    pairs = shares_of(dated, grounds.metric)
    days = sorted({cell.day for cell in dated if cell.day is not None})
    if len(pairs) < BEFORE_CAMPAIGNS:
        baseline = counted(len(pairs), "dated campaign")
        return NOT_EXCLUDED, f"The time before has {baseline}, too few to tell a bad month from the usual."
    last, earlier = _last(pairs)
    p, down = _unusual(last, earlier)
    span = (days[-1] - days[0]).days + 1
    rates = f"{percent(_pooled(last))} against {percent(_pooled(earlier))}"
    better = (grounds.metrics[grounds.metric].difference or 0.0) > 0
    if p < ALPHA and down == better:
        worse = "worse" if better else "better"
        many = counted(len(last), "campaign")
        return (
            DETECTED,
            f"The last {many} before the change were {worse} than those before ({rates}, {probability(p)}).",
        )
    if span < LONG_BASELINE_DAYS:
        return NOT_EXCLUDED, f"The time before covers {counted(span, 'day')} only."
    many, usual = counted(len(pairs), "campaign"), "the last of them were like the others"
    return EXCLUDED, f"The time before has {many} in {counted(span, 'day')}, and {usual} ({rates})."


def _last(pairs: Sequence[Share]) -> tuple[Sequence[Share], Sequence[Share]]:
    """The last quarter of the campaigns, at least two, and those before them."""
    cut = max(2, len(pairs) // 4)
    return pairs[-cut:], pairs[:-cut]


def _unusual(last: Sequence[Share], earlier: Sequence[Share]) -> tuple[float, bool]:
    """The p of the last campaigns' mean being one of the earlier ones', and whether it is lower."""
    shares = [x / n for x, n in earlier]
    late = fmean(x / n for x, n in last)
    spread = stdev(shares) * sqrt(1 / len(last) + 1 / len(shares))
    if spread == 0:
        return (1.0 if late == shares[0] else 0.0), late < shares[0]
    t = (late - fmean(shares)) / spread
    return two_sided(t, len(shares) - 1), t < 0


def _pooled(pairs: Sequence[Share]) -> float:
    return sum(x for x, _ in pairs) / sum(n for _, n in pairs)


def concurrent(grounds: Grounds) -> Found:
    """T10: other events that were named, and several fixes at once."""
    events = listed([_named(event) for event in grounds.question.concurrent if _within(event, grounds)])
    if grounds.question.mode == "arms":
        return _of_arms(grounds, "Whatever else happened met both arms.")
    control = grounds.control
    if control is not None and control.moved is False and control.p is not None and control.p < ALPHA:
        named = f" Named: {events}." if events else ""
        return EXCLUDED, f"Whatever else happened would have moved the control as well.{named}"
    if control is not None and control.moved:
        return DETECTED, "The control moved too: something met both, or the fix touches the control."
    if events:
        return DETECTED, f"At the same time: {events}."
    if len(grounds.question.changes) > 1:
        fixes = listed([_named(change) for change in grounds.question.changes])
        return DETECTED, f"Several changes lie between the sides and cannot be told apart: {fixes}."
    return NOT_EXCLUDED, "No other event was named (--concurrent), and no control stood still."


def _within(event: Day, grounds: Grounds) -> bool:
    """Whether it lies between the first campaign and the last; where there are no dates, nobody can tell."""
    days = sorted(cell.day for cell in grounds.cut.series if cell.day is not None)
    return not days or days[0].isoformat() < event.date <= days[-1].isoformat()


def _named(day: Day) -> str:
    return f"{day.date} {day.label}".strip()


def lag(grounds: Grounds) -> Found:
    """T11: DNS caches and reputations follow late."""
    if grounds.question.mode == "arms":
        return NOT_EXCLUDED, "An effect that comes late makes the difference of two arms smaller, not larger."
    if not grounds.question.changes:
        return NOT_EXCLUDED, "Without the date of the change, nothing could be left out after it."
    if grounds.cut.misplaced:
        many = counted(grounds.cut.misplaced, "campaign")
        return DETECTED, f"{many} of the two sets lie on the wrong side of the change."
    washout = grounds.question.washout_days
    series = grounds.timeline
    if series is not None and series.break_agrees is False:
        return DETECTED, f"The series breaks on {series.break_date}, not at the change."
    if not washout:
        return NOT_EXCLUDED, "No days were left out after the change (--washout)."
    breaks = " and the series breaks at the change" if series is not None and series.break_agrees else ""
    return EXCLUDED, f"{counted(washout, 'day')} after the change stand on no side{breaks}."


def peeking(grounds: Grounds) -> Found:
    """T12: a plan is one only if it came before the campaigns that it is about, and nobody looked before its end."""
    question = grounds.question
    if not question.plan:
        return NOT_EXCLUDED, "No plan was written before the change (deliv plan), so the time to look was not fixed."
    named, looked = question.plan[:12], grounds.cut.after
    if question.mode == "arms":
        looked = (*grounds.cut.before, *looked)
    start = min((cell.day for cell in looked if cell.day is not None and cell.sent), default=None)
    if start is None or not question.plan_made:
        return NOT_EXCLUDED, f"Without dates nobody can tell whether the plan ({named}) came before the campaigns."
    if question.plan_made > start.isoformat():
        when = f"on {question.plan_made}, when campaigns that it is about were there since {start}"
        return NOT_EXCLUDED, f"The plan ({named}) was made {when}."
    before, after = campaigns_of(grounds.cut.before), campaigns_of(grounds.cut.after)
    if min(before, after) < question.plan_campaigns:
        wanted = counted(question.plan_campaigns, "campaign")
        seen = f"and this comparison has {before:,} and {after:,}"
        return NOT_EXCLUDED, f"The plan ({named}) waits for {wanted} a side, {seen}."
    return EXCLUDED, f"A plan ({named}) fixed the rate, the time and the rule beforehand."
