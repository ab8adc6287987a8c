"""Findings of two audits beside a change: what may be said of each, and no more than the grade allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from deliverability import api
from deliverability.attribution import SENTENCES, NotOneDomain, attribute
from deliverability.compare.campaigns import COLUMNS, COUNTS, Cell, Table
from deliverability.compare.judge import compare
from deliverability.compare.result import Attribution, Comparison, Day, Question
from deliverability.demo import AFTER, BEFORE, DOMAIN, HELO, SENDER, Stage, zones
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome, Severity
from support import samples

START = date(2026, 6, 1)
CHANGE = START + timedelta(7 * 10)
FELL = {"5.7.26": (0.15, 0.001)}
"""Code → the share of Gmail's mail that was refused with it, before and after."""


@cache
def audited(stage: Stage) -> Audit:
    """The sample sender, by the zones of examples/."""
    [audit] = api.audit(
        [DOMAIN],
        resolver=zones(stage),
        selectors=stage.selectors,
        ips=[SENDER],
        helo=HELO,
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )
    return audit


def table(codes: Mapping[str, tuple[float, float]], *, campaigns: int = 10, rise: float = 0.0, seed: int = 0) -> Table:
    """A campaign a week to two providers; Gmail's refusals take away from what is delivered.

    rise: what delivery gains at the change beside.
    """
    rng = Random(seed)
    cells = []
    for i in range(2 * campaigns):
        after = i >= campaigns
        day = CHANGE + timedelta(7 * (i - campaigns) + (14 if after else 0))
        for provider in ("gmail", "gmx"):
            wave = rng.gauss(0, 0.004)
            refused = (
                {c: round(10_000 * s[after] * rng.uniform(0.9, 1.1)) for c, s in codes.items()}
                if provider == "gmail"
                else {}
            )
            delivered = min(10_000, round(10_000 * (0.9 + wave + rise * after)) - sum(refused.values()))
            cells.append(
                Cell(
                    campaign=f"c{i}", day=day, provider=provider, sent=10_000, delivered=delivered,
                    bounced=10_000 - delivered, auth_rejected=refused,
                )
            )  # fmt: skip
    return Table(cells=tuple(cells), columns=frozenset({*COUNTS[:2], "bounced", COLUMNS[0]}), rows=len(cells))


def compared(made: Table, **question: Any) -> Comparison:
    changes = (Day(date=CHANGE.isoformat(), label="DNS repaired"),)
    asked: dict[str, Any] = {
        "mode": "change",
        "changes": changes,
        "washout_days": 14,
        "metrics": ("delivered_sent",),
        **question,
    }
    return compare(made, None, Question(**asked))


def laid(
    made: Table, before: Audit, after: Audit, comparison: Comparison | None = None, **question: Any
) -> dict[tuple[str, str], Attribution]:
    comparison = comparison or compared(made, **question)
    return {(one.check, one.subject): one for one in attribute(comparison, before, after, made)}


def fault(
    check: str, outcome: Outcome = Outcome.FAIL, *, severity: Severity = Severity.HIGH, subject: str = samples.DOMAIN
) -> Finding:
    return Finding(check, outcome, severity, subject, outcome.value, f"{check} is at fault")


def audits(
    *, fixed: Sequence[str] = (), new: Sequence[str] = (), stays: Sequence[str] = (), **more: Any
) -> tuple[Audit, Audit]:
    """Two audits with these faults."""
    sides = []
    for failing, passing in (((*fixed, *stays), new), ((*new, *stays), fixed)):
        findings = [fault(check, **more) for check in failing] + [
            fault(check, Outcome.PASS, **more) for check in passing
        ]
        sides.append(replace(samples.repaired(), findings=tuple(findings)))
    return sides[0], sides[1]


def only(made: Table, pair: tuple[Audit, Audit], **question: Any) -> Attribution:
    [found] = laid(made, *pair, **question).values()
    return found


def test_the_sample_sender_has_each_fault_beside_the_change() -> None:
    found = laid(table(FELL), audited(BEFORE), audited(AFTER))
    include = found["spf-include-resolves", "spf.surveys.example"]

    assert {one.status for one in found.values()} <= {"fixed", "new", "remaining"}
    assert include.status == "fixed"
    assert include.title == next(
        f.title for f in audited(BEFORE).findings if f.check == "spf-include-resolves" and f.outcome is Outcome.FAIL
    )
    assert include.codes == ("5.7.26",)
    assert include.refused_before is not None
    assert include.refused_after is not None
    assert include.refused_before.numerator == pytest.approx(15_000, rel=0.05)
    assert include.refused_before.denominator == include.refused_after.denominator == 200_000
    assert include.refused_after.numerator < 150
    # several faults of SPF were mended at once, and 5.7.26 is refused for each of them
    assert include.relation == "confounded"
    assert include.together == ("spf-authorises", "spf-lookup-limit")
    assert found["dkim-key-size", f"shop2019._domainkey.{DOMAIN}"].relation == "unrelated"  # 1024 bits work today
    assert include.text.startswith("Confounded by ")
    assert (
        found["dmarc-external-authorisation", f"{DOMAIN}._report._dmarc.dmarc-reports.example"].relation == "unrelated"
    )


