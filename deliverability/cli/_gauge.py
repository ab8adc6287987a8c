"""How far something is, on one line of stderr that goes without trace, where a person is watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Self

REFRESH = 0.2
"""Seconds between two looks at how far it is."""


class Gauge:
    """The line; the block that it is opened for, or `clear`, takes it away."""

    def __init__(self, wanted: bool = True) -> None:
        self._stream = sys.stderr if wanted and sys.stderr is not None and sys.stderr.isatty() else None
        self._started = self._drawn = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.clear()

    def draw(self, text: Callable[[float], str]) -> None:
        """Show what `text` makes of the seconds since the start, unless something was shown just now."""
        now = time.monotonic()
        if self._stream is not None and now - self._drawn > REFRESH:
            self._drawn = now
            self._stream.write(f"\r\x1b[K{text(now - self._started)}")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
