"""The catalogue of checks as text and as JSON: all of them in a table, or one with its whole manual page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from deliverability.checks import CHECKS
from deliverability.checks._check import Check
from deliverability.plain import dumps_by_line
from deliverability.reports import words
from deliverability.reports.language import _, counted
from deliverability.reports.layout import Canvas, cells
from deliverability.reports.spoken import spoken_check
from deliverability.sources import SOURCES

MANUAL: Mapping[str, Check] = {check.id: check for check in CHECKS}
"""Every check of this version by its id. A stored audit may name others."""

_COLUMN = 12
_SEVERITY = 10
"""Cells of a column of severities."""


def to_json(checks: Iterable[Check] = CHECKS) -> str:
    """What `deliv checks -f json` prints."""
    return dumps_by_line([_plain(check) for check in checks])


def page_json(check: Check) -> str:
    """What `deliv explain ID -f json` prints."""
    return dumps_by_line(_plain(check))


def _plain(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "family": check.family,
        "severity": check.severity.value,
        "title": check.ask,
        "why": check.why,
        "fix": check.fix,
        "references": [
            {"source": r.source, "section": r.section, "date": words.source_date(r)} for r in check.references
        ],
    }


def table(checks: Iterable[Check] = CHECKS, *, width: int, color: bool) -> str:
    """All checks by family: id, severity when it fails, and the rule."""
    canvas = Canvas.of(width, color=color)
    listed = [spoken_check(check) for check in checks]
    column = max((len(c.id) for c in listed), default=0) + 2
    blocks = [
        "\n".join([canvas.paint(words.FAMILIES.get(family, family), "bold"), *_rows(canvas, members, column)])
        for family, members in groupby(listed, key=lambda c: c.family)
    ]
    total = counted(len(listed), "{n} check", "{n} checks")
    return "\n\n".join([*blocks, " · ".join([total, _("deliv explain ID gives the manual page of one")])]) + "\n"


def _rows(canvas: Canvas, checks: Iterable[Check], column: int) -> list[str]:
    """One row a check; where the rule would have no room beside the id, it stands below."""
    lines: list[str] = []
    for check in checks:
        severity = words.SEVERITIES[check.severity]
        head = f"  {check.id:<{column}}{severity}{' ' * (_SEVERITY - cells(severity))}"
        room = canvas.width - cells(head)
        if room >= cells(check.ask):
            lines.append(head + check.ask)
        elif room >= canvas.width // 2:
            lines += canvas.paragraph(check.ask, cells(head), head=head)
        else:
            lines += [head.rstrip(), *canvas.paragraph(check.ask, 4, "dim")]
    return lines


def page(check: Check, *, width: int, color: bool) -> str:
    """The manual page of one check."""
    canvas, check = Canvas.of(width, color=color), spoken_check(check)
    grave = _("{severity} when it fails").format(severity=words.SEVERITIES[check.severity])
    lines = [canvas.paint(f"{check.id} · {check.family} · {grave}", "bold")]
    lines += [*canvas.paragraph(check.ask, 2), ""]
    for head, text in ((_("why"), check.why), (_("fix"), check.fix), (_("settle"), check.settle)):
        lines += canvas.paragraph(words.sentence(text), _COLUMN, head=f"  {head}") if text else []
    lines += canvas.paragraph(words.work(check.effort, check.owner), _COLUMN, head="  " + _("effort"))
    for reference in check.references:
        lines += _source(canvas, words.citation(reference), reference.source)
    return "\n".join(lines) + "\n"


def _source(canvas: Canvas, citation: str, name: str) -> list[str]:
    source = SOURCES.get(name)
    lines = canvas.paragraph(citation, _COLUMN, head="  " + _("rule"))
    if source is None:
        return lines
    about = " · ".join(part for part in (source.title, source.date, source.status) if part)
    return [*lines, *canvas.paragraph(about, _COLUMN, "dim"), *canvas.paragraph(source.url, _COLUMN, "dim")]
