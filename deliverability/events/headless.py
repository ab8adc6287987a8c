"""Messages that were sent before the events begin, of which an export has but what came later."""

from __future__ import annotations

from deliverability.events.counting import fold
from deliverability.events.counting.staging import BITS
from deliverability.events.engine import Engine
from deliverability.events.schema import Type

BEGUN = 0.5
"""The share of a source's messages of which events name the beginning, from which on those without one are known to
have begun before the events do. Our own choice: a source names it of nearly all messages, or of none."""
_SENDS = BITS[Type.QUEUED] | BITS[Type.SENT]
_OUTCOMES = _SENDS | BITS[Type.DELIVERED] | BITS[Type.BOUNCED] | BITS[Type.DEFERRED]


def leave_out_headless(engine: Engine) -> int:
    """Take out the messages that were sent before the events begin; how many those are.

    Of a mail that was sent the week before, an export has those messages that were opened this week, all of them
    opened, and those that bounced late, none of them delivered. Which they are is known where the source names the send
    of its messages, or at least what became of it.
    """
    begun = f"""CASE WHEN avg(CAST((mask & {_SENDS}) <> 0 AS INT)) >= {BEGUN} THEN {_SENDS}
        WHEN avg(CAST((mask & {_OUTCOMES}) <> 0 AS INT)) >= {BEGUN} THEN {_OUTCOMES} END"""
    headless = f"""SELECT message FROM message m JOIN (
        SELECT source, {begun} AS begun FROM message m WHERE {fold.HAPPENED["sent"]} GROUP BY source) s
        ON s.source IS NOT DISTINCT FROM m.source WHERE (m.mask & s.begun) = 0 AND ({fold.HAPPENED["sent"]})"""
    times = int(engine.run(f"SELECT count(*) FROM ({headless})")[0][0])
    if times:
        engine.run(f"DELETE FROM message WHERE message IN ({headless})")
    return times
