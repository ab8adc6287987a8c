"""Messages that were refused or put off for how they were authenticated, by what the receiver asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from deliverability.compare.campaigns import Cell
from deliverability.compare.figures import listed
from deliverability.compare.intervals import Share, wilson
from deliverability.compare.numerics.clustered import Cluster, Contrast, change, single
from deliverability.compare.result import ShareOf
from deliverability.fastclass import dataclass

MOST_CODES = 8
"""Codes that a sentence names; our own bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The messages of both sides that were refused for some requirements.

    - codes: the enhanced codes that they met; one reply in some has none.
    - moved: the change of their share, with campaigns as the unit; None where a side has no messages.
    """

    before: Share
    after: Share
    codes: tuple[str, ...]
    moved: Contrast | None

    @property
    def any(self) -> bool:
        """Whether there were any."""
        return bool(self.before[0] or self.after[0])

    def beyond(self, sign: int) -> bool:
        """Whether their share rose (1) or fell (-1) by more than campaigns differ."""
        if self.moved is None or self.moved.low is None or self.moved.high is None:
            return False
        return self.moved.low > 0 if sign > 0 else self.moved.high < 0

    def words(self, verb: str) -> str:
        """What became of them: "messages refused or put off with 5.7.26 fell from 2,250 of 50,000 to 31 of 50,000"."""
        return f"messages refused or put off {self.why()} {verb} from {of(self.before)} to {of(self.after)}"

    def why(self) -> str:
        """With which codes."""
        return f"with {listed(list(self.codes), MOST_CODES)}" if self.codes else "for how they were authenticated"


def of(share: Share) -> str:
    """`31 of 50,000`."""
    return f"{share[0]:,} of {share[1]:,}"


def share_of(share: Share, confidence: float) -> ShareOf | None:
    """The share as a document has it; None of nothing."""
    x, n = share
    if not n:
        return None
    low, high = wilson(x, n, confidence)
    return ShareOf(numerator=x, denominator=n, low=low, high=high)


class Refusals:
    """All of both sides.

    - met: the requirements that mail was refused for; none where the data know no codes, as rows of campaigns often do.
    """

    def __init__(self, before: Sequence[Cell], after: Sequence[Cell], confidence: float) -> None:
        self._sides = [_Side(before), _Side(after)]
        self._confidence = confidence
        self.met = frozenset(requirement for side in self._sides for requirement in side.met)

    def of(self, requirements: frozenset[str]) -> Refused:
        """Those for any of these requirements (keys of `REQUIREMENTS`)."""
        groups = [side.shares(requirements) for side in self._sides]
        before, after = (_sum(group) for group in groups)
        moved = change(*groups)
        return Refused(
            before=before,
            after=after,
            codes=tuple(sorted({code for side in self._sides for one in requirements for code in side.codes(one)})),
            moved=single(moved, self._confidence) if moved is not None else None,
        )


class _Side:
    """The refusals of one side by campaign. `met`: requirement → campaign → code → messages."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.sent: dict[Cluster, int] = {}
        self.met: dict[str, dict[Cluster, dict[str, int]]] = {}
        for cell in cells:
            key = (str(cell.day or ""), cell.campaign)
            self.sent[key] = self.sent.get(key, 0) + cell.sent
            for code, count in cell.auth_rejected.items():
                if count > 0:
                    codes = self.met.setdefault(_requirement(cell.provider, code), {}).setdefault(key, {})
                    codes[code] = codes.get(code, 0) + count

    def shares(self, requirements: frozenset[str]) -> Mapping[Cluster, Share]:
        """(refused for these, sent) of each campaign with any sent, in order."""
        found: dict[Cluster, Share] = {}
        for key in sorted(key for key, sent in self.sent.items() if sent):
            x = sum(sum(self.met.get(one, {}).get(key, {}).values()) for one in requirements)
            found[key] = min(x, self.sent[key]), self.sent[key]
        return found

    def codes(self, requirement: str) -> set[str]:
        """The codes that were met."""
        return {code for codes in self.met.get(requirement, {}).values() for code in codes if code}


def _sum(group: Mapping[Cluster, Share]) -> Share:
    return sum(x for x, _ in group.values()), sum(n for _, n in group.values())


@cache
def _requirement(provider: str, code: str) -> str:
    """The requirement that a provider means by a code."""
    from deliverability.checks._bounce_causes import requirement_of  # noqa: PLC0415 - only where audits are laid beside
    from deliverability.events.figures import Rejection  # noqa: PLC0415 - as above
    from deliverability.events.reasons import Reason  # noqa: PLC0415 - as above

    return requirement_of(Rejection(provider=provider, code=code, reason=Reason.AUTH_FAILURE))
