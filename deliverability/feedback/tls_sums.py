"""What many TLS reports say together: by policy, by kind of failure, by day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date

from deliverability.fastclass import dataclass
from deliverability.feedback.tls import MODES, TlsFailure, TlsPolicy, TlsReport

MAX_KEYS = 50_000
"""Kinds of failure that are told apart, a host pair each; what comes after is summed without hosts. Our own bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySum:
    """One policy of one domain. `domain` is None where the reports name none; `reporters` are organisations."""

    domain: str | None
    type: str
    modes: tuple[str, ...]
    mx: tuple[str, ...]
    reports: int
    reporters: int
    sessions_ok: int
    sessions_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSum:
    """One kind of failure between two hosts, as one organisation saw it. Texts are empty where it says nothing."""

    domain: str | None
    policy_type: str
    result_type: str
    sessions: int
    reporter: str
    sending_mta_ip: str
    receiving_mx: str
    receiving_ip: str
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """One UTC day, on which the reports' periods begin."""

    day: date
    reports: int
    sessions_ok: int
    sessions_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSums:
    """All of it: policies and failures with the most failed sessions first, days in their order."""

    policies: tuple[PolicySum, ...]
    failures: tuple[FailureSum, ...]
    days: tuple[DaySum, ...]
    reports: int

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that the reports name."""
        return tuple(sorted({policy.domain for policy in self.policies if policy.domain}))

    @property
    def sessions_ok(self) -> int:
        """Sessions that came to TLS as the policy wants it."""
        return sum(policy.sessions_ok for policy in self.policies)

    @property
    def sessions_failed(self) -> int:
        """Sessions that did not, by the reports' own summaries."""
        return sum(policy.sessions_failed for policy in self.policies)

    @property
    def failed_share(self) -> float | None:
        """The failed ones of all sessions; None where there were none."""
        sessions = self.sessions_ok + self.sessions_failed
        return self.sessions_failed / sessions if sessions else None


class _Policy:
    """A policy's sums while they grow."""

    def __init__(self) -> None:
        self.modes = set[str]()
        self.mx = set[str]()
        self.reporters = set[str]()
        self.reports = self.ok = self.failed = 0

    def add(self, policy: TlsPolicy, reporter: str) -> None:
        self.modes |= {policy.mode} if policy.mode in MODES else set[str]()
        self.mx |= set(policy.mx or policy.listed_mx)
        self.reporters.add(reporter)
        self.reports += 1
        self.ok += policy.sessions_ok
        self.failed += policy.sessions_failed


_FailureKey = tuple[str | None, str, str, str, str, str, str, str]


class Tally:
    """Sums up reports as they come; `sums` at the end.

    - domain: only policies of this domain or a name below it, where it is given.
    - since, until: the first and last UTC day on which a report's period may begin.
    - clean: applied to the texts that a reporter writes freely; it takes addresses out.
    """

    def __init__(
        self,
        *,
        domain: str | None = None,
        since: date | None = None,
        until: date | None = None,
        clean: Callable[[str], str] = str,
    ) -> None:
        self._domain = domain
        self._since = since or date.min
        self._until = until or date.max
        self._clean = clean
        self._policies: defaultdict[tuple[str | None, str], _Policy] = defaultdict(_Policy)
        self._failures: Counter[_FailureKey] = Counter()
        self._days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._reports = 0

    def add(self, report: TlsReport) -> bool:
        """Sum up what of `report` is wanted; False where nothing is, and then it does not count."""
        wanted = [policy for policy in report.policies if self._is_about(policy.domain)]
        if not (self._since <= report.begin.date() <= self._until) or (self._domain and not wanted):
            return False
        self._reports += 1
        reporter = self._clean(report.organization)
        day = self._days[report.begin.date()]
        day[0] += 1
        for policy in wanted:
            self._policies[policy.domain, self._clean(policy.type)].add(policy, reporter)
            day[1] += policy.sessions_ok
            day[2] += policy.sessions_failed
            for failure in policy.failures:
                self._count(policy, failure, reporter)
        return True

    def _is_about(self, domain: str | None) -> bool:
        return self._domain is None or f".{domain or ''}".endswith(f".{self._domain}")

    def _count(self, policy: TlsPolicy, failure: TlsFailure, reporter: str) -> None:
        kind = (policy.domain, self._clean(policy.type), self._clean(failure.result_type))
        key = (
            *kind,
            reporter,
            self._clean(failure.sending_mta_ip),
            self._clean(failure.receiving_mx),
            self._clean(failure.receiving_ip),
            self._clean(failure.reason_code),
        )
        full = len(self._failures) >= MAX_KEYS and key not in self._failures
        self._failures[(*kind, "", "", "", "", "") if full else key] += failure.sessions

    def sums(self) -> TlsSums:
        """What came together."""
        policies = [_policy_sum(*key, grown) for key, grown in self._policies.items()]
        failures = [_failure_sum(key, sessions) for key, sessions in self._failures.items()]
        return TlsSums(
            policies=tuple(sorted(policies, key=lambda p: (-p.sessions_failed, p.domain or "", p.type))),
            failures=tuple(sorted(failures, key=_order)),
            days=tuple(
                DaySum(day=day, reports=reports, sessions_ok=ok, sessions_failed=failed)
                for day, (reports, ok, failed) in sorted(self._days.items())
            ),
            reports=self._reports,
        )


def _policy_sum(domain: str | None, kind: str, grown: _Policy) -> PolicySum:
    return PolicySum(
        domain=domain,
        type=kind,
        modes=tuple(sorted(grown.modes)),
        mx=tuple(sorted(grown.mx)),
        reports=grown.reports,
        reporters=len(grown.reporters),
        sessions_ok=grown.ok,
        sessions_failed=grown.failed,
    )


def _failure_sum(key: _FailureKey, sessions: int) -> FailureSum:
    domain, policy_type, result_type, reporter, sending, mx, receiving, code = key
    return FailureSum(
        domain=domain,
        policy_type=policy_type,
        result_type=result_type,
        sessions=sessions,
        reporter=reporter,
        sending_mta_ip=sending,
        receiving_mx=mx,
        receiving_ip=receiving,
        reason_code=code,
    )


def _order(failure: FailureSum) -> tuple[int, str]:
    return (-failure.sessions, repr(failure))
