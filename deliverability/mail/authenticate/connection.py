"""Who handed a message over: by the caller's word, or by trace fields of hosts that the caller trusts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import TypedDict, Unpack

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.facts import Connection, Source
from deliverability.mail.authenticate.received import (
    MAX_TRACE,
    Path,
    Received,
    Results,
    read_path,
    read_received,
    read_results,
    read_spf,
)
from deliverability.mail.authenticate.split import field_name, split
from deliverability.names import domain_name
from deliverability.protocols.addresses import not_public
from deliverability.text import visible


class Known(TypedDict, total=False):
    """The keyword arguments of `handed_over`."""

    ip: str | None
    helo: str | None
    mail_from: str | None
    trust: Sequence[str]
    source: Source


MAX_SHOWN = 80
"""Ours: characters of a name out of the message that a sentence shows."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A connection, and beside it the local part of MAIL FROM for SPF's macros: no fact, and in no document."""

    connection: Connection
    local: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """What the message's own fields say: the border's Received, the newest of each that is trusted, the Return-Path."""

    border: Received | None = None
    results: Results | None = None
    spf: Results | None = None
    return_path: Path | None = None
    topmost: str = ""


def handed_over(
    raw: bytes,
    *,
    ip: str | None = None,
    helo: str | None = None,
    mail_from: str | None = None,
    trust: Sequence[str] = (),
    source: Source = Source.GIVEN,
) -> HandedOver:
    """Who handed `raw` over, from whom that is known, and why it is believed. Never raises.

    Args:
        raw: the message as it was received.
        ip: the client's address, where the caller knows it.
        helo: what the client said in HELO, where the caller knows it.
        mail_from: the reverse-path, or its domain alone; "" is the null one.
        trust: hosts whose Received and Received-SPF fields, and authserv-ids whose Authentication-Results count; what
            lies below one of them counts, too. RFC 8601 §5, RFC 7208 §9.1: nobody else's word does.
        source: what to call the caller's word: `Source.SMTP` where deliv was the receiver.
    """
    given = Connection(ip=ip, helo=helo, source=source.value, why=_GIVEN[source])
    told = None if mail_from is None else read_path(mail_from)
    if source is Source.SMTP:
        return _sent_by(given, told)
    trace = _trace(raw, tuple(name.strip().lower().rstrip(".") for name in trust if name.strip()))
    named = helo is not None or told is not None
    found = given if ip is not None else _by_trace(given, trace, named=named, trusting=bool(trust))
    if found.ip is None or told is not None:
        return _sent_by(found, told)
    return _with_path(found, trace)


def connection_of(raw: bytes, **known: Unpack[Known]) -> Connection:
    """The facts alone of what `handed_over` finds."""
    return handed_over(raw, **known).connection


_GIVEN = {
    Source.GIVEN: "the connection was given",
    Source.SMTP: "deliv received the message itself",
}


_RESULTS, _SPF = "Authentication-Results", "Received-SPF"


def _by_trace(given: Connection, trace: _Trace, *, named: bool, trusting: bool) -> Connection:
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
    for said, source, named_so in ((results, Source.RESULTS, _RESULTS), (trace.spf, Source.SPF, _SPF)):
        if said is not None and said.ip is not None:
            return replace(
                given,
                ip=said.ip,
                helo=given.helo or said.helo,
                source=source.value,
                why=f"the {named_so} field of {_shown(said.authserv_id)}, which is trusted",
                arrived=border.at if border is not None else None,
            )
    return replace(given, source=given.source if named else Source.NOTHING.value, why=_why_not(trace, trusting))


def _why_not(trace: _Trace, trusting: bool) -> str:
    if not trace.topmost:
        return "the message has no Received field and no address was given"
    whose = f"its topmost Received field is of {_shown(trace.topmost)}"
    return f"{whose}, which is not among the trusted" if trusting else f"{whose}, and no host is trusted"


def _with_path(found: Connection, trace: _Trace) -> HandedOver:
    """RFC 5321 §4.4: the server that makes final delivery writes the reverse-path into Return-Path."""
    if trace.return_path is not None:
        return _sent_by(found, trace.return_path, f"{found.why}; MAIL FROM by Return-Path")
    if trace.results is not None and trace.results.mail_from is not None:
        return _sent_by(found, trace.results.mail_from, f"{found.why}; MAIL FROM by its results")
    if trace.spf is not None and trace.spf.mail_from is not None:
        return _sent_by(found, trace.spf.mail_from, f"{found.why}; MAIL FROM by Received-SPF")
    return HandedOver(found)


def _sent_by(found: Connection, path: Path | None, why: str = "") -> HandedOver:
    """With that reverse-path: its domain in A-labels, "" for the null one, and None for what is none."""
    if path is None:
        return HandedOver(found)
    domain = domain_name(path.domain) if path.domain else ""
    local = path.local if domain else None
    return HandedOver(replace(found, mail_from=domain, knows_local=local is not None, why=why or found.why), local)


def _trace(raw: bytes, trusted: Sequence[str]) -> _Trace:
    """Read from the top as far as trusted hosts wrote; the first Received of anybody else ends it."""
    trace = _Trace()
    for name, value in _fields(raw):
        if name == "return-path" and trace.return_path is None:
            trace = replace(trace, return_path=read_path(value.decode("latin-1")))
        elif name == "authentication-results" and trace.results is None:
            trace = replace(trace, results=_believed(read_results(value), trusted))
        elif name == "received-spf" and trace.spf is None:
            # RFC 7208 §9.1: it stands above the Received field of the same hop, as results do
            trace = replace(trace, spf=_believed(read_spf(value), trusted))
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


def _believed(said: Results | None, trusted: Sequence[str]) -> Results | None:
    return said if said is not None and _is_trusted(said.authserv_id, trusted) else None


def _is_trusted(host: str, trusted: Sequence[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in trusted)


def _shown(name: str) -> str:
    return visible(name)[:MAX_SHOWN]
