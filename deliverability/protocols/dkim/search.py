"""Finds a domain's DKIM keys. Nothing in DNS lists selectors, so it asks for those that are named, listed or likely."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from deliverability.lookup.answer import MAX_LABEL_OCTETS, MAX_NAME_OCTETS, Answer, Resolver, Status, names_below
from deliverability.names import probe_label
from deliverability.protocols.dkim.facts import DkimFacts, DkimKey, FoundBy, Wildcard, WildcardKind
from deliverability.protocols.dkim.record import parse
from deliverability.protocols.dkim.selectors import common_selectors, is_standby, selectors_for

MAX_LISTED = 2_000
"""Our own bound on the selectors asked for in one zone."""
_NOT_SELECTORS = frozenset({"_adsp", "_report"})
"""RFC 5617 §4.1 and RFC 6651 §5 keep other records below `_domainkey`."""


async def lookup(resolver: Resolver, domain: str, *, selectors: Iterable[str] = ()) -> DkimFacts:
    """Look for the keys of `domain` (A-labels, lower case).

    `selectors` are names that the caller knows. A resolver that can list the zone is asked for every selector in it;
    otherwise the common ones are asked, together with a made-up one that shows whether a wildcard answers, and then
    those of the providers that the domain's SPF and MX point at.
    """
    named = dict.fromkeys((_selector(text, domain) for text in selectors), FoundBy.NAMED)
    listed = _listed(resolver, domain)
    if listed is None:
        asking = _guess(resolver, domain, named)
    else:
        asking = _ask(resolver, domain, dict.fromkeys(listed[:MAX_LISTED], FoundBy.ZONE) | named)
    (answers, probe), base = await asyncio.gather(asking, _resolve(resolver, f"_domainkey.{domain}"))
    complete = listed is not None and len(listed) <= MAX_LISTED
    return _facts(domain, answers, (probe, base), frozenset(listed or ()), complete)


def _selector(text: str, domain: str) -> str:
    """The selector in what a caller gives, who may well paste the whole name."""
    return text.strip().removesuffix(".").lower().removesuffix(f"._domainkey.{domain}")


def _listed(resolver: Resolver, domain: str) -> tuple[str, ...] | None:
    """Every selector in the zone, where the resolver holds the whole zone."""
    base = f"_domainkey.{domain}"
    names = names_below(resolver, base)
    if names is None:
        return None
    selectors = (name.removesuffix(f".{base}") for name in names)
    return tuple(s for s in selectors if "*" not in s and s.rpartition(".")[2] not in _NOT_SELECTORS)


_Answers = Mapping[str, tuple[FoundBy, Answer]]


async def _guess(resolver: Resolver, domain: str, named: dict[str, FoundBy]) -> tuple[_Answers, Answer]:
    first = dict.fromkeys(common_selectors(), FoundBy.LIST) | named
    (answers, probe), txt, mx = await asyncio.gather(
        _ask(resolver, domain, first), resolver.resolve(domain, "TXT"), resolver.resolve(domain, "MX")
    )
    likely = [s for s in selectors_for(txt.records, mx.records) if s not in first]
    more, _ = await _ask(resolver, domain, dict.fromkeys(likely, FoundBy.PROVIDER))
    return {**answers, **more}, probe


async def _ask(resolver: Resolver, domain: str, found: Mapping[str, FoundBy]) -> tuple[_Answers, Answer]:
    """The answers for each selector, and for the made-up one; all asked at once."""
    names = {selector: f"{selector}._domainkey.{domain}" for selector in (probe_label(domain), *found)}
    probe, *answers = await asyncio.gather(*(_resolve(resolver, name) for name in names.values()))
    return {s: (found[s], answer) for s, answer in zip(found, answers, strict=True)}, probe


async def _resolve(resolver: Resolver, name: str) -> Answer:
    labels = name.split(".")
    if len(name) > MAX_NAME_OCTETS or not all(0 < len(label) <= MAX_LABEL_OCTETS for label in labels):
        return Answer(name=name, rdtype="TXT", status=Status.NXDOMAIN)  # no such name can be: RFC 1035 §2.3.4
    return await resolver.resolve(name, "TXT")


def _facts(
    domain: str, answers: _Answers, controls: tuple[Answer, Answer], listed: frozenset[str], complete: bool
) -> DkimFacts:
    probe, base = controls
    control = _control(domain, answers, probe)
    keys = [
        _key(selector, found_by, answer, selector not in listed and _same(selector, answer, *control))
        for selector, (found_by, answer) in sorted(answers.items())
        if found_by is FoundBy.NAMED or answer.records or _is_alias(answer)
    ]
    kept = {key.selector for key in keys if key.named or not key.from_wildcard}
    return DkimFacts(
        domain=domain,
        keys=tuple(key for key in keys if key.selector in kept),
        wildcard=_wildcard(probe),
        base=base,
        tried=len(answers),
        unanswered=tuple(a for s, (_, a) in sorted(answers.items()) if s not in kept and not a.answered),
        proven_complete=complete,
    )


def _is_alias(answer: Answer) -> bool:
    return bool(answer.cname_chain)


def _control(domain: str, answers: _Answers, probe: Answer) -> tuple[str, Answer]:
    """What a selector that does not exist gets: the made-up one or, where that was not answered, any that is absent."""
    if probe.answered:
        return probe_label(domain), probe
    absent = (
        (selector, answer)
        for selector, (by, answer) in answers.items()
        if by is not FoundBy.ZONE and answer.answered and not answer.records and not _is_alias(answer)
    )
    return next(absent, (probe_label(domain), probe))


def _same(selector: str, answer: Answer, control: str, absent: Answer) -> bool:
    """Whether a selector that does not exist gets the very same; a control without answer cannot tell them apart."""
    if not (absent.answered or _is_alias(absent)):
        return bool(answer.records)
    seen, made_up = ((a.status, a.records, _beyond(s, a)) for s, a in ((selector, answer), (control, absent)))
    return seen == made_up


def _beyond(selector: str, answer: Answer) -> tuple[str, ...]:
    """The alias's targets without the selector itself, which a DNAME carries over (RFC 6672 §2.2)."""
    return tuple(target.removeprefix(f"{selector}.") for target in answer.cname_chain)


def _key(selector: str, found_by: FoundBy, answer: Answer, from_wildcard: bool) -> DkimKey:
    records = tuple(parse(text) for text in answer.records)
    return DkimKey(
        selector=selector,
        name=answer.name,
        found_by=found_by,
        answer=answer,
        records=records,
        from_wildcard=from_wildcard,
        standby=is_standby(selector, answer.cname_chain),
        usable=any(record.usable for record in records) if answer.answered else None,
        revoked=any(record.revoked for record in records) and not any(record.usable for record in records),
    )


def _wildcard(probe: Answer) -> Wildcard:
    records = tuple(parse(text) for text in probe.records)
    if not probe.answered:
        return Wildcard(probe, records, WildcardKind.UNKNOWN)
    if not records:
        return Wildcard(probe, records, WildcardKind.NONE)
    if any(record.usable for record in records):
        return Wildcard(probe, records, WildcardKind.KEY)
    return Wildcard(probe, records, WildcardKind.REVOKED if any(r.revoked for r in records) else WildcardKind.TEXT)
