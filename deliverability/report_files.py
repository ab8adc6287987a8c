"""Files of reports, of DMARC or of TLS, read one report at a time: what came of each is counted, and nothing stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, BinaryIO

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.feedback.containers import Candidate
    from deliverability.intake.trouble import Troubles


class Fate(Enum):
    """What came of one report."""

    ADDED = auto()
    DUPLICATE = auto()
    LEFT_OUT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What was read.

    - left_out: reports outside the asked time or domain; other: reports of another kind (TLS where DMARC's are read).
    - bad: files, members and mails that were refused.
    """

    files: int = 0
    reports: int = 0
    duplicates: int = 0
    left_out: int = 0
    other: int = 0
    bad: int = 0

    @property
    def readable(self) -> int:
        """Reports of the kind that was asked for that could be read."""
        return self.reports + self.duplicates + self.left_out

    @property
    def bad_share(self) -> float:
        """The refused ones among all that were looked at; 0 where there was nothing."""
        return self.bad / (self.readable + self.other + self.bad) if self.bad else 0.0


def read_reports(
    paths: Sequence[str], stdin: BinaryIO | None, troubles: Troubles, take: Callable[[Candidate], Fate]
) -> Input:
    """Hand each report in `paths` to `take`, and count what comes of it.

    - take: adds one report, whole or not at all; what it refuses (`Refused`) goes to the troubles.

    Raises MissingPath, a ValueError in one line, for a path that is not there.
    """
    from deliverability.feedback.containers import report_parts  # noqa: PLC0415 - only where reports are read
    from deliverability.intake.paths import expand  # noqa: PLC0415 - as above
    from deliverability.intake.streams import DEFAULT  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above

    bad_before, files, fates = troubles.count, 0, Counter[Fate]()

    def counted() -> Iterator[str]:
        nonlocal files
        for path in expand(paths):
            files += 1
            yield path

    for candidate in report_parts(counted(), DEFAULT, troubles, stdin=stdin):
        try:
            fates[take(candidate)] += 1
        except Refused as refused:
            troubles.refuse(candidate.name, refused)
    return Input(
        files=files,
        reports=fates[Fate.ADDED],
        duplicates=fates[Fate.DUPLICATE],
        left_out=fates[Fate.LEFT_OUT],
        other=fates[Fate.OTHER],
        bad=troubles.count - bad_before,
    )
