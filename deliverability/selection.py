"""Which checks run."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from deliverability.checks import CHECKS
from deliverability.checks._check import Check
from deliverability.policy.judging import graded
from deliverability.policy.model import Judging


class UnknownCheck(ValueError):
    """A --select or --ignore that no check's id matches."""


def selected(
    select: Sequence[str] = (), ignore: Sequence[str] = (), judging: Judging | None = None
) -> tuple[Check, ...]:
    """The checks whose id matches any of `select` (all, if there is none) and none of `ignore`; globs are welcome.

    A policy's `judging` leaves out those that are off, and gives others a severity of its own.

    Raises UnknownCheck for a pattern that matches nothing, or where nothing is left: a slip must not open a gate.
    """
    for pattern in (*select, *ignore):
        if not any(fnmatch.fnmatchcase(c.id, pattern) for c in CHECKS):
            raise UnknownCheck(f"no check is called {pattern!r} (deliv checks lists them)")
    chosen = [c for c in CHECKS if not select or any(fnmatch.fnmatchcase(c.id, p) for p in select)]
    left = tuple(c for c in chosen if not any(fnmatch.fnmatchcase(c.id, p) for p in ignore))
    judged = graded(left, judging) if judging and judging.severities else left
    if not judged:
        raise UnknownCheck("no check is left to run: everything selected is ignored")
    return judged
