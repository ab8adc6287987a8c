"""The user's own rows written back, every one and all their cells, with why each should not be mailed.

The text is UTF-8 whatever it was read as, and says so by a mark where the list had one or was none; cells are as they
were, those that a spreadsheet takes for a formula too. The reason stands behind the last column of the head: a row that
is shorter is filled up to there, and what a longer one has beyond stays behind it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

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
    elif found.domain.disposable:
        yield "disposable"
    if found.is_role:
        yield "role"


_DEAD = {"nxdomain": "no-such-domain", "null_mx": "domain-takes-no-mail", "nowhere": "domain-without-mail-host"}


def check_target(path: Path, sources: Iterable[str]) -> None:
    """Raises CannotWrite where nothing is to be written there: `sources` are what the run reads, the list first."""
    if path.suffix.lower() not in SUFFIXES:
        raise CannotWrite(f"{path}: the suffix names no format; use one of {' '.join(SUFFIXES)}")
    for number, source in enumerate(sources):
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise CannotWrite(f"{path}: is {'one of the inputs' if number else 'the list'} itself; name another file")


def write_clean(path: Path, found: List, reasons: Reasons, rows: int, *, mark: bool = False) -> int:
    """Write all rows of a list, which has so many; how many have a reason. Raises CannotWrite, OSError, Refused.

    The file is there once all rows are in it, and not at all before.

    - mark: CSV begins with U+FEFF, by which spreadsheets know UTF-8.
    """
    kind = SUFFIXES[path.suffix.lower()]
    if found.form == "ndjson" and kind == "csv":
        raise CannotWrite(f"{path}: objects have no fixed columns; write .ndjson")
    try:
        return _written(path, kind, found, reasons, rows, mark=mark)
    except OSError as error:  # a full disk does not say whose
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from None


def _written(path: Path, kind: str, found: List, reasons: Reasons, rows: int, *, mark: bool) -> int:
    """As `write_clean`."""
    written = _Counted()
    with whole(path) as out:
        numbered = written.of((reasons(number, row), row) for number, row in enumerate(found.rows))
        if kind == "csv":
            out.write("\ufeff" if mark else "")
            _write_csv(out, found, numbered)
        else:
            _write_ndjson(out, found, numbered)
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


class _Ended:
    """Rows with the list's own line end. csv quotes those signs alone that are in its own, so that has both."""

    def __init__(self, out: IO[str], end: str) -> None:
        self._out = out
        self._end = end

    def write(self, row: str) -> Any:  # noqa: ANN401 - as files have it
        """Write one row, which ends with CR LF."""
        return self._out.write(row[:-2] + self._end)


def _write_csv(out: IO[str], found: List, rows: Iterable[tuple[str, Row]]) -> None:
    out.write(found.before)
    writer = csv.writer(_Ended(out, found.end), delimiter=found.delimiter, lineterminator="\r\n")
    width = found.width
    if found.head is not None:
        writer.writerow([*found.head, _column(found.head)])
    for reason, (_, cells, _) in rows:
        if len(cells) == width:
            writer.writerow([*cells, reason])
        else:
            writer.writerow([*cells[:width], *[""] * (width - len(cells)), reason, *cells[width:]])


def _write_ndjson(out: IO[str], found: List, rows: Iterable[tuple[str, Row]]) -> None:
    keys = _Keys(found.head or ())
    for reason, (_, cells, fault) in rows:
        if found.form != "ndjson":
            out.write(_dumped({**keys.of(cells), keys.reason: reason}) + "\n")
        elif fault == "not-json":
            out.write(_dumped({"deliv_row": cells[0], COLUMN: reason}) + "\n")
        else:
            out.write(_with_reason(cells[0], reason) + "\n")


def _with_reason(text: str, reason: str) -> str:
    """The object's own text, of which nothing is written anew, with one more key."""
    # only an object that has the name somewhere can have it as a key
    name = _column(json.loads(text)) if COLUMN in text or "\\" in text else COLUMN
    rest = text.strip()[:-1].rstrip()
    return f"{rest}{'' if rest == '{' else ', '}{json.dumps(name)}: {json.dumps(reason)}}}"


def _dumped(plain: Mapping[str, str]) -> str:
    return json.dumps(plain, ensure_ascii=False)


class _Keys:
    """The names of a table's columns as keys of objects: two that are alike, or have none, are told apart."""

    def __init__(self, head: Sequence[str]) -> None:
        self._head = head
        self._keys: list[str] = []
        self._more(len(head))
        self.reason = _column(self._keys)

    def of(self, cells: Sequence[str]) -> dict[str, str]:
        """The cells by their keys; what has no column is named by its number."""
        self._more(len(cells))
        return dict(zip(self._keys, cells, strict=False))

    def _more(self, width: int) -> None:
        taken = set(self._keys) if len(self._keys) < width else set[str]()
        for place in range(len(self._keys), width):
            name = self._head[place] if place < len(self._head) else ""
            name = name or str(place + 1)
            while name in taken:
                name += "_"
            taken.add(name)
            self._keys.append(name)
