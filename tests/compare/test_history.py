"""Saved audits: which of a folder belong to a comparison, and what in it is none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from deliverability.compare.result import Comparison, Day, Question
from deliverability.document import to_json
from deliverability.history import NoHistory, around, audits_around, history, read
from deliverability.intake.paths import MissingPath
from deliverability.intake.trouble import Troubles
from support import comparisons, samples


def keep(folder: Path, day: str, *, name: str = "", domain: str = samples.DOMAIN) -> Path:
    audit = samples.in_trouble()
    audit = replace(audit, started_at=f"{day}T09:00:00Z", subject=replace(audit.subject, domain=domain))
    path = folder / (name or f"{day}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(audit))
    return path


def changed(*days: str, washout: int = 14) -> Comparison:
    made = comparisons.comparison()
    return replace(
        made, question=Question(mode="change", changes=tuple(Day(date=d) for d in days), washout_days=washout)
    )


def days(folder: Path, comparison: Comparison) -> tuple[str, str]:
    before, after = audits_around(str(folder), comparison)
    return before.started_at[:10], after.started_at[:10]


def test_the_last_before_the_change_and_the_first_after_the_washout(tmp_path: Path) -> None:
    for day in ("2026-07-01", "2026-08-03", "2026-08-04", "2026-08-10", "2026-08-18", "2026-09-01"):
        keep(tmp_path, day)

    assert days(tmp_path, changed("2026-08-04")) == ("2026-08-03", "2026-08-18")
    assert days(tmp_path, changed("2026-08-04", washout=0)) == ("2026-08-03", "2026-08-10")


def test_of_several_changes_the_first_and_the_last_count(tmp_path: Path) -> None:
    for day in ("2026-07-01", "2026-08-10", "2026-08-20", "2026-09-20"):
        keep(tmp_path, day)

    assert days(tmp_path, changed("2026-08-04", "2026-08-15")) == ("2026-07-01", "2026-09-20")


def test_within_the_washout_the_last_one_serves_where_there_is_no_later(tmp_path: Path) -> None:
    for day in ("2026-07-01", "2026-08-05", "2026-08-06"):
        keep(tmp_path, day)

    assert days(tmp_path, changed("2026-08-04")) == ("2026-07-01", "2026-08-06")


def test_without_a_date_the_sides_of_the_comparison_count(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-12-31"):
        keep(tmp_path, day)
    made = comparisons.comparison()
    made = replace(
        made,
        question=Question(mode="two_sets"),
        before=replace(made.before, start="2026-02-01", end="2026-03-01"),
        after=replace(made.after, start="2026-04-01", end="2026-05-01"),
    )

    assert days(tmp_path, made) == ("2026-01-01", "2026-12-31")
    undated = replace(made, before=replace(made.before, start="", end=""), after=replace(made.after, start="", end=""))
    assert around(history(str(tmp_path)), undated) == (None, None)


@pytest.mark.parametrize(("day", "side"), [("2026-08-10", "before"), ("2026-08-01", "after")])
def test_a_time_without_an_audit_is_named(tmp_path: Path, day: str, side: str) -> None:
    keep(tmp_path, day)

    with pytest.raises(NoHistory, match=f"no audit {side} the change"):
        audits_around(str(tmp_path), changed("2026-08-04"))


def test_lines_and_folders_below_are_read(tmp_path: Path) -> None:
    first = keep(tmp_path, "2026-07-01", name="deep/er/one.json").read_text()
    second = keep(tmp_path, "2026-09-01", name="two.json")
    lines = [json.dumps(json.loads(text)) for text in (first, second.read_text())]
    second.unlink()
    (tmp_path / "both.jsonl").write_text("\n".join(lines) + "\n\n")

    assert [(one.day, one.number) for one in history(str(tmp_path))] == [
        (date(2026, 7, 1), 0), (date(2026, 7, 1), 0), (date(2026, 9, 1), 1),
    ]  # fmt: skip
    assert read(history(str(tmp_path))[-1]).started_at == "2026-09-01T09:00:00Z"


def test_what_is_no_audit_is_counted_and_other_documents_are_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "2026-07-01")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "plan.json").write_text('{"schema": "deliv.plan/1"}')
    for name, text in {
        "a": "{",
        "b": "[]",
        "c": '{"schema": 3}',
        "d": '{"schema": "deliv.audit/1", "started_at": "soon", "subject": {"domain": "a"}}',
        "e": '{"schema": "deliv.audit/1", "subject": []}',
    }.items():
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "f.json").write_bytes(b"\xff\xfe")
    (tmp_path / "g.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    troubles = Troubles()

    assert len(history(str(tmp_path), troubles=troubles)) == 1
    assert troubles.count == 8


def test_a_domain_has_to_be_named_where_there_are_several(tmp_path: Path) -> None:
    keep(tmp_path, "2026-07-01")
    keep(tmp_path, "2026-07-02", domain="other.example")

    assert [one.domain for one in history(str(tmp_path), "other.example")] == ["other.example"]
    with pytest.raises(NoHistory, match="audits of 2 domains"):
        history(str(tmp_path))
    with pytest.raises(NoHistory, match=r"no audit of third\.example"):
        history(str(tmp_path), "third.example")


def test_a_folder_without_audits_or_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoHistory, match="no audit is kept there"):
        history(str(tmp_path))
    with pytest.raises(MissingPath):
        history(str(tmp_path / "absent"))


def test_an_audit_that_is_damaged_within_is_named(tmp_path: Path) -> None:
    path = keep(tmp_path, "2026-07-01")
    found = history(str(tmp_path))[0]
    plain = json.loads(path.read_text())
    del plain["verdict"]
    path.write_text(json.dumps(plain))

    with pytest.raises(NoHistory, match=r"2026-07-01\.json: a damaged deliv audit"):
        read(found)
    path.unlink()
    with pytest.raises(NoHistory, match=r"2026-07-01\.json"):
        read(found)
