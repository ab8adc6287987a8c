"""One bounce: which recipients of a mail failed, why, and what to do, from a report (RFC 3464) or a notice in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from deliverability.events.classify import classify
from deliverability.events.reasons import Action, Blame, Persistence, Reason
from deliverability.fastclass import dataclass
from deliverability.mail import sns
from deliverability.mail.arf import is_complaint
from deliverability.mail.autoreply import answers, is_receipt, is_reply
from deliverability.mail.codes import codes
from deliverability.mail.dsn import ARRIVED, DELAYED, FAILED, FINAL, Report, reports
from deliverability.mail.notice import Notice, is_delay, is_notice, notice_of
from deliverability.mail.parts import Headers, Part, read, text_of
from deliverability.mail.prose import MAX_REASON, Entry, entries
from deliverability.mail.words import decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One failed or delayed recipient of a mail.

    Attributes:
        recipient: The address; empty where the bounce does not name one.
        action: failed or delayed.
        status: The enhanced status code (RFC 3463), or None where none was said.
        reply_code: The SMTP reply code (RFC 5321 §4.2), or None where none was said.
        reason: Why; deliverability.events.reasons.
        persistence: hard, soft or block; none where no receiver refused anything.
        blame: Who can mend it.
        confidence: 0 to 1, as the classifier has it.
        advice: What to do.
        evidence: What decided the reason.
        diagnostic: The words that were judged; they may hold addresses.
        remote_mta: The host that refused, or None.
        form: Where it was read: report, notice or sns.
    """

    recipient: str
    action: str
    status: str | None
    reply_code: int | None
    reason: Reason
    persistence: Persistence
    blame: Blame
    confidence: float
    advice: Action
    evidence: str
    diagnostic: str
    remote_mta: str | None
    form: str


def parse_bounce(raw: bytes) -> list[Bounce]:
    """The failed or delayed recipients that a mail reports.

    Args:
        raw: One mail as it was received; line ends of any form.

    Returns:
        One result a recipient. None for complaints, automatic replies, receipts, ordinary mail and reports of success
        (RFC 3464 §2.3.3: delivered, relayed, expanded). Whatever the octets, nothing is raised.
    """
    headers, parts = read(raw)
    return bounces(headers, parts)


def bounces(headers: Headers, parts: Sequence[Part]) -> list[Bounce]:
    """As `parse_bounce`, of a mail that has been cut already."""
    for part in parts:
        if part.kind.endswith("delivery-status"):
            told = reports(text_of(part))
            if told:
                return _of_reports(told, headers, notice_of(parts))
    subject = decoded(headers.get("subject", ""))
    if is_receipt(headers, parts) or is_complaint(headers, parts) or is_reply(headers, subject):
        return []
    if sns.is_notification(headers):
        return [_judged(report, report.diagnostic, "sns") for report in sns.bounced(text_of(parts[0]))]
    return _of_notice(headers, subject, notice_of(parts))


def _of_reports(told: Sequence[Report], headers: Headers, notice: Notice) -> list[Bounce]:
    """Each failed or delayed recipient of a report; the words meant for people say what the report leaves open."""
    words = _Words(notice, headers)
    made: list[Bounce] = []
    for report in told:
        if report.action in ARRIVED:
            continue
        found = report if report.recipient else replace(report, recipient=words.anybody())
        bounce = _judged(found, found.diagnostic, "report")
        if bounce.reason is Reason.UNKNOWN or not found.diagnostic:
            more = _judged(found, f"{found.diagnostic} {words.about(found)}".strip(), "report")
            bounce = more if more.reason is not Reason.UNKNOWN else bounce
        made.append(bounce)
    return made


class _Words:
    """What the notice beside a report says, read when it is wanted."""

    def __init__(self, notice: Notice, headers: Headers) -> None:
        self._notice, self._headers = notice, headers

    @cached_property
    def _entries(self) -> list[Entry]:
        return entries(self._notice, self._headers)

    def anybody(self) -> str:
        return self._entries[0].address if self._entries else ""

    def about(self, report: Report) -> str:
        wanted = {report.recipient.lower(), report.final_recipient.lower()}
        about = next((entry.reason for entry in self._entries if entry.address.lower() in wanted), None)
        return about or (self._entries[0].reason if self._entries else self._notice.text[:MAX_REASON])


def _of_notice(headers: Headers, subject: str, notice: Notice) -> list[Bounce]:
    start = FINAL.search(notice.text)
    if start is not None:
        begin = notice.text.rfind("\n\n", 0, start.start()) + 1
        told = reports(notice.text[begin:])
        if told:
            return _of_reports(told, headers, Notice(notice.text[:begin], notice.returned))
    sender, null_path = headers.get("from", ""), headers.get("return-path", "").strip() == "<>"
    if "x-failed-recipients" not in headers:
        null_path = null_path and not answers(headers)
        if not is_notice(sender, subject, null_path, notice.text):
            return []
    action = DELAYED if is_delay(subject, notice.text) else FAILED
    found = entries(notice, headers) or [Entry("", notice.text[:MAX_REASON])]
    return [
        _judged(Report(entry.address, entry.address, action, None, entry.reason, None), entry.reason, "notice")
        for entry in found
    ]


def _judged(report: Report, words: str, form: str) -> Bounce:
    code, status = codes(words, report.status)
    judged = classify(words, status=status, reply_code=code, provider=None)
    delayed = report.action == DELAYED
    return Bounce(
        recipient=report.recipient,
        action=report.action,
        status=status,
        reply_code=code,
        reason=judged.reason,
        # what is still tried has not failed, whatever the reason
        persistence=Persistence.SOFT if delayed and judged.persistence is not Persistence.NONE else judged.persistence,
        blame=judged.blame,
        confidence=judged.confidence,
        advice=judged.action,
        evidence=judged.evidence,
        diagnostic=words,
        remote_mta=report.remote_mta,
        form=form,
    )
