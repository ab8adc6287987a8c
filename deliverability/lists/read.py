"""Lists of recipients before they are mailed: which addresses are none, lead nowhere, repeat, or must be left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver
    from deliverability.rates import Asked as EventsAsked
    from deliverability.recipients.facts import RecipientsFacts

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
    key: bytes | None = field(default=None, repr=False)
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
    from deliverability.lists.run import Run  # noqa: PLC0415 - as above
    from deliverability.recipients.rows import wide_fields  # noqa: PLC0415 - as above

    with wide_fields():
        return Run(paths, wanted or Wanted(), troubles or Troubles(), progress, asked).facts()
