"""Yahoo Sender Hub as files: what Yahoo itself counted of the mail that a DKIM domain signed.

The hub's Insights (since October 2025) show two things by day: how much mail reached the inbox, and how many complaints
came of it, over exactly that. Yahoo documents no export, so that everything about the form is unverified: any CSV or
JSON is read whose columns say by name what they hold, and a rate without a percent sign is not read. The Placement Feed
of Yahoo's performance feeds has such columns too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass
from deliverability.feedback._exports import (
    OnBad,
    count,
    csv_rows,
    decoded,
    domain_of,
    is_json,
    is_object,
    json_values,
    listed,
    mapping,
    moment,
    no_bad,
    share,
    squashed,
)
from deliverability.intake.trouble import Bad, Refused

KIND = "senderhub"

DENOMINATOR = "DKIM-authenticated mail delivered to the inbox at Yahoo and AOL"
"""What a complaint rate is a fraction of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFigure:
    """One day of one DKIM domain; None for what the export does not say.

    `rate` is the complaint rate as Yahoo gives it, a fraction; `bound` is `<` or `>` where it is only a bound.
    """

    domain: str
    date: str
    inboxed: int | None = None
    complaints: int | None = None
    rate: float | None = None
    bound: str = ""

    @property
    def counted(self) -> bool:
        """Whether the figure is one of counts, so that days can be added up."""
        return self.inboxed is not None and self.complaints is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderHubFacts:
    """Everything that the exports say. `bad` rows could not be read."""

    figures: tuple[HubFigure, ...] = ()
    bad: int = 0
    denominator: str = DENOMINATOR

    @property
    def domains(self) -> tuple[str, ...]:
        """The DKIM domains, sorted; the empty one where an export does not say."""
        return tuple(sorted({one.domain for one in self.figures}))


def parse(raw: bytes, *, file: str = "-", on_bad: OnBad = no_bad) -> SenderHubFacts:
    """What one export says; parameters and errors as `postmaster.parse`."""
    text = decoded(raw)
    rows = list(_json_rows(text) if is_json(text) else _csv_rows(text))
    found, bad = list[HubFigure](), 0
    known = False
    for line, unit, cells in rows:
        if "date" not in cells or not {"rate", "complaints", "inboxed"} & cells.keys():
            continue
        known = True
        one = _figure(cells, unit)
        if isinstance(one, str):
            bad += 1
            on_bad(Bad(file=file, line=line, reason=one))
        else:
            found.append(one)
    if not known:
        raise Refused("not-senderhub", "no export of Yahoo Sender Hub: a date and a complaint rate are needed")
    return merged([SenderHubFacts(figures=tuple(found), bad=bad)])


def merged(parts: Iterable[SenderHubFacts]) -> SenderHubFacts:
    """Several exports as one; of two figures for one day the later one counts."""
    found = list(parts)
    figures = {(one.domain, one.date): one for part in found for one in part.figures}
    return SenderHubFacts(figures=tuple(figures[key] for key in sorted(figures)), bad=sum(part.bad for part in found))


def to_observation(facts: SenderHubFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": KIND, **to_plain(facts)}


def from_observation(observation: Mapping[str, Any]) -> SenderHubFacts:
    """The facts of a document. Raises NotThose (a ValueError) where it holds something else."""
    return from_plain(SenderHubFacts, dict(observation))


_NAMES = {
    "date": ("date", "day", "timestamp"),
    "domain": ("domain", "dkimdomain", "senderdomain", "sendingdomain"),
    "inboxed": ("delivered", "inboxdelivered", "deliveredtoinbox", "inbox", "inboxcount", "deliveredvolume"),
    "complaints": ("complaints", "spamcomplaints", "complaintcount", "spamvotes"),
    "rate": ("complaintrate", "spamcomplaintrate", "spamrate"),
}
_SPELLED = {spelling: name for name, spellings in _NAMES.items() for spelling in spellings}
"""Squashed spelling of a head → our name of it. Not verified: Yahoo documents no export of Insights."""

Cells = dict[str, str]


def _csv_rows(text: str) -> Iterator[tuple[int, str, Cells]]:
    """Line, the unit that the head gives a rate, and the cells by our names."""
    rows = csv_rows(text)
    head = rows[0][1] if rows else []
    names = [_SPELLED.get(squashed(one)) for one in head]
    unit = next(("%" for one, name in zip(head, names, strict=True) if name == "rate" and "%" in one), "")
    for line, row in rows[1:]:
        yield line, unit, {name: cell for name, cell in zip(names, row, strict=False) if name}


def _json_rows(text: str) -> Iterator[tuple[int, str, Cells]]:
    """The objects that hold a date, wherever they stand. A bare number is no rate, in JSON either."""
    waiting = deque(json_values(text))
    place = 0
    while waiting:
        value = waiting.popleft()
        if is_object(value):
            cells = {_SPELLED[squashed(key)]: item for key, item in mapping(value).items() if squashed(key) in _SPELLED}
            if "date" in cells:
                place += 1
                yield place, "", {name: str(item) for name, item in cells.items() if item is not None}
            else:
                waiting.extend(mapping(value).values())
        else:
            waiting.extend(listed(value))


def _figure(cells: Cells, unit: str) -> HubFigure | str:
    """One row, or why it cannot be read."""
    when = moment(cells["date"])
    rate = share(cells.get("rate", ""), unit=unit)
    if when is None:
        return "bad-date"
    inboxed, complaints = count(cells.get("inboxed", "")), count(cells.get("complaints", ""))
    if cells.get("rate") and rate is None and (inboxed is None or complaints is None):
        return "no-unit"
    return HubFigure(
        domain=domain_of(cells.get("domain", "")),
        date=when[:10],
        inboxed=inboxed,
        complaints=complaints,
        rate=rate[0] if rate else None,
        bound=rate[1] if rate else "",
    )
