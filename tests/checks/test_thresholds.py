"""Where a share stands: by its interval, above its floor, and never by its point alone."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, comb, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.checks._rates import percent
from deliverability.checks._standing import judge_rate, settles_at
from deliverability.checks._thresholds import THRESHOLDS, Standing, Threshold, floor_of
from deliverability.compare.exact import at_least
from deliverability.findings import Severity

COMPLAINTS = THRESHOLDS["complaint-rate"]
BOUNCES = THRESHOLDS["bounce-rate"]

ORDER = [Standing.PASS, Standing.OVER, Standing.WARN, Standing.FAIL]


@pytest.mark.parametrize(
    ("x", "n", "threshold", "standing"),
    [
        (0, 0, COMPLAINTS, Standing.BELOW_FLOOR),
        (999, 999, COMPLAINTS, Standing.BELOW_FLOOR),
        (0, 1_000, COMPLAINTS, Standing.PASS),
        (1, 1_000, COMPLAINTS, Standing.OVER),  # at the line, as receivers say "0.1 % or more"
        (9, 10_000, COMPLAINTS, Standing.PASS),
        (30, 10_000, COMPLAINTS, Standing.WARN),  # 0.30 %, between 0.21 and 0.43 %
        (60, 10_000, COMPLAINTS, Standing.FAIL),  # 0.60 %, between 0.47 and 0.77 %
        (0, 49, BOUNCES, Standing.BELOW_FLOOR),
        (0, 50, BOUNCES, Standing.PASS),
        (2, 50, BOUNCES, Standing.OVER),  # 4 %, between 1.1 and 13.5 %
        (3, 50, BOUNCES, Standing.OVER),  # 6 %, between 2.1 and 16.2 %; of 2 % three or more come 8 times in 100
        (4, 50, BOUNCES, Standing.WARN),  # 8 %, between 3.2 and 18.8 %
        (50, 1_000, BOUNCES, Standing.WARN),  # 5 %, between 3.8 and 6.5 %
        (70, 1_000, BOUNCES, Standing.FAIL),  # 7 %, between 5.6 and 8.8 %
    ],
)
def test_where_a_share_stands(x: int, n: int, threshold: Threshold, standing: Standing) -> None:
    assert judge_rate(x, n, threshold) is standing


def test_a_point_past_the_upper_line_of_too_little_mail_is_only_a_warning() -> None:
    standing = judge_rate(4, 1_000, COMPLAINTS)  # 0.4 %, between 0.16 and 1.0 %

    assert standing is Standing.WARN
    assert judge_rate(3, 1_000, COMPLAINTS) is Standing.OVER
    assert COMPLAINTS.severity(Standing.OVER) is Severity.MEDIUM


def chance(count: int, n: int, share: float) -> float:
    """That `count` or more of `n` do, by counting those that do not."""
    fewer = (comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(count))
    return 1 - fsum(fewer)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("check", sorted(THRESHOLDS))
def test_of_senders_on_a_line_no_more_are_condemned_than_the_confidence_leaves_to_chance(
    check: str, confidence: float
) -> None:
    lines = replace(THRESHOLDS[check], confidence=confidence)
    for line, standings in ((lines.warn, {Standing.WARN, Standing.FAIL}), (lines.fail, {Standing.FAIL})):
        for n in (lines.minimum, round(1.5 * lines.minimum), 3 * lines.minimum, 176, 1_020):
            condemned = (x for x in range(n + 1) if judge_rate(x, n, lines) in standings)
            least = next(condemned, None)
            assert least is None or chance(least, n, line) <= 1 - confidence + 1e-9, (line, n, least)


@given(st.integers(1, 400), st.data())
def test_the_tail_is_what_is_left_of_all_that_can_come(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    share = data.draw(st.floats(1e-6, 0.999))

    if x > n * share:
        assert at_least(x, n, share) == pytest.approx(chance(x, n, share), rel=1e-6, abs=1e-9)
    else:
        assert at_least(x, n, share) == 1


def test_large_counts_take_no_time() -> None:
    assert at_least(10_030_000, 10**9, 0.01) < 1e-20
    assert at_least(10**9, 10**9, 0.01) == 0
    assert at_least(1, 10, 0) == 0
    with pytest.raises(ValueError, match="11 of 10"):
        at_least(11, 10, 0.5)


@given(st.integers(1, 60), st.floats(1.05, 20), st.sampled_from(["complaint-rate", "bounce-rate"]))
def test_what_is_said_to_settle_a_case_does(count: int, times: float, check: str) -> None:
    lines = THRESHOLDS[check]
    n = max(lines.minimum, round(count / (times * lines.warn)))
    if judge_rate(min(count, n), n, lines) is Standing.OVER and (needed := settles_at(count, n, lines)):
        assert needed > n
        assert judge_rate(ceil(count / n * needed - 1e-9), needed, lines) in {Standing.WARN, Standing.FAIL}


@pytest.mark.parametrize(
    ("standing", "severity"),
    [
        (Standing.BELOW_FLOOR, None),
        (Standing.PASS, None),
        (Standing.OVER, Severity.MEDIUM),
        (Standing.WARN, Severity.HIGH),
        (Standing.FAIL, Severity.CRITICAL),
    ],
)
def test_how_bad_a_standing_is(standing: Standing, severity: Severity | None) -> None:
    assert COMPLAINTS.severity(standing) is severity


@pytest.mark.parametrize("check", sorted(THRESHOLDS))
def test_a_doubtful_point_never_closes_a_gate_at_its_default_level(check: str) -> None:
    severity = THRESHOLDS[check].severity(Standing.OVER)

    assert severity is not None
    assert not severity.at_least(Severity.HIGH)


@pytest.mark.parametrize("check", sorted(THRESHOLDS))
def test_the_lines_are_in_order_and_have_a_source(check: str) -> None:
    lines = THRESHOLDS[check]

    assert 0 < lines.warn < lines.fail < 1
    assert lines.at_fail.at_least(lines.at_warn)
    assert lines.minimum >= 1
    assert lines.source
    assert lines.date.startswith("2026-")


@pytest.mark.parametrize(("warn", "floor"), [(0.02, 50), (0.03, 34), (0.001, 1_000), (0.01, 100), (1 / 49, 49)])
def test_the_floor_is_where_one_message_alone_does_not_decide(warn: float, floor: int) -> None:
    assert floor_of(warn) == floor


@given(st.sampled_from(sorted(THRESHOLDS)), st.integers(0, 1_000_000), st.data())
def test_more_faults_never_stand_better(check: str, n: int, data: st.DataObject) -> None:
    lines = THRESHOLDS[check]
    fewer = data.draw(st.integers(0, n))
    more = data.draw(st.integers(fewer, n))
    standings = [judge_rate(x, n, lines) for x in (fewer, more)]

    assert (Standing.BELOW_FLOOR in standings) is (n < lines.minimum)
    if n >= lines.minimum:
        assert ORDER.index(standings[0]) <= ORDER.index(standings[1])


@given(st.sampled_from(sorted(THRESHOLDS)), st.integers(0, 100_000), st.integers(0, 200_000))
def test_a_pass_is_below_the_line_and_a_fault_is_not(check: str, n: int, x: int) -> None:
    lines = THRESHOLDS[check]
    standing = judge_rate(x, n, lines)

    if standing is Standing.PASS:
        assert x / n < lines.warn
    elif standing is not Standing.BELOW_FLOOR:
        assert x / n >= lines.warn


def test_a_count_beyond_its_denominator_is_all_of_it() -> None:
    assert judge_rate(2_000, 1_000, COMPLAINTS) is Standing.FAIL


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "0 %"),
        (0.003, "0.3 %"),
        (0.00125, "0.12 %"),
        (0.00004, "0.004 %"),
        (0.05, "5 %"),
        (0.0317, "3.2 %"),
        (0.357, "36 %"),
        (0.1, "10 %"),
        (1.0, "100 %"),
        (1e-9, "0 %"),
    ],
)
def test_a_fraction_in_words(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@given(st.sampled_from(sorted(THRESHOLDS)), st.integers(1, 9), st.floats(1.05, 1.9))
def test_a_share_is_settled_by_as_much_mail_as_is_said(check: str, x: int, beyond: float) -> None:
    lines = THRESHOLDS[check]
    n = max(x, int(x / (lines.warn * beyond)))
    needed = settles_at(x, n, lines)
    assert needed is not None
    enough = -(-needed // n)

    assert judge_rate(x * enough, n * enough, lines) in {Standing.WARN, Standing.FAIL}
    if n * (enough - 1) >= lines.minimum:
        assert judge_rate(x * (enough - 1), n * (enough - 1), lines) is Standing.OVER


def test_no_mail_settles_a_share_that_lies_on_the_line_or_below() -> None:
    assert settles_at(20, 1_000, BOUNCES) is None
    assert settles_at(19, 1_000, BOUNCES) is None
    assert settles_at(0, 0, BOUNCES) is None
    assert settles_at(20_000_001, 1_000_000_000, BOUNCES) is None  # so near that a billion would not tell


def test_what_settles_a_share_is_never_below_the_floor() -> None:
    assert settles_at(1, 1, BOUNCES) == BOUNCES.minimum
