"""What `terraform show -json` writes of a plan or of a state: the DNS records of four providers.

Read: `aws_route53_record`, `cloudflare_record` and `cloudflare_dns_record`, `google_dns_record_set`,
`azurerm_dns_*_record`. Of a plan, what will be once it is applied. Aliases, proxied addresses, routing policies and
values that only applying will show are kept open. Private zones are no public DNS. Another provider's records are an
error, other resources not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from deliverability.fastclass import dataclass
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
from deliverability.lookup.labels import is_below
from deliverability.lookup.master import MasterFile
from deliverability.lookup.rdtypes import TEXT_TYPES

MAX_MODULES_DEEP = 50
"""Our own bound on modules within modules."""
AUTOMATIC = 1
"""Cloudflare's TTL that stands for its own choice, 300 s."""

_RECORD = re.compile(r"_(record|records|record_?set|rrset|records_exclusive)$")
"""How the resources of DNS records are called, whoever the provider is."""
_AZURE = re.compile(r"azurerm_dns_(a|aaaa|caa|cname|mx|ns|ptr|srv|txt)_record")


@dataclass(frozen=True, slots=True)
class _Resource:
    kind: str
    values: dict[str, Any]
    is_data: bool
    place: Place


@dataclass(frozen=True, slots=True)
class _Zones:
    """The zones that the export names: provider and id → apex; ids of private ones."""

    names: dict[tuple[str, str], str]
    private: frozenset[tuple[str, str]]

    def of(self, provider: str, id_: object) -> str | None:
        """The apex; where the id is not known yet, the only one of that provider."""
        if id_ is not None:
            return self.names.get((provider, str(id_)))
        every = {name for (owner, _), name in self.names.items() if owner == provider}
        is_clear = len(every) == 1 and all(owner != provider for owner, _ in self.private)
        return every.pop() if is_clear else None


def read(path: str, found: dict[str, Any]) -> MasterFile:
    """The zones of a plan or a state. Raises ZoneError."""
    draft = Draft(path)
    values = "planned_values" if "planned_values" in found else "values"
    resources = list(_resources(draft, table(table(found.get(values)).get("root_module")), f"{values}.root_module", 0))
    before = table(table(table(found.get("prior_state")).get("values")).get("root_module"))
    zones = _zones(draft, [*resources, *_resources(draft, before, "prior_state.values.root_module", 0)])
    for resource in resources:
        if not resource.is_data:
            _record(draft, zones, resource)
    return draft.file


def _resources(draft: Draft, module: dict[str, Any], where: str, depth: int) -> Iterator[_Resource]:
    if depth > MAX_MODULES_DEEP:
        raise draft.error(Place(where), "modules nested too deeply")
    for number, one in enumerate(map(table, rows(module.get("resources")))):
        address = one.get("address")
        place = Place(address if isinstance(address, str) else f"{where}.resources[{number}]")
        yield _Resource(str(one.get("type")), table(one.get("values")), one.get("mode") == "data", place)
    for number, child in enumerate(map(table, rows(module.get("child_modules")))):
        yield from _resources(draft, child, f"{where}.child_modules[{number}]", depth + 1)


ZONES = {
    "aws_route53_zone": ("aws", ("zone_id", "id"), "name"),
    "cloudflare_zone": ("cloudflare", ("zone_id", "id"), "name"),
    "google_dns_managed_zone": ("google", ("name",), "dns_name"),
}
"""Resource (or data source) of a zone → provider, what records call it by, where its apex stands."""


def _zones(draft: Draft, resources: list[_Resource]) -> _Zones:
    names: dict[tuple[str, str], str] = {}
    private: set[tuple[str, str]] = set()
    for resource in resources:
        if resource.kind not in ZONES:
            continue
        provider, ids, apex = ZONES[resource.kind]
        values = resource.values
        said = values.get(apex) or values.get("zone")  # Cloudflare's provider up to version 4 has `zone`
        if not isinstance(said, str):
            continue
        keys = {(provider, str(values[name])) for name in ids if values.get(name)} or {(provider, resource.place.where)}
        if values.get("vpc") or values.get("private_zone") is True or values.get("visibility") == "private":
            private |= keys
        else:
            names |= dict.fromkeys(keys, draft.name(f"{said.removesuffix('.')}.", "", resource.place))
    return _Zones(names, frozenset(private))


