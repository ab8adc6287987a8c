"""What a gate decides, as frozen data: every finding with how it was taken, and the one word that follows.

`deliverability.gate.decide` makes it; `deliv.gate/1` and every format of `deliverability.reports.ci` are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum

from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Severity
from deliverability.policy.model import OnUnknown, Place


class Decision(StrEnum):
    """The gate's word."""

    OPEN = "open"
    CLOSED = "closed"
    UNDETERMINED = "undetermined"


class Taken(StrEnum):
    """How a gate takes one finding."""

    CLOSES = "closes"
    """A fault at or above the line: the gate is closed by it."""
    UNSETTLED = "unsettled"
    """It could not be looked at for lack of an answer, and it might have closed the gate."""
    WARNS = "warns"
    """A fault below the line, or an undecided rate."""
    KNOWN = "known"
    """It would have closed the gate, but the baseline has it, no better."""
    WAIVED = "waived"
    """A fault, or what could be one, that a waiver which still holds accepts."""
    PASSES = "passes"
    """No fault."""
    UNASKED = "unasked"
    """Unknown only for want of an optional input, or below the line; neither opens nor closes."""
    INAPPLICABLE = "inapplicable"
    """The rule does not bind here, or the figure is below its floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One finding of one domain, and how it was taken. `why` explains that in a sentence where it needs one.

    `settle` says what would settle an undecided case; `place` is the line of a zone file or of the policy that it is
    shown at, or that waives it; None where there is none.
    """

    domain: str
    finding: Finding
    taken: Taken
    why: str = ""
    settle: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the gate is not open: a check's fault, or one of the gate's own (`check` is then `gate-…`).

    The gate's own: `gate-input` an input is required and not there, or given and unread; `gate-waiver` a waiver of a
    closing fault has expired.
    `taken` is `closes` or `unsettled`: whether it closes the gate or leaves it undetermined.
    """

    check: str
    domain: str
    subject: str
    severity: Severity
    why: str
    taken: Taken = Taken.CLOSES
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """One finding that a waiver took out of the decision."""

    check: str
    domain: str
    subject: str
    until: date
    reason: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The decision and all that it rests on.

    - exit_code: 0 open, 1 closed, 3 undetermined, or 0 by `on_unknown`.
    - rows: every finding, in the order of the audits and their findings.
    - notes: what a reader of the policy should know: waivers unused or soon to end, a baseline of another ruleset.
    - path: the policy's file, empty without one.
    - owners: domain → who is to be told, where the policy says so.
    - baseline: the audits of before; published: those without the records that are proposed (--overlay).
    """

    decision: Decision
    exit_code: int
    fail_on: Severity
    on_unknown: OnUnknown
    reasons: tuple[Reason, ...]
    rows: tuple[Row, ...]
    waived: tuple[Waived, ...] = ()
    notes: tuple[str, ...] = ()
    audits: tuple[Audit, ...] = ()
    path: str = ""
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    baseline: tuple[Audit, ...] = ()
    published: tuple[Audit, ...] = ()
