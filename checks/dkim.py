"""Is that good? Where a domain's DKIM keys are, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deliverability.checks._check import (
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._dkim import NAME_IT, Place, each_key, nothing_found, silent, tag_evidence, twin_of
from deliverability.checks.dkim_keys import (
    dkim_exponent,
    dkim_hash,
    dkim_key_size,
    dkim_key_type,
    dkim_service_type,
    dkim_testing_flag,
)
from deliverability.checks.dkim_syntax import dkim_key_syntax
from deliverability.findings import (
    Action,
    Effort,
    Evidence,
    Judgement,
    Lack,
    RecordChange,
    Role,
    Severity,
    Subject,
)
from deliverability.lookup.answer import Status
from deliverability.protocols.dkim import DkimFacts, DkimKey, KeyRecord, WildcardKind
from deliverability.sources import rfc, source

REVOKE_ALL = "v=DKIM1; p="
"""RFC 6376 §3.6.1: an empty key revokes; at `*._domainkey` it revokes whatever selector a forger makes up."""


@check(
    "dkim-selectors",
    Severity.HIGH,
    rfc(6376, "3.1"),
    rfc(4592),
    rfc(8020, "2"),
    titles={
        "pass": "{count} usable DKIM {count:key|keys} found",
        "none": "The zone holds no DKIM key",
        "unusable": "Verifiers can use no DKIM record of the zone ({count} {count:selector|selectors})",
        "named": "The selector {selector} has a usable key",
        "named_absent": "There is no key at {selector}",
        "named_unusable": "The key at {selector} cannot be used",
        "named_revoked": "The key at {selector} is revoked",
        "wildcard": "A made-up selector gets the same answer, so no selector can be told from it",
        "not_found": "No DKIM key at {tried} likely selectors; others cannot be listed over live DNS",
        "nothing_below": "No DKIM key at {tried} likely selectors, and DNS says that nothing stands below _domainkey",
        "none_usable": "{count} of {tried} likely selectors {count:has|have} records but no usable key; more may exist",
    },
    fixes={
        "named_absent": "Publish the key that the signer prints for this selector, or sign with one that is published.",
        "named_unusable": "Mend the record at this selector (the other findings on it say how), or sign with another.",
        "unusable": "Publish a fresh key for whatever signs your mail, beside or in place of the records found.",
    },
    effort=Effort.MEDIUM,
    settle=NAME_IT,
)
def dkim_selectors(subject: Subject, dkim: DkimFacts) -> Judgements:
    """The domain publishes a DKIM key that verifiers can use.

    Why it matters: without a signature DMARC stands on SPF alone, which forwarding breaks, and large receivers refuse
    bulk mail.

    How to fix: switch DKIM signing on at whatever sends your mail, and publish the record it gives you.
    """
    return [*(_named(key, dkim) for key in dkim.keys if key.named), _found(subject, dkim)]


def _named(key: DkimKey, dkim: DkimFacts) -> Judgement:
    if not key.answer.answered:
        return unknown(key.answer, subject=key.name)
    rows = answer_evidence(key.answer)
    if key.from_wildcard and dkim.wildcard.kind is WildcardKind.KEY:
        return unknown(subject=key.name, case="wildcard", lack=Lack.INPUT, evidence=rows, selector=key.name)
    if key.usable:
        return passed(key.name, case="named", evidence=rows, selector=key.name)
    # a made-up selector that was not answered shows nothing of a wildcard
    absent = not key.records or (key.from_wildcard and dkim.wildcard.kind is not WildcardKind.UNKNOWN)
    if key.revoked and not absent:
        return informed(key.name, case="named_revoked", evidence=rows, selector=key.name)
    return failed(key.name, case="named_absent" if absent else "named_unusable", evidence=rows, selector=key.name)


def _found(subject: Subject, dkim: DkimFacts) -> Judgement:
    if subject.role is not Role.SENDING:
        return not_applicable()
    own = [key for key in dkim.keys if not key.from_wildcard]
    usable = [key for key in own if key.usable]
    if usable:
        rows = tuple(row for key in usable for row in answer_evidence(key.answer))
        return passed(evidence=rows, count=len(usable), selectors=[key.selector for key in usable])
    if dkim.wildcard.kind not in {WildcardKind.NONE, WildcardKind.UNKNOWN}:
        return unknown(case="wildcard", lack=Lack.INPUT, evidence=answer_evidence(dkim.wildcard.answer))
    lacking = [key.answer for key in own if not key.answer.answered]
    if any(key.usable for key in dkim.keys):
        lacking.append(dkim.wildcard.answer)  # without it, a wildcard's key is not told from a selector's
    if lacking or silent(dkim):
        return unknown(*lacking, *dkim.unanswered)
    return _missing(dkim, [key for key in own if key.records])


def _missing(dkim: DkimFacts, present: list[DkimKey]) -> Judgement:
    rows = tuple(row for key in present for row in answer_evidence(key.answer))
    if dkim.proven_complete:
        return failed(case="unusable" if present else "none", evidence=rows, count=len(present))
    case = "none_usable" if present else "not_found"
    # RFC 8020 §2: nothing stands below NXDOMAIN, but some servers say it of names that only have names below them
    if not present and dkim.base.status is Status.NXDOMAIN and not dkim.base.cname_chain:
        case, rows = "nothing_below", answer_evidence(dkim.base)
    return unknown(
        case=case,
        lack=Lack.INPUT,
        evidence=rows,
        tried=dkim.tried - len(dkim.unanswered),
        unanswered=len(dkim.unanswered),
        count=len(present),
    )


@check(
    "dkim-revoked",
    Severity.INFO,
    rfc(6376, "3.6.1"),
    titles={
        "pass": "The key at {selector} is not revoked",
        "info": "The key at {selector} is revoked: mail signed with it fails",
        "unknown": "Whether a key is revoked is not known",
    },
    settle=NAME_IT,
)
def dkim_revoked(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Which keys are revoked.

    Why it matters: an empty p= is how a key is retired; it does harm only where something still signs with it.

    How to fix: make sure that nothing signs with this selector any more.
    """
    return each_key(dkim, subject, _revoked)


