"""DMARC in use: what a sender needs for its policy, what older receivers make of it, and domains that send nothing."""

from __future__ import annotations

from typing import Any

from deliverability.checks._check import (
    Judgements,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._dmarc import (
    adding,
    applied,
    in_force,
    is_attempt,
    is_own,
    is_safe,
    replacing,
    rewritten,
    row,
    tag_rows,
    walk_rows,
    with_policy,
)
from deliverability.findings import Evidence, Lack, RecordChange, Role, Severity, Subject
from deliverability.protocols.dkim import DkimFacts
from deliverability.protocols.dmarc import Discovery, DiscoveryStatus, DmarcFacts, Policy, repaired
from deliverability.sources import rfc, source

PARKED_RECORD = "v=DMARC1; p=reject"
"""RFC 9989 leaves the choice; for a domain that sends nothing there is no mail to lose."""


@check(
    "dmarc-reject-needs-dkim",
    Severity.HIGH,
    rfc(9989, "7.4"),
    rfc(9989, "8"),
    titles={
        "pass": "p=reject rests on DKIM too: {count} usable {count:key|keys} seen",
        "fail": "p=reject rests on SPF alone: {domain} has no usable DKIM key",
        "unproven": "p=reject needs DKIM: no usable key of {domain} was found, and other selectors may exist",
    },
    settle="Name the selectors that sign your mail (--selector), or audit the whole zone (--zone).",
)
@with_policy
def dmarc_reject_needs_dkim(dmarc: DmarcFacts, dkim: DkimFacts, subject: Subject) -> Judgements:
    """A domain at p=reject signs its mail.

    Why it matters: every forwarder and mailing list breaks SPF, and without a signature that mail is rejected.

    How to fix: set up DKIM at every sender of yours before going to reject, or step back to p=none until it is there.
    """
    if dmarc.discovery.policy is not Policy.REJECT or subject.role is not Role.SENDING:
        return not_applicable()
    usable = [key for key in dkim.keys if key.usable]
    data: dict[str, Any] = {"domain": dmarc.domain, "count": len(usable), "tried": dkim.tried}
    if usable:
        return passed(evidence=tuple(Evidence("name", key.name, "TXT") for key in usable), **data)
    silent = [key.answer for key in dkim.keys if key.usable is None]
    if silent:
        return unknown(*silent, case="unproven", **data)
    if dkim.proven_complete:
        return failed(evidence=tag_rows(dmarc, {"p": "", "sp": ""}), **data)
    return unknown(case="unproven", lack=Lack.INPUT, **data)


@check(
    "dmarc-receivers-differ",
    Severity.MEDIUM,
    rfc(9989, "4.10"),
    rfc(7489, "6.6.3"),
    titles={
        "pass": "Receivers of both DMARC standards apply the same policy to {domain}",
        "info": "Receivers of the two DMARC standards treat subdomains of {domain} differently: {others}",
        "testing": "t=y is unknown to older receivers: they apply {older}, current ones {newer}",
        "pct": "Older receivers apply {older} of failing mail, current ones apply {newer} to all of it",
        "order": "Older receivers want p right behind the version: they apply {older}, current ones {newer}",
        "fail": "Current receivers apply {newer} to {domain}, older ones {older}",
    },
    fixes={
        "testing": "Do not rely on t=y for mail that must arrive: publish a policy that you can live with everywhere.",
        "pct": "Take pct out; until the policy may hit all mail, publish the weaker one.",
        "order": "Move p to the second place.",
    },
)
def dmarc_receivers_differ(dmarc: DmarcFacts) -> Judgements:
    """Receivers of RFC 9989 and of RFC 7489 apply the same policy.

    Why it matters: both are at work for years to come, and a test with one receiver says nothing about the other.

    How to fix: write the record so that both read it alike: p second, one record a name, sp and np the same.
    """
    found = dmarc.discovery
    silent = [a for a in (*found.unanswered, *found.legacy.walk) if not a.answered]
    if DiscoveryStatus.TEMPERROR in (found.status, found.legacy.status):
        return unknown(*dict.fromkeys(silent))
    if found.status is found.legacy.status is DiscoveryStatus.NONE:
        return not_applicable()
    data: dict[str, Any] = {"domain": dmarc.domain, "newer": _newer(found), "older": _older(found)}
    evidence = _records(dmarc)
    if _newer(found) != _older(found):
        case = _why(found)
        change, safe = _reordered(dmarc) if case == "order" else ((), True)
        return failed(case=case, evidence=evidence, records=change, safe=safe, **data)
    others = [one for one in (dmarc.existing, dmarc.made_up) if one is not None and _newer(one) != _older(one)]
    if others:
        words = ", ".join(f"{_called(dmarc, one)} {_newer(one)} or {_older(one)}" for one in others)
        return informed(evidence=evidence, others=words, **data)
    return passed(evidence=evidence, **data)


def _called(dmarc: DmarcFacts, one: Discovery) -> str:
    return "made-up names" if one is dmarc.made_up else one.domain


def _newer(found: Discovery) -> str:
    policy = in_force(found)
    return found.status.value if policy is None and found.status is DiscoveryStatus.TEMPERROR else _word(policy)


def _older(found: Discovery) -> str:
    legacy = found.legacy
    if legacy.status is DiscoveryStatus.TEMPERROR:
        return legacy.status.value
    partly = f" to {legacy.pct} %" if legacy.pct < 100 and legacy.policy not in (None, Policy.NONE) else ""
    return _word(legacy.policy) + partly


def _word(policy: Policy | None) -> str:
    return "no policy at all" if policy is None else policy.value


def _why(found: Discovery) -> str:
    """Which difference of the two standards it is."""
    if found.testing and found.policy is not Policy.NONE:
        return "testing"
    if found.legacy.pct < 100 and found.legacy.policy is found.policy:
        return "pct"
    reading, legacy = (found.parsed.reading, found.parsed.legacy) if found.parsed is not None else (None, None)
    second = found.parsed is not None and len(found.parsed.tags) > 1 and found.parsed.tags[1].name == "p"
    if reading is not None and not second and (legacy is None or legacy.acts_as_none):
        return "order"
    return "fail"


def _reordered(dmarc: DmarcFacts) -> tuple[tuple[RecordChange, ...], bool]:
    record = applied(dmarc)
    value = repaired(record.text)
    safe = value is not None and record.reading is not None and record.reading.p is Policy.NONE
    return replacing(dmarc, record.text, value), safe


def _records(dmarc: DmarcFacts) -> tuple[Evidence, ...]:
    found = dmarc.discovery
    newer = row(f"_dmarc.{found.policy_domain}", found.record or "", note="RFC 9989") if found.record else None
    legacy = found.legacy
    older = row(f"_dmarc.{legacy.policy_domain}", legacy.record or "", note="RFC 7489") if legacy.record else None
    return tuple(one for one in (newer, older) if one is not None)


@check(
    "dmarc-parked",
    Severity.MEDIUM,
    rfc(9989, "4.7"),
    source("M3AAWG"),
    titles={
        "pass": "{domain} sends nothing, and DMARC rejects what claims to come from it",
        "missing": "{domain} sends nothing, but no DMARC record rejects what claims to come from it",
        "weak": "{domain} sends nothing, but its DMARC policy lets forged mail through: {policies}",
    },
    fixes={"missing": "Publish `v=DMARC1; p=reject`. It can lose no mail: nothing is sent from here."},
)
def dmarc_parked(dmarc: DmarcFacts, subject: Subject) -> Judgements:
    """A domain that sends no mail rejects all mail in its name, subdomains too.

    Why it matters: unused domains are favourites for forgery, and nobody reads their reports.

    How to fix: set p=reject and leave sp, np, t and pct out; no sender can be hurt.
    """
    if subject.role is not Role.PARKED:
        return not_applicable()
    found = dmarc.discovery
    if found.status is DiscoveryStatus.TEMPERROR:
        return unknown(*found.unanswered)
    if found.status is DiscoveryStatus.NONE:
        attempted = dmarc.own is not None and is_attempt(dmarc.own)
        records = () if attempted else adding(dmarc, PARKED_RECORD)
        return failed(case="missing", evidence=walk_rows(found), records=records, domain=dmarc.domain)
    names = [one for one in (found, dmarc.made_up) if one.status is DiscoveryStatus.FOUND]
    policies = {_called(dmarc, one): _older(one) if one.legacy.pct < 100 else _newer(one) for one in names}
    record = applied(dmarc)
    if set(policies.values()) == {Policy.REJECT.value}:
        return passed(evidence=tag_rows(dmarc, {"p": ""}), domain=dmarc.domain, policies=policies)
    weak = {name: policy for name, policy in policies.items() if policy != Policy.REJECT.value}
    strict = rewritten(record, drop=("sp", "np", "t", "pct"), put={"p": "reject"})
    return failed(
        case="weak",
        evidence=tag_rows(dmarc, dict.fromkeys(("p", "sp", "np", "t", "pct"), "")),
        records=replacing(dmarc, record.text, repaired(strict)) if is_own(dmarc) else adding(dmarc, PARKED_RECORD),
        safe=is_safe(record, strict) or subject.role is Role.PARKED,
        domain=dmarc.domain,
        policies=", ".join(f"{name} {policy}" for name, policy in weak.items()),
    )
