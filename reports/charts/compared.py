"""The charts of a comparison, made from its document."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.compare.result import Comparison, Metric, Question, ShareOf, Side, Term
from deliverability.reports.charts.dumbbell import End, Pair, dumbbell
from deliverability.reports.charts.pooling import Dot
from deliverability.reports.charts.runs import Mark, runs
from deliverability.reports.charts.scale import change, in_points
from deliverability.reports.charts.svg import Chart
from deliverability.reports.charts.waterfall import Step, waterfall
from deliverability.reports.comparison_words import smallest
from deliverability.reports.language import N_, _
from deliverability.reports.words import provider_name

METRIC_NAMES: Mapping[str, str] = {
    "delivered_sent": N_("Delivered, of sent"),
    "opened_sent": N_("Opened, of sent"),
    "human_opened_sent_low": N_("Opened by people at least, of sent"),
    "human_opened_sent_high": N_("Opened, machines included, of sent"),
    "clicked_sent": N_("Clicked, of sent"),
}
_OF_SENT: Mapping[str, str] = {
    "delivered_sent": N_("Delivered"),
    "opened_sent": N_("Opened"),
    "human_opened_sent_low": N_("Opened by people at least"),
    "human_opened_sent_high": N_("Opened, machines included"),
    "clicked_sent": N_("Clicked"),
}
"""The same under a title that says what they are shares of."""


def metrics(comparison: Comparison, prefix: str = "metrics") -> Chart | None:
    """The rates before and after. The upper bound of human opens is all opens, which stand there already."""
    pairs = [
        Pair(_(_OF_SENT.get(name, name)), _end(m.before, m.before_share), _end(m.after, m.after_share), _change(m))
        for name, m in comparison.metrics.items()
        if not (name == "human_opened_sent_high" and "opened_sent" in comparison.metrics)
    ]
    return dumbbell(
        prefix, _("Shares of what was sent, before and after"), pairs, confidence=_confidence(comparison.question)
    )


def providers(comparison: Comparison, prefix: str = "providers") -> Chart | None:
    """What was delivered before and after, by mailbox provider."""
    pairs = [
        Pair(provider_name(p.provider), _delivered(p.before), _delivered(p.after), _term(p.delivered))
        for p in comparison.providers
    ]
    title = _("Delivered, of sent, by mailbox provider")
    confidence = _confidence(comparison.question)
    return dumbbell(prefix, title, pairs, confidence=confidence, what=_("Mailboxes at"))


def decomposition(comparison: Comparison, prefix: str = "parts") -> Chart | None:
    """What the change of opens is made of; None where it was not split."""
    parts, opened = comparison.decomposition, comparison.metrics.get("opened_sent")
    if parts is None or opened is None:
        return None
    steps = [
        _step(_("Delivery"), parts.delivery),
        _step(_("Opens by people"), parts.human_opens),
        _step(_("Opens by machines"), parts.machine_opens),
        _step(_("Mix of providers"), parts.mix),
    ]
    start, end = (_("Before"), opened.before), (_("After"), opened.after)
    title, confidence = _("What the change of opens, of sent, is made of"), _confidence(comparison.question)
    return waterfall(prefix, title, start, steps, end, confidence=confidence, base=smallest(opened))


def timeline(comparison: Comparison, prefix: str = "time") -> Chart | None:
    """The campaigns over time; None where none has a day."""
    line = comparison.timeline
    name = line.metric if line and line.metric in METRIC_NAMES else "delivered_sent"
    counted = {"delivered_sent": "delivered", "clicked_sent": "clicked"}.get(name, "opened")
    dots = [
        Dot(point.date, point.period, getattr(point, counted), point.sent, point.campaign)
        for point in comparison.campaigns
    ]
    question = comparison.question
    happened = [Mark(day.date, day.label) for day in question.changes]
    happened += [Mark(day.date, day.label, "other") for day in question.concurrent]
    if line and line.break_date:
        happened.append(Mark(line.break_date, "", "break"))
    return runs(
        prefix,
        _("{metric}, campaign by campaign").format(metric=_(METRIC_NAMES[name])),
        dots,
        happened=happened,
        washout_days=question.washout_days,
        fitted=line.fitted if line else (),
        placebo=(line.placebo_low, line.placebo_high) if line else (None, None),
    )


def _confidence(question: Question) -> float:
    """Of the intervals, as the document says; it may say anything."""
    return question.confidence if 0 < question.confidence < 1 else 0.95


def _end(value: float | None, of: ShareOf | None) -> End:
    return End(value, of.low, of.high, _of(of.numerator, of.denominator), of.denominator) if of else End(value)


def _delivered(side: Side) -> End:
    if side.delivered is None or not 0 <= side.delivered <= side.sent or not side.sent:
        return End(None)
    from deliverability.rates import rate  # noqa: PLC0415 - only where there are providers

    found = rate(side.delivered, side.sent)
    return End(found["value"], found["low"], found["high"], _of(side.delivered, side.sent), side.sent)


def _of(count: int, total: int) -> str:
    return _("{count} of {total}").format(count=f"{count:,}", total=f"{total:,}")


def _change(metric: Metric) -> str:
    return in_points(change(metric.difference), change(metric.low), change(metric.high))


def _term(term: Term) -> str:
    return in_points(change(term.value), change(term.low), change(term.high))


def _step(label: str, term: Term) -> Step:
    return Step(label, term.value, term.low, term.high)
