"""The real SpamAssassin and rspamd, started on loopback without a network, and the stand-ins held to what they say."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deliverability.mail.authenticate import Connection
from deliverability.mail.authenticate.engines import Address
from deliverability.mail.authenticate.rspamd import Endpoint, ask_rspamd
from deliverability.mail.authenticate.spamd import ask_spamd
from support import filters
from support.signing import message

pytestmark = pytest.mark.daemon

READY = 60.0
"""Seconds that a filter may take to load its rules; here it takes 2 to 5."""
SPAM = message(body=filters.GTUBE)
HAM = message("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", body=b"Good morning.\r\n" * 20)


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {name})")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running(command: list[str], port: int, log: Path) -> Iterator[Address]:
    """A daemon in the foreground, once it listens; killed with all that it started."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        try:
            asyncio.run(_listens(port, process, log))
            yield Address(host="127.0.0.1", port=port)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=READY)


async def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(READY):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.poll() is None, f"it ended; {log} says why"
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.fixture(scope="module")
def spamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder, port = tmp_path_factory.mktemp("spamd"), free_port()
    # -L: no tests that need a network; the rules of the package are enough, none are fetched
    options = ["-L", "-x", "--nouser-config", "-m", "1", "-H", str(folder), "-s", "stderr"]
    yield from running([program("spamd"), *options, "-i", "127.0.0.1", "-p", str(port)], port, folder / "log")


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder, port = tmp_path_factory.mktemp("rspamd"), free_port()
    settings = folder / "rspamd.conf"
    settings.write_text(
        '.include "/etc/rspamd/common.conf"\n'
        f'options {{ pidfile = "{folder}/pid"; tempdir = "{folder}"; filters = "chartable,dkim,regexp"; '
        f'control_socket = "{folder}/control mode=0600"; '
        'dns { nameserver = ["127.0.0.1"]; timeout = 0.05s; retransmits = 1; } }\n'
        'logging { type = "console"; level = "warning"; }\n'
        f'worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}\n'
    )
    variables = [f"--var={name}={folder}" for name in ("DBDIR", "RUNDIR", "LOGDIR")]
    command = [program("rspamd"), "--insecure", "-f", "-c", str(settings), *variables]
    yield from running(command, port, folder / "log")


def test_spamassassin_knows_its_own_test_line(spamd: Address) -> None:
    found = asyncio.run(ask_spamd(SPAM, spamd))

    assert found.is_spam, found
    assert found.symbols[0].name == "GTUBE"
    assert found.symbols[0].score >= 1000


def test_spamassassin_lets_a_plain_letter_through(spamd: Address) -> None:
    found = asyncio.run(ask_spamd(HAM, spamd))

    assert (found.state, found.is_spam, found.required) == ("answered", False, 5.0)


def test_the_stand_in_answers_as_spamd_does(spamd: Address) -> None:
    async def raw(command: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(spamd.host, spamd.port)
        writer.write(b"%s SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % (command, len(SPAM)) + SPAM)
        reply = await reader.read()
        writer.close()
        return reply

    assert filters.spamd_form(asyncio.run(raw(b"REPORT"))) == filters.spamd_form(filters.spamd_reply())
    refused = asyncio.run(raw(b"BOGUS"))
    assert filters.spamd_form(refused)["status"] == filters.spamd_form(filters.SPAMD_REFUSES)["status"]


def test_rspamd_knows_the_test_line(rspamd: Address) -> None:
    found = asyncio.run(ask_rspamd(SPAM, Endpoint(address=rspamd)))

    assert (found.is_spam, found.action) == (True, "reject")
    assert "GTUBE" in {one.name for one in found.symbols}


def test_rspamd_judges_a_plain_letter_by_its_connection(rspamd: Address) -> None:
    connection = Connection(ip="192.0.2.7", helo="out.mail.example")
    found = asyncio.run(ask_rspamd(HAM, Endpoint(address=rspamd), connection=connection))

    assert found.answered, found
    assert any(one.name.startswith("HFILTER") for one in found.symbols), "it looks at HELO and the address"


def test_the_stand_in_answers_as_rspamd_does(rspamd: Address) -> None:
    async def raw(path: bytes, content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(rspamd.host, rspamd.port)
        writer.write(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (path, len(content)) + content)
        reply = await reader.read()
        writer.close()
        return reply

    assert filters.rspamd_form(asyncio.run(raw(b"/checkv2", HAM))) == filters.rspamd_form(filters.rspamd_reply())
    refused = asyncio.run(raw(b"/nope", HAM))
    assert refused.split(b"\r\n")[0] == filters.RSPAMD_REFUSES.split(b"\r\n")[0]
