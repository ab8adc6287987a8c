"""The rates of a comparison: what they were, what they became, and whether campaigns differ by as much anyway."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from random import Random

from deliverability.compare.campaigns import Cell
from deliverability.compare.cut import MIN_CAMPAIGNS
from deliverability.compare.dispersion import holm, permutation, quasibinomial, welch
from deliverability.compare.intervals import Share, newcombe, wilson
from deliverability.compare.result import METRICS, Metric, Question, ShareOf, Term, Tested
from deliverability.compare.series.points import counted
from deliverability.fastclass import dataclass

BY_CAMPAIGN = "campaigns: Welch t"
BY_MESSAGE = "messages: Newcombe, sampling error only"
NO_DATA = "not in the data of both sides"
NEEDS: Mapping[str, tuple[str, ...]] = {
    "delivered_sent": ("sent", "delivered"),
    "opened_sent": ("sent", "opened"),
    "human_opened_sent_low": ("sent", "opened", "opened_machine"),
    "human_opened_sent_high": ("sent", "opened", "opened_machine"),
    "clicked_sent": ("sent", "clicked"),
}
"""The counts that both sides must have for a metric."""
OF_OPENS = tuple(name for name, needed in NEEDS.items() if "opened" in needed)
GRADED = ("delivered_sent", "opened_sent", "human_opened_sent_low")
"""Metrics that a grade may rest on: not clicks, which security scanners make too (design/compare.md §1, T4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The (x, n) of each campaign of both sides. x is never more than n: what was opened had been sent."""

    before: tuple[Share, ...]
    after: tuple[Share, ...]

    @property
    def enough(self) -> bool:
        """Whether campaigns can speak for themselves."""
        return min(len(self.before), len(self.after)) >= MIN_CAMPAIGNS


def shares_of(cells: Iterable[Cell], metric: str) -> tuple[Share, ...]:
    """(x, n) of each campaign that has any n, in order of day and name."""
    found: dict[tuple[date | None, str], list[int]] = {}
    for cell in cells:
        x, n = counted(cell, metric)
        pair = found.setdefault((cell.day, cell.campaign), [0, 0])
        pair[0] += x
        pair[1] += n
    ordered = sorted(found, key=lambda key: (key[0] or date.min, key[1]))
    return tuple((max(0, x), n) for x, n in map(found.__getitem__, ordered) if n > 0)


def measured(
    before: Sequence[Cell],
    after: Sequence[Cell],
    columns: frozenset[str],
    question: Question,
    *,
    untested: Collection[str] = (),
) -> dict[str, Metric]:
    """Every metric of METRICS; with the tests for those that the grade rests on.

    `untested`: metrics of which no test is made, as they were not counted alike all the time.
    """
    found: dict[str, Metric] = {}
    for name in METRICS:
        if not columns.issuperset(NEEDS[name]):
            found[name] = _unknown(NO_DATA)
            continue
        pair = Pair(before=shares_of(before, name), after=shares_of(after, name))
        rng = Random(f"{question.seed}:{name}") if name in question.metrics else None  # noqa: S311 - no secret
        found[name] = metric(pair, question.confidence, refused=name in untested, rng=rng)
    return _adjusted(found, question.metrics)


def metric(pair: Pair, confidence: float, *, refused: bool = False, rng: Random | None = None) -> Metric:
    """One rate of both sides; with all tests where there is an `rng` for the permutation."""
    (x1, n1), (x2, n2) = _pooled(pair.before), _pooled(pair.after)
    if not n1 or not n2:
        whole = ShareOf(numerator=x1, denominator=n1), ShareOf(numerator=x2, denominator=n2)
        unknown = _unknown("nothing to divide by")
        return replace(
            unknown,
            before=x1 / n1 if n1 else None,
            after=x2 / n2 if n2 else None,
            before_share=whole[0],
            after_share=whole[1],
        )
    sampling = newcombe(x2, n2, x1, n1, confidence)
    plain = Metric(
        before=x1 / n1,
        after=x2 / n2,
        difference=x2 / n2 - x1 / n1,
        low=sampling[0],
        high=sampling[1],
        method=BY_MESSAGE,
        p=None,
        before_share=_share(x1, n1, confidence),
        after_share=_share(x2, n2, confidence),
        sampling=sampling,
    )
    return plain if refused or not pair.enough else _tested(plain, pair, confidence, rng)


def _tested(plain: Metric, pair: Pair, confidence: float, rng: Random | None) -> Metric:
    between = welch(pair.before, pair.after, confidence)
    tests = [Tested(name="welch", p=between.p, statistic=between.t, df=float(between.df))]
    dispersion = None
    if rng is not None:
        quasi = quasibinomial(pair.before, pair.after)
        dispersion = quasi.dispersion
        tests.append(Tested(name="quasibinomial", p=quasi.p, statistic=quasi.t, df=float(quasi.df)))
        tests.append(Tested(name="permutation", p=permutation(pair.before, pair.after, rng)))
    return replace(
        plain,
        low=between.low,
        high=between.high,
        method=BY_CAMPAIGN,
        p=between.p,
        dispersion=dispersion,
        tests=tuple(tests),
    )


def _adjusted(found: Mapping[str, Metric], graded: Sequence[str]) -> dict[str, Metric]:
    """The p of the graded metrics adjusted for there being several."""
    looked_at = [(name, p) for name in graded if (p := found[name].p) is not None]
    adjusted = dict(zip((name for name, _ in looked_at), holm([p for _, p in looked_at]), strict=True))
    return {name: replace(one, p_adjusted=adjusted.get(name)) for name, one in found.items()}


def difference(before: Sequence[Cell], after: Sequence[Cell], metric_name: str, confidence: float) -> Term | None:
    """The change of one metric over some of the cells; None where a side has nothing to divide by."""
    one = metric(Pair(before=shares_of(before, metric_name), after=shares_of(after, metric_name)), confidence)
    return None if one.difference is None else Term(value=one.difference, low=one.low, high=one.high)


def tested_by(one: Metric, name: str) -> Tested | None:
    """One of a metric's tests."""
    return next((tested for tested in one.tests if tested.name == name), None)


def _pooled(pairs: Sequence[Share]) -> Share:
    return sum(x for x, _ in pairs), sum(n for _, n in pairs)


def _share(x: int, n: int, confidence: float) -> ShareOf:
    low, high = wilson(x, n, confidence)
    return ShareOf(numerator=x, denominator=n, low=low, high=high)


def _unknown(why: str) -> Metric:
    return Metric(before=None, after=None, difference=None, low=None, high=None, method=why, p=None)
