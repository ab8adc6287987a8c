"""octoDNS zone files: `example.com.yaml`, a mapping from names to records.

Read: A AAAA CAA CNAME DNAME DS MX NAPTR NS PTR SPF SRV SSHFP TLSA TXT. ALIAS and URLFWD leave the addresses open, other
types of DNS leave themselves open. A record that octoDNS is told to ignore is none. Split zones (a folder of files for
one zone) are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass
from deliverability.lookup.exports import (
    ADDRESSES,
    NAMES_AT_THE_END,
    Draft,
    Place,
    bounded,
    chunks,
    quoted,
    rows,
    table,
)
from deliverability.lookup.master import MasterFile, ZoneError
from deliverability.lookup.rdtypes import TEXT_TYPES

if TYPE_CHECKING:
    import yaml

DEFAULT_TTL = 3600
"""octoDNS's own, where the file and the configuration say nothing."""
MAX_DEPTH, MAX_EVENTS = 20, 4_000_000
"""Our own bounds: a zone nests four levels deep; a record is some ten events of the parser."""

MISSING = "an octoDNS file needs PyYAML, which is not installed: pip install 'deliv[zones]'"

FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "CAA": (("flags",), ("tag",), ("value",)),
    "DS": (("key_tag",), ("algorithm",), ("digest_type",), ("digest",)),
    "MX": (("preference", "priority"), ("exchange", "value")),
    "NAPTR": (("order",), ("preference",), ("flags",), ("service",), ("regexp",), ("replacement",)),
    "SRV": (("priority",), ("weight",), ("port",), ("target",)),
    "SSHFP": (("algorithm",), ("fingerprint_type",), ("fingerprint",)),
    "TLSA": (("certificate_usage",), ("selector",), ("matching_type",), ("certificate_association_data",)),
}
"""The fields of a value in the order of the rdata; some have an older name."""
QUOTED = {"CAA": ("value",), "NAPTR": ("flags", "service", "regexp")}
PLAIN = frozenset({"A", "AAAA", "CNAME", "DNAME", "NS", "PTR"})
PROVIDERS = frozenset({"ALIAS", "URLFWD"})
"""Kinds that the provider turns into addresses."""


@dataclass(frozen=True, slots=True)
class _Zone:
    draft: Draft
    origin: str


def read(path: str, text: str) -> MasterFile:
    """The zone of a file that is named for it. Raises ZoneError."""
    draft, top = Draft(path), Place("")
    name = PurePath(path).name.rpartition(".")[0].removesuffix(".")
    if "." not in name:
        raise draft.error(top, "an octoDNS file is named for its zone: example.com.yaml")
    zone = _Zone(draft, draft.zone(name, top))
    for key, value, line in _entries(draft, text):
        owner = draft.name(key, zone.origin, Place(key, line))
        for number, record in enumerate(rows(value) or [value]):
            where = f"{key or '@'}[{number}]" if isinstance(value, list) else key or "@"
            _record(zone, owner, table(record), Place(where, line))
    return draft.file


def _record(zone: _Zone, owner: str, record: dict[str, Any], place: Place) -> None:
    draft, said = zone.draft, record.get("type")
    if said is None:
        raise draft.error(place, "a record without a type")
    if table(record.get("octodns")).get("ignored") is True:
        return
    if str(said) in PROVIDERS or "/" in str(said):  # `Route53Provider/ALIAS`: a provider's own kind
        draft.leave_open(owner, ADDRESSES)
        return
    rdtype = draft.kind(said, place)
    if rdtype not in PLAIN | TEXT_TYPES | FIELDS.keys():
        draft.leave_open(owner, (rdtype,))
        return
    ttl = draft.ttl(record.get("ttl"), place, DEFAULT_TTL)
    values = rows(record.get("values")) or [record.get("values", record.get("value"))]
    for value in values:
        if value is None:
            raise draft.error(place, f"a {rdtype} record without a value")
        if rdtype in TEXT_TYPES:
            draft.text(owner, rdtype, ttl, chunks(_text(draft.word(value, place, "value"))), place)
        else:
            draft.put(owner, rdtype, ttl, _rdata(draft, rdtype, value, place), place)


def _text(value: str) -> str:
    r"""The file writes `;` as `\;`, and takes the chunks of `"…" "…"` for one text."""
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        value = value[1:-1].replace('" "', "")
    return value.replace("\\;", ";")


def _rdata(draft: Draft, rdtype: str, value: Any, place: Place) -> str:  # noqa: ANN401 - out of a file
    if rdtype in PLAIN:
        parts = [draft.word(value, place, "value")]
    else:
        parts = [_part(draft, rdtype, names, table(value), place) for names in FIELDS[rdtype]]
    if rdtype in NAMES_AT_THE_END and not parts[-1].endswith("."):
        raise draft.error(place, f"{parts[-1][:80]!r} has no final dot: octoDNS refuses it")
    return " ".join(parts)


def _part(draft: Draft, rdtype: str, names: tuple[str, ...], value: dict[str, Any], place: Place) -> str:
    name = next((name for name in names if name in value), names[0])
    default = 0 if name == "flags" and rdtype == "CAA" else None
    text = draft.word(value.get(name, default), place, name)
    return quoted(text.encode("utf-8", "surrogatepass")) if name in QUOTED.get(rdtype, ()) else text


def _entries(draft: Draft, text: str) -> Iterator[tuple[str, Any, int]]:
    """Name, value and line of each entry of the mapping that a zone is. Raises ZoneError."""
    bounded(draft.path, text)
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError:
        raise ZoneError(draft.path, None, MISSING) from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _measured(draft, yaml.parse(text, loader))
        making = loader(text)
        node = making.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise draft.error(Place(""), "no mapping from names to records, which an octoDNS zone is")
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise draft.error(Place("", line), "a list or a mapping, where the name of records should stand")
            name = "" if key.value in (None, "@") else str(key.value)
            if name in seen:
                raise draft.error(Place(name, line), f"stands twice; line {seen[name]} has it too")
            seen[name] = line
            yield name, making.construct_object(value, deep=True), line
    except yaml.YAMLError as error:
        raise _unreadable(draft, error) from None
    except (RecursionError, ValueError):
        raise draft.error(Place(""), "no YAML: a value that is none") from None


def _measured(draft: Draft, events: Any) -> None:  # noqa: ANN401 - PyYAML has no types
    """Raises ZoneError where the YAML is deeper or longer than any zone, before anything is built of it."""
    import yaml  # noqa: PLC0415 - an extra

    depth = 0
    for count, event in enumerate(events):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_EVENTS:
            line = event.start_mark.line + 1
            raise draft.error(Place("", line), "nested too deeply" if depth > MAX_DEPTH else "too many values")


def _unreadable(draft: Draft, error: yaml.YAMLError) -> ZoneError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not to be read"
    return draft.error(Place("", None if mark is None else mark.line + 1), f"no YAML: {problem}")
