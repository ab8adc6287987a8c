"""SARIF 2.1.0, as code hosts show it: one run, a rule for each check that ran, a result for each fault.

Sources: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" with errata 01 (2023-08-28), cited as
SARIF; GitHub's documentation, "SARIF support for code scanning" and "SARIF results exceed limits" (read 2026-11-22).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from deliverability.gate.model import Gate, Taken
from deliverability.plain import dumps
from deliverability.reports.ci.items import (
    LISTED,
    Anchor,
    Anchors,
    Item,
    checks,
    cut,
    fingerprints,
    items,
    level,
    message,
    worst_first,
)
from deliverability.reports.ci.rules import Rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"

MAX_RESULTS = 5_000
"""GitHub shows the worst 5,000 of a run and refuses a file with more than 25,000 (read 2026-11-22)."""
MAX_OCTETS = 9_500_000
"""GitHub refuses a file of more than 10 MB after gzip (read 2026-11-22)."""

_ARGUMENT = re.compile(r"\{(?=\d)")


def render(gate: Gate, *, root: str = "") -> str:
    """The log: faults, the known and the waived among them, and what could not be looked at; worst first.

    What is past a host's limits is left out and counted in a notification. `root` is the directory that absolute paths
    of files are shown from; no path in the log is absolute.
    """
    listed = worst_first(items(gate, LISTED))
    kept = min(len(listed), MAX_RESULTS)
    while True:
        text = _log(gate, listed, kept, root)
        if not kept or len(text) <= MAX_OCTETS or len(zlib.compress(text.encode())) <= MAX_OCTETS:
            return text
        kept //= 2


def _log(gate: Gate, listed: Sequence[Item], kept: int, root: str) -> str:
    rules, anchors = Rules(checks(gate)), Anchors(gate, root)
    based = {audit.subject.domain for audit in gate.baseline}
    shown = listed[:kept]
    placed = [(item, mark, anchors.of(item)) for item, mark in zip(shown, fingerprints(shown), strict=True)]
    guessed = sum(not place.declared for _, _, place in placed)
    results = [_result(item, mark, place, gate, rules) | _baseline(item, based) for item, mark, place in placed]
    run = _object(
        tool=_object(driver=_driver(gate, rules)),
        invocations=dumps([_invocation(gate, len(listed) - kept, guessed)]),
        columnKind=dumps("unicodeCodePoints"),
        results=_array(results),
    )
    return _object(**{"$schema": dumps(SCHEMA)}, version=dumps(VERSION), runs=f"[{run}]") + "\n"


def _driver(gate: Gate, rules: Rules) -> str:
    version = next((cut(audit.deliv_version) for audit in gate.audits if audit.deliv_version), "")
    versions = {"version": dumps(version)} if version else {}
    return _object(name=dumps("deliv"), **versions, rules=_array(rules.descriptors))


def _object(**members: str) -> str:
    """A JSON object of members that are JSON already, a line each."""
    return "{" + ",\n".join(f"{dumps(name)}:{text}" for name, text in members.items()) + "}"


def _array(members: Sequence[Mapping[str, Any]]) -> str:
    """A JSON array with a line for each member: one rule, one result, one line of a diff."""
    return "[\n" + ",\n".join(map(dumps, members)) + "\n]" if members else "[]"


def _invocation(gate: Gate, left_out: int, guessed: int) -> dict[str, Any]:
    """The decision, and in notifications what a reader of the results should know."""
    said = [cut(note) for note in gate.notes]
    if left_out:
        said.append(f"{left_out} more results, none worse than these, are left out for the limits of code hosts.")
    if guessed:
        said.append(f"No file declares the domain of {guessed} results: they are shown at the first line of one.")
    return {
        "executionSuccessful": True,
        "exitCode": gate.exit_code,
        "exitCodeDescription": f"The gate is {gate.decision.value}.",
        "toolConfigurationNotifications": [{"level": "note", "message": {"text": _plain(text)}} for text in said],
    }


def _result(item: Item, mark: str, place: Anchor, gate: Gate, rules: Rules) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.check,
        "ruleIndex": rules.index[item.check],
        "level": level(item, gate.on_unknown).value,
        "message": {"text": _plain(message(item))},
        "locations": [{"physicalLocation": _physical(place)}],
        # GitHub takes this name alone into account. Left to its upload action it is a hash of the line, which would
        # make one alert of all subjects of a check; with ours the action warns of a hash that is not its own.
        "partialFingerprints": {"primaryLocationLineHash": mark, "deliv/v1": mark},
    }
    if item.taken is Taken.WAIVED:
        # GitHub takes no notice of it and shows the alert, as a note
        accepted = {"kind": "external", "status": "accepted", "justification": _plain(item.why or "waived")}
        result["suppressions"] = [accepted]
    result["properties"] = _properties(item, place)
    return result


def _baseline(item: Item, based: Collection[str]) -> dict[str, str]:
    """How an item stands to the baseline, where that is known. `based` are domains of which there is one."""
    if item.taken is Taken.KNOWN:
        return {"baselineState": "unchanged"}
    if item.taken is not Taken.CLOSES or item.domain not in based:
        return {}
    # the gate says of a fault that was there before, and is worse, what it was then
    return {"baselineState": "updated" if item.why else "new"}


def _properties(item: Item, place: Anchor) -> dict[str, Any]:
    return {
        "domain": item.domain,
        "subject": item.subject,
        "severity": item.severity.value,
        "outcome": item.outcome.value,
        "taken": item.taken.value,
        "declared": place.declared,
    }


def _physical(place: Anchor) -> dict[str, Any]:
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column + 1,
    }
    return {"artifactLocation": {"uri": uri(place.path)}, "region": region}


def uri(path: str) -> str:
    """A relative reference (RFC 3986 §4.2) to a file."""
    from urllib.parse import quote  # noqa: PLC0415 - only where there is a file

    return quote(path, safe="/")


def _plain(text: str) -> str:
    # SARIF §3.11.5 and §3.11.6: {0} stands for an argument, and [text](target) is a link, in plain text too
    return _ARGUMENT.sub("{ ", text).replace("](", "] (")
