"""The public RFC 7208 suite."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.protocols.spf import check_host
from support.shared import shared
from support.spf_zone import DictResolver, SuiteCase, suite_cases

CASES = suite_cases(shared("data", "spf-rfc7208", "tests.yml"))


@pytest.mark.corpus
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_suite_case(case: SuiteCase) -> None:
    found = asyncio.run(
        check_host(
            DictResolver(case.zone), ip=case.ip, sender=case.sender, helo=case.helo, default_explanation="DEFAULT"
        )
    )

    assert found.result in case.accepted
    if case.explanation is not None:
        assert found.explanation == case.explanation
