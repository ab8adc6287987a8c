"""Answers kept for as long as their TTL allows (RFC 1035 §7.3, RFC 2308), within a bound."""

from __future__ import annotations

from collections.abc import Hashable

from deliverability.lookup.answer import Answer, Status

MAX_POSITIVE_TTL = 86400
"""Seconds: one day, as Unbound's cache-max-ttl."""
MAX_NEGATIVE_TTL = 10800
"""Seconds: RFC 2308 §5 finds one to three hours sensible."""
FAILURE_TTL = 5
"""Seconds; RFC 2308 §7.1 allows five minutes, but an audit that is run again should look again."""
MAX_CACHED_CHARACTERS = 64 * 1024 * 1024
"""Our own bound on record text held; the oldest answers go first."""
_OVERHEAD = 512
"""Characters that an answer counts for besides its records; roughly its objects' size."""


class Cache:
    """A TTL cache; the caller says what time it is, in seconds of any steady clock."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[float, int, Answer]] = {}
        self._size = 0

    def get(self, key: Hashable, now: float) -> Answer | None:
        """The answer kept under `key`, if its time has not run out."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            self._drop(key)
            return None
        return entry[2]

    def put(self, key: Hashable, answer: Answer, now: float) -> None:
        """Keep `answer` for its lifetime; an answer without one is not kept."""
        lifetime = lifetime_of(answer)
        if lifetime <= 0:
            return
        if key in self._entries:
            self._drop(key)
        size = _OVERHEAD + sum(len(record) for record in answer.records)
        self._entries[key] = (now + lifetime, size, answer)
        self._size += size
        while self._size > MAX_CACHED_CHARACTERS:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        self._size -= self._entries.pop(key)[1]


def lifetime_of(answer: Answer) -> int:
    """For how many seconds `answer` may be given again. RFC 2308 §5: a negative one without an SOA, not at all."""
    if not answer.answered:
        return FAILURE_TTL
    return min(answer.ttl or 0, MAX_POSITIVE_TTL if answer.status is Status.OK else MAX_NEGATIVE_TTL)
