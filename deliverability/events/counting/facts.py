"""The figures that checks judge: counts by every grouping, reasons, and who was mailed in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.events import rates
from deliverability.events.counting import fold, staging
from deliverability.events.counting.mailboxes import REPORTING
from deliverability.events.counting.staging import BITS, GOOD
from deliverability.events.engine import Engine
from deliverability.events.figures import (
    BOUNCE_GRACE_HOURS,
    MAX_ADDRESSES,
    UNSUBSCRIBE_GRACE_HOURS,
    Completeness,
    Counts,
    Flags,
    Heeded,
    RatesFacts,
    Rejection,
    Seconds,
)
from deliverability.events.reading.load import Loader
from deliverability.events.schema import Type
from deliverability.protocols.addresses import literal, not_public

DIMENSIONS = ("domain", "campaign", "stream", "ip", "source")
"""What has to be staged, with people."""
MAX_CAMPAIGNS = 200
"""Campaigns that are listed, the largest first; our own bound."""
MAX_TEXTS = 1000
"""Texts in the place of a sending address that are looked at, the most frequent; our own bound."""
SETTINGS = ("auth_failure", "missing_ptr")
"""Reasons for which a sender's own settings are to blame: their codes lead to a finding about DNS."""

CODE = r"regexp_extract(v.reply, '\b([245]\.\d{1,3}\.\d{1,3})\b', 1)"
"""The enhanced status code in the reply of the verdict `v`, empty where it has none."""
SAID = """(SELECT message, reply, true AS bounced FROM bounce UNION ALL
    SELECT message, reply, false FROM deferral WHERE message NOT IN (SELECT message FROM bounce))"""
"""What was said last of each message that was refused or put off; one that was both counts as bounced alone."""
_HARD = f"""SELECT e.person, min(e.ts) AS since FROM event e JOIN bounce b USING (message)
    JOIN verdict v ON v.reply = b.reply
    WHERE e.state = {GOOD} AND (e.mask & {BITS[Type.BOUNCED]}) <> 0 AND v.persistence = 'hard' GROUP BY e.person"""


def facts(engine: Engine, loader: Loader, duplicates: int, bad: int) -> RatesFacts:
    """Everything the checks of events want to know; the messages have to be folded, with people."""
    start, end = rates.window(engine)
    campaigns = _by(engine, "campaign")
    return RatesFacts(
        sources=tuple(sorted(loader.recognised)),
        start=start or "",
        end=end or "",
        files=loader.files,
        rows=loader.rows,
        duplicates=duplicates,
        bad=bad,
        unknown_words=rates.unknown_words(engine),
        totals=_counts(rates.count(engine, ())[0]),
        by_provider=_by(engine, "provider"),
        by_campaign=dict(list(campaigns.items())[:MAX_CAMPAIGNS]),
        campaigns=len(campaigns),
        by_stream=_by(engine, "stream"),
        by_day=tuple((str(row["day"]), _counts(row)) for row in rates.count(engine, ("day",))),
        reporting=tuple(sorted(REPORTING)),
        reasons=_reasons(engine, "bounce"),
        deferral_reasons=_reasons(engine, "deferral"),
        reasons_by_provider=_reasons_by_provider(engine),
        rejections=_rejections(engine),
        time_to_deliver=_seconds(rates.count(engine, ())[0]),
        time_to_deliver_by_provider=_waited(engine, "provider"),
        time_to_deliver_by_stream=_waited(engine, "stream"),
        after_hard_bounce=_heeded(engine, _HARD, BOUNCE_GRACE_HOURS),
        after_unsubscribe=_heeded(engine, _first(Type.UNSUBSCRIBED), UNSUBSCRIBE_GRACE_HOURS),
        after_complaint=_heeded(engine, _first(Type.COMPLAINED), UNSUBSCRIBE_GRACE_HOURS),
        flags=_flags(engine),
        completeness=_completeness(engine),
        ips=_ips(engine),
    )


def _counts(row: Mapping[str, Any]) -> Counts:
    return Counts(**{name: int(row[name] or 0) for name in fold.COUNTS})


def _seconds(row: Mapping[str, Any]) -> Seconds | None:
    return Seconds(p50=row["seconds"][0], p95=row["seconds"][1], messages=row["timed"]) if row["seconds"] else None


def _by(engine: Engine, name: str) -> dict[str, Counts]:
    """Counts by one column, the largest first; messages that have no such thing are left out of it."""
    rows = [row for row in rates.count(engine, (name,)) if row[name] is not None]
    return {str(row[name]): _counts(row) for row in sorted(rows, key=lambda row: (-row["sent"], str(row[name])))}


def _ips(engine: Engine) -> dict[str, int]:
    """Messages by sending address. Those of documentation stay: the domain of an example has no others."""
    query = f"""SELECT name, count(*) FROM message m JOIN name_ip ON name_ip.key = m.ip
        WHERE {fold.HAPPENED["sent"]} GROUP BY name ORDER BY 2 DESC, 1 LIMIT {MAX_TEXTS}"""
    found = Counter[str]()
    for text, messages in engine.run(query):
        if (address := literal(text.strip())) and not not_public(address, "example"):
            found[address] += messages
    return dict(found.most_common(MAX_ADDRESSES))


