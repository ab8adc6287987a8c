"""Values out of tables: each of the kind that it should be, or a complaint with its place, and the reading goes on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar, cast

from deliverability.policy.model import Place
from deliverability.policy.places import At, Path
from deliverability.policy.tables import BadConfig, Tables, located
from deliverability.text import visible

MAX_PROBLEMS = 100
"""Faults of one file that are listed; further ones are counted. Our own bound."""
TOP = ("on-unknown", "fail-on", "require")
"""The keys at the top of the file that are no tables."""
MAX_TEXT = 500
"""Characters of an owner, a reason, a name. Our own bound."""
SHOWN = 60
"""Characters of a foreign word that a complaint repeats."""

Word = TypeVar("Word", bound=StrEnum)


class Reader:
    """What one file says, and every complaint about it in the order of its lines."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._problems: list[tuple[At, str]] = []
        self._more = 0

    @property
    def root(self) -> Table:
        """The table that the file is."""
        return Table(self, (), self._tables.root)

    def at(self, path: Path) -> At:
        """Where `path` stands, or what holds it where it is not there."""
        return next((at for end in range(len(path), 0, -1) if (at := self._tables.places.get(path[:end]))), (1, 1))

    def place(self, path: Path) -> Place:
        """The same as a place of the file."""
        return Place(self._tables.file, *self.at(path))

    def places(self) -> dict[str, Place]:
        """Every key of the file, as `waivers[1].until`, and its place."""
        return {spelled(path): Place(self._tables.file, *at) for path, at in self._tables.places.items()}

    def wrong(self, path: Path, what: str, word: str = "", options: Iterable[str] = ()) -> None:
        """Complain of what stands at `path`; the nearest of `options` to `word` is what may have been meant."""
        if len(self._problems) >= MAX_PROBLEMS:
            self._more += 1
            return
        near = difflib.get_close_matches(word[:SHOWN].lower(), list(options), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        self._problems.append((self.at(path), visible(what) + hint))

    def check(self) -> None:
        """Raise BadConfig where there was anything to complain of."""
        if not self._problems:
            return
        found = [located(self._tables.file, at, what) for at, what in sorted(self._problems, key=lambda one: one[0])]
        raise BadConfig(found + [f"{visible(self._tables.file)}: and {self._more} more"] * bool(self._more))


class Table:
    """One table of the file, read key by key."""

    def __init__(self, reader: Reader, path: Path, values: Mapping[str, Any]) -> None:
        self.reader = reader
        self.path = path
        self.values = values

    def __contains__(self, key: str) -> bool:
        return key in self.values

    @property
    def name(self) -> str:
        """The table as its header is written; an entry of an array by its number."""
        if not self.path:
            return "the top of the file"
        return spelled(self.path) if isinstance(self.path[-1], int) else f"[{spelled(self.path)}]"

    def spelled(self, key: str) -> str:
        """The whole name of a key of this table."""
        return spelled((*self.path, key))

    def wrong(self, key: str, what: str, word: str = "", options: Iterable[str] = ()) -> None:
        """Complain of a key of this table."""
        self.reader.wrong((*self.path, key), what, word, options)

    def only(self, *known: str) -> None:
        """Complain of every other key."""
        for key in self.values:
            if key not in known:
                what = f"{self.name} has no key {quoted(key)}: it has {', '.join(known)}{misplaced(key)}"
                self.wrong(key, what, key, known)

    def require(self, *keys: str) -> bool:
        """Whether all of these are there; complains of those that are not."""
        missing = [key for key in keys if key not in self.values]
        for key in missing:
            self.wrong(key, f"{self.name} needs {key}")
        return not missing

    def text(self, key: str, default: str = "") -> str:
        """A text; an empty one is none."""
        value = self.values.get(key, default)
        if isinstance(value, str) and len(value) <= MAX_TEXT and (value.strip() or key not in self.values):
            return value
        self.wrong(
            key, f"{self.spelled(key)} should be a text in quotes, of at most {MAX_TEXT} characters and not empty"
        )
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; complains of each that is none."""
        value: object = self.values.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, f"{self.spelled(key)} should be a list of texts in quotes, such as [{quoted('a')}]")
            return ()
        found: list[str] = []
        for number, one in enumerate(cast("list[object]", value), start=1):
            if isinstance(one, str) and one.strip() and len(one) <= MAX_TEXT:
                found.append(one)
            else:
                self.reader.wrong((*self.path, key, number), f"{self.spelled(key)} should hold texts in quotes alone")
        return tuple(found)

    def choice(self, key: str, words: type[Word], default: Word, options: Sequence[str] = ()) -> Word:
        """One of the words of an enumeration, or of some of them."""
        allowed = options or [one.value for one in words]
        value = self.values.get(key, default.value)
        if isinstance(value, str) and value in allowed:
            return words(value)
        self.wrong(key, f"{self.spelled(key)} is one of {', '.join(allowed)}, not {shown(value)}", str(value), allowed)
        return default

    def number(self, key: str, least: float, most: float, what: str) -> float | None:
        """A number within bounds, or None."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) in {int, float} and least <= value <= most:  # NaN is within no bounds
            return float(value)
        self.wrong(key, f"{self.spelled(key)} is {what}, not {shown(value)}")
        return None

    def table(self, key: str) -> Table:
        """The table of that name; an empty one where there is none."""
        value: object = self.values.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"{self.spelled(key)} should be a table: [{spelled((*self.path, key))}]")
            value = {}
        return Table(self.reader, (*self.path, key), cast("dict[str, Any]", value))

    def tables(self, key: str) -> Iterator[Table]:
        """The entries of an array of tables."""
        value: object = self.values.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, f"{self.spelled(key)} should be an array of tables: [[{spelled((*self.path, key))}]]")
            return
        for number, one in enumerate(cast("list[object]", value), start=1):
            path = (*self.path, key, number)
            if isinstance(one, dict):
                yield Table(self.reader, path, cast("dict[str, Any]", one))
            else:
                self.reader.wrong(path, f"{self.spelled(key)} should hold tables alone")

    def named(self) -> Iterator[tuple[str, Table]]:
        """Each key with the table that it should be."""
        for key in self.values:
            yield key, self.table(key)


def spelled(path: Path) -> str:
    """A path as the documentation of the file writes it: `waivers[1].until`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def misplaced(key: str) -> str:
    """What TOML makes of a key of the whole file that is written after a table's header: a key of that table."""
    return f"; {key} belongs at the top of the file, before the first table" if key in TOP else ""


def quoted(word: str) -> str:
    """A foreign word as a complaint repeats it."""
    return f'"{word[:SHOWN]}"'


def shown(value: object) -> str:
    """A foreign value as a complaint repeats it."""
    if isinstance(value, str):
        return quoted(value)
    if type(value) is int:
        return str(value) if abs(value) < _HUGE else "a huge number"
    return _KINDS.get(type(value)) or str(value)


_KINDS: Mapping[type[object], str] = {
    bool: "true or false",
    list: "a list",
    dict: "a table",
    datetime: "a date with a time",
    time: "a time",
}


_HUGE = 10**18
"""Python writes no whole number of more than some thousand digits, and reads one in base 16."""
