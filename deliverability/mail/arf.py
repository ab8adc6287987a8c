"""Complaints: feedback reports (RFC 5965, with RFC 6591 for authentication failures) in the dialects that are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from deliverability.fastclass import dataclass
from deliverability.mail import sns
from deliverability.mail.addresses import addresses, first_address, typed_address
from deliverability.mail.notice import notice_of
from deliverability.mail.parts import Headers, Part, header_and_body, parameter, read, text_of
from deliverability.mail.words import decoded

MAX_FIELDS = 200
"""Ours: fields of one report that are read."""

MAX_VALUE = 4000
"""Ours: characters of one field that are kept."""

KINDS = frozenset({"abuse", "fraud", "virus", "other", "not-spam", "opt-out", "opt-out-list", "auth-failure", "dmarc"})
"""RFC 5965 §7.3 and its registry; opt-out of the first drafts, still sent; `complaint` and the like are abuse."""

NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})
"""RFC 6430: not-spam takes a complaint back. RFC 6591: auth-failure is about a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What one feedback report says.

    Attributes:
        kind: The feedback type, in lower case: abuse, fraud, virus, not-spam, opt-out, auth-failure, other.
        recipients: Who complains, as far as the reporter says; empty where it keeps that to itself (redacted).
        mail_from: The envelope sender of the mail that is complained of, or None.
        source_ip: Where that mail came from, or None.
        reported_domains: The domains that the report names.
        message_id: Of the mail that is complained of, without angle brackets, or None.
        arrived: When it came, as written, or None.
        user_agent: The program that made the report, or None.
        incidents: How many mails this report stands for (RFC 6591 §3.1), at least one.
        fields: All fields of the report by name in lower case, each with its values in order.
        original: The header fields of that mail.
        machine_readable: Whether there was a message/feedback-report part.
    """

    kind: str
    recipients: tuple[str, ...]
    mail_from: str | None
    source_ip: str | None
    reported_domains: tuple[str, ...]
    message_id: str | None
    arrived: str | None
    user_agent: str | None
    incidents: int
    fields: Mapping[str, tuple[str, ...]]
    original: Headers
    machine_readable: bool

    @property
    def counts(self) -> bool:
        """Whether a reader complained: what a complaint rate counts."""
        return self.kind not in NO_COMPLAINT


def parse_arf(raw: bytes) -> Complaint | None:
    """The complaint that a mail reports, or None where it is no feedback report. No octets make it raise.

    Args:
        raw: One mail as it was received; line ends of any form.
    """
    return complaint(*read(raw))


def complaint(headers: Headers, parts: Sequence[Part]) -> Complaint | None:
    """As `parse_arf`, of a mail that has been cut already."""
    report = next((part for part in parts if part.kind.endswith("feedback-report")), None)
    if report is not None:
        return _made(report_fields(text_of(report)), _original(parts), machine_readable=True)
    if sns.is_notification(headers):
        return _of_sns(text_of(parts[0]))
    if not is_complaint(headers, parts):
        return None
    notice = notice_of(parts)
    found = dict(report_fields(notice.text)) if "feedback-type" in notice.text.lower() else {}
    subject = decoded(headers.get("subject", ""))
    if "feedback-type" not in found and "dmarc" in subject.lower():
        found["feedback-type"] = ("auth-failure",)
    if "source-ip" not in found and (ip := _IP.search(subject)):
        found["source-ip"] = (ip[1],)
    return _made(found, _original(parts) or notice.returned, machine_readable=False)


_SUBJECT = re.compile(
    r"(?i)complaint about message from|e-?mail feedback report for|^(?:fw: )?abuse (?:report|complaint)|"
    r"spam (?:report|complaint)|feedback loop|\bfbl\b|dmarc (?:forensic|failure) report"
)
"""How reporters name the reports to which they add no machine-readable part."""

_IP = re.compile(r"(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d.])")


def is_complaint(headers: Headers, parts: Sequence[Part]) -> bool:
    """Whether a mail is a feedback report: by its type, by a part, or by its name and the mail that it returns."""
    if parameter(headers, "report-type").lower() == "feedback-report":
        return True
    if any(part.kind.endswith("feedback-report") for part in parts):
        return True
    subject = headers.get("subject", "")
    named_so = bool(subject) and bool(_SUBJECT.search(decoded(subject)))
    return named_so and bool(notice_of(parts).returned)


def report_fields(text: str) -> Mapping[str, tuple[str, ...]]:
    """The fields of a feedback report; RFC 5965 §3.2: some come several times."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.lstrip("\n").split("\n", MAX_FIELDS)[:MAX_FIELDS]:
        if line[:1] in {" ", "\t"} and name:
            found[name][-1] = f"{found[name][-1]} {line.strip()}"[:MAX_VALUE].strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name or " " in name:
            name = ""
            continue
        found.setdefault(name, []).append(value.strip()[:MAX_VALUE])
    return {name: tuple(values) for name, values in found.items()}


