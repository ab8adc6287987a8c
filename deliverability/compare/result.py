"""What a comparison comes to, as the document `deliv.comparison/1` holds it; shares are fractions, not percent.

Every value can be read back from JSON with `deliverability.events.plain.from_plain`, which checks its type: a document
may come from anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from deliverability.fastclass import dataclass

SCHEMA = "deliv.comparison/1"
GRADES = ("E0", "E1", "E2", "E3", "E4", "E5")
METRICS = {
    "delivered_sent": ("delivered", "sent"),
    "opened_sent": ("opened", "sent"),
    "human_opened_sent_low": ("human_opened", "sent"),
    "human_opened_sent_high": ("opened", "sent"),
    "clicked_sent": ("clicked", "sent"),
}
"""Metric → what is divided by what. `human_opened` leaves out opens by machines alone and those without a flag."""
HEADLINES = ("delivered_sent", "opened_sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A dated thing: a fix, or something else that happened then. `date` is an ISO day."""

    date: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was compared, and how.

    - mode: `two_sets`, `change` (one set cut at its dates) or `arms` (a randomised split).
    - changes: the fixes; concurrent: what else happened then, as far as the user said.
    - washout_days: days after a change that belong to neither side; 0 where there is no date to count from.
    - metrics: those that the grade rests on. plan: the hash of the plan that this was held to, or empty; plan_made: the
      day (ISO) that it is dated by; plan_campaigns: how many a side it waits for.
    - seed: of every resampling; confidence: of every interval.
    """

    mode: str
    changes: tuple[Day, ...] = ()
    concurrent: tuple[Day, ...] = ()
    washout_days: int = 0
    horizon_hours: float | None = None
    control: str = ""
    arms: str = ""
    segment: str = ""
    metrics: tuple[str, ...] = HEADLINES
    plan: str = ""
    plan_made: str = ""
    plan_campaigns: int = 0
    seed: int = 0
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: days (ISO, empty where undated), campaigns and counts; null where the data do not have a count.

    name: the arm of a randomised split that stands here; empty where the sides are the time before and after.
    """

    name: str = ""
    start: str = ""
    end: str = ""
    campaigns: int = 0
    sent: int = 0
    delivered: int | None = None
    opened: int | None = None
    opened_machine: int | None = None
    opened_unknown: int | None = None
    clicked: int | None = None
    complained: int | None = None
    bounced: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A value with its interval; null ends where no honest interval can be had."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOf:
    """A share of one side, with its Wilson interval (sampling error only)."""

    numerator: int
    denominator: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One test of a metric's change: `welch`, `quasibinomial` or `permutation`; `df` null where there are none."""

    name: str
    p: float
    statistic: float | None = None
    df: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One rate before and after. `low`, `high`: interval of the difference by `method`; `p`: at campaign level.

    - sampling: Newcombe's interval, as if every message were drawn by itself: too narrow where campaigns differ.
    - p_adjusted: `p` adjusted for looking at several metrics (Holm); null where refused or not a headline.
    - dispersion: how much more campaigns differ than chance lets them (quasi-binomial, 1 means not at all).
    """

    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    method: str
    p: float | None
    p_adjusted: float | None = None
    before_share: ShareOf | None = None
    after_share: ShareOf | None = None
    sampling: tuple[float, float] | None = None
    dispersion: float | None = None
    tests: tuple[Tested, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """The change of opens/sent, split exactly. The four add up to `total`; `human_opens` is what is left to people."""

    mix: Term
    delivery: Term
    human_opens: Term
    machine_opens: Term
    total: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One requirement of a grade. `passed` is null where it could not be tried, which does not count as held."""

    name: str
    rung: str
    passed: bool | None
    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One of T1 to T14. `status`: `excluded`, `detected` or `not_excluded`; `note` says why, in one sentence."""

    id: str
    title: str
    status: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    """One mailbox provider before and after; `other` holds what is too small to stand alone.

    - delivered, opened: the change of delivered/sent and opened/sent with their intervals.
    - refused_before, refused_after: messages refused or put off for their authentication, null where not known.
    """

    provider: str
    before: Side
    after: Side
    delivered: Term
    opened: Term | None = None
    refused_before: int | None = None
    refused_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPoint:
    """One campaign of the run chart. `period`: `before`, `washout`, `after` or `control`."""

    campaign: str
    date: str
    period: str
    sent: int
    delivered: int | None = None
    opened: int | None = None
    opened_machine: int | None = None
    clicked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The jump at one date, in the share itself, with its interval and campaign-level p."""

    date: str
    label: str
    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None


