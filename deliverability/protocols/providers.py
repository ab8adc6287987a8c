"""Whose mail host that is, by its name; the list with its sources and date is providers.csv beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).with_name("providers.csv")


def provider_of(host: str) -> str | None:
    """The provider that runs the mail host `host` (canonical name), or None where it is not in the list."""
    known = _suffixes()
    labels = host.split(".")
    return next((known[name] for start in range(len(labels)) if (name := ".".join(labels[start:])) in known), None)


@lru_cache(maxsize=1)
def _suffixes() -> Mapping[str, str]:
    lines = _DATA.read_text(encoding="utf-8").splitlines()
    rows = [line.partition(",") for line in lines if line and not line.startswith("#")]
    return {suffix: provider for suffix, _, provider in rows[1:]}
