"""Bounces for a terminal: how many, why, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.events.reasons import KINDS, Action, Persistence, Reason
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.reasons import ACTIONS, REASONS
from deliverability.reports.tables import Column, table

MAX_PROVIDERS = 12
"""Mailbox providers that are listed; the JSON has all."""
MAX_DOMAINS = 10
"""Recipient domains that are listed; the JSON has more."""

KINDS_OF_BOUNCE = Words(
    {
        "hard": N_("hard"),
        "soft": N_("soft"),
        "block": N_("block"),
        "none": N_("none"),
        "delayed": N_("delayed"),
    }
)
"""How lasting, by the name that the document has for it."""


def render(document: Mapping[str, Any], *, width: int, color: bool) -> str:
    """The whole document as text."""
    canvas = Canvas.of(width, color=color)
    blocks = [
        _head(canvas, document),
        _reasons(canvas, document),
        _places(canvas, _("Mailbox provider"), "provider", document["providers"][:MAX_PROVIDERS]),
        _domains(canvas, document),
        _complaints(canvas, document),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    totals, got = document["totals"], document["input"]
    title = counted(totals["bounces"], "{n:,} recipient failed or is delayed", "{n:,} recipients failed or are delayed")
    mails = counted(got["mails"], "{n:,} mail", "{n:,} mails")
    files = counted(got["files"], "{n:,} file", "{n:,} files")
    read = [
        _("{mails} in {files}").format(mails=mails, files=files),
        counted(got["bounces"], "{n:,} bounce", "{n:,} bounces"),
        counted(got["complaints"], "{n:,} complaint", "{n:,} complaints"),
        *([_("{n:,} other").format(n=got["other"])] if got["other"] else []),
        *([_("{n:,} could not be read").format(n=got["bad"])] if got["bad"] else []),
    ]
    kinds = [
        _("{n:,} hard: take the address off the list").format(n=totals["hard"]),
        _("{n:,} soft: may work later").format(n=totals["soft"]),
        _("{n:,} block: the sender or the mail was refused, the address is not at fault").format(n=totals["block"]),
    ]
    lines = [*canvas.paragraph(title, 0, "bold"), *canvas.packed(read)]
    if totals["bounces"]:
        lines += [line for kind in kinds for line in canvas.paragraph(kind, 2)]
    return lines


def _reasons(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    if not document["reasons"]:
        return []
    columns = (
        Column(_("Reason"), name=True),
        Column("", name=True),
        Column(_("number")),
        Column(_("share")),
        Column(_("What to do"), name=True),
    )
    return table(canvas, columns, [_reason(row) for row in document["reasons"]])


def _reason(row: Mapping[str, Any]) -> Sequence[str]:
    reason = Reason(row["reason"])
    late = KINDS_OF_BOUNCE["delayed" if row["action"] == "delayed" else row["persistence"]]
    return (REASONS[reason], late, f"{row['bounces']:,}", f"{row['share']:.1%}", _to_do(reason, row))


def _to_do(reason: Reason, row: Mapping[str, Any]) -> str:
    if row["action"] == "delayed":
        return _("nothing yet")
    kind = KINDS[reason]
    doubtful = kind.persistence is Persistence.HARD and row["persistence"] == Persistence.SOFT
    return ACTIONS[Action.RETRY_THEN_REMOVE if doubtful else kind.action]


def _places(canvas: Canvas, title: str, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    words = ("bounces", "hard", "soft", "block")
    heads = (_("bounces"), *(KINDS_OF_BOUNCE[word] for word in words[1:]), _("share"))
    columns = (Column(title, name=True), *map(Column, heads))
    return table(canvas, columns, [(r[name], *(f"{r[w]:,}" for w in words), f"{r['share']:.1%}") for r in rows])


def _domains(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    rows = document["domains"][:MAX_DOMAINS]
    if len(rows) < 2:
        return []
    columns = (Column(_("Recipient domain"), name=True), Column(_("bounces")), Column(_("share")))
    return table(
        canvas, columns, [(r["domain"] or _("not named"), f"{r['bounces']:,}", f"{r['share']:.1%}") for r in rows]
    )


def _complaints(canvas: Canvas, document: Mapping[str, Any]) -> list[str]:
    if not document["complaints"]:
        return []
    columns = (Column(_("Complaints"), name=True), Column(_("number")), Column("", name=True))
    rows = [
        (row["kind"], f"{row['complaints']:,}", "" if row["counts"] else _("no complaint by a reader"))
        for row in document["complaints"]
    ]
    return table(canvas, columns, rows)
