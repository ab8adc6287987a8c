"""DNS messages (RFC 1035 §4, EDNS of RFC 6891): one question out, one reply in, for the types an audit asks.

dnspython costs 237 µs a question (design: performance.md), a hundred times what this does; types beyond the common ones
are left to it. Whatever a packet holds, `decode_response` returns, or raises MalformedResponse.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Status
from deliverability.lookup.labels import (
    MAX_CNAMES,
    MAX_WIRE_NAME,
    ancestors,
    canonical_name,
    from_labels,
    to_wire,
)
from deliverability.lookup.rdtypes import TEXT_TYPES, type_number
from deliverability.lookup.rrset import RRset

EDNS_PAYLOAD = 1232
"""Octets; the DNS Flag Day 2020 value, which fits a packet on any path."""
MAX_TTL = 2**31 - 1
"""RFC 2181 §8: a TTL with the top bit set counts as zero."""

FORMERR, NOTIMP, BADVERS = 1, 4, 16
_STATUS = {0: Status.OK, 3: Status.NXDOMAIN, 5: Status.REFUSED}
_QR, _AA, _TC, _RD, _AD, _OPCODE = 0x8000, 0x0400, 0x0200, 0x0100, 0x0020, 0x7800
_DO = 0x8000
_IN, _OPT, _SOA, _NS, _CNAME = 1, 41, 6, 2, 5
_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_TO_QUESTION = b"\xc0\x0c"


class MalformedResponse(Exception):
    """Octets that claim to answer our question and are no DNS message."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One server's reply to one question; the fields shared with `Answer` mean the same.

    `incomplete`: the aliases end in a name of which the server says nothing, so it has to be asked about.
    """

    status: Status
    rcode: int = 0
    rrset: RRset | None = None
    ttl: int | None = None
    cname_chain: tuple[str, ...] = ()
    authenticated: bool = False
    truncated: bool = False
    incomplete: bool = False


class _Raw(NamedTuple):
    owner: str
    rdtype: int
    ttl: int
    start: int
    end: int


def encode_query(ident: int, name: str, rdtype: str, *, payload: int = EDNS_PAYLOAD, dnssec: bool = False) -> bytes:
    """A recursive query for canonical `name`; `payload` 0 leaves EDNS out. ValueError for an unknown type."""
    # RFC 6840 §5.7: AD in a query asks for AD in the reply
    header = _HEADER.pack(ident, _RD | (_AD if dnssec else 0), 1, 0, 0, 1 if payload else 0)
    query = header + to_wire(name) + _QUESTION.pack(type_number(rdtype), _IN)
    if not payload:
        return query
    return query + b"\x00" + _RECORD.pack(_OPT, payload, _DO if dnssec else 0, 0)


def decode_response(wire: bytes, name: str, rdtype: str) -> Reply | None:
    """The reply to a question for canonical `name`; None where the packet is no reply to that question.

    Raises MalformedResponse. Records that are not on the alias path from `name` are ignored.
    """
    try:
        return _decode(wire, name, rdtype)
    except (IndexError, struct.error) as error:
        raise MalformedResponse(str(error)) from None


def _decode(wire: bytes, name: str, rdtype: str) -> Reply | None:
    _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    rcode = flags & 0xF
    if not flags & _QR or flags & _OPCODE:
        return None
    if questions == 0 and rcode:
        return Reply(_STATUS.get(rcode, Status.SERVFAIL), rcode)  # some servers say only that they failed
    number = type_number(rdtype)
    question = to_wire(name) + _QUESTION.pack(number, _IN)
    position = 12 + len(question)
    # RFC 1035 §4.1.4: the first name has nothing before it to point to; length octets are no letters
    if questions != 1 or wire[12 : position - 4].lower() + wire[position - 4 : position] != question:
        return None
    authenticated = bool(flags & _AD)
    if flags & _TC:
        return Reply(Status.SERVFAIL, rcode, truncated=True)
    raws, position = _read_section(wire, position, answers, name)
    chain, ttls, own = _follow(wire, name, number, raws)
    last = chain[-1] if chain else name
    if rcode == 0 and own:
        rrset = _rrset(wire, rdtype, own)
        return Reply(
            Status.OK,
            rrset=rrset,
            ttl=min([*ttls, rrset.ttl]),
            cname_chain=tuple(chain),
            authenticated=authenticated,
        )
    raws, _ = _read_section(wire, position, authorities + additionals, name)
    rcode |= next((raw.ttl >> 24 << 4 for raw in raws if raw.rdtype == _OPT), 0)  # RFC 6891 §6.1.3
    negative = _negative_ttl(wire, raws, last)
    status = _STATUS.get(rcode, Status.SERVFAIL)
    looping = last == name or last in chain[:-1] or len(chain) > MAX_CNAMES
    if chain and looping:
        status = Status.SERVFAIL  # RFC 1034 §3.6.2: an alias loop is an error
    elif status is Status.OK:
        referral = negative is None and not flags & _AA and any(raw.rdtype == _NS for raw in raws)
        status = Status.REFUSED if referral else Status.NODATA
    incomplete = rcode == 0 and bool(chain) and not looping and negative is None
    known = ttls if incomplete else []
    if negative is not None and status in (Status.NODATA, Status.NXDOMAIN):
        known = [*ttls, negative]
    return Reply(
        status,
        rcode,
        ttl=min(known, default=None),
        cname_chain=tuple(chain),
        authenticated=authenticated,
        incomplete=incomplete,
    )


def _follow(wire: bytes, name: str, number: int, raws: list[_Raw]) -> tuple[list[str], list[int], list[_Raw]]:
    """The alias targets from `name`, their TTLs, and the records of the asked type at the last of them."""
    chain, ttls, current = list[str](), list[int](), name
    aliases = {raw.owner: raw for raw in reversed(raws) if raw.rdtype == _CNAME}
    while True:
        own = [raw for raw in raws if raw.owner == current and raw.rdtype == number]
        alias = aliases.get(current)
        if own or alias is None:
            return chain, ttls, own
        target, end = _read_name(wire, alias.start)
        _require(end == alias.end, "a CNAME of the wrong length")
        current = canonical_name(target)
        looping = current == name or current in chain or len(chain) == MAX_CNAMES
        chain.append(current)
        ttls.append(alias.ttl)
        if looping:
            return chain, ttls, []


def _negative_ttl(wire: bytes, raws: list[_Raw], last: str) -> int | None:
    """RFC 2308 §5: the lesser of the SOA's TTL and its MINIMUM, where that SOA is of a zone that holds `last`."""
    zones = (last, *ancestors(last))
    for raw in raws:
        if raw.rdtype == _SOA and raw.owner in zones:
            minimum = int(_read_soa(wire, raw.start, raw.end).rsplit(" ", 1)[1])
            return min(raw.ttl, minimum)
    return None


