"""Golden files: what a report looked like when somebody last looked at it and was content."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
"""What a golden page leaves out: the same sheet stood in each, and the policy above it has the sheet's own hash."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`: pytest tests/reports --update-golden, then read the difference."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        text = SHEET.sub("<style>…</style>", text)
        if request.config.getoption("--update-golden", default=False):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare
