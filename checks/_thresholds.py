"""Where a figure of the events becomes a fault: every line, floor and confidence, in this one place.

A figure is judged by its interval, not by its point alone, so that little mail neither condemns nor clears a sender:

- below the floor, nothing is said (`not_applicable`): there, one message more or less would decide;
- the whole interval past a line, and that no chance (`_standing`): a fault of that line's severity. Only this can close
  a gate at its default level;
- the point past the lower line, but not the whole interval: a fault of medium severity at most, a warning;
- the point below the lower line, and the floor met: a pass.

Floors follow one rule where no other is given: the number from which on one message alone does not cross the lower
line, 1/warn (PostHog's rule, github.com/PostHog/posthog pull request 100183, with its own lines). The hours after which
an address must be left alone stand where the mail is counted, in `deliverability.events.figures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from math import ceil
from typing import Any

from deliverability.compare.intervals import CONFIDENCE
from deliverability.fastclass import dataclass
from deliverability.findings import Severity

OURS = "deliv's own line"
POLICY = "the policy"
"""Whose a line is that a policy has set."""


class Standing(StrEnum):
    """Where a share stands to its threshold."""

    BELOW_FLOOR = "below_floor"
    """Too little mail to say anything."""
    PASS = "pass"  # noqa: S105 - a word, not a secret
    OVER = "over"
    """The point is past the lower line, and the interval still reaches below it: undecided, so a warning."""
    WARN = "warn"
    """The whole interval is past the lower line."""
    FAIL = "fail"
    """The whole interval is past the upper line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The lines of one share.

    - warn, fail: fractions; at the line counts as past it, as receivers say "0.3 % or higher".
    - minimum: the floor, in messages (or recipients) of the denominator.
    - confidence: of the interval.
    - at_warn, at_fail: the severity once the whole interval is past that line.
    - source, date: whose lines these are, and when they were last read (ISO).
    """

    warn: float
    fail: float
    minimum: int
    at_warn: Severity
    at_fail: Severity
    source: str
    date: str
    confidence: float = CONFIDENCE

    def severity(self, standing: Standing) -> Severity | None:
        """The severity of a fault of that standing; None where it is no fault."""
        if standing is Standing.OVER:
            return min(Severity.MEDIUM, self.at_warn, self.at_fail, key=lambda severity: severity.rank)
        return {Standing.WARN: self.at_warn, Standing.FAIL: self.at_fail}.get(standing)


def floor_of(warn: float) -> int:
    """The fewest messages of which one alone does not cross the line `warn` by more than reaching it."""
    return ceil(1 / warn - 1e-9)


def _share(
    warn: float, fail: float, at_warn: Severity, at_fail: Severity, source: str, date: str, minimum: int | None = None
) -> Threshold:
    least = floor_of(warn) if minimum is None else minimum
    return Threshold(warn=warn, fail=fail, minimum=least, at_warn=at_warn, at_fail=at_fail, source=source, date=date)


_COMPLAINTS = _share(
    0.001, 0.003, Severity.HIGH, Severity.CRITICAL, "Gmail sender guidelines; Yahoo sender requirements", "2026-07"
)
_BOUNCES = _share(0.02, 0.05, Severity.MEDIUM, Severity.HIGH, "Amazon SES enforcement", "2026-11")
_DISREGARD = _share(0.001, 0.01, Severity.HIGH, Severity.CRITICAL, OURS, "2026-11", minimum=1)

MAJORITY = 0.5
"""The share of a list above which a fault is judged by its lines however short the list is: no row more or less brings
it below one. Ours."""

THRESHOLDS: Mapping[str, Threshold] = {
    "bounce-rate": _BOUNCES,
    "hard-bounce-rate": _BOUNCES,
    "bounce-unknown-users": _share(0.02, 0.05, Severity.MEDIUM, Severity.MEDIUM, OURS, "2026-11"),
    "bounce-reputation-blocks": _share(0.01, 0.10, Severity.MEDIUM, Severity.HIGH, "Twilio SendGrid", "2026-11"),
    "bounce-auth-rejections": _share(0.001, 0.01, Severity.HIGH, Severity.CRITICAL, OURS, "2026-11", minimum=100),
    "deferral-rate": _share(0.10, 0.25, Severity.LOW, Severity.MEDIUM, OURS, "2026-11"),
    "suppression-respected": _DISREGARD,
    "unsubscribe-honoured": _DISREGARD,
    "complaint-rate": _COMPLAINTS,
    "complaint-by-provider": _COMPLAINTS,
    "dmarc-pass-rate": _share(0.02, 0.10, Severity.MEDIUM, Severity.HIGH, OURS, "2026-11"),
    "tls-rpt-failures": _share(0.01, 0.05, Severity.MEDIUM, Severity.HIGH, OURS, "2026-11"),
    "snds-status": _share(0.001, 0.003, Severity.MEDIUM, Severity.HIGH, OURS, "2026-11"),
    "recipients-syntax": _share(0.01, 0.05, Severity.MEDIUM, Severity.HIGH, OURS, "2026-11"),
    "recipients-domain": _BOUNCES,
    "recipients-disposable": _share(0.02, 0.10, Severity.LOW, Severity.MEDIUM, OURS, "2026-11"),
    "recipients-role": _share(0.02, 0.10, Severity.LOW, Severity.MEDIUM, OURS, "2026-11"),
    "recipients-typo-domain": _share(0.001, 0.01, Severity.LOW, Severity.MEDIUM, OURS, "2026-11"),
    "recipients-duplicates": _share(0.01, 0.05, Severity.LOW, Severity.MEDIUM, OURS, "2026-11"),
    "recipients-suppressed": _DISREGARD,
    "recipients-expected-bounce": _BOUNCES,
}
"""Check id → its lines. `[thresholds.ID]` of deliv.toml sets warn, fail, minimum and confidence of one of these.

Bounces: Amazon SES calls below 2 % best and reviews accounts from 5 % on. Complaints: Gmail and Yahoo ask for less than
0.1 % and never 0.3 %; Amazon SES reviews from 0.1 % on. Blocks: SendGrid proposes an alert above 10 %.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How far below the rest one mailbox provider's delivered share may lie, in fractions of what was sent."""

    warn: float
    fail: float
    minimum: int
    confidence: float = CONFIDENCE


PROVIDER_BAND = Band(warn=0.02, fail=0.05, minimum=200)
"""Ours, after the lines for bounces: what is a fault of all mail is a fault of one provider's. Below 200 messages an
interval is wider than the band."""
BANDS: Mapping[str, Band] = {"delivery-by-provider": PROVIDER_BAND}
"""Check id → its band; `[thresholds.ID]` of deliv.toml sets the same of it as of a threshold."""

BY_PROVIDER = frozenset(
    {
        "bounce-rate",
        "hard-bounce-rate",
        "bounce-unknown-users",
        "bounce-reputation-blocks",
        "deferral-rate",
        "complaint-rate",
        "complaint-by-provider",
        "delivery-by-provider",
    }
)
"""Checks whose figure is known for each mailbox provider, so that a policy may have lines for one."""
BY_STREAM = frozenset({"bounce-rate", "hard-bounce-rate", "deferral-rate", "complaint-rate"})
"""The same for each stream of mail."""


FIGURES = ("warn", "fail", "minimum", "confidence")
"""What a policy can set of a threshold or a band: the keys of `[thresholds.ID]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a policy sets of a check's lines, as in `Threshold`; None leaves what it is laid over."""

    warn: float | None = None
    fail: float | None = None
    minimum: int | None = None
    confidence: float | None = None

    def figures(self) -> dict[str, Any]:
        """What is set, by the keys of `[thresholds.ID]`."""
        values = {name: getattr(self, name) for name in FIGURES}
        return {name: value for name, value in values.items() if value is not None}

    def over(self, base: Threshold) -> Threshold:
        """The lines that follow. A floor that came of its line follows the new line."""
        set_here = self.figures()
        if self.warn is not None and base.minimum == floor_of(base.warn):
            set_here.setdefault("minimum", floor_of(self.warn))
        return replace(base, source=POLICY, **set_here)

    def over_band(self, base: Band) -> Band:
        """The band that follows."""
        return replace(base, **self.figures())


