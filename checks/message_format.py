"""Is that good? The form of a message: its header, its lines, its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Judgements, check, failed, passed, unknown
from deliverability.checks._message_content import (
    GIVE_MESSAGE,
    GIVE_SMALLER,
    MOST_ROWS,
    capital,
    fault_evidence,
    field_evidence,
    unread,
    with_message,
)
from deliverability.checks._message_faults import FAULTS, FIELDS, FIXES, MENDED, ONCE, TITLES
from deliverability.findings import Effort, Evidence, Judgement, Lack, Owner, Severity
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.message.facts import Fault, MessageFacts, Written


@check(
    "message-format",
    Severity.HIGH,
    rfc(5322, "2.1.1"),
    rfc(5322, "3.6"),
    rfc(2045, "6"),
    rfc(2046, "5.1"),
    rfc(2047, "2"),
    rfc(6532, "3"),
    source("Gmail SMTP errors"),
    titles={
        "pass": "Header, lines and parts are as the standards have them",
        "partly": "Nothing is wrong with the part of the message that was read ({read} of {octets} octets)",
        **TITLES,
    },
    fixes=FIXES,
    effort=Effort.MEDIUM,
    owner=Owner.ESP,
    settle=GIVE_MESSAGE,
)
@with_message
def message_format(message: MessageFacts) -> Judgements:
    """The message is written as RFC 5322 and MIME have it.

    That is: each field once that may be there once, a Date and a Message-ID, lines of at most 998 octets that end
    alike, ASCII in the header, parts that can be told apart and decoded.

    Why it matters: Gmail refuses messages with repeated fields or without a Message-ID; what one server mends on the
    way breaks the signature for the next; and people see raw code where a part cannot be decoded.

    How to fix: let a maintained library build the message, and change nothing of it afterwards.
    """
    found = {one.subject: one for one in reversed([*_fields(message), *_faults(message)])}
    if found:
        return list(reversed(found.values()))
    if unread(message):
        read: dict[str, Any] = {"read": message.looked_at, "octets": message.octets}
        return unknown(case="partly", lack=Lack.INPUT, settle=GIVE_SMALLER, **read)
    return passed()


def _fields(message: MessageFacts) -> Iterator[Judgement]:
    """Fields that are missing, repeated or wrong; what From says is another check's matter."""
    for name in ONCE:
        count = message.fields.get(name, 0)
        if count > 1 and name != "from":
            # RFC 5322 §3.6: the table of fields and how often each may be there
            severity = Severity.MEDIUM if name in MENDED else None
            yield _judged("repeated", capital(name), severity=severity, field=capital(name), count=count)
    if not message.fields:
        return
    if not message.has("date"):
        yield _judged("no_date")
    if not message.has("message-id"):
        yield _judged("no_message_id")
    yield from _written("date", "Date", message.dates)
    yield from _written("message_id", "Message-ID", message.message_ids)


def _written(prefix: str, name: str, occurrences: tuple[Written, ...]) -> Iterator[Judgement]:
    for one in occurrences:
        if one.fault:
            yield _judged(f"{prefix}_{one.fault}", rows=(field_evidence(name, one.value, (0, len(one.value))),))


def _judged(
    code: str, subject: str = "", rows: tuple[Evidence, ...] = (), severity: Severity | None = None, **data: Any
) -> Judgement:
    words = FIELDS[code]
    return failed(subject or words.about, case=code, severity=severity or words.severity, evidence=rows, **data)


def _faults(message: MessageFacts) -> Iterator[Judgement]:
    """The faults of each kind together."""
    by_code: dict[str, list[Fault]] = {}
    for fault in message.faults:
        by_code.setdefault(fault.code, []).append(fault)
    for code, faults in by_code.items():
        words = FAULTS.get(code)
        if words is not None:  # a document may be of a later version
            yield failed(
                words.about,
                case=code,
                severity=words.severity,
                evidence=tuple(fault_evidence(fault) for fault in faults[:MOST_ROWS]),
                count=sum(fault.count for fault in faults),
                text=faults[0].text,
                where=[fault.where for fault in faults[:MOST_ROWS]],
            )
