"""A gate's decision: what closes it, what is accepted, known, undecided or not settled; and what may not change it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.document import Audit
from deliverability.findings import Evidence, Finding, Fix, Lack, Outcome, Role, Severity, Subject
from deliverability.gate.decide import NEVER_CLOSING, decide, of_audits
from deliverability.gate.inputs import Content
from deliverability.gate.model import Decision, Gate, Reason, Taken
from deliverability.policy.model import DomainPolicy, Need, OnUnknown, Place, Policy, Waiver
from deliverability.verdict import Verdict, Word
from support.tree import modules

TODAY = date(2026, 11, 22)
FILE = "deliv.toml"
PLAIN = Policy()
LEVELS = [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]


def finding(
    check: str = "spf-all",
    outcome: Outcome = Outcome.FAIL,
    severity: Severity = Severity.HIGH,
    *,
    subject: str = "shop.test",
    case: str = "",
    lack: Lack | None = None,
    settle: str = "",
    **data: Any,
) -> Finding:
    fix = Fix("Mend it.") if outcome is Outcome.FAIL else None
    title = f"{check} is {outcome.value}"
    return Finding(check, outcome, severity, subject, case or outcome.value, title, data, (), fix, (), lack, settle)


def unseen(check: str = "spf-all", severity: Severity = Severity.HIGH, lack: Lack | None = Lack.ANSWER) -> Finding:
    return finding(check, Outcome.UNKNOWN, severity, lack=lack, settle="Ask again.")


def rate(case: str, severity: Severity, **data: Any) -> Finding:
    return finding("complaint-rate", Outcome.FAIL, severity, case=case, standing=case, **data)


def audit(*findings: Finding, domain: str = "shop.test", ruleset: str = "2026.11") -> Audit:
    return Audit(
        deliv_version="1",
        ruleset=ruleset,
        subject=Subject(domain, Role.SENDING, "It sends."),
        started_at="2026-11-22T09:00:00Z",
        options={},
        vantage={},
        verdict=Verdict(Word.SEND, "All is well."),
        next_best_fix=None,
        findings=findings,
        facts={},
        dns=(),
    )


def waiver(check: str = "spf-all", subject: str = "shop.test", days: int = 60) -> Waiver:
    return Waiver(
        check=check,
        subject=subject,
        reason="It is agreed.",
        owner="mail team",
        until=TODAY + timedelta(days),
        place=Place(FILE, 7),
    )


def decided(*findings: Finding, policy: Policy = PLAIN, **more: Any) -> Gate:
    return decide([audit(*findings)], policy, today=TODAY, **more)


def taken(gate: Gate) -> list[Taken]:
    return [row.taken for row in gate.rows]


# one finding


@pytest.mark.parametrize(
    ("found", "how", "decision", "code"),
    [
        (finding(), Taken.CLOSES, Decision.CLOSED, 1),
        (finding(severity=Severity.CRITICAL), Taken.CLOSES, Decision.CLOSED, 1),
        (finding(severity=Severity.MEDIUM), Taken.WARNS, Decision.OPEN, 0),
        (finding(outcome=Outcome.PASS), Taken.PASSES, Decision.OPEN, 0),
        (finding(outcome=Outcome.INFO), Taken.PASSES, Decision.OPEN, 0),
        (finding(outcome=Outcome.NOT_APPLICABLE, case="few"), Taken.INAPPLICABLE, Decision.OPEN, 0),
        (unseen(), Taken.UNSETTLED, Decision.UNDETERMINED, 3),
        (unseen(severity=Severity.MEDIUM), Taken.UNASKED, Decision.OPEN, 0),
        (unseen(lack=Lack.INPUT), Taken.UNASKED, Decision.OPEN, 0),
        (finding(outcome=Outcome.ERROR), Taken.UNSETTLED, Decision.UNDETERMINED, 3),
    ],
)
def test_each_outcome_is_taken_by_its_severity(found: Finding, how: Taken, decision: Decision, code: int) -> None:
    gate = decided(found)

    assert (taken(gate), gate.decision, gate.exit_code) == ([how], decision, code)
    assert [reason.check for reason in gate.reasons] == (["spf-all"] if how in {Taken.CLOSES, Taken.UNSETTLED} else [])


def test_closed_beats_undetermined_beats_open() -> None:
    assert decided(finding(), unseen("dkim-hash"), finding("mx-ipv6", Outcome.PASS)).exit_code == 1
    assert decided(unseen("dkim-hash"), finding("mx-ipv6", Outcome.PASS)).exit_code == 3


def test_what_closes_comes_first_the_worst_of_it_at_the_top() -> None:
    gate = decided(unseen("a-a", Severity.CRITICAL), finding("b-b"), finding("c-c", severity=Severity.CRITICAL))

    assert [(reason.check, reason.taken) for reason in gate.reasons] == [
        ("c-c", Taken.CLOSES),
        ("b-b", Taken.CLOSES),
        ("a-a", Taken.UNSETTLED),
    ]


def test_a_reason_says_what_is_so_and_what_would_settle_it() -> None:
    gate = decided(finding(), unseen("dkim-hash"))

    assert [reason.why for reason in gate.reasons] == ["spf-all is fail", "dkim-hash is unknown. Ask again."]


@pytest.mark.parametrize(("lenience", "code"), [(OnUnknown.FAIL, 3), (OnUnknown.WARN, 0), (OnUnknown.PASS, 0)])
def test_on_unknown_changes_the_exit_code_and_not_the_word(lenience: OnUnknown, code: int) -> None:
    by_policy = decided(unseen(), policy=Policy(on_unknown=lenience))
    by_option = decided(unseen(), on_unknown=lenience)

    assert by_policy == by_option
    assert (by_policy.decision, by_policy.exit_code, len(by_policy.reasons)) == (Decision.UNDETERMINED, code, 1)
    assert decided(finding(), on_unknown=lenience).exit_code == 1


def test_the_line_of_the_command_line_goes_before_that_of_the_policy() -> None:
    policy = Policy(fail_on=Severity.CRITICAL)

    assert decided(finding(), policy=policy).decision is Decision.OPEN
    assert decided(finding(), policy=policy, fail_on=Severity.LOW).decision is Decision.CLOSED
    assert decided(finding(), policy=policy, fail_on=Severity.LOW).fail_on is Severity.LOW


def test_nothing_audited_is_no_decision() -> None:
    with pytest.raises(ValueError, match="audit"):
        decide([], Policy(), today=TODAY)


# rates


@pytest.mark.parametrize("severity", LEVELS)
def test_an_undecided_rate_never_closes_whatever_its_severity_and_the_line(severity: Severity) -> None:
    gate = decided(rate("over", severity, denominator=800, settles_at=12_345, of="messages"), fail_on=Severity.LOW)

    assert (taken(gate), gate.exit_code) == ([Taken.WARNS], 0)
    assert "12,345 messages" in gate.rows[0].settle
    assert "800" in gate.rows[0].settle


def test_whatever_a_check_calls_undecided_never_closes() -> None:
    """Read from the checks' own text: a finding does not carry the word."""
    rooms = (module for module in modules() if module.name.startswith("deliverability.checks."))
    texts = [module.text for module in rooms if "undecided=True" in module.text]
    calls = [node for text in texts for node in ast.walk(ast.parse(text))]
    keywords = [{k.arg: k.value for k in node.keywords} for node in calls if isinstance(node, ast.Call)]
    undecided = [given["case"] for given in keywords if _is_true(given.get("undecided"))]
    cases = {case.value for case in undecided if isinstance(case, ast.Constant)}

    assert cases == NEVER_CLOSING


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


