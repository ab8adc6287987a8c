"""How much of a file is read at most."""

from __future__ import annotations

from deliverability.fastclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one part; all are our own choice (2026-11), well above what any source writes.

    - octets: inflated octets of a part. A day's events of the largest senders are some tens of GB.
    - ratio: inflated octets for each octet stored, checked after the first MiB. Logs and XML reports compress 10 to 60
      times; deflate's ceiling is 1,032.
    - members: entries of a zip archive.
    - line: octets of a line. The largest webhook bodies are 256 KiB (Amazon SNS).
    - mail: octets of one mail. Receivers rarely take more than 25 MB to 50 MB.
    """

    octets: int = 64 << 30
    ratio: int = 200
    members: int = 10_000
    line: int = 4 << 20
    mail: int = 64 << 20


DEFAULT = Limits()
RATIO_FROM = 1 << 20
"""Inflated octets from which the ratio is checked: less harms nobody."""
