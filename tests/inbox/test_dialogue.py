"""The SMTP dialogue of an inbox: what came is what was sent, whoever sends too much is cut off, and nobody is named."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deliverability.inbox import receive as module
from deliverability.inbox.receive import Bounds, Inbox, Received, ReceiverMissing, open_inbox
from deliverability.messages.given import Told
from support.letters import RECIPIENT, SECRET, letter

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")
BOUNCES = f"bounce+{SECRET}=reader.example@weinhandel.example"
HELO = "mail.weinhandel.example"
HURRY = 20.0
"""Seconds after which a test has failed."""

Client = Callable[[int], Any]


def serve(
    client: Client,
    bounds: Bounds | None = None,
    tls: ssl.SSLContext | None = None,
    then: Callable[[Inbox], Coroutine[Any, Any, Any]] | None = None,
) -> tuple[Any, list[Received], list[str]]:
    """What `client` comes to, the messages that were received, and what was told, with `client` in a thread."""
    told: list[str] = []

    async def run() -> tuple[Any, list[Received]]:
        received: list[Received] = []

        async def collect(inbox: Inbox) -> None:
            while True:
                received.append(await inbox.next())

        async with (
            asyncio.timeout(HURRY),
            open_inbox("127.0.0.1", 0, bounds or Bounds(), tls=tls, tell=told.append) as (inbox, _, port),
        ):
            collecting = asyncio.create_task(collect(inbox))
            said = await asyncio.to_thread(client, port)
            collecting.cancel()
            received += [await inbox.next() for _ in range(inbox.waiting)]
        return said, received

    said, received = asyncio.run(run())
    return said, received, told


def smtp(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, local_hostname=HELO, timeout=HURRY)


def send(port: int, *mails: bytes, sender: str = BOUNCES, recipients: int = 1) -> None:
    with smtp(port) as client:
        for mail in mails:
            client.sendmail(sender, [RECIPIENT] * recipients, mail)


def raw(port: int) -> socket.socket:
    """A connection that has been greeted."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=HURRY)
    connection.recv(1000)
    return connection


