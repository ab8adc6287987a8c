"""Answers that never came from DNS, because nothing but files was to speak."""

from __future__ import annotations

from deliverability.lookup.answer import Answer, Status

FROM_ZONE = "zone"
"""The source of what zone files answer, a refusal for a name outside them included."""
UNRECORDED = "not recorded"
"""The source of the refusal that a replay gives for a question its recording does not hold."""


def never_asked(answer: Answer) -> bool:
    """Whether DNS was not asked: the files that answer in its place do not reach that far."""
    return answer.status is Status.REFUSED and answer.source in {FROM_ZONE, UNRECORDED}
