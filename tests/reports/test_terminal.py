"""The terminal report: what stands where, at every width, for any text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Evidence, Outcome, Role, Severity
from deliverability.reports.layout import cells, window, wrapped
from deliverability.reports.terminal import render
from deliverability.reports.words import shown
from support import given as inputs
from support import samples

Golden = Callable[[str, str], None]


def draw(*audits: Audit, width: int = 80, color: bool = False, quiet: bool = False, verbose: bool = False) -> str:
    return render(audits, width=width, color=color, quiet=quiet, verbose=verbose, manual=samples.MANUAL)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_report_of_a_sender_in_trouble(width: int, golden: Golden) -> None:
    golden(f"trouble-{width}.txt", draw(samples.in_trouble(), width=width))


def test_the_report_of_a_sender_who_has_nothing_to_do(golden: Golden) -> None:
    golden("repaired-verbose-80.txt", draw(samples.repaired(), verbose=True))


@pytest.mark.parametrize("width", [60, 100])
def test_the_report_of_a_sender_with_events_and_reports(width: int, golden: Golden) -> None:
    golden(f"given-{width}.txt", draw(inputs.everything(), width=width))


def test_the_figures_stand_between_the_next_fix_and_the_findings() -> None:
    text = draw(inputs.everything())

    assert text.index("fix next") < text.index("\nMail\n") < text.index("\nSenders\n") < text.index("▲")
    assert "3,900 messages sent, 2026-08-04 to 2026-09-24 (UTC)" in text
    assert re.search(r"delivered +85\.8 % +84\.7–86\.9 % +3,348 of 3,900 sent", text)
    assert re.search(r"complaints, where reported +0\.47 % +[\d.–]+ % +6 of 1,288 delivered there", text)
    assert "1 source that nobody declared: 240 of 4,700 messages." in text


def test_the_first_line_says_what_the_verdict_holds_for() -> None:
    audit = samples.repaired()
    parked = replace(audit, subject=replace(audit.subject, role=Role.PARKED))

    assert draw(replace(audit, options={"overlay": ["new.zone"]}), quiet=True) == (
        "weinhandel.example · sending · send · with the proposed records\n"
    )
    assert draw(parked, quiet=True) == "weinhandel.example · parked · in order\n"
    assert draw(parked, audit).endswith("2 domains: 1 in order · 1 send\n")


def test_what_would_settle_several_findings_is_said_once() -> None:
    first = samples.silent_server()
    audit = replace(samples.in_trouble(), findings=(first, replace(first, check="spf-all")), next_best_fix=None)

    assert draw(audit).count("Ask again") == 1


def test_without_inputs_there_are_no_figures() -> None:
    assert "\nMail\n" not in draw(samples.in_trouble())
    assert "\nSenders\n" not in draw(samples.in_trouble())


def test_damaged_figures_are_one_line() -> None:
    text = draw(replace(inputs.audited(), observations=({"kind": "events", "totals": 3},)), width=120)

    assert "are damaged, or of another version of deliv" in text


def test_a_figure_is_one_line_with_its_name_in_words() -> None:
    rows = (
        Evidence("count", "auth_failure", text="792"),
        Evidence("rejection", "gmail", text="5.7.26", note="452 refused, 0 put off"),
        Evidence("rate", "complaint_sent", text="9 of 5,000 sent", note="0.18 %"),
        Evidence("provider", "of another version", text="1"),
    )
    lines = draw(replace(samples.in_trouble(), findings=(replace(samples.lookup_limit(), evidence=rows),))).split("\n")

    assert {
        "    SPF, DKIM or DMARC failed: 792",
        "    Gmail: 5.7.26 · 452 refused, 0 put off",
        "    of all that was sent: 9 of 5,000 sent · 0.18 %",
        "    of another version: 1",
    } <= set(lines)


@pytest.mark.parametrize("width", [*range(60, 124, 7), 20, 500])
@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize(
    "audit",
    [samples.in_trouble(), samples.hostile(), samples.repaired(), inputs.everything(), inputs.hostile()],
    ids=["trouble", "hostile", "repaired", "given", "given-hostile"],
)
def test_no_line_is_wider_than_the_terminal(audit: Audit, width: int, verbose: bool) -> None:
    lines = draw(audit, width=width, verbose=verbose).split("\n")

    assert max(map(cells, lines)) <= min(max(width, 60), 120)


def test_the_verdict_comes_first_and_the_count_last() -> None:
    lines = draw(samples.in_trouble(), width=120).strip().split("\n")

    assert lines[0] == "weinhandel.example · sending · do not send"
    assert lines[-2].startswith("1 critical · 2 high · 1 medium · 1 low · 2 could not be checked")
    assert lines[-1].endswith("deliv explain spf-include-resolves")


def test_findings_come_worst_first_then_what_could_not_be_checked() -> None:
    text = draw(samples.in_trouble())
    ids = re.findall(r"(?:critical|high|medium|low) · (\S+)$", text, re.MULTILINE)

    assert ids[0] == "spf-include-resolves"
    assert ids[-1] == "spf-duplicate-terms"
    assert text.index("spf-duplicate-terms") < text.index("Could not check") < text.index("Notes")


def test_quiet_leaves_the_verdict_line_alone() -> None:
    assert draw(samples.in_trouble(), quiet=True) == "weinhandel.example · sending · do not send\n"


def test_several_domains_are_counted_at_the_end() -> None:
    text = draw(samples.in_trouble(), samples.repaired())

    assert text.endswith("\n\n2 domains: 1 send · 1 do not send\n")


def test_without_colour_there_is_no_escape_and_with_it_the_same_text() -> None:
    plain, coloured = (draw(samples.in_trouble(), color=color) for color in (False, True))

    assert "\x1b" not in plain
    assert "\x1b[31m▲\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("verbose", [True, False])
def test_nothing_that_cannot_be_seen_is_printed(verbose: bool) -> None:
    text = draw(samples.hostile(), verbose=verbose)

    assert {c for c in text if not c.isprintable()} == {"\n"}
    assert "\\x1b[31m" in text
    assert "\\u202e" in text


def test_a_stored_audit_is_drawn_like_the_fresh_one() -> None:
    audit = samples.in_trouble()

    assert draw(from_json(to_json(audit))) == draw(audit)


def test_a_check_of_another_version_has_no_why_and_is_drawn_all_the_same() -> None:
    text = render([samples.in_trouble()], width=80, color=False, manual={})

    assert "spf-lookup-limit" in text
    assert "\n    why " not in text


def test_the_same_check_explains_itself_once() -> None:
    audit = samples.in_trouble()
    twice = replace(audit, findings=(*audit.findings, replace(samples.short_key(), subject="other.example")))

    assert draw(twice).count("patient") == 1


@pytest.mark.parametrize(
    ("severity", "mark"), [(Severity.CRITICAL, "▲"), (Severity.HIGH, "△"), (Severity.LOW, "△")], ids=str
)
def test_only_a_critical_fault_has_the_filled_mark(severity: Severity, mark: str) -> None:
    finding = replace(samples.duplicate_term(), severity=severity)

    assert f"{mark} A term stands twice" in draw(replace(samples.in_trouble(), findings=(finding,)))


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [(Outcome.PASS, "●"), (Outcome.UNKNOWN, "◇"), (Outcome.ERROR, "◇"), (Outcome.INFO, "○"), (Outcome.FAIL, "△")],
    ids=str,
)
def test_each_outcome_has_its_shape(outcome: Outcome, mark: str) -> None:
    finding = replace(samples.duplicate_term(), outcome=outcome)

    assert f"{mark} A term stands twice" in draw(replace(samples.in_trouble(), findings=(finding,)), verbose=True)


def test_many_rows_of_evidence_are_cut_and_counted() -> None:
    rows = tuple(Evidence("dns_answer", f"host{i}.example", "A", "192.0.2.1") for i in range(20))
    audit = replace(samples.in_trouble(), findings=(replace(samples.duplicate_term(), evidence=rows),))

    assert "… and 14 rows more (-v)" in draw(audit)
    assert "host19.example" in draw(audit, verbose=True)


def test_a_record_with_several_marks_is_shown_whole_with_each_mark_under_its_line() -> None:
    lines = [line.rstrip() for line in draw(samples.in_trouble()).split("\n")]
    first = next(i for i, line in enumerate(lines) if line.endswith("9 of the 14, through 3 nested includes"))

    assert lines[first - 1 : first + 4] == [
        "    v=spf1 include:_spf.crm.example include:mail.shop.example",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^ 9 of the 14, through 3 nested includes",
        "    include:_spf.helpdesk.example include:spf.newsletter.example a mx ~all",
        "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the eleventh lookup is made here",
        "    fix    Drop the includes of services that no longer send for you, and name",
    ]


def test_a_very_long_record_shows_the_parts_around_its_first_marks() -> None:
    record = "v=spf1 " + "a:host.example " * 4000
    rows = tuple(Evidence("spf_term", "x.example", "TXT", record, (7 + 15 * i, 21 + 15 * i), str(i)) for i in range(99))
    text = draw(replace(samples.in_trouble(), findings=(replace(samples.duplicate_term(), evidence=rows),)))

    assert "… and 93 marks more (-v)" in text
    assert text.count("\n") < 60


def test_a_name_is_shown_as_people_write_it_and_as_dns_does() -> None:
    audit = samples.in_trouble()
    audit = replace(audit, subject=replace(audit.subject, domain="xn--bcher-kva.example"))

    assert draw(audit).startswith("bücher.example (xn--bcher-kva.example) · sending")


def test_the_mark_stands_under_wide_characters_too() -> None:
    record = "回信地址 ptr -all"
    evidence = Evidence("spf_term", samples.DOMAIN, "TXT", record, (5, 8), "slow")
    audit = replace(samples.in_trouble(), findings=(replace(samples.duplicate_term(), evidence=(evidence,)),))
    lines = draw(audit).split("\n")
    shown_at = next(i for i, line in enumerate(lines) if "ptr" in line)

    assert lines[shown_at + 1] == " " * (4 + 9) + "^^^ slow"


SPANS = st.tuples(st.text(max_size=200), st.text(min_size=1, max_size=80), st.text(max_size=200))


@given(SPANS, st.integers(40, 120))
def test_a_window_fits_and_shows_the_marked_text_where_it_says(parts: tuple[str, str, str], width: int) -> None:
    before, marked, _ = parts
    text = "".join(parts)
    part = window(text, (len(before), len(before) + len(marked)), width)

    assert cells(part.text) <= width
    if cells(shown(marked)) <= width // 2:
        start = wrapped_index(part.text, part.offset)
        assert part.text[start:].startswith(shown(marked))


def wrapped_index(text: str, offset: int) -> int:
    """The character of `text` at the cell `offset`, past characters that take none."""
    return next(i for i in range(len(text) + 1) if cells(text[:i]) == offset)


@given(st.text(max_size=300), st.integers(2, 60))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrapped(text, width)

    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
