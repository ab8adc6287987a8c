"""What an audit was given beside DNS, in a few terminal lines: what happened to the mail, and who sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from deliverability.document import Audit
from deliverability.messages.given import KIND as MESSAGE
from deliverability.reports.figures import Figure
from deliverability.reports.language import N_, _, ngettext
from deliverability.reports.layout import Canvas, cells
from deliverability.reports.mail import Mail, mail
from deliverability.reports.prose import prose
from deliverability.reports.senders import Senders, Tls, senders, tls
from deliverability.reports.tables import GAP, Column, table

_INDENT = 2
_COLUMNS = (Column("", name=True), Column(""), Column(""), Column("", name=True))


def given_blocks(canvas: Canvas, audit: Audit) -> list[list[str]]:
    """A block for each kind of input that has figures; none where nothing was given."""
    found = (
        _message(canvas, audit),
        _mail(canvas, mail(audit)),
        _senders(canvas, senders(audit)),
        _tls(canvas, tls(audit)),
    )
    return [block for block in found if block]


def _message(canvas: Canvas, audit: Audit) -> list[str]:
    """Which message was looked at, and who handed it over."""
    kept = next((one for one in audit.observations if one["kind"] == MESSAGE), None)
    if kept is None:
        return []
    facts, connection = _members(kept.get("facts")), _members(kept.get("connection"))
    size = ngettext("{n:,} octet", "{n:,} octets", octets := _number(facts.get("octets"))).format(n=octets)
    lines = canvas.paragraph(f"{facts.get('name')}, {size}", _INDENT)
    if address := connection.get("ip"):
        why = prose(str(connection.get("why") or ""))
        lines += canvas.paragraph(_("from {address} ({why})").format(address=address, why=why), _INDENT)
    return [canvas.paint(_("Message"), "bold"), *lines]


def _members(value: object) -> Mapping[str, Any]:
    """What a document holds there, which may have been written by anybody."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _mail(canvas: Canvas, found: Mail | None) -> list[str]:
    if found is None:
        return []
    head = [canvas.paint(_("Mail"), "bold")]
    if found.trouble:
        return [*head, *canvas.paragraph(found.trouble, _INDENT)]
    sent = _("{n} messages sent").format(n=found.sent) + (f", {found.window}" if found.window else "")
    told = (*found.delivery[:2], *found.complaints[1:3], *found.opens[2:4])
    named = zip(_LABELS, told, strict=True)
    return [*head, *canvas.paragraph(sent, _INDENT), *_table(canvas, [(_(label), figure) for label, figure in named])]


_LABELS = (
    *(N_("delivered"), N_("bounced")),
    *(N_("complaints"), N_("complaints, where reported")),
    *(N_("opened by people, at least"), N_("opened, machines included")),
)


def _senders(canvas: Canvas, found: Senders | None) -> list[str]:
    if found is None:
        return []
    head = [canvas.paint(_("Senders"), "bold")]
    if found.trouble:
        return [*head, *canvas.paragraph(found.trouble, _INDENT)]
    read = ngettext("{n} source in {read}", "{n} sources in {read}", found.sources)
    read = read.format(n=found.sources, read=found.read) + (f", {found.window}" if found.window else "")
    lines = [*canvas.paragraph(read, _INDENT), *_table(canvas, [(_("pass DMARC"), found.passing[0])])]
    lines += canvas.paragraph(f"{found.shadow}.", _INDENT, "yellow") if found.shadow else []
    return [*head, *lines, *canvas.paragraph(found.verdict, _INDENT)]


def _tls(canvas: Canvas, found: Tls | None) -> list[str]:
    if found is None:
        return []
    lines = [*canvas.paragraph(found.read, _INDENT), *_table(canvas, [(_("failed"), found.sessions[1])])]
    return [canvas.paint(_("Encryption of incoming mail"), "bold"), *lines]


def _table(canvas: Canvas, rows: Sequence[tuple[str, Figure]]) -> list[str]:
    """A line for each figure, in columns where they have room."""
    parts = [(label, figure.share, figure.interval, figure.of) for label, figure in rows]
    if _INDENT + sum(max(map(cells, column)) + GAP for column in zip(*parts, strict=True)) - GAP > canvas.width:
        nothing = _("no interval")
        texts = (f"{label}: {share} ({interval or nothing}), {of}" for label, share, interval, of in parts)
        return [line for text in texts for line in canvas.paragraph(text, _INDENT)]
    _head, *lines = table(Canvas(canvas.width - _INDENT, canvas.color), _COLUMNS, parts)
    return [" " * _INDENT + line for line in lines]
