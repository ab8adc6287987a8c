"""Where receivers' reports lie: what a mail may cost before it is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from deliverability.cli import run
from support.aggregate import record, report

HEAD = b"From: noreply@receiver.example\nMIME-Version: 1.0\n"
XML = HEAD + b"Content-Type: application/xml\nContent-Transfer-Encoding: base64\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own."""
    monkeypatch.chdir(tmp_path)


def read_by(command: str, mail: bytes) -> list[tuple[str, str]]:
    """What the command refuses of a folder with that mail and a sound report."""
    Path("in").mkdir()
    Path("in", "hostile.eml").write_bytes(mail)
    good = report(record()).encode()
    Path("in", "sound.eml").write_bytes(XML + b"\n" + base64.encodebytes(good))
    assert run([command, "in", "--max-bad-share", "1", "-o", "out.json"]) in {0, 3}
    found = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert found["input"]["reports"] == (1 if command == "dmarc" else 0)
    return [(bad["file"].partition("#")[0], bad["reason"]) for bad in found["bad"]]


@pytest.mark.parametrize("command", ["dmarc", "tls"])
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (HEAD + b"\n" + b"\n" * 500_000, "too-many-lines"),
        (HEAD + b"\r\n" + b"\r\n" * 500_000, "too-many-lines"),
        (HEAD + b"Subject: a" + b"\n b" * 500_001 + b"\n\nx", "too-many-lines"),
        (HEAD + b"\r" * 500_001, "too-many-lines"),
        (b"From x\n" * 500_002, "too-many-lines"),
        (HEAD + b"X-A: " + b"x" * (8 << 20) + b"\n\nx", "line-too-long"),
        (HEAD + b"\n" + b"x" * (8 << 20 | 1), "line-too-long"),
    ],
    ids=["empty lines", "empty lines in CRLF", "a folded header", "bare CR", "From lines", "a header", "a body"],
)
def test_a_mail_that_costs_too_much_is_refused_by_name(command: str, mail: bytes, reason: str) -> None:
    assert read_by(command, mail) == [("in/hostile.eml", reason)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_long_mail_within_the_bounds_is_read(end: str) -> None:
    lines = (
        "From: noreply@receiver.example",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "",
        *("A line of the note." for _ in range(450_000)),
        "--b",
        "Content-Type: application/xml",
        "",
        report(record()).replace("\n", end),
        "--b--",
    )
    Path("long.eml").write_bytes(end.join(lines).encode())

    assert run(["dmarc", "long.eml", "-o", "out.json"]) == 0
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["input"]["reports"] == 1


def test_a_body_on_one_line_is_read() -> None:
    Path("one.eml").write_bytes(XML + b"\n" + base64.b64encode(report(record()).encode()))

    assert run(["dmarc", "one.eml", "-o", "out.json"]) == 0
