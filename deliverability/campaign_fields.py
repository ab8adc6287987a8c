"""One row of a campaign's counts: which column is which, and what its fields may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell
from deliverability.events.providers import OTHER, PROVIDERS, UNKNOWN, domains
from deliverability.events.source import as_row

ALIASES: Mapping[str, tuple[str, ...]] = {
    "campaign": ("campaign_name", "campaign_id"),
    "date": ("day", "send_date", "sent_date"),
    "provider": ("mailbox_provider",),
    "sent": ("sends",),
    "delivered": ("deliveries",),
    "opened": ("unique_opens", "opens"),
    "opened_machine": ("machine_opens",),
    "opened_unknown": ("unknown_opens",),
    "clicked": ("unique_clicks", "clicks"),
    "complained": ("complaints",),
    "bounced": ("bounces",),
    **{name: () for name in COLUMNS if name != "provider"},
    "auth_rejected": (),
}
"""Column → other heads that mean nothing else. Heads compare without case; spaces and hyphens are underscores."""

OF_ONE_PERSON = frozenset({"email", "email_address", "recipient", "rcpt", "to", "address", "msg_id", "message_id"})
"""Heads of rows that tell of one message each, so that they are no campaign's."""

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
"""What lies outside is a slip, or a time in another unit. Our own bounds."""
MAX_NAME = 500
"""Characters of a name; our own bound. A longer one is refused, since two might be the same up to there."""
MAX_COUNT = 10**12
"""Messages of one row: a trillion is more than a year of all mail of any sender. Our own bound."""
MAX_CODES = 20
"""Enhanced codes of one row; our own bound. RFC 3463 and its registry have a dozen of security and policy."""

_COUNT = re.compile(r"(\d{1,13})(?:\.0{1,6})?", re.ASCII)  # 120.0: what other tools make of integers beside gaps
_CODE = re.compile(r"(?:([245]\.\d{1,3}\.\d{1,3})=)?(\d{1,13})", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.ASCII | re.DOTALL)


