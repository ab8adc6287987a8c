"""The records of 19,881 public bodies: nothing upsets the parser, and the faults are the known ones."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator

import pytest

from deliverability.lookup.answer import Status
from deliverability.names import InvalidDomain, to_ascii
from deliverability.protocols.spf import SpfFacts, lookup
from deliverability.protocols.spf.facts import NodeError
from deliverability.protocols.spf.record import FaultCode, Kind, Qualifier
from deliverability.protocols.spf.slips import mend
from deliverability.protocols.spf.tree import nodes
from support.shared import shared
from support.spf_zone import DictResolver

Types = dict[str, list[str] | Status]


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in shared("data", "mxmap-it", name).read_text(encoding="utf-8").splitlines()]


def world() -> tuple[list[str], DictResolver]:
    """The domains, and a resolver that knows them and their targets; other names are refused."""
    zone: dict[str, Types] = {}
    for row in rows("spf_targets.jsonl"):
        zone[row["name"]] = types(row["spf"])
    domains = []
    for row in rows("domains.jsonl"):
        domains.append(to_ascii(row["domain"]))
        zone[domains[-1]] = types(row["spf"])
    carried = {name: found for name, found in zone.items() if can_be_asked(name)}
    return domains, DictResolver(carried, outside=Status.REFUSED)


def types(spf: str | None) -> Types:
    return {"TXT": [spf.encode().decode("latin-1")] if spf else []}


def can_be_asked(name: str) -> bool:
    try:
        to_ascii(name)
    except InvalidDomain:
        return False
    return True


def faults(found: SpfFacts) -> Iterator[str]:
    record = found.record
    if record is None:
        return iter(["near miss"] if found.near_misses else [])
    seen = {
        "record": True,
        "syntax": bool(record.faults),
        "character": any(fault.code is FaultCode.CHARACTER for fault in record.faults),
        "+all": record.all is not None and record.all.qualifier is Qualifier.PASS,
        "ptr": any(term.kind is Kind.PTR for term in record.reached),
        "terms after all": len(record.reached) < len(record.mechanisms),
        "over the limit": found.cost.total > 10,
        "loop": any(node.error is NodeError.LOOP for node in nodes(found.tree)),
        "slip": bool(mend(record.text).slips),
    }
    return (fault for fault, is_so in seen.items() if is_so)


@pytest.mark.corpus
def test_base_rates() -> None:
    domains, resolver = world()
    tally: Counter[str] = Counter()

    async def run() -> None:
        for domain in domains:
            tally.update(faults(await lookup(resolver, domain)))

    asyncio.run(run())
    print(dict(tally))
    assert len(domains) == 19_881
    assert tally["record"] == 16_821
    # SOURCE.md's rough pass over both halves: 372 over, 393 ptr, 41 after all, 32 loops, 12 +all, 37 non-ASCII
    assert 150 <= tally["over the limit"] <= 220
    assert 150 <= tally["ptr"] <= 230
    assert 10 <= tally["terms after all"] <= 40
    assert 10 <= tally["loop"] <= 25
    assert 3 <= tally["+all"] <= 15
    assert 8 <= tally["character"] <= 25
    assert 80 <= tally["syntax"] <= 130
    assert tally["near miss"] == 14
