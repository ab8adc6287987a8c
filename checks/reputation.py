"""Is that good? What others hold of the sender: block lists, and what receivers' own tools say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from deliverability.checks._check import (
    Check,
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Role, Severity, Subject
from deliverability.protocols.blocklists import COULD_LOOK, Code, Kind, State, Which
from deliverability.protocols.dnsbl import AskedList, DnsblFacts, Listing
from deliverability.sources import rfc

Said = list[tuple[AskedList, Listing]]

OWN_RESOLVER = (
    "Block lists answer a resolver of one's own (--resolver), not a public one; Spamhaus also answers with a key in "
    "DELIV_SPAMHAUS_DQS_KEY."
)
DECLINED = "Block lists were not asked, as was wished (--blocklists none)"
OFFLINE = "Block lists were not asked: the answers come from files"
UNCHECKED = "{list} could not be checked: {why}"
UNHEARD = "No block list said anything of {what}: {why}"
FAIL = "{what} is on {count} {count:block list|block lists}: {lists}"
PASS = "{what} is on no block list that answered ({lists})"  # noqa: S105 - a title
INFO = "{what} is on {lists}: {meaning}"


def _judged(dnsbl: DnsblFacts, kinds: Iterable[Kind], subjects: Iterable[str]) -> Iterator[Judgement]:
    """One judgement for each subject, and one for each list that could not be checked.

    A list that refuses, is broken or keeps silent lacks something of the caller's (a resolver that it answers, a key),
    so it never leaves a verdict undetermined; and it is never taken for a list on which the subject is not.
    """
    lists = [one for one in dnsbl.lists if one.kind in kinds]
    if lists and all(one.state is State.UNASKED for one in lists):
        yield unknown(case="offline", lack=Lack.INPUT)
        return
    for subject in subjects:
        said = [(one, heard) for one in lists for heard in one.listings if one.works and heard.subject == subject]
        heard_of = [(one, heard) for one, heard in said if heard.state in COULD_LOOK]
        yield _of(subject, heard_of) if any(not one.allow for one, _ in heard_of) else _unheard(subject, lists)
    if any(one.works for one in lists):
        yield from _unchecked(lists)


def _of(subject: str, said: Said) -> Judgement:
    """What the lists that could be asked say of one subject; the gravest word decides."""
    held = [(one, heard) for one, heard in said if heard.state is State.LISTED]
    listed = [(one, heard) for one, heard in held if not one.allow]
    codes = sorted((code for _, heard in listed for code in heard.codes), key=lambda code: -code.severity.rank)
    data: dict[str, Any] = {"what": subject, "allowed": [one.name for one, _ in held if one.allow]}
    if codes and codes[0].severity is not Severity.INFO:
        names = ", ".join(_words(one, heard) for one, heard in listed)
        rows = _rows(held)
        return failed(subject, severity=codes[0].severity, evidence=rows, **data, **_counted(listed), lists=names)
    if codes:
        names = ", ".join(_words(one, heard) for one, heard in listed)
        return informed(
            subject, evidence=_rows(held), **data, **_counted(listed), lists=names, meaning=codes[0].meaning
        )
    asked = [(one, heard) for one, heard in said if not one.allow]
    return passed(
        subject, evidence=_rows(held), **data, **_counted(asked), lists=", ".join(one.name for one, _ in asked)
    )


def _unheard(subject: str, lists: Iterable[AskedList]) -> Judgement:
    """Nothing is known of a subject of which no list could be asked: neither that it is listed, nor that it is not."""
    whys = [
        f"{one.name}, {one.why or heard.why}" for one in lists for heard in one.listings if heard.subject == subject
    ]
    rows = tuple(row for one in lists for answer in one.tests for row in answer_evidence(answer, note=one.why))
    return unknown(subject=subject, case="unheard", lack=Lack.INPUT, evidence=rows, what=subject, why="; ".join(whys))


def _counted(said: Said) -> dict[str, Any]:
    zones = list(dict.fromkeys(one.zone for one, _ in said))
    return {"count": len(zones), "zones": zones, "codes": sorted({c.name for _, heard in said for c in heard.codes})}


def _words(one: AskedList, heard: Listing) -> str:
    names: list[Code] = list(heard.codes)
    return f"{one.name} ({', '.join(dict.fromkeys(code.name for code in names))})"


def _rows(said: Said) -> tuple[Evidence, ...]:
    rows = list[Evidence]()
    for one, heard in said:
        meaning = "; ".join(dict.fromkeys(f"{code.name}, {code.meaning}" for code in heard.codes))
        rows += answer_evidence(heard.answer, note=f"{one.name}: {meaning}")
        if heard.reason is not None and heard.reason.records:
            rows += answer_evidence(heard.reason, note="the reason that the list gives")
    return tuple(rows)


def _unchecked(lists: Iterable[AskedList]) -> Iterator[Judgement]:
    """One judgement for each list that gave no usable answer, to its test or to a question."""
    seen = set[str]()
    for one in lists:
        silent = [heard for heard in one.listings if heard.state not in COULD_LOOK]
        if one.zone in seen or (one.works and not silent):
            continue
        seen.add(one.zone)
        why = one.why or silent[0].why
        answers = one.tests if not one.works else tuple(heard.answer for heard in silent)
        rows = tuple(row for answer in answers for row in answer_evidence(answer, note=why))
        yield unknown(subject=one.zone, case="unchecked", lack=Lack.INPUT, evidence=rows, list=one.name, why=why)


@check(
    "blocklist-ip",
    Severity.HIGH,
    rfc(5782, "2.1"),
    rfc(5782, "5"),
    titles={
        "pass": PASS,
        "fail": FAIL,
        "info": INFO,
        "unheard": UNHEARD,
        "unchecked": UNCHECKED,
        "offline": OFFLINE,
        "declined": DECLINED,
        "no_address": "No address is known to send, so no block list was asked about any",
        "left_out": "Block lists were not asked about {left_out} more addresses",
    },
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=f"Give the addresses that send with --ip. {OWN_RESOLVER}",
)
def blocklist_ip(subject: Subject, dnsbl: DnsblFacts) -> Judgements:
    """No address that sends is on a block list.

    The lists are asked about the addresses given with --ip, else about those from which, by events (--events), most
    mail went out; sixteen at most.
    Each list is tested before it is believed: it must hold its test entry and must not hold 127.0.0.1 (RFC 5782 §5).
    How bad a listing is follows from the list and its answer; lists of end users' lines and of whole networks only
    inform. A list that refuses, fails its test or keeps silent is unknown, one by one, and decides no verdict.

    Why it matters: servers that ask such a list refuse the connection, or file what comes over it as spam.

    How to fix: stop what the list saw, which its reason tells, and then ask for removal on the page of that list.
    """
    if dnsbl.which is Which.NONE:
        return not_applicable(case="declined")
    if not dnsbl.addresses:
        lacking = subject.role is Role.SENDING and not dnsbl.special
        return unknown(case="no_address", lack=Lack.INPUT) if lacking else not_applicable()
    judged = _judged(dnsbl, (Kind.IP4, Kind.IP6), dnsbl.addresses)
    found = [replace(one, data={**one.data, "origin": dnsbl.origin.value}) for one in judged]
    if dnsbl.left_out:
        found.append(unknown(case="left_out", lack=Lack.INPUT, left_out=len(dnsbl.left_out)))
    return found


@check(
    "blocklist-domain",
    Severity.HIGH,
    rfc(5782, "3"),
    rfc(5782, "5"),
    titles={
        "pass": PASS,
        "fail": FAIL,
        "info": INFO,
        "unheard": UNHEARD,
        "unchecked": UNCHECKED,
        "offline": OFFLINE,
        "declined": DECLINED,
    },
    effort=Effort.MEDIUM,
    owner=Owner.CONTENT,
    settle=OWN_RESOLVER,
)
def blocklist_domain(dnsbl: DnsblFacts) -> Judgements:
    """The domain is on no block list, and neither is the domain that it belongs to.

    Lists of names are tested as those of addresses are, by the names TEST (or a point that the list publishes) and
    INVALID.

    Why it matters: filters look up the domains in a mail's sender and links; such mail is refused whoever sends it, and
    a change of servers does not help.

    How to fix: look for a cracked site, an open redirect or a customer's spam under the name, and report the repair to
    the list.
    """
    if dnsbl.which is Which.NONE:
        return not_applicable(case="declined")
    return list(_judged(dnsbl, (Kind.DOMAIN,), dnsbl.names))


REPUTATION: tuple[Check, ...] = (blocklist_ip, blocklist_domain)
