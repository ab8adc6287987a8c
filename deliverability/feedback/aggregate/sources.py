"""What a source is to the domain that it sends as: its own, a declared service, a forwarder, or unknown; and why."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from deliverability.fastclass import dataclass
from deliverability.feedback.aggregate import Auth, organization
from deliverability.feedback.aggregate.owners import Owner, named, owner_of
from deliverability.feedback.aggregate.sums import SourceTally
from deliverability.text import visible


class Category(StrEnum):
    """What a source is to the domain."""

    OWN = "own"
    DECLARED = "declared"
    FORWARDER = "forwarder"
    UNKNOWN = "unknown"


class Source(NamedTuple):
    """One source, judged. `declared` is the entry of the inventory that names it; `why` one sentence."""

    address: str
    tally: SourceTally
    owner: Owner | None
    category: Category
    declared: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The senders that somebody declared: networks, and domains or names of services in lower case."""

    entries: tuple[str, ...] = ()
    networks: tuple[tuple[IPv4Network | IPv6Network, str], ...] = ()
    words: Mapping[str, str]

    @classmethod
    def of(cls, entries: Iterable[str]) -> Inventory:
        """Read entries: an address, a network (CIDR), a domain, or the name of a service. Raises ValueError."""
        given = tuple(dict.fromkeys(entry.strip() for entry in entries))
        networks = list[tuple[IPv4Network | IPv6Network, str]]()
        words: dict[str, str] = {}
        for entry in given:
            if not entry:
                raise ValueError("a declared sender is an address, a network, a domain or a service's name, not ''")
            try:
                networks.append((ipaddress.ip_network(entry, strict=False), entry))
            except ValueError:
                if "/" in entry and entry.replace("/", "").replace(".", "").replace(":", "").isalnum():
                    raise ValueError(f"not a network: {visible(entry)[:80]!r}") from None
                words[entry.lower().removesuffix(".")] = entry
        return cls(entries=given, networks=tuple(networks), words=words)

    def entry_for(self, address: str, domains: Iterable[str], owner: Owner | None) -> str | None:
        """The entry that names a source: by its address, a domain it passed as, or its service."""
        if self.networks and (entry := self._network(address)):
            return entry
        if not self.words:
            return None
        if owner and (entry := self._service(owner.name.lower())):
            return entry
        return next((entry for domain in domains if (entry := self._domain(domain))), None)

    def _network(self, address: str) -> str | None:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return None
        return next((entry for network, entry in self.networks if parsed in network), None)

    def _domain(self, domain: str) -> str | None:
        labels = domain.split(".")
        return next((self.words[at] for i in range(len(labels)) if (at := ".".join(labels[i:])) in self.words), None)

    def _service(self, name: str) -> str | None:
        """A service by its name or by one whole word of it: `SendGrid` is Twilio SendGrid."""
        return self.words.get(name) or next((self.words[part] for part in name.split() if part in self.words), None)


class Judge:
    """Judges sources by what they authenticated as, an inventory, and the names behind addresses.

    `names` maps an address to host names that lead back to it, where somebody looked.
    """

    def __init__(self, inventory: Inventory, names: Mapping[str, Sequence[str]] | None = None) -> None:
        self._inventory = inventory
        self._names = names or {}

    def judge(self, address: str, tally: SourceTally) -> Source:
        """What the source at `address` is."""
        passed, foreign = _identities(tally.header_from, tally.auth)
        service = owner_of(foreign)
        owner = service or self._behind(address) or owner_of(passed)
        declared = self._inventory.entry_for(address, passed, owner) if self._inventory.entries else None
        category, why = (
            (Category.DECLARED, f"declared as {declared}") if declared else _category(tally, service, foreign)
        )
        return Source(address=address, tally=tally, owner=owner, category=category, declared=declared, why=why)

    def category(self, address: str, tally: SourceTally) -> Category:
        """The category alone, of sources of which there are too many to look at each."""
        if not self._inventory.entries:
            if tally.spf_aligned:
                return Category.OWN
            if not (tally.forwarded or tally.dmarc_pass):
                return Category.UNKNOWN
        return self.judge(address, tally).category

    def _behind(self, address: str) -> Owner | None:
        names = self._names.get(address, ())
        return owner_of(names) or (named(names[0]) if names else None)


def _identities(header_from: tuple[str, ...], results: tuple[Auth, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The domains that passed, and those of them that belong to somebody else than the author domains."""
    own = {organization(name) for name in header_from}
    passed = dict.fromkeys([domain for method, domain, _, result in results if result == "pass" and method == "spf"])
    passed |= dict.fromkeys([domain for _, domain, _, result in results if result == "pass"])  # SPF is of the address
    passed.pop("", None)
    return tuple(passed), tuple([domain for domain in passed if organization(domain) not in own])


def _category(tally: SourceTally, service: Owner | None, foreign: Sequence[str]) -> tuple[Category, str]:
    """Without an inventory: what the results themselves say."""
    if tally.spf_aligned:
        return Category.OWN, "the domain's own SPF authorises it"
    if tally.forwarded * 2 >= tally.messages > 0:
        return Category.FORWARDER, "receivers report that it passes mail on"
    if not tally.dmarc_pass:
        return Category.UNKNOWN, _nothing_passes(foreign)
    if service and service.sends_for_others:
        return Category.OWN, f"{service.name} signs with a key of the domain"
    if any(auth.method == "spf" for auth in tally.auth):
        # a signature survives being passed on, SPF does not: the address is then the forwarder's
        return Category.FORWARDER, "the domain's signature arrives intact, but SPF does not cover the address"
    return Category.OWN, "it signs with a key of the domain"


def _nothing_passes(foreign: Sequence[str]) -> str:
    if foreign:
        return f"it authenticates as {foreign[0]} only, not as the domain"
    return "neither SPF nor DKIM passes for the domain"