def _read_section(wire: bytes, position: int, count: int, name: str) -> tuple[list[_Raw], int]:
    """`count` records of class IN, and OPT. A count that lies ends in a packet that is too short."""
    raws = list[_Raw]()
    for _ in range(count):
        if wire[position : position + 2] == _TO_QUESTION:
            owner, position = name, position + 2
        else:
            text, position = _read_name(wire, position)
            owner = canonical_name(text)
        rdtype, rdclass, ttl, length = _RECORD.unpack_from(wire, position)
        start = position + _RECORD.size
        position = start + length
        _require(position <= len(wire), "a record beyond the end")
        if rdtype == _OPT:
            raws.append(_Raw(owner, rdtype, ttl, start, position))
        elif rdclass == _IN:
            raws.append(_Raw(owner, rdtype, ttl if ttl <= MAX_TTL else 0, start, position))
    return raws, position


def _read_name(wire: bytes, position: int) -> tuple[str, int]:
    """A name as text in its own case, and where it ends. RFC 1035 §4.1.4: pointers go to a prior place only."""
    labels, octets, end, earliest = list[bytes](), 1, -1, position
    while (length := wire[position]) != 0:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | wire[position + 1]
            _require(target < earliest, "a compression pointer that does not go back")
            end = position + 2 if end < 0 else end
            position = earliest = target
            continue
        _require(length < 0x40, "a label type that is not known")
        octets += length + 1
        _require(octets <= MAX_WIRE_NAME, "a name that is too long")
        labels.append(wire[position + 1 : position + 1 + length])
        position += 1 + length
    return from_labels(labels), position + 1 if end < 0 else end


def _rrset(wire: bytes, rdtype: str, raws: list[_Raw]) -> RRset:
    ttl = min(raw.ttl for raw in raws)
    if rdtype in TEXT_TYPES:
        return RRset.of_strings(ttl, [_read_strings(wire, raw.start, raw.end) for raw in raws])
    read = _READERS.get(rdtype)
    if read is None:
        return RRset.of_records(ttl, [_read_other(wire, raw) for raw in raws])
    return RRset.of_records(ttl, [read(wire, raw.start, raw.end) for raw in raws])


def _read_strings(wire: bytes, start: int, end: int) -> tuple[bytes, ...]:
    strings = list[bytes]()
    while start < end:
        following = start + 1 + wire[start]
        _require(following <= end, "a string beyond its record")
        strings.append(wire[start + 1 : following])
        start = following
    _require(bool(strings), "a text record without strings")  # RFC 1035 §3.3.14: one or more
    return tuple(strings)


def _read_a(wire: bytes, start: int, end: int) -> str:
    _require(end - start == 4, "an A record of the wrong length")
    return "{}.{}.{}.{}".format(*wire[start:end])


def _read_aaaa(wire: bytes, start: int, end: int) -> str:
    _require(end - start == 16, "an AAAA record of the wrong length")
    return socket.inet_ntop(socket.AF_INET6, wire[start:end])


def _read_target(wire: bytes, start: int, end: int) -> str:
    name, after = _read_name(wire, start)
    _require(after == end, "a name of the wrong length")
    return f"{name}."


def _read_mx(wire: bytes, start: int, end: int) -> str:
    return f"{wire[start] << 8 | wire[start + 1]} {_read_target(wire, start + 2, end)}"


def _read_soa(wire: bytes, start: int, end: int) -> str:
    primary, start = _read_name(wire, start)
    mailbox, start = _read_name(wire, start)
    _require(end - start == 20, "an SOA record of the wrong length")
    numbers = " ".join(str(number) for number in struct.unpack_from("!5I", wire, start))
    return f"{primary}. {mailbox}. {numbers}"


_READERS: dict[str, Callable[[bytes, int, int], str]] = {
    "A": _read_a,
    "AAAA": _read_aaaa,
    "CNAME": _read_target,
    "MX": _read_mx,
    "NS": _read_target,
    "PTR": _read_target,
    "SOA": _read_soa,
}


def _read_other(wire: bytes, raw: _Raw) -> str:
    import dns.exception  # noqa: PLC0415
    import dns.rdata  # noqa: PLC0415
    import dns.rdataclass  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    try:
        kind = dns.rdatatype.RdataType.make(raw.rdtype)
        return dns.rdata.from_wire(dns.rdataclass.IN, kind, wire, raw.start, raw.end - raw.start).to_text()
    except (dns.exception.DNSException, ValueError) as error:
        raise MalformedResponse(str(error)) from None


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise MalformedResponse(what)
