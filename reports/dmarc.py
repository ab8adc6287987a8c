"""DMARC reports for a terminal: what passes and by what, who sends, who should not, on which days, and what if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.dmarc_document import to_document
from deliverability.dmarc_reports import DmarcReports
from deliverability.reports.layout import Canvas
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

CATEGORIES = {
    "own": "your own",
    "declared": "declared",
    "forwarder": "forwarder",
    "unknown": "unknown",
    "other": "the others",
}

_INDENT = 2


def render(found: DmarcReports, *, width: int, color: bool) -> str:
    """The whole report as text."""
    canvas = Canvas.of(width, color=color)
    document = to_document(found, MAX_SOURCES)
    parts = (_head, _sources, _categories, _shadows, _simulation, _policies, _reporters, _days, _bad)
    blocks = [part(canvas, document) for part in parts]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(canvas: Canvas, document: Document) -> list[str]:
    got, totals = document["input"], document["totals"]
    if not totals["reports"]:
        return canvas.paragraph(
            "No report is left to add up." if got["left_out"] else "No DMARC report could be read.", 0, "bold"
        )
    window = document["window"]
    parts = [
        _many(totals["reports"], "report", "reports"),
        f"{window['from'][:10]} to {window['to'][:10]} (UTC)",
        _many(len(document["domains"]), "domain", "domains"),
        _many(len(document["reporters"]), "receiver", "receivers"),
        *([f"{got['duplicates']:,} seen before"] if got["duplicates"] else []),
        *([f"{got['left_out']:,} outside the chosen time or domain"] if got["left_out"] else []),
    ]
    title = f"{_share(totals['dmarc_pass'], totals['messages'])} of {totals['messages']:,} messages pass DMARC"
    return [*canvas.paragraph(title, 0, "bold"), *canvas.packed(parts), "", *_by_what(canvas, document)]


def _by_what(canvas: Canvas, document: Document) -> list[str]:
    totals = document["totals"]
    passes = {
        key: sum(one["passes"][key] for one in document["categories"].values())
        for key in ("both", "spf_only", "dkim_only", "neither")
    }
    of = totals["messages"]
    return canvas.paragraph(
        f"By SPF and DKIM {_share(passes['both'], of)}, by DKIM alone {_share(passes['dkim_only'], of)}, by SPF alone "
        f"{_share(passes['spf_only'], of)}, by neither {_share(passes['neither'], of)}. Receivers quarantined "
        f"{totals['quarantined']:,} and rejected {totals['rejected']:,}.",
        0,
    )


def _sources(canvas: Canvas, document: Document) -> list[str]:
    columns = [
        *(Column("Source", name=True), Column("Owner", name=True), Column("What", name=True)),
        *(Column("messages"), Column("pass"), Column("SPF"), Column("DKIM"), Column("stopped")),
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
    return _block(canvas, "Who sends", columns, rows, known - MAX_SOURCES)


def _categories(canvas: Canvas, document: Document) -> list[str]:
    columns = [
        *(Column("What they are", name=True), Column("sources")),
        *(Column("messages"), Column("pass"), Column("SPF"), Column("DKIM")),
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
    told = "Declared by nobody" if document["declared"] else "Failing DMARC, and no forwarder"
    title = f"{told}: {totals['messages']:,} messages from {_many(totals['sources'], 'source', 'sources')}"
    columns = [Column("Source", name=True), Column("messages"), Column("pass"), Column("Why", name=True)]
    rows = [
        (row["ip"], f"{row['messages']:,}", _share(row["dmarc_pass"], row["messages"]), row["why"])
        for row in found[:MAX_SHADOWS]
    ]
    return _block(canvas, title, columns, rows, totals["sources"] - MAX_SHADOWS)


def _simulation(canvas: Canvas, document: Document) -> list[str]:
    simulated = document["simulation"]
    if simulated is None:
        return []
    policy = " ".join(f"{name}={value}" for name, value in simulated["policy"].items() if value)
    hit = simulated["hit"]
    title = (
        f"Under {policy}: {hit['messages']:,} messages from {_many(hit['sources'], 'source', 'sources')} would be hit"
    )
    columns = [
        *(Column("Of which", name=True), Column("sources"), Column("messages")),
        *(Column("delivered today"), Column("undecided")),
    ]
    rows = [
        (
            *(sentence(CATEGORIES[name]), f"{row['sources']:,}", f"{row['messages']:,}"),
            *(f"{row['delivered_today']:,}", f"{row['undecided']:,}"),
        )
        for name, row in simulated["by_category"].items()
        if row["messages"] or row["undecided"]
    ]
    limits = canvas.paragraph("Reports cannot show: " + "; ".join(simulated["cannot_show"]) + ".", 0, "dim")
    return [*(_block(canvas, title, columns, rows) or canvas.paragraph(title, 0, "bold")), *limits]


def _policies(canvas: Canvas, document: Document) -> list[str]:
    found = sorted(document["policies"], key=lambda row: (-row["messages"], row["domain"]))
    tags = ("p", "sp", "np", "adkim", "aspf")
    columns = [Column("Domain", name=True), *map(Column, tags), Column("messages"), Column("pass")]
    rows = [
        (row["domain"], *(row["published"].get(tag) or "–" for tag in tags), *_figures(row)[:2])
        for row in found[:MAX_GROUPS]
    ]
    return _block(canvas, "What was published", columns, rows, len(found) - MAX_GROUPS)


def _reporters(canvas: Canvas, document: Document) -> list[str]:
    found = sorted(document["reporters"], key=lambda row: (-row["messages"], row["org_name"]))
    columns = [
        *(Column("Receiver", name=True), Column("reports"), Column("messages")),
        *(Column("pass"), Column("quarantined"), Column("rejected")),
    ]
    rows = [
        (
            *(row["org_name"] or "no name", f"{row['reports']:,}", f"{row['messages']:,}"),
            *(_share(row["dmarc_pass"], row["messages"]), f"{row['quarantined']:,}", f"{row['rejected']:,}"),
        )
        for row in found[:MAX_GROUPS]
    ]
    return _block(canvas, "Who reports", columns, rows, len(found) - MAX_GROUPS)


def _days(canvas: Canvas, document: Document) -> list[str]:
    found = document["days"]
    if len(found) < 2:
        return []
    columns = [
        *(Column("Day (UTC)", name=True), Column("messages"), Column("pass"), Column("SPF"), Column("DKIM")),
        *(Column("quarantined"), Column("rejected")),
    ]
    rows = [
        (row["day"], *_figures(row), f"{row['quarantined']:,}", f"{row['rejected']:,}") for row in found[-MAX_GROUPS:]
    ]
    return _block(canvas, "By day on which the report begins", columns, rows, len(found) - MAX_GROUPS)


def _bad(canvas: Canvas, document: Document) -> list[str]:
    if not document["input"]["bad"]:
        return []
    title = f"{_many(document['input']['bad'], 'file or mail', 'files or mails')} could not be read"
    lines = [canvas.paint(title, "yellow")]
    for bad in document["bad"][:MAX_BAD]:
        lines += canvas.paragraph(f"{bad['file']}: {bad['reason']} {bad['detail']}".rstrip(), _INDENT, "dim")
    return lines


def _block(
    canvas: Canvas, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], left: int = 0
) -> list[str]:
    if not rows:
        return []
    head = canvas.paragraph(shown(title), 0, "bold") if title else []
    more = canvas.paragraph(f"and {left:,} more: -f json has the largest", 0, "dim") if left > 0 else []
    return [*head, *table(canvas, columns, rows), *more]


def _figures(row: Document) -> tuple[str, ...]:
    """Messages, and the shares that pass DMARC, SPF and DKIM."""
    of = row["messages"]
    return f"{of:,}", *(_share(row[key], of) for key in ("dmarc_pass", "spf_aligned", "dkim_aligned"))


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %" if of else "–"


def _many(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
