"""The audit document `deliv.audit/1`: `Audit` to JSON and back, the same bytes for the same audit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from itertools import chain
from typing import Any, cast

from deliverability.arbitration import MESSAGES, Arbitration, Basis, FixChoice, NextFix
from deliverability.fastclass import dataclass
from deliverability.findings import (
    Action,
    Effort,
    Evidence,
    Finding,
    Fix,
    Lack,
    Outcome,
    Owner,
    RecordChange,
    Reference,
    Role,
    Severity,
    Subject,
)
from deliverability.lookup.answer import Answer, Status
from deliverability.lookup.rdtypes import TEXT_TYPES
from deliverability.plain import Plain, dumps, dumps_by_line, to_plain
from deliverability.sources import SOURCES
from deliverability.verdict import Verdict, Word

SCHEMA = "deliv.audit/1"
ZONE_LISTING = "zone_listing"
"""The kind of observation that lists all names of a whole zone."""
MAX_DEPTH = 200
"""Levels of lists and objects in one another; our own bound. The deepest SPF tree that is followed has some 60."""

MAX_SCHEMA = 40
"""Characters of the schema of another document that an error repeats."""


class DocumentError(ValueError):
    """The text is not an audit document that this version reads; the message says where it goes wrong."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One audited domain: everything that any report shows and any replay needs."""

    deliv_version: str
    ruleset: str
    subject: Subject
    started_at: str
    options: Mapping[str, Any]
    vantage: Mapping[str, Any]
    verdict: Verdict
    next_best_fix: NextFix | None
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]
    dns: tuple[Answer, ...]
    observations: tuple[Mapping[str, Any], ...] = ()
    rates: Any = None
    comparison: Any = None
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def to_document(audit: Audit) -> dict[str, Any]:
    """The audit in JSON's own types, keys in their published order."""
    return {
        "schema": SCHEMA,
        "deliv_version": audit.deliv_version,
        "ruleset": audit.ruleset,
        "subject": to_plain(audit.subject),
        "started_at": audit.started_at,
        "options": to_plain(audit.options),
        "vantage": to_plain(audit.vantage),
        "verdict": to_plain(audit.verdict),
        "next_best_fix": to_plain(audit.next_best_fix),
        "findings": [_finding(f) for f in audit.findings],
        "facts": to_plain(audit.facts),
        "rates": audit.rates,
        "comparison": audit.comparison,
        "observations": [*to_plain(audit.observations), *_listings(audit.listings)],
        "dns": [_answer(a) for a in audit.dns],
    }


def to_json(audit: Audit) -> str:
    """The document as text that ends in a newline, with a line for each finding and each answer."""
    return dumps_by_line(to_document(audit))


def to_json_line(audit: Audit) -> str:
    """The document on one line, for JSON Lines."""
    return dumps(to_document(audit)) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(finding)
    plain["references"] = [
        {"source": r.source, "section": r.section, "date": SOURCES[r.source].date if r.source in SOURCES else ""}
        for r in finding.references
    ]
    return plain


def _listings(listings: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    return [{"kind": ZONE_LISTING, "name": name, "names": list(names)} for name, names in sorted(listings.items())]


def _answer(answer: Answer) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": answer.name,
        "type": answer.rdtype,
        "status": answer.status.value,
        "records": list(answer.records),
        "ttl": answer.ttl,
        "cname_chain": list(answer.cname_chain),
        "source": answer.source,
        "ms": answer.ms,
    }
    if answer.strings != _one_string_each(answer):
        plain["strings"] = [[s.decode("latin-1") for s in record] for record in answer.strings]
    if answer.authenticated is not None:
        plain["authenticated"] = answer.authenticated
    if answer.truncated:
        plain["truncated"] = True
    return plain


def _one_string_each(answer: Answer) -> tuple[tuple[bytes, ...], ...]:
    return tuple((text.encode("latin-1"),) for text in answer.records) if answer.rdtype in TEXT_TYPES else ()


def from_json(text: str) -> Audit:
    """Read one document. Raises DocumentError for anything that is not one."""
    try:
        read: Plain = json.loads(text, parse_constant=_number, parse_float=_number)
        _check_depth(read)
        json.dumps(read, ensure_ascii=False).encode()  # JSON can escape half a character, which nothing can show
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not JSON ({error})"[:200]) from None
    document = cast("dict[str, Plain]", read) if isinstance(read, dict) else {}
    if document.get("schema") != SCHEMA:
        other = document.get("schema")
        said = f"it is {json.dumps(other[:MAX_SCHEMA])}" if isinstance(other, str) else 'it has no "schema" at the top'
        raise DocumentError(f"not a deliv audit, which is {json.dumps(SCHEMA)}: {said}")
    from deliverability.shape import misfit  # noqa: PLC0415 - only where a document is read

    if (wrong := misfit("audit", document)) is not None:
        raise DocumentError(f"a damaged deliv audit ({wrong})")
    try:
        return _audit(document)
    except KeyError as error:
        raise DocumentError(f"a damaged deliv audit (no {error})") from None
    except ValueError as error:
        raise DocumentError(f"a damaged deliv audit ({error})") from None


def _check_depth(read: Plain) -> None:
    level: list[Plain] = [read]
    for _ in range(MAX_DEPTH):
        level = list(chain.from_iterable(_members(value) for value in level))
    if level:
        raise ValueError(f"more than {MAX_DEPTH} lists and objects in one another")


