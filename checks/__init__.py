"""Is that good? One pure function a judgement; `CHECKS` lists them all in report order."""

from __future__ import annotations

from deliverability.checks._check import Check
from deliverability.checks.dkim import DKIM
from deliverability.checks.dmarc import DMARC
from deliverability.checks.dns import DNS
from deliverability.checks.hosts import HOSTS
from deliverability.checks.mx import MX
from deliverability.checks.reputation import REPUTATION
from deliverability.checks.spf import SPF

CHECKS: tuple[Check, ...] = (*DNS, *MX, *SPF, *DKIM, *DMARC, *HOSTS, *REPUTATION)
"""Every check, in report order. A new check is one function in its family's file and one name in that file's tuple."""
