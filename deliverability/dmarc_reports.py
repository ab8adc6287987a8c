"""Who sends as a domain, by what receivers reported: DMARC aggregate reports, read and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, BinaryIO

from deliverability.fastclass import dataclass
from deliverability.lookup import Resolver
from deliverability.report_files import Fate, Input, read_reports

if TYPE_CHECKING:
    from deliverability.feedback.aggregate import Head, Octets, Record
    from deliverability.feedback.aggregate.simulate import Proposed
    from deliverability.feedback.aggregate.sources import Inventory, Source
    from deliverability.feedback.aggregate.sums import GroupTally, SourceTally, Sums
    from deliverability.feedback.change import ChangeFacts
    from deliverability.feedback.containers import Candidate
    from deliverability.intake.trouble import Bad, Troubles

MAX_HELD = 20_000
"""Records of one report that are held until it is known to be whole; a larger one is added up by itself first."""
_TLS_REPORT, _TLS_HEAD = b"organization-name", 4096
"""What a TLS report in JSON names (RFC 8460 §4.4), and the octets within which it does."""
MAX_RESOLVED = 200
"""Sources whose names are looked up, those with the most messages; our own bound."""
MAX_PTR_NAMES = 3
"""Names behind one address that are confirmed; our own bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcReports:
    """What the reports add up to.

    - sources: with the most messages first; `others` are those too many to be listed, by category, and `folded` how
      many. The count of a listed source may then lack up to `missing` messages.
    - days, domains, reporters: by name; a report counts for the UTC day on which its time begins.
    - resolved: how many sources' names were asked of DNS; None where that was not wanted.
    - change: what proposed records do to the senders (`deliverability.whatif.laid_beside`); None where there are none.
    """

    records: int
    totals: GroupTally
    sources: tuple[Source, ...]
    others: Mapping[str, SourceTally]
    folded: Mapping[str, int]
    missing: int
    days: Mapping[str, GroupTally]
    domains: Mapping[str, GroupTally]
    reporters: Mapping[str, GroupTally]
    inventory: Inventory
    proposed: Proposed | None
    resolved: int | None
    input: Input
    bad: tuple[Bad, ...]
    change: ChangeFacts | None = None

    @property
    def shadows(self) -> tuple[Source, ...]:
        """Sources that send as the domain and that nobody declared.

        Where there is an inventory, all but forwarders; else those that pass neither SPF nor DKIM.
        """
        from deliverability.feedback.aggregate.sources import Category  # noqa: PLC0415 - loaded by then

        wanted = {Category.UNKNOWN, Category.OWN} if self.inventory.entries else {Category.UNKNOWN}
        return tuple(source for source in self.sources if source.category in wanted)


def dmarc_reports(
    paths: Sequence[str],
    *,
    since: date | None = None,
    until: date | None = None,
    domain: str | None = None,
    declared: Iterable[str] = (),
    simulate: Proposed | None = None,
    resolver: Resolver | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] | None = None,
    stdin: BinaryIO | None = None,
) -> DmarcReports:
    """Read every DMARC aggregate report in `paths` and add them up.

    - paths: files, folders (Maildirs too), patterns, `-`; XML, gzip, zip, mails with such attachments, mboxes.
    - since, until: only reports whose time begins on these UTC days, both included.
    - domain: only reports about this domain or a name below it.
    - declared: the senders that are known: addresses, networks, domains, or names of services.
    - simulate: a policy to try on the mail.
    - resolver: where the names behind the heaviest sources are asked for; without one nothing is asked.
    - troubles: takes what is refused, which never stops the rest; progress: is told the octets of each piece read.

    Raises MissingPath, a ValueError in one line, for a path that is not there, and ValueError for a bad argument.
    """
    from deliverability.feedback.aggregate.sources import Inventory, Judge  # noqa: PLC0415 - only where reports are read
    from deliverability.feedback.aggregate.sums import Sums  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - as above
    from deliverability.names import to_ascii  # noqa: PLC0415 - as above

    inventory = Inventory.of(declared)
    troubles = Troubles() if troubles is None else troubles
    judge = Judge(inventory)
    sums = Sums(judge.category, simulate)
    adding = _Adding(sums, _filter(since, until, domain and to_ascii(domain)), progress)
    read = read_reports(paths, stdin, troubles, adding.take)
    sums.settle()
    names = None if resolver is None else _names(resolver, list(sums.sources)[:MAX_RESOLVED])
    judge = Judge(inventory, names)
    return DmarcReports(
        records=sums.records,
        totals=sums.totals,
        sources=tuple(judge.judge(address, tally) for address, tally in sums.sources.items()),
        others=sums.others,
        folded=dict(sums.folded),
        missing=sums.missing if sums.folded else 0,
        days=sums.days,
        domains=sums.domains,
        reporters=sums.reporters,
        inventory=inventory,
        proposed=simulate,
        resolved=None if names is None else min(len(sums.sources), MAX_RESOLVED),
        input=read,
        bad=troubles.files,
    )


