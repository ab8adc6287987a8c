"""An audit document in the language that is spoken: the same document, its prose said anew. In English it is itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from deliverability.checks._check import Check, prose_of
from deliverability.document import Audit
from deliverability.findings import Evidence, Finding, Fix, Outcome
from deliverability.lookup.answer import Status
from deliverability.reports.language import ENGLISH, _, language, translated
from deliverability.reports.prose import Said, prose

Known = dict[str, str]
"""English texts of one document → the same in the language that is spoken."""


def spoken(audit: Audit) -> Audit:
    """`audit` with its prose in the language that is spoken."""
    if language() == ENGLISH:
        return audit
    known: Known = {}
    findings = tuple(_remembered(finding, known) for finding in audit.findings)
    verdict, choice = audit.verdict, audit.next_best_fix
    if choice is not None:
        why = _manual(choice.check, "why", choice.why) or prose(choice.why, known)
        choice = replace(choice, why=why)
    return replace(
        audit,
        subject=replace(audit.subject, role_reason=prose(audit.subject.role_reason)),
        verdict=replace(
            verdict,
            sentence=prose(verdict.sentence, known),
            why_not_more_certain=tuple(prose(reason, known) for reason in verdict.why_not_more_certain),
        ),
        next_best_fix=choice,
        findings=findings,
    )


def _remembered(finding: Finding, known: Known) -> Finding:
    """`finding` said anew; what it said before is kept with what it says now."""
    said = spoken_finding(finding)
    for before, after in ((finding.title, said.title), (finding.settle, said.settle)):
        if before:
            known[before] = after
    if finding.settle:
        known[f"{finding.title}. {finding.settle}"] = Said(f"{said.title}. {said.settle}")
    elif finding.title:
        known[f"{finding.title}."] = Said(f"{said.title}.")
    return said


def spoken_check(check: Check) -> Check:
    """The manual page of `check` in the language that is spoken."""
    if language() == ENGLISH:
        return check
    return replace(
        check,
        ask=_manual(check.id, "ask", check.ask) or check.ask,
        why=_manual(check.id, "why", check.why) or check.why,
        fix=_manual(check.id, "fix", check.fix) or check.fix,
        settle=_manual(check.id, "settle", check.settle) or check.settle,
    )


def spoken_finding(finding: Finding) -> Finding:
    """`finding` in the language that is spoken."""
    if language() == ENGLISH:
        return finding
    check = _checks().get(finding.check)
    data = {name: _value(value) for name, value in finding.data.items()}
    return replace(
        finding,
        title=(check and _title(check, finding, data)) or prose(finding.title),
        fix=_fix(check, finding, finding.fix, data),
        evidence=tuple(_evidence(row) for row in finding.evidence),
        settle=_manual(finding.check, "settle", finding.settle) or prose(finding.settle),
    )


@cache
def _checks() -> Mapping[str, Check]:
    from deliverability.checks import CHECKS  # noqa: PLC0415 - English does without

    return {check.id: check for check in CHECKS}


def _manual(check: str, name: str, english: str) -> str | None:
    """What the catalogue has in the place of `english`, if that is what this version's check says."""
    known = _checks().get(check)
    if known is None or not english or getattr(known, name) != english:
        return None
    text = translated(f"{check}.{name}")
    return text and Said(text)


def _value(value: object) -> object:
    return prose(value) if isinstance(value, str) else value


def _title(check: Check, finding: Finding, data: Mapping[str, Any]) -> str | None:
    case = finding.case if finding.case in check.titles else finding.outcome.value
    if case in check.titles:
        return _anew(finding.title, check.titles[case], f"{check.id}.title.{case}", finding.data, data)
    if finding.outcome is Outcome.ERROR or finding.title != check.title(finding.case, finding.outcome, finding.data):
        return None
    rule = (translated(f"{check.id}.ask") or check.ask).removesuffix(".")
    if finding.outcome is Outcome.UNKNOWN:
        return Said(_("It is not known whether {rule}").format(rule=rule))
    return Said(_("Does not apply: {rule}").format(rule=rule) if finding.outcome is Outcome.NOT_APPLICABLE else rule)


def _fix(check: Check | None, finding: Finding, fix: Fix | None, data: Mapping[str, Any]) -> Fix | None:
    if fix is None:
        return None
    said = None
    if check is not None:
        own = finding.case in check.fixes
        template = check.fixes[finding.case] if own else check.fix
        key = f"{check.id}.fix.{finding.case}" if own else f"{check.id}.fix"
        said = _anew(fix.text, template, key, finding.data, data)
    return replace(fix, text=said or prose(fix.text))


def _anew(english: str, template: str, key: str, was: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """The translation of `template` filled with `data`; None unless `english` is what the template says of the data.

    A document may be of another version, or edited: then its own words are what counts.
    """
    translation = translated(key)
    try:
        if translation is None or prose_of(template, was) != english:
            return None
        return Said(prose_of(translation, data))
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _evidence(row: Evidence) -> Evidence:
    note = row.note if row.note in set(Status) else prose(row.note)
    if row.rdtype:  # its name and its text are DNS's
        return replace(row, note=note)
    return replace(row, name=prose(row.name), text=prose(row.text), note=note)
