"""The vocabulary of every room: outcomes, severities, evidence, fixes, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from deliverability.fastclass import dataclass


class Outcome(StrEnum):
    """What a check came to. `unknown` is could-not-look; `error` is a fault of deliv's own."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    INFO = "info"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    ERROR = "error"


class Severity(StrEnum):
    """How bad a failure is, by its consequence for delivery.

    - critical: mail is or will be rejected, or can be spoofed at scale.
    - high: a large receiver penalises it, or a limit is broken.
    - medium: works today, fails on a foreseeable event.
    - low: hygiene.
    - info: a fact worth showing.
    """

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return _RANKS[self]

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as `other` or worse."""
        return self.rank >= other.rank


FAULTS = tuple(one for one in Severity if one is not Severity.INFO)
"""What a fault can be: a fact worth showing is none."""
_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}


class Role(StrEnum):
    """What the domain is used for; decides which rules bind."""

    SENDING = "sending"
    RECEIVING = "receiving"
    PARKED = "parked"


class Lack(StrEnum):
    """Why something is unknown: DNS gave no answer, or the caller gave no such optional input."""

    ANSWER = "answer"
    INPUT = "input"


class Effort(StrEnum):
    """How much work a fix is: minutes, a day, a project."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Owner(StrEnum):
    """Whose desk a fix belongs on."""

    DNS = "dns"
    ESP = "esp"
    CONTENT = "content"
    LIST = "list"


class Action(StrEnum):
    """What to do with one record."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Subject:
    """The audited domain (A-labels, lower case) and its role with the reason for it."""

    domain: str
    role: Role
    role_reason: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a rule stands: an id of `deliverability.sources` and a section of it."""

    source: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen. `span` marks the offending characters of `text`, half open."""

    kind: str
    name: str = ""
    rdtype: str = ""
    text: str = ""
    span: tuple[int, int] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One record to add, replace or remove. TXT text is joined, as in `Answer.records`; `ttl` in seconds."""

    action: Action
    name: str
    type: str
    ttl: int | None = None
    old: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do. `reaudited` says that deliv applied `records` in an overlay and saw the finding go."""

    text: str
    effort: Effort = Effort.LOW
    owner: Owner = Owner.DNS
    safe: bool = True
    records: tuple[RecordChange, ...] = ()
    reaudited: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a check function says of one subject, before any prose is made of it.

    `case` names which of the check's titles and fixes speaks; `severity` defaults to the check's own. `undecided` is a
    fault that may be none, as a share whose interval has its line inside: no policy makes more than a warning of it.
    `settle` stands in the place of what the check says of how to settle what is unknown.
    """

    outcome: Outcome
    case: str
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Evidence, ...] = ()
    severity: Severity | None = None
    records: tuple[RecordChange, ...] = ()
    effort: Effort | None = None
    owner: Owner | None = None
    safe: bool = True
    lack: Lack | None = None
    undecided: bool = False
    settle: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement with its prose, as every report shows it. Compared across audits by (check, subject)."""

    check: str
    outcome: Outcome
    severity: Severity
    subject: str
    case: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    references: tuple[Reference, ...] = ()
    lack: Lack | None = None
    settle: str = ""

    @property
    def is_unasked(self) -> bool:
        """Whether it is unknown only because nothing was given to look at."""
        return self.lack is Lack.INPUT and self.case == "unknown" and not self.data and not self.evidence
