"""The mail by mailbox provider and by stream: one row each, its figures with interval and count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from deliverability.checks._thresholds import MIN_TIMED, PROVIDER_BAND, THRESHOLDS
from deliverability.events.figures import Counts, RatesFacts, Seconds
from deliverability.events.plain import to_plain
from deliverability.fastclass import dataclass
from deliverability.rates import RATES, rate
from deliverability.reports.figures import between
from deliverability.reports.figures import counted as part_of
from deliverability.reports.language import N_, _
from deliverability.reports.rates import SMALL, duration, large, merge, percent
from deliverability.reports.words import provider_name

MIN_STREAMS = 2
"""Streams that make a table."""

TOO_LITTLE = N_("too little to judge")
SILENT = N_("none are reported back")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a row: what to read first, beneath it interval and count. `faint` where nothing follows."""

    column: str
    text: str
    remark: str = ""
    faint: bool = False


COLUMNS = (
    *(N_("Sent"), N_("Delivered"), N_("Bounced"), N_("Put off")),
    *(N_("Complaints"), N_("Opened by people"), N_("95 % within")),
)
"""Of the tables by mailbox provider and by stream, after its name."""


Row = tuple[str, Sequence[Cell]]


def providers(facts: RatesFacts) -> list[Row]:
    """A row for each mailbox provider, the most mail first; small ones together."""
    waited = facts.time_to_deliver_by_provider

    def cells(row: Mapping[str, Any]) -> list[Cell]:
        name = row["name"]
        silent = name and name not in facts.reporting and not row["complained"]
        complaints = Cell(_("Complaints"), "–", _(SILENT), faint=True) if silent else _complained(row)
        return [*_shares(row), complaints, *_read_and_late(row, waited.get(name))]

    shown, rest = _rows(facts.by_provider)
    return _table([(provider_name(row["name"]), row) for row in shown], rest, cells)


def streams(facts: RatesFacts) -> list[Row]:
    """The same for streams, where there are two at the least: one alone says what the totals say."""
    waited = facts.time_to_deliver_by_stream

    def cells(row: Mapping[str, Any]) -> list[Cell]:
        return [*_shares(row), _complained(row), *_read_and_late(row, waited.get(row["name"]))]

    shown, rest = _rows(facts.by_stream) if len(facts.by_stream) >= MIN_STREAMS else ([], [])
    return _table([(row["name"] or _("not named"), row) for row in shown], rest, cells)


def _rows(counts: Mapping[str, Counts]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Those to show, the most mail first, and those to merge."""
    return large(sorted((_row(name, one) for name, one in counts.items()), key=lambda row: (-row["sent"], row["name"])))


def _table(
    shown: Sequence[tuple[str, Mapping[str, Any]]],
    rest: Sequence[Mapping[str, Any]],
    cells: Callable[[Mapping[str, Any]], list[Cell]],
) -> list[Row]:
    """Rows by their names, and one of those that are merged, which has none."""
    made: list[Row] = [(name, cells(row)) for name, row in shown]
    if rest:
        name = _("{n:,} smaller ones together").format(n=len(rest))
        made.append((name, cells({"name": "", **merge(rest)})))
    return made


def _row(name: str, one: Counts) -> dict[str, Any]:
    """As a row of `deliv.rates/1`, as far as a table wants it."""
    known = {**to_plain(one), "opened_human_low": one.opened_human_low, "reporting_complained": 0}
    known["reporting_delivered"] = 0
    found = {rate_name: rate(known[over], known[under]) for rate_name, (over, under) in RATES.items()}
    return {"name": name, **to_plain(one), "rates": found}


def _shares(row: Mapping[str, Any]) -> Iterator[Cell]:
    found = row["rates"]
    yield Cell(_("Sent"), f"{row['sent']:,}")
    yield _cell(_("Delivered"), found["delivery"], PROVIDER_BAND.minimum)
    yield _cell(_("Bounced"), found["bounce"], THRESHOLDS["bounce-rate"].minimum)
    yield _cell(_("Put off"), found["deferral"], THRESHOLDS["deferral-rate"].minimum)


def _complained(row: Mapping[str, Any]) -> Cell:
    found = row["rates"]["complaint_delivered"]
    return _cell(_("Complaints"), found, THRESHOLDS["complaint-by-provider"].minimum)


def _read_and_late(row: Mapping[str, Any], waited: Seconds | None) -> tuple[Cell, Cell]:
    found = row["rates"]
    return _opened(found["open_human_low"], found["open_human_high"]), _late(waited)


def _cell(column: str, found: Mapping[str, Any], minimum: int) -> Cell:
    """A share, unless there is too little mail for one."""
    count = part_of(found)
    if found["denominator"] < minimum:
        return Cell(column, count, _(TOO_LITTLE), faint=True)
    remark = " · ".join(part for part in (between(found), count) if part)
    return Cell(column, percent(found["value"]), remark)


def _opened(low: Mapping[str, Any], high: Mapping[str, Any]) -> Cell:
    column = _("Opened by people")
    counts = _("{low:,} to {high:,} of {whole:,}").format(
        low=low["numerator"], high=high["numerator"], whole=low["denominator"]
    )
    if low["denominator"] < SMALL:
        return Cell(column, counts, _(TOO_LITTLE), faint=True)
    if low["numerator"] == high["numerator"]:
        return _cell(column, low, SMALL)
    least, most = percent(low["value"]), percent(high["value"])
    return Cell(column, f"{least.removesuffix(' %')}–{most}", counts)


def _late(seconds: Seconds | None) -> Cell:
    column = _("95 % within")
    if seconds is None or not seconds.messages:
        return Cell(column, "–", faint=True)
    if seconds.messages < MIN_TIMED:
        return Cell(column, "–", _(TOO_LITTLE), faint=True)
    return Cell(column, duration(seconds.p95), _("{n:,} messages").format(n=seconds.messages))
