"""Lists of recipients before they are mailed: which addresses are none, lead nowhere, repeat, or must be left alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass
from deliverability.recipients.facts import DEAD, MAX_LISTED, Listed, Mail, RecipientsFacts, Suppressions, Tally

if TYPE_CHECKING:
    from datetime import datetime

    from deliverability.events.engine import Engine
    from deliverability.events.reading.load import Loader
    from deliverability.events.reading.request import Table
    from deliverability.events.source import Source
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver
    from deliverability.rates import Asked as EventsAsked
    from deliverability.recipients.addresses import Domain
    from deliverability.recipients.history import Identities, Past
    from deliverability.recipients.ledger import Ledger
    from deliverability.recipients.rows import List
    from deliverability.recipients.scan import Scan
    from deliverability.recipients.settled import Marked

MAX_SECONDS = 120.0
"""Seconds that all DNS questions about a list may take; what is not answered by then is not known. Our own bound."""

Progress = Callable[[int], None]


def _silent(_: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a list is read, and what it is held against.

    - column: of the addresses, by name or by number from 1; found by itself where it is None.
    - suppressions: files of addresses that must not be mailed. disposable: the user's own list of disposable domains,
      one a line, in place of the one that is shipped.
    - events, as_events: the history, and how it is read. key: of the pseudonyms in it (`DELIV_KEY`).
    - resolver: asked whether the domains take mail; nothing is asked where it is None. seconds: for all of it.
    - clean: where the rows are written back with what speaks against each; then there is one file with one list.
    """

    column: str | None = None
    suppressions: tuple[str, ...] = ()
    disposable: str | None = None
    events: tuple[str, ...] = ()
    as_events: EventsAsked | None = None
    key: bytes | None = None
    resolver: Resolver | None = None
    seconds: float = MAX_SECONDS
    clean: Path | None = None


def recipients(
    paths: Sequence[str],
    wanted: Wanted | None = None,
    *,
    troubles: Troubles | None = None,
    progress: Progress = _silent,
    asked: Progress = _silent,
) -> RecipientsFacts:
    """Read lists of recipients, and say what they add up to; no address is in that.

    - paths: files, folders, patterns, `-` for standard input: CSV, TSV, JSON lines, Parquet, or an address a line.
    - troubles: told of every row that could not be read. progress: called with octets as they are read; asked: with
      domains that DNS was asked about.

    Raises ValueError (MissingPath, a column that is not there, a key that is missing), EngineMissing, EngineFailed and
    OSError, each in a line.
    """
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - only where something is read
    from deliverability.recipients.rows import wide_fields  # noqa: PLC0415 - as above

    with wide_fields():
        run = _Run(paths, wanted or Wanted(), troubles or Troubles(), progress, asked)
        return run.facts()


