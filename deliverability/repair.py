"""Fixes that deliv has tried: applied in an overlay and audited again before they are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from deliverability.findings import Action, Finding, Fix, Outcome, RecordChange
from deliverability.lookup import Answer, OverlayResolver, Resolver
from deliverability.lookup.answer import canonical_name
from deliverability.names import probe_label

DEFAULT_TTL = 3600
"""Seconds, for a record where there was none before: long enough to cache, short enough to mend within the hour."""

Reaudit = Callable[[Resolver, Finding], Awaitable[Sequence[Finding]]]
"""Audits again through the given resolver what the finding's check (and its neighbours on the same facts) say."""


async def tried(
    finding: Finding, domain: str, resolver: Resolver, before: Sequence[Finding], reaudit: Reaudit
) -> Finding:
    """`finding` with its fix's records completed to whole RRsets if they clear it, and without them if they do not."""
    if finding.fix is None or not finding.fix.records:
        return finding
    current = await _current(finding.fix.records, domain, resolver)
    rrsets = {key: apply(finding.fix.records, key, current[key].records) for key in current}
    after = await reaudit(OverlayResolver.from_rrsets(rrsets, resolver), finding)
    if not clears(finding, before, after):
        return replace(finding, fix=replace(finding.fix, records=(), safe=True))
    return replace(finding, fix=_whole(finding.fix, current, rrsets))


async def _current(changes: Iterable[RecordChange], domain: str, resolver: Resolver) -> dict[tuple[str, str], Answer]:
    keys = dict.fromkeys((canonical_name(c.name), c.type) for c in changes)
    return {key: await _own(*key, domain, resolver) for key in keys}


async def _own(name: str, rdtype: str, domain: str, resolver: Resolver) -> Answer:
    """What stands at the name itself: not what an alias leads to, and not what a wildcard says of any name there."""
    answer = await resolver.resolve(name, rdtype)
    if answer.cname_chain:
        return replace(answer, records=())
    if not answer.records or not name.endswith(f".{domain}"):
        return answer
    # RFC 4592 §2.2.1: a record published at the name takes the wildcard's place, so its texts do not survive
    nobody = await resolver.resolve(f"{probe_label(domain)}.{name.partition('.')[2]}", rdtype)
    return replace(answer, records=()) if nobody.records == answer.records else answer


def apply(changes: Iterable[RecordChange], key: tuple[str, str], records: Sequence[str]) -> tuple[str, ...]:
    """The RRset `key` (name, type) with `changes` made to it; its other records survive."""
    rrset = list(records)
    for change in changes:
        if (canonical_name(change.name), change.type) != key:
            continue
        if change.action is not Action.ADD and change.old in rrset:
            rrset.remove(change.old)
        if change.action is not Action.REMOVE and change.value is not None and change.value not in rrset:
            rrset.append(change.value)
    return tuple(sorted(rrset))


_CLEARED = {Outcome.PASS, Outcome.INFO, Outcome.NOT_APPLICABLE}


def clears(finding: Finding, before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether the finding is gone in `after`, and nothing as bad has come in its place."""
    if any(f.check == finding.check and f.subject == finding.subject and f.outcome not in _CLEARED for f in after):
        return False
    known = {(f.check, f.subject) for f in before if f.outcome is Outcome.FAIL}
    worse = (f for f in after if f.outcome is Outcome.FAIL and f.severity.at_least(finding.severity))
    return all((f.check, f.subject) in known for f in worse)


def _whole(
    fix: Fix, current: Mapping[tuple[str, str], Answer], rrsets: Mapping[tuple[str, str], tuple[str, ...]]
) -> Fix:
    """The fix with the records that stay, so that whoever publishes it publishes the whole RRset."""
    stay = tuple(
        RecordChange(Action.REPLACE, name, rdtype, current[name, rdtype].ttl, record, record)
        for (name, rdtype), records in rrsets.items()
        for record in records
        if record in current[name, rdtype].records
    )
    return replace(fix, records=tuple(_with_ttl(c, current) for c in fix.records) + stay, reaudited=True)


def _with_ttl(change: RecordChange, current: Mapping[tuple[str, str], Answer]) -> RecordChange:
    if change.ttl is not None or change.action is Action.REMOVE:
        return change
    answer = current[canonical_name(change.name), change.type]
    return replace(change, ttl=answer.ttl if answer.records and answer.ttl is not None else DEFAULT_TTL)
