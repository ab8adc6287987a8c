"""Is that good? The hosts that send: that they have names, that the names lead back, and how they greet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
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
from deliverability.findings import Action, Evidence, Judgement, Lack, Owner, RecordChange, Role, Severity, Subject
from deliverability.lookup.answer import Answer
from deliverability.lookup.labels import is_below
from deliverability.lookup.unasked import never_asked
from deliverability.protocols.addresses import Origin, not_public
from deliverability.protocols.hosts import Greeting, HostsFacts, SendingHost
from deliverability.protocols.mx import MAX_PTR_NAMES, Reverse
from deliverability.sources import rfc, source

SHOWN_NAMES = 3
"""Ours: names of one address in a title."""
GIVE_ADDRESSES = "Give the addresses that send with --ip; where zone files answer, the reverse zone too, with --zone."
NO_ADDRESS = "No address is known to send, so none was looked at"
LEFT_OUT = "{left_out} of {total} addresses were not looked at"
OUT_OF_REACH = "The files do not hold the reverse zones of {count} {count:address|addresses} that SPF names"
SPECIAL = "{address} is no address of the internet ({use}), so receivers see another one"

GMAIL = source("Gmail sender guidelines")
"""Every sending address needs a PTR record whose name leads back to it; without, Gmail answers 5.7.25."""


def _each(
    subject: Subject, hosts: HostsFacts, judge: Callable[[SendingHost, Reverse], Judgement]
) -> Iterator[Judgement]:
    """`judge` on every host, and what can be said of those that were not seen."""
    if subject.role is not Role.SENDING:
        yield not_applicable()
        return
    out_of_reach = [host for host in hosts.hosts if _out_of_reach(host)]
    for host in hosts.hosts:
        if host in out_of_reach:
            continue
        if host.reverse is None:
            yield not_applicable(host.address, case="special", address=host.address, use=host.special)
        else:
            yield _counted(hosts, host, judge(host, host.reverse))
    silent = [answer for answer in hosts.answers if not answer.answered]
    if out_of_reach:
        yield unknown(case="out_of_reach", lack=Lack.INPUT, count=len(out_of_reach))
    elif silent:
        yield replace(_unanswered(*silent, case="no_address"), severity=Severity.MEDIUM)
    elif hosts.total > len(hosts.hosts):
        yield unknown(case="left_out", lack=Lack.INPUT, left_out=hosts.total - len(hosts.hosts), total=hosts.total)
    elif not hosts.hosts:
        yield unknown(case="no_address", lack=Lack.INPUT)


def _out_of_reach(host: SendingHost) -> bool:
    """Whether SPF names the address in a zone file, and its reverse zone, as ever, is not among the files."""
    return not host.sends and host.reverse is not None and never_asked(host.reverse.ptr)


def _counted(hosts: HostsFacts, host: SendingHost, judgement: Judgement) -> Judgement:
    """`judgement` with whose address it is. SPF only allows an address to send, so a fault of it is never certain."""
    data = {"address": host.address, "origin": host.origin.value, "looked_at": len(hosts.hosts), "total": hosts.total}
    said = replace(judgement, subject=host.address, data={**data, "term": host.term, **judgement.data})
    if host.sends:
        return said
    row = Evidence(
        "spf_term", hosts.domain, "TXT", hosts.record, host.span, "names the address; whether it sends is not known"
    )
    severity = min(Severity.MEDIUM, said.severity or Severity.MEDIUM, key=lambda one: one.rank)
    return replace(said, severity=severity, evidence=(row, *said.evidence))


def _unanswered(*answers: Answer, case: str = "unknown") -> Judgement:
    """No answer; where files answer in place of DNS, what is missing is one more file."""
    silent = [answer for answer in answers if not answer.answered]
    return unknown(*silent, case=case, lack=Lack.INPUT if all(map(never_asked, silent)) else Lack.ANSWER)


def _named(reverse: Reverse) -> dict[str, Any]:
    return {"name": ", ".join(reverse.names[:SHOWN_NAMES])}


def _case(host: SendingHost, case: str) -> str:
    """The case for an address that is known to send, or that for one that SPF only allows to."""
    return case if host.sends else f"{case}_allowed"


@check(
    "host-ptr",
    Severity.CRITICAL,
    GMAIL,
    rfc(8601, "3"),
    titles={
        "pass": "{address} has the name {name}",
        "none": "{address} sends mail and has no name (no PTR): Gmail refuses it",
        "none_allowed": "{address} may send by `{term}` and has no name (no PTR): Gmail would refuse it",
        "unknown": "Whether {address} has a name is not known",
        "no_address": NO_ADDRESS,
        "left_out": LEFT_OUT,
        "out_of_reach": OUT_OF_REACH,
        "special": SPECIAL,
    },
    fixes={
        "none_allowed": "Have the provider of the address set a PTR record, or take `{term}` out of SPF if nothing "
        "there sends mail.",
    },
    owner=Owner.ESP,
    settle=GIVE_ADDRESSES,
)
def host_ptr(subject: Subject, hosts: HostsFacts) -> Judgements:
    """Every address that sends has a name in reverse DNS.

    An address given with --ip sends, and so does one that events name (--events, sixteen at most): without a name its
    mail is refused. Without either, those are looked at that the domain's own SPF record names one by one (eight at
    most, no ranges, no includes): they may send, but it is not known that they do, so that a missing name is medium
    there.

    Why it matters: Gmail turns mail from an address without a PTR record away (5.7.25), and others do the same.

    How to fix: have the provider of the address set a PTR record that names the host, as its HELO does.
    """
    return _each(subject, hosts, _ptr)


def _ptr(host: SendingHost, reverse: Reverse) -> Judgement:
    if not reverse.ptr.answered:
        return _unanswered(reverse.ptr)
    rows = answer_evidence(reverse.ptr)
    return (
        passed(evidence=rows, **_named(reverse)) if reverse.names else failed(case=_case(host, "none"), evidence=rows)
    )


@check(
    "host-fcrdns",
    Severity.CRITICAL,
    GMAIL,
    rfc(8601, "3"),
    titles={
        "pass": "The name of {address} leads back to it",
        "elsewhere": "The name of {address}, {name}, does not lead back to it: Gmail refuses its mail",
        "elsewhere_allowed": "{address} may send by `{term}`; its name, {name}, does not lead back to it",
        "nowhere": "The name of {address}, {name}, has no address: Gmail refuses its mail",
        "nowhere_allowed": "{address} may send by `{term}`; its name, {name}, has no address",
        "unknown": "Whether the name of {address} leads back to it is not known",
        "crowded": f"None of the first {MAX_PTR_NAMES} of {{names}} names of {{address}} leads back to it",
        "no_address": NO_ADDRESS,
        "left_out": LEFT_OUT,
        "out_of_reach": OUT_OF_REACH,
        "special": SPECIAL,
    },
    fixes={"nowhere": "Publish the address {address} at {name}.", "nowhere_allowed": "Publish {address} at {name}."},
    settle=GIVE_ADDRESSES,
)
def host_fcrdns(subject: Subject, hosts: HostsFacts) -> Judgements:
    """The name of every sending address leads back to that address.

    The first ten names of an address are looked up, as RFC 8601 §3 advises receivers. Which addresses are looked at,
    and why those that only SPF names weigh less, is said at host-ptr.

    Why it matters: anybody can write any name into the reverse zone of their own addresses; only the way back proves
    it, and Gmail asks for that proof.

    How to fix: let the PTR record name a host whose A or AAAA record holds this very address.
    """
    return _each(subject, hosts, lambda host, reverse: _way_back(hosts.domain, host, reverse))


def _way_back(domain: str, host: SendingHost, reverse: Reverse) -> Judgement:
    answers = (reverse.ptr, *reverse.forward)
    if reverse.confirmed:
        return passed(evidence=_rows(*answers), **_named(reverse))
    if reverse.confirmed is None:
        return _unanswered(*answers)
    if not reverse.names:
        return not_applicable()
    if host.total_names > MAX_PTR_NAMES:  # RFC 8601 §3: who stops there sees other names each time
        return unknown(case="crowded", lack=Lack.INPUT, names=host.total_names)
    case = "elsewhere" if any(answer.records for answer in reverse.forward) else "nowhere"
    changes = _address_record(domain, reverse.names[0], host.address) if case == "nowhere" else ()
    return failed(case=_case(host, case), evidence=_rows(*answers), records=changes, **_named(reverse))


def _rows(*answers: Answer) -> tuple[Evidence, ...]:
    return tuple(row for answer in answers for row in answer_evidence(answer))


def _address_record(domain: str, name: str, address: str) -> tuple[RecordChange, ...]:
    """The address at a name of the domain's own where there is none yet."""
    if name != domain and not is_below(name, domain):
        return ()
    return (RecordChange(Action.ADD, name, "AAAA" if ":" in address else "A", value=address),)


