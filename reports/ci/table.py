"""Findings as CSV: one row each, with the names of the audit document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deliverability.document import Audit
from deliverability.findings import Finding
from deliverability.reports.tables import to_csv
from deliverability.reports.words import citation

HEAD = (
    *("domain", "check", "outcome", "severity", "subject", "title", "lack", "settle"),
    *("fix", "effort", "owner", "references"),
)


def render(audits: Iterable[Audit]) -> str:
    """A head, then every finding in the order of the audits. Values are English whatever language is spoken."""
    return to_csv(HEAD, (_row(audit.subject.domain, finding) for audit in audits for finding in audit.findings))


def _row(domain: str, finding: Finding) -> Mapping[str, str]:
    fix = finding.fix
    return {
        "domain": domain,
        "check": finding.check,
        "outcome": finding.outcome.value,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "title": finding.title,
        "lack": finding.lack.value if finding.lack else "",
        "settle": finding.settle,
        "fix": fix.text if fix else "",
        "effort": fix.effort.value if fix else "",
        "owner": fix.owner.value if fix else "",
        "references": "; ".join(citation(reference) for reference in finding.references),
    }
