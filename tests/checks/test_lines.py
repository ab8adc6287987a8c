"""Figures judged by a policy's lines: everywhere, at one provider, in one stream."""

from __future__ import annotations

from typing import Any

import pytest

from deliverability.checks import CHECKS
from deliverability.checks._thresholds import BY_PROVIDER, BY_STREAM, Change, Lines
from deliverability.events.figures import Counts, RatesFacts
from deliverability.feedback.facts import TlsFacts
from deliverability.feedback.snds import Activity, SndsFacts
from deliverability.findings import Finding, Outcome, Role, Severity, Subject

BY_ID = {one.id: one for one in CHECKS}
GMAIL = Counts(
    sent=5_000, delivered=4_800, bounced=200, bounced_hard=150, bounced_block=50, deferred=300, complained=20
)
NEWS = Counts(sent=2_000, delivered=1_900, bounced=100, bounced_hard=60, deferred=10, complained=2)
RATES = RatesFacts(
    totals=Counts(
        sent=10_000, delivered=9_700, bounced=300, bounced_hard=210, bounced_block=50, deferred=310, complained=22
    ),
    by_provider={"gmail": GMAIL},
    by_stream={"newsletter": NEWS},
    reporting=("gmail",),
    reasons={"unknown_user": 150, "ip_blocklisted": 50, "unknown": 40},
    reasons_by_provider={"gmail": {"unknown_user": 150, "ip_blocklisted": 50, "unknown": 10}},
)


def judge(check: str, lines: Lines, **facts: Any) -> list[Finding]:
    """What a check says of the figures under these lines."""
    given = dict.fromkeys(BY_ID[check].needs)
    subject = Subject("shop.test", Role.SENDING, "")
    return BY_ID[check].judge({**given, "rates": RATES, "subject": subject, **facts, "lines": lines}, "shop.test")


def at(check: str, kind: str, name: str, **change: float) -> Lines:
    """Lines for one provider or one stream."""
    return Lines(**{f"by_{kind}": {check: {name: Change(**change)}}})  # type: ignore[arg-type]


COUNTED = {
    "bounce-rate": (200, 5_000),
    "hard-bounce-rate": (160, 5_000),
    "bounce-unknown-users": (150, 5_000),
    "bounce-reputation-blocks": (50, 5_000),
    "deferral-rate": (300, 5_000),
    "complaint-rate": (20, 4_800),
}
"""Check → what of the figures of Gmail it judges."""


@pytest.mark.parametrize("check", COUNTED)
def test_a_provider_with_lines_of_its_own_is_judged_besides(check: str) -> None:
    whole = judge(check, Lines())
    (first, besides) = judge(check, at(check, "provider", "gmail", warn=0.0005, fail=0.001))

    assert [first] == whole
    assert (besides.subject, besides.outcome, besides.case) == ("shop.test at gmail", Outcome.FAIL, "fail")
    assert (besides.data["numerator"], besides.data["denominator"]) == COUNTED[check]
    assert besides.data["provider"] == "gmail"
    assert "to Gmail" in besides.title


STREAMED = {"bounce-rate": 100, "hard-bounce-rate": 100, "deferral-rate": 10, "complaint-rate": 2}


@pytest.mark.parametrize("check", STREAMED)
def test_a_stream_with_lines_of_its_own_is_judged_besides(check: str) -> None:
    (first, besides) = judge(check, at(check, "stream", "newsletter", warn=1, fail=1))

    assert [first] == judge(check, Lines())
    assert (besides.subject, besides.outcome) == ("shop.test stream newsletter", Outcome.PASS)
    assert besides.data["numerator"] == STREAMED[check]
    assert "in the stream newsletter" in besides.title


def test_every_check_that_may_have_such_lines_is_tried_here() -> None:
    assert set(COUNTED) | {"complaint-by-provider", "delivery-by-provider"} == BY_PROVIDER
    assert set(STREAMED) == BY_STREAM


def test_a_stream_without_mail_has_too_little_of_it() -> None:
    (_, besides) = judge("bounce-rate", at("bounce-rate", "stream", "billing", warn=0.01))

    assert (besides.subject, besides.outcome, besides.case) == (
        "shop.test stream billing",
        Outcome.NOT_APPLICABLE,
        "few",
    )


def test_without_events_there_is_nothing_to_judge_by_them() -> None:
    (only,) = judge("bounce-rate", at("bounce-rate", "provider", "gmail", warn=0.01), rates=None)

    assert only.outcome is Outcome.UNKNOWN


