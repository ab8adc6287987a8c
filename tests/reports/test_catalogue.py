"""The catalogue of checks, and one check's manual page."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from deliverability.checks import CHECKS
from deliverability.reports import catalogue
from deliverability.reports.layout import cells
from support import samples


@pytest.mark.parametrize("width", [60, 100])
def test_the_table_lists_the_checks_by_family(width: int, golden: Callable[[str, str], None]) -> None:
    text = catalogue.table(samples.MANUAL.values(), width=width, color=False)

    assert max(map(cells, text.split("\n"))) <= width
    golden(f"checks-{width}.txt", text)


def test_a_manual_page_says_why_how_and_by_which_rule(golden: Callable[[str, str], None]) -> None:
    golden("explain-60.txt", catalogue.page(samples.MANUAL["dkim-selectors"], width=60, color=False))


def test_every_check_is_in_the_table_once() -> None:
    text = catalogue.table(width=100, color=False)

    assert {check.id: text.count(f"\n  {check.id} ") for check in CHECKS} == dict.fromkeys(catalogue.MANUAL, 1)


def test_every_manual_page_fits_a_narrow_terminal() -> None:
    pages = [catalogue.page(check, width=60, color=False) for check in CHECKS]

    assert max(cells(line) for page in pages for line in page.split("\n")) <= 60


def test_json_has_the_published_fields() -> None:
    listed = json.loads(catalogue.to_json(samples.MANUAL.values()))
    one = json.loads(catalogue.page_json(samples.MANUAL["spf-lookup-limit"]))

    assert one == listed[0]
    assert list(one) == ["id", "family", "severity", "title", "why", "fix", "references"]
    assert one["references"] == [{"source": "RFC 7208", "section": "4.6.4", "date": "2014-04"}]
