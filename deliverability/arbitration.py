"""Which fault to mend next, and why: consequence, own volume, certainty and work, and what has to come before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from deliverability.fastclass import dataclass
from deliverability.findings import Effort, Finding, Outcome, Severity

if TYPE_CHECKING:
    from deliverability.inputs import Inputs

RUNNERS_UP = 2
"""design/report.md §8: one fix, then two runners-up."""

WEIGHTS: Mapping[Severity, float] = {
    Severity.CRITICAL: 1000,
    Severity.HIGH: 100,
    Severity.MEDIUM: 10,
    Severity.LOW: 1,
    Severity.INFO: 0.1,
}
"""Ours: so far apart that own volume and work decide within a severity, and hardly ever between two."""
WORK: Mapping[Effort, float] = {Effort.LOW: 1, Effort.MEDIUM: 1.5, Effort.HIGH: 2}
"""Ours: what a score is divided by. Minutes, a day, a project."""

FOUNDATIONS = ("dns-domain-exists", "mx-", "spf-", "dkim-", "dmarc-")
"""Between equals: names before mail servers, SPF and DKIM before DMARC, and what happened to the mail last."""


class Basis(StrEnum):
    """How sure it is that a fault does harm."""

    MET = "met"
    """Own mail was refused or reported for it."""
    TRIED = "tried"
    """DNS shows it, and a fix was audited."""
    SEEN = "seen"


CERTAINTY: Mapping[Basis, float] = {Basis.MET: 1.0, Basis.TRIED: 0.9, Basis.SEEN: 0.8}
"""Ours: what a score is multiplied by."""


@dataclass(frozen=True, slots=True)
class Order:
    """Fixes of `later` have to wait for those of `first`: ids of checks, or what they begin with and a `*`.

    `because` names the reason.
    """

    because: str
    later: tuple[str, ...]
    first: tuple[str, ...]


ORDERS: tuple[Order, ...] = (
    Order("a-name-before-its-records", ("*",), ("dns-domain-exists",)),
    Order("one-readable-record-before-its-parts", ("spf-*",), ("spf-present", "spf-single", "spf-syntax")),
    Order("one-readable-record-before-its-parts", ("dmarc-*",), ("dmarc-present", "dmarc-single", "dmarc-syntax")),
    # RFC 9989 §7.4 and §8: a policy that refuses mail comes after the senders' mail is aligned
    Order(
        "authentication-before-policy",
        ("dmarc-effective-policy", "dmarc-subdomain-policy", "dmarc-testing"),
        (
            *("spf-present", "spf-single", "spf-syntax", "spf-include-resolves", "spf-lookup-limit", "spf-loop"),
            *("dkim-selectors", "dkim-key-*", "dkim-revoked", "dmarc-reject-needs-dkim"),
            *("dmarc-pass-rate", "dmarc-shadow-senders", "bounce-auth-rejections"),
        ),
    ),
    Order("reports-before-policy", ("dmarc-effective-policy",), ("dmarc-rua", "dmarc-external-authorisation")),
    Order("a-name-before-its-greeting", ("host-helo",), ("host-ptr", "host-fcrdns")),
    Order(
        "cause-before-consequence",
        ("dmarc-pass-rate",),
        ("spf-present", "spf-single", "spf-syntax", "spf-include-resolves", "spf-lookup-limit", "dkim-*"),
    ),
    Order(
        "cause-before-consequence",
        ("bounce-rate", "bounce-reputation-blocks", "delivery-by-provider", "deferral-rate"),
        ("bounce-auth-rejections",),
    ),
)
MESSAGES = "messages"
"""What is counted, where nothing else is."""
AUTH_REJECTIONS = "bounce-auth-rejections"
CAUSE = "cause-before-consequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbitration:
    """Why a fault comes where it does. `score` is share × severity × confidence ÷ work, each as the constants have it.

    - affected of of: own messages that met the fault, and of how many; None where no figure tells. Of a list that is to
      be mailed it is what it holds; `unit` says what is counted.
    - before: checks whose own fix has to wait for this one; because: why, a word each.
    """

    severity: Severity
    basis: Basis
    effort: Effort | None
    score: float
    affected: int | None = None
    of: int | None = None
    before: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    unit: str = MESSAGES


@dataclass(frozen=True, slots=True)
class FixChoice:
    """A finding whose fix could come next."""

    check: str
    subject: str
    arbitration: Arbitration | None = None


@dataclass(frozen=True, slots=True)
class NextFix:
    """The one fix to make next, why it matters, those that would follow, and why it comes first."""

    check: str
    subject: str
    why: str
    runners_up: tuple[FixChoice, ...] = ()
    arbitration: Arbitration | None = None


def next_best_fix(findings: Sequence[Finding], whys: Mapping[str, str], inputs: Inputs | None = None) -> NextFix | None:
    """The fault to mend next: what weighs most, or what has to be mended before that can be.

    `whys` maps a check id to why it matters; `inputs` say how much of the own mail met a fault. None means that nothing
    needs doing.
    """
    failed = [f for f in findings if f.outcome is Outcome.FAIL]
    if not failed:
        return None
    met = _met(failed, inputs)
    own = [_score(finding, met.get(index)) for index, finding in enumerate(failed)]
    waiting = _waiting(failed)
    ranks = _ranks(failed, own, waiting)
    order = sorted(range(len(failed)), key=ranks.__getitem__)
    choices = [
        FixChoice(failed[i].check, failed[i].subject, _explained(i, failed, own, waiting, met.get(i)))
        for i in order[: 1 + RUNNERS_UP]
    ]
    first = choices[0]
    why = whys.get(first.check, failed[order[0]].title)
    return NextFix(first.check, first.subject, why, tuple(choices[1:]), first.arbitration)


def _explained(
    index: int,
    failed: Sequence[Finding],
    own: Sequence[float],
    waiting: Mapping[int, Mapping[int, str]],
    met: tuple[int, int] | None,
) -> Arbitration:
    finding = failed[index]
    after = {i: firsts[index] for i, firsts in waiting.items() if index in firsts}
    return Arbitration(
        severity=finding.severity,
        basis=_basis(finding, met),
        effort=finding.fix.effort if finding.fix else None,
        score=round(own[index], 1),
        affected=met[0] if met else None,
        of=met[1] if met else None,
        before=tuple(dict.fromkeys(failed[i].check for i in after)),
        because=tuple(dict.fromkeys(after.values())),
        unit=str(finding.data.get("of", MESSAGES)) if _is_of_a_list(finding) else MESSAGES,
    )


def _is_of_a_list(finding: Finding) -> bool:
    """Whether it is about a list that is still to be mailed: then no mail has met anything yet."""
    return finding.check.startswith("recipients-")


def _basis(finding: Finding, met: tuple[int, int] | None) -> Basis:
    if met and met[0] and not _is_of_a_list(finding):
        return Basis.MET
    return Basis.TRIED if finding.fix and finding.fix.reaudited else Basis.SEEN


def _score(finding: Finding, met: tuple[int, int] | None) -> float:
    """A share that no figure tells counts as none, which halves the weight: a fault of DNS can meet any mail."""
    share = min(1.0, met[0] / met[1]) if met and met[1] else 0.0
    work = WORK[finding.fix.effort] if finding.fix else WORK[Effort.HIGH]
    return (1 + share) / 2 * WEIGHTS[finding.severity] * CERTAINTY[_basis(finding, met)] / work


def _ranks(
    failed: Sequence[Finding], own: Sequence[float], waiting: Mapping[int, Mapping[int, str]]
) -> list[tuple[float, int, int, float]]:
    """What has to come first weighs as much as what waits for it, and comes before it."""
    steps = {index: _steps(index, waiting, frozenset()) for index in range(len(failed))}
    weight = list(own)
    for index in sorted(steps, key=lambda i: -steps[i]):
        for first in waiting.get(index, ()):
            weight[first] = max(weight[first], weight[index])
    return [(-weight[i], steps[i], _ground(f.check), -own[i]) for i, f in enumerate(failed)]


def _steps(index: int, waiting: Mapping[int, Mapping[int, str]], above: frozenset[int]) -> int:
    """How many fixes have to come one after another before this one."""
    firsts = [i for i in waiting.get(index, ()) if i not in above]
    return 1 + max(_steps(i, waiting, above | {index}) for i in firsts) if firsts else 0


def _ground(check: str) -> int:
    return next((i for i, prefix in enumerate(FOUNDATIONS) if check.startswith(prefix)), len(FOUNDATIONS))


def _waiting(failed: Sequence[Finding]) -> dict[int, dict[int, str]]:
    """By index: the faults that have to be mended before, each with the reason."""
    found: dict[int, dict[int, str]] = {}
    for index, finding in enumerate(failed):
        for because, patterns in _firsts(finding):
            for other, earlier in enumerate(failed):
                if earlier.check != finding.check and _matches(earlier.check, patterns) and _weighs(earlier):
                    found.setdefault(index, {}).setdefault(other, because)
    return found


def _firsts(finding: Finding) -> Iterable[tuple[str, tuple[str, ...]]]:
    if finding.check == AUTH_REJECTIONS:
        from deliverability.checks._bounce_causes import REQUIREMENTS  # noqa: PLC0415 - where mail was refused

        known = REQUIREMENTS.get(finding.subject)
        yield CAUSE, known.checks if known else ()
    for order in ORDERS:
        if _matches(finding.check, order.later) and not _matches(finding.check, order.first):
            yield order.because, order.first


def _matches(check: str, patterns: Iterable[str]) -> bool:
    return any(check.startswith(p[:-1]) if p.endswith("*") else check == p for p in patterns)


def _weighs(finding: Finding) -> bool:
    """Nothing waits for good order."""
    return finding.severity.at_least(Severity.MEDIUM)


def _met(failed: Sequence[Finding], inputs: Inputs | None) -> dict[int, tuple[int, int]]:
    """By index: own messages that met the fault, and of how many."""
    refused, sent = _refused(inputs)
    reported = _reported(inputs)
    found: dict[int, tuple[int, int]] = {}
    for index, finding in enumerate(failed):
        numerator, denominator = finding.data.get("numerator"), finding.data.get("denominator")
        if isinstance(numerator, int) and isinstance(denominator, int) and denominator:
            found[index] = numerator, denominator
        elif finding.check in refused and sent:
            found[index] = refused[finding.check], sent
        elif (family := finding.check.partition("-")[0]) in reported:
            found[index] = reported[family]
    return found


def _refused(inputs: Inputs | None) -> tuple[dict[str, int], int]:
    """By check: messages that were refused or put off for what it looks at; and all that were sent."""
    rates = inputs.rates if inputs else None
    if rates is None:
        return {}, 0
    from deliverability.checks._bounce_causes import REQUIREMENTS, requirement_of  # noqa: PLC0415 - as above

    found: dict[str, int] = {}
    for rejection in rates.rejections:
        for check in REQUIREMENTS[requirement_of(rejection)].checks:
            found[check] = found.get(check, 0) + rejection.bounced + rejection.deferred
    return found, rates.totals.sent


def _reported(inputs: Inputs | None) -> dict[str, tuple[int, int]]:
    """By family: messages that receivers reported as not passing, and all that they reported."""
    reports = inputs.dmarc_reports if inputs else None
    if reports is None or not reports.messages:
        return {}
    total = reports.messages
    return {
        "spf": (total - reports.spf_aligned, total),
        "dkim": (total - reports.dkim_aligned, total),
        "dmarc": (total - reports.dmarc_pass, total),
    }
