"""SparkPost (Bird): webhooks (`msys`), the Events API (`results`), and the flat records in both.

Two pixels report an open, at the top and the bottom of the mail: messages are counted, not events.
"""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.events.source import Source, as_row, columns, listed


def _unwrap(value: object) -> Iterator[object]:
    """The record under the one key of `msys`, whichever it is; an empty one is a ping."""
    for found in listed("results")(value):
        msys = as_row((as_row(found) or {}).get("msys"))
        if msys is None:
            yield found
        else:
            yield from msys.values() or [{"type": "ping"}]


_OPENS = "('open', 'initial_open', 'amp_open', 'amp_initial_open', 'click', 'amp_click')"

SPARKPOST = Source(
    name="sparkpost",
    title="SparkPost webhooks and Events API",
    documentation=(
        "https://developers.sparkpost.com/api/webhooks/",
        "https://api.sparkpost.com/api/v1/webhooks/events/documentation",
    ),
    signs=(
        frozenset({"type", "event_id", "rcpt_to"}),
        frozenset({"type", "message_id", "rcpt_to"}),
        frozenset({"type", "transmission_id", "customer_id"}),
        frozenset({"type", "event_id", "customer_id"}),
    ),
    envelope=frozenset({"msys", "results"}),
    unwrap=_unwrap,
    raw={
        **columns(
            "type event_id timestamp message_id rcpt_to raw_rcpt_to campaign_id sending_ip bounce_class error_code"
            " reason raw_reason transactional target_link_url user_agent fbtype",
            "VARCHAR",
        ),
        **columns("rcpt_tags user_agent_parsed geo_ip", "JSON"),
    },
    kind="""CASE
        WHEN type = 'bounce' AND bounce_class = '25' THEN 'bounce admin'
        WHEN type = 'out_of_band' AND bounce_class IN ('60', '80', '90', '100') THEN 'out_of_band ' || bounce_class
        WHEN type = 'spam_complaint' AND fbtype = 'not-spam' THEN 'spam_complaint not-spam'
        ELSE type END""",
    types={
        "injection": "queued",
        "delivery": "delivered",
        "bounce": "bounced",
        # "not counted in bounces": SparkPost's own refusal
        "bounce admin": "rejected",
        "out_of_band": "bounced",
        # no bounce came back to the return path, but an automatic reply, a wish to subscribe or not, or a challenge
        "out_of_band 60": "autoresponded",
        "out_of_band 80": "subscribed",
        "out_of_band 90": "unsubscribed",
        "out_of_band 100": "autoresponded",
        "delay": "deferred",
        "policy_rejection": "rejected",
        "generation_rejection": "rejected",
        "generation_failure": "failed",
        "spam_complaint": "complained",
        "spam_complaint not-spam": "ignored",
        "initial_open": "opened",
        "open": "opened",
        "amp_initial_open": "opened",
        "amp_open": "opened",
        "click": "clicked",
        "amp_click": "clicked",
        "list_unsubscribe": "unsubscribed",
        "link_unsubscribe": "unsubscribed",
        **columns(
            "ping relay_injection relay_rejection relay_delivery relay_tempfail relay_permfail relay_message"
            " ab_test_completed ab_test_cancelled success error sms_status",
            "ignored",
        ),
    },
    fields={
        "event_id": "event_id",
        # webhooks say unix seconds, as text; the Events API says ISO 8601
        "ts": "coalesce(unix_s(timestamp), iso(timestamp))",
        "recipient": "address(coalesce(rcpt_to, raw_rcpt_to))",
        "message_id": "message_id",
        "campaign": "filled(campaign_id)",
        "tags": "texts(rcpt_tags)",
        "stream": "CASE truth(transactional) WHEN true THEN 'transactional' WHEN false THEN 'marketing' END",
        "ip": "sending_ip",
        "country": "country_code(geo_ip->>'$.country')",
        "user_agent": "user_agent",
        "url": "target_link_url",
        "smtp_code": "smtp_code(error_code)",
        # SparkPost blanks the addresses in `reason`
        "reply_text": "coalesce(filled(raw_reason), filled(reason))",
        "bounce_class": "bounce_class",
        # `is_proxy` is a picture proxy such as Gmail's, which fetches when a person opens: it says nothing of a machine
        "machine": f"CASE WHEN type IN {_OPENS} THEN truth(user_agent_parsed->>'$.is_prefetched') END",
        "late": "CASE WHEN type = 'out_of_band' THEN true WHEN type = 'bounce' THEN false END",
    },
    classes={
        "1": "unknown",
        "10": "unknown_user",
        "20": "soft",
        "21": "network_dns",
        "22": "mailbox_full",
        "23": "message_too_large",
        "24": "timeout_expired",
        "25": "suppressed",
        "30": "unknown_user",
        "40": "soft",
        "50": "block",
        "51": "ip_blocklisted",
        "52": "spam_content",
        "53": "virus_attachment",
        "54": "relay_denied",
        "60": "auto_reply",
        "70": "soft",
        "100": "challenge",
    },
)
