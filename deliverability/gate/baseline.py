"""What a gate knows from before: the faults of its baselines, when one of now is worse, and what was published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deliverability.checks._thresholds import Standing
from deliverability.compare.intervals import CONFIDENCE, newcombe
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome

WORSE = "{title}. In the baseline: {before}."
UNLIKE_RULES = "The baseline of {domain} is by other rules ({then}, now {now}): a check that it lacks counts as new."
UNLIKE_DOMAIN = "The baseline is also of domains that are not audited here: {domains}."
NO_BASELINE = "The baseline lacks domains, whose faults all count as new: {domains}."
DELETES_NOTHING = "The proposed deletion of {rdtype} at {name} takes away no record that was looked at."
GRAVER = "{title}. In the baseline it is of severity {severity}."
MOST = 10**15
"""Messages beyond which a count is none."""
MAX_NAMED = 3
"""Domains that one note names."""

Key = tuple[str, str]
"""A check and a subject."""

_STANDINGS = {Standing.OVER.value: 1, Standing.WARN.value: 2, Standing.FAIL.value: 3}


def worse_than(before: Finding, now: Finding) -> str:
    """Why a fault is worse than it was, in a sentence; empty where it is not.

    By severity first, then, of a share, by where it stands to its lines, and last by its size: it has grown where the
    whole interval of the difference lies above nothing.
    """
    if now.severity.rank > before.severity.rank and now.title == before.title:
        return GRAVER.format(title=now.title, severity=before.severity.value)
    if _badness(now) > _badness(before) or _has_grown(before.data, now.data):
        return WORSE.format(title=now.title, before=before.title)
    return ""


def _badness(finding: Finding) -> tuple[int, int]:
    """Severity first, then, of a share, where it stands to its lines."""
    return finding.severity.rank, _STANDINGS.get(finding.case, 0) if "standing" in finding.data else 0


def _has_grown(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a share is larger than it was, beyond doubt. What a document says of it may be anything."""
    then, current = _counts(before), _counts(now)
    if then is None or current is None:
        return False
    confidence = now.get("confidence")
    sure = confidence if isinstance(confidence, float) and 0 < confidence < 1 else CONFIDENCE
    low, _ = newcombe(*current, *then, sure)
    return low > 0


def _counts(data: Mapping[str, Any]) -> tuple[int, int] | None:
    """Numerator and denominator of a share that stands to lines."""
    x, n = data.get("numerator"), data.get("denominator")
    if "standing" not in data or type(x) is not int or type(n) is not int:
        return None
    return (min(x, n), n) if x >= 0 and 0 < n <= MOST else None


def faults(audit: Audit) -> dict[Key, Finding]:
    """The faults of a baseline; of several about one thing the worst."""
    faults = sorted((f for f in audit.findings if f.outcome is Outcome.FAIL), key=_badness)
    return {(f.check, f.subject): f for f in faults}


def about(baseline: Sequence[Audit], audits: Sequence[Audit]) -> tuple[str, ...]:
    """What of the baselines a reader should know."""
    now = {audit.subject.domain: audit.ruleset for audit in audits}
    then = {audit.subject.domain: audit.ruleset for audit in baseline}
    if not then:
        return ()
    notes = [
        text.format(domains=_few(names))
        for text, names in ((UNLIKE_DOMAIN, [*then.keys() - now.keys()]), (NO_BASELINE, [*now.keys() - then.keys()]))
        if names
    ]
    others = [domain for domain in then if domain in now and then[domain] != now[domain]]
    return tuple(notes + [UNLIKE_RULES.format(domain=domain, then=then[domain], now=now[domain]) for domain in others])


def _few(names: Sequence[str]) -> str:
    """Names in order, of many the first ones."""
    first = ", ".join(sorted(names)[:MAX_NAMED])
    return f"{first}, …" if len(names) > MAX_NAMED else first


def idle(deletions: Iterable[tuple[str, str]], published: Sequence[Audit]) -> tuple[str, ...]:
    """Proposed deletions, by name and type, of what nobody found published: a final dot that is missing, most often."""
    there = {(answer.name, answer.rdtype) for audit in published for answer in audit.dns if answer.records}
    return tuple(
        DELETES_NOTHING.format(name=name, rdtype=rdtype)
        for name, rdtype in sorted(deletions)
        if (name, rdtype) not in there
    )
