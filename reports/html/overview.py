"""Findings laid out for the page: topics at a glance, and the clumps in which they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Outcome, Role, Severity
from deliverability.reports import words
from deliverability.reports.arrange import Groups
from deliverability.reports.language import N_, _, ngettext
from deliverability.verdict import Word

MAX_ALIKE = 3
"""Findings that the same would settle and that are still shown in full; more are a list under what settles them."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One family at a glance: its plain name, how it stands, and its findings in numbers."""

    name: str
    tone: str
    shape: str
    word: str
    counts: str


@dataclass(frozen=True, slots=True)
class Clump:
    """Findings that ask the same of the reader. `explained`: with why they matter; `folded`: closed on a screen."""

    id: str
    title: str
    intro: str
    members: Sequence[Finding]
    explained: bool = False
    folded: bool = False


def blockers(groups: Groups, word: Word, role: Role) -> str:
    """How many faults keep mail from being sent; of a domain that is to send none, how many are to be mended."""
    number = len(groups.required)
    if role is not Role.SENDING:
        return ngettext("{number} required repair", "{number} required repairs", number).format(number=number)
    if not number:
        return _("nothing seen that blocks sending") if word is Word.UNDETERMINED else _("nothing blocks sending")
    return ngettext("{number} fault blocks sending", "{number} faults block sending", number).format(number=number)


def clumps(groups: Groups) -> list[Clump]:
    """Findings in the order in which they are read; what passed is folded away, what could not be seen is not."""
    found = (
        Clump("required", _("Required"), _("These decide whether mail arrives."), groups.required, explained=True),
        Clump(
            "recommended",
            _("Recommended or optional"),
            _("Mail arrives without these today."),
            groups.recommended,
            explained=True,
        ),
        Clump(
            "unknown",
            _("Could not check"),
            _("Not seen is not the same as absent, and counts neither for nor against the domain."),
            groups.unknown,
            explained=True,
        ),
        Clump(
            "unasked",
            _("Nothing to judge yet"),
            _(
                "These checks read more than DNS, and nothing was given to them. They count neither for nor against"
                " the domain."
            ),
            groups.unasked,
        ),
        Clump("notes", _("Notes"), _("Neither good nor bad."), groups.notes),
        Clump("passed", _("Passed"), "", groups.passed, folded=True),
        Clump("not-applicable", _("Does not apply"), "", groups.not_applicable, folded=True),
    )
    return [clump for clump in found if clump.members]


def alike(findings: Sequence[Finding]) -> list[tuple[str, Sequence[Finding]]]:
    """What would settle many of `findings` at once, with those; last, under no such text, those that stand alone."""
    settles = Counter(finding.settle for finding in findings if finding.settle)
    many = [settle for settle, number in settles.items() if number > MAX_ALIKE]
    alone = [finding for finding in findings if finding.settle not in many]
    return [*((settle, [f for f in findings if f.settle == settle]) for settle in many), ("", alone)]


def topics(findings: Iterable[Finding]) -> list[Topic]:
    """Each family at a glance, in report order."""
    return [_topic(name, members) for name, members in by_family(findings)]


def by_family(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings under their family's plain name, families in the order in which they first stand."""
    families: dict[str, list[Finding]] = {}
    for finding in findings:
        families.setdefault(words.family(finding.check), []).append(finding)
    return list(families.items())


def _topic(name: str, findings: Sequence[Finding]) -> Topic:
    number = Counter(f.outcome for f in findings)
    grave = sum(f.outcome is Outcome.FAIL and f.severity.at_least(Severity.HIGH) for f in findings)
    unasked = sum(f.is_unasked for f in findings)
    unknown = number[Outcome.UNKNOWN] + number[Outcome.ERROR] - unasked
    lesser = number[Outcome.FAIL] - grave
    said = (
        (grave, N_("{number} required")),
        (lesser, N_("{number} advised")),
        (unknown, N_("{number} not seen")),
        (number[Outcome.PASS], N_("{number} passed")),
        (unasked, N_("{number} nothing to judge")),
    )
    counts = " · ".join(_(text).format(number=count) for count, text in said if count)
    if grave:
        return Topic(name, "bad", "▲", _("to fix"), counts)
    if lesser:
        return Topic(name, "bad", "△", _("can be better"), counts)
    if unknown:
        return Topic(name, "open", "◇", _("not all seen"), counts)
    if number[Outcome.PASS]:
        return Topic(name, "good", "●", _("in order"), counts)
    if unasked:
        return Topic(name, "none", "–", _("nothing to judge yet"), counts)
    return Topic(name, "none", "–", _("does not apply"), counts)
