"""One step of decoding each: octets as they are stored, gunzipped, out of zstd; and the bounded stream over them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from deliverability.intake.bounds import RATIO_FROM, Limits
from deliverability.intake.trouble import Refused

GZIP, ZSTD, ZIP, EMPTY_ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PK\x05\x06"
"""The octets that a file of each kind begins with (RFC 1952 §2.3.1, RFC 8878 §3.1.1)."""
LONGEST_SIGN = 4
BUFFER = 1 << 17
"""Octets that a stream asks of its layer at once; a measured compromise between calls and memory."""
_STEP = 1 << 15
_ZSTD_STEP = 256
"""Stored octets handed to zstd at once: at its densest, four octets become a block of 128 KiB (RFC 8878 §3.1.1.2.2), so
that no step makes more than 8 MiB."""
ZSTD_WINDOW = 1 << 27
"""Octets of history that a zstd frame may ask for: what `zstd` itself allows without being told otherwise."""


class Readable(Protocol):
    """What octets are taken from: up to `size`, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` octets."""
        ...


class Layer(io.RawIOBase):
    """Raw octets from somewhere, counted and bounded. What went wrong stands in `refusal`, and the octets end there."""

    file: BinaryIO | None = None
    """The file that these octets are in, as they are and in its own order, if it can be moved about in."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.octets = 0
        self.refusal: Refused | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any buffer; Python 3.11 has no name for it
        """Fill `buffer`, or a part of it; 0 at the end and after a refusal."""
        if self.refusal is not None:
            return 0
        view = memoryview(buffer)
        try:
            data = self._next(len(view))
            self._check(self.octets + len(data))
        except Refused as refused:
            self.refusal = refused
            return 0
        except OSError as error:
            self.refusal = Refused("unreadable", error.strerror or type(error).__name__)
            return 0
        self.octets += len(data)
        view[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        """Up to `size` octets, none at the end. Raises Refused."""
        raise NotImplementedError

    def _check(self, octets: int) -> None:
        if octets > self.limits.octets:
            raise Refused("too-large", f"more than {self.limits.octets} octets")


class PlainLayer(Layer):
    """Octets as they are stored."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        super().__init__(limits)
        self.file = source if source.seekable() else None
        self._source = source

    def _next(self, size: int) -> bytes:
        data = self._source.read(size)
        while not self.octets and len(data) < LONGEST_SIGN and (more := self._source.read(size - len(data))):
            data += more  # a pipe gives what is there; what kind of file it is shows in the first octets
        return data


class _Inflating(Layer):
    """Octets that become more. `_taken` counts what came from the source, `_waiting` is what of it is not used yet."""

    bomb = ""

    def __init__(self, source: Readable, limits: Limits) -> None:
        super().__init__(limits)
        self._source = source
        self._taken = 0
        self._waiting = b""

    def _check(self, octets: int) -> None:
        super()._check(octets)
        if octets > RATIO_FROM and octets > self.limits.ratio * (self._taken - len(self._waiting)):
            raise Refused(self.bomb, f"more than {self.limits.ratio} octets for each octet stored")

    def _take(self, size: int) -> bool:
        """Wait with more of the source; False at its end."""
        data = self._source.read(size)
        self._taken += len(data)
        self._waiting += data
        return bool(data)


class GunzipLayer(_Inflating):
    """The members of a gzip file, one after another (RFC 1952 §2.2); what follows them and is none is passed over."""

    bomb = "gzip-bomb"

    def __init__(self, source: Readable, limits: Limits) -> None:
        super().__init__(source, limits)
        self._member = zlib.decompressobj(wbits=31)

    def _next(self, size: int) -> bytes:
        try:
            while not self._member.eof or self._next_member():
                more = bool(self._waiting) or self._take(_STEP)
                data = self._member.decompress(self._waiting, size)
                self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
                if data:
                    return data
                if not more:
                    raise Refused("truncated", "the gzip file ends before its content does")
        except zlib.error as error:
            raise Refused("corrupt", f"gzip: {error}") from None
        return b""

    def _next_member(self) -> bool:
        while len(self._waiting) < len(GZIP) and self._take(_STEP):
            pass
        if not self._waiting.startswith(GZIP):
            self._waiting = b""
            return False
        self._member = zlib.decompressobj(wbits=31)
        return True


class ZstdLayer(_Inflating):
    """The frames of a zstd file, one after another (RFC 8878 §3.1). Needs the extra `events`."""

    bomb = "zstd-bomb"

    def __init__(self, source: Readable, limits: Limits) -> None:
        super().__init__(source, limits)
        try:
            import zstandard  # noqa: PLC0415 - an extra, and only where there is such a file
        except ImportError:
            raise Refused("no-zstd", "a zstd file needs the extra: pip install 'deliv[events]'") from None
        self._failure: type[Exception] = zstandard.ZstdError
        self._frames = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._frame = self._frames.decompressobj()
        self._held = memoryview(b"")

    def _next(self, size: int) -> bytes:
        while not self._held:
            if self._frame.eof and not self._next_frame():
                return b""
            if not self._waiting and not self._take(_STEP):
                raise Refused("truncated", "the zstd file ends before its content does")
            self._held = memoryview(self._decompressed())
        data, self._held = bytes(self._held[:size]), self._held[size:]
        return data

    def _decompressed(self) -> bytes:
        step, self._waiting = self._waiting[:_ZSTD_STEP], self._waiting[_ZSTD_STEP:]
        try:
            data = self._frame.decompress(step)
        except self._failure as error:
            raise Refused("corrupt", f"zstd: {error}") from None
        if self._frame.eof:
            self._waiting = self._frame.unused_data + self._waiting
        return data

    def _next_frame(self) -> bool:
        while len(self._waiting) < len(ZSTD) and self._take(_STEP):
            pass
        if not self._waiting.startswith(ZSTD):
            return False
        self._frame = self._frames.decompressobj()
        return True


class _RefusingLayer(Layer):
    """No octets, and the reason why."""

    def __init__(self, refused: Refused, limits: Limits) -> None:
        super().__init__(limits)
        self.refusal = refused


class Stream:
    """A layer, buffered: read as any binary file, within the limits. The content before a refusal is read first."""

    def __init__(self, layer: Layer, limits: Limits) -> None:
        self._layer = layer
        self._buffer = io.BufferedReader(layer, BUFFER)
        self._line = limits.line

    @classmethod
    def refusing(cls, refused: Refused, limits: Limits) -> Stream:
        """A stream of which nothing can be read, and that says why."""
        return cls(_RefusingLayer(refused, limits), limits)

    @property
    def octets(self) -> int:
        """How many octets have come out of the layer so far; up to `BUFFER` of them may not have been read yet."""
        return self._layer.octets

    @property
    def file(self) -> BinaryIO | None:
        """The file below, where the octets are as they are stored and any of them can be gone to."""
        return self._layer.file

    def peek(self, size: int) -> bytes:
        """The next octets without taking them: `size`, or fewer at the end. At most `BUFFER` can be asked for."""
        return self._buffer.peek(size)[:size]

    def read(self, size: int = -1) -> bytes:
        """Up to `size` octets, none at the end; all that are left where it is negative. Raises Refused.

        All means all: a refusal is raised then, whatever was read before it. `whole` bounds how much that may be.
        """
        if size < 0:
            return self.whole(self._layer.limits.octets)
        data = self._buffer.read(size)
        if not data:
            self._settle()
        return data

    def whole(self, most: int) -> bytes:
        """All that is left, if it is no more than `most` octets. Raises Refused (`too-large`)."""
        held = bytearray()
        while data := self.read(min(BUFFER, most + 1)):
            held += data
            if len(held) > most:
                raise Refused("too-large", f"more than {most} octets")
        return bytes(held)

    def readline(self) -> bytes:
        """A line with its end, nothing at the end of the stream. Raises Refused.

        One longer than `Limits.line` is passed over without being held; after that refusal (`line-too-long`) the next
        line can be read.
        """
        line = self._buffer.readline(self._line + 1)
        if not line:
            self._settle()
        elif len(line) > self._line and not line.endswith(b"\n"):
            while (rest := self._buffer.readline(BUFFER)) and not rest.endswith(b"\n"):
                pass
            raise Refused("line-too-long", f"more than {self._line} octets")
        return line

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _settle(self) -> None:
        if self._layer.refusal is not None:
            raise self._layer.refusal
