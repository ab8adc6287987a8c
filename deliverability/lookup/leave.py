"""Getting questions onto the wire before something else takes the processor."""

from __future__ import annotations

import asyncio

TURNS = 20
"""Turns of the event loop within which a question is on the wire; measured: the last of a first wave takes 11."""


async def questions_leave() -> None:
    """Let the questions just put leave, before something is loaded that takes longer than an answer."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
