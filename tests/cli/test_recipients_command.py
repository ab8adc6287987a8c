"""`deliv recipients`: the report, the document, the exit codes; bad input is one line, and no address is anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deliverability.cli import run
from support.commands import written
from support.sending import NOW, event, lines, put

Json = dict[str, Any]
SECRET = ("given.name", "secret", "비밀", "o'hara")
"""What stands before the sign in every address of these tests."""
ZONE = """
$ORIGIN example.com.
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ TXT "v=spf1 mx -all"
@ MX 10 mail
mail A 192.0.2.1
null MX 0 .
"""
HOSTILE = (
    "name,email\n"
    "Kim,given.name1@example.com\nKim,GIVEN.NAME1@Example.com\nLee,secret two@example.com\n"
    "Park,secret3@null.example.com\nChoi,secret4@gone.example.com\n,secret5@gmial.com\n"
    "<secret6@example.com>\n=cmd|'/c',given.name7@example.com\nNul,sec\0ret8@example.com\nsecret9@example.com\n"
    "이,비밀10@example.com\nHan,o'hara11@example.com\nJo,secret12@example.com;secret13@example.com\n"
    '"unclosed,secret14@example.com\nYoon,secret15@[192.0.2.1]\nEsc,\x1b[31msecret16@example.com\n'
).encode() + "Müller,secret17@example.com\n".encode("cp1252")


JUNK = Random(1).randbytes(5_000)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIV_KEY", raising=False)
    monkeypatch.delenv("DELIV_DEBUG", raising=False)
    put("example.zone", ZONE.encode())


def document(*arguments: str, code: int = 0) -> Json:
    """What `deliv recipients` writes as JSON, held to its schema."""
    return written("recipients", "recipients", *arguments, code=code)


def outcomes(found: Json) -> dict[str, str]:
    return {one["check"]: one["outcome"] for one in found["findings"]}


def emails(*addresses: str) -> str:
    return put("list.csv", ("email\n" + "".join(f"{one}\n" for one in addresses)).encode())


def test_the_document_has_counts_domains_and_findings() -> None:
    found = document(put("list.csv", HOSTILE), "--zone", "example.zone", "--domain", "Example.COM")

    assert found["subject"] == "example.com"
    assert found["input"]["rows"] == 17
    assert found["input"]["encodings"] == {"utf-8": 17, "windows-1252": 1}
    assert found["input"]["bad_reasons"] == {"too-few-columns": 2}
    assert found["addresses"]["duplicates"] == 1
    assert [one["domain"] for one in found["domains"]["dead"]] == ["gone.example.com", "null.example.com"]
    assert [(one["domain"], one["meant"]) for one in found["domains"]["slips"]] == []
    assert outcomes(found) == {
        "recipients-syntax": "fail",
        "recipients-domain": "fail",
        "recipients-disposable": "fail",
        "recipients-role": "pass",
        "recipients-typo-domain": "pass",
        "recipients-duplicates": "fail",
        "recipients-suppressed": "unknown",
        "recipients-expected-bounce": "not_applicable",
    }


def test_no_address_is_in_any_output(capsys: pytest.CaptureFixture[str]) -> None:
    put("list.csv", HOSTILE)
    put("gone.csv", b"email\nsecret4@gone.example.com\nsecret no address\n")
    put("events.ndjson", lines([event(1), event(2, "bounce", reason="550 5.1.1 <given.name2@gmail.com> unknown")]))
    given = ["list.csv", "--suppressions", "gone.csv", "--events", "events.ndjson", "--zone", "example.zone"]

    for more in (["-v"], ["-f", "json"], ["-o", "a.json", "-o", "a.txt", "--rejects", "bad.ndjson", "-v"]):
        run(["recipients", *given, *more])
    run(["audit", "example.com", "--zone", "example.zone", "--recipients", "list.csv", "-o", "b.json", "-o", "b.html"])
    for wrong in (["--column", "secret18@example.com"], ["--column", "9"], ["--disposable", "list.csv"]):
        run(["recipients", "list.csv", "--no-dns", *wrong])
    run(["recipients", put("odd.csv", b"id,secret19@example.com name\n1,2\n"), "--no-dns"])

    texts = [
        *capsys.readouterr(),
        *(path.read_text() for path in Path().glob("[ab]*.*") if path.name != "events.ndjson"),
    ]
    assert len(texts) == 7
    for text in texts:
        assert [word for word in SECRET if word in text.lower()] == []


def test_the_report_says_what_was_read_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipients", put("list.csv", HOSTILE), "--zone", "example.zone"]) == 0
    said = " ".join(capsys.readouterr().out.split())

    assert said.startswith("17 rows · send")
    assert "10 addresses · 9 of them distinct" in said
    assert "UTF-8 17" in said
    assert "Windows-1252 1" in said
    assert "gone.example.com: 1 address · there is no such domain" in said
    assert "null.example.com: 1 address · it says that it takes no mail" in said


def test_one_address_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    put("gone.csv", b"info@example.com\n")
    for rows in (["info@example.com"], ["Kim <info@example.com>"], ["g.n@gmail.com", "gn@gmail.com"]):
        assert run(["recipients", emails(*rows), "--no-dns", "--suppressions", "gone.csv", "-v"]) == 0
    said = " ".join(capsys.readouterr().out.split())

    for one in (
        "Every row that is not empty holds an address (1 row)",
        "Addresses of tasks, not of people: 1 of 1 address (100 %), past 10 %",
        "No address is at a disposable service (1 address)",
        "1 row leads to the mailbox of an earlier one",
    ):
        assert one in said
    assert said.count("Addresses that must be left alone: 1 of 1 address (100 %), past 1 %") == 4  # in the verdict too
    assert "1 addresses" not in said


def test_a_quiet_run_says_the_verdict_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipients", emails("a@example.com"), "--zone", "example.zone", "-q"]) == 0
    assert "recipients-" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], 0),
        (["--fail-on", "critical"], 1),
        (["--fail-on", "medium"], 1),
    ],
)
def test_a_suppressed_address_fails_where_it_is_to(more: list[str], code: int) -> None:
    put("gone.csv", b"a@example.com\n")
    arguments = [emails("a@example.com"), "--suppressions", "gone.csv", "--zone", "example.zone"]

    assert run(["recipients", *arguments, *more]) == code


def test_what_dns_did_not_tell_is_undetermined_and_what_nobody_asked_is_not() -> None:
    many = emails(*(f"given.name{n}@example.org" for n in range(60)))

    assert run(["recipients", many, "--zone", "example.zone", "-q"]) == 3
    assert run(["recipients", many, "--zone", "example.zone", "-q", "--fail-on", "high"]) == 3
    assert run(["recipients", many, "--no-dns", "-q"]) == 0


def test_a_policy_sets_the_lines() -> None:
    put("deliv.toml", b"[thresholds.recipients-duplicates]\nwarn = 0.001\nfail = 0.01\nminimum = 2\n")
    repeated = emails("a@example.com", "a@example.com", "b@example.com")

    assert run(["recipients", repeated, "--no-dns", "-q", "--fail-on", "medium"]) == 0
    assert run(["recipients", repeated, "--no-dns", "-q", "--fail-on", "medium", "--config", "deliv.toml"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file or folder"),
        (["list.csv", "--column", "mail adress"], "no such column: 'mail adress' (columns: email)"),
        (["list.csv", "--zone", "nowhere.zone"], "nowhere.zone: "),
        (["list.csv", "--zone", "example.zone", "--resolver", "192.0.2.1"], "does not go with --resolver"),
        (["list.csv", "--no-dns", "--zone", "example.zone"], "--no-dns asks nothing"),
        (["list.csv", "--no-dns", "--write-clean", "out.pdf"], "the suffix names no format"),
        (["list.csv", "--no-dns", "--write-clean", "list.csv"], "is the list itself"),
        (["-", "--no-dns", "--write-clean", "out.csv"], "name one file"),
        (["-", "-", "--no-dns"], "can be read only once"),
        (["list.csv", "--no-dns", "--disposable", "nowhere.txt"], "nowhere.txt: No such file"),
        (["list.csv", "--no-dns", "--domain", "a@b"], "not a domain name"),
        (["empty.csv", "--no-dns"], "empty.csv: no recipient could be read: there is no row"),
        (["empty.csv", "head.csv", "--no-dns"], "2 lists: no recipient could be read"),
        (["junk.csv", "--no-dns"], "junk.csv: not-text: a binary file: give the list as CSV"),
        (["junk.csv", "other.csv", "empty.csv", "--no-dns"], "as CSV (UTF-8), JSON lines or Parquet (and 1 more such"),
        (["list.csv", "--no-dns", "--events", "list.csv", "--source", "nobody"], "no such source"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    emails("a@example.com")
    put("empty.csv", b"")
    put("head.csv", b"email\n")
    put("junk.csv", JUNK)
    put("other.csv", JUNK)

    assert run(["recipients", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_rows_without_addresses_are_a_finding_and_no_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    put("names.txt", b"Kim\nLee\nPark\n")

    assert run(["recipients", "names.txt", "--no-dns", "--fail-on", "high"]) == 1
    assert "No row of the list holds an address (3 rows)" in " ".join(capsys.readouterr().out.split())


def test_a_list_that_nobody_can_get_is_not_to_be_mailed(capsys: pytest.CaptureFixture[str]) -> None:
    dead = emails("a@null.example.com", "b@gone.example.com")

    assert run(["recipients", dead, "--zone", "example.zone", "--fail-on", "high", "-q"]) == 1
    assert capsys.readouterr().out.startswith("2 rows · fix first")


def test_what_could_not_be_read_is_kept_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    put("list.csv", b"name,email\nKim,a@example.com\nLee\n")

    assert run(["recipients", "list.csv", "--no-dns", "--rejects", "bad.ndjson", "-q"]) == 0
    assert json.loads(Path("bad.ndjson").read_text()) == {
        "file": "list.csv",
        "line": 3,
        "reason": "too-few-columns",
        "detail": "",
        "text": "",
    }
    assert "list.csv:3: too-few-columns" in capsys.readouterr().err


def test_rows_are_written_back_whole() -> None:
    found = document(put("list.csv", HOSTILE), "--zone", "example.zone", "--write-clean", "clean.csv")

    text = Path("clean.csv").read_bytes().decode()
    assert text.startswith(
        "\ufeffname,email,deliv_reason\nKim,given.name1@example.com,\nKim,GIVEN.NAME1@Example.com,repeated\n"
    )
    assert "=cmd|'/c',given.name7@example.com,\n" in text
    assert text.endswith("Müller,secret17@example.com,\n")
    assert text.count("\n") == found["input"]["rows"] + 1
    assert found["cleaned"] == sum(not line.endswith(",") for line in text.splitlines()[1:])


def test_an_audit_is_given_a_list_and_its_replay_judges_the_same() -> None:
    many = [f"given.name{n}@example.com" for n in range(95)]
    emails(*many, *(f"a{n}@null.example.com" for n in range(5)))
    arguments = ["audit", "example.com", "--zone", "example.zone", "--recipients", "list.csv"]

    assert run([*arguments, "-o", "one.json", "--fail-on", "high"]) == 1
    assert run(["audit", "--replay", "one.json", "-o", "two.json"]) in {0, 3}
    one, two = (json.loads(Path(name).read_text()) for name in ("one.json", "two.json"))
    assert one["findings"] == two["findings"]
    assert one["subject"]["role"] == "sending"
    found = {each["check"]: each for each in one["findings"]}
    assert found["recipients-domain"]["severity"] == "high"
    assert found["recipients-domain"]["subject"] == "example.com"


def test_suppressions_go_with_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "example.com", "--zone", "example.zone", "--suppressions", "list.csv"]) == 2
    assert "--suppressions goes with --recipients" in capsys.readouterr().err


def test_the_clock_of_events_is_that_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NOW.tzinfo is not None
    put("events.ndjson", lines([event(n) for n in range(3)]))

    found = document(emails("Given.Name1@gmail.com", "new@gmail.com"), "--no-dns", "--events", "events.ndjson")

    assert (found["history"]["people"], found["history"]["met"]) == (3, 1)


def test_the_document_says_what_expected_bounces_rest_on() -> None:
    put("events.ndjson", lines([event(n) for n in range(60)]))
    many = [f"Given.Name{n}@gmail.com" for n in range(30)]
    new = [f"secret{n}@example.com" for n in range(40)]

    found = document(emails(*many, *new), "--no-dns", "--events", "events.ndjson")
    bounces = next(one for one in found["findings"] if one["check"] == "recipients-expected-bounce")
    day = found["history"]["start"][:10]
    assert [(row["name"], row["text"], row["note"]) for row in bounces["evidence"]] == [
        ("known to lead nowhere", "0 addresses", ""),
        ("the rest, new", "40 addresses", "0 of 60 such messages came back"),
        ("the rest, mailed before", "30 addresses", "no such mail is known"),
        ("the events known", f"{day} – {day}", ""),
    ]


def test_what_is_not_known_of_a_list_says_what_it_lacks() -> None:
    found = document(emails(*(f"given.name{n}@example.com" for n in range(60))), "--no-dns")

    assert {one["check"]: one["settle"] for one in found["findings"] if one["outcome"] == "unknown"} == {
        "recipients-domain": "Let DNS be asked: leave out --no-dns.",
        "recipients-suppressed": "Give the addresses that must be left alone (--suppressions), or the events of "
        "earlier mail (--events).",
        "recipients-expected-bounce": "Give the events of earlier mail to such addresses (--events).",
    }


def test_a_file_that_is_named_after_somebody_is_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    put("secret1@example.com.csv", b"name,email\nKim,secret2@example.com\nLee\n")
    put("secret3@example.com.csv", b"\xd0\xcf\x11\xe0 a spreadsheet")
    put("own.txt", b"throwaway.example\n")

    found = document("secret1@example.com.csv", "secret3@example.com.csv", "--no-dns", "--disposable", "own.txt")
    run(["recipients", "secret1@example.com.csv", "secret3@example.com.csv", "--no-dns"])
    said = json.dumps(found) + "".join(capsys.readouterr())
    assert found["options"]["disposable"] == "own.txt"
    assert found["options"]["no_dns"] is True
    assert [one["reason"] for one in found["input"]["refused"]] == ["spreadsheet"]
    assert not [name for name in SECRET if name in said]
