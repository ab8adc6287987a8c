"""The time in the head of a log line, also where the head has no year and no zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

MINUTE = rb"(?:\d{4} )?[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
"""A head up to its minute: `Nov  9 06:27`, `2013 Jun 10 06:27`, `2026-11-09T06:27`."""
HEAD = rb"(?:<\d{1,3}>)?(" + MINUTE + rb"):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)? "
"""Minute, seconds, fraction, offset: RFC 3164 §4.1.2, RFC 3339 §5.6, journald's `short` and `short-iso`."""

DISORDER = timedelta(days=60)
"""How far a line without a year may stand before the line above it; further back is the year after. Ours."""
AHEAD = timedelta(days=1)
"""How far a sender's clock and zone may be ahead of `now`. Ours."""
REMEMBERED = 100_000
"""Minutes that are held in memory: seventy days."""
LEAP_YEARS_APART = 8
"""29 February may be that long ago (1896 to 1904, 2096 to 2104)."""

_SHORT = re.compile(rb"(?:(\d{4}) )?([A-Z][a-z]{2}) ([ \d]?\d) (\d\d):(\d\d)")
_MONTHS = {name: 1 + i for i, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}


class Clock:
    """Reads the heads of one log, in the order of its lines.

    A head without a year is of the latest year in which it is not later than `now`; each one after it is of the year
    that keeps the lines in order. Where a log is longer than a year that puts its end after `now`: `years_over` then
    says by how many years, and a second reading with `years_back` set to it is right.

    Args:
        now: the latest time that a line may have, with a zone.
        zone: the zone of heads without an offset; UTC where it is None.
        years_back: how many years before the latest possible one the first line is.
    """

    def __init__(self, now: datetime, zone: tzinfo | None, years_back: int = 0) -> None:
        self._zone = zone or UTC
        self._latest = (now + AHEAD).astimezone(self._zone).date()
        self._years_back = years_back
        self._last: date | None = None
        self._minutes: dict[bytes, int] = {}
        self.years_over = 0
        self.zone_assumed = False

    def read(self, minute: bytes, seconds: bytes, fraction: bytes | None, offset: bytes | None) -> int:
        """Microseconds since 1970 (UTC) of the parts of `HEAD`; ValueError where there is no such time."""
        key = minute + offset if offset else minute
        start = self._minutes.get(key)
        if start is None:
            start = self._minute(minute, offset)
            if len(self._minutes) >= REMEMBERED:
                self._minutes.clear()
            self._minutes[key] = start
        whole = int(seconds)
        if whole > 60:  # RFC 3339 §5.7: 60 is a leap second
            raise ValueError("seconds")
        micros = (start + whole) * 1_000_000
        return micros + int(fraction[:6].ljust(6, b"0")) if fraction else micros

    def _minute(self, minute: bytes, offset: bytes | None) -> int:
        short = _SHORT.fullmatch(minute)
        if short:
            moment = self._short(*short.groups())
        else:
            moment = datetime.strptime(minute.decode().replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - see below
        if offset and offset != b"Z":
            away = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
            moment = (moment + away if offset[:1] == b"-" else moment - away).replace(tzinfo=UTC)
        elif offset:
            moment = moment.replace(tzinfo=UTC)
        else:
            self.zone_assumed = True
            moment = moment.replace(tzinfo=self._zone)
        return int(moment.timestamp())

    def _short(self, year: bytes | None, month: bytes, day: bytes, hour: bytes, minute: bytes) -> datetime:
        number = _MONTHS.get(month)
        if number is None:
            raise ValueError("month")
        on = date(int(year), number, int(day)) if year else self._day(number, int(day))
        return datetime(on.year, on.month, on.day, int(hour), int(minute))  # noqa: DTZ001 - the caller sets the zone

    def _day(self, month: int, day: int) -> date:
        """The date of a head without a year."""
        # RFC 3164 §4.1.2: the head has no year.
        if self._last is None:
            last_time = self._last_time(month, day)
            on = last_time.replace(year=last_time.year - self._years_back)
        else:
            on = self._in_order(self._last, month, day)
        if self._last is not None and on.year != self._last.year:
            self._minutes.clear()
        self._last = on
        if on > self._latest:
            self.years_over = max(self.years_over, on.year - self._last_time(month, day).year)
        return on

    def _last_time(self, month: int, day: int) -> date:
        year = self._latest.year
        possible = (_date(year - back, month, day) for back in range(LEAP_YEARS_APART + 1))
        found = next((on for on in possible if on is not None and on <= self._latest), None)
        if found is None:
            raise ValueError("day")
        return found

    @staticmethod
    def _in_order(last: date, month: int, day: int) -> date:
        near = (_date(last.year + step, month, day) for step in (-1, 0, 1))
        found = next((on for on in near if on is not None and on - last >= -DISORDER), None)
        if found is None:
            raise ValueError("day")
        return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