@check(
    "host-ptr-generic",
    Severity.MEDIUM,
    source("Generic naming schemes"),
    titles={
        "pass": "The name of {address}, {name}, is one that somebody chose",
        "generic": "The name of {address}, {name}, looks made up from the address",
        "generic_allowed": "{address} may send by `{term}`; its name, {name}, looks made up from the address",
        "unknown": "What the name of {address} looks like is not known",
        "no_address": NO_ADDRESS,
        "left_out": LEFT_OUT,
        "out_of_reach": OUT_OF_REACH,
        "special": SPECIAL,
    },
    owner=Owner.ESP,
    settle=GIVE_ADDRESSES,
)
def host_ptr_generic(subject: Subject, hosts: HostsFacts) -> Judgements:
    """The name of a sending address was given to a mail server, not made up from the address.

    Why it matters: home lines and rented machines have such names, so filters score them, and some block lists hold
    whole ranges of them.

    How to fix: choose a name that says what the host is, such as mail.example.com, and have it set as PTR.
    """
    return _each(subject, hosts, _generic)


def _generic(host: SendingHost, reverse: Reverse) -> Judgement:
    if not reverse.ptr.answered:
        return _unanswered(reverse.ptr)
    if not reverse.names:
        return not_applicable()
    chosen = [name for name in reverse.names if name not in host.generic]
    if chosen:
        return passed(name=chosen[0])
    rows = answer_evidence(reverse.ptr)
    low = None if host.sends else Severity.LOW
    return failed(case=_case(host, "generic"), severity=low, evidence=rows, **_named(reverse))


