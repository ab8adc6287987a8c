"""Whether the domains of a list take mail: one question each, a second one only where there is no MX."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from deliverability.lookup import Answer, Resolver, Status
from deliverability.protocols.mx import parse
from deliverability.recipients.addresses import Domain
from deliverability.recipients.facts import Mail

AT_ONCE = 200
"""Questions under way together. More than some 200 overflow the socket of one resolver (design, 2026-11)."""
MAX_ASKED = 100_000
"""Domains that are asked about, those with most addresses; our own bound on the questions of one run."""


async def look(resolver: Resolver, domains: Iterable[Domain], asked: Callable[[int], None] = lambda _: None) -> None:
    """Ask about each domain, and write into it what DNS said. `asked` is told of each that is done."""
    waiting = iter(domains)
    await asyncio.gather(*(_worker(resolver, waiting, asked) for _ in range(AT_ONCE)))


async def _worker(resolver: Resolver, waiting: Iterator[Domain], asked: Callable[[int], None]) -> None:
    for domain in waiting:
        domain.mail = (await mail_of(resolver, domain.name)).value
        asked(1)


async def mail_of(resolver: Resolver, name: str) -> Mail:
    """Whether the domain takes mail."""
    try:
        answer = await resolver.resolve(name, "MX")
        if answer.status is Status.NODATA:
            return await _by_address(resolver, name)
    except ValueError:  # a name that DNS cannot carry
        return Mail.NXDOMAIN
    return _by_mx(answer)


def _by_mx(answer: Answer) -> Mail:
    if not answer.answered:
        return Mail.UNKNOWN
    if answer.status is Status.NXDOMAIN:
        return Mail.NXDOMAIN
    targets = [record.target for text in answer.records if (record := parse(text)) is not None]
    # RFC 7505 §3: the root is no host; beside others it is left out, as receivers do
    return Mail.MX if any(targets) or not targets else Mail.NULL_MX


async def _by_address(resolver: Resolver, name: str) -> Mail:
    """RFC 5321 §5.1: without an MX, the domain's own address takes its mail."""
    answers = await asyncio.gather(resolver.resolve(name, "A"), resolver.resolve(name, "AAAA"))
    if any(answer.records for answer in answers):
        return Mail.ADDRESS
    return Mail.NOWHERE if all(answer.answered for answer in answers) else Mail.UNKNOWN
