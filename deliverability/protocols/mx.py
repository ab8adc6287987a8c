"""Where a domain's mail is delivered: MX, null MX, implicit MX, and the hosts behind them (RFC 5321 §5, RFC 7505)."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from deliverability.fastclass import dataclass
from deliverability.lookup import Answer, Resolver, canonical_name
from deliverability.protocols.addresses import literal, not_public
from deliverability.protocols.providers import provider_of

MAX_HOSTS = 32
"""Mail hosts whose addresses are asked for; our own bound, well above what the largest receivers publish."""
MAX_REVERSED = 10
"""Addresses whose PTR is asked for; our own bound, after RFC 7208 §4.6.4, which looks at ten mail hosts."""
MAX_PTR_NAMES = 10
"""Names of one PTR answer that are looked up again; the number of RFC 7208 §4.6.4, which RFC 8601 §3 also advises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MxRecord:
    """One MX record. `target` is canonical; the empty string is the root, which a null MX names."""

    preference: int
    target: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """An address of a mail host, and what it is set aside for if it cannot be reached from the internet."""

    address: str
    special: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MxHost:
    """A host that mail goes to: an MX target or, for an implicit MX, the domain itself.

    `literal` is the address that the target only spells, and then nothing was asked. `undotted` is the name that was
    meant, where the domain's own name got appended to a known provider's or to an address. `provider` is from the
    provider list.
    """

    name: str
    a: Answer | None
    aaaa: Answer | None
    addresses: tuple[HostAddress, ...]
    literal: str | None = None
    undotted: str | None = None
    provider: str | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The address answers that were asked for."""
        return tuple(answer for answer in (self.a, self.aaaa) if answer is not None)

    @property
    def alias(self) -> tuple[str, ...]:
        """The chain of aliases behind the name, empty for an ordinary host."""
        return next((answer.cname_chain for answer in self.answers if answer.cname_chain), ())

    @property
    def reachable(self) -> bool | None:
        """Whether a public address is there; None where that could not be looked up.

        RFC 1035 §3.3.9: MX names a host, so an address in that place leads nowhere.
        """
        if self.literal is not None:
            return False
        if any(address.special is None for address in self.addresses):
            return True
        return False if all(answer.answered for answer in self.answers) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """The names behind an address, and the addresses behind those (RFC 8601 §3, iprev)."""

    address: str
    host: str
    names: tuple[str, ...]
    ptr: Answer
    forward: tuple[Answer, ...]

    @property
    def confirmed(self) -> bool | None:
        """Whether one of the names leads back to the address; None where that could not be looked up."""
        if any(literal(record) == self.address for answer in self.forward for record in answer.records):
            return True
        return False if all(answer.answered for answer in (self.ptr, *self.forward)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MxFacts:
    """What DNS says of a domain's incoming mail. `hosts` holds no root and no name twice, in order of preference.

    `unasked` are the hosts beyond `MAX_HOSTS`, of which only the name is known.
    """

    domain: str
    answer: Answer
    records: tuple[MxRecord, ...]
    hosts: tuple[MxHost, ...]
    reverses: tuple[Reverse, ...]
    unasked: tuple[str, ...] = ()

    @property
    def null(self) -> tuple[MxRecord, ...]:
        """The records that name the root."""
        return tuple(record for record in self.records if not record.target)

    @property
    def is_null(self) -> bool:
        """Whether the domain says that it takes no mail. RFC 7505 §3: one record, preference 0, the root."""
        return len(self.records) == 1 and not self.records[0].target and self.records[0].preference == 0

    @property
    def implicit(self) -> bool:
        """Whether the domain's own addresses stand in for its MX. RFC 5321 §5.1: only where there is no MX at all."""
        return self.answer.answered and not self.answer.records


def parse(text: str) -> MxRecord | None:
    """One MX record in presentation form, absolute (`10 mx.example.test.`); None if it cannot be read."""
    number, _, target = text.strip().partition(" ")
    try:
        return MxRecord(preference=int(number), target=canonical_name(target.strip()), text=text)
    except ValueError:
        return None


async def lookup(resolver: Resolver, domain: str) -> MxFacts:
    """Everything DNS says of the mail hosts of `domain` (canonical): MX, their addresses, the names behind those.

    Questions of one step are asked together: MX with the domain's own addresses, then the hosts', then PTR, then the
    addresses of the PTR names.
    """
    answer, own = await asyncio.gather(resolver.resolve(domain, "MX"), _host(resolver, domain, domain))
    parsed = (parse(text) for text in answer.records)
    records = tuple(sorted((r for r in parsed if r is not None), key=lambda r: (r.preference, r.target)))
    names = list(dict.fromkeys(record.target for record in records if record.target))
    hosts = tuple(await asyncio.gather(*(_host(resolver, domain, name) for name in names[:MAX_HOSTS])))
    if answer.answered and not answer.records:
        hosts = (own,)  # RFC 5321 §5.1: no MX at all, so the domain's own addresses take its mail
    reverses = await _reverses(resolver, hosts)
    return MxFacts(
        domain=domain,
        answer=answer,
        records=records,
        hosts=hosts,
        reverses=reverses,
        unasked=tuple(names[MAX_HOSTS:]),
    )


def host_names(answer: Answer) -> tuple[str, ...]:
    """The hosts that NS or PTR records name, canonical; the root and what cannot be a name are left out."""
    hosts = list[str]()
    for record in answer.records:
        try:
            hosts.append(canonical_name(record))
        except ValueError:
            continue
    return tuple(host for host in hosts if host)


async def _host(resolver: Resolver, domain: str, name: str) -> MxHost:
    if spelled := literal(name):
        address = HostAddress(address=spelled, special=not_public(spelled, domain))
        return MxHost(name=name, a=None, aaaa=None, addresses=(address,), literal=spelled)
    inner = name.removesuffix(f".{domain}")
    undotted = inner if inner != name and (provider_of(inner) or literal(inner)) else None
    a, aaaa = await asyncio.gather(resolver.resolve(name, "A"), resolver.resolve(name, "AAAA"))
    found = (literal(record) for answer in (a, aaaa) for record in answer.records)
    addresses = tuple(HostAddress(address=one, special=not_public(one, domain)) for one in found if one)
    return MxHost(name=name, a=a, aaaa=aaaa, addresses=addresses, undotted=undotted, provider=provider_of(name))


async def _reverses(resolver: Resolver, hosts: tuple[MxHost, ...]) -> tuple[Reverse, ...]:
    owners: dict[str, str] = {}
    for host in hosts:
        for address in host.addresses:
            if address.special is None:  # the names behind a private address mean something only inside its network
                owners.setdefault(address.address, host.name)
    first = list(owners.items())[:MAX_REVERSED]
    return tuple(await asyncio.gather(*(reverse_of(resolver, address, host) for address, host in first)))


async def reverse_of(resolver: Resolver, address: str, host: str) -> Reverse:
    """The names behind `address`, which `host` is said to have, and the addresses of the first ten of them."""
    parsed = ip_address(address)
    ptr = await resolver.resolve(parsed.reverse_pointer, "PTR")
    names = host_names(ptr)[:MAX_PTR_NAMES]
    family = "A" if parsed.version == 4 else "AAAA"
    forward = await asyncio.gather(*(resolver.resolve(name, family) for name in names))
    return Reverse(address=address, host=host, names=names, ptr=ptr, forward=tuple(forward))