class _Run:
    """One reading of lists."""

    def __init__(
        self, paths: Sequence[str], wanted: Wanted, troubles: Troubles, progress: Progress, asked: Progress
    ) -> None:
        from deliverability.recipients.addresses import Addresses  # noqa: PLC0415 - only where a list is read

        self._paths = paths
        self._wanted = wanted
        self._troubles = troubles
        self._progress = progress
        self._asked = asked
        self._addresses = Addresses(_throwaway(wanted.disposable))
        self._spoken = Counter[str]()
        self._columns: dict[str, None] = {}
        self._files = 0

    def facts(self) -> RecipientsFacts:
        from deliverability.recipients.scan import Scan  # noqa: PLC0415 - as above
        from deliverability.recipients.settled import marked  # noqa: PLC0415 - as above

        self._check_clean()
        identities, past = self._past()
        with closing(Scan(self._addresses, identities)) as scan:
            for one in self._lists(self._paths, count=True):
                scan.add(one, self._troubles)
            looked = self._look(list(scan.places))
            suppressed, counts = self._suppressed()
            marks = marked(scan, suppressed, past)
            found = self._summed(scan, marks, past, looked)
            clean = self._write(scan, marks, found)
            suppressions = _suppressions(self._wanted, counts, marks)
        from dataclasses import replace  # noqa: PLC0415 - as above

        return replace(found, suppressions=suppressions, cleaned=clean)

    def _lists(self, paths: Sequence[str], *, count: bool) -> Iterator[List]:
        """Every list in `paths`; a file that is refused is counted, and the rest goes on."""
        from deliverability.intake.paths import expand  # noqa: PLC0415 - as above
        from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above
        from deliverability.recipients.rows import lists_of  # noqa: PLC0415 - as above

        spoken = self._spoken if count else Counter[str]()
        for path in expand(paths):
            try:
                for one in lists_of(path, self._wanted.column if count else None, spoken, self._progress):
                    if count:
                        self._files += 1
                        self._columns[one.column] = None
                    yield _guarded(one, self._troubles)
            except Refused as refused:
                if refused.reason == "no-such-column":
                    raise ValueError(f"{path}: no such column: {refused.detail}") from None
                self._troubles.refuse(path, refused)

    # DNS, suppressions, history ---------------------------------------------------------------------------------

    def _look(self, domains: list[Domain]) -> bool:
        """Ask whether the domains take mail; whether anybody was asked."""
        if self._wanted.resolver is None:
            return False
        import asyncio  # noqa: PLC0415 - with the resolvers, 70 ms that only DNS needs

        from deliverability.lookup import DeadlineResolver, LiveResolver  # noqa: PLC0415 - as above
        from deliverability.recipients.domains import MAX_ASKED, look  # noqa: PLC0415 - as above
        from deliverability.recipients.settled import largest  # noqa: PLC0415 - as above

        resolver = self._wanted.resolver

        async def ask() -> None:
            try:
                limited = DeadlineResolver(resolver, time.monotonic() + self._wanted.seconds)
                await look(limited, largest(domains, MAX_ASKED), self._asked)
            finally:
                if isinstance(resolver, LiveResolver):
                    await resolver.aclose()  # its sockets belong to this loop, which ends here

        asyncio.run(ask())
        return True

    def _suppressed(self) -> tuple[Ledger | None, Counter[str]]:
        if not self._wanted.suppressions:
            return None, Counter()
        from deliverability.recipients.scan import suppressed_keys  # noqa: PLC0415 - only where some are given

        keys, counts = suppressed_keys(
            self._lists(self._wanted.suppressions, count=False), self._addresses, self._troubles
        )
        return keys, counts

    def _past(self) -> tuple[Identities | None, Past | None]:
        """The history by person, and what makes the numbers of persons. Raises as `recipients`."""
        wanted = self._wanted
        if not wanted.events:
            return None, None
        from deliverability.rates import Asked  # noqa: PLC0415 - only where there are events
        from deliverability.recipients.history import (  # noqa: PLC0415 - as above
            Identities,
            check_key,
            key_for,
            past_of,
            store_of,
        )

        store = store_of(wanted.events)
        key = key_for(store, wanted.key)
        identities = Identities(key)
        with _engine() as engine:
            if store is not None and key is not None:
                check_key(engine, store, key)
            load = self._loader(engine, wanted.as_events or Asked())
            return identities, past_of(engine, *load, identities)

    def _loader(
        self, engine: Engine, asked: EventsAsked
    ) -> tuple[Callable[[Table], Loader], Mapping[str, Source], datetime]:
        """What reads the events into a table, the sources that they may be of, and the clock."""
        from deliverability.events.reading.load import Loader  # noqa: PLC0415 - with DuckDB, 200 ms
        from deliverability.events.reading.request import Request  # noqa: PLC0415 - as above
        from deliverability.events.sources import SOURCES  # noqa: PLC0415 - as above
        from deliverability.rates import named_source  # noqa: PLC0415 - as above

        sources = {**SOURCES, **asked.sources}
        request = Request(now=asked.now, source=named_source(asked.source, sources), sources=sources, zone=asked.zone)

        def load(table: Table) -> Loader:
            loader = Loader(engine, table, request, self._troubles, self._progress)
            loader.load(self._wanted.events)
            return loader

        return load, sources, asked.now

    # what comes of it -------------------------------------------------------------------------------------------

    def _summed(self, scan: Scan, marks: Marked, past: Past | None, looked: bool) -> RecipientsFacts:
        from deliverability.recipients.settled import fates, history_of, largest, union  # noqa: PLC0415 - as above
        from deliverability.recipients.slips import slips_of  # noqa: PLC0415 - as above

        domains = list(scan.places)
        providers, mail = Counter[str](), dict[str, list[int]]()
        for domain in domains:
            providers[domain.provider] += domain.addresses
            sums = mail.setdefault(domain.mail, [0, 0])
            sums[0] += 1
            sums[1] += domain.addresses
        slips = slips_of(domains, scan.good)
        throwaway = [domain for domain in domains if domain.disposable]
        known = fates(scan, marks) if past else None
        dead = [domain for domain in domains if domain.mail in DEAD]
        self._slips = {slip.domain: slip.meant for slip in slips}
        return RecipientsFacts(
            files=self._files,
            rows=scan.row,
            empty=scan.empty,
            bad=scan.bad.total(),
            bad_reasons=dict(scan.bad.most_common()),
            encodings=dict(self._spoken),
            columns=tuple(self._columns)[:MAX_LISTED],
            addresses=scan.good,
            invalid=scan.invalid.total(),
            invalid_reasons=dict(scan.invalid.most_common()),
            invalid_lines=tuple(scan.invalid_lines),
            international=scan.international,
            idn=sum(domain.addresses for domain in domains if domain.idn),
            unique=scan.good - marks.repeated.count,
            duplicates=marks.repeated.count,
            aliases=marks.aliased.count,
            domains=len(domains),
            by_provider=dict(providers.most_common()),
            looked=looked,
            mail={name: Tally(domains=sums[0], addresses=sums[1]) for name, sums in sorted(mail.items())},
            dead=_listed(largest(dead, MAX_LISTED)),
            known_dead=sum(domain.addresses for domain in dead) + (known.gone.total() if known else 0),
            disposable=sum(domain.addresses for domain in throwaway),
            disposable_domains=_listed(largest(throwaway, MAX_LISTED)),
            disposable_source=_source_of(self._wanted.disposable),
            role=scan.roles.total(),
            roles=dict(scan.roles.most_common(MAX_LISTED)),
            slips=tuple(slips[:MAX_LISTED]),
            slipped=sum(slip.addresses for slip in slips),
            slip_domains=len(slips),
            stopped=union(scan.row, marks.suppressed, marks.gone, marks.complained, marks.unsubscribed).count,
            history=history_of(past, marks, known, scan.row) if past and known else None,
        )

    def _check_clean(self) -> None:
        if self._wanted.clean is None:
            return
        from deliverability.recipients.clean import check_target  # noqa: PLC0415 - only where rows are written back

        if len(self._paths) != 1 or self._paths[0] == "-" or not Path(self._paths[0]).is_file():
            raise ValueError("rows are written back from one file, which is read twice: name one file")
        check_target(self._wanted.clean, self._paths[0])

    def _write(self, scan: Scan, marks: Marked, found: RecipientsFacts) -> int | None:
        """Write the rows back; how many have something against them. Raises ValueError, OSError."""
        if self._wanted.clean is None:
            return None
        from deliverability.intake.trouble import Refused  # noqa: PLC0415 - only where rows are written back
        from deliverability.recipients.clean import CannotWrite, reasons_by, write_clean  # noqa: PLC0415 - as above
        from deliverability.recipients.rows import lists_of  # noqa: PLC0415 - as above

        if self._files != 1 or self._troubles.files:
            raise CannotWrite(f"{self._paths[0]}: not one list that could be read to its end, so nothing is written")
        reasons = reasons_by(scan.addresses, marks, self._slips)
        try:
            for again in lists_of(self._paths[0], self._wanted.column, Counter()):
                return write_clean(self._wanted.clean, again, reasons, found.rows)
        except Refused as refused:
            raise CannotWrite(f"{self._paths[0]}: {refused}") from None
        raise CannotWrite(f"{self._paths[0]}: is empty now")


