"""The canonical event: the one record that every source is read into (design: events, §1.0)."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """What happened to one message for one recipient."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    REJECTED = "rejected"
    """Never left the sending service: dropped, suppressed or blocked there."""
    FAILED = "failed"
    """Never became a message: a template or an API call that failed."""
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    AUTORESPONDED = "autoresponded"
    UNKNOWN = "unknown"
    """A word that the source's module does not name: counted, never guessed."""


IGNORED = "ignored"
"""What a source says that is no event of a message (a ping, inbound mail): counted and left out."""

COLUMNS = {
    "provider": "VARCHAR",  # the source's name
    "event_id": "VARCHAR",
    "type": "VARCHAR",
    "ts": "TIMESTAMP",  # UTC
    "recipient": "VARCHAR",  # lower case; inside the engine only, hashed before anything is written
    "message_id": "VARCHAR",
    "campaign": "VARCHAR",
    "tags": "VARCHAR[]",
    "stream": "VARCHAR",  # marketing, transactional or null
    "ip": "VARCHAR",  # the address that sent the message; not that of the one who opened it
    "country": "VARCHAR",  # ISO 3166-1 alpha-2 of the recipient, where the source says one
    "segment": "VARCHAR",
    "user_agent": "VARCHAR",
    "url": "VARCHAR",
    "smtp_code": "SMALLINT",
    "enhanced_code": "VARCHAR",
    "reply_text": "VARCHAR",
    "bounce_class": "VARCHAR",  # the source's own word
    "reason": "VARCHAR",  # ours: deliverability.events.reasons
    "persistence": "VARCHAR",  # hard, soft, block or none
    "machine": "BOOLEAN",  # true or false only where the source says so
    "first": "BOOLEAN",
    "late": "BOOLEAN",  # an asynchronous bounce, after delivery
    "source_file": "VARCHAR",
    "source_line": "BIGINT",
}
"""Column → DuckDB type. Null means that the source does not say."""
