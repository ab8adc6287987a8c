"""DMARC reports for a terminal: what passes and by what, who sends, who should not, on which days, and what if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.dmarc_document import to_document
from deliverability.dmarc_reports import DmarcReports
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.senders import messages_from
from deliverability.reports.tables import Column, table
from deliverability.reports.words import sentence, shown

MAX_SOURCES = 20
"""Sources that are listed; the JSON has more."""
MAX_SHADOWS = 10
"""Shadow senders that are listed."""
MAX_GROUPS = 14
"""Days, the last ones, and domains and receivers, the largest, that are listed."""
MAX_BAD = 5
"""Refused files that are named."""

Document = Mapping[str, Any]

CATEGORIES = Words(
    {
        "own": N_("your own"),
        "declared": N_("declared"),
        "forwarder": N_("forwarder"),
        "unknown": N_("unknown"),
        "other": N_("the others"),
    }
)

_INDENT = 2


def render(found: DmarcReports, *, width: int, color: bool) -> str:
    """The whole report as text."""
    canvas = Canvas.of(width, color=color)
    document = to_document(found, MAX_SOURCES)
    parts = (_head, _sources, _categories, _shadows, _simulation, _change, _policies, _reporters, _days, _bad)
    blocks = [part(canvas, document) for part in parts]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, document: Document) -> list[str]:
    got, totals = document["input"], document["totals"]
    if not totals["reports"]:
        nothing = _("No report is left to add up.") if got["left_out"] else _("No DMARC report could be read.")
        return canvas.paragraph(nothing, 0, "bold")
    window = document["window"]
    parts = [
        counted(totals["reports"], "{n:,} report", "{n:,} reports"),
        _("{first} to {last} (UTC)").format(first=window["from"][:10], last=window["to"][:10]),
        counted(len(document["domains"]), "{n:,} domain", "{n:,} domains"),
        counted(len(document["reporters"]), "{n:,} receiver", "{n:,} receivers"),
        *([_("{n:,} seen before").format(n=got["duplicates"])] if got["duplicates"] else []),
        *([_("{n:,} outside the chosen time or domain").format(n=got["left_out"])] if got["left_out"] else []),
    ]
    share = _share(totals["dmarc_pass"], totals["messages"])
    title = _("{share} of {whole:,} messages pass DMARC").format(share=share, whole=totals["messages"])
    return [*canvas.paragraph(title, 0, "bold"), *canvas.packed(parts), "", *_by_what(canvas, document)]


def _by_what(canvas: Canvas, document: Document) -> list[str]:
    totals = document["totals"]
    passes = {
        key: sum(one["passes"][key] for one in document["categories"].values())
        for key in ("both", "spf_only", "dkim_only", "neither")
    }
    of = totals["messages"]
    said = _(
        "By SPF and DKIM {both}, by DKIM alone {dkim_only}, by SPF alone {spf_only}, by neither {neither}. "
        "Receivers quarantined {quarantined:,} and rejected {rejected:,}."
    )
    shares = {name: _share(number, of) for name, number in passes.items()}
    stopped = {name: totals[name] for name in ("quarantined", "rejected")}
    return canvas.paragraph(said.format(**shares, **stopped), 0)


def _sources(canvas: Canvas, document: Document) -> list[str]:
    columns = [
        *(Column(_("Source"), name=True), Column(_("Owner"), name=True), Column(_("What"), name=True)),
        *(Column(_("messages")), Column(_("pass")), Column("SPF"), Column("DKIM"), Column(_("stopped"))),
    ]
    rows = [
        (
            *(row["ip"], row["owner"] or "–", CATEGORIES[row["category"]]),
            *_figures(row),
            f"{row['quarantined'] + row['rejected']:,}",
        )
        for row in document["sources"]
    ]
    known = sum(row["sources"] for row in document["categories"].values())
    return _block(canvas, _("Who sends"), columns, rows, known - MAX_SOURCES)


def _categories(canvas: Canvas, document: Document) -> list[str]:
    columns = [
        *(Column(_("What they are"), name=True), Column(_("sources"))),
        *(Column(_("messages")), Column(_("pass")), Column("SPF"), Column("DKIM")),
    ]
    rows = [
        (sentence(CATEGORIES[name]), f"{row['sources']:,}", *_figures(row))
        for name, row in document["categories"].items()
        if row["sources"]
    ]
    return _block(canvas, "", columns, rows)


def _shadows(canvas: Canvas, document: Document) -> list[str]:
    totals, found = document["shadow_totals"], document["shadow_senders"]
    if not found:
        return []
    told = _("Declared by nobody: {sent}") if document["declared"] else _("Failing DMARC, and no forwarder: {sent}")
    title = told.format(sent=messages_from(totals["messages"], totals["sources"]))
    columns = [Column(_("Source"), name=True), Column(_("messages")), Column(_("pass")), Column(_("Why"), name=True)]
    rows = [
        (row["ip"], f"{row['messages']:,}", _share(row["dmarc_pass"], row["messages"]), prose(row["why"]))
        for row in found[:MAX_SHADOWS]
    ]
    return _block(canvas, title, columns, rows, totals["sources"] - MAX_SHADOWS)


def _simulation(canvas: Canvas, document: Document) -> list[str]:
    simulated = document["simulation"]
    if simulated is None:
        return []
    policy = " ".join(f"{name}={value}" for name, value in simulated["policy"].items() if value)
    hit = simulated["hit"]
    title = _("Under {policy}: {sent} would be hit").format(
        policy=policy, sent=messages_from(hit["messages"], hit["sources"])
    )
    columns = [
        *(Column(_("Of which"), name=True), Column(_("sources")), Column(_("messages"))),
        *(Column(_("delivered today")), Column(_("undecided"))),
    ]
    rows = [
        (
            *(sentence(CATEGORIES[name]), f"{row['sources']:,}", f"{row['messages']:,}"),
            *(f"{row['delivered_today']:,}", f"{row['undecided']:,}"),
        )
        for name, row in simulated["by_category"].items()
        if row["messages"] or row["undecided"]
    ]
    unseen = "; ".join(prose(text) for text in simulated["cannot_show"])
    limits = canvas.paragraph(_("Reports cannot show: {things}.").format(things=unseen), 0, "dim")
    return [*(_block(canvas, title, columns, rows) or canvas.paragraph(title, 0, "bold")), *limits]


FATES = Words(
    {
        "kept": N_("kept"),
        "lost": N_("lost"),
        "gained": N_("gained"),
        "absent": "–",
        "mixed": N_("some lost"),
        "unknown": N_("unknown"),
    }
)


def _change(canvas: Canvas, document: Document) -> list[str]:
    """What proposed records do to the senders."""
    change = document["change"]
    if change is None:
        return []
    senders = change["senders"]
    least, most = (sum(row[end] for row in senders) for end in ("least", "most"))
    whole = counted(change["dmarc_pass"], "{n:,} message that passes DMARC", "{n:,} messages that pass DMARC")
    title = _("As proposed: {least:,} of {whole} would no longer").format(least=least, whole=whole)
    columns = [
        *(Column(_("Source"), name=True), Column(_("Owner"), name=True), Column(_("What"), name=True)),
        *(Column("SPF"), Column("DKIM"), Column(_("messages")), Column(_("lose DMARC"))),
    ]
    rows = [
        (
            *(row["address"], row["owner"] or "–", CATEGORIES[row["category"]], FATES[row["spf"]], FATES[row["dkim"]]),
            *(f"{row['messages']:,}", _between(row["least"], row["most"])),
        )
        for row in senders[:MAX_SOURCES]
    ]
    limits = _("{n:,} senders were looked at, as published today and as proposed.").format(n=change["looked_at"])
    if most > least:
        limits += " " + _("Where the reports cannot tell, or DNS did not answer, the number has a range.")
    if change["left_out"]:
        limits += " " + _("{n:,} messages of smaller senders were not looked at.").format(n=change["left_out"])
    shown_rows = _block(canvas, title, columns, rows, len(senders) - MAX_SOURCES)
    return [*(shown_rows or canvas.paragraph(title, 0, "bold")), *canvas.paragraph(limits, 0, "dim")]


def _between(least: int, most: int) -> str:
    return f"{least:,}" if least == most else _("{least:,} to {most:,}").format(least=least, most=most)


def _policies(canvas: Canvas, document: Document) -> list[str]:
    found = sorted(document["policies"], key=lambda row: (-row["messages"], row["domain"]))
    tags = ("p", "sp", "np", "adkim", "aspf")
    columns = [Column(_("Domain"), name=True), *map(Column, tags), Column(_("messages")), Column(_("pass"))]
    rows = [
        (row["domain"], *(row["published"].get(tag) or "–" for tag in tags), *_figures(row)[:2])
        for row in found[:MAX_GROUPS]
    ]
    return _block(canvas, _("What was published"), columns, rows, len(found) - MAX_GROUPS)


def _reporters(canvas: Canvas, document: Document) -> list[str]:
    found = sorted(document["reporters"], key=lambda row: (-row["messages"], row["org_name"]))
    columns = [
        *(Column(_("Receiver"), name=True), Column(_("reports")), Column(_("messages"))),
        *(Column(_("pass")), Column(_("quarantined")), Column(_("rejected"))),
    ]
    rows = [
        (
            *(row["org_name"] or _("no name"), f"{row['reports']:,}", f"{row['messages']:,}"),
            *(_share(row["dmarc_pass"], row["messages"]), f"{row['quarantined']:,}", f"{row['rejected']:,}"),
        )
        for row in found[:MAX_GROUPS]
    ]
    return _block(canvas, _("Who reports"), columns, rows, len(found) - MAX_GROUPS)


def _days(canvas: Canvas, document: Document) -> list[str]:
    found = document["days"]
    if len(found) < 2:
        return []
    columns = [
        *(Column(_("Day (UTC)"), name=True), Column(_("messages")), Column(_("pass")), Column("SPF"), Column("DKIM")),
        *(Column(_("quarantined")), Column(_("rejected"))),
    ]
    rows = [
        (row["day"], *_figures(row), f"{row['quarantined']:,}", f"{row['rejected']:,}") for row in found[-MAX_GROUPS:]
    ]
    return _block(canvas, _("By day on which the report begins"), columns, rows, len(found) - MAX_GROUPS)


def _bad(canvas: Canvas, document: Document) -> list[str]:
    if not document["input"]["bad"]:
        return []
    title = counted(
        document["input"]["bad"], "{n:,} file or mail could not be read", "{n:,} files or mails could not be read"
    )
    lines = [canvas.paint(title, "yellow")]
    for bad in document["bad"][:MAX_BAD]:
        told = f"{prose(bad['reason'])} {prose(bad['detail'])}".rstrip()
        lines += canvas.paragraph(f"{bad['file']}: {told}", _INDENT, "dim")
    return lines


def _block(
    canvas: Canvas, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], left: int = 0
) -> list[str]:
    if not rows:
        return []
    head = canvas.paragraph(shown(title), 0, "bold") if title else []
    rest = _("and {n:,} more: -f json has the largest").format(n=left)
    more = canvas.paragraph(rest, 0, "dim") if left > 0 else []
    return [*head, *table(canvas, columns, rows), *more]


def _figures(row: Document) -> tuple[str, ...]:
    """Messages, and the shares that pass DMARC, SPF and DKIM."""
    of = row["messages"]
    return f"{of:,}", *(_share(row[key], of) for key in ("dmarc_pass", "spf_aligned", "dkim_aligned"))


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %" if of else "–"
