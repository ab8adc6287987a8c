"""Markdown for people: the summary of a CI step, or a comment on a change. Decision, next fix, reasons, the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from deliverability.diff import diff
from deliverability.document import Audit
from deliverability.findings import Finding, Fix
from deliverability.gate.model import Decision, Gate, Taken
from deliverability.policy.model import OnUnknown
from deliverability.reports import words
from deliverability.reports.arrange import the_next
from deliverability.reports.ci.escape import code
from deliverability.reports.ci.escape import prose as said
from deliverability.reports.ci.items import LISTED, MAX_NAME, MAX_OWNER, Item, cut, items, sentences, worst_first
from deliverability.reports.ci.page import Page
from deliverability.reports.diff import PROPOSED
from deliverability.reports.language import N_, Words, _, counted
from deliverability.reports.spoken import spoken_finding
from deliverability.reports.spoken_gate import spoken_gate
from deliverability.verdict import Word

MAX_VERDICTS = 20
"""Domains whose verdict is shown; the rest are counted. Ours: a screen."""
MAX_RECORD = 4_000
"""Characters of a record that is shown. RFC 1035 §3.3.14: it may have 65,535 octets; a key of 4,096 bits has 740."""
MAX_START = 80
"""Characters shown of one that is longer."""

HEADS: Mapping[Decision, str] = Words(
    {
        Decision.OPEN: N_("The gate is open"),
        Decision.CLOSED: N_("The gate is closed"),
        Decision.UNDETERMINED: N_("The gate is undetermined"),
    }
)
Cells = tuple[str, str, str, str]
"""Severity, check, domain and finding."""
_VERDICTS = (Word.DO_NOT_SEND, Word.FIX_FIRST, Word.UNDETERMINED, Word.SEND)


def render(gate: Gate) -> str:
    """The page, in the language that is spoken, small enough for a comment; what has no room is counted."""
    gate = spoken_gate(gate)
    listed = worst_first(items(gate, LISTED))
    page = Page()
    page.say(f"## {HEADS[gate.decision]}", "", _decision(gate, listed))
    _verdicts(page, gate)
    _next_fix(page, gate)
    _items(page, gate, _("Why"), [item for item in listed if item.taken in {Taken.CLOSES, Taken.UNSETTLED}])
    # what was there before does not close the gate; what does is new or worse
    _items(page, gate, _("Known from the baseline"), [item for item in listed if item.taken is Taken.KNOWN])
    _proposed(page, gate)
    _items(page, gate, _("Warnings"), [item for item in listed if item.taken is Taken.WARNS])
    _waived(page, gate)
    _notes(page, gate)
    page.say("", _count(gate))
    return page.text()


def _decision(gate: Gate, listed: Sequence[Item]) -> str:
    taken = Counter(item.taken for item in listed)
    parts: list[str] = []
    if taken[Taken.CLOSES]:
        parts.append(counted(taken[Taken.CLOSES], "{n:,} reason closes it", "{n:,} reasons close it"))
    if taken[Taken.UNSETTLED]:
        parts.append(counted(taken[Taken.UNSETTLED], "{n:,} point is not settled", "{n:,} points are not settled"))
    if not parts:
        parts.append(_("Nothing that was checked closes it"))
    severity = words.SEVERITIES[gate.fail_on]
    line = _("It closes on faults of severity {severity} or worse.").format(severity=severity)
    sent = " · ".join(parts) + "."
    lenient = gate.decision is Decision.UNDETERMINED and gate.on_unknown is not OnUnknown.FAIL
    return " ".join([sent, line, *([_("What is not settled does not stop the job here.")] if lenient else [])])


def _verdicts(page: Page, gate: Gate) -> None:
    ranked = sorted(gate.audits, key=lambda audit: _VERDICTS.index(audit.verdict.word))
    rows: list[tuple[str, ...]] = [
        (
            code(cut(a.subject.domain, MAX_NAME)),
            words.verdict(a.verdict.word, a.subject.role),
            said(cut(a.verdict.sentence)),
        )
        for a in ranked[:MAX_VERDICTS]
    ]
    heads: tuple[str, ...] = (_("Domain"), _("Verdict"), _("In short"))
    if gate.owners:
        heads = (*heads, _("Owner"))
        rows = [(*row, _owner(gate, a.subject.domain) or "–") for row, a in zip(rows, ranked, strict=False)]
    if rows:
        page.table(None, heads, rows, total=len(ranked))


def _owner(gate: Gate, domain: str) -> str:
    """Who is to be told of a domain, as it stands in a cell; empty where the policy names nobody."""
    return said(cut(gate.owners.get(domain, ""), MAX_OWNER))


def _next_fix(page: Page, gate: Gate) -> None:
    """The next best fix of the domain that the worst reason is about, else of the first that has one."""
    first = {reason.domain: place for place, reason in reversed(list(enumerate(gate.reasons)))}
    audits = sorted(gate.audits, key=lambda audit: first.get(audit.subject.domain, len(gate.reasons)))
    audit = next((a for a in audits if a.next_best_fix), None)
    if audit is None:
        return
    finding = the_next(audit)
    page.say("", "### " + _("Next fix"), "")
    if finding is None:
        page.say(code(cut(audit.next_best_fix.check if audit.next_best_fix else "")))
        return
    page.say(f"**{code(cut(audit.subject.domain))}** {said(sentences(cut(finding.title)))}")
    _fix(page, audit, finding)


def _fix(page: Page, audit: Audit, finding: Finding) -> None:
    why = audit.next_best_fix.why if audit.next_best_fix else ""
    fix = finding.fix
    if fix is not None:
        page.say("", said(sentences(words.sentence(cut(fix.text)), words.sentence(cut(why)))))
        page.block(_records(fix))
        careful = "" if fix.safe else _("careful: this can stop mail that arrives today")
        tried = _("tried by deliv: with this published, the finding is gone") if fix.reaudited else ""
        page.say("", sentences(*(remark[:1].upper() + remark[1:] for remark in (careful, tried, words.effort(fix)))))


def _records(fix: Fix) -> list[str]:
    """The lines to publish. One that is too long to be shown whole is a comment, so that no half of it is pasted."""
    if not fix.records:
        return []
    from deliverability.reports.html.zonefile import zone_lines  # noqa: PLC0415 - the page's room, for records alone

    lines = [words.shown(line) for line in zone_lines(fix.records)]
    return [line if len(line) <= MAX_RECORD else f"; {cut(line, MAX_START)}" for line in lines]


def _items(page: Page, gate: Gate, title: str, listed: Sequence[Item]) -> None:
    several = len(gate.audits) > 1
    _table(page, title, [_item(item, _owner(gate, item.domain) if several else "") for item in listed])


def _table(page: Page, title: str, rows: Sequence[Cells]) -> None:
    if rows:
        page.table(title, (_("Severity"), _("Check"), _("Domain"), _("Finding")), rows)


def _item(item: Item, owner: str) -> Cells:
    about = code(item.subject) + ": " if item.subject not in {"", item.domain} else ""
    what = about + said(sentences(item.title, item.why, item.settle))
    whose = code(item.domain) + (f" ({owner})" if owner else "")
    return words.SEVERITIES[item.severity], code(item.check), whose, what


def _proposed(page: Page, gate: Gate) -> None:
    """What the proposed records break and mend."""
    found: dict[str, list[Cells]] = {kind: [] for kind in PROPOSED}
    for before, after in zip(gate.published, gate.audits, strict=False):
        changes = diff(before, after)
        for kind, rows in found.items():
            rows += [_change(after.subject.domain, change.shown) for change in getattr(changes, kind)]
    for kind, rows in found.items():
        _table(page, PROPOSED[kind], rows)
    if gate.published and not any(found.values()):
        page.say("", "### " + _("What the proposed records break and mend"), "", _("Nothing changed."))


def _change(domain: str, finding: Finding) -> Cells:
    finding = spoken_finding(finding)
    about = code(cut(finding.subject)) + ": " if finding.subject not in {"", domain} else ""
    title = about + said(sentences(cut(finding.title)))
    return words.SEVERITIES[finding.severity], code(finding.check), code(cut(domain, MAX_NAME)), title


def _waived(page: Page, gate: Gate) -> None:
    rows = [
        (
            code(cut(one.check)),
            code(cut(one.subject)),
            one.until.isoformat(),
            said(cut(one.reason)) or "–",
            said(cut(one.owner)) or "–",
        )
        for one in gate.waived
    ]
    if rows:
        heads = (_("Check"), _("Subject"), _("Until"), _("Reason"), _("Owner"))
        page.table(_("Waived"), heads, rows)


def _notes(page: Page, gate: Gate) -> None:
    if gate.notes:
        page.points(_("Notes"), [said(cut(note)) for note in gate.notes])


def _count(gate: Gate) -> str:
    taken = Counter(row.taken for row in gate.rows)
    parts = [_("{n} passed").format(n=taken[Taken.PASSES])]
    if taken[Taken.UNASKED]:
        parts.append(_("{n} could not be judged, and do not count").format(n=taken[Taken.UNASKED]))
    if taken[Taken.INAPPLICABLE]:
        parts.append(_("{n} not applicable").format(n=taken[Taken.INAPPLICABLE]))
    return " · ".join(parts)
