"""Where the keys of a TOML text stand: `tomllib` reads values and forgets their lines.

A scanner of its own, which looks at keys, brackets and the ends of strings alone and leaves what a value means to
`tomllib`. It goes first: it ends quietly where the text is no TOML, of which `tomllib` then says why, and it refuses
what is nested so deep that reading it would cost time beyond measure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

Path = tuple[str | int, ...]
"""Keys from the top of the document; an entry of an array by its number, counted from 1."""
At = tuple[int, int]
"""Line and column, both counted from 1."""

MAX_DEPTH = 16
"""Keys, arrays and inline tables in one another. The deepest of ours, `thresholds.ID.providers.NAME.warn`, has five."""

MAX_KEYS = 100_000
"""Tables, keys and entries of one file. Twenty thousand domains, each with an owner and senders, have fewer."""


class TooMuch(ValueError):
    """The text nests deeper than `MAX_DEPTH`, or has more than `MAX_KEYS`; `at` is where."""

    def __init__(self, at: At, what: str = "values are nested too deep") -> None:
        super().__init__(what)
        self.at = at


class _NoToml(Exception):
    """The text is no TOML from here on."""


# TOML 1.0.0, Keys: bare keys are letters, digits, underscore and dash; both kinds of quoted key are one line long
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
# TOML 1.0.0, String: up to two quotes may stand before the three that close a multi-line string
_MULTILINE = {
    '"""': re.compile(r'(?:[^\\"]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*'{3,5}"),
}
_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_PLAIN_VALUE = re.compile(r"[^\s,\]}#][^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


def places_of(text: str) -> dict[Path, At]:
    """The place of every table, key and entry of `text`, as far as it is TOML; of a table where it is first named.

    Raises TooMuch.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    with suppress(_NoToml):  # tomllib says what is wrong
        scanner.document()
    return scanner.places


class _Scanner:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._line_start, self._counted = 1, 0, 0
        self._entries: dict[Path, int] = {}
        self.places: dict[Path, At] = {}

    def document(self) -> None:
        """Headers and key = value lines to the end."""
        table: Path = ()
        while self._skip(_SPACE) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        is_entry = self._text.startswith("[[", self._at)
        self._at += 2 if is_entry else 1
        keys = self._keys()
        self._expect("]]" if is_entry else "]")
        return self._enter((), keys, is_entry=is_entry)

    def _enter(self, above: Path, keys: list[tuple[str, At]], *, is_entry: bool) -> Path:
        """The path that `keys` lead to below `above`, through the last entry of each array of tables."""
        path = above
        for number, (key, at) in enumerate(keys, start=1):
            path = (*path, key)
            self.places.setdefault(path, at)
            if is_entry and number == len(keys):
                self._entries[path] = self._entries.get(path, 0) + 1
            if path in self._entries:
                path = (*path, self._entries[path])
                self.places.setdefault(path, at)
        return path

    def _pair(self, table: Path, depth: int = 0) -> None:
        keys = self._keys()
        self._expect("=")
        path = self._enter(table, keys, is_entry=False)
        self._skip(_BLANK)
        self._value(path, depth + 1)

    def _keys(self) -> list[tuple[str, At]]:
        """A dotted key, each part with its place."""
        found = [self._key()]
        while self._text.startswith(".", self._skip(_BLANK)):
            self._at += 1
            found.append(self._key())
            if len(found) > MAX_DEPTH:
                raise TooMuch(found[-1][1])
        return found

    def _key(self) -> tuple[str, At]:
        start = self._skip(_BLANK)
        for pattern, meaning in _KEYS:
            if match := pattern.match(self._text, start):
                self._at = match.end()
                return meaning(match), self._place(start)
        raise _NoToml

    def _value(self, path: Path, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooMuch(self._place(self._at))
        first = self._text[self._at : self._at + 1]
        if first == "[":
            self._array(path, depth)
        elif first == "{":
            self._inline(path, depth)
        else:
            self._scalar()

    def _array(self, path: Path, depth: int) -> None:
        self._at += 1
        number = 0
        while self._text[self._skip(_SPACE) : self._at + 1] != "]":
            number += 1
            self.places[(*path, number)] = self._place(self._at)
            self._value((*path, number), depth + 1)
            self._after_item("]")
        self._at += 1

    def _inline(self, path: Path, depth: int) -> None:
        self._at += 1
        while self._text[self._skip(_SPACE) : self._at + 1] != "}":  # TOML 1.1 has lines and comments here too
            self._pair(path, depth)
            self._after_item("}")
        self._at += 1

    def _after_item(self, end: str) -> None:
        following = self._text[self._skip(_SPACE) : self._at + 1]
        if following == ",":
            self._at += 1
        elif following != end:
            raise _NoToml

    def _scalar(self) -> None:
        quotes = self._text[self._at : self._at + 3]
        if quotes in _MULTILINE:
            self._at += 3
            self._take(_MULTILINE[quotes])
        else:
            self._take({'"': _BASIC, "'": _LITERAL}.get(quotes[:1], _PLAIN_VALUE))

    def _take(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _NoToml
        self._at = match.end()

    def _expect(self, mark: str) -> None:
        if not self._text.startswith(mark, self._skip(_BLANK)):
            raise _NoToml
        self._at += len(mark)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        """Go past what `pattern` matches, which may be nothing; where that leads."""
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _place(self, at: int) -> At:
        """Line and column of a position that is not before the last one asked for."""
        lines = self._text.count("\n", self._counted, at)
        if lines:
            self._line += lines
            self._line_start = self._text.rfind("\n", self._counted, at) + 1
        self._counted = at
        if len(self.places) > MAX_KEYS:
            raise TooMuch((self._line, 1), f"more than {MAX_KEYS:,} keys and values")
        return self._line, at - self._line_start + 1


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPE.sub(_escape, match[1])


def _escape(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or match[3] or "0", 16)
    if match[4] is not None:
        return _ESCAPED.get(match[4], "")
    return chr(code) if code <= 0x10FFFF else ""


_KEYS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_BARE, lambda match: match[0]),
    (_BASIC, _unescaped),
    (_LITERAL, lambda match: match[1]),
)
