"""Mailgun: webhooks (`event-data`), the Events API (`items`), and the flat form fields of the hooks before 2018."""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.events.source import Source, as_row, columns, listed

_FORM = frozenset({"token", "message-headers", "Message-Id", "X-Mailgun-Sid"})
"""Fields of the hooks that were forms."""


def _unwrap(value: object) -> Iterator[object]:
    """The record of a hook, or those of an answer of the Events API; form fields get one spelling."""
    for found in listed("items")(value):
        row = as_row(found) or {}
        if "event-data" in row:
            yield row["event-data"]
        elif _FORM.isdisjoint(row):
            yield found
        else:
            # the old hooks write Message-Id or message-id by the event
            yield {name.lower(): field for name, field in row.items()}


_FLAT_TAGS = 'texts(coalesce(tags, tag, "x-mailgun-tag"))'

MAILGUN = Source(
    name="mailgun",
    title="Mailgun webhooks and Events API",
    documentation=(
        "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads",
        "https://documentation.mailgun.com/docs/mailgun/user-manual/events/events",
    ),
    signs=(
        frozenset({"event", "log-level", "timestamp"}),
        frozenset({"event", "id", "timestamp", "recipient", "message"}),
        frozenset({"event", "recipient", "message-headers"}),
        frozenset({"event", "recipient", "token", "signature"}),
        frozenset({"event", "recipient", "timestamp", "delivery-status"}),
    ),
    envelope=_FORM | {"event-data", "items"},
    unwrap=_unwrap,
    raw={
        **columns(
            "event severity reason id timestamp recipient ip url code error notification description message-id"
            " campaign-id campaign-name user-agent country",
            "VARCHAR",
        ),
        **columns(
            "delivery-status message envelope tags tag x-mailgun-tag campaigns client-info flags geolocation reject",
            "JSON",
        ),
    },
    kind="""CASE
        WHEN lower(event) = 'failed' AND starts_with(lower(reason), 'suppress-') THEN 'failed suppressed'
        WHEN lower(event) = 'failed' AND severity IS NOT NULL THEN 'failed ' || severity
        WHEN lower(event) = 'dropped' AND lower(reason) = 'old' THEN 'dropped old'
        ELSE event END""",
    types={
        "accepted": "queued",
        "rejected": "rejected",
        "delivered": "delivered",
        "failed temporary": "deferred",
        "failed permanent": "bounced",
        # Mailgun's own suppression list: the mail was not sent
        "failed suppressed": "rejected",
        "opened": "opened",
        "clicked": "clicked",
        "unsubscribed": "unsubscribed",
        "complained": "complained",
        "bounced": "bounced",
        "dropped": "rejected",
        # given up after the last try
        "dropped old": "bounced",
        "stored": "ignored",
        "list_member_uploaded": "ignored",
        "list_member_upload_error": "ignored",
        "list_uploaded": "ignored",
    },
    fields={
        "event_id": "filled(id)",
        "ts": "unix_s(timestamp)",
        "recipient": "address(recipient)",
        "message_id": """bare_id(coalesce(message->>'$.headers."message-id"', "message-id"))""",
        "campaign": f"""coalesce(campaigns->>'$[0].id', campaigns->>'$[0].name', filled("campaign-id"),
            filled("campaign-name"), {_FLAT_TAGS}[1])""",
        "tags": _FLAT_TAGS,
        # `ip` is the reader's
        "ip": """envelope->>'$."sending-ip"'""",
        "country": "country_code(coalesce(geolocation->>'$.country', country))",
        "user_agent": """coalesce("client-info"->>'$."user-agent"', "user-agent")""",
        "url": "url",
        "smtp_code": """smtp_code(coalesce("delivery-status"->>'$.code', code))""",
        "enhanced_code": """filled("delivery-status"->>'$."enhanced-code"')""",
        "reply_text": """coalesce(filled("delivery-status"->>'$.message'), filled("delivery-status"->>'$.description'),
            filled(reject->>'$.reason'), filled(error), filled(notification), filled(description))""",
        "bounce_class": "CASE WHEN lower(event) IN ('failed', 'bounced', 'dropped') THEN filled(reason) END",
        # "" says that it was no bot; a record without the field says nothing
        "machine": """CASE WHEN lower(event) IN ('opened', 'clicked') THEN "client-info"->>'$.bot' <> '' END""",
        "late": """CASE WHEN lower(event) = 'failed' THEN truth(flags->>'$."is-delayed-bounce"') END""",
    },
    classes={
        "bounce": "hard",
        "hardfail": "hard",
        "generic": "unknown",
        "old": "timeout_expired",
        "espblock": "block",
        "greylisted": "greylisted",
        "suppress-bounce": "suppressed",
        "suppress-complaint": "suppressed",
        "suppress-unsubscribe": "suppressed",
    },
)
