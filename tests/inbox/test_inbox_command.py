"""`deliv inbox` as a job runs it: what it prints and writes, how it ends, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deliverability.cli import run
from deliverability.cli.inbox import command as inbox
from support.letters import DOMAIN, RECIPIENT, SECRET, letter, signed, zone
from support.schemas import hold
from support.signals import hearing

HURRY = 60.0
"""Seconds after which a test has failed."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    zone(Path("zone"))


class Running:
    """`deliv inbox` on a port of its own choice."""

    def __init__(self, *arguments: str) -> None:
        asked = ["-m", "deliverability", "inbox", "--listen", "127.0.0.1:0", "--zone", "zone", *arguments]
        self.process = subprocess.Popen(
            hearing([sys.executable, *asked]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),  # readline puts a terminal's width into the environment past Python
        )
        assert self.process.stderr is not None
        self.first = line = self.process.stderr.readline()
        while "listening on" not in line:
            line = self.process.stderr.readline()
        self.port = int(line.rpartition("127.0.0.1:")[2].split()[0])

    def ended(self) -> tuple[int, str, str]:
        """The exit code, and what was still written to stdout and stderr."""
        out, err = self.process.communicate(timeout=HURRY)
        return self.process.returncode, out, err

    @contextmanager
    def client(self) -> Generator[smtplib.SMTP]:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname=f"mail.{DOMAIN}", timeout=HURRY) as client:
            yield client

    def send(self, *mails: bytes) -> None:
        with self.client() as client:
            for mail in mails:
                client.sendmail(f"bounces+{SECRET}@{DOMAIN}", [RECIPIENT], mail)


def test_each_message_is_told_of_and_written_and_a_good_one_is_exit_0() -> None:
    Path("reports").mkdir()
    Path("reports/0007.json").write_text("of an earlier run")
    running = Running("--expect", "2", "--timeout", "60", "--fail-on", "high", "-o", "reports")
    running.send(signed(letter(1)), signed(letter(2)))
    code, out, err = running.ended()

    assert running.first == f"deliv: listening on 127.0.0.1:{running.port}\n"
    assert (code, err) == (0, "")
    assert out.startswith(f"1 · 127.0.0.1 · HELO mail.{DOMAIN} · MAIL FROM {DOMAIN} · no TLS · 1 KiB\n")
    assert f"{DOMAIN} · sending · send" in out
    names = ["0007.json", "0008.html", "0008.json", "0009.html", "0009.json"]
    assert sorted(path.name for path in Path("reports").iterdir()) == names
    document = json.loads(Path("reports/0008.json").read_text())
    hold("audit", document)
    [kept] = [one for one in document["observations"] if one["kind"] == "message"]
    assert {name: kept["connection"][name] for name in ("ip", "helo", "mail_from", "source")} == {
        "ip": "127.0.0.1",
        "helo": f"mail.{DOMAIN}",
        "mail_from": DOMAIN,
        "source": "smtp",
    }
    found = {one["check"]: one["outcome"] for one in document["findings"]}
    assert (found["message-spf"], found["message-dkim"]) == ("pass", "pass")
    written = "".join(path.read_text() for path in Path("reports").iterdir())
    assert SECRET not in out + written
    for command in ("message", "audit"):
        assert run([command, "--replay", "reports/0008.json", "-o", "again.json"]) == 0
        assert Path("again.json").read_bytes() == Path("reports/0008.json").read_bytes()


def test_a_message_that_was_taken_outlives_a_kill() -> None:
    with silent() as nobody:  # a filter that never answers: the audit takes its time
        running = Running("-o", "reports", "--spamassassin", nobody)
        running.send(letter())
        running.process.kill()
        running.ended()

    assert [path.name for path in Path("reports").iterdir()] == ["0001.eml"]
    assert Path("reports/0001.eml").read_bytes() == letter()
    assert Path("reports/0001.eml").stat().st_mode & 0o777 == 0o600

    again = Running("-o", "reports", "--expect", "1")
    assert again.first.startswith("deliv: reports: a message of an earlier run without a report: deliv message reports")
    again.send(letter(2))
    again.ended()
    assert sorted(path.name for path in Path("reports").iterdir()) == ["0001.eml", "0002.html", "0002.json"]


