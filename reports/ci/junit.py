"""JUnit XML, as test reports are read: a suite for each domain, a case for each check and subject.

Source: jenkinsci/xunit-plugin, junit-10.xsd (read 2026-11-22), and what Jenkins and GitLab make of it: `failure` for
what closes the gate, `error` for what could not be looked at, `skipped` for what was not asked, does not apply, is
waived or was there before. A warning passes, and says itself in the case's output. A document is as red as its gate:
what could not be looked at and could not have closed it is skipped too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deliverability.document import Audit
from deliverability.findings import Lack, Outcome
from deliverability.gate.model import Decision, Gate, Taken
from deliverability.policy.model import OnUnknown
from deliverability.reports.ci.items import MAX_NAME, Item, cut, items, message

GATE = "gate"
"""The suite of what belongs to no domain."""

SKIPPED = frozenset({Taken.KNOWN, Taken.WAIVED, Taken.UNASKED, Taken.INAPPLICABLE})

NOT_GIVEN = "nothing was given to look at"
UNSEEN = "could not be looked at"
CRASHED = "deliv itself failed here"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def render(gate: Gate) -> str:
    """The document; where there is no finding at all, one case says how the gate stands."""
    suites: dict[str, list[Item]] = {}
    for item in items(gate):
        suites.setdefault(item.domain or GATE, []).append(item)
    audits = {cut(audit.subject.domain, MAX_NAME): audit for audit in gate.audits}
    written = [_suite(name, listed, gate, audits.get(name)) for name, listed in suites.items()] or [_alone(gate)]
    body = "\n".join(line for suite in written for line in suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="deliv">\n{body}\n</testsuites>\n'


def _suite(name: str, listed: Sequence[Item], gate: Gate, audit: Audit | None) -> list[str]:
    kinds = [_kind(item, gate) for item in listed]
    names = _names(listed)
    cases = [line for item, kind, one in zip(listed, kinds, names, strict=True) for line in _case(item, kind, one)]
    return _framed(name, Counter(kinds), cases, _properties(audit))


def _alone(gate: Gate) -> list[str]:
    kind = {Decision.OPEN: "", Decision.CLOSED: "failure", Decision.UNDETERMINED: "error"}[gate.decision]
    said = f"The gate is {gate.decision.value}: there is no finding."
    inner = [f"<{kind} message={_quoted(said)}></{kind}>"] if kind else [f"<system-out>{_text(said)}</system-out>"]
    case = ['    <testcase name="decision" classname="gate">', *(f"      {line}" for line in inner), "    </testcase>"]
    return _framed(GATE, Counter([kind]), case, [])


def _framed(name: str, kinds: Counter[str], cases: Sequence[str], properties: Sequence[str]) -> list[str]:
    counts = {
        "tests": kinds.total(),
        "failures": kinds["failure"],
        "errors": kinds["error"],
        "skipped": kinds["skipped"],
    }
    numbers = " ".join(f'{key}="{number}"' for key, number in counts.items())
    return [f"  <testsuite name={_quoted(name)} {numbers}>", *properties, *cases, "  </testsuite>"]


def _properties(audit: Audit | None) -> list[str]:
    """What the audit of the suite's domain came to."""
    if audit is None:
        return []
    said = {"verdict": audit.verdict.word.value, "ruleset": audit.ruleset, "started_at": audit.started_at}
    lines = [f"      <property name={_quoted(key)} value={_quoted(cut(text))}/>" for key, text in said.items()]
    return ["    <properties>", *lines, "    </properties>"]


def _kind(item: Item, gate: Gate) -> str:
    """The element that a case holds; empty where it passes."""
    if item.taken is Taken.UNSETTLED:
        return "skipped" if gate.on_unknown is OnUnknown.PASS else "error"
    if item.taken is Taken.CLOSES:
        return "failure"
    return "skipped" if item.taken in SKIPPED else ""


def _names(listed: Sequence[Item]) -> list[str]:
    """A name for each case; readers merge cases of one name, so a second one is numbered."""
    seen = Counter[str]()
    names: list[str] = []
    for item in listed:
        seen[item.name] += 1
        names.append(item.name if seen[item.name] == 1 else f"{item.name} ({seen[item.name]})")
    return names


def _case(item: Item, kind: str, name: str) -> list[str]:
    family = item.check.partition("-")[0]
    head = f"    <testcase name={_quoted(name)} classname={_quoted(f'{item.domain or GATE}.{family}')}"
    inner = _inner(item, kind)
    return [f"{head}>", f"      {inner}", "    </testcase>"] if inner else [f"{head}/>"]


def _inner(item: Item, kind: str) -> str:
    if kind:
        said = _skipped(item) if kind == "skipped" else item.title
        return f"<{kind} type={_quoted(item.severity.value)} message={_quoted(said)}>{_text(message(item))}</{kind}>"
    if item.taken is Taken.WARNS:
        return f"<system-out>{_text(f'warning ({item.severity.value}): {message(item)}')}</system-out>"
    return ""


def _skipped(item: Item) -> str:
    """Why a case neither passed nor failed, in one line."""
    if item.taken in {Taken.KNOWN, Taken.WAIVED}:
        return item.why
    if item.taken is Taken.INAPPLICABLE:
        return item.title
    if item.outcome is Outcome.ERROR:
        return f"{CRASHED}: {item.title}"
    return f"{NOT_GIVEN if item.lack is Lack.INPUT else UNSEEN}: {item.title}"


def _text(text: str) -> str:
    # XML 1.0 §2.2: control characters, half characters and U+FFFE are no characters; an item's text has none of them
    return text.translate(_ESCAPES)


def _quoted(text: str) -> str:
    return f'"{_text(text)}"'
