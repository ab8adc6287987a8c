"""DMARC reports: are they asked for, can they arrive, and does the destination want them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from deliverability.checks._dmarc import (
    applied,
    is_own,
    record_name,
    replacing,
    report_address,
    rewritten,
    row,
    shown,
    tag_rows,
    with_policy,
)
from deliverability.findings import Action, Evidence, Judgement, Owner, RecordChange, Role, Severity, Subject
from deliverability.lookup.answer import Answer
from deliverability.protocols.dmarc import Authorisation, Destination, DmarcFacts, repaired
from deliverability.protocols.dmarc.reports import AUTHORISING_TEXT
from deliverability.protocols.dmarc.uri import ReportUri, UriFault
from deliverability.sources import rfc


@check(
    "dmarc-rua",
    Severity.MEDIUM,
    rfc(9989, "4.7"),
    rfc(9989, "5.1.3"),
    rfc(5321, "5.1"),
    titles={
        "pass": "Aggregate reports go to {good} that can receive them",
        "none": "Nobody gets aggregate reports: the DMARC record has no usable rua",
        "bad": "{bad} of {count} {count:destination|destinations} of aggregate reports cannot be used: {first}",
        "deaf": "{bad} of {count} {count:destination|destinations} of aggregate reports cannot receive mail: {first}",
        "no_mail": "Aggregate reports are asked for by other means than mail, which receivers need not support",
    },
    fixes={
        "none": "Add rua with a mailbox that somebody reads; one that is only proposed has to be created first.",
        "bad": "Correct the destinations marked: each is mailto: and one address.",
        "deaf": "Give the domain of that address an MX record, or send the reports to an address that works.",
    },
)
@with_policy
def dmarc_rua(dmarc: DmarcFacts, subject: Subject) -> Judgements:
    """Aggregate reports are asked for and can arrive.

    Why it matters: they are the only way to see who sends in your name, and whether your own mail passes.

    How to fix: name at least one mail address in rua that takes the reports.
    """
    record = applied(dmarc)
    if not any(uri.text for uri in record.rua):
        severity = Severity.LOW if subject.role is Role.PARKED else None
        return failed(case="none", severity=severity, evidence=tag_rows(dmarc, {"rua": ""}), records=_asking(dmarc))
    destinations = [one for one in dmarc.destinations if one.tag == "rua"]
    bad = list(_unusable(record.rua, destinations))
    if bad:
        change = replacing(dmarc, record.text, repaired(record.text))
        return failed(
            case="bad", evidence=_uri_rows(dmarc, bad, "no usable address"), records=change, **_counts(record.rua, bad)
        )
    if all(one.mailbox is None for one in destinations):
        return failed(case="no_mail", evidence=_uri_rows(dmarc, [one.uri for one in destinations]))
    deaf = [one for one in destinations if one.mailbox is not None and one.mailbox.can_receive is False]
    if deaf:
        uris = [one.uri for one in deaf]
        return failed(
            case="deaf",
            evidence=_uri_rows(dmarc, uris, "takes no mail") + _mail_rows(deaf),
            **_counts(record.rua, uris),
        )
    silent = _silent(destinations)
    if silent:
        return unknown(*silent)
    good = len(destinations)
    words = "one address" if good == 1 else f"{good} addresses"
    return passed(evidence=_uri_rows(dmarc, [one.uri for one in destinations]), good=words, count=good)


def _asking(dmarc: DmarcFacts) -> tuple[RecordChange, ...]:
    """The record with a report address of the domain's own, if mail to the domain can arrive."""
    if not is_own(dmarc) or not dmarc.mailbox.can_receive:
        return ()
    record = applied(dmarc)
    return replacing(dmarc, record.text, rewritten(record, put={"rua": report_address(dmarc)}))


def _unusable(uris: Iterable[ReportUri], destinations: Iterable[Destination]) -> Iterator[ReportUri]:
    yield from (uri for uri in uris if uri.fault is not None and uri.text)
    yield from (one.uri for one in destinations if not one.host)


def _counts(uris: Iterable[ReportUri], bad: list[ReportUri]) -> dict[str, Any]:
    return {
        "count": sum(1 for uri in uris if uri.text),
        "bad": len(bad),
        "first": shown(bad[0].text),
        "uris": [uri.text for uri in bad],
    }


def _uri_rows(dmarc: DmarcFacts, uris: Iterable[ReportUri], note: str = "") -> tuple[Evidence, ...]:
    """The destinations in their record; `note` is the remark on one that is well written."""
    name, text = record_name(dmarc), applied(dmarc).text
    return tuple(row(name, text, uri.span, _URI_NOTES[uri.fault] if uri.fault else note) for uri in uris)


_URI_NOTES = {
    UriFault.EMPTY: "nothing there",
    UriFault.NO_SCHEME: "no mailto: in front",
    UriFault.WHITE_SPACE: "white space in it",
    UriFault.CHARACTER: "a character that must be percent-encoded",
    UriFault.ADDRESS: "no mail address",
}