@contextmanager
def silent() -> Generator[str]:
    """An address where connections are taken and nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_message_that_cannot_be_kept_is_refused_for_now() -> None:
    running = Running("-o", "reports", "--timeout", "3")
    Path("reports").rmdir()

    with running.client() as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail(f"bounces@{DOMAIN}", [RECIPIENT], letter())
    running.process.send_signal(signal.SIGINT)
    _, _, err = running.ended()

    assert refused.value.smtp_code == 452
    assert err.startswith("deliv: a message was refused: it cannot be kept (No such file or directory)\n")
    assert SECRET not in err


def test_a_fault_is_exit_1_and_lines_are_documents() -> None:
    running = Running("--expect", "2", "--timeout", "60", "--fail-on", "high", "-f", "jsonl")
    running.send(signed(letter(1)), letter(2))
    code, out, _ = running.ended()

    assert code == 1
    assert [json.loads(line)["verdict"]["word"] for line in out.splitlines()] == ["send", "do_not_send"]


def test_fewer_than_expected_is_exit_3_and_what_came_is_audited() -> None:
    running = Running("--expect", "2", "--timeout", "3", "-q")
    running.send(signed(letter(1)))
    code, out, err = running.ended()

    assert (code, out, err) == (3, f"{DOMAIN} · sending · send\n", "deliv: 1 of 2 messages came\n")


def test_more_than_expected_is_not_taken_so_that_nothing_taken_is_lost() -> None:
    running = Running("--expect", "2", "--timeout", "60", "-q")
    with running.client() as client:
        for number in (1, 2):
            client.sendmail(f"bounces@{DOMAIN}", [RECIPIENT], signed(letter(number)))
        with pytest.raises((smtplib.SMTPException, OSError)):
            client.sendmail(f"bounces@{DOMAIN}", [RECIPIENT], signed(letter(3)))

    code, out, _ = running.ended()
    assert (code, len(out.splitlines())) == (0, 2)


def test_a_job_that_was_sent_nothing_is_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inbox", "--zone", "zone", "--listen", "127.0.0.1:0", "--timeout", "0.1"]) == 3
    assert capsys.readouterr().err.splitlines()[1:] == ["deliv: no message came"]


def test_what_is_no_message_is_named_and_exit_3() -> None:
    running = Running("--expect", "2", "--timeout", "60", "-q")
    running.send(b"no header field\r\n", signed(letter(1)))
    code, out, err = running.ended()

    assert (code, out) == (3, f"{DOMAIN} · sending · send\n")
    assert err == "deliv: message 1: not a mail: it does not begin with a header field\n"


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_in_order(which: signal.Signals) -> None:
    running = Running("-f", "jsonl")
    with running.client() as client:  # one that stays connected keeps nobody
        client.sendmail(f"bounces@{DOMAIN}", [RECIPIENT], signed(letter(1)))
        running.process.send_signal(which)
        code, out, err = running.ended()
        client.close()

    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1


def test_starttls_with_a_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = map(str, certificate)
    running = Running("--cert", cert, "--key", key, "--expect", "1", "--timeout", "60")
    with running.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=cert))
        client.sendmail(f"bounces@{DOMAIN}", [RECIPIENT], signed(letter(1)))
    code, out, _ = running.ended()

    assert "(STARTTLS offered)" in running.first
    assert code == 0
    assert f"MAIL FROM {DOMAIN} · TLS · 1 KiB" in out


def test_the_address_that_will_send_can_be_given() -> None:
    running = Running("--ip", "203.0.113.9", "--expect", "1", "--timeout", "60", "-f", "jsonl")
    running.send(signed(letter(1)))
    [document] = map(json.loads, running.ended()[1].splitlines())

    assert {one["check"]: one["outcome"] for one in document["findings"]}["message-spf"] == "fail"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--listen", "2525"],
            "--listen takes an address and a port, such as 127.0.0.1:2525 or [::1]:2525, not '2525'",
        ),
        (
            ["--listen", "mx.example.com:25"],
            "--listen takes an address and a port, such as 127.0.0.1:2525 or [::1]:2525",
        ),
        (["--listen", "127.0.0.1:99999"], "--listen takes an address and a port, such as 127.0.0.1:2525 or [::1]:2525"),
        (["--key", "key.pem"], "--key goes with --cert FILE"),
        (["--cert", "nothing.pem"], "nothing.pem: No such file or directory"),
        (["--cert", "zone"], "zone: no certificate in PEM with its key, without a password"),
        (["--expect", "5", "--max-messages", "2"], "--expect 5 is more than --max-messages 2"),
        (["-o", "zone"], "zone: cannot be written (File exists)"),
        (["--select", "nothing"], "no check is called 'nothing' (deliv checks lists them)"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inbox", "--zone", "zone", *arguments]) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(f"deliv: {line}")


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["inbox", "--zone", "zone", "--listen", f"127.0.0.1:{port}"]) == 2

    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(f"deliv: 127.0.0.1:{port}: cannot listen there (")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("deliverability.inbox.receive.find_spec", lambda _: None)

    assert run(["inbox", "--zone", "zone", "--listen", "127.0.0.1:0"]) == 2
    line = "deliv: an inbox needs aiosmtpd, which is not installed: pip install 'deliv[message]'\n"
    assert capsys.readouterr().err == line


def test_loopback_is_where_it_listens_unless_it_is_told() -> None:
    [listen] = [option for option in inbox.params if option.name == "listen"]

    assert listen.default == "127.0.0.1:2525"
