"""DMARC failure reports: one mail that failed, as its receiver tells it (RFC 9991, RFC 6591), and many added up.

Such a report carries a whole header, sometimes a whole mail, of somebody. Domains, hosts and results are kept;
addresses, subjects and texts are not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from deliverability.fastclass import dataclass
from deliverability.intake.mailbox import mails
from deliverability.intake.streams import Limits
from deliverability.intake.trouble import Bad, Troubles
from deliverability.mail.arf import Complaint, complaint, report_fields
from deliverability.mail.parts import Part, read, text_of

MAX_TEXT = 255
"""Characters that are kept of a value; a domain name has no more (RFC 1035 §2.3.4)."""
MAX_NOTE = 4000
"""Characters of a note for people that are looked at."""

FAILURES = ("adsp", "bodyhash", "revoked", "signature", "spf", "dmarc")
"""RFC 6591 §3.3, Auth-Failure; RFC 9991 adds dmarc."""
DELIVERIES = ("delivered", "spam", "policy", "reject", "other")
"""RFC 6591 §3.2.2, Delivery-Result."""

_DOMAIN = re.compile(r"@\s*([\w.-]+)")
_BARE_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc|arc|iprev)\s*=\s*([a-z]+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*\"?(?:[^\s;@\"]*@)?([\w.-]+)", re.IGNORECASE)
_NOTE = re.compile(
    r"^[ \t]*(Sender Domain|Sender IP Address|Received date|SPF Alignment|DKIM Alignment|DMARC Results)[ \t]*:(.*)$",
    re.MULTILINE | re.IGNORECASE,
)
"""The lines in which Exim writes a failure report for people, and adds none for programs."""


Fields = Mapping[str, tuple[str, ...]]
"""Field name in lower case → its values, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport:
    """One mail that failed, without anything of the people in it.

    - reporter: the domain that reports. domain: the one that the mail claimed to be from.
    - arrived: when the mail came; UTC, None where that is not told in a way that can be read.
    - failures: of `FAILURES`, or what the report has in its place; delivery: of `DELIVERIES`, or the same.
    - aligned: `spf`, `dkim`, both or none of them (Identity-Alignment of RFC 9991); None where it is not told.
    - results: method → result, from Authentication-Results.
    - incidents: how many mails the report stands for.
    """

    reporter: str | None
    domain: str | None
    source_ip: str | None
    arrived: datetime | None
    failures: tuple[str, ...]
    delivery: str | None
    aligned: tuple[str, ...] | None
    mail_from_domain: str | None
    dkim_domain: str | None
    dkim_selector: str | None
    results: Mapping[str, str]
    incidents: int
    machine_readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSum:
    """The mails of one source that failed in the same way."""

    domain: str | None
    source_ip: str | None
    failures: tuple[str, ...]
    delivery: str | None
    incidents: int


def failure_report(raw: bytes) -> FailureReport | None:
    """The failure report that a mail is, or None where it is none. Whatever the octets, nothing is raised."""
    headers, parts = read(raw)
    told = complaint(headers, parts)
    note: Mapping[str, str] = {} if told is not None and told.machine_readable else _note(parts)
    if told is None or not (told.kind in {"auth-failure", "dmarc"} or note):
        return None
    return _report(_domain(headers.get("from")), told, note, _copied(parts) if note else {})


def failure_reports(
    paths: Iterable[str], limits: Limits, troubles: Troubles, *, stdin: BinaryIO | None = None
) -> Iterator[FailureReport]:
    """Every failure report in the files at `paths` (from `intake.paths.expand`); other mails count as `no-report`."""
    for path in paths:
        for mail in mails(path, limits, troubles=troubles, stdin=stdin):
            report = failure_report(mail.raw)
            if report is not None:
                yield report
            else:
                troubles.add(Bad(file=mail.name, reason="no-report", detail="no DMARC failure report"))


