"""The small texts that every report shares."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deliverability.checks import CHECKS
from deliverability.checks._check import Check
from deliverability.findings import Evidence, Reference
from deliverability.reports import words
from deliverability.reports.words import dig, sentence, shown, when
from deliverability.text import visible


@given(st.text())
@example("a\x1b[2J\u202eb\x85")
def test_what_is_shown_can_be_seen(text: str) -> None:
    assert shown(text).isprintable()
    assert shown(visible(text)) == shown(text)


@pytest.mark.parametrize(
    ("character", "escape"),
    [("\xa0", "\\xa0"), ("\xad", "\\xad"), ("\u200b", "\\u200b"), ("\ud800", "\\ud800"), ("\U000e0001", "\\U000e0001")],
)
def test_characters_that_look_like_nothing_are_spelled_out(character: str, escape: str) -> None:
    assert shown(f"v=spf1{character}-all") == f"v=spf1{escape}-all"


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        ("2026-11-21T09:00:00Z", "21 November 2026, 09:00 UTC"),
        ("2026-01-02T00:30:00+01:00", "1 January 2026, 23:30 UTC"),
        ("yesterday", "yesterday"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_dates_carry_their_zone(instant: str, text: str) -> None:
    assert when(instant) == text


@given(st.text(min_size=1))
@example("$(reboot).example")
@example("-f/etc/passwd")
@example("@192.0.2.1")
@example("+trace")
def test_a_name_from_outside_stays_one_argument_of_the_command(name: str) -> None:
    command, *arguments = shlex.split(dig(name, "TXT"))

    assert command == "dig"
    assert arguments in (["+short", "TXT", name], ["+short", "TXT", "-q", name])
    assert arguments[-2] == "-q" or name[0] not in "-@+"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with it, mail is lost.", "With it, mail is lost."),
        ("`p=none` asks for nothing.", "`p=none` asks for nothing."),
        ("v=spf1 is no record.", "v=spf1 is no record."),
        ("complaints, blocks and filters.", "Complaints, blocks and filters."),
        ("DMARC fails.", "DMARC fails."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name(text: str, expected: str) -> None:
    assert sentence(text) == expected


def test_a_citation_names_section_and_date() -> None:
    assert words.citation(Reference("RFC 7208", "4.6.4")) == "RFC 7208 §4.6.4"
    assert words.source_date(Reference("RFC 7208")) == "2014-04"
    assert words.source_date(Reference("a source of another version")) == ""


def test_the_plain_name_stands_before_the_acronym() -> None:
    assert words.family("spf-lookup-limit") == "Servers allowed to send (SPF)"
    assert words.family("weather-report") == "weather"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_and_its_family_have_the_same_plain_name(check: Check) -> None:
    assert words.family(check.id) == words.FAMILIES[check.family]


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        (Evidence("count", "auth_failure"), "SPF, DKIM or DMARC failed"),
        (Evidence("provider", "microsoft"), "Outlook.com"),
        (Evidence("provider", "other"), "other providers"),
        (Evidence("rate", "complaint_sent"), "of all that was sent"),
        (Evidence("rate", "of another version"), "of another version"),
        (Evidence("dns_answer", "gmail"), "gmail"),
    ],
    ids=str,
)
def test_evidence_is_named_in_words(evidence: Evidence, name: str) -> None:
    assert words.evidence_name(evidence) == name
