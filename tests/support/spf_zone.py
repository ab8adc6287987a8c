"""Worlds for SPF tests: a resolver over a mapping, and the scenarios of the public RFC 7208 suite as such worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deliverability.lookup.answer import Answer, Status
from deliverability.lookup.labels import canonical_name

Zone = Mapping[str, Mapping[str, Sequence[str] | Status]]
"""name → type → records, or what DNS says instead; the type `*` is for all others."""

_ALIAS_LIMIT = 8


class DictResolver:
    """Answers from `zone` as an authoritative server would; `outside` is the status of a name it does not hold.

    `asked` counts the questions, so that a test can see what was asked and how often.
    """

    def __init__(self, zone: Zone, outside: Status = Status.NXDOMAIN) -> None:
        self._zone = {canonical_name(name): types for name, types in zone.items()}
        self._inner = {".".join(name.split(".")[i:]) for name in self._zone for i in range(name.count(".") + 1)}
        self._outside = outside
        self.asked: Counter[tuple[str, str]] = Counter()

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        asked = canonical_name(name)
        self.asked[asked, rdtype] += 1
        status, records, chain = self._look(asked, rdtype, ())
        ordered = sorted(records)
        texts = tuple((record.encode("latin-1"),) for record in ordered) if rdtype in {"TXT", "SPF"} else ()
        return Answer(
            name=asked, rdtype=rdtype, status=status, records=tuple(ordered), strings=texts, cname_chain=chain
        )

    def _look(self, name: str, rdtype: str, chain: tuple[str, ...]) -> tuple[Status, Sequence[str], tuple[str, ...]]:
        types = self._zone.get(name)
        if types is None:
            return (Status.NODATA if name in self._inner else self._outside), (), chain
        alias = types.get("CNAME", ())
        if alias and rdtype != "CNAME" and not isinstance(alias, Status):
            target = canonical_name(alias[0])
            if len(chain) >= _ALIAS_LIMIT:
                return Status.SERVFAIL, (), chain
            return self._look(target, rdtype, (*chain, target))
        found = types.get(rdtype, types.get("*", ()))
        if isinstance(found, Status):
            return found, (), chain
        return (Status.OK if found else Status.NODATA), found, chain


@dataclass(frozen=True)
class SuiteCase:
    """One case of the suite: what goes in, and the results that are accepted."""

    id: str
    zone: Zone
    ip: str
    helo: str
    sender: str
    accepted: tuple[str, ...]
    explanation: str | None


def suite_cases(path: Path) -> list[SuiteCase]:
    """All cases of a file in the suite's form."""
    import yaml

    cases = []
    for number, scenario in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8"))):
        zone = suite_zone(scenario["zonedata"])
        for name, case in scenario["tests"].items():
            accepted = case["result"] if isinstance(case["result"], list) else [case["result"]]
            cases.append(
                SuiteCase(
                    f"{number}-{name}",
                    zone,
                    case["host"],
                    case["helo"],
                    case["mailfrom"],
                    tuple(accepted),
                    case.get("explanation"),
                )
            )
    return cases


def suite_zone(zonedata: Mapping[str, Sequence[Any]]) -> Zone:
    """A scenario's zone data: `SPF` stands for TXT where the name has no TXT; TIMEOUT holds for types not named."""
    zone: dict[str, dict[str, list[str] | Status]] = {}
    for name, entries in zonedata.items():
        types: dict[str, list[str] | Status] = {}
        for entry in entries:
            if entry == "TIMEOUT":
                types["*"] = Status.TIMEOUT
                continue
            [(rdtype, value)] = entry.items()
            listed = types.setdefault(rdtype, [])
            if value != "NONE" and isinstance(listed, list):
                listed.append(_presentation(rdtype, value))
        if "SPF" in types and "TXT" not in types:
            types["TXT"] = types["SPF"]
        zone[name.strip()] = types
    return zone


def _presentation(rdtype: str, value: Any) -> str:
    if rdtype in {"TXT", "SPF"}:
        return value if isinstance(value, str) else "".join(value)
    if rdtype == "MX":
        preference, host = value
        return f"{preference} {host.rstrip('.')}."
    if rdtype in {"PTR", "CNAME"}:
        return f"{str(value).rstrip('.')}."
    return str(value)
