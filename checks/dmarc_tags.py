"""DMARC tags that do less, or other, than they seem to: test mode, idle and removed tags, psd, strict alignment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deliverability.checks._check import Judgements, check, failed, informed, not_applicable, passed
from deliverability.checks._dmarc import (
    MAX_ROWS,
    applied,
    is_own,
    record_name,
    replacing,
    rewritten,
    row,
    shown,
    tag_rows,
    with_policy,
)
from deliverability.findings import Role, Severity, Subject
from deliverability.protocols.dmarc import DmarcFacts, DmarcRecord, Policy
from deliverability.protocols.dmarc.record import REMOVED
from deliverability.protocols.dmarc.repair import TAGS as KNOWN_TAGS
from deliverability.sources import rfc


def _asks_for_something(record: DmarcRecord) -> bool:
    reading = record.reading
    return reading is not None and {reading.p, reading.sp, reading.np} != {Policy.NONE}


@check(
    "dmarc-testing",
    Severity.MEDIUM,
    rfc(9989, "4.7"),
    rfc(7489, "6.3"),
    titles={
        "pass": "The DMARC policy is in force, not under test",
        "t": "Test mode: with t=y receivers apply one level less than p={p}",
        "pct": "pct={pct}: receivers of the old standard apply p={p} to {pct} % of failing mail only",
        "both": "t=y and pct={pct} hold the policy p={p} back",
    },
    fixes={
        "pct": "Remove pct. The current standard has no such tag, so part of the receivers ignore it already.",
        "both": "Remove t and pct as soon as the aggregate reports look right.",
    },
)
@with_policy
def dmarc_testing(dmarc: DmarcFacts) -> Judgements:
    """The policy is in force.

    Why it matters: a test that nobody ends looks like protection and is none, or only part of it.

    How to fix: remove t=y when the test has shown what it was for.
    """
    record = applied(dmarc)
    reading, legacy = record.reading, record.legacy
    testing = reading is not None and reading.testing
    partial = legacy is not None and legacy.pct < 100
    if reading is None or not (testing or partial) or not _asks_for_something(record):
        return passed(evidence=(row(record_name(dmarc), record.text),))
    held = {"t": testing, "pct": partial}
    return failed(
        case="both" if testing and partial else "t" if testing else "pct",
        evidence=tag_rows(dmarc, {name: "holds the policy back" for name, held_back in held.items() if held_back}),
        records=replacing(dmarc, record.text, rewritten(record, drop=("t", "pct"))),
        safe=False,
        p=reading.p.value,
        pct=legacy.pct if legacy is not None else 100,
    )


@check(
    "dmarc-tags-without-effect",
    Severity.LOW,
    rfc(9989, "4.7"),
    titles={
        "pass": "Every tag of the DMARC record does something",
        "fail": "The DMARC record has tags that do nothing: {names}",
    },
)
@with_policy
def dmarc_tags_without_effect(dmarc: DmarcFacts) -> Judgements:
    """Every tag of the record has an effect.

    Why it matters: somebody relies on what such a tag seems to say, and no receiver reads it that way.

    How to fix: remove the tags shown, or publish them where they count.
    """
    record = applied(dmarc)
    idle = dict(_idle(dmarc, record))
    if not idle:
        return passed(evidence=(row(record_name(dmarc), record.text),))
    return failed(
        evidence=tag_rows(dmarc, idle)[:MAX_ROWS],
        records=replacing(dmarc, record.text, rewritten(record, drop=idle)),
        names=shown(", ".join(idle)),
        reasons=idle,
    )


def _idle(dmarc: DmarcFacts, record: DmarcRecord) -> Iterator[tuple[str, str]]:
    names = {tag.name for tag in record.tags}
    for name in sorted(names - {"v", *KNOWN_TAGS, *REMOVED}):
        yield name, "no tag of DMARC; receivers ignore it"
    if is_own(dmarc) and not dmarc.is_organizational:
        for name in ("sp", "np"):
            if name in names:
                yield name, f"only counts at the Organizational Domain, {dmarc.discovery.organizational_domain}"
    elif "np" in names and dmarc.made_up.exists:
        yield "np", "a wildcard makes every subdomain exist"
    if "fo" in names and not record.ruf:
        yield "fo", "ignored without ruf"
    if "t" in names and record.reading is not None and record.reading.testing and not _asks_for_something(record):
        yield "t", "takes nothing off p=none"


@check(
    "dmarc-removed-tags",
    Severity.INFO,
    rfc(9989, "C"),
    rfc(9989, "4.8"),
    titles={
        "pass": "The DMARC record uses no tag of the old standard alone",
        "info": "The DMARC record uses what RFC 9989 took out: {names}",
    },
)
@with_policy
def dmarc_removed_tags(dmarc: DmarcFacts) -> Judgements:
    """The record uses tags of the current standard only.

    Why it matters: receivers differ in whether they still read these tags, so nothing should depend on them.

    How to fix: leave pct, rf, ri and size limits (`!10m`) out when the record is next edited.
    """
    record, name = applied(dmarc), record_name(dmarc)
    tags = {tag.name: tag.span for tag in record.tags if tag.name in REMOVED}
    sizes = {uri.text: uri.span for uri in (*record.rua, *record.ruf) if uri.size}
    found = tags | sizes
    if not found:
        return passed(evidence=(row(name, record.text),))
    rows = tuple(row(name, record.text, span, "not in the current standard") for span in found.values())
    return informed(evidence=rows, names=", ".join([*tags, *(["size limits"] if sizes else [])]), tags=sorted(found))


@check(
    "dmarc-psd",
    Severity.HIGH,
    rfc(9989, "4.7"),
    rfc(9989, "4.10.2"),
    rfc(9989, "5.2"),
    titles={
        "pass": "psd={psd} suits {domain}",
        "claims": "psd=y says that {domain} is a public suffix, which it is not",
        "missing": "{domain} is a public suffix and its record does not say psd=y",
    },
    fixes={"missing": "Add psd=y; without it receivers take every name below for part of the registry."},
)
@with_policy
def dmarc_psd(dmarc: DmarcFacts) -> Judgements:
    """Only a public suffix says psd=y.

    Why it matters: the tag decides which names belong together, and so which signatures align with which From.

    How to fix: remove psd, or write psd=n where a department wants to be an organization of its own.
    """
    record = applied(dmarc)
    psd = record.psd
    if not is_own(dmarc) or (psd == "u" and not dmarc.public_suffix):
        return not_applicable()
    data: dict[str, Any] = {"domain": dmarc.domain, "psd": psd, "public_suffix": dmarc.public_suffix}
    evidence = tag_rows(dmarc, {"psd": ""})
    if psd == "y" and not dmarc.public_suffix:
        change = replacing(dmarc, record.text, rewritten(record, drop=("psd",)))
        return failed(case="claims", evidence=evidence, records=change, **data)
    if psd == "u":
        change = replacing(dmarc, record.text, rewritten(record, put={"psd": "y"}))
        return failed(case="missing", evidence=evidence, records=change, **data)
    return passed(evidence=evidence, **data)


@check(
    "dmarc-strict-alignment",
    Severity.MEDIUM,
    rfc(9989, "4.4"),
    titles={
        "pass": "Alignment is relaxed: subdomains of {domain} count as {domain}",
        "info": "Alignment is strict for {strict} and relaxed for the other",
        "fail": "Alignment is strict for both SPF and DKIM: mail passes only with exactly the From domain",
    },
)
@with_policy
def dmarc_strict_alignment(dmarc: DmarcFacts, subject: Subject) -> Judgements:
    """Alignment leaves room for subdomains in SPF or in DKIM.

    Why it matters: a sender that bounces to bounce.example.com and signs as mail.example.com then fails outright.

    How to fix: leave adkim or aspf out, unless the reports show that every sender uses the exact domain.
    """
    record = applied(dmarc)
    strict = {tag: what for tag, what in (("adkim", "DKIM"), ("aspf", "SPF")) if getattr(record, tag) == "s"}
    evidence = tag_rows(dmarc, dict.fromkeys(strict, "strict"))
    if subject.role is Role.PARKED:
        return not_applicable()
    if len(strict) == 2:
        return failed(evidence=evidence, strict=" and ".join(strict.values()), domain=dmarc.domain)
    if strict:
        return informed(evidence=evidence, strict=next(iter(strict.values())), domain=dmarc.domain)
    return passed(evidence=evidence, domain=dmarc.domain)
