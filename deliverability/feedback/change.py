"""Whose mail a proposed change would cost: every reported sender's SPF and keys, as published and as proposed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass
from deliverability.feedback.facts import AggregateFacts, ReportedSource
from deliverability.lookup import Answer, Resolver
from deliverability.lookup.answer import canonical_name
from deliverability.protocols.dkim.record import parse
from deliverability.protocols.dmarc import DiscoveryStatus, discover
from deliverability.protocols.dmarc import parse as parse_dmarc
from deliverability.protocols.spf import Result, check_host

KIND = "change"
"""The kind of observation."""
TAGS = {"spf": "aspf", "dkim": "adkim"}
"""RFC 9989 §4.7: the tag that says how strictly a method's domain is to be the author's."""


class Fate(StrEnum):
    """What becomes of one way by which a sender's mail passes."""

    KEPT = "kept"
    """It passes as before."""
    LOST = "lost"
    """It passes as published, and no longer as proposed."""
    GAINED = "gained"
    """It passes as proposed, and not as published."""
    ABSENT = "absent"
    """It passes neither way, so the change does nothing to it."""
    MIXED = "mixed"
    """Some of its domains or keys are lost and some are not; the reports do not say which mail used which."""
    UNKNOWN = "unknown"
    """DNS gave no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSender:
    """One reported sender to which the change does something.

    - messages, dmarc_pass: as the reports count them.
    - spf, dkim: what becomes of its SPF and of its keys (`Fate`).
    - least, most: of `dmarc_pass`, how many would no longer pass DMARC; they differ where the reports cannot tell.
    """

    address: str
    owner: str
    category: str
    messages: int
    dmarc_pass: int
    spf: str
    dkim: str
    least: int
    most: int

    @property
    def is_lost(self) -> bool:
        """Whether mail of it surely loses DMARC."""
        return self.least > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What a proposed change does to the senders of the reports.

    - start, end: the days of the reports; messages, dmarc_pass: all that they count.
    - looked_at: senders that were looked at, left_out: messages of those that the reports list no longer.
    - has_inventory: senders were declared, so that all others are strangers.
    - senders: those to which it does something or may, the most mail at stake first.
    """

    domain: str
    start: str
    end: str
    messages: int
    dmarc_pass: int
    looked_at: int
    left_out: int
    has_inventory: bool = False
    senders: tuple[ChangedSender, ...] = ()


