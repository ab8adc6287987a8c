"""The tree of SPF records and what its lookups add up to, read from the stored facts.

Facts come out of a document that anybody may have edited, and their shape grows with `protocols/spf`. Whatever does not
look as expected is left out; it never stops the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from deliverability.fastclass import dataclass
from deliverability.reports.language import N_, Words

MAX_ROWS = 300
"""Records and lookups that are shown; the document holds all."""

_ERRORS: Mapping[str, str] = Words(
    {
        "none": N_("no SPF record at this name"),
        "multiple": N_("several SPF records at this name"),
        "syntax": N_("the record is malformed"),
        "loop": N_("leads back to itself"),
        "unanswered": N_("DNS gave no answer"),
        "varies": N_("depends on the message"),
        "bad-name": N_("not a name that DNS can hold"),
        "bound": N_("not followed any further"),
    }
)


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One record: how deep it stands, its name, its text, and in words why it could not be followed."""

    depth: int
    name: str
    text: str
    error: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """One counted lookup: the running total, the term, and whose record it stands in."""

    total: int
    term: str
    record: str


def tree(facts: Mapping[str, Any]) -> list[TreeRow]:
    """The records in order of evaluation; empty without SPF facts, or where the domain has no record."""
    root = _mapping(_mapping(facts.get("spf")).get("tree"))
    rows: list[TreeRow] = []
    waiting = [root] if root.get("texts") else []
    while waiting and len(rows) < MAX_ROWS:
        node = _mapping(waiting.pop())
        rows.append(_row(node))
        waiting += [child for child in reversed(_sequence(node.get("children"))) if child]
    return rows


def _row(node: Mapping[str, Any]) -> TreeRow:
    depth = node.get("depth")
    return TreeRow(
        depth=depth if isinstance(depth, int) else 0,
        name=_text(node.get("name")),
        text=" | ".join(_text(text) for text in _sequence(node.get("texts"))),
        error=_ERRORS.get(_text(node.get("error")), ""),
    )


def costs(facts: Mapping[str, Any]) -> list[CostRow]:
    """The terms that count towards the limit, in order of evaluation."""
    rows = _sequence(_mapping(_mapping(facts.get("spf")).get("cost")).get("rows"))
    counted = [_mapping(row) for row in rows[:MAX_ROWS]]
    return [
        CostRow(row["total"], _text(row.get("term")), _text(row.get("record")))
        for row in counted
        if isinstance(row.get("total"), int)
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
