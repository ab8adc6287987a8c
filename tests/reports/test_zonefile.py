"""Records to paste, and what changes between the old one and the new."""

from __future__ import annotations

import dns.rdatatype
import dns.zone
from hypothesis import given
from hypothesis import strategies as st

from deliverability.findings import Action, RecordChange
from deliverability.reports.html.zonefile import STRING_OCTETS, compared, string_lines, strings, zone_lines

OCTETS = st.text(st.characters(max_codepoint=255), max_size=700)
RECORDS = st.one_of(
    OCTETS, st.lists(st.sampled_from(["v=spf1", "a", "mx", " ", ";", "p=none"]), max_size=30).map("".join)
)


def change(
    value: str | None, *, old: str | None = None, rdtype: str = "TXT", name: str = "example.test"
) -> RecordChange:
    action = Action.REMOVE if value is None else Action.REPLACE if old is not None else Action.ADD
    return RecordChange(action, name, rdtype, 300, old, value)


@given(OCTETS)
def test_a_pasted_line_publishes_the_very_octets(value: str) -> None:
    (line,) = zone_lines([change(value)])
    zone = dns.zone.from_text(line, origin="example.test.", relativize=False, check_origin=False)
    (record,) = zone.find_rdataset("example.test.", dns.rdatatype.TXT)

    assert b"".join(record.strings) == value.encode("latin-1")


def test_the_other_records_of_the_name_stay_in_the_lines() -> None:
    lines = zone_lines([change("v=spf1 -all", old="v=spf1 +all"), change("verify=1", old="verify=1")])

    assert lines == ['example.test. 300 IN TXT "v=spf1 -all"', 'example.test. 300 IN TXT "verify=1"']


def test_what_is_not_text_is_not_quoted() -> None:
    assert zone_lines([change("0 .", rdtype="MX")]) == ["example.test. 300 IN MX 0 ."]


def test_a_name_that_loses_its_last_record_is_deleted_in_an_overlay() -> None:
    assert zone_lines([change(None, old="v=spf1 -all")]) == ["; deliv-delete example.test. TXT"]


def test_a_character_no_zone_can_hold_stops_nothing() -> None:
    assert zone_lines([change("\ud800☃")]) == ['example.test. 300 IN TXT "\\237\\160\\128\\226\\152\\131"']


@given(OCTETS)
def test_no_string_is_longer_than_255_octets(value: str) -> None:
    assert "".join(strings(value)) == value
    assert all(len(part) <= STRING_OCTETS for part in strings(value))


@given(RECORDS, RECORDS)
def test_a_comparison_holds_both_texts_whole(old: str, new: str) -> None:
    before, after = compared(old, new)

    assert "".join(text for text, _ in before) == old
    assert "".join(text for text, _ in after) == new
    assert old != new or not any(changed for _, changed in before + after)


def test_a_comparison_marks_the_words_that_differ() -> None:
    before, after = compared("v=spf1 include:a.test mx ~all", "v=spf1 mx -all")

    assert [text for text, changed in before if changed] == ["include:a.test", "~all"]
    assert [text for text, changed in after if changed] == ["-all"]


def test_white_space_is_marked_where_it_is_all_that_changed() -> None:
    before, _ = compared("v=DKIM1; p=AB  CD", "v=DKIM1; p=AB CD")

    assert [text for text, changed in before if changed] == ["  "]


def test_a_record_without_end_is_compared_as_one() -> None:
    before, after = compared("a " * 100_000, "b")

    assert before == [("a " * 100_000, True)]
    assert after == [("b", True)]


@given(st.lists(st.tuples(OCTETS, st.booleans())))
def test_lines_break_where_the_strings_do(pieces: list[tuple[str, bool]]) -> None:
    lines = ["".join(text for text, _ in line) for line in string_lines(pieces)]

    assert lines == strings("".join(text for text, _ in pieces))
