"""The SMTP dialogue of `deliv inbox`, by aiosmtpd: every step of it bounded, and no recipient's address kept.

aiosmtpd reads what a client sends until it is done. What it leaves open is bounded here: how much one transaction may
send before it is over, how long a session lasts, how many there are at once.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deliverability import __version__
from deliverability.inbox.receive import Received

if TYPE_CHECKING:
    from deliverability.inbox.receive import Bounds, Inbox

RECIPIENT = "a recipient"
"""What is kept of RCPT TO."""
COMMANDS = 10_000
"""Commands of one kind in a session; our own bound."""
DROPPED_AFTER = 2
"""A client that goes on after so many times the size that it was told is cut off, as one that sends without end."""
SLACK = 1 << 20
"""Octets that commands may take besides."""
ENOUGH = "452 4.3.1 enough messages were received"
NOT_KEPT = "452 4.3.1 the message cannot be kept"
LEFT = "a client left before its message was taken"
GRACE = 1.0
"""Seconds in which a client may still read why it is cut off."""


class Dialogue(SMTP):
    """One connection."""

    def __init__(self, inbox: Inbox, bounds: Bounds, tls: ssl.SSLContext | None, hostname: str) -> None:
        self._inbox, self._bounds = inbox, bounds
        self._flow = _Flow()
        self._end: asyncio.TimerHandle | None = None
        self.waits_for_us = self._is_cut = False
        # RFC 5321 §4.5.3.1.6 allows 1,000 octets; longer lines are taken so that the audit can name them
        self.line_length_limit = bounds.line
        super().__init__(
            _Handler(inbox, bounds),
            data_size_limit=bounds.octets,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident=f"deliv {__version__}",
            tls_context=tls,
            timeout=bounds.idle,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; called again once it has begun TLS."""
        super().connection_made(transport)
        if self._end is None:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(self._bounds.session, self.cut, "the session took too long")

    def data_received(self, data: bytes) -> None:
        """Octets came: whoever sends is not idle, but may not send for ever."""
        self._flow.add(data)
        self._inbox.held += len(data)
        if why := self._too_much():
            self.cut(why)
            return
        if self.transport is not None:
            self._reset_timeout()
        super().data_received(data)

    def _too_much(self) -> str:
        """Why no more is taken; empty while it is. What came after a line's end is held by nobody else than this."""
        bounds, flow = self._bounds, self._flow
        if flow.line > DROPPED_AFTER * bounds.line:
            return "it sent a line without end"
        if flow.octets > DROPPED_AFTER * bounds.octets + SLACK or flow.lines > bounds.lines:
            return "it sent more than a message may have"
        return "all sessions together sent too much" if self._inbox.held > bounds.held else ""

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        if self._end is not None:
            self._end.cancel()
        if self.envelope is not None and self.envelope.rcpt_tos and not self._is_cut:
            self._inbox.tell(LEFT)
        self._forget()
        self._inbox.closed(self)
        super().connection_lost(error)

    def cut(self, why: str = "") -> None:
        """End the session; `why` is told where it is anybody's fault."""
        transport = self.transport
        if not isinstance(transport, asyncio.WriteTransport):
            return
        # a client that reads nothing would keep what is written, and so the connection: after its own QUIT too
        asyncio.get_running_loop().call_later(GRACE, transport.abort)
        if transport.is_closing():
            return
        self._is_cut = True
        if why:
            self._inbox.tell(f"a session was ended: {why}")
        transport.write(b"421 4.3.2 closing\r\n")
        transport.close()

    def _timeout_cb(self) -> None:
        if self.waits_for_us:
            self._reset_timeout()
        else:
            self.cut("nothing came for too long")

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._forget()

    def _forget(self) -> None:
        """A transaction is over."""
        self._inbox.held -= self._flow.octets
        self._flow = _Flow()


class _Flow:
    """How much of one transaction has come."""

    def __init__(self) -> None:
        self.octets = self.lines = self.line = 0

    def add(self, data: bytes) -> None:
        """More came."""
        self.octets += len(data)
        self.lines += data.count(b"\n")
        end = data.rfind(b"\n")
        self.line = self.line + len(data) if end < 0 else len(data) - end - 1


class TooMany(asyncio.Protocol):
    """What answers where as many are connected as may be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 too many connections\r\n")
        transport.close()


class _Handler:
    """What aiosmtpd asks at each step."""

    def __init__(self, inbox: Inbox, bounds: Bounds) -> None:
        self._inbox, self._bounds = inbox, bounds

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        """EHLO: what is offered. Nobody has a password here, so none is asked for, nor over TLS."""
        session.host_name = name
        return [reply for reply in replies if not reply.startswith("250-AUTH ")]

    async def handle_MAIL(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """MAIL FROM: held until the message is audited, for SPF; bounce addresses carry the recipient's."""
        if self._inbox.is_full:
            return ENOUGH
        envelope.mail_from = address.strip("<> ") if "@" in address else "<>"
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope, _address: str, _options: list[str]
    ) -> str:
        """RCPT TO: counted, not kept."""
        if len(envelope.rcpt_tos) >= self._bounds.recipients:
            return "452 4.5.3 too many recipients"  # RFC 5321 §4.5.3.1.10
        envelope.rcpt_tos.append(RECIPIENT)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Dialogue, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """The message is there."""
        peer: Any = session.peer
        message = Received(
            raw=envelope.original_content or b"",
            ip=str(peer[0]).partition("%")[0] if peer else "",  # RFC 4007 §11: a zone is of this machine alone
            helo=_printable(session.host_name),
            path="" if envelope.mail_from in {None, "<>"} else _printable(envelope.mail_from),
            tls=session.ssl is not None,
        )
        server.waits_for_us = True
        try:
            taken = await self._inbox.take(message)
        except OSError as error:
            self._inbox.tell(f"a message was refused: it cannot be kept ({error.strerror or type(error).__name__})")
            return NOT_KEPT
        finally:
            server.waits_for_us = False
        return "250 2.0.0 OK, it is audited now" if taken else ENOUGH

    async def handle_exception(self, error: Exception) -> str:
        """A fault of the dialogue's own. What the client said is not repeated: it may name people."""
        self._inbox.tell(f"a session failed: {type(error).__name__}")
        return "451 4.3.0 the session failed"


def _printable(text: object) -> str:
    """What a client said, without halves of characters."""
    return str(text or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def factory(
    inbox: Inbox, bounds: Bounds, tls: ssl.SSLContext | None, hostname: str
) -> Callable[[], asyncio.BaseProtocol]:
    """What makes the other end of each connection."""
    _quiet()
    was_full = False

    def protocol() -> asyncio.BaseProtocol:
        nonlocal was_full
        full, was_full = was_full, inbox.connections >= bounds.connections
        if was_full:
            if not full:  # once, until somebody has a place again: who knocks without end writes no end of lines
                inbox.tell("a connection was refused: too many at once")
            return TooMany()
        dialogue = Dialogue(inbox, bounds, tls, hostname)
        inbox.opened(dialogue)  # at once: many are accepted before the first of them is told of its connection
        return dialogue

    return protocol


def _quiet() -> None:
    """Write nothing: aiosmtpd writes every command into its log, RCPT TO as well."""
    log: Any = logging.getLogger("mail.log")
    log.disabled = True
