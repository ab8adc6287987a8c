"""The domain itself: whether it exists, its own records, its wildcards, and the texts at the names mail cares about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from deliverability.fastclass import dataclass
from deliverability.lookup import Answer, Resolver, canonical_name, names_below
from deliverability.names import probe_label
from deliverability.protocols.mx import host_names
from deliverability.protocols.mx import parse as parse_mx

APEX_TYPES = ("TXT", "MX", "NS", "SOA", "A", "AAAA", "CNAME")
"""What is asked of the domain name itself; together they tell whether it exists."""
BESIDE_TYPES = ("MX", "NS", "SOA", "A", "AAAA")
"""What is looked for beside an alias below the domain, where TXT is asked in any case."""
MAIL_NAMES = ("_dmarc", "_domainkey", "_mta-sts", "_smtp._tls", "default._bimi", "_spf")
"""Names below the domain where mail records stand."""
WRONG_NAMES = ("dmarc", "_dmarc._dmarc", "_dkim", "spf")
"""Names below the domain where people put them by mistake."""
MAX_LISTED = 1_000
"""Names of a whole zone whose texts and aliases are read, underscored ones first: an audit's questions are bounded."""
MAX_NAME_SERVERS = 13
"""As many as one UDP answer of 512 octets carries for the root; our own bound."""

HEADER_OCTETS = 12
"""RFC 1035 §4.1.1."""
QUESTION_OCTETS = 4
"""RFC 1035 §4.1.2: type and class, after the name."""
RECORD_OCTETS = 12
"""RFC 1035 §4.1.3, §4.1.4: a compressed name, type, class, TTL and length, before the data."""
OPT_OCTETS = 11
"""RFC 6891 §6.1.2: the OPT record of an EDNS answer."""
STRING_OCTETS = 255
"""RFC 1035 §3.3: the most one character-string holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A server of the domain's NS records, with its addresses."""

    name: str
    a: Answer
    aaaa: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a name that nobody published answered. `wildcard` is the name that would answer it (RFC 4592)."""

    wildcard: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What DNS says of a domain and the names below it.

    `apex` has one answer for each of `APEX_TYPES`; `texts` the TXT answers at every mail-relevant name, and, for a
    whole zone, at every name that has a TXT record or is an alias; `aliases` the CNAME records themselves, by direct
    question; `beside` what else a whole zone holds at the names of mail's aliases; `names` the owner names below the
    domain that were read so, None where they cannot be listed.
    """

    domain: str
    apex: tuple[Answer, ...]
    name_servers: tuple[NameServer, ...]
    probes: tuple[Probe, ...]
    texts: tuple[Answer, ...]
    aliases: tuple[Answer, ...]
    names: tuple[str, ...] | None
    beside: tuple[Answer, ...] = ()

    @property
    def exists(self) -> bool | None:
        """Whether the name exists. RFC 8020: NXDOMAIN says no for all types; any other answer says yes."""
        said = {answer.exists for answer in self.apex} - {None}
        return None if not said else True in said

    def at(self, rdtype: str) -> Answer:
        """The domain's own answer for one of `APEX_TYPES`."""
        return next(answer for answer in self.apex if answer.rdtype == rdtype)

    def text_at(self, name: str) -> Answer | None:
        """The TXT answer at `name`, if it was asked for and there was something to keep."""
        return next((answer for answer in self.texts if answer.name == name), None)


async def lookup(resolver: Resolver, domain: str) -> DomainFacts:
    """Everything DNS says of `domain` (canonical) itself. One step, and a second for its name servers' addresses."""
    names = _listed(resolver, domain)
    (apex, servers), probes, texts, aliases = await asyncio.gather(
        _apex(resolver, domain),
        _probes(resolver, domain),
        _texts(resolver, domain, names),
        _aliases(resolver, domain, names),
    )
    beside = () if names is None else await _beside(resolver, apex, aliases)
    return DomainFacts(
        domain=domain,
        apex=apex,
        name_servers=servers,
        probes=probes,
        texts=texts,
        aliases=aliases,
        names=names,
        beside=beside,
    )


def wire_octets(answer: Answer) -> int:
    """The size in octets of a UDP answer that carries this TXT RRset, name compression and EDNS included."""
    texts = answer.strings or tuple((record.encode("latin-1", "replace"),) for record in answer.records)
    size = HEADER_OCTETS + len(answer.name) + 2 + QUESTION_OCTETS + OPT_OCTETS
    size += sum(RECORD_OCTETS + len(target) + 2 for target in answer.cname_chain)
    return size + sum(RECORD_OCTETS + sum(_string_octets(part) for part in parts) for parts in texts)


