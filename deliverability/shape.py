"""A document held to its published JSON Schema, as far as our own schemas use that language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from deliverability.plain import Plain

Schema = Mapping[str, Plain]

SCHEMAS = files("deliverability") / "schemas"
"""One file a document; `deliv schema` prints them."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


@cache
def schema(name: str) -> Schema:
    """The published schema of a document, as `audit`."""
    found: Schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def misfit(name: str, document: object) -> str | None:
    """The first place where `document` has something that schema `name` does not allow there, and what; or None.

    What is missing is no misfit: `required` says what deliv writes, a reader says what it can do without.
    """
    root = schema(name)
    return next(_misfits(root, document, "document", root), None)


def _misfits(node: Schema, value: Plain, place: str, root: Schema) -> Iterator[str]:
    if "$ref" in node:
        yield from _misfits(root["$defs"][node["$ref"].rpartition("/")[2]], value, place, root)
    if "anyOf" in node and all(any(_misfits(one, value, place, root)) for one in node["anyOf"]):
        # wherever there is a choice, null is its first: what is not null is meant to be the last
        yield from _misfits(node["anyOf"][-1], value, place, root)
    if not _fits(node, value):
        yield f"{place} cannot be {json.dumps(value)[:60]}"
        return
    if "if" in node and not any(_misfits(node["if"], value, place, root)):
        yield from _misfits(node["then"], value, place, root)
    for key, item, inner in _inside(node, value):
        yield from _misfits(inner, item, f"{place}{key}"[:120], root)


def _inside(node: Schema, value: Plain) -> Iterator[tuple[str, Plain, Schema]]:
    """What stands in `value`: how to get there, the thing itself, and the part of the schema that speaks of it."""
    kind = value.__class__
    if kind is list and "items" in node:
        yield from ((f"[{index}]", item, node["items"]) for index, item in enumerate(value))
    if kind is dict:
        named, others = node.get("properties", {}), node.get("additionalProperties", {})
        yield from ((f".{json.dumps(key)[1:-1]}", item, named.get(key, others)) for key, item in value.items())


def _fits(node: Schema, value: Plain) -> bool:
    """Whether `value` itself, without what is inside it, is allowed."""
    kind = value.__class__
    wanted = node.get("type", [])
    return (
        ("const" not in node or _same(value, node["const"]))
        and ("enum" not in node or any(_same(value, one) for one in node["enum"]))
        and (not wanted or any(kind in _TYPES[name] for name in ([wanted] if type(wanted) is str else wanted)))
        and (kind is not str or re.search(node.get("pattern", ""), value) is not None)
        and (kind is not list or node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)))
        and (kind not in _TYPES["number"] or _is_within(node, value))
    )


def _same(value: Plain, wanted: Plain) -> bool:
    """True equals 1 in Python, but not in JSON."""
    return type(value) is type(wanted) and bool(value == wanted)


def _is_within(node: Schema, value: float) -> bool:
    over, least = node.get("exclusiveMinimum"), node.get("minimum")
    return (over is None or value > over) and (least is None or value >= least)
