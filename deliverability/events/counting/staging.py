"""The narrow table that counting works on: no address, no text but that of replies with what varies blanked."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.events.schema import IGNORED, Type

BITS = {type_: 1 << place for place, type_ in enumerate(Type)}
"""What happened to a message is the union of these."""
MACHINE_OPEN, PERSON_OPEN, UNFLAGGED_OPEN, QUEUED_IS_SENT = (1 << bit for bit in (16, 17, 18, 19))

GOOD, NO_TYPE, NO_TIME, IGNORED_STATE, FUTURE = range(5)
"""What a row is: an event, or why it is none."""
REASONS = {NO_TYPE: "no-event-type", NO_TIME: "no-time", FUTURE: "time-in-the-future"}
"""The states that make a row bad, in words."""

DIMENSIONS = {
    "domain": "nullif(split_part(recipient, '@', -1), recipient)",
    "campaign": "campaign",
    "stream": "stream",
    "ip": "ip",
    "country": "upper(country)",
    "segment": "segment",
    "source": "provider",
}
"""What a message can be grouped by → SQL over the canonical columns."""

SEPARATOR = "\x1f"

_BLANKED = (
    (r"<?[^\s<>@,;:()]+@[A-Za-z0-9.-]+>?", "<@>"),  # addresses: nobody's stands in a table
    (r"\b\d{1,3}(\.\d{1,3}){3}\b", "0.0.0.0"),  # noqa: S104 - stands for any address
    (r"\b[0-9A-Za-z_-]*\d[0-9A-Za-z_-]{7,}\b|\b\d{6,}\b", "#"),  # queue ids, times, session ids
)


def _blanked(text: str) -> str:
    for pattern, by in _BLANKED:
        text = f"regexp_replace({text}, '{pattern}', '{by}', 'g')"
    return text


REPLY = f"""concat_ws('{SEPARATOR}', provider, coalesce(CAST(smtp_code AS VARCHAR), ''), coalesce(enhanced_code, ''),
    coalesce(lower(bounce_class), ''), {_blanked("left(coalesce(reply_text, ''), 1000)")})"""
"""What a refusal says, as one text: source, reply code, enhanced code, the source's class, the reply."""


def create(dimensions: Sequence[str], *, people: bool) -> str:
    """The statement that makes the empty table `event`; `people` keeps a key of the recipient."""
    columns = "".join(f", {name} VARCHAR" for name in dimensions)
    person = ", person UBIGINT, has_id BOOLEAN" if people else ""
    return f"""CREATE TABLE event (message UBIGINT, event UBIGINT, state UTINYINT, mask UINTEGER, ts TIMESTAMP,
        reply VARCHAR, word VARCHAR, part BIGINT{columns}{person})"""


def staged(canonical: str, dimensions: Sequence[str], *, people: bool, queued_is_sent: str, ids_repeat: bool) -> str:
    """The rows of `event` out of canonical rows.

    - queued_is_sent: SQL for whether the source has no word for the send itself, and counts what it queued.
    - ids_repeat: one event id may stand for several recipients.
    """
    event_id = "hash(event_id, type, recipient)" if ids_repeat else "hash(event_id, type)"
    columns = "".join(f", {DIMENSIONS[name]} AS {name}" for name in dimensions)
    someone = "CASE WHEN recipient IS NOT NULL THEN hash(recipient) END"
    person = f", {someone} AS person, event_id IS NOT NULL AS has_id" if people else ""
    sent = f" | CASE WHEN type = 'queued' AND {queued_is_sent} THEN {QUEUED_IS_SENT} ELSE 0 END"
    return f"""SELECT hash(coalesce(message_id, campaign, ''), recipient) AS message,
        CASE WHEN event_id IS NULL THEN hash(type, recipient, message_id, ts, url) ELSE {event_id} END AS event,
        CASE WHEN type IS NULL THEN {NO_TYPE} WHEN type = '{IGNORED}' THEN {IGNORED_STATE}
            WHEN ts IS NULL THEN {NO_TIME} ELSE {GOOD} END AS state,
        CASE WHEN type = 'opened' THEN {BITS[Type.OPENED]} | CASE machine WHEN true THEN {MACHINE_OPEN}
            WHEN false THEN {PERSON_OPEN} ELSE {UNFLAGGED_OPEN} END
            ELSE 1::UINTEGER << enum_code(type) END{sent} AS mask,
        ts, CASE WHEN type IN ('bounced', 'deferred') THEN {REPLY} END AS reply,
        CASE WHEN type = '{Type.UNKNOWN}' THEN left(word, 100) END AS word, part{columns}{person}
        FROM ({canonical})"""
