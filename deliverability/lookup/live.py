"""DNS asked over the network: cached, merged, retried, and bounded in time and number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from types import TracebackType
from typing import Self

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import UNANSWERED, Answer, Status
from deliverability.lookup.cache import Cache
from deliverability.lookup.channels import MAX_IN_FLIGHT, Channel, Question, channel_to
from deliverability.lookup.labels import MAX_CNAMES, canonical_name
from deliverability.lookup.rdtypes import canonical_type
from deliverability.lookup.servers import Server, parse_server, parse_servers
from deliverability.lookup.wire import MalformedResponse, Reply

MAX_LANES = 64
"""Servers whose sockets stay open (`server=` may name many); the one idle for longest is closed for the next."""

_Key = tuple[Question, str | None]


@dataclass(slots=True)
class _Flight:
    """A question under way, and how many wait for it."""

    task: asyncio.Task[Answer]
    waiters: int = 0


@dataclass(slots=True)
class _Lane:
    """The channel to one server, with what bounds its use. `users` are questions under way or waiting for a slot."""

    channel: Channel
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_IN_FLIGHT))
    users: int = 0


class LiveResolver:
    """Asks DNS servers. Use it with `async with`, or call `aclose`; it may be made outside a loop.

    Answers are cached by TTL, identical questions under way are merged, and a failure moves on to the next server.
    """

    def __init__(
        self,
        servers: Sequence[str] | None = None,
        *,
        timeout: float = 2.0,
        tries: int = 2,
        lifetime: float = 20.0,
        keeps_failures: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a resolver; nothing is opened yet.

        Args:
            servers: as `parse_server` reads them, tried in turn; None for the system's.
            timeout: seconds for the first try of each server; every further round doubles it.
            tries: rounds over the servers.
            lifetime: seconds that one question may be under way in all, without its wait for a free slot.
            keeps_failures: whether a question that nobody answered waits for some seconds before it is asked again.
            clock: tells the cache the time.

        Raises:
            ValueError: a server that cannot be read, no server, or a bound that is not positive.
        """
        if timeout <= 0 or tries < 1 or lifetime <= 0:
            raise ValueError("timeout, tries and lifetime are positive")
        self.servers: tuple[Server, ...] = parse_servers(servers)
        self._timeout, self._tries, self._lifetime, self._clock = timeout, tries, lifetime, clock
        self._cache = Cache()
        self._keeps_failures = keeps_failures
        self._preferred = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flights: dict[_Key, _Flight] = {}
        self._lanes: dict[str, _Lane] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give up what is under way and close every socket. The resolver may be used again afterwards."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            await lane.channel.aclose()
        self._forget()

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Ask the servers, or `server` alone. ValueError for a malformed name, an unknown type or such a server."""
        question = Question(canonical_name(name), canonical_type(rdtype), dnssec)
        key = (question, server)
        cached = self._cache.get(key, self._clock())
        if cached is not None:
            return cached
        named = None if server is None else parse_server(server)
        self._enter_loop()
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(self._fly(key, named)))
        flight.waiters += 1
        try:
            # one waiter's end is not the others'
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                flight.task.cancel()
                self._flights.pop(key, None)

    async def _fly(self, key: _Key, named: Server | None) -> Answer:
        try:
            servers = self._in_order() if named is None else (named,)
            answer = await self._through_aliases(key[0], servers)
            if answer.answered or self._keeps_failures:
                self._cache.put(key, answer, self._clock())
            return answer
        finally:
            if (flight := self._flights.get(key)) and flight.task is asyncio.current_task():
                del self._flights[key]

    async def _through_aliases(self, question: Question, servers: tuple[Server, ...]) -> Answer:
        """Ask on where a server, authoritative for the alias only, says nothing of its target (RFC 1034 §3.6.2)."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        reply, source = await self._ask(question, servers)
        truncated, chain, ttls = reply.truncated, reply.cname_chain, [reply.ttl]
        while reply.incomplete:
            if len(chain) > MAX_CNAMES or chain[-1] == question.name or chain[-1] in chain[:-1]:
                reply = Reply(Status.SERVFAIL, ttl=None)
                break
            reply, source = await self._ask(replace(question, name=chain[-1]), servers)
            chain += reply.cname_chain
            ttls.append(reply.ttl)
            truncated = truncated or reply.truncated
        known = [ttl for ttl in ttls if ttl is not None]
        return Answer(
            name=question.name,
            rdtype=question.rdtype,
            status=reply.status,
            records=reply.rrset.records if reply.rrset else (),
            strings=reply.rrset.strings if reply.rrset else (),
            ttl=min(known) if reply.ttl is not None else None,
            cname_chain=chain,
            authenticated=reply.authenticated if question.dnssec and reply.status not in UNANSWERED else None,
            truncated=truncated,
            source=source,
            ms=round((loop.time() - started) * 1000),
        )

    async def _ask(self, question: Question, servers: tuple[Server, ...]) -> tuple[Reply, str]:
        """Try the servers in turn. One that says it cannot is not asked again; a silent one is, more patiently."""
        failed: dict[Server, Reply] = {}
        left = self._lifetime
        for turn in range(self._tries):
            for server in servers:
                if server in failed or left <= 0:
                    continue
                reply, spent = await self._attempt(server, question, min(self._timeout * 2**turn, left))
                left -= spent
                if reply is None:
                    continue
                if reply.status not in UNANSWERED:
                    self._prefer(server)
                    return reply, server.text
                failed[server] = reply
        return next(
            ((reply, server.text) for server, reply in failed.items()), (Reply(Status.TIMEOUT), servers[0].text)
        )

    async def _attempt(self, server: Server, question: Question, patience: float) -> tuple[Reply | None, float]:
        """One try, None where no reply came, and how long it took. Every transport's errors end here."""
        loop = asyncio.get_running_loop()
        lane = await self._lane(server)
        lane.users += 1
        try:
            async with lane.slots:
                started = loop.time()
                try:
                    reply = await lane.channel.ask(question, patience)
                except MalformedResponse:
                    reply = Reply(Status.SERVFAIL)
                except (OSError, EOFError):  # time-outs are OSErrors
                    reply = None
                return reply, loop.time() - started
        finally:
            lane.users -= 1

    def _in_order(self) -> tuple[Server, ...]:
        return self.servers[self._preferred :] + self.servers[: self._preferred]

    def _prefer(self, server: Server) -> None:
        """Start with the server that answered: one dead server costs one time-out, not one a question."""
        if server is not self.servers[self._preferred] and server in self.servers:
            self._preferred = self.servers.index(server)

    async def _lane(self, server: Server) -> _Lane:
        lane = self._lanes.get(server.text)
        if lane is None:
            lane = self._lanes[server.text] = _Lane(channel_to(server))
        elif len(self._lanes) > len(self.servers):
            self._lanes[server.text] = self._lanes.pop(server.text)  # the one used last stands last
        if len(self._lanes) > MAX_LANES:
            idle = [text for text, other in self._lanes.items() if not other.users and other is not lane]
            for oldest in idle[:1]:
                await self._lanes.pop(oldest).channel.aclose()
        return lane

    def _enter_loop(self) -> None:
        """Sockets and tasks belong to one event loop; in another one they are gone."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._forget()
            self._loop = loop

    def _forget(self) -> None:
        self._flights.clear()
        self._lanes.clear()
        self._loop = None
