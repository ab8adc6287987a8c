"""`deliv dmarc`: reports wherever they lie, in every form of output; what cannot be read is named, the rest goes on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from support.aggregate import BEGIN, DAY, put, record, report
from support.commands import written

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, with an empty one for reports in it."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()


def deliv(*arguments: str, code: int = 0) -> Json:
    """The document of `deliv dmarc in` with `arguments`, held to its schema."""
    return written("dmarc", "dmarc", *(arguments or ("in",)), code=code)


def mail(content: bytes, name: str = "r.xml.gz", kind: str = "gzip") -> bytes:
    message = EmailMessage()
    message["From"] = "noreply@receiver.example"
    message["To"] = "given.name@example.com"
    message["Subject"] = "Report domain: example.com"
    message.set_content("A report.")
    message.add_attachment(content, maintype="application", subtype=kind, filename=name)
    return message.as_bytes()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.xml", content)
    return file.getvalue()


def numbered(number: int) -> bytes:
    return report(record(count=10**number), number=number).encode()


def test_reports_are_found_wherever_they_lie() -> None:
    Path("in/plain").write_bytes(numbered(0))
    Path("in/small.gz").write_bytes(gzip.compress(numbered(1)))
    Path("in/two.zip").write_bytes(zipped(a=numbered(2), b=numbered(3)))
    Path("in/one.eml").write_bytes(mail(gzip.compress(numbered(4))))
    Path("in/Maildir/cur").mkdir(parents=True)
    Path("in/Maildir/new").mkdir()
    Path("in/Maildir/tmp").mkdir()
    Path("in/Maildir/cur/1:2,S").write_bytes(mail(zipped(c=numbered(5)), "r.zip", "zip"))
    Path("in/Maildir/tmp/2").write_bytes(mail(gzip.compress(numbered(9))))
    box = b"".join(
        b"From reports@receiver.example Sat Nov 21 02:00:00 2026\n" + mail(content, "r", "octet-stream") + b"\n"
        for content in (numbered(6), gzip.compress(numbered(7)))
    )
    Path("in/box").write_bytes(box)
    Path("in/again.gz").write_bytes(gzip.compress(gzip.compress(numbered(0))))
    found = deliv()

    assert found["totals"]["messages"] == 11_111_111
    assert found["input"] == {
        "files": 7,
        "reports": 8,
        "duplicates": 1,
        "left_out": 0,
        "other": 0,
        "bad": 0,
    }


def test_reports_come_through_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "deliverability", "dmarc", "-", "-f", "json"]
    done = subprocess.run(command, input=gzip.compress(numbered(3)), capture_output=True, check=True)

    assert json.loads(done.stdout)["totals"]["messages"] == 1000
    assert done.stderr == b""


def test_what_is_refused_is_named_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    put(Path("in"), "good", report(record(count=5), number=7))
    Path("in/bomb.xml").write_text('<!DOCTYPE f [<!ENTITY a "b">]><feedback>&a;</feedback>')
    Path("in/half.xml").write_bytes(numbered(3)[:-30])
    Path("in/half.gz").write_bytes(gzip.compress(bytes(range(128, 227)) + numbered(3))[:-30])
    Path("in/note.txt").write_text("hello")
    Path("in/two.zip").write_bytes(zipped(readme=b"<html/>", good=numbered(1)))
    found = deliv("in", "--rejects", "bad.ndjson")

    assert found["totals"]["messages"] == 15
    assert {row["file"]: row["reason"] for row in found["bad"]} == {
        "in/bomb.xml": "doctype",
        "in/half.gz": "no-report",
        "in/half.xml": "truncated",
        "in/note.txt": "no-report",
        "in/two.zip!readme.xml": "not-a-report",
    }
    assert found["input"]["bad"] == 5
    assert [json.loads(line)["file"] for line in Path("bad.ndjson").read_text().splitlines()] == [
        row["file"] for row in found["bad"]
    ]
    assert "5 could not be read" in capsys.readouterr().err


@pytest.mark.parametrize(("share", "code"), [("0", 3), ("0.49", 3), ("0.5", 0), ("1", 0)])
def test_too_much_that_cannot_be_read_is_no_ground_for_a_claim(share: str, code: int) -> None:
    put(Path("in"), "r", report(record()), report(record(), number=2), "x", "<html/>")

    assert deliv("in", "--max-bad-share", share, code=code)["totals"]["reports"] == 2


@pytest.mark.parametrize("files", [[], ["<html/>"]])
def test_where_no_report_was_readable_there_is_a_document_all_the_same(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put(Path("in"), "r", *files)
    found = deliv("in", "--simulate", "reject", code=3)

    assert found["sources"] == []
    assert found["window"] == {"from": None, "to": None}
    assert found["totals"]["messages"] == 0
    assert "no DMARC report could be read" in capsys.readouterr().err
    assert run(["dmarc", "in"]) == 3
    assert "No DMARC report could be read." in capsys.readouterr().out


def test_tls_reports_in_the_same_mailbox_are_passed_over() -> None:
    put(Path("in"), "r", report(record()))
    Path("in/tls.json").write_text('{"organization-name": "x", "policies": []}')
    Path("in/other.json").write_text('{"a": 1}')
    found = deliv()

    assert (found["input"]["other"], found["input"]["bad"]) == (1, 1)
    assert [row["reason"] for row in found["bad"]] == ["not-a-report"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no such file"),
        (["in", "--sp", "none"], "--sp goes with --simulate"),
        (["in", "--overlay", "proposed.zone"], "--overlay needs the domain"),
        (["in", "--zone", "published.zone"], "--zone goes with --overlay"),
        (["in", "--domain", "example.com", "--overlay", "nowhere.zone"], "nowhere.zone"),
        (["in", "--aspf", "s"], "--aspf goes with --simulate"),
        (["in", "--resolver", "192.0.2.53"], "--resolver goes with --resolve"),
        (["in", "--declared", "10.0.0.0/99"], "not a network"),
        (["in", "--domain", "not a domain"], "not a domain name"),
        (["in", "--since", "2026-11-31"], "not a date"),
        (["in", "--since", "2026-11-02", "--until", "2026-11-01"], "no day is both"),
        (["in", "--resolve", "--resolver", "nonsense:x"], "nonsense"),
        (["in", "-o", "x.html"], "json"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    put(Path("in"), "r", report(record()))

    assert run(["dmarc", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1


def test_the_options_reach_the_document() -> None:
    put(
        Path("in"),
        "r",
        report(record("192.0.2.9", 3, by_dkim="fail", by_spf="fail", header_from="a.example.com")),
        report(record(), begin=BEGIN + DAY),
        report(record(), domain="example.net"),
    )
    asked = ("--domain", "example.com", "--until", "2026-11-01", "--declared", "192.0.2.9")
    found = deliv("in", *asked, "--simulate", "quarantine", "--sp", "reject", "--np", "reject", "--adkim", "s")

    assert found["input"]["left_out"] == 2
    assert found["declared"] == ["192.0.2.9"]
    assert found["sources"][0]["category"] == "declared"
    assert found["simulation"]["policy"] == {
        "p": "quarantine",
        "sp": "reject",
        "np": "reject",
        "adkim": "s",
        "aspf": None,
    }
    assert found["simulation"]["hit"]["rejected"] == 3


def test_the_table_has_a_row_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    put(Path("in"), "r", report(record(count=7), record("192.0.2.2", 3, by_spf="fail")))

    assert run(["dmarc", "in", "-f", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["ip"], row["messages"], row["both"], row["dkim_only"]) for row in rows] == [
        ("192.0.2.1", "7", "7", "0"),
        ("192.0.2.2", "3", "0", "3"),
    ]
    assert rows[0]["auth_domains"] == "dkim=pass example.com; spf=pass example.com"


HOSTILE = "\u202egnp.exe\x9b31m\x7f\u2066"


def test_hostile_text_is_spelled_out_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    row = record(header_from=HOSTILE, auth="") + record("192.0.2.2", header_from=f"x.{HOSTILE}")
    put(Path("in"), "r", report(row, org=HOSTILE, domain=HOSTILE, published=f"<p>{HOSTILE}</p>"), f"<{'x' * 30}/>")
    Path(f"in/{HOSTILE}.xml").write_text("<html/>")
    Path("in/x.json").write_text(HOSTILE)
    for form in ("text", "json", "csv"):
        assert run(["dmarc", "in", "-f", form, "--simulate", "reject"]) == 0
        shown = capsys.readouterr()
        assert {c for c in shown.out + shown.err if not c.isprintable()} == {"\n"}


def test_no_address_of_a_person_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    row = record(header_from="given.name@example.com")
    row = row.replace("<header_from>", "<envelope_to>other.name@example.net</envelope_to><header_from>")
    put(Path("in"), "r", report(row, org="third.name@receiver.example"), "<a.name@example.org/>")
    for form in ("text", "json", "csv"):
        assert run(["dmarc", "in", "-f", form, "--rejects", "bad"]) == 0
        shown = capsys.readouterr()
        assert "name@" not in shown.out + shown.err + Path("bad").read_text()
        assert "example.com" in shown.out


def test_a_person_reads_sentences_then_tables(capsys: pytest.CaptureFixture[str]) -> None:
    put(
        Path("in"),
        "r",
        report(
            record(count=900),
            record("192.0.2.2", 50, by_spf="fail"),
            record("192.0.2.3", 50, by_dkim="fail", by_spf="fail", disposition="reject"),
        ),
        report(record(), begin=BEGIN + DAY),
        "<html/>",
    )
    assert run(["dmarc", "in", "--simulate", "reject"]) == 0
    text = capsys.readouterr().out

    assert text.startswith("95.0 % of 1,001 messages pass DMARC\n2 reports · 2026-11-01 to 2026-11-02 (UTC)")
    assert "By SPF and DKIM 90.0 %, by DKIM alone 5.0 %, by SPF alone 0.0 %, by neither 5.0 %." in text
    assert "Under p=reject: 50 messages from 1 source would be hit" in text
    assert "1 source that fail" not in text
    assert "2026-11-02         1  100.0 %" in text
    assert "in/r2.xml: not-a-report its root is <html>" in text
    assert max(map(len, text.split("\n"))) <= 100


def test_a_full_disk_leaves_no_half_document() -> None:
    put(Path("in"), "r", report(record()))

    assert run(["dmarc", "in", "-o", "nowhere/x.json"]) == 2
    assert run(["dmarc", "in", "-f", "json", "-o", "/dev/full"]) == 2
    assert run(["dmarc", "in", "--rejects", "nowhere/x"]) == 2


@pytest.mark.parametrize("sign", ["@", "%40", "\uff20", "\\u0040"])
def test_an_address_in_the_place_of_any_name_or_word_is_shown_in_no_form(sign: str) -> None:
    address = f"given.name{sign}people.example"
    entry = report(record()).replace("<p>", f"<sp>mailto:{address}</sp><np>{address}</np><p>", 1)
    for place in ("org_name", "domain", "header_from", "envelope_from", "result", "type"):
        entry = re.sub(rf"(?<=<{place}>)[^<]*", address.replace("\\", r"\\"), entry)
    Path("in", "a.xml").write_text(entry, encoding="utf-8")

    assert run(["dmarc", "in", "-o", "o.json", "-o", "o.csv", "-o", "o.txt"]) == 0

    for form in ("json", "csv", "txt"):
        shown = Path(f"o.{form}").read_text(encoding="utf-8")
        assert "people.example" in shown
        assert "given" not in shown


PUBLISHED = """$ORIGIN example.com.
@ 300 SOA ns hostmaster 1 7200 900 1209600 300
@ 300 TXT "v=spf1 ip4:192.0.2.1 ip4:198.51.100.7 -all"
"""


def test_proposed_records_name_who_would_lose_what(capsys: pytest.CaptureFixture[str]) -> None:
    Path("published.zone").write_text(PUBLISHED, encoding="utf-8")
    Path("proposed.zone").write_text('example.com. 300 TXT "v=spf1 ip4:192.0.2.1 -all"\n', encoding="utf-8")
    put(Path("in"), "r", report(record("192.0.2.1", 900), record("198.51.100.7", 40, by_dkim="fail")))
    asked = ["in", "--domain", "example.com", "--zone", "published.zone", "--overlay", "proposed.zone"]

    change = deliv(*asked)["change"]

    assert [(one["address"], one["spf"], one["least"], one["most"]) for one in change["senders"]] == [
        ("198.51.100.7", "lost", 40, 40)
    ]
    assert run(["dmarc", *asked]) == 0
    assert "As proposed: 40 of 940 messages that pass DMARC would no longer" in capsys.readouterr().out
