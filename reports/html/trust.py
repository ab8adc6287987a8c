"""Can these numbers be trusted: what the events carry, what a rate is divided by, whose clock was wrong, who spoke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deliverability.checks._thresholds import COMPLETE, MAX_BAD
from deliverability.document import Audit
from deliverability.events.figures import RatesFacts
from deliverability.fastclass import dataclass
from deliverability.feedback.facts import AggregateFacts
from deliverability.lookup.answer import Status
from deliverability.rates import rate
from deliverability.reports.figures import between, given
from deliverability.reports.language import N_, _, ngettext
from deliverability.reports.rates import percent

DENOMINATORS: tuple[tuple[str, str], ...] = (
    (N_("Delivered, bounced, put off"), N_("of what was sent: any message that left the sending service")),
    (N_("Complaints"), N_("of what was sent, what was delivered, and what was delivered where they are reported")),
    (N_("Opens"), N_("of what was sent and of what was delivered, as bounds: with and without machines")),
    (N_("Clicks, unsubscriptions"), N_("of what was delivered")),
)
"""What is counted → what it is divided by."""
MAX_SOURCES = 8
"""Event sources whose flags are listed."""
SILENT = {Status.SERVFAIL, Status.REFUSED, Status.TIMEOUT}
"""Answers that are none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that figures rest on: how much of the data carries it, and whether that is enough."""

    what: str
    share: str
    of: str
    tone: str
    shape: str
    word: str


@dataclass(frozen=True, slots=True)
class Trust:
    """What is said of the data. `rows` is empty where no events were given."""

    rows: Sequence[Row] = ()
    flags: Sequence[tuple[str, str, str, str]] = ()
    denominators: Sequence[tuple[str, str]] = ()
    said: Sequence[str] = ()


def trust(audit: Audit) -> Trust:
    """What the document knows of its own data; damaged figures are left out, and their section says so."""
    inputs = given(audit).inputs
    said = [_dns(audit), *_reports(inputs.dmarc_reports)]
    rates = inputs.rates
    if rates is None:
        return Trust(said=said)
    try:
        rows, flags, events = list(_rows(rates)), list(_flags(rates)), list(_events(rates))
    except (ValueError, ArithmeticError):  # counts that count nothing: somebody edited them
        return Trust(said=said)
    return Trust(rows, flags, [(_(what), _(of)) for what, of in DENOMINATORS], [*events, *said])


def _rows(rates: RatesFacts) -> Iterator[Row]:
    here = rates.completeness
    odd = rates.bad + sum(rates.unknown_words.values())
    opens = sum(one.true + one.false + one.none for one in rates.flags.values())
    flagged = sum(one.true + one.false for one in rates.flags.values())
    true_clock = here.events - here.in_future - here.late_send
    yield _row(_("Rows that could be read and understood"), rates.rows - odd, rates.rows, _("rows"), 1 - MAX_BAD)
    yield _row(_("Events that name a recipient, so a mailbox provider"), here.provider, here.events, _("events"))
    yield _row(_("Events whose time can be true"), true_clock, here.events, _("events"))
    yield _row(_("Events that name a campaign"), here.campaign, here.events, _("events"))
    yield _row(_("Events with an id of their own"), here.unique_id, here.events, _("events"))
    yield _row(_("Opens that say whether a machine made them"), flagged, opens, _("opens"))


def _row(what: str, part: int, whole: int, of: str, line: float = COMPLETE) -> Row:
    if whole <= 0:
        return Row(what, "–", _("none of {what}").format(what=of), "none", "–", _("nothing to judge"))
    found = rate(max(0, min(part, whole)), whole)
    text = _("{number} of {total} {what}").format(number=f"{found['numerator']:,}", total=f"{whole:,}", what=of)
    if found["value"] >= line:
        return Row(what, percent(found["value"]), text, "good", "●", _("enough"))
    return Row(what, percent(found["value"]), text, "bad", "△", _("too little"))


def _flags(rates: RatesFacts) -> Iterator[tuple[str, str, str, str]]:
    """Source, and its opens that it calls a machine's, a person's, and neither."""
    for source, one in sorted(rates.flags.items())[:MAX_SOURCES]:
        yield source, f"{one.true:,}", f"{one.false:,}", f"{one.none:,}"


def _dns(audit: Audit) -> str:
    silent = sum(answer.status in SILENT for answer in audit.dns)
    asked = ngettext("{number} DNS question was asked", "{number} DNS questions were asked", len(audit.dns)).format(
        number=f"{len(audit.dns):,}"
    )
    if not silent:
        return _("{asked}; all were answered.").format(asked=asked)
    return _("{asked}; {silent} got no answer, which is taken for nothing.").format(asked=asked, silent=f"{silent:,}")


def _events(rates: RatesFacts) -> Iterator[str]:
    here = rates.completeness
    skewed = here.in_future + here.late_send
    if skewed:
        yield _(
            "Clocks disagree: {future} events lie after the files were read, and {late} before the send of their own"
            " message."
        ).format(future=f"{here.in_future:,}", late=f"{here.late_send:,}")
    else:
        yield _("No event lies in the future, and none before the send of its own message.")
    if rates.duplicates:
        yield _("{number} rows came twice and count once.").format(number=f"{rates.duplicates:,}")
    delivered = rate(rates.totals.delivered, rates.totals.sent)
    if interval := between(delivered):
        yield _(
            "Nothing was sampled: every row of the files was read. Intervals (95 %, Wilson) allow for chance alone: of"
            " as much mail to the same people, {interval} would be delivered."
        ).format(interval=interval)


def _reports(facts: AggregateFacts | None) -> Iterator[str]:
    if facts is not None:
        yield _(
            "DMARC reports: {reports} from {reporters} receivers; others report nothing, so the mail that they took is"
            " in no figure."
        ).format(reports=f"{facts.reports:,}", reporters=f"{facts.reporters:,}")
