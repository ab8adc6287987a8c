"""What holds for every test: no network, the same random examples each time, and no test skipped in silence."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support import network

ROOT = Path(__file__).parent
SLOW = {
    "browser": "opens a page in Chromium",
    "daemon": "starts a real server",
    "corpus": "reads the shared data, which a checkout does not hold",
    "corpus_slow": "takes minutes over a whole corpus",
    "oracle": "asks scipy or statsmodels, which make test does not install",
}
"""Markers of what `make test` leaves to `make test-all`, and why."""
MEASURED = ("lookup", "protocols")
"""Folders here whose tests hold the coverage of the rooms of their names; `make test-all` asks for 95 %."""

settings.register_profile(
    "same", derandomize=True, deadline=None, max_examples=50
)  # slow machines are no reason to fail
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("same")

network.install()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--all`, which `make test-all` gives, and `--rest` for where `make test` has just run."""
    parser.addoption("--all", action="store_true", help=f"also run tests marked {', '.join(SLOW)}")
    parser.addoption("--rest", action="store_true", help=f"with --all: only those, and all of {', '.join(MEASURED)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, and say so, what only `--all` runs; deselect what `--rest` does not run again."""
    if config.getoption("--rest"):
        again = [item for item in items if not _is_left_out(item) and not _is_measured(item)]
        config.hook.pytest_deselected(items=again)
        items[:] = [item for item in items if _is_left_out(item) or _is_measured(item)]
    if config.getoption("--all"):
        return
    for item in items:
        for marker, why in SLOW.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"make test-all runs it: {marker}, {why}"))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through the tests themselves again and again: they stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let go of them: an extension module that finds its own objects alive at the end calls that a leak."""
    gc.unfreeze()


def _is_left_out(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(marker) for marker in SLOW)


def _is_measured(item: pytest.Item) -> bool:
    return item.path.is_relative_to(ROOT) and item.path.relative_to(ROOT).parts[0] in MEASURED


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Number octets: some hold random numbers, and every worker must give a test the same name."""
    return f"{argname}{next(_octets)}" if isinstance(val, bytes) else None


_octets = itertools.count()


@pytest.fixture(autouse=True)
def _is_as_wide_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that run tests, such as xdist's workers, may say how wide their terminal is."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    network.ATTEMPTS.clear()
    yield
    if network.ATTEMPTS:
        pytest.fail(f"tried to leave this machine: {', '.join(network.ATTEMPTS)}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what did not run, grouped by reason, so that a green run says what it did not show."""
    reasons = Counter(_skip_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if reasons:
        terminalreporter.section("not run")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {count} × {reason}")


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")
