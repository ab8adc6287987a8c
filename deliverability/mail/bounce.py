"""One bounce: which recipients of a mail failed, why, and what to do, from a report (RFC 3464) or a notice in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from deliverability.events.reasons import Reason
from deliverability.mail import sns
from deliverability.mail.arf import is_complaint
from deliverability.mail.autoreply import answers, is_receipt, is_reply
from deliverability.mail.dsn import ARRIVED, DELAYED, FAILED, FINAL, Report, reports
from deliverability.mail.notice import Notice, is_delay, is_notice, notice_of
from deliverability.mail.parts import Headers, Part, read, text_of
from deliverability.mail.prose import CODE, MAX_REASON, Entry, Told
from deliverability.mail.result import Bounce, judged
from deliverability.mail.words import decoded

__all__ = ["Bounce", "bounces", "parse_bounce"]


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


def bounces(headers: Headers, parts: Sequence[Part], *, wrapped: bool = False) -> list[Bounce]:
    """As `parse_bounce`, of a mail that has been cut already. `wrapped` is one that a server's notice returns."""
    for part in parts:
        if part.kind.endswith("delivery-status"):
            told = reports(text_of(part))
            if told:
                return _of_reports(told, headers, lambda: notice_of(parts))
    subject = decoded(headers.get("subject", ""))
    if is_receipt(headers, parts) or is_complaint(headers, parts) or is_reply(headers, subject):
        return []
    if sns.is_notification(headers):
        return [judged(report, [report.diagnostic], "sns") for report in sns.bounced(text_of(parts[0]))]
    notice = notice_of(parts)
    likely = _is_notice(headers, subject, notice)
    if likely is False:
        return []
    words = Told(notice, headers)
    if not words.names_somebody and not wrapped and (inner := _of_returned(parts)):
        return inner
    return _of_notice(headers, subject, words) if words.names_somebody or (likely and notice.text.strip()) else []


def _is_notice(headers: Headers, subject: str, notice: Notice) -> bool | None:
    """As `is_notice`; what answers one mail (RFC 3834 §5) has to say in words that it is about delivery."""
    if "x-failed-recipients" in headers:
        return True
    null_path = headers.get("return-path", "").strip() == "<>" and not answers(headers)
    likely = is_notice(headers.get("from", ""), subject, null_path, notice.text)
    return False if likely is None and answers(headers) else likely


def _of_returned(parts: Sequence[Part]) -> list[Bounce]:
    """What a filter's notice returns may be the bounce that the filter got."""
    for part in parts:
        if part.kind == "message/rfc822" and "delivery-status" in part.body:
            return bounces(*read(part.body.encode("latin-1")), wrapped=True)
    return []


def _of_reports(told: Sequence[Report], headers: Headers, notice: Callable[[], Notice]) -> list[Bounce]:
    """Each failed or delayed recipient of a report; the words meant for people say what the report leaves open."""
    words = _Words(notice, headers)
    made: list[Bounce] = []
    for report in told:
        if report.action in ARRIVED:
            continue
        found = report if "@" in report.recipient else report._replace(recipient=words.anybody() or report.recipient)
        made.append(judged(found, _tellings(found, words), "report"))
    return made


def _tellings(report: Report, words: _Words) -> Iterator[str]:
    """What there is to judge a recipient of a report by, the best first."""
    if any(map(str.isalpha, report.diagnostic)):
        yield report.diagnostic
    yield f"{report.diagnostic} {words.about(report)}".strip()


class _Words:
    """What the notice beside a report says, read when it is wanted."""

    def __init__(self, notice: Callable[[], Notice], headers: Headers) -> None:
        self._read, self._headers = notice, headers

    @cached_property
    def _notice(self) -> Notice:
        return self._read()

    @cached_property
    def _entries(self) -> list[Entry]:
        return Told(self._notice, self._headers).entries

    def anybody(self) -> str:
        return self._entries[0].address if self._entries else ""

    def about(self, report: Report) -> str:
        wanted = {report.recipient.lower(), report.final_recipient.lower()}
        about = next((entry.reason for entry in self._entries if entry.address.lower() in wanted), None)
        return about or (self._entries[0].reason if self._entries else self._notice.text[:MAX_REASON])


def _of_notice(headers: Headers, subject: str, words: Told) -> list[Bounce]:
    notice = words.notice
    start = FINAL.search(notice.text)
    if start is not None:
        begin = notice.text.rfind("\n\n", 0, start.start()) + 1
        told = reports(notice.text[begin:])
        if told:
            return _of_reports(told, headers, lambda: Notice(notice.text[:begin], notice.below))
    action = DELAYED if is_delay(subject, notice.text) else FAILED
    found = words.entries or [Entry("", notice.text[:MAX_REASON])]
    return [_of_entry(entry, action, notice) for entry in found]


def _of_entry(entry: Entry, action: str, notice: Notice) -> Bounce:
    report = Report(entry.address, entry.address, action, None, "", None)
    group = "googlegroups.com" in entry.address and not CODE.search(entry.reason)
    if group:
        # a Google group refuses in its reader's language, without a code: nobody may write, or there is no such group
        return judged(report, [entry.reason], "notice", Reason.POLICY)
    return judged(report, [entry.reason, notice.text[:MAX_REASON]], "notice")