@pytest.mark.parametrize("data", [{}, {"settles_at": "soon", "denominator": 5}, {"settles_at": 9}], ids=str)
def test_an_undecided_rate_says_how_it_is_settled_even_where_its_figures_are_missing(data: dict[str, Any]) -> None:
    assert "mail" in decided(rate("over", Severity.MEDIUM, **data)).rows[0].settle


def test_what_no_mail_would_settle_is_said_and_what_is_a_fault_by_itself_asks_for_none() -> None:
    on_the_line = rate("over", Severity.MEDIUM, settles_at=None, denominator=1000)
    one_of_few = finding("suppression-respected", case="over", severity=Severity.MEDIUM, standing="below_floor")

    assert decided(on_the_line).rows[0].settle.startswith("No amount")
    assert decided(one_of_few).rows[0].settle == ""


def test_a_rate_past_its_line_beyond_doubt_closes() -> None:
    assert decided(rate("warn", Severity.HIGH)).exit_code == 1
    assert decided(rate("fail", Severity.CRITICAL)).exit_code == 1


# baseline


def against(before: Finding | None, now: Finding) -> Gate:
    return decided(now, baseline=[audit(*([before] if before else []))])


@pytest.mark.parametrize(
    ("before", "now", "how"),
    [
        (finding(), finding(), Taken.KNOWN),
        (finding(severity=Severity.CRITICAL), finding(), Taken.KNOWN),
        (finding(case="other"), finding(), Taken.KNOWN),
        (finding(severity=Severity.MEDIUM), finding(), Taken.CLOSES),
        (finding(outcome=Outcome.PASS), finding(), Taken.CLOSES),
        (unseen(), finding(), Taken.CLOSES),
        (finding("spf-syntax"), finding(), Taken.CLOSES),
        (finding(subject="news.shop.test"), finding(), Taken.CLOSES),
        (None, finding(), Taken.CLOSES),
        (finding(), unseen(), Taken.UNSETTLED),
        (unseen(), unseen(), Taken.UNSETTLED),
        (rate("over", Severity.HIGH), rate("warn", Severity.HIGH), Taken.CLOSES),
        (rate("warn", Severity.HIGH), rate("fail", Severity.HIGH), Taken.CLOSES),
        (rate("warn", Severity.HIGH), rate("warn", Severity.HIGH), Taken.KNOWN),
        (rate("fail", Severity.HIGH), rate("warn", Severity.HIGH), Taken.KNOWN),
    ],
)
def test_only_what_is_new_or_worse_than_in_the_baseline_closes(
    before: Finding | None, now: Finding, how: Taken
) -> None:
    gate = against(before, now)

    assert taken(gate) == [how]
    assert gate.exit_code == {Taken.KNOWN: 0, Taken.CLOSES: 1, Taken.UNSETTLED: 3}[how]


