"""A plan for a terminal: how many campaigns, what they rest on, when, and what will be decided by what."""

from __future__ import annotations

from deliverability.plan_document import Plan, Window
from deliverability.reports.comparison_why import RATES, points
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.rates import percent

METRICS = Words({**RATES, "human_opened_sent_low": N_("Opened by people of sent, at least")})
"""The rates that a plan may decide by."""
_INDENT = 15


def render(plan: Plan, *, width: int, color: bool) -> str:
    """The whole plan, each line at most `width` cells (60 at least), ending in a newline."""
    canvas = Canvas.of(width, color=color)
    blocks = (_head(canvas, plan), _windows(canvas, plan), _rule(canvas, plan), _seal(canvas, plan))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(canvas: Canvas, plan: Plan) -> list[str]:
    asked = _("{rate}: a rise by {points} points, from {before} to {after}").format(
        rate=METRICS[plan.metric],
        points=points(plan.effect),
        before=percent(plan.baseline.rate),
        after=percent(plan.baseline.rate + plan.effect),
    )
    campaigns = counted(plan.campaigns_needed, "{n:,} campaign", "{n:,} campaigns")
    text = _("It takes {campaigns} on each side to see it with a chance of {chance}.")
    needed = text.format(campaigns=campaigns, chance=f"{100 * plan.power:g} %")
    return [*canvas.paragraph(asked, 0, "bold"), *canvas.paragraph(needed, 0), *_basis(canvas, plan)]


def _basis(canvas: Canvas, plan: Plan) -> list[str]:
    past = plan.baseline
    campaigns = counted(past.campaigns, "{n:,} campaign", "{n:,} campaigns")
    sent = counted(past.sent, "{n:,} message sent", "{n:,} messages sent")
    days = _("{start} to {end}").format(start=past.start, end=past.end) if past.start else _("without dates")
    lines = canvas.paragraph(f"{days} · {campaigns} · {sent}", _INDENT, "dim", head=_("history"))
    text = _("one campaign lies off the rate by {points} points, typically: {times:,.0f} times the variance of chance")
    differ = text.format(points=f"{100 * past.campaign_sd:.2f}", times=past.dispersion)
    lines += canvas.paragraph(differ, _INDENT, "dim")
    if past.effective_campaigns < 0.75 * past.campaigns:
        uneven = _("campaigns are of very different size: they count for as much as {n:.1f} equal ones")
        lines += canvas.paragraph(uneven.format(n=past.effective_campaigns), _INDENT, "dim")
    return lines + _smallest(canvas, plan)


def _smallest(canvas: Canvas, plan: Plan) -> list[str]:
    if plan.smallest_effect is None:
        text = _("{n:,} campaigns a side show no rise that there can be").format(n=plan.campaigns)
    else:
        rise = points(plan.smallest_effect)
        text = _("{n:,} campaigns a side show a rise by {points} points or more").format(n=plan.campaigns, points=rise)
    return canvas.paragraph(text, _INDENT, "dim")


def _windows(canvas: Canvas, plan: Plan) -> list[str]:
    windows = plan.windows
    there = min(plan.baseline.campaigns, windows.before.campaigns)
    campaigns = counted(windows.before.campaigns, "{n:,} campaign", "{n:,} campaigns")
    before = _("{campaigns}, {there:,} of them in the history").format(campaigns=campaigns, there=there)
    washout = counted(windows.washout_days, "{n:,} day on no side", "{n:,} days on no side")
    return [
        canvas.paint(_("What will be compared"), "bold"),
        *canvas.paragraph(before, _INDENT, head=_("before")),
        *canvas.paragraph(washout, _INDENT, head=_("left out")),
        *canvas.paragraph(_after(plan, windows.after), _INDENT, head=_("after")),
    ]


def _after(plan: Plan, after: Window) -> str:
    campaigns = counted(after.campaigns, "{n:,} campaign", "{n:,} campaigns")
    if plan.weeks is None or plan.campaigns_per_week is None:
        return _("{campaigns}, however long they take").format(campaigns=campaigns)
    weeks = counted(plan.weeks, "{n:,} week", "{n:,} weeks")
    text = _("{campaigns}: {weeks} at {rate:g} campaigns a week")
    return text.format(campaigns=campaigns, weeks=weeks, rate=plan.campaigns_per_week)


def _rule(canvas: Canvas, plan: Plan) -> list[str]:
    title = _("What will be decided then, and not before, by the {level} interval of the difference")
    effect = points(plan.effect)
    stop = _("it does not leave 0 behind, and lies below {points} points").format(points=effect)
    on = _("it holds both 0 and {points} points; going on needs a plan of its own").format(points=effect)
    return [
        *canvas.paragraph(title.format(level=f"{100 * plan.confidence:g} %"), 0, "bold"),
        *canvas.paragraph(_("the whole interval lies above 0"), _INDENT, head=_("adopt")),
        *canvas.paragraph(stop, _INDENT, head=_("stop")),
        *canvas.paragraph(on, _INDENT, head=_("keep testing")),
    ]


def _seal(canvas: Canvas, plan: Plan) -> list[str]:
    text = _("Kept with -o plan.json, it can be held against: deliv compare … --plan plan.json")
    return [*canvas.paragraph(text, 0, "dim"), *canvas.paragraph(plan.hash, _INDENT, "dim", head=_("hash"))]
