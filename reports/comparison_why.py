"""What a comparison rests on, for a terminal: the grade's checks, series and control, threats, providers, findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deliverability.compare.result import GRADES, Attribution, Check, Comparison, ProviderChange, Side
from deliverability.reports.comparison_words import CHECKS, STATUSES
from deliverability.reports.language import N_, Words, _
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.rates import percents
from deliverability.reports.spoken import spoken_title
from deliverability.reports.tables import Column, table
from deliverability.reports.words import provider_name, shown

RATES: Mapping[str, str] = Words({
    "delivered_sent": N_("Delivered of sent"),
    "opened_sent": N_("Opened of sent"),
    "clicked_sent": N_("Clicked of sent"),
})  # fmt: skip
ATTRIBUTED: Mapping[str, str] = Words({
    "fixed": N_("Fixed"),
    "new": N_("New"),
    "remaining": N_("Still there"),
})  # fmt: skip
MARKS = {True: ("●", "green"), False: ("△", "red"), None: ("◇", "yellow")}
_COLORS = {"detected": "red", "not_excluded": "yellow", "excluded": "green"}
_MARGIN = 2
_INDENT = 4
MAX_ATTRIBUTED = 20
"""Findings that are laid beside the change; JSON has all."""


def points(fraction: float | None) -> str:
    """A difference in points with its sign; a dash where there is none."""
    if fraction is None:
        return "–"
    size = abs(100 * fraction)
    text = f"{size:.{1 if size >= 0.05 or size < 0.005 else 2}f}"
    return text if not float(text) else f"{'+' if fraction > 0 else '−'}{text}"


def interval(low: float | None, high: float | None) -> str:
    """An interval of a difference in points; a dash where there is none."""
    return "–" if low is None or high is None else _("{low} to {high}").format(low=points(low), high=points(high))


# what it rests on


def grade(canvas: Canvas, comparison: Comparison) -> list[str]:
    """What would raise the grade, and what holds."""
    checks = comparison.grade_checks
    held = [_(CHECKS.get(one.name, one.name)) for one in checks if one.passed]
    missing = _missing(checks, comparison.grade)
    title = _("Not met") if comparison.grade == GRADES[-1] else _("What would raise the grade")
    lines = [canvas.paint(title, "bold")] if missing else []
    for one in missing:
        mark, colour = MARKS[one.passed]
        first, *rest = canvas.ends(prose(one.why), f"{one.rung} {shown(one.name)}", indent=_MARGIN)
        lines += [f"{canvas.paint(mark, colour)} {first[_MARGIN:]}", *rest]
        lines += canvas.paragraph(prose(one.value), _INDENT, "dim") if one.value else []
    if held:
        lines += canvas.paragraph(_("Held: {checks}.").format(checks=", ".join(held)), 0, "dim")
    return lines


def _missing(checks: Sequence[Check], grade: str) -> list[Check]:
    """What failed anywhere, and what the next rung lacks; of a reason that is given several times, the first."""
    above = next((rung for rung in GRADES if rung > grade), "")
    found = [one for one in checks if one.passed is False or (one.passed is None and one.rung == above)]
    open_ways = [one for one in checks if one.passed is None and one.rung > above]
    kept: dict[str, Check] = {}
    for one in (*found, *open_ways):
        kept.setdefault(one.why, one)
    return list(kept.values())


def causes(canvas: Canvas, comparison: Comparison) -> list[str]:
    """The series, the control and the dose, each in a line or two."""
    lines: list[str] = []
    series, control, dose = comparison.timeline, comparison.control, comparison.dose
    for step in series.steps if series else ():
        text = _("{date} {label}: the series jumps by {points} points ({span})").format(
            date=step.date, label=step.label, points=points(step.value), span=interval(step.low, step.high)
        )
        lines += canvas.paragraph(" ".join(text.replace(" :", ":").split()), _MARGIN)
    if series is not None:
        text = _("placebo dates: {dates:,}, as large: {large:,}; the series breaks best on {day}")
        day = series.break_date or "–"
        lines += canvas.paragraph(
            text.format(dates=series.placebo_dates, large=series.as_large, day=day), _INDENT, "dim"
        )
    if control is not None:
        text = _("Control {control}: {points} points ({span}); the target beyond it {more} ({over})").format(
            control=control.expression,
            points=points(control.control.value),
            span=interval(control.control.low, control.control.high),
            more=points(control.difference.value),
            over=interval(control.difference.low, control.difference.high),
        )
        lines += canvas.paragraph(text, _MARGIN)
    if dose is not None and (dose.agrees is not None or (dose.refused_before and dose.refused_before.numerator)):
        lines += canvas.paragraph(prose(dose.why), _MARGIN)
    return [canvas.paint(_("Series, control and dose"), "bold"), *lines] if lines else []


def segments(canvas: Canvas, comparison: Comparison) -> list[str]:
    """Each segment, and whether they differ."""
    found = comparison.segments
    if found is None:
        return []
    rows = [
        (
            shown(row.segment) or _("(none)"),
            f"{row.campaigns_before:,} / {row.campaigns_after:,}",
            " → ".join(percents((row.before, row.after), 0)),
            points(row.difference.value) if row.difference else "–",
            interval(row.difference.low, row.difference.high) if row.difference else "–",
        )
        for row in found.rows
    ]
    columns = (
        Column(_("by {column}").format(column=found.column), name=True),
        Column(_("campaigns"), spare=1),
        Column(RATES.get(found.metric, found.metric)),
        Column(_("points")),
        Column(_("interval"), spare=2),
    )
    return [*table(canvas, columns, rows), *canvas.paragraph(prose(found.why), _MARGIN, "dim")]


def threats(canvas: Canvas, comparison: Comparison) -> list[str]:
    """What was found, and what nobody can rule out; the rest in a line."""
    lines = [canvas.paint(_("What else could explain it"), "bold")]
    for status in ("detected", "not_excluded"):
        for one in comparison.threats:
            if one.status == status:
                shape, word = STATUSES[status][1], _(STATUSES[status][2])
                first, *rest = canvas.ends(prose(one.title), f"{word} · {one.id}", indent=_MARGIN)
                lines += [f"{canvas.paint(shape, _COLORS[status])} {first[_MARGIN:]}", *rest]
                lines += canvas.paragraph(prose(one.note), _INDENT, "dim")
    out = [f"{one.id} {prose(one.title)}" for one in comparison.threats if one.status == "excluded"]
    return lines + (
        canvas.paragraph(_("Ruled out: {threats}.").format(threats="; ".join(out)), 0, "dim") if out else []
    )


# by provider, by finding


def providers(canvas: Canvas, comparison: Comparison) -> list[str]:
    """Each mailbox provider, before and after."""
    if not comparison.providers:
        return []
    columns = (
        Column(_("provider"), name=True),
        Column(_("sent")),
        Column(_("delivered")),
        Column(_("points")),
        Column(_("interval"), spare=2),
        Column(_("opened"), spare=1),
        Column(_("refused"), spare=3),
    )
    return table(canvas, columns, [_provider(one) for one in comparison.providers])


def _provider(one: ProviderChange) -> tuple[str, ...]:
    before, after = one.before, one.after
    known = one.refused_before is not None and one.refused_after is not None
    return (
        _("others together") if one.provider == "other" else provider_name(one.provider),
        f"{before.sent:,} → {after.sent:,}",
        _ends(before.delivered, after.delivered, before, after),
        points(one.delivered.value),
        interval(one.delivered.low, one.delivered.high),
        _ends(before.opened, after.opened, before, after),
        f"{one.refused_before:,} → {one.refused_after:,}" if known else "–",
    )


def _ends(was: int | None, now: int | None, before: Side, after: Side) -> str:
    shares = [x / n if x is not None and n else None for x, n in ((was, before.sent), (now, after.sent))]
    return " → ".join(percents(shares, min(before.sent, after.sent)))


def attribution(canvas: Canvas, comparison: Comparison) -> list[str]:
    """The findings of the audits, each with what the grade allows to say."""
    if not comparison.attribution:
        return []
    lines = [canvas.paint(_("Laid beside the findings"), "bold")]
    for one in comparison.attribution[:MAX_ATTRIBUTED]:
        lines += _finding(canvas, one)
    rest = len(comparison.attribution) - MAX_ATTRIBUTED
    return lines + (canvas.paragraph(_("… and {n:,} more").format(n=rest), _MARGIN, "dim") if rest > 0 else [])


def _finding(canvas: Canvas, one: Attribution) -> Iterable[str]:
    status = ATTRIBUTED.get(one.status, one.status)
    yield from canvas.ends(f"{status}: {spoken_title(one.check, one.title)}", shown(one.check), indent=_MARGIN)
    yield from canvas.paragraph(prose(one.text), _INDENT, "dim")
