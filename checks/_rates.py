"""What the checks of events share: a share of the mail, where it stands, and how it is put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Function, Judgements, failed, not_applicable, passed, unknown
from deliverability.checks._standing import judge_rate, settles_at
from deliverability.checks._thresholds import Lines, Standing, Threshold
from deliverability.compare.intervals import wilson
from deliverability.fastclass import dataclass
from deliverability.findings import Evidence, Judgement, Lack, Severity

if TYPE_CHECKING:
    from deliverability.events.figures import Counts, RatesFacts

SETTLE = "Give the sending service's events with --events."
MOST_ROWS = 12
"""Rows of evidence under one finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`numerator` of `denominator`, which is counted in `of`, and where that stands."""

    numerator: int
    denominator: int
    of: str
    threshold: Threshold

    @property
    def standing(self) -> Standing:
        """Where it stands to its threshold."""
        return judge_rate(self.numerator, self.denominator, self.threshold)

    @property
    def value(self) -> float | None:
        """The share; None where it is of nothing."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of it."""
        within = min(self.numerator, self.denominator)
        return wilson(within, self.denominator, self.threshold.confidence)

    @property
    def settles_at(self) -> int | None:
        """How much of `of`, at the same share, settles an undecided case; None where no amount does."""
        return settles_at(self.numerator, self.denominator, self.threshold)

    def figures(self) -> dict[str, Any]:
        """The figure with all that it means, as a finding's data: fractions, as in every document."""
        low, high = self.interval
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "of": self.of,
            "value": self.value,
            "low": low,
            "high": high,
            "confidence": self.threshold.confidence,
            "warn": self.threshold.warn,
            "fail": self.threshold.fail,
            "minimum": self.threshold.minimum,
            "standing": self.standing.value,
        }

    def words(self) -> dict[str, str]:
        """The same for a title."""
        low, high = self.interval
        return {
            "share": percent(self.value or 0.0),
            "between": f"{percent(low)} and {percent(high)}",
            "warn_line": percent(self.threshold.warn),
            "fail_line": percent(self.threshold.fail),
        }

    def evidence(self, name: str) -> Evidence:
        """The figure as one row."""
        low, high = self.interval
        text = f"{self.numerator:,} of {self.denominator:,} {self.of}"
        note = f"{percent(self.value or 0.0)}, between {percent(low)} and {percent(high)}" if self.denominator else ""
        return Evidence("rate", name, text=text, note=note)


def share(threshold: Threshold, numerator: int, denominator: int, of: str) -> Share:
    """A share by its lines: `lines.of(check)`."""
    return Share(numerator=numerator, denominator=denominator, of=of, threshold=threshold)


def gravest(faults: Iterable[Judgement]) -> list[Judgement]:
    """The first faults, worst first: what closes a gate may not be left out for what only warns."""
    return sorted(faults, key=lambda one: (one.undecided, -(one.severity or Severity.CRITICAL).rank))[:MOST_ROWS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The mail of one provider or of one stream; `reasons` of its bounces are known for a provider alone."""

    counts: Counts
    reasons: Mapping[str, int]


def apart(
    check: str,
    lines: Lines,
    rates: RatesFacts,
    domain: str,
    count: Callable[[Part], tuple[int, int, str]],
) -> Iterator[Judgement]:
    """A judgement for each provider and each stream for which a policy has lines of its own.

    `count` says of a part the numerator, the denominator and what that is counted in. Mail that the events do not have
    is too little of it.
    """
    from deliverability.events.figures import Counts  # noqa: PLC0415 - only where events were given

    for name in sorted(lines.by_provider.get(check, {})):
        part = Part(counts=rates.by_provider.get(name, Counts()), reasons=rates.reasons_by_provider.get(name, {}))
        numerator, denominator, of = count(part)
        figure = share(lines.of(check, provider=name), numerator, denominator, f"{of} to {whose(name)}")
        yield judged(figure, f"{domain} at {name}", provider=name)
    for name in sorted(lines.by_stream.get(check, {})):
        numerator, denominator, of = count(Part(counts=rates.by_stream.get(name, Counts()), reasons={}))
        figure = share(lines.of(check, stream=name), numerator, denominator, f"{of} in the stream {name}")
        yield judged(figure, f"{domain} stream {name}", stream=name)


def judged(
    figure: Share,
    subject: str = "",
    evidence: tuple[Evidence, ...] = (),
    *,
    one_is_a_fault: bool = False,
    **data: Any,
) -> Judgement:
    """The judgement that follows from where a share stands; its cases are those of `titles`.

    `one_is_a_fault`: whatever is counted is a fault by itself, however rare or however little mail there is, and a
    warning at least.
    """
    every: dict[str, Any] = {**figure.figures(), **figure.words(), **data}
    standing = figure.standing
    if standing is Standing.OVER:
        every |= {"settles_at": figure.settles_at, "settled": _settled(figure)}
    if one_is_a_fault and figure.numerator and standing in {Standing.BELOW_FLOOR, Standing.PASS}:
        standing = Standing.OVER
    if standing is Standing.BELOW_FLOOR:
        return not_applicable(subject, case="few", **every)
    if standing is Standing.PASS:
        return passed(subject, evidence=evidence, **every)
    severity = figure.threshold.severity(standing)
    undecided = standing is Standing.OVER
    return failed(subject, case=standing.value, severity=severity, evidence=evidence, undecided=undecided, **every)


def _settled(figure: Share) -> str:
    """What would settle an undecided case."""
    needed = figure.settles_at
    if needed is None:
        return "no amount of mail at this share settles it"
    return f"it takes {needed:,} {figure.of} at this share to settle it"


def titles(what: str) -> Mapping[str, str]:
    """The titles of a check that judges one share; `what` says whose, with a capital."""
    return {
        "pass": f"{what}: {{share}} of {{denominator:,}} {{of}}, below {{warn_line}}",
        "over": f"{what}: {{share}} of {{denominator:,}} {{of}}, past {{warn_line}}; it may be between {{between}}, and"
        f" {{settled}}",
        "warn": f"{what}: {{share}} of {{denominator:,}} {{of}}, past {{warn_line}} beyond doubt",
        "fail": f"{what}: {{share}} of {{denominator:,}} {{of}}, past {{fail_line}} beyond doubt",
        "few": f"{what}: not enough mail to judge ({{denominator:,}} {{of}}, at least {{minimum:,}} needed)",
    }


def with_rates(function: Callable[..., Judgements]) -> Function:
    """No events were given: nothing is known, and giving some would settle it."""

    @wraps(function)
    def guarded(**facts: Any) -> Judgements:
        return function(**facts) if facts["rates"] is not None else unknown(lack=Lack.INPUT)

    return guarded


def whose(provider: str) -> str:
    """A mailbox provider's own name."""
    from deliverability.events.providers import provider_name  # noqa: PLC0415 - tables, read only where there is mail

    return provider_name(provider)


def percent(fraction: float) -> str:
    """A fraction as people read it: `36 %`, `3.2 %`, `0.31 %`, `0.004 %`."""
    of_hundred = 100 * fraction
    places = next((places for least, places in _PLACES if of_hundred >= least), 0)
    text = f"{of_hundred:.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


_PLACES = ((10, 0), (1, 1), (0.01, 2), (0.000_5, 3))


def counted(counts: Mapping[str, int], kind: str = "count") -> tuple[Evidence, ...]:
    """Words and how often, the most frequent first, as rows."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Evidence(kind, name, text=f"{count:,}") for name, count in ranked[:MOST_ROWS] if count)
