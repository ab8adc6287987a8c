"""Hosts that shorten anybody's links; the list with its sources and date is shorteners.csv beside this file."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


def is_shortener(host: str) -> bool:
    """Whether `host` (A-labels, lower case) is one of them, or below one."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in _hosts() for start in range(len(labels)))


@lru_cache(maxsize=1)
def _hosts() -> frozenset[str]:
    text = files("deliverability.mail.message").joinpath("shorteners.csv").read_text(encoding="utf-8")
    rows = [line.partition(",")[0] for line in text.splitlines() if line and not line.startswith("#")]
    return frozenset(rows[1:])
