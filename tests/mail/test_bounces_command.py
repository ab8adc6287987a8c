"""`deliv bounces`: what it reads, what it writes where, and that nobody's address is in it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deliverability.api import bounces
from deliverability.bounces import BounceRow, Bounces
from deliverability.cli import run
from deliverability.intake.trouble import Troubles
from deliverability.privacy import Pseudonyms
from support.schemas import hold

HEAD = "From: MAILER-DAEMON@mx.example\nTo: news@shop.example\nReturn-Path: <>\nSubject: Undelivered Mail\n"
GONE = f"{HEAD}\nYour message could not be delivered.\n\n<ann.private@example.com>: 550 5.1.1 User unknown\n"
FULL = f"{HEAD}\nYour message could not be delivered.\n\n<bob.private@gmail.com>: 552 5.2.2 Mailbox full\n"
SPAM = f"{HEAD}\nYour message could not be delivered.\n\n<eve.private@example.net>: 554 5.7.1 Message is spam\n"
LATE = (
    f"{HEAD}\nYour message has not yet been delivered and will be retried.\n\n"
    "<ann.private@example.com>: 451 4.4.1 Connection timed out\n"
)
PRIVATE = f"{HEAD}\nThe message to <carl.private@\x1b[31mexample.com>, could not be delivered\n"
ORDINARY = "From: dora.private@example.com\nTo: news@shop.example\nSubject: Hello\n\nThanks for the wine.\n"
COMPLAINT = (
    'From: fbl@example.com\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\nSubject: '
    "FW: Wine\n\n"
    "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: "
    "carl.private@example.com\n\n--b--\n"
)
ALL = {"1.eml": GONE, "2.eml": FULL, "3.eml": SPAM, "4.eml": LATE, "5.eml": ORDINARY, "6.eml": COMPLAINT}
ADDRESS = re.compile(r"private|[\w.]+@(?:example|gmail|shop)")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with a folder of mails, and a key for pseudonyms."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DELIV_KEY", "key")
    Path("mails").mkdir()
    for name, text in ALL.items():
        Path("mails", name).write_text(text)
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON that the command writes."""
    assert run(["bounces", *arguments, "-f", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def lines(text: str) -> list[dict[str, Any]]:
    """JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_the_document_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "mails")

    assert found["totals"] == {
        "bounces": 4,
        "failed": 3,
        "delayed": 1,
        "hard": 1,
        "soft": 2,
        "block": 1,
        "none": 0,
        "complaints": 1,
    }
    assert found["input"] == {"files": 6, "mails": 6, "bounces": 4, "complaints": 1, "other": 1, "bad": 0}
    assert sum(row["bounces"] for row in found["reasons"]) == 4
    assert sum(row["share"] for row in found["reasons"]) == 1
    assert {row["provider"]: row["bounces"] for row in found["providers"]} == {"other": 3, "gmail": 1}
    hold("bounces", found)


def test_each_failed_recipient_is_a_line_and_the_sums_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", "mails", "-f", "jsonl"]) == 0
    out, err = capsys.readouterr()
    rows = lines(out)

    assert [row["file"] for row in rows] == [f"mails/{n}.eml" for n in (1, 2, 3, 4)]
    assert rows[0] == {
        "file": "mails/1.eml",
        "recipient": Pseudonyms(b"key").of("ann.private@example.com"),
        "recipient_domain": "example.com",
        "action": "failed",
        "status": "5.1.1",
        "reply_code": 550,
        "reason": "unknown_user",
        "persistence": "hard",
        "blame": "recipient",
        "confidence": "high",
    }
    assert rows[3]["recipient"] == rows[0]["recipient"]
    assert "4 recipients failed or are delayed" in err


def test_csv_has_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", "mails", "-f", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert [row["reason"] for row in rows] == ["unknown_user", "mailbox_full", "spam_content", rows[3]["reason"]]
    assert rows[1]["recipient_domain"] == "gmail.com"


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_no_output_holds_an_address(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mails", "7.eml").write_text(PRIVATE)
    Path("mails", "8.eml").write_text("carl.private@example.com is no mail")

    run(["bounces", "mails", "-f", form, "--rejects", "rejects", "--complaints", "complaints"])
    out, err = capsys.readouterr()

    for text in (out, err, Path("rejects").read_text(), Path("complaints").read_text()):
        assert text
        assert not ADDRESS.search(text), text
        assert "\x1b" not in text


def test_complaints_are_written_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", "mails", "--complaints", "complaints.jsonl"]) == 0
    (row,) = lines(Path("complaints.jsonl").read_text())

    assert (row["kind"], row["counts"], row["recipient_domain"]) == ("abuse", True, "example.com")
    assert "abuse" in capsys.readouterr().out


def test_archives_mboxes_and_standard_input_are_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mbox = "".join(f"From MAILER-DAEMON Thu Jan  1 00:00:00 2026\n{text}\n" for text in (GONE, FULL, SPAM))
    Path("one.mbox").write_text(mbox)
    Path("two").write_bytes(gzip.compress(mbox.encode()))
    with zipfile.ZipFile("three.zip", "w") as archive:
        archive.writestr("a.eml", GONE)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FULL.encode())))

    found = document(capsys, "one.mbox", "two", "three.zip", "-")

    assert found["totals"]["bounces"] == 8
    assert found["input"]["files"] == 4


def test_several_results_are_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", "mails", "-o", "rows.jsonl", "-o", "rows.csv", "-o", "sums.json", "-o", "-"]) == 0

    assert len(lines(Path("rows.jsonl").read_text())) == 4
    assert len(Path("rows.csv").read_text().splitlines()) == 5
    assert json.loads(Path("sums.json").read_text())["totals"]["bounces"] == 4
    assert capsys.readouterr().out.startswith("4 recipients")


def test_a_folder_without_bounces_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    Path("other").mkdir()
    Path("other", "a.eml").write_text(ORDINARY)

    assert document(capsys, "empty")["totals"]["bounces"] == 0
    assert document(capsys, "other")["input"]["other"] == 1


def test_too_much_that_cannot_be_read_is_no_ground_for_a_claim(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        Path("mails", f"bad{number}.eml").write_bytes(b"\x00\x01 no mail")
    Path("mails", "empty.eml").write_bytes(b"")

    assert run(["bounces", "mails", "-f", "json", "--rejects", "rejects"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["input"]["bad"] == 4
    assert [row["reason"] for row in lines(Path("rejects").read_text())] == ["not-a-mail"] * 3 + ["empty"]
    assert "4 could not be read" in err
    assert run(["bounces", "mails", "-f", "json", "--max-bad-share", "0.3"]) == 3
    assert run(["bounces", "mails/empty.eml"]) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        [],
        ["mails", "-f", "html"],
        ["mails", "-o", "nowhere/rows.csv"],
        ["mails", "--complaints", "nowhere/complaints"],
        ["mails", "--rejects", "nowhere/rejects"],
        ["mails", "-o", "/dev/full", "-f", "jsonl"],
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_library_gives_the_same_rows() -> None:
    found = Bounces(["mails"], troubles=Troubles(), pseudonyms=Pseudonyms(b"key"))
    rows = [row for row in found if isinstance(row, BounceRow)]

    assert [row.persistence for row in rows] == ["hard", "soft", "block", "soft"]
    assert found.document()["totals"]["bounces"] == len(rows)
    assert found.bad_share == 0


def test_the_function_gives_the_document_and_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[Any] = []
    troubles = Troubles()

    found = bounces(["mails"], pseudonyms=Pseudonyms(b"key"), troubles=troubles, on_row=rows.append)

    assert found == document(capsys, "mails")
    assert [row.file for row in rows] == [f"mails/{n}.eml" for n in (1, 2, 3, 4, 6)]
    assert rows[0].recipient == Pseudonyms(b"key").of("ann.private@example.com")
    assert troubles.count == 0
