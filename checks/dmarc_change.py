"""Is that good? What a proposed change does to everybody who sends as the domain, before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from deliverability.checks._check import Check, Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._rates import MOST_ROWS, percent
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.protocols.dmarc.record import Policy
from deliverability.sources import rfc

if TYPE_CHECKING:
    from deliverability.feedback.change import ChangedSender, ChangeFacts
    from deliverability.protocols.dmarc import DmarcFacts

_WANTED = {True: {"declared"}, False: {"own", "declared"}}
"""Senders whose mail the domain's owner wants, by whether there is an inventory: then all others are strangers."""


@check(
    "dmarc-lost-senders",
    Severity.HIGH,
    rfc(9989, "5.3"),
    rfc(7208, "5.2"),
    titles={
        "pass": "The proposed records cost no reported sender its authorisation ({looked_at} looked at)",
        "fail": "The proposed records take DMARC from {least:,} messages of {count} known"
        " {count:sender|senders} ({share} of those that pass)",
        "strangers": "The proposed records take DMARC from {least:,} messages of {count}"
        " {count:sender|senders} that nobody declared",
        "unknown": "DNS did not say what becomes of {most:,} messages of {count} {count:sender|senders}",
        "not_applicable": "No change is proposed, or no reports say who sends",
    },
    fixes={
        "strangers": "Find out whether one of them is yours before the change goes out; the others lose what they"
        " should not have had.",
    },
    effort=Effort.MEDIUM,
    owner=Owner.DNS,
    settle="Give the proposed records with --overlay and DMARC aggregate reports with --dmarc-reports.",
)
def dmarc_lost_senders(change: ChangeFacts | None, dmarc: DmarcFacts) -> Judgements:
    """A proposed change costs nobody who sends as the domain the authorisation that their mail has today.

    Each sender of the reports is looked up as published and as proposed: SPF of its address, and the keys that it signs
    with. A message is lost where every way by which it passes DMARC today is gone.

    Why it matters: an include that somebody removes as unused may be how the invoices go out, and their sender learns
    of it from customers who waited.

    How to fix: keep in the record what the listed senders need, or move them to a key or a return path of their own
    first, and publish the change when the reports show that they pass by it.
    """
    if change is None:
        return not_applicable()
    lost = [sender for sender in change.senders if sender.is_lost]
    known = [sender for sender in lost if sender.category in _WANTED[change.has_inventory]]
    if known or lost:
        return _lost(known or lost, change, enforced=_enforced(dmarc), known=bool(known))
    doubtful = [sender for sender in change.senders if sender.most]
    if doubtful:
        return unknown(
            lack=Lack.ANSWER,
            evidence=_rows(doubtful),
            count=len(doubtful),
            most=sum(sender.most for sender in doubtful),
        )
    return passed(looked_at=change.looked_at, left_out=change.left_out, evidence=_rows(change.senders))


def _enforced(dmarc: DmarcFacts) -> bool:
    return dmarc.discovery.policy not in {None, Policy.NONE}


def _lost(senders: Sequence[ChangedSender], change: ChangeFacts, *, enforced: bool, known: bool) -> Judgements:
    least = sum(sender.least for sender in senders)
    grave = Severity.CRITICAL if enforced else Severity.HIGH
    return failed(
        case="fail" if known else "strangers",
        severity=grave if known else Severity.MEDIUM,
        evidence=_rows(senders),
        count=len(senders),
        least=least,
        most=sum(sender.most for sender in senders),
        of=change.dmarc_pass,
        share=percent(least / change.dmarc_pass) if change.dmarc_pass else percent(0.0),
        start=change.start,
        end=change.end,
    )


def _rows(senders: Iterable[ChangedSender]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            "changed_sender",
            sender.address,
            text=f"{sender.least:,} of {sender.dmarc_pass:,} messages that pass DMARC would no longer",
            note="; ".join(part for part in (sender.owner, f"SPF {sender.spf}", f"DKIM {sender.dkim}") if part),
        )
        for sender in list(senders)[:MOST_ROWS]
    )


DMARC_CHANGE: tuple[Check, ...] = (dmarc_lost_senders,)
"""The part of the family `dmarc` that judges records before they are published."""
