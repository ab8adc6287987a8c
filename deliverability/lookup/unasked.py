"""Answers that never came from DNS, because nothing but files was to speak."""

from __future__ import annotations

from typing import Self

from deliverability.lookup.answer import Answer, Status

FROM_ZONE = "zone"
"""The source of what zone files answer, a refusal for a name outside them included."""
UNRECORDED = "not recorded"
"""The source of the refusal that a replay gives for a question its recording does not hold."""


def never_asked(answer: Answer) -> bool:
    """Whether DNS was not asked: the files that answer in its place do not reach that far."""
    return answer.status is Status.REFUSED and answer.source in {FROM_ZONE, UNRECORDED}


class PrivateName(str):
    """A name that is asked and never shown, since it holds somebody's local part: `shown` stands in its place."""

    __slots__ = ("shown",)
    shown: str

    @classmethod
    def of(cls, name: str, shown: str) -> Self:
        """`name`, which people see as `shown`."""
        made = cls(name)
        made.shown = shown
        return made
