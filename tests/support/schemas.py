"""The published schemas, as a strict reader takes them."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from deliverability.shape import misfit, schema


def closed(node: Any) -> Any:
    """A schema that allows no property but those it lists: what deliv writes today is all described."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    shut = {key: closed(item) for key, item in node.items()}
    return {**shut, "additionalProperties": False} if "properties" in node and "if" not in node else shut


@cache
def _strict(name: str) -> Draft202012Validator:
    return Draft202012Validator(closed(schema(name)))


def faults(name: str, document: Any) -> list[str]:
    """What a strict reader of the schema called `name` has against a document."""
    return [f"{fault.json_path}: {fault.message}" for fault in _strict(name).iter_errors(document)]


def hold(name: str, document: Any) -> None:
    """Assert that a document is what its schema says, to a strict reader and to deliv, which reads it back."""
    found = faults(name, document)
    assert not found, found
    assert misfit(name, document) is None
