"""Spam filters that are asked about a message: what they say, and every way of not getting an answer."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.events.plain import from_plain, to_plain
from deliverability.mail.authenticate import Connection
from deliverability.mail.authenticate.engines import Address, EngineFacts, Unreadable, parse_address
from deliverability.mail.authenticate.rspamd import Endpoint, ask_rspamd, parse_url
from deliverability.mail.authenticate.rspamd import read_reply as read_rspamd
from deliverability.mail.authenticate.spamd import ask_spamd
from deliverability.mail.authenticate.spamd import read_reply as read_spamd
from support import filters
from support.signing import message

HERE = Address(host="127.0.0.1", port=1)


def ask(engine: str, handler: filters.Handler, *, raw: bytes = b"", timeout: float = 20.0) -> EngineFacts:
    """What comes of asking a server that behaves as `handler` does."""

    async def run() -> EngineFacts:
        async with filters.listening(handler) as port:
            address = Address(host="127.0.0.1", port=port)
            if engine == "spamd":
                return await ask_spamd(raw or message(), address, timeout=timeout)
            return await ask_rspamd(raw or message(), Endpoint(address=address), timeout=timeout)

    return asyncio.run(run())


def replying(reply: bytes) -> filters.Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(int(size.split(b":")[1]))
        writer.write(reply)

    return handler


def test_spamassassin_gives_points_and_rules() -> None:
    found = ask("spamd", replying(filters.spamd_reply()))

    assert (found.state, found.score, found.required, found.is_spam) == ("answered", 6.1, 5.0, True)
    assert [(one.name, one.score) for one in found.symbols] == [
        ("GTUBE", 1000.0),
        ("DRUGS_ERECTILE", 4.0),
        ("FREEMAIL_FROM", 2.1),
        ("NO_DESCRIPTION", 0.0),
        ("NO_RELAYS", 0.0),
    ]


def test_rspamd_gives_points_rules_and_what_it_would_do() -> None:
    found = ask("rspamd", replying(filters.rspamd_reply()))

    assert (found.state, found.score, found.required, found.action) == ("answered", 8.3, 15.0, "add header")
    assert found.is_spam
    assert [one.name for one in found.symbols] == ["TO_EQ_FROM", "ARC_NA", "MIME_GOOD"]


@pytest.mark.parametrize(
    ("action", "spam"),
    [("no action", False), ("greylist", False), ("add header", True), ("rewrite subject", True), ("reject", True)],
)
def test_what_rspamd_would_do_says_whether_it_is_spam(action: str, spam: bool) -> None:
    assert read_rspamd(filters.rspamd_reply(action), HERE).is_spam is spam


@pytest.mark.parametrize("engine", ["spamd", "rspamd"])
def test_nobody_of_the_message_is_in_what_is_kept(engine: str) -> None:
    found = ask(engine, replying(filters.spamd_reply() if engine == "spamd" else filters.rspamd_reply()))

    kept = json.dumps(to_plain(found))

    assert "ann" not in kept
    assert from_plain(EngineFacts, json.loads(kept)) == found


def test_rspamd_is_told_of_the_connection() -> None:
    heads = list[bytes]()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(filters.rspamd_reply())

    async def run() -> None:
        async with filters.listening(handler) as port:
            endpoint = Endpoint(address=Address(host="127.0.0.1", port=port))
            evil = Connection(ip="192.0.2.7", helo="a\r\nPassword: x", mail_from="mail.example")
            await ask_rspamd(message(), endpoint, connection=Connection(ip="192.0.2.7", helo="out.mail.example"))
            await ask_rspamd(message(), endpoint, connection=evil)

    asyncio.run(run())
    assert b"\r\nIP: 192.0.2.7\r\nHelo: out.mail.example\r\n" in heads[0]
    assert b"Password" not in heads[1]


# every way of not getting an answer is unknown, with its cause


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


@pytest.mark.parametrize("engine", ["spamd", "rspamd"])
@pytest.mark.parametrize(
    ("handler", "timeout", "states"),
    [
        (hangs, 0.05, {"timeout"}),
        (closes, 20.0, {"unreadable", "unreachable"}),
        (never_ends, 20.0, {"unreadable"}),
        (replying(b"220 mx.example ESMTP\r\n"), 20.0, {"unreadable"}),
        (replying(filters.SPAMD_REFUSES + b"\r\n"), 20.0, {"refused", "unreadable"}),
        (replying(filters.RSPAMD_REFUSES), 20.0, {"refused", "unreadable"}),
    ],
    ids=["hangs", "closes", "never ends", "another service", "spamd refuses", "rspamd refuses"],
)
def test_no_answer_is_no_word_about_the_message(
    engine: str, handler: filters.Handler, timeout: float, states: set[str]
) -> None:
    found = ask(engine, handler, timeout=timeout)

    assert found.state in states
    assert found.why
    assert (found.answered, found.score, found.is_spam) == (False, None, False)


def test_refusals_are_told_apart_from_noise() -> None:
    assert read_spamd(filters.SPAMD_REFUSES, HERE).state == "refused"
    assert read_rspamd(filters.RSPAMD_REFUSES, HERE).why == "rspamd answers 500 invalid command"


def test_nobody_listens() -> None:
    async def run() -> EngineFacts:
        async with filters.listening(closes) as port:
            pass
        return await ask_spamd(message(), Address(host="127.0.0.1", port=port), timeout=20.0)

    assert asyncio.run(run()).state == "unreachable"


def test_an_answer_that_comes_before_all_was_read_counts() -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(filters.RSPAMD_REFUSES)
        await writer.drain()
        await reader.readexactly(200_000)

    assert ask("rspamd", early, raw=message(body=b"x" * 200_000)).state == "refused"


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(filters.spamd_reply(report="").__add__)))
@settings(max_examples=60)
def test_no_reply_is_an_exception_of_another_kind(reply: bytes) -> None:
    for read in (read_spamd, read_rspamd):
        with suppress(Unreadable):
            read(reply, HERE)


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '{"score": true}', '{"score": 1, "required_score": NaN}', "[" * 100_000, '{"score":"1"}'],
    ids=lambda body: body[:20],
)
def test_json_that_is_no_verdict(body: str) -> None:
    with pytest.raises(Unreadable):
        read_rspamd(filters.http(body), HERE)


# where they are


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.0.0.1", "127.0.0.1:783"),
        ("filter.example:1783", "filter.example:1783"),
        ("::1", "[::1]:783"),
        ("[::1]", "[::1]:783"),
        ("[::1]:784", "[::1]:784"),
    ],
)
def test_addresses(text: str, read: str) -> None:
    assert parse_address(text, 783).text == read


@pytest.mark.parametrize(
    "text", ["", ":783", "host:", "host:0x1", "host:70000", "host:-1", "a b", "[::1", "[::1]x", "u@h"]
)
def test_what_is_no_address(text: str) -> None:
    if text == "host:":
        assert parse_address(text, 783).port == 783
        return
    with pytest.raises(ValueError, match="not HOST"):
        parse_address(text, 783)


@pytest.mark.parametrize(
    ("text", "read", "tls"),
    [
        ("http://127.0.0.1:11334", "127.0.0.1:11334", False),
        ("127.0.0.1", "127.0.0.1:11333", False),
        ("https://rspamd.example/", "rspamd.example:11333", True),
        ("http://[::1]:11333", "[::1]:11333", False),
    ],
)
def test_urls(text: str, read: str, tls: bool) -> None:
    endpoint = parse_url(text)

    assert (endpoint.address.text, endpoint.tls) == (read, tls)


@pytest.mark.parametrize(
    "text", ["", "ftp://h", "http://", "http://h:x", "http://u:p@h", "http://h/path", "http://h:99999", "http://a b"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match="not "):
        parse_url(text)
