"""Is that good? One pure function a judgement; `CHECKS` lists them all in report order."""

from __future__ import annotations

from deliverability.checks._check import Check
from deliverability.checks.dns import DNS
from deliverability.checks.mx import MX

CHECKS: tuple[Check, ...] = (*DNS, *MX)
"""Every check, in report order. A new check is one function in its family's file and one name in that file's tuple."""
