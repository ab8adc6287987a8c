"""Is that good? The domain itself: that it exists, its wildcards and aliases. Its TXT: dns_texts and dns_places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deliverability.checks._check import (
    Check,
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    passed,
    unknown,
)
from deliverability.checks._dkim import twin_of
from deliverability.checks.dns_places import dns_record_misplaced
from deliverability.checks.dns_texts import dns_txt_characters, dns_txt_size
from deliverability.findings import Action, Evidence, Judgement, RecordChange, Severity
from deliverability.lookup.answer import Answer, Status
from deliverability.names import registrable
from deliverability.protocols.dkim import DkimFacts
from deliverability.protocols.domain import DomainFacts, Probe
from deliverability.protocols.mx import MxFacts
from deliverability.protocols.texts import RecordKind, is_protective, kind_of, meant_as, name_as_text
from deliverability.sources import rfc

_PLACES = {
    "*._domainkey.": RecordKind.DKIM,
    "_dmarc.*.": RecordKind.DMARC,
    "*.": RecordKind.SPF,
}
"""Which record a reader looks for at the names that each wildcard answers."""


@check(
    "dns-domain-exists",
    Severity.CRITICAL,
    rfc(8020, "2"),
    rfc(2308, "2.1"),
    titles={
        "pass": "The domain exists",
        "empty": "The domain exists, but has no records of its own that mail could use",
        "fail": "The domain does not exist (NXDOMAIN)",
    },
    fixes={"fail": "Check the spelling; if it is right, register the domain or see why its registry dropped it."},
)
def dns_domain_exists(domain: DomainFacts) -> Judgements:
    """The domain exists in DNS.

    Why it matters: receivers refuse mail from a domain that is not there, whatever else is right.

    How to fix: register the domain, or restore its delegation.
    """
    if domain.exists is None:
        return unknown(*domain.apex)
    if not domain.exists:
        return failed(evidence=answer_evidence(domain.at("SOA")))
    useful = [answer for answer in domain.apex if answer.records]
    if not useful and all(answer.answered for answer in domain.apex):
        return informed(case="empty", evidence=answer_evidence(domain.at("TXT")))
    return passed(name_servers=[server.name for server in domain.name_servers])


@check(
    "dns-wildcard",
    Severity.HIGH,
    rfc(4592, "2.1"),
    rfc(7208, "3.5"),
    titles={
        "pass": "No wildcard answers at {wildcard}",
        "addresses": "A wildcard at {wildcard} gives every name an address",
        "alias": "A wildcard at {wildcard} makes every name an alias of {target}",
        "noise": "A wildcard answers at {wildcard}; its text is no {kind} record",
        "protective": "A wildcard answers at {wildcard}; its {kind} record allows nothing",
        "fail": "A wildcard answers at {wildcard}; its text is a valid {kind} record",
    },
    fixes={"fail": "Replace {wildcard} by records at the names that need them."},
)
def dns_wildcard(domain: DomainFacts) -> Iterator[Judgement]:
    """Names that nobody published answer with no usable mail record.

    Why it matters: receivers cannot tell a wildcard's answer from a record that was meant, so any made-up subdomain or
    selector gets the sending rights or the policy that it carries.

    How to fix: remove the wildcard, or keep it to addresses.
    """
    for probe in domain.probes:
        yield _probe(probe)


def _probe(probe: Probe) -> Judgement:
    kind = next(kind for prefix, kind in _PLACES.items() if probe.wildcard.startswith(prefix))
    texts = [text for answer in probe.answers if answer.rdtype == "TXT" for text in answer.records]
    valid = [text for text in texts if kind_of(text) is kind]
    rows = tuple(row for answer in probe.answers if answer.records for row in answer_evidence(answer))
    if valid and not all(is_protective(text) for text in valid):
        return failed(probe.wildcard, wildcard=probe.wildcard, kind=kind.value, evidence=rows)
    if not all(answer.answered for answer in probe.answers if answer.rdtype == "TXT"):
        return unknown(*probe.answers, subject=probe.wildcard)
    target = next((answer.cname_chain[0] for answer in probe.answers if answer.cname_chain), "")
    case = "protective" if valid else "noise" if texts else "addresses" if rows else "alias"
    if rows or target:
        rows = rows or (Evidence("dns_answer", probe.answers[0].name, "CNAME", f"{target}."),)
        return informed(
            probe.wildcard, case=case, wildcard=probe.wildcard, kind=kind.value, target=target, evidence=rows
        )
    if not all(answer.answered for answer in probe.answers):
        return unknown(*probe.answers, subject=probe.wildcard)
    return passed(probe.wildcard, wildcard=probe.wildcard)


@check(
    "dns-dangling-cname",
    Severity.HIGH,
    rfc(1034, "3.6.2"),
    rfc(2308, "2.1"),
    titles={
        "pass": "No alias that mail uses leads to a name that is gone ({count} looked at)",
        "fail": "{name} is an alias of {target}, which does not exist",
        "unknown": "{count} {count:alias|aliases} that mail uses could not be followed",
    },
    fixes={"target": "Ask whoever runs {target} to bring it back, or point MX at a host that exists."},
)
def dns_dangling_cname(domain: DomainFacts, mx: MxFacts, dkim: DkimFacts) -> Judgements:
    """Every alias that mail uses leads to a name that exists.

    Why it matters: whoever registers the vanished name answers for yours, and until then a key or policy is missing.

    How to fix: remove the alias if that service no longer works for you; otherwise have its owner restore {target}.
    """
    aliases = _mail_aliases(domain, mx, dkim)
    policy = domain.text_at(f"_dmarc.{domain.domain}")
    asked = {answer.name: answer for answer in (*aliases, policy) if answer is not None}
    silent = [answer for answer in asked.values() if not answer.answered]
    gone = [_dangling(domain, dkim, answer) for answer in aliases if answer.status is Status.NXDOMAIN]
    if silent:
        return [*gone, unknown(*silent, count=len(silent))]
    return gone or passed(count=len(aliases))


def _mail_aliases(domain: DomainFacts, mx: MxFacts, dkim: DkimFacts) -> list[Answer]:
    """The answers at mail-relevant names that went through an alias; a wildcard's own stands for all that it gave."""
    wild = _wildcard_aliases(domain)
    texts = [
        a for a in domain.texts if _is_mail_name(a.name) and (_listed(domain, a.name) or a.cname_chain not in wild)
    ]
    keys = [key.answer for key in dkim.keys if not key.standby]
    standby = {key.name for key in dkim.keys if key.standby}
    hosts = [_best(host.answers) for host in mx.hosts if host.answers and not mx.implicit]
    found = {a.name: a for a in (*wild.values(), *texts, *keys, *hosts) if a.cname_chain and a.name not in standby}
    # a target that is a record's text is no name that somebody could bring back: dns-record-misplaced speaks of it
    return [answer for _, answer in sorted(found.items()) if meant_as(name_as_text(answer.cname_chain[0])) is None]