def _waited(engine: Engine, name: str) -> dict[str, Seconds]:
    rows = ((row[name], _seconds(row)) for row in rates.count(engine, (name,)))
    return {str(key): seconds for key, seconds in rows if key is not None and seconds is not None}


def _reasons(engine: Engine, table: str) -> dict[str, int]:
    query = f"SELECT v.reason, count(*) FROM {table} JOIN verdict v USING (reply) GROUP BY ALL ORDER BY 2 DESC, 1"
    return {str(reason): int(times) for reason, times in engine.run(query)}


def _reasons_by_provider(engine: Engine) -> dict[str, dict[str, int]]:
    query = """SELECT coalesce(mailbox.provider, 'other'), v.reason, count(*) FROM bounce JOIN verdict v USING (reply)
        JOIN message m USING (message) LEFT JOIN mailbox ON mailbox.key = m.domain GROUP BY ALL ORDER BY ALL"""
    found: dict[str, dict[str, int]] = {}
    for provider, reason, times in engine.run(query):
        found.setdefault(str(provider), {})[str(reason)] = int(times)
    return found


def _rejections(engine: Engine) -> tuple[Rejection, ...]:
    """What was refused or put off for settings; a message that was put off and bounced counts as bounced alone."""
    query = f"""SELECT coalesce(mailbox.provider, 'other') AS provider, {CODE} AS code, v.reason AS reason,
            count(*) FILTER (bounced) AS bounced, count(*) FILTER (NOT bounced) AS deferred FROM {SAID} said
        JOIN verdict v USING (reply) JOIN message m USING (message) LEFT JOIN mailbox ON mailbox.key = m.domain
        WHERE v.reason IN {SETTINGS} GROUP BY ALL ORDER BY bounced DESC, deferred DESC, ALL"""
    return tuple(Rejection(**row) for row in engine.table(query.replace(", ALL", ", provider, code, reason")))


def _first(kind: Type) -> str:
    """When each person first did so."""
    return f"""SELECT person, min(ts) AS since FROM event
        WHERE state = {GOOD} AND (mask & {BITS[kind]}) <> 0 GROUP BY person"""


def _heeded(engine: Engine, stops: str, hours: int) -> Heeded:
    """Who was mailed after `stops` and so many hours, though nothing brought them back. Receipts may still go out."""
    grace = f"INTERVAL {hours} HOURS"
    query = f"""WITH stop AS (SELECT * FROM ({stops}) WHERE person IS NOT NULL),
        due AS (SELECT * FROM stop WHERE since + {grace} < (SELECT max(sent_at) FROM message)),
        back AS (SELECT person, ts FROM event WHERE state = {GOOD} AND (mask & {BITS[Type.SUBSCRIBED]}) <> 0),
        late AS (SELECT due.person, count(*) AS times FROM due
            JOIN message m USING (person) LEFT JOIN name_stream ON name_stream.key = m.stream
            WHERE ({fold.HAPPENED["sent"]}) AND m.known_sent_at > due.since + {grace}
            AND coalesce(name_stream.name, '') <> 'transactional'
            AND NOT EXISTS (SELECT 1 FROM back
                WHERE back.person = due.person AND back.ts BETWEEN due.since AND m.sent_at)
            GROUP BY due.person)
        SELECT (SELECT count(*) FROM due), count(*), coalesce(sum(times), 0) FROM late"""
    recipients, violated, messages = engine.run(query)[0]
    return Heeded(recipients=int(recipients), violated=int(violated), messages=int(messages))


def _flags(engine: Engine) -> dict[str, Flags]:
    bits = {
        "true": staging.MACHINE_OPEN,
        "false": staging.PERSON_OPEN,
        "none": staging.UNFLAGGED_OPEN,
    }
    counted = ", ".join(f"count(*) FILTER ((mask & {bit}) <> 0) AS {quoted}" for quoted, bit in _named(bits))
    query = f"""SELECT source, {counted} FROM event
        WHERE state = {GOOD} AND (mask & {BITS[Type.OPENED]}) <> 0 GROUP BY source ORDER BY source"""
    return {str(row[0]): Flags(true=row[1], false=row[2], none=row[3]) for row in engine.run(query)}


def _named(bits: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return [(f'"{name}"', bit) for name, bit in bits.items()]


def _completeness(engine: Engine) -> Completeness:
    query = f"""SELECT count(*) AS events, count(e.domain) AS provider, count(e.campaign) AS campaign,
        count(*) FILTER (e.has_id) AS unique_id, count(*) FILTER (e.ts < m.known_sent_at) AS late_send
        FROM (SELECT event, any_value(message) AS message, any_value(domain) AS domain, any_value(campaign) AS campaign,
            any_value(has_id) AS has_id, any_value(ts) AS ts FROM event WHERE state = {GOOD} GROUP BY event) e
        JOIN message m USING (message)"""
    ahead = engine.run(f"SELECT count(*) FROM event WHERE state = {staging.FUTURE}")[0][0]
    (row,) = engine.table(query)
    return Completeness(**row, in_future=int(ahead))
