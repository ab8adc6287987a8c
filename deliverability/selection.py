"""Which checks run."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from functools import lru_cache

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
    named, ignored = _named(select), _named(ignore)
    left = tuple(c for c in CHECKS if (not select or c.id in named) and c.id not in ignored)
    judged = graded(left, judging) if judging and judging.severities else left
    if not judged:
        raise UnknownCheck("no check is left to run: everything selected is ignored")
    return judged


def _named(patterns: Sequence[str]) -> frozenset[str]:
    """The ids that any of `patterns` matches. Raises UnknownCheck."""
    for pattern in patterns:
        if not _matching(pattern):
            raise UnknownCheck(f"no check is called {pattern!r} (deliv checks lists them)")
    return frozenset[str]().union(*map(_matching, patterns))


@lru_cache(maxsize=256)
def _matching(pattern: str) -> frozenset[str]:
    """The ids that a pattern matches; many domains are audited by the same ones."""
    return frozenset(fnmatch.filter((c.id for c in CHECKS), pattern))
