"""Zones read from master files, answering as an authoritative server would (RFC 1034 §4.3.2, RFC 4592)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import UNANSWERED, Answer, Status
from deliverability.lookup.exports import reader_of
from deliverability.lookup.labels import MAX_CNAMES, MAX_WIRE_NAME, ancestors, canonical_name, is_below, parent, to_wire
from deliverability.lookup.master import MasterFile, Record, ZoneError
from deliverability.lookup.rdtypes import TEXT_TYPES, canonical_type
from deliverability.lookup.rrset import RRset
from deliverability.lookup.unasked import FROM_ZONE

__all__ = ["AssumeAbove", "ZoneError", "ZoneResolver"]

MAX_ZONE_OCTETS = 256 * 1024 * 1024
"""Our own bound on one zone file; the largest sender zones known are some 10 MB."""


@dataclass(frozen=True, slots=True)
class _Node:
    """Where a question ends up: the RRsets that answer it, or why there are none."""

    status: Status
    rrsets: Mapping[str, RRset]
    dname: str | None = None


class ZoneResolver:
    """Answers from whole zones in memory. Names outside every loaded zone, or below a delegation, are `refused`."""

    def __init__(self, files: Iterable[MasterFile], origins: Iterable[str] = ()) -> None:
        """`files` as read by `MasterFile`; `origins` names further zone apexes. Raises ZoneError."""
        read = list(files)
        records = [record for file in read for record in file.records]
        self.deletions = frozenset(deletion for file in read for deletion in file.deletions)
        """What `; deliv-delete NAME TYPE` takes away when this zone overlays another resolver."""
        self._unknown = frozenset(key for file in read for key in file.unknown)
        self._nodes = _collect(records)
        self._lines = _first_lines(records)
        found = {*origins, *(origin for file in read for origin in file.origins)}
        for file in read:
            found |= _origins_of(file.records, found)
        self._origins = frozenset(found)
        self._owners = frozenset({*self._nodes, *(owner for owner, _ in self._unknown)})
        self._names = self._existing_names()

    @classmethod
    def from_files(cls, paths: Iterable[str | os.PathLike[str]]) -> ZoneResolver:
        """One zone (or several) per file: master files, or exports. Raises ZoneError with path and line or place."""
        return cls([_file(os.fspath(path)) for path in paths])

    @classmethod
    def from_text(cls, text: str, origin: str | None = None, *, path: str = "<text>") -> ZoneResolver:
        """From master-file text; `origin` completes relative names, `path` stands in errors. Raises ZoneError."""
        try:
            start = None if origin is None else canonical_name(origin)
        except ValueError as error:
            raise ZoneError(path, None, f"bad origin: {error}") from None
        return cls([MasterFile(path, start).read(text)], () if start is None else (start,))

    @property
    def origins(self) -> tuple[str, ...]:
        """The apexes of the loaded zones, sorted."""
        return tuple(sorted(self._origins))

    @property
    def rrsets(self) -> Mapping[tuple[str, str], RRset]:
        """Every RRset by owner name and type."""
        return {(name, rdtype): rrset for name, node in self._nodes.items() for rdtype, rrset in node.items()}

    def line_of(self, name: str, rdtype: str) -> tuple[str, int] | None:
        """Path and line of the first record of that RRset."""
        return self._lines.get((canonical_name(name), canonical_type(rdtype)))

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """Owner names strictly below `name`, sorted; None outside the loaded zones and where a delegation cuts.

        A name that only a wildcard answers for is not in the list; the wildcard's own owner name is.
        """
        top = canonical_name(name)
        origin = self._origin_of(top)
        if origin is None or self._stop(top, origin, "") is not None or "DNAME" in self._nodes.get(top, {}):
            return None
        below = sorted(owner for owner in self._owners if is_below(owner, top))
        cut = any("NS" in self._nodes.get(owner, {}) and owner not in self._origins for owner in below)
        return None if cut else tuple(below)

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:  # noqa: ARG002
        """Answer from the zones; `server` and `dnssec` change nothing."""
        asked, kind = canonical_name(name), canonical_type(rdtype)
        chain, ttls = list[str](), list[int]()
        node = self._node(asked, kind)
        while (alias := _alias(node, kind)) is not None:
            target, ttl = alias
            looping = target == asked or target in chain or len(chain) == MAX_CNAMES
            chain.append(target)
            ttls.append(ttl)
            # RFC 1034 §3.6.2: an alias loop is an error
            node = _Node(Status.SERVFAIL, {}) if looping else self._node(target, kind)
        rrset = node.rrsets.get(kind)
        status = Status.NODATA if node.status is Status.OK and rrset is None else node.status
        own = rrset.ttl if rrset else self._negative_ttl(chain[-1] if chain else asked, status)
        return Answer(
            name=asked,
            rdtype=kind,
            status=status,
            records=rrset.records if rrset else (),
            strings=rrset.strings if rrset else (),
            ttl=None if own is None else min([*ttls, own]),
            cname_chain=tuple(chain),
            source=FROM_ZONE,
        )

    def _node(self, name: str, kind: str) -> _Node:
        origin = self._origin_of(name)
        if kind == "DS" and name == origin and self._origin_of(parent(name)) is not None:
            origin = self._origin_of(parent(name))  # RFC 4035 §3.1.4.1: DS lives on the parent's side
        if origin is None:
            return _Node(Status.REFUSED, {})
        stopped = self._stop(name, origin, kind)
        if stopped is not None:
            return stopped
        if name in self._names:
            return self._at(name, kind)
        # RFC 4592 §3.3.1: the closest encloser is the longest ancestor that exists, an empty non-terminal too
        encloser = next(above for above in ancestors(name) if above in self._names)
        wildcard = f"*.{encloser}" if encloser else "*"
        if wildcard in self._names:
            return self._at(wildcard, kind)
        return _Node(Status.NXDOMAIN, {})

    def _at(self, owner: str, kind: str) -> _Node:
        """What stands at `owner`; what an export leaves open is not answered."""
        is_open = (owner, kind) in self._unknown or (owner, "CNAME") in self._unknown
        return _Node(Status.REFUSED, {}) if is_open else _Node(Status.OK, self._nodes.get(owner, {}))

    def _stop(self, name: str, origin: str, kind: str) -> _Node | None:
        """The delegation or DNAME that keeps the zone at `origin` from answering for `name` itself."""
        path = [name, *ancestors(name)]
        for node in reversed(path[: path.index(origin) + 1]):
            rrsets = self._nodes.get(node, {})
            if "NS" in rrsets and node != origin and not (kind == "DS" and node == name):
                return _Node(Status.REFUSED, {})
            if "DNAME" in rrsets and node != name:
                return _through_dname(name, node, rrsets)
        return None

    def _origin_of(self, name: str) -> str | None:
        return next((above for above in (name, *ancestors(name)) if above in self._origins), None)

    def _negative_ttl(self, name: str, status: Status) -> int | None:
        """RFC 2308 §5: the lesser of the SOA's own TTL and its MINIMUM field."""
        if status in UNANSWERED:
            return None
        soa = self._nodes.get(self._origin_of(name) or "", {}).get("SOA")
        return None if soa is None else min(soa.ttl, int(soa.records[0].rsplit(" ", 1)[1]))

    def _existing_names(self) -> frozenset[str]:
        """Owner names, apexes, and the empty non-terminals between them (RFC 4592 §2.2.2)."""
        names = set(self._origins)
        for owner in self._owners:
            path = [owner, *ancestors(owner)]
            names.update(path[: path.index(self._origin_of(owner) or "") + 1])
        return frozenset(names)


