"""Many messages for a terminal: how many may go out, what is wrong with the others, and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.document import Audit
from deliverability.findings import Outcome, Severity
from deliverability.reports.arrange import counts, grouped
from deliverability.reports.blocks import short_block
from deliverability.reports.language import _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.spoken import spoken, spoken_title
from deliverability.reports.tables import Column, table
from deliverability.reports.terminal import headline
from deliverability.reports.words import SEVERITIES, VERDICTS, shape, shown
from deliverability.verdict import Word

MAX_DOMAINS = 10
"""From domains that are listed; the JSON has more."""
MAX_CASES = 3
"""Kinds of fault of one check that are listed; the JSON has more."""

_COLORS: Mapping[Word, str] = {
    Word.SEND: "green",
    Word.FIX_FIRST: "red",
    Word.DO_NOT_SEND: "red",
    Word.UNDETERMINED: "yellow",
}


def render(document: Mapping[str, Any], *, width: int, color: bool, quiet: bool = False) -> str:
    """The whole document as text; `quiet` leaves the lines that count alone."""
    canvas = Canvas.of(width, color=color)
    blocks = [_head(canvas, document)]
    if not quiet:
        failing = [check for check in document["checks"] if check[Outcome.FAIL]]
        blocks += [_check(canvas, check) for check in failing]
        blocks += [_unknown(canvas, document), _domains(canvas, document)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def short(audit: Audit, *, came: Sequence[str], at: str, width: int, color: bool, verbose: bool = False) -> str:
    """One message as it was received: how it came, the verdict, and each fault on a line; `at` is where more stands."""
    canvas = Canvas.of(width, color=color)
    audit = spoken(audit)
    groups = grouped(audit.findings)
    findings = (*groups.failed, *groups.unknown, *groups.notes, *(groups.passed if verbose else ()))
    lines = [canvas.paint(line, "dim") for line in canvas.packed(came)]
    lines += [*headline(canvas, audit), *canvas.paragraph(audit.verdict.sentence, 2)]
    lines += [line for finding in findings for line in short_block(canvas, finding)]
    lines += canvas.packed(counts(groups)) + (canvas.paragraph(at, 0, "dim") if at else [])
    return "\n".join(lines) + "\n"


def came(number: int, ip: str, helo: str, mail_from: str, octets: int, tls: bool) -> list[str]:
    """How a message came, in short parts."""
    said = _("HELO {name}").format(name=shown(helo)[:80] or "–")
    sender = _("MAIL FROM {domain}").format(domain=shown(mail_from)[:80] or "<>")
    over = [_("TLS")] if tls else [_("no TLS")]
    return [f"{number}", ip, said, sender, *over, f"{max(octets >> 10, 1):,} KiB"]


def _head(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    totals, got = document["totals"], document["input"]
    title = counted(totals["messages"], "{n:,} message", "{n:,} messages")
    files = counted(got["files"], "{n:,} file", "{n:,} files")
    bad = [_("{n:,} could not be audited").format(n=got["bad"])] if got["bad"] else []
    parts = [canvas.paint(title, "bold"), files, *bad]
    words = [word for word in Word if totals[word.value]]
    lines = [" · ".join(parts)]
    numbers = {word: f"{totals[word.value]:,}" for word in words}
    wide = max(map(len, numbers.values()), default=0)
    lines += [f"  {numbers[w]:>{wide}}  {canvas.paint(VERDICTS[w], 'bold', _COLORS[w])}" for w in words]
    return lines


def _check(canvas: Canvas, check: Mapping[str, Any]) -> list[str]:
    """What fails, of how many, by which fault, and where to see it."""
    severity = Severity(check["severity"])
    mark = canvas.paint(shape(Outcome.FAIL, severity), "red")
    many = _("{n:,} of {whole:,} fail").format(n=check[Outcome.FAIL], whole=check["messages"])
    first, *rest = canvas.ends(many, f"{SEVERITIES[severity]} · {check['check']}", "bold", indent=2)
    lines = [f"{mark} {first[2:]}", *rest]
    for case in check["cases"][:MAX_CASES]:
        lines += canvas.paragraph(f"{case['messages']:,} × {spoken_title(check['check'], case['title'])}", 4)
    lines += canvas.paragraph(_("such as {files}").format(files=", ".join(map(shown, check["examples"]))), 4, "dim")
    return lines


def _unknown(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    found = [(one["check"], one[Outcome.UNKNOWN] - one["unasked"] + one[Outcome.ERROR]) for one in document["checks"]]
    some = [f"{name} {count:,}" for name, count in sorted(found, key=lambda one: (-one[1], one[0])) if count]
    return [canvas.paint(_("Could not check"), "bold"), *canvas.packed(some)] if some else []


def _domains(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    rows = document["domains"]
    if len(rows) < 2:
        return []
    wanted = (Word.DO_NOT_SEND, Word.FIX_FIRST, Word.UNDETERMINED, Word.SEND)
    columns = (
        Column(_("From domain"), name=True),
        Column(_("messages")),
        *(Column(VERDICTS[word]) for word in wanted),
    )
    cells: list[Sequence[str]] = [
        (row["domain"] or _("others"), f"{row['messages']:,}", *(f"{row[word.value]:,}" for word in wanted))
        for row in rows[:MAX_DOMAINS]
    ]
    more = len(rows) - MAX_DOMAINS
    rest = canvas.paragraph(_("{n:,} more From domains are in the JSON.").format(n=more), 0, "dim") if more > 0 else []
    return [*table(canvas, columns, cells), *rest]
