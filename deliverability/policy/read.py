"""`deliv.toml` into a `Policy`, checked to the last key: whatever is wrong is found in one reading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deliverability.findings import Severity
from deliverability.policy.domains import read_domains
from deliverability.policy.model import Need, OnUnknown, Policy, Waiver
from deliverability.policy.reader import TOP, Reader, Table, shown
from deliverability.policy.sections import SEVERITIES, is_check, read_judging
from deliverability.policy.tables import BadConfig, Tables, read_tables

if TYPE_CHECKING:
    from deliverability.events.source import Source

__all__ = ["BadConfig", "policy_of", "read_policy"]

KEYS = (*TOP, "checks", "waivers", "domains", "thresholds", "sources", "compare")
"""The keys at the top of the file."""


def read_policy(path: Path) -> Policy:
    """The policy that the file is.

    Raises BadConfig (a ValueError) with every fault of the file, and OSError where it cannot be read.
    """
    return policy_of(read_tables(path))


def policy_of(tables: Tables) -> Policy:
    """The same of tables that were read. Raises BadConfig."""
    reader = Reader(tables)
    root = reader.root
    root.only(*KEYS)
    policy = Policy(
        path=tables.file,
        fail_on=root.choice("fail-on", Severity, Severity.HIGH, SEVERITIES),
        on_unknown=root.choice("on-unknown", OnUnknown, OnUnknown.FAIL),
        require=_needs(root),
        domains=read_domains(root.table("domains")),
        judging=read_judging(reader),
        waivers=tuple(found for table in root.tables("waivers") if (found := _waiver(table))),
        sources=_sources(root.table("sources")),
        compare_events=tuple(_events(root.table("compare"))),
        raw=tables.root,
    )
    reader.check()
    return replace(policy, places=reader.places())


def _needs(root: Table) -> tuple[Need, ...]:
    found: list[Need] = []
    words = [need.value for need in Need]
    for number, word in enumerate(root.texts("require"), start=1):
        if word in words:
            found.append(Need(word))
        else:
            what = f"an input is one of {', '.join(words)}, not {shown(word)}"
            root.reader.wrong(("require", number), what, word, words)
    return tuple(dict.fromkeys(found))


def _waiver(table: Table) -> Waiver | None:
    """One entry of `[[waivers]]`; None where it cannot be used."""
    keys = ("check", "subject", "reason", "owner", "until")
    table.only(*keys)
    texts = {key: table.text(key) for key in keys[:-1] if key in table}
    until = day(table, "until")
    known = "check" not in table or is_check(table, "check", texts["check"])
    if not table.require(*keys) or until is None or not known or not all(texts.values()):
        return None
    return Waiver(**texts, until=until, place=table.reader.place(table.path))


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def day(table: Table, key: str) -> date | None:
    """A date of TOML, or the same in quotes; None where there is none. A point in time is no date."""
    value: Any = table.values.get(key)
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except (TypeError, ValueError):
        table.wrong(key, f"{table.spelled(key)} is a date such as 2026-12-31, not {shown(value)}")
        return None


def _sources(table: Table) -> dict[str, Source]:
    """`[sources.NAME]`: columns, types and zone of events of the team's own."""
    found: dict[str, Source] = {}
    for name, one in table.named():
        one.only("columns", "types", "zone")
        columns, types = (_words(one.table(key)) for key in ("columns", "types"))
        zone = one.text("zone") if "zone" in one else None
        if columns is not None and types is not None and (source := _source(one, name, columns, types, zone)):
            found[name] = source
    return found


def _words(table: Table) -> dict[str, str] | None:
    """A table of texts; None where one is none."""
    found = {key: table.text(key) for key in table.values}
    return found if all(found.values()) else None


def _source(table: Table, name: str, columns: dict[str, str], types: dict[str, str], zone: str | None) -> Source | None:
    from deliverability.events.sources.generic import generic_source  # noqa: PLC0415 - only where there is one

    try:
        return generic_source(columns, types, zone, name=name)
    except ValueError as error:
        table.reader.wrong(table.path, str(error))
        return None


def _events(table: Table) -> Iterable[str]:
    """`[compare] events = [{date = 2026-09-20, label = "new design"}]`, as `DATE=LABEL`."""
    table.only("events")
    for event in table.tables("events"):
        event.only("date", "label")
        when = day(event, "date")
        label = event.text("label")
        if event.require("date") and when is not None:
            yield f"{when.isoformat()}={label}"
