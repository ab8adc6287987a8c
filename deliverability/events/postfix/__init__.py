"""Postfix mail logs as canonical events.

A log is not split into lines: each block of it is searched for the few words that matter, and only the lines that hold
one are looked at (design: performance, "Mail logs").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from deliverability.events.postfix.clock import HEAD
from deliverability.events.postfix.lines import Readable, blocks
from deliverability.events.postfix.rows import Rows
from deliverability.events.postfix.status import DELIVERY, EXPIRED, STATUS, TAKEN
from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Bad, Refused, Troubles

LONGEST = 16 << 10
"""Octets of a line that are looked at."""
SHOWN = 500
"""Octets of a bad line that are kept."""
SAMPLE_LINES = 200
"""Lines that are looked at to recognise a log."""

_HEAD = re.compile(HEAD)
_DAY = re.compile(rb"(?:\d{4} )?[A-Z][a-z]{2} [ \d]\d |\d{4}-\d\d-\d\d[T ]")
_POSTFIX = re.compile(HEAD + rb"\S+ [\w.-]*postfix[\w./-]*/\w+\[\d+\]: ")
_CLIENT = re.compile(rb"smtpd\[\d+\]: \w+: client=")
_PICKUP = re.compile(rb"pickup\[\d+\]: \w+: (?:uid|sender)=")
_REJECT = re.compile(
    rb"smtpd\[\d+\]: \w+: reject: |cleanup\[\d+\]: \w+: (?:milter-)?reject: (?:header|body|END-OF-MESSAGE) "
)
_NO_ENTRY = re.compile(rb"\s|-- |$")
"""An empty line, one that goes on from the line above it, and journald's remarks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCounts:
    """What one log held.

    - lines: all lines, empty and bad ones too.
    - received, sent, deferred, bounced, reject: as pflogsumm 1.1.5 counts them: messages taken in, deliveries of every
      agent (what was forwarded apart), deferrals, bounces, refusals at the door.
    - forwarded: `sent (forwarded as …)`, which is delivered again under another queue id.
    - expired: messages that the queue manager gave up; pflogsumm does not count them.
    - outbound: how many rows there are of each type: mail to other hosts alone.
    - left_out: deliveries that are not such mail, by kind: `local`, `pipe`, `virtual`, `discard`, `loopback`, `socket`,
      `own-address`, `probe`, `other-agent`; `expired-unseen` is a message of which the log names no recipient.
    - zone_assumed: heads without an offset were read in the zone that was given, or in UTC.
    - years_over: where not 0, the log is longer than a year and has heads without one: every such time is that many
      years late. Read it again with `years_back` of that number.
    """

    lines: int = 0
    received: int = 0
    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    reject: int = 0
    forwarded: int = 0
    expired: int = 0
    outbound: Mapping[str, int]
    left_out: Mapping[str, int]
    zone_assumed: bool = False
    years_over: int = 0


def recognised(sample: bytes) -> str:
    """Why the beginning of a file is a Postfix log's, in a sentence; empty where it is not."""
    lines = sample.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES]
    found = sum(1 for line in lines if _POSTFIX.match(line, 0, LONGEST))
    return f"{found} of the first {len(lines)} lines are Postfix's in a system log" if found else ""


def read_log(
    stream: Readable,
    *,
    name: str,
    now: datetime,
    zone: tzinfo | None,
    emit: Callable[[bytes], object],
    troubles: Troubles,
    years_back: int = 0,
) -> LogCounts:
    """Read one log to its end; a stream that is refused on the way is read as far as it went.

    Args:
        stream: the log's octets.
        name: what the log is called in `troubles`.
        now: the latest time that a line may have.
        zone: the zone of heads without an offset; UTC where it is None.
        emit: is given rows as `postfix.rows.LOG_COLUMNS` describes them, some lines at once.
        troubles: is told of each line that is bad.
        years_back: see `LogCounts.years_over`.
    """
    log = _Log(name, Rows(now, zone, years_back), troubles)
    try:
        for block in blocks(stream, log.too_long):
            log.read(block)
            emit(log.rows.drained())
    except Refused as refused:
        troubles.refuse(name, refused, log.line + 1)
    return log.counts()


class _Log:
    """What is known of a log up to the line that is read."""

    def __init__(self, name: str, rows: Rows, troubles: Troubles) -> None:
        self.rows = rows
        self.line = 0
        self._name = name
        self._troubles = troubles
        self._totals: Counter[str] = Counter()

    def read(self, block: bytes) -> None:
        """Read whole lines."""
        first, counted = self.line + 1, 0
        line = first
        taken = self.rows.taken
        for start, end in _lines_with(b", status=", block):
            line += block.count(b"\n", counted, start)
            counted = start
            try:
                found = TAKEN.match(block, start, end)
                if not (found and taken(found.groups(), line)):
                    self._status(block, start, min(end, start + LONGEST), line)
            except ValueError:
                self._bad("time", line, block[start:end])
        self.line = line + block.count(b"\n", counted) - 1
        self._heads(block, first)
        self._at_the_door(block)

    def _status(self, block: bytes, start: int, end: int, line: int) -> None:
        if found := STATUS.match(block, start, end):
            self.rows.delivery(found.groups(), line)
        elif given_up := EXPIRED.match(block, start, end):
            self.rows.given_up(given_up.groups(), line)
        elif DELIVERY.match(block, start, end):
            self._bad("status-line", line, block[start:end])

    def _at_the_door(self, block: bytes) -> None:
        self._totals["received"] += len(_CLIENT.findall(block)) + len(_PICKUP.findall(block))
        refused = (_REJECT.search(block, start, end) for start, end in _lines_with(b"reject: ", block))
        self._totals["reject"] += sum(1 for found in refused if found)

    def _heads(self, block: bytes, number: int) -> None:
        """Call out the lines that begin with no time. A block is nearly always of one day, or of two."""
        first, last = (_DAY.match(block, at) for at in (0, block.rfind(b"\n", 0, -1) + 1))
        days = {found[0] for found in (first, last) if found}
        if sum(block.count(b"\n" + day) + block.startswith(day) for day in days) == self.line + 1 - number:
            return
        for line in block.split(b"\n")[:-1]:
            if not _HEAD.match(line) and not _NO_ENTRY.match(line):
                self._bad("not-a-log-line", number, line)
            number += 1

    def too_long(self) -> None:
        """The next line is too long."""
        self._bad("line-too-long", self.line + 1, b"")

    def _bad(self, reason: str, line: int, octets: bytes) -> None:
        text = octets[:SHOWN].decode("utf-8", "replace")
        self._troubles.add(Bad(file=self._name, line=line, reason=reason, text=text))

    def counts(self) -> LogCounts:
        """What the log held."""
        totals: dict[str, Any] = {**self._totals, **self.rows.totals()}
        return LogCounts(
            **totals,
            lines=self.line,
            outbound=self.rows.outbound(),
            left_out=dict(self.rows.left_out),
            zone_assumed=self.rows.clock.zone_assumed,
            years_over=self.rows.clock.years_over,
        )


def _lines_with(word: bytes, block: bytes) -> Iterator[tuple[int, int]]:
    """Where each line of `block` that holds `word` begins and ends."""
    at = block.find(word)
    while at >= 0:
        end = block.find(b"\n", at)
        yield block.rfind(b"\n", 0, at) + 1, end
        at = block.find(word, end)
