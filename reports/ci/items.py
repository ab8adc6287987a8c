"""What the formats of other people's machines share: what they list, in which words, at which line of which file.

A format lists items: the findings as the gate took them, and the gate's own reasons. All text of an item has been made
safe to show and bounded in length; what is left to a format is its own escaping. Machines read English.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import cast

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Lack, Outcome, Severity
from deliverability.gate.model import Gate, Reason, Row, Taken, Waived
from deliverability.policy.model import NAME, OnUnknown, Place
from deliverability.reports.words import sentence, shown
from deliverability.text import visible

MAX_TEXT = 400
"""Characters of one text of an item: a title, a reason, a fix. Ours: five times our longest title without data."""
MAX_NAME = 300
"""Characters of a check, a domain and a subject. RFC 1035 §2.3.4: a name has at most 255 octets."""
MAX_OWNER = 100
"""Characters of a domain's owner where room is scarce. Ours: a team, and how it is reached."""

LISTED = frozenset({Taken.CLOSES, Taken.UNSETTLED, Taken.WARNS, Taken.KNOWN, Taken.WAIVED})
"""What is more than passed, unasked or not applicable."""

WAIVED = "Waived until {until} by {by}: {why}"

Key = tuple[str, str, str]
"""A check, a domain and a subject."""

_URGENCY = {taken: place for place, taken in enumerate(Taken)}


class Level(StrEnum):
    """How loudly a format says an item."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_UNSETTLED = {OnUnknown.FAIL: Level.ERROR, OnUnknown.WARN: Level.WARNING, OnUnknown.PASS: Level.NOTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One finding as the gate took it, or one reason of the gate's own; every text is safe to show and of bounded size.

    - lack, why, settle: as in `Finding` and `Row`; `why` of what is waived says until when, and who answers for it.
    - fix: what to do, empty where nothing is to be done.
    """

    check: str
    domain: str
    subject: str
    severity: Severity
    outcome: Outcome
    lack: Lack | None
    taken: Taken
    title: str
    why: str
    settle: str
    fix: str
    place: Place | None

    @property
    def name(self) -> str:
        """The check, and what it is about where that is not the domain."""
        return f"{self.check} [{self.subject}]" if self.subject and self.subject != self.domain else self.check


def items(gate: Gate, taken: Collection[Taken] = frozenset(Taken)) -> tuple[Item, ...]:
    """Every row in its order, then the gate's own reasons; those that were taken in one of the ways of `taken`."""
    waived = {(one.check, one.domain, one.subject): one for one in gate.waived}
    rows = (_of_row(row, waived) for row in gate.rows if row.taken in taken)
    own = (_of_reason(reason) for reason in gate.reasons if is_own(reason) and reason.taken in taken)
    return (*rows, *own)


def checks(gate: Gate) -> Iterable[str]:
    """The checks that ran, in the order in which they first stand, as items name them."""
    own = (reason.check for reason in gate.reasons if is_own(reason))
    return dict.fromkeys(_check(check) for check in (*(row.finding.check for row in gate.rows), *own))


def worst_first(listed: Iterable[Item]) -> list[Item]:
    """What closes a gate, what keeps it undetermined, warnings, the known, the waived; each worst first."""
    return sorted(listed, key=lambda item: (_URGENCY[item.taken], -item.severity.rank))


def is_own(reason: Reason) -> bool:
    """Whether a reason is the gate's own, and no finding of a check stands behind it."""
    return reason.check.startswith("gate-")


def level(item: Item, on_unknown: OnUnknown) -> Level:
    """How loudly: what closes is an error, what could not be looked at is as grave as the policy takes it."""
    if item.taken is Taken.CLOSES:
        return Level.ERROR
    if item.taken is Taken.UNSETTLED:
        return _UNSETTLED[on_unknown]
    # what is known or waived may not make a check of a code host fail: the gate is open for it
    warns = item.taken is Taken.WARNS and item.severity.at_least(Severity.MEDIUM)
    return Level.WARNING if warns else Level.NOTE


def message(item: Item) -> str:
    """One line: whose, what is so, why it counts, what would settle it, what to do."""
    whose = ": ".join(part for part in (item.domain, item.title) if part)
    about = f"({item.subject})" if item.subject not in {"", item.domain} and item.subject not in item.title else ""
    fix = f"To do: {sentence(item.fix)}" if item.fix else ""
    return sentences(" ".join(part for part in (whose, about) if part), item.why, item.settle, fix)


