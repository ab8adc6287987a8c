"""GitLab Code Quality, held to its documentation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deliverability.findings import Severity
from deliverability.gate.model import Gate
from deliverability.reports.ci import gitlab
from support import gates
from support.ci_shapes import GITLAB


def issues(gate: Gate, **more: Any) -> list[dict[str, Any]]:
    text = gitlab.render(gate, **more)
    assert not text.startswith("\ufeff")
    found: list[dict[str, Any]] = json.loads(text)
    assert [e.message for e in Draft202012Validator(GITLAB).iter_errors(found)] == []
    assert len({one["fingerprint"] for one in found}) == len(found)
    return found


def test_a_report_looks_as_it_did(golden: Callable[[str, str], None]) -> None:
    golden("ci/closed.gitlab.json", gitlab.render(gates.closed()))


@pytest.mark.parametrize("make", [gates.closed, gates.undetermined, gates.hostile])
def test_a_report_is_what_gitlab_asks_for(make: Callable[[], Gate]) -> None:
    assert issues(make())


def test_a_clean_gate_is_an_empty_array() -> None:
    assert gitlab.render(gates.clean()) == "[]\n"


def test_severities_are_gitlabs() -> None:
    found = issues(gates.of([gates.fault(f"a-{one}", severity=one) for one in Severity]))

    assert [one["severity"] for one in found] == ["blocker", "critical", "major", "minor", "info"]


def test_what_is_known_is_a_remark_and_what_is_waived_is_left_out() -> None:
    found = {one["check_name"]: one["severity"] for one in issues(gates.closed())}

    assert found["spf-include-resolves"] == "info"
    assert found["dmarc-external-authorisation"] == "major"
    assert "dmarc-effective-policy" not in found


def test_findings_of_one_check_and_subject_are_told_apart() -> None:
    assert len(issues(gates.of([gates.fault(), gates.fault(title="and so")]))) == 2


def test_an_issue_stands_at_the_line_that_declares_the_domain() -> None:
    places = {one["check_name"]: one["location"] for one in issues(gates.closed())}

    assert places["spf-lookup-limit"] == {"path": "mail/deliv.toml", "lines": {"begin": 7}}
