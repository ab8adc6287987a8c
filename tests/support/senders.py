"""Simulated senders with a known effect: campaigns whose recipients have more in common than chance allows for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

from deliverability.compare.campaigns import Cell
from deliverability.compare.intervals import Share
from deliverability.compare.numerics.resample import opens_and_total

SENT = 20_000
"""Messages of a campaign, or their median."""
CORRELATION = 0.005
"""Of what two recipients of one campaign do: with SENT, campaigns vary ten times as much as chance lets them."""


@dataclass(frozen=True)
class Provider:
    """What one mailbox provider is of a side: its share of what is sent, and the rates of the four-factor split."""

    name: str
    share: float
    delivered: float
    human: float
    machine: float


BEFORE = (
    Provider("gmail", 0.50, 0.80, 0.15, 0.01),
    Provider("outlook", 0.25, 0.70, 0.12, 0.0),
    Provider("apple", 0.10, 0.90, 0.10, 0.30),
    Provider("other", 0.15, 0.92, 0.20, 0.0),
)
AFTER = (
    Provider("gmail", 0.48, 0.985, 0.26, 0.03),
    Provider("outlook", 0.22, 0.975, 0.24, 0.0),
    Provider("apple", 0.17, 0.985, 0.12, 0.72),
    Provider("other", 0.13, 0.98, 0.22, 0.0),
)
"""The worked example of the comparator."""
MIX = 200
"""How closely campaigns keep to the shares: a Dirichlet distribution's concentration (shares vary by 3 points)."""


def happened(rng: Random, n: int, p: float, correlation: float) -> int:
    """How many of n messages met a fate of chance p: beta-binomial, its last step by the normal distribution."""
    if not n or not p:
        return 0
    if correlation:
        strength = (1 - correlation) / correlation
        p = rng.betavariate(p * strength, (1 - p) * strength)
    return min(n, max(0, round(rng.gauss(n * p, sqrt(n * p * (1 - p))))))


def size(rng: Random, spread: float) -> int:
    """Messages of a campaign: log-normal about SENT."""
    return max(100, round(SENT * rng.lognormvariate(0, spread))) if spread else SENT


def shares(rng: Random, number: int, p: float, correlation: float = CORRELATION, spread: float = 0.0) -> list[Share]:
    """(x, n) of that many campaigns of a sender whose true rate is p."""
    return [(happened(rng, n, p, correlation), n) for n in (size(rng, spread) for _ in range(number))]


def cells(
    rng: Random,
    number: int,
    providers: Sequence[Provider],
    correlation: float = CORRELATION,
    spread: float = 0.0,
) -> list[Cell]:
    """That many campaigns to several providers; every campaign does better or worse at each of them."""
    found: list[Cell] = []
    for index in range(number):
        parts = [rng.gammavariate(one.share * MIX, 1) for one in providers]
        n = size(rng, spread)
        for one, part in zip(providers, parts, strict=True):
            sent = round(n * part / sum(parts))
            delivered = happened(rng, sent, one.delivered, correlation)
            human = happened(rng, delivered, one.human, correlation)
            machine = min(delivered - human, happened(rng, delivered, one.machine, correlation))
            found.append(
                Cell(
                    campaign=f"c{index:03}",
                    provider=one.name,
                    sent=sent,
                    delivered=delivered,
                    opened=human + machine,
                    opened_machine=machine,
                )
            )
    return found


def truth() -> dict[str, float]:
    """The terms of the change from BEFORE to AFTER with so many messages that chance has no part in it."""

    def exact(one: Provider) -> Cell:
        sent = round(10**9 * one.share)
        delivered = round(sent * one.delivered)
        machine = round(delivered * one.machine)
        opened = round(delivered * one.human) + machine
        return Cell(
            campaign="c", provider=one.name, sent=sent, delivered=delivered, opened=opened, opened_machine=machine
        )

    return opens_and_total([exact(one) for one in BEFORE], [exact(one) for one in AFTER])
