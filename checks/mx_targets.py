"""The hosts that MX records name: that they exist, can be reached, and are who they say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from itertools import pairwise
from typing import Any

from deliverability.checks._check import (
    Function,
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.findings import Action, Evidence, Judgement, Lack, Owner, RecordChange, Severity
from deliverability.protocols.addresses import literal
from deliverability.protocols.mx import MAX_HOSTS, MxFacts, MxHost, MxRecord, Reverse
from deliverability.sources import rfc

FEWER_HOSTS = f"Name fewer hosts in MX: an audit looks at the first {MAX_HOSTS}."
"""How to settle what rests on hosts that were not looked at."""


def with_mx(function: Function) -> Function:
    """Nothing is said of an MX that nobody answered for."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        answer = facts["mx"].answer
        return function(**facts) if answer.answered else unknown(answer)

    return guarded


def beyond(mx: MxFacts, subject: str = "") -> Judgement:
    """What can be said where the hosts that were not looked at would decide."""
    return unknown(subject=subject, lack=Lack.INPUT, hosts=list(mx.unasked[:MAX_HOSTS]), count=len(mx.unasked))


def mx_evidence(mx: MxFacts, *records: MxRecord, note: str = "") -> tuple[Evidence, ...]:
    """MX records, each with its target marked."""
    spans = ((r.text.rfind(" ") + 1, len(r.text)) for r in records)
    return tuple(
        Evidence("dns_answer", mx.answer.name, "MX", r.text, span, note) for r, span in zip(records, spans, strict=True)
    )


def records_for(mx: MxFacts, host: str) -> tuple[MxRecord, ...]:
    """The MX records that name `host`."""
    return tuple(record for record in mx.records if record.target == host)


def mx_change(mx: MxFacts, record: MxRecord, target: str | None = None) -> RecordChange:
    """Take `record` away or, given a `target` (canonical), point it there."""
    if target is None:
        return RecordChange(Action.REMOVE, mx.answer.name, "MX", old=record.text)
    value = f"{record.preference} {target}."
    return RecordChange(Action.REPLACE, mx.answer.name, "MX", old=record.text, value=value)


@check(
    "mx-target-cname",
    Severity.MEDIUM,
    rfc(2181, "10.3"),
    rfc(5321, "5.1"),
    titles={
        "pass": "The mail host {host} is no alias",
        "fail": "The mail host {host} is an alias (CNAME) of {canonical}",
    },
    settle=FEWER_HOSTS,
)
@with_mx
def mx_target_cname(mx: MxFacts) -> Iterator[Judgement]:
    """The hosts that MX names are not aliases.

    Why it matters: a mail server that compares host names to keep mail from looping cannot recognise itself behind an
    alias, and some senders refuse to follow one.

    How to fix: put the canonical name into the MX record, or give the mail host its own A and AAAA records.
    """
    for host in () if mx.implicit else mx.hosts:
        if host.alias:
            changes = tuple(mx_change(mx, record, host.alias[-1]) for record in records_for(mx, host.name))
            yield failed(
                host.name,
                host=host.name,
                canonical=host.alias[-1],
                evidence=(*mx_evidence(mx, *records_for(mx, host.name)), *_chain_evidence(host)),
                records=changes if host.reachable and not mx.answer.cname_chain else (),
            )
        elif host.literal is not None:
            yield not_applicable(host.name)
        elif not any(answer.answered for answer in host.answers):
            yield unknown(*host.answers, subject=host.name)
        else:
            yield passed(host.name, host=host.name)
    if mx.unasked:
        yield beyond(mx, mx.unasked[0])


def _chain_evidence(host: MxHost) -> tuple[Evidence, ...]:
    names = (host.name, *host.alias)
    return tuple(Evidence("dns_answer", name, "CNAME", target) for name, target in pairwise(names))


@check(
    "mx-target-address",
    Severity.HIGH,
    rfc(5321, "5.1"),
    rfc(1035, "3.3.9"),
    titles={
        "pass": "The mail host {host} has {count} public {count:address|addresses}",
        "literal": "MX names the IP address {host} where a host name belongs",
        "undotted": "MX names {host}: the domain's own name got appended to {meant}",
        "undotted_literal": "MX names {host}: an IP address, {meant}, with the domain's own name appended",
        "gone": "The mail host {host} is an alias of {target}, and there is no address",
        "missing": "The mail host {host} does not exist",
        "empty": "The mail host {host} has no address",
        "special": "The mail host {host} has only addresses that the internet cannot reach ({use})",
        "partly_special": "The internet cannot reach {count} of the {total} addresses of the mail host {host} ({use})",
    },
    fixes={
        "literal": "Give the mail host a name with an A or AAAA record, and put that name into the MX record.",
        "undotted": "End the host name in the MX record with a dot, so that the zone's own name is not appended.",
        "undotted_literal": "Name the mail host in MX, not its address, and end the name with a dot.",
        "gone": "Name a host in MX that has addresses of its own: nothing may stand beside the alias {host}.",
        "missing": "Publish an address for {host}, or take its MX record away if that server is gone.",
        "special": "Publish the address under which the server is seen from outside, not the one inside your network.",
        "partly_special": "Take the inside address of {host} out of public DNS.",
    },
    settle=FEWER_HOSTS,
)
@with_mx
def mx_target_address(mx: MxFacts) -> Iterator[Judgement]:
    """Every host that MX names exists and has a public address.

    Why it matters: senders try a host that cannot be reached again and again; if it is the only one, all mail to the
    domain, bounces included, is returned after days.

    How to fix: give {host} an A or AAAA record that the internet can reach.
    """
    lost = not mx.unasked and all(host.reachable is False for host in mx.hosts)
    for host in () if mx.implicit else mx.hosts:
        public = [a for a in host.addresses if a.special is None]
        unanswered = host.reachable is None
        if public and len(public) == len(host.addresses) and host.literal is None:
            yield passed(host.name, host=host.name, count=len(public))
        elif unanswered:
            yield unknown(*host.answers, subject=host.name)
        else:
            yield _bad_target(mx, host, lost=lost)
    if mx.unasked:
        yield beyond(mx, mx.unasked[0])


