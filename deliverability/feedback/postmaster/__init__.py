"""Google Postmaster Tools as files: what Gmail itself counted of a domain's mail.

Read are answers of the API's version 2 (revision 20260623: `domainStats:query`, `domainStats:batchQuery`,
`complianceStatus`, also with their requests beside them), archived answers of version 1 (`trafficStats`, one or a list;
retired at the end of 2025), and CSV saved from the site (a date and a spam rate; its heads are nowhere documented, so
they are matched loosely, and a rate without a percent sign is not read).

Gmail gives no figure for a day with little mail: a day that is not there is unknown, neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass
from deliverability.feedback._exports import OnBad, no_bad
from deliverability.feedback.postmaster.metrics import SPAM_RATE

KIND = "postmaster"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure that Gmail reports.

    - domain: as in the export; empty where a CSV does not say.
    - metric: `SPAM_RATE` and the others of the API's version 2, which the ratios of version 1 are read as.
    - of: what the metric is narrowed to (`spf`, `inbound`, `reject low_ip_reputation`, a feedback loop's id), or empty.
    - date: the day (ISO), empty where the figure is over the whole time that was asked for.
    - value: a fraction, or a count for metrics that count. low, high: Gmail's own interval (version 1 alone has one).
    - denominator: what it is a fraction of, in words.
    """

    domain: str
    metric: str
    of: str = ""
    date: str = ""
    value: float
    low: float | None = None
    high: float | None = None
    denominator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """One row of the compliance status: a requirement, and `COMPLIANT` or `NEEDS_WORK`, with the reason where given."""

    domain: str
    requirement: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reputation:
    """What version 1 called the standing of a domain, or of some of its addresses: HIGH, MEDIUM, LOW or BAD."""

    domain: str
    date: str
    of: str
    standing: str
    addresses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmasterFacts:
    """Everything that Google's exports say.

    - loops: (domain, id) of feedback loops that Gmail has figures for.
    - bad: rows that could not be read. partial: an answer said that there are more pages than these.
    - unnamed: metrics of an answer whose names do not tell which they are (the one who asks may name them freely).
    """

    figures: tuple[Figure, ...] = ()
    compliance: tuple[Compliance, ...] = ()
    reputations: tuple[Reputation, ...] = ()
    loops: tuple[tuple[str, str], ...] = ()
    bad: int = 0
    partial: bool = False
    unnamed: tuple[str, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that anything is said of, sorted."""
        rows: tuple[Figure | Compliance | Reputation, ...] = (*self.figures, *self.compliance, *self.reputations)
        return tuple(sorted({row.domain for row in rows} | {domain for domain, _ in self.loops}))

    def spam_rates(self, *domains: str) -> tuple[Figure, ...]:
        """The spam rates under these names of a domain by day, those over a whole time first."""
        found = (one for one in self.figures if one.metric == SPAM_RATE and one.domain in domains)
        return tuple(sorted(found, key=lambda one: one.date))


def parse(raw: bytes, *, file: str = "-", on_bad: OnBad = no_bad) -> PostmasterFacts:
    """What one export says.

    Parameters:
        raw: The file, decompressed.
        file: Its name, for what cannot be read.
        on_bad: Told of every row that cannot be read.

    Raises:
        Refused: It is none of the exports that are read.
    """
    from deliverability.feedback.postmaster.reader import read  # noqa: PLC0415 - it makes the facts of this module

    return read(raw, file, on_bad)


def merged(parts: Iterable[PostmasterFacts]) -> PostmasterFacts:
    """Several exports as one; what two of them say alike is there once; of two figures for one day, the later."""
    found = list(parts)
    figures = {(f.domain, f.metric, f.of, f.date): f for part in found for f in part.figures}
    compliance = {(c.domain, c.requirement): c for part in found for c in part.compliance}
    reputations = {(r.domain, r.date, r.of, r.standing): r for part in found for r in part.reputations}
    return PostmasterFacts(
        figures=tuple(figures[key] for key in sorted(figures)),
        compliance=tuple(compliance[key] for key in sorted(compliance)),
        reputations=tuple(reputations[key] for key in sorted(reputations)),
        loops=tuple(sorted({loop for part in found for loop in part.loops})),
        bad=sum(part.bad for part in found),
        partial=any(part.partial for part in found),
        unnamed=tuple(sorted({name for part in found for name in part.unnamed})),
    )


def to_observation(facts: PostmasterFacts) -> dict[str, Any]:
    """The facts as an audit's document keeps them."""
    return {"kind": KIND, **to_plain(facts)}


def from_observation(observation: Row) -> PostmasterFacts:
    """The facts of a document. Raises NotThose (a ValueError) where it holds something else."""
    return from_plain(PostmasterFacts, dict(observation))
