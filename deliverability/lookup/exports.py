"""Zones as the tools that manage them write them down: octoDNS YAML, DNSControl's and Terraform's JSON.

`reader_of` tells them from master files; each reader fills a `Draft`, whose `file` stands for a master file.
What such a tool leaves to its provider (an ALIAS, a proxied address, a value that only applying a plan will show) is
kept open: a question about it is not answered. A kind of record that nobody here knows is an error, never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Any, cast

import dns.exception
import dns.name
import dns.rdatatype

from deliverability.fastclass import dataclass
from deliverability.lookup.labels import canonical_name
from deliverability.lookup.master import DEFAULT_TTL, MAX_TTL, MasterFile, ZoneError
from deliverability.lookup.rdtypes import canonical_type
from deliverability.lookup.rrset import MAX_STRING_OCTETS
from deliverability.text import visible

MAX_EXPORT_CHARACTERS = 64 * 1024 * 1024
"""Our own bound on one export; a plan with some 100,000 records has about that many."""

ADDRESSES = ("A", "AAAA")
NAMES_AT_THE_END = frozenset({"CNAME", "DNAME", "MX", "NS", "PTR", "SRV"})
"""Types whose rdata ends in a domain name."""

_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_NO_RDATA = re.compile(r'[\n\r;()"]')

Reader = Callable[[str, str], MasterFile]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: `line` of the file where that is known, `where` in its structure."""

    where: str
    line: int | None = None