def _filter(since: date | None, until: date | None, domain: str | None) -> Callable[[Head], bool]:
    """Whether a report was asked for."""
    if since and until and since > until:
        raise ValueError(f"no day is both from {since} on and until {until}")

    def wanted(head: Head) -> bool:
        day = datetime.fromtimestamp(head.begin, UTC).date()
        return (
            (since is None or day >= since)
            and (until is None or day <= until)
            and (domain is None or f".{head.domain}".endswith(f".{domain}"))
        )

    return wanted


class _Adding:
    """Adds the reports that are wanted, each once."""

    def __init__(self, sums: Sums, wanted: Callable[[Head], bool], progress: Callable[[int], None] | None) -> None:
        self._sums = sums
        self._wanted = wanted
        self._progress = progress
        self._seen = set[bytes]()

    def take(self, candidate: Candidate) -> Fate:
        """Add one report, whole or not at all. Raises Refused."""
        from deliverability.feedback.aggregate import read  # noqa: PLC0415 - only where reports are read
        from deliverability.feedback.containers import Form  # noqa: PLC0415 - as above
        from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above

        if candidate.form is not Form.XML:
            if _TLS_REPORT not in candidate.stream.peek(_TLS_HEAD):
                raise Refused("not-a-report", "JSON, and no TLS report either")
            return Fate.OTHER
        batches = read(_Metered(candidate.stream, self._progress) if self._progress else candidate.stream)
        head, first = next(batches)
        identity = _digest(head)
        if identity in self._seen:
            return Fate.DUPLICATE
        if not self._wanted(head):
            return Fate.LEFT_OUT
        self._add(head, first, (records for _, records in batches))
        self._seen.add(identity)
        return Fate.ADDED

    def _add(self, head: Head, first: list[Record], batches: Iterator[list[Record]]) -> None:
        held, count = [first], len(first)
        for records in batches:
            held.append(records)
            count += len(records)
            if count > MAX_HELD:
                self._sums.join(head, self._large(head, held, batches))
                return
        self._sums.add(head, held)

    def _large(self, head: Head, held: list[list[Record]], batches: Iterator[list[Record]]) -> Sums:
        large = self._sums.empty()
        for records in held:
            large.take(head, records, large.totals)
        held.clear()
        for records in batches:
            large.take(head, records, large.totals)
        return large


class _Metered:
    """A stream that tells how much was read of it."""

    def __init__(self, stream: Octets, progress: Callable[[int], None]) -> None:
        self._stream = stream
        self._progress = progress

    def read(self, size: int = -1, /) -> bytes:
        """As the stream does it."""
        octets = self._stream.read(size)
        self._progress(len(octets))
        return octets


def _digest(head: Head) -> bytes:
    """The identity of a report in little room: a mailbox may hold a million."""
    import hashlib  # noqa: PLC0415 - as above

    return hashlib.blake2b(repr(head.identity).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _names(resolver: Resolver, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The names behind `addresses` that lead back to them (RFC 8601 §3, iprev)."""
    import asyncio  # noqa: PLC0415 - only where names are wanted

    from deliverability.lookup import LiveResolver  # noqa: PLC0415 - as above

    async def ask() -> list[Sequence[str]]:
        try:
            return await asyncio.gather(*(_names_of(resolver, address) for address in addresses))
        finally:
            if isinstance(resolver, LiveResolver):
                await resolver.aclose()  # its sockets belong to this loop, which ends here

    return dict(zip(addresses, asyncio.run(ask()), strict=True))


async def _names_of(resolver: Resolver, address: str) -> Sequence[str]:
    from ipaddress import ip_address  # noqa: PLC0415 - as above

    from deliverability.protocols.addresses import literal  # noqa: PLC0415 - as above
    from deliverability.protocols.mx import host_names  # noqa: PLC0415 - as above

    try:
        parsed = ip_address(address)
    except ValueError:
        return ()
    names = host_names(await resolver.resolve(parsed.reverse_pointer, "PTR"))[:MAX_PTR_NAMES]
    confirmed = list[str]()
    for name in names:
        forward = await resolver.resolve(name, "A" if parsed.version == 4 else "AAAA")
        if any(literal(record) == address for record in forward.records):
            confirmed.append(name)
    return confirmed
