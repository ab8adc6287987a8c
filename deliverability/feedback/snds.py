"""Microsoft's Smart Network Data Services as files: what Outlook.com itself counted of the mail of an address.

Read are the old data feed (CSV without a head, columns by position), feeds with a head (columns by name: the portal of
June 2026 changed them, and its heads are not documented, so several spellings of each are taken), and the feed of
blocked ranges (`ipStatus`: first address, last address, Yes or No, reason). Nothing is fetched.

SNDS shows an address on days with about a hundred messages or more; a day that is not there is unknown. A complaint
rate of `< 0.1%` is a bound and no figure. A complaint counts on the day it is made, a message on the day it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass
from deliverability.feedback._exports import (
    OnBad,
    columns,
    count,
    csv_rows,
    decoded,
    domain_of,
    moment,
    no_bad,
    share,
    word,
)
from deliverability.intake.trouble import Bad, Refused

KIND = "snds"

DENOMINATOR = "message recipients at Outlook.com, the address's mail of that day"
"""What a complaint rate is a fraction of."""

RESULTS = {
    "GREEN": "less than 10 % of its mail was taken for spam",
    "YELLOW": "10 to 90 % of its mail was taken for spam",
    "RED": "more than 90 % of its mail was taken for spam",
}
"""Filter result → its meaning (SNDS FAQ, by Return Path's account of it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One address over one period, mostly a day.

    - start, end: ISO 8601, in the feed's own zone (the portal of 2026 says UTC).
    - complaint_rate: a fraction; complaint_bound is `<` or `>` where it is only a bound.
    - helo, mail_from: samples; of the envelope sender only the domain is kept.
    """

    ip: str
    start: str
    end: str
    rcpt_commands: int | None = None
    data_commands: int | None = None
    message_recipients: int | None = None
    filter_result: str = ""
    complaint_rate: float | None = None
    complaint_bound: str = ""
    trap_hits: int | None = None
    helo: str = ""
    mail_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Addresses that Outlook.com blocks, or treats otherwise than usual, and why."""

    first: str
    last: str
    blocked: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SndsFacts:
    """Everything that the feeds say. `bad` rows could not be read."""

    activity: tuple[Activity, ...] = ()
    ranges: tuple[Range, ...] = ()
    bad: int = 0
    denominator: str = DENOMINATOR

    @property
    def latest(self) -> tuple[Activity, ...]:
        """The last period of each address, in the order of the addresses as text."""
        last: dict[str, Activity] = {}
        for one in self.activity:
            if one.ip not in last or one.end >= last[one.ip].end:
                last[one.ip] = one
        return tuple(last[ip] for ip in sorted(last))


def parse(raw: bytes, *, file: str = "-", on_bad: OnBad = no_bad) -> SndsFacts:
    """What one feed says; parameters and errors as `postmaster.parse`. An empty feed is one: there was little mail."""
    rows = csv_rows(decoded(raw))
    if not rows:
        return SndsFacts()
    named = columns(rows[0][1], _HEADS)
    if {"ip", "end"} <= named.keys() or {"ip", "start"} <= named.keys():
        return _data(rows[1:], named, file, on_bad)
    if {"first", "last", "blocked"} <= named.keys():
        return _status(rows[1:], named, file, on_bad)
    width = max(len(row) for _, row in rows)
    if width >= len(_POSITIONS) - 1 and any(_address(row[0]) for _, row in rows):
        return _data(rows, {name: place for place, name in enumerate(_POSITIONS)}, file, on_bad)
    if width >= 3 and any(_address(row[0]) and len(row) > 2 and _yes(row[2]) is not None for _, row in rows):
        return _status(rows, {"first": 0, "last": 1, "blocked": 2, "reason": 3}, file, on_bad)
    raise Refused("not-snds", "no feed of Smart Network Data Services")


def merged(parts: Iterable[SndsFacts]) -> SndsFacts:
    """Several feeds as one; of two rows for one address and period the later one counts."""
    found = list(parts)
    activity = {(one.ip, one.start, one.end): one for part in found for one in part.activity}
    ranges = {(one.first, one.last): one for part in found for one in part.ranges}
    return SndsFacts(
        activity=tuple(activity[key] for key in sorted(activity)),
        ranges=tuple(ranges[key] for key in sorted(ranges)),
        bad=sum(part.bad for part in found),
    )


def to_observation(facts: SndsFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": KIND, **to_plain(facts)}


def from_observation(observation: Mapping[str, Any]) -> SndsFacts:
    """The facts of a document. Raises NotThose (a ValueError) where it holds something else."""
    return from_plain(SndsFacts, dict(observation))


_POSITIONS = (
    *("ip", "start", "end", "rcpt", "data", "recipients", "result", "complaints"),
    *("trap_start", "trap_end", "traps", "helo", "mail_from", "comments"),
)
"""The columns of the old feed, in order."""

_HEADS = {
    "ip": ("ipaddress", "ip", "address"),
    "start": ("activitystart", "activityperiodstart", "activitystartutc", "starttime", "periodstart"),
    "end": ("activityend", "activityperiodend", "activityendutc", "endtime", "periodend", "date", "activitydate"),
    "rcpt": ("rcptcommands", "rcptcommandcount", "rcpt"),
    "data": ("datacommands", "datacommandcount"),
    "recipients": ("messagerecipients", "messagerecipientcount", "recipients"),
    "result": ("filterresult", "filterresults", "filter"),
    "complaints": ("complaintrate", "complaintratepercent", "complaints"),
    "traps": ("traphits", "traphitcount", "trapmessagehits"),
    "helo": ("samplehelo", "helo"),
    "mail_from": ("samplemailfrom", "samplemail", "mailfrom"),
    "first": ("firstip", "firstipaddress", "startip"),
    "last": ("lastip", "lastipaddress", "endip"),
    "blocked": ("blocked", "isblocked", "status"),
    "reason": ("reason", "details", "blockreason"),
}
"""Our name of a column → squashed spellings of its head. Those of the portal of June 2026 are not verified."""

Rows = Sequence[tuple[int, list[str]]]


def _data(rows: Rows, places: Mapping[str, int], file: str, on_bad: OnBad) -> SndsFacts:
    found, bad = list[Activity](), 0
    for line, row in rows:
        one = _activity({name: row[place] for name, place in places.items() if place < len(row)})
        if isinstance(one, str):
            bad += 1
            on_bad(Bad(file=file, line=line, reason=one))
        else:
            found.append(one)
    return merged([SndsFacts(activity=tuple(found), bad=bad)])


def _activity(cells: Mapping[str, str]) -> Activity | str:
    """One row, or why it cannot be read: an address and a time there must be, the rest may be empty."""
    ip = _address(cells.get("ip", ""))
    end = moment(cells.get("end") or cells.get("start", ""))
    rate = share(cells.get("complaints", ""))
    result = cells.get("result", "").strip().upper()
    if not ip:
        return "bad-address"
    if end is None:
        return "bad-date"
    if cells.get("complaints") and rate is None:
        return "no-unit"
    if result and result not in RESULTS:
        return "bad-filter-result"
    return Activity(
        ip=ip,
        start=moment(cells.get("start", "")) or end,
        end=end,
        rcpt_commands=count(cells.get("rcpt", "")),
        data_commands=count(cells.get("data", "")),
        message_recipients=count(cells.get("recipients", "")),
        filter_result=result,
        complaint_rate=rate[0] if rate else None,
        complaint_bound=rate[1] if rate else "",
        trap_hits=count(cells.get("traps", "")),
        helo=word(cells.get("helo", "")),
        mail_from=domain_of(cells.get("mail_from", "")),
    )


def _status(rows: Rows, places: Mapping[str, int], file: str, on_bad: OnBad) -> SndsFacts:
    found, bad = list[Range](), 0
    for line, row in rows:
        cells = {name: row[place] for name, place in places.items() if place < len(row)}
        first, last = _address(cells.get("first", "")), _address(cells.get("last", ""))
        blocked = _yes(cells.get("blocked", ""))
        if not first or not last or blocked is None:
            bad += 1
            on_bad(Bad(file=file, line=line, reason="bad-address" if blocked is not None else "not-yes-or-no"))
        else:
            found.append(Range(first=first, last=last, blocked=blocked, reason=word(cells.get("reason", ""))))
    return merged([SndsFacts(ranges=tuple(found), bad=bad)])


def _yes(text: str) -> bool | None:
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.strip().lower())


def _address(text: str) -> str:
    """The address in its one spelling; empty where it is none."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return ""