def share(x: int, n: int, case: str = "fail", **data: Any) -> Finding:
    return rate(case, Severity.HIGH, numerator=x, denominator=n, **data)


@pytest.mark.parametrize(
    ("before", "now", "how"),
    [
        (share(60, 1_000), share(300, 1_000), Taken.CLOSES),
        (share(60, 1_000), share(70, 1_000), Taken.KNOWN),  # 6 % and 7 % of a thousand each may be one share
        (share(60, 1_000), share(60, 1_000), Taken.KNOWN),
        (share(300, 1_000), share(60, 1_000), Taken.KNOWN),
        (share(60, 1_000), share(82, 1_000), Taken.KNOWN),
        (share(60, 1_000), share(82, 1_000, confidence=0.9), Taken.CLOSES),
        (share(60, 1_000), share(300, 1_000, confidence=7.0), Taken.CLOSES),
        (share(60, 1_000), share(5_000, 1_000), Taken.CLOSES),
        (share(60, 0), share(300, 1_000), Taken.KNOWN),
        (share(60, 10**400), share(300, 1_000), Taken.KNOWN),
        (share(-1, 1_000), share(300, 1_000), Taken.KNOWN),
        (rate("fail", Severity.HIGH, numerator="60", denominator=1_000), share(300, 1_000), Taken.KNOWN),
        (finding(numerator=60, denominator=1_000), finding(numerator=300, denominator=1_000), Taken.KNOWN),
    ],
)
def test_a_known_share_that_has_grown_beyond_doubt_closes(before: Finding, now: Finding, how: Taken) -> None:
    assert taken(against(before, now)) == [how]


