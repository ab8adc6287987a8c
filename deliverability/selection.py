"""Which checks run."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from deliverability.checks import CHECKS
from deliverability.checks._check import Check


class UnknownCheck(ValueError):
    """A --select or --ignore that no check's id matches."""


def selected(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Check, ...]:
    """The checks whose id matches any of `select` (all, if there is none) and none of `ignore`; globs are welcome.

    Raises UnknownCheck for a pattern that matches nothing, or where nothing is left: a slip must not open a gate.
    """
    for pattern in (*select, *ignore):
        if not any(fnmatch.fnmatchcase(c.id, pattern) for c in CHECKS):
            raise UnknownCheck(f"no check is called {pattern!r} (deliv checks lists them)")
    chosen = [c for c in CHECKS if not select or any(fnmatch.fnmatchcase(c.id, p) for p in select)]
    left = tuple(c for c in chosen if not any(fnmatch.fnmatchcase(c.id, p) for p in ignore))
    if not left:
        raise UnknownCheck("no check is left to run: everything selected is ignored")
    return left
