"""The verdict's word and sentence: whose fault it is decides how it begins."""

from __future__ import annotations

import pytest

from deliverability.findings import Effort, Finding, Fix, Lack, Outcome, Owner, Role, Severity, Subject
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


def unseen(number: int, settle: str = "Ask again.") -> list[Finding]:
    titles = (f"It is not known whether {n}" for n in range(number))
    kind = (Outcome.UNKNOWN, Severity.HIGH, "shop.test", "unknown")
    return [Finding("spf-all", *kind, title, lack=Lack.ANSWER, settle=settle) for title in titles]


def test_where_nothing_was_seen_nothing_good_is_said() -> None:
    passed = Finding("spf-single", Outcome.PASS, Severity.HIGH, "shop.test", "pass", "There is one")

    assert decide(SUBJECT, unseen(2)).sentence == "Nothing could be looked at: It is not known whether 0, and 1 more."
    assert decide(SUBJECT, [*unseen(2), passed]).sentence.startswith("No blocking fault was seen, but not everything")


def test_what_the_same_would_settle_is_one_reason() -> None:
    few, many, others = (decide(SUBJECT, unseen(n, f"Do {n}.")).why_not_more_certain for n in (3, 4, 1))

    assert few == tuple(f"It is not known whether {n}. Do 3." for n in range(3))
    assert many == ("4 checks could not be made, one of them: It is not known whether 0. Do 4.",)
    assert decide(SUBJECT, [*unseen(4, "Do 4."), *unseen(1, "Do 1.")]).why_not_more_certain == many + others
