"""One audit: facts that the checks want, gathered concurrently, judged, and every fix tried before it is shown."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deliverability import RULESET, __version__
from deliverability.asking import AuditResolver
from deliverability.checks import CHECKS
from deliverability.checks._check import Check
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome, Subject
from deliverability.gather import Inquiry, gather
from deliverability.lookup import RecordingResolver, Resolver
from deliverability.plain import to_plain
from deliverability.repair import tried
from deliverability.verdict import decide, next_best_fix


class UnknownCheck(ValueError):
    """A --select or --ignore that no check's id matches."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same over all domains of a run and goes into each document."""

    checks: tuple[Check, ...]
    options: Mapping[str, Any]
    vantage: Mapping[str, Any]
    started_at: datetime


def selected(
    select: Sequence[str] = (), ignore: Sequence[str] = (), checks: Sequence[Check] = CHECKS
) -> tuple[Check, ...]:
    """The checks whose id matches any of `select` (all, if there is none) and none of `ignore`; globs are welcome.

    Raises UnknownCheck for a pattern that matches nothing: a typing error must not switch a gate off.
    """
    for pattern in (*select, *ignore):
        if not any(fnmatch.fnmatchcase(c.id, pattern) for c in checks):
            raise UnknownCheck(f"no check is called {pattern!r} (deliv checks lists them)")
    chosen = [c for c in checks if not select or any(fnmatch.fnmatchcase(c.id, p) for p in select)]
    return tuple(c for c in chosen if not any(fnmatch.fnmatchcase(c.id, p) for p in ignore))


async def audit_domain(inquiry: Inquiry, resolver: Resolver, setting: Setting) -> Audit:
    """Audit one domain through `resolver`."""
    recorder = RecordingResolver(AuditResolver(resolver))
    facts = await gather(inquiry, recorder, _needs(setting.checks))
    findings = judge(setting.checks, facts, inquiry.domain)
    findings = await _try_fixes(inquiry, recorder, setting.checks, facts, findings)
    subject = _subject(facts)
    return Audit(
        deliv_version=__version__,
        ruleset=RULESET,
        subject=subject,
        started_at=setting.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        options=setting.options,
        vantage=setting.vantage,
        verdict=decide(subject, findings),
        next_best_fix=next_best_fix(findings, {c.id: c.why for c in setting.checks}),
        findings=findings,
        facts={name: to_plain(value) for name, value in facts.items() if name != "subject" and not _is_fault(value)},
        dns=tuple(recorder.answers),
        listings={name: names for name, names in recorder.listings.items() if names is not None},
    )


def _needs(checks: Iterable[Check]) -> set[str]:
    return {"subject"}.union(*(c.needs for c in checks))


def _is_fault(value: object) -> bool:
    return isinstance(value, Exception)


def _subject(facts: Mapping[str, Any]) -> Subject:
    subject = facts["subject"]
    if not isinstance(subject, Subject):
        raise subject
    return subject


def judge(checks: Iterable[Check], facts: Mapping[str, Any], domain: str) -> tuple[Finding, ...]:
    """What each check says of the facts. A crash, in gathering or in judging, is an `error` of that check alone."""
    return tuple(finding for check in checks for finding in _judge_one(check, facts, domain))


def _judge_one(check: Check, facts: Mapping[str, Any], domain: str) -> list[Finding]:
    fault = next((facts[name] for name in check.needs if _is_fault(facts[name])), None)
    if fault is not None:
        return [_error(check, domain, fault)]
    try:
        return check.judge(facts, domain)
    except Exception as error:  # noqa: BLE001 - our own fault must never hide the other checks' findings
        return [_error(check, domain, error)]


def _error(check: Check, domain: str, error: Exception) -> Finding:
    return Finding(
        check=check.id,
        outcome=Outcome.ERROR,
        severity=check.severity,
        subject=domain,
        case="error",
        title=f"deliv itself failed here: {check.ask.removesuffix('.')}",
        data={"error": f"{type(error).__name__}: {error}"[:300]},
        references=check.references,
        settle="This is a fault of deliv's, not of the domain; please report it with the audit's JSON.",
    )


async def _try_fixes(
    inquiry: Inquiry,
    resolver: Resolver,
    checks: Sequence[Check],
    facts: Mapping[str, Any],
    findings: tuple[Finding, ...],
) -> tuple[Finding, ...]:
    by_id = {c.id: c for c in checks}

    async def reaudit(overlaid: Resolver, finding: Finding) -> Sequence[Finding]:
        needs = set(by_id[finding.check].needs) | {"subject"}
        neighbours = [c for c in checks if needs.issuperset(c.needs)]
        # the role was judged on what is published; a proposed record must not excuse itself by changing it
        changed = {**await gather(inquiry, overlaid, needs - {"subject"}), "subject": facts["subject"]}
        return judge(neighbours, changed, inquiry.domain)

    return tuple(await asyncio.gather(*(tried(f, resolver, findings, reaudit) for f in findings)))
