"""What a check came to, and the trail of how."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import field
from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Status
from deliverability.protocols.spf.record import Span


class Result(StrEnum):
    """RFC 7208 §2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Cause(StrEnum):
    """Why the result is what it is."""

    MATCH = "match"
    NO_MATCH = "no-match"
    NO_RECORD = "no-record"
    MALFORMED_DOMAIN = "malformed-domain"
    SEVERAL_RECORDS = "several-records"
    SYNTAX = "syntax"
    LOOKUP_LIMIT = "lookup-limit"
    VOID_LIMIT = "void-limit"
    MX_LIMIT = "mx-limit"
    INCLUDE_WITHOUT_RECORD = "include-without-record"
    REDIRECT_WITHOUT_RECORD = "redirect-without-record"
    UNANSWERED = "unanswered"
    LOCAL_PART = "local-part"
    """The local part is not told, and a name that holds it cannot be asked in any other form."""
    TIMEOUT = "timeout"


class StepOutcome(StrEnum):
    """What became of one term. `unfinished`: time ran out while it was evaluated."""

    MATCH = "match"
    NO_MATCH = "no-match"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a step, and how it was answered."""

    name: str
    rdtype: str
    status: Status
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One term as it was evaluated; the first step, with an empty term, is the look for the record itself.

    `domain` is the name whose record the term stands in, at `span`. `lookups` is the running count of terms towards
    the limit of RFC 7208 §4.6.4 with this one, `voids` that of void lookups when the term was done.
    """

    domain: str
    term: str
    span: Span | None
    depth: int
    asked: tuple[Asked, ...]
    outcome: StepOutcome
    lookups: int
    voids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What `check_host` returns. `explanation` is None unless the result is fail."""

    result: Result
    cause: Cause
    explanation: str | None
    trace: tuple[Step, ...]


class Stop(Exception):
    """An error result, which ends the whole check at once wherever it arises."""

    def __init__(self, result: Result, cause: Cause) -> None:
        super().__init__(result, cause)
        self.result = result
        self.cause = cause


@dataclass(slots=True, kw_only=True)
class OpenStep:
    """A step while it is being evaluated."""

    domain: str
    term: str
    span: Span | None
    depth: int
    asked: list[Asked] = field(default_factory=list[Asked])
    outcome: StepOutcome = StepOutcome.UNFINISHED
    lookups: int = 0
    voids: int = 0

    def note(self, answer: Answer) -> Answer:
        """Remember a question of this step."""
        self.asked.append(Asked(answer.name, answer.rdtype, answer.status, answer.records))
        return answer

    def close(self) -> Step:
        """The step as it stands in the trace."""
        return Step(
            domain=self.domain,
            term=self.term,
            span=self.span,
            depth=self.depth,
            asked=tuple(self.asked),
            outcome=self.outcome,
            lookups=self.lookups,
            voids=self.voids,
        )


class Trace:
    """Collects steps in the order in which their terms were begun."""

    def __init__(self) -> None:
        self._steps: list[OpenStep] = []

    @contextmanager
    def step(self, domain: str, term: str, span: Span | None, depth: int) -> Generator[OpenStep]:
        """Open a step; an error that ends the check is its outcome."""
        step = OpenStep(domain=domain, term=term, span=span, depth=depth)
        self._steps.append(step)
        try:
            yield step
        except Stop as stop:
            step.outcome = StepOutcome(stop.result.value)
            raise

    def closed(self) -> tuple[Step, ...]:
        """All steps so far."""
        return tuple(step.close() for step in self._steps)
