"""A log in blocks of whole lines, whatever stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

BLOCK = 1 << 20
"""Octets read at once: what a processor's cache holds, as each block is searched several times."""
LINE = 1 << 20
"""Octets of a line that are held while its end is waited for; a longer one is passed over. Ours: Postfix and syslog end
theirs at 2 to 8 KiB."""


class Readable(Protocol):
    """What a log is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` octets; none at the end."""
        ...


def blocks(stream: Readable, too_long: Callable[[], object]) -> Iterator[bytes]:
    """Blocks that end where a line ends. NULs, which a crash leaves behind, are taken out.

    A line that is too long is called out through `too_long` and stands in the block as an empty one.
    """
    rest = b""
    skipping = False
    while block := stream.read(BLOCK):
        if skipping:
            rest, found, block = b"", *_after_line(block)
            skipping = not found
        end = block.rfind(b"\n") + 1
        if end:
            yield _clean(rest + block[:end])
            rest = block[end:]
        else:
            rest += block
        if len(rest) > LINE:
            too_long()
            rest, skipping = b"", True
    if skipping:
        yield b"\n"
    elif rest:
        yield _clean(rest + b"\n")


def _after_line(block: bytes) -> tuple[bool, bytes]:
    """Whether a line ends in `block`, and then the block from that end on."""
    end = block.find(b"\n")
    return end >= 0, block[end:] if end >= 0 else b""


def _clean(block: bytes) -> bytes:
    return block.replace(b"\0", b"") if b"\0" in block else block
