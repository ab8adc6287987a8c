"""One audit: facts that the checks want, gathered concurrently, judged, and every fix tried before it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from itertools import chain
from typing import TYPE_CHECKING, Any

from deliverability import RULESET, __version__
from deliverability.arbitration import next_best_fix
from deliverability.asking import Inquiry, Setting
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome, Subject
from deliverability.gather import GATHERERS, INPUTS, begin, finish, gather
from deliverability.lookup import RecordingResolver, Resolver
from deliverability.messages.given import ENGINES
from deliverability.plain import to_plain
from deliverability.repair import tried
from deliverability.verdict import decide

if TYPE_CHECKING:
    from deliverability.checks._check import Check
    from deliverability.checks._thresholds import Lines
    from deliverability.inputs import Beside


FINDINGS = "findings"
"""The fact that is what the other checks said: for those that tie what happened to its cause."""
LINES = "lines"
"""The fact that is the lines which figures are judged by: deliv's own, or a policy's."""
_KEPT = {"subject", "message", *ENGINES, LINES, *INPUTS}
"""Facts that have a place of their own in the document."""


async def audit_domain(
    inquiry: Inquiry, resolver: Resolver, setting: Setting, checks: Sequence[Check] | None = None
) -> Audit:
    """Audit one domain through `resolver`, by `checks` where they are given, else by those that `setting` selects."""
    recorder = RecordingResolver(resolver)
    facts, chosen = await _look(inquiry, recorder, setting, checks)
    findings = judge(chosen, facts, inquiry.domain)
    findings = await _try_fixes(inquiry, recorder, chosen, facts, findings)
    subject = _subject(facts)
    audit = Audit(
        deliv_version=__version__,
        ruleset=RULESET,
        subject=subject,
        started_at=setting.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        options={**setting.options, **_own_options(inquiry)},
        vantage=setting.vantage,
        verdict=decide(subject, findings),
        next_best_fix=next_best_fix(findings, {c.id: c.why for c in chosen}, inquiry.inputs),
        findings=findings,
        facts={name: to_plain(value) for name, value in facts.items() if _is_kept(name, value)},
        dns=tuple(recorder.answers),
        rates=inquiry.inputs.rates_document,
        comparison=inquiry.inputs.comparison,
        observations=inquiry.inputs.observations(),
        listings={name: names for name, names in recorder.listings.items() if names is not None},
    )
    return _laid_beside(audit, inquiry.inputs.beside) if inquiry.inputs.beside else audit


def _laid_beside(audit: Audit, beside: Beside) -> Audit:
    """The audit whose comparison has its findings, and those of the audit before, beside the change."""
    from deliverability.comparison import laid_beside, to_document  # noqa: PLC0415 - only where a change was named

    found = laid_beside(beside.comparison, beside.previous, audit, beside.table)
    return replace(audit, comparison=to_document(found))


async def _look(
    inquiry: Inquiry, resolver: Resolver, setting: Setting, checks: Sequence[Check] | None
) -> tuple[dict[str, Any], Sequence[Check]]:
    """The facts that the checks want, and the checks; all checks are loaded only once the questions are out."""
    if checks is None and (setting.select or setting.ignore or setting.judging.severities):
        checks = _selected(setting)
    looking = await begin(inquiry, resolver, GATHERERS if checks is None else _needs(checks))
    if checks is None:
        checks = _selected(setting)
    return {**await finish(looking), LINES: _lines(setting)}, checks


def _lines(setting: Setting) -> Lines:
    from deliverability.checks._thresholds import Lines  # noqa: PLC0415 - loaded with the checks

    return setting.judging.lines or Lines()


def _own_options(inquiry: Inquiry) -> dict[str, Any]:
    """What a policy can know of each domain by itself, as this domain was asked about."""
    return {
        "selectors": list(inquiry.selectors),
        "ips": list(inquiry.ips),
        "helo": inquiry.helo,
        "role": inquiry.role,
    }


def _selected(setting: Setting) -> Sequence[Check]:
    from deliverability.selection import selected  # noqa: PLC0415 - loads every check

    return selected(setting.select, setting.ignore, setting.judging)


def _needs(checks: Iterable[Check]) -> set[str]:
    return {"subject"}.union(*(c.needs for c in checks)) - {FINDINGS, LINES}


def _is_kept(name: str, value: object) -> bool:
    """Whether it stands among the document's facts: facts about a message are there where one was given."""
    return name not in _KEPT and value is not None and not _is_fault(value)


def _is_fault(value: object) -> bool:
    return isinstance(value, Exception)


def _subject(facts: Mapping[str, Any]) -> Subject:
    subject = facts["subject"]
    if not isinstance(subject, Subject):
        raise subject
    return subject


def judge(checks: Iterable[Check], facts: Mapping[str, Any], domain: str) -> tuple[Finding, ...]:
    """What each check says of the facts. A crash, in gathering or in judging, is an `error` of that check alone."""
    chosen = list(checks)
    plain = {c.id: _judge_one(c, facts, domain) for c in chosen if FINDINGS not in c.needs}
    so_far = {**facts, FINDINGS: tuple(chain.from_iterable(plain.values()))}
    return tuple(chain.from_iterable(plain.get(c.id) or _judge_one(c, so_far, domain) for c in chosen))


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
        severity=check.graded or check.severity,
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
        changed = {**await gather(inquiry, overlaid, needs - {"subject"}), **{n: facts[n] for n in ("subject", LINES)}}
        return judge(neighbours, changed, inquiry.domain)

    return tuple(await asyncio.gather(*(tried(f, inquiry.domain, resolver, findings, reaudit) for f in findings)))
