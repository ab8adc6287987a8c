"""Every case of tests/vectors through the real audit."""

from __future__ import annotations

import pytest

from deliverability.checks import CHECKS
from deliverability.document import Audit
from deliverability.findings import Outcome
from deliverability.reports.language import speaking
from support import vectors
from support.spoken import left_in_english
from support.vectors import Case

CASES = list(vectors.cases())


@pytest.fixture(scope="module", params=CASES, ids=[f"{c.file}::{c.name}" for c in CASES])
def judged(request: pytest.FixtureRequest) -> tuple[Case, Audit]:
    """A case and its audit; pytest runs all tests of one before the next is audited."""
    return request.param, vectors.audit(request.param)


def test_case(judged: tuple[Case, Audit]) -> None:
    case, audit = judged

    errors = [f for f in audit.findings if f.outcome is Outcome.ERROR]
    assert errors == []
    matching = vectors.found(audit, case)
    assert matching, "\n".join(str(f) for f in audit.findings if f.check == case.check)
    assert [f for f in audit.findings if f.check in case.forbid and f.outcome is Outcome.FAIL] == []
    if case.fixed:
        finding = matching[0]
        assert finding.fix is not None
        assert finding.fix.reaudited
        assert finding.fix.records
        assert not vectors.still_fails(vectors.published(case, finding.fix.records), finding)
        if case.spoiled:
            assert vectors.still_fails(vectors.published(case, vectors.spoil(finding.fix.records)), finding)


def test_its_judgement_is_said_in_korean(judged: tuple[Case, Audit]) -> None:
    with speaking("ko"):
        assert left_in_english(judged[1]) == [], (
            "the Korean of a check stands in reports/locale/ko: checks.po, notes.po"
        )


def test_every_check_has_vectors_that_pass_fail_and_cannot_tell() -> None:
    seen = {(c.check, c.expect["outcome"]) for c in CASES}
    missing = [
        f"{check.id}: {outcome}"
        for check in CHECKS
        for outcome in EXPECTED.get(check.id, ("pass", "fail", "unknown"))
        if (check.id, outcome) not in seen
    ]
    assert missing == []


EXPECTED = {
    "mx-provider": ("info", "unknown"),
    "mx-ptr": ("pass", "info", "unknown"),
    "dkim-revoked": ("pass", "info", "unknown"),
    "dmarc-removed-tags": ("pass", "info", "unknown"),
    "bounce-unclassified": ("pass", "info", "unknown"),
    "unsubscribe-rate": ("info", "unknown"),
    "open-rate": ("info", "unknown"),
    "engagement-quadrant": ("info", "unknown"),
    "dmarc-enforcement-ready": ("info", "unknown"),
}
"""Checks that by nature do not have all three outcomes, with those they have."""


def test_every_vector_names_a_check() -> None:
    assert {c.check for c in CASES} <= {c.id for c in CHECKS}
