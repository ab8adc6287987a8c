"""Reads what Google Postmaster Tools answers; see `deliverability.feedback.postmaster`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from deliverability.feedback._exports import (
    OnBad,
    columns,
    csv_rows,
    day,
    decoded,
    domain_of,
    is_json,
    is_list,
    is_object,
    json_values,
    listed,
    mapping,
    moment,
    objects,
    share,
    word,
)
from deliverability.feedback.postmaster import Compliance, Figure, PostmasterFacts, Reputation, Row, merged
from deliverability.feedback.postmaster.metrics import DENOMINATORS, SPAM_RATE, V1_RATIOS, metric_of
from deliverability.intake.trouble import Bad, Refused


def read(raw: bytes, file: str, on_bad: OnBad) -> PostmasterFacts:
    """As `postmaster.parse`."""
    text = decoded(raw)
    reader = Reader(file, on_bad)
    if is_json(text):
        for value in json_values(text):
            reader.take(value)
    else:
        reader.take_csv(csv_rows(text))
    if not reader.known:
        raise Refused("not-postmaster", "no answer of Google Postmaster Tools")
    return reader.facts()


class Reader:
    """Takes one answer after the other and keeps what they say."""

    def __init__(self, file: str, on_bad: OnBad) -> None:
        self.known = False
        self._file = file
        self._on_bad = on_bad
        self._bad = 0
        self._figures = list[Figure]()
        self._compliance = list[Compliance]()
        self._reputations = list[Reputation]()
        self._loops = set[tuple[str, str]]()
        self._unnamed = set[str]()
        self._partial = False

    def facts(self) -> PostmasterFacts:
        """All that was taken."""
        part = PostmasterFacts(
            figures=tuple(self._figures),
            compliance=tuple(self._compliance),
            reputations=tuple(self._reputations),
            loops=tuple(self._loops),
            bad=self._bad,
            partial=self._partial,
            unnamed=tuple(self._unnamed),
        )
        return merged([part])

    def take(self, value: Any, names: Row | None = None) -> None:  # noqa: ANN401 - any JSON value
        """One JSON value: an answer, a request with its answer, or a list of these. `names`: metric → definition."""
        if is_list(value):
            for item in listed(value):
                self.take(item, names)
            return
        if not is_object(value):
            self._refuse("not-an-answer", "a bare value")
            return
        answer = mapping(value)
        own = {**(names or {}), **_definitions(answer), **_definitions(answer.get("request"))}
        self._partial |= bool(answer.get("nextPageToken"))
        for key, taker in self._takers(answer, own).items():
            if key in answer:
                self.known = True
                taker(answer[key])
        if "/trafficStats/" in str(answer.get("name", "")):
            self.known = True
            self._traffic(answer)

    def _takers(self, answer: Row, names: Row) -> dict[str, Callable[[Any], None]]:
        return {
            "response": partial(self.take, names=names),
            "results": partial(self._batch, requests=answer.get("requests"), names=names),
            "domainStats": partial(self._each, taker=partial(self._stat, names=names)),
            "trafficStats": partial(self._each, taker=self._traffic),
            "complianceData": partial(self._compliance_of, answer=answer),
            "subdomainComplianceData": partial(self._compliance_of, answer=answer),
        }

    def _batch(self, results: Any, requests: Any, names: Row) -> None:  # noqa: ANN401 - any JSON value
        """BatchQueryDomainStatsResponse: one result for each request, in their order; some may be errors."""
        asked = listed(requests)
        for i, result in enumerate(objects(results)):
            if "error" in result:
                self._refuse("an-error", word(mapping(result["error"]).get("message")))
            else:
                self.take(result, {**names, **(_definitions(asked[i]) if i < len(asked) else {})})

    def _each(self, rows: Any, taker: Callable[[Row], None]) -> None:  # noqa: ANN401 - any JSON value
        if not is_list(rows):
            self._refuse("not-a-list", "")
            return
        for row in listed(rows):
            if is_object(row):
                taker(mapping(row))
            else:
                self._refuse("not-a-row", "")

    def _stat(self, row: Row, names: Row) -> None:
        """DomainStat: a metric under the name that the request gave it, its day, and its value."""
        name = word(row.get("metric"))
        known = metric_of(name, names.get(name))
        if known is None:
            self._unnamed.add(name)
            return
        metric, of = known
        domain = domain_of(row.get("name"))
        when = _date(row)
        if when is None:
            self._refuse("bad-date", name)
            return
        values = mapping(row["value"])
        if metric == "FEEDBACK_LOOP_ID":
            self._loops.update((domain, loop) for loop in _texts(values))
        else:
            self._figure(domain, metric, of, when, _number(values))

    def _figure(
        self,
        domain: str,
        metric: str,
        of: str,
        when: str,
        value: float | None,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        counts = metric.endswith("_COUNT")
        if value is None or value < 0 or (value > 1 and not counts):
            self._refuse("bad-value", f"{metric} {of}".strip())
            return
        self._figures.append(
            Figure(
                domain=domain,
                metric=metric,
                of=of,
                date=when,
                value=value,
                low=low,
                high=high,
                denominator="" if counts else DENOMINATORS[metric],
            )
        )

    def _traffic(self, row: Row) -> None:
        """TrafficStats of version 1: one day of one domain, the day in the last part of its name."""
        domain = domain_of(row.get("name"))
        when = moment(str(row.get("name", "")).rpartition("/")[2])
        if when is None:
            self._refuse("bad-date", word(row.get("name")))
            return
        for key, (metric, of) in V1_RATIOS.items():
            if key in row:
                low, high = (_real(row.get(f"{key}{end}")) for end in ("LowerBound", "UpperBound"))
                self._figure(domain, metric, of, when, _real(row[key]), low, high)
        for loop in objects(row.get("spammyFeedbackLoops")):
            self._loops.add((domain, word(loop.get("id"))))
            self._figure(domain, "FEEDBACK_LOOP_SPAM_RATE", word(loop.get("id")), when, _real(loop.get("spamRatio")))
        for error in objects(row.get("deliveryErrors")):
            of = f"{word(error.get('errorClass'))} {word(error.get('errorType'))}".lower()
            self._figure(domain, "DELIVERY_ERROR_RATE", of, when, _real(error.get("errorRatio")))
        self._standings(row, domain, when)

    def _standings(self, row: Row, domain: str, when: str) -> None:
        if standing := word(row.get("domainReputation")):
            self._reputations.append(Reputation(domain=domain, date=when, of="domain", standing=standing))
        for group in objects(row.get("ipReputations")):
            addresses = int(_real(group.get("ipCount")) or 0)
            standing = word(group.get("reputation"))
            self._reputations.append(
                Reputation(domain=domain, date=when, of="addresses", standing=standing, addresses=addresses)
            )

    def _compliance_of(self, data: Any, answer: Row) -> None:  # noqa: ANN401 - any JSON value
        """DomainComplianceData: the table's rows, and three verdicts with a reason each."""
        if not is_object(data):
            self._refuse("not-a-row", "complianceData")
            return
        rows = mapping(data)
        domain = domain_of(rows.get("domainId") or answer.get("name"))
        for row in objects(rows.get("rowData")):
            self._requirement(domain, word(row.get("requirement")), row.get("status"))
        for key, requirement in _VERDICTS.items():
            if is_object(rows.get(key)):
                verdict = mapping(rows[key])
                reason = word(verdict.get("reason"))
                self._requirement(domain, requirement, verdict.get("status") or verdict.get("state"), reason)

    def _requirement(self, domain: str, requirement: str, status: Any, reason: str = "") -> None:  # noqa: ANN401 - any JSON value
        said = word(mapping(status).get("status", status))
        if requirement and said in {"COMPLIANT", "NEEDS_WORK"}:
            self._compliance.append(Compliance(domain=domain, requirement=requirement, status=said, reason=reason))

    def take_csv(self, rows: list[tuple[int, list[str]]]) -> None:
        """A table with a date and a spam rate, maybe of several domains."""
        places = columns(rows[0][1], _HEADS) if rows else {}
        if not {"date", "rate"} <= places.keys():
            return
        self.known = True
        unit = "%" if "%" in rows[0][1][places["rate"]] else ""
        for line, row in rows[1:]:
            cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
            when, rate = moment(cells["date"]), share(cells["rate"], unit=unit)
            if when is None or rate is None:
                self._refuse("bad-date" if when is None else "no-unit", "", line)
            else:
                self._figure(domain_of(cells.get("domain")), SPAM_RATE, "", when[:10], rate[0])

    def _refuse(self, reason: str, detail: str, line: int | None = None) -> None:
        self._bad += 1
        self._on_bad(Bad(file=self._file, line=line, reason=reason, detail=detail))


