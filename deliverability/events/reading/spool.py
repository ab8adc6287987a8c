"""Rows that Python had to take out of their wrapping, written down so that the engine can read them like any others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from deliverability.events.source import Source

FILE, LINE = "__file", "__line"
"""Where a spooled row stood: the file's number in the run, and the line."""
FULL = 64 * 1024 * 1024
"""Characters after which a spool is loaded and begun anew."""


class Spool:
    """A file of JSON lines with one source's rows, each with the place that it came from."""

    def __init__(self, source: Source, path: Path) -> None:
        self.source = source
        self.path = path
        self.size = 0
        self._heads = {name.lower(): name for name in source.raw}
        self._heads |= {other.lower(): name for name, others in source.aliases.items() for other in others}
        self._out: IO[bytes] | None = None

    @property
    def is_full(self) -> bool:
        """Whether it is time to load it."""
        return self.size >= FULL

    def add(self, row: Mapping[str, Any], file: int, line: int) -> None:
        """Write one row: the keys that the source reads, and nothing else of it."""
        kept: dict[str, Any] = {FILE: file, LINE: line}
        for key, value in row.items():
            name = self._heads.get(key.lower())
            if name is not None and value is not None and kept.get(name) is None:
                kept[name] = value
        # half a surrogate pair, which JSON can escape, is no character: it becomes a question mark
        text = json.dumps(kept, ensure_ascii=False, allow_nan=True, check_circular=False).encode("utf-8", "replace")
        if self._out is None:
            self._out = self.path.open("wb")
        self._out.write(text + b"\n")
        self.size += len(text)

    def close(self) -> None:
        """Have everything on disk."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def clear(self) -> None:
        """Begin anew."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.size = 0

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the file, for the engine."""
        return {FILE: "BIGINT", LINE: "BIGINT", **self.source.raw}
