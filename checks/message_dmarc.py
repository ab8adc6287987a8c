"""Is that good? Whether a message passes DMARC, for readers of RFC 9989 and of RFC 7489."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import (
    ASK_AGAIN,
    Judgements,
    answer_evidence,
    check,
    failed,
    informed,
    not_applicable,
    passed,
    unknown,
)
from deliverability.checks._message_auth import (
    GIVE_CONNECTION,
    lack_of,
    with_authentication,
)
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Severity
from deliverability.mail.authenticate.states import DmarcVerdict, Identity
from deliverability.protocols.dmarc.record import Policy
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.authenticate.facts import AuthenticationFacts, DmarcResult
    from deliverability.mail.message.facts import MessageFacts


@check(
    "message-dmarc-alignment",
    Severity.CRITICAL,
    rfc(9989, "4.4"),
    rfc(7489, "3.1"),
    source("Gmail sender guidelines"),
    titles={
        "pass": "DMARC passes for {domain}, by {by}",
        "spf_alone": "DMARC passes for {domain} by SPF alone, which no forwarded copy keeps",
        "fail": "DMARC fails for {domain}: {passing}",
        "readers_differ": "DMARC passes for {domain} for readers of RFC 9989, and fails for those of RFC 7489",
        "aligned": "{domain} has no DMARC policy; the message would pass, by {by}",
        "unaligned": "{domain} has no DMARC policy, and the message would fail it: {passing}",
        "temperror": "Whether DMARC passes for {domain} is not known: DNS did not answer",
        "out_of_reach": "Whether DMARC passes for {domain} is not known: nothing that was given holds its records",
        "connection": "Whether DMARC passes for {domain} is not known: DKIM does not decide it, and SPF lacks the"
        " connection",
        "message": "Whether DMARC passes for {domain} is not known: a signature could not be verified again",
        "no_author": "The message has no domain in From, so DMARC cannot look at it",
    },
    fixes={
        "readers_differ": "Sign for the very domain of From, so that both readers see it aligned.",
    },
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=GIVE_CONNECTION,
)
@with_authentication
def message_dmarc_alignment(authentication: AuthenticationFacts, message: MessageFacts) -> Judgements:
    """DKIM or SPF passes for a domain that is aligned with that of From.

    Relaxed alignment compares Organizational Domains, found by the walk of RFC 9989 §4.10, strict alignment whole
    names; the record says which. An RFC 7489 reader takes the Public Suffix List in place of the walk. Several domains
    in From are judged one by one: RFC 9989 §5.3.1 leaves such mail to the receiver, and most refuse it.

    Why it matters: without alignment the policy of the domain applies, up to refusal; Gmail, Yahoo and Outlook.com ask
    mail to many for it whatever the policy is.

    How to fix: sign with DKIM for the domain of From, or use a MAIL FROM below it.
    """
    if not authentication.dmarc:
        return not_applicable(case="no_author")
    return [_dmarc(authentication, one, message) for one in authentication.dmarc]


def _dmarc(authentication: AuthenticationFacts, one: DmarcResult, message: MessageFacts) -> Judgement:
    rows = (
        *_identifiers(authentication, one),
        *(row for answer in one.discovery.walk for row in answer_evidence(answer)),
    )
    data = _dmarc_data(one)
    if one.verdict is DmarcVerdict.TEMPERROR or (one.verdict is DmarcVerdict.UNKNOWN and one.lacks == "answer"):
        silent = [*one.discovery.unanswered, *(key for key in _keys(authentication) if not key.answered)]
        silent += [answer for spf in authentication.spf for answer in spf.unanswered]
        lack = lack_of(*silent)
        case = "out_of_reach" if lack is Lack.INPUT else "temperror"
        return unknown(*silent, subject=one.domain, case=case, lack=lack, settle=ASK_AGAIN, **data)
    if one.alignment is DmarcVerdict.UNKNOWN:
        case = one.lacks if one.lacks in {"connection", "message"} else "temperror"
        lack = Lack.ANSWER if case == "temperror" else Lack.INPUT
        return unknown(subject=one.domain, case=case, lack=lack, evidence=rows, **data)
    if one.verdict is DmarcVerdict.NONE:
        if one.alignment is DmarcVerdict.PASS:
            return informed(one.domain, case="aligned", evidence=rows, **data)
        grave = Severity.HIGH if message.bulk_sign else Severity.MEDIUM
        return failed(one.domain, case="unaligned", severity=grave, evidence=rows, **data)
    if one.verdict is DmarcVerdict.FAIL:
        return failed(one.domain, severity=_gravity(one, message), evidence=rows, **data)
    if one.legacy is DmarcVerdict.FAIL:
        return failed(one.domain, case="readers_differ", severity=Severity.MEDIUM, evidence=rows, **data)
    alone = all(word.startswith("spf:") for word in one.aligned_by)
    return passed(one.domain, case="spf_alone" if alone else "pass", evidence=rows, **data)


def _gravity(one: DmarcResult, message: MessageFacts) -> Severity:
    """Quarantine and reject keep it from the inbox, and so does, whatever the policy, that it goes to many."""
    if one.discovery.policy is Policy.NONE and not message.bulk_sign:
        return Severity.HIGH
    return Severity.CRITICAL


def _dmarc_data(one: DmarcResult) -> dict[str, Any]:
    names = ", ".join(one.passing)
    return {
        "domain": one.domain,
        "by": ", ".join(one.aligned_by),
        "passing": f"{names} passes and is not aligned" if names else "neither DKIM nor SPF passes",
        "verdict": one.verdict.value,
        "legacy": one.legacy.value,
        "legacy_by": ", ".join(one.legacy_aligned_by),
        "policy": one.discovery.policy.value if one.discovery.policy else None,
        "organizational_domain": one.discovery.organizational_domain,
    }


def _identifiers(authentication: AuthenticationFacts, one: DmarcResult) -> Iterator[Evidence]:
    """The identifiers that were looked at, and what became of each."""
    for signature in authentication.dkim:
        if signature.signature.domain:
            fits = f"dkim:{signature.signature.domain}" in one.aligned_by
            note = f"{signature.state.value.replace('_', ' ')}{', aligned' if fits else ''}"
            yield Evidence(
                "identifier", signature.signature.domain, "", f"dkim={signature.signature.domain}", note=note
            )
    mail_from = next((spf for spf in authentication.spf if spf.identity is Identity.MAIL_FROM), None)
    if mail_from is not None and mail_from.result is not None:
        fits = f"spf:{mail_from.domain}" in one.aligned_by
        note = f"{mail_from.result.value}{', aligned' if fits else ''}"
        yield Evidence("identifier", mail_from.domain, "", f"spf={mail_from.domain}", note=note)


def _keys(authentication: AuthenticationFacts) -> Iterator[Any]:
    return (one.key for one in authentication.dkim if one.key is not None)
