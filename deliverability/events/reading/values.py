"""JSON as it is really stored: an array, a value a line, values run together, pretty-printed; bounded, never fatal."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

from deliverability.fastclass import dataclass

BLOCK = 1024 * 1024
MAX_VALUE = 16 * 1024 * 1024
"""Characters of one value; the largest event that any source documents has some 100 KB. DuckDB's bound is the same."""

_BETWEEN = re.compile(r"[ \t\r\n,\[\]\ufeff\x1e]*")
"""What may stand between values: white space, an array's own marks, a byte-order mark, RFC 7464's separator."""
_BLANK = re.compile(r"[ \t\r\n,]*")


class Readable(Protocol):
    """Anything with `read`."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` octets; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """One JSON value and the line on which it begins, from 1."""

    line: int
    value: Any


@dataclass(frozen=True, slots=True)
class Broken:
    """A place that is not JSON: its line, and a word that says how."""

    line: int
    reason: str
    text: str = ""


def read_values(stream: Readable, *, first_line: int = 1) -> Iterator[Value | Broken]:
    """Every value of `stream` in order; after a broken one, reading goes on at the next line that begins an object.

    Octets that are no UTF-8 become U+FFFD. Whatever `stream.read` raises comes through.
    """
    return _Scanner(stream, first_line).values()


def _no_number(_: str) -> None:
    """NaN and Infinity, which Python reads and JSON does not have, are null."""


class _Scanner:
    """A window on the stream, `text[at:]`, that grows while one value needs it."""

    def __init__(self, stream: Readable, line: int) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._parse = json.JSONDecoder(parse_constant=_no_number).raw_decode
        self.text = ""
        self.at = 0
        self.line = line
        self.ended = False

    def values(self) -> Iterator[Value | Broken]:
        while self._skip(_BETWEEN):
            line = self.line
            try:
                value, end = self._parse(self.text, self.at)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error):
                    self._more()
                    continue
                yield self._broken("truncated" if self.ended and self._is_cut(error) else "not-json")
            except (ValueError, RecursionError):  # a number of 5,000 digits; 1,000 levels
                yield self._broken("not-json")
            else:
                if end == len(self.text) and not self.ended and isinstance(value, (int, float)):
                    self._more()  # 12 may go on as 123
                    continue
                self._move(end)
                yield Value(line, value)

    def _skip(self, between: re.Pattern[str]) -> bool:
        """Move past what is `between` two values; False at the end."""
        while True:
            found = between.match(self.text, self.at)
            self._move(self.at if found is None else found.end())
            if self.at < len(self.text):
                return True
            if self.ended:
                return False
            self._more()

    def _move(self, to: int) -> None:
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def _more(self) -> None:
        """Read on. The window grows in proportion to what it holds, so that a long value is not read time and again."""
        rest = self.text[self.at :]
        block = self._stream.read(max(BLOCK, len(rest)))
        self.ended = not block
        self.text, self.at = rest + self._decode(block, self.ended), 0

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self.text) - len("\\uXXXX")

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        return not self.ended and self._is_cut(error) and len(self.text) - self.at <= MAX_VALUE

    def _broken(self, reason: str) -> Broken:
        if len(self.text) - self.at > MAX_VALUE:
            reason = "too-large"
        broken = Broken(self.line, reason, self.text[self.at : self.at + 200].split("\n", 1)[0])
        self._next_object()
        return broken

    def _next_object(self) -> None:
        """Move to the next line that begins an object, without keeping what lies between."""
        while True:
            newline = self.text.find("\n", self.at)
            if newline >= 0:
                self._move(newline + 1)
                if not self._skip(_BLANK) or self.text[self.at] in "{[":
                    return
            elif self.ended:
                self._move(len(self.text))
                return
            else:
                self._move(len(self.text))
                self._more()
