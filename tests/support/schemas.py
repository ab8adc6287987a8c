"""The published schemas, as a strict reader takes them."""

from __future__ import annotations

from typing import Any


def closed(node: Any) -> Any:
    """A schema that allows no property but those it lists: what deliv writes today is all described."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    shut = {key: closed(item) for key, item in node.items()}
    return {**shut, "additionalProperties": False} if "properties" in node and "if" not in node else shut
