"""A gate's decision in the language that is spoken: the same decision, its prose said anew. In English it is itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deliverability.gate.model import Gate, Row, Taken
from deliverability.reports.language import ENGLISH, language
from deliverability.reports.prose import prose
from deliverability.reports.spoken import known_titles, spoken, spoken_finding, spoken_title

_UNSAID = {Taken.PASSES, Taken.INAPPLICABLE}
"""Rows that are counted and not shown."""
_BEFORE = ". In the baseline: "
"""Between the title of a finding and that of its baseline: `deliverability.gate.baseline.WORSE`."""


def spoken_gate(gate: Gate) -> Gate:
    """`gate` with its prose in the language that is spoken."""
    if language() == ENGLISH:
        return gate
    known = known_titles(row.finding for row in gate.rows if row.taken not in _UNSAID)
    return replace(
        gate,
        rows=tuple(row if row.taken in _UNSAID else _row(row, known) for row in gate.rows),
        reasons=tuple(replace(reason, why=prose(reason.why, known)) for reason in gate.reasons),
        notes=tuple(prose(note) for note in gate.notes),
        audits=tuple(spoken(audit) for audit in gate.audits),
    )


def _row(row: Row, known: Mapping[str, str]) -> Row:
    why, before = row.why, row.why.partition(_BEFORE)[2].removesuffix(".")
    told = {**known, before: spoken_title(row.finding.check, before)} if before else known
    return replace(row, finding=spoken_finding(row.finding, known), why=prose(why, told), settle=prose(row.settle))
