"""Messages as the library audits them: in order, a bounded number at a time, each question of DNS asked once."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deliverability import api
from deliverability.cli import run
from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Outcome
from deliverability.intake.trouble import Troubles
from deliverability.lookup import Answer, AssumeAbove, Resolver, Status, ZoneResolver
from deliverability.messages.given import NoMessage, given_message
from deliverability.messages.many import AT_ONCE, audits
from deliverability.messages.run import AGAIN_AFTER, Once, plan_run
from support.letters import DOMAIN, SENDER, letter, signed, zone

NOW = datetime(2030, 1, 1, 12, 0, 0, 123, tzinfo=UTC)
"""Later than any signature that is made now."""


@pytest.fixture
def world(tmp_path: Path) -> Resolver:
    """The sender's DNS."""
    return AssumeAbove(ZoneResolver.from_files([str(zone(tmp_path / "zone"))]))


class Counting:
    """A resolver that counts what it is asked, and gives no answer to the first `lost` questions."""

    def __init__(self, base: Resolver, lost: int = 0) -> None:
        self.base = base
        self.asked = Counter[tuple[str, str]]()
        self.lost = lost

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked[name, rdtype] += 1
        if self.asked.total() <= self.lost:
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)
        return await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)


def outcome(audit: Audit, check: str) -> Outcome:
    [found] = {one.outcome for one in audit.findings if one.check == check}
    return found


def all_of(mails: list[tuple[str, bytes]], resolver: Resolver, troubles: Troubles) -> list[tuple[str, Audit]]:
    async def collect() -> list[tuple[str, Audit]]:
        return [one async for one in audits(mails, plan_run(resolver, now=NOW), troubles)]

    return asyncio.run(collect())


def test_a_message_is_audited_by_one_call(world: Resolver) -> None:
    audit = api.message(
        signed(letter()), name="a letter", resolver=world, ip=SENDER, mail_from=f"bounces@{DOMAIN}", now=NOW
    )

    assert audit.subject.domain == DOMAIN
    assert audit.options["message"] == "a letter"
    assert (outcome(audit, "message-dkim"), outcome(audit, "message-spf")) == (Outcome.PASS, Outcome.PASS)
    assert to_json(from_json(to_json(audit))) == to_json(audit)


@pytest.mark.parametrize(("raw", "why"), [(b"", "empty"), (b"hello\n", "not a mail"), (b"X: y\n\nz", "no field names")])
def test_what_is_no_message_is_refused(raw: bytes, why: str, world: Resolver) -> None:
    with pytest.raises(NoMessage, match=why):
        api.message(raw, resolver=world)


