"""Coroutines run to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def completed(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, as by `asyncio.run`, in a loop of its own.

    The task's own result stays empty. When asyncio.run gives the interrupt's handler back (CPython 3.11 to 3.14), the
    signal module makes a text of the handler, and so of the task with its result: for an audit a sixth of its time.
    """
    found: list[T] = []

    async def kept() -> None:
        found.append(await work)

    asyncio.run(kept())
    return found[0]