def _revoked(place: Place, record: KeyRecord) -> Judgement:
    say = informed if record.revoked else passed
    return say(place.subject, selector=place.subject, evidence=tag_evidence(place, record, "p"))


@check(
    "dkim-single-record",
    Severity.HIGH,
    rfc(6376, "3.6.2.2"),
    titles={
        "pass": "There is one TXT record at {selector}",
        "fail": "There are {count} TXT records at {selector}; which one a verifier takes is a matter of luck",
    },
    settle=NAME_IT,
)
def dkim_single_record(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Each selector has exactly one TXT record.

    Why it matters: with several records at one selector the result is undefined, so the same mail passes at one
    receiver and fails at the next.

    How to fix: keep the record whose key the signer uses and delete the others; a new key gets a new selector.
    """
    return each_key(dkim, subject, _single)


def _single(place: Place, _: KeyRecord) -> Judgement:
    count = len(place.records)
    say = passed if count == 1 else failed
    return say(place.subject, selector=place.subject, count=count, evidence=answer_evidence(place.answer))


@check(
    "dkim-delegation",
    Severity.HIGH,
    rfc(6376, "3.6.2.1"),
    rfc(1034, "3.6.2"),
    titles={
        "pass": "The alias at {selector} leads to a record",
        "fail": "The alias at {selector} leads to {target}, where there is nothing",
        "standby": "The alias at {selector} leads to a spare key that its provider has not published yet",
        "twin": "The alias at {selector} leads to {target}, where there is nothing; {twin} works",
    },
    fixes={"twin": "Ask the provider to publish the second key before it rotates to it."},
    settle=NAME_IT,
)
def dkim_delegation(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Selectors that are aliases lead to a key.

    Why it matters: mail signed with a selector whose target is gone fails, and whoever gets hold of the target's name
    can sign in this domain's.

    How to fix: delete the alias if the service is no longer used; else take the target from its settings again.
    """
    aliases = [key for key in dkim.keys if key.answer.cname_chain]
    if aliases:
        return [_alias(key, dkim) for key in aliases]
    return not_applicable() if dkim.keys else nothing_found(dkim, subject)


def _alias(key: DkimKey, dkim: DkimFacts) -> Judgement:
    chain = key.answer.cname_chain
    if not key.answer.answered:
        return unknown(key.answer, subject=key.name, evidence=tuple(_steps(key)))
    if key.answer.records:
        return passed(key.name, selector=key.name, target=chain[-1], evidence=tuple(_steps(key)))
    rows = (*_steps(key), Evidence("dns_answer", chain[-1], "TXT", note=key.answer.status.value))
    data: dict[str, Any] = {"selector": key.name, "target": chain[-1]}
    twin = twin_of(key, dkim)
    if twin is None:
        return failed(key.name, evidence=rows, **data)
    if key.standby:
        return informed(key.name, case="standby", evidence=rows, **data)
    return failed(key.name, case="twin", severity=Severity.MEDIUM, evidence=rows, twin=twin.name, **data)


def _steps(key: DkimKey) -> Iterator[Evidence]:
    owner = key.name
    for target in key.answer.cname_chain:
        yield Evidence("dns_answer", owner, "CNAME", f"{target}.")
        owner = target


@check(
    "dkim-parked",
    Severity.LOW,
    source("M3AAWG"),
    rfc(6376, "3.6.1"),
    titles={
        "pass": "Every selector of this parked domain is revoked",
        "no_wildcard": "This parked domain does not revoke the selectors that a forger might make up",
        "other_wildcard": "A made-up selector of this parked domain gets a wildcard's text, which is no revoked key",
        "live_keys": "This parked domain still publishes {count} usable DKIM {count:key|keys}",
    },
    fixes={
        "live_keys": "Revoke the keys that are left: an empty p= at each.",
        "other_wildcard": "Let *._domainkey hold v=DKIM1; p= and no other text; it goes before wildcards further up.",
    },
)
def dkim_parked(subject: Subject, dkim: DkimFacts) -> Judgements:
    """A domain that sends no mail revokes every DKIM selector.

    Why it matters: it tells receivers that no signature in this name is genuine, now or from an old key.

    How to fix: publish the TXT record v=DKIM1; p= at *._domainkey.
    """
    if subject.role is not Role.PARKED:
        return not_applicable()
    live = [key for key in dkim.keys if key.usable]
    if live:
        rows = tuple(row for key in live for row in answer_evidence(key.answer))
        return failed(case="live_keys", evidence=rows, count=len(live), selectors=[key.selector for key in live])
    return _wildcard(dkim)


def _wildcard(dkim: DkimFacts) -> Judgement:
    answer = dkim.wildcard.answer
    rows = answer_evidence(answer)
    if dkim.wildcard.kind is WildcardKind.UNKNOWN:
        return unknown(answer)
    if dkim.wildcard.kind is WildcardKind.REVOKED:
        return passed(evidence=rows)
    if answer.records:
        return failed(case="other_wildcard", evidence=rows)
    change = RecordChange(Action.ADD, f"*._domainkey.{dkim.domain}", "TXT", value=REVOKE_ALL)
    records = () if answer.cname_chain else (change,)  # RFC 1034 §3.6.2: nothing stands beside the wildcard's alias
    return failed(case="no_wildcard", evidence=rows, records=records)


DKIM = (
    dkim_selectors,
    dkim_key_syntax,
    dkim_key_size,
    dkim_key_type,
    dkim_revoked,
    dkim_testing_flag,
    dkim_hash,
    dkim_service_type,
    dkim_single_record,
    dkim_delegation,
    dkim_exponent,
    dkim_parked,
)
"""In the order of the catalogue."""
