"""What the DMARC checks share: guards, rows of evidence, and changed records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import wraps

from deliverability.checks._check import Function, Judgements, not_applicable, unknown
from deliverability.findings import Action, Evidence, RecordChange, Role, Subject
from deliverability.lookup.answer import Answer
from deliverability.protocols.dmarc import (
    Discovery,
    DiscoveryStatus,
    DmarcFacts,
    DmarcRecord,
    Policy,
    Published,
    parse,
    version_fault,
)
from deliverability.protocols.dmarc.discover import PREFIX
from deliverability.protocols.dmarc.record import Tag, render

MAX_SHOWN = 80
"""Characters of a record's own text in a title."""
MAX_ROWS = 20
"""Rows of evidence for one finding; its data have the whole count."""


def with_policy(function: Function) -> Function:
    """For a check that needs an applied record: unknown where discovery got no answer, else it does not bind."""

    @wraps(function)
    def guarded(dmarc: DmarcFacts, **facts: object) -> Judgements:
        if dmarc.discovery.status is DiscoveryStatus.TEMPERROR:
            return unknown(*dmarc.discovery.unanswered)
        if dmarc.discovery.parsed is None:
            return not_applicable()
        return function(dmarc=dmarc, **facts)

    return guarded


def applied(dmarc: DmarcFacts) -> DmarcRecord:
    """The record that applies; only behind `with_policy`."""
    assert dmarc.discovery.parsed is not None  # noqa: S101 - with_policy has seen to it
    return dmarc.discovery.parsed


def record_name(dmarc: DmarcFacts) -> str:
    """Where the record that applies stands."""
    return PREFIX + (dmarc.discovery.policy_domain or dmarc.domain)


def is_own(dmarc: DmarcFacts) -> bool:
    """Whether the record that applies is the domain's own."""
    return dmarc.discovery.policy_domain == dmarc.domain


def published_at(dmarc: DmarcFacts, name: str) -> Published | None:
    """What stands at `name`, if the walk came there."""
    return next((one for one in dmarc.published if one.name == name), None)


def is_attempt(published: Published) -> bool:
    """Whether a DMARC record was meant to stand here and none can be used: discarded, as receivers say."""
    if not published.records:
        return any(version_fault(text) for text in published.others)
    return len(published.records) > 1 or any(record.reading is None for record in published.records)


def discarded(dmarc: DmarcFacts) -> Published | None:
    """The text that was meant to give the policy and gives none: the domain's own, or one above it.

    One above counts where nothing applies, or nothing but the record of a registry.
    """
    if dmarc.own is not None and is_attempt(dmarc.own):
        return dmarc.own
    found = dmarc.discovery
    registry = found.parsed is not None and found.parsed.psd == "y" and not is_own(dmarc)
    open_to_others = registry or found.status is DiscoveryStatus.NONE
    return next(filter(is_attempt, dmarc.published), None) if open_to_others else None


def row(name: str, text: str, span: tuple[int, int] | None = None, note: str = "") -> Evidence:
    """A record, or the place in it."""
    return Evidence("dmarc_tag", name, "TXT", text, span, note)


def tag_rows(dmarc: DmarcFacts, notes: Mapping[str, str]) -> tuple[Evidence, ...]:
    """The tags of the applied record that `notes` names, each with its remark; the record alone if it has none."""
    record, name = applied(dmarc), record_name(dmarc)
    tags = [record.tag(tag) for tag in notes]
    rows = tuple(row(name, record.text, tag.span, notes[tag.name]) for tag in tags if tag is not None)
    return rows or (row(name, record.text),)


def shown(text: str) -> str:
    """As much of what a stranger wrote as a title can take."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def walk_rows(discovery: Discovery) -> tuple[Evidence, ...]:
    """The questions of the tree walk, with what each came to."""
    return tuple(
        Evidence(
            "dns_answer", answer.name, "TXT", text, note=alias_note(answer) or ("" if text else answer.status.value)
        )
        for answer in discovery.walk
        for text in answer.records or ("",)
    )


def alias_note(answer: Answer) -> str:
    """Where an answer really stands; empty where it stands at the name itself."""
    if not answer.cname_chain:
        return ""
    stands = f"an alias of {answer.cname_chain[-1]}"
    return stands if answer.records else f"{stands}: {answer.status.value}"


def deciding_tag(discovery: Discovery) -> Tag | None:
    """The tag that the policy for this name was taken from (RFC 9989 §4.10.1)."""
    if discovery.parsed is None:
        return None
    if discovery.policy_domain == discovery.domain:
        return discovery.parsed.tag("p")
    names = ("np", "sp", "p") if discovery.exists is False else ("sp", "p")
    return next((tag for tag in map(discovery.parsed.tag, names) if tag is not None), None)


def in_force(discovery: Discovery) -> Policy | None:
    """The policy with test mode taken off: what receivers of RFC 9989 do."""
    if discovery.policy is None:
        return None
    return discovery.policy.tested if discovery.testing else discovery.policy


def rewritten(record: DmarcRecord, drop: Collection[str] = (), put: Mapping[str, str] | None = None) -> str:
    """`record` without the tags `drop` and with those of `put` set; the rest stays as receivers read it."""
    tags = {tag.name: tag.value for tag in reversed(record.tags)}
    ordered = {name: tags[name] for name in dict.fromkeys(tag.name for tag in record.tags) if name not in drop}
    return render((ordered | dict(put or {})).items())


def replacing(dmarc: DmarcFacts, old: str, value: str | None, name: str | None = None) -> tuple[RecordChange, ...]:
    """The change of one record, if there is one to propose; none behind an alias, where the record is another's."""
    where = name or record_name(dmarc)
    published = published_at(dmarc, where)
    if value is None or value == old or published is None or published.answer.cname_chain:
        return ()
    return (RecordChange(Action.REPLACE, where, "TXT", old=old, value=value),)


def adding(dmarc: DmarcFacts, value: str) -> tuple[RecordChange, ...]:
    """A record of the domain's own, where nothing stands in the way."""
    if dmarc.own is None or dmarc.own.answer.cname_chain:
        return ()
    return (RecordChange(Action.ADD, dmarc.own.name, "TXT", value=value),)


def first_record(dmarc: DmarcFacts, subject: Subject) -> str:
    """The record to begin with: reject for a domain that sends nothing, watching only for any other.

    The report address is left out where the domain cannot receive mail: a report that bounces helps nobody.
    """
    if subject.role is Role.PARKED:
        return "v=DMARC1; p=reject"
    reports = f"; rua={report_address(dmarc)}" if dmarc.mailbox.can_receive else ""
    return f"v=DMARC1; p=none{reports}"


def report_address(dmarc: DmarcFacts) -> str:
    """A mailbox to propose for reports; whoever publishes it has to create it."""
    return f"mailto:dmarc-reports@{dmarc.domain}"


def is_safe(old: DmarcRecord | None, new: str) -> bool:
    """Whether `new` asks no more of receivers than `old` did, so that no mail is stopped that was not before."""
    before = old.reading if old is not None else None
    record = parse(new)
    after = record.reading
    if after is None or {after.p, after.sp, after.np} == {Policy.NONE}:
        return True
    if old is not None and (record.adkim > old.adkim or record.aspf > old.aspf):
        return False  # s comes after r: alignment gets stricter
    floor = (before.p, before.sp, before.np) if before is not None else (Policy.NONE,) * 3
    looser = before is not None and before.testing and not after.testing
    return not looser and all(a.rank <= b.rank for a, b in zip((after.p, after.sp, after.np), floor, strict=True))
