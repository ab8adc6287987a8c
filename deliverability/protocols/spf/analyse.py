"""SPF of a domain, looked up whole: its record, the tree below it, and what follows from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from math import inf

from deliverability.lookup.answer import Answer, Resolver, Status
from deliverability.names import registrable
from deliverability.protocols.spf.cost import lookup_cost, void_count
from deliverability.protocols.spf.evaluate import POSTMASTER, check_host
from deliverability.protocols.spf.exposure import exposure
from deliverability.protocols.spf.facts import (
    Authorisation,
    Explanation,
    HeloFacts,
    MissingName,
    Node,
    PointerNames,
    SpfFacts,
)
from deliverability.protocols.spf.limits import MAX_MISSING_NAMES
from deliverability.protocols.spf.macro import scan, static_target
from deliverability.protocols.spf.record import Kind, Mechanism, is_spf
from deliverability.protocols.spf.tree import Crawler, Visit, grow, is_bounded, walk

_SENDER_ID = "spf2.0/"
_VERSION_ROOM = 20


async def lookup(resolver: Resolver, domain: str, *, ips: Sequence[str] = (), helo: str | None = None) -> SpfFacts:
    """Everything about the SPF of `domain`: the record tree, its costs, and what it says of `ips`.

    Args:
        resolver: answers the questions.
        domain: in A-labels, lower case, without the final dot.
        ips: client addresses to check. Raises ValueError for one that is no address.
        helo: the name the clients give in HELO; the domain where None.
    """
    ips = tuple(dict.fromkeys(ips))
    crawler = Crawler(resolver)
    try:
        obsolete = crawler.ask(domain, "SPF")
        tree, authorises, helo_facts = await asyncio.gather(
            grow(crawler, domain),
            _authorises(resolver, ips, f"{POSTMASTER}@{domain}", helo or domain),
            _helo(crawler, resolver, helo, ips),
        )
        visits = list(walk(tree))
        missing, explanation, pointers = await asyncio.gather(
            _missing(crawler, visits), _explanation(crawler, tree, domain), _pointers(crawler, visits, ips)
        )
        texts = tree.answer.records if tree.answer else ()
        return SpfFacts(
            domain=domain,
            answer=tree.answer or await crawler.ask(domain, "TXT"),
            records=tree.texts,
            near_misses=_near_misses(texts),
            sender_id=tuple(text for text in texts if text.lower().startswith(_SENDER_ID)),
            obsolete=await obsolete,
            tree=tree,
            cost=lookup_cost(tree, visits),
            voids=(void_count(visits, 4), void_count(visits, 6)),
            exposure=exposure(visits),
            missing=missing,
            explanation=explanation,
            pointers=pointers,
            authorises=authorises,
            helo=helo_facts,
            bounded=is_bounded(tree),
        )
    finally:
        crawler.close()


def _near_misses(texts: Iterable[str]) -> tuple[str, ...]:
    suspects = [text for text in texts if not is_spf(text) and "spf" in text[:_VERSION_ROOM].lower()]
    if not suspects:
        return ()
    from deliverability.protocols.spf.slips import is_near_miss  # noqa: PLC0415 - 15 ms that few domains need

    return tuple(text for text in suspects if is_near_miss(text))


async def _authorises(resolver: Resolver, ips: Sequence[str], sender: str, helo: str) -> tuple[Authorisation, ...]:
    # the audit has one deadline for all it asks; a second clock here would make a replay differ from the run it repeats
    asked = (check_host(resolver, ip=ip, sender=sender, helo=helo, timeout=inf) for ip in ips)
    checks = await asyncio.gather(*asked)
    return tuple(
        Authorisation(ip=ip, sender=sender, helo=helo, check=check) for ip, check in zip(ips, checks, strict=True)
    )


async def _helo(crawler: Crawler, resolver: Resolver, helo: str | None, ips: Sequence[str]) -> HeloFacts | None:
    if helo is None:
        return None
    answer, authorises = await asyncio.gather(crawler.ask(helo, "TXT"), _authorises(resolver, ips, "", helo))
    records = tuple(text for text in answer.records if is_spf(text))
    return HeloFacts(name=helo, answer=answer, records=records, authorises=authorises)


async def _explanation(crawler: Crawler, tree: Node, domain: str) -> Explanation | None:
    """The explanation of the record at the end of the redirects, whose `exp` counts (RFC 7208 §6.1)."""
    while tree.parsed and tree.parsed.all is None and tree.parsed.redirect and tree.children:
        tree = tree.children[-1]
    term = tree.parsed.modifier("exp") if tree.parsed else None
    if term is None:
        return None
    name = static_target(term.value, domain=tree.name, sender_domain=domain)
    answer = await crawler.ask(name, "TXT") if name else None
    valid = None
    if answer is not None and answer.answered:
        valid = len(answer.records) == 1 and not scan(answer.records[0], explanation=True)[1]
    return Explanation(record=tree.name, term=term.text, span=term.span, name=name, answer=answer, valid=valid)


async def _pointers(crawler: Crawler, visits: Iterable[Visit], ips: Sequence[str]) -> tuple[PointerNames, ...]:
    if not any(isinstance(visit.term, Mechanism) and visit.term.kind is Kind.PTR for visit in visits):
        return ()
    answers = await asyncio.gather(*(crawler.ask(ip_address(ip).reverse_pointer, "PTR") for ip in ips))
    return tuple(PointerNames(ip=ip, answer=answer) for ip, answer in zip(ips, answers, strict=True))


async def _missing(crawler: Crawler, visits: Iterable[Visit]) -> tuple[MissingName, ...]:
    """The names that do not exist, each with what DNS says of the name somebody could register."""
    found: dict[str, tuple[Visit, str | None]] = {}
    for visit in visits:
        for missing in _missing_names(visit):
            found.setdefault(missing, (visit, registrable(missing)))
    asked = list(dict.fromkeys(name for _, name in found.values() if name))[:MAX_MISSING_NAMES]
    answers = dict(zip(asked, await asyncio.gather(*(crawler.ask(name, "NS") for name in asked)), strict=True))
    return tuple(
        MissingName(
            record=visit.node.name,
            term=visit.term.text,
            span=visit.term.span,
            name=name,
            registrable=owner,
            answer=answers.get(owner) if owner else None,
        )
        for name, (visit, owner) in found.items()
    )


def _missing_names(visit: Visit) -> Iterator[str]:
    answers: list[Answer] = []
    if visit.child is not None and visit.child.answer is not None:
        answers.append(visit.child.answer)
    if visit.use is not None:
        answers += (*visit.use.answers, *visit.use.hosts)
    for answer in answers:
        if answer.status is Status.NXDOMAIN:  # behind an alias it is the alias's target that does not exist
            yield answer.cname_chain[-1] if answer.cname_chain else answer.name
