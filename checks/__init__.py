"""Is that good? One pure function a judgement; `CHECKS` lists them all in report order."""

from __future__ import annotations

from deliverability.checks._check import Check

CHECKS: tuple[Check, ...] = ()
"""Every check, in report order. A new check is one function in its family's file and one name in that file's tuple."""
