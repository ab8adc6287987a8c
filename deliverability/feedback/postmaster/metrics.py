"""The metrics of Google Postmaster Tools: their names, what they are a fraction of, and how requests name them.

From the discovery document of version 2, revision 20260623, and of version 1, revision of 2025-05-29.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deliverability.feedback._exports import is_object, mapping, squashed, word

SPAM_RATE = "SPAM_RATE"

_TO_GMAIL = "personal Gmail accounts"

DENOMINATORS: Mapping[str, str] = {
    SPAM_RATE: f"DKIM-authenticated mail delivered to the inbox of {_TO_GMAIL}",
    "FEEDBACK_LOOP_SPAM_RATE": f"mail with that Feedback-ID delivered to the inbox of {_TO_GMAIL}, DKIM-authenticated",
    "AUTH_SUCCESS_RATE": "mail that attempted it (DMARC: that passed SPF or DKIM), spoofed mail left out",
    "TLS_ENCRYPTION_RATE": "mail to Gmail (inbound) or from Gmail (outbound) that passed SPF or DKIM",
    "DELIVERY_ERROR_RATE": "all authenticated mail to Gmail",
}
"""Metric → what its value is a fraction of, in words. The other metrics are counts and names."""

V1_RATIOS: Mapping[str, tuple[str, str]] = {
    "userReportedSpamRatio": (SPAM_RATE, ""),
    "spfSuccessRatio": ("AUTH_SUCCESS_RATE", "spf"),
    "dkimSuccessRatio": ("AUTH_SUCCESS_RATE", "dkim"),
    "dmarcSuccessRatio": ("AUTH_SUCCESS_RATE", "dmarc"),
    "inboundEncryptionRatio": ("TLS_ENCRYPTION_RATE", "inbound"),
    "outboundEncryptionRatio": ("TLS_ENCRYPTION_RATE", "outbound"),
}
"""A ratio of version 1 → the metric of version 2 that it is, and what that is narrowed to."""

_SPELLINGS: tuple[tuple[str, str], ...] = (
    ("feedbackloopspamrate", "FEEDBACK_LOOP_SPAM_RATE"),
    ("fblspamrate", "FEEDBACK_LOOP_SPAM_RATE"),
    ("feedbackloopid", "FEEDBACK_LOOP_ID"),
    ("authsuccessrate", "AUTH_SUCCESS_RATE"),
    ("successrate", "AUTH_SUCCESS_RATE"),
    ("tlsencryptionmessagecount", "TLS_ENCRYPTION_MESSAGE_COUNT"),
    ("tlsencryptionrate", "TLS_ENCRYPTION_RATE"),
    ("deliveryerrorcount", "DELIVERY_ERROR_COUNT"),
    ("deliveryerrorrate", "DELIVERY_ERROR_RATE"),
    ("userreportedspam", SPAM_RATE),
    ("spamrate", SPAM_RATE),
)
"""A part of a squashed name → the metric that it can only mean; the first that fits."""

_NARROWED = re.compile(
    r"spf|dkim|dmarc|inbound|outbound|reject|temp_?fail"
    r"|bad_attachment|bad_or_missing_ptr_record|ip_in_rbls|low_domain_reputation|low_ip_reputation|spammy_content"
    r"|stamp_policy_error|anomalous_traffic_pattern|\bother\b"
)
_QUOTED = re.compile(r'=\s*"([^"]{1,200})"')


def metric_of(name: str, definition: object = None) -> tuple[str, str] | None:
    """The metric behind the name that a request gave it, and what it is narrowed to; None where that cannot be told.

    An answer holds only the asker's own name. The request, where it was kept, settles it; else the name must contain
    the metric's.
    """
    if is_object(definition):
        asked = mapping(definition)
        metric = word(mapping(asked.get("baseMetric")).get("standardMetric"))
        return (metric, _filter(word(asked.get("filter")))) if metric in _METRICS else None
    plain = squashed(name)
    metric = next((metric for spelling, metric in _SPELLINGS if spelling in plain), "")
    return (metric, " ".join(_NARROWED.findall(name.lower()))) if metric else None


_METRICS = {metric for _, metric in _SPELLINGS}


def _filter(text: str) -> str:
    """The values of a filter such as `error_type = "reject" AND error_reason = "other"`."""
    return " ".join(_QUOTED.findall(text))
