"""Header fields with a grammar of their own: dates, identifiers, what one-click unsubscribing needs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from deliverability.mail.message.facts import Fault, Written
from deliverability.mail.message.header import Field, Header
from deliverability.mail.message.safe import domain_of, shown

MAX_OCCURRENCES = 10
"""Ours: occurrences of one field that are kept."""

SENDER_ID = (5, 15)
"""Characters of a Feedback-ID's last field: Gmail's feedback loop, read 2026-11."""
FEEDBACK_FIELDS = 4
"""Fields of a Feedback-ID that are counted, from the right: Gmail's feedback loop, read 2026-11."""

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DATE = re.compile(
    r"""(?:(?P<weekday>[A-Za-z]{3,9})\s*,\s*)?(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3,9})\s+(?P<year>\d{2,4})\s+
        (?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?
        (?:\s+(?:(?P<sign>[+-])(?P<zone_hour>\d\d)(?P<zone_minute>\d\d)|(?P<zone>[A-Za-z]{1,5})))?\s*""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_ZONES = {
    "ut": 0,
    "gmt": 0,
    "utc": 0,
    "z": 0,
    "edt": -4,
    "est": -5,
    "cdt": -5,
    "cst": -6,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
}


def date(value: str) -> Written:
    """A date and time (RFC 5322 §3.3). Faults: syntax, weekday, zone (obsolete or missing), year, range."""
    match = _DATE.fullmatch(_COMMENT.sub(" ", value).strip())
    if match is None or match["month"][:3].lower() not in _MONTHS:
        return Written(value=shown(value), fault="syntax")
    time, fault = _moment(match)
    if time is None:
        return Written(value=shown(value), fault="range")
    return Written(value=shown(value), fault=fault, time=time.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def _moment(match: re.Match[str]) -> tuple[datetime | None, str]:
    """The moment, and what is wrong with the way it is written."""
    year = int(match["year"])
    fault = "" if len(match["year"]) == 4 else "year"
    if fault:  # RFC 5322 §4.3: obsolete years of two and three digits
        year += 2000 if year < 50 and len(match["year"]) == 2 else 1900
    if match["sign"]:
        minutes = int(match["zone_hour"]) * 60 + int(match["zone_minute"])
        minutes = -minutes if match["sign"] == "-" else minutes
    else:
        minutes = _ZONES.get((match["zone"] or "").lower(), 0) * 60
        fault = fault or "zone"
    try:
        time = datetime.fromisoformat(
            f"{year:04}-{_MONTHS.index(match['month'][:3].lower()) + 1:02}-{int(match['day']):02}T"
            f"{match['hour']}:{match['minute']}:{min(int(match['second'] or 0), 59):02}{_offset(minutes)}"
        )
        time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, "range"
    weekday = (match["weekday"] or "").lower()
    if len(match["month"]) > 3 or (weekday and weekday not in _DAYS):
        return time, "syntax"
    # RFC 5322 §3.3: the day of the week must be the day implied by the date
    return time, "weekday" if weekday and weekday != _DAYS[time.weekday()] else fault


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_ATOM = rf"{_ATEXT}++(?:\.{_ATEXT}++)*+"
_MESSAGE_ID = re.compile(rf"<(?:{_DOT_ATOM}|\"[^\"\\]*\")@({_DOT_ATOM}|\[[^\[\]\\\s]*\])>")
_OBSOLETE_ID = re.compile(r"<[^<>\s]+@([^<>\s@]+)>")


def message_id(value: str) -> Written:
    """A Message-ID (RFC 5322 §3.6.4), without its left half, which can name a person. Faults: brackets, at, syntax."""
    match = _MESSAGE_ID.fullmatch(value)
    if match:
        return Written(value=f"<…@{shown(match[1])}>", domain=domain_of(match[1]))
    bracketed = value.startswith("<") and value.endswith(">")
    fault = "brackets" if not bracketed else "syntax" if "@" in value else "at"
    loose = _OBSOLETE_ID.fullmatch(value)
    return Written(value=_blanked_id(value), fault=fault, domain=domain_of(loose[1]) if loose else "")


def _blanked_id(value: str) -> str:
    """The frame of a Message-ID that has a fault: what is before the last @ is left out."""
    left, sign, right = value.rpartition("@")
    opened = "<" if left.startswith("<") or (not sign and value.startswith("<")) else ""
    return f"{opened}…@{shown(right, 80)}" if sign else f"{opened}…{'>' if value.endswith('>') else ''}"


_LIST_ID = re.compile(rf"[^<>]*<\s*({_DOT_ATOM})\s*>\s*")


def list_id(value: str) -> Written:
    """A List-ID (RFC 2919 §2, §3). Faults: brackets; namespace, where it has not the form of a domain name."""
    match = _LIST_ID.fullmatch(_COMMENT.sub("", value))
    if match is None:
        return Written(value=shown(value), fault="brackets")
    fault = "" if "." in match[1] else "namespace"
    return Written(value=shown(f"<{match[1]}>"), fault=fault, domain=domain_of(match[1]))


def feedback_id(value: str) -> Written:
    """A Feedback-ID (Gmail's feedback loop). Faults: sender_id (missing or of a wrong length), fields (too many)."""
    pieces = [piece.strip() for piece in value.split(":")]
    low, high = SENDER_ID
    fault = "fields" if len(pieces) > FEEDBACK_FIELDS else ""
    if not low <= len(pieces[-1]) <= high:
        fault = "sender_id"
    return Written(value=shown(value), fault=fault)


def occurrences(header: Header, name: str) -> list[Field]:
    """Every field of that name, as many as are kept."""
    return header.all(name)[:MAX_OCCURRENCES]


_BRACKETED = re.compile(r"<([^<>]*+)>")


def unsubscribe_uris(fields: list[Field]) -> tuple[list[str], list[Fault]]:
    """The URIs of List-Unsubscribe in order, and what is wrong with the fields.

    RFC 2369 §2: each in angle brackets, separated by commas; white space inside the brackets is ignored.
    """
    uris: list[str] = []
    faults: list[Fault] = []
    for one in fields[:MAX_OCCURRENCES]:
        found = ["".join(uri.split()) for uri in _BRACKETED.findall(one.value)][:MAX_OCCURRENCES]
        uris += [uri for uri in found if uri]
        rest = _COMMENT.sub("", _BRACKETED.sub("", one.value)).replace(",", "").strip()
        if not any(found):
            faults.append(Fault(code="unsubscribe_brackets", where=one.name, text=shown_uri(one.value)))
        elif rest:
            faults.append(Fault(code="unsubscribe_rest", where=one.name))  # who is to leave may stand there
    return uris, faults


def shown_uri(text: str) -> str:
    """Text that may hold a URI: its query is left out, for it tells who reads."""
    return shown(re.sub(r"[?#]\S*", "?…", text))