def sentences(*texts: str) -> str:
    """The texts that are not empty, each ended as a sentence is."""
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in texts if text)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where an item is shown: a path relative to the working directory, and line and column counted from 1.

    `declared` is whether a file really has it there; otherwise it is the best guess at a file that could.
    """

    path: str
    line: int
    column: int
    declared: bool


class Anchors:
    """Where the items of one gate are shown. `root` is the directory that absolute paths are shown from."""

    def __init__(self, gate: Gate, root: str) -> None:
        self._root = root
        self._first = gate.path or NAME  # it need not exist
        files = {} if gate.path else {cut(a.subject.domain, MAX_NAME): _records(a) for a in reversed(gate.audits)}
        self._guesses = {domain: file for domain, file in files.items() if file}

    def of(self, item: Item) -> Anchor:
        """The line that declares the item's domain; without one the first of the policy, or of its file of records."""
        place = item.place
        if place is not None:
            return Anchor(self._path(place.file), max(place.line, 1), max(place.column, 1), declared=True)
        return Anchor(self._path(self._guesses.get(item.domain, self._first)), 1, 1, declared=False)

    def _path(self, file: str) -> str:
        # of a name that is no UTF-8 Python keeps the octets as half characters, which nothing can write
        return visible(relative(file, self._root)).encode("utf-8", "backslashreplace").decode()


def _records(audit: Audit) -> str:
    """The first file of records that an audit was given; empty without one."""
    return next((file for kind in ("overlay", "zone") for file in _files(audit.options, kind)), "")


def _files(options: Mapping[str, object], kind: str) -> list[str]:
    named = options.get(kind)
    listed = cast("Sequence[object]", named) if isinstance(named, list | tuple) else ()
    return [file for file in listed if isinstance(file, str)]


def relative(path: str, root: str) -> str:
    """`path` as seen from `root`, and never one that says where on which machine: what lies elsewhere keeps its name.

    What leads out of the directory (`../`) cannot be a file of a repository that is rooted there.
    """
    found = posixpath.normpath(path)
    if posixpath.isabs(found):
        base = posixpath.normpath(root or "/").rstrip("/") + "/"
        found = found.removeprefix(base) if root and found.startswith(base) else posixpath.basename(found)
    while found.startswith("../"):
        found = found.removeprefix("../")
    return found if found not in {"", ".", ".."} else NAME


def cut(text: str, most: int = MAX_TEXT) -> str:
    """`text` safe to show on one line and at most `most` characters long."""
    if len(text) <= most and text.isprintable():
        return text
    safe = shown(text[:most])
    return safe if len(safe) <= most and len(text) <= most else safe[: most - 1] + "…"


def _of_row(row: Row, waived: Mapping[Key, Waived]) -> Item:
    finding = row.finding
    key = (finding.check, row.domain, finding.subject)
    accepted = waived.get(key) if row.taken is Taken.WAIVED else None
    return Item(
        check=_check(finding.check),
        domain=cut(row.domain, MAX_NAME),
        subject=cut(finding.subject, MAX_NAME),
        severity=finding.severity,
        outcome=finding.outcome,
        lack=finding.lack,
        taken=row.taken,
        title=cut(finding.title) or "untitled",
        why=cut(row.why if accepted is None else WAIVED.format(until=accepted.until, by=accepted.owner, why=row.why)),
        settle=cut(row.settle),
        fix=cut(finding.fix.text) if finding.outcome is Outcome.FAIL and finding.fix else "",
        place=row.place,
    )


def _of_reason(reason: Reason) -> Item:
    unsettled = reason.taken is Taken.UNSETTLED
    return Item(
        check=_check(reason.check),
        domain=cut(reason.domain, MAX_NAME),
        subject=cut(reason.subject, MAX_NAME),
        severity=reason.severity,
        outcome=Outcome.UNKNOWN if unsettled else Outcome.FAIL,
        lack=Lack.INPUT if unsettled else None,
        taken=reason.taken,
        title=cut(reason.why) or "untitled",
        why="",
        settle="",
        fix="",
        place=reason.place,
    )


def _check(name: str) -> str:
    return cut(name, MAX_NAME) or "unnamed"


def fingerprints(listed: Iterable[Item]) -> list[str]:
    """A mark for each item: the same for the same check, domain and subject, wherever the lines of a file have gone.

    Of several that have all three in common each has its own.
    """
    seen = Counter[Key]()
    marks: list[str] = []
    for item in listed:
        key = (item.check, item.domain, item.subject)
        seen[key] += 1
        # JSON keeps the borders between the parts
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
        marks.append(digest if seen[key] == 1 else f"{digest}-{seen[key]}")
    return marks
