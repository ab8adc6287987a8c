"""Which rows of any number say the same: 64-bit keys with a number each, in bounded memory.

Keys go into parts by their last bits; once there are many they are written to a file that has no name, and each part
is read back by itself. Two different keys meet by chance once in 37 lists of a billion rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

PARTS = 256
"""Parts that are looked at one after another: of a billion rows, each has four million."""
HELD = 2_000_000
"""Pairs that are held before they are written out: 32 MiB. Our own bound."""
_MASK = (1 << 64) - 1


def key_of(text: str) -> int:
    """The key of a text in this process: Python's own hash (SipHash), keyed anew in each."""
    return hash(text) & _MASK


class Ledger:
    """Pairs of a 64-bit key and a number, in the order in which they came."""

    def __init__(self, held: int = HELD) -> None:
        self._held = held
        self._keys, self._values = array("Q"), array("Q")
        self._file: IO[bytes] | None = None
        self._blocks: list[list[tuple[int, int]]] = [[] for _ in range(PARTS)]
        self._written = 0

    def __len__(self) -> int:
        return self._written + len(self._keys)

    def add(self, key: int, value: int) -> None:
        """Write down one pair."""
        self._keys.append(key)
        self._values.append(value)
        if len(self._keys) >= self._held:
            self._write()

    def _write(self) -> None:
        """What is held, part by part, at the end of the file. Raises OSError (a full disk) that names its folder."""
        import tempfile  # noqa: PLC0415 - small lists do without

        try:
            self._append()
        except OSError as error:
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from None

    def _append(self) -> None:
        if self._file is None:
            import tempfile  # noqa: PLC0415 - small lists do without

            self._file = tempfile.TemporaryFile(prefix="deliv-")  # noqa: SIM115 - closed with the ledger
        parts = _parted(self._keys, self._values)
        self._keys, self._values = array("Q"), array("Q")
        for number, (keys, values) in enumerate(parts):
            if keys:
                self._blocks[number].append((self._file.tell(), len(keys)))
                keys.tofile(self._file)
                values.tofile(self._file)
        self._file.flush()  # a full disk is met here, where it can be said which
        self._written += self._held

    def parts(self) -> Iterator[tuple[array[int], array[int]]]:
        """(keys, values) of each part in turn; the same key is always in the part of the same number."""
        held = _parted(self._keys, self._values)
        for number, (keys, values) in enumerate(held):
            written = array("Q"), array("Q")
            for start, count in self._blocks[number]:
                assert self._file is not None  # noqa: S101 - there are no blocks without it
                self._file.seek(start)
                for column in written:
                    column.fromfile(self._file, count)
            yield written[0] + keys, written[1] + values

    def repeats(self) -> Iterator[int]:
        """The numbers whose key stood before."""
        for keys, values in self.parts():
            seen = set[int]()
            for key, value in zip(keys, values, strict=True):
                if key in seen:
                    yield value
                else:
                    seen.add(key)

    def met(self, other: Ledger) -> Iterator[tuple[int, int]]:
        """(number, the other's number) wherever `other` has the key too; the last of several there speaks."""
        for (keys, values), (theirs, said) in zip(self.parts(), other.parts(), strict=True):
            known = dict(zip(theirs, said, strict=True))
            for key, value in zip(keys, values, strict=True):
                if key in known:
                    yield value, known[key]

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk could not take is not wanted any more
                self._file.close()


def _parted(keys: array[int], values: array[int]) -> list[tuple[array[int], array[int]]]:
    parts = [(array("Q"), array("Q")) for _ in range(PARTS)]
    for key, value in zip(keys, values, strict=True):
        one = parts[key % PARTS]
        one[0].append(key)
        one[1].append(value)
    return parts


class Marks:
    """A set of row numbers, a bit each."""

    def __init__(self, rows: int) -> None:
        self._bits = bytearray(rows // 8 + 1)
        self.count = 0

    def add(self, row: int) -> None:
        """Mark a row."""
        if row not in self:
            self._bits[row >> 3] |= 1 << (row & 7)
            self.count += 1

    def __iter__(self) -> Iterator[int]:
        for at, bits in enumerate(self._bits):
            if bits:
                yield from (at * 8 + bit for bit in range(8) if bits >> bit & 1)

    def __contains__(self, row: int) -> bool:
        return bool(self._bits[row >> 3] & (1 << (row & 7)))