def test_lines_for_all_mail_hold_for_all_mail() -> None:
    (strict,) = judge("bounce-rate", Lines(changes={"bounce-rate": Change(warn=0.001, fail=0.002)}))
    (mild,) = judge("bounce-rate", Lines(changes={"bounce-rate": Change(warn=0.5, fail=0.6)}))
    (few,) = judge("bounce-rate", Lines(changes={"bounce-rate": Change(minimum=10_001)}))

    assert (strict.case, mild.case, few.case) == ("fail", "pass", "few")


def test_a_providers_complaints_are_judged_by_its_own_lines() -> None:
    (strict,) = judge(
        "complaint-by-provider", at("complaint-by-provider", "provider", "gmail", warn=0.0005, fail=0.001)
    )
    (mild,) = judge("complaint-by-provider", at("complaint-by-provider", "provider", "gmail", warn=0.1, fail=0.2))

    assert (strict.subject, strict.case) == ("gmail", "fail")
    assert mild.outcome is Outcome.PASS


def test_a_provider_that_is_condemned_is_not_left_out_for_many_that_only_warn() -> None:
    warned = {f"a{n:02}": Counts(sent=2_000, delivered=2_000, complained=3) for n in range(20)}
    facts = RatesFacts(totals=Counts(), by_provider={**warned, "zoho": Counts(delivered=5_000, complained=90)})

    found = judge("complaint-by-provider", Lines(), rates=facts)

    assert [one.case for one in found] == ["fail"] + ["over"] * 11


def test_a_provider_is_held_against_the_rest_by_its_own_band() -> None:
    other = Counts(sent=5_000, delivered=4_900)
    facts = RatesFacts(totals=Counts(sent=10_000, delivered=9_700), by_provider={"gmail": GMAIL, "yahoo": other})

    def cases(lines: Lines) -> list[str]:
        return [f"{one.subject} {one.case}" for one in judge("delivery-by-provider", lines, rates=facts)]

    assert cases(Lines()) == ["gmail over"]
    assert cases(at("delivery-by-provider", "provider", "gmail", warn=0.01)) == ["gmail warn"]
    assert cases(at("delivery-by-provider", "provider", "gmail", warn=0.03)) == ["shop.test pass"]
    assert cases(Lines(changes={"delivery-by-provider": Change(minimum=5_001)})) == ["shop.test not_applicable"]


def test_reports_are_judged_by_them_too() -> None:
    tls = TlsFacts(domain="shop.test", start="", end="", reports=1, sessions_ok=990, sessions_failed=10)
    snds = SndsFacts(
        activity=(
            Activity(
                ip="192.0.2.1",
                start="",
                end="2026-11-20",
                message_recipients=9_000,
                complaint_rate=0.01,
                complaint_bound="",
            ),
        )
    )

    def case(check: str, change: Change, **facts: Any) -> str:
        return judge(check, Lines(changes={check: change}), **facts)[0].case

    assert case("tls-rpt-failures", Change(warn=0.001, fail=0.002), tls_reports=tls) == "fail"
    assert case("tls-rpt-failures", Change(warn=0.04), tls_reports=tls) == "pass"
    assert case("snds-status", Change(), snds=snds) == "complaints"
    assert case("snds-status", Change(warn=0.1, fail=0.2), snds=snds) == "pass"


def test_an_undecided_share_says_what_would_settle_it() -> None:
    near = RatesFacts(totals=Counts(sent=1_000, bounced=25))
    on_it = RatesFacts(totals=Counts(sent=1_000, bounced=20))
    (some,) = judge("bounce-rate", Lines(), rates=near)
    (none,) = judge("bounce-rate", Lines(), rates=on_it)

    assert (some.case, some.data["settles_at"]) == ("over", 3_012)
    assert "it takes 3,012 sent at this share to settle it" in some.title
    assert (none.case, none.data["settles_at"]) == ("over", None)
    assert "no amount of mail at this share settles it" in none.title


def test_a_decided_share_says_nothing_of_it() -> None:
    assert "settles_at" not in judge("bounce-rate", Lines())[0].data


def test_a_doubtful_share_stays_a_warning_under_any_policy() -> None:
    assert (
        judge("bounce-rate", Lines(), rates=RatesFacts(totals=Counts(sent=1_000, bounced=25)))[0].severity
        is Severity.MEDIUM
    )
