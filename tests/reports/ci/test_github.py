"""GitHub annotations, read as a runner reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deliverability.findings import Severity
from deliverability.gate.model import Gate
from deliverability.policy.model import OnUnknown
from deliverability.reports.ci import github
from support import gates
from support.ci_shapes import annotation


def said(gate: Gate) -> list[tuple[str, dict[str, str], str]]:
    text = github.render(gate)
    assert text.endswith("\n")
    return [annotation(line) for line in text[:-1].split("\n")]


def test_annotations_look_as_they_did(golden: Callable[[str, str], None]) -> None:
    golden("ci/closed.github.txt", github.render(gates.closed()))


def test_the_worst_is_said_first_at_the_line_that_declares_the_domain() -> None:
    kind, properties, text = said(gates.closed())[0]

    assert (kind, properties) == (
        "error",
        {"title": "spf-lookup-limit", "file": "mail/deliv.toml", "line": "7", "col": "1"},
    )
    assert text.startswith("weinhandel.example: SPF needs 14 DNS lookups; receivers stop at ten. To do: Drop ")


def test_without_a_file_there_is_no_place() -> None:
    assert said(gates.of([gates.fault()]))[0][1] == {"title": "spf-syntax"}


@pytest.mark.parametrize(("number", "shown", "more"), [(10, 10, None), (11, 9, "2 more"), (500, 9, "491 more")])
def test_past_what_a_step_shows_the_rest_is_counted(number: int, shown: int, more: str | None) -> None:
    found = said(gates.of([gates.fault(subject=f"{n}.test") for n in range(number)]))

    assert len(found) <= 10
    assert sum("It is so" in text for _, _, text in found) == shown
    assert (more is None) or found[-1][2].startswith(more)


def test_each_level_has_room_of_its_own() -> None:
    severities = (Severity.CRITICAL, Severity.MEDIUM, Severity.LOW)
    findings = [gates.fault(subject=f"{n}.test", severity=one) for one in severities for n in range(20)]

    kinds = [kind for kind, _, _ in said(gates.of(findings))]

    assert kinds == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10


def test_a_step_that_found_nothing_says_that_it_ran() -> None:
    assert [(kind, text) for kind, _, text in said(gates.clean())] == [
        ("notice", "The gate is open: 14 findings, none to act on.")
    ]
    one = gates.clean()
    assert said(replace(one, rows=one.rows[:1]))[0][2] == "The gate is open: 1 finding, none to act on."


def test_notes_of_the_gate_are_notices() -> None:
    assert any("ended on 2026-08-31" in text for kind, _, text in said(gates.closed()) if kind == "notice")


@pytest.mark.parametrize(("on_unknown", "kind"), [("fail", "error"), ("warn", "warning"), ("pass", "notice")])
def test_what_could_not_be_looked_at_is_as_loud_as_the_policy_takes_it(on_unknown: str, kind: str) -> None:
    assert said(gates.undetermined(OnUnknown(on_unknown)))[0][0] == kind


def test_a_text_ends_no_command_and_begins_none() -> None:
    title = "100%0A::set-env name=A::b\n::stop-commands::x\r::"
    policy = gates.policy(domains={}, path="a,b:c%.toml", waivers=(), places={}, require=())

    [(_, properties, text)] = said(gates.of([gates.fault(title=title, subject="a,b::c")], policy=policy))

    assert properties == {"title": "spf-syntax [a,b::c]", "file": "a,b:c%.toml", "line": "1", "col": "1"}
    assert "100%0A::set-env name=A::b\\x0a::stop-commands::x\\x0d::" in text
