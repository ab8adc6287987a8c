"""`deliv.gate/1`: what is written is what the schema says, to the last property, and safe to print."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from deliverability.gate.document import to_document, to_json
from deliverability.gate.model import Decision, Gate, Taken
from deliverability.policy.model import OnUnknown
from deliverability.shape import schema
from support import gates
from support.schemas import closed

GATES = {"closed": gates.closed, "open": gates.clean, "undetermined": gates.undetermined, "hostile": gates.hostile}


@pytest.mark.parametrize("make", GATES.values(), ids=GATES)
def test_a_gate_fits_the_schema_and_the_schema_lists_all_of_it(make: Callable[[], Gate]) -> None:
    # a check's id is a pattern, which the names of a stranger's document do not keep
    names = {"$defs": {**schema("gate")["$defs"], "check": {"type": "string"}}}

    Draft202012Validator(closed({**schema("gate"), **names})).validate(json.loads(to_json(make())))


@pytest.mark.parametrize("make", GATES.values(), ids=GATES)
def test_the_same_decision_is_the_same_bytes_and_none_of_them_moves_the_terminal(make: Callable[[], Gate]) -> None:
    text = to_json(make())

    assert text == to_json(make())
    assert {c for c in text if not " " <= c <= "~"} == {"\n"}


def test_the_schema_has_the_words_of_the_gate() -> None:
    properties = schema("gate")["properties"]

    assert properties["decision"]["enum"] == [word.value for word in Decision]
    assert properties["on_unknown"]["enum"] == [word.value for word in OnUnknown]
    assert set(properties["counts"]["required"]) == {taken.value for taken in Taken}


def test_every_finding_is_counted_once() -> None:
    gate = gates.closed()

    assert sum(to_document(gate)["counts"].values()) == len(gate.rows)


def test_a_job_finds_why_the_gate_is_closed_what_is_accepted_and_what_is_known() -> None:
    found = to_document(gates.closed())

    assert (found["decision"], found["exit_code"], found["policy"]) == ("closed", 1, gates.FILE)
    assert {"gate-waiver", "gate-input"} <= {reason["check"] for reason in found["reasons"]}
    assert [waived["until"] for waived in found["waived"]] == ["2027-03-31"]
    assert [audit["owner"] for audit in found["audits"]] == ["post"]
    assert len(found["known"]) == 1
    assert any("2026.10" in note for note in found["notes"])
