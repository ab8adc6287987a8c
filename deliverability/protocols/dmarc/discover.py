"""Which DMARC policy applies to a name: the tree walk of RFC 9989 §4.10, and what an RFC 7489 reader finds instead.

All names of a walk are known beforehand, so they are asked at once and read in order afterwards. What stands above
the point where the walk stops was asked for nothing and is not looked at.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import MAX_NAME_OCTETS, Answer, Resolver, Status, canonical_name
from deliverability.lookup.leave import questions_leave
from deliverability.names import InvalidDomain, registrable, to_ascii
from deliverability.protocols.dmarc.record import DmarcRecord, Policy, Reading, is_dmarc, parse

MAX_QUERIES = 8
"""RFC 9989 §4.10: questions in one tree walk."""
LABELS_AFTER_JUMP = 7
"""RFC 9989 §4.10 step 4: a longer name goes on with this many labels."""
PREFIX = "_dmarc."

_ASKABLE = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


class DiscoveryStatus(StrEnum):
    """What policy discovery came to."""

    FOUND = "found"
    NONE = "none"
    TEMPERROR = "temperror"


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a walk: what `_dmarc` below it says, and its record if there is exactly one."""

    name: str
    answer: Answer
    texts: tuple[str, ...]
    record: DmarcRecord | None


@dataclass(frozen=True, slots=True)
class Walk:
    """A tree walk from `start`, as far as RFC 9989 goes, and the Organizational Domain that it found."""

    start: str
    steps: tuple[Step, ...]
    organizational_domain: str

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers in the order of the walk."""
        return tuple(step.answer for step in self.steps)

    @property
    def unanswered(self) -> tuple[Answer, ...]:
        """The questions that nobody answered: any of them might have ended the walk elsewhere."""
        return tuple(answer for answer in self.answers if not answer.answered)

    def at(self, name: str) -> Step | None:
        """The step at `name`, if the walk came there."""
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyDiscovery:
    """What a reader of RFC 7489 finds. Fields as in `Discovery`; `pct` is the percentage the policy is applied to."""

    status: DiscoveryStatus
    organizational_domain: str
    policy_domain: str | None = None
    record: str | None = None
    policy: Policy | None = None
    testing: bool = False
    pct: int = 100
    exists: bool | None = None
    walk: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The policy for `domain`. `policy` is what p, sp or np asks for, before `testing` (t=y) takes a level off it.

    `record` is the text that applies; `exists` is None where nobody could tell.
    """

    domain: str
    status: DiscoveryStatus
    organizational_domain: str
    policy_domain: str | None = None
    record: str | None = None
    policy: Policy | None = None
    testing: bool = False
    exists: bool | None = None
    existence: Answer | None = None
    walk: tuple[Answer, ...] = ()
    legacy: LegacyDiscovery

    @property
    def parsed(self) -> DmarcRecord | None:
        """What the record that applies says."""
        return None if self.record is None else parse(self.record)

    @property
    def unanswered(self) -> tuple[Answer, ...]:
        """The questions whose want of an answer could have decided otherwise."""
        existence = () if self.existence is None else (self.existence,)
        return tuple(answer for answer in (*self.walk, *existence) if not answer.answered)


def walk_names(domain: str) -> tuple[str, ...]:
    """The names of a tree walk from `domain` (canonical) to the single label, eight at most (RFC 9989 §4.10)."""
    labels = domain.split(".")
    above = labels[1:] if len(labels) < MAX_QUERIES else labels[-LABELS_AFTER_JUMP:]
    return (domain, *(".".join(above[start:]) for start in range(len(above))))


async def walk(resolver: Resolver, domain: str) -> Walk:
    """The tree walk from `domain` (canonical, as from `deliverability.names.to_ascii`)."""
    names = [name for name in walk_names(domain) if _carries(name)]
    answers = await asyncio.gather(*(resolver.resolve(PREFIX + name, "TXT") for name in names))
    return _read(domain, dict(zip(names, answers, strict=True)))


async def discover(resolver: Resolver, domain: str) -> Discovery:
    """The DMARC policy for mail from `domain`: any case, with or without a final dot, U-labels too.

    Never raises for what `domain` holds: a text that no name in DNS can have has no policy (`none`).
    """
    name = _askable(domain)
    if name is None:
        nothing = LegacyDiscovery(status=DiscoveryStatus.NONE, organizational_domain=domain)
        return Discovery(domain=domain, status=DiscoveryStatus.NONE, organizational_domain=domain, legacy=nothing)
    asked = {above: _ask(resolver, above) for above in walk_names(name) if _carries(above)}
    # RFC 9989 §3.2.13: whether the name exists is a question about the name itself, of whatever type
    existing = asyncio.ensure_future(resolver.resolve(name, "A"))
    if "publicsuffixlist" not in sys.modules:
        await questions_leave()
    legacy_domain = registrable(name) or name
    if legacy_domain not in asked and _carries(legacy_domain):
        asked[legacy_domain] = _ask(resolver, legacy_domain)
    existence, *found = await asyncio.gather(existing, *asked.values())
    answers = dict(zip(asked, found, strict=True))
    exists = _exists(existence)
    legacy = _legacy(name, legacy_domain, answers, exists)
    return _decide(_read(name, answers), existence, exists, legacy)


def _askable(domain: str) -> str | None:
    try:
        name = canonical_name(domain if domain.isascii() else to_ascii(domain))
    except (ValueError, InvalidDomain):
        return None
    return name if _ASKABLE.fullmatch(name) else None