def _record(draft: Draft, zones: _Zones, resource: _Resource) -> None:
    azure = _AZURE.fullmatch(resource.kind)
    if azure:
        _azure(draft, azure[1].upper(), resource)
    elif resource.kind in READERS:
        provider, zone_key, reader = READERS[resource.kind]
        if (provider, str(resource.values.get(zone_key))) not in zones.private:
            reader(draft, _owner(draft, zones.of(provider, resource.values.get(zone_key)), resource), resource)
    elif _is_a_record(resource.kind):
        raise draft.error(resource.place, f"{resource.kind} is not read: write that zone as a master file")


def _is_a_record(kind: str) -> bool:
    return "private_dns" not in kind and _RECORD.search(kind) is not None


def _owner(draft: Draft, zone: str | None, resource: _Resource) -> tuple[str, str]:
    """Name and apex. Providers put the apex behind a name that does not end in it."""
    values, place = resource.values, resource.place
    whole = values.get("fqdn") or values.get("hostname")
    said = values.get("name")
    if not isinstance(said, str) and not isinstance(whole, str):
        raise draft.error(place, "its name is not known before the plan is applied")
    if zone is None:
        absolute = whole or (said if str(said).endswith(".") else None)
        if absolute is None:
            raise draft.error(place, "its zone is not in the export: add it, as a resource or a data source")
        return _with_apex(draft, draft.name(f"{str(absolute).removesuffix('.')}.", "", place))
    text = str(said if isinstance(said, str) else whole).removesuffix(".").replace("\\052", "*")
    if text in {"", "@"}:
        name = zone
    else:
        name = draft.name(f"{text}.", "", place)
        name = name if name == zone or is_below(name, zone) else draft.name(f"{text}.{zone}.", "", place)
    draft.zone(zone, place)
    return name, zone


def _with_apex(draft: Draft, name: str) -> tuple[str, str]:
    """Where the export names no zone: the nearest that another record is in, else the registrable name."""
    known = [zone for zone in draft.file.origins if name == zone or is_below(name, zone)]
    if known:
        return name, max(known, key=len)
    from deliverability.names import registrable  # noqa: PLC0415 - the public suffix list is large

    return name, draft.zone(registrable(name) or name, Place(""))


def _aws(draft: Draft, owner: tuple[str, str], resource: _Resource) -> None:
    values, place, name = resource.values, resource.place, owner[0]
    rdtype = draft.kind(values.get("type"), place)
    records = values.get("records")
    if values.get("alias") or values.get("set_identifier") or not isinstance(records, list):
        draft.leave_open(name, (rdtype,))
        return
    ttl = draft.ttl(values.get("ttl"), place)
    for record in rows(records):
        if record is None:
            draft.leave_open(name, (rdtype,))
            continue
        text = draft.word(record, place, "records")
        if rdtype in TEXT_TYPES:
            # the provider puts quotation marks around the value, which may hold `""` between two strings; the
            # escapes of Route 53 are octal
            strings = strings_of(f'"{text}"', base=8)
            if strings is None:
                raise draft.error(place, f"no text for Route 53: {text[:60]!r} (the provider adds quotation marks)")
            draft.text(name, rdtype, ttl, strings, place)
        else:
            draft.put(name, rdtype, ttl, _absolute(rdtype, text), place)


def _google(draft: Draft, owner: tuple[str, str], resource: _Resource) -> None:
    values, place, name = resource.values, resource.place, owner[0]
    rdtype = draft.kind(values.get("type"), place)
    records = values.get("rrdatas")
    if not isinstance(records, list) or values.get("routing_policy"):
        draft.leave_open(name, (rdtype,))
        return
    ttl = draft.ttl(values.get("ttl"), place)
    for record in rows(records):
        text = draft.word(record, place, "rrdatas")
        if rdtype in TEXT_TYPES and '"' not in text:  # Cloud DNS makes a string of each word
            draft.text(name, rdtype, ttl, [word.encode() for word in text.split()], place)
        else:
            draft.put(name, rdtype, ttl, text, place)


