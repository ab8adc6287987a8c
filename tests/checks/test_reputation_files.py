"""What receivers' own figures come to: Gmail's spam rate and compliance, SNDS, and feedback loops."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.checks._thresholds import Lines
from deliverability.checks.reputation_files import REPUTATION_FILES
from deliverability.events.figures import Counts, RatesFacts
from deliverability.feedback import postmaster, senderhub, snds
from deliverability.feedback.postmaster import Compliance, Figure, PostmasterFacts
from deliverability.feedback.senderhub import HubFigure, SenderHubFacts
from deliverability.feedback.snds import Activity, Range, SndsFacts
from deliverability.findings import Finding, Lack, Outcome, Role, Severity, Subject
from deliverability.plain import to_plain

BY_ID = {one.id: one for one in REPUTATION_FILES}
NONE: dict[str, Any] = {"postmaster": None, "snds": None, "senderhub": None, "rates": None, "lines": Lines()}
OPTIONS = {"postmaster-spam-rate": "--postmaster", "postmaster-compliance": "--postmaster", "snds-status": "--snds"}


def judge(check: str, domain: str = "example.test", **facts: Any) -> list[Finding]:
    subject = Subject(domain, Role.SENDING, "")
    return BY_ID[check].judge({**NONE, "subject": subject, **facts}, domain)


def rates(*values: float, domain: str = "example.test", low: float | None = None) -> PostmasterFacts:
    """One spam rate a day from 1 November on; `low` is the lower end of the last day's interval."""
    return PostmasterFacts(
        figures=tuple(
            Figure(
                domain=domain,
                metric="SPAM_RATE",
                date=f"2026-11-{i:02}",
                value=value,
                low=low if i == len(values) else None,
                denominator="mail in the inbox",
            )
            for i, value in enumerate(values, start=1)
        )
    )


@pytest.mark.parametrize("check", sorted(OPTIONS))
def test_without_an_export_nothing_is_known_and_the_option_is_named(check: str) -> None:
    (finding,) = judge(check)

    assert (finding.outcome, finding.lack) == (Outcome.UNKNOWN, Lack.INPUT)
    assert f"{OPTIONS[check]} FILE" in finding.settle


@pytest.mark.parametrize(
    ("values", "outcome", "severity", "case"),
    [
        ((0.0,), Outcome.PASS, None, "pass"),
        ((0.0009,) * 9, Outcome.PASS, None, "pass"),
        ((0.0, 0.001), Outcome.FAIL, Severity.MEDIUM, "warn"),
        ((0.0, 0.0029), Outcome.FAIL, Severity.MEDIUM, "warn"),
        ((0.0, 0.003), Outcome.FAIL, Severity.HIGH, "fail"),
        ((0.003, *[0.0] * 6), Outcome.FAIL, Severity.HIGH, "fail"),
        ((0.003, *[0.0] * 7), Outcome.PASS, None, "pass"),
        ((0.002, *[0.0] * 7), Outcome.PASS, None, "pass"),
        ((0.004, *[0.0] * 7, 0.002), Outcome.FAIL, Severity.MEDIUM, "warn"),
    ],
)
def test_gmails_spam_rate(values: tuple[float, ...], outcome: Outcome, severity: Severity | None, case: str) -> None:
    (finding,) = judge("postmaster-spam-rate", postmaster=rates(*values))

    assert (finding.outcome, finding.case) == (outcome, case)
    assert severity is None or finding.severity is severity


def test_the_seven_days_are_counted_and_said() -> None:
    (finding,) = judge("postmaster-spam-rate", postmaster=rates(0.0, 0.0041, 0.0, 0.0))

    assert finding.title == (
        "Gmail users called 0.41 % of the mail spam on 2026-11-02; Gmail grants no mitigation until 7 days in a row are"
        " below 0.3 %, and 2 are"
    )
    assert finding.data["denominator"] == "mail in the inbox"


def test_a_day_without_figures_is_not_one_below() -> None:
    gap = rates(0.004, *[0.0] * 9)
    some = PostmasterFacts(figures=tuple(one for one in gap.figures if one.date[-2:] not in {"03", "04", "05"}))
    (finding,) = judge("postmaster-spam-rate", postmaster=some)

    assert (finding.case, finding.data["below"]) == ("fail", 6)


def test_an_interval_that_reaches_below_the_line_leaves_it_undecided() -> None:
    (finding,) = judge("postmaster-spam-rate", postmaster=rates(0.004, low=0.0002))

    assert (finding.outcome, finding.severity, finding.case) == (Outcome.FAIL, Severity.MEDIUM, "undecided")


def test_no_policy_makes_more_than_a_warning_of_what_is_undecided() -> None:
    graded = replace(BY_ID["postmaster-spam-rate"], graded=Severity.CRITICAL)
    facts = {**NONE, "subject": Subject("example.test", Role.SENDING, "")}

    (undecided,) = graded.judge({**facts, "postmaster": rates(0.004, low=0.0002)}, "example.test")
    (sure,) = graded.judge({**facts, "postmaster": rates(0.004)}, "example.test")

    assert (undecided.severity, sure.severity) == (Severity.MEDIUM, Severity.CRITICAL)


