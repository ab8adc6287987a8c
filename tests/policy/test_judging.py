"""What a policy makes of checks: their severities, the ones that are off, and what a document keeps of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.checks import CHECKS
from deliverability.checks._check import Check, check, failed, passed, unknown
from deliverability.checks._thresholds import BY_PROVIDER, BY_STREAM, THRESHOLDS, Change, Lines
from deliverability.findings import Judgement, Lack, Severity
from deliverability.policy.judging import decision, from_plain, graded, to_plain
from deliverability.policy.model import Judging
from deliverability.selection import UnknownCheck, selected

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


def saying(judgement: Judgement) -> Check:
    """A check of severity high that says one thing."""

    def it() -> Judgement:
        """A rule."""
        return judgement

    return check("spf-made-up", HIGH, titles={})(it)


def severity_of(judgement: Judgement, said: Severity) -> Severity:
    """The severity of a finding under a policy."""
    (one,) = graded([saying(judgement)], Judging(severities=(("spf-made-up", said),)))
    return one.judge({}, "example.test")[0].severity


@pytest.mark.parametrize(
    ("judgement", "said", "severity"),
    [
        (failed(), LOW, LOW),
        (failed(severity=CRITICAL), LOW, LOW),
        (failed(severity=LOW), CRITICAL, CRITICAL),
        (unknown(lack=Lack.INPUT), CRITICAL, CRITICAL),
        (passed(), LOW, HIGH),
        (failed(severity=MEDIUM, undecided=True), CRITICAL, MEDIUM),
        (failed(severity=MEDIUM, undecided=True), LOW, LOW),
    ],
)
def test_a_policys_severity_is_that_of_faults_and_of_what_could_not_be_looked_at(
    judgement: Judgement, said: Severity, severity: Severity
) -> None:
    assert severity_of(judgement, said) is severity


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([("spf-*", LOW), ("spf-loop", HIGH)], ("spf-loop", HIGH)),
        ([("spf-loop", HIGH), ("spf-*", LOW)], ("spf-loop", HIGH)),
        ([("spf-*", LOW), ("*-loop", None)], ("*-loop", None)),
        ([("*-loop", None), ("spf-*", LOW)], ("spf-*", LOW)),
        ([("dkim-*", LOW)], None),
        ([], None),
    ],
)
def test_an_id_goes_before_a_glob_and_of_two_globs_the_later(
    patterns: list[tuple[str, Severity | None]], found: tuple[str, Severity | None] | None
) -> None:
    assert decision(patterns, "spf-loop") == found


def test_what_is_off_is_left_out_as_by_ignore() -> None:
    off = selected(judging=Judging(severities=(("spf-*", None), ("spf-loop", HIGH))))

    assert [one.id for one in off] == [
        one.id for one in CHECKS if not one.id.startswith("spf-") or one.id == "spf-loop"
    ]
    with pytest.raises(UnknownCheck, match="no check is left to run"):
        selected(("spf-present",), (), Judging(severities=(("spf-*", None),)))


def test_without_a_policy_the_checks_are_the_same() -> None:
    assert selected(judging=Judging()) == CHECKS


FRACTIONS = st.floats(1e-6, 1)
CHANGES = st.builds(
    lambda lines, minimum, confidence: Change(warn=lines[0], fail=lines[1], minimum=minimum, confidence=confidence),
    st.tuples(FRACTIONS, FRACTIONS).map(sorted) | st.just((None, None)),
    st.none() | st.integers(1, 10**9),
    st.none() | st.floats(0.5, 0.9999),
)


def narrow(checks: frozenset[str], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Lines of checks for providers or streams."""
    lines = st.builds(lambda one: Change(minimum=one), st.integers(1, 9) | st.none())
    of_check = st.dictionaries(names, lines, min_size=1, max_size=2)
    return st.dictionaries(st.sampled_from(sorted(checks)), of_check, max_size=2)


JUDGINGS = st.builds(
    lambda severities, lines: Judging(severities=tuple(severities.items()), lines=None if lines == Lines() else lines),
    st.dictionaries(st.sampled_from(["spf-*", "*", "spf-loop", "mx-*"]), st.none() | st.sampled_from([LOW, CRITICAL])),
    st.builds(
        Lines,
        changes=st.dictionaries(
            st.sampled_from(sorted(THRESHOLDS)), CHANGES.filter(lambda one: one != Change()), max_size=2
        ),
        by_provider=narrow(BY_PROVIDER, st.sampled_from(["gmail", "other"])),
        by_stream=narrow(BY_STREAM, st.text(max_size=5)),
    ),
)


@given(JUDGINGS)
def test_what_a_document_keeps_is_read_back(judging: Judging) -> None:
    kept = json.dumps(to_plain(judging))
    lines = judging.lines or Lines()
    if any(
        lines.of(check).warn > lines.of(check).fail
        for check in {*lines.changes, *lines.by_provider, *lines.by_stream} & {*THRESHOLDS}
    ):
        with pytest.raises(ValueError, match="is above fail"):
            from_plain(json.loads(kept))
        return

    assert from_plain(json.loads(kept)) == judging
    assert json.dumps(to_plain(from_plain(json.loads(kept)))) == kept


@pytest.mark.parametrize(
    "plain",
    [None, [], "off", {"checks": 1}, {"checks": {"zzz": "off"}}, {"thresholds": {"bounce-rate": {"warn": "1"}}}],
)
def test_a_damaged_policy_of_a_document_is_told_in_one_line(plain: object) -> None:
    with pytest.raises(ValueError, match=r"^options\.policy") as caught:
        from_plain(plain)

    assert "\n" not in str(caught.value)
