"""Any of our frozen values as plain JSON values, and JSON text that is safe to print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from deliverability.lookup.answer import Answer

Plain = Any
"""A value in JSON's own types. Documents are read field by field, so no checker could follow them further."""


def to_plain(value: object) -> Plain:
    """`value` in JSON's own types. An `Answer` becomes a reference to the question: the answer stands in `dns[]`."""
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, Answer):
        return {"name": value.name, "type": value.rdtype, "status": value.status.value}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(to_plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


def dumps(document: Plain, *, indent: int | None = None) -> str:
    """JSON text in which no control, bidi or non-ASCII character appears raw; the same value gives the same bytes."""
    separators = None if indent else (",", ":")
    # json escapes C0 and everything beyond ASCII, but passes DEL through
    return json.dumps(document, indent=indent, separators=separators, allow_nan=False).replace("\x7f", "\\u007f")


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))
