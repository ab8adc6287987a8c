"""What was asked is kept; what was not asked is not made up."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.lookup import (
    Answer,
    DeadlineResolver,
    LiveResolver,
    RecordingResolver,
    ReplayResolver,
    Status,
    UnrecordedQuestion,
    ZoneResolver,
    names_below,
)
from support.nameserver import Counting, Scripted, silent

ZONE = "a.test. TXT a\nb.a.test. TXT b\n"


class Servers:
    """Says who was asked, and how."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        texts = (f"{server} {dnssec}",)
        return Answer(
            name=name,
            rdtype=rdtype,
            status=Status.OK,
            records=texts,
            source=server or "default",
            authenticated=True if dnssec else None,
        )


def test_answers_are_distinct_and_sorted_and_the_first_one_holds() -> None:
    counting = Counting(ZoneResolver.from_text(ZONE))
    recorder = RecordingResolver(counting)

    for name in ("b.a.test", "A.test.", "a.test"):
        asyncio.run(recorder.resolve(name, "txt"))

    assert [(answer.name, answer.rdtype) for answer in recorder.answers] == [("a.test", "TXT"), ("b.a.test", "TXT")]
    assert set(counting.asked.values()) == {1}


def test_a_replay_knows_servers_and_dnssec_apart() -> None:
    recorder = RecordingResolver(Servers())
    for server in (None, "192.0.2.1", "192.0.2.2"):
        for dnssec in (True, False):
            asyncio.run(recorder.resolve("a.test", "TXT", server=server, dnssec=dnssec))
    replay = ReplayResolver(reversed(recorder.answers))

    for server in ("192.0.2.1", "192.0.2.2"):
        for dnssec in (True, False):
            answer = asyncio.run(replay.resolve("A.test", "TXT", server=server, dnssec=dnssec))
            assert answer.records == (f"{server} {dnssec}",)


def test_an_unrecorded_question_is_raised() -> None:
    replay = ReplayResolver(())

    with pytest.raises(UnrecordedQuestion, match=r"a\.test TXT") as caught:
        asyncio.run(replay.resolve("A.test.", "txt"))

    assert (caught.value.name, caught.value.rdtype) == ("a.test", "TXT")
    assert not isinstance(caught.value, ValueError)


def test_listings_are_recorded_and_replayed() -> None:
    recorder = RecordingResolver(ZoneResolver.from_text(ZONE))

    assert names_below(recorder, "A.test.") == ("b.a.test",)
    assert names_below(recorder, "test") is None
    assert recorder.listings == {"a.test": ("b.a.test",), "test": None}
    replay = ReplayResolver((), recorder.listings)
    assert names_below(replay, "a.test") == ("b.a.test",)
    assert names_below(replay, "never.test") is None


def test_after_the_deadline_every_answer_is_a_timeout() -> None:
    now = 0.0
    resolver = DeadlineResolver(ZoneResolver.from_text(ZONE), 10.0, lambda: now)

    before = asyncio.run(resolver.resolve("a.test", "TXT"))
    now = 10.0
    after = asyncio.run(resolver.resolve("A.test.", "txt"))

    assert before.records == ("a",)
    assert (after.name, after.rdtype, after.status) == ("a.test", "TXT", Status.TIMEOUT)
    assert names_below(resolver, "a.test") == ("b.a.test",)
    with pytest.raises(ValueError, match="empty label"):
        asyncio.run(resolver.resolve("a..test", "TXT"))


def test_a_question_under_way_is_cut_at_the_deadline() -> None:
    async def run() -> Answer:
        async with Scripted(silent) as server, LiveResolver([server.address]) as live:
            return await DeadlineResolver(live, 0.05, lambda: 0.0).resolve("a.test", "TXT")

    assert asyncio.run(run()).status is Status.TIMEOUT
