"""What many messages come to, each added once it is audited: `deliv.messages/1`. No audit and no message is held."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from deliverability import RULESET, __version__
from deliverability.findings import Finding, Outcome, Severity
from deliverability.verdict import Word

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.intake.trouble import Troubles
    from deliverability.messages.run import Run

SCHEMA = "deliv.messages/1"
MAX_EXAMPLES = 3
"""Files that are named for each check that fails."""
MAX_CASES = 8
"""Cases of one check's faults that are named, the most frequent first."""
MAX_DOMAINS = 1000
"""From domains that the document lists, the worst first; our own bound."""
MAX_COUNTED = 100_000
"""From domains that are counted one by one; what comes after these is counted together. Our own bound."""

WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.INFO, Outcome.PASS, Outcome.NOT_APPLICABLE)
"""Of several findings of one check on one message, the first of these is counted."""


class Sums:
    """Adds up audits of messages. `run` says how they were made, `troubles` what could not be audited."""

    def __init__(self, run: Run, troubles: Troubles) -> None:
        self._run, self._troubles = run, troubles
        self._bad_before = troubles.count
        self.messages = 0
        self._verdicts = Counter[Word]()
        self._checks = {check.id: _CheckSums() for check in run.checks}
        self._domains: dict[str, Counter[Word]] = {}

    def add(self, name: str, audit: Audit) -> None:
        """One more message."""
        self.messages += 1
        self._verdicts[audit.verdict.word] += 1
        by_check: dict[str, list[Finding]] = {}
        for finding in audit.findings:
            by_check.setdefault(finding.check, []).append(finding)
        for check, findings in by_check.items():
            self._checks.setdefault(check, _CheckSums()).add(name, findings)
        domain = audit.subject.domain
        if domain not in self._domains and len(self._domains) >= MAX_COUNTED:
            domain = ""
        self._domains.setdefault(domain, Counter())[audit.verdict.word] += 1

    @property
    def bad(self) -> int:
        """What could not be audited."""
        return self._troubles.count - self._bad_before

    @property
    def bad_share(self) -> float:
        """How much of what was found could not be audited, 0 to 1."""
        return self.bad / (self.bad + self.messages) if self.bad else 0.0

    def document(self, files: int) -> dict[str, Any]:
        """All that was added so far, of `files` files."""
        checks = [{"check": check, **sums.plain()} for check, sums in self._checks.items() if sums.outcomes]
        return {
            "schema": SCHEMA,
            "deliv_version": __version__,
            "ruleset": RULESET,
            "started_at": self._run.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "options": dict(self._run.options),
            "totals": {"messages": self.messages, **{word.value: self._verdicts[word] for word in Word}},
            "checks": sorted(checks, key=_worst),
            "domains": [_domain(name, words) for name, words in self._worst_domains()],
            "input": {"files": files, "messages": self.messages, "bad": self.bad},
            "bad": [{"file": b.file, "reason": b.reason, "detail": b.detail} for b in self._troubles.files],
        }

    def _worst_domains(self) -> list[tuple[str, Counter[Word]]]:
        def rank(item: tuple[str, Counter[Word]]) -> tuple[int, int, int, str]:
            name, words = item
            return -words[Word.DO_NOT_SEND], -words[Word.FIX_FIRST], -words.total(), name

        return sorted(self._domains.items(), key=rank)[:MAX_DOMAINS]


class _CheckSums:
    """What one check said of all messages."""

    def __init__(self) -> None:
        self.outcomes = Counter[Outcome]()
        self.unasked = 0
        self.severity = Severity.INFO
        self.examples: list[str] = []
        self.cases: dict[str, tuple[int, str]] = {}

    def add(self, name: str, findings: list[Finding]) -> None:
        """The findings on one more message."""
        outcome = min((finding.outcome for finding in findings), key=WORST_FIRST.index)
        self.outcomes[outcome] += 1
        self.unasked += outcome is Outcome.UNKNOWN and all(finding.is_unasked for finding in findings)
        if outcome is not Outcome.FAIL:
            return
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(name)
        failed = {finding.case: finding for finding in reversed(findings) if finding.outcome is Outcome.FAIL}
        for case, finding in failed.items():
            self.severity = max(self.severity, finding.severity, key=lambda one: one.rank)
            count, title = self.cases.get(case, (0, finding.title))
            self.cases[case] = (count + 1, title)

    def plain(self) -> dict[str, Any]:
        """As the document has it; `title` is that of the first message with the case."""
        cases = sorted(self.cases.items(), key=lambda item: (-item[1][0], item[0]))[:MAX_CASES]
        return {
            "messages": self.outcomes.total(),
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            "unasked": self.unasked,
            "severity": self.severity.value,
            "examples": self.examples,
            "cases": [{"case": case, "messages": count, "title": title} for case, (count, title) in cases],
        }


def _worst(plain: dict[str, Any]) -> tuple[int, int, int, str]:
    return -Severity(plain["severity"]).rank, -plain["fail"], -plain["unknown"], plain["check"]


def _domain(name: str, words: Counter[Word]) -> dict[str, Any]:
    return {"domain": name or None, "messages": words.total(), **{word.value: words[word] for word in Word}}