def _cloudflare(draft: Draft, owner: tuple[str, str], resource: _Resource) -> None:
    values, place, (name, zone) = resource.values, resource.place, owner
    rdtype = draft.kind(values.get("type"), place)
    ttl = draft.ttl(None if values.get("ttl") in {None, AUTOMATIC} else values["ttl"], place)
    data = table(next(iter(rows(values.get("data"))), None)) or table(values.get("data"))
    content = values.get("content") or values.get("value") or data.get("target")
    flattened = rdtype == "CNAME" and name == zone
    if values.get("proxied") is True or flattened:
        draft.leave_open(name, ADDRESSES)
    elif rdtype in FIELDS and data:
        parts = [draft.word(data.get(field), place, f"data.{field}") for field in FIELDS[rdtype]]
        draft.put(name, rdtype, ttl, _joined(rdtype, parts), place)
    elif content is None or rdtype in FIELDS:
        draft.leave_open(name, (rdtype,))
    elif rdtype in TEXT_TYPES:
        text = draft.word(content, place, "content")
        quoted = strings_of(text, base=10) if text.startswith('"') else None
        draft.text(name, rdtype, ttl, chunks(text) if quoted is None else quoted, place)
    else:
        parts = [draft.word(values.get("priority"), place, "priority")] if rdtype == "MX" else []
        draft.put(name, rdtype, ttl, _joined(rdtype, [*parts, draft.word(content, place, "content")]), place)


def _azure(draft: Draft, rdtype: str, resource: _Resource) -> None:
    values, place = resource.values, resource.place
    said = values.get("zone_name")
    if not isinstance(said, str):
        raise draft.error(place, "its zone is not known before the plan is applied")
    zone = draft.zone(said, place)
    name = draft.name(draft.word(values.get("name"), place, "name"), zone, place)
    found = values.get("record") if rdtype in {"CAA", "CNAME", "MX", "SRV", "TXT"} else values.get("records")
    ttl = draft.ttl(values.get("ttl"), place)
    if values.get("target_resource_id") or not found:
        draft.leave_open(name, (rdtype,))
        return
    for one in rows(found) or [found]:
        if rdtype == "TXT":
            draft.text(name, rdtype, ttl, chunks(draft.word(table(one).get("value"), place, "record.value")), place)
        elif rdtype in BLOCKS:
            parts = [draft.word(table(one).get(field), place, f"record.{field}") for field in BLOCKS[rdtype]]
            draft.put(name, rdtype, ttl, _joined(rdtype, parts), place)
        else:
            draft.put(name, rdtype, ttl, _absolute(rdtype, draft.word(one, place, "record")), place)


def _joined(rdtype: str, parts: list[str]) -> str:
    if rdtype == "CAA":
        parts[-1] = quoted(parts[-1].encode("utf-8", "surrogatepass"))
    return _absolute(rdtype, " ".join(parts))


def _absolute(rdtype: str, rdata: str) -> str:
    """Names in these providers' records are whole, with or without their final dot."""
    return f"{rdata}." if rdtype in NAMES_AT_THE_END and not rdata.endswith(".") else rdata


FIELDS = {
    "CAA": ("flags", "tag", "value"),
    "DS": ("key_tag", "algorithm", "digest_type", "digest"),
    "SRV": ("priority", "weight", "port", "target"),
    "SSHFP": ("algorithm", "type", "fingerprint"),
    "TLSA": ("usage", "selector", "matching_type", "certificate"),
}
"""What Cloudflare has in `data`, in the order of the rdata."""
BLOCKS = {
    "CAA": ("flags", "tag", "value"),
    "MX": ("preference", "exchange"),
    "SRV": ("priority", "weight", "port", "target"),
}
"""The fields of Azure's `record` blocks."""
_Reader = Callable[[Draft, tuple[str, str], _Resource], None]
READERS: dict[str, tuple[str, str, _Reader]] = {
    "aws_route53_record": ("aws", "zone_id", _aws),
    "cloudflare_dns_record": ("cloudflare", "zone_id", _cloudflare),
    "cloudflare_record": ("cloudflare", "zone_id", _cloudflare),
    "google_dns_record_set": ("google", "managed_zone", _google),
}
"""Resource → provider, the attribute that names its zone, who reads it."""