def test_the_same_fault_judged_graver_says_how_grave_it_was() -> None:
    [reason] = against(
        replace(finding(severity=Severity.MEDIUM), title="So it is"), replace(finding(), title="So it is")
    ).reasons

    assert reason.why == "So it is. In the baseline it is of severity medium."


def test_what_is_worse_says_what_it_was() -> None:
    before = replace(finding(severity=Severity.MEDIUM), title="It was nearly so")

    assert "It was nearly so" in against(before, finding()).reasons[0].why


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_faults_about_one_thing_the_worst_is_known(order: int) -> None:
    before = [finding(severity=Severity.MEDIUM), finding(severity=Severity.HIGH)][::order]

    assert taken(decided(finding(), baseline=[audit(*before)])) == [Taken.KNOWN]


def test_a_baseline_of_one_domain_knows_nothing_of_another() -> None:
    elsewhere = audit(finding(), domain="other.test")

    gate = decide([audit(finding())], Policy(), today=TODAY, baseline=[elsewhere])

    assert gate.exit_code == 1
    assert any("other.test" in note for note in gate.notes)
    assert any("shop.test" in note for note in gate.notes)


def test_many_domains_of_a_baseline_make_one_note() -> None:
    elsewhere = [audit(domain=f"d{n}.test") for n in range(50)]

    gate = decide([audit()], Policy(), today=TODAY, baseline=[audit(), *elsewhere])

    assert len(gate.notes) == 1


def test_of_many_domains_without_a_baseline_the_first_are_named() -> None:
    [note] = decide(
        [audit(domain=f"d{n}.test") for n in (5, 4, 3, 2, 1)],
        Policy(),
        today=TODAY,
        baseline=[audit(domain="d1.test")],
    ).notes

    assert note.endswith(": d2.test, d3.test, d4.test, ….")


def test_a_baseline_by_other_rules_is_said() -> None:
    notes = decide([audit()], Policy(), today=TODAY, baseline=[audit(ruleset="2026.10")]).notes

    assert len(notes) == 1
    assert "2026.10" in notes[0]
    assert decide([audit()], Policy(), today=TODAY, baseline=[audit()]).notes == ()


# waivers


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (waiver(), True),
        (waiver("spf-*"), True),
        (waiver(days=0), True),
        (waiver(days=-1), False),
        (waiver(subject="SHOP.test"), False),
        (waiver(subject="*"), False),
        (waiver("spf"), False),
        (waiver("dkim-*"), False),
    ],
)
def test_a_waiver_names_check_and_subject_and_holds_to_the_end_of_its_last_day(one: Waiver, holds: bool) -> None:
    gate = decided(finding(), policy=Policy(waivers=(one,)))

    assert gate.exit_code == (0 if holds else 1)
    assert [(w.check, w.subject, w.until, w.domain) for w in gate.waived] == (
        [("spf-all", "shop.test", one.until, "shop.test")] if holds else []
    )


def test_a_waived_row_stands_at_the_waiver_s_line_and_gives_its_reason() -> None:
    row = decided(finding(), policy=Policy(path=FILE, waivers=(waiver(),))).rows[0]

    assert (row.taken, row.place, row.why) == (Taken.WAIVED, Place(FILE, 7), "It is agreed.")


def test_what_could_not_be_looked_at_is_accepted_too() -> None:
    assert decided(unseen(), policy=Policy(waivers=(waiver(),))).decision is Decision.OPEN


def test_what_failed_in_deliv_itself_is_accepted_too() -> None:
    assert decided(finding(outcome=Outcome.ERROR), policy=Policy(waivers=(waiver(),))).decision is Decision.OPEN


def test_of_several_waivers_the_one_that_holds_for_longest_does() -> None:
    waivers = (waiver(days=5), waiver(days=90), waiver(days=40))

    [waived] = decided(finding(), policy=Policy(waivers=waivers)).waived

    assert waived.until == TODAY + timedelta(90)


