"""What happened to the mail: the figures of a document's events, worked out for a page and a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.checks._thresholds import MIN_TIMED
from deliverability.document import Audit
from deliverability.events.figures import Counts, RatesFacts, Seconds
from deliverability.events.reasons import KINDS, Reason
from deliverability.fastclass import dataclass
from deliverability.reports.figures import UNREADABLE, Figure, figures, given, window
from deliverability.reports.language import N_, _, counted
from deliverability.reports.places import COLUMNS, Row, providers, streams
from deliverability.reports.rates import duration, percent
from deliverability.reports.reasons import ACTIONS, BLAMES, PERSISTENCES, REASONS
from deliverability.reports.words import provider_name

MAX_REASONS = 12
"""Reasons that are listed, the most frequent first."""
MAX_PLACES = 3
"""Mailbox providers named beside one reason."""

OF_SENT = N_("{part:,} of {whole:,} sent")
OF_DELIVERED = N_("{part:,} of {whole:,} delivered")
OF_DELIVERED_THERE = N_("{part:,} of {whole:,} delivered there")


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Messages that failed for one reason, and what that means; `where` names the providers."""

    reason: str
    messages: str
    share: str
    where: str
    means: str
    who: str
    action: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything that is said of the mail; `trouble` alone where the figures cannot be read."""

    read: str = ""
    sent: str = ""
    window: str = ""
    delivery: Sequence[Figure] = ()
    complaints: Sequence[Figure] = ()
    silent: str = ""
    opens: Sequence[Figure] = ()
    unflagged: str = ""
    speed: str = ""
    columns: Sequence[str] = ()
    providers: Sequence[Row] = ()
    streams: Sequence[Row] = ()
    bounced: Sequence[ReasonRow] = ()
    deferred: Sequence[ReasonRow] = ()
    trouble: str = ""


def mail(audit: Audit) -> Mail | None:
    """What the document says of its mail; None where no events were given."""
    found = given(audit)
    if found.trouble:
        return Mail(trouble=found.trouble)
    if found.inputs.rates is None:
        return None
    try:
        return _mail(found.inputs.rates)
    except (ValueError, ArithmeticError):  # counts that count nothing: somebody edited them
        return Mail(trouble=_(UNREADABLE))


def _mail(facts: RatesFacts) -> Mail:
    totals = facts.totals
    return Mail(
        read=_read(facts),
        sent=f"{totals.sent:,}",
        window=window(facts.start, facts.end),
        delivery=_delivery(totals),
        complaints=_complaints(facts),
        silent=_silent(facts),
        opens=_opens(totals),
        unflagged=_unflagged(totals),
        speed=_speed(facts.time_to_deliver),
        columns=[_(column) for column in COLUMNS],
        providers=providers(facts),
        streams=streams(facts),
        bounced=_reasons(facts.reasons, totals.bounced, facts.reasons_by_provider),
        deferred=_reasons(facts.deferral_reasons, totals.deferred, {}),
    )


def _read(facts: RatesFacts) -> str:
    parts = [counted(facts.rows, "{n:,} row", "{n:,} rows"), counted(facts.files, "{n:,} file", "{n:,} files")]
    parts += [", ".join(facts.sources)] if facts.sources else []
    parts += [_("{n:,} seen twice and counted once").format(n=facts.duplicates)] if facts.duplicates else []
    parts += [_("{n:,} that could not be read").format(n=facts.bad)] if facts.bad else []
    if strange := sum(facts.unknown_words.values()):
        parts.append(_("{n:,} events of unknown kinds, counted in no figure").format(n=strange))
    return " · ".join(parts)


def _delivery(totals: Counts) -> list[Figure]:
    rows = (
        (N_("Delivered"), totals.delivered),
        (N_("Bounced"), totals.bounced),
        (N_("hard: the address is no good"), totals.bounced_hard),
        (N_("soft: may work later"), totals.bounced_soft),
        (N_("block: the sender was refused"), totals.bounced_block),
        (N_("Put off at least once"), totals.deferred),
    )
    return figures((label, count, totals.sent, OF_SENT) for label, count in rows)


def _complaints(facts: RatesFacts) -> list[Figure]:
    """The one count over each denominator that is in use, side by side."""
    totals, (complained, delivered) = facts.totals, facts.reporting_counts()
    rows = [
        (N_("Of all that was sent"), totals.complained, totals.sent, OF_SENT),
        (N_("Of what was delivered"), totals.complained, totals.delivered, OF_DELIVERED),
        (N_("Of what was delivered where complaints are reported"), complained, delivered, OF_DELIVERED_THERE),
        (N_("Unsubscribed, of what was delivered"), totals.unsubscribed, totals.delivered, OF_DELIVERED),
    ]
    return figures(rows)


def _silent(facts: RatesFacts) -> str:
    """Which of the providers in the files tell a sender of complaints."""
    names = [provider_name(name) for name in facts.reporting if name in facts.by_provider]
    if not names:
        return _("None of these mailbox providers reports complaints to senders, so that none are seen says nothing.")
    told = _("Complaints are reported to senders by {names}; from the others their absence says nothing.")
    return told.format(names=", ".join(names))


def _opens(totals: Counts) -> list[Figure]:
    low, high, clicked = totals.opened_human_low, totals.opened, totals.clicked
    return figures(
        (
            (N_("Opened, people alone at least"), low, totals.delivered, OF_DELIVERED),
            (N_("Opened, machines included"), high, totals.delivered, OF_DELIVERED),
            (N_("Opened, people alone at least, of all sent"), low, totals.sent, OF_SENT),
            (N_("Opened, machines included, of all sent"), high, totals.sent, OF_SENT),
            (N_("Clicked"), clicked, totals.delivered, OF_DELIVERED),
        )
    )


def _unflagged(totals: Counts) -> str:
    text = _("Mail programs fetch images by themselves, so how many people opened lies between the two.")
    if not totals.opened_unknown:
        return text
    unflagged = _(
        "Of {n:,} opens nobody says whether a machine made them; they count as machines' in the lower figure."
    )
    return f"{text} {unflagged.format(n=totals.opened_unknown)}"


def _speed(seconds: Seconds | None) -> str:
    if seconds is None or not seconds.messages:
        return ""
    if seconds.messages < MIN_TIMED:
        return counted(
            seconds.messages,
            "Time to deliver: too little to judge ({n:,} message with both times).",
            "Time to deliver: too little to judge ({n:,} messages with both times).",
        )
    return _(
        "Half of the mail arrived within {half} of being sent, 95 % within {most} ({n:,} messages with both times)."
    ).format(half=duration(seconds.p50), most=duration(seconds.p95), n=seconds.messages)


# why


def _reasons(reasons: Mapping[str, int], total: int, places: Mapping[str, Mapping[str, int]]) -> list[ReasonRow]:
    ranked = sorted(((count, name) for name, count in reasons.items() if count), key=lambda one: (-one[0], one[1]))
    return [_reason(name, count, total, places) for count, name in ranked[:MAX_REASONS]]


def _reason(name: str, count: int, total: int, places: Mapping[str, Mapping[str, int]]) -> ReasonRow:
    known = name in set(Reason)
    kind = KINDS[Reason(name) if known else Reason.UNKNOWN]
    met = sorted(((found[name], place) for place, found in places.items() if found.get(name)), reverse=True)
    where = [f"{provider_name(place)} {number:,}" for number, place in met[:MAX_PLACES]]
    if rest := sum(number for number, _ in met[MAX_PLACES:]):
        where.append(_("elsewhere {n:,}").format(n=rest))
    return ReasonRow(
        reason=REASONS[kind.reason] if known else name,
        messages=f"{count:,}",
        share=_("{share} of {whole:,}").format(share=percent(count / total), whole=total) if total else "",
        where=", ".join(where),
        means=PERSISTENCES[kind.persistence],
        who=BLAMES[kind.blame],
        action=ACTIONS[kind.action],
    )
