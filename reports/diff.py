"""What changed between two audits, for a terminal; the page draws the same kinds in the same order."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.diff import AuditDiff, Change
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome
from deliverability.reports import words
from deliverability.reports.blocks import COLORS
from deliverability.reports.layout import Canvas
from deliverability.reports.terminal import headline

KINDS: Mapping[str, str] = {
    "new": "New",
    "changed": "Changed",
    "undecided": "Cannot be told",
    "still": "Still there",
    "fixed": "Fixed",
}
"""The kinds of `AuditDiff`, what needs a reader's attention first."""

_SIDE = 10


def render(before: Audit, after: Audit, changes: AuditDiff, *, width: int, color: bool) -> str:
    """Both verdicts, then each change under its kind, then one line that counts."""
    canvas = Canvas.of(width, color=color)
    blocks = [[*_side(canvas, "before", before), *_side(canvas, "after", after)]]
    for kind, title in KINDS.items():
        listed: tuple[Change, ...] = getattr(changes, kind)
        lines = [line for change in listed for line in _change(canvas, kind, change, after.subject.domain)]
        blocks += [[canvas.paint(title, "bold"), *lines]] if lines else []
    blocks.append(canvas.packed(_counts(changes)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _sides(kind: str, change: Change) -> list[tuple[str, str, str]]:
    """Mark, colour and text of each line of a change: both sides where the words differ."""
    before, after = change.before, change.after
    if kind == "fixed" and before and after is None:
        return [(words.SHAPES[Outcome.PASS], COLORS[Outcome.PASS], f"no longer so: {before.title}")]
    if before and after and (before.title, before.outcome) != (after.title, after.outcome):
        return [_line(before, "was: "), _line(after, "now: ")]
    return [_line(change.shown, "")]


def _line(finding: Finding, head: str) -> tuple[str, str, str]:
    return words.shape(finding.outcome, finding.severity), COLORS[finding.outcome], head + finding.title


def _side(canvas: Canvas, head: str, audit: Audit) -> list[str]:
    first, *rest = headline(Canvas(canvas.width - _SIDE, canvas.color), audit)
    lines = [f"{head:<{_SIDE}}{first}", *(" " * _SIDE + line for line in rest)]
    return lines + canvas.paragraph(words.when(audit.started_at), _SIDE, "dim")


def _change(canvas: Canvas, kind: str, change: Change, domain: str) -> list[str]:
    finding = change.shown
    lines: list[str] = []
    for mark, color, text in _sides(kind, change):
        first, *rest = canvas.ends(text, "" if lines else words.shown(finding.check), indent=2)
        lines += [f"{canvas.paint(mark, color)} {first[2:]}", *rest]
    return lines if finding.subject == domain else [*lines, *canvas.paragraph(finding.subject, 4, "dim")]


def _counts(changes: AuditDiff) -> list[str]:
    numbers = {title.lower(): len(getattr(changes, kind)) for kind, title in KINDS.items()}
    return [f"{number} {title}" for title, number in numbers.items() if number] or ["Nothing changed."]
