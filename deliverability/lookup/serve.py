"""A small nameserver on loopback: any resolver's answers as real packets, for `deliv demo` and the tests."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from deliverability.lookup.answer import Answer, Resolver, Status
from deliverability.lookup.labels import ancestors, canonical_name
from deliverability.lookup.rdtypes import TEXT_TYPES
from deliverability.lookup.wire import EDNS_PAYLOAD

MAX_QUESTIONS = 4096
"""Questions over UDP worked on at a time; our own bound, further ones are dropped."""
MAX_CONNECTIONS = 256
"""TCP connections at a time; our own bound (RFC 7766 §6.2.2 asks for one)."""
IDLE_SECONDS = 10.0
"""RFC 7766 §6.2.3: an idle connection is closed after some seconds."""
PLAIN_PAYLOAD = 512
"""RFC 1035 §4.2.1: octets over UDP without EDNS."""
MAX_MESSAGE = 65535
"""RFC 1035 §4.2.2."""
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Octets asked of the kernel, so that a burst of MAX_QUESTIONS is not lost (it counts some 1 KiB for each)."""
PORT_ATTEMPTS = 8
"""Free ports tried until one is free for UDP and TCP alike."""

_RCODES = {
    Status.OK: dns.rcode.NOERROR,
    Status.NODATA: dns.rcode.NOERROR,
    Status.NXDOMAIN: dns.rcode.NXDOMAIN,
    Status.SERVFAIL: dns.rcode.SERVFAIL,
    Status.REFUSED: dns.rcode.REFUSED,
}


class Nameserver:
    """Serves `resolver` over UDP and TCP on one port while in its `async with`; `address` is `127.0.0.1:PORT`."""

    def __init__(self, resolver: Resolver, host: str = "127.0.0.1", port: int = 0) -> None:
        """Nothing is opened yet; port 0 takes a free one."""
        self._resolver = resolver
        self._host = host
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """Where it listens, in the form that LiveResolver takes."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Open both sockets; OSError where the port is taken."""
        for attempt in range(PORT_ATTEMPTS):
            self._tcp = await asyncio.start_server(self._serve_stream, self._host, self._port)
            port = int(self._tcp.sockets[0].getsockname()[1])
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self._host, port)
                )
            except OSError:
                # that port is free for TCP only: take another, if the choice is ours
                self._tcp.close()
                if self._port or attempt == PORT_ATTEMPTS - 1:
                    raise
                continue
            self._udp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._port = port
            break
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._udp is not None:
            self._udp.abort()
        if self._tcp is not None:
            self._tcp.close()
        tasks = (*self._tasks, *self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    async def reply_to(self, wire: bytes, *, stream: bool) -> bytes | None:
        """The packet that answers `wire`, or None for silence. Nothing that comes in makes it raise."""
        if len(wire) < 12 or wire[2] & 0x80:
            return None  # not a query; to answer a response would invite a loop
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return wire[:2] + bytes((0x80 | (wire[2] & 0x79), dns.rcode.FORMERR)) + bytes(8)
        response = await self._response(query)
        if response is None:
            return None
        limit = MAX_MESSAGE if stream else max(PLAIN_PAYLOAD, min(query.payload, EDNS_PAYLOAD))
        return _fitted(response, query, limit)

    def answer_datagram(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer in a task of its own, unless there are too many already."""
        if len(self._tasks) < MAX_QUESTIONS:
            task = asyncio.create_task(self._answer_datagram(data, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer_datagram(self, data: bytes, address: tuple[str, int]) -> None:
        reply = await self.reply_to(data, stream=False)
        if reply is not None and self._udp is not None:
            self._udp.sendto(reply, address)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._connections[task] = writer
        try:
            while len(self._connections) <= MAX_CONNECTIONS:
                async with asyncio.timeout(IDLE_SECONDS):
                    query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                reply = await self.reply_to(query, stream=True)
                if reply is not None:
                    writer.write(len(reply).to_bytes(2, "big") + reply)
                    await writer.drain()
        except (OSError, EOFError):
            pass  # the client left, or has nothing more to say
        finally:
            del self._connections[task]
            writer.transport.abort()

    async def _response(self, query: dns.message.Message) -> dns.message.Message | None:
        response = dns.message.make_response(query, our_payload=EDNS_PAYLOAD)
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
            return response
        question = query.question[0]
        meta = dns.rdatatype.is_metatype(question.rdtype)
        if question.rdclass != dns.rdataclass.IN or meta:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        answer = await self._resolver.resolve(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
        if answer.status is Status.TIMEOUT:
            return None
        await self._fill(response, question.name, answer)
        return response

    async def _fill(self, response: dns.message.Message, asked: dns.name.Name, answer: Answer) -> None:
        response.flags |= dns.flags.AA
        response.set_rcode(_RCODES[answer.status])
        owner = asked
        for alias in answer.cname_chain:
            target = dns.name.from_text(f"{alias}.")
            response.answer.append(_rrset(owner, "CNAME", [f"{alias}."], answer.ttl))
            owner = target
        if answer.strings:
            response.answer.append(_text_rrset(owner, answer))
        elif answer.records:
            response.answer.append(_rrset(owner, answer.rdtype, answer.records, answer.ttl))
        elif answer.answered and (soa := await self._soa_above(owner)) is not None:
            response.authority.append(soa)

    async def _soa_above(self, owner: dns.name.Name) -> dns.rrset.RRset | None:
        """RFC 2308 §3: with a negative answer goes the zone's SOA, its TTL no more than its MINIMUM."""
        name = canonical_name(owner.to_text())
        for zone in (name, *ancestors(name)):
            soa = await self._resolver.resolve(zone, "SOA")
            if soa.records and not soa.cname_chain:
                minimum = int(soa.records[0].rsplit(" ", 1)[1])
                return _rrset(dns.name.from_text(f"{zone}."), "SOA", soa.records, min(soa.ttl or 0, minimum))
        return None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, nameserver: Nameserver) -> None:
        self._nameserver = nameserver

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._nameserver.answer_datagram(data, addr)


def _fitted(response: dns.message.Message, query: dns.message.Message, limit: int) -> bytes:
    """`response` in at most `limit` octets; what does not fit is left out and TC says so (RFC 2181 §9)."""
    with suppress(dns.exception.TooBig, dns.exception.FormError):  # a record over 64 KiB is the latter
        return response.to_wire(max_size=limit)
    cut = dns.message.make_response(query, our_payload=EDNS_PAYLOAD)
    cut.set_rcode(response.rcode())
    cut.flags |= dns.flags.AA | dns.flags.TC
    return cut.to_wire(max_size=limit)


def _rrset(owner: dns.name.Name, rdtype: str, records: list[str] | tuple[str, ...], ttl: int | None) -> dns.rrset.RRset:
    kind = dns.rdatatype.from_text(rdtype)
    rdatas = [dns.rdata.from_text(dns.rdataclass.IN, kind, record) for record in records]
    return dns.rrset.from_rdata_list(owner, ttl or 0, rdatas)


def _text_rrset(owner: dns.name.Name, answer: Answer) -> dns.rrset.RRset:
    kind = dns.rdatatype.from_text(answer.rdtype if answer.rdtype in TEXT_TYPES else "TXT")
    rdatas = [dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, kind, parts) for parts in answer.strings]
    return dns.rrset.from_rdata_list(owner, answer.ttl or 0, cast("list[dns.rdata.Rdata]", rdatas))
