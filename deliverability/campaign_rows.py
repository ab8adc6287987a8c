"""Counts by campaign that were counted elsewhere: rows of CSV, JSON Lines or Parquet, into the table of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from deliverability.compare.campaigns import Table

if TYPE_CHECKING:
    from deliverability.intake.trouble import Troubles


def read_rows(
    paths: Sequence[str],
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Table:
    """Read the campaign rows of files and folders."""
    raise NotImplementedError