_HEADS = {
    "date": ("date", "day"),
    "rate": ("userreportedspamrate", "userreportedspam", "spamrate", "userreportedspamratio", "spam"),
    "domain": ("domain", "domainname"),
}
"""Our name of a column → squashed spellings of its head. Not verified: Google documents no CSV."""

_VERDICTS = {
    "oneClickUnsubscribeVerdict": "ONE_CLICK_UNSUBSCRIBE",
    "honorUnsubscribeVerdict": "HONOR_UNSUBSCRIBE",
    "deliverabilityStatusVerdict": "DELIVERABILITY_STATUS",
}


def _definitions(request: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Metric name → its definition, of a QueryDomainStatsRequest; nothing of anything else."""
    return {word(one.get("name")): one for one in objects(mapping(request).get("metricDefinitions"))}


def _date(row: Row) -> str | None:
    """The day of a DomainStat; empty where it is over the whole time; None where it cannot be read."""
    if "date" not in row:
        return ""
    parts = mapping(row["date"])
    return day(parts.get("year"), parts.get("month"), parts.get("day"))


def _number(values: Row) -> float | None:
    """StatisticValue: a number is under the key of its kind, and an int64 is a string."""
    return next((_real(values[key]) for key in ("doubleValue", "floatValue", "intValue") if key in values), None)


def _real(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number - number == 0 else None  # neither infinite nor no number


def _texts(values: Row) -> Iterator[str]:
    found = listed(mapping(values.get("stringList")).get("values")) or [values.get("stringValue")]
    yield from (word(text) for text in found if text)
