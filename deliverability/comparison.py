"""Before and after a change: events or campaign rows read, cut and judged, and the document `deliv.comparison/1`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from deliverability.compare.campaigns import Table
from deliverability.compare.cut import LOOKED_UP, WASHOUT_DAYS, NotAComparison, change_days, control_of, iso_day
from deliverability.compare.evidence.grounds import MAX_BAD
from deliverability.compare.judge import SEED, checked
from deliverability.compare.judge import compare as judged
from deliverability.compare.result import HEADLINES, SCHEMA, Comparison, Day, Question
from deliverability.events.plain import NotThose, from_plain, to_plain
from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.intake.trouble import Troubles
    from deliverability.rates import Asked

__all__ = ["NotAComparison", "NotADocument", "Wanted", "compare", "from_document", "judge", "to_document", "to_json"]

MAX_DAYS = 50
"""Changes, and other events, that are looked at; our own bound."""
MAX_LABEL = 120
"""Characters of a label that are kept; our own bound."""
MAX_WASHOUT = 3650
"""Days; our own bound."""


Audits = tuple["Audit", "Audit"] | Callable[[Comparison], tuple["Audit", "Audit"]]
"""Audits of the time before and of the time after, or what finds them."""


class NotADocument(ValueError):
    """The text is no comparison that this version reads; the message says where it goes wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be compared, and how.

    - changes: the fixes, `DATE` or `DATE=LABEL`; one set of data is cut there. concurrent: what else happened.
    - washout: days after a change that stand on no side; 14 where it is None and there is a change.
    - control: `COLUMN=VALUE[,VALUE…]`, or values of provider, stream, domain, segment or country: what the fix cannot
      touch. arms: the column of a randomised split. segment: a column by which the change may differ.
    - metrics: what the grade rests on: delivered_sent, opened_sent, human_opened_sent_low.
    - plan, plan_made, plan_campaigns: hash of the plan that this is held to, its day, and how many campaigns a side it
      waits for (`planning.wanted_by`). seed: of every resampling; confidence: of every interval.
    """

    changes: tuple[str, ...] = ()
    concurrent: tuple[str, ...] = ()
    washout: int | None = None
    control: str = ""
    arms: str = ""
    segment: str = ""
    metrics: tuple[str, ...] = HEADLINES
    plan: str = ""
    plan_made: str = ""
    plan_campaigns: int = 0
    seed: int = SEED
    confidence: float = 0.95

    def question(self, *, two_sets: bool) -> Question:
        """The question as the document has it. Raises NotAComparison."""
        if not (two_sets or self.arms or self.changes):
            raise NotAComparison("one set of data needs --change DATE to be cut at (or a second set, or --arms)")
        washout = WASHOUT_DAYS if self.washout is None else self.washout
        if not 0 <= washout <= MAX_WASHOUT:
            raise NotAComparison(f"a washout is 0 to {MAX_WASHOUT} days, not {washout}")
        question = Question(
            mode="arms" if self.arms else "two_sets" if two_sets else "change",
            changes=tuple(sorted(map(day_of, _few(self.changes)), key=lambda day: (day.date, day.label))),
            concurrent=tuple(sorted(map(day_of, _few(self.concurrent)), key=lambda day: (day.date, day.label))),
            washout_days=washout if self.changes and not self.arms else 0,
            control=self.control,
            arms=self.arms,
            segment=self.segment,
            metrics=tuple(dict.fromkeys(self.metrics)),
            plan=self.plan,
            plan_made=self.plan_made,
            plan_campaigns=self.plan_campaigns,
            seed=self.seed,
            confidence=self.confidence,
        )
        checked(question)
        return question

    def columns(self) -> Collection[str]:
        """What recipients have to be told apart by."""
        found = {name for name in (self.arms, self.segment) if name}
        if self.control:
            column, values = control_of(self.control)
            found |= {column} if column else set() if _are_providers(values) else set(LOOKED_UP)
        return found - {"provider"}


def days_of(question: Question) -> list[date]:
    """The days of the changes between the sides; none of arms, which lie beside each other."""
    return [] if question.mode == "arms" else change_days(question)


def _few(days: tuple[str, ...]) -> tuple[str, ...]:
    if len(days) > MAX_DAYS:
        raise NotAComparison(f"{len(days):,} dates are too many (at most {MAX_DAYS})")
    return days


def _are_providers(values: Sequence[str]) -> bool:
    """Whether these can only be mailbox providers, so that events need not be told apart by anything else."""
    from deliverability.events.providers import PROVIDERS  # noqa: PLC0415 - tables, where there is mail

    return all(value in PROVIDERS for value in values)


def day_of(text: str) -> Day:
    """`2026-09-15` or `2026-09-15=DKIM repaired`. Raises NotAComparison."""
    day, _, label = text.partition("=")
    return Day(date=iso_day(day.strip()).isoformat(), label=" ".join(label.split())[:MAX_LABEL])


def compare(
    before: Sequence[str],
    after: Sequence[str] | None = None,
    wanted: Wanted | None = None,
    *,
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    max_bad: float = MAX_BAD,
    audits: Audits | None = None,
) -> Comparison:
    """Read both sides, or one set to be cut at its changes or into arms, and say what may be said of the difference.

    Args:
        before: Files, folders, patterns or `-`: events of any source that `rates` reads, or campaign rows.
        after: The same of the time after; None where `before` holds both.
        wanted: What is compared, and how.
        asked: How events are read; its `since` and `until` cut the data, its `by` is not looked at.
        troubles: Told of what could not be read.
        progress: Called with octets as they are read.
        max_bad: The share of unreadable rows above which nothing is claimed.
        audits: Of the sending domain, before and after, or what finds them for the comparison: their findings are laid
            beside the change.

    Raises:
        NotOneDomain: The audits are of two domains. And whatever `audits` raises.
        NotAComparison, NotACount, MissingPath, EngineMissing, EngineFailed: what was asked for cannot be had; one line.
    """
    from deliverability.campaign_tables import read_tables  # noqa: PLC0415 - loads what reads files

    wanted = wanted or Wanted()
    question = wanted.question(two_sets=after is not None)
    first, second = read_tables(
        before, after, asked, troubles, progress, by=wanted.columns(), changes=days_of(question)
    )
    found = judged(first, second, question, max_bad=max_bad)
    if audits is None or found.refused:
        return found
    return laid_beside(found, *(audits(found) if callable(audits) else audits), first, second)


def laid_beside(
    found: Comparison, before: Audit, after: Audit, first: Table, second: Table | None = None
) -> Comparison:
    """The comparison of these tables with the findings of both audits beside the change. Raises NotOneDomain."""
    from deliverability.attribution import attribute  # noqa: PLC0415 - only where there are audits

    return replace(found, attribution=attribute(found, before, after, first, second))


def judge(first: Table, second: Table | None, wanted: Wanted) -> Comparison:
    """The same of tables that are there. Raises NotAComparison."""
    return judged(first, second, wanted.question(two_sets=second is not None))


def to_document(comparison: Comparison) -> dict[str, Any]:
    """The comparison in JSON's own types."""
    return {"schema": SCHEMA, **to_plain(comparison)}


