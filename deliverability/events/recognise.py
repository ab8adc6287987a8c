"""Whose events these are, from the keys that rows have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import cast

from deliverability.events.source import Row, Source
from deliverability.events.sources import SOURCES
from deliverability.fastclass import dataclass

MAX_VALUES = 1000
"""Values of a file that are looked at; a file is one service's, or it is refused. Our own bound, 2026-11."""
MAX_ROWS = 20
"""Rows of one envelope that are looked at. Our own bound, 2026-11."""
_SHOWN = 6
_PLAIN = re.compile(r"[A-Za-z_][\w $.-]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The source of some rows, and why; None where no source, or more than one, is shown by them.

    `reason` is one line, which repeats nothing of a row but names of its columns.
    """

    source: Source | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The sign by which one value is a source's; `weight` is the number of keys in the largest sign that fits."""

    source: Source
    sign: frozenset[str]
    weight: int


def recognise(rows: Sequence[object], sources: Mapping[str, Source] = SOURCES) -> Recognition:
    """Tell whose events `rows` are.

    Args:
        rows: parsed JSON values or rows of a table by their heads, the first of a file; more than `MAX_VALUES` are not
            looked at.
        sources: what is known, by name; the user's own among them.
    """
    values = rows[:MAX_VALUES]
    matches = [match for value in values for match in best(value, sources)]
    names = Counter(match.source.name for match in matches)
    if not matches:
        return Recognition(source=None, reason=_unknown(values, sources))
    if len(names) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in names.most_common())
        return Recognition(
            source=None, reason=f"rows look like more than one service's ({counts}): name it by --source"
        )
    sign, _ = Counter(match.sign for match in matches).most_common(1)[0]
    source = matches[0].source
    return Recognition(source=source, reason=f"{source.name}: rows have {_listed(sorted(sign))}")


def best(value: object, sources: Mapping[str, Source] = SOURCES) -> tuple[Match, ...]:
    """The sources that one value can be of: those with the heaviest match; canonical columns only if there is no other.

    Args:
        value: a parsed JSON value, or one row of a table.
        sources: what is known, by name.
    """
    found = [match for name, source in sources.items() if name != "generic" and (match := _match(value, source))]
    if not found and "generic" in sources and (match := _match(value, sources["generic"])):
        return (match,)
    heaviest = max((match.weight for match in found), default=0)
    return tuple(match for match in found if match.weight == heaviest)


def _match(value: object, source: Source) -> Match | None:
    fitting = [sign for row in islice(source.rows(value), MAX_ROWS) for sign in _signs(row, source)]
    return Match(source=source, sign=fitting[0], weight=max(map(len, fitting))) if fitting else None


def _signs(row: Row, source: Source) -> list[frozenset[str]]:
    """The signs that fit a row, the most telling first, as the source lists them."""
    keys = {key.lower() for key in cast("Iterable[object]", row) if isinstance(key, str)}
    keys |= {
        ours.lower() for ours, heads in source.aliases.items() if not keys.isdisjoint(head.lower() for head in heads)
    }
    return [sign for sign in source.signs if all(key.lower() in keys for key in sign)]


def _unknown(values: Sequence[object], sources: Mapping[str, Source]) -> str:
    """That nothing was recognised, and what would be."""
    known = f"known are {', '.join(sources)}"
    row = next((cast("Row", value) for value in values if isinstance(value, Mapping) and value), None)
    if not values:
        return f"no rows to tell the service by; {known}"
    if row is None:
        return f"no row is an object with named fields; {known}"
    plain = [key for key in cast("Iterable[object]", row) if isinstance(key, str) and _PLAIN.fullmatch(key)]
    shown = f"rows have {_listed(plain[:_SHOWN])}, which is" if plain else "the names of the columns are"
    return f"{shown} no known service's; {known}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
