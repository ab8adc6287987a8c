"""Amazon SES: event publishing and feedback notifications, by SNS, SQS, EventBridge or Firehose.

SES delivers at least once, and a record that comes twice may come in two SNS messages: no id of an event is stable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from deliverability.events.source import Source, as_row, columns

MAX_ENVELOPES = 6
"""Envelopes within envelopes that are opened: SQS in Lambda in SNS needs four. Our own bound, 2026-11."""
_INSIDE = ("Message", "Sns", "detail", "Body", "body")
"""Where SNS, Lambda, EventBridge and SQS keep what they carry."""
_HELLO = "Successfully validated SNS topic"
"""How the text begins that SES sends once to a new topic."""


def _unwrap(value: object, depth: int = 0) -> Iterator[object]:
    """The records in an SNS, SQS, Lambda or EventBridge envelope; what cannot be opened is a row without a type."""
    row = as_row(value)
    if row is None or depth > MAX_ENVELOPES:
        yield {} if depth else value
        return
    records = row.get("Records")
    inside = next((row[name] for name in _INSIDE if name in row), None)
    if "eventType" in row or "notificationType" in row or (inside is None and not isinstance(records, list)):
        yield row
    elif row.get("Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        yield {"eventType": row["Type"]}
    else:
        for found in cast("list[object]", records) if isinstance(records, list) else [_parsed(inside)]:
            yield from _unwrap(found, depth + 1)


def _parsed(inner: object) -> object:
    if not isinstance(inner, str):
        return inner
    if inner.startswith(_HELLO):
        return {"eventType": "AmazonSnsSubscriptionSucceeded"}
    try:
        return json.loads(inner)
    except (ValueError, RecursionError):
        return None


_OPT_OUTS = (
    "len(list_filter(subscription->>'$.{}.topicSubscriptionStatus[*].subscriptionStatus', lambda s: s = 'OptOut'))"
)
_TAGS = """list_filter(json_keys(mail, '$.tags'), lambda name: NOT starts_with(name, 'ses:'))"""


def _tag(name: str) -> str:
    """The first value of the tag that the SQL `name` names: by a pointer, which any name fits into."""
    return f"json_extract_string(mail, '/tags/' || replace(replace({name}, '~', '~0'), '/', '~1') || '/0')"


_WORD = "coalesce(eventType, notificationType)"

SES = Source(
    name="ses",
    title="Amazon SES event publishing and feedback notifications",
    documentation=(
        "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html",
        "https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html",
    ),
    signs=(frozenset({"eventType", "mail"}), frozenset({"notificationType", "mail"}), frozenset({"eventType", "send"})),
    envelope=frozenset({"Records", *_INSIDE}),
    unwrap=_unwrap,
    raw={
        "eventType": "VARCHAR",
        "notificationType": "VARCHAR",
        **columns("mail bounce complaint delivery deliveryDelay reject open click failure subscription", "JSON"),
    },
    # one record may be about several recipients. An open or a click names all whom the mail went to and not who it was:
    # it counts once, for the first of them
    explode=f"""CASE {_WORD}
        WHEN 'Bounce' THEN json_extract(bounce, '$.bouncedRecipients[*]')
        WHEN 'Complaint' THEN json_extract(complaint, '$.complainedRecipients[*]')
        WHEN 'Delivery' THEN json_extract(delivery, '$.recipients[*]')
        WHEN 'DeliveryDelay' THEN json_extract(deliveryDelay, '$.delayedRecipients[*]')
        WHEN 'Open' THEN json_extract(mail, '$.destination[*]')[:1]
        WHEN 'Click' THEN json_extract(mail, '$.destination[*]')[:1]
        ELSE json_extract(mail, '$.destination[*]') END""",
    kind=f"""CASE
        WHEN {_WORD} = 'Bounce' AND lower(bounce->>'$.bounceSubType')
            IN ('onaccountsuppressionlist', 'ontenantsuppressionlist', 'emailvalidationsuppressed')
        THEN 'bounce suppressed'
        WHEN {_WORD} = 'Complaint' AND complaint->>'$.complaintFeedbackType' = 'not-spam' THEN 'complaint not-spam'
        WHEN {_WORD} = 'Complaint' AND lower(complaint->>'$.complaintSubType') = 'onaccountsuppressionlist'
        THEN 'complaint suppressed'
        WHEN {_WORD} = 'Subscription' THEN CASE
            WHEN truth(subscription->>'$.newTopicPreferences.unsubscribeAll')
                OR {_OPT_OUTS.format("newTopicPreferences")} > coalesce({_OPT_OUTS.format("oldTopicPreferences")}, 0)
            THEN 'subscription out' ELSE 'subscription in' END
        ELSE {_WORD} END""",
    types={
        "send": "sent",
        "reject": "rejected",
        "delivery": "delivered",
        "bounce": "bounced",
        # "does not count toward your bounce rate": the mail was not sent
        "bounce suppressed": "rejected",
        "complaint": "complained",
        "complaint not-spam": "ignored",
        "complaint suppressed": "rejected",
        "deliverydelay": "deferred",
        "open": "opened",
        "click": "clicked",
        "rendering failure": "failed",
        "renderingfailure": "failed",
        "subscription out": "unsubscribed",
        "subscription in": "subscribed",
        "amazonsnssubscriptionsucceeded": "ignored",
        "subscriptionconfirmation": "ignored",
        "unsubscribeconfirmation": "ignored",
    },
    fields={
        "ts": """coalesce(iso(delivery->>'$.timestamp'), iso(bounce->>'$.timestamp'), iso(complaint->>'$.timestamp'),
            iso(deliveryDelay->>'$.timestamp'), iso(open->>'$.timestamp'), iso(click->>'$.timestamp'),
            iso(subscription->>'$.timestamp'), iso(mail->>'$.timestamp'))""",
        "recipient": """address(coalesce(item->>'$.emailAddress',
            CASE WHEN json_type(item) = 'VARCHAR' THEN item->>'$' END))""",
        "message_id": "mail->>'$.messageId'",
        # tags are the user's; those that begin with ses: are Amazon's
        "campaign": f"""coalesce(mail->>'$.tags.campaign[0]', mail->>'$.tags.campaign_id[0]',
            mail->>'$.tags.campaignId[0]', mail->>'$.tags.campaign_name[0]', {_tag(f"({_TAGS})[1]")})""",
        "tags": f"list_transform({_TAGS}, lambda name: concat(name, '=', {_tag('name')}))",
        "ip": """mail->>'$.tags."ses:outgoing-ip"[0]'""",
        "user_agent": "coalesce(open->>'$.userAgent', click->>'$.userAgent')",
        "url": "click->>'$.link'",
        "smtp_code": "reply_code(coalesce(item->>'$.diagnosticCode', delivery->>'$.smtpResponse'))",
        "enhanced_code": "item->>'$.status'",
        "reply_text": """coalesce(item->>'$.diagnosticCode', delivery->>'$.smtpResponse', reject->>'$.reason',
            failure->>'$.errorMessage')""",
        "bounce_class": """coalesce((bounce->>'$.bounceType') || '/' || (bounce->>'$.bounceSubType'),
            bounce->>'$.bounceType', deliveryDelay->>'$.delayType')""",
    },
    classes={
        "permanent": "hard",
        "permanent/general": "hard",
        "permanent/noemail": "unknown_user",
        "permanent/suppressed": "suppressed",
        "permanent/onaccountsuppressionlist": "suppressed",
        "permanent/ontenantsuppressionlist": "suppressed",
        "permanent/emailvalidationsuppressed": "suppressed",
        "transient": "soft",
        # also of 550 5.4.4: the reply's own code says more, and speaks first
        "transient/general": "soft",
        "transient/mailboxfull": "mailbox_full",
        "transient/messagetoolarge": "message_too_large",
        "transient/customtimeoutexceeded": "timeout_expired",
        "transient/contentrejected": "spam_content",
        "transient/attachmentrejected": "virus_attachment",
        "undetermined": "unknown",
        "undetermined/undetermined": "unknown",
        "mailboxfull": "mailbox_full",
        "spamdetected": "rate_limited",
        "recipientservererror": "receiver_system",
        "ipfailure": "ip_blocklisted",
        "transientcommunicationfailure": "network_dns",
        "byoiphostnamelookupunavailable": "missing_ptr",
        "internalfailure": "soft",
        "general": "soft",
        "sendingdeferral": "soft",
    },
)