Changes = Mapping[str, Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines that figures are judged by: deliv's own, but where a policy has others.

    - changes: check → what holds for all mail.
    - by_provider, by_stream: check → the provider's id, or the stream's name → what holds there, over the former.
    """

    changes: Changes = field(default_factory=dict[str, Change])
    by_provider: Mapping[str, Changes] = field(default_factory=dict[str, Changes])
    by_stream: Mapping[str, Changes] = field(default_factory=dict[str, Changes])

    def of(self, check: str, provider: str | None = None, stream: str | None = None) -> Threshold:
        """The lines of `check`; those of a provider or of a stream where it has some of its own."""
        threshold = THRESHOLDS[check]
        for change in self._changes(check, provider, stream):
            threshold = change.over(threshold)
        return threshold

    def band(self, check: str, provider: str | None = None) -> Band:
        """The band of `check`; that of a provider where it has one of its own."""
        band = BANDS[check]
        for change in self._changes(check, provider, None):
            band = change.over_band(band)
        return band

    def _changes(self, check: str, provider: str | None, stream: str | None) -> Iterator[Change]:
        """What is laid over deliv's own, one after the other."""
        tables = (
            (self.changes, check),
            (self.by_provider.get(check, {}), provider),
            (self.by_stream.get(check, {}), stream),
        )
        yield from (table[key] for table, key in tables if key is not None and key in table)


SHADOW_SHARE = 0.01
"""Share of the reported messages from which on unknown senders are a grave fault, not one of hygiene. Ours: every known
domain is forged a little."""

SLOW_SECONDS = 1_800
"""p95 of the time to deliver from which on mail is late. RFC 5321 §4.5.4.1: a sender waits 30 minutes or more before it
tries again, so more than one message in twenty did not get in at the first attempt."""
SLOW_TRANSACTIONAL_SECONDS = 300
"""The same for transactional mail. Ours: somebody waits for a sign-in link or a code, which often holds ten minutes."""
MIN_TIMED = 100
"""Timed messages below which p95 rests on fewer than five of them. Ours."""

RAMP_FACTOR = 2.0
"""How many times the largest day of the weeks before is sudden. Gmail sender guidelines (2026-07): doubling the volume
at once may bring rate limits and a worse reputation."""
RAMP_HISTORY_DAYS = 35
"""Days back in which the largest is looked for: a monthly newsletter is no surge. Ours."""
RAMP_MIN_HISTORY_DAYS = 7
"""Days that the files must reach back before a day, for it to be judged at all. Ours: a week has its rhythm."""
RAMP_MIN_VOLUME = 1_000
"""Messages below which no day is a surge. Ours."""

MIN_REPORTED_DAYS = 30
"""Days that reports must cover before a sender that is not in them is called unused. Ours: invoices and newsletters go
out once a month."""

SILENT_LOOP_DELIVERED = 30_000
"""Messages delivered at providers that report complaints, after which not one complaint is odd. At a rate as low as
0.01 % (Twilio SendGrid, Expert Insights, May 2019) none of 30,000 happens once in twenty times: the rule of three."""

COMPLETE = 0.95
"""Share of the events that must carry a field before a claim rests on it. Ours."""
MAX_BAD = 0.05
"""Share of rows that may be unreadable, or of an unknown kind. Ours."""
MIN_FLAGGED_OPENS = 1_000
"""Opens of one source below which a machine flag that never changes says nothing. Ours: Apple's mail alone fetches
about half of all images ahead (Litmus, 2025-05), so that none of 1,000 cannot be chance."""

SPAM_RATE_WARN = 0.001
SPAM_RATE_FAIL = 0.003
"""Gmail's lines for the spam rate that it reports: keep below 0.1 %, never reach 0.3 % (sender guidelines, 2026-07)."""
SPAM_RATE_DAYS = 7
"""Days in a row below 0.3 % before Gmail offers mitigation again (sender guidelines FAQ, 2026-03-11)."""
