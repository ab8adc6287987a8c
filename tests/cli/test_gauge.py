"""How far something is, for a person who is watching."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from deliverability.cli._gauge import Gauge
from deliverability.cli._message_output import Count
from deliverability.cli._portfolio import Tally
from deliverability.cli._reading import Meter


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def watching(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal, and a clock that goes half a second between two looks."""
    looks = iter(range(100))
    monkeypatch.setattr("deliverability.cli._gauge.time.monotonic", lambda: next(looks) / 2)
    shown = Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


@pytest.mark.parametrize(
    ("make", "step", "text"),
    [
        (Meter, lambda gauge: gauge(3 << 20), "3 MiB read · 0 s"),
        (lambda: Tally(1_200, True), lambda gauge: gauge.count(), "1 of 1,200 domains · 0 s"),
        (Count, lambda gauge: gauge(1 << 20), "1 messages · 1 MiB · 2/s · 0 s"),
    ],
    ids=["meter", "tally", "count"],
)
def test_it_stands_on_one_line_that_goes_without_trace(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], step: Callable[[Any], object], text: str
) -> None:
    screen = watching(monkeypatch)
    with make() as gauge:
        step(gauge)
        assert screen.getvalue() == f"\r\x1b[K{text}"

    assert screen.getvalue().endswith(f"{text}\r\x1b[K")


def test_what_was_shown_just_now_is_not_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = watching(monkeypatch)
    monkeypatch.setattr("deliverability.cli._gauge.time.monotonic", lambda: 7.0)
    with Meter() as meter:
        meter(1)
        assert not screen.getvalue()


@pytest.mark.parametrize(
    "make",
    [lambda: Meter(wanted=False), lambda: Tally(2, False), lambda: Count(wanted=False)],
    ids=["meter", "tally", "count"],
)
def test_where_it_is_not_wanted_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Gauge]) -> None:
    screen = watching(monkeypatch)
    with make() as gauge:
        gauge.draw(str)

    assert not screen.getvalue()


def test_where_nobody_watches_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    watching(monkeypatch)
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Meter() as meter:
        meter(1)

    assert not log.getvalue()