def to_json(comparison: Comparison) -> str:
    """The document as text that ends in a newline, a line for each key and each member of a list."""
    from deliverability.plain import dumps_by_line  # noqa: PLC0415 - only for this format

    return dumps_by_line(to_document(comparison))


def from_document(plain: Mapping[str, Any]) -> Comparison:
    """The comparison that a document holds. Raises NotADocument for anything that is none."""
    if plain.get("schema") != SCHEMA:
        raise NotADocument(f'not a deliv comparison (no "schema": "{SCHEMA}" at the top)')
    from deliverability.shape import misfit  # noqa: PLC0415 - only where a document is read

    if (wrong := misfit("comparison", plain)) is not None:
        raise NotADocument(f"a damaged deliv comparison ({wrong})")
    try:
        return from_plain(Comparison, plain)
    except NotThose as error:
        raise NotADocument(f"a damaged deliv comparison ({error})") from None


def from_json(text: str) -> Comparison:
    """Read one document. Raises NotADocument for anything that is none."""
    try:
        plain: object = json.loads(text, parse_constant=_number, parse_float=_number)
        json.dumps(plain, ensure_ascii=False).encode()  # JSON can escape half a character, which nothing can show
    except (ValueError, RecursionError) as error:
        raise NotADocument(f"not JSON ({error})"[:200]) from None
    return from_document(cast("dict[str, Any]", plain) if isinstance(plain, dict) else {})


def _number(text: str) -> float:
    """A number that can be written again: JSON has no NaN and no infinity."""
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is no number")
    return value
