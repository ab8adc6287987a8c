"""Events of a made-up sender, in SendGrid's words, and what reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deliverability.intake.trouble import Troubles
from deliverability.rates import Asked, rates

Event = dict[str, Any]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
T = 1_795_000_000
"""2026-11-18 11:06:40 UTC"""
HEAD = ("email", "event", "timestamp", "sg_event_id", "sg_message_id")


def event(number: int, kind: str = "delivered", **more: Any) -> Event:
    """One event; the same number is the same message and the same event."""
    return {
        "email": f"given.name{number}@gmail.com",
        "event": kind,
        "timestamp": T + number % 1000,
        "sg_event_id": f"{kind}{number}",
        "sg_message_id": f"m{number}.filter",
        **more,
    }


def events(count: int, start: int = 0) -> list[Event]:
    return [event(number) for number in range(start, start + count)]


def lines(rows: Iterable[Event]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def table(rows: Iterable[Event], head: Sequence[str] = HEAD) -> bytes:
    """CSV."""
    body = (",".join(str(row[name]) for name in head) for row in rows)
    return ("\n".join([",".join(head), *body]) + "\n").encode()


def put(name: str, content: bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def read(*paths: str, **asked: Any) -> tuple[dict[str, Any], Troubles]:
    """The document of `paths`, and what could not be read."""
    troubles = Troubles()
    asked.setdefault("now", NOW)
    return rates(paths, Asked(**asked), troubles=troubles), troubles


def delivered(*paths: str, **asked: Any) -> tuple[int, int, dict[str, int]]:
    """Messages delivered, rows read, and bad ones by reason."""
    document, troubles = read(*paths, **asked)
    return document["totals"]["delivered"], document["input"]["rows"], troubles.by_reason
