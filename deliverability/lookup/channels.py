"""One question to one server: UDP that falls back to TCP, DNS over TLS, DNS over HTTPS."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Status
from deliverability.lookup.servers import Server
from deliverability.lookup.wire import (
    BADVERS,
    EDNS_PAYLOAD,
    FORMERR,
    NOTIMP,
    MalformedResponse,
    Reply,
    decode_response,
    encode_query,
)

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_IN_FLIGHT = 200
"""Questions to one server at a time; more overflow its socket buffer even on loopback (design: performance.md)."""
SOCKETS_PER_SERVER = 4
"""UDP sockets, each with a random source port of its own (RFC 5452 §9.2) and up to MAX_IN_FLIGHT random ids."""
RECEIVE_BUFFER = 1024 * 1024
"""Octets asked of the kernel for each socket: MAX_IN_FLIGHT replies of EDNS_PAYLOAD, with room for its bookkeeping."""
RESEND_AT = 0.25
"""Part of a try after which its datagram is sent once more: a lost one is far likelier than a server so slow."""
MAX_MESSAGE = 65535
"""RFC 1035 §4.2.2: a message over TCP has a length of two octets."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: canonical name and type."""

    name: str
    rdtype: str
    dnssec: bool = False


class Channel(Protocol):
    """The way to one server. `ask` raises TimeoutError, OSError or MalformedResponse where no reply can be had."""

    async def ask(self, question: Question, patience: float) -> Reply:
        """One reply within `patience` seconds."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


def channel_to(server: Server) -> Channel:
    """The channel for this server's transport."""
    if server.transport == "https":
        return HttpsChannel(server)
    return TlsChannel(server) if server.transport == "tls" else PlainChannel(server)


class PlainChannel:
    """UDP with EDNS; without it for a server that does not know it, TCP for what does not fit (RFC 7766)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sockets: list[_Socket] = []
        self._opening = asyncio.Lock()
        self._payload = EDNS_PAYLOAD

    async def ask(self, question: Question, patience: float) -> Reply:
        """Ask over UDP, then over TCP if the reply is cut short."""
        payload = self._payload
        reply = await self._ask_udp(question, payload, patience)
        if payload and reply.rcode in (FORMERR, NOTIMP, BADVERS):
            # RFC 6891 §7: what a server without EDNS may say to a query with it
            payload = 0
            reply = await self._ask_udp(question, payload, patience)
            if reply.rcode not in (FORMERR, NOTIMP):
                self._payload = payload
        return await self._ask_tcp(question, payload, patience) if reply.truncated else reply

    async def aclose(self) -> None:
        """Close the sockets; questions under way fail."""
        for opened in self._sockets:
            opened.close()
        self._sockets.clear()
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    async def _ask_udp(self, question: Question, payload: int, patience: float) -> Reply:
        return await (await self._socket()).ask(question, payload, patience)

    async def _ask_tcp(self, question: Question, payload: int, patience: float) -> Reply:
        try:
            reply = await _ask_stream(question, payload, patience, self._server.host, self._server.port)
        except (TimeoutError, OSError, EOFError):
            return Reply(Status.TIMEOUT, truncated=True)
        except MalformedResponse:
            return Reply(Status.SERVFAIL, truncated=True)
        return replace(reply, truncated=True)

    async def _socket(self) -> _Socket:
        self._sockets = [opened for opened in self._sockets if opened.usable]
        if len(self._sockets) < SOCKETS_PER_SERVER:
            async with self._opening:
                while len(self._sockets) < SOCKETS_PER_SERVER:
                    opened = await _open_socket(self._server)
                    self._sockets.append(opened)
        return self._sockets[os.urandom(1)[0] % len(self._sockets)]


@dataclass(slots=True)
class _Waiting:
    """A query that was sent. `rest` is how long to wait after it has been sent once more, None from then on."""

    reply: asyncio.Future[Reply]
    question: Question
    query: bytes
    rest: float | None
    timer: asyncio.TimerHandle | None = None

    def fail(self, error: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)


class _Socket(asyncio.DatagramProtocol):
    """A connected UDP socket with many questions under way, told apart by id and question."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[bytes, _Waiting] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, question: Question, payload: int, patience: float) -> Reply:
        query = encode_query(
            self._fresh_ident(), question.name, question.rdtype, payload=payload, dnssec=question.dnssec
        )
        waiting = _Waiting(self._loop.create_future(), question, query, patience * (1 - RESEND_AT))
        waiting.timer = self._loop.call_later(patience * RESEND_AT, self._overdue, waiting)
        self._waiting[query[:2]] = waiting
        try:
            self._send(query)
            return await waiting.reply
        finally:
            waiting.timer.cancel()
            del self._waiting[query[:2]]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        waiting = self._waiting.get(data[:2])
        if waiting is None or waiting.reply.done():
            return
        try:
            reply = decode_response(data, waiting.question.name, waiting.question.rdtype)
        except MalformedResponse as error:
            waiting.fail(error)
        else:
            if reply is not None:  # RFC 5452 §4.2: anything else is somebody guessing
                waiting.reply.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens there: no use in waiting."""
        for waiting in self._waiting.values():
            waiting.fail(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.error_received(exc or ConnectionError("closed"))

    def _send(self, query: bytes) -> None:
        if self._transport is not None and self.usable:
            self._transport.sendto(query)

    def _overdue(self, waiting: _Waiting) -> None:
        if waiting.rest is None:
            waiting.fail(TimeoutError())
            return
        waiting.timer = self._loop.call_later(waiting.rest, self._overdue, waiting)
        waiting.rest = None
        self._send(waiting.query)

    def _fresh_ident(self) -> int:
        while (ident := os.urandom(2)) in self._waiting:
            pass
        return int.from_bytes(ident, "big")


class TlsChannel:
    """DNS over TLS (RFC 7858), the certificate verified (RFC 8310 §5); one connection a question."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._context: ssl.SSLContext | None = None

    async def ask(self, question: Question, patience: float) -> Reply:
        """Ask over a fresh connection."""
        if self._context is None:
            import ssl  # noqa: PLC0415

            self._context = ssl.create_default_context()
        host, port, hostname = self._server.host, self._server.port, self._server.hostname
        return await _ask_stream(question, EDNS_PAYLOAD, patience, host, port, self._context, hostname)

    async def aclose(self) -> None:
        """Nothing stays open."""


