"""A comparison as the page shows it: the sentence that its grade allows, what was tried, what is not ruled out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from deliverability.compare.result import (
    GRADES,
    SCHEMA,
    Attribution,
    Check,
    Comparison,
    Day,
    Metric,
    ProviderChange,
    ShareOf,
    Side,
    Term,
    Threat,
)
from deliverability.events.plain import NotThose, from_plain
from deliverability.fastclass import dataclass
from deliverability.reports.charts.compared import METRIC_NAMES
from deliverability.reports.charts.scale import in_points, signed
from deliverability.reports.comparison_words import ATTRIBUTED, CHECKS, PASSED, RELATIONS, RUNGS, STATUSES, smallest
from deliverability.reports.figures import window
from deliverability.reports.language import N_, _, ngettext
from deliverability.reports.prose import prose
from deliverability.reports.rates import percent, percents
from deliverability.reports.spoken import spoken_title
from deliverability.reports.words import family, provider_name

UNREADABLE = N_("The comparison in this document is damaged, or of another version of deliv; it is not shown.")

MAX_ATTRIBUTED = 12
"""Findings of one kind that are laid beside the change."""


@dataclass(frozen=True, slots=True)
class Change:
    """A rate before and after, each with its parts; the difference with its interval, and how that was come by."""

    label: str
    before: str
    before_of: str
    after: str
    after_of: str
    difference: str
    method: str
    p: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was tried, with its outcome in shape and word."""

    name: str
    tone: str
    shape: str
    word: str
    value: str
    why: str
    rung: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One mailbox provider before and after."""

    name: str
    sent: str
    delivered: tuple[str, str, str]
    opened: tuple[str, str, str]
    refused: str


@dataclass(frozen=True, slots=True)
class Box:
    """What the page says of a comparison; `trouble` alone where it cannot be read."""

    trouble: str = ""
    made: Comparison | None = None
    refused: str = ""
    sentence: str = ""
    grade: str = ""
    means: str = ""
    changed: str = ""
    asked: Sequence[tuple[str, str]] = ()
    headlines: Sequence[Change] = ()
    others: Sequence[Change] = ()
    bounds: str = ""
    mix: str = ""
    no_split: str = ""
    marks: Sequence[Mark] = ()
    short: Sequence[str] = ()
    concurrent: Sequence[tuple[str, str]] = ()
    threats: Sequence[Mark] = ()
    attribution: Sequence[tuple[str, Sequence[Attribution]]] = ()
    related: Sequence[tuple[str, Sequence[str]]] = ()
    places: Sequence[Place] = ()

    def of(self, *words: str) -> list[Mark]:
        """The requirements with this outcome: `held`, `failed`, `could not be tried` by their tone."""
        return [mark for mark in self.marks if mark.tone in words]

    def open_threats(self) -> list[Mark]:
        """Threats that were found or are not ruled out."""
        return [mark for mark in self.threats if mark.tone != "good"]


def comparison_box(plain: object) -> Box | None:
    """The box of a comparison as a document carries it; None where it carries none."""
    if plain is None:
        return None
    known: Mapping[str, Any] = cast("Mapping[str, Any]", plain) if isinstance(plain, Mapping) else {}
    if known.get("schema", SCHEMA) != SCHEMA:
        return Box(trouble=_(UNREADABLE))
    try:
        return _box(from_plain(Comparison, known))
    except (NotThose, ArithmeticError, ValueError):
        return Box(trouble=_(UNREADABLE))


def _box(made: Comparison) -> Box:
    changes = [_change(METRIC_NAMES.get(name, name), one) for name, one in made.metrics.items()]
    return Box(
        made=made,
        refused=made.refused,
        sentence=made.sentence,
        grade=made.grade if made.grade in GRADES else "",
        means=_(RUNGS.get(made.grade, "")) if made.grade in RUNGS else "",
        changed="; ".join(_day(one) for one in made.question.changes),
        asked=_asked(made),
        headlines=changes[:2],
        others=changes[2:],
        bounds=_bounds(made.human_bounds),
        mix=_mix(made.mix_distance),
        no_split="" if made.decomposition else made.decomposition_why,
        marks=[_mark(one) for one in made.grade_checks],
        short=made.notes,
        concurrent=[(one.date, one.label) for one in made.question.concurrent],
        threats=sorted((_threat(one) for one in made.threats), key=lambda one: _RANKS.get(one.tone, 9)),
        attribution=_attribution(made.attribution),
        related=_related(made.attribution),
        places=[_place(one) for one in made.providers],
    )


_RANKS = {"bad": 0, "open": 1, "good": 2}


def _asked(made: Comparison) -> list[tuple[str, str]]:
    question = made.question
    rows = [(_("Before"), _side(made.before)), (_("After"), _side(made.after))]
    if question.changes:
        rows.append((_("The change"), "; ".join(_day(one) for one in question.changes)))
    if question.washout_days:
        days = ngettext("{number} day after it left out", "{number} days after it left out", question.washout_days)
        rows.append((_("To settle"), days.format(number=question.washout_days)))
    if question.horizon_hours:
        followed = _("each message for {hours} hours after its send").format(hours=f"{question.horizon_hours:g}")
        rows.append((_("Followed"), followed))
    named = ((_("Control"), question.control), (_("Split"), question.arms), (_("Plan"), question.plan))
    return rows + [(what, value) for what, value in named if value]


def _day(day: Day) -> str:
    return f"{day.date} · {day.label}" if day.label else day.date


def _side(side: Side) -> str:
    campaigns = ngettext("{number} campaign", "{number} campaigns", side.campaigns).format(number=f"{side.campaigns:,}")
    text = _("{campaigns}, {sent} messages sent").format(campaigns=campaigns, sent=f"{side.sent:,}")
    days = window(side.start, side.end)
    return ", ".join(filter(None, (side.name, text, days)))


def _change(label: str, metric: Metric) -> Change:
    before, after = percents((metric.before, metric.after), smallest(metric))
    return Change(
        label=_(label),
        before=before,
        before_of=_of(metric.before_share),
        after=after,
        after_of=_of(metric.after_share),
        difference=in_points(metric.difference, metric.low, metric.high) or "–",
        method=metric.method,
        p="–" if metric.p is None else _probability(metric.p),
    )


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _of(share: ShareOf | None) -> str:
    if share is None:
        return ""
    return _("{number} of {total}").format(number=f"{share.numerator:,}", total=f"{share.denominator:,}")


def _bounds(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return ""
    return _(
        "Machines open mail too, so what people did is known between bounds: opens by people changed by {low} to {high}"
        " points."
    ).format(low=signed(bounds[0]), high=signed(bounds[1]))


def _mix(distance: float | None) -> str:
    if distance is None:
        return ""
    return _("{share} of the mail went to other mailbox providers than before.").format(share=percent(distance))


def _mark(one: Check) -> Mark:
    tone, shape, word = PASSED[one.passed]
    return Mark(_(CHECKS.get(one.name, one.name)), tone, shape, _(word), one.value, one.why, one.rung)


def _threat(one: Threat) -> Mark:
    tone, shape, word = STATUSES.get(one.status, ("none", "–", one.status))
    return Mark(prose(one.title), tone, shape, _(word), "", one.note, one.id)


def _attribution(found: Sequence[Attribution]) -> list[tuple[str, Sequence[Attribution]]]:
    groups = [(title, [one for one in found if one.status == status]) for status, title in ATTRIBUTED.items()]
    return [(_(title), [_said(one) for one in members[:MAX_ATTRIBUTED]]) for title, members in groups if members]


def _related(found: Sequence[Attribution]) -> list[tuple[str, Sequence[str]]]:
    """What became of findings and what that has to do with the change → the families of checks of which it is so."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in found:
        groups.setdefault((one.status, one.relation), []).append(one.check)
    return [
        (
            _("{status}, {relation}").format(status=_(ATTRIBUTED[status]), relation=_(words)),
            list(dict.fromkeys(family(check) for check in groups[status, relation]))[:MAX_ATTRIBUTED],
        )
        for status in ATTRIBUTED
        for relation, words in RELATIONS.items()
        if (status, relation) in groups
    ]


def _said(one: Attribution) -> Attribution:
    return replace(one, title=spoken_title(one.check, one.title))


def _place(one: ProviderChange) -> Place:
    before, after = one.before, one.after
    refused = ""
    if one.refused_before is not None and one.refused_after is not None:
        refused = f"{one.refused_before:,} → {one.refused_after:,}"
    return Place(
        name=_("others together") if one.provider == "other" else provider_name(one.provider),
        sent=f"{before.sent:,} → {after.sent:,}",
        delivered=(*_ends(before.delivered, after.delivered, before, after), _term(one.delivered)),
        opened=(*_ends(before.opened, after.opened, before, after), _term(one.opened)),
        refused=refused,
    )


def _ends(was: int | None, now: int | None, before: Side, after: Side) -> tuple[str, str]:
    sides = ((was, before.sent), (now, after.sent))
    one, two = percents([x / n if x is not None and n > 0 else None for x, n in sides], min(before.sent, after.sent))
    return one, two


def _term(term: Term | None) -> str:
    return "" if term is None else in_points(term.value, term.low, term.high)
