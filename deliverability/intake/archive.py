"""The members of a zip archive, each bounded, and the archive bounded as a whole."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from deliverability.intake.bounds import RATIO_FROM, Limits
from deliverability.intake.layers import BUFFER, Layer, Stream
from deliverability.intake.trouble import Refused

SPOOLED = 8 << 20
"""Octets of an archive that comes from no file which are held in memory; what is more waits on disk."""
_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_END_SIZE, _END64_SIZE, _LOCATOR64_SIZE, _MAX_COMMENT = 22, 56, 20, 0xFFFF
_LARGEST_ENTRY = 1 << 10
"""Octets of the directory for each member, on average; names of reports are some 80 characters long."""
_ENCRYPTED = 1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, NotImplementedError, RuntimeError)


def members(stream: Stream, limits: Limits) -> Iterator[tuple[str, Stream]]:
    """(name, content) of the archive's files. Raises Refused where it is none, or has more than `limits.members`.

    What is wrong with one member (`encrypted`, `zip-bomb`, `corrupt`, …) is raised when that one is read.
    """
    with ExitStack() as opened:
        file = stream.file or _spool(stream, opened)
        size = file.seek(0, io.SEEK_END)
        _check_directory(file, size, limits)
        try:
            archive = opened.enter_context(zipfile.ZipFile(file))
        except _FAILURES as error:
            raise Refused("corrupt", f"zip: {error}") from None
        budget = _Budget(limits, size)
        for info in archive.infolist():
            if not _is_clutter(info):
                yield info.filename, _member(archive, info, budget)


def _spool(stream: Stream, opened: ExitStack) -> BinaryIO:
    """What `stream` holds as a file that can be moved about in."""
    file = cast("BinaryIO", opened.enter_context(SpooledTemporaryFile(max_size=SPOOLED)))  # noqa: SIM115 - it is one
    try:
        while data := stream.read(BUFFER):
            file.write(data)
    except OSError as error:
        raise Refused("unreadable", error.strerror or type(error).__name__) from None
    return file


def _check_directory(file: BinaryIO, size: int, limits: Limits) -> None:
    """Refuse too many members before they are all held: the library reads the whole directory at once."""
    start, length = _directory(file, size)
    if length > limits.members * _LARGEST_ENTRY:
        raise Refused("too-many-members", f"a directory of {length} octets")
    file.seek(start)
    count = file.read(length).count(_ENTRY)
    if count > limits.members:
        raise Refused("too-many-members", f"more than {limits.members}")


def _directory(file: BinaryIO, size: int) -> tuple[int, int]:
    """Where the central directory begins, and its octets (APPNOTE 6.3.10 §4.3.14, §4.3.16)."""
    begin = max(0, size - _END_SIZE - _MAX_COMMENT - _END64_SIZE - _LOCATOR64_SIZE)
    file.seek(begin)
    tail = file.read(size - begin)
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_SIZE:
        raise Refused("truncated", "the zip archive has no directory at its end")
    length: int
    (length,) = struct.unpack_from("<L", tail, end + 12)
    end64 = end - _LOCATOR64_SIZE - _END64_SIZE
    if end64 >= 0 and tail.startswith(b"PK\x06\x06", end64):
        (length,) = struct.unpack_from("<Q", tail, end64 + 40)
        end = end64
    start = begin + end - length
    if start < 0:
        raise Refused("corrupt", "zip: a directory larger than the archive")
    return start, length


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Whether it is a folder, or what macOS puts beside the files."""
    return info.is_dir() or info.filename.startswith("__MACOSX/") or info.filename.endswith(".DS_Store")


class _Budget:
    """The octets that an archive may still inflate to: members may overlap, and then each alone looks modest."""

    def __init__(self, limits: Limits, size: int) -> None:
        self.limits = limits
        self.left = max(RATIO_FROM, limits.ratio * size)

    def spend(self, octets: int) -> None:
        self.left -= octets
        if self.left < 0:
            raise Refused("zip-bomb", f"more than {self.limits.ratio} octets for each octet stored")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget) -> Stream:
    limits = budget.limits
    try:
        _check_member(info, limits)
        return Stream(_MemberLayer(archive.open(info), budget), limits)
    except Refused as refused:
        return Stream.refusing(refused, limits)
    except _FAILURES as error:
        return Stream.refusing(Refused("corrupt", f"zip: {error}"), limits)


def _check_member(info: zipfile.ZipInfo, limits: Limits) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Refused("encrypted", "a password would be needed")
    if info.compress_type not in _METHODS:
        raise Refused("unsupported-compression", f"zip method {info.compress_type}")
    if info.file_size > limits.octets:
        raise Refused("too-large", f"{info.file_size} octets")
    if info.file_size > RATIO_FROM and info.file_size > limits.ratio * info.compress_size:
        raise Refused("zip-bomb", f"{info.file_size} octets from {info.compress_size}")


class _MemberLayer(Layer):
    """A member's content, no more than its directory entry says (`zipfile` stops there)."""

    def __init__(self, source: IO[bytes], budget: _Budget) -> None:
        super().__init__(budget.limits)
        self._source = source
        self._budget = budget

    def _next(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
        except _FAILURES as error:
            raise Refused("corrupt", f"zip: {error}") from None
        self._budget.spend(len(data))
        return data
