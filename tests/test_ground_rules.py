"""The rules of conftest hold: no test leaves this machine, none is skipped in silence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support import network
from support.shared import ROOT, shared


@pytest.mark.parametrize("host", ["192.0.2.1", "198.51.100.7", "::ffff:192.0.2.1"])
def test_a_connection_outside_is_refused_and_remembered(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with socket.socket(family, socket.SOCK_DGRAM) as sock, pytest.raises(PermissionError, match="may not leave"):
        sock.connect((host, 53))

    assert network.ATTEMPTS.pop() == f"socket.connect {host}"


def test_a_datagram_outside_is_refused_and_remembered() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(PermissionError):
        sock.sendto(b"", ("192.0.2.1", 53))

    assert network.ATTEMPTS.pop() == "socket.sendto 192.0.2.1"


def test_a_name_is_not_looked_up_outside() -> None:
    with pytest.raises(PermissionError):
        socket.getaddrinfo("mail.example.test", 25)

    assert network.ATTEMPTS.pop() == "socket.getaddrinfo mail.example.test"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost"])
def test_loopback_is_free(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((host, 9))

        assert network.ATTEMPTS == []


INNER = """
import socket, pytest
from support.shared import shared

def test_swallows_the_refusal():
    try:
        socket.create_connection(("192.0.2.1", 25), timeout=1)
    except OSError:
        pass

def test_wants_the_corpus():
    shared("data", "spf")

@pytest.mark.corpus
def test_reads_the_corpus():
    raise AssertionError

@pytest.mark.browser
def test_wants_a_browser():
    raise AssertionError

def test_is_fine():
    pass
"""


@pytest.fixture(scope="module")
def inner_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints for five tests under this repository's conftest, without the shared data."""
    return inner(tmp_path_factory.mktemp("inner"))


def inner(folder: Path, *options: str) -> str:
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_inner.py").write_text(INNER, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", *options, str(folder)]
    environment = {"PATH": "", "DELIV_SHARED": str(folder / "nowhere"), "PYTHONPATH": str(ROOT / "tests")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder).stdout


def test_a_swallowed_refusal_still_fails_the_test(inner_run: str) -> None:
    assert "ERROR" in inner_run
    assert "tried to leave this machine: socket.connect 192.0.2.1" in inner_run
    assert "2 passed, 3 skipped, 1 error" in inner_run


def test_what_did_not_run_is_named_with_its_reason(inner_run: str) -> None:
    assert "NOT RUN: 1 × DELIV_SHARED: data/spf is not there" in inner_run
    assert "NOT RUN: 1 × make test-all runs it: browser, opens a page in Chromium" in inner_run
    assert "NOT RUN: 1 × make test-all runs it: corpus, reads the shared data" in inner_run


def test_after_make_test_only_the_rest_is_left_to_run(tmp_path: Path) -> None:
    assert "2 failed, 3 deselected" in inner(tmp_path, "--all", "--rest")


def test_shared_data_stand_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("DELIV_SHARED", str(tmp_path))

    assert shared("data") == tmp_path / "data"
