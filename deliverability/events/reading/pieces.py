"""A stream cut up so that the engine can read it: compressed files, a piece on disk at a time."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deliverability.events.reading.rows import wide_fields
from deliverability.events.reading.values import Readable
from deliverability.intake.trouble import Refused

PIECE = 128 * 1024 * 1024
"""Octets of a compressed file that are on disk at a time."""
_BLOCK = 1 << 20


class Rejoined:
    """A stream whose first octets have been read already."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = 1 << 16, /) -> bytes:
        """Up to `size` octets."""
        if not self._head:
            return self._stream.read(size)
        data, self._head = self._head[:size], self._head[size:]
        return data


class Recoded:
    """A stream of UTF-16 as UTF-8, its byte-order mark left out; what is no character becomes U+FFFD."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-16")("replace").decode
        self._held = b""
        self._ended = False

    def read(self, size: int = 1 << 16, /) -> bytes:
        """Up to `size` octets."""
        while not self._held and not self._ended:
            block = self._stream.read(size)
            self._ended = not block
            self._held = self._decode(block, self._ended).encode("utf-8", "replace")
        data, self._held = self._held[:size], self._held[size:]
        return data


class _Nothing:
    def read(self, _size: int = 0, /) -> bytes:
        return b""


NOTHING = _Nothing()
"""A stream that has ended."""


def filled(stream: Readable, size: int) -> bytes:
    """`size` octets, fewer only at the end."""
    held = bytearray()
    while len(held) < size and (block := stream.read(size - len(held))):
        held += block
    return bytes(held)


def pieces(stream: Readable, path: Path) -> Iterator[Path]:
    """The stream as files at `path` of some `PIECE` octets, cut at line ends; each gives way to the next.

    Raises Refused where the stream does, after what came before.
    """
    rest, refused = b"", None
    while refused is None:
        with path.open("wb") as out:
            out.write(rest)
            try:
                _copy(stream, out, PIECE)
                rest = _to_line_end(stream, out)
            except Refused as error:
                refused = error
            size = out.tell()
        if size:
            yield path
        elif refused is None:
            return
    raise refused


def _copy(stream: Readable, out: BinaryIO, most: int) -> None:
    size = 0
    while size < most and (block := stream.read(_BLOCK)):
        size += out.write(block)


def _to_line_end(stream: Readable, out: BinaryIO) -> bytes:
    """Write on to the end of the line; what was read beyond it."""
    while block := stream.read(1 << 16):
        line, end, rest = block.partition(b"\n")
        out.write(line + end)
        if end:
            return rest
    return b""


def count_lines(path: Path) -> int:
    """How many lines end in the file."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def csv_head(path: Path, delimiter: str) -> list[str]:
    """The names in the head of a CSV file."""
    with wide_fields(), path.open(encoding="utf-8", errors="replace", newline="") as file:
        return [name.strip().strip("\ufeff") for name in next(csv.reader(file, delimiter=delimiter))]
