"""What a comparison is made of: counts of messages by campaign and by whatever tells their recipients apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from operator import attrgetter

from deliverability.fastclass import dataclass

COUNTS = ("sent", "delivered", "opened", "opened_machine", "opened_unknown", "clicked", "complained", "bounced")
"""The counts of a cell, each of distinct (message, recipient) as `deliv.rates/1` counts them."""
COLUMNS = ("provider", "stream", "segment", "arm", "country", "domain")
"""What recipients of one campaign can be told apart by. `domain` is the sender's, where one table holds several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The messages of one campaign that have the same provider, stream, segment, arm, country and sending domain.

    - campaign: its name; day: the UTC day of its first send, None where no date is known.
    - provider: the mailbox provider's id. A column that the data do not have is empty in every cell.
    - auth_rejected: messages refused or put off for how they were authenticated, by enhanced code (`5.7.26`).
    """

    campaign: str
    day: date | None = None
    provider: str = ""
    stream: str = ""
    segment: str = ""
    arm: str = ""
    country: str = ""
    domain: str = ""
    sent: int = 0
    delivered: int = 0
    opened: int = 0
    opened_machine: int = 0
    opened_unknown: int = 0
    clicked: int = 0
    complained: int = 0
    bounced: int = 0
    auth_rejected: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells, and what is known of them as a whole.

    - columns: the names among COLUMNS and COUNTS that the data really have; a count that is not among them is 0 in
      every cell and means nothing. `opened_machine` is among them where opens carry a flag (`true` or `false`).
    - kind: `events` or `campaign rows`. window: first and last day (ISO), of events or of campaigns.
    - horizon: hours after its send up to which each message was followed, the same for all; None where that is not
      known (campaign rows), or nothing was cut.
    - too_young: campaigns left out since they were not followed for `horizon` hours; undated: those without a date.
    - flagged: by provider, the first and last day with an open that carries a flag, and of any open (ISO days), so
      that a flag which starts in the middle of the series is seen.
    - incomplete: why figures cannot rest on these data, in one sentence, as far as reading them showed; else empty.
    - rows, bad, duplicates: rows read, refused and counted once though they came again. notes: what a reader of the
      result has to be told, each in one English sentence.
    """

    cells: tuple[Cell, ...] = ()
    columns: frozenset[str] = frozenset()
    kind: str = "events"
    window: tuple[str, str] = ("", "")
    horizon: float | None = None
    too_young: tuple[str, ...] = ()
    undated: int = 0
    flagged: Mapping[str, tuple[str, str, str, str]] = field(default_factory=dict[str, tuple[str, str, str, str]])
    rows: int = 0
    bad: int = 0
    duplicates: int = 0
    incomplete: str = ""
    notes: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether the data have all these columns."""
        return self.columns.issuperset(names)


def total(cells: Iterable[Cell], name: str) -> int:
    """The sum of one count."""
    return sum(map(attrgetter(name), cells))


def by(cells: Iterable[Cell], name: str) -> dict[str, tuple[Cell, ...]]:
    """Cells by one of their names, in order of that name."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(getattr(cell, name), []).append(cell)
    return {key: tuple(found[key]) for key in sorted(found)}


def shares(cells: Iterable[Cell], over: str, under: str) -> list[tuple[int, int]]:
    """(x, n) of each campaign, in order of day and name; campaigns with none to divide by are left out."""
    found: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        pair = found.setdefault((str(cell.day or ""), cell.campaign), [0, 0])
        pair[0] += getattr(cell, over)
        pair[1] += getattr(cell, under)
    return [(x, n) for _, (x, n) in sorted(found.items()) if n]
