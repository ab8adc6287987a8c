"""Whose a sending source is: by the domains it authenticates as, or by the name behind its address where asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from deliverability.fastclass import dataclass

SENDING_SERVICES = frozenset({"Marketing", "SaaS", "PaaS", "Email Security"})
"""Kinds of operators that send other people's mail from an envelope of their own, with their customer's signature."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A service, and its kind in the words of senders.csv; empty where only a name is known."""

    name: str
    kind: str = ""

    @property
    def sends_for_others(self) -> bool:
        """Whether mail that it signs as somebody was sent for them, and not passed on."""
        return self.kind in SENDING_SERVICES


def owner_of(domains: Iterable[str]) -> Owner | None:
    """The service that the first of `domains` (canonical) belongs to; None where none of them is in the list."""
    for domain in domains:
        if (owner := _owner(domain)) is not None:
            return owner
    return None


def named(domain: str) -> Owner:
    """The service of `domain`, or its registrable domain as the only name that is known."""
    from deliverability.feedback.aggregate import organization  # noqa: PLC0415 - reads the suffix list

    return _owner(domain) or Owner(organization(domain))


@lru_cache(maxsize=8192)
def _owner(domain: str) -> Owner | None:
    known = _known()
    while domain and domain not in known:
        domain = domain.partition(".")[2]
    return known.get(domain)


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Owner]:
    import csv  # noqa: PLC0415 - only where a source is named

    text = files("deliverability.feedback.aggregate").joinpath("senders.csv").read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    services = dict[tuple[str, str], Owner]()  # several domains are one service
    return {domain: services.setdefault((name, kind), Owner(name, kind)) for domain, name, kind, *_ in rows}
