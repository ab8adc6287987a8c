"""Where results go, as the operating system has it: pipes, links, full disks, readers that leave, odd terminals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deliverability.cli import run

ZONE = '$ORIGIN shop.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ TXT "v=spf1 +all"\n'
AUDIT = ("audit", "shop.test", "--zone", "shop.zone")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own, with a zone file in it."""
    monkeypatch.chdir(tmp_path)
    Path("shop.zone").write_text(ZONE)
    return tmp_path


def shell(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `deliv` with `arguments` as "$@" of a shell script."""
    command = ["sh", "-c", script, sys.executable, "-m", "deliverability", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **environment}, timeout=60)


def test_a_pipe_is_written_to_and_never_replaced() -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)

    assert run([*AUDIT, "-q", "-f", "text", "-o", "pipe"]) == 0

    assert os.read(reader, 65536).decode().startswith("shop.test")
    assert Path("pipe").is_fifo()
    os.close(reader)


def test_a_link_stays_one_and_its_file_keeps_its_permissions() -> None:
    Path("kept.json").touch(0o600)
    Path("link.json").symlink_to("kept.json")

    assert run([*AUDIT, "-o", "link.json"]) == 0

    assert Path("link.json").is_symlink()
    assert Path("kept.json").stat().st_mode & 0o777 == 0o600
    assert Path("kept.json").stat().st_size > 0


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_other() -> None:
    Path("a.json").write_text("old")

    done = shell('ulimit -f 1; exec "$0" "$@"', *AUDIT, "-o", "a.json", PYTHONDONTWRITEBYTECODE="1")

    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"a.json: cannot be written" in done.stderr
    assert sorted(map(str, Path().iterdir())) == ["a.json", "shop.zone"]
    assert Path("a.json").read_text() == "old"


LONG = "a" * 300 + ".json"


@pytest.mark.parametrize("path", [LONG, "loop.json", "shop.zone/a.json"])
def test_where_nothing_can_be_written_is_said_in_one_line(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("loop.json").symlink_to("loop.json")

    assert run([*AUDIT, "-o", path]) == 2

    error = capsys.readouterr().err
    assert error.startswith(f"deliv: {path}: ")
    assert error.count("\n") == 1


def test_a_destination_given_twice_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    run([*AUDIT, "-q", "-o", "-"])
    once = capsys.readouterr().out

    run([*AUDIT, "-q", "-o", "-", "-o", "-"])

    assert capsys.readouterr().out == once


def test_a_reader_who_leaves_changes_no_exit_code() -> None:
    done = shell('{ "$0" "$@"; echo $? >code; } | true', *AUDIT, "--fail-on", "high")

    assert (Path("code").read_text(), done.stderr) == ("1\n", b"")


@pytest.mark.parametrize("arguments", [AUDIT, ("checks",), ("schema", "audit"), ("--help",)], ids=lambda a: a[0])
def test_standard_output_that_is_full_is_said_in_one_line(arguments: tuple[str, ...]) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")

    done = shell('exec "$0" "$@" >/dev/full', *arguments)

    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"No space left" in done.stderr
    assert b"internal" not in done.stderr


def test_standard_output_that_is_closed_is_said_in_one_line() -> None:
    done = shell('exec "$0" "$@" >&-', *AUDIT)

    assert (done.returncode, done.stderr) == (2, b"deliv: standard output is closed; name a file with -o\n")


def test_a_file_is_written_where_all_standard_streams_are_closed() -> None:
    assert shell('exec "$0" "$@" <&- >&- 2>&-', *AUDIT, "-o", "a.txt").returncode == 0
    assert Path("a.txt").read_text().startswith("shop.test")


def test_a_character_that_the_terminal_lacks_is_escaped() -> None:
    done = shell('exec "$0" "$@"', *AUDIT, "-q", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(rb"shop.test \xb7 sending")


def test_a_page_is_utf_8_in_every_terminal() -> None:
    done = shell('exec "$0" "$@"', *AUDIT, "-f", "html", PYTHONIOENCODING="latin-1")

    assert 'charset="utf-8"' in done.stdout.decode("utf-8").lower()
    assert "·" in done.stdout.decode("utf-8")
