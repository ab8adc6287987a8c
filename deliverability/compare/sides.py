"""What each side comes to: its counts, its mailbox providers, and its campaigns one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deliverability.compare.campaigns import Cell, by, total
from deliverability.compare.cut import Cut, campaigns_of
from deliverability.compare.measure import difference
from deliverability.compare.result import CampaignPoint, ProviderChange, Side

MIN_MESSAGES = 200
"""Messages on each side below which a mailbox provider does not stand alone; as `checks._thresholds.PROVIDER_BAND`."""
MAX_PROVIDERS = 40
"""Mailbox providers that stand alone, the largest; our own bound."""
MAX_POINTS = 1000
"""Campaigns that a document lists, the newest; our own bound: a year of daily ones is 365."""
OTHER = "other"
_COUNTS = ("delivered", "opened", "opened_machine", "opened_unknown", "clicked", "complained", "bounced")


def side(cells: Sequence[Cell], columns: frozenset[str], name: str = "") -> Side:
    """The days, campaigns and counts of one side; null for a count that is not in the data. name: of an arm."""
    days = sorted(cell.day for cell in cells if cell.day is not None)
    return Side(
        name=name,
        start=days[0].isoformat() if days else "",
        end=days[-1].isoformat() if days else "",
        campaigns=campaigns_of(cells),
        sent=total(cells, "sent"),
        **_known(cells, columns, _COUNTS),
    )


def _known(cells: Sequence[Cell], columns: frozenset[str], names: Iterable[str]) -> dict[str, Any]:
    # without a flag in any open, `opened_unknown` is all there is to know of it
    known = columns | {"opened_unknown"} if "opened_machine" in columns else columns
    return {name: total(cells, name) if name in known else None for name in names}


def providers(cut: Cut, confidence: float) -> tuple[ProviderChange, ...]:
    """Each mailbox provider before and after, the largest first; small ones together as `other`, which comes last."""
    if not cut.has("provider"):
        return ()
    before, after = by(cut.before, "provider"), by(cut.after, "provider")
    sizes = {name: [total(side.get(name, ()), "sent") for side in (before, after)] for name in {*before, *after}}
    alone = sorted(
        (name for name, sent in sizes.items() if min(sent) >= MIN_MESSAGES and name not in {OTHER, ""}),
        key=lambda name: (-sum(sizes[name]), name),
    )[:MAX_PROVIDERS]
    groups: list[tuple[tuple[str, ...], str]] = [((name,), name) for name in alone]
    groups.append((tuple(sorted(sizes.keys() - set(alone))), OTHER))
    known = any(cell.auth_rejected for cell in (*cut.before, *cut.after))
    found = (
        _provider(
            name,
            [[c for one in names for c in its.get(one, ())] for its in (before, after)],
            cut,
            confidence,
            known=known,
        )
        for names, name in groups
    )
    return tuple(one for one in found if one is not None)


def _provider(
    name: str, sides: Sequence[Sequence[Cell]], cut: Cut, confidence: float, *, known: bool
) -> ProviderChange | None:
    """One of them; None where a side sent nothing there, or nobody counted what was delivered.

    `known`: whether the data say of any message that it was refused for its authentication.
    """
    before, after = sides
    delivered = difference(before, after, "delivered_sent", confidence) if cut.has("delivered") else None
    if delivered is None:
        return None
    refused = [_refused(cells) if known else None for cells in sides]
    return ProviderChange(
        provider=name,
        before=side(before, cut.columns),
        after=side(after, cut.columns),
        delivered=delivered,
        opened=difference(before, after, "opened_sent", confidence) if cut.has("opened") else None,
        refused_before=refused[0],
        refused_after=refused[1],
    )


def _refused(cells: Sequence[Cell]) -> int:
    return sum(sum(cell.auth_rejected.values()) for cell in cells)


def campaign_points(cut: Cut) -> tuple[tuple[CampaignPoint, ...], int]:
    """The campaigns in order of their days, and how many older ones are left out."""
    parts = (
        ("before", cut.before),
        ("washout", cut.washout),
        ("after", cut.after),
        ("control", (*cut.control_before, *cut.control_after)),
    )
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for period, cells in parts:
        for cell in cells:
            found.setdefault((cell.day.isoformat() if cell.day else "", cell.campaign, period), []).append(cell)
    newest = sorted(found)[-MAX_POINTS:]
    return tuple(_point(*key, found[key], cut.columns) for key in newest), len(found) - len(newest)


def _point(day: str, name: str, period: str, cells: Sequence[Cell], columns: frozenset[str]) -> CampaignPoint:
    return CampaignPoint(
        campaign=name,
        date=day,
        period=period,
        sent=total(cells, "sent"),
        **_known(cells, columns, ("delivered", "opened", "opened_machine", "clicked")),
    )