def until_data(port: int) -> socket.socket:
    """A connection in the middle of a message."""
    connection = raw(port)
    for line in (f"HELO {HELO}", f"MAIL FROM:<{BOUNCES}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
        connection.sendall(line.encode() + b"\r\n")
        connection.recv(1000)
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that still comes, until the other side closes."""
    said = b""
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            said += more
    return said


def for_ever(connection: socket.socket, octets: bytes, most: int) -> int:
    """Send `octets` again and again until cut off; how many went out."""
    sent = 0
    with suppress(ConnectionError, TimeoutError):
        while sent < most:
            connection.sendall(octets)
            sent += len(octets)
    return sent


def test_what_came_is_what_was_sent_with_the_connection_it_came_over() -> None:
    mail = letter() + b".leading dot\r\n..two\r\nFrom here on\r\n" + b"\xff\xfe 8 bit\r\n"

    _, [received], told = serve(lambda port: send(port, mail))

    assert received.raw == mail
    assert (received.number, received.ip, received.helo, received.tls) == (1, "127.0.0.1", HELO, False)
    assert received.mail_from == "weinhandel.example"
    assert SECRET not in repr(replace(received, raw=b""))
    assert told == []


def test_the_connection_is_what_was_seen_unless_the_caller_knows_better() -> None:
    _, [received], _ = serve(lambda port: send(port, letter()))
    told = Told(ip="192.0.2.25", mail_from="")
    seen, given = received.handed(Told()).connection, received.handed(told).connection

    assert (seen.ip, seen.helo, seen.mail_from, seen.source) == ("127.0.0.1", HELO, "weinhandel.example", "smtp")
    assert (given.ip, given.helo, given.mail_from, given.source) == ("192.0.2.25", HELO, "", "given")


def test_a_message_without_a_sender_has_the_null_path() -> None:
    _, [received], _ = serve(lambda port: send(port, letter(), sender="<>"))

    assert received.mail_from == ""
    assert received.handed(Told()).connection.mail_from == ""


def test_of_recipients_nothing_is_kept_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    _, [received], told = serve(lambda port: send(port, b"From: a@weinhandel.example\r\n\r\nhello\r\n"))

    assert SECRET not in f"{received} {told} {caplog.text}"


def test_several_messages_come_in_one_session_and_in_order() -> None:
    _, received, _ = serve(lambda port: send(port, *(letter(n) for n in range(7))))

    assert [one.number for one in received] == [1, 2, 3, 4, 5, 6, 7]
    assert [one.raw for one in received] == [letter(n) for n in range(7)]


def test_a_message_that_says_it_is_too_large_is_refused_before_it_is_sent() -> None:
    def client(port: int) -> int:
        with smtp(port) as connection:
            connection.ehlo()
            assert connection.esmtp_features["size"] == "5000"
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                connection.sendmail(BOUNCES, [RECIPIENT], letter(body="x" * 6000))
            connection.sendmail(BOUNCES, [RECIPIENT], letter())
            return refused.value.smtp_code

    code, received, _ = serve(client, Bounds(octets=5000))

    assert code == 552
    assert len(received) == 1


def test_a_message_that_is_too_large_without_saying_so_is_refused_after_it() -> None:
    def client(port: int) -> bytes:
        with until_data(port) as connection:
            connection.sendall(b"line\r\n" * 1000 + b".\r\n")
            return connection.recv(1000)

    said, received, _ = serve(client, Bounds(octets=5000))

    assert said.startswith(b"552 ")
    assert received == []


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"x" * 50_000, "it sent a line without end"),
        (b"line of a mail\r\n" * 1000, "it sent more than a message may have"),
        (b"\n" * 10_000, "it sent more than a message may have"),
    ],
    ids=["one line", "lines", "empty lines"],
)
def test_a_client_that_sends_for_ever_is_cut_off(octets: bytes, why: str) -> None:
    def client(port: int) -> int:
        with until_data(port) as connection:
            return for_ever(connection, octets, 500_000_000)

    sent, received, told = serve(client, Bounds(octets=1_000_000, line=100_000, lines=100_000))

    assert sent < 100_000_000
    assert received == []
    assert told == [f"a session was ended: {why}"]


def test_sessions_may_hold_only_so_much_together() -> None:
    def client(port: int) -> bytes:
        with until_data(port) as one, until_data(port) as other:
            one.sendall(b"line\r\n" * 10_000)
            for_ever(other, b"line\r\n" * 1_000, 10_000_000)
            other.close()
            one.sendall(b".\r\n")
            return one.recv(1000)

    said, received, told = serve(client, Bounds(held=100_000))

    assert told[:1] == ["a session was ended: all sessions together sent too much"]
    assert len(received) == said.startswith(b"250")


def test_what_was_received_is_no_longer_held_against_others() -> None:
    mails = [letter(n, body="line of text\n" * 4_000) for n in range(4)]

    def client(port: int) -> None:
        for mail in mails:
            send(port, mail, mail)

    _, received, told = serve(client, Bounds(held=200_000))

    assert (len(received), told) == (8, [])


def test_a_client_that_leaves_before_its_message_is_taken_takes_no_place() -> None:
    async def leave() -> tuple[bool, bool]:
        inbox = Inbox(Bounds(waiting=1, messages=2), lambda _: None)
        message = Received(raw=b"", ip="", helo="", path="", tls=False)
        await inbox.take(message)
        leaving = asyncio.create_task(inbox.take(message))
        await asyncio.sleep(0)
        full = inbox.is_full
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        return full, inbox.is_full

    assert asyncio.run(leave()) == (True, False)


def test_a_client_that_says_nothing_is_cut_off() -> None:
    def client(port: int) -> bytes:
        with until_data(port) as connection:
            return rest(connection)

    said, received, told = serve(client, Bounds(idle=0.1))

    assert said.startswith(b"421 ")
    assert received == []
    assert told == ["a session was ended: nothing came for too long"]


def test_a_client_that_waits_for_an_audit_is_not_idle() -> None:
    told: list[str] = []

    async def slow() -> int:
        bounds = Bounds(idle=0.1, waiting=1)
        async with (
            asyncio.timeout(HURRY),
            open_inbox("127.0.0.1", 0, bounds, tell=told.append) as (inbox, _, port),
        ):
            sending = asyncio.create_task(asyncio.to_thread(send, port, *(letter(n) for n in range(3))))
            await asyncio.wait({sending}, timeout=0.5)  # an audit that takes five times what is idle
            received = [await inbox.next() for _ in range(3)]
            await sending
            return len(received)

    assert asyncio.run(slow()) == 3
    assert told == []


def test_a_session_that_never_ends_is_ended() -> None:
    def client(port: int) -> int:
        with raw(port) as connection:
            return for_ever(connection, b"\r\n", 1_000_000_000)

    _, received, told = serve(client, Bounds(session=0.2, idle=5))

    assert received == []
    assert told == ["a session was ended: the session took too long"]


def test_a_command_may_be_said_only_so_often() -> None:
    def client(port: int) -> int:
        with raw(port) as connection:
            for_ever(connection, b"NOOP\r\n", 10_000_000)
            return len(rest(connection))

    assert serve(client)[0] < 10_000_000


def test_a_client_that_reads_nothing_does_not_stay() -> None:
    def client(port: int) -> bytes:
        with raw(port) as silent:
            silent.sendall(b"HELP\r\n" * 9_000)
            late = time.monotonic() + HURRY / 2
            greeting = b"421"
            while greeting.startswith(b"421") and time.monotonic() < late:
                with socket.create_connection(("127.0.0.1", port), timeout=HURRY) as other:
                    greeting = other.recv(1000)
            return greeting[:3]

    greeting, received, _ = serve(client, Bounds(session=0.5, idle=0.2, connections=1))

    assert (greeting, received) == (b"220", [])


def test_no_more_connect_than_may_and_of_those_who_knock_it_is_said_once() -> None:
    def knock(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=HURRY) as one:
            return rest(one)

    def client(port: int) -> list[bytes]:
        with raw(port), raw(port):
            return [knock(port) for _ in range(5)]

    said, _, told = serve(client, Bounds(connections=2))

    assert said == [b"421 4.3.2 too many connections\r\n"] * 5
    assert told == ["a connection was refused: too many at once"]


def test_no_more_connect_than_may_all_at_once() -> None:
    def client(port: int) -> int:
        with ExitStack() as open_ones:
            address = "127.0.0.1", port
            all_of = [open_ones.enter_context(socket.create_connection(address, timeout=HURRY)) for _ in range(60)]
            return sum(_greeting(one).startswith(b"220") for one in all_of)

    def _greeting(connection: socket.socket) -> bytes:
        with suppress(ConnectionError):
            return connection.recv(100)
        return b""

    assert serve(client, Bounds(connections=5))[0] <= 5


def test_no_more_recipients_and_messages_are_taken_than_may() -> None:
    def client(port: int) -> tuple[int, int]:
        with smtp(port) as connection:
            refused = connection.sendmail(BOUNCES, [f"{n}@reader.example" for n in range(5)], letter())
            with pytest.raises(smtplib.SMTPSenderRefused) as full:
                connection.sendmail(BOUNCES, [RECIPIENT], letter())
            return len(refused), full.value.smtp_code

    said, received, _ = serve(client, Bounds(recipients=3, messages=1))

    assert said == (2, 452)
    assert len(received) == 1


def test_junk_gets_answers_and_then_an_end(capfd: pytest.CaptureFixture[str]) -> None:
    def client(port: int) -> bytes:
        with raw(port) as connection:
            connection.sendall(b"\x16\x03\x01 no SMTP\r\n\r\n" + f"HELLO {RECIPIENT}\r\n".encode() * 50)
            return rest(connection)

    said, received, told = serve(client)

    assert b"500 " in said
    assert received == []
    assert SECRET not in f"{told}{capfd.readouterr()}"


def test_a_client_that_drops_in_the_middle_of_a_message_leaves_nothing() -> None:
    def client(port: int) -> None:
        with until_data(port) as connection:
            connection.sendall(b"From: a@weinhandel.example\r\n")
        send(port, letter())

    _, received, told = serve(client)

    assert [one.raw for one in received] == [letter()]
    assert told == ["a client left before its message was taken"]


@pytest.mark.parametrize("end", [b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\0\r\n"])
def test_a_message_ends_at_crlf_dot_crlf_alone_and_keeps_every_octet(end: bytes) -> None:
    """What another end would let in as a second mail (SMTP smuggling) stands in the first."""
    first, second = letter() + b"\0 \r a \n b", f"MAIL FROM:<{BOUNCES}>\r\nDATA\r\n".encode() + letter(2)

    def client(port: int) -> bytes:
        with until_data(port) as connection:
            connection.sendall(first + end + second + b".\r\nQUIT\r\n")
            return rest(connection)

    said, [received], _ = serve(client)

    assert [line[:3] for line in said.splitlines()] == [b"250", b"221"]
    # RFC 5321 §4.5.2: of a line's first dot, where more follows, the sender has doubled it
    assert received.raw == first + end.replace(b"\r\n.", b"\r\n") + second


def test_a_message_that_a_client_leaves_behind_while_it_waits_is_not_kept(tmp_path: Path) -> None:
    """It was not told that its message is taken: it sends it again."""
    kept, is_kept, gone = tmp_path / "0001.eml", threading.Event(), asyncio.Event()

    def keep(raw: bytes) -> Path:
        kept.write_bytes(raw)
        is_kept.set()
        return kept

    async def leave() -> list[str]:
        loop, told = asyncio.get_running_loop(), list[str]()

        def tell(line: str) -> None:
            told.append(line)
            gone.set()

        def client(port: int) -> None:
            with until_data(port) as connection:
                connection.sendall(letter(2) + b".\r\n")
                assert is_kept.wait(HURRY)

        async with asyncio.timeout(HURRY), open_inbox("127.0.0.1", 0, Bounds(waiting=1), tell=tell, keep=keep) as at:
            inbox, _, port = at
            await loop.run_in_executor(None, send, port, letter())
            is_kept.clear()
            await loop.run_in_executor(None, client, port)
            await gone.wait()
            await asyncio.sleep(0)
            assert inbox.waiting == 1
        return told

    assert asyncio.run(leave()) == ["a client left before its message was taken"]
    assert not kept.exists()


def test_long_lines_are_taken_so_that_the_audit_can_name_them() -> None:
    mail = letter(body="x" * 5000)

    _, [received], _ = serve(lambda port: send(port, mail))

    assert received.raw == mail


def test_an_international_sender_is_taken() -> None:
    def client(port: int) -> None:
        with smtp(port) as connection:
            connection.ehlo()
            connection.mail("grüße@weinhändler.example", ["SMTPUTF8"])
            connection.rcpt(RECIPIENT)
            connection.data(letter())

    _, [received], _ = serve(client)

    assert received.handed(Told()).connection.mail_from == "xn--weinhndler-u5a.example"


def test_starttls_is_offered_with_a_certificate_alone(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def client(port: int) -> bool:
        with smtp(port) as connection:
            connection.starttls(context=ssl.create_default_context(cafile=str(certificate[0])))
            connection.sendmail(BOUNCES, [RECIPIENT], letter())
            return connection.has_extn("auth")

    asks_for_a_password, [received], _ = serve(client, tls=context)
    assert asks_for_a_password is False
    assert (received.raw, received.tls, received.ip) == (letter(), True, "127.0.0.1")

    def plain(port: int) -> bool:
        with smtp(port) as connection:
            connection.ehlo()
            return connection.has_extn("starttls")

    assert serve(plain)[0] is False


def test_what_was_sent_before_tls_counts_for_nothing_in_it(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))

    def client(port: int) -> bytes:
        with raw(port) as connection:
            slipped_in = f"HELO x\r\nMAIL FROM:<{BOUNCES}>\r\nRCPT TO:<{RECIPIENT}>\r\n"
            connection.sendall(f"STARTTLS\r\n{slipped_in}".encode())
            assert connection.recv(1000).startswith(b"220 ")
            with trusted.wrap_socket(connection, server_hostname="127.0.0.1") as inside:
                inside.sendall(b"DATA\r\n")
                return inside.recv(1000)

    # RFC 3207 §4.2: the server discards what it knew of the client
    assert serve(client, tls=context)[0] == b"503 Error: send HELO first\r\n"


@pytest.mark.parametrize("hello", [b"GET / HTTP/1.1\r\n\r\n", b""], ids=["another protocol", "silence"])
def test_a_handshake_that_is_none_ends_the_session(
    hello: bytes, certificate: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def client(port: int) -> None:
        with raw(port) as connection:
            connection.sendall(b"HELO x\r\n")
            connection.recv(1000)
            connection.sendall(b"STARTTLS\r\n")
            assert connection.recv(1000).startswith(b"220 ")
            connection.sendall(hello)
            rest(connection)
        send(port, letter())

    _, received, _ = serve(client, Bounds(idle=0.3), tls=context)

    assert len(received) == 1
    assert capfd.readouterr().err == ""


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)

    with pytest.raises(ReceiverMissing, match=r"pip install 'deliv\[message\]'"):
        serve(lambda _: None)
