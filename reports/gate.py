"""A gate's decision for a terminal, on one screen: the word, why, what to do, and what was let through."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.document import Audit
from deliverability.findings import Finding
from deliverability.gate.model import Decision, Gate, Reason, Row, Taken
from deliverability.reports import words
from deliverability.reports.blocks import COLORS, full_block, short_block
from deliverability.reports.ci.items import MAX_OWNER, cut
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.spoken_gate import spoken_gate
from deliverability.reports.words import both_forms, shown

DECISIONS: Mapping[Decision, str] = Words(
    {
        Decision.OPEN: N_("open"),
        Decision.CLOSED: N_("closed"),
        Decision.UNDETERMINED: N_("undetermined"),
    }
)
"""The gate's words."""
MAX_REASONS = 6
"""Reasons on one screen; `-v` shows all."""
MAX_NOTES = 6
"""Notes on one screen; `-v` shows all."""
MAX_UNDECIDED = 3
"""Undecided figures on one screen; `-v` shows all."""
MAX_LET_THROUGH = 5
"""Findings that a waiver or the baseline let through, by name, on one screen; `-v` shows all."""
MAX_NAMED = 4
"""Domains that the first lines name; `-v` names all."""

_COLOURS = {Decision.OPEN: "green", Decision.CLOSED: "red", Decision.UNDETERMINED: "yellow"}
_BODY = 4
_HEADED = 11


def render(gate: Gate, *, width: int, color: bool, quiet: bool = False, verbose: bool = False) -> str:
    """The report, each line at most `width` cells (60 at least), ending in a newline.

    `quiet` leaves the first line alone; `verbose` adds the evidence, and names all that was let through.
    """
    canvas, gate = Canvas.of(width, color=color), spoken_gate(gate)
    blocks = [_headline(canvas, gate)]
    if not quiet:
        blocks[0] += _verdicts(canvas, gate, verbose=verbose)
        blocks += _reasons(canvas, gate, verbose=verbose)
        blocks += _let_through(canvas, gate) if verbose else [_undecided(canvas, gate), _named(canvas, gate)]
        blocks += [_notes(canvas, gate, verbose=verbose), canvas.packed(_counts(gate))]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _headline(canvas: Canvas, gate: Gate) -> list[str]:
    word = canvas.paint(DECISIONS[gate.decision], "bold", _COLOURS[gate.decision])
    parts = [_("gate {word}").format(word=word), _("exit {code}").format(code=gate.exit_code)]
    return [" · ".join([*parts, _("closes on {severity} or worse").format(severity=words.SEVERITIES[gate.fail_on])])]


def _verdicts(canvas: Canvas, gate: Gate, *, verbose: bool) -> list[str]:
    """A line for each domain; of many the first ones, those with a reason before the others."""
    grave = {reason.domain for reason in gate.reasons}
    audits = sorted(gate.audits, key=lambda audit: audit.subject.domain not in grave)
    named = audits if verbose else audits[:MAX_NAMED]
    lines = [
        line
        for audit in named
        for line in canvas.paragraph(_whose(gate, audit.subject.domain, _judged(audit), verbose=verbose), 2, "dim")
    ]
    return lines + _more(canvas, len(audits) - len(named))


def _judged(audit: Audit) -> str:
    """What the audit says, which is not what the gate decides: a waiver or a baseline may open it."""
    return _("audit: {verdict}").format(verdict=words.verdict(audit.verdict.word, audit.subject.role))


def _whose(gate: Gate, domain: str, *verdict: str, verbose: bool) -> str:
    """A domain, its verdict, and who is to be told of it."""
    owner = gate.owners.get(domain, "")
    owner = owner if verbose else cut(owner, MAX_OWNER)
    told = [_("owner: {owner}").format(owner=owner)] if owner else []
    return " · ".join([both_forms(domain), *verdict, *told])


def _reasons(canvas: Canvas, gate: Gate, *, verbose: bool) -> list[list[str]]:
    named = gate.reasons if verbose else gate.reasons[:MAX_REASONS]
    rows = {(row.finding.check, row.domain, row.finding.subject, row.taken): row for row in gate.rows}
    blocks = [
        _reason(canvas, gate, reason, rows.get((reason.check, reason.domain, reason.subject, reason.taken)), verbose)
        for reason in named
    ]
    more = _more(canvas, len(gate.reasons) - len(named))
    return [*blocks, more] if more else blocks


def _reason(canvas: Canvas, gate: Gate, reason: Reason, row: Row | None, verbose: bool) -> list[str]:
    several = len(gate.audits) > 1
    named = _whose(gate, reason.domain, verbose=verbose) if several and reason.domain else ""
    whose = canvas.paragraph(named, _BODY, "dim") if named else []
    if row is None:
        return [*_own(canvas, reason), *whose]
    finding = row.finding
    if verbose:
        first, *rest = full_block(canvas, finding, domain=reason.domain, verbose=True)
        return [first, *whose, *rest, *_compared(canvas, row)]
    subject = [] if finding.subject == reason.domain else canvas.paragraph(finding.subject, _BODY, "dim")
    return [*_titled(canvas, finding), *whose, *subject, *_compared(canvas, row), *_todo(canvas, finding)]


