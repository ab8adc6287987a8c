"""Mail records told by their text, and the characters that spoil them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.texts import (
    Oddity,
    RecordKind,
    cleaned,
    is_protective,
    kind_of,
    meant_as,
    name_as_text,
    odd_spans,
)

KEY = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL" * 2
RECORDS = [
    "v=spf1 include:_spf.host.test ip4:192.0.2.0/24 -all",
    "v=DMARC1; p=reject; rua=mailto:d@example.test",
    f"v=DKIM1; k=rsa; p={KEY}",
]
MARKS = ["\u00a0", "\u2009", "\u200b", "\ufeff", "\u202e", "\u2066", "\u201c", "\u2019", "\u00ab", "\x1b", '"', "\\"]


def wire(text: str) -> str:
    """`text` as an answer shows it: one character per octet."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        ("v=spf1 -all", RecordKind.SPF, RecordKind.SPF),
        ("V=SPF1", RecordKind.SPF, RecordKind.SPF),
        ("v=spf10 -all", None, None),
        ("v=spf1;-all", None, RecordKind.SPF),
        (' "v=spf1 -all"', None, RecordKind.SPF),
        (wire("v=spf1\u00a0-all"), None, RecordKind.SPF),
        ("v=DMARC1; p=none", RecordKind.DMARC, RecordKind.DMARC),
        ("v = DMARC1 ;p=none", RecordKind.DMARC, RecordKind.DMARC),
        ("v=dmarc1; p=none", None, RecordKind.DMARC),
        (wire("\ufeffv=DMARC1; p=none"), None, RecordKind.DMARC),
        ("v=DMARC1\\; p=none", None, RecordKind.DMARC),
        ("v=DMARC2; p=none", None, None),
        ("v=DKIM1; p=", RecordKind.DKIM, RecordKind.DKIM),
        (f"k=rsa; p={KEY}", RecordKind.DKIM, RecordKind.DKIM),
        (f"p={KEY}", RecordKind.DKIM, RecordKind.DKIM),
        ("k=rsa; p=", None, None),
        ("p=none", None, None),
        ("v=DKIM1", None, RecordKind.DKIM),
        (f"x=1; p={KEY}", None, None),
        ("v=TLSRPTv1; rua=mailto:t@example.test", None, None),
        ("", None, None),
        (";;", None, None),
        ("site-verification=abc", None, None),
    ],
)
def test_what_a_text_is_and_what_it_was_meant_to_be(
    text: str, kind: RecordKind | None, meant: RecordKind | None
) -> None:
    assert (kind_of(text), meant_as(text)) == (kind, meant)


@pytest.mark.parametrize(
    ("mark", "oddity"),
    [
        ("\u00a0", Oddity.NO_BREAK_SPACE),
        ("\u202f", Oddity.NO_BREAK_SPACE),
        ("\u3000", Oddity.NO_BREAK_SPACE),
        ("\u202e", Oddity.BIDI),
        ("\u061c", Oddity.BIDI),
        ("\u200b", Oddity.INVISIBLE),
        ("\ufeff", Oddity.INVISIBLE),
        ("\u00ad", Oddity.INVISIBLE),
        ("\u201c", Oddity.SMART_QUOTE),
        ("\u00bb", Oddity.SMART_QUOTE),
        ("\u2013", Oddity.DASH),
        ("\u2212", Oddity.DASH),
        ("\x1b", Oddity.CONTROL),
        ("\x7f", Oddity.CONTROL),
        ("\\", Oddity.BACKSLASH),
        ('"', Oddity.QUOTE),
        ("\u00e9", Oddity.NON_ASCII),
        ("\u2026", Oddity.NON_ASCII),
        ("\U0001f600", Oddity.NON_ASCII),
    ],
)
def test_a_mark_is_found_where_it_stands(mark: str, oddity: Oddity) -> None:
    text = wire(f"v=DMARC1; p={mark}none")

    (span,) = odd_spans(text)

    assert (span.oddity, text[span.start : span.end]) == (oddity, wire(mark))


@pytest.mark.parametrize(("octet", "oddity"), [("\xa0", Oddity.NO_BREAK_SPACE), ("\x93", Oddity.SMART_QUOTE)])
def test_marks_of_older_character_sets(octet: str, oddity: Oddity) -> None:
    assert [span.oddity for span in odd_spans(f"v=spf1 {octet}-all")] == [oddity]


def test_a_tab_is_odd_in_spf_alone() -> None:
    assert [s.oddity for s in odd_spans("v=spf1\t-all")] == [Oddity.CONTROL]
    assert odd_spans("v=DMARC1;\tp=none") == ()


@pytest.mark.parametrize("text", RECORDS)
def test_a_plain_record_has_nothing_odd_and_is_left_alone(text: str) -> None:
    assert odd_spans(text) == ()
    assert cleaned(text) == text


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (wire("v=spf1\u00a0ip4:192.0.2.1\u00a0\u2013all"), "v=spf1 ip4:192.0.2.1 -all"),
        ('"v=spf1 ip4:192.0.2.1 " "-all"', "v=spf1 ip4:192.0.2.1 -all"),
        ('v=spf1 a" "mx -all', None),
        ("v=DMARC1\\; p=none", "v=DMARC1; p=none"),
        (f'"v=DKIM1; k=rsa; p={KEY[:20]}" "{KEY[20:]}"', f"v=DKIM1; k=rsa; p={KEY}"),
        (f'v=DKIM1; k=rsa; p={KEY[:20]}\\"\\"{KEY[20:]}', f"v=DKIM1; k=rsa; p={KEY}"),
        (f"v=DKIM1; k=rsa;\r\n p={KEY}", f"v=DKIM1; k=rsa;   p={KEY}"),
        (wire("v=DMARC1; p=none\u00e9"), None),
    ],
)
def test_a_repair_is_what_was_meant_or_none(text: str, repaired: str | None) -> None:
    assert cleaned(text) == repaired


@given(st.sampled_from(RECORDS), st.lists(st.tuples(st.integers(0, 60), st.sampled_from(MARKS)), max_size=6))
def test_a_repaired_record_has_nothing_odd_left(record: str, marks: list[tuple[int, str]]) -> None:
    for place, mark in marks:
        record = record[:place] + mark + record[place:]
    repaired = cleaned(wire(record))

    assert repaired is None or meant_as(repaired) is None or odd_spans(repaired) == ()


@given(st.text(st.characters(max_codepoint=255), max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    spans = odd_spans(text)

    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    assert meant_as(text) in {None, *RecordKind}
    assert cleaned(text) is None or isinstance(cleaned(text), str)


@pytest.mark.parametrize(
    ("text", "protects"),
    [
        ("v=spf1 -all", True),
        ("v=spf1 ~all", False),
        ("v=spf1 a -all", False),
        ("v=DKIM1; p=", True),
        (f"v=DKIM1; p={KEY}", False),
        ("v=DMARC1; p=reject", True),
        ("v=DMARC1; p=reject; sp=none", False),
        ("v=DMARC1; p=quarantine", False),
        ("v=DMARC1", False),
    ],
)
def test_what_only_forbids(text: str, protects: bool) -> None:
    assert is_protective(text) is protects


def test_a_name_read_as_the_text_that_was_typed() -> None:
    assert name_as_text("v=spf1\\032include:x.test\\032-all.") == "v=spf1 include:x.test -all"
    assert name_as_text("v=dmarc1\\;p=none.example.test.") == "v=dmarc1;p=none.example.test"
