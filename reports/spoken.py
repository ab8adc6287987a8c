"""An audit document in the language that is spoken: the same document, its prose said anew. In English it is itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from deliverability.checks._check import Check, prose_of
from deliverability.document import Audit
from deliverability.findings import Evidence, Finding, Fix, Outcome
from deliverability.lookup.answer import Status
from deliverability.reports.language import ENGLISH, _, language, translated
from deliverability.reports.prose import Said, prose, recognised

Known = dict[str, str]
"""English texts of one document → the same in the language that is spoken."""


def spoken(audit: Audit) -> Audit:
    """`audit` with its prose in the language that is spoken."""
    if language() == ENGLISH:
        return audit
    known = known_titles(audit.findings)
    findings = tuple(spoken_finding(finding, known) for finding in audit.findings)
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


def _remember(finding: Finding, known: Known) -> None:
    """Keep what the finding says, which the verdict, reasons and other findings may say again."""
    title, settle = _titled(finding, {}), _settled(finding)
    known |= {finding.title: title, f"{finding.title}.": Said(f"{title}.")}
    if finding.settle:
        known |= {finding.settle: settle, f"{finding.title}. {finding.settle}": Said(f"{title}. {settle}")}


def known_titles(findings: Iterable[Finding]) -> Known:
    """What `findings` say, by its English: for a text that repeats it."""
    known: Known = {}
    if language() != ENGLISH:
        for finding in findings:
            _remember(finding, known)
    return known


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


def spoken_finding(finding: Finding, known: Mapping[str, str] | None = None) -> Finding:
    """`finding` in the language that is spoken; `known` has what its document says elsewhere."""
    if language() == ENGLISH:
        return finding
    said = known or {}
    return replace(
        finding,
        title=_titled(finding, said),
        fix=finding.fix and _fixed(finding, finding.fix, said),
        evidence=tuple(_evidence(row) for row in finding.evidence),
        settle=_settled(finding),
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


def spoken_title(check: str, title: str) -> str:
    """The title of a finding of which nothing else is known."""
    known = _checks().get(check) if language() != ENGLISH else None
    for case, template in known.titles.items() if known else ():
        translation = translated(f"{check}.title.{case}")
        if translation and (said := recognised(template, translation, title)):
            return said
    return prose(title)


def _settled(finding: Finding) -> str:
    return _manual(finding.check, "settle", finding.settle) or prose(finding.settle)


def _titled(finding: Finding, known: Mapping[str, str]) -> str:
    check = _checks().get(finding.check)
    return (check and _title(check, finding, known)) or spoken_title(finding.check, finding.title)


def _title(check: Check, finding: Finding, known: Mapping[str, str]) -> str | None:
    case = finding.case if finding.case in check.titles else finding.outcome.value
    if case in check.titles:
        return _anew(finding, finding.title, check.titles[case], f"{check.id}.title.{case}", known)
    if finding.outcome is Outcome.ERROR or finding.title != check.title(finding.case, finding.outcome, finding.data):
        return None
    rule = (translated(f"{check.id}.ask") or check.ask).removesuffix(".")
    if finding.outcome is Outcome.UNKNOWN:
        return Said(_("It is not known whether {rule}").format(rule=rule))
    return Said(_("Does not apply: {rule}").format(rule=rule) if finding.outcome is Outcome.NOT_APPLICABLE else rule)


def _fixed(finding: Finding, fix: Fix, known: Mapping[str, str]) -> Fix:
    check, said = _checks().get(finding.check), None
    if check is not None:
        own = finding.case in check.fixes
        template = check.fixes[finding.case] if own else check.fix
        key = f"{check.id}.fix.{finding.case}" if own else f"{check.id}.fix"
        said = _anew(finding, fix.text, template, key, known)
    return replace(fix, text=said or prose(fix.text))


def _anew(finding: Finding, english: str, template: str, key: str, known: Mapping[str, str]) -> str | None:
    """The translation of `template` filled with the finding's data; None unless `english` is `template` so filled.

    A document may be of another version, or edited: then its own words are what counts.
    """
    translation = translated(key)
    try:
        if translation is None or prose_of(template, finding.data) != english:
            return None
        data = {name: prose(one, known) if isinstance(one, str) else one for name, one in finding.data.items()}
        return Said(prose_of(translation, data))
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _evidence(row: Evidence) -> Evidence:
    note = row.note if row.note in set(Status) else prose(row.note)
    if row.rdtype:  # its name and its text are DNS's
        return replace(row, note=note)
    return replace(row, name=prose(row.name), text=prose(row.text), note=note)
