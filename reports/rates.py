"""Rates for a terminal: what was read, the totals, a table by what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.reports.language import N_, _, counted
from deliverability.reports.layout import Canvas
from deliverability.reports.prose import prose
from deliverability.reports.tables import Column, table

Document = Mapping[str, Any]

SMALL = 100
"""Messages below which a cell is shown in one row with others like it; JSON, CSV and Parquet keep every row."""
MAX_ROWS = 40
"""Rows of a table that a person reads; the rest stands in one row."""

_SPARE = (N_("bounced"), N_("complaints"), N_("deferred"), N_("clicked"), N_("hard"), N_("unsub."))
"""Columns that a narrow terminal does without, the last first."""
_SHOWN = {
    N_("delivered"): "delivery",
    "bounced": "bounce",
    "hard": "bounce_hard",
    "deferred": "deferral",
    "complaints": "complaint_delivered",
    "unsub.": "unsubscribe",
    "clicked": "click",
}


def render(document: Document, *, width: int, color: bool) -> str:
    """The whole document, small cells merged."""
    canvas = Canvas.of(width, color=color)
    totals = document["totals"]
    blocks = [_read(canvas, document), _totals(canvas, totals) if _has_any(totals) else []]
    if document["by"] and document["rows"]:
        blocks.append(_table(canvas, document))
    blocks.append(_notes(canvas, document))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _read(canvas: Canvas, document: Document) -> list[str]:
    got, window = document["input"], document["window"]
    sent = counted(document["totals"]["sent"], "{n:,} message sent", "{n:,} messages sent")
    lines = [canvas.paint(f"{sent}, {_span(window)}" if window["from"] else _("No events"), "bold")]
    rows, files = counted(got["rows"], "{n:,} row", "{n:,} rows"), counted(got["files"], "{n:,} file", "{n:,} files")
    parts = [_("{rows} in {files}").format(rows=rows, files=files)]
    parts += [counted(got["duplicates"], "{n:,} duplicate", "{n:,} duplicates")] if got["duplicates"] else []
    parts += [_("{n:,} bad").format(n=got["bad"])] if got["bad"] else []
    parts += [f"{name} ({prose(found['why'])})" for name, found in got["sources"].items()]
    lines += [line for part in canvas.packed(parts) for line in canvas.paragraph(part, 0, "dim")]
    if got.get("mx"):
        lines += canvas.paragraph(_asked(got["mx"]), 0, "dim")
    if got["unknown_words"]:
        words = ", ".join(f"{word} {count:,}" for word, count in list(got["unknown_words"].items())[:5])
        strange = _("Events of unknown type, counted in no rate: {words}").format(words=words)
        lines += canvas.paragraph(strange, 0, "yellow")
    return lines


def _asked(mx: Mapping[str, int]) -> str:
    """How many domains were asked for their mail hosts, and of which that says nothing."""
    parts = [
        counted(mx["asked"], "{n:,} domain asked for mail hosts (MX)", "{n:,} domains asked for mail hosts (MX)"),
        *([_("{n:,} gave no answer").format(n=mx["unanswered"])] if mx["unanswered"] else []),
        *([_("{n:,} beyond the largest were not asked").format(n=mx["not_asked"])] if mx["not_asked"] else []),
    ]
    return "; ".join(parts)


def _span(window: Mapping[str, str]) -> str:
    first, last = window["from"][:10], window["to"][:10]
    return f"{first} (UTC)" if first == last else _("{first} to {last} (UTC)").format(first=first, last=last)


def _has_any(totals: Mapping[str, Any]) -> bool:
    """Whether any rate has something to divide by or to count."""
    return any(rate["numerator"] or rate["denominator"] for rate in totals["rates"].values())


def _totals(canvas: Canvas, totals: Mapping[str, Any]) -> list[str]:
    names = {
        N_("Delivered"): "delivery",
        N_("Bounced"): "bounce",
        N_("  hard: the address is no more"): "bounce_hard",
        N_("  soft: may work later"): "bounce_soft",
        N_("  block: the sender was refused"): "bounce_block",
        N_("Deferred at least once"): "deferral",
        N_("Complaints, of delivered"): "complaint_delivered",
        N_("Complaints, where reported"): "complaint_reporting",
        N_("Unsubscribed"): "unsubscribe",
        N_("Opened, at least by people"): "open_human_low",
        N_("Opened, at most"): "open_human_high",
        N_("Clicked"): "click",
    }
    rows = [_total(_(label), totals["rates"][name]) for label, name in names.items()]
    columns = (Column("", name=True), Column(_("rate")), Column(_("95 % interval")), Column(_("of")))
    lines = table(canvas, columns, rows)
    seconds = totals["seconds_to_deliver"]
    if seconds:
        waited = _("Half were delivered within {half}, 95 % within {most}.")
        times = {"half": duration(seconds["p50"]), "most": duration(seconds["p95"])}
        lines += ["", *canvas.paragraph(waited.format(**times), 0)]
    return lines


def _total(label: str, rate: Mapping[str, Any]) -> list[str]:
    over = f"{rate['numerator']:,} / {rate['denominator']:,}"
    return [label, percent(rate["value"]), interval(rate), over]


def _table(canvas: Canvas, document: Document) -> list[str]:
    by: list[str] = document["by"]
    kept = sorted(document["rows"], key=lambda row: -row["sent"])
    shown, rest = large(kept)
    if "day" in by:
        shown.sort(key=lambda row: [str(row[name]) for name in by])
    columns = [
        *(Column(name, name=True) for name in by),
        Column(_("sent")),
        *(Column(_(title), spare=_SPARE.index(title) + 1 if title in _SPARE else 0) for title in _SHOWN),
        Column(_("opened")),
    ]
    rows = [
        [*(str(row[name] if row[name] is not None else _("(none)")) for name in by), *_figures(row)] for row in shown
    ]
    if rest:
        merged = merge(rest)
        rows.append(
            [
                (_("({n:,} more)") if rows else _("(all {n:,})")).format(n=len(rest)),
                *[""] * (len(by) - 1),
                *_figures(merged),
            ]
        )
    return table(canvas, columns, rows)


def large(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Rows to show, and those to merge: small ones, unless there is just one of them, and those beyond the bound."""
    large = [row for row in rows if row["sent"] >= SMALL][:MAX_ROWS]
    rest = [row for row in rows if not any(row is one for one in large)]
    return (large + rest, []) if len(rest) == 1 else (large, rest)


