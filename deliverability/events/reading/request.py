"""How files are to be read and where their rows go: what `deliverability.events.reading.load` works with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, tzinfo
from typing import Protocol

from deliverability.events.counting.table import Staged
from deliverability.events.reading.layout import Layout, Look
from deliverability.events.source import Source, as_row
from deliverability.events.sources import SOURCES
from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How files are to be read.

    - source: whose they all are, where the user says so; else each file is recognised.
    - sources: what is known, by name. zone: of times that have none. now: the clock, aware.
    """

    now: datetime
    source: Source | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: SOURCES)
    zone: tzinfo | None = None


class Table(Protocol):
    """Where canonical rows go: `EventTable`, to be counted, or a store, to be kept."""

    def insert(self, canonical: str, source: Source, /) -> Staged:
        """Take the rows of a query over the canonical columns; those that are no events do not stay."""
        ...

    def begin(self) -> None:
        """What is inserted from now on may have to be undone."""
        ...

    def commit(self) -> None:
        """It stays."""
        ...

    def rollback(self) -> None:
        """It comes again in another form: no event may count twice."""
        ...

    def bad_rows(self, canonical: str, /) -> list[tuple[str, int, str]]:
        """File, line and reason of each row that is no event."""
        ...

    def leave_out_the_future(self, now: datetime, troubles: Troubles, /) -> None:
        """Take out events ahead of the clock."""
        ...


def holds_nothing(look: Look, sources: Mapping[str, Source]) -> bool:
    """Whether all that was seen is envelopes without rows, as a page without results is."""
    return bool(look.sample) and all(
        as_row(value) is not None
        and any(source.unwrap is not None and not list(source.unwrap(value)) for source in sources.values())
        for value in look.sample
    )


def said(error: Exception) -> str:
    """What the engine says of a file, without the place in a query, nor that in its folder."""
    text = " ".join(str(error).split()).split(" LINE 1: ")[0]
    return re.sub(r"(?:file )?['\"]?/\S+['\"]?", "the file", text)[:200]


def needs_python(look: Look, source: Source) -> bool:
    """Whether rows come in envelopes or as halves, or JSON has its keys under other names."""
    others = (other for names in source.aliases.values() for other in names) if look.layout is not Layout.CSV else ()
    return source.split or not column_names(look).isdisjoint((*source.envelope, *others))


def column_names(look: Look) -> set[str]:
    """The names of the sample's columns."""
    return {key for value in look.sample if (row := as_row(value)) is not None for key in row}
