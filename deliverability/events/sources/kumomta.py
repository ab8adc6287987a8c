"""KumoMTA: the log records of the mail server, JSON lines."""

from __future__ import annotations

from deliverability.events.source import Source, columns

_CODE = "response->>'$.enhanced_code.{}'"

KUMOMTA = Source(
    name="kumomta",
    title="KumoMTA log records",
    documentation=("https://docs.kumomta.com/reference/log_record/",),
    signs=(
        frozenset({"type", "id", "queue", "site"}),
        frozenset({"type", "id", "sender", "queue", "timestamp"}),
        frozenset({"type", "recipient", "nodeid"}),
        frozenset({"type", "recipient", "egress_pool"}),
        frozenset({"type", "recipient", "bounce_classification"}),
        frozenset({"type", "feedback_report"}),
    ),
    raw={
        **columns("type id queue timestamp event_time bounce_classification", "VARCHAR"),
        **columns("recipient response feedback_report source_address meta", "JSON"),
    },
    # a recipient is a string, or since 2025.12 a list; a complaint names them in the report
    explode="""CASE type
        WHEN 'Feedback' THEN coalesce(nullif(texts(json_extract(feedback_report, '$.original_rcpt_to')), []),
            texts(json_extract(feedback_report, '$.supplemental_trace.recipient')), texts(recipient))
        ELSE texts(recipient) END""",
    kind="""CASE WHEN type = 'Feedback' AND feedback_report->>'$.feedback_type' IN ('not-spam', 'auth-failure')
        THEN 'Feedback ' || (feedback_report->>'$.feedback_type') ELSE type END""",
    types={
        "reception": "queued",
        "delivery": "delivered",
        "transientfailure": "deferred",
        "delayed": "deferred",
        "bounce": "bounced",
        "oob": "bounced",
        "expiration": "bounced",
        "adminbounce": "rejected",
        "rejection": "rejected",
        "feedback": "complained",
        # RFC 5965 §3.1, RFC 6591 §3.1: not every report of abuse@ is a complaint
        "feedback not-spam": "ignored",
        "feedback auth-failure": "ignored",
        "adminrebind": "ignored",
        "deferredinjectionrebind": "ignored",
        "xferout": "ignored",
        "xferin": "ignored",
    },
    fields={
        # seconds with a fraction, where the version writes them
        "ts": "coalesce(unix_s(timestamp), iso(timestamp), unix_s(event_time), iso(event_time))",
        "recipient": "address(item)",
        # of a report that came back, `id` is the report's own
        "message_id": "CASE WHEN type NOT IN ('OOB', 'Feedback') THEN id END",
        # campaign:tenant@domain!route, where the first two may be missing
        "campaign": """CASE WHEN contains(split_part(queue, '@', 1), ':') AND contains(queue, '@')
            THEN filled(split_part(queue, ':', 1)) END""",
        # with a port: 192.0.2.1:4711, [2001:db8::1]:4711
        "ip": "filled(regexp_extract(source_address->>'$.address', '^[[]?([0-9A-Fa-f.:]*?)[]]?(:[0-9]+)?$', 1))",
        "smtp_code": "smtp_code(response->>'$.code')",
        "enhanced_code": "filled(concat_ws('.', {}, {}, {}))".format(
            *map(_CODE.format, ("class", "subject", "detail"))
        ),
        "reply_text": "filled(response->>'$.content')",
        "bounce_class": "CASE WHEN type NOT IN ('Reception', 'Delivery') THEN filled(bounce_classification) END",
        "late": "CASE type WHEN 'OOB' THEN true WHEN 'Bounce' THEN false WHEN 'Expiration' THEN false END",
    },
    classes={
        "invalidrecipient": "unknown_user",
        "dnsfailure": "network_dns",
        "spamblock": "ip_blocklisted",
        "spamcontent": "spam_content",
        "spamrelated": "spam_content",
        "prohibitedattachment": "virus_attachment",
        "virusrelated": "virus_attachment",
        "relaydenied": "relay_denied",
        "relayingissues": "relay_denied",
        "autoreply": "auto_reply",
        "transientfailure": "soft",
        "challengeresponse": "challenge",
        "badconfiguration": "missing_ptr",
        "badconnection": "network_dns",
        "routingerrors": "network_dns",
        "baddomain": "bad_domain",
        "contentrelated": "message_too_large",
        "inactivemailbox": "mailbox_disabled",
        "invalidsender": "policy",
        "policyrelated": "policy",
        "messageexpired": "timeout_expired",
        "noanswerfromhost": "timeout_expired",
        "protocolerrors": "protocol_tls",
        "quotaissues": "mailbox_full",
        "authenticationfailed": "auth_failure",
        "toomanyrecipients": "rate_limited",
        "uncategorized": "unknown",
    },
)
