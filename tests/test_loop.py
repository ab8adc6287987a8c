"""Coroutines run to their end, without a text being made of what they found."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.loop import completed


class Large:
    """A result that notices when it is written out."""

    written = 0

    def __repr__(self) -> str:
        self.written += 1
        return "large"


async def found() -> Large:
    await asyncio.sleep(0)
    return Large()


async def failing() -> None:
    raise ValueError("as it was")


def test_a_result_is_handed_over_unread() -> None:
    assert completed(found()).written == 0


def test_an_error_is_the_coroutines_own() -> None:
    with pytest.raises(ValueError, match="as it was"):
        completed(failing())
