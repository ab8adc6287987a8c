"""Is that good? What MX says of where a domain's mail goes."""

from __future__ import annotations

from collections import Counter

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
from deliverability.checks.mx_targets import (
    FEWER_HOSTS,
    beyond,
    mx_change,
    mx_evidence,
    mx_ipv6,
    mx_ptr,
    mx_target_address,
    mx_target_cname,
    with_mx,
)
from deliverability.findings import Action, Effort, Judgement, RecordChange, Role, Severity, Subject
from deliverability.lookup.answer import Status
from deliverability.protocols.mx import MxFacts, MxRecord
from deliverability.sources import rfc, source

NULL_MX = "0 ."
"""RFC 7505 §3."""


@check(
    "mx-present",
    Severity.HIGH,
    rfc(5321, "5.1"),
    titles={
        "pass": "MX names {count} mail {count:host|hosts}",
        "implicit": "There is no MX: mail goes to the address of the name itself ({address})",
        "fail": "There is no MX and no address: nobody can answer this mail",
    },
    effort=Effort.MEDIUM,
)
@with_mx
def mx_present(subject: Subject, mx: MxFacts) -> Judgements:
    """The domain says where its mail goes.

    Why it matters: bounces and replies need somewhere to go, and many receivers refuse a sender that nobody can
    answer.

    How to fix: publish MX records for the host that takes this domain's mail.
    """
    targets = [record for record in mx.records if record.target]
    if targets:
        return passed(count=len({record.target for record in targets}), evidence=mx_evidence(mx, *targets))
    if mx.records or mx.answer.status is Status.NXDOMAIN:
        return not_applicable()
    own = mx.hosts[0]
    if own.reachable is None:
        return unknown(*own.answers)
    if own.addresses:
        rows = tuple(row for answer in own.answers if answer.records for row in answer_evidence(answer))
        return informed(case="implicit", address=own.addresses[0].address, evidence=rows)
    return not_applicable() if subject.role is Role.PARKED else failed(evidence=answer_evidence(mx.answer))


@check(
    "mx-null",
    Severity.HIGH,
    rfc(7505, "3"),
    source("M3AAWG"),
    titles={
        "pass": "A null MX says that this domain takes no mail",
        "none": "No null MX stands beside the mail hosts",
        "mixed": "A null MX stands beside {count} other MX {count:record|records}",
        "preference": "The null MX has preference {preference} where only 0 is defined",
        "sender": "This domain sends mail, and a null MX says that it takes none",
        "parked": "This domain takes no part in mail, and no null MX says so",
    },
    fixes={
        "mixed": "Keep either the null MX, alone, or the mail hosts.",
        "preference": "Write the null MX as `0 .`, and leave it the only MX record.",
        "sender": "Publish the MX of a host that takes this domain's bounces and replies, or send from another domain.",
    },
)
@with_mx
def mx_null(subject: Subject, mx: MxFacts) -> Judgements:
    """A null MX stands alone, and stands where no mail is wanted.

    Why it matters: with it, mail to a domain that takes none is returned at once; in the wrong place it turns good mail
    away, and receivers reject a sender whose own domain says that nobody is there.

    How to fix: publish the single record `0 .` as MX of the domain.
    """
    others = [record for record in mx.records if record.target]
    if mx.is_null and subject.role is Role.SENDING:
        return failed(case="sender", evidence=mx_evidence(mx, *mx.null))
    if mx.is_null:
        return passed(evidence=mx_evidence(mx, *mx.null))
    if mx.null:
        return _misused_null(subject, mx)
    if others:
        return passed(case="none")
    # RFC 7505 §1: without it senders try the address of the name itself, for days
    if subject.role is not Role.PARKED or mx.answer.status is Status.NXDOMAIN:
        return not_applicable()
    add = RecordChange(Action.ADD, mx.domain, "MX", value=NULL_MX)
    return failed(case="parked", severity=Severity.LOW, records=() if mx.answer.cname_chain else (add,))


def _misused_null(subject: Subject, mx: MxFacts) -> Judgement:
    """A null MX that is not one record of preference 0."""
    parked = subject.role is Role.PARKED
    others = [record for record in mx.records if record.target]
    if others:
        changes = tuple(mx_change(mx, record) for record in (_but_one_null(mx) if parked else mx.null))
    else:
        changes = () if subject.role is Role.SENDING else _one_null(mx)
    return failed(
        case="mixed" if others else "preference",
        severity=Severity.CRITICAL if others else Severity.MEDIUM,
        evidence=mx_evidence(mx, *mx.null),
        records=() if mx.answer.cname_chain else changes,
        safe=not (others and parked),
        count=len(others),
        preference=mx.null[-1].preference,
    )


def _but_one_null(mx: MxFacts) -> list[MxRecord]:
    return [record for record in mx.records if record is not mx.null[0]]


