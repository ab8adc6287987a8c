"""GitLab Code Quality: what a merge request shows beside the lines that it changes.

Source: GitLab's documentation, ci/testing/code_quality, "Code Quality report format" (read 2026-11-22): a JSON array
without a byte order mark, of objects with `description`, `check_name`, a unique `fingerprint`, `severity`,
`location.path` (relative) and `location.lines.begin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deliverability.findings import Severity
from deliverability.gate.model import Gate, Taken
from deliverability.plain import dumps_by_line
from deliverability.reports.ci.items import LISTED, Anchor, Anchors, Item, fingerprints, items, message

SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
COULD_NOT_LOOK = "major"
"""What could not be looked at is no fault yet, and more than a remark."""


def render(gate: Gate, *, root: str = "") -> str:
    """The faults, the known among them, and what could not be looked at; an empty array where there is none.

    What is waived is left out: the format has no word for it. `root` is the directory that absolute paths of files are
    shown from.
    """
    listed = items(gate, LISTED - {Taken.WAIVED})
    anchors = Anchors(gate, root)
    issues = [_issue(item, mark, anchors.of(item)) for item, mark in zip(listed, fingerprints(listed), strict=True)]
    return dumps_by_line(issues)


def _issue(item: Item, mark: str, place: Anchor) -> dict[str, Any]:
    return {
        "description": message(item),
        "check_name": item.check,
        "fingerprint": mark,
        "severity": _severity(item),
        "location": {"path": place.path, "lines": {"begin": place.line}},
    }


def _severity(item: Item) -> str:
    if item.taken is Taken.UNSETTLED:
        return COULD_NOT_LOOK
    return "info" if item.taken is Taken.KNOWN else SEVERITIES[item.severity]
