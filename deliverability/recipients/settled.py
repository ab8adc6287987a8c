"""What the ledgers of a scan say once all rows are in: which rows repeat, are suppressed, or led nowhere before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from deliverability.events.providers import OTHER
from deliverability.fastclass import dataclass
from deliverability.recipients.addresses import Domain
from deliverability.recipients.facts import DEAD, History, Stratum
from deliverability.recipients.history import COMPLAINED, GONE, UNSUBSCRIBED, Past
from deliverability.recipients.ledger import Marks
from deliverability.recipients.scan import PLACE, Scan
from deliverability.recipients.suppressions import Suppressed

MIN_STRATUM = 100
"""Messages to a provider's addresses below which they are expected by those of all providers together. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The rows that something is so of: they repeat an earlier one, or do by the provider's rules alone; and so on."""

    repeated: Marks
    aliased: Marks
    suppressed: Marks
    met: Marks
    gone: Marks
    complained: Marks
    unsubscribed: Marks


def marked(scan: Scan, suppressed: Suppressed | None, past: Past | None) -> Marked:
    """The marks of all rows."""
    rows = scan.row
    marks = Marked(
        repeated=Marks(rows),
        aliased=Marks(rows),
        suppressed=Marks(rows),
        met=Marks(rows),
        gone=Marks(rows),
        complained=Marks(rows),
        unsubscribed=Marks(rows),
    )
    for value in scan.keys.repeats():
        marks.repeated.add(value >> PLACE)
    for row in scan.mailboxes.repeats():
        if row not in marks.repeated:
            marks.aliased.add(row)
    for row in _suppressed(scan, suppressed) if suppressed else ():
        marks.suppressed.add(row)
    for row, what in scan.persons.met(past.people) if past else ():
        _mark(row, what, marks)
    return marks


def _suppressed(scan: Scan, suppressed: Suppressed) -> Iterator[int]:
    """The rows that are suppressed, by themselves or with all of their domain."""
    for value, _ in scan.keys.met(suppressed.keys):
        yield value >> PLACE
    for row, _ in scan.inside.met(suppressed.keys):
        yield row
    places = {place for domain, place in scan.places.items() if domain.name in suppressed.domains}
    for _, values in scan.keys.parts() if places else ():
        yield from (value >> PLACE for value in values if value & (1 << PLACE) - 1 in places)


def _mark(row: int, what: int, marks: Marked) -> None:
    marks.met.add(row)
    for bit, mark in ((GONE, marks.gone), (COMPLAINED, marks.complained), (UNSUBSCRIBED, marks.unsubscribed)):
        if what & bit:
            mark.add(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """Addresses that are not in a dead domain, by mailbox provider: gone before, met before and not gone, and new."""

    gone: Counter[str]
    met: Counter[str]
    new: Counter[str]


def fates(scan: Scan, marks: Marked) -> Fates:
    """What is known of each address by its past."""
    domains = list(scan.places)
    gone, met, new = Counter[str](), Counter[str](), Counter[str]()
    for _, values in scan.keys.parts():
        for value in values:
            domain, row = domains[value & (1 << PLACE) - 1], value >> PLACE
            if domain.mail not in DEAD:
                (gone if row in marks.gone else met if row in marks.met else new)[domain.provider] += 1
    return Fates(gone=gone, met=met, new=new)


def union(rows: int, *several: Marks) -> Marks:
    """The rows that any of these marks."""
    found = Marks(rows)
    for marks in several:
        for row in marks:
            found.add(row)
    return found


def history_of(past: Past, marks: Marked, found: Fates, rows: int) -> History:
    """What the past says of a list of so many rows."""
    stopped = union(rows, marks.gone, marks.complained, marks.unsubscribed)
    return History(
        start=past.start,
        end=past.end,
        people=len(past.people),
        dead=marks.gone.count,
        complained=marks.complained.count,
        unsubscribed=marks.unsubscribed.count,
        stopped=stopped.count,
        met=found.met.total(),
        strata=(*_strata("met", found.met, past.strata), *_strata("new", found.new, past.strata)),
    )


def _strata(
    group: str, addresses: Counter[str], past: Mapping[tuple[str, bool], tuple[int, int]]
) -> tuple[Stratum, ...]:
    """The providers of which enough is known, and the rest by what is known of all together."""
    first = group == "new"
    all_of = [sums for (_, is_first), sums in past.items() if is_first is first]
    bounced, sent = sum(one[0] for one in all_of), sum(one[1] for one in all_of)
    found: list[Stratum] = []
    rest = 0
    for provider, count in sorted(addresses.items()):
        own = past.get((provider, first), (0, 0))
        if own[1] >= MIN_STRATUM and provider != OTHER:
            found.append(Stratum(provider=provider, group=group, addresses=count, bounced=own[0], sent=own[1]))
        else:
            rest += count
    if rest:
        found.append(Stratum(provider=OTHER, group=group, addresses=rest, bounced=bounced, sent=sent))
    return tuple(found)


def largest(domains: list[Domain], most: int) -> list[Domain]:
    """The domains with most addresses."""
    return sorted(domains, key=lambda domain: (-domain.addresses, domain.name))[:most]