def _bad_target(mx: MxFacts, host: MxHost, *, lost: bool) -> Judgement:
    case, evidence = _fault(host)
    rows = records_for(mx, host.name)
    severity = Severity.CRITICAL if lost else Severity.MEDIUM if case == "partly_special" else Severity.HIGH
    changes: tuple[RecordChange, ...] = ()
    if case == "undotted":
        changes = tuple(mx_change(mx, record, host.undotted) for record in rows)
    elif case in ("missing", "empty", "gone") and any(other.reachable for other in mx.hosts):
        changes = tuple(mx_change(mx, record) for record in rows)  # the hosts that remain take all mail now as well
    use = ", ".join(sorted({a.special for a in host.addresses if a.special}))
    return failed(
        host.name,
        case=case,
        severity=severity,
        evidence=(*mx_evidence(mx, *rows), *evidence),
        records=() if mx.answer.cname_chain else changes,
        host=host.name,
        meant=host.undotted,
        target=host.alias[-1] if host.alias else None,
        use=use,
        count=sum(a.special is not None for a in host.addresses),
        total=len(host.addresses),
    )


def _fault(host: MxHost) -> tuple[str, tuple[Evidence, ...]]:
    if host.literal is not None:
        return "literal", (Evidence("address", text=host.literal),)
    special = tuple(Evidence("address", host.name, text=a.address, note=a.special) for a in host.addresses if a.special)
    if special:
        return "partly_special" if host.reachable else "special", special
    seen = tuple(row for answer in host.answers for row in answer_evidence(answer))
    # 192.0.2.1.example.com may be a host's real name, so only an unreachable one is taken for a slip
    if host.undotted is not None and not host.addresses:
        return "undotted_literal" if literal(host.undotted) else "undotted", seen
    if host.alias:
        return "gone", (*_chain_evidence(host), *seen)
    return ("empty" if any(answer.exists for answer in host.answers) else "missing"), seen


@check(
    "mx-ipv6",
    Severity.LOW,
    rfc(5321, "5.2"),
    titles={
        "pass": "{count} of {hosts} mail {hosts:host|hosts} can be reached over IPv6",
        "fail": "No mail host has an IPv6 address ({hosts} looked at)",
    },
    owner=Owner.DNS,
    settle=FEWER_HOSTS,
)
@with_mx
def mx_ipv6(mx: MxFacts) -> Judgements:
    """At least one mail host has an IPv6 address.

    Why it matters: networks without IPv4 of their own can deliver only through somebody else's gateway.

    How to fix: ask whoever runs the mail hosts for IPv6, and publish AAAA records for them.
    """
    if mx.implicit or not mx.hosts:
        return not_applicable()
    have = [host for host in mx.hosts if any(":" in a.address and a.special is None for a in host.addresses)]
    if have:
        return passed(count=len(have), hosts=len(mx.hosts))
    silent = [answer for host in mx.hosts for answer in host.answers if not answer.answered]
    if silent:
        return unknown(*silent)
    return beyond(mx) if mx.unasked else failed(evidence=mx_evidence(mx, *mx.records), hosts=len(mx.hosts))


@check(
    "mx-ptr",
    Severity.INFO,
    rfc(8601, "3"),
    titles={
        "pass": "The name behind {address} is {name} and leads back to it",
        "none": "The mail host address {address} has no name (no PTR)",
        "unconfirmed": "The name behind {address}, {name}, does not lead back to it",
    },
)
@with_mx
def mx_ptr(mx: MxFacts) -> Judgements:
    """The addresses of the mail hosts have names that lead back to them.

    Why it matters: it says nothing of incoming mail, but where the same host also sends, receivers ask for it.

    How to fix: the owner of the address block sets the PTR record.
    """
    return [_reverse(reverse) for reverse in mx.reverses] or not_applicable()


def _reverse(reverse: Reverse) -> Judgement:
    answers = (reverse.ptr, *reverse.forward)
    if reverse.confirmed is None:
        return unknown(*answers, subject=reverse.address)
    evidence = tuple(row for answer in answers for row in answer_evidence(answer))
    name = ", ".join(reverse.names[:3])
    if reverse.confirmed:
        return passed(reverse.address, address=reverse.address, name=name, host=reverse.host)
    case = "unconfirmed" if reverse.names else "none"
    return informed(
        reverse.address, case=case, evidence=evidence, address=reverse.address, name=name, host=reverse.host
    )
