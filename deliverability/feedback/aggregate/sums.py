"""What many aggregate reports add up to: totals, and the same for each source, day, domain and reporter; bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from sys import intern
from typing import TypeVar

from deliverability.feedback.aggregate import Auth, Head, Published, Reason, Record
from deliverability.feedback.aggregate.simulate import Fate, Proposed, fate

MAX_SOURCES = 15_000
"""Sources that are listed by themselves; our own bound. Of twice as many, the lightest are put together."""
MAX_NAMES = 12
"""Author domains that are listed for one source, and about as many authentication results; our own bound."""
MAX_GROUPS = 10_000
"""Days, domains and reporters that are listed by themselves; our own bound."""
OTHER = "other"
"""Stands for what is not listed by itself."""

_FORWARDING = frozenset({"forwarded", "mailing_list", "trusted_forwarder"})
"""Reasons that say that the mail came by way of somebody else (RFC 7489 appendix C; RFC 9990 keeps the first two)."""

_Key = TypeVar("_Key")


class Tally:
    """Counts of messages."""

    __slots__ = ("dkim_aligned", "dmarc_pass", "messages", "quarantined", "rejected", "spf_aligned")

    def __init__(self) -> None:
        self.messages = 0
        self.dmarc_pass = 0
        self.spf_aligned = 0
        self.dkim_aligned = 0
        self.quarantined = 0
        self.rejected = 0

    def count(self, messages: int, passed: int, by_spf: int, by_dkim: int, quarantined: int, rejected: int) -> None:
        """Add messages."""
        self.messages += messages
        self.dmarc_pass += passed
        self.spf_aligned += by_spf
        self.dkim_aligned += by_dkim
        self.quarantined += quarantined
        self.rejected += rejected

    def add(self, other: Tally) -> None:
        """Add the messages of `other`."""
        self.count(
            *(other.messages, other.dmarc_pass, other.spf_aligned, other.dkim_aligned),
            *(other.quarantined, other.rejected),
        )


class SourceTally(Tally):
    """Counts of one source, when it was seen (seconds since 1970), and what it authenticated as.

    - forwarded: messages of which a receiver said that they came by way of somebody else.
    - hit_*: messages that a proposed policy would have hit or may have; `hit_delivered` of those that were not hit now.
    """

    __slots__ = (
        *("auth", "first", "forwarded", "header_from", "last"),
        *("hit_delivered", "hit_quarantine", "hit_reject", "hit_undecided"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.forwarded = 0
        self.first = 0
        self.last = 0
        self.header_from: tuple[str, ...] = ()
        self.auth: tuple[Auth, ...] = ()
        self.hit_quarantine = 0
        self.hit_reject = 0
        self.hit_undecided = 0
        self.hit_delivered = 0

    def see(self, first: int, last: int) -> None:
        """Widen the time in which the source was seen."""
        self.first = min(first, self.first or first)
        self.last = max(last, self.last)

    def join(self, other: SourceTally) -> None:
        """Add another tally of the same source."""
        self.absorb(other)
        self.header_from = _with(self.header_from, other.header_from)
        self.auth = _with(self.auth, other.auth)

    def absorb(self, other: SourceTally) -> None:
        """Add the counts of another source."""
        self.add(other)
        self.see(other.first, other.last)
        self.forwarded += other.forwarded
        self.hit_quarantine += other.hit_quarantine
        self.hit_reject += other.hit_reject
        self.hit_undecided += other.hit_undecided
        self.hit_delivered += other.hit_delivered


class GroupTally(Tally):
    """Counts of a day, a domain or a reporter, with the number of reports; for a domain what was published last."""

    __slots__ = ("first", "last", "published", "reports")

    def __init__(self) -> None:
        super().__init__()
        self.reports = 0
        self.first = 0
        self.last = 0
        self.published = Published()

    def see(self, head: Head) -> None:
        """Count a report."""
        self.reports += 1
        self.first = min(head.begin, self.first or head.begin)
        if head.begin >= self.last:
            self.last, self.published = head.begin, head.published


class Sums:
    """Adds reports up.

    - kind: what a source is, for the sums of those that are too many to be listed.
    - proposed: a policy to try on all of it.
    """

    def __init__(self, kind: Callable[[str, SourceTally], str], proposed: Proposed | None = None) -> None:
        self._kind = kind
        self._proposed = proposed
        self.records = 0
        self.totals = GroupTally()
        self.sources: dict[str, SourceTally] = {}
        self.days: dict[str, GroupTally] = {}
        self.domains: dict[str, GroupTally] = {}
        self.reporters: dict[str, GroupTally] = {}
        self.others: dict[str, SourceTally] = {}
        """The sources that are not listed, by kind."""
        self.folded: Counter[str] = Counter()
        """How often a source of each kind was put with the others; one that came back counts again."""
        self.missing = 0
        """Messages that the count of a listed source may lack, because it had been put with the others before."""

    def empty(self) -> Sums:
        """Another one for the same purpose."""
        return Sums(self._kind, self._proposed)

    def add(self, head: Head, batches: Iterable[Sequence[Record]]) -> None:
        """Add one whole report."""
        report = Tally()
        for batch in batches:
            self.take(head, batch, report)
        self._count(head, report)

    def join(self, head: Head, large: Sums) -> None:
        """Add one whole report of which `large` has taken all records, with `large.totals` as its sums."""
        self.records += large.records
        for address, tally in large.sources.items():
            known = self._source(address, tally)
            if known is not tally:
                known.join(tally)
        for kind, tally in large.others.items():
            self.others.setdefault(kind, SourceTally()).absorb(tally)
        self.folded += large.folded
        self.missing += large.missing
        self._count(head, large.totals)

    def settle(self) -> None:
        """Put the sources that will not be listed with the others, and the rest in order: the most messages first."""
        self._fold_down_to(MAX_SOURCES)

    def _count(self, head: Head, report: Tally) -> None:
        day = datetime.fromtimestamp(head.begin, UTC).date().isoformat()
        groups = (
            self.totals,
            _group(self.days, day),
            _group(self.domains, head.domain),
            _group(self.reporters, head.org_name),
        )
        for group in groups:
            group.add(report)
            group.see(head)

    def _source(self, address: str, tally: SourceTally | None = None) -> SourceTally:
        """The tally of a source; `tally` itself, or an empty one, where it is new."""
        if address not in self.sources:
            if len(self.sources) >= 2 * MAX_SOURCES:
                self._fold_down_to(MAX_SOURCES)  # replaces self.sources
            self.sources[address] = tally or SourceTally()
        return self.sources[address]

    def _fold_down_to(self, most: int) -> None:
        order = sorted(self.sources.items(), key=lambda item: (-item[1].messages, item[0]))
        if len(order) > most:
            self.missing += order[most][1].messages
        for address, tally in order[most:]:
            kind = self._kind(address, tally)
            self.folded[kind] += 1
            self.others.setdefault(kind, SourceTally()).absorb(tally)
        self.sources = dict(order[:most])

    def take(self, head: Head, batch: Sequence[Record], report: Tally) -> None:  # noqa: C901, PLR0912 - see its text
        """Add records of a report to all but its groups, and to its own sums in `report`.

        Every record goes through this loop; it is written for speed.
        """
        sources, proposed = self.sources, self._proposed
        begin, end = head.begin, head.end
        messages = passed = by_spf = by_dkim = quarantined = rejected = 0
        self.records += len(batch)
        for record in batch:
            address, count, disposition, dkim, spf, reasons, _sender, author, auth = record
            source = sources.get(address)
            if source is None:
                source = self._source(address)
                sources = self.sources
            messages += count
            source.messages += count
            if dkim == "pass":
                by_dkim += count
                source.dkim_aligned += count
            if spf == "pass":
                by_spf += count
                source.spf_aligned += count
            if dkim == "pass" or spf == "pass":
                passed += count
                source.dmarc_pass += count
            if disposition == "quarantine":
                quarantined += count
                source.quarantined += count
            elif disposition == "reject":
                rejected += count
                source.rejected += count
            if reasons and _is_forwarded(reasons):
                source.forwarded += count
            known = source.header_from
            if len(known) < MAX_NAMES and author not in known:
                source.header_from = (*known, intern(author))
            seen = source.auth
            if len(seen) < MAX_NAMES:
                for result in auth:
                    if result not in seen:
                        source.auth = seen = (*seen, result)
            if begin < source.first or end > source.last or not source.first:
                source.see(begin, end)
            if proposed is not None:
                _try(proposed, head, record, source)
        report.count(messages, passed, by_spf, by_dkim, quarantined, rejected)


def _try(proposed: Proposed, head: Head, record: Record, source: SourceTally) -> None:
    """Count what `proposed` would have done."""
    match fate(proposed, head, record):
        case Fate.NONE:
            return
        case Fate.UNDECIDED:
            source.hit_undecided += record.messages
            return
        case Fate.QUARANTINE:
            source.hit_quarantine += record.messages
        case Fate.REJECT:
            source.hit_reject += record.messages
    if record.disposition not in {"quarantine", "reject"}:
        source.hit_delivered += record.messages


def _is_forwarded(reasons: Iterable[Reason]) -> bool:
    """Whether a receiver says so; a valid ARC chain (`arc=pass` in the comment) exists only where mail is passed on."""
    return any(reason.type in _FORWARDING or "arc=pass" in reason.comment.lower() for reason in reasons)


def _with(known: tuple[_Key, ...], new: tuple[_Key, ...]) -> tuple[_Key, ...]:
    return tuple(dict.fromkeys((*known, *new)))[:MAX_NAMES] if len(known) < MAX_NAMES else known


def _group(groups: dict[str, GroupTally], key: str) -> GroupTally:
    if key not in groups and len(groups) >= MAX_GROUPS:
        key = OTHER
    return groups.setdefault(key, GroupTally())


def rows(groups: dict[str, GroupTally]) -> Iterator[tuple[str, GroupTally]]:
    """The groups in the order of their names, the others last."""
    return iter(sorted(groups.items(), key=lambda item: (item[0] == OTHER, item[0])))
