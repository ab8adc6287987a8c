"""What the page says, worked out before the template lays it down: words chosen, records cut, commands written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from deliverability.fastclass import dataclass
from deliverability.findings import Action, Finding, Fix, Outcome, RecordChange, Reference
from deliverability.reports import words
from deliverability.reports.arrange import Sight, changing, pieces, sights
from deliverability.reports.html.zonefile import QUOTED_TYPES, Piece, compared, string_lines, zone_lines
from deliverability.reports.language import N_, _
from deliverability.sources import SOURCES
from deliverability.verdict import Word

MAX_EXCERPT = 40
"""Characters by which a remark names the text it is about."""
MAX_COMMANDS = 3
"""Commands under one finding; the raw answers list every question."""

MAX_BRIEF = 3
"""Lines of a list that a summary keeps."""

TONES: Mapping[Outcome, str] = {
    Outcome.FAIL: "bad",
    Outcome.UNKNOWN: "open",
    Outcome.ERROR: "open",
    Outcome.INFO: "note",
    Outcome.PASS: "good",
    Outcome.NOT_APPLICABLE: "none",
}
"""The class that gives an outcome its colour; its shape and its word say the same."""

VERDICT_MARKS: Mapping[Word, tuple[str, str]] = {
    Word.SEND: ("good", "●"),
    Word.FIX_FIRST: ("bad", "△"),
    Word.DO_NOT_SEND: ("bad", "▲"),
    Word.UNDETERMINED: ("open", "◇"),
}

EDITS: Mapping[Action, str] = {
    Action.ADD: N_("Add the {type} record at {name}"),
    Action.REPLACE: N_("Replace the {type} record at {name}"),
    Action.REMOVE: N_("Remove the {type} record at {name}"),
}
"""What to do with a record."""

_SECTION = re.compile(r"[0-9]+(\.[0-9]+)*")
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of evidence: the question or the topic, the answer in pieces (marked or not), and the remarks on it.

    A remark names the marked text it is about where there are several.
    """

    asked: str
    is_question: bool
    is_figure: bool
    pieces: Sequence[Piece]
    remarks: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One record to change: what to do, and its old and new text in lines of pieces; empty where there is none."""

    action: Action
    name: str
    rdtype: str
    old: Sequence[Sequence[Piece]]
    new: Sequence[Sequence[Piece]]


@dataclass(frozen=True, slots=True)
class FixView:
    """The records of a fix: those that change, how many stay beside them, and the lines of the whole zone file."""

    changes: Sequence[ChangeView]
    stays: int
    zone: Sequence[str]


@dataclass(frozen=True, slots=True)
class SourceView:
    """A document that rules stand in: each place as (citation, address). Only listed sources have an address."""

    places: Sequence[tuple[str, str]]
    title: str
    date: str


def anchors(findings: Iterable[Finding]) -> dict[int, str]:
    """An HTML id for each finding (by identity), the same in every page of the same audit."""
    used: Counter[str] = Counter()
    ids: dict[int, str] = {}
    for finding in findings:
        slug = _NOT_IN_AN_ID.sub("-", finding.check.lower())[:60].strip("-")
        used[slug] += 1
        ids[id(finding)] = f"f-{slug}" if used[slug] == 1 else f"f-{slug}-{used[slug]}"
    return ids


def label(finding: Finding) -> str:
    """The outcome in words, beside its shape."""
    if finding.outcome is Outcome.FAIL:
        return _("{severity}, {level}").format(
            severity=words.SEVERITIES[finding.severity], level=words.LEVELS[finding.severity]
        )
    return words.OUTCOMES[finding.outcome]


def rows(finding: Finding) -> list[Row]:
    """The evidence of a finding, one row for each thing that was seen."""
    return [
        Row(
            asked=f"{sight.name} {sight.rdtype}".strip(),
            is_question=bool(sight.rdtype),
            is_figure=sight.is_figure,
            pieces=pieces(sight.text, [span for span, _ in sight.marks]) if sight.text else [],
            remarks=[*(("", words.status(note)) for note in sight.notes), *_about_marks(sight)],
        )
        for sight in sights(finding.evidence)
    ]


def _about_marks(sight: Sight) -> list[tuple[str, str]]:
    several = len(sight.marks) > 1
    return [(_excerpt(sight.text[start:end]) if several else "", note) for (start, end), note in sight.marks if note]


def _excerpt(text: str) -> str:
    return text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…"


def records(fix: Fix) -> FixView:
    """The records of a fix, as a difference to read and as lines to paste."""
    moves, stays = changing(fix.records)
    return FixView([_change(move) for move in moves], len(stays), zone_lines(fix.records))


def _change(change: RecordChange) -> ChangeView:
    old, new = change.old, change.value
    if old is not None and new is not None:
        before, after = compared(old, new)
    else:
        before, after = [(old or "", False)], [(new or "", False)]
    cut = string_lines if change.type in QUOTED_TYPES else _one_line
    return ChangeView(
        change.action,
        change.name,
        change.type,
        cut(before) if old is not None else [],
        cut(after) if new is not None else [],
    )


def _one_line(parts: Iterable[Piece]) -> list[list[Piece]]:
    return [list(parts)]


def sources(references: Iterable[Reference]) -> list[SourceView]:
    """The sources of a rule, each once with all its sections."""
    grouped: dict[str, list[Reference]] = {}
    for reference in references:
        grouped.setdefault(reference.source, []).append(reference)
    return [_source(name, members) for name, members in grouped.items()]


def _source(name: str, references: Sequence[Reference]) -> SourceView:
    known = SOURCES.get(name)
    if known is None:
        return SourceView([(words.citation(r), "") for r in references], "", "")
    return SourceView([(words.citation(r), _address(known.url, r)) for r in references], known.title, known.date)


def _address(url: str, reference: Reference) -> str:
    """A listed address; of an RFC, the section, if it looks like one."""
    exact = reference.source.startswith("RFC ") and _SECTION.fullmatch(reference.section)
    return f"{url}#section-{reference.section}" if exact else url


def commands(finding: Finding) -> list[str]:
    """What to type to see the evidence without deliv."""
    asked = dict.fromkeys((e.name, e.rdtype) for e in finding.evidence if e.name and e.rdtype)
    return [words.dig(name, rdtype) for name, rdtype in list(asked)[:MAX_COMMANDS]]
