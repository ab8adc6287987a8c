"""Many domains on a few pages: the worst first, by name, and by what was found. Without script, sorted beforehand."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Outcome, Role, Severity
from deliverability.names import to_unicode
from deliverability.reports.arrange import grouped, the_next
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.html import render_template
from deliverability.reports.html.view import VERDICT_MARKS
from deliverability.reports.language import N_, _
from deliverability.reports.spoken import spoken, spoken_check
from deliverability.reports.words import OUTCOMES, shape, verdict
from deliverability.verdict import Word

TEMPLATE = "portfolio.html"
PAGES_FOLDER = "domains"
INDEX = "../index.html"
"""The list, from where a domain's page stands."""
LINES = "audits.jsonl"
MAX_NAMED = 1_000
"""Domains that are listed under one finding; the JSON Lines hold all."""
MAX_FILE_NAME = 200
"""Characters of a file's name: file systems take 255 octets, a domain may have 253 characters."""
VIEWS = {
    "index.html": N_("Worst first"),
    "by-name.html": N_("By name"),
    "by-finding.html": N_("By finding"),
}
"""The pages beside those of the domains, and what each is called."""

_RANKS = (Word.DO_NOT_SEND, Word.FIX_FIRST, Word.UNDETERMINED, Word.SEND)
_NOT_IN_A_FILE = re.compile(r"[^a-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding as a list of many domains has it: the check, what it came to, how bad, and the sentence."""

    check: str
    outcome: Outcome
    severity: Severity
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One domain: all that the pages about many of them need, so that its audit need not be held."""

    domain: str
    word: Word
    role: Role
    first: str
    required: int
    advised: int
    unknown: int
    faults: tuple[Fault, ...]
    started_at: str
    judged_by: tuple[str, str]

    @property
    def name(self) -> str:
        """The domain as people read it."""
        return to_unicode(self.domain)

    @property
    def file(self) -> str:
        """The domain's own page, from where the lists stand."""
        return f"{PAGES_FOLDER}/{file_name(self.domain)}"

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return verdict(self.word, self.role)

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and shape of the verdict."""
        return VERDICT_MARKS[self.word]

    @property
    def counts(self) -> str:
        """What was found in numbers; empty where all passed."""
        said = (
            (self.required, N_("{number} required")),
            (self.advised, N_("{number} advised")),
            (self.unknown, N_("{number} not seen")),
        )
        return " · ".join(_(text).format(number=number) for number, text in said if number)

    @property
    def badness(self) -> tuple[int, int, int, int, str]:
        """The worst first, by the verdict, then by what is to be mended, then by what was not seen."""
        return _RANKS.index(self.word), -self.required, -self.advised, -self.unknown, self.domain


@dataclass(frozen=True, slots=True)
class Found:
    """One check and the domains of which it found something; `more` are beyond what is listed."""

    id: str
    check: str
    question: str
    answer: str
    tone: str
    shape: str
    members: tuple[tuple[Line, str], ...]
    more: int

    @property
    def count(self) -> int:
        """How many domains."""
        return len(self.members) + self.more


def line_of(audit: Audit) -> Line:
    """What of one audit stands in the lists, in the language that is spoken."""
    said = spoken(audit)
    groups, chosen = grouped(said.findings), the_next(said)
    seen: dict[tuple[str, Outcome], Fault] = {}
    for finding in (*groups.failed, *groups.unknown):
        seen.setdefault(
            (finding.check, finding.outcome), Fault(finding.check, finding.outcome, finding.severity, finding.title)
        )
    return Line(
        domain=said.subject.domain,
        word=said.verdict.word,
        role=said.subject.role,
        first=chosen.title if chosen else "",
        required=len(groups.required),
        advised=len(groups.recommended),
        unknown=len(groups.unknown),
        faults=tuple(seen.values()),
        started_at=said.started_at,
        judged_by=(said.ruleset, said.deliv_version),
    )


def file_name(domain: str) -> str:
    """The name of a domain's page: the domain itself wherever a file system takes it."""
    safe = _NOT_IN_A_FILE.sub("-", domain)[:MAX_FILE_NAME].lstrip(".")
    if safe and safe == domain:
        return f"{safe}.html"
    return f"{safe}-{hashlib.sha256(domain.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.html"


def pages(lines: Sequence[Line], unread: Sequence[str] = (), unread_count: int = 0) -> Iterable[tuple[str, str]]:
    """(file name, page) of every view, the index last: where it stands, all that it leads to stands too.

    Args:
        lines: of all domains, in any order.
        unread: lines of the list that name no domain, each with its place, made safe to show.
        unread_count: how many there were in all.
    """
    ordered = {"by-name.html": sorted(lines, key=_by_name), "index.html": sorted(lines, key=lambda one: one.badness)}
    findings = found(sorted(lines, key=lambda one: one.badness))
    for view in ("by-finding.html", "by-name.html", "index.html"):
        yield (
            view,
            render_template(
                TEMPLATE,
                here=view,
                views={name: _(title) for name, title in VIEWS.items()},
                jsonl=LINES,
                lines=ordered.get(view, ()),
                found=findings,
                total=len(lines),
                verdicts=_verdicts(lines),
                worst=min(lines, key=lambda one: one.badness).mark[0],
                when=(min(line.started_at for line in lines), max(line.started_at for line in lines)),
                judged_by=sorted({line.judged_by for line in lines}),
                unread=unread,
                unread_more=max(unread_count - len(unread), 0),
            ),
        )


def _by_name(line: Line) -> tuple[str, str]:
    return line.name, line.domain


def _verdicts(lines: Iterable[Line]) -> list[tuple[str, int, tuple[str, str]]]:
    """How many domains have which verdict, the worst first."""
    number = Counter((_RANKS.index(line.word), line.verdict) for line in lines)
    return [(said, number[rank, said], VERDICT_MARKS[_RANKS[rank]]) for rank, said in sorted(number)]


def found(lines: Iterable[Line]) -> list[Found]:
    """Every check that failed or could not be made somewhere: faults before what was not seen, then by how many."""
    members: dict[tuple[bool, str], list[tuple[Line, Fault]]] = {}
    for line in lines:
        for fault in line.faults:
            members.setdefault((fault.outcome is not Outcome.FAIL, fault.check), []).append((line, fault))
    made = [_found(unseen, check, same) for (unseen, check), same in members.items()]
    return [one for _rank, one in sorted(made, key=lambda pair: (pair[0], -pair[1].count, pair[1].id))]


def _found(unseen: bool, check: str, same: Sequence[tuple[Line, Fault]]) -> tuple[tuple[bool, int], Found]:
    worst = max((fault for _line, fault in same), key=lambda fault: fault.severity.rank)
    slug = re.sub(r"[^a-z0-9]+", "-", check.lower()).strip("-")
    return (unseen, -worst.severity.rank), Found(
        id=f"{'u' if unseen else 'f'}-{slug}",
        check=check,
        question=spoken_check(MANUAL[check]).ask if check in MANUAL else check,
        answer=OUTCOMES[Outcome.UNKNOWN if unseen else Outcome.FAIL],
        tone="open" if unseen else "bad",
        shape=shape(worst.outcome, worst.severity),
        members=tuple((line, fault.title) for line, fault in same[:MAX_NAMED]),
        more=max(len(same) - MAX_NAMED, 0),
    )
