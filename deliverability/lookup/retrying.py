"""Asked again while it may yet be answered: a question that met a failure which passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from deliverability.lookup.answer import Answer, Resolver, Status, names_below

TEMPORARY = frozenset({Status.SERVFAIL, Status.TIMEOUT})
"""Failures that may pass. REFUSED is somebody's decision."""
FIRST_PAUSE = 1.0
"""Seconds. RFC 9520 §3.2: resolvers keep a failure for one second at least, so asking sooner gets the same answer."""
MAX_PAUSE = 8.0
"""Seconds; each pause is twice the one before, up to this. Our own bound."""


class RetryingResolver:
    """As `base`, but after a temporary failure it asks again, with longer and longer pauses, while patience lasts."""

    def __init__(
        self,
        base: Resolver,
        patience: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`patience`: seconds after its first sending in which a question may be sent again, as `clock` counts them."""
        self._base = base
        self._patience = patience
        self._clock = clock
        self._sleep = sleep

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """The first answer that is no temporary failure, or the last failure."""
        deadline = self._clock() + self._patience
        pause = FIRST_PAUSE
        while True:
            answer = await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
            if answer.status not in TEMPORARY or self._clock() + pause >= deadline:
                return answer
            await self._sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`; a listing does not fail."""
        return names_below(self._base, name)

    async def aclose(self) -> None:
        """Close the sockets of `base`, where it has some."""
        close = getattr(self._base, "aclose", None)
        if close is not None:
            await close()
