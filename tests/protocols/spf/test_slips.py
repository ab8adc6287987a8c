"""Slips of the hand: what was written, what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.spf.record import parse
from deliverability.protocols.spf.slips import LONGEST_MENDED, is_near_miss, mend

MENDED = [
    ("v=spf1 ipv4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["wrong-keyword"]),
    ("v=spf1 ip:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all", ["wrong-keyword"]),
    ("v=spf1 ip:mail.x.example -all", "v=spf1 a:mail.x.example -all", ["wrong-keyword"]),
    ("v=spf1 host:mail.x.example -all", "v=spf1 a:mail.x.example -all", ["wrong-keyword"]),
    ("v=spf1 inlcude:x.example -all", "v=spf1 include:x.example -all", ["wrong-keyword"]),
    ("v=spf1 redirekt:x.example", "v=spf1 redirect=x.example", ["wrong-keyword"]),
    ("v=spf1 ip4=192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["equals-for-colon"]),
    ("v=spf1 -include=x.example -all", "v=spf1 -include:x.example -all", ["equals-for-colon"]),
    ("v=spf1 redirect:x.example", "v=spf1 redirect=x.example", ["colon-for-equals"]),
    ("v=spf1 include: x.example -all", "v=spf1 include:x.example -all", ["split-term"]),
    ("v=spf1 include x.example -all", "v=spf1 include:x.example -all", ["split-term"]),
    ("v=spf1 ip4 :192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["split-term"]),
    ("v=spf1 mx - all", "v=spf1 mx -all", ["split-term"]),
    ("v=spf1 mx + ?all", "v=spf1 mx ?all", ["split-term"]),
    ("v=spf1 a: mx -all", "v=spf1 a mx -all", ["punctuation"]),
    ("v=spf1 mx include: -all", "v=spf1 mx -all", ["punctuation"]),
    ("v=spf1 patří:x.example -all", "v=spf1 include:x.example -all", ["translated-keyword"]),
    ("v=spf1 incluir:x.example -all", "v=spf1 include:x.example -all", ["translated-keyword"]),
    ("v=spf1 mx -allv=spf1 a ~all", "v=spf1 mx a ~all", ["glued-terms"]),
    ("v=spf1 mx -all v=spf1 a ~all", "v=spf1 mx a ~all", ["second-version"]),
    ("v=spf1 include:x.exampleip4:192.0.2.1 -all", "v=spf1 include:x.example ip4:192.0.2.1 -all", ["glued-terms"]),
    ("v=spf1 include:x.example~all", "v=spf1 include:x.example ~all", ["glued-terms"]),
    ("v=spf1 ip4:ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["glued-terms"]),
    ("v=spf1 ip4:192.0.2.1,192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all", ["separator"]),
    ("v=spf1 mx;a;-all", "v=spf1 mx a -all", ["separator"]),
    ("v=spf1 mx -all;", "v=spf1 mx -all", ["punctuation"]),
    ("v=spf1 ip4192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["missing-colon"]),
    ("v=spf1 include.x.example -all", "v=spf1 include:x.example -all", ["missing-colon"]),
    ("v=spf1 192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/24 -all", ["bare-address"]),
    ("v=spf1 _spf.x.example -all", "v=spf1 include:_spf.x.example -all", ["bare-domain"]),
    ("v=spf1 +mail.x.example -all", "v=spf1 +a:mail.x.example -all", ["bare-domain"]),
    ("v=spf1 include:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all", ["wrong-mechanism"]),
    ("v=spf1 ip4:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all", ["wrong-mechanism"]),
    ("v=spf1 ip4:mail.x.example -all", "v=spf1 a:mail.x.example -all", ["wrong-mechanism"]),
    ("v=spf1 ip4:192.0.2.0/024 -all", "v=spf1 ip4:192.0.2.0/24 -all", ["address-form"]),
    ("v=spf1 ip4:192.0.2.0/255.255.255.0 -all", "v=spf1 ip4:192.0.2.0/24 -all", ["address-form"]),
    ("v=spf1 ip4:192.0.2.1:25 -all", "v=spf1 ip4:192.0.2.1 -all", ["address-form"]),
    ("v=spf1 ip4:192.0.2.0/24/24 -all", "v=spf1 ip4:192.0.2.0/24 -all", ["address-form"]),
    ("v=spf1 include:https://x.example/ -all", "v=spf1 include:x.example -all", ["web-address"]),
    ("v=spf1 mx -al", "v=spf1 mx -all", ["misspelt-all"]),
    ("v=spf1 mx ~alll", "v=spf1 mx ~all", ["misspelt-all"]),
    ("v=spf1 mx -all MS=ms1", "v=spf1 mx -all", ["foreign-text"]),
    ("v=spf1 mx \u2013all", "v=spf1 mx -all", ["characters"]),
    ("v=spf1 mx\xa0-all", "v=spf1 mx -all", ["characters"]),
    ("v=spf1 mx\xc2\xa0-all", "v=spf1 mx -all", ["characters"]),
    ("v=spf1 \u200eip4:192.0.2.1\u200e -all", "v=spf1 ip4:192.0.2.1 -all", ["characters", "characters"]),
    ("v=spf1\tmx -all", "v=spf1 mx -all", ["characters"]),
    ('"v=spf1 mx -all"', "v=spf1 mx -all", ["quotes", "quotes"]),
    ('v=spf1""mx -all', "v=spf1 mx -all", ["quotes"]),
    ("v=spf1mx -all", "v=spf1 mx -all", ["version"]),
    ("v=spf1; mx -all", "v=spf1 mx -all", ["version"]),
    (" v=spf1 mx -all", "v=spf1 mx -all", ["version"]),
    ("v = spf1 mx -all", "v=spf1 mx -all", ["version"]),
    ("spf1 mx -all", "v=spf1 mx -all", ["version"]),
]


@pytest.mark.parametrize(("written", "meant", "codes"), MENDED, ids=[row[0] for row in MENDED])
def test_slip(written: str, meant: str, codes: list[str]) -> None:
    mending = mend(written)

    assert mending.text == meant
    assert [slip.code.value for slip in mending.slips] == codes
    assert all(written[slip.span.start : slip.span.end] == slip.text for slip in mending.slips)


@pytest.mark.parametrize(
    "text",
    ["v=spf1 mx -all", "v=spf1 a:%{d} x-note=y exp=why.x.example ~all", "v=spf1", "v=spf1 include:a.x.example  -all "],
)
def test_no_slip_where_there_is_none(text: str) -> None:
    assert mend(text).slips == ()
    assert mend(text).text is None


@pytest.mark.parametrize("text", ["v=spf1 mx >>> -all", "v=spf1 include:x -all", "v=spf1 ip4:192.0.2.1ip4 -all"])
def test_what_nobody_can_guess_stays(text: str) -> None:
    assert mend(text).text is None


@pytest.mark.parametrize(
    "text", ["v=spf1;mx -all", "v=spf1\tmx", "v=spf1include:x.example", '"v=spf1 -all"', " v=spf1"]
)
def test_near_miss(text: str) -> None:
    assert is_near_miss(text)


@pytest.mark.parametrize(
    "text", ["", "v=spf1 -all", "v=spf10 -all", "spf2.0/pra -all", "v=DMARC1; p=none", "spf-check=1"]
)
def test_no_near_miss(text: str) -> None:
    assert not is_near_miss(text)


def test_a_text_that_no_hand_wrote_is_left_alone() -> None:
    assert mend("v=spf1 " + "," * LONGEST_MENDED).slips == ()


@given(st.one_of(st.text(), st.text(alphabet='v=spf1 aeilmnptx4:6/.,;"-~+?%{}\xa0\u2013', max_size=60)))
def test_any_text_is_mended_to_a_valid_record_or_left(text: str) -> None:
    mending = mend(text)

    assert mending.text is None or parse(mending.text).faults == ()
    assert all(text[slip.span.start : slip.span.end] == slip.text for slip in mending.slips)
    assert is_near_miss(text) in {True, False}
