"""Fewer rounds of every resampling, for tests that are about something else than how finely a p is known."""

from __future__ import annotations

import pytest

from deliverability.compare import dispersion
from deliverability.compare.beside import control
from deliverability.compare.numerics import resample

ROUNDS = 199
"""Rounds of a test: enough for a p of 0.005, and for both ends of an interval of 95 %."""


def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deal and draw campaigns ROUNDS times, as is done for ever larger sides; few campaigns are dealt in every way."""
    for module in (dispersion, control, resample):
        monkeypatch.setattr(module, "_DRAWS", 0)
        monkeypatch.setattr(module, "_FEWEST_ROUNDS", ROUNDS)
