"""Every word of a service for what happened, and the canonical type that it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.events import Reading


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    return Reading(tmp_path_factory.mktemp("spool"))


WORDS: dict[str, tuple[Callable[[str], dict[str, Any]], dict[str, str]]] = {
    "postmark": (
        lambda word: {"RecordType": "Bounce", "Type": word},
        {
            "bounced": "HardBounce SoftBounce Unknown SpamNotification Blocked DMARCPolicy VirusNotification",
            "deferred": "Transient DnsError OpenRelayTest",
            "rejected": "BadEmailAddress ManuallyDeactivated Unconfirmed",
            "autoresponded": "AutoResponder AddressChange ChallengeVerification",
            "unsubscribed": "Unsubscribe",
            "subscribed": "Subscribe",
            "failed": "SMTPApiError InboundError TemplateRenderingFailed",
            "complained": "SpamComplaint",
        },
    ),
    "sparkpost": (
        lambda word: {"type": word, "event_id": "1"},
        {
            "queued": "injection",
            "delivered": "delivery",
            "bounced": "bounce out_of_band",
            "deferred": "delay",
            "rejected": "policy_rejection generation_rejection",
            "failed": "generation_failure",
            "complained": "spam_complaint",
            "opened": "initial_open open amp_open amp_initial_open",
            "clicked": "click amp_click",
            "unsubscribed": "list_unsubscribe link_unsubscribe",
        },
    ),
    "brevo": (
        lambda word: {"event": word, "email": "a@example.test"},
        {
            "queued": "request requests",
            "delivered": "delivered",
            "bounced": "hard_bounce soft_bounce invalid_email hardBounces softBounces invalid",
            "rejected": "blocked",
            "deferred": "deferred",
            "failed": "error",
            "complained": "spam complaint",
            "opened": "unique_opened opened proxy_open unique_proxy_open unique_proxy_opened loadedByProxy",
            "clicked": "click clicks",
            "unsubscribed": "unsubscribed unsubscribe",
            "subscribed": "list_addition",
            "ignored": "contact_updated contact_deleted",
        },
    ),
    "braze": (
        lambda word: {"event_type": f"users.messages.email.{word}"},
        {
            "sent": "Send",
            "delivered": "Delivery",
            "bounced": "Bounce",
            "deferred": "SoftBounce Deferral",
            "opened": "Open",
            "clicked": "Click",
            "complained": "MarkAsSpam",
            "unsubscribed": "Unsubscribe",
            "rejected": "Abort",
            "queued": "Retry",
        },
    ),
    "hubspot": (
        lambda word: {"type": word, "id": "q"},
        {
            "sent": "SENT",
            "queued": "PROCESSED",
            "rejected": "DROPPED SUPPRESSED",
            "deferred": "DEFERRED",
            "delivered": "DELIVERED",
            "bounced": "BOUNCE",
            "opened": "OPEN",
            "clicked": "CLICK",
            "complained": "SPAMREPORT",
            "ignored": "PRINT FORWARD UNBOUNCE",
        },
    ),
    "kumomta": (
        lambda word: {"type": word, "recipient": "a@example.test"},
        {
            "queued": "Reception",
            "delivered": "Delivery",
            "deferred": "TransientFailure Delayed",
            "bounced": "Bounce OOB Expiration",
            "rejected": "AdminBounce Rejection",
            "complained": "Feedback",
            "ignored": "AdminRebind DeferredInjectionRebind XferOut XferIn",
        },
    ),
    "sendgrid": (
        lambda word: {"event": word, "sg_event_id": "e"},
        {
            "queued": "processed",
            "rejected": "dropped",
            "deferred": "deferred",
            "delivered": "delivered",
            "bounced": "bounce",
            "opened": "open",
            "clicked": "click",
            "complained": "spamreport",
            "unsubscribed": "unsubscribe group_unsubscribe",
            "subscribed": "group_resubscribe",
        },
    ),
}
"""Source → how a row says a word, and canonical type → the words, restated from the services' own lists."""


@pytest.mark.parametrize("source", WORDS)
def test_each_word_of_a_services_list_has_its_type(read: Reading, source: str) -> None:
    row, types = WORDS[source]
    words = {word: type_ for type_, many in types.items() for word in many.split()}

    events = read.all(source, *map(row, words))

    assert {word: event["type"] for word, event in zip(words, events, strict=True)} == words
