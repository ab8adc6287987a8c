"""Brevo (Sendinblue): transactional and marketing webhooks, the events of its API, and CSV exports.

`id` is the webhook's, not the event's. `date` and `date_event` are in the account's zone, without an offset.
"""

from __future__ import annotations

from deliverability.events.source import Source, columns, listed

_WORD = "regexp_replace(lower(trim(event)), '[ -]', '_', 'g')"
_CLASSES = {
    "hard_bounce": "hard",
    "hardbounces": "hard",
    "hard_bounced": "hard",
    "soft_bounce": "soft",
    "softbounces": "soft",
    "soft_bounced": "soft",
    "deferred": "soft",
    "invalid_email": "unknown_user",
    "invalid": "unknown_user",
    "blocked": "suppressed",
}

BREVO = Source(
    name="brevo",
    title="Brevo webhooks and exports",
    documentation=(
        "https://developers.brevo.com/docs/transactional-webhooks",
        "https://developers.brevo.com/docs/marketing-webhooks",
        "https://developers.brevo.com/docs/bulk-fetch-all-your-transactional-activity",
    ),
    signs=(
        frozenset({"event", "email", "ts_event"}),
        frozenset({"event", "email", "ts_epoch"}),
        frozenset({"event", "email", "date", "message-id"}),
        frozenset({"event", "email", "camp_id"}),
        frozenset({"event", "email", "date_event"}),
        frozenset({"event", "email", "date", "messageId"}),
        frozenset({"st_text", "email", "mid", "frm"}),
    ),
    envelope=frozenset({"events"}),
    unwrap=listed("events"),
    raw={
        **columns(
            "event date date_event ts ts_event ts_epoch message-id camp_id sending_ip reason link URL",
            "VARCHAR",
        ),
        "campaign name": "VARCHAR",
        **columns("email tag tags segment_ids", "JSON"),
    },
    aliases={
        "message-id": ("message_id", "messageId", "mid"),
        "event": ("st_text",),
        "campaign name": ("campaign_name",),
        "sending_ip": ("ip",),
    },
    # additions to a list, and changes of contacts, name several
    explode="texts(email)",
    kind=_WORD,
    types={
        "request": "queued",
        "requests": "queued",
        "sent": "queued",
        "delivered": "delivered",
        "hard_bounce": "bounced",
        "hardbounces": "bounced",
        "hard_bounced": "bounced",
        "soft_bounce": "bounced",
        "softbounces": "bounced",
        "soft_bounced": "bounced",
        "bounces": "bounced",
        "invalid_email": "bounced",
        "invalid": "bounced",
        "blocked": "rejected",
        "deferred": "deferred",
        "error": "failed",
        "spam": "complained",
        "complaint": "complained",
        "unique_opened": "opened",
        "first_opening": "opened",
        "opened": "opened",
        "unique_proxy_open": "opened",
        "unique_proxy_opened": "opened",
        "proxy_open": "opened",
        "proxy_opened": "opened",
        "loadedbyproxy": "opened",
        "loaded_by_proxy": "opened",
        "click": "clicked",
        "clicks": "clicked",
        "clicked": "clicked",
        "unsubscribed": "unsubscribed",
        "unsubscribe": "unsubscribed",
        "list_addition": "subscribed",
        "contact_updated": "ignored",
        "contact_deleted": "ignored",
        "inboundemailprocessed": "ignored",
    },
    fields={
        "ts": """coalesce(unix_ms(ts_epoch), unix_s(ts_event), local_time(date_event), local_time(date),
            local_time(strftime(try_strptime(ts, '%d-%m-%Y %H:%M:%S'), '%Y-%m-%d %H:%M:%S')))""",
        "recipient": "address(item)",
        "message_id": """coalesce(bare_id("message-id"), 'campaign ' || filled(camp_id))""",
        "campaign": """coalesce(filled(camp_id), filled("campaign name"), texts(tags)[1], texts(tag)[1])""",
        "tags": "coalesce(texts(tags), texts(tag))",
        "stream": """CASE WHEN camp_id IS NOT NULL THEN 'marketing'
            WHEN "message-id" IS NOT NULL THEN 'transactional' END""",
        "segment": "texts(segment_ids)[1]",
        "ip": "filled(sending_ip)",
        "url": "coalesce(link, URL)",
        "smtp_code": "reply_code(reason)",
        "reply_text": "filled(reason)",
        "bounce_class": f"CASE WHEN {_WORD} IN {tuple(_CLASSES)} THEN {_WORD} END",
        # an open that is not called a proxy's is not said to be a person's: marketing hooks tell them apart since
        # 2025-04-08 only, and a hook sends the types that it was asked for
        "machine": f"CASE WHEN {_WORD} LIKE '%proxy%' THEN true END",
        "first": f"CASE WHEN {_WORD} IN ('first_opening') OR {_WORD} LIKE 'unique\\_%' ESCAPE '\\' THEN true END",
    },
    classes=_CLASSES,
)