@dataclass(slots=True)
class Draft:
    """The records of one export as they come."""

    path: str
    file: MasterFile = field(init=False)

    def __post_init__(self) -> None:
        self.file = MasterFile(self.path)

    def error(self, place: Place, message: str) -> ZoneError:
        """The error that names `place`."""
        where = visible(place.where)[:200]
        return ZoneError(self.path, place.line, f"{where}: {message}" if where else message)

    def zone(self, name: str, place: Place) -> str:
        """The zone called `name`, whose apex answers from now on. Raises ZoneError."""
        zone = self.name(f"{name.removesuffix('.')}.", "", place)
        if zone not in self.file.origins:
            self.file.origins.append(zone)
        return zone

    def name(self, text: str, zone: str, place: Place) -> str:
        """`text` as a canonical name: absolute with a final dot, else below `zone`. Raises ZoneError."""
        if text in {"", "@"}:
            return zone
        try:
            return canonical_name(_ascii(text if text.endswith(".") else f"{text}.{zone}"))
        except (ValueError, dns.exception.DNSException) as error:
            raise self.error(place, f"no name: {visible(text)[:80]!r} ({error})") from None

    def put(self, owner: str, rdtype: str, ttl: int, rdata: str, place: Place) -> None:
        """Add one record from its presentation form, names absolute. Raises ZoneError."""
        if _NO_RDATA.search(_QUOTED.sub("", rdata)):
            raise self.error(place, f"no {rdtype} record: {visible(rdata)[:80]!r}")
        try:
            found = MasterFile(self.path).read(f"{owner}. {ttl} IN {rdtype} {rdata}").records
        except ZoneError as error:
            raise self.error(place, visible(error.message)) from None
        self.file.records += (replace(record, line=place.line or 1) for record in found)

    def text(self, owner: str, rdtype: str, ttl: int, strings: Sequence[bytes], place: Place) -> None:
        """Add one record of character-strings. Raises ZoneError where one is too long."""
        self.put(owner, rdtype, ttl, " ".join(map(quoted, strings)) or '""', place)

    def leave_open(self, owner: str, rdtypes: Iterable[str]) -> None:
        """What `owner` answers for these types is not in the export."""
        self.file.unknown += ((owner, rdtype) for rdtype in rdtypes)

    def kind(self, said: Any, place: Place) -> str:  # noqa: ANN401 - out of a file
        """A type of record by its name. Raises ZoneError."""
        refused = self.error(place, f"records of type {visible(str(said))[:40]!r} are not read")
        try:
            kind = canonical_type(self.word(said, place, "type"))
        except ValueError:
            raise refused from None
        number = dns.rdatatype.from_text(kind)
        # questions and zone transfers have types, but no record has them
        if number == dns.rdatatype.NONE or dns.rdatatype.is_metatype(number):
            raise refused
        return kind

    def word(self, value: Any, place: Place, name: str) -> str:  # noqa: ANN401 - as above
        """A text, or a number as text. Raises ZoneError."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.error(place, f"{name} is no text")
        return str(value)

    def ttl(self, value: Any, place: Place, default: int = DEFAULT_TTL) -> int:  # noqa: ANN401 - as above
        """Seconds; `default` where nothing is said. Raises ZoneError."""
        if value is None:
            return default
        text = self.word(value, place, "ttl").removesuffix(".0")
        if not re.fullmatch("[0-9]{1,10}", text) or int(text) > MAX_TTL:
            raise self.error(place, f"no TTL: {visible(text)[:40]!r}")
        return int(text)


def reader_of(path: str, text: str) -> Reader | None:
    """Who reads `text`, the whole of the file at `path`; None for a master file. Raises ZoneError."""
    lower = path.lower()
    if lower.endswith((".yaml", ".yml")):
        from deliverability.lookup.exports_octodns import read as octodns  # noqa: PLC0415 - few zones are YAML

        return octodns
    return _json if lower.endswith(".json") or text.lstrip()[:1] == "{" else None


def _json(path: str, text: str) -> MasterFile:
    from deliverability.lookup.exports_dnscontrol import read as dnscontrol  # noqa: PLC0415 - few zones are JSON
    from deliverability.lookup.exports_terraform import read as terraform  # noqa: PLC0415 - as above

    found = table(load(path, text))
    if isinstance(found.get("domains"), list):
        return dnscontrol(path, found)
    if "format_version" in found or "planned_values" in found:
        return terraform(path, found)
    if "lineage" in found or "serial" in found:
        raise ZoneError(path, None, "a state as Terraform stores it; `terraform show -json` writes what is read")
    raise ZoneError(path, None, "neither `dnscontrol print-ir` nor `terraform show -json` wrote this JSON")


def load(path: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """The JSON of a file. Raises ZoneError."""
    bounded(path, text)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ZoneError(path, error.lineno, f"no JSON: {error.msg} (column {error.colno})") from None
    except (ValueError, RecursionError):
        raise ZoneError(path, None, "no JSON: nested too deeply, or a number too long") from None


def bounded(path: str, text: str) -> None:
    """Raises ZoneError for a text that is too long to be taken apart."""
    if len(text) > MAX_EXPORT_CHARACTERS:
        raise ZoneError(path, None, f"larger than {MAX_EXPORT_CHARACTERS // 2**20} MiB")


def table(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """`value` if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """`value` if it is a list, else an empty one."""
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else []


def chunks(text: str) -> list[bytes]:
    """A text without strings of its own in strings of the greatest length."""
    octets = text.encode("utf-8", "surrogatepass")
    return [octets[start : start + MAX_STRING_OCTETS] for start in range(0, len(octets), MAX_STRING_OCTETS)]


def strings_of(text: str, *, base: int) -> list[bytes] | None:
    r"""The character-strings of `"…" "…"`, `\DDD` in `base` 8 or 10; None where that is not its form."""
    if _QUOTED.sub("", text).strip() or not text.strip():
        return None
    return [_ESCAPE.sub(lambda escape: _octet(escape, base), each[1:-1].encode()) for each in _QUOTED.findall(text)]


_ESCAPE = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)


def _octet(escape: re.Match[bytes], base: int) -> bytes:
    said = escape[1]
    try:
        return bytes((int(said, base),)) if len(said) == 3 else said
    except ValueError:
        return said


def quoted(octets: bytes) -> str:
    """A character-string as a master file has it. RFC 1035 §5.1."""
    plain = (chr(octet) if 32 <= octet < 127 and octet not in b'"\\' else f"\\{octet:03}" for octet in octets)
    return f'"{"".join(plain)}"'


def _ascii(name: str) -> str:
    return name if name.isascii() else dns.name.from_text(name, None).to_text()
