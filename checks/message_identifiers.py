"""Is that good? The identifiers by which receivers and reports tell streams of mail apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed
from deliverability.checks._message_content import GIVE_MESSAGE, capital, field_evidence, with_message
from deliverability.findings import Evidence, Judgement, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.message.facts import MessageFacts, Written

LOCAL = ("localhost", "localdomain", "local", "lan", "internal", "home", "corp", "invalid")
"""Last labels that mean something inside one network alone: RFC 2606 §2, and those in use beside them."""


@check(
    "message-identifiers",
    Severity.LOW,
    source("Gmail feedback loop"),
    rfc(2919, "2"),
    rfc(5322, "3.6.4"),
    titles={
        "pass": "The identifiers that are there are well formed ({fields})",
        "none": "The message has no identifiers of mail to many, and needs none",
        "no_feedback_id": "Mail to many without Feedback-ID: Gmail's feedback loop counts no complaints by campaign",
        "no_list_id": "Mail to many without List-ID: readers and filters cannot tell its streams apart",
        "feedback_repeated": "Feedback-ID is there {count} times; Gmail counts none then",
        "feedback_sender_id": "The last field of Feedback-ID has {length} characters; Gmail asks for {low} to {high}",
        "feedback_fields": "Feedback-ID has {count} fields; Gmail counts the last four",
        "list_repeated": "List-ID is there {count} times",
        "list_brackets": "List-ID has no identifier in angle brackets",
        "list_namespace": "The identifier in List-ID has not the form of a domain name",
        "id_domain": "The Message-ID ends in {domain}, which names no sender",
    },
    fixes={
        "no_feedback_id": "Add Feedback-ID: campaign:customer:type:sender, the last field the same in all mail.",
        "no_list_id": "Add List-ID: <newsletter.your.domain>, one for each stream.",
        "feedback_repeated": "Leave one Feedback-ID.",
        "feedback_sender_id": "Give the last field a fixed name of {low} to {high} characters.",
        "feedback_fields": "Join fields, so that no more than four remain.",
        "list_repeated": "Leave one List-ID.",
        "list_brackets": "Write the identifier as <newsletter.your.domain>.",
        "list_namespace": "Name the list below a domain of the sender.",
        "id_domain": "Set the host name of the machine that makes messages, or have it use the sender's domain.",
    },
    owner=Owner.ESP,
    settle=GIVE_MESSAGE,
)
@with_message
def message_identifiers(message: MessageFacts) -> Judgements:
    """Mail to many carries a Feedback-ID and a List-ID that are well formed; each Message-ID ends in a real domain.

    Why it matters: complaints, blocks and filters work by stream; without identifiers a bad campaign cannot be told
    from a good one, by the receiver or by the sender.

    How to fix: set both fields in the sending program, with values that name streams and never persons.
    """
    found = [*_feedback(message), *_list(message), *_message_id(message)]
    if found:
        return found
    names = [name for name in ("feedback-id", "list-id", "message-id") if message.has(name)]
    if not message.bulk_sign and names in ([], ["message-id"]):
        return not_applicable(case="none")
    rows = (*_rows("Feedback-ID", message.feedback_ids), *_rows("List-ID", message.list_ids))
    return passed(evidence=rows, fields=", ".join(map(capital, names)))


def _feedback(message: MessageFacts) -> Iterator[Judgement]:
    from deliverability.mail.message.fields import SENDER_ID  # noqa: PLC0415 - only where a message was given

    rows = _rows("Feedback-ID", message.feedback_ids)
    if not message.feedback_ids:
        if message.bulk_sign:
            yield failed("Feedback-ID", case="no_feedback_id")
        return
    first = message.feedback_ids[0]
    pieces = first.value.split(":")
    low, high = SENDER_ID
    if len(message.feedback_ids) > 1:
        yield failed("Feedback-ID", case="feedback_repeated", evidence=rows, count=len(message.feedback_ids))
    elif first.fault == "sender_id":
        last = pieces[-1].strip()
        start = first.value.rfind(":") + 1
        row = field_evidence("Feedback-ID", first.value, (start, len(first.value)))
        yield failed("Feedback-ID", case="feedback_sender_id", evidence=(row,), length=len(last), low=low, high=high)
    elif first.fault == "fields":
        yield failed("Feedback-ID", case="feedback_fields", evidence=rows, count=len(pieces))


def _list(message: MessageFacts) -> Iterator[Judgement]:
    rows = _rows("List-ID", message.list_ids)
    if not message.list_ids:
        if message.surely_bulk:
            yield failed("List-ID", case="no_list_id")
    elif len(message.list_ids) > 1:
        # RFC 2919 §2: there must be no more than one
        yield failed("List-ID", case="list_repeated", evidence=rows, count=len(message.list_ids))
    elif fault := next(one.fault for one in message.list_ids):
        yield failed("List-ID", case=f"list_{fault}", evidence=rows)


def _message_id(message: MessageFacts) -> Iterator[Judgement]:
    for one in message.message_ids[:1]:
        right = one.value.rpartition("@")[2].removesuffix(">").lower()
        if not one.fault and (not one.domain or one.domain.rpartition(".")[2] in LOCAL) and not right.startswith("["):
            span = (one.value.rfind("@") + 1, len(one.value) - 1)
            row = field_evidence("Message-ID", one.value, span)
            yield failed("Message-ID", case="id_domain", evidence=(row,), domain=right)


def _rows(name: str, occurrences: tuple[Written, ...]) -> tuple[Evidence, ...]:
    return tuple(field_evidence(name, one.value) for one in occurrences[:5])
