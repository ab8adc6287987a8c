"""How a source is written down: which of its fields are read, and how they become the canonical record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, cast

from deliverability.fastclass import dataclass

Row = Mapping[str, Any]

IN_PATH = "nullif('in the path', 'in the path')"
"""SQL, in a source's `kind`, for the word that the file's name has for the event: null where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One sending service's events, as data; `deliverability.events.reading.load` turns it into a query.

    - name, title, documentation: `sendgrid`, `Twilio SendGrid Event Webhook`, the pages that the facts are from.
    - raw: the keys (or column heads) that are read, each `VARCHAR` or `JSON`; nothing else of a row is parsed. A key
      that a row lacks is null; a number or a boolean in a `VARCHAR` arrives as its text. Names compare without case.
    - aliases: other heads under which a raw column stands in exports (CSV, warehouse tables).
    - signs: sets of keys; a row that has all keys of one of them (after `unwrap`) is this source's.
    - unwrap: from any JSON value to the rows in it, where rows may come in an envelope (`{"Message": "…"}`,
      `{"results": []}`, `{"msys": {…}}`), of which the keys in `envelope` are a sign; a value without one is a row.
      None where each value is a row.
    - explode: an SQL list expression over the raw columns: one event for each element, which `fields` see as `item`.
    - kind: SQL for the source's own word for the event; `types` maps each word (lower case) to a canonical type, or to
      `ignored`. A word that is not there becomes `unknown` and is counted.
    - queued_is_sent: the source has no word for the send itself, so that what it took on counts as sent.
    - kind_in_path: a regular expression, without regard to case, whose first group is the kind where rows have none:
      for exports that keep each type in a file or a folder of its own. It stands where `kind` has `IN_PATH`, and in
      place of a `kind` that is null.
    - halves: columns by one of which a loader's tables are known that keep an event in two rows with the same event id;
      `split` says that rows are such (`deliverability.events.reading.halves`). `at(path, columns)` is the source as it
      reads one file.
    - fields: canonical column → SQL over raw columns, `item` and `kind`; columns left out are null. The macros are in
      `deliverability.events.reading.macros`.
    - classes: the source's `bounce_class` (lower case) → one of our reasons, or a bare persistence where the class says
      no more; it speaks last in the order of evidence.
    """

    name: str
    title: str
    documentation: tuple[str, ...]
    raw: Mapping[str, str]
    signs: tuple[frozenset[str], ...]
    kind: str
    types: Mapping[str, str]
    fields: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    envelope: frozenset[str] = frozenset()
    unwrap: Callable[[object], Iterable[object]] | None = None
    explode: str = ""
    queued_is_sent: bool = False
    kind_in_path: str = ""
    halves: frozenset[str] = frozenset()
    split: bool = False
    classes: Mapping[str, str] = field(default_factory=dict[str, str])

    def rows(self, value: object) -> Iterator[Row]:
        """The rows in one JSON value, or one row of a table; what is no object is left out."""
        for found in self.unwrap(value) if self.unwrap else (value,):
            if (row := as_row(found)) is not None:
                yield row

    def at(self, path: str, columns: Iterable[str] = ()) -> Source:
        """The source as it reads the file at `path`, whose name may be the only place that says what its rows are."""
        split = not self.halves.isdisjoint(columns)
        found = re.search(self.kind_in_path, path, re.IGNORECASE) if self.kind_in_path else None
        if found is None:
            return replace(self, split=True) if split else self
        word = "'" + found[1].replace("'", "''") + "'"
        return replace(self, kind=f"coalesce(nullif({self.kind.replace(IN_PATH, word)}, ''), {word})", split=split)


def as_row(value: object) -> Row | None:
    """The value, if it is an object."""
    return cast("Row", value) if isinstance(value, Mapping) else None


def columns(names: str, kind: str) -> dict[str, str]:
    """Raw columns of one kind, from their names with spaces between."""
    return dict.fromkeys(names.split(), kind)


def listed(*names: str) -> Callable[[object], Iterable[object]]:
    """The `unwrap` of an envelope that has its rows in a list under one of `names`."""

    def unwrap(value: object) -> Iterable[object]:
        row = as_row(value) or {}
        lists: list[list[object]] = [rows for name in names if isinstance(rows := row.get(name), list)]
        return lists[0] if lists else [value]

    return unwrap
