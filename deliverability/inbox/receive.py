"""A receiver of your own test mail: SMTP on this machine, each message audited as it came.

Nothing is passed on to anybody, and of recipients nothing is kept.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from deliverability.fastclass import dataclass
from deliverability.messages.given import NoMessage, Told, given_message
from deliverability.names import helo_name

if TYPE_CHECKING:
    from pathlib import Path

    from deliverability.document import Audit
    from deliverability.mail.authenticate import HandedOver
    from deliverability.messages.run import Run

MISSING = "an inbox needs aiosmtpd, which is not installed: pip install 'deliv[message]'"
LOOPBACK = "127.0.0.1"
HOSTNAME = "deliv.invalid"
"""What the receiver calls itself: no name that anybody has (RFC 6761 §6.4)."""

LAST_WORDS = 3.0
"""Seconds in which sessions may end once the inbox closes."""


class ReceiverMissing(RuntimeError):
    """aiosmtpd is not installed; the message says how to get it."""


class CannotListen(RuntimeError):
    """The address is taken, or none of this machine's; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a client may do at most; all are our own choice (2026-11).

    - octets: of a message; larger ones get 552. Receivers take 25 to 50 MB.
    - messages: that are received in all.
    - recipients: of one message. RFC 5321 §4.5.3.1.8 asks for 100.
    - connections: at the same time.
    - line: octets of a line. RFC 5321 §4.5.3.1.6 allows 1,000; longer ones are taken to be named by the audit.
    - lines: of a message. Base64 of the largest message has 650,000.
    - held: octets that are being received in all sessions together.
    - idle: seconds without an octet; session: seconds of one connection in all.
    - waiting: messages that are received and not yet audited.
    """

    octets: int = 50 * 1000 * 1000
    messages: int = 1_000
    recipients: int = 100
    connections: int = 20
    line: int = 1 << 20
    lines: int = 1_000_000
    held: int = 200 * 1000 * 1000
    idle: float = 60.0
    session: float = 600.0
    waiting: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as it came. `path` is MAIL FROM, "" for none: only its domain is shown. `number` counts from 1.

    `file` is where it is kept until it is audited; None where it is in memory alone.
    """

    raw: bytes
    ip: str
    helo: str
    path: str = field(repr=False)
    tls: bool
    number: int = 0
    file: Path | None = None

    @property
    def mail_from(self) -> str:
        """The domain of MAIL FROM, "" for none."""
        return self.path.rpartition("@")[2]

    def handed(self, told: Told) -> HandedOver:
        """Who handed it over: what was seen, but for what the caller says of the time when it is sent in earnest."""
        from deliverability.mail.authenticate import Source, handed_over  # noqa: PLC0415 - once there is a message

        seen = told.ip is None and told.helo is None and told.mail_from is None
        return handed_over(
            self.raw,
            ip=told.ip or self.ip or None,
            helo=told.helo or _helo(self.helo),
            mail_from=self.path if told.mail_from is None else told.path,
            source=Source.SMTP if seen else Source.GIVEN,
        )


class Session(Protocol):
    """One connection, as an inbox ends it."""

    def cut(self, why: str = "") -> None:
        """End it; `why` is told where it is anybody's fault."""
        ...


