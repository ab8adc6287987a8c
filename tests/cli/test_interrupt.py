"""Ctrl-C ends a run at once, with the shell's exit code for it and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from support.signals import hearing

DELIV = [sys.executable, "-m", "deliverability"]


def test_an_audit_is_interrupted_without_a_traceback_or_half_a_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        audit = [*DELIV, "audit", "shop.test", "--resolver", server, "-o", "a.json"]
        with subprocess.Popen(hearing(audit), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            silent.settimeout(30)
            silent.recv(512)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err.strip()) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_so_is_a_command_that_is_still_being_loaded(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")

    done = subprocess.run(
        [*DELIV, "checks"], capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_run_that_is_ended_from_outside_leaves_no_half_a_file(tmp_path: Path) -> None:
    command = [*DELIV, "recipients", "-", "--no-dns", "--rejects", "bad.ndjson"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".deliv-*")) and process.poll() is None:
            pass
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        assert process.stderr is not None
        err = process.stderr.read()

    assert (process.returncode, err.strip()) == (-signal.SIGTERM, b"")
    assert list(tmp_path.iterdir()) == []
