"""The formats of code hosts from the command line: by name, by suffix, from a stored audit."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deliverability.cli import run

ZONE = '$ORIGIN shop.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ TXT "v=spf1 +all"\n'
AUDIT = ("audit", "shop.test", "--zone", "shop.zone", "--select", "spf-*")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own, with a zone file in it."""
    monkeypatch.chdir(tmp_path)
    Path("shop.zone").write_text(ZONE)
    return tmp_path


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("sarif", '{"$schema":"https://'),
        ("junit", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("gitlab", "[\n{"),
        ("github", "::error title=spf-all::shop.test: "),
        ("markdown", "## The gate is closed\n"),
        ("csv", "domain,check,outcome,"),
    ],
)
def test_an_audit_is_written_in_each_format(form: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*AUDIT, "-f", form, "-q"]) == 0
    assert capsys.readouterr().out.startswith(begins)


def test_suffixes_name_formats_and_files_are_named_from_here(here: Path) -> None:
    zone = str(here / "shop.zone")
    files = [part for name in ("a.sarif", "a.xml", "a.md", "a.csv", "a.json") for part in ("-o", name)]

    assert run(["audit", "shop.test", "--zone", zone, "--select", "spf-*", *files]) == 0

    log = json.loads(Path("a.sarif").read_text())
    places = {json.dumps(one["locations"]) for one in log["runs"][0]["results"]}
    assert {'"uri": "shop.zone"' in place for place in places} == {True}
    assert str(here) not in "".join(Path(f"a.{suffix}").read_text() for suffix in ("sarif", "xml", "md", "csv"))
    assert ET.parse("a.xml").getroot().tag == "testsuites"
    rows = list(csv.DictReader(io.StringIO(Path("a.csv").read_text())))
    findings = json.loads(Path("a.json").read_text())["findings"]
    assert [(row["check"], row["outcome"]) for row in rows] == [(f["check"], f["outcome"]) for f in findings]
    assert {row["domain"] for row in rows} == {"shop.test"}


def test_a_stored_audit_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*AUDIT, "-o", "a.json", "-o", "a.sarif", "-o", "a.xml"]) == 0

    for form, file in (("sarif", "a.sarif"), ("junit", "a.xml")):
        assert run(["render", "a.json", "-f", form]) == 0
        assert capsys.readouterr().out == Path(file).read_text()


def test_what_closes_the_gate_of_an_audit_is_what_makes_it_fail(capsys: pytest.CaptureFixture[str]) -> None:
    faults = ("--select", "spf-duplicate-terms")
    Path("shop.zone").write_text(ZONE.replace("+all", "a a -all"))
    assert run(["audit", "shop.test", "--zone", "shop.zone", *faults, "-f", "junit", "--fail-on", "low"]) == 1
    assert capsys.readouterr().out.count("<failure") == 1

    assert run(["audit", "shop.test", "--zone", "shop.zone", *faults, "-f", "junit", "--fail-on", "high"]) == 0
    assert capsys.readouterr().out.count("<failure") == 0


def test_several_domains_stand_in_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "shop.test", "www.shop.test", "--zone", "shop.zone", "--select", "spf-*", "-f", "junit"]) == 0

    root = ET.fromstring(capsys.readouterr().out.encode())
    assert [suite.get("name") for suite in root] == ["shop.test", "www.shop.test"]


def test_markdown_is_utf_8_whatever_the_terminal_speaks() -> None:
    command = [sys.executable, "-m", "deliverability", *AUDIT, "-f", "markdown", "--lang", "ko"]

    done = subprocess.run(command, capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii"}, timeout=60)

    assert "판정" in done.stdout.decode()
    assert done.returncode == 0


def test_an_unknown_format_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*AUDIT, "-f", "checkstyle"]) == 2
    assert run([*AUDIT, "-o", "a.tap"]) == 2
    assert "a.tap: the suffix names no format" in capsys.readouterr().err


def test_one_run_annotates_on_stdout_and_writes_each_file_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    files = ("-o", "a.sarif", "-o", "gl-code-quality-report.json", "-o", "summary")

    assert run([*AUDIT, "-f", "github", "-o", "-", *files]) == 0

    assert capsys.readouterr().out.startswith("::error ")
    assert "runs" in json.loads(Path("a.sarif").read_text())
    assert json.loads(Path("gl-code-quality-report.json").read_text())[0]["check_name"] == "spf-all"
    assert Path("summary").read_text().startswith("::error ")


def test_without_stdout_a_format_is_that_of_every_file() -> None:
    assert run([*AUDIT, "-f", "csv", "-o", "a.json", "-o", "b.txt"]) == 0
    assert Path("a.json").read_text() == Path("b.txt").read_text()