class AssumeAbove:
    """A zone that, asked above its origins (the DMARC walk, the public suffix), says nodata: assumed, not known."""

    def __init__(self, zone: ZoneResolver) -> None:
        """Wrap `zone`; everything it does not refuse passes unchanged."""
        self._zone = zone
        above = {name for origin in zone.origins for name in ancestors(origin)}
        self._assumed = frozenset(above | {f"_dmarc.{name}" for name in above})

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As the zone, but nodata with source `assumed` for a refused name above its origins."""
        answer = await self._zone.resolve(name, rdtype, server=server, dnssec=dnssec)
        last = answer.cname_chain[-1] if answer.cname_chain else answer.name
        if answer.status is not Status.REFUSED or last not in self._assumed:
            return answer
        return Answer(
            name=answer.name,
            rdtype=answer.rdtype,
            status=Status.NODATA,
            cname_chain=answer.cname_chain,
            source="assumed",
        )

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As the zone."""
        return self._zone.names_below(name)


def _file(path: str) -> MasterFile:
    text = _text_of(path)
    read = reader_of(path, text)
    return MasterFile(path).read(text) if read is None else read(path, text)


def _text_of(where: str) -> str:
    try:
        with Path(where).open("rb") as file:
            octets = file.read(MAX_ZONE_OCTETS + 1)
    except (OSError, ValueError) as error:
        raise ZoneError(where, None, getattr(error, "strerror", None) or str(error)) from None
    if len(octets) > MAX_ZONE_OCTETS:
        raise ZoneError(where, None, f"larger than {MAX_ZONE_OCTETS // 2**20} MiB")
    octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (binary := octets.find(b"\0")) >= 0:
        raise ZoneError(where, octets.count(b"\n", 0, binary) + 1, "a binary file, not a zone")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ZoneError(where, line, "not UTF-8 text (octets beyond ASCII can be written \\DDD)") from None


