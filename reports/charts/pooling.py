"""Campaigns of a series pooled by day, week or month, where they are too many to be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from deliverability.fastclass import dataclass

MOST_MESSAGES = 10**15
"""Of one campaign; more is no count."""
PERIODS = ("before", "washout", "after", "control")


@dataclass(frozen=True, slots=True)
class Dot:
    """One campaign: its day (ISO), its period (one of PERIODS), and `count` of `of` messages."""

    day: str
    period: str
    count: int | None
    of: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Campaigns of one period whose days lie together: `first` to `last`, and what they add up to."""

    first: date
    last: date
    period: str
    campaigns: int
    count: int
    of: int

    @property
    def share(self) -> float:
        """Of them all together."""
        return self.count / self.of

    @property
    def middle(self) -> date:
        """The day in the middle."""
        return self.first + (self.last - self.first) // 2


def day_of(text: str) -> date | None:
    """An ISO day, or the day of an ISO instant; None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def sound(dots: Iterable[Dot]) -> list[tuple[date, Dot]]:
    """The dots that can be drawn, in order of time. Counts that cannot be are left out."""
    found = [
        (day, dot)
        for dot in dots
        if dot.count is not None and 0 <= dot.count <= dot.of and 0 < dot.of <= MOST_MESSAGES and dot.period in PERIODS
        if (day := day_of(dot.day)) is not None
    ]
    return sorted(
        found, key=lambda one: (one[0], PERIODS.index(one[1].period), one[1].label, one[1].of, one[1].count or 0)
    )


UNITS = ("campaign", "day", "week", "month", "quarter", "year")


def pooled(dots: Sequence[tuple[date, Dot]], most: int) -> tuple[str, list[Pooled]]:
    """The finest of UNITS that leaves at most `most` pools, or years; and those pools, in order of time."""
    for unit in UNITS:
        bins = _binned(unit, dots)
        if len(bins) <= most or unit == UNITS[-1]:
            return unit, [_pool(period, members) for (_, period), members in bins.items()][: max(most, 1)]
    raise AssertionError("a year is the last unit")


def _binned(unit: str, dots: Sequence[tuple[date, Dot]]) -> dict[tuple[object, str], list[tuple[date, Dot]]]:
    bins: dict[tuple[object, str], list[tuple[date, Dot]]] = {}
    for index, (day, dot) in enumerate(dots):
        bins.setdefault((index if unit == "campaign" else _bin(unit, day), dot.period), []).append((day, dot))
    return bins


def _pool(period: str, members: Sequence[tuple[date, Dot]]) -> Pooled:
    count, of = (sum(numbers) for numbers in zip(*((dot.count or 0, dot.of) for _, dot in members), strict=True))
    return Pooled(members[0][0], members[-1][0], period, len(members), count, of)


def _bin(unit: str, day: date) -> object:
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))
    return {"month": (day.year, day.month), "quarter": (day.year, (day.month - 1) // 3)}.get(unit, day.year)
