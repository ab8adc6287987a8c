"""Who handed a message over: by the caller's word, or by trace fields of hosts that the caller trusts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.facts import Connection, Source
from deliverability.mail.authenticate.received import (
    MAX_TRACE,
    Received,
    Results,
    domain_of_path,
    read_received,
    read_results,
)
from deliverability.mail.authenticate.split import field_name, split
from deliverability.names import domain_name
from deliverability.protocols.addresses import not_public
from deliverability.text import visible

MAX_SHOWN = 80
"""Ours: characters of a name out of the message that a sentence shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """What the message's own fields say: the border's Received, the newest trusted results, the topmost Return-Path."""

    border: Received | None = None
    results: Results | None = None
    return_path: str | None = None
    topmost: str = ""


def connection_of(
    raw: bytes,
    *,
    ip: str | None = None,
    helo: str | None = None,
    mail_from: str | None = None,
    trust: Sequence[str] = (),
    source: Source = Source.GIVEN,
) -> Connection:
    """Who handed `raw` over, from whom that is known, and why it is believed. Never raises.

    Args:
        raw: the message as it was received.
        ip: the client's address, where the caller knows it.
        helo: what the client said in HELO, where the caller knows it.
        mail_from: the reverse-path, or its domain alone; "" is the null one. Its local part is not kept.
        trust: hosts whose Received fields and authserv-ids whose Authentication-Results count; what lies below one of
            them counts, too. RFC 8601 §5: nobody else's word does.
        source: what to call the caller's word: `Source.SMTP` where deliv was the receiver.
    """
    given = Connection(ip=ip, helo=helo, mail_from=_domain(mail_from), source=source.value, why=_GIVEN[source])
    if source is Source.SMTP:
        return given
    trace = _trace(raw, tuple(name.strip().lower().rstrip(".") for name in trust if name.strip()))
    found = given if ip is not None else _by_trace(given, trace, trusting=bool(trust))
    if found.ip is None or found.mail_from is not None:
        return found
    return _with_path(found, trace)


_GIVEN = {
    Source.GIVEN: "the connection was given",
    Source.SMTP: "deliv received the message itself",
}


def _by_trace(given: Connection, trace: _Trace, *, trusting: bool) -> Connection:
    border, results = trace.border, trace.results
    if border is not None and border.ip is not None:
        return replace(
            given,
            ip=border.ip,
            helo=given.helo or border.helo,
            source=Source.RECEIVED.value,
            why=f"the Received field of {_shown(border.by)}, which is trusted",
            arrived=border.at,
        )
    if results is not None and results.ip is not None:
        return replace(
            given,
            ip=results.ip,
            helo=given.helo or results.helo,
            source=Source.RESULTS.value,
            why=f"the Authentication-Results field of {_shown(results.authserv_id)}, which is trusted",
            arrived=border.at if border is not None else None,
        )
    named = given.helo is not None or given.mail_from is not None
    return replace(given, source=given.source if named else Source.NOTHING.value, why=_why_not(trace, trusting))


def _why_not(trace: _Trace, trusting: bool) -> str:
    if not trace.topmost:
        return "the message has no Received field and no address was given"
    whose = f"its topmost Received field is of {_shown(trace.topmost)}"
    return f"{whose}, which is not among the trusted" if trusting else f"{whose}, and no host is trusted"


def _with_path(found: Connection, trace: _Trace) -> Connection:
    """RFC 5321 §4.4: the server that makes final delivery writes the reverse-path into Return-Path."""
    if trace.return_path is not None:
        return replace(found, mail_from=trace.return_path, why=f"{found.why}; MAIL FROM by Return-Path")
    if trace.results is not None and trace.results.mail_from is not None:
        return replace(found, mail_from=trace.results.mail_from, why=f"{found.why}; MAIL FROM by its results")
    return found


def _trace(raw: bytes, trusted: Sequence[str]) -> _Trace:
    """Read from the top as far as trusted hosts wrote; the first Received of anybody else ends it."""
    trace = _Trace()
    for name, value in _fields(raw):
        if name == "return-path" and trace.return_path is None:
            trace = replace(trace, return_path=_domain(value.decode("latin-1").strip()))
        elif name == "authentication-results" and trace.results is None:
            results = read_results(value)
            if results is not None and _is_trusted(results.authserv_id, trusted):
                trace = replace(trace, results=results)
        elif name == "received":
            received = read_received(value)
            by = received.by if received is not None else ""
            trace = replace(trace, topmost=trace.topmost or by or "an unnamed host")
            if received is None or not _is_trusted(by, trusted):
                break
            trace = replace(trace, border=received)
            # a hop inside one's own house: the message came into it further down
            if received.ip is not None and not not_public(received.ip, by):
                break
    return trace


def _fields(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for one in split(raw[: 1 << 20]).fields:
        yield field_name(one), one[1][:MAX_TRACE]


def _is_trusted(host: str, trusted: Sequence[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in trusted)


def _domain(path: str | None) -> str | None:
    """The domain of a reverse-path in A-labels; "" for the null one and None for what is none."""
    if path is None:
        return None
    domain = domain_of_path(path)
    return domain_name(domain) if domain else ""


def _shown(name: str) -> str:
    return visible(name)[:MAX_SHOWN]
