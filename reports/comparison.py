"""A comparison for a terminal: what may be said first, then the rates, their parts, and what the grade rests on."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.compare.result import GRADES, HEADLINES, Comparison, Metric, ShareOf, Side, Term
from deliverability.reports import comparison_why as why
from deliverability.reports.comparison_why import RATES, interval, points
from deliverability.reports.comparison_words import smallest
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.rates import percents
from deliverability.reports.tables import Column, table

GRADE_WORDS: Mapping[str, str] = Words({
    "E0": N_("the numbers differ, or do not; that says nothing about why"),
    "E1": N_("campaigns differ by more than they do anyway; why, nobody can tell from this"),
    "E2": N_("it is known of which parts the change is made, not what caused it"),
    "E3": N_("the change came when the fix did; what else came that day is not ruled out"),
    "E4": N_("mail that the fix could not touch did not change"),
    "E5": N_("where chance alone chose who got the fix, the fix is the cause; that it did, the data cannot show"),
})  # fmt: skip
"""Grade → what it comes to in plain words."""
PARTS: Mapping[str, str] = Words({
    "delivery": N_("delivery"),
    "human_opens": N_("opens by people"),
    "machine_opens": N_("opens by machines"),
    "mix": N_("mix of providers"),
    "total": N_("in all"),
})  # fmt: skip
_MARGIN = 2
_INDENT = 4


def render(comparison: Comparison, *, width: int, color: bool) -> str:
    """The whole document, each line at most `width` cells (60 at least), ending in a newline."""
    canvas = Canvas.of(width, color=color)
    blocks = [_head(canvas, comparison)]
    if comparison.before.sent and comparison.after.sent:
        blocks += [_rates(canvas, comparison), _parts(canvas, comparison)]
    if not comparison.refused:
        blocks += [why.grade(canvas, comparison), why.causes(canvas, comparison), why.segments(canvas, comparison)]
        blocks += [
            why.threats(canvas, comparison),
            why.providers(canvas, comparison),
            why.attribution(canvas, comparison),
        ]
    blocks.append(_notes(canvas, comparison))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


# what may be said, and of what


def _head(canvas: Canvas, comparison: Comparison) -> list[str]:
    if comparison.refused:
        return canvas.paragraph(prose(comparison.sentence), 0, "bold", "yellow") + _sides(canvas, comparison)
    grade = _("{grade} of {best}").format(grade=comparison.grade, best=GRADES[-1])
    lines = canvas.ends(prose(comparison.sentence), grade, "bold")
    means = _("{grade}: {means}.").format(grade=grade, means=GRADE_WORDS.get(comparison.grade, "–"))
    by_plan = [line for note in comparison.notes[:1] for line in canvas.paragraph(prose(note), 0, "bold")]
    held = by_plan if comparison.question.plan else []
    return [*lines, *canvas.paragraph(means, 0), *held, *_sides(canvas, comparison)]


def _sides(canvas: Canvas, comparison: Comparison) -> list[str]:
    question = comparison.question
    lines = [*_side(canvas, _("before"), comparison.before), *_side(canvas, _("after"), comparison.after)]
    for day in question.changes:
        lines += canvas.paragraph(f"{day.date} {day.label}".strip(), 10, "dim", head=_("change"))
    left_out = sum(read.washout for read in comparison.input.values())
    if question.washout_days:
        days = counted(question.washout_days, "{n:,} day after the change stands", "{n:,} days after the change stand")
        many = counted(left_out, "{n:,} campaign", "{n:,} campaigns")
        text = _("{days} on no side ({campaigns}).").format(days=days, campaigns=many)
        lines += canvas.paragraph(text, 10, "dim")
    if question.horizon_hours is not None:
        text = _("Each message was followed for {hours:g} hours after its send.").format(hours=question.horizon_hours)
        lines += canvas.paragraph(text, 10, "dim")
    return lines


def _side(canvas: Canvas, head: str, side: Side) -> list[str]:
    if not side.sent:
        return canvas.paragraph(_("nothing was sent"), 10, "dim", head=head)
    many = counted(side.campaigns, "{n:,} campaign", "{n:,} campaigns")
    sent = counted(side.sent, "{n:,} message sent", "{n:,} messages sent")
    days = _("{start} to {end}").format(start=side.start, end=side.end) if side.start else _("without dates")
    return canvas.paragraph(" · ".join(filter(None, (side.name, days, many, sent))), 10, "dim", head=head)


# rates


def _rates(canvas: Canvas, comparison: Comparison) -> list[str]:
    lines: list[str] = []
    for name in HEADLINES:
        lines += _rate(canvas, RATES[name], comparison.metrics.get(name), comparison)
    lines += _people(canvas, comparison)
    return lines + _rate(canvas, RATES["clicked_sent"], comparison.metrics.get("clicked_sent"), comparison)


def _rate(canvas: Canvas, label: str, metric: Metric | None, comparison: Comparison) -> list[str]:
    if metric is None or metric.difference is None:
        return []
    level = f"{100 * comparison.question.confidence:g} %"
    within = _("{level} {span}").format(level=level, span=interval(metric.low, metric.high))
    before, after = percents((metric.before, metric.after), smallest(metric))
    change = _("{before} → {after}, {points} points ({interval})").format(
        before=before,
        after=after,
        points=points(metric.difference),
        interval=within,
    )
    of = f"{_of(metric.before_share)} → {_of(metric.after_share)}"
    lines = canvas.paragraph(f"{label}  {change}", _MARGIN, "bold")
    return lines + canvas.paragraph(f"{of}; {_basis(metric, comparison)}", _INDENT, "dim")


def _basis(metric: Metric, comparison: Comparison) -> str:
    """What the interval rests on."""
    numbers = comparison.before.campaigns, comparison.after.campaigns
    if metric.p is None:
        return _("sampling error only: too narrow where campaigns differ")
    text = _("between {before:,} and {after:,} campaigns, {p}")
    return text.format(
        before=numbers[0], after=numbers[1], p="p < 0.001" if metric.p < 0.001 else f"p = {metric.p:.3f}"
    )


def _of(share: ShareOf | None) -> str:
    if share is None:
        return "–"
    return _("{number:,} of {total:,}").format(number=share.numerator, total=share.denominator)


def _people(canvas: Canvas, comparison: Comparison) -> list[str]:
    """Opens by people, which are known between bounds alone."""
    low, high = (comparison.metrics.get(f"human_opened_sent_{end}") for end in ("low", "high"))
    if low is None or high is None or comparison.human_bounds is None or low.difference is None:
        return []
    ends = percents((low.before, high.before, low.after, high.after), smallest(high))
    sides = [_("{low} to {high}").format(low=least, high=most) for least, most in (ends[:2], ends[2:])]
    text = _("Opened by people of sent  {before}, then {after}").format(before=sides[0], after=sides[1])
    bounds = _("so opens by people changed by {span} points, whatever machines did")
    lines = canvas.paragraph(text, _MARGIN, "bold")
    return lines + canvas.paragraph(bounds.format(span=interval(*comparison.human_bounds)), _INDENT, "dim")


def _parts(canvas: Canvas, comparison: Comparison) -> list[str]:
    split = comparison.decomposition
    title = canvas.paint(_("Where the change of opens of sent comes from"), "bold")
    how = prose(comparison.decomposition_why)
    basis = canvas.paragraph(how, _MARGIN, "dim") if how else []
    if split is None:
        return [title, *basis]
    rows: list[tuple[str, str, str]] = []
    for name, label in PARTS.items():
        term: Term = getattr(split, name)
        rows.append((f"  {label}", points(term.value), interval(term.low, term.high)))
    level = _("{level} interval").format(level=f"{100 * comparison.question.confidence:g} %")
    lines = table(canvas, (Column("", name=True), Column(_("points")), Column(level)), rows)
    return [title, *lines, *basis]


def _notes(canvas: Canvas, comparison: Comparison) -> list[str]:
    notes = comparison.notes[1:] if comparison.question.plan and not comparison.refused else comparison.notes
    lines = [line for note in notes for line in canvas.paragraph(prose(note), 0, "dim")]
    for name, read in comparison.input.items():
        side = {"all": _("read"), "before": _("read before"), "after": _("read after")}.get(name, name)
        rows = counted(read.rows, "{n:,} row", "{n:,} rows")
        bad = _(", {n:,} unreadable").format(n=read.bad) if read.bad else ""
        twice = _(", {n:,} duplicates").format(n=read.duplicates) if read.duplicates else ""
        lines += canvas.paragraph(f"{side}: {rows} ({prose(read.kind)}){bad}{twice}", 0, "dim")
    return lines
