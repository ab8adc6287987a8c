"""DMARC, RFC 9989: is a policy there, can receivers read it, and what does it ask of them."""

from __future__ import annotations

from typing import Any

from deliverability.checks._check import (
    Check,
    Judgements,
    answer_evidence,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._dmarc import (
    adding,
    alias_note,
    applied,
    deciding_tag,
    discarded,
    first_record,
    in_force,
    is_own,
    is_safe,
    replacing,
    rewritten,
    row,
    tag_rows,
    walk_rows,
    with_policy,
)
from deliverability.checks.dmarc_readers import dmarc_parked, dmarc_receivers_differ, dmarc_reject_needs_dkim
from deliverability.checks.dmarc_reports import dmarc_external_authorisation, dmarc_rua, dmarc_ruf
from deliverability.checks.dmarc_syntax import dmarc_syntax
from deliverability.checks.dmarc_tags import (
    dmarc_psd,
    dmarc_removed_tags,
    dmarc_strict_alignment,
    dmarc_tags_without_effect,
    dmarc_testing,
)
from deliverability.findings import Action, Judgement, RecordChange, Role, Severity, Subject
from deliverability.protocols.dmarc import (
    DiscoveryStatus,
    DmarcFacts,
    Policy,
    Published,
    repaired,
    version_fault,
)
from deliverability.sources import rfc, source


@check(
    "dmarc-present",
    Severity.CRITICAL,
    rfc(9989, "4.10.1"),
    source("Gmail sender guidelines"),
    source("Yahoo sender requirements"),
    source("Outlook sender requirements"),
    titles={
        "pass": "{domain} has a DMARC record of its own",
        "inherited": "The DMARC record of {policy_domain} covers {domain}",
        "registry": "Only the DMARC record of the registry {policy_domain} covers {domain}",
        "missing": "No DMARC record covers {domain}",
        "discarded": "No DMARC applies to {domain}: receivers discard what {name} holds",
        "overruled": "Receivers discard what {name} holds; the record of {policy_domain} applies instead",
    },
    fixes={
        "missing": "Publish a record at _dmarc.{domain}. An address in rua is only useful once that mailbox exists;"
        " create it first or name another one that you read.",
        "registry": "Publish a record of your own at _dmarc.{domain}; until then the registry gets the reports.",
        "discarded": "Replace the text at {name} by a record that receivers accept (dmarc-syntax and dmarc-single say"
        " what is wrong with this one).",
        "overruled": "Mend the text at {name}, or remove it if the policy of {policy_domain} is the one you want.",
    },
)
def dmarc_present(dmarc: DmarcFacts, subject: Subject) -> Judgements:
    """A DMARC record covers the domain.

    Why it matters: without one anybody can write mail in the domain's name, and Gmail, Yahoo and Outlook.com refuse or
    junk the bulk mail of domains that have none.

    How to fix: publish a DMARC policy record; `p=none` changes nothing for your mail and brings reports.
    """
    found = dmarc.discovery
    if found.status is DiscoveryStatus.TEMPERROR:
        return unknown(*found.unanswered)
    data: dict[str, Any] = {"domain": dmarc.domain, "policy_domain": found.policy_domain, "record": found.record}
    severity = Severity.HIGH if subject.role is Role.PARKED else None
    attempt = discarded(dmarc)
    if attempt is not None:
        return _discarded(dmarc, attempt, subject, severity)
    if found.status is DiscoveryStatus.NONE:
        records = adding(dmarc, first_record(dmarc, subject))
        return failed(case="missing", severity=severity, evidence=walk_rows(found), records=records, **data)
    evidence = tag_rows(dmarc, {"v": "a wildcard answers" if found.record in dmarc.wildcard_texts else ""})
    if not is_own(dmarc) and found.parsed is not None and found.parsed.psd == "y":
        records = adding(dmarc, first_record(dmarc, subject))
        return failed(case="registry", severity=Severity.MEDIUM, evidence=evidence, records=records, **data)
    return passed(case="pass" if is_own(dmarc) else "inherited", evidence=evidence, **data)


def _discarded(dmarc: DmarcFacts, attempt: Published, subject: Subject, severity: Severity | None) -> Judgement:
    overruled = dmarc.discovery.parsed is not None
    records, safe = _mended(dmarc, attempt, subject)
    return failed(
        case="overruled" if overruled else "discarded",
        severity=Severity.HIGH if overruled else severity,
        evidence=answer_evidence(attempt.answer, alias_note(attempt.answer)),
        records=records,
        safe=safe,
        domain=dmarc.domain,
        name=attempt.name,
        policy_domain=dmarc.discovery.policy_domain,
        record=dmarc.discovery.record,
    )


def _mended(dmarc: DmarcFacts, attempt: Published, subject: Subject) -> tuple[tuple[RecordChange, ...], bool]:
    """The change that makes a record of a discarded one (or one record of several), and whether it is safe."""
    if len(attempt.records) > 1:
        return _one_of(attempt)
    text = attempt.records[0].text if attempt.records else next(t for t in attempt.others if version_fault(t))
    record = repaired(text)
    if record == "v=DMARC1; p=none" and attempt is dmarc.own:
        record = first_record(dmarc, subject)
    records = replacing(dmarc, text, record, attempt.name)
    return records, not records or (record is not None and is_safe(None, record))


@check(
    "dmarc-single",
    Severity.CRITICAL,
    rfc(9989, "4.10"),
    rfc(7489, "6.6.3"),
    titles={
        "pass": "One DMARC record at {name}",
        "fail": "{count} DMARC records at {name}; receivers discard them all",
    },
)
def dmarc_single(dmarc: DmarcFacts) -> Judgements:
    """A name has one DMARC record and no second.

    Why it matters: two records cancel each other, so the name stands as if it had published none.

    How to fix: keep the one record that says what you want and delete the others; check which system wrote each.
    """
    several = [one for one in dmarc.published if len(one.records) > 1 and (one is dmarc.own or not is_own(dmarc))]
    if several:
        return [_several(one) for one in several]
    if dmarc.discovery.status is DiscoveryStatus.TEMPERROR:
        return unknown(*dmarc.discovery.unanswered)
    holder = next((one for one in dmarc.published if one.records), None)
    if holder is None:
        return not_applicable()
    return passed(holder.name, evidence=answer_evidence(holder.answer), name=holder.name, count=1)


def _several(published: Published) -> Judgement:
    records, safe = _one_of(published)
    return failed(
        published.name,
        evidence=tuple(row(published.name, record.text) for record in published.records),
        records=records,
        safe=safe,
        name=published.name,
        count=len(published.records),
    )


def _one_of(published: Published) -> tuple[tuple[RecordChange, ...], bool]:
    """Remove all but the mildest record that works: none applies today, so nothing gets stricter than need be."""
    usable = [record for record in published.records if record.reading is not None]
    if not usable or published.answer.cname_chain:
        return (), True
    kept = min(usable, key=lambda r: (r.reading.p.rank if r.reading else 0, not r.rua, r.text))
    gone = (record.text for record in published.records if record is not kept)
    records = tuple(RecordChange(Action.REMOVE, published.name, "TXT", old=text) for text in gone)
    return records, is_safe(None, kept.text)


@check(
    "dmarc-effective-policy",
    Severity.HIGH,
    rfc(9989, "4.10.1"),
    rfc(7489, "6.6.3"),
    titles={
        "pass": "Receivers are asked to {effective} mail that fails DMARC for {domain}",
        "none": "p=none: receivers are asked to deliver mail that fails DMARC for {domain}",
        "inherited": "{tag}=none at {policy_domain}: receivers are asked to deliver mail that fails DMARC for {domain}",
        "testing": "Test mode (t=y) leaves nothing of {policy} for {domain}: receivers deliver what fails DMARC",
        "unreadable": "The record's policy cannot be read, so receivers deliver what fails DMARC for {domain}",
        "not_applicable": "No policy to judge for {domain}: its own DMARC text is discarded, or there is none",
    },
    fixes={
        "inherited": "Give {domain} a record of its own, or raise {tag} in the record of {policy_domain}.",
        "testing": "End the test (remove t=y) once the reports show no mail of yours failing.",
        "unreadable": "Correct the record first: dmarc-syntax shows what to write.",
    },
)
def dmarc_effective_policy(dmarc: DmarcFacts) -> Judgements:
    """Receivers are asked to stop mail that fails DMARC.

    Why it matters: under `none` a forged message with the domain in its From is delivered like any other.

    How to fix: read the aggregate reports for a month, repair senders that fail, then go to p=quarantine, later
    p=reject.
    """
    found = dmarc.discovery
    if found.status is DiscoveryStatus.TEMPERROR:
        return unknown(*found.unanswered)
    if found.policy is None or discarded(dmarc) is not None:
        return not_applicable(domain=dmarc.domain)
    tag = deciding_tag(found)
    effective = in_force(found) or Policy.NONE
    data: dict[str, Any] = {
        "domain": dmarc.domain,
        "policy": found.policy.value,
        "effective": effective.value,
        "tag": tag.name if tag is not None else "p",
        "policy_domain": found.policy_domain,
        "organizational_domain": found.organizational_domain,
        "testing": found.testing,
        "names": _policies(dmarc),
    }
    evidence = tag_rows(dmarc, {tag.name: "decides"} if tag is not None else {}) + tuple(
        seen for seen in walk_rows(found) if seen.text != found.record
    )
    if effective is not Policy.NONE:
        return passed(evidence=evidence, **data)
    return failed(case=_weakness(dmarc, found.policy), evidence=evidence, **data)


def _weakness(dmarc: DmarcFacts, policy: Policy) -> str:
    reading = applied(dmarc).reading
    if reading is not None and reading.acts_as_none:
        return "unreadable"
    if policy is not Policy.NONE:
        return "testing"
    return "none" if is_own(dmarc) else "inherited"


def _policies(dmarc: DmarcFacts) -> list[dict[str, Any]]:
    """The policy of the domain, a subdomain that exists and one that does not, as each generation of readers has it."""
    found = [one for one in (dmarc.discovery, dmarc.existing, dmarc.made_up) if one is not None]
    return [
        {
            "name": one.domain,
            "exists": one.exists,
            "policy": one.policy and one.policy.value,
            "policy_domain": one.policy_domain,
            "rfc7489": one.legacy.policy and one.legacy.policy.value,
            "pct": one.legacy.pct,
        }
        for one in found
    ]


@check(
    "dmarc-subdomain-policy",
    Severity.HIGH,
    rfc(9989, "4.7"),
    rfc(9989, "4.10.1"),
    titles={
        "pass": "Subdomains of {domain} are protected like {domain} itself",
        "sp": "Subdomains are weaker than {domain} itself: sp={sp} beside p={p}",
        "np": "Subdomains that do not exist are weaker than {domain} itself: np={np} beside p={p}",
        "both": "Subdomains are weaker than {domain} itself: sp={sp} and np={np} beside p={p}",
    },
    fixes={
        "np": "Remove np, so that made-up names fall under the same policy as real ones; nobody sends from them.",
        "both": "Remove sp and np once every subdomain that sends passes DMARC.",
    },
)
@with_policy
def dmarc_subdomain_policy(dmarc: DmarcFacts, subject: Subject) -> Judgements:
    """Subdomains have no weaker policy than the domain.

    Why it matters: whoever forges mail takes the weakest name there is, and any made-up subdomain will do.

    How to fix: find out from the reports which subdomains send, make them pass, then remove sp from the record.
    """
    record = applied(dmarc)
    reading = record.reading
    if not is_own(dmarc) or not dmarc.is_organizational or reading is None or reading.acts_as_none:
        return not_applicable()
    data: dict[str, Any] = {
        "domain": dmarc.domain,
        "p": reading.p.value,
        "sp": reading.sp.value,
        "np": reading.np.value,
    }
    weak = [tag for tag in ("sp", "np") if record.tag(tag) and Policy(data[tag]).rank < reading.p.rank]
    if not weak:
        return passed(evidence=tag_rows(dmarc, {"sp": "", "np": ""}), **data)
    return failed(
        case="both" if len(weak) == 2 else weak[0],
        evidence=tag_rows(dmarc, dict.fromkeys(weak, f"weaker than p={reading.p.value}")),
        records=replacing(dmarc, record.text, rewritten(record, drop=weak)),
        safe=subject.role is Role.PARKED,
        **data,
    )


DMARC: tuple[Check, ...] = (
    dmarc_present,
    dmarc_single,
    dmarc_syntax,
    dmarc_effective_policy,
    dmarc_subdomain_policy,
    dmarc_testing,
    dmarc_tags_without_effect,
    dmarc_removed_tags,
    dmarc_rua,
    dmarc_external_authorisation,
    dmarc_ruf,
    dmarc_psd,
    dmarc_reject_needs_dkim,
    dmarc_strict_alignment,
    dmarc_receivers_differ,
    dmarc_parked,
)
"""The family in the catalogue's order."""