def _guarded(one: List, troubles: Troubles) -> List:
    """The list, whose rows end where its file is refused; that is counted."""
    from dataclasses import replace  # noqa: PLC0415 - only where a list is read

    from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above

    def rows() -> Iterator[Any]:
        try:
            yield from one.rows
        except Refused as refused:
            troubles.refuse(one.name, refused)

    return replace(one, rows=rows())


@contextmanager
def _engine() -> Generator[Engine]:
    from deliverability.events.engine import open_engine  # noqa: PLC0415 - with DuckDB, 200 ms

    with open_engine() as engine:
        yield engine


def _throwaway(path: str | None) -> frozenset[str]:
    """The disposable domains: the user's own list, else the one that is shipped. Raises OSError, ValueError."""
    from deliverability.recipients.lists import disposable_domains, domain_lines  # noqa: PLC0415 - only for a list

    if path is None:
        return disposable_domains()
    try:
        return frozenset(domain_lines(Path(path).read_text(encoding="utf-8-sig").splitlines()))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8 text, so no list of domains") from None


def _source_of(path: str | None) -> str:
    from deliverability.recipients.lists import DISPOSABLE_SOURCE  # noqa: PLC0415 - as above

    return DISPOSABLE_SOURCE if path is None else Path(path).name


def _listed(domains: Sequence[Domain]) -> tuple[Listed, ...]:
    return tuple(Listed(domain=d.name, addresses=d.addresses, mail=Mail(d.mail).value) for d in domains)


def _suppressions(wanted: Wanted, counts: Counter[str], marks: Marked) -> Suppressions | None:
    if not wanted.suppressions:
        return None
    return Suppressions(
        files=len(wanted.suppressions),
        rows=counts["rows"],
        bad=counts["bad"],
        addresses=counts["addresses"],
        overlap=marks.suppressed.count,
    )
