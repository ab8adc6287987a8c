"""Figures as a page and a terminal show them: the share, its interval, what it is a share of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.inputs import Inputs, from_observations
from deliverability.rates import rate
from deliverability.reports.language import N_, _
from deliverability.reports.rates import percent

BAR = 120
"""Width of a whole bar, in the units of its drawing."""

UNREADABLE = N_(
    "The figures that this audit was given are damaged, or of another version of deliv; they are not shown."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One share. `bar` has the interval's ends and the point within 0 to `BAR`, as SVG numbers; empty without one."""

    label: str
    share: str
    interval: str
    of: str
    bar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs of an audit, read back from its document; `trouble` where they cannot be."""

    inputs: Inputs
    trouble: str = ""


def given(audit: Audit) -> Given:
    """What the audit was given. Its document may come from anybody."""
    if not audit.observations:
        return Given(Inputs())
    try:
        return Given(from_observations(audit.observations, None))
    except (ValueError, TypeError):
        return Given(Inputs(), _(UNREADABLE))


def figures(rows: Iterable[tuple[str, int, int, str]]) -> list[Figure]:
    """Figures that stand under one another, from label, numerator, denominator and words; bars to one scale.

    The words say what is counted, as a format of `part` and `whole`: `{part:,} of {whole:,} delivered`.
    Raises ValueError or ArithmeticError where a numerator or denominator is no count.
    """
    made = [(label, rate(numerator, denominator), of) for label, numerator, denominator, of in rows]
    scale = max((found["high"] for _, found, _ in made if found["high"]), default=1.0)
    return [
        Figure(_(label), percent(found["value"]), between(found), counted(found, of), _bar(found, scale))
        for label, found, of in made
    ]


def counted(found: Mapping[str, Any], of: str = "{part:,} of {whole:,}") -> str:
    """`9 of 4,015 delivered`."""
    return _(of).format(part=found["numerator"], whole=found["denominator"])


def between(found: Mapping[str, Any]) -> str:
    """`0.12–0.43 %`: the interval of a rate; empty without one."""
    if found["low"] is None:
        return ""
    low, high = percent(found["low"]), percent(found["high"])
    return f"{low.removesuffix(' %')}–{high}"


def _bar(found: Mapping[str, Any], scale: float) -> tuple[str, ...]:
    if found["low"] is None:
        return ()
    return tuple(f"{BAR * found[end] / scale:.1f}" for end in ("low", "high", "value"))


def window(start: str, end: str) -> str:
    """`2026-08-04 to 2026-09-24 (UTC)`; empty where there is none."""
    first, last = start[:10], end[:10]
    if not first:
        return ""
    return f"{first} (UTC)" if first == last else _("{first} to {last} (UTC)").format(first=first, last=last)