@check(
    "host-helo",
    Severity.MEDIUM,
    rfc(5321, "4.1.1.1"),
    rfc(5321, "2.3.5"),
    titles={
        "pass": "The HELO name {helo} leads to {addresses}",
        "literal": "The servers greet with an address, {helo}, not with a name",
        "short": "The HELO name {helo} is no full name: it has one label",
        "missing": "The HELO name {helo} has no address",
        "inside": "The HELO name {helo} leads only to addresses inside a network ({addresses})",
        "unknown": "Where the HELO name {helo} leads is not known",
        "no_name": "The name that the servers greet with is not known",
    },
    fixes={
        "missing": "Publish the servers' address at {helo}, or greet with a name that has one.",
        "inside": "Publish the address of {helo} as the internet sees it.",
    },
    owner=Owner.ESP,
    settle="Give the name that the servers greet with by --helo; where zone files answer, its zone too, with --zone.",
)
def host_helo(subject: Subject, hosts: HostsFacts) -> Judgements:
    """The name that the servers greet with is a full name with an address.

    Nothing is guessed: only receivers hear the name, and that of the PTR record may be another.

    Why it matters: a server that cannot say its own name is what most malware looks like, and many receivers close the
    connection on it.

    How to fix: set the mail server's own name (myhostname in Postfix) to the one in its PTR record.
    """
    greeting = hosts.greeting
    if greeting is None:
        wanted = subject.role is Role.SENDING
        return unknown(case="no_name", lack=Lack.INPUT) if wanted else not_applicable()
    return replace(_greets(hosts, greeting), subject=greeting.name)


def _greets(hosts: HostsFacts, greeting: Greeting) -> Judgement:
    helo = greeting.name
    if greeting.literal is not None:  # RFC 5321 §4.1.4: for a host without a name; receivers take it for malware
        return failed(case="literal", helo=helo)
    if "." not in helo:  # RFC 5321 §2.3.5: only resolvable, fully qualified names
        return failed(case="short", helo=helo)
    rows = _rows(*greeting.answers)
    public = [one for one in greeting.addresses if not not_public(one, hosts.domain)]
    if public:
        own = {host.address for host in hosts.hosts if host.sends}
        same = not own.isdisjoint(public) if own else None
        return passed(evidence=rows, helo=helo, addresses=", ".join(public[:SHOWN_NAMES]), names_sender=same)
    if not all(answer.answered for answer in greeting.answers):
        return replace(_unanswered(*greeting.answers), data={"helo": helo})
    if greeting.addresses:
        return failed(case="inside", evidence=rows, helo=helo, addresses=", ".join(greeting.addresses[:SHOWN_NAMES]))
    senders = [host.address for host in hosts.hosts if host.origin is Origin.GIVEN and host.special is None]
    changes = _address_record(hosts.domain, helo, senders[0]) if len(senders) == 1 else ()
    return failed(case="missing", evidence=rows, records=changes, helo=helo)


HOSTS: tuple[Check, ...] = (host_ptr, host_fcrdns, host_ptr_generic, host_helo)
