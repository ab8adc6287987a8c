"""Findings in the order in which people read them: worst first, what could not be seen next, the rest counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Action, Evidence, Finding, Outcome, RecordChange, Severity
from deliverability.reports.language import _, counted
from deliverability.reports.words import SEVERITIES, evidence_name

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Groups:
    """The findings of one audit by what they ask of the reader; each group worst first, then in report order."""

    required: tuple[Finding, ...]
    recommended: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    unasked: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    passed: tuple[Finding, ...]
    not_applicable: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """All faults, worst first."""
        return self.required + self.recommended


def grouped(findings: Iterable[Finding]) -> Groups:
    """Sort findings into their groups."""
    ranked = sorted(findings, key=lambda f: -f.severity.rank)

    def having(*outcomes: Outcome) -> tuple[Finding, ...]:
        return tuple(f for f in ranked if f.outcome in outcomes)

    failed = having(Outcome.FAIL)
    return Groups(
        required=tuple(f for f in failed if f.severity.at_least(Severity.HIGH)),
        recommended=tuple(f for f in failed if not f.severity.at_least(Severity.HIGH)),
        unknown=tuple(f for f in having(Outcome.ERROR, Outcome.UNKNOWN) if not f.is_unasked),
        unasked=tuple(f for f in ranked if f.is_unasked),
        notes=having(Outcome.INFO),
        passed=having(Outcome.PASS),
        not_applicable=having(Outcome.NOT_APPLICABLE),
    )


def counts(groups: Groups) -> list[str]:
    """What was found in numbers: `1 high`, `2 medium`, `1 could not be checked`, `41 passed`."""
    by_severity = Counter(f.severity for f in groups.failed)
    parts = [_("{n} {severity}").format(n=by_severity[s], severity=SEVERITIES[s]) for s in Severity if by_severity[s]]
    if groups.unknown:
        parts.append(_("{n} could not be checked").format(n=len(groups.unknown)))
    if groups.unasked:
        parts.append(_("{n} had nothing to judge").format(n=len(groups.unasked)))
    if groups.notes:
        parts.append(counted(len(groups.notes), "{n} note", "{n} notes"))
    parts.append(_("{n} passed").format(n=len(groups.passed)))
    if groups.not_applicable:
        parts.append(_("{n} not applicable").format(n=len(groups.not_applicable)))
    return parts


def by_settle(unasked: Sequence[Finding]) -> dict[str, list[str]]:
    """What would settle checks that had nothing to judge → their ids."""
    found: dict[str, list[str]] = {}
    for finding in unasked:
        found.setdefault(finding.settle, []).append(finding.check)
    return found


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that was seen, with all that was remarked on it: several rows of evidence may show one record."""

    name: str
    rdtype: str
    text: str
    marks: tuple[tuple[Span, str], ...]
    notes: tuple[str, ...]

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure with a name, and no record."""
        return bool(self.name and self.text) and not (self.rdtype or self.marks)


def sights(evidence: Sequence[Evidence]) -> list[Sight]:
    """Rows of evidence about the same text, put together in the order in which they first stand."""
    rows: dict[tuple[str, str, str], list[Evidence]] = {}
    for row in evidence:
        rows.setdefault((evidence_name(row), row.rdtype, row.text), []).append(row)
    return [
        Sight(
            *key,
            marks=tuple((_within(r.span, key[2]), r.note) for r in same if r.span is not None),
            notes=tuple(r.note for r in same if r.span is None and r.note),
        )
        for key, same in rows.items()
    ]


def _within(span: Span, text: str) -> Span:
    """`span` kept inside `text` (a stored document may say anything), and wide enough to be seen."""
    start = min(max(span[0], 0), max(len(text) - 1, 0))
    return start, min(max(span[1], start + 1), len(text))


def pieces(text: str, spans: Iterable[Span]) -> list[tuple[str, bool]]:
    """`text` cut at the borders of `spans`, each piece with whether it lies in one of them."""
    marked = list(spans)
    cuts = sorted({0, len(text), *(edge for span in marked for edge in span)})
    return [(text[a:b], any(s <= a and b <= e for s, e in marked)) for a, b in pairwise(cuts)]


def changing(changes: Iterable[RecordChange]) -> tuple[list[RecordChange], list[RecordChange]]:
    """The changes of a fix, and the records that stay (a whole RRset is published together)."""
    moves: list[RecordChange] = []
    stays: list[RecordChange] = []
    for change in changes:
        (stays if change.action is Action.REPLACE and change.old == change.value else moves).append(change)
    return moves, stays


def the_next(audit: Audit) -> Finding | None:
    """The finding that the next best fix mends."""
    choice = audit.next_best_fix
    return find(audit, choice.check, choice.subject) if choice else None


def find(audit: Audit, check: str, subject: str) -> Finding | None:
    """The worst finding of a check on a subject."""
    same = [f for f in audit.findings if f.check == check and f.subject == subject]
    return next((f for f in same if f.outcome is Outcome.FAIL), next(iter(same), None))
