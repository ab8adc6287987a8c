"""What of a policy shapes findings: which checks are judged, how severe their faults are, and by which lines."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from deliverability.findings import Severity
from deliverability.policy.model import Judging

if TYPE_CHECKING:
    from deliverability.checks._check import Check

OFF = "off"
"""In `[checks]`: the check is left out, as by --ignore."""
_GLOB = frozenset("*?[")

Severities = Sequence[tuple[str, Severity | None]]


def graded(checks: Iterable[Check], judging: Judging) -> tuple[Check, ...]:
    """The checks as a policy has them: without those that are off, and with the severity that it gives to others."""
    found: list[Check] = []
    for check in checks:
        said = decision(judging.severities, check.id)
        if said is None:
            found.append(check)
        elif said[1] is not None:
            found.append(replace(check, graded=said[1]))
    return tuple(found)


def decision(severities: Severities, check: str) -> tuple[str, Severity | None] | None:
    """The pattern that decides on a check, with its severity or None for off; None where no pattern names it.

    An id goes before a glob, and of two globs the later.
    """
    matching = [one for one in severities if fnmatch.fnmatchcase(check, one[0])]
    exact = [one for one in matching if not is_glob(one[0])]
    found = exact or matching
    return found[-1] if found else None


def is_glob(pattern: str) -> bool:
    """Whether a pattern can match more than the one id that it spells."""
    return not _GLOB.isdisjoint(pattern)


def to_plain(judging: Judging) -> dict[str, Any]:
    """The judging as a document keeps it, in the words of `deliv.toml`; empty where everything is deliv's own."""
    plain: dict[str, Any] = {}
    if judging.severities:
        plain["checks"] = {pattern: severity.value if severity else OFF for pattern, severity in judging.severities}
    if judging.lines is not None:
        lines = judging.lines
        tables: dict[str, dict[str, Any]] = {check: change.figures() for check, change in lines.changes.items()}
        for name, narrow in (("providers", lines.by_provider), ("streams", lines.by_stream)):
            for check, changes in narrow.items():
                tables.setdefault(check, {})[name] = {key: change.figures() for key, change in changes.items()}
        plain["thresholds"] = tables
    return plain


def from_plain(plain: object) -> Judging:
    """The judging that `to_plain` made `plain` of. Raises ValueError in one line where it is something else."""
    from deliverability.policy.reader import Reader  # noqa: PLC0415 - only where a document has a policy
    from deliverability.policy.sections import read_judging  # noqa: PLC0415 - as above
    from deliverability.policy.tables import Tables  # noqa: PLC0415 - as above

    if not isinstance(plain, Mapping):
        raise ValueError("options.policy is no policy")  # noqa: TRY004 - a document that is damaged
    reader = Reader(Tables("options.policy", cast("Mapping[str, Any]", plain), {}))
    judging = read_judging(reader)
    reader.check()
    return judging
