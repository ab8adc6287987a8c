"""Events in a form of the user's own: CSV, Parquet or NDJSON whose columns are named in `deliv.toml`.

Without a map the columns are those of the canonical record, so that what deliv wrote itself can be read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from deliverability.events.reasons import Persistence, Reason
from deliverability.events.schema import COLUMNS, IGNORED, Type
from deliverability.events.source import Source

OURS = ("source_file", "source_line")
"""Columns that reading fills in: they cannot be mapped."""
NEEDED = ("type", "ts", "recipient")
"""Without these a row is no event."""
TAKEN = frozenset({"kind", "item", "part"})
"""Names that the query itself gives (`Source`): a user's column of such a name is read under another."""
_SERVICE = "^[a-z0-9][a-z0-9_.-]{0,39}$"
"""What a service may be called: a short word, so that no text of a row becomes a source."""
MAX_NAME = 200
"""Characters in the name of a column. Our own bound, 2026-11."""


def generic_source(
    columns: Mapping[str, str],
    types: Mapping[str, str] | None = None,
    zone: str | None = None,
    *,
    name: str = "generic",
) -> Source:
    """The source that a user's column map describes.

    Args:
        columns: canonical column → name of the user's column, or a dotted path into its JSON (`event.type`, `to.0`).
            Columns that are left out stand under their canonical name; but `provider`, the sending service that a row
            came from, is only read where it is named, since elsewhere a column of that name means the mailbox's.
        types: the user's word for an event → canonical type, or `ignored`; canonical types need no entry.
        zone: IANA name of the zone that times without an offset are in; UTC if None.
        name: what the source is called.

    Raises:
        ValueError: the map names what does not exist; one line that says what.
    """
    known = [column for column in COLUMNS if column not in OURS]
    for column, theirs in columns.items():
        _check(column, theirs, known)
    words = {str(kind): str(kind) for kind in Type if kind is not Type.UNKNOWN} | {"unknown": "unknown"}
    for word, canonical in (types or {}).items():
        if canonical not in words and canonical != IGNORED:
            raise ValueError(f"types: {canonical!r} is no type of event; they are {', '.join(words)} and {IGNORED}")
        words[word.lower()] = canonical
    wanted = {column: columns.get(column, column) for column in known if column != "provider" or column in columns}
    heads = _heads(wanted.values())
    return Source(
        name=name,
        title="columns named by the user",
        documentation=(),
        signs=(frozenset(wanted[column].split(".")[0] for column in NEEDED),),
        raw=dict.fromkeys(map(_own, heads), "JSON"),
        aliases={_own(head): (head,) for head in heads if _own(head) != head},
        kind=_text(wanted["type"]),
        types=words,
        fields={
            column: _field(column, _text(theirs), _zone(zone)) for column, theirs in wanted.items() if column != "type"
        }
        | {"tags": f"texts({_json(wanted['tags'])})"},
        classes={str(reason): str(reason) for reason in Reason} | {str(word): str(word) for word in Persistence},
    )


def _check(column: str, theirs: object, known: list[str]) -> None:
    if column not in known:
        raise ValueError(f"columns: there is no column {column!r}; the columns are {', '.join(known)}")
    if not isinstance(theirs, str) or not theirs.strip() or len(theirs) > MAX_NAME:
        raise ValueError(f"columns: {column} needs the name of a column, up to {MAX_NAME} characters")
    if '"' in theirs or "\\" in theirs or not theirs.isprintable() or "" in theirs.split("."):
        raise ValueError(f"columns: {column} = {theirs!r} is no name of a column and no dotted path")


def _zone(zone: str | None) -> str:
    try:
        return ZoneInfo(zone or "UTC").key
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"zone: {zone!r} is no time zone; names are like Europe/Berlin") from error


def _heads(wanted: Iterable[str]) -> list[str]:
    """The keys that are read: a path's first part and, as a table's head may have dots, the whole of it."""
    heads = {head: head.lower() for theirs in wanted for head in (theirs, theirs.split(".")[0])}
    for head, folded in heads.items():
        if other := next((other for other, known in heads.items() if known == folded and other != head), None):
            raise ValueError(f"columns: {head!r} and {other!r} differ by case alone")
    return list(heads)


def _own(head: str) -> str:
    return f"their {head}" if head.lower() in TAKEN else head


def _json(theirs: str) -> str:
    head, *rest = theirs.split(".")
    if not rest:
        return _name(head)
    path = "$" + "".join(f"[{part}]" if part.isascii() and part.isdigit() else f'."{part}"' for part in rest)
    return f"""coalesce({_name(theirs)}, json_extract({_name(head)}, '{path.replace("'", "''")}'))"""


def _name(head: str) -> str:
    return f'"{_own(head)}"'


def _text(theirs: str) -> str:
    return f"filled({_json(theirs)}->>'$')"


def _field(column: str, text: str, zone: str) -> str:
    by_column = {
        "provider": f"nullif(regexp_extract(lower({text}), '{_SERVICE}'), '')",
        "ts": f"coalesce(unix_s({text}), zoned({text}, '{zone}'))",
        "recipient": f"address({text})",
        "smtp_code": f"smtp_code({text})",
        "country": f"country_code({text})",
        "stream": _one_of(text, ("marketing", "transactional")),
        "reason": _one_of(text, tuple(Reason)),
        "persistence": _one_of(text, tuple(Persistence)),
    }
    return f"truth({text})" if COLUMNS[column] == "BOOLEAN" else by_column.get(column, text)


def _one_of(text: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"CASE WHEN lower({text}) IN ({listed}) THEN lower({text}) END"


GENERIC = generic_source({})
