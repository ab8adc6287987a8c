"""`deliv demo`: a sample sender before and after its repair, audited through real packets on loopback."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

import sample_mail
from deliverability.cli import run
from deliverability.demo import AFTER, BEFORE, DOMAIN, EVENTS, LETTER, NEIGHBOURS, REPORTS, Stage, demo
from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Outcome, Severity
from deliverability.lookup import ZoneResolver
from deliverability.policy.model import NAME
from deliverability.reports.layout import cells
from deliverability.verdict import Word
from support.shared import ROOT

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
FIRST = "deliv-demo-before.json"

FAULTS = {
    ("spf-include-resolves", "spf.surveys.example"): Severity.CRITICAL,
    ("spf-lookup-limit", DOMAIN): Severity.HIGH,
    ("spf-authorises", "203.0.113.70"): Severity.HIGH,
    ("dkim-key-size", f"shop2019._domainkey.{DOMAIN}"): Severity.MEDIUM,
    ("dmarc-effective-policy", DOMAIN): Severity.HIGH,
    ("dmarc-external-authorisation", f"{DOMAIN}._report._dmarc.dmarc-reports.example"): Severity.HIGH,
}
"""What is wrong with the sample before its repair, by check and subject."""


@dataclass(frozen=True)
class Tour:
    """What one `deliv demo` gave."""

    folder: Path
    code: int
    out: str
    err: str

    def file(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    folder = tmp_path_factory.mktemp("demo") / "a new folder"
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["demo", "-o", str(folder)])
    return Tour(folder, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def before(tour: Tour) -> Audit:
    return from_json(tour.file("deliv-demo-before.json"))


@pytest.fixture(scope="module")
def after(tour: Tour) -> Audit:
    return from_json(tour.file("deliv-demo-after.json"))


def faults(audit: Audit) -> dict[tuple[str, str], Severity]:
    return {(f.check, f.subject): f.severity for f in audit.findings if f.outcome is Outcome.FAIL}


def test_the_sample_has_its_faults(before: Audit) -> None:
    assert before.verdict.word is Word.DO_NOT_SEND
    assert faults(before).items() >= FAULTS.items()


def test_the_revoked_key_is_seen(before: Audit) -> None:
    [finding] = [f for f in before.findings if f.check == "dkim-revoked" and f.outcome is not Outcome.PASS]

    assert finding.subject == f"crm1._domainkey.{DOMAIN}"


def test_the_repair_mends_them_all(after: Audit) -> None:
    assert after.verdict.word is Word.SEND
    assert all("nothing to judge" in reason for reason in after.verdict.why_not_more_certain)
    assert faults(after) == {}


@pytest.mark.parametrize("check", ["spf-include-resolves", "spf-lookup-limit", "dmarc-external-authorisation"])
def test_the_records_to_publish_were_tried(before: Audit, check: str) -> None:
    [fix] = [f.fix for f in before.findings if f.check == check and f.outcome is Outcome.FAIL]

    assert fix is not None
    assert fix.reaudited
    assert fix.records


def test_every_question_was_answered_by_the_nameserver(before: Audit, after: Audit) -> None:
    answers = [*before.dns, *after.dns]

    assert [(a.name, a.rdtype, a.status) for a in answers if not a.answered] == []
    assert {a.source for a in answers} == {"127.0.0.1 (deliv demo)"}


def test_nothing_failed_in_deliv_itself(before: Audit, after: Audit) -> None:
    assert [f for f in (*before.findings, *after.findings) if f.outcome is Outcome.ERROR] == []


def test_the_tour_shows_the_report_the_change_and_the_verdict(tour: Tour) -> None:
    report, change, helped, verdict, gates = tour.out.split("/5  ")[1:]

    assert tour.code == 0
    assert f"{DOMAIN} · sending · do not send" in report
    assert "spf-lookup-limit" in report
    assert "Fixed" in change
    assert "Of +20.9 points, 4.1 come from delivery, 7.7 from human opens, 6.2 from machine opens" in " ".join(
        helped.split()
    )
    assert f"{DOMAIN} · sending · send" in verdict
    assert gates.index("gate closed · exit 1") < gates.index("gate open · exit 0")


def test_every_file_is_named_and_is_there(tour: Tour) -> None:
    named = [Path(line) for line in tour.out.splitlines() if "deliv-demo-" in line]

    assert sorted(named) == sorted(tour.folder.iterdir())
    assert [path.name for path in named] == [
        "deliv-demo-before.html",
        "deliv-demo-before.json",
        "deliv-demo-after.html",
        "deliv-demo-after.json",
        "deliv-demo-comparison.json",
    ]


def test_progress_goes_to_stderr(tour: Tour) -> None:
    assert tour.err.count("\n") == 1
    assert tour.err.strip() not in tour.out


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_pages_are_pages(tour: Tour, when: str) -> None:
    page = tour.file(f"deliv-demo-{when}.html")

    assert page.lower().startswith("<!doctype html>")
    assert DOMAIN in page


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_replay_gives_the_same_bytes(tour: Tour, tmp_path: Path, when: str) -> None:
    assert (
        run(["audit", "--replay", str(tour.folder / f"deliv-demo-{when}.json"), "-o", str(tmp_path / "again.json")])
        == 0
    )

    assert (tmp_path / "again.json").read_text(encoding="utf-8") == tour.file(f"deliv-demo-{when}.json")


def test_only_the_clock_tells_two_demos_apart(before: Audit, after: Audit) -> None:
    again = asyncio.run(demo(NOW))

    assert _timeless(again.before) == _timeless(before)
    assert _timeless(again.after) == _timeless(after)


def _timeless(audit: Audit) -> str:
    dns = tuple(replace(answer, ms=None) for answer in audit.dns)
    kept = tuple({**one, "at": ""} if one["kind"] == "message" else one for one in audit.observations)
    return to_json(replace(audit, started_at="", dns=dns, observations=kept))


def test_a_folder_that_cannot_be_made_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    code = run(["demo", "-o", str(tmp_path / "file")])

    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no directory can be made there" in err


def test_the_pages_say_what_happened_to_the_mail_and_who_sends(tour: Tour) -> None:
    before, after = tour.file("deliv-demo-before.html"), tour.file("deliv-demo-after.html")

    assert "1,486 of 10,000 sent" in before  # 14.86 %
    assert "3,573 of 10,000 sent" in after  # 35.73 %
    assert "SPF, DKIM or DMARC failed" in before
    assert "SPF, DKIM or DMARC failed" not in after
    assert "1 source that nobody declared" in before
    assert "that nobody declared: " not in after


def test_the_page_after_says_what_the_repair_did_to_the_mail(tour: Tour) -> None:
    after, comparison = (json.loads(tour.file(f"deliv-demo-{name}.json")) for name in ("after", "comparison"))

    assert after["comparison"] == comparison
    assert comparison["sentence"] in tour.file("deliv-demo-after.html")


def test_the_numbers_are_those_of_the_worked_example(tour: Tour) -> None:
    """design/compare.md §3, to the digits that ten thousand messages a side can have."""
    found = json.loads(tour.file("deliv-demo-comparison.json"))
    opened, delivered = found["metrics"]["opened_sent"], found["metrics"]["delivered_sent"]
    terms = {name: round(100 * term["value"], 2) for name, term in found["decomposition"].items()}

    assert (round(100 * opened["before"], 2), round(100 * opened["after"], 2)) == (14.86, 35.73)
    assert (round(delivered["before"], 3), round(delivered["after"], 3)) == (0.803, 0.982)
    assert terms == {"mix": 2.85, "delivery": 4.1, "human_opens": 7.68, "machine_opens": 6.24, "total": 20.87}
    assert found["grade"] == "E2"


def test_the_refusals_are_tied_to_the_records_that_cause_them(before: Audit) -> None:
    [finding] = [f for f in before.findings if f.check == "bounce-auth-rejections"]

    assert {"spf-lookup-limit", "spf-include-resolves"} <= {cause["check"] for cause in finding.data["causes"]}
    assert finding.data["codes"] == ["5.7.26", "5.7.515"]


def test_no_recipient_is_in_anything_that_is_written(tour: Tour) -> None:
    read = gzip.decompress((ROOT / "examples" / BEFORE.folder / EVENTS).read_bytes()).decode()
    recipients = {json.loads(line)["email"] for line in read.splitlines()}
    written = tour.out + tour.err + "".join(path.read_text(encoding="utf-8") for path in tour.folder.iterdir())

    assert len(recipients) > 500
    assert not {part for address in recipients for part in (address, address.partition("@")[0]) if part in written}


def test_without_duckdb_the_rest_is_shown_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    code = run(["demo", "-o", str(tmp_path)])

    page = (tmp_path / "deliv-demo-before.html").read_text(encoding="utf-8")
    lines = capsys.readouterr().err.splitlines()
    assert (code, len(lines)) == (0, 2)
    assert lines[1].startswith("Without the sample's events: events need DuckDB")
    assert "Who sends as this domain" in page
    assert "What happened to the mail" not in page


def test_without_dkimpy_the_rest_is_shown_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)  # the events take most of its time, and are no matter here
    monkeypatch.setattr("deliverability.mail.authenticate.verifier.find_spec", lambda _: None)

    code = run(["demo", "-o", str(tmp_path)])

    out, err = capsys.readouterr()
    assert code == 0
    assert [line for line in err.splitlines() if line.startswith("Without the sample's letter: ")] != []
    assert "--message is required, and none was given" in out
    assert "message-dkim" not in {f.check for f in from_json((tmp_path / FIRST).read_text()).findings if f.evidence}


def test_its_own_lines_are_in_the_language_of_the_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)  # the events take most of its time, and are no matter here

    code = run(["demo", "--lang", "ko", "-o", str(tmp_path)])

    out, err = capsys.readouterr()
    headings = {line: rule for line, rule in pairwise(out.splitlines()) if rule and set(rule) == {"-"}}
    assert (code, len(headings)) == (0, 5)
    assert [line for line in (*headings, err, out.splitlines()[-1]) if not re.search("[가-힣]", line)] == []
    assert [line for line, rule in headings.items() if len(rule) != cells(line)] == []


# examples/ by itself


def test_the_sample_s_mail_is_what_its_script_makes() -> None:
    assert sample_mail.stale() == []


def test_recipients_of_the_sample_are_pseudonyms() -> None:
    for stage in (BEFORE, AFTER):
        read = gzip.decompress((ROOT / "examples" / stage.folder / EVENTS).read_bytes()).decode()

        assert all(re.fullmatch(r"[0-9a-f]{16}@[a-z.]+", json.loads(line)["email"]) for line in read.splitlines())


def zone_files(stage: Stage) -> list[Path]:
    return sorted(path for folder in (stage.folder, NEIGHBOURS) for path in (ROOT / "examples" / folder).glob("*.zone"))


@pytest.mark.parametrize(
    "path", sorted({*zone_files(BEFORE), *zone_files(AFTER)}), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_zone_of_the_sample_reads_alone(path: Path) -> None:
    assert ZoneResolver.from_files([path]).origins


@pytest.mark.parametrize("stage", [BEFORE, AFTER], ids=lambda stage: stage.folder)
def test_the_zone_files_give_the_same_faults(
    stage: Stage, before: Audit, after: Audit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands that examples/ is for: whoever copies a zone and edits it audits it so."""
    live = {BEFORE: before, AFTER: after}[stage]
    zones = [part for path in zone_files(stage) for part in ("--zone", str(path))]
    selectors = [part for selector in stage.selectors for part in ("--selector", selector)]
    folder = ROOT / "examples" / stage.folder
    given = ["--events", str(folder / EVENTS), "--dmarc-reports", str(folder / REPORTS)]
    letter = ["--message", str(folder / LETTER), "--trust", "mx.mailbox.example"]
    policy = ["--config", str(ROOT / "examples" / NAME)]
    asked = [*zones, *selectors, "--ip", "203.0.113.70", *given, *letter, *policy]

    assert run(["audit", DOMAIN, *asked, "-f", "json"]) == 0
    assert faults(from_json(capsys.readouterr().out)) == faults(live)
    assert run(["gate", DOMAIN, *asked, "-q"]) == (1 if stage is BEFORE else 0)


def test_the_shops_zone_alone_can_be_audited(capsys: pytest.CaptureFixture[str]) -> None:
    """Its neighbours are then unknown, which is no fault of the shop's."""
    code = run(["audit", DOMAIN, "--zone", str(ROOT / "examples/before/vinotheque.example.zone"), "-f", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]

    assert code in {0, 3}
    assert {f["outcome"] for f in findings if f["check"] == "spf-include-resolves"} == {"unknown"}
