"""`deliv ingest`: events kept each once; what it says, how it ends, and that nobody's address comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from deliverability.cli import run
from deliverability.events.reading.load import Loader
from deliverability.privacy import Pseudonyms
from support.commands import told
from support.sending import event, events, lines, put, table


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIV_KEY", raising=False)
    monkeypatch.delenv("DELIV_DEBUG", raising=False)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    return told(capsys, "ingest", *arguments, code=code)


@pytest.mark.parametrize("place", ["kept.duckdb", "kept"])
def test_what_was_added_and_what_was_known(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("in/a.json", lines(events(1000)))
    put("in/b.csv", table(events(100, 950)) + b"x@b.example,delivered,,e,m\n")
    assert said(capsys, "in", "--into", place) == (
        f"1,050 events added to {place}, 50 were there already or came twice, 1 bad (1,101 rows in 2 files)\n"
    )
    assert said(capsys, "in", "--into", place) == (
        f"0 events added to {place}, 1,100 were there already or came twice, 1 bad (1,101 rows in 2 files)\n"
    )
    assert run(["rates", place, "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["delivered"] == 1050


def test_numbers_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    put("a", lines(events(1)))
    assert said(capsys, "a", "--into", "k") == "1 event added to k (1 row in 1 file)\n"


def test_one_row_of_several_events(capsys: pytest.CaptureFixture[str]) -> None:
    mail = {"timestamp": "2026-11-18T10:00:00Z", "messageId": "m", "destination": ["a@b.example", "c@b.example"]}
    delivery = {"timestamp": "2026-11-18T10:00:01Z", "recipients": mail["destination"]}
    put("a", json.dumps({"eventType": "Delivery", "mail": mail, "delivery": delivery}).encode())
    assert said(capsys, "a", "--into", "k").startswith("2 events added to k (1 row in 1 file)")


def test_the_users_key_makes_the_pseudonyms(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a", lines([event(1, email="Ann@B.example")]))
    monkeypatch.setenv("DELIV_KEY", "the user's own")
    said(capsys, "a", "--into", "k.duckdb")
    assert not Path("k.duckdb.key").exists()
    with duckdb.connect("k.duckdb", read_only=True) as kept:
        (found,) = kept.execute("SELECT recipient FROM deliv_event").fetchall()
    assert found == (f"{Pseudonyms(b'the user' + bytes([39]) + b's own').of('ann@b.example')}@b.example",)


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    put("bad", b'{"email":"given.name@b.example","event":"open"}\n' * 3)
    put("good", lines(events(4)))
    assert run(["ingest", "good", "bad", "--source", "sendgrid", "--into", "k"]) == 0
    assert run(["ingest", "good", "bad", "--source", "sendgrid", "--into", "k", "--max-bad-share", "0.2"]) == 3
    assert run(["ingest", "bad", "--into", "k", "--source", "sendgrid", "--rejects", "r.ndjson"]) == 3
    assert run(["ingest", put("none", b""), "--into", "k"]) == 3
    out, err = capsys.readouterr()
    assert "3 could not be read (3 no-time)" in err
    assert "given.name" not in out + err + Path("r.ndjson").read_text()
    assert len(Path("r.ndjson").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--into", "k"], "nowhere: no such file or folder"),
        (["a"], "--into"),
        (["a", "--into", "a"], "a: is a file; a store is a file whose name ends in .duckdb, or a folder"),
        (["a", "--into", "other"], "other: a folder that holds something else"),
        (["a", "--into", "other.duckdb"], "other.duckdb: a DuckDB file that deliv did not make"),
        (["a", "--into", "old.duckdb"], "old.duckdb: a store of another version of deliv"),
        (["a", "--into", "text.duckdb"], "text.duckdb: cannot be opened as a store"),
        (["a", "--into", "none/k.duckdb"], "none/k.duckdb: cannot be opened as a store"),
        (["a", "--into", "s3://bucket/k.duckdb"], "cannot be opened as a store"),
        (["a", "--into", "/"], "/: no place for a store"),
        (["a", "--into", "closed/k"], "closed"),
        (["a", "--into", "k", "--source", "nobody"], "no such source"),
        (["a", "--into", "k", "--timezone", "Mars"], "no such time zone"),
        (["a", "--into", "k", "--config", "none"], "none: No such file"),
    ],
)
def test_bad_input_is_one_line(arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("a", lines(events(2)))
    put("other/mine.txt", b"x")
    put("closed", b"a file in the place of a folder")
    put("text.duckdb", b"no database")
    if "other.duckdb" in arguments:
        with duckdb.connect("other.duckdb") as other:
            other.execute("CREATE TABLE t AS SELECT 1 AS a")
    if "old.duckdb" in arguments:
        with duckdb.connect("old.duckdb") as old:
            old.execute("CREATE TABLE deliv_store AS SELECT 0 AS version; CREATE TABLE deliv_event AS SELECT 1 AS a")
    assert run(["ingest", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "internal error" not in err
    assert len(err.splitlines()) == (4 if err.startswith("Usage") else 1)


def test_an_interrupt_ends_it_quietly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put("a", lines(events(2)))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Loader, "load", interrupted)
    assert run(["ingest", "a", "--into", "k"]) == 130
    assert list((tmp_path / "tmp").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert run(["ingest", "a", "--into", "k"]) == 0
