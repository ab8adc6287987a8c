"""What changed since an earlier audit, as the page lists it; a fault that only new rules see is no new fault."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deliverability.diff import Change, diff
from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding
from deliverability.reports import words
from deliverability.reports.html.view import TONES
from deliverability.reports.language import N_, _

KINDS: dict[str, str] = {
    "new": N_("New"),
    "changed": N_("Changed"),
    "undecided": N_("Cannot be told"),
    "rules": N_("Checked in one of the two audits only"),
    "still": N_("Still there"),
    "fixed": N_("Fixed"),
}
"""As `reports.diff.KINDS`, with what follows from another set of rules by itself."""
PROPOSED = {"new": N_("Broken"), "fixed": N_("Mended")}
"""What these are called where the two audits differ in nothing but records that are proposed."""
MAX_BRIEF = 2
"""Changes of one kind that a summary lists."""
MAX_OPEN = 6
"""Changes of one kind that stand open; further ones are folded, unless they are new or have become other faults."""
_FOLDED = frozenset({"still", "fixed", "rules"})
_IS_A_PLACE = re.compile(r"[.:]")


@dataclass(frozen=True, slots=True)
class Line:
    """One change: how it stands now, and how it stood where that was said otherwise. `gone`: no longer so.

    `place`: the name or address that it is about, where the title does not say it.
    """

    finding: Finding
    tone: str
    shape: str
    before: str
    gone: bool
    place: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one kind: `lines` stand open, `folded` are behind a fold; `more` were left out of a summary."""

    title: str
    number: int
    lines: Sequence[Line]
    folded: Sequence[Line]
    more: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since `since`, when the verdict was `verdict`; `rules` says that the rules did, or is empty.

    `proposed`: the two differ in nothing but records that are proposed, so the earlier is what is published.
    """

    since: str
    instant: str
    verdict: str
    rules: str
    groups: Sequence[Group]
    proposed: bool

    @property
    def parts(self) -> list[str]:
        """All of it on a line: the verdict then, unless the line before says it, and how many there are of a kind."""
        then = [] if self.proposed else [_("Verdict then: {verdict}").format(verdict=self.verdict)]
        return then + [f"{group.title}: {group.number}" for group in self.groups]


def changes(previous: Audit, audit: Audit, *, brief: bool = False) -> Changes:
    """Lay two audits of a domain side by side; a summary (`brief`) lists a few of each kind."""
    found = diff(previous, audit)
    ran = [{finding.check for finding in one.findings} for one in (previous, audit)]
    kinds: dict[str, list[Change]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        for change in getattr(found, kind, ()):
            in_both = all(change.shown.check in checks for checks in ran)
            kinds[kind if in_both else "rules"].append(change)
    bound = MAX_BRIEF if brief else len(previous.findings) + len(audit.findings)
    domain = audit.subject.domain
    proposed = _is_proposed(previous, audit)
    titles = KINDS | PROPOSED if proposed else KINDS
    groups = [_group(kind, titles[kind], members, bound, domain) for kind, members in kinds.items() if members]
    rules = ""
    if previous.ruleset != audit.ruleset:
        rules = _("The rules changed between the two audits, from {before} to {after}.").format(
            before=previous.ruleset, after=audit.ruleset
        )
    return Changes(
        since=words.when(previous.started_at),
        instant=previous.started_at,
        verdict=words.verdict(previous.verdict.word, previous.subject.role),
        rules=rules,
        groups=groups,
        proposed=proposed,
    )


def _is_proposed(previous: Audit, audit: Audit) -> bool:
    """Whether the two were made at once, one of what is published and one with records laid over it."""
    overlays = [bool(one.options.get("overlay")) for one in (previous, audit)]
    return overlays == [False, True] and previous.started_at == audit.started_at


def _group(kind: str, title: str, members: Sequence[Change], bound: int, domain: str) -> Group:
    lines = [_line(kind, one, domain) for one in members[:bound]]
    shown = MAX_OPEN if kind in _FOLDED and len(lines) > MAX_OPEN + 1 else len(lines)
    return Group(_(title), len(members), lines[:shown], lines[shown:], len(members[bound:]))


def _line(kind: str, change: Change, domain: str) -> Line:
    finding, was = change.shown, change.before
    gone = kind == "fixed" and change.after is None
    return Line(
        finding=finding,
        tone="good" if gone else TONES[finding.outcome],
        shape="●" if gone else words.shape(finding.outcome, finding.severity),
        before=was.title if was and was.title != finding.title else "",
        gone=gone,
        place=_place(finding, domain),
    )


def _place(finding: Finding, domain: str) -> str:
    """What a finding is about, where that is a name or an address and its title does not say it."""
    subject = finding.subject
    said = subject == domain or subject in finding.title or not _IS_A_PLACE.search(subject)
    return "" if said else subject