def clearest(steps: Sequence[Step]) -> Step | None:
    """The step that chance explains least: of the smallest p, and the largest of those without one. None of none."""
    return min(steps, key=lambda step: (2.0 if step.p is None else step.p, -abs(step.value)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The campaigns as a series: of `metric`, what jumps at the change once trend and season are allowed for.

    - steps: the jump at each change; trend: change of the share a day before the change, and after it.
    - season: `none`, `week` or `year`: which full periods the series covers and the model allows for.
    - placebo_dates: dates in the time before at which the same model was fitted; as_large: at how many of them the jump
      was as large as the real one (of several, the clearest); placebo_low, placebo_high: between which the middle 95 %
      of those jumps lie.
    - break_date: where the series itself breaks best; break_agrees: whether that is the declared date, give or take the
      washout. fitted: (ISO day, expected share) for the chart's line; break_gain: how much of the variance it explains.
    """

    metric: str
    steps: tuple[Step, ...] = ()
    trend_before: float | None = None
    trend_after: float | None = None
    season: str = "none"
    dispersion: float | None = None
    placebo_dates: int = 0
    as_large: int = 0
    placebo_low: float | None = None
    placebo_high: float | None = None
    break_date: str = ""
    break_agrees: bool | None = None
    break_gain: float | None = None
    fitted: tuple[tuple[str, float], ...] = ()

    @property
    def step(self) -> Step | None:
        """The step that a claim rests on."""
        return clearest(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Difference in differences of `metric` against what the fix cannot touch.

    - target, control: each change of its own; difference: target minus control, clustered by campaign.
    - units: control units (values of the column); one alone is descriptive. p: t with G-2 degrees of freedom;
      p_permutation: of period labels. pre_trend: difference of trends before the change, a day; pre_trend_p.
    - moved: whether the control itself changed beyond its own noise.
    """

    expression: str
    metric: str
    units: int
    campaigns: int
    target: Term
    control: Term
    difference: Term
    p: float | None = None
    p_permutation: float | None = None
    pre_trend: float | None = None
    pre_trend_p: float | None = None
    moved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """Whether providers that refuse unauthenticated mail moved more than the others, and their refusals fell.

    `agrees` is null where the data cannot say (no enforcing provider, or no refusals before).
    """

    enforcing: tuple[str, ...]
    others: tuple[str, ...]
    moved_enforcing: Term | None
    moved_others: Term | None
    refused_before: ShareOf | None
    refused_after: ShareOf | None
    agrees: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChange:
    """One segment's change of the first metric."""

    segment: str
    campaigns_before: int
    campaigns_after: int
    before: float | None
    after: float | None
    difference: Term | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Whether the change differs between segments: `p` of the interaction, null where there are too few campaigns."""

    column: str
    metric: str
    rows: tuple[SegmentChange, ...]
    p: float | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """One finding laid beside the change. `status`: `fixed`, `new` or `remaining`.

    - relation: `consistent`, `confounded`, `no_change`, or `unrelated`; text: the sentence that the grade allows.
    - codes: the enhanced codes that its fault causes; refused_before, refused_after: messages that met them.
    - together: checks that were fixed at the same time and could explain the same change.
    """

    check: str
    subject: str
    title: str
    status: str
    relation: str
    text: str
    codes: tuple[str, ...] = ()
    refused_before: ShareOf | None = None
    refused_after: ShareOf | None = None
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read for one side (or for both, where one set was cut)."""

    kind: str
    rows: int
    bad: int
    duplicates: int
    columns: tuple[str, ...]
    too_young: int = 0
    undated: int = 0
    washout: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The whole document. `refused` is why nothing may be said, or empty; then figures may be missing.

    `sentence` is the one that the grade permits; `sentence_id` names it with `sentence_data`, so that a report can say
    it in another language.
    """

    deliv_version: str
    question: Question
    refused: str
    before: Side
    after: Side
    metrics: Mapping[str, Metric]
    decomposition: Decomposition | None
    decomposition_why: str
    human_bounds: tuple[float, float] | None
    mix_distance: float | None
    mix_standardised: Metric | None
    grade: str
    grade_checks: tuple[Check, ...]
    sentence: str
    sentence_id: str
    sentence_data: Mapping[str, float]
    threats: tuple[Threat, ...]
    attribution: tuple[Attribution, ...] = ()
    providers: tuple[ProviderChange, ...] = ()
    campaigns: tuple[CampaignPoint, ...] = ()
    campaigns_omitted: int = 0
    timeline: Timeline | None = None
    control: Control | None = None
    dose: Dose | None = None
    segments: Segments | None = None
    notes: tuple[str, ...] = ()
    input: Mapping[str, Read] = field(default_factory=dict[str, Read])
