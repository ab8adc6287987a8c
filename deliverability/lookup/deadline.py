"""One deadline for a whole audit, whatever the resolver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from deliverability.lookup.answer import Answer, Resolver, Status, canonical_name, names_below
from deliverability.lookup.rdtypes import canonical_type


class DeadlineResolver:
    """As `base` until `deadline`; from then on every question, also one under way, is answered `timeout`."""

    def __init__(self, base: Resolver, deadline: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`deadline` in seconds as `clock` counts them."""
        self._base = base
        self._deadline = deadline
        self._clock = clock

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base` while there is time."""
        late = Answer(
            name=canonical_name(name), rdtype=canonical_type(rdtype), status=Status.TIMEOUT, source="deadline"
        )
        left = self._deadline - self._clock()
        if left <= 0:
            return late
        try:
            async with asyncio.timeout(left):
                return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        except TimeoutError:
            return late

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`; a listing takes no time."""
        return names_below(self._base, name)
