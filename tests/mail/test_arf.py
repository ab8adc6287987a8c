"""Complaints in the dialects of those who send them, and the mails that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.mail.arf import Complaint, parse_arf
from deliverability.mail.bounce import parse_bounce

RETURNED = "Message-ID: <1@shop.example>\nFrom: news@shop.example\nTo: ann@example.com\nReturn-Path: <b@shop.example>\n"
FIELDS = "Feedback-Type: abuse\nUser-Agent: Reporter/1.0\nVersion: 1\n"


def arf(fields: str, *, subject: str = "FW: Wine", returned: str = RETURNED, head: str = "") -> bytes:
    """A feedback report (RFC 5965 §2)."""
    kind = 'multipart/report; report-type=feedback-report; boundary="b"'
    return (
        f"From: fbl@example.com\nTo: abuse@shop.example\nSubject: {subject}\nContent-Type: {kind}\n{head}\n"
        f"--b\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        f"--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}\nBuy wine.\n--b--\n"
    ).encode()


def the(raw: bytes) -> Complaint:
    """The complaint that a mail is; it is no bounce."""
    found = parse_arf(raw)
    assert found is not None
    assert parse_bounce(raw) == []
    return found


def test_a_report_says_who_complains_about_what() -> None:
    more = "Original-Rcpt-To: <ann@example.com>\nOriginal-Mail-From: <b@shop.example>\nSource-IP: 192.0.2.1\n"
    complaint = the(arf(f"{FIELDS}{more}Reported-Domain: Shop.Example\nArrival-Date: Thu, 1 Jan 2026 00:00:00 +0000\n"))

    assert (complaint.kind, complaint.counts, complaint.incidents) == ("abuse", True, 1)
    assert complaint.recipients == ("ann@example.com",)
    assert (complaint.mail_from, complaint.source_ip) == ("b@shop.example", "192.0.2.1")
    assert (complaint.reported_domains, complaint.message_id) == (("shop.example",), "1@shop.example")
    assert complaint.arrived == "Thu, 1 Jan 2026 00:00:00 +0000"


def test_several_recipients_are_all_kept() -> None:
    more = "Original-Rcpt-To: ann@example.com\nOriginal-Rcpt-To: bob@example.com\nOriginal-Rcpt-To: ANN@example.com\n"

    assert [r.lower() for r in the(arf(FIELDS + more)).recipients] == ["ann@example.com", "bob@example.com"]


def test_a_report_that_lacks_fields_is_read_with_the_returned_mail() -> None:
    complaint = the(arf("User-Agent: Reporter/1.0\n"))

    assert (complaint.kind, complaint.recipients) == ("abuse", ("ann@example.com",))
    assert complaint.mail_from == "b@shop.example"


@pytest.mark.parametrize(
    "hidden", ["redacted-address@redacted.invalid", "<Undisclosed Recipients>", "[address removed]"]
)
def test_a_redacted_address_is_nobody(hidden: str) -> None:
    returned = RETURNED.replace("ann@example.com", hidden)

    assert the(arf(f"{FIELDS}Original-Rcpt-To: {hidden}\n", returned=returned)).recipients == ()


def test_the_returned_mail_may_name_whom_the_report_hides() -> None:
    returned = f"X-HmXmrOriginalRecipient: ann@example.com\n{RETURNED}"
    complaint = the(arf(f"{FIELDS}Original-Rcpt-To: redacted-address@redacted.invalid\n", returned=returned))

    assert complaint.recipients == ("ann@example.com",)


def test_hotmail_complains_without_a_report() -> None:
    returned = f"X-HmXmrOriginalRecipient: ann@example.com\n{RETURNED}"
    raw = (
        "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n"
        f'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n{returned}\nWine\n--b--\n'
    )
    complaint = the(raw.encode())

    assert (complaint.recipients, complaint.source_ip) == (("ann@example.com",), "192.0.2.1")
    assert not complaint.machine_readable


@pytest.mark.parametrize(
    ("word", "kind", "counts"),
    [
        ("abuse", "abuse", True),
        ("Fraud", "fraud", True),
        ("virus", "virus", True),
        ("opt-out", "opt-out", True),
        ("complaint", "abuse", True),
        ("teapot", "other", True),
        ("not-spam", "not-spam", False),
        ("auth-failure", "auth-failure", False),
    ],
)
def test_the_type_says_whether_a_reader_complained(word: str, kind: str, counts: bool) -> None:
    complaint = the(arf(FIELDS.replace("abuse", word)))

    assert (complaint.kind, complaint.counts) == (kind, counts)


@pytest.mark.parametrize(("value", "number"), [("3", 3), ("0", 1), ("-1", 1), ("9" * 5000, 1), ("many", 1), ("²", 1)])
def test_incidents_are_counted(value: str, number: int) -> None:
    assert the(arf(f"{FIELDS}Incidents: {value}\n")).incidents == number


def test_complaints_that_ses_sends_by_mail_are_read() -> None:
    event = '{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"ann@example.com"}]}}'
    raw = f"From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n{event}\n"

    assert the(raw.encode()).recipients == ("ann@example.com",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: ann@example.com\nSubject: abuse report\n\nI read your abuse report.\n",
        b"From: ann@example.com\nSubject: Wine\n\nFeedback-Type: abuse\n",
    ],
)
def test_other_mail_is_no_complaint(raw: bytes) -> None:
    assert parse_arf(raw) is None


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_no_octets_make_it_raise(octets: bytes, place: int) -> None:
    whole = arf(f"{FIELDS}Source-IP: 192.0.2.1\n")
    for raw in (octets, whole[:place] + octets + whole[place:]):
        found = parse_arf(raw)
        assert found is None or found.incidents >= 1