def test_no_figure_is_unknown_and_no_pass() -> None:
    (empty,) = judge("postmaster-spam-rate", postmaster=PostmasterFacts())
    (other,) = judge("postmaster-spam-rate", postmaster=rates(0.0, domain="other.test"))
    row = Compliance(domain="example.test", requirement="SPF", status="COMPLIANT")
    (silent,) = judge("postmaster-spam-rate", postmaster=PostmasterFacts(compliance=(row,)))

    assert [one.outcome for one in (empty, other, silent)] == [Outcome.UNKNOWN] * 3
    assert [one.case for one in (empty, other, silent)] == ["no_data", "elsewhere", "no_data"]
    assert "other.test" in other.title


@pytest.mark.parametrize("domain", ["mail.example.test", "example.test", ""])
def test_figures_of_domains_above_and_below_count_too(domain: str) -> None:
    (finding,) = judge("postmaster-spam-rate", postmaster=rates(0.004, domain=domain))
    (above,) = judge("postmaster-spam-rate", "news.mail.example.test", postmaster=rates(0.004, domain="example.test"))

    assert finding.subject == (domain or "example.test")
    assert above.subject == "example.test"


def test_a_domain_that_only_ends_alike_is_another() -> None:
    (finding,) = judge("postmaster-spam-rate", postmaster=rates(0.004, domain="notexample.test"))

    assert finding.outcome is Outcome.UNKNOWN


def rows(*stated: tuple[str, str, str]) -> PostmasterFacts:
    return PostmasterFacts(
        compliance=tuple(
            Compliance(domain="example.test", requirement=name, status=status, reason=reason)
            for name, status, reason in stated
        )
    )


def test_requirements_that_gmail_finds_wanting_are_named() -> None:
    facts = rows(("SPF", "COMPLIANT", ""), ("DNS_RECORDS", "NEEDS_WORK", ""), ("HONOR_UNSUBSCRIBE", "NEEDS_WORK", "X"))
    (finding,) = judge("postmaster-compliance", postmaster=facts)

    assert (finding.outcome, finding.severity) == (Outcome.FAIL, Severity.HIGH)
    assert finding.title == (
        "Gmail finds 2 requirements not met: forward and reverse DNS of the sending addresses, unsubscriptions honoured"
    )
    assert finding.data["checks"] == {"DNS_RECORDS": "host-fcrdns", "HONOR_UNSUBSCRIBE": "unsubscribe-honoured"}


def test_too_little_mail_is_no_fault() -> None:
    facts = rows(("SPF", "COMPLIANT", ""), ("DELIVERABILITY_STATUS", "NEEDS_WORK", "MESSAGE_VOLUME_LOW"))
    (finding,) = judge("postmaster-compliance", postmaster=facts)

    assert (finding.outcome, finding.data["count"]) == (Outcome.PASS, 1)


def test_no_compliance_status_is_unknown() -> None:
    (finding,) = judge("postmaster-compliance", postmaster=rates(0.0))

    assert (finding.outcome, finding.lack, finding.case) == (Outcome.UNKNOWN, Lack.INPUT, "no_data")


def activity(ip: str = "192.0.2.1", **fields: Any) -> Activity:
    day: dict[str, Any] = {
        "start": "2026-11-20T00:00",
        "end": "2026-11-20T23:00",
        "message_recipients": 10_000,
        "trap_hits": 0,
        "filter_result": "GREEN",
    }
    return Activity(ip=ip, **{**day, **fields})


@pytest.mark.parametrize(
    ("fields", "severity", "case"),
    [
        ({"filter_result": "RED", "trap_hits": 9}, Severity.HIGH, "red"),
        ({"filter_result": "YELLOW"}, Severity.MEDIUM, "yellow"),
        ({"trap_hits": 1}, Severity.MEDIUM, "traps"),
        ({"complaint_rate": 0.006}, Severity.HIGH, "complaints"),
        ({"complaint_rate": 0.002}, Severity.MEDIUM, "complaints"),
        ({"complaint_rate": 0.001, "complaint_bound": "<"}, None, "pass"),
        ({"complaint_rate": 0.5, "message_recipients": 900}, None, "pass"),
        ({"complaint_rate": 0.5, "message_recipients": None}, None, "pass"),
        ({}, None, "pass"),
    ],
)
def test_what_outlook_says_of_an_address(fields: dict[str, Any], severity: Severity | None, case: str) -> None:
    (finding,) = judge("snds-status", snds=SndsFacts(activity=(activity(**fields),)))

    assert finding.case == case
    assert severity is None or (finding.severity, finding.subject) == (severity, "192.0.2.1")
    assert finding.outcome is (Outcome.PASS if severity is None else Outcome.FAIL)


