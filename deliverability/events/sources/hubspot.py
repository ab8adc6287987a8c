"""HubSpot marketing e-mail: the events of API v1, and the tables into which warehouse loaders split them.

The tables of a loader (`email_event`, `email_event_bounce`, …) hold one event in two rows with the same id: when, to
whom and what is in the first, the reply or the reason in the other.
"""

from __future__ import annotations

from deliverability.events.source import Source, columns, listed

_LOADED = "_fivetran_synced"
_CHANGE = """CASE WHEN truth(bounced) THEN 'STATUSCHANGE bounced'
    WHEN contains(upper(portalSubscriptionStatus), 'UNSUBSCRIBED') THEN 'STATUSCHANGE out'
    WHEN contains(upper(portalSubscriptionStatus), 'SUBSCRIBED') THEN 'STATUSCHANGE in'
    WHEN list_contains(subscriptions->>'$[*].status', 'UNSUBSCRIBED') THEN 'STATUSCHANGE out'
    WHEN list_contains(subscriptions->>'$[*].status', 'SUBSCRIBED') THEN 'STATUSCHANGE in'
    ELSE 'STATUSCHANGE' END"""
_DROPS = ("previously_bounced", "previously_unsubscribed_portal", "previously_unsubscribed_message", "previous_spam")
_IS = "lower(coalesce(type, kind))"

HUBSPOT = Source(
    name="hubspot",
    title="HubSpot e-mail events",
    documentation=("https://developers.hubspot.com/docs/api-reference/legacy/email-analytics-v1/guide",),
    signs=(
        frozenset({"emailCampaignId", "portalId", "type"}),
        frozenset({"emailCampaignId", "sentBy"}),
        frozenset({"email_campaign_id", "portal_id", "type"}),
        frozenset({_LOADED, "category", "response"}),
        frozenset({_LOADED, "drop_reason"}),
        frozenset({_LOADED, "attempt", "response"}),
        frozenset({_LOADED, "smtp_id", "response"}),
        frozenset({_LOADED, "portal_subscription_status"}),
        frozenset({_LOADED, "bcc", "reply_to", "subject"}),
        frozenset({_LOADED, "ip_address", "user_agent"}),
    ),
    envelope=frozenset({"events"}),
    unwrap=listed("events"),
    raw={
        **columns(
            "id type created recipient emailCampaignId category status response attempt dropReason dropMessage duration"
            " userAgent url smtpId filteredEvent portalSubscriptionStatus bounced obsoleted_by_id sent_by_id",
            "VARCHAR",
        ),
        **columns("obsoletedBy sentBy subscriptions location", "JSON"),
    },
    aliases={
        "emailCampaignId": ("email_campaign_id",),
        "dropReason": ("drop_reason",),
        "dropMessage": ("drop_message",),
        "userAgent": ("user_agent",),
        "smtpId": ("smtp_id",),
        "filteredEvent": ("filtered_event",),
        "portalSubscriptionStatus": ("portal_subscription_status",),
    },
    # a later event took this one's place
    kind=f"""CASE
        WHEN coalesce(obsoletedBy->>'$.id', filled(obsoleted_by_id)) IS NOT NULL THEN 'obsolete'
        WHEN type = 'STATUSCHANGE' OR type IS NULL AND portalSubscriptionStatus IS NOT NULL THEN {_CHANGE}
        WHEN type IS NOT NULL THEN type
        WHEN dropReason IS NOT NULL THEN 'DROPPED'
        WHEN attempt IS NOT NULL THEN 'DEFERRED'
        WHEN category IS NOT NULL THEN 'BOUNCE'
        WHEN duration IS NOT NULL THEN 'OPEN' END""",
    halves=frozenset({_LOADED}),
    kind_in_path="email_event_(bounce|click|deferred|delivered|dropped|forward|open|print|sent|spam_report|status_change)",
    types={
        "sent": "sent",
        "processed": "queued",
        "dropped": "rejected",
        "suppressed": "rejected",
        "deferred": "deferred",
        "delivered": "delivered",
        "bounce": "bounced",
        "open": "opened",
        "click": "clicked",
        "spamreport": "complained",
        "spam_report": "complained",
        "statuschange out": "unsubscribed",
        "statuschange in": "subscribed",
        "statuschange bounced": "ignored",
        "statuschange": "ignored",
        "status_change": "ignored",
        "unbounce": "ignored",
        "print": "ignored",
        "forward": "ignored",
        "obsolete": "ignored",
    },
    fields={
        "event_id": "id",
        # milliseconds in the API; loaders write UTC without saying so
        "ts": "coalesce(unix_ms(created), iso(created), zoned(created, 'UTC'))",
        "recipient": "address(recipient)",
        # the mail is known by the event of its sending
        "message_id": f"""coalesce(sentBy->>'$.id', filled(sent_by_id), CASE WHEN {_IS} = 'sent' THEN id END,
            bare_id(smtpId))""",
        "campaign": "emailCampaignId",
        "stream": "CASE WHEN emailCampaignId IS NOT NULL THEN 'marketing' END",
        "country": "country_code(location->>'$.country')",
        "user_agent": "filled(userAgent)",
        "url": "url",
        "smtp_code": "coalesce(reply_code(response), smtp_code(left(status, 3)))",
        "enhanced_code": "nullif(regexp_extract(status, '^[245][.][0-9]{1,3}[.][0-9]{1,3}$'), '')",
        "reply_text": "coalesce(filled(response), filled(dropMessage))",
        "bounce_class": "coalesce(filled(category), filled(dropReason))",
        "machine": f"CASE WHEN {_IS} IN ('open', 'click') THEN truth(filteredEvent) END",
    },
    classes={
        "greylisting": "greylisted",
        "mailbox_misconfiguration": "receiver_system",
        "isp_misconfiguration": "receiver_system",
        "ip_reputation": "ip_blocklisted",
        "domain_reputation": "domain_reputation",
        "dmarc": "auth_failure",
        "dns_failure": "network_dns",
        "sending_domain_misconfiguration": "auth_failure",
        "temporary_problem": "soft",
        "timeout": "timeout_expired",
        "throttled": "rate_limited",
        "uncategorized": "unknown",
        "filtered": "spam_content",
        "mailbox_full": "mailbox_full",
        # HubSpot calls these three hard: none is the recipient's fault
        "content": "spam_content",
        "spam": "spam_content",
        "policy": "policy",
        "unknown_user": "unknown_user",
        "hubspot_global_bounce": "hard",
        "invalid_to_address": "unknown_user",
        **dict.fromkeys(_DROPS, "suppressed"),
    },
)
