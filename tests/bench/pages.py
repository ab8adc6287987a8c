"""The bars of what people read: an audit with a year of daily campaigns as a page, and the comparison under it."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deliverability.document import to_json
from deliverability.findings import Outcome
from support import campaigns, comparisons, given, samples

SECONDS = 0.5
"""design/performance.md and design/report.md: a page, cold, whole process."""
OCTETS = 400_000
FINDINGS = 40
DAYS = 365
RUNS = 5

Wall = Callable[[Sequence[str]], float]
"""Seconds of one whole process."""


def page_of_a_year() -> str:
    """The document of an audit with forty faults and a year of daily campaigns."""
    faults = [f for f in samples.in_trouble().findings if f.outcome is Outcome.FAIL]
    many = tuple(replace(faults[n % len(faults)], subject=f"s{n}.shop.test") for n in range(FINDINGS))
    audit = given.everything()
    return to_json(
        replace(audit, findings=(*audit.findings, *many), comparison=comparisons.document(comparisons.daily()))
    )


def rows_of_a_year() -> str:
    """Campaign rows: one campaign a day to four providers, with a fix in the middle."""
    return campaigns.to_csv(campaigns.Sender(before=DAYS // 2, after=DAYS // 2, every=1).rows())


def pages(deliv: Sequence[str], wall: Wall) -> None:
    """Print what both take."""
    with tempfile.TemporaryDirectory() as folder:
        audit, page = Path(folder, "audit.json"), Path(folder, "audit.html")
        audit.write_text(page_of_a_year(), encoding="utf-8")
        for language in ("en", "ko"):
            seconds = _median([*deliv, "render", str(audit), "--lang", language, "-o", str(page)], wall)
            size = page.stat().st_size
            said = f"{seconds:.2f} s (bar {SECONDS}), {size / 1000:,.0f} KB (bar {OCTETS // 1000})"
            print(f"page of {FINDINGS} faults and {DAYS} campaigns, {language}: {said}")
        rows = Path(folder, "campaigns.csv")
        rows.write_text(rows_of_a_year(), encoding="utf-8")
        seconds = _median([*deliv, "compare", str(rows), "--change", f"{campaigns.CHANGED}", "-f", "json"], wall)
        print(f"deliv compare, {rows.read_text(encoding='utf-8').count(chr(10)):,} campaign rows: {seconds:.2f} s")


def _median(command: Sequence[str], wall: Wall) -> float:
    wall(command)
    return statistics.median(wall(command) for _ in range(RUNS))
