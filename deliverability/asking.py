"""How one audit asks DNS: each question once, a bounded number of them, and everything written down."""

from __future__ import annotations

import asyncio

from deliverability.lookup import Answer, Resolver, Status
from deliverability.lookup.answer import canonical_name, names_below
from deliverability.lookup.recording import UnrecordedQuestion

MAX_QUESTIONS = 5_000
"""Questions one audit may ask. Ordinary audits ask about 60; a hostile SPF tree could ask without end."""

UNRECORDED = "not recorded"
OVER_BUDGET = "question budget spent"


class AuditResolver:
    """Asks `base` each question once and no more than `limit` questions; what cannot be asked is `refused`."""

    def __init__(self, base: Resolver, limit: int = MAX_QUESTIONS) -> None:
        self._base = base
        self._limit = limit
        self._asked: dict[tuple[str, str, str | None, bool], asyncio.Task[Answer]] = {}

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Answer one question from what was asked before, or ask it."""
        key = (canonical_name(name), rdtype, server, dnssec)
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) >= self._limit:
                return _unasked(key[0], rdtype, OVER_BUDGET)
            task = self._asked[key] = asyncio.ensure_future(self._ask(key[0], rdtype, server, dnssec))
        return await asyncio.shield(task)

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """What the base knows of the names below `name`."""
        return names_below(self._base, name)

    async def _ask(self, name: str, rdtype: str, server: str | None, dnssec: bool) -> Answer:
        try:
            return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        except UnrecordedQuestion:
            return _unasked(name, rdtype, UNRECORDED)


def _unasked(name: str, rdtype: str, source: str) -> Answer:
    return Answer(name=name, rdtype=rdtype, status=Status.REFUSED, source=source)
