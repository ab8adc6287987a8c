"""Servers on loopback that do what a well-behaved one never would, and resolvers that count."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from deliverability.lookup import Answer, Nameserver, Resolver

Mangle = Callable[[bytes], bytes]
Handler = Callable[[bytes], list[bytes]]


class Counting:
    """As `base`, counting the questions; `gate` holds every answer back until it is set."""

    def __init__(self, base: Resolver, gate: asyncio.Event | None = None) -> None:
        self._base = base
        self._gate = gate
        self.asked: Counter[tuple[str, str]] = Counter()
        self.arrived = asyncio.Event()

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked[name.lower().removesuffix("."), rdtype] += 1
        self.arrived.set()
        if self._gate is not None:
            await self._gate.wait()
        return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)


class Scripted(asyncio.DatagramProtocol):
    """A UDP server that answers each packet with whatever `handler` makes of it. `seen` keeps the packets."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._port = port
        self._udp: Any = None
        self.seen: list[bytes] = []
        self.arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.abort()
        await asyncio.sleep(0)

    @property
    def address(self) -> str:
        port = self._udp.get_extra_info("sockname")[1]
        return f"127.0.0.1:{port}"

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.seen.append(data)
        self.arrived.set()
        for packet in self._handler(data):
            self._udp.sendto(packet, addr)


def silent(_: bytes) -> list[bytes]:
    """Never answers."""
    return []


def saying(
    *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, authority: tuple[str, ...] = (), flags: str = ""
) -> Handler:
    """A handler that answers every query with these RRs (`name ttl IN type rdata`)."""

    def handle(wire: bytes) -> list[bytes]:
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.flags |= dns.flags.from_text(flags)
        response.set_rcode(rcode)
        for section, lines in ((response.answer, records), (response.authority, authority)):
            for line in lines:
                name, ttl, rdclass, rdtype, rdata = line.split(" ", 4)
                section.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, rdata))
        return [response.to_wire()]

    return handle


@asynccontextmanager
async def tls_in_front(address: str, certificate: Path) -> AsyncGenerator[str]:
    """A TLS server that passes each connection to the TCP server at `address`; yields its own address."""
    host, _, port = address.rpartition(":")
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_pass(reader, inner_writer), _pass(inner_reader, writer))
        finally:
            inner_writer.transport.abort()
            writer.transport.abort()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.0)


@asynccontextmanager
async def https_in_front(server: Nameserver, certificate: Path, mangle: Mangle = bytes) -> AsyncGenerator[str]:
    """DNS over HTTPS (HTTP/1.1) in front of `server`; `mangle` may change each message. Yields the URL."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                reply = mangle(await server.reply_to(await reader.readexactly(length), stream=True) or b"")
                status = b"200 OK" if reply else b"500 No"
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: %d\r\n\r\n" % len(reply) + reply)
                await writer.drain()
        except (OSError, EOFError):
            pass
        writer.transport.abort()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    https = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{https.sockets[0].getsockname()[1]}/dns-query"
    finally:
        https.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.transport.abort()


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 and dns.example.test with its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dns.example.test")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("dns.example.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "dns.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
