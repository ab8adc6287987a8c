"""The records themselves, from the stored facts: DKIM keys, the DMARC record, the mail servers.

Facts come out of a document that anybody may have edited. What does not look as expected is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from deliverability.fastclass import dataclass
from deliverability.reports.language import N_, _

MAX_KEYS = 50
"""DKIM keys that are listed."""
MAX_HOSTS = 50
"""Mail servers that are listed."""

FOUND_BY: Mapping[str, str] = {
    "named": N_("named by the caller"),
    "zone": N_("in the zone's own list of names"),
    "provider": N_("used by a provider that the domain points at"),
    "list": N_("on the list of common selectors"),
}
AUTHORISED: Mapping[str, str] = {
    "yes": N_("has agreed to take them"),
    "no": N_("has not agreed to take them"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One DKIM selector: how it was found, what key stands there, and its record."""

    selector: str
    found_by: str
    key: str
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Host:
    """One mail server of the domain, with its addresses."""

    preference: str
    name: str
    addresses: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The DMARC record: where it was found, its text, what receivers are asked to do, where reports go."""

    domain: str
    record: str
    policy: str
    reports: Sequence[tuple[str, str]]


def dkim_keys(facts: Mapping[str, Any]) -> list[Key]:
    """The selectors at which something stands."""
    keys = [_mapping(key) for key in _sequence(_mapping(facts.get("dkim")).get("keys"))[:MAX_KEYS]]
    return [_key(key) for key in keys if key.get("records")]


def _key(key: Mapping[str, Any]) -> Key:
    records = [_mapping(record) for record in _sequence(key.get("records"))]
    said = dict.fromkeys(_said(record) for record in records)
    found_by = _text(key.get("found_by"))
    return Key(
        selector=_text(key.get("selector")),
        found_by=_(FOUND_BY.get(found_by, found_by)),
        key=", ".join(said),
        texts=[_text(record.get("text")) for record in records],
    )


def _said(record: Mapping[str, Any]) -> str:
    if record.get("revoked") is True:
        return _("revoked")
    key = _mapping(record.get("key"))
    bits = key.get("bits")
    if not key or not isinstance(bits, int):
        return _("no key that can be used")
    return _("{type}, {bits} bits").format(type=_text(key.get("type")), bits=bits)


def dmarc_policy(facts: Mapping[str, Any]) -> Policy | None:
    """What receivers find for the domain; None where there is no record."""
    dmarc = _mapping(facts.get("dmarc"))
    found = _mapping(dmarc.get("discovery"))
    record = _text(found.get("record"))
    if not record:
        return None
    destinations = [_mapping(one) for one in _sequence(dmarc.get("destinations"))[:MAX_HOSTS]]
    reports = [
        (_text(one.get("host")), _(AUTHORISED[said]))
        for one in destinations
        if one.get("external") is True and (said := _text(one.get("authorisation"))) in AUTHORISED
    ]
    return Policy(_text(found.get("policy_domain")), record, _text(found.get("policy")), reports)


def mail_servers(facts: Mapping[str, Any]) -> list[Host]:
    """The servers that receive the domain's mail, in the order of its record."""
    mx = _mapping(facts.get("mx"))
    hosts = {_text(one.get("name")): one for one in (_mapping(host) for host in _sequence(mx.get("hosts")))}
    records = [_mapping(record) for record in _sequence(mx.get("records"))[:MAX_HOSTS]]
    return [
        Host(
            preference=str(record.get("preference")) if isinstance(record.get("preference"), int) else "",
            name=_text(record.get("target")),
            addresses=", ".join(_addresses(hosts.get(_text(record.get("target")), {}))),
        )
        for record in records
    ]


def _addresses(host: Mapping[str, Any]) -> list[str]:
    return [_text(_mapping(one).get("address")) for one in _sequence(host.get("addresses"))[:MAX_HOSTS]]


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
