"""What block lists say of the domains that a message's links lead to."""

from __future__ import annotations

from collections.abc import Iterable

from deliverability.lookup import Resolver
from deliverability.names import domain_name, registrable
from deliverability.protocols import dnsbl

MAX_DOMAINS = 20
"""Ours: registrable domains of links that the lists are asked about, for the lists' sake; letters link to a handful."""


async def links_listed(
    resolver: Resolver, hosts: Iterable[str], *, domain: str, which: str = "default", keyed: bool = False
) -> dnsbl.DnsblFacts:
    """What the lists of names say of the registrable domains of `hosts`, each list tested before it is believed.

    Args:
        resolver: as for `dnsbl.lookup`.
        hosts: the links' host names, in order; addresses and what is no name are passed over.
        domain: the audited domain, whose own listing is another check's matter.
        which: `none`, `default` or `all`; raises ValueError for another word.
        keyed: ask the lists of Spamhaus under the customer's zones.
    """
    own = registrable(domain) or domain
    names = filter(None, map(domain_name, hosts))
    found = [name for name in dict.fromkeys(map(registrable, names)) if name and name not in {own, domain}]
    return await dnsbl.lookup_names(
        resolver,
        domain,
        found[:MAX_DOMAINS],
        left_out=found[MAX_DOMAINS:],
        which=which,
        keyed=keyed,
    )
