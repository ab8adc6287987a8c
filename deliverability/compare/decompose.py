"""Where a change of opens/sent comes from: an exact split that does not depend on the order of its parts.

The parts are those of Das Gupta (1993, US Census Bureau P23-186): what a factor changes, averaged over every set of
other factors that may have changed before it. With two factors that is Kitagawa's decomposition (1955).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from math import factorial, fsum
from typing import NamedTuple

from deliverability.compare.campaigns import Cell
from deliverability.compare.result import METRICS

Factor = float | Sequence[float]
"""A factor of a rate: a number, or one number for each group."""
TERMS = ("mix", "delivery", "human_opens", "machine_opens")
"""The parts of a change of opens/sent, as `result.Decomposition` has them."""


def das_gupta(
    f: Callable[[Mapping[str, Factor]], float], before: Mapping[str, Factor], after: Mapping[str, Factor]
) -> dict[str, float]:
    """What each factor adds to f(after) - f(before); the parts add up to it.

    Args:
        f: The rate, from one value for each factor. It is called twice to the power of the number of factors.
        before: The factors by name, as they were.
        after: The factors by the same names, as they became.

    Raises:
        ValueError: The names differ.
    """
    if before.keys() != after.keys():
        raise ValueError("both periods need the same factors")
    names = list(before)
    rates = {
        changed: f({name: (after if name in changed else before)[name] for name in names})
        for size in range(len(names) + 1)
        for changed in map(frozenset, combinations(names, size))
    }
    return {
        name: fsum(
            _weight(len(changed), len(names)) * (rates[changed | {name}] - rate)
            for changed, rate in rates.items()
            if name not in changed
        )
        for name in names
    }


def _weight(changed: int, factors: int) -> float:
    """The share of all orders in which just these came before."""
    return factorial(changed) * factorial(factors - 1 - changed) / factorial(factors)


class _Group(NamedTuple):  # a tuple is made in a tenth of the time, and a jackknife makes ten thousand
    """One provider on one side: its share of what was sent, and its rates, None where there is nothing to divide."""

    share: float
    delivery: float | None
    human: float | None
    machine: float | None


def opens(before: Sequence[Cell], after: Sequence[Cell]) -> dict[str, float]:
    """The change of opens/sent by TERMS, exactly: they add up to it.

    opens/sent is the sum over providers of share × delivered/sent × (human + machine opens)/delivered. Opens without a
    flag count as people's: they are not known to be a machine's. At a provider with mail on one side alone no rate
    changed that anybody saw: its rates are taken to be the same on the other side, and all of its effect is mix. A
    rate of nothing delivered is likewise that of the other side.
    """
    left, right = _groups(before), _groups(after)
    found: dict[str, float] = dict.fromkeys(TERMS, 0.0)
    for provider in sorted(left.keys() | right.keys()):  # the order in which floats are added up is part of the result
        was, now = left.get(provider, _ABSENT), right.get(provider, _ABSENT)
        for term, value in zip(TERMS, _split(was, now), strict=True):
            found[term] += value
    return found


_ABSENT = _Group(0.0, None, None, None)


def _split(was: _Group, now: _Group) -> tuple[float, float, float, float]:
    """Das Gupta's terms of w × d × (h + m): those of w × d × h and of w × d × m, added up."""
    w1, w2 = was.share, now.share
    d1, d2 = _both(was.delivery, now.delivery)
    h1, h2 = _both(was.human, now.human)
    m1, m2 = _both(was.machine, now.machine)
    o1, o2 = h1 + m1, h2 + m2
    sent = _others(w1, w2, d1, d2)
    return (w2 - w1) * _others(d1, d2, o1, o2), (d2 - d1) * _others(w1, w2, o1, o2), (h2 - h1) * sent, (m2 - m1) * sent


def _others(a1: float, a2: float, b1: float, b2: float) -> float:
    """What a change of one of three factors is multiplied by."""
    return (a1 * b1 + a2 * b2) / 3 + (a1 * b2 + a2 * b1) / 6


def _both(was: float | None, now: float | None) -> tuple[float, float]:
    """Both rates, each standing in for the other where that one is missing."""
    if was is None:
        was = now
    if now is None:
        now = was
    return was or 0.0, now or 0.0


def _groups(cells: Iterable[Cell]) -> dict[str, _Group]:
    found: dict[str, list[int]] = {}
    for cell in cells:
        sums = found.setdefault(cell.provider, [0, 0, 0, 0])
        sums[0] += cell.sent
        sums[1] += cell.delivered
        sums[2] += cell.opened - cell.opened_machine
        sums[3] += cell.opened_machine
    whole = sum(map(_sent, found.values()))
    return {provider: _group(sums, whole) for provider, sums in found.items()}


def _sent(sums: Sequence[int]) -> int:
    """What was opened had been delivered, and what was delivered had been sent, if nobody counted it."""
    sent, delivered, human, machine = sums
    return sent or delivered or human + machine


def _group(sums: Sequence[int], whole: int) -> _Group:
    _, delivered, human, machine = sums
    sent = _sent(sums)
    delivered = delivered or human + machine
    if not sent:
        return _ABSENT
    if not delivered:
        return _Group(sent / whole, 0.0, None, None)
    return _Group(sent / whole, delivered / sent, human / delivered, machine / delivered)


def mix_distance(before: Sequence[Cell], after: Sequence[Cell]) -> float:
    """The total variation distance of the providers' shares of what was sent: 0 the same, 1 nothing in common."""
    left, right = _groups(before), _groups(after)
    if not left or not right:
        return 0.0
    providers = left.keys() | right.keys()
    return fsum(abs(left.get(one, _ABSENT).share - right.get(one, _ABSENT).share) for one in sorted(providers)) / 2


def human_bounds(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[float, float]:
    """Between what the change of opens by people, of what was sent, lies: whatever the machines' opens hid.

    On each side people opened at least what neither a machine nor an unflagged open accounts for, and at most
    everything that was opened. (-1, 1) where a side sent nothing.
    """
    sent1, sent2 = count(before, "sent"), count(after, "sent")
    if not sent1 or not sent2:
        return -1.0, 1.0
    least1, least2 = count(before, "human_opened") / sent1, count(after, "human_opened") / sent2
    most1, most2 = count(before, "opened") / sent1, count(after, "opened") / sent2
    return least2 - most1, most2 - least1


def mix_standardised(before: Sequence[Cell], after: Sequence[Cell], metric: str) -> tuple[float, float] | None:
    """A metric on both sides had each had the providers of both together; None where nothing was sent at all.

    A provider with mail on one side alone has that side's rate on both.
    """
    over, under = METRICS[metric]
    left, right = _by_provider(before), _by_provider(after)
    rates: list[tuple[int, float, float]] = []
    for provider in sorted(left.keys() | right.keys()):
        sides = [side.get(provider, []) for side in (left, right)]
        weights = [count(side, under) for side in sides]
        shares = [count(side, over) / n if n else None for side, n in zip(sides, weights, strict=True)]
        rates.append((sum(weights), *_both(*shares)))
    whole = sum(weight for weight, _, _ in rates)
    if not whole:
        return None
    return fsum(n * was for n, was, _ in rates) / whole, fsum(n * now for n, _, now in rates) / whole


def _by_provider(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.provider, []).append(cell)
    return found


def count(cells: Iterable[Cell], name: str) -> int:
    """The sum of one count, or of `human_opened`: opens that are neither a machine's alone nor without a flag."""
    if name == "human_opened":
        return sum(max(0, cell.opened - cell.opened_machine - cell.opened_unknown) for cell in cells)
    return sum(getattr(cell, name) for cell in cells)