def _members(value: Plain) -> Iterable[Plain]:
    if value.__class__ is dict:
        return value.values()
    return value if value.__class__ is list else ()


def _number(text: str) -> float:
    """A number that can be written again: JSON has no NaN and no infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no number")
    return value


def _audit(document: dict[str, Any]) -> Audit:
    """From here on every value is of the type that the schema says; what may be missing has a default."""
    observations = document.get("observations", [])
    datetime.fromisoformat(document["started_at"])  # a replay's clock
    return Audit(
        deliv_version=document["deliv_version"],
        ruleset=document["ruleset"],
        subject=_subject(document["subject"]),
        started_at=document["started_at"],
        options=document["options"],
        vantage=document["vantage"],
        verdict=_verdict(document["verdict"]),
        next_best_fix=_next_fix(document["next_best_fix"]),
        findings=tuple(_read_finding(f) for f in document["findings"]),
        facts=document["facts"],
        dns=tuple(_read_answer(a) for a in document["dns"]),
        observations=tuple(o for o in observations if o["kind"] != ZONE_LISTING),
        rates=document.get("rates"),
        comparison=document.get("comparison"),
        listings={o["name"]: tuple(o["names"]) for o in observations if o["kind"] == ZONE_LISTING},
    )


def _subject(plain: Plain) -> Subject:
    return Subject(plain["domain"], Role(plain["role"]), plain["role_reason"])


def _verdict(plain: Plain) -> Verdict:
    return Verdict(Word(plain["word"]), plain["sentence"], tuple(plain["why_not_more_certain"]))


def _next_fix(plain: Plain) -> NextFix | None:
    if plain is None:
        return None
    runners_up = tuple(FixChoice(r["check"], r["subject"], _arbitration(r)) for r in plain.get("runners_up", ()))
    return NextFix(plain["check"], plain["subject"], plain["why"], runners_up, _arbitration(plain))


def _arbitration(choice: dict[str, Plain]) -> Arbitration | None:
    plain = choice.get("arbitration")
    if plain is None:
        return None
    effort = plain.get("effort")
    return Arbitration(
        severity=Severity(plain["severity"]),
        basis=Basis(plain["basis"]),
        effort=None if effort is None else Effort(effort),
        score=plain["score"],
        affected=plain.get("affected"),
        of=plain.get("of"),
        before=tuple(plain.get("before", ())),
        because=tuple(plain.get("because", ())),
        unit=plain.get("unit", MESSAGES),
    )


def _read_finding(plain: dict[str, Any]) -> Finding:
    lack = plain.get("lack")
    return Finding(
        check=plain["check"],
        outcome=Outcome(plain["outcome"]),
        severity=Severity(plain["severity"]),
        subject=plain["subject"],
        case=plain.get("case", plain["outcome"]),
        title=plain["title"],
        data=plain["data"],
        evidence=tuple(_read_evidence(e) for e in plain["evidence"]),
        fix=_read_fix(plain.get("fix")),
        references=tuple(Reference(r["source"], r["section"]) for r in plain["references"]),
        lack=None if lack is None else Lack(lack),
        settle=plain.get("settle", ""),
    )


def _read_evidence(plain: dict[str, Any]) -> Evidence:
    span = plain.get("span")
    return Evidence(
        kind=plain["kind"],
        name=plain.get("name", ""),
        rdtype=plain.get("rdtype", ""),
        text=plain.get("text", ""),
        span=None if span is None else (span[0], span[1]),
        note=plain.get("note", ""),
    )


def _read_fix(plain: Plain) -> Fix | None:
    if plain is None:
        return None
    records = tuple(
        RecordChange(Action(r["action"]), r["name"], r["type"], r.get("ttl"), r.get("old"), r.get("value"))
        for r in plain["records"]
    )
    return Fix(
        plain["text"], Effort(plain["effort"]), Owner(plain["owner"]), plain["safe"], records, plain["reaudited"]
    )


def _read_answer(plain: dict[str, Any]) -> Answer:
    records = tuple(sorted(plain["records"]))
    bare = Answer(
        name=plain["name"],
        rdtype=plain["type"],
        status=_status(Status(plain["status"]), records),
        records=records,
        ttl=plain.get("ttl"),
        cname_chain=tuple(plain.get("cname_chain", ())),
        authenticated=plain.get("authenticated"),
        truncated=plain.get("truncated", False),
        source=plain.get("source"),
        ms=plain.get("ms"),
    )
    return replace(bare, strings=_strings(bare, plain.get("strings")))


def _status(said: Status, records: tuple[str, ...]) -> Status:
    """Where somebody edited `records` alone, the records are right: an answer that has some is ok, and no other is."""
    if records and said in (Status.NODATA, Status.NXDOMAIN):
        return Status.OK
    return Status.NODATA if said is Status.OK and not records else said


def _strings(answer: Answer, split: Plain) -> tuple[tuple[bytes, ...], ...]:
    """The character-strings of each record. Where somebody edited `records` alone, the records are right."""
    if answer.rdtype not in TEXT_TYPES:
        return ()
    strings = {"".join(record): tuple(_octets(text) for text in record) for record in split or ()}
    return tuple(strings.get(text) or (_octets(text),) for text in answer.records)


def _octets(text: str) -> bytes:
    """A text record is octets, one character each."""
    beyond = next((char for char in text if ord(char) > 0xFF), None)
    if beyond is not None:
        raise ValueError(f"U+{ord(beyond):04X} in a TXT record is no octet")
    return text.encode("latin-1")
