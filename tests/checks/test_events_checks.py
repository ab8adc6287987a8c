"""Bounces, complaints, engagement and timeliness: what the checks make of the figures of events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.checks._bounce_causes import OF_PROVIDERS, REGISTERED, REQUIREMENTS, requirement_of
from deliverability.checks._check import Check
from deliverability.checks._thresholds import Lines
from deliverability.checks.bounces import BOUNCES
from deliverability.checks.complaints import COMPLAINTS
from deliverability.checks.engagement import ENGAGEMENT
from deliverability.checks.timeliness import TIMELINESS
from deliverability.events.figures import Completeness, Counts, Flags, Heeded, RatesFacts, Rejection, Seconds
from deliverability.events.reasons import Reason
from deliverability.feedback.senderhub import HubFigure, SenderHubFacts
from deliverability.findings import Finding, Lack, Outcome, Role, Severity, Subject
from deliverability.plain import to_plain

CHECKS = (*BOUNCES, *COMPLAINTS, *ENGAGEMENT, *TIMELINESS)
BY_ID: Mapping[str, Check] = {one.id: one for one in CHECKS}
SUBJECT = Subject("example.test", Role.SENDING, "")

PASS, FAIL, INFO = Outcome.PASS, Outcome.FAIL, Outcome.INFO
UNKNOWN, NOTHING = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE
MEDIUM, HIGH, CRITICAL, LOW = Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL, Severity.LOW


def judge(
    check: str, rates: RatesFacts | None, senderhub: SenderHubFacts | None = None, findings: tuple[Finding, ...] = ()
) -> list[Finding]:
    return BY_ID[check].judge(
        {
            "rates": rates,
            "senderhub": senderhub,
            "findings": findings,
            "lines": Lines(),
            "subject": SUBJECT,
        },
        "example.test",
    )


def sent(n: int, **counts: int) -> RatesFacts:
    return RatesFacts(totals=Counts(sent=n, **counts))


def bounced(n: int, **reasons: int) -> RatesFacts:
    return RatesFacts(totals=Counts(sent=n, bounced=sum(reasons.values())), reasons=reasons)


def providers(**counts: Counts) -> RatesFacts:
    fields = ("sent", "delivered", "complained", "opened", "opened_machine")
    totals = Counts(**{name: sum(getattr(one, name) for one in counts.values()) for name in fields})
    return RatesFacts(totals=totals, by_provider=counts, reporting=("microsoft", "yahoo"))


def days(*volumes: int, first: int = 1) -> RatesFacts:
    return RatesFacts(
        by_day=tuple((f"2026-10-{first + i:02}", Counts(sent=volume)) for i, volume in enumerate(volumes) if volume)
    )


def complete(**counts: int) -> RatesFacts:
    whole = {"events": 1_000, "provider": 1_000, "campaign": 1_000, "unique_id": 1_000}
    return RatesFacts(
        rows=1_000, flags={"sendgrid": Flags(true=50, false=50)}, completeness=Completeness(**{**whole, **counts})
    )


def hub(*figures: tuple[str, int | None, int | None, float | None]) -> SenderHubFacts:
    return SenderHubFacts(
        figures=tuple(
            HubFigure(domain="example.test", date=date, inboxed=inboxed, complaints=complaints, rate=rate)
            for date, inboxed, complaints, rate in figures
        )
    )


Case = tuple[str, RatesFacts, Outcome, Severity | None, str]

CASES: list[Case] = [
    ("bounce-rate", sent(1_000, bounced=9), PASS, None, "pass"),
    ("bounce-rate", sent(200, bounced=4), FAIL, MEDIUM, "over"),
    ("bounce-rate", sent(1_000, bounced=50), FAIL, MEDIUM, "warn"),
    ("bounce-rate", sent(1_000, bounced=70), FAIL, HIGH, "fail"),
    ("bounce-rate", sent(49, bounced=49), NOTHING, None, "few"),
    ("hard-bounce-rate", sent(1_000, bounced=90, bounced_block=90), PASS, None, "pass"),
    ("hard-bounce-rate", sent(1_000, bounced=70, bounced_hard=70), FAIL, HIGH, "fail"),
    ("hard-bounce-rate", bounced(1_000, unknown=70), FAIL, HIGH, "fail"),
    ("hard-bounce-rate", sent(10, bounced_hard=10), NOTHING, None, "few"),
    ("deferral-rate", sent(1_000, deferred=50), PASS, None, "pass"),
    ("deferral-rate", sent(1_000, deferred=150), FAIL, LOW, "warn"),
    ("deferral-rate", sent(1_000, deferred=400), FAIL, MEDIUM, "fail"),
    ("deferral-rate", sent(9, deferred=9), NOTHING, None, "few"),
    ("bounce-auth-rejections", sent(1_000), PASS, None, "pass"),
    ("bounce-auth-rejections", sent(99), NOTHING, None, "few"),
    ("bounce-reputation-blocks", bounced(1_000, policy=90), PASS, None, "pass"),
    ("bounce-reputation-blocks", bounced(1_000, ip_blocklisted=50), FAIL, MEDIUM, "warn"),
    ("bounce-reputation-blocks", bounced(1_000, ip_blocklisted=80, spam_content=80), FAIL, HIGH, "fail"),
    ("bounce-reputation-blocks", bounced(50, domain_reputation=50), NOTHING, None, "few"),
    ("bounce-unknown-users", bounced(1_000, mailbox_full=90), PASS, None, "pass"),
    ("bounce-unknown-users", bounced(1_000, unknown_user=50, bad_domain=30), FAIL, MEDIUM, "fail"),
    ("bounce-unclassified", bounced(1_000, unknown_user=5), PASS, None, "pass"),
    ("bounce-unclassified", bounced(1_000, unknown_user=5, unknown=5), INFO, None, "info"),
    ("bounce-unclassified", sent(1_000), NOTHING, None, "not_applicable"),
    ("suppression-respected", RatesFacts(after_hard_bounce=Heeded(recipients=9)), PASS, None, "pass"),
    ("suppression-respected", RatesFacts(after_complaint=Heeded(recipients=1, violated=1)), FAIL, CRITICAL, "fail"),
    ("suppression-respected", RatesFacts(after_hard_bounce=Heeded(recipients=2_000, violated=1)), FAIL, MEDIUM, "over"),
    ("suppression-respected", RatesFacts(), NOTHING, None, "few"),
    ("complaint-rate", sent(10_000, delivered=10_000, complained=9), PASS, None, "pass"),
    ("complaint-rate", sent(1_000, delivered=1_000, complained=1), FAIL, MEDIUM, "over"),
    ("complaint-rate", sent(10_000, delivered=10_000, complained=30), FAIL, HIGH, "warn"),
    ("complaint-rate", sent(10_000, delivered=10_000, complained=60), FAIL, CRITICAL, "fail"),
    ("complaint-rate", sent(999, delivered=999, complained=99), NOTHING, None, "few"),
    (
        "complaint-rate",
        providers(gmail=Counts(delivered=90_000), yahoo=Counts(delivered=10_000, complained=60)),
        FAIL,
        MEDIUM,
        "reporting",
    ),
    (
        "complaint-by-provider",
        providers(gmail=Counts(delivered=90_000), yahoo=Counts(delivered=10_000, complained=60)),
        FAIL,
        CRITICAL,
        "fail",
    ),
    ("complaint-by-provider", providers(yahoo=Counts(delivered=10_000, complained=2)), PASS, None, "pass"),
    ("complaint-by-provider", providers(gmail=Counts(delivered=90_000)), NOTHING, None, "few"),
    ("complaint-by-provider", providers(yahoo=Counts(delivered=100, complained=9)), NOTHING, None, "few"),
    ("unsubscribe-rate", sent(1_000, delivered=1_000, unsubscribed=3), INFO, None, "info"),
    ("unsubscribe-rate", sent(1_000), NOTHING, None, "not_applicable"),
    ("unsubscribe-honoured", RatesFacts(after_unsubscribe=Heeded(recipients=40)), PASS, None, "pass"),
    ("unsubscribe-honoured", RatesFacts(after_unsubscribe=Heeded(recipients=40, violated=4)), FAIL, CRITICAL, "fail"),
    ("unsubscribe-honoured", RatesFacts(), NOTHING, None, "few"),
    ("open-rate", sent(1_000, opened=300, opened_machine=100, opened_unknown=50), INFO, None, "info"),
    ("open-rate", sent(1_000), INFO, None, "none"),
    ("open-rate", RatesFacts(), NOTHING, None, "not_applicable"),
    ("machine-flag-sane", RatesFacts(flags={"sendgrid": Flags(true=400, false=600)}), PASS, None, "pass"),
    ("machine-flag-sane", RatesFacts(flags={"sendgrid": Flags(false=1_000)}), FAIL, MEDIUM, "never"),
    ("machine-flag-sane", RatesFacts(flags={"sendgrid": Flags(true=1_000)}), FAIL, MEDIUM, "always"),
    ("machine-flag-sane", RatesFacts(flags={"sendgrid": Flags(false=999)}), NOTHING, None, "not_applicable"),
    ("machine-flag-sane", RatesFacts(flags={"ses": Flags(none=9_999)}), NOTHING, None, "none"),
    ("engagement-quadrant", sent(100), NOTHING, None, "not_applicable"),
    ("data-complete", complete(), PASS, None, "pass"),
    ("data-complete", complete(provider=900), FAIL, MEDIUM, "fail"),
    ("data-complete", complete(in_future=60), FAIL, MEDIUM, "fail"),
    ("data-complete", complete(campaign=0), FAIL, LOW, "fail"),
    ("data-complete", RatesFacts(rows=10, bad=10), FAIL, MEDIUM, "empty"),
    ("data-complete", RatesFacts(), NOTHING, None, "not_applicable"),
    ("time-to-deliver", RatesFacts(time_to_deliver=Seconds(p50=2, p95=90, messages=100)), PASS, None, "pass"),
    ("time-to-deliver", RatesFacts(time_to_deliver=Seconds(p50=2, p95=1_800, messages=100)), FAIL, MEDIUM, "fail"),
    (
        "time-to-deliver",
        RatesFacts(time_to_deliver=Seconds(p50=2, p95=9_999, messages=99)),
        NOTHING,
        None,
        "not_applicable",
    ),
    ("volume-ramp", days(*[1_000] * 8), PASS, None, "pass"),
    ("volume-ramp", days(*[1_000] * 7, 2_000), PASS, None, "pass"),
    ("volume-ramp", days(*[1_000] * 7, 2_001), FAIL, MEDIUM, "fail"),
    ("volume-ramp", days(*[10] * 7, 900), PASS, None, "pass"),
    ("volume-ramp", days(*[1_000] * 6, 9_000), NOTHING, None, "not_applicable"),
    ("volume-ramp", days(9_000, *[0] * 6, 9_000), PASS, None, "pass"),
]


@pytest.mark.parametrize(("check", "rates", "outcome", "severity", "case"), CASES)
def test_what_is_said_of_figures(
    check: str, rates: RatesFacts, outcome: Outcome, severity: Severity | None, case: str
) -> None:
    (finding,) = judge(check, rates)

    assert (finding.outcome, finding.case) == (outcome, case)
    assert severity is None or finding.severity is severity


@pytest.mark.parametrize("check", sorted(BY_ID))
def test_without_events_nothing_is_known_and_giving_some_would_settle_it(check: str) -> None:
    (finding,) = judge(check, None)

    assert (finding.outcome, finding.lack) == (UNKNOWN, Lack.INPUT)
    assert "--events" in finding.settle


def test_every_check_was_seen_to_pass_or_inform_and_to_fail_where_it_can() -> None:
    seen = {(check, outcome) for check, _, outcome, _, _ in CASES}
    elsewhere = {"bounce-auth-rejections", "delivery-by-provider", "engagement-quadrant"}
    tell_only = {"bounce-unclassified", "unsubscribe-rate", "open-rate"}
    good = {check for check, outcome in seen if outcome in {PASS, INFO}}
    bad = {check for check, outcome in seen if outcome is FAIL}

    assert BY_ID.keys() - good - elsewhere == set()
    assert BY_ID.keys() - bad - elsewhere - tell_only == set()


def test_a_share_comes_with_all_that_it_means() -> None:
    (finding,) = judge("bounce-rate", sent(1_000, bounced=52))

    assert finding.title == "Bounces: 5.2 % of 1,000 sent, past 2 % beyond doubt"
    figures = ("numerator", "denominator", "of", "value", "warn", "fail", "minimum", "confidence")
    assert [finding.data[name] for name in figures] == [52, 1_000, "sent", 0.052, 0.02, 0.05, 50, 0.95]
    assert finding.data["low"] == pytest.approx(0.0399, abs=1e-4)
    assert finding.data["high"] == pytest.approx(0.0676, abs=1e-4)


def test_complaints_stand_side_by_side_under_every_convention() -> None:
    rates = providers(
        gmail=Counts(sent=95_000, delivered=90_000), yahoo=Counts(sent=11_000, delivered=10_000, complained=60)
    )
    (finding,) = judge("complaint-rate", rates)
    conventions = finding.data["conventions"]

    assert {name: (one["numerator"], one["denominator"]) for name, one in conventions.items()} == {
        "complaint_sent": (60, 106_000),
        "complaint_delivered": (60, 100_000),
        "complaint_reporting": (60, 10_000),
    }
    assert [row.name for row in finding.evidence] == list(conventions)


def test_yahoos_own_figures_are_added_up_over_their_days() -> None:
    (finding,) = judge(
        "complaint-by-provider", None, hub(("2026-11-19", 5_000, 20, None), ("2026-11-20", 5_000, 40, 0.008))
    )

    assert (finding.outcome, finding.severity, finding.subject) == (FAIL, CRITICAL, "yahoo (example.test)")
    assert (finding.data["numerator"], finding.data["denominator"]) == (60, 10_000)


def test_a_rate_of_unknown_mail_is_a_warning_at_most() -> None:
    (finding,) = judge("complaint-by-provider", None, hub(("2026-11-19", None, None, 0.02)))

    assert (finding.outcome, finding.severity, finding.case) == (FAIL, MEDIUM, "hub")
    (good,) = judge("complaint-by-provider", None, hub(("2026-11-19", None, None, 0.0005)))
    assert good.outcome is PASS


def test_the_code_names_the_requirement_and_the_checks_that_look_at_its_cause() -> None:
    rejections = (
        Rejection(provider="gmail", code="5.7.27", reason=Reason.AUTH_FAILURE, bounced=12),
        Rejection(provider="gmail", code="4.7.24", reason=Reason.AUTH_FAILURE, deferred=8),
        Rejection(provider="yahoo", code="5.7.9", reason=Reason.AUTH_FAILURE, bounced=1),
    )
    findings = judge("bounce-auth-rejections", RatesFacts(totals=Counts(sent=1_000), rejections=rejections))
    spf, policy = findings

    assert (spf.subject, spf.severity, spf.data["count"], spf.data["bounced"]) == ("spf", CRITICAL, 20, 12)
    assert spf.data["codes"] == ["4.7.24", "5.7.27"]
    assert "spf-lookup-limit" in spf.data["checks"]
    assert spf.fix is not None
    assert "spf-lookup-limit" in spf.fix.text
    assert (policy.subject, policy.severity) == ("dmarc-policy", MEDIUM)
    assert policy.title == "1 message was refused or put off: the domain's own DMARC policy refuses it"


def test_one_refusal_of_little_mail_is_a_warning_for_the_receiver_said_so_itself() -> None:
    one = Rejection(provider="gmail", code="5.7.26", reason=Reason.AUTH_FAILURE, bounced=1)
    (finding,) = judge("bounce-auth-rejections", RatesFacts(totals=Counts(sent=3), rejections=(one,)))

    assert (finding.outcome, finding.subject) == (FAIL, "authentication")


@pytest.mark.parametrize(
    ("provider", "code", "reason", "requirement"),
    [
        ("gmail", "5.7.23", Reason.MISSING_PTR, "ptr"),
        ("other", "5.7.23", Reason.AUTH_FAILURE, "spf"),
        ("gmail", "5.7.27", Reason.AUTH_FAILURE, "spf"),
        ("other", "5.7.27", Reason.AUTH_FAILURE, "null-mx"),
        ("gmail", "5.7.30", Reason.AUTH_FAILURE, "dkim"),
        ("gmail", "4.7.29", Reason.AUTH_FAILURE, "tls"),
        ("gmail", "5.7.25", Reason.MISSING_PTR, "ptr"),
        ("google-workspace", "5.7.27", Reason.AUTH_FAILURE, "spf"),
        ("comcast", "5.7.9", Reason.AUTH_FAILURE, "dmarc-policy"),
        ("microsoft-365", "5.7.509", Reason.AUTH_FAILURE, "dmarc-policy"),
        ("microsoft", "5.7.515", Reason.AUTH_FAILURE, "authentication"),
        ("yahoo", "5.7.9", Reason.AUTH_FAILURE, "dmarc-policy"),
        ("other", "5.7.1", Reason.MISSING_PTR, "ptr"),
        ("other", "", Reason.AUTH_FAILURE, "authentication"),
    ],
)
def test_a_code_means_what_its_sender_means_by_it(provider: str, code: str, reason: str, requirement: str) -> None:
    assert requirement_of(Rejection(provider=provider, code=code, reason=reason)) == requirement


def test_every_code_leads_to_a_requirement() -> None:
    named = {*REGISTERED.values(), *(one for codes in OF_PROVIDERS.values() for one in codes.values())}

    assert named <= REQUIREMENTS.keys()


@pytest.mark.parametrize(
    ("yahoo", "outcome", "severity"),
    [
        (Counts(sent=10_000, delivered=9_880), PASS, None),
        (Counts(sent=250, delivered=240), FAIL, MEDIUM),
        (Counts(sent=10_000, delivered=9_600), FAIL, MEDIUM),
        (Counts(sent=10_000, delivered=7_000), FAIL, HIGH),
        (Counts(sent=199, delivered=0), NOTHING, None),
    ],
)
def test_a_provider_outside_the_band_of_the_others(yahoo: Counts, outcome: Outcome, severity: Severity | None) -> None:
    findings = judge("delivery-by-provider", providers(gmail=Counts(sent=90_000, delivered=89_500), yahoo=yahoo))
    (finding,) = findings

    assert finding.outcome is outcome
    if severity is not None:
        assert (finding.subject, finding.severity) == ("yahoo", severity)


def test_late_mail_of_one_provider_and_transactional_mail_that_takes_minutes() -> None:
    quick, slow = Seconds(p50=1, p95=20, messages=900), Seconds(p50=60, p95=400, messages=900)
    rates = RatesFacts(
        time_to_deliver=quick,
        time_to_deliver_by_provider={"gmail": quick, "yahoo": Seconds(p50=60, p95=7_300, messages=900)},
        time_to_deliver_by_stream={"marketing": slow, "transactional": slow},
    )
    findings = judge("time-to-deliver", rates)

    assert [(one.subject, one.title) for one in findings] == [
        ("yahoo", "One message in twenty takes longer than 2.03 hours (yahoo)"),
        ("transactional mail", "One message in twenty takes longer than 6.67 minutes (transactional mail)"),
    ]


def test_mail_after_five_weeks_of_silence_is_a_surge() -> None:
    rates = RatesFacts(by_day=(("2026-01-01", Counts(sent=9_000)), ("2026-03-01", Counts(sent=9_000))))
    (finding,) = judge("volume-ramp", rates)

    assert (finding.outcome, finding.case) == (FAIL, "restart")


def test_a_monthly_letter_is_no_surge() -> None:
    rates = RatesFacts(by_day=tuple((f"2026-{month:02}-01", Counts(sent=9_000)) for month in range(1, 12)))
    (finding,) = judge("volume-ramp", rates)

    assert finding.outcome is PASS


def test_providers_are_placed_by_what_arrives_and_what_is_read() -> None:
    rates = providers(
        gmail=Counts(sent=9_000, delivered=8_900, opened=3_000, opened_machine=500),
        yahoo=Counts(sent=5_000, delivered=3_000, opened=300),
        apple=Counts(sent=1_000, delivered=1_000, opened=900, opened_machine=900),
        other=Counts(sent=10, delivered=10),
    )
    (finding,) = judge("engagement-quadrant", rates)

    assert {name: one["quadrant"] for name, one in finding.data["providers"].items()} == {
        "apple": "arrives, is read less",
        "gmail": "arrives and is read",
        "yahoo": "arrives less, is read less",
    }
    assert finding.data["behind"] == "yahoo"


def test_opens_that_machines_may_have_made_put_no_provider_behind() -> None:
    rates = providers(
        apple=Counts(sent=5_000, delivered=4_900, opened=4_500, opened_machine=4_500),
        gmail=Counts(sent=5_000, delivered=4_900, opened=1_000),
    )
    (finding,) = judge("engagement-quadrant", rates)

    assert finding.data["behind"] == "gmail"


def test_what_is_missing_from_the_data_is_named() -> None:
    (finding,) = judge("data-complete", complete(provider=900, campaign=10))

    assert finding.title == (
        "The figures rest on incomplete data: 90 % of the events name a recipient; 1 % of the events name a campaign"
    )


COUNT = st.integers(0, 20_000)
COUNTS = st.builds(Counts, **dict.fromkeys(Counts.__dataclass_fields__, COUNT))
NAMES = st.sampled_from(["gmail", "yahoo", "microsoft", "other"])
TIMES = st.builds(Seconds, p50=st.floats(0, 1e7), p95=st.floats(0, 1e7), messages=COUNT)
HEEDED = st.builds(Heeded, recipients=COUNT, violated=COUNT, messages=COUNT)
ANY = st.builds(
    RatesFacts,
    rows=COUNT,
    bad=COUNT,
    totals=COUNTS,
    by_provider=st.dictionaries(NAMES, COUNTS),
    reporting=st.just(("yahoo",)),
    reasons=st.dictionaries(st.sampled_from([*Reason]), COUNT),
    rejections=st.lists(
        st.builds(
            Rejection,
            provider=NAMES,
            code=st.sampled_from(["5.7.26", "5.7.1", "", "junk"]),
            reason=st.sampled_from([*Reason]),
            bounced=COUNT,
            deferred=COUNT,
        ),
        max_size=4,
    ).map(tuple),
    by_day=st.lists(st.tuples(st.dates().map(str), COUNTS), max_size=5).map(
        lambda days: tuple(sorted(dict(days).items()))
    ),
    time_to_deliver=st.none() | TIMES,
    time_to_deliver_by_stream=st.dictionaries(st.sampled_from(["marketing", "transactional"]), TIMES),
    after_hard_bounce=HEEDED,
    after_unsubscribe=HEEDED,
    flags=st.dictionaries(NAMES, st.builds(Flags, true=COUNT, false=COUNT, none=COUNT)),
    completeness=st.builds(Completeness, events=COUNT, provider=COUNT, campaign=COUNT, unique_id=COUNT),
)


@given(ANY)
def test_any_figures_are_judged_and_can_be_written_down(rates: RatesFacts) -> None:
    for check in CHECKS:
        findings = judge(check.id, rates)

        assert len({one.subject for one in findings}) == len(findings)
        assert all(one.title and "{" not in one.title for one in findings)
        assert json.dumps([to_plain(one) for one in findings], allow_nan=False)


def prose(check: Check) -> dict[str, Any]:
    return {"ask": check.ask, "why": check.why, "fix": check.fix}


@pytest.mark.parametrize("check", sorted(BY_ID))
def test_every_check_has_its_manual_page(check: str) -> None:
    assert all(prose(BY_ID[check]).values())