def _mail_rows(destinations: Iterable[Destination]) -> tuple[Evidence, ...]:
    boxes = [one.mailbox for one in destinations if one.mailbox is not None]
    return tuple(evidence for box in boxes for answer in box.answers for evidence in answer_evidence(answer))


def _silent(destinations: Iterable[Destination]) -> tuple[Answer, ...]:
    boxes = [one.mailbox for one in destinations if one.mailbox is not None and one.mailbox.can_receive is None]
    return tuple(dict.fromkeys(answer for box in boxes for answer in box.answers if not answer.answered))


@check(
    "dmarc-external-authorisation",
    Severity.HIGH,
    rfc(9990, "4"),
    titles={
        "pass": "{host} takes the DMARC reports of {policy_domain}",
        "no": "{host} has not said that it takes the reports of {policy_domain}, so receivers send it none",
        "elsewhere": "{host} passes the reports of {policy_domain} on to another host, so receivers send none",
        "too_long": "The name where {host} would take the reports of {policy_domain} is longer than DNS allows",
        "silent": "Could not see whether {host} takes the reports of {policy_domain}",
    },
    fixes={
        "no": "Whoever runs {host} must publish `v=DMARC1` at {name}: it is on their desk, not yours. Or send the"
        " reports to an address within your own domain.",
        "elsewhere": "Whoever runs {host} must name an address at {host} itself in that record, or none.",
        "too_long": "Use a destination with a shorter name, or one within your own domain.",
    },
    owner=Owner.ESP,
)
@with_policy
def dmarc_external_authorisation(dmarc: DmarcFacts) -> Judgements:
    """Whoever is to get the reports has agreed to take them.

    Why it matters: receivers must drop a destination at another organization that has not agreed; its reports are lost.

    How to fix: have the destination publish its consent under _report._dmarc, or keep the reports at home.
    """
    outside: dict[str, list[Destination]] = {}
    for one in dmarc.destinations:
        if one.authorisation is not Authorisation.NOT_NEEDED:
            outside.setdefault(one.authorising_name, []).append(one)
    return [_consent(dmarc, together) for together in outside.values()] or not_applicable()


def _consent(dmarc: DmarcFacts, together: list[Destination]) -> Judgement:
    """What one host says; `together` are the destinations at it."""
    one = together[0]
    name = one.authorising_name
    tags = sorted({d.tag for d in together})
    policy_domain = dmarc.discovery.policy_domain
    data: dict[str, Any] = {"host": one.host, "name": name, "policy_domain": policy_domain, "tags": tags}
    answered = answer_evidence(one.authorising) if one.authorising is not None else ()
    evidence = _uri_rows(dmarc, [d.uri for d in together]) + answered
    if one.authorisation is Authorisation.YES:
        return passed(name, evidence=evidence, **data)
    if one.authorisation is Authorisation.UNKNOWN:
        return unknown(*one.unanswered, subject=name, case="silent", **data)
    severity = None if "rua" in tags else Severity.LOW  # failure reports are rarely sent at all
    records: tuple[RecordChange, ...] = ()
    if one.authorisation is Authorisation.NO and one.authorising is not None and not one.authorising.cname_chain:
        records = (RecordChange(Action.ADD, name, "TXT", value=AUTHORISING_TEXT),)
    case = one.authorisation.value
    return failed(name, case=case, severity=severity, evidence=evidence, records=records, **data)


@check(
    "dmarc-ruf",
    Severity.LOW,
    rfc(9991, "1"),
    rfc(9989, "4.7"),
    titles={
        "pass": "No failure reports are asked for",
        "info": "Failure reports go to {count} {count:address|addresses}; few receivers send any, and they hold"
        " personal data",
        "fail": "Failure reports are asked for where they cannot arrive: {first}",
    },
)
@with_policy
def dmarc_ruf(dmarc: DmarcFacts) -> Judgements:
    """Failure reports are asked for only where they can arrive.

    Why it matters: a failure report may quote a message, so a wrong address loses it or shows it to a stranger.

    How to fix: correct the address in ruf, or leave ruf out; the aggregate reports are what counts.
    """
    record = applied(dmarc)
    uris = [uri for uri in record.ruf if uri.text]
    if not uris:
        return passed(evidence=(row(record_name(dmarc), record.text),))
    destinations = [one for one in dmarc.destinations if one.tag == "ruf"]
    deaf = [one.uri for one in destinations if one.mailbox is not None and one.mailbox.can_receive is False]
    bad = [*_unusable(uris, destinations), *deaf]
    if bad:
        return failed(evidence=_uri_rows(dmarc, bad, "takes no mail"), **_counts(uris, bad))
    silent = _silent(destinations)
    if silent:
        return unknown(*silent)
    return informed(evidence=_uri_rows(dmarc, uris), count=len(uris))
