"""What receivers write on top: Received (RFC 5321 §4.4), Authentication-Results (RFC 8601), Received-SPF (RFC 7208)."""

from __future__ import annotations

import re
from dataclasses import field
from datetime import UTC
from ipaddress import ip_address

from deliverability.fastclass import dataclass

MAX_TRACE = 8_192
"""Ours: octets of one trace field that are read."""

_WHITE = re.compile(r"\s+")
_BY = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_FROM = re.compile(r"from\s+([^\s;()]+)\s*(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?", re.IGNORECASE)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]", re.IGNORECASE)
_BARE = re.compile(r"(?:^|[\s(])([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?=$|[\s):])")
_EXIM_HELO = re.compile(r"\bhelo=([^\s)]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_PROPERTY = re.compile(r"\b(smtp\.mailfrom|smtp\.helo|policy\.iprev)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)

_SPF_WRITER = re.compile(r"[A-Za-z]+ \(([^\s:;()]+):")
_PAIR = re.compile(r"(?<![^\s;])(receiver|client-ip|envelope-from|helo)\s*=\s*(\"[^\"]*\"|[^\s;\"]+)", re.IGNORECASE)
"""RFC 7208 §9.1: key-value pairs, separated by semicolons; quotation marks stand around what is no dot-atom."""


@dataclass(frozen=True, slots=True)
class Path:
    """A reverse-path. Its domain is "" for the null one; its local part may name the recipient and is never shown.

    `local` is None where only the domain was told, or where quotation marks leave open what it is.
    """

    domain: str
    local: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One Received field: which host wrote it, from whom it had the message, and when (seconds since 1970)."""

    by: str
    ip: str | None
    helo: str | None
    at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """An Authentication-Results or Received-SPF field: whose it is, and what it says of the connection."""

    authserv_id: str
    ip: str | None = None
    helo: str | None = None
    mail_from: Path | None = None


def read_received(value: bytes) -> Received | None:
    """Read a Received field; None where it does not name the host that wrote it. Never raises."""
    text = _unfolded(value)
    trace, _, date = text.rpartition(";")
    trace = trace or text
    by = _BY.search(trace)
    if by is None:
        return None
    sender = _FROM.match(trace[: by.start()].strip())
    ip, helo = (None, None) if sender is None else _client(sender[1], sender[2] or "")
    return Received(by=by[1].lower().rstrip("."), ip=ip, helo=helo, at=_time(date))


def _client(name: str, comment: str) -> tuple[str | None, str | None]:
    """The address that the writer saw, and what the client called itself."""
    exim = _EXIM_HELO.search(comment)
    literal = _LITERAL.fullmatch(name)
    if exim is not None and literal is not None:  # Exim: from [192.0.2.1] (helo=name)
        return _address(literal[1]), exim[1]
    seen = [*_LITERAL.findall(comment), *_BARE.findall(comment)]
    addresses = [ip for ip in map(_address, seen) if ip]
    own = _address(literal[1]) if literal is not None else None
    # what the writer saw stands in the comment; the name before it is the client's own word
    return (addresses[-1] if addresses else own), (exim[1] if exim else name)


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _time(date: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only for messages with a trusted Received

    try:
        when = parsedate_to_datetime(date.strip())
        # RFC 5322 §3.3: -0000 is Universal Time of a place that is not told
        return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def read_results(value: bytes) -> Results | None:
    """Read an Authentication-Results field (RFC 8601 §2.2); None where it names no authserv-id. Never raises."""
    text = _COMMENT.sub(" ", _unfolded(value))
    head, _, rest = text.partition(";")
    words = head.split()
    if not words:
        return None
    found = {name.lower(): said for name, said in reversed(_PROPERTY.findall(rest))}
    mail_from = found.get("smtp.mailfrom")
    return Results(
        authserv_id=words[0].strip('"').lower().rstrip("."),
        ip=_address(found.get("policy.iprev", "")),  # RFC 8601 §2.7.3
        helo=found.get("smtp.helo"),
        mail_from=None if mail_from is None else read_path(mail_from),
    )


def read_spf(value: bytes) -> Results | None:
    """Read a Received-SPF field (RFC 7208 §9.1); None where it does not name the host that wrote it. Never raises.

    The host is that of `receiver=`, or what stands before the colon in the comment, as the RFC's examples have it.
    """
    text = _unfolded(value)
    comment = _SPF_WRITER.match(text)
    # inside the comment a sender may have put what looks like a pair
    said = {name.lower(): given.strip('"') for name, given in reversed(_PAIR.findall(_COMMENT.sub(" ", text)))}
    host = said.get("receiver") or (comment[1] if comment is not None else "")
    if not host:
        return None
    path = said.get("envelope-from")
    return Results(
        authserv_id=host.lower().rstrip("."),
        ip=_address(said.get("client-ip", "")),
        helo=said.get("helo") or None,
        mail_from=None if path is None else read_path(path),
    )


def read_path(path: str) -> Path:
    """A reverse-path as it is written in SMTP, in a field, or by its domain alone."""
    local, _, domain = path.strip().removeprefix("<").removesuffix(">").strip().rpartition("@")
    if local.startswith("@"):  # RFC 5321 §4.1.2: a source route is ignored
        local = local.partition(":")[2]
    # RFC 5321 §4.1.2: quotation marks may or may not belong to it, so that macros have two readings
    told = bool(local) and '"' not in local and local.isprintable()
    return Path(domain.lower().rstrip("."), local if told else None)


def _unfolded(value: bytes) -> str:
    return _WHITE.sub(" ", value[:MAX_TRACE].decode("latin-1")).strip()