def test_what_nobody_gave_needs_no_waiver() -> None:
    gate = decided(unseen(lack=Lack.INPUT), policy=Policy(waivers=(waiver(),)))

    assert (taken(gate), len(gate.waived), len(gate.notes)) == ([Taken.UNASKED], 0, 1)


def test_an_expired_waiver_closes_with_the_fault_that_it_no_longer_covers() -> None:
    gate = decided(finding(), policy=Policy(waivers=(waiver(days=-1),)))

    assert [(reason.check, reason.subject, reason.severity) for reason in gate.reasons] == [
        ("spf-all", "shop.test", Severity.HIGH),
        ("gate-waiver", "shop.test", Severity.HIGH),
    ]
    assert "2026-11-21" in gate.reasons[1].why
    assert gate.reasons[1].place == Place(FILE, 7)
    assert any("2026-11-21" in note for note in gate.notes)


def test_each_expired_waiver_of_a_closing_fault_is_a_reason_of_one_severity() -> None:
    policy = Policy(waivers=(waiver(days=-1), waiver("spf-*", days=-30)))

    gate = decided(finding(severity=Severity.CRITICAL), policy=policy)

    assert [(reason.check, reason.severity) for reason in gate.reasons] == [
        ("spf-all", Severity.CRITICAL),
        ("gate-waiver", Severity.HIGH),
        ("gate-waiver", Severity.HIGH),
    ]


def test_an_expired_waiver_of_nothing_grave_is_a_note() -> None:
    gate = decided(finding(severity=Severity.LOW), policy=Policy(waivers=(waiver(days=-1),)))

    assert (gate.exit_code, len(gate.notes)) == (0, 1)


def test_an_expired_waiver_beside_one_that_holds_does_not_close() -> None:
    gate = decided(finding(), policy=Policy(waivers=(waiver(days=-1), waiver(days=90))))

    assert gate.exit_code == 0


@pytest.mark.parametrize(
    ("one", "noted"),
    [
        (waiver(days=15), 0),
        (waiver(days=14), 1),
        (waiver(days=0), 1),
        (waiver("dkim-hash"), 1),
        (waiver("dkim-hash", days=-1), 2),
        (waiver(subject="news.shop.test"), 1),
    ],
)
def test_waivers_that_end_soon_have_ended_or_are_not_needed_are_noted(one: Waiver, noted: int) -> None:
    notes = decided(finding(), finding("dkim-hash", Outcome.PASS), policy=Policy(waivers=(one,))).notes

    assert len(notes) == noted
    assert all(one.check in note and one.subject in note for note in notes)


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("Shop.TEST", "shop.test"),
        ("shop.test.", "shop.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("news.shop.test", ""),
        ("no name", ""),
    ],
)
def test_a_waiver_whose_subject_is_written_otherwise_is_told_what_it_may_mean(written: str, subject: str) -> None:
    found = (finding(), finding(subject="xn--bcher-kva.test"), finding("spf-syntax", subject="news.shop.test"))

    gate = decided(*found, policy=Policy(waivers=(waiver(subject=written),)))

    assert gate.exit_code == 1
    assert [note.rpartition(": ")[2] for note in gate.notes] == [
        f"the fault's own subject is {subject}." if subject else "it can go."
    ]


def test_a_waiver_of_a_domain_that_is_not_audited_here_is_not_called_unneeded() -> None:
    domains = {name: DomainPolicy(name=name, place=Place(FILE)) for name in ("shop.test", "other.test")}
    policy = Policy(path=FILE, domains=domains, waivers=(waiver(subject="s1._domainkey.other.test"),))

    assert decided(finding(), policy=policy).notes == ()


def test_a_waiver_that_is_used_here_is_noted_though_its_subject_is_another_domain_s() -> None:
    domains = {name: DomainPolicy(name=name, place=Place(FILE)) for name in ("shop.test", "other.test")}
    policy = Policy(domains=domains, waivers=(waiver(subject="mx.other.test", days=3),))

    assert len(decided(finding(subject="mx.other.test"), policy=policy).notes) == 1


# inputs and places


