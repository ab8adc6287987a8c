"""How a source is written down: which of its fields are read, and how they become the canonical record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, cast

from deliverability.fastclass import dataclass

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One sending service's events, as data; `deliverability.events.load` turns it into a query.

    - name, title, documentation: `sendgrid`, `Twilio SendGrid Event Webhook`, the pages that the facts are from.
    - raw: the keys (or column heads) that are read, each `VARCHAR` or `JSON`; nothing else of a row is parsed. A key
      that a row lacks is null; a number or a boolean in a `VARCHAR` arrives as its text. Names compare without case.
    - aliases: other heads under which a raw column stands in exports (CSV, warehouse tables).
    - signs: sets of keys; a row that has all keys of one of them (after `unwrap`) is this source's.
    - unwrap: from one JSON value to the rows in it, where rows come in an envelope (`{"Message": "…"}`, `{"results":
      []}`, `{"msys": {…}}`); `envelope` names the keys that show one. None where each value is a row.
    - explode: an SQL list expression over the raw columns: one event for each element, which `fields` see as `item`.
    - kind: SQL for the source's own word for the event; `types` maps each word (lower case) to a canonical type, or to
      `ignored`. A word that is not there becomes `unknown` and is counted.
    - kind_in_path: a regular expression whose first group is the kind, searched in the file's name where `kind` is null:
      for exports that keep each type in a file or a folder of its own and do not repeat it in the rows.
    - fields: canonical column → SQL over raw columns, `item` and `kind`; columns left out are null. The macros are in
      `deliverability.events.macros`.
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
    unwrap: Callable[[Any], Iterable[Row]] | None = None
    explode: str = ""
    kind_in_path: str = ""
    classes: Mapping[str, str] = field(default_factory=dict[str, str])

    def rows(self, value: object) -> Iterator[Row]:
        """The rows in one JSON value: those of the envelope that it is, or itself. What is no object has none.

        Args:
            value: one parsed JSON value, or one row of a table.
        """
        if not isinstance(value, Mapping):
            return
        row = cast("Row", value)
        if self.unwrap is None or self.envelope.isdisjoint(row):
            yield row
        else:
            yield from self.unwrap(row)
