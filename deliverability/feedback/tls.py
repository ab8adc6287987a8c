"""SMTP TLS reports (RFC 8460): what one says, strictly read, and the dialects that are about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Refused
from deliverability.privacy import after_sign
from deliverability.text import visible

MAX_OCTETS = 32 << 20
"""Octets of one report; our own bound. Ten thousand failing hosts take some 3 MB."""
MAX_VALUES = 200_000
"""Objects and lists in one report, which cost far more held than written; our own bound."""
MAX_DEPTH = 32
"""Objects and lists in one another; RFC 8460 §4.4 has five."""
MAX_TEXT = 255
"""Characters that are kept of a text: a domain name's length (RFC 1035 §2.3.4)."""
MAX_HOSTS = 100
"""MX patterns and policy lines that are kept of one policy; our own bound."""
MAX_COUNT = 10**15
"""Sessions that a report may speak of; our own bound."""

POLICY_TYPES = ("tlsa", "sts", "no-policy-found")
"""RFC 8460 §4.4, policy-type."""

MODES = ("enforce", "testing", "none")
"""RFC 8461 §3.2, mode."""

RESULT_TYPES: Mapping[str, str] = {
    "starttls-not-supported": "the host does not offer STARTTLS",
    "certificate-host-mismatch": "the certificate is for other names",
    "certificate-expired": "the certificate has expired",
    "certificate-not-trusted": "the certificate is not from an authority that the sender trusts",
    "validation-failure": "TLS failed for a reason that has no name of its own",
    "tlsa-invalid": "no usable TLSA record, or none that fits the certificate",
    "dnssec-invalid": "the DNSSEC signatures of the host's records do not hold",
    "dane-required": "the sender insists on DANE, and the host has none",
    "sts-policy-fetch-error": "the MTA-STS policy cannot be fetched",
    "sts-policy-invalid": "the MTA-STS policy is malformed",
    "sts-webpki-invalid": "the certificate does not hold by the rules of the web, as MTA-STS demands",
}
"""RFC 8460 §4.3: each result type and what it says."""

