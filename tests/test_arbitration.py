"""The one fix to make next: what weighs most, or what has to be mended before that can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.arbitration import ORDERS, Basis, FixChoice, NextFix, next_best_fix
from deliverability.checks import CHECKS
from deliverability.events.figures import Counts, RatesFacts, Rejection
from deliverability.feedback.facts import AggregateFacts
from deliverability.findings import Effort, Finding, Fix, Outcome, Owner, Severity
from deliverability.inputs import Inputs
from deliverability.selection import selected


def fault(
    check: str, severity: Severity = Severity.HIGH, effort: Effort = Effort.LOW, *, tried: bool = False, **data: Any
) -> Finding:
    fix = Fix("Mend it.", effort, Owner.DNS, reaudited=tried)
    return Finding(check, Outcome.FAIL, severity, "shop.test", "fail", f"{check} is at fault", data, fix=fix)


def chosen(*findings: Finding, inputs: Inputs | None = None, whys: Mapping[str, str] | None = None) -> NextFix:
    found = next_best_fix(findings, whys or {}, inputs)
    assert found is not None
    return found


def test_nothing_to_mend_is_an_answer() -> None:
    assert next_best_fix([], {}) is None
    assert next_best_fix([replace(fault("spf-all"), outcome=Outcome.UNKNOWN)], {}) is None


def test_the_worst_consequence_comes_first_whatever_the_work() -> None:
    found = chosen(
        fault("mx-ipv6", Severity.LOW), fault("spf-all", Severity.CRITICAL, Effort.HIGH), fault("mx-duplicate")
    )

    assert found.check == "spf-all"
    assert [runner.check for runner in found.runners_up] == ["mx-duplicate", "mx-ipv6"]


def test_between_equals_the_least_work_comes_first() -> None:
    assert chosen(fault("dkim-hash", effort=Effort.HIGH), fault("dkim-service-type")).check == "dkim-service-type"


def test_between_equals_a_fix_that_was_tried_comes_first() -> None:
    found = chosen(fault("dkim-hash"), fault("dkim-service-type", tried=True))

    assert found.check == "dkim-service-type"
    assert found.arbitration is not None
    assert found.arbitration.basis is Basis.TRIED


def test_between_equals_the_one_that_meets_more_of_the_mail_comes_first() -> None:
    few, many = (
        fault("complaint-rate", numerator=9, denominator=1_000),
        fault("bounce-rate", numerator=90, denominator=1_000),
    )

    assert chosen(few, many).check == "bounce-rate"


def test_what_a_list_holds_is_counted_as_such_and_is_no_mail_that_met_it() -> None:
    found = chosen(fault("recipients-suppressed", numerator=2, denominator=6, of="addresses"))

    assert found.arbitration is not None
    assert (found.arbitration.affected, found.arbitration.of, found.arbitration.unit) == (2, 6, "addresses")
    assert found.arbitration.basis is Basis.SEEN


def test_what_mail_met_is_counted_in_messages() -> None:
    found = chosen(fault("bounce-rate", numerator=90, denominator=1_000, of="sent"))

    assert found.arbitration is not None
    assert (found.arbitration.unit, found.arbitration.basis) == ("messages", Basis.MET)


def test_a_share_of_more_than_all_weighs_as_all() -> None:
    scores = [
        found.arbitration.score
        for count in (1_000, 5_000)
        if (found := chosen(fault("bounce-rate", numerator=count, denominator=1_000))).arbitration
    ]

    assert scores[0] == scores[1]


def test_between_equals_what_others_rest_on_comes_first() -> None:
    assert chosen(fault("bounce-rate"), fault("dkim-hash"), fault("spf-mx-limit")).check == "spf-mx-limit"


def test_of_several_that_have_to_come_first_the_worst_does() -> None:
    before = fault("dkim-key-syntax", Severity.MEDIUM), fault("dkim-key-size", Severity.HIGH)
    found = chosen(fault("dmarc-effective-policy", Severity.CRITICAL), *before)

    shown: list[NextFix | FixChoice] = [found, *found.runners_up]
    assert [choice.check for choice in shown] == [
        "dkim-key-size",
        "dkim-key-syntax",
        "dmarc-effective-policy",
    ]


def test_what_refusals_name_comes_before_the_refusals() -> None:
    refusals = replace(fault("bounce-auth-rejections", Severity.CRITICAL), subject="ptr")
    found = chosen(refusals, fault("spf-all"), fault("host-ptr", Severity.MEDIUM))

    assert found.check == "host-ptr"
    assert found.arbitration is not None
    assert found.arbitration.because == ("cause-before-consequence",)


def test_what_own_mail_was_refused_for_comes_before_what_it_was_not() -> None:
    refused = RatesFacts(
        totals=Counts(sent=1_000),
        rejections=(Rejection(provider="x", code="5.7.20", reason="auth_failure", bounced=200, deferred=100),),
    )
    faults = fault("dkim-hash"), fault("dkim-key-size")

    assert chosen(*faults).check == "dkim-hash"
    found = chosen(*faults, inputs=Inputs(rates=refused))
    assert found.check == "dkim-key-size"
    assert found.arbitration is not None
    assert (found.arbitration.affected, found.arbitration.of, found.arbitration.basis) == (300, 1_000, Basis.MET)


@pytest.mark.parametrize(("check", "affected"), [("spf-mx-limit", 60), ("dkim-hash", 20), ("dmarc-rua", 10)])
def test_reports_say_how_much_of_the_mail_a_fault_meets(check: str, affected: int) -> None:
    reports = AggregateFacts(
        domain="shop.test",
        start="",
        end="",
        reports=1,
        reporters=1,
        messages=80,
        dmarc_pass=70,
        spf_aligned=20,
        dkim_aligned=60,
        quarantined=0,
        rejected=0,
    )

    found = chosen(fault(check), inputs=Inputs(dmarc_reports=reports))
    assert found.arbitration is not None
    assert (found.arbitration.affected, found.arbitration.of) == (affected, 80)


def test_a_finding_s_own_share_is_what_it_affects() -> None:
    found = chosen(fault("complaint-rate", numerator=9, denominator=1_000))

    assert found.arbitration is not None
    assert (found.arbitration.affected, found.arbitration.of) == (9, 1_000)


@pytest.mark.parametrize(
    ("later", "first", "because"),
    [
        ("dmarc-effective-policy", "dkim-key-syntax", "authentication-before-policy"),
        ("dmarc-effective-policy", "dmarc-rua", "reports-before-policy"),
        ("dmarc-subdomain-policy", "spf-include-resolves", "authentication-before-policy"),
        ("spf-all", "spf-single", "one-readable-record-before-its-parts"),
        ("spf-present", "dns-domain-exists", "a-name-before-its-records"),
        ("bounce-rate", "bounce-auth-rejections", "cause-before-consequence"),
    ],
)
def test_what_has_to_come_first_does_however_much_less_it_weighs(later: str, first: str, because: str) -> None:
    found = chosen(fault(later, Severity.CRITICAL), fault(first, Severity.MEDIUM, Effort.HIGH))

    assert found.check == first
    assert found.arbitration is not None
    assert found.arbitration.before == (later,)
    assert found.arbitration.because == (because,)


def test_nothing_waits_for_good_order() -> None:
    assert chosen(fault("dmarc-effective-policy"), fault("dmarc-rua", Severity.LOW)).check == "dmarc-effective-policy"


def test_why_it_matters_is_said_of_the_first() -> None:
    assert chosen(fault("spf-all"), whys={"spf-all": "anybody can send."}).why == "anybody can send."
    assert chosen(fault("spf-all")).why == "spf-all is at fault"


def test_every_order_names_checks_that_there_are() -> None:
    for order in ORDERS:
        assert selected(order.later, ())
        assert selected(order.first, ())


ids = st.sampled_from(sorted(check.id for check in CHECKS))


@given(
    st.lists(
        st.builds(fault, ids, st.sampled_from(Severity), st.sampled_from(Effort)),
        max_size=12,
        unique_by=lambda f: f.check,
    )
)
def test_some_fault_comes_first_and_nothing_that_it_waits_for_is_left(faults: list[Finding]) -> None:
    found = next_best_fix(faults, {})

    assert (found is None) == (not faults)
    if found is not None:
        assert found == next_best_fix(faults, {})
        shown: list[NextFix | FixChoice] = [found, *found.runners_up]
        assert len({choice.check for choice in shown}) == min(3, len(faults))
        for place, choice in enumerate(shown):
            assert choice.arbitration is not None
            assert not {earlier.check for earlier in shown[:place]} & set(choice.arbitration.before)
