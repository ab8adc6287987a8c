"""What the events of one sender add up to: counts, and nothing that is computed from counts.

`deliverability.events.rates` fills these; the checks of the families bounces, complaints, engagement and timeliness
read them, and an audit's document carries them. No address is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from deliverability.events.plain import from_plain as _from_plain
from deliverability.events.plain import to_plain as _to_plain
from deliverability.fastclass import dataclass
from deliverability.protocols.addresses import literal, not_public

UNSUBSCRIBE_GRACE_HOURS = 48
"""Hours until an unsubscription must have taken effect: two days at Gmail and at Yahoo (sender requirements, read
2026-03-11 and 2026-07)."""
BOUNCE_GRACE_HOURS = 24
"""Hours until a hard bounce should have taken an address off the list. Ours: a day, as campaigns already on their way
cannot be called back."""


MAX_ADDRESSES = 16
"""Sending addresses that are kept, those with most messages; our own bound, that of the block lists' questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Distinct (message, recipient), as the columns of `deliv.rates/1` count them; the two totals count events.

    - sent: any event but rejected, failed or queued alone. deferred: ever deferred. delivered: delivered, and not
      bounced later. rejected: never left the sending service, and in no other count.
    - bounced_hard, bounced_soft, bounced_block: the bounced by deliv's own persistence.
    - opened: any open. opened_machine: only opens that the source calls a machine's. opened_unknown: only opens without
      a flag. The rest of `opened` has an open that the source calls no machine's.
    """

    sent: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    bounced_hard: int = 0
    bounced_soft: int = 0
    bounced_block: int = 0
    rejected: int = 0
    complained: int = 0
    unsubscribed: int = 0
    opened: int = 0
    opened_machine: int = 0
    opened_unknown: int = 0
    clicked: int = 0
    opens_total: int = 0
    clicks_total: int = 0

    @property
    def opened_human_low(self) -> int:
        """The fewest that a person can have opened: with an open that the source calls no machine's."""
        return max(0, self.opened - self.opened_machine - self.opened_unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Seconds from the send to the delivery, over `messages` of which both times are known."""

    p50: float
    p95: float
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Messages that one provider refused or put off for how they were authenticated.

    - provider: the mailbox provider's id (`gmail`, `other`, …): providers give one code different meanings.
    - code: the enhanced status code as in the reply (`5.7.26`), empty where it has none.
    - reason: `auth_failure` or `missing_ptr`, or another reason of ours that a setting is to blame for.
    - bounced, deferred: messages; one that was put off and bounced later counts as bounced alone.
    """

    provider: str
    code: str
    reason: str
    bounced: int = 0
    deferred: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heeded:
    """Recipients who were to get no more mail, and how many of them did.

    - recipients: those whose grace had run out before the last send in the files; the denominator.
    - violated: those of them to whom something was sent after the grace, and no new subscription stands between.
    - messages: how many messages that was.
    """

    recipients: int = 0
    violated: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Open events of one source by what it says of machines."""

    true: int = 0
    false: int = 0
    none: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How many of the events carry what claims are made of. Each but the first is at most `events`.

    - events: normalised events, duplicates left out.
    - provider: with a recipient's domain, so with a mailbox provider; campaign: with a campaign.
    - unique_id: with an event id of the source's own; in_future: with a time after the files were read.
    - late_send: with a time before the send of their own message: clocks that disagree.
    """

    events: int = 0
    provider: int = 0
    campaign: int = 0
    unique_id: int = 0
    in_future: int = 0
    late_send: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesFacts:
    """Everything the checks of events want to know of the files that were given.

    - sources: names of the event sources that were found in them, sorted.
    - start, end: the first and the last event, ISO 8601 UTC (`2026-11-20T09:00:00Z`); empty without events.
    - files, rows, duplicates, bad: as `input` of `deliv.rates/1`; `rows` has all rows read, the other two included.
    - unknown_words: a source's word for an event that its module does not name → how often.
    - by_provider, by_campaign, by_stream: the key → its counts; they add up to `totals`. by_campaign may be cut to the
      largest, and then `campaigns` still says how many there are.
    - by_day: UTC day of the send (`2026-11-20`) → counts, in order, days without mail left out.
    - reporting: ids of the mailbox providers that report complaints back to senders.
    - reasons, deferral_reasons: reason → messages bounced, or deferred, for it (the last one of each message).
    - reasons_by_provider: provider → reason → messages bounced.
    - rejections: for how the mail was authenticated.
    - time_to_deliver: over all; and by provider, and by stream.
    - after_hard_bounce, after_unsubscribe, after_complaint: mail that should not have been sent.
    - flags: source → what its opens say of machines.
    - ips: sending address → messages sent from it, the largest `MAX_ADDRESSES`.
    """

    sources: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    files: int = 0
    rows: int = 0
    duplicates: int = 0
    bad: int = 0
    unknown_words: Mapping[str, int] = field(default_factory=dict[str, int])
    totals: Counts = Counts()
    by_provider: Mapping[str, Counts] = field(default_factory=dict[str, Counts])
    by_campaign: Mapping[str, Counts] = field(default_factory=dict[str, Counts])
    campaigns: int = 0
    by_stream: Mapping[str, Counts] = field(default_factory=dict[str, Counts])
    by_day: tuple[tuple[str, Counts], ...] = ()
    reporting: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    deferral_reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    reasons_by_provider: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    rejections: tuple[Rejection, ...] = ()
    time_to_deliver: Seconds | None = None
    time_to_deliver_by_provider: Mapping[str, Seconds] = field(default_factory=dict[str, Seconds])
    time_to_deliver_by_stream: Mapping[str, Seconds] = field(default_factory=dict[str, Seconds])
    after_hard_bounce: Heeded = Heeded()
    after_unsubscribe: Heeded = Heeded()
    after_complaint: Heeded = Heeded()
    flags: Mapping[str, Flags] = field(default_factory=dict[str, Flags])
    completeness: Completeness = Completeness()
    ips: Mapping[str, int] = field(default_factory=dict[str, int])

    def sent_from(self, domain: str) -> tuple[str, ...]:
        """The public addresses that sent, the largest first; those of documentation are where `domain` is fictional."""
        largest = sorted(self.ips.items(), key=lambda item: (-item[1], item[0]))
        found = (address for ip, _ in largest if (address := literal(ip)) and not not_public(address, domain))
        return tuple(dict.fromkeys(found))[:MAX_ADDRESSES]

    def reporting_counts(self) -> tuple[int, int]:
        """(complained, delivered) at the providers that report complaints."""
        there = [self.by_provider[name] for name in self.reporting if name in self.by_provider]
        return sum(one.complained for one in there), sum(one.delivered for one in there)


def to_plain(facts: RatesFacts) -> dict[str, Any]:
    """The facts in JSON's own types."""
    plain: dict[str, Any] = _to_plain(facts)
    return plain


def from_plain(plain: object) -> RatesFacts:
    """The facts that `to_plain` made `plain` of.

    Raises:
        NotThose: `plain` is something else (`deliverability.events.plain`).
    """
    return _from_plain(RatesFacts, plain)