def test_one_fault_whose_refusals_fell_is_consistent_with_the_change() -> None:
    made = table(FELL)
    found = only(made, audits(fixed=["dkim-revoked"]))

    assert compared(made).grade > "E0"
    assert (found.status, found.relation, found.together) == ("fixed", "consistent", ())
    assert found.text.startswith("Consistent with the change: messages refused or put off with 5.7.26 fell from 1")
    assert found.text.endswith(" of 200,000.")


def test_two_faults_of_the_same_code_are_confounded_with_each_other() -> None:
    found = laid(table(FELL), *audits(fixed=["dkim-revoked", "spf-lookup-limit"]))

    assert {one.relation for one in found.values()} == {"confounded"}
    assert found["dkim-revoked", samples.DOMAIN].together == ("spf-lookup-limit",)
    assert "Confounded by dkim-revoked, of the same time" in found["spf-lookup-limit", samples.DOMAIN].text


def test_two_faults_of_codes_of_their_own_are_told_apart_but_for_the_rate() -> None:
    codes = {"5.7.20": (0.10, 0.001), "5.7.25": (0.05, 0.05)}
    found = laid(table(codes), *audits(fixed=["dkim-revoked", "host-ptr"]))
    dkim, ptr = found["dkim-revoked", samples.DOMAIN], found["host-ptr", samples.DOMAIN]

    assert (dkim.relation, dkim.codes, dkim.together) == ("consistent", ("5.7.20",), ())
    assert dkim.text.endswith("What part it has in delivered of sent cannot be told from that of host-ptr.")
    assert (ptr.relation, ptr.codes) == ("no_change", ("5.7.25",))
    assert ptr.text.startswith("No change: messages refused or put off with 5.7.25 went from")


def test_only_what_mail_was_refused_for_makes_two_faults_rivals() -> None:
    found = laid(table({"5.7.20": (0.10, 0.001)}), *audits(fixed=["dkim-revoked", "spf-lookup-limit"]))
    dkim, spf = found["dkim-revoked", samples.DOMAIN], found["spf-lookup-limit", samples.DOMAIN]

    assert (dkim.relation, dkim.together) == ("consistent", ())  # no signature: SPF has no part in it
    assert (spf.relation, spf.together, spf.codes) == ("confounded", ("dkim-revoked",), ())


def test_a_fault_that_stays_is_no_rival() -> None:
    found = laid(table(FELL), *audits(fixed=["dkim-revoked"], stays=["spf-lookup-limit"]))

    assert found["dkim-revoked", samples.DOMAIN].relation == "consistent"


def test_a_provider_is_asked_what_it_means_by_its_code() -> None:
    found = laid(table({"5.7.30": (0.1, 0.001)}), *audits(fixed=["dkim-revoked", "dmarc-present"]))

    assert found["dkim-revoked", samples.DOMAIN].codes == ("5.7.30",)  # Gmail: DKIM does not pass
    assert found["dmarc-present", samples.DOMAIN].codes == ()


def test_refusals_that_did_not_fall_are_no_change() -> None:
    found = only(table({"5.7.26": (0.1, 0.1)}, rise=0.08), audits(fixed=["dkim-revoked"]))

    assert found.relation == "no_change"
    assert "not down by more than campaigns differ" in found.text


def test_a_new_fault_is_consistent_with_refusals_that_rose() -> None:
    rose = {"5.7.26": (0.001, 0.15)}

    found = only(table(rose), audits(new=["dkim-revoked"]))
    assert (found.status, found.relation) == ("new", "consistent")
    assert " rose from " in found.text
    assert only(table(FELL), audits(new=["dkim-revoked"])).relation == "no_change"
    assert only(table(rose), audits(fixed=["dkim-revoked"])).relation == "no_change"


def test_what_is_still_there_explains_nothing() -> None:
    found = only(table(FELL), audits(stays=["dkim-revoked"]))

    assert (found.status, found.relation) == ("remaining", "no_change")
    assert found.text.startswith(SENTENCES["remaining"].removesuffix("."))
    assert " messages are refused or put off with 5.7.26." in found.text
    assert only(table({}), audits(stays=["dkim-revoked"])).text == SENTENCES["remaining"]