def test_the_last_day_of_an_address_decides() -> None:
    facts = SndsFacts(activity=(activity(filter_result="RED"), activity(start="2026-11-21", end="2026-11-21T23:00")))
    (finding,) = judge("snds-status", snds=facts)

    assert finding.outcome is Outcome.PASS


def test_a_blocked_range_is_critical() -> None:
    facts = SndsFacts(ranges=(Range(first="192.0.2.1", last="192.0.2.8", blocked=True, reason="spam"),))
    (finding,) = judge("snds-status", snds=facts)

    assert (finding.severity, finding.subject) == (Severity.CRITICAL, "192.0.2.1 to 192.0.2.8")


def test_an_empty_feed_is_unknown() -> None:
    (finding,) = judge("snds-status", snds=SndsFacts())

    assert (finding.outcome, finding.lack) == (Outcome.UNKNOWN, Lack.INPUT)


HUB = SenderHubFacts(figures=(HubFigure(domain="example.test", date="2026-11-20", rate=0.0),))


@pytest.mark.parametrize(
    ("facts", "providers"),
    [
        ({"rates": RatesFacts(by_provider={"yahoo": Counts(complained=1)})}, ["yahoo"]),
        ({"postmaster": PostmasterFacts(loops=(("example.test", "camp"),))}, ["gmail"]),
        ({"snds": SndsFacts(activity=(activity(complaint_rate=0.001, complaint_bound="<"),))}, ["microsoft"]),
        ({"senderhub": HUB}, ["yahoo"]),
    ],
)
def test_a_loop_shows_in_what_comes_back(facts: dict[str, Any], providers: list[str]) -> None:
    (finding,) = judge("feedback-loops", **facts)

    assert (finding.outcome, finding.data["providers"]) == (Outcome.PASS, providers)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, Outcome.UNKNOWN),
        ({"postmaster": PostmasterFacts(loops=(("other.test", "camp"),))}, Outcome.UNKNOWN),
        ({"postmaster": rates(0.0), "snds": SndsFacts()}, Outcome.UNKNOWN),
        ({"rates": RatesFacts(by_provider={"yahoo": Counts(delivered=29_999)}, reporting=("yahoo",))}, Outcome.UNKNOWN),
        ({"rates": RatesFacts(by_provider={"yahoo": Counts(delivered=30_000)}, reporting=("yahoo",))}, Outcome.FAIL),
        ({"rates": RatesFacts(by_provider={"gmail": Counts(delivered=90_000)}, reporting=("yahoo",))}, Outcome.UNKNOWN),
    ],
)
def test_silence_is_unknown_until_there_was_enough_mail_to_complain_of(facts: dict[str, Any], outcome: Outcome) -> None:
    (finding,) = judge("feedback-loops", **facts)

    assert finding.outcome is outcome
    assert outcome is Outcome.FAIL or finding.lack is Lack.INPUT


def test_an_audit_can_be_repeated_from_the_observations_alone() -> None:
    day = SndsFacts(activity=(activity(trap_hits=2),))
    given: dict[str, Any] = {"postmaster": rates(0.004, 0.0), "snds": day, "senderhub": HUB}
    modules: dict[str, Any] = {"postmaster": postmaster, "snds": snds, "senderhub": senderhub}
    kept = json.loads(json.dumps({name: modules[name].to_observation(facts) for name, facts in given.items()}))
    again = {name: modules[name].from_observation(one) for name, one in kept.items()}

    assert {name: one["kind"] for name, one in kept.items()} == {name: name for name in given}
    for check in BY_ID:
        assert judge(check, **again) == judge(check, **given)


FRACTION = st.floats(0, 1)
FIGURES = st.builds(
    Figure,
    domain=st.sampled_from(["example.test", "a.example.test", "other.test", ""]),
    metric=st.sampled_from(["SPAM_RATE", "DELIVERY_ERROR_RATE"]),
    date=st.dates().map(str) | st.just(""),
    value=FRACTION,
    low=st.none() | FRACTION,
)
ACTIVITIES = st.builds(
    Activity,
    ip=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    start=st.just(""),
    end=st.dates().map(str),
    message_recipients=st.none() | st.integers(0, 10**9),
    filter_result=st.sampled_from(["GREEN", "YELLOW", "RED", "", "?"]),
    complaint_rate=st.none() | st.floats(0, 50),
    complaint_bound=st.sampled_from(["", "<", ">"]),
    trap_hits=st.none() | st.integers(0, 100),
)


@given(st.lists(FIGURES, max_size=9), st.lists(ACTIVITIES, max_size=5))
def test_any_figures_are_judged_and_can_be_written_down(figures: list[Figure], seen: list[Activity]) -> None:
    facts: dict[str, Any] = {
        "postmaster": PostmasterFacts(figures=tuple(figures)),
        "snds": SndsFacts(activity=tuple(seen)),
    }
    for check in BY_ID:
        findings = judge(check, **facts)

        assert len({one.subject for one in findings}) == len(findings)
        assert all(one.title and "{" not in one.title for one in findings)
        assert json.dumps([to_plain(one) for one in findings], allow_nan=False)
