"""Everything an audit wants to know of a domain's DMARC policy."""

from __future__ import annotations

import asyncio

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Resolver, names_below
from deliverability.names import probe_label, registrable
from deliverability.protocols.dmarc.discover import PREFIX, Discovery, discover
from deliverability.protocols.dmarc.record import DmarcRecord, is_dmarc, parse
from deliverability.protocols.dmarc.reports import Destination, Mailbox, destinations, mailbox_of


@dataclass(frozen=True, slots=True)
class Published:
    """What stands at `_dmarc` of one name: the DMARC records, and all other texts."""

    name: str
    answer: Answer
    records: tuple[DmarcRecord, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DmarcFacts:
    """The policy for `domain` itself, for a subdomain that exists (None if none is known) and for a made-up one.

    `published` is what stands at every name of the domain's walk. `mailbox` says whether the domain can receive mail
    itself, `public_suffix` whether names below it belong to others by the Public Suffix List.
    """

    domain: str
    discovery: Discovery
    existing: Discovery | None
    made_up: Discovery
    published: tuple[Published, ...]
    destinations: tuple[Destination, ...]
    mailbox: Mailbox
    public_suffix: bool

    @property
    def own(self) -> Published | None:
        """What stands at the domain's own `_dmarc`; None for a name too long to have one."""
        return next((one for one in self.published if one.name == PREFIX + self.domain), None)

    @property
    def is_organizational(self) -> bool:
        """Whether the domain is its own Organizational Domain for readers of either generation."""
        found = self.discovery
        return self.domain in (found.organizational_domain, found.legacy.organizational_domain)

    @property
    def wildcard_texts(self) -> tuple[str, ...]:
        """DMARC records that `_dmarc` of a made-up subdomain answers with: a wildcard's."""
        first = self.made_up.walk[:1]
        made_up = f"{PREFIX}{self.made_up.domain}"
        return tuple(text for answer in first if answer.name == made_up for text in answer.records if is_dmarc(text))


async def lookup(resolver: Resolver, domain: str) -> DmarcFacts:
    """All about the DMARC policy of `domain` (canonical); two waves of questions, the second to where reports go."""
    discovery, existing, made_up, mailbox = await asyncio.gather(
        discover(resolver, domain),
        _existing(resolver, domain),
        discover(resolver, f"{probe_label(domain)}.{domain}"),
        mailbox_of(resolver, domain),
    )
    return DmarcFacts(
        domain=domain,
        discovery=discovery,
        existing=existing,
        made_up=made_up,
        published=tuple(_published(answer) for answer in discovery.walk),
        destinations=await destinations(resolver, discovery),
        mailbox=mailbox,
        public_suffix=registrable(domain) is None,
    )


def _published(answer: Answer) -> Published:
    records = tuple(parse(text) for text in answer.records if is_dmarc(text))
    return Published(answer.name, answer, records, tuple(text for text in answer.records if not is_dmarc(text)))


async def _existing(resolver: Resolver, domain: str) -> Discovery | None:
    """Discovery for some subdomain that exists; over live DNS `www`, which most domains have."""
    listed = names_below(resolver, domain)
    name = f"www.{domain}" if listed is None else _host_name(listed, domain)
    found = await discover(resolver, name) if name else None
    return found if found is not None and found.exists else None


def _host_name(listed: tuple[str, ...], domain: str) -> str | None:
    """The nearest name that could stand in a From: no service labels, no wildcard."""
    hosts = [name for name in listed if not any(label[0] in "_*" for label in name.split("."))]
    return min(hosts, key=lambda name: (name != f"www.{domain}", name.count("."), name), default=None)