def to_observation(facts: ChangeFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": KIND, **to_plain(facts)}


def from_observation(observation: Mapping[str, Any]) -> ChangeFacts:
    """What `to_observation` made. Raises NotThose."""
    return from_plain(ChangeFacts, dict(observation))


async def look(published: Resolver, proposed: Resolver, reports: AggregateFacts) -> ChangeFacts:
    """What becomes of the mail of `reports` once DNS says what `proposed` says, and no longer what `published` does.

    Today's answers are compared with tomorrow's: what a receiver saw in the past is only whose mail it is about.
    """
    fates = _Fates(published, proposed)
    sources = [source for source in reports.sources if source.messages]
    found = await asyncio.gather(*(_sender(fates, source, reports.domain) for source in sources))
    changed = [one for one in found if one is not None]
    return ChangeFacts(
        domain=reports.domain,
        start=reports.start,
        end=reports.end,
        messages=reports.messages,
        dmarc_pass=reports.dmarc_pass,
        looked_at=len(sources),
        left_out=max(0, reports.messages - sum(source.messages for source in sources)),
        has_inventory=reports.has_inventory,
        senders=tuple(sorted(changed, key=lambda one: (-one.least, -one.most, -one.messages, one.address))),
    )


class _Fates:
    """Asks both sides the same."""

    def __init__(self, published: Resolver, proposed: Resolver) -> None:
        self._sides = (published, proposed)

    async def spf(self, address: str, domain: str, authors: tuple[str, ...]) -> Fate:
        """What becomes of mail of `authors` from `address` with a MAIL FROM at `domain`."""
        before, after = await asyncio.gather(
            *(check_host(side, ip=address, sender=f"postmaster@{domain}", helo=domain) for side in self._sides)
        )
        if Result.TEMPERROR in (before.result, after.result):
            return Fate.UNKNOWN
        fate = _fate(before.result is Result.PASS, after.result is Result.PASS)
        return await self._alignment("spf", domain, authors) if fate is Fate.KEPT else fate

    async def key(self, name: str, authors: tuple[str, ...]) -> Fate:
        """What becomes of signatures of mail of `authors` with the key at `name`: another key there verifies none."""
        before, after = await asyncio.gather(*(side.resolve(name, "TXT") for side in self._sides))
        if not (before.answered and after.answered):
            return Fate.UNKNOWN
        old, new = _keys(before), _keys(after)
        fate = _fate(bool(old), bool(new & old) if old else bool(new))
        domain = name.partition("._domainkey.")[2]
        return await self._alignment("dkim", domain, authors) if fate is Fate.KEPT else fate

    async def _alignment(self, method: str, domain: str, authors: tuple[str, ...]) -> Fate:
        """What becomes of the alignment of mail from `authors` that `method` authenticates as `domain`.

        RFC 9989 §4.4: under adkim=s or aspf=s only the author's own name will do. An author whose name it is anyway, or
        of whom no policy is found, needs no more than now.
        """
        apart = tuple(author for author in authors if author != domain)
        found = await asyncio.gather(*(self._strictness(method, author) for author in apart))
        if None in found:
            return Fate.UNKNOWN
        lost = sum(pair == (False, True) for pair in found)
        if not lost:
            return Fate.KEPT
        return Fate.LOST if lost == len(authors) else Fate.MIXED

    async def _strictness(self, method: str, author: str) -> tuple[bool, bool] | None:
        """Whether the policy of an author asks for strict alignment, on either side; None where DNS gave no answer."""
        found = await asyncio.gather(*(discover(side, author) for side in self._sides))
        if any(one.status is DiscoveryStatus.TEMPERROR for one in found):
            return None
        before, after = (bool(one.record) and getattr(parse_dmarc(one.record), TAGS[method]) == "s" for one in found)
        return before, after


def _keys(answer: Answer) -> set[str]:
    """The fingerprints of the keys there that verifiers can use."""
    return {record.key.fingerprint for record in map(parse, answer.records) if record.usable and record.key}


def _fate(before: bool, after: bool) -> Fate:
    if before:
        return Fate.KEPT if after else Fate.LOST
    return Fate.GAINED if after else Fate.ABSENT


async def _sender(fates: _Fates, source: ReportedSource, domain: str) -> ChangedSender | None:
    """What the change does to one sender; None where it does nothing."""
    # a sender that does not pass by SPF yet may do so once it is authorised; reports that name no domain mean this one
    names = (source.spf_domains or (domain,)) if _is_address(source.address) else ()
    keys = filter(_is_name, source.dkim_keys)
    authors = tuple(filter(_is_name, source.authors))
    by_spf, by_key = await asyncio.gather(
        asyncio.gather(*(fates.spf(source.address, name, authors) for name in names)),
        asyncio.gather(*(fates.key(name, authors) for name in keys)),
    )
    spf, dkim = _together(by_spf), _together(by_key)
    if {spf, dkim} <= {Fate.KEPT, Fate.ABSENT}:
        return None
    least, most = _at_stake(source, spf, dkim)
    return ChangedSender(
        address=source.address,
        owner=source.owner,
        category=source.category,
        messages=source.messages,
        dmarc_pass=source.dmarc_pass,
        spf=spf.value,
        dkim=dkim.value,
        least=least,
        most=most,
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    """Whether DNS can be asked for it: a report may say anything."""
    try:
        canonical_name(text)
    except ValueError:
        return False
    return True


def _together(fates: Iterable[Fate]) -> Fate:
    """One word for several domains or keys."""
    kinds = set(fates) - {Fate.ABSENT}
    if not kinds:
        return Fate.ABSENT
    if len(kinds) == 1:
        return kinds.pop()
    if Fate.UNKNOWN in kinds and not kinds & {Fate.LOST, Fate.MIXED}:
        return Fate.UNKNOWN
    return Fate.MIXED if Fate.LOST in kinds else Fate.KEPT


_MAYBE = {Fate.MIXED, Fate.UNKNOWN}


def _at_stake(source: ReportedSource, spf: Fate, dkim: Fate) -> tuple[int, int]:
    """How many of the messages that pass DMARC no longer would, at least and at most.

    Of those that pass, some pass by both ways: a message is lost only where every way by which it passes is.
    """
    only_spf = max(0, source.dmarc_pass - source.dkim_aligned)
    only_dkim = max(0, source.dmarc_pass - source.spf_aligned)
    both = max(0, source.dmarc_pass - only_spf - only_dkim)

    def count(lost: set[Fate]) -> int:
        no_spf, no_dkim = spf in lost, dkim in lost
        return only_spf * no_spf + only_dkim * no_dkim + both * (no_spf and no_dkim)

    return count({Fate.LOST}), count({Fate.LOST, *_MAYBE})