def _own(canvas: Canvas, reason: Reason) -> list[str]:
    """A reason of the gate's own, with the line that makes it one."""
    color = "red" if reason.taken is Taken.CLOSES else "yellow"
    mark = canvas.paint("△" if reason.taken is Taken.CLOSES else "◇", color)
    first, *rest = canvas.ends(reason.why, shown(reason.check), "bold", indent=2)
    place = f"{reason.place.file}:{reason.place.line}" if reason.place else ""
    return [f"{mark} {first[2:]}", *rest, *(canvas.paragraph(place, _BODY, "dim") if place else [])]


def _titled(canvas: Canvas, finding: Finding) -> list[str]:
    tag = f"{words.SEVERITIES[finding.severity]} · {finding.check}"
    mark = canvas.paint(words.shape(finding.outcome, finding.severity), COLORS[finding.outcome])
    first, *rest = canvas.ends(finding.title, shown(tag), "bold", indent=2)
    return [f"{mark} {first[2:]}", *rest]


def _compared(canvas: Canvas, row: Row) -> list[str]:
    """What the baseline has to do with it."""
    return canvas.paragraph(row.why, _HEADED, head="    " + _("why")) if row.why else []


def _todo(canvas: Canvas, finding: Finding) -> list[str]:
    if finding.fix is not None:
        return canvas.paragraph(words.sentence(finding.fix.text), _HEADED, head="    " + _("fix"))
    if finding.settle:
        return canvas.paragraph(words.sentence(finding.settle), _HEADED, head="    " + _("settle"))
    return []


def _undecided(canvas: Canvas, gate: Gate) -> list[str]:
    """Figures that may lie on either side of their line, and what would settle each."""
    rows = [row for row in gate.rows if row.taken is Taken.WARNS and row.settle]
    lines: list[str] = []
    for row in rows[:MAX_UNDECIDED]:
        lines += short_block(canvas, row.finding)
        lines += canvas.paragraph(row.settle, _HEADED, head="    " + _("settle"))
    return lines + _more(canvas, len(rows) - MAX_UNDECIDED)


def _named(canvas: Canvas, gate: Gate) -> list[str]:
    """By name, what a waiver accepts and what the baseline has too."""
    lines: list[str] = []
    for taken in (Taken.WAIVED, Taken.KNOWN):
        rows = [row for row in gate.rows if row.taken is taken]
        names = [f"{row.finding.check} ({row.finding.subject})" for row in rows[:MAX_LET_THROUGH]]
        if names:
            lines += canvas.paragraph(f"{_TITLES[taken]}: {', '.join(names)}", 2, "dim")
        lines += _more(canvas, len(rows) - len(names))
    return lines


def _let_through(canvas: Canvas, gate: Gate) -> list[list[str]]:
    """What did not close the gate though it is a fault, by why it did not."""
    blocks: list[list[str]] = []
    for taken, title in _TITLES.items():
        lines: list[str] = []
        for row in (row for row in gate.rows if row.taken is taken):
            lines += short_block(canvas, row.finding)
            said = " ".join(text for text in (row.why, row.settle) if text)
            lines += canvas.paragraph(f"{row.finding.subject}: {said}" if said else row.finding.subject, _BODY, "dim")
        blocks += [[canvas.paint(title, "bold"), *lines]] if lines else []
    return blocks


_TITLES: Mapping[Taken, str] = Words(
    {
        Taken.WAIVED: N_("Accepted by a waiver"),
        Taken.KNOWN: N_("Known from the baseline"),
        Taken.WARNS: N_("Warnings"),
    }
)


def _notes(canvas: Canvas, gate: Gate, *, verbose: bool) -> list[str]:
    named = gate.notes if verbose else gate.notes[:MAX_NOTES]
    lines = [line for note in named for line in canvas.paragraph(note, _HEADED, head="  " + _("note"))]
    return lines + _more(canvas, len(gate.notes) - len(named))


def _more(canvas: Canvas, rest: int) -> list[str]:
    return canvas.paragraph(_("{n} more: -v shows all").format(n=rest), 2, "dim") if rest > 0 else []


def _counts(gate: Gate) -> list[str]:
    taken = [row.taken for row in gate.rows]
    numbers = {kind: taken.count(kind) for kind in Taken}
    warnings = numbers.pop(Taken.WARNS)
    parts = {kind: _(_COUNTED[kind]).format(n=number) for kind, number in numbers.items() if number}
    if warnings:
        parts[Taken.WARNS] = counted(warnings, "{n} warning", "{n} warnings")
    return [parts[kind] for kind in Taken if kind in parts]


_COUNTED: Mapping[Taken, str] = {
    Taken.CLOSES: N_("{n} closing"),
    Taken.UNSETTLED: N_("{n} not settled"),
    Taken.KNOWN: N_("{n} known"),
    Taken.WAIVED: N_("{n} accepted"),
    Taken.PASSES: N_("{n} passed"),
    Taken.UNASKED: N_("{n} not judged"),
    Taken.INAPPLICABLE: N_("{n} not applicable"),
}
