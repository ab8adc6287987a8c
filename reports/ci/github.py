"""GitHub annotations: workflow commands that a step prints, which the host shows beside the lines they name.

Source: actions/toolkit, packages/core/src/command.ts, and GitHub's documentation, "Workflow commands for GitHub
Actions" (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.gate.model import Gate
from deliverability.reports.ci.items import LISTED, Anchors, Item, Level, cut, items, level, message, worst_first

MOST = 10
"""Annotations of one level that a step shows; the host drops the rest in silence."""

MAX_TITLE = 255
"""Characters. GitHub's REST documentation, "Create a check run", `annotations` (read 2026-11-22)."""

COMMANDS: Mapping[Level, str] = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(gate: Gate, *, root: str = "") -> str:
    """A line for each item, worst first, and in the place of what a step would not show how much more there is.

    `root` is the directory that absolute paths of files are shown from. An item of no file is shown with the run.
    """
    anchors = Anchors(gate, root)
    by_level: dict[Level, list[str]] = {one: [] for one in Level}
    for item in worst_first(items(gate, LISTED)):
        one = level(item, gate.on_unknown)
        by_level[one].append(_annotation(COMMANDS[one], item, anchors))
    by_level[Level.NOTE] += [_command("notice", {"title": "deliv"}, cut(note)) for note in gate.notes]
    lines = [line for one, listed in by_level.items() for line in _capped(COMMANDS[one], listed)]
    return "".join(f"{line}\n" for line in lines or [_clean(gate)])


def _capped(command: str, lines: Sequence[str]) -> Sequence[str]:
    """As many as a step shows; where there are more, the last of them says how many."""
    if len(lines) <= MOST:
        return lines
    more = f"{len(lines) - MOST + 1} more of this level."
    return [*lines[: MOST - 1], _command(command, {"title": "deliv"}, more)]


def _annotation(command: str, item: Item, anchors: Anchors) -> str:
    properties = {"title": cut(item.name, MAX_TITLE)}
    if item.place is not None:
        place = anchors.of(item)
        properties |= {"file": place.path, "line": str(place.line), "col": str(place.column)}
    return _command(command, properties, message(item))


def _clean(gate: Gate) -> str:
    """A step that says nothing leaves open whether it ran."""
    looked = "1 finding" if len(gate.rows) == 1 else f"{len(gate.rows)} findings"
    said = f"The gate is {gate.decision.value}: {looked}, none to act on."
    return _command("notice", {"title": "deliv"}, said)


def _command(command: str, properties: Mapping[str, str], text: str) -> str:
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
