"""What the demo says of the repair: the document and the report that somebody was content with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from deliverability.compare.result import Comparison
from deliverability.comparison import to_json
from deliverability.demo import demo
from deliverability.reports.comparison import render


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    found = asyncio.run(demo(datetime(2026, 11, 21, 9, tzinfo=UTC))).comparison
    assert found is not None
    return found


def test_the_document_is_the_golden_one(comparison: Comparison, golden: Callable[[str, str], None]) -> None:
    golden("demo-comparison.json", to_json(comparison))


def test_the_report_is_the_golden_one(comparison: Comparison, golden: Callable[[str, str], None]) -> None:
    golden("demo-comparison-100.txt", render(comparison, width=100, color=False))
