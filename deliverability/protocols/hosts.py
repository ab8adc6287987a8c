"""The hosts that send a domain's mail: the names of their addresses, the way back from those, and how they greet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deliverability.fastclass import dataclass
from deliverability.lookup import Answer, Resolver
from deliverability.protocols.addresses import Origin, literal, not_public
from deliverability.protocols.generic_names import looks_generic
from deliverability.protocols.mx import Reverse, reverse_of
from deliverability.protocols.providers import provider_of
from deliverability.protocols.spf.evaluate import mx_hosts
from deliverability.protocols.spf.limits import MAX_MX_NAMES
from deliverability.protocols.spf.macro import static_target
from deliverability.protocols.spf.record import Kind, Mechanism, Qualifier, Span, is_spf, parse

MAX_NAMED = 8
"""Addresses of the domain's own SPF record that are looked at where none was given; our own bound on the questions."""
MAX_GIVEN = 64
"""Addresses known to send that are looked at; our own bound on the questions of one audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingHost:
    """An address that sends, or may; where only SPF says so, it names it by `term` at `span`.

    `special` is what an address is set aside for that the internet cannot reach; its name was not asked then.
    `generic` are those of the names that look made up from the address.
    """

    address: str
    origin: Origin
    term: str = ""
    span: Span | None = None
    special: str | None = None
    reverse: Reverse | None = None
    generic: tuple[str, ...] = ()

    @property
    def sends(self) -> bool:
        """Whether it is known to send."""
        return self.origin is not Origin.SPF

    @property
    def total_names(self) -> int:
        """How many names the PTR answer holds; `reverse.names` are the first ten."""
        return len(self.reverse.ptr.records) if self.reverse else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The HELO name and its addresses. `literal` is the address that it only spells: nothing was asked then."""

    name: str
    literal: str | None = None
    a: Answer | None = None
    aaaa: Answer | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The address answers that were asked for."""
        return tuple(answer for answer in (self.a, self.aaaa) if answer is not None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the name."""
        return tuple(found for answer in self.answers for record in answer.records if (found := literal(record)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsFacts:
    """What DNS says of the sending hosts.

    `answers` are what SPF's addresses rest on, empty where addresses are known to send; `record` is the SPF record they
    come from. `total` counts the addresses there are to look at, more than `hosts` where a bound cut them.
    """

    domain: str
    hosts: tuple[SendingHost, ...]
    total: int
    greeting: Greeting | None = None
    answers: tuple[Answer, ...] = ()
    record: str = ""


@dataclass(frozen=True, slots=True)
class _Named:
    """The addresses that the domain's SPF record names one by one, each with its term, and what they rest on."""

    terms: dict[str, Mechanism]
    answers: tuple[Answer, ...] = ()
    record: str = ""


async def lookup(
    resolver: Resolver, domain: str, *, ips: Sequence[str] = (), sent: Sequence[str] = (), helo: str | None = None
) -> HostsFacts:
    """What DNS says of the addresses that send mail for `domain`, and of the name they greet with.

    Args:
        resolver: answers the questions.
        domain: in A-labels, lower case, without the final dot.
        ips: the addresses that the caller knows to send.
        sent: those that sent by the events of the sending service, looked at where there are no `ips`. Without either,
            the domain's own SPF record is read for those that it names one by one; ranges and includes are left alone,
            since most addresses in them are other people's.
        helo: the name that the servers give in HELO, where it is known.
    """
    origin = Origin.GIVEN if ips else Origin.EVENTS
    sending = _known(resolver, domain, ips or sent, origin) if ips or sent else _authorised(resolver, domain)
    facts, greeting = await asyncio.gather(sending, _greeting(resolver, helo))
    return replace(facts, greeting=greeting)


async def _known(resolver: Resolver, domain: str, ips: Sequence[str], origin: Origin) -> HostsFacts:
    addresses = list(dict.fromkeys(ips))
    hosts = await asyncio.gather(*(_host(resolver, domain, address, origin) for address in addresses[:MAX_GIVEN]))
    return HostsFacts(domain=domain, hosts=tuple(hosts), total=len(addresses))


async def _authorised(resolver: Resolver, domain: str) -> HostsFacts:
    named = await _named_by_spf(resolver, domain)
    looked = list(named.terms.items())[:MAX_NAMED]
    hosts = await asyncio.gather(*(_host(resolver, domain, address, Origin.SPF, term) for address, term in looked))
    return HostsFacts(
        domain=domain, hosts=tuple(hosts), total=len(named.terms), answers=named.answers, record=named.record
    )


async def _host(
    resolver: Resolver, domain: str, address: str, origin: Origin, term: Mechanism | None = None
) -> SendingHost:
    special = not_public(address, domain)
    reverse = None if special else await reverse_of(resolver, address, domain)
    names = reverse.names if reverse else ()
    return SendingHost(
        address=address,
        origin=origin,
        term=term.text if term else "",
        span=term.span if term else None,
        special=special,
        reverse=reverse,
        generic=tuple(name for name in names if looks_generic(name, address)),
    )


async def _greeting(resolver: Resolver, helo: str | None) -> Greeting | None:
    if helo is None:
        return None
    if helo.startswith("["):  # RFC 5321 §4.1.3: [192.0.2.1] or [IPv6:2001:db8::1]
        return Greeting(name=helo, literal=helo[1:-1].lower().removeprefix("ipv6:"))
    if spelled := literal(helo):
        return Greeting(name=helo, literal=spelled)
    a, aaaa = await asyncio.gather(resolver.resolve(helo, "A"), resolver.resolve(helo, "AAAA"))
    return Greeting(name=helo, a=a, aaaa=aaaa)


async def _named_by_spf(resolver: Resolver, domain: str) -> _Named:
    txt = await resolver.resolve(domain, "TXT")
    texts = [text for text in txt.records if is_spf(text)]
    if len(texts) != 1:  # RFC 7208 §4.5: no record, or several, which is permerror
        return _Named({}, (txt,))
    terms = [term for term in parse(texts[0]).reached if term.qualifier is Qualifier.PASS]
    answers = await asyncio.gather(*(_answers(resolver, domain, term) for term in terms))
    found: dict[str, Mechanism] = {}
    for term, said in zip(terms, answers, strict=True):
        for address in _addresses(term, said):
            found.setdefault(address, term)
    return _Named(found, (txt, *(answer for said in answers for answer in said)), texts[0])


async def _answers(resolver: Resolver, domain: str, term: Mechanism) -> tuple[Answer, ...]:
    """What DNS says of the hosts of an `a` or `mx` term; a known provider's are not the sender's own."""
    if term.kind not in {Kind.A, Kind.MX}:
        return ()
    name = domain if term.domain is None else static_target(term.domain, domain=domain, sender_domain=domain)
    if name is None:
        return ()
    mx = (await resolver.resolve(name, "MX"),) if term.kind is Kind.MX else ()
    hosts = mx_hosts(mx[0].records)[:MAX_MX_NAMES] if mx else [name]
    single = {"A": term.prefix4 in {None, 32}, "AAAA": term.prefix6 in {None, 128}}
    asked = [(h, rdtype) for h in hosts if provider_of(h) is None for rdtype, one in single.items() if one]
    return (*mx, *await asyncio.gather(*(resolver.resolve(host, rdtype) for host, rdtype in asked)))


def _addresses(term: Mechanism, answers: Iterable[Answer]) -> list[str]:
    """The addresses that `term` names one by one."""
    network = term.network
    if network is not None:
        return [str(network.network_address)] if network.num_addresses == 1 else []
    found = (literal(record) for answer in answers if answer.rdtype != "MX" for record in answer.records)
    return [address for address in found if address]