class BadRow(ValueError):
    """A row that cannot be used: `reason` is a word to count by, `detail` says more of this one."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def names_of(heads: Collection[str]) -> dict[str, str]:
    """Our name of a column → its head, for the heads that are known; our own name comes before others."""
    known = {re.sub(r"[\s-]+", "_", head.strip().lower()): head for head in sorted(heads)}
    found = {
        name: next((known[one] for one in (name, *others) if one in known), None) for name, others in ALIASES.items()
    }
    return {name: head for name, head in found.items() if head is not None}


def are_campaigns(heads: Collection[str]) -> bool:
    """Whether a row with these heads holds the counts of a campaign."""
    names = names_of(heads)
    plain = {re.sub(r"[\s-]+", "_", head.strip().lower()) for head in heads}
    return "sent" in names and ("campaign" in names or "date" in names) and plain.isdisjoint(OF_ONE_PERSON)


def to_cell(row: Mapping[str, object], clean: Callable[[str], str]) -> Cell:
    """The cell of a row by our names. Raises BadRow.

    Args:
        row: our name of a column → text, a number of JSON, or None where the row says nothing.
        clean: takes the addresses of people out of a text.
    """
    day = _day(_text(row, "date"))
    campaign = _text(row, "campaign") or (day.isoformat() if day else "")
    if not campaign:
        raise BadRow("no-campaign", "neither a campaign nor a date")
    counts: dict[str, Any] = {
        name: _count(row, name) for name in COUNTS if name in row and (name not in _FLAGS or _said(row[name]))
    }
    if "opened_machine" in row and "opened_machine" not in counts and "opened_unknown" not in counts:
        counts["opened_unknown"] = counts.get("opened", 0)  # the column is there, and this row's flag is not known
    _check(counts)
    texts: dict[str, Any] = {name: clean(_text(row, name)) for name in COLUMNS if name in row and name != "provider"}
    if "country" in texts:
        texts["country"] = texts["country"].upper()
    return Cell(
        campaign=clean(campaign),
        day=day,
        provider=clean(provider_named(_text(row, "provider"))) if "provider" in row else "",
        auth_rejected=_codes(row["auth_rejected"]) if _said(row.get("auth_rejected")) else _NONE,
        **texts,
        **counts,
    )


_FLAGS = ("opened_machine", "opened_unknown")
_NONE: Mapping[str, int] = {}


def _said(value: object) -> bool:
    return value is not None and value != ""


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool, float)):
        raise BadRow("not-a-text", name)
    text = _plain(value)
    if len(text) > MAX_NAME:
        raise BadRow("name-too-long", name)
    return text


def _plain(value: object) -> str:
    """A text or an integer as text, without space around it and without half a character."""
    if isinstance(value, int) and value.bit_length() > 64:
        raise BadRow("not-a-text", "a number too long for a name")
    return str(value).strip().encode("utf-8", "replace").decode()


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    if not text:
        return None
    if not _ISO.fullmatch(text):
        raise BadRow("not-a-date", "dates are like 2026-08-04")
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-08-04") else _day_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadRow("not-a-date", "dates are like 2026-08-04") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadRow("not-a-date", f"before {FIRST_DAY} or after {LAST_DAY}")
    return day


def _day_of(time: datetime) -> date:
    return (time if time.tzinfo is None else time.astimezone(UTC)).date()


def _count(row: Mapping[str, object], name: str) -> int:
    value = row[name]
    if isinstance(value, str) and len(value) <= 12 and value.isascii() and value.isdigit():  # nearly always
        return int(value)
    if isinstance(value, (bool, dict, list)):
        raise BadRow("not-a-count", name)
    if not _said(value):
        raise BadRow("no-count", f"{name} is empty: 0 has to be written")
    if isinstance(value, (int, float)):
        if not 0 <= value <= MAX_COUNT or value != int(value):
            raise BadRow("not-a-count", name)
        return int(value)
    found = _COUNT.fullmatch(str(value).strip())
    if found is None or int(found[1]) > MAX_COUNT:
        raise BadRow("not-a-count", name)
    return int(found[1])


def _check(counts: Mapping[str, int]) -> None:
    """A part is no more than its whole."""
    if "sent" not in counts:
        raise BadRow("no-count", "there is no sent")
    above = next((name for name in COUNTS if counts.get(name, 0) > counts["sent"]), None)
    if above is not None:
        raise BadRow(f"{above}-above-sent", f"{counts[above]} of {counts['sent']}")
    if counts.get("opened_machine", 0) + counts.get("opened_unknown", 0) > counts.get("opened", 0):
        raise BadRow("machine-above-opened", "opened_machine and opened_unknown are parts of opened")


def _codes(value: object) -> dict[str, int]:
    """Messages by enhanced code; those without a code by an empty text."""
    if (row := as_row(value)) is not None:
        pairs = [f"{code}={times}" if code else str(times) for code, times in islice(row.items(), MAX_CODES + 1)]
    elif len(str(value)) > MAX_NAME:
        raise BadRow("not-codes", f"more than {MAX_NAME} characters")
    else:
        pairs = re.split(r"[;,\s]+", re.sub(r"\s*[=:]\s*", "=", str(value).strip(" ;,\t")))
    if len(pairs) > MAX_CODES:
        raise BadRow("not-codes", f"more than {MAX_CODES}")
    found: dict[str, int] = {}
    for pair in pairs:
        match = _CODE.fullmatch(pair)
        if match is None or int(match[2]) > MAX_COUNT:
            raise BadRow("not-codes", "auth_rejected is like 5.7.26=452 5.7.515=340")
        found[match[1] or ""] = found.get(match[1] or "", 0) + int(match[2])
    return dict(sorted(found.items()))


@lru_cache(maxsize=4096)
def provider_named(text: str) -> str:
    """The id of a mailbox provider by its id, its name, or a domain of its mailboxes; another text in lower case.

    `hotmail` and `icloud` mean hotmail.com and icloud.com. Nothing is `unknown`.
    """
    name = text.lower().removesuffix(".")
    if not name:
        return UNKNOWN
    if name in PROVIDERS:
        return name
    return _by_name().get(name) or domains().get(name) or domains().get(f"{name}.com") or _other(name)


def _other(name: str) -> str:
    return OTHER if name in {"others", "other providers", "rest"} else name


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, str]:
    return {one.name.lower(): one.id for one in PROVIDERS.values()}
