"""TLS reports for a terminal: how much failed, where, why, and on which days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from deliverability.feedback.tls import RESULT_TYPES
from deliverability.feedback.tls_sums import DaySum, FailureSum, PolicySum
from deliverability.reports.layout import Canvas
from deliverability.reports.words import counted, sentence, shown
from deliverability.tls_reports import TlsReports

MAX_POLICIES = 20
"""Policies that are listed; the JSON has all."""
MAX_FAILURES = 10
"""Failures that are listed; the JSON has all."""
MAX_DAYS = 14
"""Days that are listed, the last ones."""
MAX_BAD = 5
"""Refused files that are named."""

_INDENT = 2


def render(found: TlsReports, *, width: int, color: bool) -> str:
    """The whole report as text."""
    canvas = Canvas.of(width, color=color)
    sums = found.sums
    blocks = [
        _head(canvas, found),
        _listed(canvas, "Policies", [_policy(canvas, p) for p in sums.policies], MAX_POLICIES),
        _listed(canvas, "Failures", [_failure(canvas, f) for f in sums.failures], MAX_FAILURES),
        _days(canvas, sums.days),
        _bad(canvas, found),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, found: TlsReports) -> list[str]:
    sums, read = found.sums, found.input
    if not read.readable:
        return canvas.paragraph("No TLS report could be read.", 0, "bold")
    sessions = sums.sessions_ok + sums.sessions_failed
    share = _percent(sums.failed_share)
    title = f"{sums.sessions_failed:,} of {sessions:,} sessions without the TLS that was asked for{share}"
    parts = [
        counted(sums.reports, "report", "reports"),
        *([f"{read.duplicates:,} more seen before"] if read.duplicates else []),
        *([f"{read.left_out:,} outside the chosen time or domain"] if read.left_out else []),
        *([_span(sums.days[0].day, sums.days[-1].day)] if sums.days else []),
        counted(len(sums.domains), "domain", "domains"),
    ]
    return [*canvas.paragraph(title, 0, "bold"), *canvas.packed(parts)]


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def _percent(share: float | None) -> str:
    return "" if share is None else f" ({share:.2%})"


def _listed(canvas: Canvas, title: str, entries: Sequence[list[str]], most: int) -> list[str]:
    if not entries:
        return []
    lines = [canvas.paint(title, "bold"), *(line for entry in entries[:most] for line in entry)]
    left = len(entries) - most
    return lines if left <= 0 else [*lines, *canvas.paragraph(f"and {left:,} more: -f json has all", _INDENT, "dim")]


def _policy(canvas: Canvas, policy: PolicySum) -> list[str]:
    mode = f" ({', '.join(policy.modes)})" if policy.modes else ""
    name = f"{policy.domain or 'no domain named'} · {policy.type}{mode}"
    sessions = policy.sessions_ok + policy.sessions_failed
    color = ["red"] if policy.sessions_failed else []
    return canvas.ends(name, f"{policy.sessions_failed:,} of {sessions:,} failed", *color, indent=_INDENT)


def _failure(canvas: Canvas, failure: FailureSum) -> list[str]:
    said = sentence(RESULT_TYPES.get(failure.result_type, failure.result_type))
    code = f": {failure.reason_code}" if failure.reason_code else ""
    lines = canvas.ends(f"{said}{code}", f"{failure.sessions:,}", indent=_INDENT)
    route = f"{failure.sending_mta_ip or '?'} → {failure.receiving_mx or failure.receiving_ip or '?'}"
    about = f"{failure.domain or 'no domain named'} · {failure.result_type} · {route} · {failure.reporter or '?'}"
    return [*lines, *canvas.paragraph(about, 2 * _INDENT, "dim")]


def _days(canvas: Canvas, days: Sequence[DaySum]) -> list[str]:
    if len(days) < 2:
        return []
    return [canvas.paint("By day (UTC)", "bold"), *(line for day in days[-MAX_DAYS:] for line in _day(canvas, day))]


def _day(canvas: Canvas, day: DaySum) -> list[str]:
    sessions = day.sessions_ok + day.sessions_failed
    share = _percent(day.sessions_failed / sessions) if sessions else ""
    return canvas.ends(f"{day.day}", f"{day.sessions_failed:,} of {sessions:,} failed{share}", indent=_INDENT)


def _bad(canvas: Canvas, found: TlsReports) -> list[str]:
    if not found.input.bad:
        return []
    title = f"{counted(found.input.bad, 'file or mail', 'files or mails')} could not be read"
    lines = [canvas.paint(title, "yellow")]
    for bad in found.bad[:MAX_BAD]:
        lines += canvas.paragraph(f"{shown(bad.file)}: {bad.reason} {bad.detail}".rstrip(), _INDENT, "dim")
    return lines
