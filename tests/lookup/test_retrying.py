"""A temporary failure is asked again, with longer and longer pauses, and no longer than patience lasts."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import (
    Answer,
    LiveResolver,
    OverlayResolver,
    RetryingResolver,
    Status,
    ZoneResolver,
)
from deliverability.lookup.retrying import FIRST_PAUSE, MAX_PAUSE
from support.nameserver import Scripted, saying


class Time:
    """A clock that only sleeping, and being asked, move on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Saying:
    """Answers one status after another, the last of them for ever; each takes some seconds."""

    def __init__(self, time: Time, *statuses: Status, takes: float = 0.0) -> None:
        self._time = time
        self._statuses = list(statuses)
        self._takes = takes
        self.asked = 0

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        assert (name, rdtype, server, dnssec) == ("shop.test", "TXT", "192.0.2.1", True)
        self._time.now += self._takes
        status = self._statuses[min(self.asked, len(self._statuses) - 1)]
        self.asked += 1
        return Answer(name=name, rdtype=rdtype, status=status)


def ask(time: Time, base: Saying, patience: float) -> Status:
    resolver = RetryingResolver(base, patience, clock=time.clock, sleep=time.sleep)
    return asyncio.run(resolver.resolve("shop.test", "TXT", server="192.0.2.1", dnssec=True)).status


@pytest.mark.parametrize("status", [Status.OK, Status.NODATA, Status.NXDOMAIN, Status.REFUSED])
def test_what_is_no_temporary_failure_is_asked_once(status: Status) -> None:
    time = Time()
    base = Saying(time, status)

    assert ask(time, base, patience=60) is status
    assert (base.asked, time.slept) == (1, [])


@pytest.mark.parametrize("failure", [Status.SERVFAIL, Status.TIMEOUT])
def test_a_temporary_failure_is_asked_again_until_it_is_answered(failure: Status) -> None:
    time = Time()
    base = Saying(time, failure, failure, Status.OK)

    assert ask(time, base, patience=60) is Status.OK
    assert (base.asked, time.slept) == (3, [1.0, 2.0])


def test_pauses_grow_up_to_a_bound_and_end_with_patience() -> None:
    time = Time()
    base = Saying(time, Status.SERVFAIL)

    assert ask(time, base, patience=40) is Status.SERVFAIL
    assert time.slept == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


def test_time_spent_waiting_for_answers_counts() -> None:
    time = Time()
    base = Saying(time, Status.TIMEOUT, takes=6.0)

    ask(time, base, patience=10)

    assert base.asked == 2


@given(st.floats(0, 100), st.floats(0, 20))
def test_patience_is_never_overrun_by_a_pause(patience: float, takes: float) -> None:
    time = Time()
    base = Saying(time, Status.TIMEOUT, takes=takes)

    ask(time, base, patience)

    assert sum(time.slept) + takes * (base.asked - 1) <= patience
    assert all(a <= b <= MAX_PAUSE for a, b in pairwise(time.slept))
    assert time.slept[:1] in ([], [FIRST_PAUSE])


def test_what_holds_whole_zones_still_lists_them() -> None:
    zone = OverlayResolver(
        ZoneResolver.from_text(""), ZoneResolver.from_text("$ORIGIN a.test.\n@ 1 SOA n h 1 1 1 1 1\nb 1 A 192.0.2.1\n")
    )

    assert RetryingResolver(zone, 1.0).names_below("a.test") == zone.names_below("a.test") == ("b.a.test",)


@pytest.mark.parametrize(("keeps", "packets"), [(True, 1), (False, 2)])
def test_a_live_resolver_can_be_kept_from_remembering_failures(keeps: bool, packets: int) -> None:
    async def run() -> int:
        refusing = Scripted(saying(rcode=dns.rcode.SERVFAIL))
        async with refusing as server, LiveResolver([server.address], keeps_failures=keeps, tries=1) as live:
            for _ in range(2):
                assert (await live.resolve("shop.test", "TXT")).status is Status.SERVFAIL
            return len(server.seen)

    assert asyncio.run(run()) == packets


def test_a_live_resolver_remembers_what_was_answered_in_any_case() -> None:
    async def run() -> int:
        answering = Scripted(saying("shop.test. 60 IN TXT x"))
        async with answering as server, LiveResolver([server.address], keeps_failures=False) as live:
            for _ in range(2):
                assert (await live.resolve("shop.test", "TXT")).records == ("x",)
            return len(server.seen)

    assert asyncio.run(run()) == 1


class Open(Saying):
    """One with sockets."""

    is_open = True

    async def aclose(self) -> None:
        self.is_open = False


def test_it_closes_what_it_asks() -> None:
    base = Open(Time(), Status.OK)

    asyncio.run(RetryingResolver(base, 1).aclose())
    asyncio.run(RetryingResolver(Saying(Time(), Status.OK), 1).aclose())

    assert not base.is_open
