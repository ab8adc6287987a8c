"""TLS reports for a terminal: how much failed, where, why, and on which days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from deliverability.feedback.tls import RESULT_TYPES
from deliverability.feedback.tls_sums import DaySum, FailureSum, PolicySum
from deliverability.reports.language import N_, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.words import sentence, shown
from deliverability.tls_reports import TlsReports

MAX_POLICIES = 20
"""Policies that are listed; the JSON has all."""
MAX_FAILURES = 10
"""Failures that are listed; the JSON has all."""
MAX_DAYS = 14
"""Days that are listed, the last ones."""
MAX_BAD = 5
"""Refused files that are named."""

NOBODY = N_("no domain named")
_INDENT = 2


def render(found: TlsReports, *, width: int, color: bool) -> str:
    """The whole report as text."""
    canvas = Canvas.of(width, color=color)
    sums = found.sums
    blocks = [
        _head(canvas, found),
        _listed(canvas, _("Policies"), [_policy(canvas, p) for p in sums.policies], MAX_POLICIES),
        _listed(canvas, _("Failures"), [_failure(canvas, f) for f in sums.failures], MAX_FAILURES),
        _days(canvas, sums.days),
        _bad(canvas, found),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, found: TlsReports) -> list[str]:
    sums, read = found.sums, found.input
    if not read.readable:
        return canvas.paragraph(_("No TLS report could be read."), 0, "bold")
    sessions = sums.sessions_ok + sums.sessions_failed
    title = _("{part:,} of {whole:,} sessions without the TLS that was asked for").format(
        part=sums.sessions_failed, whole=sessions
    )
    parts = [
        counted(sums.reports, "{n:,} report", "{n:,} reports"),
        *([_("{n:,} more seen before").format(n=read.duplicates)] if read.duplicates else []),
        *([_("{n:,} outside the chosen time or domain").format(n=read.left_out)] if read.left_out else []),
        *([_span(sums.days[0].day, sums.days[-1].day)] if sums.days else []),
        counted(len(sums.domains), "{n:,} domain", "{n:,} domains"),
    ]
    return [*canvas.paragraph(title + _percent(sums.failed_share), 0, "bold"), *canvas.packed(parts)]


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else _("{first} to {last}").format(first=first, last=last)


def _percent(share: float | None) -> str:
    return "" if share is None else f" ({share:.2%})"


def _listed(canvas: Canvas, title: str, entries: Sequence[list[str]], most: int) -> list[str]:
    if not entries:
        return []
    lines = [canvas.paint(title, "bold"), *(line for entry in entries[:most] for line in entry)]
    left = len(entries) - most
    more = _("and {n:,} more: -f json has all").format(n=left)
    return lines if left <= 0 else [*lines, *canvas.paragraph(more, _INDENT, "dim")]


def _policy(canvas: Canvas, policy: PolicySum) -> list[str]:
    mode = f" ({', '.join(policy.modes)})" if policy.modes else ""
    name = f"{policy.domain or _(NOBODY)} · {policy.type}{mode}"
    color = ["red"] if policy.sessions_failed else []
    return canvas.ends(name, _failed(policy), *color, indent=_INDENT)


def _failed(some: PolicySum | DaySum) -> str:
    sessions = some.sessions_ok + some.sessions_failed
    return _("{part:,} of {whole:,} failed").format(part=some.sessions_failed, whole=sessions)


def _failure(canvas: Canvas, failure: FailureSum) -> list[str]:
    said = sentence(prose(RESULT_TYPES.get(failure.result_type, failure.result_type)))
    code = f": {failure.reason_code}" if failure.reason_code else ""
    lines = canvas.ends(f"{said}{code}", f"{failure.sessions:,}", indent=_INDENT)
    route = f"{failure.sending_mta_ip or '?'} → {failure.receiving_mx or failure.receiving_ip or '?'}"
    about = f"{failure.domain or _(NOBODY)} · {failure.result_type} · {route} · {failure.reporter or '?'}"
    return [*lines, *canvas.paragraph(about, 2 * _INDENT, "dim")]


def _days(canvas: Canvas, days: Sequence[DaySum]) -> list[str]:
    if len(days) < 2:
        return []
    return [canvas.paint(_("By day (UTC)"), "bold"), *(line for day in days[-MAX_DAYS:] for line in _day(canvas, day))]


def _day(canvas: Canvas, day: DaySum) -> list[str]:
    sessions = day.sessions_ok + day.sessions_failed
    share = _percent(day.sessions_failed / sessions) if sessions else ""
    return canvas.ends(f"{day.day}", f"{_failed(day)}{share}", indent=_INDENT)


def _bad(canvas: Canvas, found: TlsReports) -> list[str]:
    if not found.input.bad:
        return []
    title = counted(found.input.bad, "{n:,} file or mail could not be read", "{n:,} files or mails could not be read")
    lines = [canvas.paint(title, "yellow")]
    for bad in found.bad[:MAX_BAD]:
        told = f"{prose(bad.reason)} {prose(bad.detail)}".rstrip()
        lines += canvas.paragraph(f"{shown(bad.file)}: {told}", _INDENT, "dim")
    return lines