def test_a_required_input_that_is_missing_leaves_it_undetermined() -> None:
    place = Place(FILE, 3)
    policy = Policy(path=FILE, require=(Need.EVENTS, Need.MESSAGE), places={"require": place})

    gate = decided(finding(outcome=Outcome.PASS), policy=policy, given={Need.MESSAGE})

    assert (gate.decision, gate.exit_code) == (Decision.UNDETERMINED, 3)
    assert gate.reasons == (
        Reason(
            check="gate-input",
            domain="",
            subject="events",
            severity=Severity.HIGH,
            why="--events is required, and none was given.",
            taken=Taken.UNSETTLED,
            place=place,
        ),
    )
    assert decided(policy=policy, given={Need.MESSAGE, Need.EVENTS}).decision is Decision.OPEN


@pytest.mark.parametrize(
    ("content", "required", "code", "said", "notes"),
    [
        (Content.WHOLE, True, 0, [], 0),
        (Content.EMPTY, True, 3, ["--events is required, and there is nothing to judge in what was given."], 0),
        (Content.UNREAD, True, 3, ["--events was given, and nothing of it could be read."], 0),
        (Content.WHOLE, False, 0, [], 0),
        (Content.EMPTY, False, 0, [], 1),
        (Content.UNREAD, False, 3, ["--events was given, and nothing of it could be read."], 0),
    ],
)
def test_an_input_with_nothing_to_judge_in_it_is_none(
    content: Content, required: bool, code: int, said: list[str], notes: int
) -> None:
    policy = Policy(require=(Need.EVENTS,) if required else ())

    gate = decided(finding(outcome=Outcome.PASS), policy=policy, given={Need.EVENTS: content})

    assert (gate.exit_code, [reason.why for reason in gate.reasons], len(gate.notes)) == (code, said, notes)


def test_a_row_stands_at_the_line_that_declares_its_domain() -> None:
    declared = DomainPolicy(name="shop.test", place=Place(FILE, 12))
    policy = Policy(path=FILE, domains={"shop.test": declared})

    assert decided(finding(), policy=policy).rows[0].place == Place(FILE, 12)
    assert decided(finding(), policy=Policy(path=FILE)).rows[0].place == Place(FILE)
    assert decided(finding()).rows[0].place is None


ZONE_LINES = {("shop.test", "TXT"): ("shop.zone", 5), ("shop.test", "SOA"): ("shop.zone", 2)}


def line_of(name: str, rdtype: str) -> tuple[str, int] | None:
    if not name:
        raise ValueError("no name")
    return ZONE_LINES.get((name, rdtype))


def seen(*names: str) -> Finding:
    return replace(finding(), evidence=tuple(Evidence("dns_answer", name, "TXT") for name in names))


@pytest.mark.parametrize(
    ("found", "domains", "place"),
    [
        (seen("", "_dmarc.shop.test", "shop.test"), True, Place("shop.zone", 5)),
        (seen("_dmarc.shop.test"), True, Place(FILE, 12)),
        (seen("_dmarc.shop.test"), False, Place("shop.zone", 2)),
        (finding(), False, Place("shop.zone", 2)),
    ],
)
def test_a_row_stands_at_its_record_s_line_of_a_zone_file(found: Finding, domains: bool, place: Place) -> None:
    declared = {"shop.test": DomainPolicy(name="shop.test", place=Place(FILE, 12))}
    policy = Policy(path=FILE, domains=declared if domains else {})

    assert decided(found, policy=policy, line_of=line_of).rows[0].place == place


# several domains, and what must hold of any


def test_one_closed_domain_closes_the_gate() -> None:
    gate = decide([audit(finding(), domain="a.test"), audit(domain="b.test")], Policy(), today=TODAY)

    assert gate.exit_code == 1
    assert [reason.domain for reason in gate.reasons] == ["a.test"]


def test_audits_alone_have_every_fault_as_a_row() -> None:
    gate = of_audits([audit(finding(), finding("mx-ipv6", severity=Severity.LOW))], Severity.LOW)

    assert taken(gate) == [Taken.CLOSES, Taken.CLOSES]
    assert of_audits([audit(finding())]).fail_on is Severity.HIGH


