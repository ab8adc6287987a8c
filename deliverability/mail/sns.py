"""Amazon SES notifications that SNS sends by mail: the body is the JSON of the event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from deliverability.mail.dsn import FAILED, MAX_RECIPIENTS, Report
from deliverability.mail.parts import Headers


def is_notification(headers: Headers) -> bool:
    """Whether SNS sent this mail."""
    return "sns.amazonaws.com" in headers.get("from", "")


def bounced(text: str) -> list[Report]:
    """The bounced recipients of a Bounce notification; none of any other."""
    found = list(_bounced(text))
    return found[:MAX_RECIPIENTS]


def _bounced(text: str) -> Iterator[Report]:
    bounce = _member(_event(text), "bounce")
    for row in _list(bounce.get("bouncedRecipients")):
        address = str(row.get("emailAddress", ""))
        status, diagnostic = (row.get(name) for name in ("status", "diagnosticCode"))
        words = str(diagnostic or "").removeprefix("smtp;").strip()
        words = words or f"{bounce.get('bounceType', '')} {bounce.get('bounceSubType', '')}"
        yield Report(address, address, FAILED, str(status) if status else None, words, None)


def complained(text: str) -> tuple[str, list[str]] | None:
    """The kind of a Complaint notification and whom it may be from; None of any other."""
    complaint = _member(_event(text), "complaint")
    rows = _list(complaint.get("complainedRecipients"))[:MAX_RECIPIENTS]
    if not rows:
        return None
    return str(complaint.get("complaintFeedbackType") or "abuse"), [str(row.get("emailAddress", "")) for row in rows]


def _event(text: str) -> dict[str, Any]:
    text = text.replace("!\n ", "")  # sendmail's way of breaking lines that are too long
    start = text.find("{")
    if start < 0:
        return {}
    try:
        event, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", event)


def _member(event: dict[str, Any], name: str) -> dict[str, Any]:
    value = event.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", row) for row in cast("list[object]", value) if isinstance(row, dict)]
