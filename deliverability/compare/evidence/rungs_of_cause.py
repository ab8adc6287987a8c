"""What E3 and E4 require: a jump at the date, a control that stands still."""

from __future__ import annotations

from deliverability.compare.cut import MIN_CAMPAIGNS, campaigns_of
from deliverability.compare.evidence.grounds import ALPHA, Answer, Grounds
from deliverability.compare.figures import counted, probability, signed
from deliverability.compare.result import Control, Timeline
from deliverability.compare.series.timeline import AFTER_CAMPAIGNS, BEFORE_CAMPAIGNS, PLACEBO_DATES


def _dated(grounds: Grounds) -> tuple[int, int]:
    sides = grounds.cut.before, grounds.cut.after
    before, after = (campaigns_of([cell for cell in cells if cell.day is not None]) for cells in sides)
    return before, after


NO_DATE = "No date of the change was named (--change)."


def length(grounds: Grounds) -> Answer:
    """A trend can be told from a step only in a series."""
    if grounds.question.mode == "arms":
        return None, "", "A randomised split is no series before and after."
    if not grounds.question.changes:
        return None, "", NO_DATE
    before, after = _dated(grounds)
    value = f"{before:,} and {after:,}"
    if before >= BEFORE_CAMPAIGNS and after >= AFTER_CAMPAIGNS:
        return True, value, "Enough dated campaigns lie before and after the change."
    why = f"A series needs {BEFORE_CAMPAIGNS} dated campaigns before the change and {AFTER_CAMPAIGNS} after it."
    return False, value, why


def _series(grounds: Grounds) -> Timeline | None:
    return grounds.timeline if length(grounds)[0] else None


NO_SERIES = "There is no series of campaigns to look at."


def jump(grounds: Grounds) -> Answer:
    """The step at the change, once trend and season are allowed for."""
    series = _series(grounds)
    moved = grounds.metrics[grounds.metric].difference
    step = series.step if series is not None else None
    if series is None or step is None or step.p is None or moved is None:
        return None, "", NO_SERIES
    p = min(1.0, step.p * len(series.steps))  # Bonferroni: several changes are several looks
    value = f"{signed(step.value)} points at {step.date}, {probability(p)}"
    if p >= ALPHA:
        return False, value, "Trend and season allowed for, there is no jump at the change beyond noise."
    if moved * step.value <= 0:
        return False, value, "The series jumps at the change, but the other way than the whole change."
    return True, value, "Trend and season allowed for, the series jumps at the change."


def placebo(grounds: Grounds) -> Answer:
    """The same model at dates at which nothing happened."""
    series = _series(grounds)
    if series is None:
        return None, "", NO_SERIES
    value = f"{series.as_large:,} of {series.placebo_dates:,}" if series.placebo_dates else ""
    if series.as_large:
        return False, value, "At placebo dates before the change, jumps as large are found."
    if series.placebo_dates < PLACEBO_DATES:
        return None, value, f"Fewer than {PLACEBO_DATES} placebo dates can be tried before the change."
    return True, value, "No placebo date before the change shows a jump as large."


def breaking(grounds: Grounds) -> Answer:
    """Where the series breaks by itself."""
    series = _series(grounds)
    if series is None or series.break_agrees is None:
        return None, "", NO_SERIES
    if series.break_agrees:
        return True, series.break_date, "The series breaks where the change was."
    return False, series.break_date, "The series breaks at another date than that of the change."


def own(grounds: Grounds) -> Answer:
    """Another mix of providers, or machines that fetch images, may jump on the day of the fix and spare the control."""
    if _series(grounds) is None and _controlled(grounds) is None:
        return None, "", NO_SERIES
    parts, moved = grounds.decomposition, grounds.metrics[grounds.metric].difference
    if parts is None or moved is None:
        return None, "", grounds.decomposition_why
    # opens that people made are part of a change of opens, and none of a change of what is delivered
    terms = [parts.delivery] if grounds.metric == "delivered_sent" else [parts.delivery, parts.human_opens]
    if all(term.low is None for term in terms):
        return None, "", "The parts of the change have no interval."
    value = f"{signed(sum(term.value for term in terms))} points"
    for term in terms:
        if term.low is not None and term.high is not None and (term.low > 0 if moved > 0 else term.high < 0):
            return True, value, "The change is more than the mix of providers and machines make of it."
    return False, value, "The change is no more than what the mix of providers or machines may make of it."


NO_CONTROL = "No control was named (--control)."


def units(grounds: Grounds) -> Answer:
    """What the fix cannot touch."""
    if not grounds.cut.control:
        return None, "", NO_CONTROL
    before, after = campaigns_of(grounds.cut.control_before), campaigns_of(grounds.cut.control_after)
    units = grounds.control.units if grounds.control else 0
    value = f"{counted(units, 'unit')}, {before:,} and {after:,} campaigns"
    if grounds.control is not None and units and min(before, after) >= MIN_CAMPAIGNS:
        return True, value, f"The control has at least {MIN_CAMPAIGNS} campaigns on each side."
    return False, value, f"The control has fewer than {MIN_CAMPAIGNS} campaigns on a side."


def _controlled(grounds: Grounds) -> Control | None:
    return grounds.control if units(grounds)[0] else None


def pre_trend(grounds: Grounds) -> Answer:
    """A control that already ran another way is none."""
    control = _controlled(grounds)
    if control is None:
        return None, "", "There is no control to look at." if grounds.cut.control else NO_CONTROL
    if control.pre_trend_p is None:
        return None, "", "Too few dated campaigns to compare the trends before the change."
    value = probability(control.pre_trend_p)
    if control.pre_trend_p > ALPHA:
        return True, value, "Target and control ran alike before the change."
    return False, value, "Target and control already went apart before the change."


def still(grounds: Grounds) -> Answer:
    """A control that moved met the change, or something else that all met."""
    control = _controlled(grounds)
    if control is None or control.moved is None:
        return None, "", "There is no control to look at." if grounds.cut.control else NO_CONTROL
    value = f"{signed(control.control.value)} points"
    if control.moved:
        return False, value, "The control moved as well, so it may have met the change, or both met something else."
    return True, value, "The control did not move beyond its own noise."


def difference(grounds: Grounds) -> Answer:
    """The change beyond that of the control."""
    control = _controlled(grounds)
    if control is None or control.p is None:
        return None, "", "There is no control to look at." if grounds.cut.control else NO_CONTROL
    shuffled = "" if control.p_permutation is None else f"; shuffled {probability(control.p_permutation)}"
    value = f"{signed(control.difference.value)} points, {probability(control.p)}{shuffled}"
    # the difference alone says that they went apart: also where the control went further than the target, or alone
    if control.p < ALPHA and abs(control.target.value) > abs(control.control.value):
        return True, value, "The target moved more than the control."
    return False, value, "The target did not move more than the control by more than noise."
