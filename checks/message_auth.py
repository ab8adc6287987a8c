"""Is that good? A message as receivers authenticate it: SPF and ARC; DKIM and DMARC are in files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import (
    ASK_AGAIN,
    Check,
    Judgements,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._message_auth import (
    GIVE_CONNECTION,
    author_of,
    connection_evidence,
    lack_of,
    signature_evidence,
    with_authentication,
)
from deliverability.checks._message_content import GIVE_MESSAGE
from deliverability.checks.message_dkim import message_dkim
from deliverability.checks.message_dmarc import message_dmarc_alignment
from deliverability.checks.message_engines import message_rspamd, message_spamassassin
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Severity, Subject
from deliverability.lookup.labels import is_below
from deliverability.mail.authenticate.states import Chain, Identity
from deliverability.protocols.spf.trace import Result
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.authenticate.facts import AuthenticationFacts, SpfResult
    from deliverability.mail.message.facts import MessageFacts

_LACKING = {"ip": "no_address", "helo": "no_helo", "mail_from": "no_sender"}


@check(
    "message-spf",
    Severity.HIGH,
    rfc(7208, "2.4"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "SPF passes: {domain} authorises {ip}",
        "unaligned": "SPF passes for {domain}, which does not speak for {author}, the domain of From",
        "fail": "SPF fails: {domain} does not authorise {ip}",
        "softfail": "SPF only half refuses {ip} (softfail): {domain} does not authorise it",
        "neutral": "{domain} says neither yes nor no to {ip} (neutral)",
        "none": "{domain}, the domain of MAIL FROM, has no SPF record",
        "permerror": "The SPF record of {domain} cannot be evaluated for {ip} ({cause})",
        "temperror": "Whether {domain} authorises {ip} is not known: DNS did not answer",
        "out_of_reach": "Whether {domain} authorises {ip} is not known: nothing that was given holds its records",
        "no_address": "Whether SPF passes is not known: nothing that can be believed says which address handed the"
        " message over",
        "no_sender": "Whether SPF passes is not known: nothing that can be believed says what MAIL FROM was",
        "no_helo": "Whether SPF passes is not known: MAIL FROM was empty and the HELO name is not known",
        "local_part": "Whether SPF passes is not known: the record of {domain} asks for the local part of MAIL FROM,"
        " which was not told",
        "private": "Whether SPF passes is not known: what {domain} asks, or is told, cannot be kept without the local"
        " part of MAIL FROM",
    },
    fixes={
        "none": "Publish an SPF record at {domain} that authorises {ip}.",
        "permerror": "Mend the record of {domain}; the checks of the family spf say what is wrong with it.",
    },
    settle=GIVE_CONNECTION,
)
@with_authentication
def message_spf(authentication: AuthenticationFacts, message: MessageFacts) -> Judgements:
    """The domain of MAIL FROM authorises the address that handed the message over.

    The address, the HELO name and MAIL FROM come from the caller, or from trace fields of a host that the caller
    trusts; a Received field that a stranger may have written is not believed. Where the record has a macro for the
    local part of MAIL FROM, DNS is asked with it, and the document keeps the macro in its place.

    Why it matters: Gmail, Yahoo and Outlook.com ask mail to many for SPF beside DKIM, and an address that SPF does not
    authorise looks like anybody's.

    How to fix: authorise the address in the SPF record of the domain of MAIL FROM, or send through one that is.
    """
    found = {one.identity: one for one in authentication.spf}
    return _spf(authentication, found[Identity.MAIL_FROM], found[Identity.HELO], message)


def _spf(authentication: AuthenticationFacts, one: SpfResult, helo: SpfResult, message: MessageFacts) -> Judgement:
    rows = (connection_evidence(authentication.connection), *_record(one))
    data: dict[str, Any] = {
        "author": author_of(authentication),
        "domain": one.domain,
        "ip": authentication.connection.ip,
        "source": authentication.connection.source,
        "result": one.result.value if one.result else None,
        "cause": one.check.cause.value.replace("-", " ") if one.check else "",
        "helo": authentication.connection.helo,
        "helo_result": helo.result.value if helo.result else None,
        "aligned": one.aligned,
    }
    if one.lacks:
        return unknown(case=_LACKING[one.lacks], lack=Lack.INPUT, evidence=rows, **data)
    if one.local_part:
        case = "private" if authentication.connection.knows_local else "local_part"
        return unknown(case=case, lack=Lack.INPUT, evidence=rows, **data)
    if one.result is Result.TEMPERROR:
        lack = lack_of(*one.unanswered)
        case = "out_of_reach" if lack is Lack.INPUT else "temperror"
        return unknown(*one.unanswered, case=case, lack=lack, evidence=rows, settle=ASK_AGAIN, **data)
    if one.result is Result.PASS:
        return passed(case="unaligned" if one.aligned is False else "pass", evidence=rows, **data)
    soft = one.result in {Result.SOFTFAIL, Result.NEUTRAL} and not message.bulk_sign
    severity = Severity.MEDIUM if soft else Severity.HIGH
    return failed(case=data["result"], severity=severity, evidence=rows, **data)


def _record(one: SpfResult) -> Iterator[Evidence]:
    """The term that decided."""
    steps = [step for step in one.check.trace if step.term] if one.check else []
    if steps:
        last = steps[-1]
        yield Evidence("spf_step", last.domain, "TXT", last.term, note=last.outcome.value)


_CHAIN_FAULTS = {
    "too_long": "it has more than 50 sets",
    "instance": "a field of it has no instance number",
    "incomplete": "a set lacks one of its three fields",
    "duplicate": "a set has one of its fields twice",
    "status": "a seal reports a status that it cannot have",
    "sealed_failure": "its newest seal says that it had failed before",
    "message": "the newest message signature does not verify",
    "seal": "a seal does not verify",
}


@check(
    "message-arc",
    Severity.MEDIUM,
    rfc(8617, "5.2"),
    titles={
        "pass": "The ARC chain holds ({instances} {instances:set|sets}, newest by {sealer})",
        "fail": "The ARC chain that {sealer} sealed is broken: {why}",
        "elsewhere": "The ARC chain is broken, by a forwarder ({sealer}): {why}",
        "unanswered": "Whether the ARC chain holds is not known: a key was not answered",
        "unverified": "Whether the ARC chain holds is not known: a signature could not be verified",
        "not_applicable": "The message was not forwarded under ARC",
    },
    owner=Owner.ESP,
    effort=Effort.MEDIUM,
    settle=GIVE_MESSAGE,
)
@with_authentication
def message_arc(authentication: AuthenticationFacts, subject: Subject) -> Judgements:
    """The ARC chain of forwarded mail holds; it counts for who forwards, and nobody else needs one.

    Why it matters: a forwarder's chain tells the next receiver that the message was authentic when it came; Apple asks
    it of forwarded mail, Yahoo recommends it, and the standard itself is about to be retired.

    How to fix: seal behind everything that changes the message, with a key that is published.
    """
    arc = authentication.arc
    if arc.status is Chain.NONE:
        return not_applicable()
    sealer = arc.seals[0].signature.domain if arc.seals else ""
    rows = tuple(row for one in (*arc.messages, *arc.seals) for row in signature_evidence(one, "b", one.state.value))
    data: dict[str, Any] = {
        "instances": arc.instances,
        "sealer": sealer or "an unreadable domain",
        "why": _CHAIN_FAULTS.get(arc.fault, arc.fault),
        "at": arc.at,
    }
    if arc.status is Chain.PASS:
        return passed(evidence=rows, **data)
    if arc.status is Chain.UNKNOWN:
        silent = [one.key for one in (*arc.messages, *arc.seals) if one.key is not None and not one.key.answered]
        case, lack = ("unanswered", lack_of(*silent)) if silent else ("unverified", Lack.INPUT)
        settle = ASK_AGAIN if silent else ""
        return unknown(*silent, case=case, lack=lack, evidence=rows, settle=settle, **data)
    if sealer == subject.domain or is_below(sealer, subject.domain):
        return failed(evidence=rows, **data)
    return informed(case="elsewhere", evidence=rows, **data)


MESSAGE_AUTH: tuple[Check, ...] = (
    message_dkim,
    message_spf,
    message_dmarc_alignment,
    message_arc,
    message_spamassassin,
    message_rspamd,
)
