"""SARIF, held to the published schema, to what GitHub requires, and to its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deliverability.checks import CHECKS
from deliverability.findings import Outcome, Severity
from deliverability.gate.decide import decide
from deliverability.gate.model import Gate
from deliverability.policy.model import DomainPolicy, OnUnknown, Place, Policy
from deliverability.reports.ci import sarif
from support import gates, samples
from support.ci_shapes import GITHUB, SARIF

GATES = (gates.closed, gates.clean, gates.undetermined, gates.hostile)


def run(gate: Gate, **more: Any) -> dict[str, Any]:
    """The one run of the log, once the log has met the schema and GitHub's rules."""
    log = json.loads(sarif.render(gate, **more))
    checker = Draft202012Validator.FORMAT_CHECKER
    for shape in (SARIF, GITHUB):
        assert [e.message for e in Draft202012Validator(shape, format_checker=checker).iter_errors(log)] == []
    assert len(log["runs"]) == 1
    made: dict[str, Any] = log["runs"][0]
    rules = made["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in made["results"])
    return made


def results(gate: Gate, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(gate, **more)["results"]
    return found


def result(gate: Gate, check: str, **more: Any) -> dict[str, Any]:
    [one] = [r for r in results(gate, **more) if r["ruleId"] == check]
    return one


def place(one: dict[str, Any]) -> tuple[str, int, int]:
    physical = one["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"], physical["region"]["startColumn"]


def notifications(made: dict[str, Any]) -> list[str]:
    return [one["message"]["text"] for one in made["invocations"][0]["toolConfigurationNotifications"]]


def at(line: int, file: str = "deliv.toml") -> Policy:
    return Policy(path=file, domains={samples.DOMAIN: DomainPolicy(name=samples.DOMAIN, place=Place(file, line))})


def test_a_log_looks_as_it_did(golden: Callable[[str, str], None]) -> None:
    golden("ci/closed.sarif", sarif.render(gates.closed()))


@pytest.mark.parametrize("make", GATES)
def test_a_log_is_what_the_schema_and_github_ask_for(make: Callable[[], Gate]) -> None:
    assert run(make())["invocations"][0]["executionSuccessful"] is True


def test_the_schema_of_these_tests_refuses_what_the_published_one_refuses() -> None:
    log = json.loads(sarif.render(gates.closed()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    log["runs"][0]["results"][1]["severity"] = "high"
    del log["runs"][0]["tool"]["driver"]["name"]

    assert len(list(Draft202012Validator(SARIF).iter_errors(log))) == 3


def test_what_passed_or_was_not_asked_is_no_result() -> None:
    assert results(gates.clean()) == []
    assert {r["properties"]["taken"] for r in results(gates.closed())} == {
        *("closes", "unsettled", "warns", "known", "waived")
    }


def test_the_worst_stands_first_and_what_does_not_count_makes_no_check_fail() -> None:
    levels = [(r["properties"]["taken"], r["level"]) for r in results(gates.closed())]

    assert levels == [
        *[("closes", "error")] * 2,
        *[("unsettled", "error")] * 2,
        *(("warns", "warning"), ("warns", "note"), ("known", "note"), ("waived", "note")),
    ]


@pytest.mark.parametrize(("on_unknown", "level"), [("fail", "error"), ("warn", "warning"), ("pass", "note")])
def test_what_could_not_be_looked_at_is_as_loud_as_the_policy_takes_it(on_unknown: str, level: str) -> None:
    assert [r["level"] for r in results(gates.undetermined(OnUnknown(on_unknown)))] == [level]


def test_a_result_stands_at_the_line_that_declares_the_domain() -> None:
    made = {r["ruleId"]: place(r) for r in results(gates.closed())}

    assert made["spf-lookup-limit"] == ("mail/deliv.toml", 7, 1)
    assert made["gate-waiver"] == ("mail/deliv.toml", 28, 3)
    assert made["gate-input"] == ("mail/deliv.toml", 2, 1)


def test_a_result_is_the_same_wherever_its_line_has_gone() -> None:
    before, after = (results(gates.of([gates.fault()], policy=at(line))) for line in (3, 300))

    assert place(before[0]) != place(after[0])
    assert before[0]["partialFingerprints"] == after[0]["partialFingerprints"]


def test_each_subject_of_a_check_is_a_result_of_its_own() -> None:
    findings = [gates.fault(subject="s1.test"), gates.fault(subject="s2.test"), gates.fault(subject="s2.test")]

    marks = [r["partialFingerprints"]["primaryLocationLineHash"] for r in results(gates.of(findings))]

    assert len(set(marks)) == 3


@pytest.mark.parametrize(
    ("file", "root", "uri"),
    [
        ("/home/build/repo/mail/deliv.toml", "/home/build/repo", "mail/deliv.toml"),
        ("/home/build/repo/mail/deliv.toml", "/home/build/repo/", "mail/deliv.toml"),
        ("/home/build/repository/deliv.toml", "/home/build/repo", "deliv.toml"),
        ("/etc/deliv.toml", "", "deliv.toml"),
        ("/deliv.toml", "/", "deliv.toml"),
        ("../conf/deliv.toml", "/home/build", "conf/deliv.toml"),
        ("./mail/../deliv.toml", "", "deliv.toml"),
        ("zonen/weiß wein?.zone", "", "zonen/wei%C3%9F%20wein%3F.zone"),
    ],
)
def test_a_file_is_named_as_the_repository_knows_it(file: str, root: str, uri: str) -> None:
    one = result(gates.of([gates.fault()], policy=at(3, file)), "spf-syntax", root=root)

    assert place(one) == (uri, 3, 1)


def test_without_a_policy_a_result_stands_at_the_first_line_of_the_zone_and_that_is_said() -> None:
    audit = replace(gates.audit_of([gates.fault()]), options={"zone": ["/srv/repo/shop.zone"]})
    made = run(decide([audit], Policy(), today=gates.TODAY), root="/srv/repo")

    assert place(made["results"][0]) == ("shop.zone", 1, 1)
    assert made["results"][0]["properties"]["declared"] is False
    assert notifications(made) == ["No file declares the domain of 1 results: they are shown at the first line of one."]


def test_without_any_file_a_result_stands_at_the_policy_that_could_be() -> None:
    assert place(result(gates.of([gates.fault()]), "spf-syntax")) == ("deliv.toml", 1, 1)


def test_what_is_waived_is_suppressed_with_the_reason_and_who_gave_it() -> None:
    one = result(gates.closed(), "dmarc-effective-policy")

    assert one["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Waived until 2027-03-31 by mail team: the move ends in March",
        }
    ]
    assert "suppressions" not in result(gates.closed(), "spf-lookup-limit")


def test_a_result_says_how_it_stands_to_the_baseline() -> None:
    was, light = gates.fault("a-known"), gates.fault("b-worse", severity=Severity.HIGH)
    now = gates.audit_of([was, replace(light, severity=Severity.CRITICAL), gates.fault("c-new")])
    gate = decide([now], Policy(), today=gates.TODAY, baseline=[gates.audit_of([was, light])])

    states = {r["ruleId"]: r.get("baselineState") for r in results(gate)}

    assert states == {"a-known": "unchanged", "b-worse": "updated", "c-new": "new"}
    assert "baselineState" not in results(gates.of([was]))[0]


def test_past_the_limit_the_worst_are_kept_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    low = [gates.fault(subject=f"{n}.test", severity=Severity.LOW) for n in range(4)]

    made = run(gates.of([*low, gates.fault(subject="worst.test")]))

    assert [r["properties"]["subject"] for r in made["results"]] == ["worst.test", "0.test", "1.test"]
    assert any(text.startswith("2 more results") for text in notifications(made))


def test_a_host_that_shows_5000_results_gets_no_more() -> None:
    [made] = json.loads(sarif.render(gates.of([gates.fault(subject=f"{n}.test") for n in range(5_001)])))["runs"]

    assert len(made["results"]) == 5_000


def test_a_file_that_would_be_too_large_has_fewer_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_OCTETS", 3_000)
    many = [gates.fault(subject=f"{os.urandom(60).hex()}.test") for _ in range(64)]

    made = run(gates.of(many))

    assert 0 < len(made["results"]) < 64
    assert any(f"{64 - len(made['results'])} more results" in text for text in notifications(made))


def test_a_rule_of_every_check_keeps_githubs_limits() -> None:
    findings = [gates.fault(check.id, outcome=Outcome.PASS) for check in CHECKS]

    rules = run(gates.of(findings))["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [check.id for check in CHECKS]
    assert rules[0]["help"]["text"].startswith(CHECKS[0].ask)


def test_a_rule_that_this_version_does_not_know_keeps_them_too() -> None:
    assert run(gates.of([gates.fault("x" * 2_000)]))["tool"]["driver"]["rules"][0]["name"].startswith("Xxx")


def test_no_text_becomes_a_link_or_an_argument() -> None:
    one = result(gates.of([gates.fault(title="see [here](https://evil.test) {0}")]), "spf-syntax")

    assert "](" not in one["message"]["text"]
    assert "{0}" not in one["message"]["text"]
