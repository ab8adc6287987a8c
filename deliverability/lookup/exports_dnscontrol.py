"""What `dnscontrol print-ir` writes: the domains of a dnsconfig.js, validated, as JSON.

Versions 3 to 5 are read: `target` and the fields beside it, or the zone-file form in `rdata` (or `comparablev3`). ALIAS
and its kin leave the addresses open, redirects of web pages are no DNS, other types of DNS leave themselves open.
"""

from __future__ import annotations

from typing import Any

from deliverability.lookup.exports import (
    ADDRESSES,
    NAMES_AT_THE_END,
    Draft,
    Place,
    chunks,
    quoted,
    rows,
    strings_of,
    table,
)
from deliverability.lookup.master import MasterFile
from deliverability.lookup.rdtypes import TEXT_TYPES

FIELDS: dict[str, tuple[str, ...]] = {
    "CAA": ("caaflag", "caatag"),
    "DS": ("dskeytag", "dsalgorithm", "dsdigesttype", "dsdigest"),
    "MX": ("mxpreference",),
    "SRV": ("srvpriority", "srvweight", "srvport"),
    "SSHFP": ("sshfpalgorithm", "sshfpfingerprint"),
    "TLSA": ("tlsausage", "tlsaselector", "tlsamatchingtype"),
}
"""What stands before the target in the rdata. A number that is 0 is left out of the JSON."""
WITHOUT_TARGET = frozenset({"DS"})
PLAIN = frozenset({"A", "AAAA", "CNAME", "DNAME", "NS", "PTR"})
PROVIDERS = frozenset({"ALIAS", "ANAME", "AZURE_ALIAS", "R53_ALIAS", "AKAMAICDN", "BUNNY_DNS_PZ", "FRAME", "URL"})
"""Kinds that the provider turns into addresses."""
NO_DNS = ("CF_", "CLOUDFLAREAPI_", "CLOUDNS_WR", "IGNORE", "PORKBUN_URLFWD", "URL301", "NETLIFY")
"""How kinds begin that are rules for web pages or for DNSControl itself."""


def read(path: str, found: dict[str, Any]) -> MasterFile:
    """The zones of an intermediate representation. Raises ZoneError."""
    draft = Draft(path)
    views: dict[str, str] = {}
    for number, domain in enumerate(map(table, rows(found["domains"]))):
        place = Place(f"domains[{number}]")
        said = draft.word(domain.get("name"), place, "name")
        zone = draft.zone(said.partition("!")[0], place)
        if zone in views:
            raise draft.error(place, f"{views[zone]} and {said} are views of one zone: write one of them out alone")
        views[zone] = said
        _domain(draft, zone, domain, place)
    return draft.file


def _domain(draft: Draft, zone: str, domain: dict[str, Any], place: Place) -> None:
    for number, record in enumerate(map(table, rows(domain.get("records")))):
        _record(draft, zone, record, Place(f"{place.where}.records[{number}]"))
    for number, server in enumerate(map(table, rows(domain.get("nameservers")))):
        where = Place(f"{place.where}.nameservers[{number}]")
        name = draft.name(f"{draft.word(server.get('name'), where, 'name').removesuffix('.')}.", "", where)
        draft.put(zone, "NS", draft.ttl(None, where), f"{name}.", where)


def _record(draft: Draft, zone: str, record: dict[str, Any], place: Place) -> None:
    said = draft.word(record.get("type"), place, "type")
    if said.startswith(NO_DNS):
        return
    owner = draft.name(draft.word(record.get("name"), place, "name"), zone, place)
    if said in PROVIDERS:
        draft.leave_open(owner, ADDRESSES)
        return
    rdtype = draft.kind(said, place)
    ttl = draft.ttl(record.get("ttl") or None, place)
    written = next((text for key in ("rdata", "comparablev3") if isinstance(text := record.get(key), str)), None)
    if written is not None:
        _written(draft, (owner, rdtype, ttl), written, place)
    elif rdtype in TEXT_TYPES:
        draft.text(owner, rdtype, ttl, _strings(draft, record, place), place)
    elif rdtype in PLAIN or rdtype in FIELDS:
        draft.put(owner, rdtype, ttl, _rdata(draft, zone, rdtype, record, place), place)
    else:
        draft.leave_open(owner, (rdtype,))


def _written(draft: Draft, key: tuple[str, str, int], rdata: str, place: Place) -> None:
    """From version 5 on the rdata stands there as in a zone file."""
    if key[1] not in TEXT_TYPES:
        draft.put(*key, rdata, place)
        return
    strings = strings_of(rdata, base=10)
    if strings is None:
        raise draft.error(place, "rdata is no list of quoted strings")
    draft.text(*key, strings, place)


def _strings(draft: Draft, record: dict[str, Any], place: Place) -> list[bytes]:
    """Up to version 3 a text has its strings; later it is one text, whatever its length."""
    strings = rows(record.get("txtstrings"))
    if strings:
        return [part for text in strings for part in chunks(draft.word(text, place, "txtstrings")) or [b""]]
    return chunks(draft.word(record.get("target"), place, "target"))


def _rdata(draft: Draft, zone: str, rdtype: str, record: dict[str, Any], place: Place) -> str:
    parts = [draft.word(record.get(name, 0), place, name) for name in FIELDS.get(rdtype, ())]
    if rdtype in WITHOUT_TARGET:
        return " ".join(parts)
    target = draft.word(record.get("target"), place, "target")
    if rdtype == "CAA":
        target = quoted(target.encode("utf-8", "surrogatepass"))
    elif rdtype in NAMES_AT_THE_END and not target.endswith("."):
        target = f"{_below(draft, target, zone, place)}."
    return " ".join((*parts, target))


def _below(draft: Draft, target: str, zone: str, place: Place) -> str:
    """A short name is one of the zone; DNSControl itself refuses a longer one without its final dot."""
    if "." in target:
        raise draft.error(place, f"{target[:80]!r} has no final dot: DNSControl refuses it")
    return draft.name(target, zone, place)