def _carries(name: str) -> bool:
    """Whether `_dmarc.` fits before `name`; where it does not, there can be no record."""
    return len(PREFIX) + len(name) <= MAX_NAME_OCTETS


def _ask(resolver: Resolver, name: str) -> asyncio.Future[Answer]:
    return asyncio.ensure_future(resolver.resolve(PREFIX + name, "TXT"))


def _exists(existence: Answer) -> bool | None:
    # RFC 2308 §2.1: behind an alias NXDOMAIN speaks of the target; the alias itself is there all the same
    return True if existence.status is Status.NXDOMAIN and existence.cname_chain else existence.exists


def _read(start: str, answers: Mapping[str, Answer]) -> Walk:
    """Read the answers in the order of the walk, up to the record that stops it."""
    steps: list[Step] = []
    for name in walk_names(start):
        if name in answers:
            steps.append(_step(name, answers[name]))
            record = steps[-1].record
            # RFC 9989 §4.10 steps 2 and 6
            if record is not None and record.psd != "u":
                break
    return Walk(start, tuple(steps), _organizational_domain(start, steps))


def _step(name: str, answer: Answer) -> Step:
    texts = tuple(text for text in answer.records if is_dmarc(text))
    # RFC 9989 §4.10: other texts are discarded, and so are several records at one name, all of them
    return Step(name, answer, texts, parse(texts[0]) if len(texts) == 1 else None)


def _organizational_domain(start: str, steps: Iterable[Step]) -> str:
    """RFC 9989 §4.10.2, from the longest name to the shortest."""
    fewest = start
    for step in steps:
        if step.record is None:
            continue
        if step.record.psd == "n":
            return step.name
        if step.record.psd == "y" and step.name != start:
            below = start.removesuffix(step.name).removesuffix(".")
            return f"{below.rpartition('.')[2]}.{step.name}"
        fewest = step.name
    return fewest


def _decide(walked: Walk, existence: Answer, exists: bool | None, legacy: LegacyDiscovery) -> Discovery:
    """Which record applies, and what it asks for (RFC 9989 §4.10.1)."""

    def came_to(status: DiscoveryStatus, step: Step | None = None, policy: Policy | None = None) -> Discovery:
        record = step.record if step is not None else None
        return Discovery(
            domain=walked.start,
            status=status,
            organizational_domain=walked.organizational_domain,
            policy_domain=step.name if step is not None else None,
            record=record.text if record is not None else None,
            policy=policy,
            testing=record is not None and record.reading is not None and record.reading.testing,
            exists=exists,
            existence=existence,
            walk=walked.answers,
            legacy=legacy,
        )

    own = walked.at(walked.start)
    # §5.3.6: without an answer no policy can be applied; above the author domain any record could be the one
    if own is not None and not own.answer.answered:
        return came_to(DiscoveryStatus.TEMPERROR)
    if own is not None and own.record is not None:
        reading = own.record.reading
        return came_to(DiscoveryStatus.FOUND, own, reading.p) if reading else came_to(DiscoveryStatus.NONE)
    if walked.unanswered:
        return came_to(DiscoveryStatus.TEMPERROR)
    source = _inherited(walked)
    reading = source.record.reading if source is not None and source.record is not None else None
    if reading is None:
        return came_to(DiscoveryStatus.NONE)
    if exists is None and reading.sp != reading.np:
        return came_to(DiscoveryStatus.TEMPERROR)
    return came_to(DiscoveryStatus.FOUND, source, _for_subdomain(reading, exists))


def _inherited(walked: Walk) -> Step | None:
    """The Organizational Domain's record, else that of the public suffix above it; never one in between."""
    organizational = walked.at(walked.organizational_domain)
    if organizational is not None and organizational.record is not None:
        return organizational
    return next((step for step in walked.steps if step.record is not None and step.record.psd == "y"), None)


def _for_subdomain(reading: Reading, exists: bool | None) -> Policy:
    # RFC 9989 §3.2.13: only NXDOMAIN makes a name non-existent
    return reading.np if exists is False else reading.sp


def _legacy(name: str, organizational: str, answers: Mapping[str, Answer], exists: bool | None) -> LegacyDiscovery:
    """RFC 7489 §6.6.3: the author domain's records, else those of the Organizational Domain by the suffix list."""
    walked: list[Answer] = []

    def came_to(status: DiscoveryStatus, where: str | None = None, text: str | None = None) -> LegacyDiscovery:
        reading = parse(text).legacy if text is not None else None
        if reading is None:
            where = text = None
        return LegacyDiscovery(
            status=DiscoveryStatus.NONE if status is DiscoveryStatus.FOUND and reading is None else status,
            organizational_domain=organizational,
            policy_domain=where,
            record=text,
            policy=(reading.p if where == name else reading.sp) if reading else None,
            pct=reading.pct if reading else 100,
            exists=exists,
            walk=tuple(walked),
        )

    for where in dict.fromkeys((name, organizational)):
        if where not in answers:
            continue
        walked.append(answers[where])
        if not answers[where].answered:
            return came_to(DiscoveryStatus.TEMPERROR)
        texts = [text for text in answers[where].records if is_dmarc(text)]
        # step 5: several records end discovery; unlike RFC 9989, the Organizational Domain is not asked then
        if texts:
            return came_to(DiscoveryStatus.FOUND, where, texts[0]) if len(texts) == 1 else came_to(DiscoveryStatus.NONE)
    return came_to(DiscoveryStatus.NONE)
