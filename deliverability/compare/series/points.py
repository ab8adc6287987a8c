"""Campaigns in order of time, cut at the changes: what a segmented regression is fitted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby

from deliverability.compare.campaigns import Cell
from deliverability.compare.intervals import Share
from deliverability.compare.result import METRICS, Day
from deliverability.fastclass import dataclass

BEFORE_CAMPAIGNS = 8
"""Campaigns before the change from which a trend can be told from a step: twice what each side of a step needs."""
AFTER_CAMPAIGNS = 4
"""Campaigns after it, between two changes, and on either side of a placebo date or a break. The least two-sided p that
4 against 4 campaigns can have is 0.029, of 3 against 3 it is 0.1."""
MOST_POINTS = 1000
"""Campaigns that are fitted one by one; of more, those of one day are one. Our own bound: years of daily campaigns."""
NO_STAGE = -1
"""The stage of a campaign that was sent within the washout of a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One campaign: x of n, on the UTC day of its first send."""

    day: date
    x: int
    n: int
    campaign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Campaigns in order of time, at least BEFORE_CAMPAIGNS before the first change, AFTER_CAMPAIGNS in other stages.

    - stages: of each campaign, how many of `changes` it follows; NO_STAGE within a washout.
    - changes: what can be told apart: those that too few campaigns lie between are one, at the date of the first.
    - washout: days.
    """

    points: tuple[Point, ...]
    stages: tuple[int, ...]
    changes: tuple[Day, ...]
    washout: int

    @property
    def used(self) -> list[int]:
        """The places of the campaigns that belong to a stage."""
        return [i for i, stage in enumerate(self.stages) if stage != NO_STAGE]

    @property
    def origin(self) -> date:
        """The day of the first change."""
        return date.fromisoformat(self.changes[0].date)

    @property
    def span(self) -> int:
        """Days from the first campaign to the last, at least 1."""
        return max(1, (self.points[-1].day - self.points[0].day).days)

    def of(self, stage: int) -> list[int]:
        """The places of the campaigns of one stage."""
        return [i for i, one in enumerate(self.stages) if one == stage]


def points(cells: Iterable[Cell], metric: str) -> list[Point]:
    """Each dated campaign's share of `metric` (a key of METRICS), in order of day and name.

    Campaigns with none to divide by are left out.
    """
    found: dict[tuple[date, str], list[int]] = {}
    for cell in cells:
        if cell.day is not None:
            x, n = counted(cell, metric)
            pair = found.setdefault((cell.day, cell.campaign), [0, 0])
            pair[0] += x
            pair[1] += n
    return [Point(day=day, x=x, n=n, campaign=name) for (day, name), (x, n) in sorted(found.items()) if n]


def counted(cell: Cell, metric: str) -> Share:
    """(x, n): what `metric` divides by what, in one cell.

    Raises:
        KeyError: There is no such metric.
    """
    over, under = METRICS[metric]
    machines = cell.opened_machine + cell.opened_unknown
    x = max(0, cell.opened - machines) if over == "human_opened" else getattr(cell, over)
    n: int = getattr(cell, under)
    return min(x, n), n


def staged(given: Sequence[Point], changes: Sequence[Day], washout: int) -> Series | None:
    """The series of these campaigns, in any order; None without changes, or with too few campaigns on a side.

    Raises:
        ValueError: A change's date is no ISO day.
    """
    ordered = _bounded(sorted((p for p in given if p.n > 0), key=lambda p: (p.day, p.campaign, p.x, p.n)))
    groups = [[change] for change in sorted(changes, key=lambda c: (c.date, c.label))]
    stages = _stages(ordered, groups, washout)
    while (short := _short(stages, len(groups))) is not None:
        groups[short - 1 : short + 1] = [groups[short - 1] + groups[short]]
        stages = _stages(ordered, groups, washout)
    if not groups or stages.count(0) < BEFORE_CAMPAIGNS or stages.count(len(groups)) < AFTER_CAMPAIGNS:
        return None
    named = tuple(Day(date=g[0].date, label="; ".join(c.label for c in g if c.label)) for g in groups)
    return Series(points=tuple(ordered), stages=tuple(stages), changes=named, washout=washout)


def _stages(ordered: Sequence[Point], groups: Sequence[Sequence[Day]], washout: int) -> list[int]:
    spans = [
        (date.fromisoformat(group[0].date), date.fromisoformat(group[-1].date) + timedelta(washout)) for group in groups
    ]

    def stage(day: date) -> int:
        within = any(start <= day < end for start, end in spans)
        return NO_STAGE if within else sum(start <= day for start, _ in spans)

    return [stage(point.day) for point in ordered]


def _short(stages: Sequence[int], groups: int) -> int | None:
    """The first stage between two changes that has too few campaigns."""
    return next((stage for stage in range(1, groups) if stages.count(stage) < AFTER_CAMPAIGNS), None)


def _bounded(ordered: list[Point]) -> list[Point]:
    """The campaigns as they are, or days in their place where there are too many."""
    if len(ordered) <= MOST_POINTS:
        return ordered
    days = [(day, list(those)) for day, those in groupby(ordered, key=lambda p: p.day)]
    return [Point(day=day, x=sum(p.x for p in those), n=sum(p.n for p in those)) for day, those in days]
