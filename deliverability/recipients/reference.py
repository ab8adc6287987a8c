"""What addresses are held against, with source and date: disposable domains, names of tasks, what providers leave out.

Each stands beside this file with its source and date: disposable.txt, roles.csv, aliases.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from deliverability.fastclass import dataclass

DISPOSABLE_SOURCE = "disposable-email-domains, 2026-08-21"
"""Whose list is shipped, and of which day."""
LASTING = frozenset({"sify.com"})
"""What stands in that list and is no such service. The file is left as its source has it; this is taken out of it.

- sify.com: Sify Technologies, an internet access provider of consumers and companies in India, whose
  customers have their mailboxes there (its reports to the SEC, CIK 1094324, last read 2026-11).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliasing:
    """What a provider leaves out of a local part: dots, and `tag` with what follows; `domain` is the one it means."""

    dots: bool
    tag: str
    domain: str

    def mailbox(self, local: str) -> str:
        """The address of the mailbox behind the local part (lower case)."""
        name = local.partition(self.tag)[0] if self.tag else local
        return f"{name.replace('.', '') if self.dots else name}@{self.domain}"


def disposable(name: str, domains: frozenset[str]) -> bool:
    """Whether `name` (A-labels), or a name above it, is among `domains`."""
    while name:
        if name in domains:
            return True
        name = name.partition(".")[2]
    return False


@lru_cache(maxsize=1)
def disposable_domains() -> frozenset[str]:
    """The domains of the list that is shipped, but for `LASTING`."""
    return frozenset(domain_lines(_text("disposable.txt").splitlines())) - LASTING


def domain_lines(lines: Iterable[str]) -> Iterable[str]:
    """The names in a list with one a line, in lower case; `#` begins a comment."""
    for line in lines:
        name = line.partition("#")[0].strip().lower().removesuffix(".")
        if name:
            yield name


@lru_cache(maxsize=1)
def roles() -> frozenset[str]:
    """Local parts that belong to a task."""
    return frozenset(row["name"] for row in _rows("roles.csv"))


@lru_cache(maxsize=1)
def aliasings() -> Mapping[str, Aliasing]:
    """Domain → what its provider leaves out."""
    return {
        row["domain"]: Aliasing(dots=row["dots"] == "yes", tag=row["tag"], domain=row["as"])
        for row in _rows("aliases.csv")
    }


def _rows(name: str) -> Iterable[Mapping[str, str]]:
    return csv.DictReader(line for line in _text(name).splitlines() if not line.startswith("#"))


def _text(name: str) -> str:
    return files("deliverability.recipients").joinpath(name).read_text(encoding="utf-8")
