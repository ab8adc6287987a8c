"""What the commands that read events, mails and reports share: a bad request, said the same way by each."""

from __future__ import annotations

from pathlib import Path

import pytest

from deliverability.cli import run

COMMANDS = ("bounces", "dmarc", "tls", "rates")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, with a file that none of them can read."""
    monkeypatch.chdir(tmp_path)
    Path("in").write_text("of no kind\n", encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("share", ["nan", "-NaN", "1.1", "-0.1", "inf"])
def test_a_share_is_a_number_between_0_and_1(command: str, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "in", f"--max-bad-share={share}"]) == 2

    said = capsys.readouterr()
    assert "--max-bad-share" in said.err
    assert said.out == ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("place", "why"), [("none/rejects", "No such file or directory"), (".", "Is a directory")], ids=["none", "folder"]
)
def test_a_file_for_rejects_that_cannot_be_is_named_in_one_line(
    command: str, place: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "in", "--rejects", place]) == 2

    said = capsys.readouterr()
    assert said.err == f"deliv: {place}: {why}\n"
    assert said.out == ""


def test_a_file_for_complaints_that_cannot_be_is_named_as_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bounces", "in", "--complaints", "none/complaints"]) == 2

    said = capsys.readouterr()
    assert said.err == "deliv: none/complaints: cannot be written (No such file or directory)\n"
    assert said.out == ""