@pytest.mark.parametrize(
    "asked",
    [
        *({"ip": "x"}, {"helo": "x y"}, {"mail_from": "a@b c"}, {"trust": ["a b"]}, {"domain": "x"}),
        *({"timeout": 0.0}, {"select": ["x"]}, {"blocklists": "x"}, {"spamassassin": "a b"}, {"rspamd": "ftp://a"}),
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_a_request_that_is_none_is_refused_in_one_line(asked: dict[str, Any], world: Resolver) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        api.message(letter(), resolver=world, **asked)


def test_many_are_added_up_by_one_call(tmp_path: Path, world: Resolver) -> None:
    for number in range(5):
        (tmp_path / f"{number}.eml").write_bytes(signed(letter(number)) if number else b"junk")
    seen: list[Audit] = []

    document = api.messages([str(tmp_path / "*.eml")], resolver=world, on_audit=seen.append, now=NOW)

    assert document["input"] == {"files": 5, "messages": 4, "bad": 1}
    assert len(seen) == document["totals"]["messages"] == 4


def test_audits_come_in_the_order_of_the_mails_and_few_are_under_way(world: Resolver) -> None:
    read: list[int] = []
    ahead: list[int] = []

    def mails() -> Iterator[tuple[str, bytes]]:
        for number in range(60):
            read.append(number)
            yield str(number), letter(number)

    async def collect() -> list[str]:
        names = []
        async for name, _ in audits(mails(), plan_run(world, now=NOW), Troubles()):
            names.append(name)
            ahead.append(len(read) - len(names))
        return names

    assert asyncio.run(collect()) == [str(number) for number in range(60)]
    assert 0 < max(ahead) <= AT_ONCE


def test_no_more_octets_are_held_than_may_be(world: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deliverability.messages.many.MAX_HELD", 10_000)
    ahead: list[int] = []
    read: list[int] = []

    def mails() -> Iterator[tuple[str, bytes]]:
        for number in range(12):
            read.append(number)
            yield str(number), letter(number, body="x" * 6_000)

    async def collect() -> None:
        done = 0
        async for _ in audits(mails(), plan_run(world, now=NOW), Troubles()):
            done += 1
            ahead.append(len(read) - done)

    asyncio.run(collect())
    assert max(ahead) <= 1


def test_each_question_is_asked_once_whatever_the_number_of_messages(world: Resolver) -> None:
    base = Counting(world)

    found = all_of([(str(n), signed(letter(n))) for n in range(30)], Once(base), Troubles())

    assert len(found) == 30
    assert set(base.asked.values()) == {1}


def test_what_was_not_answered_is_asked_again_after_a_while(world: Resolver) -> None:
    clock = [0.0]
    base = Counting(world, lost=1)
    once = Once(base, clock=lambda: clock[0])

    async def ask() -> list[Status]:
        statuses = []
        for now in (0.0, AGAIN_AFTER / 2, AGAIN_AFTER, 10 * AGAIN_AFTER):
            clock[0] = now
            statuses.append((await once.resolve(DOMAIN, "MX")).status)
        return statuses

    assert asyncio.run(ask()) == [Status.TIMEOUT, Status.TIMEOUT, Status.OK, Status.OK]
    assert base.asked.total() == 2


def test_a_fault_of_ours_takes_no_other_message_along(world: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes, *, name: str, **rest: Any) -> Any:
        if name == "2":
            raise RuntimeError("given.name@reader.example")
        return given_message(raw, name=name, **rest)

    monkeypatch.setattr("deliverability.messages.many.given_message", broken)
    troubles = Troubles()

    found = all_of([(str(n), letter(n)) for n in range(5)], world, troubles)

    assert [name for name, _ in found] == ["0", "1", "3", "4"]
    assert [(bad.file, bad.reason, bad.detail) for bad in troubles.files] == [("2", "internal-error", "RuntimeError")]


def test_the_moment_of_judging_is_kept_to_the_second(world: Resolver) -> None:
    audit = api.message(signed(letter()), resolver=world, now=NOW)

    [kept] = audit.observations
    assert kept["at"] == "2030-01-01T12:00:00+00:00"
    assert audit.started_at == "2030-01-01T12:00:00Z"


@contextmanager
def spamd(reply: bytes) -> Generator[tuple[int, list[bytes]]]:
    """A spamd that answers one message with `reply`; its port, and what it was sent."""
    heard: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            said = b""
            while more := connection.recv(65536):
                said += more
                if b"Wines of week" in said:
                    break
            heard.append(said)
            connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(20)


REPLY = (
    b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.5 / 5.0\r\n\r\n"
    b"pts rule name              description\n---- ---------------------- ----------\n"
    b" 7.5 GTUBE                  a test\n"
)


@pytest.mark.parametrize(
    "command", [("message", "a.eml"), ("audit", DOMAIN, "--message", "a.eml", "--select", "message-*")]
)
def test_a_filter_that_is_named_is_asked_and_its_word_is_kept(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    zone(Path("zone"))
    Path("a.eml").write_bytes(signed(letter()))
    with spamd(REPLY) as (port, heard):
        asked = [*command, "--zone", "zone", "--spamassassin", f"127.0.0.1:{port}"]
        assert run([*asked, "-o", "first.json"]) in {0, 3}

    assert len(heard) == 1
    document = json.loads(Path("first.json").read_text())
    [said] = [one for one in document["findings"] if one["check"] == "message-spamassassin"]
    assert (said["outcome"], said["data"]["score"]) == ("fail", 7.5)
    assert document["options"]["spamassassin"] == f"127.0.0.1:{port}"
    assert run([command[0], "--replay", "first.json", "-o", "again.json"]) in {0, 3}
    assert Path("again.json").read_bytes() == Path("first.json").read_bytes()