def add_up(reports: Iterable[FailureReport]) -> tuple[FailureSum, ...]:
    """What many reports say together, most mails first."""
    counts: Counter[tuple[str | None, str | None, tuple[str, ...], str | None]] = Counter()
    for report in reports:
        counts[report.domain, report.source_ip, report.failures, report.delivery] += report.incidents
    return tuple(
        FailureSum(domain=domain, source_ip=ip, failures=failures, delivery=delivery, incidents=number)
        for (domain, ip, failures, delivery), number in sorted(
            counts.items(), key=lambda item: (-item[1], repr(item[0]))
        )
    )


def _report(reporter: str | None, told: Complaint, note: Mapping[str, str], copied: Fields) -> FailureReport:
    fields = told.fields
    said = " ; ".join(fields.get("authentication-results") or copied.get("authentication-results", ()))
    header_from = _HEADER_FROM.search(said)
    return FailureReport(
        reporter=reporter,
        domain=_first_domain(
            *told.reported_domains,
            note.get("sender domain"),
            header_from and header_from[1],
            _domain(told.original.get("from") or next(iter(copied.get("from", ())), None)),
        ),
        source_ip=told.source_ip or _address(note.get("sender ip address", "")),
        arrived=_moment(told.arrived or note.get("received date") or ""),
        failures=_words(fields.get("auth-failure", ())) or (("dmarc",) if note else ()),
        delivery=next(iter(_words(fields.get("delivery-result", ()))), None),
        aligned=_aligned(fields.get("identity-alignment"), note),
        mail_from_domain=_domain(told.mail_from),
        dkim_domain=_first_domain(*fields.get("dkim-domain", ())),
        dkim_selector=next((value[:MAX_TEXT] for value in fields.get("dkim-selector", ()) if "@" not in value), None),
        results={method.lower(): result.lower()[:MAX_TEXT] for method, result in reversed(_RESULT.findall(said))},
        incidents=told.incidents,
        machine_readable=told.machine_readable,
    )


def _note(parts: Sequence[Part]) -> Mapping[str, str]:
    """What a report for people says, where it is one: by key in lower case."""
    found = {key.lower(): value.strip()[:MAX_TEXT] for key, value in _NOTE.findall(_text(parts)[:MAX_NOTE])}
    return found if {"sender domain", "sender ip address"} <= found.keys() else {}


def _text(parts: Sequence[Part]) -> str:
    return next((text_of(part) for part in parts if part.kind == "text/plain"), "")


def _copied(parts: Sequence[Part]) -> Fields:
    """The header that such a report repeats, below a line of hyphens."""
    _, _, rest = _text(parts).partition("\n------")
    return report_fields(rest.partition("\n")[2])


def _aligned(values: Sequence[str] | None, note: Mapping[str, str]) -> tuple[str, ...] | None:
    if values is not None:
        return tuple(word for word in _words(values) if word in {"spf", "dkim"})
    told = {method: note.get(f"{method} alignment", "").lower() for method in ("dkim", "spf")}
    if not all(told.values()):
        return None
    return tuple(method for method, answer in told.items() if answer.startswith("yes"))


def _words(values: Iterable[str]) -> tuple[str, ...]:
    """The words of a list, in lower case: RFC 9991 has them apart by commas. No address is a word."""
    found = (word.strip().lower()[:MAX_TEXT] for value in values for word in value.split(","))
    return tuple(dict.fromkeys(word for word in found if word and "@" not in word))


def _first_domain(*values: str | None) -> str | None:
    """The first that has the form of a domain; of an address only what is behind its sign."""
    for value in values:
        found = _BARE_DOMAIN.fullmatch((value or "").rpartition("@")[2].strip().rstrip(".")[:MAX_TEXT])
        if found:
            return found[0].lower()
    return None


def _domain(address: str | None) -> str | None:
    """The domain of the last address in a header's value."""
    found = _DOMAIN.findall((address or "")[:MAX_NOTE])
    return _first_domain(found[-1]) if found else None


def _address(text: str) -> str | None:
    from ipaddress import ip_address  # noqa: PLC0415 - only where there are reports

    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only where there are reports

    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
