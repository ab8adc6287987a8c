"""DMARC failure reports: what failed and from where; nothing of the people in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.feedback.failure import FailureReport, FailureSum, add_up, failure_report, failure_reports
from deliverability.intake.streams import Limits
from deliverability.intake.trouble import Troubles

FIELDS = """\
Feedback-Type: auth-failure
User-Agent: Tester/1
Version: 1
Original-Mail-From: <john.doe@sender.example>
Original-Rcpt-To: <jane.roe@receiver.example>
Arrival-Date: Sun, 01 Nov 2026 10:00:00 +0100
Source-IP: 192.0.2.1
Reported-Domain: Sender.Example
Authentication-Results: mx.receiver.example; spf=fail smtp.mailfrom=sender.example; dkim=none;
 dmarc=fail header.from=sender.example
Auth-Failure: dmarc
Delivery-Result: reject
Identity-Alignment: dkim, spf
DKIM-Domain: signer.example
DKIM-Selector: s1
Incidents: 3
"""


def arf(
    fields: str = FIELDS, original: str = "From: John Doe <john.doe@sender.example>\nSubject: secret plan\n"
) -> bytes:
    return f"""\
From: Reports <reports@receiver.example>
Subject: failure report
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

A mail from john.doe@sender.example failed.
--b
Content-Type: message/feedback-report

{fields}
--b
Content-Type: text/rfc822-headers

{original}
--b--
""".encode()


def note(**changes: str) -> bytes:
    lines = {
        "Sender Domain": "sender.example",
        "Sender IP Address": "192.0.2.1",
        "Received date": "Sun, 01 Nov 2026 10:00:00 +0100",
        "SPF Alignment": "no",
        "DKIM Alignment": "yes",
        "DMARC Results": "None, Accept",
        **changes,
    }
    told = "\n".join(f"  {key}: {value}" for key, value in lines.items())
    return f"""\
From: no-reply@mx.receiver.example
Subject: DMARC Forensic Report for sender.example from IP 192.0.2.1
Content-Type: multipart/report; boundary="b"

--b
Content-Type: text/plain

A message claiming to be from you has failed the published DMARC policy for your domain.

{told}

------ This is a copy of the headers that were received before the error was detected.

From: <john.doe@sender.example>
To: <jane.roe@receiver.example>
Subject: secret plan
Authentication-Results: mx.receiver.example; spf=softfail; dmarc=none header.from=sender.example

--b--
""".encode()


def test_a_report_is_read_with_all_that_it_says() -> None:
    assert failure_report(arf()) == FailureReport(
        reporter="receiver.example",
        domain="sender.example",
        source_ip="192.0.2.1",
        arrived=datetime(2026, 11, 1, 9, tzinfo=UTC),
        failures=("dmarc",),
        delivery="reject",
        aligned=("dkim", "spf"),
        mail_from_domain="sender.example",
        dkim_domain="signer.example",
        dkim_selector="s1",
        results={"spf": "fail", "dkim": "none", "dmarc": "fail"},
        incidents=3,
        machine_readable=True,
    )


def test_a_report_that_is_written_for_people_alone_is_read_too() -> None:
    read = failure_report(note())

    assert read is not None
    assert (read.domain, read.source_ip, read.failures, read.aligned) == (
        "sender.example",
        "192.0.2.1",
        ("dmarc",),
        ("dkim",),
    )
    assert read.arrived == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert read.results == {"spf": "softfail", "dmarc": "none"}
    assert not read.machine_readable


@pytest.mark.parametrize(
    "raw",
    [
        arf(),
        note(),
        note(**{"Sender IP Address": "john.doe@sender.example", "Sender Domain": "x john.doe@sender.example"}),
        arf(
            FIELDS.replace("s1", "john.doe@x")
            .replace("reject", "john.doe@x")
            .replace("signer.example", "john.doe@x.example")
        ),
    ],
)
def test_nothing_of_the_people_is_kept(raw: bytes) -> None:
    kept = repr(failure_report(raw)).lower()

    for word in ("john", "jane", "secret", "@"):
        assert word not in kept


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: hello\n\nSender Domain: x\n",
        arf(FIELDS.replace("auth-failure", "abuse")),
        note().replace(b"Sender IP Address", b"Something else").replace(b"DMARC Forensic Report", b"News"),
    ],
)
def test_another_mail_is_none(raw: bytes) -> None:
    assert failure_report(raw) is None


def test_none_aligned_is_not_the_same_as_not_told() -> None:
    told, untold = (
        failure_report(arf(FIELDS.replace("dkim, spf", "none"))),
        failure_report(arf(FIELDS.replace("Identity-", "X-"))),
    )

    assert told is not None
    assert untold is not None
    assert (told.aligned, untold.aligned) == ((), None)


def test_a_date_that_is_none_is_not_guessed() -> None:
    read = failure_report(arf(FIELDS.replace("Sun, 01 Nov 2026 10:00:00 +0100", "yesterday")))

    assert read is not None
    assert read.arrived is None


def test_the_domain_is_that_of_the_mail_where_the_report_names_none() -> None:
    fields = "".join(
        line + "\n" for line in FIELDS.splitlines() if not line.startswith(("Reported", "Authentication", " dmarc"))
    )
    read = failure_report(arf(fields))

    assert read is not None
    assert read.domain == "sender.example"


def test_reports_are_added_up_by_what_failed_and_from_where() -> None:
    other = FIELDS.replace("192.0.2.1", "198.51.100.1").replace("Incidents: 3\n", "")
    reports = [failure_report(raw) for raw in (arf(other), arf(), arf(), arf(other))]

    assert add_up(report for report in reports if report) == (
        FailureSum(domain="sender.example", source_ip="192.0.2.1", failures=("dmarc",), delivery="reject", incidents=6),
        FailureSum(
            domain="sender.example", source_ip="198.51.100.1", failures=("dmarc",), delivery="reject", incidents=2
        ),
    )


def test_mails_without_one_are_counted(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(
        b"".join(b"From a@b Sat Nov  1 00:00:00 2026\n" + raw + b"\n" for raw in (arf(), b"x\n", note()))
    )
    troubles = Troubles()

    read = list(failure_reports([str(tmp_path / "box"), str(tmp_path / "missing")], Limits(), troubles))

    assert [report.machine_readable for report in read] == [True, False]
    assert troubles.by_reason == {"no-report": 1, "unreadable": 1}


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_whatever_stands_in_it_nothing_is_raised(noise: bytes, place: int) -> None:
    for whole in (arf(), note()):
        failure_report(whole[:place] + noise + whole[place + len(noise) :])
