"""What a chart over time is drawn from, checked: campaigns, what happened, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from deliverability.fastclass import dataclass
from deliverability.reports.charts.pooling import Dot, day_of
from deliverability.reports.charts.scale import change, share
from deliverability.reports.language import N_

MAX_FITTED = 1000
"""Points of the line that is expected."""

PERIOD_NAMES: Mapping[str, str] = {
    "before": N_("before"),
    "washout": N_("too near the change to count"),
    "after": N_("after"),
    "control": N_("control"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: its ISO day, what, and its kind: `change` (a fix), `other`, or the series' `break`."""

    day: str
    label: str
    kind: str = "change"


@dataclass(frozen=True, slots=True)
class Series:
    """All that is drawn, checked: nothing in it can fail any more."""

    dots: tuple[tuple[date, Dot], ...]
    happened: tuple[tuple[date, Mark], ...]
    fitted: tuple[tuple[date, float], ...]
    placebo: tuple[float, float] | None
    washout_days: int

    @property
    def time(self) -> tuple[date, date]:
        """The first day and the last."""
        return self.dots[0][0], self.dots[-1][0]

    @property
    def changes(self) -> list[date]:
        """The days of the fixes."""
        return [day for day, mark in self.happened if mark.kind == "change"]

    def band(self) -> tuple[date, float, float] | None:
        """From when, and between which shares, what follows would lie if the fix had done nothing."""
        before = [value for day, value in self.fitted if self.changes and day < self.changes[0]]
        if self.placebo is None or not before:
            return None
        low, high = sorted(self.placebo)
        return self.changes[0], before[-1] + low, before[-1] + high


def series_of(
    found: Sequence[tuple[date, Dot]],
    happened: Iterable[Mark],
    washout_days: int,
    fitted: Iterable[tuple[str, float]],
    placebo: tuple[float | None, float | None],
) -> Series:
    """The series of `found`; what of the rest is no day and no share is left out."""
    dated = [(day, mark) for mark in happened if (day := day_of(mark.day)) is not None]
    expected = [
        (day, value)
        for text, raw in list(fitted)[:MAX_FITTED]
        if (day := day_of(text)) is not None and (value := share(raw)) is not None
    ]
    low, high = change(placebo[0]), change(placebo[1])
    return Series(
        dots=tuple(found),
        happened=tuple(sorted(dated, key=lambda one: (one[0], one[1].label))),
        fitted=tuple(sorted(expected)),
        placebo=None if low is None or high is None else (low, high),
        washout_days=min(max(washout_days, 0), 3650),
    )
