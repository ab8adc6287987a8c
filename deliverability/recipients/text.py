"""Octets of a list as lines of text, written in UTF-8, UTF-16, UTF-32, or as Korean or Western systems do.

Each line is read as UTF-8 where it is that, else as EUC-KR where that gives Hangul, else as Windows-1252: lists are put
together from several exports. How many lines were read as what is counted.
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterator

from deliverability.intake.bounds import DEFAULT
from deliverability.intake.streams import Stream
from deliverability.intake.trouble import Refused

BLOCK = 1 << 18
"""Octets that are decoded together."""
HEAD = 1 << 16
"""Octets by which it is told what a file is."""
MAX_LINE = DEFAULT.line
"""Octets of one line; a file with a longer one is no list, and is not read on."""
_HALVES = {"utf-16-le": 1, "utf-16-be": 0}
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a\x1b"))
"""Octets that no encoding here has in text; a file may end with 0x1A, and 0x1B begins colours."""
MAX_CONTROLS = 0.05
"""The share of such octets above which a file is none of text: of random ones they are a tenth, and of a list a stray
NUL in each row is a fortieth. Ours."""
FEW_CONTROLS = 2
"""So many of them say nothing: a very short list may hold as many. Ours."""


def encoding_of(head: bytes) -> str:
    """The encoding of a whole file by its beginning; `utf-8` where it has to be told line by line."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # the former begins as UTF-16 does
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for name, at in _HALVES.items():  # without a mark: of ASCII, every second octet is zero, and none of the others
        half, other = head[at::2], head[1 - at :: 2]
        if len(half) > 3 and half.count(0) > 0.3 * len(half) and not other.count(0):
            return name
    return "utf-8"


def is_binary(head: bytes) -> bool:
    """Whether a file that begins so is none of text."""
    if encoding_of(head) not in {"utf-8", "utf-8-sig"}:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > max(FEW_CONTROLS, MAX_CONTROLS * len(head))


def text_lines(stream: Stream, spoken: Counter[str]) -> Iterator[str]:
    """The lines, each with its end. `spoken` counts them by encoding. Raises Refused."""
    encoding = encoding_of(stream.peek(HEAD)[:HEAD])
    if encoding in {"utf-8", "utf-8-sig"}:
        stream.read(len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0)
        for block in _blocks(stream):
            yield from _decoded(block, spoken)
    else:
        yield from _wide(stream, encoding, spoken)


def _blocks(stream: Stream) -> Iterator[bytes]:
    """The octets, cut at line ends."""
    rest = b""
    while data := stream.read(BLOCK):
        held = rest + data
        # a lone CR ends a line too; one at the very end may be half of CR LF
        cut = max(held.rfind(b"\n"), held.rfind(b"\r", 0, -1) if b"\n" not in held else -1) + 1
        rest = held[cut:]
        if len(rest) > MAX_LINE:
            raise Refused("line-too-long", f"more than {MAX_LINE // 2**20} MiB")
        if cut:
            yield held[:cut]
    if rest:
        yield rest


def _decoded(block: bytes, spoken: Counter[str]) -> Iterator[str]:
    try:
        text = block.decode()
    except UnicodeDecodeError:
        yield from _line_by_line(block, spoken)
        return
    lines = io.StringIO(text, newline="").readlines()
    spoken["utf-8"] += len(lines)
    yield from lines


def _line_by_line(block: bytes, spoken: Counter[str]) -> Iterator[str]:
    for line in block.splitlines(keepends=True):
        text, encoding = decoded_line(line, spoken)
        spoken[encoding] += 1
        yield text


def decoded_line(line: bytes, spoken: Counter[str]) -> tuple[str, str]:
    """A line as text, and what it was read as."""
    try:
        return line.decode(), "utf-8"
    except UnicodeDecodeError:
        pass
    for name in ("euc-kr", "cp949") if spoken["euc-kr"] else ("euc-kr",):
        try:
            text = line.decode(name)
        except UnicodeDecodeError:
            continue
        if any("가" <= c <= "힣" for c in text):
            return text, "euc-kr"
    try:
        return line.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError:  # five of its octets mean nothing
        return line.decode("latin-1"), "latin-1"


def _wide(stream: Stream, encoding: str, spoken: Counter[str]) -> Iterator[str]:
    """UTF-16 or UTF-32; half a character of it becomes U+FFFD."""
    spelled = "utf-32" if encoding == "utf-32" else "utf-16"
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    rest, ended = "", False
    while not ended:
        data = stream.read(BLOCK)
        ended = not data
        lines = io.StringIO(rest + decode(data, ended), newline="").readlines()
        complete = lines and (ended or (lines[-1].endswith("\n")))
        rest = "" if complete or not lines else lines.pop()
        if len(rest) > MAX_LINE:
            raise Refused("line-too-long", f"more than {MAX_LINE // 2**20} Mi characters")
        spoken[spelled] += len(lines)
        yield from lines
