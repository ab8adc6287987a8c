"""Any of our frozen values as plain JSON values, and JSON text that is safe to print."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

from deliverability.lookup.answer import Answer

Plain = Any
"""A value in JSON's own types. Documents are read field by field, so no checker could follow them further."""


_PLAIN_ALREADY = frozenset({str, int, float, bool, type(None)})


def to_plain(value: object) -> Plain:
    """`value` in JSON's own types. An `Answer` becomes a reference to the question: the answer stands in `dns[]`."""
    kind: type = value.__class__
    if kind in _PLAIN_ALREADY:  # 5,000 values an audit come through here, most of them these
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Answer):
        return {"name": value.name, "type": value.rdtype, "status": value.status.value}
    if names := _field_names(kind):
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, set | frozenset):
        return sorted(to_plain(item) for item in cast("Collection[object]", value))
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


def dumps(document: Plain) -> str:
    """JSON on one line in which no control, bidi or non-ASCII character appears raw; the same value, the same bytes."""
    # json escapes C0 and everything beyond ASCII, but passes DEL through
    return json.dumps(document, separators=(",", ":"), allow_nan=False).replace("\x7f", "\\u007f")


def dumps_by_line(document: Plain) -> str:
    """The same with a line for each key and for each member of a list: one finding, one answer, one line of a diff.

    The standard library's own indentation runs in Python and takes ten times as long.
    """
    if isinstance(document, dict):
        lines = (f"{dumps(key)}: {_lines(value)}" for key, value in cast("dict[str, Plain]", document).items())
        return "{\n" + ",\n".join(lines) + "\n}\n"
    return _lines(document) + "\n"


def _lines(value: object) -> str:
    if not isinstance(value, list) or not value:
        return dumps(value)
    return "[\n" + ",\n".join(map(dumps, cast("list[object]", value))) + "\n]"


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; none of any other class."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()
