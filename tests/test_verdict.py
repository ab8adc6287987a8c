"""The verdict's word and sentence: whose fault it is decides how it begins."""

from __future__ import annotations

import pytest

from deliverability.findings import Effort, Finding, Fix, Outcome, Owner, Role, Severity, Subject
from deliverability.verdict import Word, decide

SUBJECT = Subject("shop.test", Role.SENDING, "")


def fault(check: str, owner: Owner, title: str = "It is at fault") -> Finding:
    fix = Fix("Mend it.", Effort.LOW, owner)
    return Finding(check, Outcome.FAIL, Severity.CRITICAL, "shop.test", "fail", title, fix=fix)


@pytest.mark.parametrize(
    ("found", "opening"),
    [
        (fault("spf-all", Owner.DNS), "Mail from this domain is or will be rejected or spoofed: "),
        (fault("message-dkim", Owner.ESP), "Mail from this domain is or will be rejected or spoofed: "),
        (fault("message-template-residue", Owner.CONTENT), "This campaign must not go out as it is: "),
        (fault("recipients-suppressed", Owner.LIST), "This campaign must not go out as it is: "),
        (fault("complaint-rate", Owner.LIST), "Mail from this domain is or will be rejected or spoofed: "),
    ],
    ids=lambda value: value.check if isinstance(value, Finding) else "",
)
def test_the_sentence_says_whether_the_domain_or_the_campaign_is_at_fault(found: Finding, opening: str) -> None:
    verdict = decide(SUBJECT, [found])

    assert (verdict.word, verdict.sentence) == (Word.DO_NOT_SEND, f"{opening}It is at fault.")


def test_a_fault_of_the_domain_comes_before_one_of_the_campaign() -> None:
    found = [fault("spf-all", Owner.DNS, "Anybody may send"), fault("recipients-suppressed", Owner.LIST)]

    sentence = decide(SUBJECT, found).sentence

    assert sentence == "Mail from this domain is or will be rejected or spoofed: Anybody may send (1 more like it)."