def _wildcard_aliases(domain: DomainFacts) -> dict[tuple[str, ...], Answer]:
    """What made-up names are aliases of, by the targets, under the name of the wildcard highest up."""
    found: dict[tuple[str, ...], Answer] = {}
    for probe in domain.probes:
        for answer in probe.answers:
            if answer.rdtype == "TXT" and answer.cname_chain and probe.wildcard.startswith("*."):
                found.setdefault(answer.cname_chain, replace(answer, name=probe.wildcard))
    return found


def _listed(domain: DomainFacts, name: str) -> bool:
    return domain.names is not None and name in domain.names


def _best(answers: tuple[Answer, ...]) -> Answer:
    return next((answer for answer in answers if answer.records), answers[0])


def _is_mail_name(name: str) -> bool:
    return any(label.startswith("_") and label in _MAIL_LABELS for label in name.split("."))


_MAIL_LABELS = frozenset({"_dmarc", "_domainkey", "_mta-sts", "_tls", "_bimi", "_report"})
"""RFC 8552 §4: the underscored names under which mail records stand."""


def _dangling(domain: DomainFacts, dkim: DkimFacts, answer: Answer) -> Judgement:
    target = answer.cname_chain[-1]
    cname = next((alias for alias in domain.aliases if alias.name == answer.name and alias.records), None)
    written = cname.records[0] if cname else f"{answer.cname_chain[0]}."
    is_host = answer.rdtype != "TXT"
    # a provider signs with one of a pair at a time, and the other is missed only when it changes over
    paired = any(key.name == answer.name and twin_of(key, dkim) is not None for key in dkim.keys)
    return failed(
        answer.name,
        name=answer.name,
        target=target,
        case="target" if is_host else "fail",
        severity=Severity.MEDIUM if paired else None,
        evidence=(Evidence("dns_answer", answer.name, "CNAME", written), *answer_evidence(answer)),
        records=() if is_host or paired else (RecordChange(Action.REMOVE, answer.name, "CNAME", old=written),),
    )


@check(
    "dns-cname-and-other-data",
    Severity.HIGH,
    rfc(1034, "3.6.2"),
    rfc(2181, "10.1"),
    titles={
        "pass": "No name that mail uses is an alias and has other records too",
        "fail": "{name} is an alias (CNAME) and has {types} records too",
        "apex": "The registered domain {name} itself is an alias (CNAME)",
    },
    fixes={
        "fail": "Decide for {name}: either the CNAME alone, or the other records without it.",
        "apex": "Replace the CNAME at {name} by A and AAAA records, or by your DNS provider's own flattening.",
    },
)
def dns_cname_and_other_data(domain: DomainFacts) -> Judgements:
    """A name is either an alias or has records of its own.

    Why it matters: which of the two a receiver gets depends on what its resolver asked first, so mail passes on one
    day and fails on the next.

    How to fix: remove the CNAME.
    """
    faults = [fault for alias in domain.aliases if alias.records for fault in _conflict(domain, alias)]
    silent = [alias for alias in domain.aliases if not alias.answered]
    if faults:
        return faults
    return unknown(*silent) if silent else passed()


def _conflict(domain: DomainFacts, alias: Answer) -> Iterator[Judgement]:
    """What is wrong with the alias that a direct question for CNAME showed."""
    others = [a for a in (*domain.apex, *domain.texts, *domain.beside) if a.name == alias.name and a.rdtype != "CNAME"]
    beside = [a for a in others if a.records and not a.cname_chain]
    evidence = (*answer_evidence(alias), *(row for a in beside for row in answer_evidence(a)))
    if beside:
        types = ", ".join(sorted({a.rdtype for a in beside}))
        yield failed(alias.name, name=alias.name, types=types, evidence=evidence)
    # a registered domain is delegated, so SOA and NS stand at its name
    elif alias.name == domain.domain and registrable(domain.domain) == domain.domain:
        yield failed(alias.name, case="apex", name=alias.name, evidence=evidence)


DNS: tuple[Check, ...] = (
    dns_domain_exists,
    dns_wildcard,
    dns_dangling_cname,
    dns_cname_and_other_data,
    dns_txt_size,
    dns_txt_characters,
    dns_record_misplaced,
)
