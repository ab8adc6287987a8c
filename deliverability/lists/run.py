"""One reading of lists of recipients: rows, DNS, suppressions, the past, and what of it is written back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.intake.paths import STDIN, expand
from deliverability.intake.trouble import Refused, Troubles
from deliverability.lists.read import Progress, Wanted
from deliverability.lookup import DeadlineResolver, LiveResolver, RetryingResolver
from deliverability.recipients.addresses import BEYOND, Addresses, Domain
from deliverability.recipients.clean import CannotWrite, check_target, reasons_by, write_clean
from deliverability.recipients.domains import MAX_ASKED, look
from deliverability.recipients.facts import MAX_LISTED, RecipientsFacts, Slip, Suppressions
from deliverability.recipients.reference import DISPOSABLE_SOURCE, disposable_domains, domain_lines
from deliverability.recipients.rows import List, Row, lists_of
from deliverability.recipients.scan import Scan
from deliverability.recipients.settled import Marked, largest, marked
from deliverability.recipients.slips import slips_of
from deliverability.recipients.summed import summed
from deliverability.recipients.suppressions import Suppressed, suppressed_of

if TYPE_CHECKING:
    from datetime import datetime

    from deliverability.events.engine import Engine
    from deliverability.events.reading.load import Loader
    from deliverability.events.reading.request import Table
    from deliverability.events.source import Source
    from deliverability.rates import Asked as EventsAsked
    from deliverability.recipients.history import Identities, Past


class Run:
    """One reading of lists."""

    def __init__(
        self, paths: Sequence[str], wanted: Wanted, troubles: Troubles, progress: Progress, asked: Progress
    ) -> None:
        self._paths = paths
        self._wanted = wanted
        self._troubles = troubles
        self._progress = progress
        self._asked = asked
        self._addresses = Addresses(_throwaway(wanted.disposable))
        self._spoken = Counter[str]()
        self._columns: dict[str, None] = {}
        self._files = self._refused = 0

    def facts(self) -> RecipientsFacts:
        """Read everything, and say what it adds up to. Raises as `recipients`."""
        self._check_clean()
        identities, past = self._past()
        suppressed = self._suppressed()
        with closing(Scan(self._addresses, identities)) as scan:
            for one in self._lists():
                scan.add(one, self._troubles)
            looked = self._look(list(scan.places))
            marks = marked(scan, suppressed, past)
            slips = slips_of(list(scan.places), scan.good)
            found = summed(scan, marks, past, slips)
            clean = self._write(scan, marks, slips)
        return replace(
            found,
            files=self._files,
            refused=self._refused,
            encodings=dict(self._spoken),
            columns=tuple(self._columns)[:MAX_LISTED],
            looked=looked,
            disposable_source=_source_of(self._wanted.disposable),
            suppressions=_suppressions(self._wanted, suppressed, marks),
            cleaned=clean,
        )

    def _lists(self) -> Iterator[List]:
        """Every list; a file that is refused is counted, and the rest goes on. Raises ValueError."""
        for path in expand(self._paths):
            try:
                for one in lists_of(path, self._wanted.column, self._spoken, self._progress):
                    self._files += 1
                    self._columns[one.column] = None
                    yield replace(one, rows=self._to_its_end(one))
            except Refused as refused:
                if refused.reason == "no-such-column":
                    raise ValueError(f"{path}: no such column: {refused.detail}") from None
                self._refuse(path, refused)

    def _to_its_end(self, one: List) -> Iterator[Row]:
        """The rows of a list, or those before the place where its file is refused; that is counted."""
        try:
            yield from one.rows
        except Refused as refused:
            self._refuse(one.name, refused)

    def _refuse(self, name: str, refused: Refused) -> None:
        self._refused += 1
        self._troubles.refuse(name, refused)

    def _suppression_lists(self) -> Iterator[List]:
        """The files of suppressions. One that cannot be read says nothing of whom to spare: ValueError."""
        for path in expand(self._wanted.suppressions):
            try:
                yield from lists_of(path, None, Counter(), self._progress)
            except Refused as refused:
                raise ValueError(f"{path}: {refused}") from None

    # DNS, suppressions, history ---------------------------------------------------------------------------------

    def _look(self, domains: list[Domain]) -> bool:
        """Ask whether the domains take mail; whether anybody was asked."""
        if self._wanted.resolver is None:
            return False

        resolver = self._wanted.resolver

        async def ask() -> None:
            try:
                limited = DeadlineResolver(resolver, time.monotonic() + self._wanted.seconds)
                await look(limited, largest([one for one in domains if one.name != BEYOND], MAX_ASKED), self._asked)
            finally:
                if isinstance(resolver, LiveResolver | RetryingResolver):
                    await resolver.aclose()  # its sockets belong to this loop, which ends here

        asyncio.run(ask())
        return True

    def _suppressed(self) -> Suppressed | None:
        if not self._wanted.suppressions:
            return None
        try:
            return suppressed_of(self._suppression_lists(), self._addresses, self._troubles)
        except Refused as refused:
            raise ValueError(f"a file of suppressions could not be read to its end: {refused}") from None

    def _past(self) -> tuple[Identities | None, Past | None]:
        """The history by person, and what makes the numbers of persons. Raises as `recipients`."""
        wanted = self._wanted
        if not wanted.events:
            return None, None
        from deliverability.events.engine import open_engine  # noqa: PLC0415 - with DuckDB, 200 ms
        from deliverability.rates import Asked  # noqa: PLC0415 - as above
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
        with open_engine() as engine:
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

    def _check_clean(self) -> None:
        if self._wanted.clean is None:
            return

        if len(self._paths) != 1 or self._paths[0] == STDIN or not Path(self._paths[0]).is_file():
            raise ValueError("rows are written back from one file, which is read twice: name one file")
        wanted = self._wanted
        beside = (*wanted.suppressions, *wanted.events, *([wanted.disposable] if wanted.disposable else ()))
        check_target(self._wanted.clean, (self._paths[0], *beside))

    def _write(self, scan: Scan, marks: Marked, slips: Sequence[Slip]) -> int | None:
        """Write the rows back; how many have something against them. Raises ValueError, OSError."""
        if self._wanted.clean is None:
            return None

        if self._files != 1 or self._refused:
            raise CannotWrite(f"{self._paths[0]}: not one list that could be read to its end, so nothing is written")
        reasons = reasons_by(scan.addresses, marks, {slip.domain: slip.meant for slip in slips})
        try:
            for again in lists_of(self._paths[0], self._wanted.column, Counter()):
                mark = again.marked or bool(set(self._spoken) - {"utf-8"})
                return write_clean(self._wanted.clean, again, reasons, scan.row, mark=mark)
        except Refused as refused:
            raise CannotWrite(f"{self._paths[0]}: {refused}") from None
        raise CannotWrite(f"{self._paths[0]}: is empty now")


def _throwaway(path: str | None) -> frozenset[str]:
    """The disposable domains: the user's own list, else the one that is shipped. Raises OSError, ValueError."""
    if path is None:
        return disposable_domains()
    try:
        return frozenset(domain_lines(Path(path).read_text(encoding="utf-8-sig").splitlines()))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8 text, so no list of domains") from None


def _source_of(path: str | None) -> str:
    return DISPOSABLE_SOURCE if path is None else Path(path).name


def _suppressions(wanted: Wanted, found: Suppressed | None, marks: Marked) -> Suppressions | None:
    if found is None:
        return None
    counts = found.counts
    return Suppressions(
        files=len(wanted.suppressions),
        rows=counts["rows"],
        bad=counts["bad"],
        addresses=counts["addresses"],
        domains=counts["domains"],
        overlap=marks.suppressed.count,
    )