class Inbox:
    """What was received and is to be audited.

    Args:
        bounds: What is taken at most.
        tell: Is told, in a line without addresses, of what went wrong in a session.
        keep: Writes a message to a file, before its sender is told that it is taken, and says where; raises OSError.
    """

    def __init__(
        self, bounds: Bounds, tell: Callable[[str], None], keep: Callable[[bytes], Path | None] = lambda _: None
    ) -> None:
        self._bounds = bounds
        self._keep = keep
        self.tell = tell
        self._queue = asyncio.Queue[Received](bounds.waiting)
        self._sessions: dict[Session, None] = {}
        self._taken = self._given = 0
        self.held = 0

    @property
    def connections(self) -> int:
        """How many are connected."""
        return len(self._sessions)

    @property
    def is_full(self) -> bool:
        """Whether all was received that may be."""
        return self._taken >= self._bounds.messages

    @property
    def waiting(self) -> int:
        """How many were received and not yet given out."""
        return self._queue.qsize()

    def opened(self, session: Session) -> None:
        """A client is connected."""
        self._sessions[session] = None

    def closed(self, session: Session) -> None:
        """It is gone."""
        self._sessions.pop(session, None)

    async def take(self, message: Received) -> bool:
        """Take a message; waits while as many are waiting as may. False where no more are wanted.

        Raises OSError where it cannot be kept.
        """
        if self.is_full:
            return False
        self._taken += 1
        file = None
        try:
            # RFC 5321 §4.2.5: with 250 the responsibility is the receiver's, whatever becomes of it then
            file = self._keep(message.raw)
            await self._queue.put(replace(message, file=file))
        except BaseException:  # a full disk, or the client left before it was told that its message is taken
            self._taken -= 1
            if file is not None:
                file.unlink(missing_ok=True)
            raise
        return True

    async def next(self) -> Received:
        """The next message, once there is one."""
        message = await self._queue.get()
        self._given += 1
        return replace(message, number=self._given)

    def end(self) -> None:
        """End every session."""
        for session in tuple(self._sessions):
            session.cut()


@asynccontextmanager
async def open_inbox(
    host: str,
    port: int,
    bounds: Bounds,
    *,
    tls: ssl.SSLContext | None = None,
    tell: Callable[[str], None] = lambda _: None,
    keep: Callable[[bytes], Path | None] = lambda _: None,
) -> AsyncGenerator[tuple[Inbox, str, int]]:
    """An inbox that listens while the block runs, with the address and port it listens at (0 chooses one).

    `tell` and `keep` as an `Inbox` has them.

    Raises ReceiverMissing where aiosmtpd is not installed, CannotListen where it cannot listen there.
    """
    if find_spec("aiosmtpd") is None:
        raise ReceiverMissing(MISSING)
    from deliverability.inbox.smtp import factory  # noqa: PLC0415 - aiosmtpd, only where there is an inbox

    inbox = Inbox(bounds, tell, keep)
    loop = asyncio.get_running_loop()
    # what a session raises is of no use to anybody but its own client, and may name people
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        server = await loop.create_server(factory(inbox, bounds, tls, HOSTNAME), host, port)
    except OSError as error:
        raise CannotListen(os.strerror(error.errno) if error.errno else str(error)) from None
    try:
        address = server.sockets[0].getsockname()
        yield inbox, str(address[0]), int(address[1])
    finally:
        server.close()
        inbox.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await server.wait_closed()


async def audited(
    inbox: Inbox, run: Run, stop: asyncio.Event, *, expect: int | None = None, within: float | None = None
) -> AsyncGenerator[tuple[Received, Audit | NoMessage]]:
    """Each message with its audit, or why it is none, as they come: one after another, in the order received.

    It ends once `expect` messages are audited or all were received that may be, `within` seconds after the start, or
    when `stop` is set; whatever was received by then is audited first.
    """
    loop = asyncio.get_running_loop()
    deadline = None if within is None else loop.time() + within
    number = 0
    while (expect is None or number < expect) and not (inbox.is_full and not inbox.waiting):
        received = await _one_more(inbox, stop, None if deadline is None else deadline - loop.time())
        if received is None:
            if inbox.waiting:  # it came at the very end, and its sender was told that it is taken
                continue
            return
        number = received.number
        try:
            given = given_message(
                received.raw,
                name=f"message {number}",
                now=datetime.now(UTC),
                handed=received.handed(run.told),
            )
            yield received, await run.audit(given, received.raw)
        except NoMessage as error:
            yield received, error


async def _one_more(inbox: Inbox, stop: asyncio.Event, patience: float | None) -> Received | None:
    """The next message; None where none came in time, or before `stop`."""
    if inbox.waiting:
        return await inbox.next()
    coming, stopping = asyncio.create_task(inbox.next()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({coming, stopping}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        for task in (coming, stopping):
            task.cancel()


def _helo(text: str) -> str | None:
    try:
        return helo_name(text) if text else None
    except ValueError:
        return None