_NAMES = {
    "failure-error-code": "failure-reason-code",  # drafts before the RFC
    "mx-host-pattern": "mx-host",
    "receiving-mx-host-name": "receiving-mx-hostname",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFailure:
    """Sessions that failed in the same way between the same hosts. Texts are empty where the report says nothing."""

    result_type: str
    sessions: int
    sending_mta_ip: str = ""
    receiving_mx: str = ""
    receiving_helo: str = ""
    receiving_ip: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """What one policy of one domain did in the report's time.

    - type: of `POLICY_TYPES`, or what the report has in its place.
    - domain: lower case; None where the report names none.
    - lines: the policy as the sender saw it; mx: the patterns of MX hosts it names.
    """

    type: str
    domain: str | None
    lines: tuple[str, ...]
    mx: tuple[str, ...]
    sessions_ok: int
    sessions_failed: int
    failures: tuple[TlsFailure, ...]

    @property
    def mode(self) -> str | None:
        """The mode of an MTA-STS policy (RFC 8461 §3.2); None for others."""
        return next(iter(self._said("mode")), None)

    @property
    def listed_mx(self) -> tuple[str, ...]:
        """The MX patterns of an MTA-STS policy's own lines: many reports have them there alone."""
        return self._said("mx")

    def _said(self, key: str) -> tuple[str, ...]:
        pairs = (line.lower().partition(":") for line in self.lines)
        return tuple(_host(value.strip()) for name, _, value in pairs if name.strip() == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsReport:
    """One report. The contact, which is a person's address, is not kept.

    - begin, end: the period, UTC. identity: the same for the same report, however often it comes.
    """

    organization: str
    report_id: str
    begin: datetime
    end: datetime
    policies: tuple[TlsPolicy, ...]
    identity: str


def parse(content: bytes) -> TlsReport:
    """Read one report. Raises Refused: `not-json`, `not-tls-rpt`, `nested-too-deep`, `bad-count`, `bad-date`, …."""
    document = _object(_named(_json(content)))
    if "policies" not in document:
        raise Refused("not-tls-rpt", "no policies in it")
    period = _object(document.get("date-range"))
    organization, report_id = _text(document, "organization-name"), _text(document, "report-id")
    begin, end = _moment(period, "start-datetime"), _moment(period, "end-datetime")
    if end < begin:
        raise Refused("bad-date", "the report ends before it begins")
    known = f"{organization.lower()}\n{report_id}\n{begin}" if report_id else hashlib.sha256(content).hexdigest()
    return TlsReport(
        organization=organization,
        report_id=report_id,
        begin=begin,
        end=end,
        policies=tuple(_policy(entry) for entry in _list(document["policies"])),
        identity=known,
    )


def _json(content: bytes) -> Any:  # noqa: ANN401 - whatever is written there
    if content.count(b"{") + content.count(b"[") > MAX_VALUES:
        raise Refused("too-many-values", f"more than {MAX_VALUES} objects and lists")
    try:
        return json.loads(_decoded(content))
    except RecursionError:
        raise Refused("nested-too-deep", "objects in one another") from None
    except ValueError as error:
        raise Refused("not-json", visible(str(error))[:100]) from None


def _decoded(content: bytes) -> str:
    """RFC 8259 §8.1: UTF-8, and a reader may pass over the mark at the start. What is no UTF-8 costs its character."""
    encoding = json.detect_encoding(content)
    return content.decode(encoding, "replace")


def _named(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - as above
    """`value` with the names of the RFC: lower case with hyphens."""
    if depth > MAX_DEPTH:
        raise Refused("nested-too-deep", f"more than {MAX_DEPTH} objects in one another")
    if isinstance(value, dict):
        return {_name(key): _named(inner, depth + 1) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_named(inner, depth + 1) for inner in cast("Sequence[Any]", value)]
    return value


def _name(key: str) -> str:
    plain = key.strip().lower().replace("_", "-")
    return _NAMES.get(plain, plain)


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    """What should be a list; a lone entry stands for a list of one, as some write it."""
    if isinstance(value, list):
        return cast("Sequence[Any]", value)
    return [] if value is None else [value]


def _policy(entry: object) -> TlsPolicy:
    record = _object(entry)
    policy, summary = _object(record.get("policy")), _object(record.get("summary"))
    failures = tuple(_failure(_object(detail)) for detail in _list(record.get("failure-details")))
    return TlsPolicy(
        type=_text(policy, "policy-type").lower() or "unknown",
        domain=_host(_text(policy, "policy-domain")) or None,
        lines=_texts(policy.get("policy-string")),
        # RFC 8460 §4.4 has one pattern; a list is what an MTA-STS policy has and most reports write
        mx=tuple(_host(host) for host in _texts(policy.get("mx-host"))),
        sessions_ok=_count(summary, "total-successful-session-count"),
        sessions_failed=_count(summary, "total-failure-session-count"),
        failures=failures,
    )


def _failure(detail: dict[str, Any]) -> TlsFailure:
    return TlsFailure(
        result_type=_text(detail, "result-type").lower() or "unknown",
        sessions=_count(detail, "failed-session-count"),
        sending_mta_ip=_text(detail, "sending-mta-ip"),
        receiving_mx=_host(_text(detail, "receiving-mx-hostname")),
        receiving_helo=_text(detail, "receiving-mx-helo"),
        receiving_ip=_text(detail, "receiving-ip"),
        reason_code=_text(detail, "failure-reason-code"),
    )


def _host(text: str) -> str:
    """A domain's name as it is compared. Of an address in that place only the domain is kept."""
    return after_sign(text.lower()).rstrip(".")


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return _kept(value) if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_kept(item) for item in _list(value)[:MAX_HOSTS] if isinstance(item, str))


def _kept(text: str) -> str:
    """Text that can be written: JSON can spell half a character (RFC 8259 §8.2)."""
    return text.strip()[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _count(record: Mapping[str, Any], name: str) -> int:
    """A number of sessions; some write it as text. One that is not there is 0."""
    value = record.get(name, 0)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise Refused("bad-count", f"{name} is no number of sessions")
    return value


def _moment(period: Mapping[str, Any], name: str) -> datetime:
    """RFC 3339, as RFC 8460 §4.4 has it; where the zone is left out it is UTC."""
    try:
        moment = datetime.fromisoformat(_text(period, name))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("bad-date", f"{name} is no date") from None