def merge(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of rows; its rates have summed numerators and denominators."""
    from deliverability.rates import rate  # noqa: PLC0415 - only where there is something to merge

    names = [name for name, value in rows[0].items() if isinstance(value, int)]
    rates = {
        name: rate(*(sum(row["rates"][name][part] for row in rows) for part in ("numerator", "denominator")))
        for name in rows[0]["rates"]
    }
    return {**{name: sum(row[name] for row in rows) for name in names}, "rates": rates}


def _figures(row: Mapping[str, Any]) -> list[str]:
    low, high = row["rates"]["open_human_low"]["value"], row["rates"]["open_human_high"]["value"]
    opened = "–" if high is None else percent(high) if low == high else f"{percent(low)}–{percent(high)}"
    return [f"{row['sent']:,}", *(percent(row["rates"][name]["value"]) for name in _SHOWN.values()), opened]


def percent(value: float | None) -> str:
    """A share in percent: more digits the nearer it is to nothing or to everything."""
    if value is None:
        return "–"
    edge = min(value, abs(1 - value))
    digits = 0 if edge == 0 else 1 if edge > 0.099_999 else 2 if edge >= 0.001 else 3
    return f"{100 * value:.{digits}f} %"


MANY = 10_000
"""Messages from which a second decimal of a share says something: one of them is a hundredth of a percentage point."""


def percents(values: Sequence[float | None], of: int) -> tuple[str, ...]:
    """Shares that are held against each other, in percent with as many decimals each: two of MANY messages, else one.

    More where one of them is next to nothing or to everything. `of`: messages of the smallest side, 0 if not known.
    """
    edges = [edge for value in values if value is not None and (edge := min(value, abs(1 - value)))]
    least = min(edges, default=1.0)
    digits = max(2 if of >= MANY else 1, 1 if least >= 0.01 else 2 if least >= 0.001 else 3)
    return tuple(percent(v) if v is None or v in {0, 1} else f"{100 * v:.{digits}f} %" for v in values)


def interval(rate: Mapping[str, Any]) -> str:
    """The interval of a rate, or a dash."""
    if rate["low"] is None:
        return "–"
    return _("{low} to {high}").format(low=percent(rate["low"]), high=percent(rate["high"]))


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    for unit, size in ((N_("{n} d"), 86_400), (N_("{n} h"), 3_600), (N_("{n} min"), 60)):
        if seconds >= 2 * size:
            return _(unit).format(n=f"{seconds / size:.0f}")
    return _("{n} s").format(n=f"{seconds:.0f}")


def _notes(canvas: Canvas, document: Document) -> list[str]:
    notes = [_("A message counts once for each recipient; opens and clicks count it once however often it was opened.")]
    if document["totals"]["opened_unknown"]:
        notes.append(
            _("Some sources do not say whether a person or a machine opened: those opens are in the upper bound alone.")
        )
    return [line for note in notes for line in canvas.paragraph(note, 0, "dim")]