def _string_octets(part: bytes) -> int:
    """One length octet for each character-string; a longer text is what several of them make."""
    return len(part) + max(1, -(-len(part) // STRING_OCTETS))


def _listed(resolver: Resolver, domain: str) -> tuple[str, ...] | None:
    names = names_below(resolver, domain)
    return None if names is None else tuple(sorted(names, key=lambda name: ("_" not in name, name))[:MAX_LISTED])


async def _apex(resolver: Resolver, domain: str) -> tuple[tuple[Answer, ...], tuple[NameServer, ...]]:
    """The domain's own records; its servers' addresses as soon as NS is there."""

    async def servers() -> list[NameServer]:
        ns = await resolver.resolve(domain, "NS")
        return await asyncio.gather(*(_name_server(resolver, host) for host in host_names(ns)[:MAX_NAME_SERVERS]))

    own = asyncio.gather(*(resolver.resolve(domain, rdtype) for rdtype in APEX_TYPES))
    apex, found = await asyncio.gather(own, servers())
    return tuple(apex), tuple(found)


async def _name_server(resolver: Resolver, host: str) -> NameServer:
    a, aaaa = await asyncio.gather(resolver.resolve(host, "A"), resolver.resolve(host, "AAAA"))
    return NameServer(name=host, a=a, aaaa=aaaa)


async def _probes(resolver: Resolver, domain: str) -> tuple[Probe, ...]:
    """RFC 4592 §2.1.1: a wildcard answers below the deepest name that exists, so each place is probed by itself."""
    probe = probe_label(domain)
    plan = (
        (f"*.{domain}", f"{probe}.{domain}", ("TXT", "A")),
        (f"*._domainkey.{domain}", f"{probe}._domainkey.{domain}", ("TXT",)),
        (f"_dmarc.*.{domain}", f"_dmarc.{probe}.{domain}", ("TXT",)),
    )
    fitting = [(wildcard, name, types) for wildcard, name, types in plan if _fits(name)]
    answers = await asyncio.gather(
        *(asyncio.gather(*(resolver.resolve(name, rdtype) for rdtype in types)) for _, name, types in fitting)
    )
    return tuple(
        Probe(wildcard=wildcard, answers=tuple(said)) for (wildcard, _, _), said in zip(fitting, answers, strict=True)
    )


async def _texts(resolver: Resolver, domain: str, names: tuple[str, ...] | None) -> tuple[Answer, ...]:
    """TXT at the names mail cares about, and at all names of a whole zone that hold a text or an alias."""
    below = [f"{label}.{domain}" for label in (*MAIL_NAMES, *WRONG_NAMES)]
    doubled = [f"{domain}.{domain}", f"_dmarc.{domain}.{domain}"]
    asked = [name for name in (domain, *below, *doubled) if _fits(name)]
    answers = await _ask(resolver, dict.fromkeys((*asked, *(names or ()))), "TXT")
    return tuple(answer for answer in answers if answer.name in asked or answer.records or answer.cname_chain)


async def _aliases(resolver: Resolver, domain: str, names: tuple[str, ...] | None) -> tuple[Answer, ...]:
    """CNAME by direct question: it shows an alias beside other data, and its target as it was written."""
    fixed = [name for name in (domain, f"_dmarc.{domain}", f"_domainkey.{domain}") if _fits(name)]
    answers = await _ask(resolver, dict.fromkeys((*fixed, *(names or ()))), "CNAME")
    return tuple(answer for answer in answers if answer.name in fixed or answer.records)


async def _beside(resolver: Resolver, apex: Iterable[Answer], aliases: Iterable[Answer]) -> tuple[Answer, ...]:
    """What a zone file holds beside the aliases that mail uses; a server could hold only one of the two."""
    mail = [record for answer in apex if answer.rdtype == "MX" for record in answer.records]
    hosts = {record.target for record in map(parse_mx, mail) if record is not None}
    names = [alias.name for alias in aliases if alias.records and ("_" in alias.name or alias.name in hosts)]
    found = await asyncio.gather(*(_ask(resolver, names, rdtype) for rdtype in BESIDE_TYPES))
    return tuple(answer for answers in found for answer in answers if answer.records and not answer.cname_chain)


async def _ask(resolver: Resolver, names: Iterable[str], rdtype: str) -> list[Answer]:
    return await asyncio.gather(*(resolver.resolve(name, rdtype) for name in names))


def _fits(name: str) -> bool:
    """Whether DNS can carry `name` at all (RFC 1035 §2.3.4)."""
    try:
        return canonical_name(name) == name
    except ValueError:
        return False
