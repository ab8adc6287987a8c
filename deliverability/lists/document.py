"""Lists of recipients judged: the findings, the verdict, and the `deliv.recipients/1` document. No address is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deliverability import RULESET, __version__
from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Outcome, Role, Severity, Subject
from deliverability.plain import dumps_by_line, to_plain
from deliverability.recipients.facts import RecipientsFacts
from deliverability.sources import SOURCES
from deliverability.verdict import Verdict, Word, decide

if TYPE_CHECKING:
    from deliverability.checks._thresholds import Lines
    from deliverability.intake.trouble import Bad

SCHEMA = "deliv.recipients/1"
NO_DOMAIN = "list"
"""What findings are about where no sender's domain is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Lists, what the checks say of them, and what could not be read.

    - subject: the sender's domain, or `NO_DOMAIN`. refused: files that were not read, or not to their end.
    """

    subject: str
    started_at: datetime
    options: Mapping[str, Any]
    facts: RecipientsFacts
    findings: tuple[Finding, ...]
    verdict: Verdict
    refused: tuple[Bad, ...] = ()


def judged(
    facts: RecipientsFacts,
    *,
    domain: str = NO_DOMAIN,
    now: datetime,
    options: Mapping[str, Any] | None = None,
    lines: Lines | None = None,
    refused: Sequence[Bad] = (),
) -> Judged:
    """What the checks say of lists, and what that comes to. `lines` are a policy's, deliv's own where it is None."""
    from deliverability.audit import LINES, judge  # noqa: PLC0415 - loads every protocol's facts
    from deliverability.checks._thresholds import Lines as OwnLines  # noqa: PLC0415 - as above
    from deliverability.checks.recipients import RECIPIENTS  # noqa: PLC0415 - as above

    findings = judge(RECIPIENTS, {"recipients": facts, LINES: lines or OwnLines()}, domain)
    return Judged(
        subject=domain,
        started_at=now,
        options=options or {},
        facts=facts,
        findings=findings,
        verdict=_verdict(domain, findings),
        refused=tuple(refused),
    )


def _verdict(domain: str, findings: Sequence[Finding]) -> Verdict:
    """The word by the rules of an audit, with a sentence about a list."""
    found = decide(Subject(domain, Role.SENDING, ""), findings)
    faults = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    grave = [finding for finding in faults if finding.severity.at_least(Severity.HIGH)]
    if found.word is Word.UNDETERMINED:
        return found
    sentence = "Nothing that was checked speaks against mailing this list."
    if grave:
        worst = max(grave, key=lambda finding: finding.severity.rank)
        sentence = f"Not to be mailed as it is: {worst.title}."
    elif faults:
        sentence = f"It can be mailed; what would make it better: {faults[0].title}."
    return Verdict(found.word, sentence, found.why_not_more_certain)


def to_document(found: Judged) -> dict[str, Any]:
    """The document in JSON's own types."""
    facts = found.facts
    plain: dict[str, Any] = to_plain(facts)
    return {
        "schema": SCHEMA,
        "deliv_version": __version__,
        "ruleset": RULESET,
        "subject": found.subject,
        "started_at": found.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "options": to_plain(found.options),
        "verdict": to_plain(found.verdict),
        "input": {
            **_part(plain, "files", "rows", "empty", "bad", "bad_reasons", "encodings", "columns"),
            "refused": [{"file": bad.file, "reason": bad.reason, "detail": bad.detail} for bad in found.refused],
        },
        "addresses": {
            "valid": facts.addresses,
            **_part(plain, "invalid", "invalid_reasons", "invalid_lines", "wrapped", "international", "idn", "unique"),
            **_part(plain, "duplicates", "aliases", "disposable", "role", "roles", "slipped", "known_dead", "stopped"),
            **_part(plain, "by_provider"),
        },
        "domains": {
            "distinct": facts.domains,
            **_part(plain, "looked", "mail", "dead", "disposable_domains", "disposable_source", "slips"),
            **_part(plain, "slip_domains"),
        },
        **_part(plain, "suppressions", "history", "cleaned"),
        "findings": [_finding(finding) for finding in found.findings],
    }


def _part(plain: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: plain[name] for name in names}


def _finding(finding: Finding) -> dict[str, Any]:
    """As in an audit's document: each rule with the date of its source."""
    plain: dict[str, Any] = to_plain(finding)
    plain["references"] = [
        {"source": one.source, "section": one.section, "date": SOURCES[one.source].date} for one in finding.references
    ]
    return plain


def to_json(found: Judged) -> str:
    """The document as text, a line for each key and member."""
    return dumps_by_line(to_document(found))