def _collect(records: list[Record]) -> dict[str, dict[str, RRset]]:
    grouped: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        types = grouped.setdefault(record.owner, {})
        types.setdefault(record.rdtype, []).append(record)
    return {
        owner: {rdtype: _rrset(owner, rdtype, same) for rdtype, same in types.items()}
        for owner, types in grouped.items()
    }


def _rrset(owner: str, rdtype: str, records: list[Record]) -> RRset:
    ttl = min(record.ttl for record in records)  # RFC 2181 §5.2: one RRset, one TTL
    if rdtype in TEXT_TYPES:
        return RRset.of_strings(ttl, (record.strings for record in records))
    rrset = RRset.of_records(ttl, (record.text for record in records))
    if rdtype in ("CNAME", "DNAME", "SOA") and len(rrset.records) > 1:
        raise ZoneError(records[1].path, records[1].line, f"a second {rdtype} at {owner}")
    return rrset


def _first_lines(records: list[Record]) -> dict[tuple[str, str], tuple[str, int]]:
    lines: dict[tuple[str, str], tuple[str, int]] = {}
    for record in records:
        lines.setdefault((record.owner, record.rdtype), (record.path, record.line))
    return lines


def _origins_of(records: list[Record], known: set[str]) -> set[str]:
    """The apexes of one file: its SOA owners; where a name has none above it, its $ORIGIN; else the shortest owner."""
    origins = known | {record.owner for record in records if record.rdtype == "SOA"}
    apexes = {
        _likely_apex(record) for record in records if origins.isdisjoint((record.owner, *ancestors(record.owner)))
    }
    return origins | {apex for apex in apexes if apexes.isdisjoint(ancestors(apex))}


def _likely_apex(record: Record) -> str:
    path = [record.owner, *ancestors(record.owner)]
    apex = record.origin if record.origin and record.origin in path else record.owner
    # `_dmarc` and `*` are names inside somebody's zone, hardly ever an apex
    service = [name for name in (apex, *ancestors(apex)) if name.startswith(("_", "*"))]
    return parent(service[-1]) if service and parent(service[-1]) else apex


def _alias(node: _Node, kind: str) -> tuple[str, int] | None:
    """Where a question of type `kind` goes on from `node`, and that alias's TTL.

    RFC 1034 §3.6.2 wants nothing beside a CNAME. Name servers disagree on what to say where there is something all the
    same; here each type has its own RRset, so that an audit can see both and name the fault.
    """
    if node.dname is not None:
        return node.dname, node.rrsets["DNAME"].ttl
    alias = None if kind in node.rrsets else node.rrsets.get("CNAME")
    return None if alias is None else (canonical_name(alias.records[0]), alias.ttl)


def _through_dname(name: str, owner: str, rrsets: Mapping[str, RRset]) -> _Node:
    """RFC 6672 §2.2: the labels below `owner` move below its target; too long a name is YXDOMAIN."""
    target = canonical_name(rrsets["DNAME"].records[0])
    prefix = name[: len(name) - len(owner) - 1] if owner else name
    new = f"{prefix}.{target}" if target else prefix
    if len(to_wire(new)) > MAX_WIRE_NAME:
        return _Node(Status.SERVFAIL, {})
    return _Node(Status.OK, {"DNAME": rrsets["DNAME"]}, dname=new)
