"""The public RFC 7208 suite, each case over real packets."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.lookup import LiveResolver
from deliverability.lookup.serve import Nameserver
from deliverability.protocols.spf import CheckResult, check_host
from support.shared import shared
from support.spf_zone import DictResolver, SuiteCase, suite_cases

CASES = suite_cases(shared("data", "spf-rfc7208", "tests.yml"))


async def over_packets(case: SuiteCase) -> CheckResult:
    """Two tries, so that a busy machine is not taken for a silent server."""
    async with (
        Nameserver(DictResolver(case.zone)) as server,
        LiveResolver([server.address], timeout=0.3, tries=2) as resolver,
    ):
        return await check_host(resolver, ip=case.ip, sender=case.sender, helo=case.helo, default_explanation="DEFAULT")


@pytest.mark.corpus
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_suite_case(case: SuiteCase) -> None:
    found = asyncio.run(over_packets(case))

    assert found.result in case.accepted
    if case.explanation is not None:
        assert found.explanation == case.explanation


@pytest.mark.corpus
def test_the_suite_is_whole() -> None:
    assert len(CASES) == 94
