"""Is that good? One pure function a judgement; `CHECKS` lists them all in report order."""

from __future__ import annotations

from deliverability.checks._check import Check
from deliverability.checks.bounces import BOUNCES
from deliverability.checks.complaints import COMPLAINTS
from deliverability.checks.dkim import DKIM
from deliverability.checks.dmarc import DMARC
from deliverability.checks.dmarc_change import DMARC_CHANGE
from deliverability.checks.dmarc_sources import DMARC_SOURCES
from deliverability.checks.dns import DNS
from deliverability.checks.engagement import ENGAGEMENT
from deliverability.checks.hosts import HOSTS
from deliverability.checks.message import MESSAGE
from deliverability.checks.message_auth import MESSAGE_AUTH
from deliverability.checks.mx import MX
from deliverability.checks.recipients import RECIPIENTS
from deliverability.checks.reputation import REPUTATION
from deliverability.checks.reputation_files import REPUTATION_FILES
from deliverability.checks.spf import SPF
from deliverability.checks.timeliness import TIMELINESS
from deliverability.checks.transport import TRANSPORT

CHECKS: tuple[Check, ...] = (
    *(
        *DNS,
        *MX,
        *SPF,
        *DKIM,
        *DMARC,
        *DMARC_SOURCES,
        *DMARC_CHANGE,
        *TRANSPORT,
        *HOSTS,
        *REPUTATION,
        *REPUTATION_FILES,
    ),
    *(*BOUNCES, *COMPLAINTS, *ENGAGEMENT, *TIMELINESS, *MESSAGE_AUTH, *MESSAGE, *RECIPIENTS),
)
"""Every check, in report order. A new check is one function in its family's file and one name in that file's tuple."""
