"""One finding as a block of terminal lines: what is so, the evidence with its mark, the fix, why, and the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deliverability.findings import Action, Finding, Fix, Outcome, RecordChange
from deliverability.reports import words
from deliverability.reports.arrange import Sight, changing, sights
from deliverability.reports.language import N_, Words, _, ngettext
from deliverability.reports.layout import Canvas, cells, folds, window, wrapped
from deliverability.reports.words import shown

MAX_SIGHTS = 6
"""Rows of evidence under one finding, and marks in one very long record; `-v` shows all."""
MAX_MARKED_LINES = 10
"""Lines of a record that is shown whole because several things in it are marked."""
MAX_RECORD_LINES = 3
"""Lines of a long record with no mark in it; `-v` shows all."""

COLORS: Mapping[Outcome, str] = {
    Outcome.FAIL: "red",
    Outcome.UNKNOWN: "yellow",
    Outcome.ERROR: "yellow",
    Outcome.INFO: "blue",
    Outcome.PASS: "green",
    Outcome.NOT_APPLICABLE: "dim",
}

_CHANGES: Mapping[Action, str] = Words(
    {
        Action.ADD: N_("add {name} {type}"),
        Action.REPLACE: N_("replace {name} {type} with"),
        Action.REMOVE: N_("remove {name} {type}"),
    }
)
"""What is to be done with a record that stands below."""

_TITLE = 2
_BODY = 4
_HEADED = 11
"""Where text begins that stands behind `    fix`, `    why`, `    rule`, `    settle`."""


def short_block(canvas: Canvas, finding: Finding) -> list[str]:
    """The title with its mark and its check."""
    return _headed(canvas, finding, finding.check, bold=False)


def full_block(canvas: Canvas, finding: Finding, *, domain: str, why: str = "", verbose: bool = False) -> list[str]:
    """Everything a reader at a terminal wants of one finding of `domain`; `why` is empty where it was said before."""
    tag = (
        f"{words.SEVERITIES[finding.severity]} · {finding.check}" if finding.outcome is Outcome.FAIL else finding.check
    )
    lines = _headed(canvas, finding, tag, bold=True)
    lines += _subject(canvas, finding, domain)
    lines += _evidence(canvas, sights(finding.evidence), COLORS[finding.outcome], verbose=verbose)
    if finding.fix is not None:
        lines += _fix(canvas, finding.fix)
    lines += canvas.paragraph(words.sentence(why), _HEADED, head="    " + _("why")) if why else []
    lines += (
        canvas.paragraph(words.sentence(finding.settle), _HEADED, head="    " + _("settle")) if finding.settle else []
    )
    if finding.outcome is Outcome.FAIL and finding.references:
        lines += canvas.paragraph(_rules(finding), _HEADED, head="    " + _("rule"))
    return lines


def _headed(canvas: Canvas, finding: Finding, tag: str, *, bold: bool) -> list[str]:
    mark = canvas.paint(words.shape(finding.outcome, finding.severity), COLORS[finding.outcome])
    first, *rest = canvas.ends(finding.title, shown(tag), *(["bold"] if bold else []), indent=_TITLE)
    return [f"{mark} {first[_TITLE:]}", *rest]


def _subject(canvas: Canvas, finding: Finding, domain: str) -> list[str]:
    """The subject, unless it is what the whole report is about or the evidence is about to name it."""
    named = {domain, *(row.name for row in finding.evidence)}
    return [] if finding.subject in named else canvas.paragraph(finding.subject, _BODY, "dim")


def _rules(finding: Finding) -> str:
    return ", ".join(
        words.citation(r) + (f" ({date})" if (date := words.source_date(r)) else "") for r in finding.references
    )


def _evidence(canvas: Canvas, rows: list[Sight], color: str, *, verbose: bool) -> list[str]:
    lines: list[str] = []
    label = ""
    for sight in rows if verbose else rows[:MAX_SIGHTS]:
        if sight.is_figure:
            lines += canvas.paragraph(" · ".join((f"{sight.name}: {sight.text}", *sight.notes)), _BODY)
            continue
        above, label = label, f"{sight.name} {sight.rdtype}".strip()
        lines += _label(canvas, sight, "" if label == above else label)
        if sight.text:
            lines += (
                _marked(canvas, sight, color, verbose=verbose)
                if sight.marks
                else _record(canvas, sight.text, verbose=verbose)
            )
    hidden = len(rows) - MAX_SIGHTS
    more = ngettext("… and {n} row more (-v)", "… and {n} rows more (-v)", hidden)
    return lines + ([] if verbose else _hidden(canvas, hidden, more))


def _label(canvas: Canvas, sight: Sight, label: str) -> list[str]:
    """What was asked, and what is to be said of the whole answer."""
    text = ": ".join(part for part in (label, "; ".join(words.status(note) for note in sight.notes)) if part)
    return canvas.paragraph(text, _BODY, "dim") if text else []


def _record(canvas: Canvas, text: str, *, verbose: bool) -> list[str]:
    enough = text if verbose else text[: (MAX_RECORD_LINES + 1) * canvas.width]
    lines = wrapped(shown(enough), canvas.width - _BODY)
    if len(lines) > MAX_RECORD_LINES and not verbose:
        lines = [*lines[: MAX_RECORD_LINES - 1], f"{lines[MAX_RECORD_LINES - 1][:-_BODY]} …"]
    return [" " * _BODY + line for line in lines]


def _marked(canvas: Canvas, sight: Sight, color: str, *, verbose: bool) -> list[str]:
    """The record with each mark underlined: whole where it has several marks and is not too long, else around each."""
    lines = folds(shown(sight.text), canvas.width - _BODY)
    if len(sight.marks) > 1 and (verbose or len(lines) <= MAX_MARKED_LINES):
        return _folded(canvas, sight, lines, color)
    return _parts(canvas, sight, color, verbose=verbose)


def _parts(canvas: Canvas, sight: Sight, color: str, *, verbose: bool) -> list[str]:
    lines: list[str] = []
    for span, note in sight.marks if verbose else sight.marks[:MAX_SIGHTS]:
        part = window(sight.text, span, canvas.width - _BODY)
        lines += [" " * _BODY + part.text, *_underline(canvas, part.offset, part.length, note, color)]
    hidden = len(sight.marks) - MAX_SIGHTS
    more = ngettext("… and {n} mark more (-v)", "… and {n} marks more (-v)", hidden)
    return lines + ([] if verbose else _hidden(canvas, hidden, more))


def _hidden(canvas: Canvas, number: int, more: str) -> list[str]:
    return canvas.paragraph(more.format(n=number), _BODY, "dim") if number > 0 else []


def _folded(canvas: Canvas, sight: Sight, breaks: Iterable[tuple[int, int]], color: str) -> list[str]:
    """The record in as many lines as it takes, marks under each; a remark stands where its mark begins."""
    text = shown(sight.text)
    marks = [(len(shown(sight.text[:a])), len(shown(sight.text[:b])), note) for (a, b), note in sight.marks]
    lines: list[str] = []
    for start, end in breaks:
        here = [
            (max(a, start), min(b, end), note if a >= start else "") for a, b, note in marks if a < end and b > start
        ]
        lines.append(" " * _BODY + text[start:end])
        for a, b, note in here:
            lines += _underline(canvas, cells(text[start:a]), max(cells(text[a:b]), 1), note, color)
    return lines


def _underline(canvas: Canvas, offset: int, length: int, note: str, color: str) -> list[str]:
    carets = " " * (_BODY + offset) + canvas.paint("^" * length, color)
    text = shown(note)
    if _BODY + offset + length + 1 + cells(text) <= canvas.width:
        return [f"{carets} {text}".rstrip()]
    return [carets, *canvas.paragraph(note, _BODY + min(offset, canvas.width // 3))]


def _fix(canvas: Canvas, fix: Fix) -> list[str]:
    lines = canvas.paragraph(words.sentence(fix.text), _HEADED, head="    " + _("fix"))
    moves, stays = changing(fix.records)
    for change in moves:
        lines += _change(canvas, change)
    if stays:
        keep = ngettext("keep the other record at that name", "keep the other {n} records at that name", len(stays))
        lines += canvas.paragraph(keep.format(n=len(stays)), _HEADED, "dim")
    if not fix.safe:
        lines += canvas.paragraph(_("careful: this can stop mail that arrives today"), _HEADED, "yellow")
    if fix.reaudited:
        lines += canvas.paragraph(_("tried by deliv: with this published, the finding is gone"), _HEADED, "dim")
    return lines


def _change(canvas: Canvas, change: RecordChange) -> list[str]:
    what = _CHANGES[change.action].format(name=change.name, type=change.type)
    lines = canvas.paragraph(what, _HEADED, "dim")
    sign, value, color = ("-", change.old, "red") if change.action is Action.REMOVE else ("+", change.value, "green")
    return lines + _signed(canvas, wrapped(shown(value or ""), canvas.width - _HEADED - 2), sign, color)


def _signed(canvas: Canvas, lines: Iterable[str], sign: str, color: str) -> list[str]:
    return [" " * _HEADED + canvas.paint(f"{sign if i == 0 else ' '} {line}", color) for i, line in enumerate(lines)]