def test_without_refusals_by_code_there_is_the_rate_alone() -> None:
    made = table({}, rise=0.08)
    alone = only(made, audits(fixed=["dkim-revoked"]))

    assert (alone.relation, alone.codes, alone.refused_before) == ("consistent", (), None)
    assert alone.text.startswith("Consistent with the change of delivered of sent (+8.")
    both = laid(made, *audits(fixed=["dkim-revoked", "blocklist-ip"]))
    assert {one.relation for one in both.values()} == {"confounded"}
    assert both["blocklist-ip", samples.DOMAIN].together == ("dkim-revoked",)


def test_another_event_of_the_same_time_confounds_the_rate() -> None:
    event = (Day(date="2026-08-12", label="new template"), Day(date="2026-08-13"))
    found = only(table({}, rise=0.08), audits(fixed=["dkim-revoked"]), concurrent=event)

    assert found.relation == "confounded"
    assert "new template (2026-08-12), another event (2026-08-13)" in found.text


@pytest.mark.parametrize(
    ("rise", "relation", "text"), [(0.0, "no_change", "No change: "), (-0.08, "no_change", "went the other way")]
)
def test_a_rate_that_did_not_rise_is_not_explained(rise: float, relation: str, text: str) -> None:
    found = only(table({}, rise=rise), audits(fixed=["dkim-revoked"]))

    assert found.relation == relation
    assert text in found.text


@pytest.mark.parametrize("check", ["dmarc-rua", "mx-ipv6", "spf-parked", "dns-txt-size"])
def test_what_does_not_act_on_sent_mail_is_unrelated(check: str) -> None:
    found = laid(table({}, rise=0.08), *audits(fixed=[check, "dkim-revoked"]))

    assert found[check, samples.DOMAIN].relation == "unrelated"
    assert found["dkim-revoked", samples.DOMAIN].together == ()


@pytest.mark.parametrize("severity", [Severity.MEDIUM, Severity.LOW])
def test_what_keeps_no_mail_out_is_unrelated_whatever_was_refused(severity: Severity) -> None:
    found = only(table(FELL), audits(fixed=["dkim-key-size"], severity=severity))

    assert (found.relation, found.codes, found.refused_before) == ("unrelated", (), None)
    assert found.text == SENTENCES["harmless"]


@pytest.mark.parametrize("check", ["bounce-auth-rejections", "bounce-rate", "dmarc-pass-rate", "postmaster-spam-rate"])
def test_what_measures_the_change_is_not_laid_beside_it(check: str) -> None:
    assert laid(table(FELL), *audits(fixed=[check])) == {}


CAUSAL = ("consistent", "because", "caused", "explains", "thanks to", "due to", "significant")


@pytest.mark.parametrize("codes", [FELL, {}])
@pytest.mark.parametrize("kind", ["fixed", "new"])
def test_at_e0_nothing_is_said_about_why(kind: str, codes: dict[str, tuple[float, float]]) -> None:
    made = table(codes, campaigns=3, rise=0.08)
    found = only(made, audits(**{kind: ["dkim-revoked"]}))

    assert compared(made).grade == "E0"
    assert found.relation == "confounded"
    assert "At grade E0" in found.text
    assert not [word for word in CAUSAL if word in found.text.lower()]


def test_no_sentence_calls_anything_a_cause() -> None:
    assert not [
        text
        for text in SENTENCES.values()
        for word in ("caused", "because", "significant", "proves")
        if word in text.lower()
    ]


def test_a_refused_comparison_and_a_missing_audit_have_nothing_beside_them() -> None:
    made, pair = table(FELL), audits(fixed=["dkim-revoked"])

    assert attribute(replace(compared(made), refused="no data"), *pair, made) == ()
    assert attribute(compared(made), None, pair[1], made) == ()
    assert attribute(compared(made), pair[0], None, made) == ()


def test_audits_of_two_domains_are_refused() -> None:
    made, (before, after) = table(FELL), audits(fixed=["dkim-revoked"])
    other = replace(after, subject=replace(after.subject, domain="other.example"))

    with pytest.raises(NotOneDomain, match=r"weinhandel\.example and other\.example"):
        attribute(compared(made), before, other, made)


def test_the_gravest_come_first_within_their_kind() -> None:
    before, after = samples.in_trouble(), samples.in_trouble()
    found = attribute(compared(made := table(FELL)), before, after, made)

    assert [one.check for one in found][:2] == ["spf-include-resolves", "dmarc-effective-policy"]
    assert {one.status for one in found} == {"remaining"}


def test_a_code_for_which_more_than_all_was_refused_is_no_share_above_one() -> None:
    made = table(FELL)
    doubled = replace(
        made, cells=tuple(replace(c, auth_rejected=dict.fromkeys(c.auth_rejected, 30000)) for c in made.cells)
    )
    found = only(doubled, audits(fixed=["dkim-revoked"]))

    assert found.refused_before is not None
    assert found.refused_before.numerator == found.refused_before.denominator
