"""A fix's records are shown only if they clear the finding; what nobody gave makes no verdict uncertain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from deliverability.findings import Action, Finding, Fix, Lack, Outcome, RecordChange, Role, Severity, Subject
from deliverability.lookup import Resolver, ZoneResolver
from deliverability.repair import tried
from deliverability.verdict import Word, decide

CHANGE = RecordChange(Action.REPLACE, "shop.test", "TXT", 300, "v=spf1 +all", "v=spf1 -all")
FAULT = Finding(
    "spf-all", Outcome.FAIL, Severity.HIGH, "shop.test", "fail", "A fault", fix=Fix("Mend it.", records=(CHANGE,))
)
OTHER = Finding("spf-syntax", Outcome.FAIL, Severity.HIGH, "shop.test", "fail", "Another fault")


@pytest.mark.parametrize(("after", "shown"), [([], True), ([FAULT], False), ([OTHER], False)])
def test_records_are_shown_only_if_the_finding_goes_and_none_as_bad_comes(after: list[Finding], shown: bool) -> None:
    zone = ZoneResolver.from_text('shop.test. 300 TXT "v=spf1 +all"')

    async def reaudit(resolver: Resolver, finding: Finding) -> Sequence[Finding]:
        return after

    fix = asyncio.run(tried(FAULT, "shop.test", zone, [FAULT], reaudit)).fix

    assert fix is not None
    assert (bool(fix.records), fix.reaudited) == (shown, shown)


@pytest.mark.parametrize(("lack", "word"), [(Lack.INPUT, Word.SEND), (Lack.ANSWER, Word.UNDETERMINED)])
def test_only_a_missing_answer_makes_the_verdict_undetermined(lack: Lack, word: Word) -> None:
    unknown = Finding("dkim-selectors", Outcome.UNKNOWN, Severity.HIGH, "shop.test", "unknown", "Not known", lack=lack)

    assert decide(Subject("shop.test", Role.SENDING, "given"), [unknown]).word is word
