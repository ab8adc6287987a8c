"""`deliv.toml`: what a team keeps beside its code.

Read here: the column maps of its own events (`[sources.NAME]`), and what happened when (`[compare] events`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.events.source import Source

MAX_OCTETS = 1024 * 1024
"""Our own bound; a policy is a few KB."""


class BadConfig(ValueError):
    """The file is not what it should be; the message says where and what, in one line."""


def read_config(path: Path) -> dict[str, Any]:
    """The tables of a `deliv.toml`. Raises BadConfig, OSError."""
    with path.open("rb") as file:
        octets = file.read(MAX_OCTETS + 1)
    if len(octets) > MAX_OCTETS:
        raise BadConfig(f"{path}: larger than {MAX_OCTETS // 1024} KiB")
    try:
        return tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = octets[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise BadConfig(f"{path}: not UTF-8 (at line {line}, column {column})") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: {visible(str(error))[:200]}") from None
    except RecursionError:
        raise BadConfig(f"{path}: values are nested too deep") from None


def user_sources(config: Mapping[str, Any]) -> dict[str, Source]:
    """The sources that `[sources.NAME]` describes: `columns`, `types` and `zone`. Raises BadConfig."""
    from deliverability.events.sources.generic import generic_source  # noqa: PLC0415 - only where there is one

    tables = _table(config.get("sources", {}), "sources")
    found: dict[str, Source] = {}
    for name, described in tables.items():
        table = _table(described, f"sources.{name}")
        if unknown := table.keys() - {"columns", "types", "zone"}:
            raise BadConfig(f"sources.{visible(name)}: no such key: {visible(min(unknown))!r} (columns, types, zone)")
        columns, types = (_texts(table.get(key, {}), f"sources.{name}.{key}") for key in ("columns", "types"))
        zone = _texts({"zone": table["zone"]}, f"sources.{name}")["zone"] if "zone" in table else None
        try:
            found[name] = generic_source(columns, types, zone, name=name)
        except ValueError as error:
            raise BadConfig(f"sources.{visible(name)}: {visible(str(error))}") from None
    return found


def compare_events(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What `[compare] events = [{date = 2026-09-20, label = "new design"}]` names, as `DATE=LABEL`.

    Raises BadConfig.
    """
    table = _table(config.get("compare", {}), "compare")
    events = table.get("events", [])
    if not isinstance(events, list):
        raise BadConfig("compare.events: should be a list of tables")
    found: list[str] = []
    for number, event in enumerate(cast("list[object]", events), start=1):
        said = _table(event, f"compare.events[{number}]")
        day, label = said.get("date"), said.get("label", "")
        text = day.isoformat() if type(day) is date else day
        if not isinstance(text, str) or not isinstance(label, str):
            raise BadConfig(f"compare.events[{number}]: should have a date such as 2026-09-20, and a label in quotes")
        found.append(f"{text}={label}")
    return tuple(found)


def _table(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadConfig(f"{visible(name)}: should be a table")
    return cast("dict[str, Any]", value)


def _texts(value: object, name: str) -> dict[str, str]:
    table = _table(value, name)
    for key, text in table.items():
        if not isinstance(text, str):
            raise BadConfig(f"{visible(name)}: {visible(key)} should be a text in quotes")
    return table
