"""The user's own rows written back, every one and all their columns, with why each should not be mailed before them.

The text is UTF-8 whatever it was read as; cells are as they were, those that a spreadsheet takes for a formula too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from deliverability.intake.whole import whole
from deliverability.recipients.addresses import Addresses
from deliverability.recipients.rows import List, Row
from deliverability.recipients.settled import Marked

COLUMN = "deliv_reason"
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}

Reasons = Callable[[int, Row], str]


class CannotWrite(ValueError):
    """The rows cannot be written as they should be; the message says why in one line."""


def reasons_by(addresses: Addresses, marks: Marked, slips: dict[str, str]) -> Reasons:
    """What speaks against mailing a row: words with semicolons between them, empty where nothing does.

    - slips: domain → the one that was meant.
    """
    by_mark = {
        "repeated": marks.repeated,
        "same-mailbox": marks.aliased,
        "suppressed": marks.suppressed,
        "bounced": marks.gone,
        "complained": marks.complained,
        "unsubscribed": marks.unsubscribed,
    }

    def reasons(number: int, row: Row) -> str:
        words = list(_of_address(addresses, row, slips))
        words += [word for word, mark in by_mark.items() if mark.count and number in mark]
        return ";".join(words)

    return reasons


def _of_address(addresses: Addresses, row: Row, slips: dict[str, str]) -> Iterator[str]:
    cell, _, fault = row
    if fault or not cell:
        yield f"unreadable:{fault}" if fault else "empty"
        return
    found = addresses.read(cell)
    if isinstance(found, str):
        yield f"invalid:{found}"
        return
    if found.domain.mail in _DEAD:
        yield _DEAD[found.domain.mail]
    if found.domain.name in slips:
        yield f"typo:{slips[found.domain.name]}"
    if found.domain.disposable:
        yield "disposable"
    if found.is_role:
        yield "role"


_DEAD = {"nxdomain": "no-such-domain", "null_mx": "domain-takes-no-mail", "nowhere": "domain-without-mail-host"}


def check_target(path: Path, source: str) -> None:
    """Raises CannotWrite where nothing is to be written there."""
    if path.suffix.lower() not in SUFFIXES:
        raise CannotWrite(f"{path}: the suffix names no format; use one of {' '.join(SUFFIXES)}")
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise CannotWrite(f"{path}: is the list itself; name another file")


def write_clean(path: Path, found: List, reasons: Reasons, rows: int) -> int:
    """Write all rows of a list, which has so many; how many have a reason. Raises CannotWrite, OSError, Refused.

    The file is there once all rows are in it, and not at all before.
    """
    kind = SUFFIXES[path.suffix.lower()]
    if found.form == "ndjson" and kind == "csv":
        raise CannotWrite(f"{path}: objects have no fixed columns; write .ndjson")
    written = _Counted()
    with whole(path) as out:
        numbered = written.of((reasons(number, row), row) for number, row in enumerate(found.rows))
        (_write_csv if kind == "csv" else _write_ndjson)(out, found, numbered)
        if written.rows != rows:
            raise CannotWrite(f"{found.name}: changed while it was read ({rows} rows, then {written.rows})")
    return written.reasons


class _Counted:
    """Counts rows, and those with a reason, as they go by."""

    def __init__(self) -> None:
        self.rows = self.reasons = 0

    def of(self, rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
        for reason, row in rows:
            self.rows += 1
            self.reasons += bool(reason)
            yield reason, row


def _column(head: Iterable[str]) -> str:
    taken, name = set(head), COLUMN
    while name in taken:
        name += "_"
    return name


def _write_csv(out: IO[str], found: List, rows: Iterable[tuple[str, Row]]) -> None:
    """The reason stands first: a row that is longer than the head, or shorter, keeps its own cells in their places."""
    writer = csv.writer(out, delimiter=found.delimiter, lineterminator="\n")
    if found.head is not None:
        writer.writerow([_column(found.head), *found.head])
    writer.writerows([reason, *row[1]] for reason, row in rows)


def _write_ndjson(out: IO[str], found: List, rows: Iterable[tuple[str, Row]]) -> None:
    head = found.head or ()
    name = _column(head)
    for reason, (_, cells, fault) in rows:
        if found.form != "ndjson":
            keys = [*head, *(str(number + 1) for number in range(len(head), len(cells)))]
            out.write(json.dumps({name: reason, **dict(zip(keys, cells, strict=False))}, ensure_ascii=False) + "\n")
        elif fault == "not-json":
            out.write(json.dumps({name: reason, "deliv_row": cells[0]}, ensure_ascii=False) + "\n")
        else:  # the object's own text: nothing of it is written anew
            rest = cells[0].strip()[1:].lstrip()
            out.write(f"{{{json.dumps(name)}: {json.dumps(reason)}{'' if rest.startswith('}') else ', '}{rest}\n")