class HttpsChannel:
    """DNS over HTTPS (RFC 8484) over one client, which keeps its connections."""

    def __init__(self, server: Server) -> None:
        self._url = server.text
        self._client: httpx.AsyncClient | None = None

    async def ask(self, question: Question, patience: float) -> Reply:
        """POST the query; RFC 8484 §4.1: with id 0."""
        import httpx  # noqa: PLC0415

        if self._client is None:
            self._client = httpx.AsyncClient(http2=True)
        query = encode_query(0, question.name, question.rdtype, dnssec=question.dnssec)
        try:
            async with asyncio.timeout(patience):
                wire = await _post(self._client, self._url, query)
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from None
        return _decoded(wire, question)

    async def aclose(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.aclose()


async def _post(client: httpx.AsyncClient, url: str, query: bytes) -> bytes:
    kind = "application/dns-message"
    body = bytearray()
    headers = {"accept": kind, "content-type": kind}
    async with client.stream("POST", url, content=query, headers=headers, timeout=None) as response:
        if response.status_code != 200:
            raise ConnectionError(f"HTTP status {response.status_code}")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_MESSAGE:
                raise MalformedResponse("longer than a DNS message can be")
    return bytes(body)


async def _ask_stream(
    question: Question,
    payload: int,
    patience: float,
    host: str,
    port: int,
    context: ssl.SSLContext | None = None,
    hostname: str | None = None,
) -> Reply:
    """Ask over TCP or TLS: each message behind its length (RFC 1035 §4.2.2)."""
    ident = int.from_bytes(os.urandom(2), "big")
    query = encode_query(ident, question.name, question.rdtype, payload=payload, dnssec=question.dnssec)
    async with asyncio.timeout(patience):
        reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=hostname)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.transport.abort()
    if wire[:2] != query[:2]:
        raise MalformedResponse("another message's id")
    return _decoded(wire, question)


def _decoded(wire: bytes, question: Question) -> Reply:
    reply = decode_response(wire, question.name, question.rdtype)
    if reply is None:
        raise MalformedResponse("the answer to another question")
    return reply


async def _open_socket(server: Server) -> _Socket:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Socket, remote_addr=(server.host, server.port))
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return protocol
