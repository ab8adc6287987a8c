"""What changed between two audits, for a terminal; the page draws the same kinds in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.diff import AuditDiff, Change, diff
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome
from deliverability.reports import words
from deliverability.reports.blocks import COLORS
from deliverability.reports.language import N_, Words, _
from deliverability.reports.layout import Canvas, cells
from deliverability.reports.spoken import spoken_finding
from deliverability.reports.terminal import headline

KINDS: Mapping[str, str] = Words(
    {
        "new": N_("New"),
        "changed": N_("Changed"),
        "undecided": N_("Cannot be told"),
        "still": N_("Still there"),
        "fixed": N_("Fixed"),
    }
)
"""The kinds of `AuditDiff`, what needs a reader's attention first."""

_SIDE = 10


def render(before: Audit, after: Audit, changes: AuditDiff, *, width: int, color: bool) -> str:
    """Both verdicts, then each change under its kind, then one line that counts."""
    canvas = Canvas.of(width, color=color)
    sides = [*_side(canvas, _("before"), before), *_side(canvas, _("after"), after)]
    return _joined([sides, *_listed(canvas, KINDS, changes, after.subject.domain), canvas.packed(_counts(changes))])


PROPOSED: Mapping[str, str] = Words(
    {
        "new": N_("Broken by the proposed records"),
        "changed": N_("Changed by the proposed records"),
        "undecided": N_("Cannot be told"),
        "fixed": N_("Mended by the proposed records"),
    }
)
"""The same where the two audits differ in nothing but records that are proposed; what stays is in the report."""


def render_proposed(published: Sequence[Audit], proposed: Sequence[Audit], *, width: int, color: bool) -> str:
    """What proposed records break and mend, domain by domain, below the report of the audits with them."""
    canvas = Canvas.of(width, color=color)
    blocks: list[list[str]] = []
    for before, after in zip(published, proposed, strict=True):
        changes = diff(before, after)
        said = _("As published, the verdict is: {before}; with the proposed records: {after}.").format(
            before=words.verdict(before.verdict.word, before.subject.role),
            after=words.verdict(after.verdict.word, after.subject.role),
        )
        head = canvas.paragraph(words.shown(after.subject.domain), 0, "bold") if len(proposed) > 1 else []
        counts = canvas.packed(_counts(changes, tuple(PROPOSED)))
        blocks += [
            [*head, *canvas.paragraph(said, 0)],
            *_listed(canvas, PROPOSED, changes, after.subject.domain),
            counts,
        ]
    return _joined(blocks)


def _joined(blocks: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _listed(canvas: Canvas, kinds: Mapping[str, str], changes: AuditDiff, domain: str) -> list[list[str]]:
    """Each kind of change under its title."""
    blocks: list[list[str]] = []
    for kind, title in kinds.items():
        listed: tuple[Change, ...] = getattr(changes, kind)
        lines = [line for change in listed for line in _change(canvas, kind, change, domain)]
        blocks += [[canvas.paint(title, "bold"), *lines]] if lines else []
    return blocks


def _sides(kind: str, change: Change) -> list[tuple[str, str, str]]:
    """Mark, colour and text of each line of a change: both sides where the words differ."""
    before, after = change.before, change.after
    if kind == "fixed" and before and after is None:
        return [
            (
                words.SHAPES[Outcome.PASS],
                COLORS[Outcome.PASS],
                _("no longer so: {title}").format(title=spoken_finding(before).title),
            )
        ]
    bound = before and before.outcome is not Outcome.NOT_APPLICABLE
    if before and after and bound and (before.title, before.outcome) != (after.title, after.outcome):
        return [_line(before, _("was: {title}")), _line(after, _("now: {title}"))]
    return [_line(change.shown, "{title}")]


def _line(finding: Finding, said: str) -> tuple[str, str, str]:
    mark = words.shape(finding.outcome, finding.severity)
    return mark, COLORS[finding.outcome], said.format(title=spoken_finding(finding).title)


def _side(canvas: Canvas, head: str, audit: Audit) -> list[str]:
    first, *rest = headline(Canvas(canvas.width - _SIDE, canvas.color), audit)
    lines = [f"{head}{' ' * (_SIDE - cells(head))}{first}", *(" " * _SIDE + line for line in rest)]
    return lines + canvas.paragraph(words.when(audit.started_at), _SIDE, "dim")


def _change(canvas: Canvas, kind: str, change: Change, domain: str) -> list[str]:
    finding = change.shown
    lines: list[str] = []
    for mark, color, text in _sides(kind, change):
        first, *rest = canvas.ends(text, "" if lines else words.shown(finding.check), indent=2)
        lines += [f"{canvas.paint(mark, color)} {first[2:]}", *rest]
    return lines if finding.subject == domain else [*lines, *canvas.paragraph(finding.subject, 4, "dim")]


def _counts(changes: AuditDiff, kinds: Sequence[str] = tuple(KINDS)) -> list[str]:
    counts = {
        "new": N_("{n} new"),
        "changed": N_("{n} changed"),
        "undecided": N_("{n} cannot be told"),
        "still": N_("{n} still there"),
        "fixed": N_("{n} fixed"),
    }
    numbers = {kind: len(getattr(changes, kind)) for kind in kinds}
    return [_(counts[kind]).format(n=n) for kind, n in numbers.items() if n] or [_("Nothing changed.")]
