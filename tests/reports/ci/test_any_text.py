"""Whatever the texts of findings, policies and file names are, each format stays what it is."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from deliverability.findings import Fix, Lack, Outcome, Severity
from deliverability.gate.model import Gate, Taken
from deliverability.policy.model import OnUnknown, Place
from deliverability.reports.ci import github, gitlab, junit, markdown, sarif, table
from deliverability.reports.words import shown
from deliverability.text import visible
from support import gates
from support.ci_shapes import GITHUB, GITLAB, SARIF, annotation, junit_faults
from support.markdown import FOUND, HARMLESS, read

SIGNS = st.sampled_from(
    [*"`|*_<>&@#[](){}!~^$%:/\\-=+.,'\"\n\r\t\0 ", "www.", "http://", "\u202e", "\ud800", "\ufffe", "é"]
)
TEXTS = st.lists(st.one_of(SIGNS, st.text(st.characters(), max_size=8)), max_size=30).map("".join)
PLACES = st.none() | st.builds(Place, TEXTS, st.integers(1, 9), st.integers(1, 9))


@st.composite
def any_gate(draw: st.DrawFn) -> Gate:
    """A gate of a few rows whose every text is anything."""
    base = gates.of([gates.fault()])
    rows = [
        replace(
            base.rows[0],
            domain=draw(TEXTS),
            taken=draw(st.sampled_from(Taken)),
            why=draw(TEXTS),
            settle=draw(TEXTS),
            place=draw(PLACES),
            finding=gates.fault(
                check=draw(TEXTS),
                subject=draw(TEXTS),
                title=draw(TEXTS),
                outcome=draw(st.sampled_from(Outcome)),
                severity=draw(st.sampled_from(Severity)),
                lack=draw(st.sampled_from([None, *Lack])),
                fix=draw(st.none() | st.builds(Fix, TEXTS)),
            ),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    notes = tuple(draw(st.lists(TEXTS, max_size=2)))
    return replace(base, rows=tuple(rows), notes=notes, path=draw(TEXTS), on_unknown=draw(st.sampled_from(OnUnknown)))


ANY = given(gate=any_gate(), root=TEXTS)
FEW = settings(max_examples=25, deadline=None)


@FEW
@ANY
def test_sarif_stays_sarif(gate: Gate, root: str) -> None:
    text = sarif.render(gate, root=root)

    for shape in (SARIF, GITHUB):
        assert [e.message for e in Draft202012Validator(shape).iter_errors(json.loads(text))] == []
    assert text.isascii()


@FEW
@ANY
def test_code_quality_stays_code_quality(gate: Gate, root: str) -> None:
    issues = json.loads(gitlab.render(gate, root=root))

    assert [e.message for e in Draft202012Validator(GITLAB).iter_errors(issues)] == []
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@FEW
@ANY
def test_every_line_stays_an_annotation(gate: Gate, root: str) -> None:
    lines = github.render(gate, root=root).removesuffix("\n").split("\n")

    assert {*(key for line in lines for key in annotation(line)[1])} <= {"title", "file", "line", "col"}
    assert [visible(line) for line in lines] == lines
    assert all(line.encode() for line in lines)


@FEW
@ANY
def test_junit_stays_junit(gate: Gate, root: str) -> None:
    assert junit_faults(junit.render(gate)) == []


@FEW
@ANY
def test_a_page_stays_a_page(gate: Gate, root: str) -> None:
    found = read(markdown.render(gate))

    assert found.kinds <= HARMLESS
    assert [text for text in found.texts if FOUND.search(text)] == []
    assert found.torn == []


@FEW
@ANY
def test_a_table_stays_a_table(gate: Gate, root: str) -> None:
    audit = gates.audit_of([row.finding for row in gate.rows], root)

    rows = list(csv.reader(io.StringIO(table.render([audit]))))

    assert rows[0][:3] == ["domain", "check", "outcome"]
    assert {row[0].removeprefix("'") for row in rows[1:]} <= {shown(root)}
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == len(gate.rows) + 1
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@"}]
