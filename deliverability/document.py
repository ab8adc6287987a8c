"""The audit document `deliv.audit/1`: `Audit` to JSON and back, the same bytes for the same audit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
from deliverability.plain import Plain, dumps, to_plain
from deliverability.sources import SOURCES
from deliverability.verdict import FixChoice, NextFix, Verdict, Word

SCHEMA = "deliv.audit/1"


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
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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


def to_json(audit: Audit, *, indent: int | None = 2) -> str:
    """The document as text that ends in a newline; `indent=None` gives one line for JSON Lines."""
    return dumps(to_document(audit), indent=indent) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(finding)
    plain["references"] = [
        {"source": r.source, "section": r.section, "date": SOURCES[r.source].date if r.source in SOURCES else ""}
        for r in finding.references
    ]
    return plain


def _listings(listings: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    return [{"kind": "zone_listing", "name": name, "names": list(names)} for name, names in sorted(listings.items())]


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
    if answer.rdtype not in {"TXT", "SPF"}:
        return ()
    return tuple((text.encode("latin-1", "replace"),) for text in answer.records)


def from_json(text: str) -> Audit:
    """Read one document. Raises DocumentError for anything that is not one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not JSON ({error})") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise DocumentError(f'not a deliv audit (no "schema": "{SCHEMA}" at the top)')
    try:
        return _audit(document)
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeEncodeError) as error:
        raise DocumentError(f"a damaged deliv audit ({type(error).__name__}: {error})") from None


def _audit(document: dict[str, Any]) -> Audit:
    subject, verdict = document["subject"], document["verdict"]
    observations = document.get("observations") or []
    return Audit(
        deliv_version=_text(document["deliv_version"]),
        ruleset=_text(document["ruleset"]),
        subject=Subject(_text(subject["domain"]), Role(subject["role"]), _text(subject["role_reason"])),
        started_at=_text(document["started_at"]),
        options=dict(document["options"]),
        vantage=dict(document["vantage"]),
        verdict=Verdict(Word(verdict["word"]), verdict["sentence"], tuple(verdict["why_not_more_certain"])),
        next_best_fix=_next_fix(document["next_best_fix"]),
        findings=tuple(_read_finding(f) for f in document["findings"]),
        facts=dict(document["facts"]),
        dns=tuple(_read_answer(a) for a in document["dns"]),
        observations=tuple(o for o in observations if o["kind"] != "zone_listing"),
        rates=document.get("rates"),
        comparison=document.get("comparison"),
        listings={o["name"]: tuple(o["names"]) for o in observations if o["kind"] == "zone_listing"},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _next_fix(plain: Plain) -> NextFix | None:
    if plain is None:
        return None
    runners_up = tuple(FixChoice(r["check"], r["subject"]) for r in plain.get("runners_up", ()))
    return NextFix(plain["check"], plain["subject"], plain["why"], runners_up)


def _read_finding(plain: dict[str, Any]) -> Finding:
    return Finding(
        check=_text(plain["check"]),
        outcome=Outcome(plain["outcome"]),
        severity=Severity(plain["severity"]),
        subject=_text(plain["subject"]),
        case=_text(plain.get("case", plain["outcome"])),
        title=_text(plain["title"]),
        data=dict(plain["data"]),
        evidence=tuple(_read_evidence(e) for e in plain["evidence"]),
        fix=_read_fix(plain.get("fix")),
        references=tuple(Reference(r["source"], r["section"]) for r in plain["references"]),
        lack=Lack(plain["lack"]) if plain.get("lack") else None,
        settle=plain.get("settle", ""),
    )


def _read_evidence(plain: dict[str, Any]) -> Evidence:
    span = plain.get("span")
    return Evidence(
        kind=_text(plain["kind"]),
        name=_text(plain.get("name", "")),
        rdtype=_text(plain.get("rdtype", "")),
        text=_text(plain.get("text", "")),
        span=(int(span[0]), int(span[1])) if span else None,
        note=_text(plain.get("note", "")),
    )


def _read_fix(plain: Plain) -> Fix | None:
    if plain is None:
        return None
    records = tuple(
        RecordChange(Action(r["action"]), r["name"], r["type"], r.get("ttl"), r.get("old"), r.get("value"))
        for r in plain["records"]
    )
    return Fix(
        _text(plain["text"]), Effort(plain["effort"]), Owner(plain["owner"]), plain["safe"], records, plain["reaudited"]
    )


def _read_answer(plain: dict[str, Any]) -> Answer:
    records = tuple(_text(r) for r in plain["records"])
    bare = Answer(
        name=_text(plain["name"]),
        rdtype=_text(plain["type"]),
        status=Status(plain["status"]),
        records=tuple(sorted(records)),
    )
    return Answer(
        name=bare.name,
        rdtype=bare.rdtype,
        status=bare.status,
        records=bare.records,
        strings=_strings(bare, plain.get("strings")),
        ttl=plain.get("ttl"),
        cname_chain=tuple(plain.get("cname_chain", ())),
        authenticated=plain.get("authenticated"),
        truncated=bool(plain.get("truncated", False)),
        source=plain.get("source"),
        ms=plain.get("ms"),
    )


def _strings(answer: Answer, split: Plain) -> tuple[tuple[bytes, ...], ...]:
    """The character-strings of each record. Where somebody edited `records` alone, the records are right."""
    whole = _one_string_each(answer)
    if not split:
        return whole
    strings = {"".join(record): tuple(s.encode("latin-1") for s in record) for record in split}
    return tuple(strings.get(text, one) for text, one in zip(answer.records, whole, strict=True))
