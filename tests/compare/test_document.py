"""`deliv.comparison/1`: every document is what its schema says and is read back the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deliverability import api
from deliverability.cli import run
from deliverability.compare import result
from deliverability.compare.judge import MODES
from deliverability.compare.result import GRADES, METRICS, Comparison
from deliverability.comparison import NotADocument, Wanted, from_document, from_json, to_document, to_json
from deliverability.shape import schema
from support import comparisons
from support.campaigns import CHANGED, Sender, halves, marketing, steady, to_csv
from support.schemas import hold

Json = dict[str, Any]
CHANGE = (f"{CHANGED}=DKIM",)
ASKED: dict[str, tuple[Any, Wanted]] = {
    "E0": (Sender(before=1, after=1).rows, Wanted(changes=CHANGE)),
    "E2": (Sender().rows, Wanted(changes=CHANGE, concurrent=("2026-06-02=new design",))),
    "E4": (
        lambda: marketing() + steady(),
        Wanted(changes=CHANGE, control="stream=transactional", segment="provider", metrics=("opened_sent",)),
    ),
    "E5": (halves, Wanted(arms="arm")),
    "refused": (Sender().rows, Wanted(changes=("2030-01-01",))),
}
MADE = {
    "worked example": comparisons.comparison,
    "totals": comparisons.totals_only,
    "a year": comparisons.daily,
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def compared(name: str) -> Comparison:
    make, wanted = ASKED[name]
    Path("rows.csv").write_text(to_csv(make()))
    return api.compare(["rows.csv"], None, wanted)


@pytest.mark.parametrize("name", ASKED)
def test_what_is_written_fits_the_schema_and_is_read_back_the_same(name: str) -> None:
    found = compared(name)
    written = to_json(found)

    hold("comparison", json.loads(written))
    assert from_json(written) == found
    assert to_json(from_json(written)) == written
    assert json.loads(written) == json.loads(json.dumps(to_document(found)))


@pytest.mark.parametrize("name", MADE)
def test_comparisons_that_reports_are_drawn_of_fit_the_schema(name: str) -> None:
    hold("comparison", json.loads(to_json(MADE[name]())))


def test_the_schema_is_one_and_describes_every_field() -> None:
    published = schema("comparison")
    Draft202012Validator.check_schema(published)

    assert set(published["properties"]) == {"schema", *(field.name for field in fields(Comparison))}
    assert set(published["required"]) == set(published["properties"])
    for name, described in published["$defs"].items():
        kind = getattr(result, name[0].upper() + name[1:])
        assert list(described["properties"]) == [field.name for field in fields(kind)], name
        assert described["required"] == list(described["properties"]), name


def test_the_schema_has_the_words_of_the_code() -> None:
    published = schema("comparison")

    assert published["properties"]["grade"]["enum"] == list(GRADES)
    assert published["properties"]["metrics"]["required"] == list(METRICS)
    assert published["$defs"]["question"]["properties"]["mode"]["enum"] == list(MODES)
    assert published["$defs"]["check"]["properties"]["rung"]["enum"] == list(GRADES[1:])


def test_a_reader_ignores_what_it_does_not_know_and_fills_in_what_is_missing() -> None:
    document = to_document(compared("E2"))
    later = {**document, "brand_new": 3, "before": {**document["before"], "brand_new": [1]}}
    earlier = {name: value for name, value in document.items() if name not in {"notes", "segments"}}

    assert from_document(later) == from_document(document)
    assert from_document(earlier) == replace(from_document(document), notes=(), segments=None)


@pytest.mark.parametrize(
    "damage",
    [
        {"grade": "E9"},
        {"before": None},
        {"metrics": {"delivered_sent": 3}},
        {"campaigns": [{"campaign": "x"}]},
        {"human_bounds": [1]},
        {"mix_distance": "much"},
        {"sentence_data": {"total": "much"}},
        {"refused": None},
        {"threats": [{"id": "T1", "title": "", "status": "perhaps", "note": ""}]},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_damage_is_told_in_one_line(damage: Json) -> None:
    with pytest.raises(NotADocument, match="damaged deliv comparison") as caught:
        from_document({**to_document(compared("E2")), **damage})

    assert "\n" not in str(caught.value)


def test_the_library_and_the_command_say_the_same() -> None:
    found = compared("E2")
    arguments = ["rows.csv", "--change", CHANGE[0], "--concurrent", "2026-06-02=new design", "-o", "out.json"]

    assert run(["compare", *arguments]) == 0
    assert Path("out.json").read_text() == to_json(found)


def test_dates_are_sorted_and_labels_bounded() -> None:
    wanted = Wanted(changes=("2026-06-09", f"2026-06-01={'x' * 500}"), concurrent=("2026-06-03= a \n b ",))
    question = wanted.question(two_sets=True)

    assert [day.date for day in question.changes] == ["2026-06-01", "2026-06-09"]
    assert len(question.changes[0].label) == 120
    assert question.concurrent[0].label == "a b"
    assert date.fromisoformat(question.changes[0].date) == CHANGED


@pytest.mark.parametrize(
    ("wanted", "columns"),
    [
        (Wanted(changes=CHANGE), set()),
        (Wanted(changes=CHANGE, control="provider=yahoo"), set()),
        (Wanted(changes=CHANGE, control="yahoo,gmail"), set()),
        (Wanted(changes=CHANGE, control="stream=transactional"), {"stream"}),
        (Wanted(changes=CHANGE, control="transactional"), {"stream", "domain", "segment", "country"}),
        (Wanted(changes=CHANGE, segment="country"), {"country"}),
        (Wanted(arms="segment"), {"segment"}),
    ],
)
def test_events_are_told_apart_by_no_more_than_is_asked_for(wanted: Wanted, columns: set[str]) -> None:
    assert set(wanted.columns()) == columns


def test_the_document_is_the_same_whatever_the_order_of_sets() -> None:
    """Strings hash anew in each process, and floats added up in another order differ in their last digits."""
    Path("rows.csv").write_text(to_csv(marketing() + steady()))
    asked = ("--change", CHANGE[0], "--control", "stream=transactional", "--segment", "provider", "-f", "json")
    command = [sys.executable, "-m", "deliverability", "compare", "rows.csv", *asked]
    found = {
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2", "3")
    }

    assert len(found) == 1
