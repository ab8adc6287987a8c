"""What the checks of a list share: a share of its rows, which is counted whole and so has no interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from deliverability.checks._check import failed, passed, with_fact
from deliverability.checks._rates import MOST_ROWS, percent
from deliverability.checks._thresholds import MAJORITY, Standing, Threshold
from deliverability.findings import Evidence, Judgement, Severity

if TYPE_CHECKING:
    from deliverability.recipients.facts import Listed

SETTLE = "Give the list (--recipients or deliv recipients) with --suppressions and --events, and let DNS be asked."
"""One for all of them: an audit without a list says it once. With a list, each says what it lacks itself."""
ASK_DNS = "Let DNS be asked: leave out --no-dns."
GIVE_TIME = "Ask again: with more time (--timeout), or through another resolver (--resolver)."
GIVE_PAST = "Give the addresses that must be left alone (--suppressions), or the events of earlier mail (--events)."
GIVE_EVENTS = "Give the events of earlier mail to such addresses (--events)."


SOME = "some"
"""The case of a share below the lower line, or of the smaller part of a short list. It is counted whole, so nothing is
undecided about it."""


def titles(what: str, none: str, of: str = "address|addresses") -> Mapping[str, str]:
    """The titles of a check of a list: `what` is counted among one or many `of`, `none` says that there is nothing."""
    total = f"{{denominator:,}} {{denominator:{of}}}"
    return {
        "pass": f"{none} ({total})",
        SOME: f"{what}: {{numerator:,}} of {total} ({{share}})",
        "warn": f"{what}: {{numerator:,}} of {total} ({{share}}), past {{warn_line}}",
        "fail": f"{what}: {{numerator:,}} of {total} ({{share}}), past {{fail_line}}",
    }


with_recipients = with_fact("recipients")


def standing_of(count: int, of: int, threshold: Threshold) -> Standing:
    """Where a share stands that is counted whole: one fault is one, below the lower line or on a short list too."""
    if not count:
        return Standing.PASS
    if of >= threshold.minimum or count > MAJORITY * of:
        if count >= threshold.fail * of:
            return Standing.FAIL
        if count >= threshold.warn * of:
            return Standing.WARN
    return Standing.OVER


def judged(
    threshold: Threshold,
    count: int,
    total: int,
    *,
    of: str = "addresses",
    least: Severity = Severity.LOW,
    evidence: tuple[Evidence, ...] = (),
    **data: Any,
) -> Judgement:
    """The judgement of `count` in `total`; `least` is the severity below the lower line."""
    standing = standing_of(count, total, threshold)
    case = SOME if standing is Standing.OVER else standing.value
    value = count / total if total else None
    every: dict[str, Any] = {
        "numerator": count,
        "denominator": total,
        "of": of,
        "value": value,
        "warn": threshold.warn,
        "fail": threshold.fail,
        "minimum": threshold.minimum,
        "standing": case,
        "share": percent(value or 0.0),
        "warn_line": percent(threshold.warn),
        "fail_line": percent(threshold.fail),
        **data,
    }
    if standing is Standing.PASS:
        return passed(evidence=evidence, **every)
    severity = {Standing.WARN: threshold.at_warn, Standing.FAIL: threshold.at_fail}.get(standing, least)
    return failed(case=case, severity=severity, evidence=evidence, **every)


def of_addresses(count: int) -> str:
    """So many addresses, in words."""
    return f"{count:,} {'address' if count == 1 else 'addresses'}"


def domain_rows(domains: Iterable[Listed], note: Mapping[str, str]) -> tuple[Evidence, ...]:
    """The domains with most addresses, as rows; `note` says of what DNS said what it means."""
    first = list(domains)[:MOST_ROWS]
    return tuple(
        Evidence("domain", one.domain, text=of_addresses(one.addresses), note=note.get(one.mail, "")) for one in first
    )
