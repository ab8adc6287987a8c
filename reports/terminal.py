"""The terminal report: verdict, next best fix, findings worst first with their evidence, one line that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deliverability.checks._check import Check
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome
from deliverability.reports import words
from deliverability.reports.arrange import Groups, by_settle, counts, grouped, the_next
from deliverability.reports.blocks import full_block, short_block
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.language import _
from deliverability.reports.layout import Canvas, cells, wrapped
from deliverability.reports.spoken import spoken, spoken_check
from deliverability.reports.words import both_forms, shown
from deliverability.verdict import Word

_VERDICT_COLORS: Mapping[Word, str] = {
    Word.SEND: "green",
    Word.FIX_FIRST: "red",
    Word.DO_NOT_SEND: "red",
    Word.UNDETERMINED: "yellow",
}
_MARGIN = 2
_HEADED = 12


def render(
    audits: Sequence[Audit],
    *,
    width: int,
    color: bool,
    quiet: bool = False,
    verbose: bool = False,
    manual: Mapping[str, Check] = MANUAL,
) -> str:
    """The report of one or several audits, each line at most `width` cells (60 at least), ending in a newline.

    `color` allows SGR sequences; without it the text has no escape at all. `quiet` leaves the verdict lines alone;
    `verbose` adds what passed and what does not apply. `manual` says why a check matters, by its id.
    """
    canvas = Canvas.of(width, color=color)
    audits = [spoken(audit) for audit in audits]
    if quiet:
        return "".join(f"{line}\n" for audit in audits for line in headline(canvas, audit))
    reports = ["".join(f"{line}\n" for line in _report(canvas, a, manual, verbose=verbose)) for a in audits]
    return "\n".join([*reports, _summary(audits)] if len(audits) > 1 else reports)


def headline(canvas: Canvas, audit: Audit) -> list[str]:
    """The verdict on one line: `example.com · sending · fix first`; on several where the name is too long."""
    word, role = audit.verdict.word, words.ROLES[audit.subject.role]
    *above, domain = wrapped(shown(both_forms(audit.subject.domain)), canvas.width)
    named = words.verdict(word, audit.subject.role)
    condition = " · " + _("with the proposed records") if audit.options.get("overlay") else ""
    plain = f"{domain} · {role} · {named}{condition}"
    verdict = canvas.paint(named, "bold", _VERDICT_COLORS[word]) + condition
    if cells(plain) > canvas.width:
        return [*above, domain, f"· {role} · {verdict}"]
    return [*above, f"{canvas.paint(domain, 'bold')} · {role} · {verdict}"]


def _summary(audits: Sequence[Audit]) -> str:
    verdicts = Counter(words.verdict(audit.verdict.word, audit.subject.role) for audit in audits)
    parts = [
        _("{n} {verdict}").format(n=verdicts[text], verdict=text)
        for text in (_(words.CLEAR), *words.VERDICTS.values())
        if verdicts[text]
    ]
    return _("{n} domains: {verdicts}").format(n=len(audits), verdicts=" · ".join(parts)) + "\n"


def _report(canvas: Canvas, audit: Audit, manual: Mapping[str, Check], *, verbose: bool) -> list[str]:
    groups = grouped(audit.findings)
    whys = _whys(audit, groups, manual)

    def full(findings: Sequence[Finding]) -> list[list[str]]:
        domain = audit.subject.domain
        return [full_block(canvas, f, domain=domain, why=whys.get(id(f), ""), verbose=verbose) for f in findings]

    def short(findings: Sequence[Finding]) -> list[list[str]]:
        return [[line for f in findings for line in short_block(canvas, f)]] if findings else []

    blocks = [_verdict(canvas, audit), _next_fix(canvas, audit), *_given(canvas, audit), *full(groups.failed)]
    blocks += _under(canvas, _("Could not check"), full(_settled_once(groups.unknown)))
    blocks += _under(canvas, _("Nothing to judge yet"), [_unasked(canvas, groups)] if groups.unasked else [])
    blocks += _under(canvas, _("Notes"), full(groups.notes) if verbose else short(groups.notes))
    if verbose:
        blocks += _under(canvas, _("Passed"), short(groups.passed))
        blocks += _under(canvas, _("Does not apply"), short(groups.not_applicable))
    return "\n\n".join("\n".join(block) for block in [*blocks, _count(canvas, groups)]).split("\n")


def _settled_once(findings: Sequence[Finding]) -> list[Finding]:
    """What would settle a finding stands below the first that it settles."""
    first = {finding.settle: finding for finding in reversed(findings)}
    return [f if first[f.settle] is f else replace(f, settle="") for f in findings]


def _given(canvas: Canvas, audit: Audit) -> list[list[str]]:
    if not audit.observations:
        return []
    from deliverability.reports.given_blocks import given_blocks  # noqa: PLC0415 - only where something was given

    return given_blocks(canvas, audit)


def _unasked(canvas: Canvas, groups: Groups) -> list[str]:
    lines: list[str] = []
    for settle, checks in by_settle(groups.unasked).items():
        first, *rest = canvas.paragraph(settle, _MARGIN)
        lines += [words.SHAPES[Outcome.UNKNOWN] + first[1:], *rest]
        lines += canvas.paragraph(", ".join(checks), 4, "dim")
    return lines


def _whys(audit: Audit, groups: Groups, manual: Mapping[str, Check]) -> dict[int, str]:
    """Why it matters, for the first fault of each check; the next best fix has said it for its own."""
    said = [audit.next_best_fix.check] if audit.next_best_fix else []
    whys: dict[int, str] = {}
    for finding in groups.failed:
        if finding.check in manual and finding.check not in said:
            whys[id(finding)] = spoken_check(manual[finding.check]).why
            said.append(finding.check)
    return whys


def _under(canvas: Canvas, title: str, blocks: list[list[str]]) -> list[list[str]]:
    return [[canvas.paint(title, "bold"), *blocks[0]], *blocks[1:]] if blocks else []


def _verdict(canvas: Canvas, audit: Audit) -> list[str]:
    verdict = audit.verdict
    lines = [*headline(canvas, audit), *canvas.paragraph(verdict.sentence, _MARGIN)]
    if verdict.why_not_more_certain and verdict.word is not Word.UNDETERMINED:
        lines += canvas.paragraph(_("Not wholly certain: see what could not be checked, below."), _MARGIN, "dim")
    return lines


def _next_fix(canvas: Canvas, audit: Audit) -> list[str]:
    choice, finding = audit.next_best_fix, the_next(audit)
    if choice is None:
        clear = audit.verdict.word is Word.SEND
        return canvas.paragraph(
            _("No action needed.") if clear else _("Nothing that was seen needs a repair."), _MARGIN
        )
    lines = canvas.paragraph(finding.title if finding else choice.check, _HEADED, "bold", head="  " + _("fix next"))
    lines += canvas.paragraph(words.sentence(choice.why), _HEADED)
    if finding and finding.fix:
        lines += canvas.paragraph(words.effort(finding.fix), _HEADED, "dim")
    return lines


def _count(canvas: Canvas, groups: Groups) -> list[str]:
    """One line that counts, with the command that explains the worst of it."""
    *above, last = canvas.packed(counts(groups))
    worst = next(iter(groups.failed + groups.unknown), None)
    return above + (canvas.ends(last, f"deliv explain {shown(worst.check)}") if worst else [last])
