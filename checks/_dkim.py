"""What the DKIM checks share: which keys they judge, and what they say where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deliverability.checks._check import Judgements, not_applicable, unknown
from deliverability.fastclass import dataclass
from deliverability.findings import Evidence, Judgement, Lack, Outcome, Role, Severity, Subject
from deliverability.lookup.answer import Answer
from deliverability.protocols.dkim import DkimFacts, DkimKey, Effect, KeyRecord

Span = tuple[int, int]

NAME_IT = "Name the selector (--selector): it is the s= of any DKIM-Signature in mail that this domain sends."
"""How to settle what only a selector nobody guessed would settle."""


@dataclass(frozen=True, slots=True)
class Place:
    """A name at which verifiers find a key record: a selector's, or the wildcard's."""

    subject: str
    answer: Answer
    records: tuple[KeyRecord, ...]

    @property
    def keys(self) -> tuple[KeyRecord, ...]:
        """The records that mean to be DKIM keys."""
        return tuple(record for record in self.records if record.is_key)


JudgeKey = Callable[[Place, KeyRecord], Judgement]


def places(dkim: DkimFacts) -> Iterator[Place]:
    """Every place with a key to judge, or with an answer that is lacking. A wildcard's noise is no key of any name."""
    for key in dkim.keys:
        noise = key.from_wildcard and not any(record.is_key for record in key.records)
        if not noise and (key.records or not key.answer.answered):
            yield Place(key.name, key.answer, key.records)
    if any(record.is_key and not record.revoked for record in dkim.wildcard.records):
        yield Place(f"*._domainkey.{dkim.domain}", dkim.wildcard.answer, dkim.wildcard.records)


def each_key(dkim: DkimFacts, subject: Subject, judge: JudgeKey) -> Judgements:
    """`judge` of every key found, one judgement a place (of several records the worst)."""
    judgements = [_judged(place, judge) for place in places(dkim) if place.keys or not place.answer.answered]
    return judgements or nothing_found(dkim, subject)


def _judged(place: Place, judge: JudgeKey) -> Judgement:
    if not place.answer.answered:
        return unknown(place.answer, subject=place.subject)
    return worst([judge(place, record) for record in place.keys])


_BAD_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.INFO, Outcome.PASS, Outcome.NOT_APPLICABLE)


def worst(judgements: list[Judgement]) -> Judgement:
    """The judgement that matters most; the first of equals. Without a severity it has its check's own, the highest."""
    return min(judgements, key=lambda j: (_BAD_FIRST.index(j.outcome), -(j.severity or Severity.CRITICAL).rank))


def nothing_found(dkim: DkimFacts, subject: Subject) -> Judgement:
    """What a check of keys says where no key was found."""
    if dkim.proven_complete or subject.role is not Role.SENDING:
        return not_applicable()
    if silent(dkim):
        return unknown(*dkim.unanswered)
    return unknown(lack=Lack.INPUT)


def silent(dkim: DkimFacts) -> bool:
    """Whether not one selector got an answer."""
    return 0 < dkim.tried == len(dkim.unanswered)


def garbled(record: KeyRecord, name: str) -> bool:
    """Whether the tag `name` is so damaged that its value says nothing; dkim-key-syntax speaks of that."""
    tag = record.tag(name)
    return tag is not None and any(
        problem.effect is Effect.REFUSED and tag.span[0] <= problem.span[0] < tag.span[1] for problem in record.problems
    )


def twin_of(key: DkimKey, dkim: DkimFacts) -> DkimKey | None:
    """The working half of a provider's pair of aliases, of which it signs with one at a time: s1 and s2, say."""
    return next((other for other in dkim.keys if other.usable and _twins(key, other)), None)


def _twins(one: DkimKey, other: DkimKey) -> bool:
    if not (one.answer.cname_chain and other.answer.cname_chain):
        return False
    names = {key.selector.rstrip("0123456789") for key in (one, other)}
    zones = {tuple(key.answer.cname_chain[0].split(".")[-2:]) for key in (one, other)}
    return len(names) == len(zones) == 1


def tag_evidence(place: Place, record: KeyRecord, *names: str, note: str = "") -> tuple[Evidence, ...]:
    """The record with the span of the first of the tags `names` that it has; without one where it has none."""
    tag = next((tag for name in names if (tag := record.tag(name))), None)
    return (Evidence("dkim_tag", place.answer.name, "TXT", record.text, tag.span if tag else None, note),)
