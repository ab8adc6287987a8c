"""Before and after: from two tables of campaigns to everything that may be said of the difference. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from deliverability import __version__
from deliverability.compare import decompose
from deliverability.compare.beside.control import difference_in_differences
from deliverability.compare.beside.dose import dose
from deliverability.compare.beside.segments import segments
from deliverability.compare.campaigns import COLUMNS, Cell, Table, total
from deliverability.compare.cut import MIN_CAMPAIGNS, Cut, NotAComparison, campaigns_of, cut
from deliverability.compare.evidence import flags
from deliverability.compare.evidence.grade import beyond_noise, checks, grade, shortfalls
from deliverability.compare.evidence.grounds import MAX_BAD, Grounds
from deliverability.compare.evidence.rungs import NO_OPENS
from deliverability.compare.evidence.sentences import sentence
from deliverability.compare.evidence.threats import threats
from deliverability.compare.figures import counted, percent, span
from deliverability.compare.measure import GRADED, NEEDS, OF_OPENS, measured
from deliverability.compare.numerics.resample import (
    BOOTSTRAP_FROM,
    bootstrap,
    decomposition,
    jackknife,
    opens_and_total,
)
from deliverability.compare.result import (
    METRICS,
    Comparison,
    Control,
    Decomposition,
    Metric,
    Question,
    Read,
    Segments,
    Timeline,
)
from deliverability.compare.series.timeline import points, timeline
from deliverability.compare.sides import campaign_points, providers, side

MODES = ("two_sets", "change", "arms")
NOTHING_IN_COMMON = "No mailbox provider is on both sides, so what changed at one is not known."
SEED = 20_261_122
"""Of every resampling, unless somebody asks for another: the same data give the same document."""


def compare(before: Table, after: Table | None, question: Question, *, max_bad: float = MAX_BAD) -> Comparison:
    """Everything that may be said of the difference.

    Args:
        before: The first set, or the one that is cut at the changes or into arms.
        after: The second set, or None.
        question: What is compared, and how.
        max_bad: The share of unreadable rows above which nothing is claimed.

    Raises:
        NotAComparison: The question cannot be asked of these data: a column or value that is not there.
    """
    checked(question)
    tables = (before,) if after is None else (before, after)
    question = replace(question, horizon_hours=_horizon(tables))
    sides = cut(before, after, question)
    incomplete = _incomplete(tables, question, max_bad)
    refused = f"The data are not complete. {incomplete}" if incomplete else sides.refused
    grounds = _grounds(question, sides, tables, incomplete, refused)
    found = checks(grounds)
    reached = "E0" if refused else grade(found)
    beyond = beyond_noise(grounds.metrics, question.metrics)
    said, said_id, data = sentence(grounds, reached, beyond, refused)
    campaigns, omitted = campaign_points(sides)
    names = sides.names if question.mode == "arms" else ("", "")
    known = sides.has("opened", "opened_machine") and not sides.refused
    notes = (*(note for table in tables for note in table.notes), *sides.notes, *_notes(grounds))
    return Comparison(
        deliv_version=__version__,
        question=question,
        refused=refused,
        before=side(sides.before, sides.columns, names[0]),
        after=side(sides.after, sides.columns, names[1]),
        metrics=grounds.metrics,
        decomposition=grounds.decomposition,
        decomposition_why=grounds.decomposition_why,
        human_bounds=decompose.human_bounds(sides.before, sides.after) if known else None,
        mix_distance=grounds.mix_distance,
        mix_standardised=None if refused else _standardised(sides, question.confidence),
        grade=reached,
        grade_checks=found,
        sentence=said,
        sentence_id=said_id,
        sentence_data=data,
        threats=threats(grounds, refused),
        providers=() if sides.refused else providers(sides, question.confidence),
        campaigns=campaigns,
        campaigns_omitted=omitted,
        timeline=grounds.timeline,
        control=grounds.control,
        dose=grounds.dose,
        segments=None if refused else _segments(grounds),
        notes=tuple(dict.fromkeys(notes if refused else (*notes, *shortfalls(found, reached)))),
        input=_read(tables, sides),
    )


def checked(question: Question) -> None:
    """Raises NotAComparison where `question` is none whatever the data are."""
    if question.mode not in MODES:
        raise NotAComparison(f"no such way to compare: {question.mode[:40]!r} (one of {', '.join(MODES)})")
    for name in question.metrics:
        if name not in GRADED:
            raise NotAComparison(f"no rate that a grade rests on: {name[:40]!r} (one of {', '.join(GRADED)})")
    if not question.metrics:
        raise NotAComparison("a comparison needs a rate to look at")
    if question.segment and question.segment not in COLUMNS:
        raise NotAComparison(f"no such column for --segment: {question.segment[:40]!r} (one of {', '.join(COLUMNS)})")
    if not 0 < question.confidence < 1:
        raise NotAComparison(f"a confidence lies between 0 and 1, {question.confidence} does not")
    if question.washout_days < 0:
        raise NotAComparison("a washout is 0 days or more")


def _horizon(tables: Sequence[Table]) -> float | None:
    """The hours that every message was followed, where that is the same for all."""
    known = {table.horizon for table in tables}
    return known.pop() if len(known) == 1 else None


def _incomplete(tables: Sequence[Table], question: Question, max_bad: float) -> str:
    if known := [table.incomplete for table in tables if table.incomplete]:
        return known[0]
    rows, bad = sum(table.rows for table in tables), sum(table.bad for table in tables)
    if bad > max_bad * max(rows, bad):
        return f"{bad:,} of {max(rows, bad):,} rows could not be read ({percent(bad / max(rows, bad))})."
    if question.mode == "change":
        cells = [cell for table in tables for cell in table.cells]
        undated, sent = total([c for c in cells if c.day is None], "sent"), total(cells, "sent")
        if undated > max_bad * sent and undated < sent:
            return f"{undated:,} of {sent:,} messages have no date ({percent(undated / sent)})."
    return ""


def _grounds(question: Question, sides: Cut, tables: tuple[Table, ...], incomplete: str, refused: str) -> Grounds:
    """All figures, as far as they can be had."""
    broken, flag = _flag(question, sides, tables)
    untested = METRICS if refused else OF_OPENS if broken else ()
    metrics = measured(sides.before, sides.after, sides.columns, question, untested=untested)
    with_data = [name for name in question.metrics if metrics[name].difference is not None]
    leading = (*beyond_noise(metrics, question.metrics), *with_data, *question.metrics)[0]
    grounds = Grounds(
        question=question, cut=sides, tables=tables, metrics=metrics, metric=leading, flag=flag, incomplete=incomplete
    )
    if refused:
        return replace(grounds, decomposition_why=refused)
    split, why = _split(sides, flag, question)
    return replace(
        grounds,
        decomposition=split,
        decomposition_why=why,
        mix_distance=decompose.mix_distance(sides.before, sides.after) if sides.has("provider") else None,
        timeline=None if leading in untested else _timeline(grounds),
        control=None if leading in untested else _control(grounds),
        dose=dose(sides.before, sides.after, confidence=question.confidence)
        if sides.has("provider", "delivered")
        else None,
    )


def _flag(question: Question, sides: Cut, tables: Sequence[Table]) -> tuple[bool, str]:
    """Whether opens were counted in two ways, and why their machine flag cannot be relied on (empty where it can)."""
    if sides.has("opened") and not sides.refused and (why := flags.uncounted(sides.before, sides.after)):
        return True, why
    if not sides.has("opened", "opened_machine") or sides.refused:
        return False, ""
    here = {cell.provider for cell in sides.series}
    late = () if question.mode == "arms" else flags.starting_midway(tables, sides.series)
    if late := tuple(name for name in late if name in here):
        return True, flags.said(late)
    return False, flags.unusable(sides.before, sides.after)


def _split(sides: Cut, flag: str, question: Question) -> tuple[Decomposition | None, str]:
    """The four parts of the change of opens, and how their intervals were had, or why there are none."""
    if not sides.has("provider"):
        return None, "The data of both sides do not name the mailbox provider."
    if not sides.has("opened"):
        return None, NO_OPENS
    if not sides.has("opened_machine"):
        return None, "The data of both sides do not say which opens a machine made."
    if not sides.has("delivered"):
        return None, "The data of both sides do not say what was delivered."
    if flag:
        return None, flag
    if not _in_common(sides):
        return None, NOTHING_IN_COMMON
    numbers = [campaigns_of(cells) for cells in (sides.before, sides.after)]
    split = decomposition(sides.before, sides.after, question.confidence)
    if min(numbers) < MIN_CAMPAIGNS:
        why = f"Fewer than {MIN_CAMPAIGNS} campaigns a side: the parts have no honest interval."
        return _bare(split), why
    how = f"Intervals by leaving out one campaign at a time ({numbers[0]:,} and {numbers[1]:,}; jackknife, t)."
    if min(numbers) < BOOTSTRAP_FROM:
        return split, how
    rng = Random(f"{question.seed}:bootstrap")  # noqa: S311 - no secret
    drawn = bootstrap(opens_and_total, sides.before, sides.after, rng, question.confidence)["total"]
    if drawn.low is None:
        return split, how
    return split, f"{how} Drawing campaigns anew (bootstrap) gives the whole {span(drawn.low, drawn.high)} points."


def _in_common(sides: Cut) -> bool:
    """Whether a mailbox provider has mail on both sides: else a change of rates is not told from one of the mix."""
    first, second = ({cell.provider for cell in cells if cell.sent} for cells in (sides.before, sides.after))
    return not first.isdisjoint(second)


def _bare(split: Decomposition) -> Decomposition:
    terms = {name: getattr(split, name) for name in ("mix", "delivery", "human_opens", "machine_opens", "total")}
    return Decomposition(**{name: replace(term, low=None, high=None) for name, term in terms.items()})


def _standardised(sides: Cut, confidence: float) -> Metric | None:
    """Opens, or deliveries where there are no opens, as if both sides had had the same providers."""
    name = "opened_sent" if sides.has("opened") else "delivered_sent"
    if not sides.has("provider", *NEEDS[name]) or not _in_common(sides):
        return None
    found = decompose.mix_standardised(sides.before, sides.after, name)
    if found is None:
        return None

    def change(before: Sequence[Cell], after: Sequence[Cell]) -> dict[str, float]:
        rates = decompose.mix_standardised(before, after, name) or (0.0, 0.0)
        return {"change": rates[1] - rates[0]}

    enough = min(campaigns_of(cells) for cells in (sides.before, sides.after)) >= MIN_CAMPAIGNS
    term = jackknife(change, sides.before, sides.after, confidence)["change"] if enough else None
    return Metric(
        before=found[0],
        after=found[1],
        difference=found[1] - found[0],
        low=term.low if term else None,
        high=term.high if term else None,
        method=f"{name} at the mix of providers of both sides together",
        p=None,
    )


def _segments(grounds: Grounds) -> Segments | None:
    question, sides = grounds.question, grounds.cut
    if not sides.has(question.segment) or grounds.metrics[grounds.metric].difference is None:
        return None
    if grounds.flag and grounds.metric in OF_OPENS:
        return None
    return segments(sides.before, sides.after, question.segment, grounds.metric, confidence=question.confidence)


def _timeline(grounds: Grounds) -> Timeline | None:
    question = grounds.question
    if not question.changes or question.mode == "arms" or not grounds.cut.has(*NEEDS[grounds.metric]):
        return None
    return timeline(
        points(grounds.cut.series, grounds.metric),
        question.changes,
        metric=grounds.metric,
        washout=question.washout_days,
        confidence=question.confidence,
    )


def _control(grounds: Grounds) -> Control | None:
    sides = grounds.cut
    if not sides.control or not sides.has(*NEEDS[grounds.metric]):
        return None
    return difference_in_differences(
        sides.before,
        sides.after,
        sides.control_before,
        sides.control_after,
        expression=sides.control,
        metric=grounds.metric,
        rng=Random(f"{grounds.question.seed}:control"),  # noqa: S311 - no secret
        confidence=grounds.question.confidence,
    )


def _notes(grounds: Grounds) -> tuple[str, ...]:
    """What a reader has to know of how the sides came about."""
    notes: list[str] = []
    if grounds.flag and grounds.metrics["opened_sent"].p is None:
        notes.append(f"{grounds.flag} Opens are shown, and nothing is claimed of them.")
    if (column := grounds.question.segment) and not grounds.cut.has(column):
        notes.append(f"The data of both sides do not have the column {column}, so no segments are compared.")
    if grounds.cut.misplaced:
        many = counted(grounds.cut.misplaced, "campaign")
        notes.append(f"{many} of the two sets lie on the wrong side of the change.")
    if grounds.cut.overlap is not None and grounds.question.mode == "two_sets":
        start, end = grounds.cut.overlap
        notes.append(f"The two sets overlap in time, from {start} to {end}.")
    return tuple(notes)


def _read(tables: Sequence[Table], sides: Cut) -> dict[str, Read]:
    names = ("all",) if len(tables) == 1 else ("before", "after")
    washed = campaigns_of(sides.washout)
    return {
        name: Read(
            kind=table.kind,
            rows=table.rows,
            bad=table.bad,
            duplicates=table.duplicates,
            columns=tuple(sorted(table.columns)),
            too_young=len(table.too_young),
            undated=table.undated,
            washout=washed if name == names[-1] else 0,
        )
        for name, table in zip(names, tables, strict=True)
    }
