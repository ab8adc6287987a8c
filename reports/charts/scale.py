"""Scales and the words of their numbers. A number that cannot be drawn is none."""

from __future__ import annotations

import math
from collections.abc import Iterable

from deliverability.fastclass import dataclass
from deliverability.reports.language import _
from deliverability.reports.rates import percent

LEAST_SPAN = 0.01
"""A scale shows a percentage point at the least: noise in the third digit is no slope."""
_STEPS = (1, 2, 2.5, 5, 10)
_NEAR_AN_END = 0.01


def share(value: float | None) -> float | None:
    """A share within 0 to 1; None for what is no share. Documents may come from anybody."""
    return value if value is not None and math.isfinite(value) and 0 <= value <= 1 else None


def change(value: float | None) -> float | None:
    """A difference of two shares; None for what cannot be one."""
    return value if value is not None and math.isfinite(value) and -1 <= value <= 1 else None


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high` in values, from `start` to `end` in units; a tick stands every `step`."""

    low: float
    high: float
    start: float
    end: float
    step: float

    def at(self, value: float) -> float:
        """Where `value` stands; what lies outside stands at the end."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """The values with a tick."""
        first = math.ceil(self.low / self.step - 1e-6)
        last = math.floor(self.high / self.step + 1e-6)
        return [round(index * self.step, 9) for index in range(first, last + 1)]

    def tick(self, value: float) -> str:
        """What stands at a tick, in percent."""
        digits = next((d for d in range(3) if abs(round(100 * self.step, d) - 100 * self.step) < 1e-6), 3)
        return _("{number} %").format(number=f"{100 * value:.{digits}f}")


def scale(values: Iterable[float | None], start: float, end: float, *, ticks: int = 4) -> Scale:
    """A scale of shares that has room for all `values`, with about as many ticks, from 0 to 1 at the widest."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if high - low < LEAST_SPAN:
        middle = (low + high) / 2
        low, high = middle - LEAST_SPAN / 2, middle + LEAST_SPAN / 2
    step = _step((high - low) / ticks)
    low, high = max(0.0, math.floor(low / step) * step), min(1.0, math.ceil(high / step) * step)
    return Scale(low, high, start, end, step) if low < high else Scale(0.0, 1.0, start, end, 0.25)


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in _STEPS if factor * power >= rough * 0.999)


def in_percent(value: float | None) -> str:
    """A share as a chart has it: one decimal, more where it is next to nothing or to everything."""
    if value is None or min(value, 1 - value) < _NEAR_AN_END:
        return percent(value)
    return _("{number} %").format(number=f"{100 * value:.1f}")


def between(low: float | None, high: float | None) -> str:
    """`70.6–71.8 %`; empty where an end is none."""
    if low is None or high is None:
        return ""
    return f"{in_percent(low).removesuffix(' %')}–{in_percent(high)}"


def level(confidence: float) -> str:
    """What a legend calls an interval: `95 % interval`."""
    return _("{level} % interval").format(level=f"{100 * confidence:.4g}")


def signed(value: float) -> str:
    """A difference in percentage points: `+4.1`, `−0.3`."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", "−")


def in_points(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """`+4.1 points (2.0 to 6.2)`, without the interval where there is none; empty without a value."""
    if value is None:
        return ""
    if low is None or high is None:
        return _("{change} points").format(change=signed(value))
    return _("{change} points ({low} to {high})").format(change=signed(value), low=signed(low), high=signed(high))
