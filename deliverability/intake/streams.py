"""Files as streams: plain, gzip, zstd or zip, told apart by their first bytes; bounded in size, ratio and members.

What a stream holds before the place where it breaks is read first; then the stream raises Refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

from deliverability.fastclass import dataclass
from deliverability.intake.bounds import DEFAULT, Limits
from deliverability.intake.layers import (
    EMPTY_ZIP,
    GZIP,
    LONGEST_SIGN,
    ZIP,
    ZSTD,
    GunzipLayer,
    Layer,
    PlainLayer,
    Stream,
    ZstdLayer,
)
from deliverability.intake.paths import STDIN
from deliverability.intake.trouble import Bad, Refused, Troubles

__all__ = ["DEFAULT", "Kind", "Limits", "Part", "Stream", "lines", "open_stream", "parts_of"]

MAX_DEPTH = 2
"""Containers in one another that are opened, such as a gzip file in a zip archive; our own bound."""


class Kind(StrEnum):
    """How a part was stored."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"
    ZIP = "zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stream of content: a file, or one member of an archive (`a.zip!member`). `kind` is the innermost container.

    The stream is good until the next part is asked for.
    """

    name: str
    stream: Stream
    kind: Kind = Kind.PLAIN

    @property
    def octets(self) -> int:
        """How many octets have come out of it so far, inflated."""
        return self.stream.octets


def open_stream(path: str, limits: Limits = DEFAULT, *, stdin: BinaryIO | None = None) -> Iterator[Part]:
    """The parts of the file at `path`; `-` is `stdin`, by default the process's own.

    Raises Refused where the file cannot be opened (`unreadable`) or is no whole archive; what is wrong with one part is
    raised when that part is read, and the next can be asked for.
    """
    with ExitStack() as opened:
        try:
            file = _standard_input(stdin) if path == STDIN else opened.enter_context(_file(path))
        except OSError as error:
            raise Refused("unreadable", error.strerror or type(error).__name__) from None
        yield from parts_of(path, file, limits)


def _file(path: str) -> BinaryIO:
    return cast("BinaryIO", Path(path).open("rb", buffering=0))  # the stream has a buffer of its own


def _standard_input(stdin: BinaryIO | None) -> BinaryIO:
    given = stdin or getattr(sys.stdin, "buffer", None)
    if given is None:
        raise Refused("unreadable", "standard input is closed")
    return given


def parts_of(name: str, file: BinaryIO, limits: Limits = DEFAULT, *, depth: int = 0) -> Iterator[Part]:
    """The parts of a file that is open, such as an attachment in memory. As `open_stream`."""
    plain = Stream(PlainLayer(file, limits), limits)
    return _opened(Part(name=name, stream=plain), limits, depth)


def _opened(part: Part, limits: Limits, depth: int) -> Iterator[Part]:
    """`part` itself where it is plain, else what is in it."""
    kind = _kind(part.stream.peek(LONGEST_SIGN))
    if kind is Kind.PLAIN:
        yield part
    elif depth >= MAX_DEPTH:
        raise Refused("nested-too-deep", f"{kind} in {MAX_DEPTH} other containers")
    elif kind is Kind.ZIP:
        from deliverability.intake.archive import members  # noqa: PLC0415 - zipfile, only where there is one

        for name, stream in members(part.stream, limits):
            inner = Part(name=f"{part.name}!{name}", stream=stream, kind=Kind.ZIP)
            yield from _or_as_it_is(inner, limits, depth + 1)
    else:
        layer: Layer = GunzipLayer(part.stream, limits) if kind is Kind.GZIP else ZstdLayer(part.stream, limits)
        yield from _opened(Part(name=part.name, stream=Stream(layer, limits), kind=kind), limits, depth + 1)


def _or_as_it_is(part: Part, limits: Limits, depth: int) -> Iterator[Part]:
    """What is in a member of an archive; a member that cannot be opened is handed on, to say so when it is read."""
    try:
        yield from _opened(part, limits, depth)
    except Refused as refused:
        yield Part(name=part.name, stream=Stream.refusing(refused, limits), kind=part.kind)


def _kind(head: bytes) -> Kind:
    if head.startswith(GZIP):
        return Kind.GZIP
    if head == ZSTD:
        return Kind.ZSTD
    return Kind.ZIP if head in {ZIP, EMPTY_ZIP} else Kind.PLAIN


def lines(part: Part, troubles: Troubles) -> Iterator[tuple[int, bytes]]:
    """(number, line) of `part`, each with its line end. What is wrong is counted in `troubles`, and never raised.

    A line longer than `Limits.line` is passed over without being held.
    """
    number = 0
    while True:
        number += 1
        try:
            line = part.stream.readline()
        except Refused as refused:
            if refused.reason != "line-too-long":
                troubles.refuse(part.name, refused)
                return
            troubles.add(Bad(file=part.name, line=number, reason=refused.reason, detail=refused.detail))
            continue
        if not line:
            return
        yield number, line
