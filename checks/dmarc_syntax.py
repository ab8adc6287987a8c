"""DMARC syntax: what receivers cannot read in a record, what that makes of it, and the record that was meant."""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._dmarc import MAX_ROWS, discarded, is_safe, published_at, record_name, replacing, row, shown
from deliverability.fastclass import dataclass
from deliverability.findings import Evidence, RecordChange, Severity
from deliverability.protocols.dmarc import (
    DiscoveryStatus,
    DmarcFacts,
    Effect,
    ProblemKind,
    Published,
    VersionFault,
    parse,
    repaired,
    version_fault,
)
from deliverability.sources import rfc

_NOTES = {
    ProblemKind.VALUE: "not a value of this tag",
    ProblemKind.NO_VALUE: "nothing after the equals sign",
    ProblemKind.MISSING: "no p tag",
    ProblemKind.MALFORMED: "not name=value",
    ProblemKind.EMPTY: "nothing between two semicolons",
    ProblemKind.DUPLICATE: "a second time",
    ProblemKind.URI: "not a usable URI",
    ProblemKind.CHARACTER: "a character that is not printable ASCII",
}
_VERSION_NOTES = {
    VersionFault.BEFORE: "stands before the version",
    VersionFault.NOT_FIRST: "the version is not first",
    VersionFault.MISSING: "no v=DMARC1 in front",
    VersionFault.SEPARATOR: "a semicolon belongs here",
    VersionFault.VALUE: "must be v=DMARC1, in capitals",
}
_SEVERITIES = {
    Effect.NO_DMARC: Severity.CRITICAL,
    Effect.ACTS_AS_NONE: Severity.HIGH,
    Effect.READERS_DIFFER: Severity.HIGH,
    Effect.LOST_REPORTS: Severity.MEDIUM,
    Effect.DEFAULT: Severity.LOW,
    Effect.IGNORED: Severity.LOW,
}


@dataclass(frozen=True, slots=True)
class _Fault:
    """One fault of a published text: the row that shows it, and what it comes to."""

    row: Evidence
    effect: Effect
    case: str
    severity: Severity
    tag: str = ""
    found: str = ""
    becomes: str = ""


@check(
    "dmarc-syntax",
    Severity.CRITICAL,
    rfc(9989, "4.7"),
    rfc(9989, "4.8"),
    rfc(9989, "4.10.1"),
    titles={
        "pass": "The DMARC record at {name} has no fault in it",
        "not_a_record": "The text at {name} is no DMARC record to any receiver",
        "no_dmarc": "The record at {name} has no usable {tag} tag and no report address, so no DMARC applies",
        "acts_as_none": "The record at {name} has no usable {tag} tag, so receivers read all of it as p=none",
        "readers_differ": "The record at {name} says {tag} twice with different values",
        "lost_reports": "The record at {name} sends {tag} reports to nowhere: {found!r} is no usable destination",
        "no_destination": "The record at {name} asks for {tag} reports and names no destination",
        "default": "The record at {name} has a bad value: {tag}={found} is read as {tag}={becomes}",
        "separator": "The record at {name} has a separator with nothing before it",
        "ignored": "The record at {name} has a part that receivers skip: {found!r}",
    },
    fixes={
        "not_a_record": "Let the text begin with exactly v=DMARC1 and a semicolon.",
        "no_dmarc": "Write p=none, p=quarantine or p=reject right after the version.",
        "acts_as_none": "Correct the {tag} tag; what receivers apply today is p=none, whatever was meant.",
        "lost_reports": "Write each destination as mailto:name@example.com, with a comma between two of them.",
        "no_destination": "Name a mailbox in {tag}, or leave the tag out.",
        "default": "Correct or remove the {tag} tag.",
        "separator": "Take the separator out.",
        "ignored": "Remove or correct the part shown.",
    },
)
def dmarc_syntax(dmarc: DmarcFacts) -> Judgements:
    """The DMARC record follows the grammar.

    Why it matters: receivers throw away what they cannot read and go on with defaults; at worst they apply none of it.

    How to fix: publish the corrected record; nothing but the faulty parts changes in it.
    """
    judged = _judged(dmarc)
    if judged is None:
        silent = dmarc.discovery.status is DiscoveryStatus.TEMPERROR
        return unknown(*dmarc.discovery.unanswered) if silent else not_applicable()
    texts = [record.text for record in judged.records] or [t for t in judged.others if version_fault(t)]
    faults = sorted((f for text in texts for f in _faults(judged.name, text)), key=lambda f: -f.severity.rank)
    if not faults and len(texts) > 1:
        return not_applicable()  # dmarc-single says why none of them counts
    if not faults:
        return passed(evidence=tuple(row(judged.name, text) for text in texts), name=judged.name)
    worst = faults[0]
    change, safe = _corrected(dmarc, judged, texts)
    return failed(
        case=worst.case,
        severity=worst.severity,
        evidence=tuple(fault.row for fault in faults[:MAX_ROWS]),
        records=change,
        safe=safe,
        name=judged.name,
        count=len(faults),
        effect=worst.effect.value,
        tag=shown(worst.tag),
        found=shown(worst.found),
        becomes=shown(worst.becomes),
    )


def _judged(dmarc: DmarcFacts) -> Published | None:
    """Whose text counts: the domain's own if a DMARC record stands or was meant there, else the one that applies."""
    if dmarc.own is not None and dmarc.own.records:
        return dmarc.own
    attempt = discarded(dmarc)
    if attempt is not None or dmarc.discovery.parsed is None:
        return attempt
    return published_at(dmarc, record_name(dmarc))


def _faults(name: str, text: str) -> Iterator[_Fault]:
    broken = version_fault(text)
    if broken is not None:
        fault, span = broken
        evidence = row(name, text, span, _VERSION_NOTES[fault])
        yield _Fault(evidence, Effect.NO_DMARC, "not_a_record", Severity.CRITICAL, "v", text[slice(*span)])
        return
    for problem in parse(text).problems:
        severity = _SEVERITIES[problem.effect]
        if problem.kind is ProblemKind.MISSING and problem.effect is Effect.ACTS_AS_NONE:
            severity = Severity.MEDIUM  # RFC 9989 §4.7 only recommends p: who leaves it out may well mean none
        becomes = f"; read as {problem.becomes}" if problem.becomes else ""
        evidence = row(name, text, problem.span, _NOTES[problem.kind] + becomes)
        case = problem.effect.value
        if problem.kind is ProblemKind.NO_VALUE and problem.effect is Effect.LOST_REPORTS:
            case = "no_destination"
        elif not problem.found and problem.effect is Effect.IGNORED:
            case = "separator"
        yield _Fault(evidence, problem.effect, case, severity, problem.tag, problem.found, problem.becomes)


def _corrected(dmarc: DmarcFacts, judged: Published, texts: list[str]) -> tuple[tuple[RecordChange, ...], bool]:
    if len(texts) != 1:
        return (), True
    record = repaired(texts[0])
    if record is None:
        return (), True
    records = replacing(dmarc, texts[0], record, judged.name)
    return records, not records or is_safe(parse(texts[0]), record)
