"""The trace fields that a receiver writes: Received (RFC 5321 §4.4) and Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One Received field: which host wrote it, from whom it had the message, and when (seconds since 1970)."""

    by: str
    ip: str | None
    helo: str | None
    at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One Authentication-Results field: whose it is, and what it says of the connection. No local part is kept."""

    authserv_id: str
    ip: str | None = None
    helo: str | None = None
    mail_from: str | None = None


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
        mail_from=None if mail_from is None else domain_of_path(mail_from),
    )


def domain_of_path(path: str) -> str:
    """The domain of a reverse-path, "" for the null one. Its local part may name the recipient and is not kept."""
    bare = path.strip().removeprefix("<").removesuffix(">").strip()
    return bare.rpartition("@")[2].lower().rstrip(".")


def _unfolded(value: bytes) -> str:
    return _WHITE.sub(" ", value[:MAX_TRACE].decode("latin-1")).strip()
