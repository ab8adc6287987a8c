"""The rules of a SARIF log: the catalogue's page of each check that ran, as code hosts show it beside a result.

Limits: GitHub's documentation, "SARIF support for code scanning", `reportingDescriptor` (read 2026-11-22): a name of
255 characters, descriptions of 1,024, 20 tags. No `helpUri`: there is no public page; no `security-severity`: a
severity of deliv's is a consequence for delivery, and no score of a vulnerability.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deliverability.findings import Severity
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.ci.escape import prose
from deliverability.reports.words import citation, sentence

LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
PROBLEMS: Mapping[str, str] = {"error": "error", "warning": "warning", "note": "recommendation"}
"""GitHub's words for the same, in `problem.severity`."""
MAX_NAME = 255
MAX_DESCRIPTION = 1_024

GATE: Mapping[str, tuple[str, str]] = {
    "gate-input": (
        "Every input that the policy requires is given",
        "without it a part of the checks had nothing to look at, so a gate without faults says nothing.",
    ),
    "gate-waiver": (
        "No waiver of a fault has expired",
        "a fault that was accepted for a time is a fault again when the time is over.",
    ),
}
"""The gate's own reasons, which no check of the catalogue stands behind: what is asked, and why it counts."""


class Rules:
    """A descriptor for each of `checks`, in their order; `index` by check."""

    def __init__(self, checks: Iterable[str]) -> None:
        listed = list(checks)
        self.index: Mapping[str, int] = {check: place for place, check in enumerate(listed)}
        self.descriptors: tuple[Mapping[str, Any], ...] = tuple(_descriptor(check) for check in listed)


def _descriptor(check: str) -> dict[str, Any]:
    known = MANUAL.get(check)
    if known is not None:
        cited = "; ".join(citation(reference) for reference in known.references)
        return _page(check, known.severity, known.family, known.ask, known.why, known.fix, cited)
    ask, why = GATE.get(check, (check, ""))
    return _page(check, Severity.HIGH, check.partition("-")[0] or check, ask, why, "", "")


def _page(check: str, severity: Severity, family: str, ask: str, why: str, fix: str, cited: str) -> dict[str, Any]:
    rule = LEVELS[severity]
    parts = (("Why it matters", why), ("How to fix", fix), ("Source", cited))
    said = [(head, sentence(text)) for head, text in parts if text]
    return {
        "id": check,
        "name": "".join(word.capitalize() for word in check.split("-"))[:MAX_NAME],
        "shortDescription": {"text": ask[:MAX_DESCRIPTION]},
        "fullDescription": {"text": (sentence(why) or ask)[:MAX_DESCRIPTION]},
        "defaultConfiguration": {"level": rule},
        "help": {
            "text": "\n\n".join([ask, *(f"{head}: {text}" for head, text in said)]),
            "markdown": "\n\n".join([prose(ask), *(f"**{head}.** {prose(text)}" for head, text in said)]),
        },
        "properties": {
            "tags": list(dict.fromkeys(("deliverability", "email", family))),
            "problem.severity": PROBLEMS[rule],
        },
    }