def _one_null(mx: MxFacts) -> tuple[RecordChange, ...]:
    first, *rest = mx.null
    kept = RecordChange(Action.REPLACE, mx.answer.name, "MX", old=first.text, value=NULL_MX)
    return (kept, *(mx_change(mx, record) for record in rest))


@check(
    "mx-duplicate",
    Severity.MEDIUM,
    rfc(5321, "5.1"),
    titles={
        "pass": "Every mail host is named once",
        "fail": "MX names {hosts} more than once",
    },
)
@with_mx
def mx_duplicate(mx: MxFacts) -> Judgements:
    """No mail host is named twice.

    Why it matters: the second entry looks like a spare and is none; when that host is down, so is all incoming mail.

    How to fix: keep one record a host, or name a second host that stands elsewhere.
    """
    count = Counter(record.target for record in mx.records if record.target)
    if not count:
        return not_applicable()
    twice = [target for target, times in count.items() if times > 1]
    if not twice:
        return passed()
    first = {record.target: record for record in reversed(mx.records)}
    spare = [record for record in mx.records if record.target in twice and record is not first[record.target]]
    return failed(
        hosts=", ".join(twice),
        evidence=mx_evidence(mx, *(record for record in mx.records if record.target in twice)),
        records=() if mx.answer.cname_chain else tuple(mx_change(mx, record) for record in spare),
    )


@check(
    "mx-mixed-providers",
    Severity.MEDIUM,
    rfc(5321, "5.1"),
    titles={
        "pass": "All mail hosts that are known belong to one provider",
        "fail": "MX mixes {count} providers: {providers}",
    },
    effort=Effort.MEDIUM,
    settle=FEWER_HOSTS,
)
@with_mx
def mx_mixed_providers(mx: MxFacts) -> Judgements:
    """The mail hosts belong to one provider.

    Why it matters: senders may choose any of them, so part of the mail lands where nobody reads it, or goes round the
    filter that stands in front of the mailboxes.

    How to fix: finish the move, and take the records of the provider you left out of MX.
    """
    known = {host.name: host.provider for host in mx.hosts if host.provider}
    if mx.implicit or not known:
        return not_applicable()
    providers = sorted(set(known.values()))
    if len(providers) == 1 and mx.unasked:
        return beyond(mx)
    if len(providers) == 1:
        return passed(providers=providers[0])
    rows = mx_evidence(mx, *(record for record in mx.records if record.target in known))
    return failed(count=len(providers), providers=", ".join(providers), evidence=rows)


@check(
    "mx-provider",
    Severity.INFO,
    rfc(5321, "5.1"),
    titles={
        "info": "Incoming mail is handled by {providers}",
        "own": "Incoming mail is handled by {hosts}, of no provider in the list",
        "unknown": "Who handles incoming mail is not known",
    },
)
@with_mx
def mx_provider(mx: MxFacts) -> Judgements:
    """Who handles incoming mail.

    Why it matters: the provider decides which DKIM selectors and SPF include belong to this domain.

    How to fix: nothing is to be mended here.
    """
    if mx.implicit or not mx.hosts:
        return not_applicable()
    providers = sorted({host.provider for host in mx.hosts if host.provider})
    if providers:
        return informed(providers=", ".join(providers))
    return informed(case="own", hosts=", ".join(host.name for host in mx.hosts[:3]))


@check(
    "mx-accepts-bounces",
    Severity.HIGH,
    rfc(5321, "4.5.5"),
    rfc(7505, "4.2"),
    titles={
        "pass": "Bounces and replies can come back to this domain ({host})",
        "null": "A null MX turns every bounce and reply away",
        "fail": "No host with a public address takes bounces and replies",
    },
    fixes={"null": "Send with a return-path and From of a domain that has mail hosts, or publish such hosts here."},
    effort=Effort.MEDIUM,
    settle=FEWER_HOSTS,
)
@with_mx
def mx_accepts_bounces(subject: Subject, mx: MxFacts) -> Judgements:
    """A domain that sends mail can receive mail.

    Why it matters: who never sees bounces keeps writing to dead addresses, and receivers refuse senders that cannot be
    written to.

    How to fix: see that one mail host of the domain is up, has a public address and accepts mail for it.
    """
    if subject.role is not Role.SENDING:
        return not_applicable()
    if mx.null and not mx.hosts:
        return failed(case="null", evidence=mx_evidence(mx, *mx.null))
    up = next((host for host in mx.hosts if host.reachable), None)
    if up is not None:
        return passed(host=up.name)
    silent = [answer for host in mx.hosts if host.reachable is None for answer in host.answers]
    if silent:
        return unknown(*silent)
    return beyond(mx) if mx.unasked else failed(evidence=answer_evidence(mx.answer))


MX: tuple[Check, ...] = (
    mx_present,
    mx_null,
    mx_target_cname,
    mx_target_address,
    mx_ipv6,
    mx_duplicate,
    mx_mixed_providers,
    mx_provider,
    mx_ptr,
    mx_accepts_bounces,
)