def _made(found: Mapping[str, tuple[str, ...]], original: Headers, *, machine_readable: bool) -> Complaint:
    return Complaint(
        kind=_kind(found),
        recipients=_recipients(found, original),
        mail_from=_mail_from(found, original),
        source_ip=_source_ip(found, original),
        reported_domains=tuple(dict.fromkeys(v.lower().rstrip(".") for v in found.get("reported-domain", ()) if v)),
        message_id=original.get("message-id", "").strip().strip("<>") or None,
        arrived=_first(found, "arrival-date", "received-date"),
        user_agent=_first(found, "user-agent"),
        incidents=_incidents(_first(found, "incidents") or ""),
        fields=found,
        original=original,
        machine_readable=machine_readable,
    )


def _first(found: Mapping[str, tuple[str, ...]], *names: str) -> str | None:
    return next((value for name in names for value in found.get(name, ()) if value), None)


def _kind(found: Mapping[str, tuple[str, ...]]) -> str:
    word = (_first(found, "feedback-type", "abuse-type") or "abuse").partition(";")[0].strip().lower()
    if word in KINDS:
        return word
    # RFC 5965 §3.1: a type that is not known is to be read as other; who writes complaint means abuse
    return "abuse" if word in {"complaint", "spam", "unsolicited"} else "other"


_WHO = ("x-hmxmroriginalrecipient", "x-apparently-to", "x-original-to", "delivered-to")
"""Fields by which receivers note the recipient of the mail that they return."""

_REDACTED = re.compile(r"(?i)redacted|^<?(?:unknown|undisclosed|hidden|x{3,})|\[.*removed")


def _recipients(found: Mapping[str, tuple[str, ...]], original: Headers) -> tuple[str, ...]:
    """RFC 5965 §3.2: Original-Rcpt-To, one or several; Removal-Recipient of older reporters; else the returned mail."""
    named = [*found.get("original-rcpt-to", ()), *found.get("removal-recipient", ())]
    told = [typed_address(value) for value in named if not _REDACTED.search(value)]
    if not any(told):
        told = [first_address(original.get(name, "")) for name in _WHO]
        if not any(told):
            told = addresses(original.get("to", "")[:2000])[:1]
    kept = [address for address in told if address and not _REDACTED.search(address)]
    return tuple({address.lower(): address for address in kept}.values())


def _mail_from(found: Mapping[str, tuple[str, ...]], original: Headers) -> str | None:
    value = _first(found, "original-mail-from") or original.get("return-path") or original.get("x-sid-pra") or ""
    return first_address(value) or None


def _source_ip(found: Mapping[str, tuple[str, ...]], original: Headers) -> str | None:
    from ipaddress import ip_address  # noqa: PLC0415 - of complaints alone

    value = _first(found, "source-ip") or original.get("x-originating-ip") or ""
    word = value.strip().partition(" ")[0].strip("[]()")
    try:
        return str(ip_address(word.removeprefix("IPv6:")))
    except ValueError:
        return None


def _incidents(value: str) -> int:
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 10 else 1


def _original(parts: Sequence[Part]) -> Headers:
    for part in parts:
        if part.kind.startswith(("message/rfc822", "text/rfc822", "message/global")):
            return header_and_body(text_of(part).lstrip("\n"))[0]
    return {}


def _of_sns(text: str) -> Complaint | None:
    told = sns.complained(text)
    if told is None:
        return None
    kind, recipients = told
    found = {"feedback-type": (kind,), "original-rcpt-to": tuple(recipients)}
    return _made(found, {}, machine_readable=True)
