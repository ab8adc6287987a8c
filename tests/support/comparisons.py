"""Comparisons to draw: the wine shop's worked example at the top of the ladder, poorer ones, and a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import cos
from typing import Any

from deliverability.compare.intervals import wilson
from deliverability.compare.result import (
    Attribution,
    CampaignPoint,
    Check,
    Comparison,
    Control,
    Day,
    Decomposition,
    Dose,
    Metric,
    ProviderChange,
    Question,
    Read,
    SegmentChange,
    Segments,
    ShareOf,
    Side,
    Step,
    Term,
    Tested,
    Threat,
    Timeline,
)
from deliverability.events.plain import to_plain
from support.samples import HOSTILE

CHANGED = date(2026, 8, 4)
"""The day of the repair."""

_PROVIDERS = {
    # sent, delivered, opened, of which by machines alone, clicked: before, and after
    "gmail": ((25_000, 20_000, 3_200, 200, 900), (24_000, 23_640, 6_856, 709, 1_300)),
    "microsoft": ((12_500, 8_750, 1_050, 0, 300), (11_000, 10_725, 2_574, 0, 520)),
    "apple": ((5_000, 4_500, 1_800, 1_350, 80), (8_500, 8_373, 7_033, 6_029, 190)),
    "other": ((7_500, 6_900, 1_380, 0, 210), (6_500, 6_370, 1_401, 0, 260)),
}

_THREATS = (
    ("T1", "Campaigns differ", "excluded", "Campaigns differ 3.1 times as much as chance; intervals allow for it."),
    ("T2", "Apple fetches images", "detected", "Opens by machines alone went from 20 % to 38 % of all opens."),
    ("T3", "Gmail fetches images", "excluded", "The flag covers Gmail on both sides."),
    ("T4", "Scanners click", "not_excluded", "Clicks carry no flag; they are not a headline."),
    ("T5", "Another mix of providers", "detected", "The mix moved by 0.070; its part is shown by itself."),
    ("T6", "Another list", "excluded", "Messages a campaign went down by 0.4 %."),
    ("T7", "Colder readers were reached", "excluded", "Every rate is of what was sent."),
    ("T8", "Trend or season", "excluded", "No placebo date of 21 shows a jump as large."),
    ("T9", "A bad month before", "excluded", "The last campaigns before the change were like the others."),
    ("T10", "Something else happened", "not_excluded", "One other event was named; the control did not move."),
    ("T11", "Early or late effect", "excluded", "14 days were left out; the series breaks on the declared day."),
    ("T12", "Looking every week", "not_excluded", "No plan was written before the change (deliv plan)."),
    ("T13", "Tracking changed", "excluded", "Clicks for each open stayed as they were."),
    ("T14", "Another count of sent", "excluded", "Delivered and bounced add up to what was sent on both sides."),
)  # fmt: skip

_CHECKS = (
    ("campaigns", "E1", True, "12 and 12", "At least 4 campaigns on each side."),
    ("data-complete", "E1", True, "", "The events carry what the figures rest on."),
    ("beyond-campaign-noise", "E1", True, "p 0.0002", "The change is larger than campaigns differ among themselves."),
    ("permutation-agrees", "E1", True, "p 0.0004", "Shuffling the campaigns gives a change as large this rarely."),
    ("provider-column", "E2", True, "4 providers", "Both sides name the mailbox provider."),
    ("machine-flag", "E2", True, "", "Both sides say which opens are a machine's."),
    ("series-length", "E3", True, "12 and 12", "At least 8 campaigns before and 4 after, with dates."),
    ("jump", "E3", True, "p 0.0011", "The jump at the date is beyond noise."),
    ("placebo", "E3", True, "0 of 21", "No placebo date shows a jump as large."),
    ("break-date", "E3", True, "2026-08-06", "The series breaks where the change was."),
    ("control-units", "E4", True, "1 unit, 24 campaigns", "A control with at least 4 campaigns on each side."),
    ("pre-trend", "E4", True, "p 0.61", "Target and control ran alike before."),
    ("control-still", "E4", True, "p 0.47", "The control did not move."),
    ("difference-in-differences", "E4", True, "p 0.0007", "The target moved more than the control."),
    ("arms", "E5", None, "", "There is no randomised split."),
    ("arm-balance", "E5", None, "", "There is no randomised split."),
    ("arms-in-parallel", "E5", None, "", "There is no randomised split."),
)  # fmt: skip


def share(numerator: int, denominator: int) -> ShareOf:
    """A share with its interval."""
    low, high = wilson(numerator, denominator)
    return ShareOf(numerator=numerator, denominator=denominator, low=low, high=high)


def side(index: int, names: tuple[str, ...] = tuple(_PROVIDERS)) -> Side:
    """Before (0) or after (1), of the named providers."""
    sent, delivered, opened, machine, clicked = (sum(_PROVIDERS[name][index][i] for name in names) for i in range(5))
    first = CHANGED - timedelta(days=84) if index == 0 else CHANGED + timedelta(days=15)
    return Side(
        start=first.isoformat(),
        end=(first + timedelta(days=77)).isoformat(),
        campaigns=12,
        sent=sent,
        delivered=delivered,
        opened=opened,
        opened_machine=machine,
        opened_unknown=0,
        clicked=clicked,
        complained=40 - 25 * index,
        bounced=sent - delivered,
    )


def metric(before: tuple[int, int], after: tuple[int, int], margin: float, p: float | None) -> Metric:
    """A rate before and after, with a margin of its difference and a p at the level of campaigns."""
    one, two = before[0] / before[1], after[0] / after[1]
    return Metric(
        before=one,
        after=two,
        difference=two - one,
        low=two - one - margin,
        high=two - one + margin,
        method="campaigns: Welch t",
        p=p,
        p_adjusted=p,
        before_share=share(*before),
        after_share=share(*after),
        sampling=(two - one - margin / 3, two - one + margin / 3),
        dispersion=3.1,
        tests=() if p is None else (Tested(name="welch", p=p, statistic=9.1, df=21.4),),
    )


def metrics() -> dict[str, Metric]:
    """All metrics of the worked example."""
    a, b = side(0), side(1)
    human = [s.opened - s.opened_machine for s in (a, b) if s.opened is not None and s.opened_machine is not None]
    return {
        "delivered_sent": metric((a.delivered or 0, a.sent), (b.delivered or 0, b.sent), 0.021, 0.0002),
        "opened_sent": metric((a.opened or 0, a.sent), (b.opened or 0, b.sent), 0.034, 0.0002),
        "human_opened_sent_low": metric((human[0], a.sent), (human[1], b.sent), 0.03, 0.0004),
        "human_opened_sent_high": metric((a.opened or 0, a.sent), (b.opened or 0, b.sent), 0.034, 0.0002),
        "clicked_sent": metric((a.clicked or 0, a.sent), (b.clicked or 0, b.sent), 0.012, 0.061),
    }


def points(before: int = 12, after: int = 12, *, every: int = 7, sent: int = 4_100) -> tuple[CampaignPoint, ...]:
    """Campaigns on both sides of the change and two in the washout, in order of their days."""

    def point(day: date, period: str, number: int) -> CampaignPoint:
        better = period == "after" or (period == "washout" and number % 2)
        arrived = (0.975 if better else 0.803) + 0.012 * cos(number * 1.7)
        read = (0.35 if better else 0.15) + 0.02 * cos(number * 2.3)
        size = sent + 37 * (number % 9)
        return CampaignPoint(
            campaign=f"newsletter-{number:03}",
            date=day.isoformat(),
            period=period,
            sent=size,
            delivered=int(size * arrived),
            opened=int(size * read),
            opened_machine=int(size * read / 4),
            clicked=int(size * read / 9),
        )

    found = [point(CHANGED - timedelta(days=every * (before - i)), "before", i) for i in range(before)]
    found += [point(CHANGED + timedelta(days=4 + 7 * i), "washout", before + i) for i in range(2)]
    start = CHANGED + timedelta(days=15)
    found += [point(start + timedelta(days=every * i), "after", before + 2 + i) for i in range(after)]
    return tuple(found)


def timeline() -> Timeline:
    """The jump of delivered/sent, and what the placebo dates give."""
    steps = (
        Step(date=CHANGED.isoformat(), label="SPF and DKIM repaired", value=0.168, low=0.12, high=0.216, p=0.0011),
    )
    fitted = tuple(
        ((CHANGED + timedelta(days=7 * week)).isoformat(), 0.803 if week < 0 else 0.975) for week in range(-12, 13)
    )
    return Timeline(
        metric="delivered_sent",
        steps=steps,
        trend_before=0.0001,
        trend_after=0.00005,
        dispersion=2.2,
        placebo_dates=21,
        as_large=0,
        placebo_low=-0.021,
        placebo_high=0.019,
        break_date=(CHANGED + timedelta(days=2)).isoformat(),
        break_agrees=True,
        break_gain=0.91,
        fitted=fitted,
    )  # fmt: skip


def control() -> Control:
    """Transactional mail from another domain, which the repair could not touch."""
    return Control(
        expression="stream=transactional",
        metric="delivered_sent",
        units=1,
        campaigns=24,
        target=Term(value=0.179, low=0.158, high=0.2),
        control=Term(value=0.003, low=-0.006, high=0.012),
        difference=Term(value=0.176, low=0.153, high=0.199),
        p=0.0007,
        p_permutation=0.0012,
        pre_trend=0.00002,
        pre_trend_p=0.61,
        moved=False,
    )


def attribution() -> tuple[Attribution, ...]:
    """What was fixed and what is still there, beside the change."""
    return (
        Attribution(
            check="dkim-revoked",
            subject="crm1._domainkey.vinotheque.example",
            title="The DKIM key at selector crm1 is revoked",
            status="fixed",
            relation="consistent",
            text="Consistent with the change: messages refused with 5.7.26 fell from 2,250 to 31.",
            codes=("5.7.26",),
            refused_before=share(2_250, 50_000),
            refused_after=share(31, 50_000),
            together=("spf-lookup-limit",),
        ),
        Attribution(
            check="dmarc-effective-policy",
            subject="vinotheque.example",
            title="Receivers are asked to do nothing about forged mail",
            status="remaining",
            relation="no_change",
            text="Not changed, so it explains nothing of this.",
        ),
    )


def comparison(**changes: Any) -> Comparison:
    """The worked example: 14.86 % to 35.73 % opened, at grade E4."""
    made = Comparison(
        deliv_version="0.1.0",
        question=Question(
            mode="change",
            changes=(Day(date=CHANGED.isoformat(), label="SPF and DKIM repaired"),),
            concurrent=(Day(date="2026-08-06", label="new sign-up form"),),
            washout_days=14,
            horizon_hours=72.0,
            control="stream=transactional",
            segment="segment",
            seed=20260804,
        ),
        refused="",
        before=side(0),
        after=side(1),
        metrics=metrics(),
        decomposition=Decomposition(
            mix=Term(value=0.028469, low=0.021, high=0.036),
            delivery=Term(value=0.041001, low=0.035, high=0.047),
            human_opens=Term(value=0.076819, low=0.058, high=0.095),
            machine_opens=Term(value=0.062388, low=0.051, high=0.074),
            total=Term(value=0.208678, low=0.175, high=0.243),
        ),
        decomposition_why="",
        human_bounds=(0.0739, 0.2397),
        mix_distance=0.07,
        mix_standardised=metric((7_800, 50_000), (17_100, 50_000), 0.03, 0.0003),
        grade="E4",
        grade_checks=tuple(
            Check(name=name, rung=rung, passed=passed, value=value, why=why)
            for name, rung, passed, value, why in _CHECKS
        ),
        sentence="The jump coincides with the fix, no placebo date shows one as large, and the control did not move.",
        sentence_id="E4",
        sentence_data={"points": 0.208678},
        threats=tuple(Threat(id=i, title=title, status=status, note=note) for i, title, status, note in _THREATS),
        attribution=attribution(),
        providers=tuple(
            ProviderChange(
                provider=name,
                before=side(0, (name,)),
                after=side(1, (name,)),
                delivered=Term(value=0.1, low=0.07, high=0.13),
                opened=Term(value=0.12, low=0.08, high=0.16),
                refused_before=900,
                refused_after=12,
            )
            for name in _PROVIDERS
        ),
        campaigns=points(),
        timeline=timeline(),
        control=control(),
        dose=Dose(
            enforcing=("gmail", "microsoft"),
            others=("apple", "other"),
            moved_enforcing=Term(value=0.21, low=0.18, high=0.24),
            moved_others=Term(value=0.05, low=0.02, high=0.08),
            refused_before=share(2_250, 50_000),
            refused_after=share(31, 50_000),
            agrees=True,
            why="The providers that refuse unauthenticated mail moved most, and their refusals fell.",
        ),
        segments=Segments(
            column="segment",
            metric="delivered_sent",
            rows=(
                SegmentChange(
                    segment="members",
                    campaigns_before=12,
                    campaigns_after=12,
                    before=0.82,
                    after=0.98,
                    difference=Term(value=0.16, low=0.12, high=0.2),
                ),
                SegmentChange(
                    segment="guests", campaigns_before=3, campaigns_after=2, before=0.7, after=None, difference=None
                ),
            ),
            p=None,
            why="guests have fewer than 4 campaigns on a side.",
        ),
        notes=("E5 was not reached: there is no randomised split.",),
        input={"all": Read(kind="events", rows=204_118, bad=3, duplicates=7, columns=("provider",), washout=2)},
    )
    return replace(made, **changes)


def totals_only() -> Comparison:
    """Two totals and nothing more: E0, no decomposition, no series."""
    return comparison(
        question=Question(mode="two_sets"),
        decomposition=None,
        decomposition_why="The rows do not say which opens are a machine's.",
        human_bounds=None,
        mix_distance=None,
        mix_standardised=None,
        grade="E0",
        grade_checks=tuple(
            Check(name=name, rung=rung, passed=None if rung > "E1" else False, value="", why=why)
            for name, rung, _, _, why in _CHECKS
        ),
        sentence="The numbers differ. This says nothing about why.",
        sentence_id="E0",
        sentence_data={},
        attribution=(),
        providers=(),
        campaigns=(),
        timeline=None,
        control=None,
        dose=None,
        segments=None,
        notes=("E1 was not reached: there are fewer than 4 campaigns on a side.",),
    )


def refused() -> Comparison:
    """A change date that lies outside the data."""
    return replace(
        totals_only(),
        refused="The change date 2027-01-01 is after the last campaign (2026-11-20).",
        before=Side(),
        after=Side(),
        metrics={},
        grade="E0",
        sentence="",
        sentence_id="",
        threats=(),
    )


def daily() -> Comparison:
    """A campaign every day for a year."""
    return comparison(campaigns=points(180, 183, every=1))


def hostile() -> Comparison:
    """Every text wants to be markup."""
    made = comparison()
    day = Day(date="2026-08-04", label=HOSTILE)
    return replace(
        made,
        deliv_version=HOSTILE,
        question=replace(made.question, mode=HOSTILE, changes=(day,), concurrent=(day,), control=HOSTILE),
        decomposition_why=HOSTILE,
        grade_checks=tuple(replace(one, name=HOSTILE, value=HOSTILE, why=HOSTILE) for one in made.grade_checks[:3]),
        sentence=HOSTILE,
        sentence_id=HOSTILE,
        threats=(Threat(id=HOSTILE, title=HOSTILE, status=HOSTILE, note=HOSTILE),),
        attribution=(replace(made.attribution[0], check=HOSTILE, title=HOSTILE, text=HOSTILE, relation=HOSTILE),),
        providers=(replace(made.providers[0], provider=HOSTILE),),
        campaigns=(
            CampaignPoint(campaign=HOSTILE, date="2026-07-01", period="before", sent=100, delivered=50),
            *made.campaigns,
        ),
        control=replace(control(), expression=HOSTILE),
        notes=(HOSTILE,),
        input={HOSTILE: Read(kind=HOSTILE, rows=1, bad=0, duplicates=0, columns=(HOSTILE,))},
    )


def document(made: Comparison) -> Mapping[str, Any]:
    """The comparison as an audit's document carries it."""
    return {"schema": "deliv.comparison/1", **to_plain(made)}
