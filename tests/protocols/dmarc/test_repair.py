"""Texts that were meant as DMARC records, and what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.dmarc import VersionFault, is_dmarc, parse, repaired, version_fault


@pytest.mark.parametrize(
    ("text", "fault", "found"),
    [
        (" v=DMARC1; p=none", VersionFault.BEFORE, " "),
        ('"v=DMARC1; p=none"', VersionFault.BEFORE, '"'),
        ("\xef\xbb\xbfv=DMARC1; p=none", VersionFault.BEFORE, "\xef\xbb\xbf"),
        ("v=dmarc1; p=none", VersionFault.VALUE, "v=dmarc1"),
        ("v=DMARC2; p=none", VersionFault.VALUE, "v=DMARC2"),
        ("v:DMARC1; p=none", VersionFault.VALUE, "v:DMARC1"),
        ("v=DMARC1.0; p=none", VersionFault.VALUE, "v=DMARC1.0"),
        ("v=DMARC1 p=none", VersionFault.SEPARATOR, " "),
        ("v=DMARC1, p=none", VersionFault.SEPARATOR, ","),
        ("v=DMARC1\\; p=none", VersionFault.SEPARATOR, "\\"),
        ("v=DMARC1\xc2\xa0; p=none", VersionFault.SEPARATOR, "\xc2"),
        ("p=none; v=DMARC1", VersionFault.NOT_FIRST, "v=DMARC1"),
        ("p=none; rua=mailto:a@example.test", VersionFault.MISSING, ""),
    ],
)
def test_why_a_text_is_no_record(text: str, fault: VersionFault, found: str) -> None:
    said = version_fault(text)

    assert said is not None
    assert (said[0], text[slice(*said[1])]) == (fault, found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=DMARC1; p=none",
        "v=spf1 -all",
        "google-site-verification=v=DMARC1",
        "some dmarc1 talk",
        "p=MIGfMA0GCSqGSIb3",
    ],
)
def test_other_texts_were_not_meant_as_records(text: str) -> None:
    assert version_fault(text) is None


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (" v=DMARC1; p=none", "v=DMARC1; p=none"),
        ('"v=DMARC1; p=none"', "v=DMARC1; p=none"),
        ("v=DMARC1\\; p=none\\; sp=reject", "v=DMARC1; p=none; sp=reject"),
        ("v=DMARC1\xc2\xa0; p=none", "v=DMARC1; p=none"),
        ("v=dmarc1; p=reject", "v=DMARC1; p=reject"),
        ("v=DMARC1 p=none rua=mailto:a@x.test", "v=DMARC1; p=none; rua=mailto:a@x.test"),
        ("v=DMARC1, p=none, rua=mailto:a@x,mailto:b@x", "v=DMARC1; p=none; rua=mailto:a@x,mailto:b@x"),
        ("p=none; v=DMARC1; adkim=s", "v=DMARC1; p=none; adkim=s"),
        ("p=reject", "v=DMARC1; p=reject"),
        ("v=DMARC1; p=none; fo:0; sp=none", "v=DMARC1; p=none; sp=none"),
        ("v=DMARC1; p=none; fo:1; ruf=mailto:a@x", "v=DMARC1; p=none; fo=1; ruf=mailto:a@x"),
        ("v=DMARC1; p=none; 0; adkim=r", "v=DMARC1; p=none; adkim=r"),
        ("v=DMARC1; p=rejct", "v=DMARC1; p=reject"),
        ("v=DMARC1; p=quarentine; sp=nonne", "v=DMARC1; p=quarantine; sp=none"),
        ("v=DMARC1; p=refuse; sp=all", "v=DMARC1; p=none"),
        ("v=DMARC1", "v=DMARC1; p=none"),
        ("v=DMARC1; rua=mailto:a@x.test", "v=DMARC1; p=none; rua=mailto:a@x.test"),
        ("v=DMARC1; sp=none; p=reject", "v=DMARC1; p=reject; sp=none"),
        ("v=DMARC1; p=none; rua=a@x.test", "v=DMARC1; p=none; rua=mailto:a@x.test"),
        ("v=DMARC1; p=none; rua=mailto: a@x.test!10m", "v=DMARC1; p=none; rua=mailto:a@x.test!10m"),
        ("v=DMARC1; p=none; rua=mailto://<a@x.test>,,b", "v=DMARC1; p=none; rua=mailto:a@x.test"),
        ("v=DMARC1; p=none; rua=mailto:a@x; mailto:b@x", "v=DMARC1; p=none; rua=mailto:a@x,mailto:b@x"),
        ("v=DMARC1; p=none; rua=; ruf=", "v=DMARC1; p=none"),
        ("v=DMARC1; p=none; adkim=strict; t=yes; psd=x; pct=all; fo=0:1", "v=DMARC1; p=none; adkim=s; t=y"),
        ("v=DMARC1; p=none; p=reject", "v=DMARC1; p=none"),
        ("v=DMARC1; p=none; rua=https://x.test/dmarc; x=1", "v=DMARC1; p=none; rua=https://x.test/dmarc; x=1"),
    ],
)  # fmt: skip
def test_the_record_that_was_meant(text: str, record: str) -> None:
    assert repaired(text) == record


def test_nobody_can_tell_what_was_meant_by_another_text() -> None:
    assert repaired("v=spf1 -all") is None
    assert repaired("v=DMARC1;p=none;" + " " * 5000) is None


@given(st.one_of(st.text(st.characters(max_codepoint=255)), st.text(st.sampled_from("v=DMARC1;p rua:mailto@x\\,"))))
def test_what_is_proposed_has_no_fault(text: str) -> None:
    record = repaired("v=DMARC1;" + text)

    assert record is None or (is_dmarc(record) and parse(record).problems == () and repaired(record) == record)
    fault = version_fault(text)
    assert fault is None or 0 <= fault[1][0] <= fault[1][1] <= len(text)
