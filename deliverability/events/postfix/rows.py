"""From a delivery in a Postfix log to rows of canonical events, as DuckDB's `read_csv` takes them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo
from typing import Any

from deliverability.events.postfix.clock import Clock
from deliverability.events.postfix.status import (
    BOUNCED,
    DEFERRED,
    DELIVERED,
    QUEUED,
    TYPES,
    UNKNOWN,
    left_out,
    reply,
)

LOG_COLUMNS = {
    "type": "VARCHAR",
    "ts": "BIGINT",  # microseconds since 1970: make_timestamp(ts) is the canonical column
    "recipient": "VARCHAR",
    "message_id": "VARCHAR",  # host:queue id:day of arrival
    "smtp_code": "SMALLINT",
    "enhanced_code": "VARCHAR",
    "reply_text": "VARCHAR",  # of failures alone
    "bounce_class": "VARCHAR",  # `expired`, where the queue manager gave up
    "source_line": "BIGINT",
}
"""The canonical columns that a log gives, in the order of a row, with their DuckDB types."""

LOG_FORMAT = (
    "auto_detect = false, header = false, delim = '\t', quote = '\"', escape = '\"', nullstr = '', new_line = '\\n'"
)
"""The options of `read_csv` that rows are written for, beside `columns`. What came from outside stands in quotation
marks, with each of its own doubled and its control characters made spaces, so that no value holds a tab or a line end.
A value that is not in quotation marks and empty is null."""

TEXT = 4_096
"""Octets of a reply that are kept. RFC 5321 §4.5.3.1.5 ends a reply line at 512; there may be several."""
WAITING_TEXT = 512
"""Octets of the last reply that are remembered of a recipient who is waited for."""
WAITING = 200_000
"""Recipients that are remembered as waited for; the oldest messages are forgotten first."""
SAME_ARRIVAL = 5_000_000
"""Microseconds between what two deliveries say of the arrival of one message: `delay=` and heads are rounded."""
DAY = 86_400_000_000

_SPACES = bytes(32 if code < 32 or code == 127 else code for code in range(256))
_FOLDED = _SPACES.lower()

Groups = tuple[Any, ...]
"""Octets or None each, as the regular expression names them."""


_Told = tuple[int, bytes, bytes, bytes | None]
"""When an attempt was, its canonical type, the text and the enhanced code."""


class _Message:
    """A message: when it came, its id in the rows, and the last reply to each recipient who still waits for it."""

    __slots__ = ("arrived", "recipients", "row_id")

    def __init__(self, arrived: int, row_id: bytes) -> None:
        self.arrived = arrived
        self.row_id = row_id
        self.recipients: dict[bytes, bytes] = {}


class Rows:
    """Turns deliveries, in the order of the log, into rows.

    Queue ids are used again where they are short: the host and the day on which the message came tell them apart. That
    moment is known from each delivery (`delay=`), so that no other line is needed, also where a log begins in the
    middle; it is the time of the `queued` row that goes with the first delivery to each recipient.
    """

    def __init__(self, now: datetime, zone: tzinfo | None, years_back: int) -> None:
        self.clock = Clock(now, zone, years_back)
        self.left_out: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._outbound: Counter[bytes] = Counter()
        self._rows: list[bytes] = []
        self._messages: dict[bytes, _Message] = {}
        self._waiting = 0
        self._taken = 0

    def drained(self) -> bytes:
        """The rows since this was last asked."""
        rows = b"".join(self._rows)
        self._rows.clear()
        return rows

    def totals(self) -> dict[str, int]:
        """`sent`, `forwarded`, `deferred`, `bounced` and `expired`, of every agent."""
        return dict(self._totals + Counter(sent=self._taken))

    def outbound(self) -> dict[str, int]:
        """How many rows there are of each type."""
        found = self._outbound + Counter({QUEUED: self._taken, DELIVERED: self._taken})
        return {kind.decode(): count for kind, count in found.items()}

    def taken(self, groups: Groups, line: int) -> bool:
        """One delivery, as `TAKEN` reads it: what `delivery` does, in half the time.

        False, and nothing done, where somebody waits for the message; ValueError where its time is none.
        """
        minute, seconds, fraction, offset, host, queue_id, address, delay, dsn, code = groups
        key = b"%b:%b" % (host, queue_id)
        if key in self._messages:
            return False
        now = self.clock.read(minute, seconds, fraction, offset)
        self._taken += 1
        arrived = now - int(float(delay) * 1_000_000)
        who = b'"%b"\t"%b:%d"' % (address.lower(), key, arrived // DAY)
        self._rows.append(_TAKEN % (arrived, who, line, now, who, code, dsn, line))
        return True

    def delivery(self, groups: Groups, line: int) -> None:
        """One delivery, as `STATUS` reads it; ValueError where it is a mail to another host and its time is none."""
        *head, host, agent, queue_id, address, odd, bare, relay, delay, dsn, status, text = groups
        said = (text or b"").rstrip(b"\r").removesuffix(b")")
        place = left_out(agent, relay, status, said)
        if place:
            self.left_out[place] += 1
            self._total(status, said)
            return
        now = self.clock.read(*head)
        self._total(status, said)
        key = b"%b:%b" % (host, queue_id)
        recipient = _quoted(address or odd or bare or b"", _FOLDED)
        message = self._message(key, now - int(float(delay) * 1_000_000))
        self._attempt(key, message, recipient, (now, TYPES.get(status, UNKNOWN), said, dsn), line)

    def _attempt(self, key: bytes, message: _Message, recipient: bytes, told: _Told, line: int) -> None:
        now, kind, said, dsn = told
        known = recipient in message.recipients
        if not known:
            self._row(QUEUED, message.arrived, recipient, message.row_id, b"\t\t", b"", line)
        columns = _reply(kind, said[:TEXT], dsn)
        self._row(kind, now, recipient, message.row_id, columns, b"", line)
        if kind is DEFERRED:
            short = columns if len(said) <= WAITING_TEXT else _reply(kind, said[:WAITING_TEXT], dsn)
            self._wait(key, message, recipient, short)
        elif known:
            self._settle(key, message, recipient)

    def given_up(self, groups: Groups, line: int) -> None:
        """The queue manager sends a message back, as `EXPIRED` reads it: whoever still waits for it never gets it.

        The last reply to each recipient is why; ValueError where the time is none.
        """
        *head, host, queue_id = groups
        now = self.clock.read(*head)
        self._totals["expired"] += 1
        message = self._messages.pop(b"%b:%b" % (host, queue_id), None)
        if message is None:
            self.left_out["expired-unseen"] += 1
            return
        self._waiting -= len(message.recipients)
        for recipient, reply_columns in message.recipients.items():
            self._row(BOUNCED, now, recipient, message.row_id, reply_columns, b"expired", line)

    def _total(self, status: bytes, said: bytes) -> None:
        if status == b"sent":
            self._totals["forwarded" if said.startswith(b"forwarded as ") else "sent"] += 1
        elif status in (b"deferred", b"bounced"):
            self._totals[status.decode()] += 1

    def _row(self, kind: bytes, ts: int, recipient: bytes, row_id: bytes, said: bytes, word: bytes, line: int) -> None:
        self._outbound[kind] += 1
        values = kind, ts, recipient, row_id, said, word, line
        self._rows.append(b"%b\t%d\t%b\t%b\t%b\t%b\t%d\n" % values)

    def _message(self, key: bytes, arrived: int) -> _Message:
        """The message that is waited for under this queue id; a new one where the id is another message's now."""
        message = self._messages.get(key)
        if message is not None and abs(message.arrived - arrived) <= SAME_ARRIVAL:
            return message
        return _Message(arrived, _quoted(b"%b:%d" % (key, arrived // DAY), _SPACES))

    def _wait(self, key: bytes, message: _Message, recipient: bytes, reply_columns: bytes) -> None:
        before = self._messages.get(key)
        if before is not message:
            self._waiting -= len(before.recipients) if before else 0
            self._messages[key] = message
        self._waiting += recipient not in message.recipients
        message.recipients[recipient] = reply_columns
        while self._waiting > WAITING:
            self._waiting -= len(self._messages.pop(next(iter(self._messages))).recipients)

    def _settle(self, key: bytes, message: _Message, recipient: bytes) -> None:
        del message.recipients[recipient]
        self._waiting -= 1
        if not message.recipients:
            del self._messages[key]


_TAKEN = b"queued\t%d\t%b\t\t\t\t\t%d\ndelivered\t%d\t%b\t%b\t%b\t\t\t%d\n"


def _reply(kind: bytes, said: bytes, dsn: bytes | None) -> bytes:
    """The three columns of a reply. The words of one who took the mail are not kept."""
    code, enhanced = reply(said, dsn)
    if kind is DELIVERED:
        return b"%b\t%b\t" % (code, dsn or enhanced)
    return b"%b\t%b\t%b" % (code, enhanced, _quoted(said, _SPACES))


def _quoted(octets: bytes, table: bytes) -> bytes:
    """A value that came from outside, as UTF-8; nothing, which is null, where it is empty."""
    if not octets.isascii():
        text = octets.decode("utf-8", "replace")
        octets = (text.lower() if table is _FOLDED else text).encode()
    return b'"%b"' % octets.translate(table).replace(b'"', b'""') if octets else b""