CHECKS = ("spf-all", "spf-syntax", "complaint-rate")
SUBJECTS = ("shop.test", "news.shop.test")
judgements = st.builds(
    finding,
    st.sampled_from(CHECKS),
    st.sampled_from(Outcome),
    st.sampled_from(LEVELS),
    subject=st.sampled_from(SUBJECTS),
    case=st.sampled_from(("", "over", "warn", "fail")),
    lack=st.sampled_from((None, *Lack)),
)
one_audit = st.lists(judgements, max_size=6, unique_by=lambda f: (f.check, f.subject)).map(lambda found: audit(*found))
some_waivers = st.lists(
    st.builds(waiver, st.sampled_from(("spf-all", "spf-*", "*")), st.sampled_from(SUBJECTS), st.integers(-3, 30)),
    max_size=3,
).map(tuple)
_WEIGHT = {Decision.OPEN: 0, Decision.UNDETERMINED: 1, Decision.CLOSED: 2}


def closing(gate: Gate) -> set[tuple[str, str]]:
    return {(row.finding.check, row.finding.subject) for row in gate.rows if row.taken is Taken.CLOSES}


def is_no_stricter(gate: Gate, than: Gate) -> bool:
    return closing(gate) <= closing(than) and _WEIGHT[gate.decision] <= _WEIGHT[than.decision]


def gate_of(audits: Sequence[Audit], waivers: tuple[Waiver, ...] = (), **more: Any) -> Gate:
    return decide(audits, Policy(waivers=waivers), today=TODAY, **more)


@given(one_audit, some_waivers, some_waivers)
def test_adding_a_waiver_never_closes(found: Audit, some: tuple[Waiver, ...], more: tuple[Waiver, ...]) -> None:
    assert is_no_stricter(gate_of([found], some + more), gate_of([found], some))


@given(one_audit, one_audit, some_waivers)
def test_adding_a_baseline_never_closes(found: Audit, before: Audit, some: tuple[Waiver, ...]) -> None:
    assert is_no_stricter(gate_of([found], some, baseline=[before]), gate_of([found], some))


@given(one_audit)
def test_an_audit_is_no_worse_than_itself(found: Audit) -> None:
    assert gate_of([found], baseline=[found]).decision is not Decision.CLOSED


@given(one_audit, some_waivers, st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_a_higher_line_never_closes_more(
    found: Audit, some: tuple[Waiver, ...], one: Severity, other: Severity
) -> None:
    low, high = sorted((one, other), key=lambda severity: severity.rank)

    assert is_no_stricter(gate_of([found], some, fail_on=high), gate_of([found], some, fail_on=low))


@given(st.lists(one_audit, min_size=1, max_size=4), some_waivers, st.randoms(use_true_random=False))
def test_the_order_of_the_domains_changes_nothing_but_the_order(
    found: list[Audit], some: tuple[Waiver, ...], chance: Any
) -> None:
    audits = [replace(one, subject=replace(one.subject, domain=f"d{n}.test")) for n, one in enumerate(found)]
    shuffled = chance.sample(audits, len(audits))

    gate, other = gate_of(audits, some), gate_of(shuffled, some)

    assert (gate.decision, gate.exit_code, gate.notes) == (other.decision, other.exit_code, other.notes)
    for part in ("reasons", "rows", "waived"):
        assert sorted(map(repr, getattr(gate, part))) == sorted(map(repr, getattr(other, part)))


@given(one_audit, some_waivers)
def test_every_finding_has_its_row_and_every_reason_that_closes_is_at_the_line(
    found: Audit, some: tuple[Waiver, ...]
) -> None:
    gate = gate_of([found], some)

    assert tuple(row.finding for row in gate.rows) == found.findings
    assert all(reason.severity.at_least(gate.fail_on) for reason in gate.reasons if reason.taken is Taken.CLOSES)
    assert (gate.decision is Decision.OPEN) == (not gate.reasons)
