"""JUnit XML, held to the schema that Jenkins reads it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from deliverability.findings import Outcome, Severity
from deliverability.gate.model import Decision, Gate
from deliverability.policy.model import OnUnknown
from deliverability.reports.ci import junit
from support import gates, samples
from support.ci_shapes import junit_faults


def cases(gate: Gate) -> dict[str, str]:
    """Each case with the element that it holds, or `passed`."""
    document = junit.render(gate)
    assert junit_faults(document) == []
    found = list(ET.fromstring(document.encode()).iter("testcase"))
    kinds = {c.get("name", ""): next((e.tag for e in c if e.tag != "system-out"), "passed") for c in found}
    assert len(kinds) == len(found)
    return kinds


@pytest.mark.parametrize("name", ["closed", "clean"])
def test_a_document_looks_as_it_did(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"ci/{name}.xml", junit.render(getattr(gates, name)()))


def test_the_schema_of_these_tests_refuses_what_the_published_one_refuses() -> None:
    document = junit.render(gates.clean()).replace("<testcase name=", "<testcase severity=", 1)

    assert junit_faults(document) == ["testcase lacks name", "testcase has severity"]


def test_what_closes_what_could_not_be_seen_and_what_was_not_asked_are_kept_apart() -> None:
    kinds = cases(gates.closed())

    assert kinds["spf-lookup-limit"] == kinds["gate-waiver"] == "failure"
    assert kinds["dmarc-external-authorisation [collector.example]"] == kinds["gate-input [events]"] == "error"
    assert kinds["dkim-selectors"] == "skipped"  # nothing was given to look at
    assert kinds["spf-parked"] == "skipped"  # does not apply
    assert kinds["dmarc-effective-policy"] == "skipped"  # waived
    assert kinds["spf-include-resolves"] == "skipped"  # known
    assert kinds["spf-duplicate-terms"] == kinds["spf-present"] == "passed"  # a warning closes nothing


def test_a_skipped_case_says_why() -> None:
    root = ET.fromstring(junit.render(gates.closed()).encode())
    said = {c.get("name"): s.get("message") for c in root.iter("testcase") for s in c.iter("skipped")}

    assert said["dmarc-effective-policy"] == "Waived until 2027-03-31 by mail team: the move ends in March"
    assert str(said["dkim-selectors"]).startswith("nothing was given to look at: ")
    assert said["spf-include-resolves"] == "In the baseline too, no better."


def test_a_warning_passes_and_says_itself() -> None:
    document = junit.render(gates.of([gates.fault(severity=Severity.LOW, title="Untidy")]))

    assert junit_faults(document) == []
    assert "<system-out>warning (low): weinhandel.example: Untidy." in document


def test_a_document_is_as_red_as_its_gate() -> None:
    low = replace(samples.silent_server(), severity=Severity.LOW)
    crash = gates.fault("z-crash", outcome=Outcome.ERROR, severity=Severity.LOW)

    assert set(cases(gates.of([low, crash])).values()) == {"skipped"}
    assert set(cases(gates.of([replace(low, severity=Severity.HIGH)])).values()) == {"error"}


@pytest.mark.parametrize(("on_unknown", "kind"), [("fail", "error"), ("warn", "error"), ("pass", "skipped")])
def test_what_could_not_be_looked_at_stops_a_job_as_the_policy_has_it(on_unknown: str, kind: str) -> None:
    kinds = cases(gates.undetermined(OnUnknown(on_unknown)))

    assert kinds["dmarc-external-authorisation [collector.example]"] == kind


@pytest.mark.parametrize(("decision", "kind"), [("open", "passed"), ("closed", "failure"), ("undetermined", "error")])
def test_no_suite_is_ever_empty(decision: str, kind: str) -> None:
    gate = replace(gates.clean(), rows=(), reasons=(), decision=Decision(decision))

    assert cases(gate) == {"decision": kind}


def test_there_is_a_suite_for_each_domain() -> None:
    gate = replace(gates.clean(), rows=(*gates.clean().rows, *gates.of([gates.fault()], domain="b.test").rows))

    document = junit.render(gate)

    assert junit_faults(document) == []
    suites = [s.get("name") for s in ET.fromstring(document.encode()).iter("testsuite")]
    assert suites == [samples.DOMAIN, "b.test"]


def test_cases_of_one_name_are_numbered() -> None:
    assert list(cases(gates.of([gates.fault()] * 3))) == ["spf-syntax", "spf-syntax (2)", "spf-syntax (3)"]
