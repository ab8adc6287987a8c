"""From a source's own rows to the canonical record: one query, built from what the source's module says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deliverability.events.schema import COLUMNS, IGNORED, Type
from deliverability.events.source import Source

OWN = {"type", "reason", "persistence", "source_file", "source_line"}
"""Columns that no source's `fields` fill."""


_WORD = "__word"
"""The source's own word in lower case, as an SQL column."""


def quoted(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def columns_argument(columns: Mapping[str, str]) -> str:
    """The `columns` argument of read_json and read_csv."""
    return "{" + ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items()) + "}"


def canonical_query(source: Source, raw: str, *, file: str = "NULL", line: str = "NULL") -> str:
    """The canonical rows of `raw`, an SQL relation with the source's raw columns.

    `file` and `line` are SQL over that relation. Beside the columns of the schema a row has `word` (what the source
    calls the event) and `type`, null where the row names none, and `part`: 1 for the first event of each raw row.
    """
    kind = f"SELECT *, nullif({source.kind}, '') AS kind, lower({source.kind}) AS {_WORD} FROM {_exploded(source, raw)}"
    fields = {
        **{name: f"CAST({source.fields[name]} AS {COLUMNS[name]})" for name in COLUMNS if name in source.fields},
        "provider": _provider(source),
        "type": _type(source.types),
        "source_file": f"CAST({file} AS VARCHAR)",
        "source_line": f"CAST({line} AS BIGINT)",
    }
    chosen = (f"{fields.get(name, f'CAST(NULL AS {kind})')} AS {name}" for name, kind in COLUMNS.items())
    return f"SELECT {', '.join(chosen)}, kind AS word, part FROM ({kind})"


def _provider(source: Source) -> str:
    """The source's name, but where each row says whose it is."""
    said = source.fields.get("provider")
    return f"coalesce({said}, {quoted(source.name)})" if said else quoted(source.name)


def _exploded(source: Source, raw: str) -> str:
    """The rows, one for each element of the source's list; a row without elements stays, its `item` null."""
    if not source.explode:
        return f"(SELECT *, 1 AS part FROM {raw})"
    elements = f"CASE WHEN len({source.explode}) > 0 THEN {source.explode} ELSE [NULL] END"
    return f"(SELECT *, unnest({elements}) AS item, generate_subscripts({elements}, 1) AS part FROM {raw})"


def _type(types: Mapping[str, str]) -> str:
    by_type: dict[str, list[str]] = {}
    for word, type_ in types.items():
        by_type.setdefault(type_, []).append(word)
    cases = " ".join(f"WHEN {_any_of(words)} THEN {_enum(type_)}" for type_, words in by_type.items())
    return f"CASE WHEN kind IS NULL THEN NULL {cases} ELSE {_enum(Type.UNKNOWN)} END"


def _any_of(words: Iterable[str]) -> str:
    return " OR ".join(f"{_WORD} = {quoted(word.lower())}" for word in words)


def _enum(type_: str) -> str:
    return f"{quoted(type_)}::event_type"


EVENT_TYPE = f"CREATE TYPE event_type AS ENUM ({', '.join(quoted(t) for t in (*Type, IGNORED))})"
"""The canonical types, in the order of the schema: a type's place is its bit in a message's mask."""
