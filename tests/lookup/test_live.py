"""LiveResolver against real packets: retry, merging, caching, bounds, and servers that misbehave."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.message
import pytest
from dns.rcode import Rcode

from deliverability.lookup import Answer, LiveResolver, Nameserver, OverlayResolver, Status, ZoneResolver
from support.nameserver import (
    Counting,
    Handler,
    Scripted,
    https_in_front,
    make_certificate,
    saying,
    silent,
    tls_in_front,
)

ZONE = """
$ORIGIN example.test.
@ SOA ns hm 1 2 3 4 60
@ 300 TXT "v=spf1 -all"
forever 4000000 A 192.0.2.1
brief 0 A 192.0.2.1
loop CNAME loop2
loop2 CNAME loop
"""
QUICK = 0.1
"""Seconds until a test gives up on a server that never answers."""


def zone(more: str = "") -> ZoneResolver:
    return ZoneResolver.from_text(ZONE + more)


def against(handler: Handler, ask: Callable[[LiveResolver, Scripted], Awaitable[Answer]], **options: float) -> Answer:
    async def run() -> Answer:
        async with (
            Scripted(handler) as server,
            LiveResolver([server.address], **options) as live,  # type: ignore[arg-type]
        ):
            return await ask(live, server)

    return asyncio.run(run())


def one(live: LiveResolver, _: Scripted) -> Awaitable[Answer]:
    return live.resolve("a.test", "TXT")


def test_it_is_made_outside_a_loop_and_serves_several() -> None:
    live = LiveResolver(["127.0.0.1:9"])

    async def run() -> tuple[str, ...]:
        async with Nameserver(zone()) as server:
            answer = await live.resolve("example.test", "TXT", server=server.address)
            await live.aclose()
            return answer.records

    assert asyncio.run(run()) == ("v=spf1 -all",)
    assert asyncio.run(run()) == ("v=spf1 -all",)


def test_an_answer_says_who_gave_it_and_how_long_it_took() -> None:
    async def run() -> None:
        async with Nameserver(zone()) as server, LiveResolver([server.address]) as live:
            answer = await live.resolve("Example.TEST.", "txt")

            assert (answer.name, answer.rdtype, answer.source) == ("example.test", "TXT", server.address)
            assert answer.ms is not None
            assert answer.authenticated is None

    asyncio.run(run())


def test_ipv6_servers_are_asked_too() -> None:
    async def run() -> Answer:
        async with Nameserver(zone(), host="::1") as server, LiveResolver([server.address]) as live:
            assert server.address.startswith("[::1]:")
            return await live.resolve("example.test", "TXT")

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert asyncio.run(run()).records == ("v=spf1 -all",)


@pytest.mark.parametrize(
    "options",
    [{"servers": ["nonsense"]}, {"servers": []}, {"timeout": 0.0}, {"tries": 0}, {"lifetime": -1.0}],
)
def test_what_cannot_work_is_a_value_error(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        LiveResolver(**{"servers": ["192.0.2.1"], **options})  # type: ignore[arg-type]


def test_a_malformed_question_is_a_value_error_and_asks_nobody() -> None:
    async def run() -> None:
        async with Scripted(silent) as server, LiveResolver([server.address]) as live:
            for name, rdtype, where in (("a..b", "A", None), ("a.test", "NOSUCH", None), ("a.test", "A", "nowhere")):
                with pytest.raises(ValueError, match=r"\w"):
                    await live.resolve(name, rdtype, server=where)
            assert server.seen == []

    asyncio.run(run())


def test_a_thousand_questions_at_once_are_all_answered() -> None:
    more = "\n".join(f"n{n} A 192.0.2.{n % 256}" for n in range(1500))

    async def run() -> list[Answer]:
        async with Nameserver(zone(more)) as server, LiveResolver([server.address], timeout=10) as live:
            return await asyncio.gather(*(live.resolve(f"n{n}.example.test", "A") for n in range(1500)))

    answers = asyncio.run(run())

    assert [answer.records for answer in answers] == [(f"192.0.2.{n % 256}",) for n in range(1500)]


def test_identical_questions_under_way_are_one_packet_and_one_waiter_s_end_is_not_the_others() -> None:
    async def run() -> None:
        gate = asyncio.Event()
        counting = Counting(zone(), gate)
        async with Nameserver(counting) as server, LiveResolver([server.address], timeout=10) as live:
            waiters = [
                asyncio.ensure_future(live.resolve(name, "TXT")) for name in ("example.test", "EXAMPLE.test.") * 5
            ]
            await counting.arrived.wait()
            waiters[0].cancel()
            gate.set()
            answers = await asyncio.gather(*waiters, return_exceptions=True)

            assert isinstance(answers[0], asyncio.CancelledError)
            assert {answer.records for answer in answers[1:] if isinstance(answer, Answer)} == {("v=spf1 -all",)}
            assert counting.asked == {("example.test", "TXT"): 1}

    asyncio.run(run())


def test_a_question_that_nobody_waits_for_is_given_up() -> None:
    async def run() -> None:
        async with Scripted(silent) as server, LiveResolver([server.address], timeout=10) as live:
            waiter = asyncio.ensure_future(live.resolve("a.test", "TXT"))
            await server.arrived.wait()
            waiter.cancel()
            await asyncio.gather(waiter, return_exceptions=True)
            await asyncio.sleep(0)

            assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_closing_ends_what_is_under_way() -> None:
    async def run() -> None:
        async with Scripted(silent) as server:
            live = LiveResolver([server.address], timeout=10)
            waiter = asyncio.ensure_future(live.resolve("a.test", "TXT"))
            await server.arrived.wait()
            await live.aclose()

            with pytest.raises(asyncio.CancelledError):
                await waiter

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "rdtype", "seconds"),
    [
        ("example.test", "TXT", 300),
        ("example.test", "MX", 60),
        ("absent.example.test", "TXT", 60),
        ("forever.example.test", "A", 86400),
        ("brief.example.test", "A", 0),
        ("loop.example.test", "A", 5),
        ("elsewhere.test", "A", 5),
    ],
)
def test_an_answer_is_kept_for_its_ttl_and_no_longer(name: str, rdtype: str, seconds: int) -> None:
    async def run() -> list[int]:
        now = 1000.0
        counting = Counting(zone())
        packets = []
        async with Nameserver(counting) as server, LiveResolver([server.address], clock=lambda: now) as live:
            for moment in (0.0, seconds - 0.5, float(seconds)):
                now = 1000.0 + max(moment, 0)
                await live.resolve(name, rdtype)
                packets.append(counting.asked[name, rdtype])
        return packets

    assert asyncio.run(run()) == ([1, 1, 2] if seconds else [1, 2, 3])


def test_a_negative_answer_is_kept_three_hours_at_most_and_not_at_all_without_an_soa() -> None:
    from deliverability.lookup.cache import lifetime_of

    absent = Answer(name="a.test", rdtype="A", status=Status.NXDOMAIN)

    assert lifetime_of(absent) == 0
    assert lifetime_of(Answer(name="a.test", rdtype="A", status=Status.NODATA, ttl=99999)) == 10800


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from deliverability.lookup import cache

    monkeypatch.setattr(cache, "MAX_CACHED_CHARACTERS", 5000)
    kept = cache.Cache()
    for n in range(100):
        kept.put(n, Answer(name="a.test", rdtype="TXT", status=Status.OK, records=("x" * 100,), ttl=60), 0)
    kept.put(99, Answer(name="a.test", rdtype="TXT", status=Status.OK, records=("new",), ttl=60), 0)

    assert [n for n in range(100) if kept.get(n, 1)] == list(range(92, 100))
    assert kept.get(99, 1).records == ("new",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "first",
    [saying(rcode=Rcode.SERVFAIL), saying(rcode=Rcode.REFUSED), silent, lambda wire: [wire[:2] + b"\x80\x00\xff"]],
    ids=["servfail", "refused", "silent", "malformed"],
)
def test_the_next_server_is_asked_when_one_fails_and_is_asked_first_from_then_on(first: Handler) -> None:
    async def run() -> None:
        async with (
            Scripted(first) as bad,
            Nameserver(zone()) as good,
            LiveResolver([bad.address, good.address], timeout=QUICK) as live,
        ):
            answer = await live.resolve("example.test", "TXT")
            assert (answer.records, answer.source) == (("v=spf1 -all",), good.address)
            asked = len(bad.seen)
            assert (await live.resolve("example.test", "MX")).status is Status.NODATA
            assert len(bad.seen) == asked

    asyncio.run(run())


def test_a_lost_datagram_is_sent_again() -> None:
    packets: list[bytes] = []

    def forgetful(wire: bytes) -> list[bytes]:
        packets.append(wire)
        return [] if len(packets) == 1 else saying("a.test. 60 IN TXT heard")(wire)

    answer = against(forgetful, one, tries=1)

    assert answer.records == ("heard",)
    assert packets[0] == packets[1]


def test_a_server_that_failed_is_not_asked_again_and_its_word_outweighs_silence() -> None:
    async def run() -> None:
        async with (
            Scripted(silent) as mute,
            Scripted(saying(rcode=Rcode.SERVFAIL)) as failing,
            LiveResolver([mute.address, failing.address], timeout=QUICK) as live,
        ):
            answer = await live.resolve("a.test", "TXT")

            assert (answer.status, answer.source) == (Status.SERVFAIL, failing.address)
            assert (len(mute.seen), len(failing.seen)) == (4, 1)  # two tries, each sent twice

    asyncio.run(run())


def test_a_silent_server_is_a_timeout_within_its_bounds() -> None:
    started = time.monotonic()

    answer = against(silent, one, timeout=QUICK, tries=9, lifetime=4 * QUICK)

    assert answer.status is Status.TIMEOUT
    assert 3.5 * QUICK < time.monotonic() - started < 60 * QUICK


def test_a_closed_port_is_known_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    async def run() -> Answer:
        async with LiveResolver([f"127.0.0.1:{port}"], timeout=30, lifetime=60) as live:
            return await live.resolve("a.test", "TXT")

    started = time.monotonic()
    assert asyncio.run(run()).status is Status.TIMEOUT
    assert time.monotonic() - started < 20


def test_noise_is_ignored_and_the_answer_waited_for() -> None:
    def noisy(wire: bytes) -> list[bytes]:
        other = dns.message.make_response(dns.message.make_query("b.test", "TXT", id=int.from_bytes(wire[:2], "big")))
        [good] = saying("a.test. 60 IN TXT yes")(wire)
        wrong_id = bytes((good[0] ^ 1,)) + good[1:]
        return [b"", b"\0", wire, other.to_wire(), wrong_id, good, good]

    assert against(noisy, one).records == ("yes",)


def test_a_malformed_answer_is_servfail() -> None:
    assert against(lambda wire: [wire[:2] + b"\x80\x00\x00\x01\x00\x09" + wire[8:]], one).status is Status.SERVFAIL


@pytest.mark.parametrize("rcode", [1, 4])
def test_a_server_without_edns_is_asked_without_and_remembered(rcode: int) -> None:
    def old(wire: bytes) -> list[bytes]:
        if dns.message.from_wire(wire).edns >= 0:
            return [wire[:2] + bytes((0x80, rcode)) + bytes(8)]
        return saying("a.test. 60 IN TXT old")(wire)

    async def ask(live: LiveResolver, server: Scripted) -> Answer:
        answer = await live.resolve("a.test", "TXT")
        assert len(server.seen) == 2
        await live.resolve("a.test", "MX")
        assert len(server.seen) == 3
        return answer

    assert against(old, ask).records == ("old",)


def test_a_server_that_refuses_the_form_either_way_is_servfail_and_edns_stays() -> None:
    async def ask(live: LiveResolver, server: Scripted) -> Answer:
        await live.resolve("a.test", "MX")
        answer = await live.resolve("a.test", "TXT")
        assert [dns.message.from_wire(wire).edns for wire in server.seen] == [0, -1, 0, -1]
        return answer

    assert against(saying(rcode=Rcode.FORMERR), ask).status is Status.SERVFAIL


def test_dnssec_asks_with_do_and_reports_ad() -> None:
    async def ask(live: LiveResolver, server: Scripted) -> Answer:
        plain = await live.resolve("a.test", "TXT")
        assert plain.authenticated is None
        answer = await live.resolve("a.test", "TXT", dnssec=True)
        assert [dns.message.from_wire(wire).ednsflags for wire in server.seen] == [0, 0x8000]
        return answer

    assert against(saying("a.test. 60 IN TXT x", flags="AD"), ask).authenticated is True
    assert against(saying("a.test. 60 IN TXT x"), ask).authenticated is False


def test_an_alias_that_leaves_the_server_s_zone_is_asked_on() -> None:
    def handle(wire: bytes) -> list[bytes]:
        name = dns.message.from_wire(wire).question[0].name.to_text()
        if name == "a.test.":
            return saying("a.test. 30 IN CNAME b.other.")(wire)
        return saying("b.other. 60 IN TXT there")(wire)

    answer = against(handle, one)

    assert (answer.records, answer.cname_chain, answer.ttl) == (("there",), ("b.other",), 30)


def test_an_alias_loop_over_several_replies_ends() -> None:
    def handle(wire: bytes) -> list[bytes]:
        name = dns.message.from_wire(wire).question[0].name.to_text()
        return saying(f"{name} 30 IN CNAME {'b' if name == 'a.test.' else 'a'}.test.")(wire)

    answer = against(handle, one)

    assert (answer.status, answer.cname_chain) == (Status.SERVFAIL, ("b.test", "a.test"))


def test_an_endless_chain_of_aliases_ends() -> None:
    def handle(wire: bytes) -> list[bytes]:
        name = dns.message.from_wire(wire).question[0].name.to_text()
        return saying(f"{name} 30 IN CNAME x.{name}")(wire)

    answer = against(handle, one)

    assert answer.status is Status.SERVFAIL
    assert len(answer.cname_chain) == 17


def test_sixty_four_kilobytes_of_text_come_over_tcp() -> None:
    text = "x" * 254
    more = "\n".join(f'big TXT "{text[:-3]}{n:03d}"' for n in range(240))

    async def run() -> Answer:
        async with Nameserver(zone(more)) as server, LiveResolver([server.address], timeout=10) as live:
            return await live.resolve("big.example.test", "TXT")

    answer = asyncio.run(run())

    assert answer.truncated
    assert sum(len(record) for record in answer.records) > 60000


def test_an_answer_that_no_message_can_hold_is_a_failure() -> None:
    more = "\n".join(f'big TXT "{"x" * 250}{n:03d}"' for n in range(300))

    async def run() -> Answer:
        async with Nameserver(zone(more)) as server, LiveResolver([server.address]) as live:
            return await live.resolve("big.example.test", "TXT")

    answer = asyncio.run(run())

    assert (answer.status, answer.truncated, answer.records) == (Status.SERVFAIL, True, ())


Speaker = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("speak", "status"),
    [
        (None, Status.TIMEOUT),
        (lambda query: b"", Status.TIMEOUT),
        (lambda query: b"\x00\x20short", Status.TIMEOUT),
        (lambda query: b"\x00\x03abc", Status.SERVFAIL),
        (lambda query: b"\x00\x05" + query[:2] + b"\x80\0\0", Status.SERVFAIL),
        (lambda query: len(query).to_bytes(2, "big") + query, Status.SERVFAIL),
    ],
    ids=["nobody", "nothing", "cut short", "another id", "malformed", "the query itself"],
)
def test_a_failing_tcp_leaves_could_not_look(speak: Speaker | None, status: Status) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(speak(query) if speak else b"")
        writer.close()

    async def run() -> Answer:
        tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = tcp.sockets[0].getsockname()[1]
        if speak is None:
            tcp.close()
        try:
            async with Scripted(saying(flags="TC"), port) as server, LiveResolver([server.address]) as live:
                return await live.resolve("a.test", "TXT")
        finally:
            tcp.close()
            await asyncio.sleep(0)

    answer = asyncio.run(run())

    assert (answer.status, answer.truncated) == (status, True)


def test_many_named_servers_do_not_keep_their_sockets() -> None:
    from deliverability.lookup import live as module

    async def run() -> int:
        async with LiveResolver(["127.0.0.1:9"], timeout=QUICK, tries=1) as live:
            for port in range(20000, 20000 + 2 * module.MAX_LANES):
                await live.resolve("a.test", "TXT", server=f"127.0.0.1:{port}")
            return len(live._lanes)

    assert asyncio.run(run()) == module.MAX_LANES


def test_a_zone_over_live_dns_behaves_as_over_a_zone() -> None:
    over = ZoneResolver.from_text(
        '$ORIGIN example.test.\n@ TXT "new"\nfresh.name TXT "made"\n; deliv-delete forever A\n'
    )

    async def run() -> None:
        async with Nameserver(zone()) as server, LiveResolver([server.address]) as live:
            resolver = OverlayResolver(over, live)
            assert (await resolver.resolve("example.test", "TXT")).records == ("new",)
            assert (await resolver.resolve("name.example.test", "TXT")).status is Status.NODATA
            assert (await resolver.resolve("forever.example.test", "A")).status is Status.NODATA
            assert (await resolver.resolve("brief.example.test", "A")).records == ("192.0.2.1",)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("mangle", "status"),
    [
        (lambda reply: b"", Status.TIMEOUT),
        (lambda reply: reply[:20], Status.SERVFAIL),
        (lambda reply: reply + bytes(70000), Status.SERVFAIL),
    ],
    ids=["an error", "malformed", "too long"],
)
def test_what_https_may_say_instead(
    mangle: Callable[[bytes], bytes], status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def run() -> Answer:
        async with (
            Nameserver(zone()) as server,
            https_in_front(server, certificate, mangle) as url,
            LiveResolver([url]) as live,
        ):
            return await live.resolve("example.test", "TXT")

    assert asyncio.run(run()).status is status


def test_a_certificate_that_nobody_vouches_for_is_could_not_look(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)

    async def run() -> list[Answer]:
        async with (
            Nameserver(zone()) as server,
            tls_in_front(server.address, certificate) as address,
            https_in_front(server, certificate) as url,
            LiveResolver([f"tls://{address}", url]) as live,
        ):
            return [await live.resolve("example.test", "TXT", server=text) for text in (f"tls://{address}", url)]

    assert [answer.status for answer in asyncio.run(run())] == [Status.TIMEOUT, Status.TIMEOUT]
