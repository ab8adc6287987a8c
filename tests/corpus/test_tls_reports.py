"""Every TLS and failure report of the shared data is read, and says what its collector says it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deliverability.feedback.failure import FailureReport, failure_reports
from deliverability.feedback.tls import TlsFailure, TlsPolicy
from deliverability.intake.paths import expand
from deliverability.intake.streams import DEFAULT
from deliverability.intake.trouble import Troubles
from deliverability.tls_reports import tls_reports
from support.shared import shared

pytestmark = pytest.mark.corpus

STALWART = ("data", "stalwart-mail-auth", "resources")
SAMPLES = ("data", "parsedmarc-samples", "samples")

Json = dict[str, Any]


def policies_of(path: Path) -> tuple[TlsPolicy, ...]:
    """The policies of the one report in a file."""
    from deliverability.feedback.containers import report_parts
    from deliverability.feedback.tls import MAX_OCTETS, parse

    (read,) = [parse(c.stream.whole(MAX_OCTETS)).policies for c in report_parts([str(path)], DEFAULT, Troubles())]
    return read


def expected(entry: Json) -> TlsPolicy:
    """One policy as the collector's parse has it."""
    policy, summary = entry["policy"], entry["summary"]
    return TlsPolicy(
        type=policy["policy-type"],
        domain=policy.get("policy-domain"),
        lines=tuple(policy.get("policy-string", ())),
        mx=tuple(policy.get("mx-host", ())),
        sessions_ok=summary.get("total-successful-session-count", 0),
        sessions_failed=summary.get("total-failure-session-count", 0),
        failures=tuple(
            TlsFailure(
                result_type=failure["result-type"],
                sessions=failure["failed-session-count"],
                sending_mta_ip=failure.get("sending-mta-ip", ""),
                receiving_mx=failure.get("receiving-mx-hostname", ""),
                receiving_ip=failure.get("receiving-ip", ""),
                reason_code=failure.get("failure-reason-code", ""),
            )
            for failure in entry.get("failure-details", ())
        ),
    )


@pytest.mark.parametrize("path", sorted(shared(*STALWART, "tlsrpt").glob("*.json")), ids=lambda path: path.stem)
def test_a_report_says_what_its_collector_reads_in_it(path: Path) -> None:
    written = json.loads(path.read_text("utf-8"))
    mail = path.with_suffix(".eml")

    for source in [path, *([mail] if mail.exists() else [])]:
        assert policies_of(source) == tuple(expected(entry) for entry in written["policies"])


def test_every_tls_report_is_read() -> None:
    troubles = Troubles()
    folders = [shared(*SAMPLES, "smtp_tls"), shared(*STALWART, "tlsrpt")]

    found = tls_reports([str(folder) for folder in folders], troubles=troubles)

    files = sum(1 for _ in expand([str(folder) for folder in folders]))
    assert (found.input.readable, found.bad) == (files, ())
    assert {"cardinalhealth.ca", "company-y.example", "example.com"} <= set(found.sums.domains)
    assert found.sums.sessions_failed == sum(failure.sessions for failure in found.sums.failures)


def failures_in(*parts: str) -> list[FailureReport]:
    return list(failure_reports(expand([str(shared(*parts))], suffixes=[".eml"]), DEFAULT, Troubles()))


def test_every_failure_report_is_read() -> None:
    read = failures_in(*SAMPLES, "failure")

    assert len(read) == sum(1 for _ in shared(*SAMPLES, "failure").glob("*.eml"))
    assert {report.domain for report in read} == {"example.com"}
    assert {report.failures for report in read} == {("dmarc",)}
    assert all(report.source_ip and report.arrived for report in read)


@pytest.mark.parametrize("path", sorted(shared(*STALWART, "arf").glob("*.json")), ids=lambda path: path.stem)
def test_a_failure_report_says_what_its_collector_reads_in_it(path: Path) -> None:
    written = json.loads(path.read_text("utf-8"))
    read = failures_in(*STALWART, "arf", f"{path.stem}.eml")

    assert len(read) == (written["feedback_type"] == "AuthFailure")
    for report in read:
        assert (report.source_ip, report.incidents) == (written["source_ip"], written["incidents"])
        assert report.failures == (written["auth_failure"].lower(),)
        assert (report.domain, report.dkim_domain) == (written["reported_domain"][0], written["dkim_domain"])
        assert report.dkim_selector == written["dkim_selector"]
        assert (report.arrived and report.arrived.timestamp()) == written.get("arrival_date")
