"""Postmark: webhooks, and the answers of its Bounce and Messages APIs."""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.events.source import Source, as_row, columns

_LISTS = {"Bounces": "Bounce", "Opens": "Open", "Clicks": "Click"}
"""The list of an API's answer → the record type that its rows may leave out."""


def _unwrap(value: object) -> Iterator[object]:
    """The rows of an API's answer, each with its record type."""
    envelope = as_row(value) or {}
    name = next((name for name in _LISTS if isinstance(envelope.get(name), list)), None)
    if name is None:
        yield value
        return
    for found in envelope[name]:
        row = as_row(found)
        yield found if row is None else {"RecordType": _LISTS[name], **row}


_RECORD = """coalesce(RecordType, CASE WHEN BouncedAt IS NOT NULL THEN 'Bounce' END)"""

POSTMARK = Source(
    name="postmark",
    title="Postmark webhooks",
    documentation=(
        "https://postmarkapp.com/developer/webhooks/webhooks-overview",
        "https://postmarkapp.com/developer/api/bounce-api",
    ),
    signs=(
        frozenset({"RecordType", "MessageID"}),
        frozenset({"RecordType", "MessageStream"}),
        frozenset({"Type", "TypeCode", "BouncedAt"}),
    ),
    envelope=frozenset(_LISTS),
    unwrap=_unwrap,
    raw={
        **columns(
            "RecordType Type ID MessageID MessageStream Tag Recipient Email DeliveredAt BouncedAt ReceivedAt ChangedAt"
            " Details Description SuppressSending SuppressionReason FirstOpen UserAgent OriginalLink",
            "VARCHAR",
        ),
        "Geo": "JSON",
    },
    kind=f"""CASE
        WHEN {_RECORD} = 'Bounce' THEN coalesce(Type, 'Bounce')
        WHEN {_RECORD} = 'SubscriptionChange' THEN CASE
            WHEN NOT truth(SuppressSending) THEN 'subscription on'
            WHEN SuppressionReason IN ('HardBounce', 'SpamComplaint') THEN 'subscription seen'
            WHEN truth(SuppressSending) THEN 'subscription off' END
        ELSE {_RECORD} END""",
    types={
        "delivery": "delivered",
        "hardbounce": "bounced",
        "softbounce": "bounced",
        "unknown": "bounced",
        "spamnotification": "bounced",
        "blocked": "bounced",
        "dmarcpolicy": "bounced",
        "virusnotification": "bounced",
        "transient": "deferred",
        "dnserror": "deferred",
        "openrelaytest": "deferred",
        "bademailaddress": "rejected",
        "manuallydeactivated": "rejected",
        "unconfirmed": "rejected",
        "autoresponder": "autoresponded",
        "addresschange": "autoresponded",
        "challengeverification": "autoresponded",
        "unsubscribe": "unsubscribed",
        "subscribe": "subscribed",
        "smtpapierror": "failed",
        "inbounderror": "failed",
        "templaterenderingfailed": "failed",
        "spamcomplaint": "complained",
        "open": "opened",
        "click": "clicked",
        "subscription on": "subscribed",
        "subscription off": "unsubscribed",
        # repeats a bounce or a complaint that has an event of its own
        "subscription seen": "ignored",
        "inbound": "ignored",
    },
    fields={
        # of a bounce or a complaint; other records have none
        "event_id": f"CASE WHEN {_RECORD} IN ('Bounce', 'SpamComplaint') THEN ID END",
        "ts": "coalesce(iso(DeliveredAt), iso(BouncedAt), iso(ReceivedAt), iso(ChangedAt))",
        "recipient": "address(coalesce(Recipient, Email))",
        "message_id": "MessageID",
        "campaign": "filled(Tag)",
        "tags": "list_filter([Tag], lambda tag: tag <> '')",
        # the ids of the two streams that every server is made with; others are named by the user
        "stream": """CASE MessageStream WHEN 'outbound' THEN 'transactional' WHEN 'broadcast' THEN 'marketing'
            WHEN 'broadcasts' THEN 'marketing' END""",
        "country": "country_code(Geo->>'$.CountryISOCode')",
        "user_agent": "filled(UserAgent)",
        "url": "OriginalLink",
        "smtp_code": "reply_code(Details)",
        "reply_text": "coalesce(filled(Details), filled(Description))",
        "bounce_class": f"CASE WHEN {_RECORD} = 'Bounce' THEN Type END",
        "first": "truth(FirstOpen)",
    },
    classes={
        "hardbounce": "hard",
        "softbounce": "soft",
        "transient": "soft",
        "dnserror": "network_dns",
        "openrelaytest": "soft",
        "unknown": "unknown",
        "spamnotification": "spam_content",
        "blocked": "block",
        "dmarcpolicy": "auth_failure",
        "virusnotification": "virus_attachment",
        "bademailaddress": "unknown_user",
        "manuallydeactivated": "suppressed",
        "unconfirmed": "suppressed",
        "autoresponder": "auto_reply",
        "addresschange": "auto_reply",
        "challengeverification": "challenge",
    },
)
