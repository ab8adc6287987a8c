"""How a comparison writes its figures into sentences: points, shares and probabilities, each one way."""

from __future__ import annotations

MINUS = "−"
"""A hyphen is read as a dash between two figures."""


def points(fraction: float) -> str:
    """A difference of shares in percentage points, without a plus: `4.1`, `−2.0`, `0.04`."""
    size = abs(100 * fraction)
    digits = 1 if size >= 0.05 or size < 0.005 else 2
    text = f"{size:.{digits}f}"
    return f"{MINUS}{text}" if fraction < 0 and float(text) else text


def signed(fraction: float) -> str:
    """The same with a plus where it is one: `+20.9`."""
    text = points(fraction)
    return text if text.startswith(MINUS) or not float(text) else f"+{text}"


def percent(share: float) -> str:
    """A share in percent: `98.2 %`."""
    return f"{100 * share:.1f} %"


def probability(p: float) -> str:
    """`p = 0.012`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def span(low: float | None, high: float | None) -> str:
    """An interval of a difference in points: `+15.1 to +20.7`; `not known` without one."""
    return "not known" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def counted(number: int, noun: str) -> str:
    """`1 campaign`, `2,000 campaigns`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def listed(names: list[str], most: int = 3) -> str:
    """Names with commas, those beyond `most` as a number."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
