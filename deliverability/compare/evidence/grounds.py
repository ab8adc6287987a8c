"""What a grade and the threats rest on, and the lines that it is held against."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.compare.campaigns import Table
from deliverability.compare.cut import Cut
from deliverability.compare.result import Control, Decomposition, Dose, Metric, Question, Timeline
from deliverability.compare.series.timeline import PLACEBO_DATES
from deliverability.fastclass import dataclass

ALPHA = 0.05
"""The p below which a change is beyond what chance gives: one false claim in twenty, the usual level."""
MAX_BAD = 0.05
"""Share of the rows that may be unreadable before nothing is claimed; as `checks._thresholds.MAX_BAD` for an audit."""
MAX_MIX = 0.05
"""Total variation distance of the providers' shares from which on the mix is another (design/compare.md §1, T5)."""
MAX_SIZE = 0.25
"""By how much the sizes of two arms, or of campaigns before and after, may differ (design/compare.md §1, T6)."""
MISMATCH = 0.001
"""The p below which arms differ by more than a split by chance lets them: one false alarm in a thousand. Ours."""
PARALLEL = 0.8
"""How much of their mail two arms sent on the same days in the same proportions. Ours."""

Answer = tuple[bool | None, str, str]
"""Whether it holds (None: could not be tried), the figure, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a grade and the threats rest on.

    - tables: what was read: both sets, or the one that was cut.
    - metric: that of the series and of the control. flag: why the machine flag cannot be relied on, or empty.
    - incomplete: why the data are not complete, or empty. metrics: as the document has them.
    """

    question: Question
    cut: Cut
    tables: tuple[Table, ...]
    metrics: Mapping[str, Metric]
    metric: str
    decomposition: Decomposition | None = None
    decomposition_why: str = ""
    mix_distance: float | None = None
    timeline: Timeline | None = None
    control: Control | None = None
    dose: Dose | None = None
    flag: str = ""
    incomplete: str = ""

    @property
    def series_holds(self) -> bool:
        """Whether the series bears the date out by itself: a claim that an E4 may add."""
        series = self.timeline
        if series is None or series.as_large or series.placebo_dates < PLACEBO_DATES or not series.break_agrees:
            return False
        step, change = series.step, self.metrics[series.metric].difference
        if step is None or step.p is None or change is None or step.value * change <= 0:
            return False
        return step.p * len(series.steps) < ALPHA
