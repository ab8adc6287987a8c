"""From what a person names (events, or rows that hold counts already) to the tables that a comparison is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from deliverability.compare.campaigns import Table

if TYPE_CHECKING:
    from deliverability.intake.trouble import Troubles
    from deliverability.rates import Asked


def read_tables(
    before: Sequence[str],
    after: Sequence[str] | None = None,
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    by: Collection[str] = (),
) -> tuple[Table, Table | None]:
    """The table of each side, every message of both followed for the same time after its send; one where `after` is None.

    - before, after: files, folders, patterns, `-` for standard input: events of any source that `deliv rates` reads, or
      campaign rows (`deliverability.campaign_rows`). The sides may differ in kind, which is noted.
    - asked: how events are read and which days of the send are kept; its `by` is not looked at.
    - by: names among `deliverability.compare.campaigns.COLUMNS` that recipients are told apart by, beside `provider`.

    Raises NotACount (an unknown column or source, no day, both kinds on one side, too many cells), MissingPath,
    EngineMissing and EngineFailed, each in a line.
    """
    raise NotImplementedError


def read_table(
    paths: Sequence[str],
    asked: Asked | None = None,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    by: Collection[str] = (),
) -> Table:
    """One table. As `read_tables`."""
    return read_tables(paths, None, asked, troubles, progress, by=by)[0]
