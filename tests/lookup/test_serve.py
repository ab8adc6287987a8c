"""The embedded nameserver speaks DNS to strangers, bounded and on loopback."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
import pytest

from deliverability.lookup import Answer, Nameserver, Status, ZoneResolver
from deliverability.lookup import serve as module

ZONE = ZoneResolver.from_text(
    "$ORIGIN example.test.\n@ 900 SOA ns hm 1 2 3 4 60\n@ TXT short\n"
    + "\n".join(f'big TXT "{"x" * 200}{n}"' for n in range(10))
)


def talk(*packets: bytes, stream: bool = False) -> list[bytes | None]:
    async def run() -> list[bytes | None]:
        server = Nameserver(ZONE)
        return [await server.reply_to(packet, stream=stream) for packet in packets]

    return asyncio.run(run())


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the other side closes, gently or not."""
    try:
        return await reader.read()
    except OSError:
        return b""


def reply(query: dns.message.Message, *, stream: bool = False) -> dns.message.Message:
    [wire] = talk(query.to_wire(), stream=stream)
    assert wire is not None
    return dns.message.from_wire(wire)


def test_a_negative_answer_carries_the_soa_with_the_ttl_it_may_be_kept() -> None:
    response = reply(dns.message.make_query("absent.example.test", "TXT"))

    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.flags & dns.flags.AA
    assert response.authority[0].ttl == 60


@pytest.mark.parametrize(
    ("payload", "stream", "cut"), [(None, False, True), (1232, False, True), (4096, False, True), (None, True, False)]
)
def test_what_does_not_fit_is_cut_and_says_so(payload: int | None, stream: bool, cut: bool) -> None:
    response = reply(dns.message.make_query("big.example.test", "TXT", payload=payload), stream=stream)

    assert bool(response.flags & dns.flags.TC) is cut
    assert len(response.answer) == (0 if cut else 1)
    assert (response.edns >= 0) is (payload is not None)


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (dns.message.make_query("example.test", "TXT", rdclass="CH"), dns.rcode.REFUSED),
        (dns.message.make_query("example.test", "AXFR"), dns.rcode.REFUSED),
        (dns.message.make_query("example.test", "ANY"), dns.rcode.REFUSED),
        (dns.message.make_query("elsewhere.test", "A"), dns.rcode.REFUSED),
        (dns.message.Message(id=5), dns.rcode.FORMERR),
        (dns.message.make_query("example.test", "TYPE65280"), dns.rcode.NOERROR),
    ],
)
def test_what_is_not_served_has_its_rcode(query: dns.message.Message, rcode: dns.rcode.Rcode) -> None:
    assert reply(query).rcode() == rcode


def test_other_opcodes_are_not_implemented() -> None:
    query = bytearray(dns.message.make_query("example.test", "TXT").to_wire())
    query[2] |= 2 << 3

    [wire] = talk(bytes(query))

    assert wire is not None
    assert wire[3] & 0xF == dns.rcode.NOTIMP


def test_garbage_gets_formerr_and_responses_get_silence() -> None:
    good = dns.message.make_query("example.test", "TXT").to_wire()

    garbage, short, response = talk(good[:15], b"\0", good[:2] + b"\x80" + good[3:])

    assert garbage is not None
    assert garbage[3] == dns.rcode.FORMERR
    assert (short, response) == (None, None)


def test_a_resolver_that_timed_out_is_silence() -> None:
    class Mute:
        async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)

    query = dns.message.make_query("example.test", "TXT").to_wire()

    assert asyncio.run(Nameserver(Mute()).reply_to(query, stream=False)) is None


def test_a_taken_port_is_an_os_error() -> None:
    async def run() -> None:
        async with Nameserver(ZONE) as first:
            port = int(first.address.rpartition(":")[2])
            with pytest.raises(OSError, match=r"\w"):
                async with Nameserver(ZONE, port=port):
                    pass

    asyncio.run(run())


def test_a_port_free_for_one_transport_only_is_not_taken() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        udp, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        try:
            with pytest.raises(OSError, match=r"\w"):
                async with Nameserver(ZONE, port=udp.get_extra_info("sockname")[1]):
                    pass
        finally:
            udp.close()
            await asyncio.sleep(0)

    asyncio.run(run())


def test_one_connection_serves_several_questions_and_an_idle_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)

    async def run() -> None:
        async with Nameserver(ZONE) as server:
            host, _, port = server.address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            query = dns.message.make_query("example.test", "TXT").to_wire()
            for _ in range(2):
                writer.write(len(query).to_bytes(2, "big") + query)
                wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                assert dns.message.from_wire(wire).answer
            assert await rest_of(reader) == b""
            writer.close()

    asyncio.run(run())


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 0)

    async def run() -> bytes:
        async with Nameserver(ZONE) as server:
            host, _, port = server.address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            rest = await rest_of(reader)
            writer.close()
            return rest

    assert asyncio.run(run()) == b""
