"""What an audit is waiting for, on one line of stderr that goes without trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

from deliverability.lookup import Answer, Resolver
from deliverability.lookup.answer import names_below
from deliverability.lookup.unasked import PrivateName
from deliverability.text import visible

REFRESH = 0.1
"""Seconds between two looks."""
PATIENCE = 0.3
"""Seconds before the first line: most audits are done by then."""


class _Watched:
    """A resolver that counts its questions."""

    def __init__(self, base: Resolver) -> None:
        self._base = base
        self.asked = 0
        self.open: dict[tuple[str, str], None] = {}

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Pass the question on."""
        self.asked += 1
        shown = name.shown if isinstance(name, PrivateName) else name
        self.open[shown, rdtype] = None
        try:
            return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        finally:
            self.open.pop((shown, rdtype), None)

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """Pass the question on."""
        return names_below(self._base, name)


@asynccontextmanager
async def watched(resolver: Resolver, stream: TextIO | None, wanted: bool) -> AsyncGenerator[Resolver]:
    """`resolver`, with a progress line on `stream` while the block runs, where a person is watching."""
    if not wanted or stream is None or not stream.isatty():  # None: the shell closed it
        yield resolver
        return
    counting = _Watched(resolver)
    drawing = asyncio.create_task(_draw(counting, stream))
    try:
        yield counting
    finally:
        drawing.cancel()
        stream.write("\r\x1b[K")
        stream.flush()


async def _draw(counting: _Watched, stream: TextIO) -> None:
    started = time.monotonic()
    await asyncio.sleep(PATIENCE)
    while True:
        waiting = next(iter(counting.open), None)
        on = f" · waiting for {visible(waiting[0])[:40]} {waiting[1]}" if waiting else ""
        elapsed = time.monotonic() - started
        stream.write(f"\r\x1b[K{counting.asked} questions, {len(counting.open)} open{on} · {elapsed:.1f} s")
        stream.flush()
        await asyncio.sleep(REFRESH)
