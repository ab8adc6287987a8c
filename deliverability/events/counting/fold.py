"""From staged events to messages, and from messages to counts: the metric queries, each written once.

An event counts once however often it was delivered; a message counts once for each recipient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.events.counting.staging import (
    BITS,
    GOOD,
    MACHINE_OPEN,
    PERSON_OPEN,
    QUEUED_IS_SENT,
    SEPARATOR,
    UNFLAGGED_OPEN,
)
from deliverability.events.schema import Type

_B = {type_.value: bit for type_, bit in BITS.items()}
_NO_MAIL = (Type.QUEUED, Type.REJECTED, Type.FAILED, Type.SUBSCRIBED, Type.UNKNOWN)
_SENT = sum(bit for type_, bit in BITS.items() if type_ not in _NO_MAIL)
_OPENS = MACHINE_OPEN | PERSON_OPEN | UNFLAGGED_OPEN

REPEATED = f"""CREATE TABLE repeated AS SELECT message, mask, sum(times - 1) AS times FROM (
    SELECT any_value(message) AS message, any_value(mask) AS mask, count(*) AS times
    FROM event WHERE state = {GOOD} GROUP BY event HAVING count(*) > 1) GROUP BY ALL"""
"""Events that came more than once, and how many of them are too many."""

HAPPENED = {
    "sent": f"""(m.mask & {_SENT}) <> 0
        OR ((m.mask & {QUEUED_IS_SENT}) <> 0 AND (m.mask & {_B["rejected"] | _B["failed"]}) = 0)""",
    "delivered": f"(m.mask & {_B['delivered']}) <> 0 AND (m.mask & {_B['bounced']}) = 0",
    "deferred": f"(m.mask & {_B['deferred']}) <> 0",
    "bounced": f"(m.mask & {_B['bounced']}) <> 0",
    "bounced_hard": "v.persistence = 'hard'",
    "bounced_soft": "v.persistence = 'soft'",
    "bounced_block": "v.persistence = 'block'",
    "rejected": f"(m.mask & {_B['rejected']}) <> 0",
    "complained": f"(m.mask & {_B['complained']}) <> 0",
    "unsubscribed": f"(m.mask & {_B['unsubscribed']}) <> 0",
    "opened": f"(m.mask & {_B['opened']}) <> 0",
    "opened_machine": f"(m.mask & {_OPENS}) = {MACHINE_OPEN}",
    "opened_unknown": f"(m.mask & {UNFLAGGED_OPEN}) <> 0 AND (m.mask & {PERSON_OPEN}) = 0",
    "clicked": f"(m.mask & {_B['clicked']}) <> 0",
}
"""What is counted of messages → when it is so of message `m` with the verdict `v` on its last bounce."""

COUNTS = (*HAPPENED, "opens_total", "clicks_total")
"""The counts of a row, in their published order."""


def messages(dimensions: Sequence[str], *, people: bool = False) -> str:
    """The statement that makes `message`. Names stand as keys: a message's events may name one, or not.

    The day of a message is that of its send, and of its first event where no send is seen. `people` keeps the
    recipient's key.
    """
    keys = "".join(f", min(CASE WHEN {name} IS NOT NULL THEN hash({name}) END) AS {name}" for name in dimensions)
    keys += ", any_value(person) AS person" if people else ""
    send = _B["queued"] | _B["sent"]
    return f"""CREATE TABLE message AS SELECT message, bit_or(mask) AS mask,
        coalesce(min(ts) FILTER ((mask & {send}) <> 0), min(ts)) AS sent_at,
        min(ts) FILTER ((mask & {send}) <> 0) AS known_sent_at,
        min(ts) FILTER ((mask & {_B["delivered"]}) <> 0) AS delivered_at,
        count(*) FILTER ((mask & {_B["opened"]}) <> 0) AS opens,
        count(*) FILTER ((mask & {_B["clicked"]}) <> 0) AS clicks{keys}
        FROM event WHERE state = {GOOD} GROUP BY message"""


def names(dimension: str) -> str:
    """The statement that makes the table of a dimension's names by key."""
    return f"""CREATE TABLE name_{dimension} AS
        SELECT hash({dimension}) AS key, {dimension} AS name FROM event WHERE {dimension} IS NOT NULL GROUP BY ALL"""


def _last(table: str, bit: int) -> str:
    """What was said last of each message, with whose mail system said it."""
    return f"""CREATE TABLE {table} AS
        SELECT message, concat_ws('{SEPARATOR}', coalesce(system, ''), reply) AS reply FROM (
        SELECT message, arg_max(reply, (ts, reply)) AS reply, hash(any_value(domain)) AS key FROM event
        WHERE state = {GOOD} AND (mask & {bit}) <> 0 GROUP BY message) LEFT JOIN mailbox USING (key)"""


LAST_REPLY = _last("bounce", _B["bounced"])
"""What was said of each message that bounced, the last time."""

LAST_DEFERRAL = _last("deferral", _B["deferred"])

REPLIES = "(SELECT reply FROM bounce UNION ALL SELECT reply FROM deferral)"

JOINED = """message m LEFT JOIN bounce USING (message) LEFT JOIN verdict v USING (reply)
    LEFT JOIN (SELECT message, sum(times) FILTER ((mask & {opened}) <> 0) AS opens,
        sum(times) FILTER ((mask & {clicked}) <> 0) AS clicks FROM repeated GROUP BY message) r USING (message)
    LEFT JOIN mailbox ON mailbox.key = m.domain""".format(**_B)
"""Each message with the verdict on its last bounce, its opens and clicks that came more than once, and its mailbox
provider."""


def counts(by: Mapping[str, str]) -> str:
    """The query that counts messages: `by` maps a column's name to its SQL over `JOINED`."""
    counted = [f"count(*) FILTER ({test}) AS {name}" for name, test in HAPPENED.items()]
    totals = [f"CAST(coalesce(sum(m.{n} - coalesce(r.{n}, 0)), 0) AS BIGINT) AS {n}_total" for n in ("opens", "clicks")]
    reporting = [
        f"count(*) FILTER (mailbox.reports AND {HAPPENED[name]}) AS reporting_{name}"
        for name in ("complained", "delivered")
    ]
    columns = [f"{sql} AS {name}" for name, sql in by.items()]
    seconds = "epoch(m.delivered_at - m.known_sent_at)"
    waited = f"""quantile_disc({seconds}, [0.5, 0.95]) FILTER (m.delivered_at >= m.known_sent_at) AS seconds,
        count(*) FILTER (m.delivered_at >= m.known_sent_at) AS timed"""
    return f"""SELECT {", ".join([*columns, *counted, *totals, *reporting, waited])} FROM {JOINED}
        {"GROUP BY ALL" if by else ""}"""
