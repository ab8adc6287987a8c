"""A list of recipients for a terminal: what was read, the verdict, each finding with what was seen."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.findings import Finding, Outcome
from deliverability.lists.document import NO_DOMAIN, Judged
from deliverability.recipients.facts import RecipientsFacts
from deliverability.reports.arrange import counts, grouped
from deliverability.reports.blocks import full_block, short_block
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.spoken import known_titles, spoken_finding
from deliverability.reports.words import VERDICTS, both_forms, shown
from deliverability.verdict import Word

_COLORS: Mapping[Word, str] = {
    Word.SEND: "green",
    Word.FIX_FIRST: "red",
    Word.DO_NOT_SEND: "red",
    Word.UNDETERMINED: "yellow",
}
MAX_BAD = 5
"""Refused files that are named; the JSON has more."""
ENCODINGS = Words(
    {
        "utf-8": N_("UTF-8"),
        "utf-16": N_("UTF-16"),
        "utf-32": N_("UTF-32"),
        "euc-kr": N_("EUC-KR"),
        "windows-1252": N_("Windows-1252"),
        "latin-1": N_("Latin-1"),
    }
)
"""Encodings by the names that people know."""


def render(found: Judged, *, width: int, color: bool, quiet: bool = False, verbose: bool = False) -> str:
    """The report, each line at most `width` cells; `quiet` leaves the first, `verbose` shows passed checks too."""
    canvas = Canvas.of(width, color=color)
    blocks = [_head(canvas, found)]
    if not quiet:
        groups = grouped(tuple(spoken_finding(finding) for finding in found.findings))
        blocks += [_block(canvas, finding, found.subject) for finding in (*groups.failed, *groups.unknown)]
        blocks += [[line for finding in groups.notes for line in short_block(canvas, finding)]]
        if verbose:
            blocks.append([line for finding in groups.passed for line in short_block(canvas, finding)])
        blocks += [_refused(canvas, found), _cleaned(canvas, found.facts), canvas.packed(counts(groups))]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, found: Judged) -> list[str]:
    facts = found.facts
    word = canvas.paint(VERDICTS[found.verdict.word], "bold", _COLORS[found.verdict.word])
    title = counted(facts.rows, "{n:,} row", "{n:,} rows")
    domain = "" if found.subject == NO_DOMAIN else f" · {both_forms(found.subject)}"
    lines = [f"{canvas.paint(title, 'bold')}{domain} · {word}"]
    lines += canvas.paragraph(prose(found.verdict.sentence, known_titles(found.findings)), 2)
    parts = [
        counted(facts.files, "{n:,} file", "{n:,} files"),
        counted(facts.addresses, "{n:,} address", "{n:,} addresses"),
        _("{n:,} of them distinct").format(n=facts.unique),
        counted(facts.domains, "{n:,} domain", "{n:,} domains"),
        *([_("{n:,} empty").format(n=facts.empty)] if facts.empty else []),
        *([_("{n:,} unreadable").format(n=facts.bad)] if facts.bad else []),
        *([_("column {name}").format(name=shown(name)[:40]) for name in facts.columns[:1]]),
        *_encodings(facts),
    ]
    return [*lines, *canvas.packed(parts)]


def _encodings(facts: RecipientsFacts) -> list[str]:
    """How the text was read, unless it is all UTF-8."""
    if set(facts.encodings) <= {"utf-8"}:
        return []
    return [f"{ENCODINGS[name]} {lines:,}" for name, lines in facts.encodings.items() if name in ENCODINGS]


def _block(canvas: Canvas, finding: Finding, domain: str) -> list[str]:
    if finding.outcome is Outcome.UNKNOWN and finding.is_unasked:
        return short_block(canvas, finding)
    return full_block(canvas, finding, domain=domain)


def _refused(canvas: Canvas, found: Judged) -> list[str]:
    return [
        line
        for bad in found.refused[:MAX_BAD]
        for line in canvas.paragraph(
            _("{file} was not read: {why}").format(
                file=shown(bad.file), why=shown(f"{bad.reason} {bad.detail}".strip())
            ),
            2,
            "yellow",
        )
    ]


def _cleaned(canvas: Canvas, facts: RecipientsFacts) -> list[str]:
    if facts.cleaned is None:
        return []
    said = _("{rows:,} rows written back, {n:,} of them with a reason against them")
    return canvas.paragraph(said.format(rows=facts.rows, n=facts.cleaned), 0)
