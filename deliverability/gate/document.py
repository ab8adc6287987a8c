"""The document of a gate, `deliv.gate/1`: the same bytes for the same decision."""

from __future__ import annotations

from typing import Any

from deliverability.diff import diff
from deliverability.findings import Finding
from deliverability.gate.model import Gate, Taken
from deliverability.plain import dumps_by_line, to_plain

SCHEMA = "deliv.gate/1"


def to_document(gate: Gate) -> dict[str, Any]:
    """The gate in JSON's own types, keys in their published order."""
    taken = [row.taken for row in gate.rows]
    return {
        "schema": SCHEMA,
        "decision": gate.decision.value,
        "exit_code": gate.exit_code,
        "fail_on": gate.fail_on.value,
        "on_unknown": gate.on_unknown.value,
        "policy": gate.path or None,
        "reasons": [to_plain(reason) for reason in gate.reasons],
        "waived": [to_plain(waived) for waived in gate.waived],
        "known": [_about(row.domain, row.finding) for row in gate.rows if row.taken is Taken.KNOWN],
        "warnings": [
            _said(row.domain, row.finding) | {"why": row.why, "settle": row.settle}
            for row in gate.rows
            if row.taken is Taken.WARNS
        ],
        "change": _change(gate),
        "notes": list(gate.notes),
        "counts": {kind.value: taken.count(kind) for kind in Taken},
        "audits": [
            {
                "domain": audit.subject.domain,
                "owner": gate.owners.get(audit.subject.domain, ""),
                "verdict": audit.verdict.word.value,
                "started_at": audit.started_at,
                "ruleset": audit.ruleset,
            }
            for audit in gate.audits
        ],
    }


def _change(gate: Gate) -> dict[str, Any] | None:
    """What the proposed records do to each domain; None where none are proposed."""
    if not gate.published:
        return None
    kinds = {"broken": "new", "mended": "fixed", "changed": "changed", "undecided": "undecided"}
    found: dict[str, list[dict[str, str]]] = {kind: [] for kind in kinds}
    for before, after in zip(gate.published, gate.audits, strict=True):
        changes = diff(before, after)
        for kind, name in kinds.items():
            found[kind] += [_said(after.subject.domain, change.shown) for change in getattr(changes, name)]
    return found


def _about(domain: str, finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "domain": domain, "subject": finding.subject}


def _said(domain: str, finding: Finding) -> dict[str, str]:
    return _about(domain, finding) | {"severity": finding.severity.value, "title": finding.title}


def to_json(gate: Gate) -> str:
    """The document as text that ends in a newline, with a line for each reason and each audit."""
    return dumps_by_line(to_document(gate))
