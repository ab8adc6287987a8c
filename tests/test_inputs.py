"""What an audit is given beside DNS: read once for each domain, kept in the document, read back from it the same."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deliverability.events.figures import RatesFacts
from deliverability.feedback.facts import AggregateFacts, Failing
from deliverability.inputs import EVENTS, Given, Inputs, from_observations, read_for, read_inputs
from deliverability.intake.paths import MissingPath
from deliverability.intake.trouble import Troubles
from deliverability.rates import Asked, NotACount
from deliverability.report_facts import aggregate_facts
from support.aggregate import record, report
from support.sending import NOW, events, lines, put

HUB = "Date,DKIM domain,Delivered,Spam complaint rate\n2026-11-20,{domain},12345,0.12%\n"
SNDS = (
    "192.0.2.1,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1894,1800,1790,GREEN,< 0.1%,,,0,mail.example.test,"
    "ann@example.org,\r\n"
)
POSTMASTER = {
    "domainStats": [
        {
            "name": "domains/example.com/domainStats/x1",
            "metric": "spam_rate",
            "date": {"year": 2026, "month": 11, "day": 20},
            "value": {"doubleValue": 0.0012},
        }
    ]
}
TLS = {
    "organization-name": "receiver.example",
    "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
    "contact-info": "tls@receiver.example",
    "report-id": "1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-domain": "example.com"},
            "summary": {"total-successful-session-count": 90, "total-failure-session-count": 10},
            "failure-details": [
                {"result-type": "certificate-expired", "receiving-mx-hostname": "mx.test", "failed-session-count": 10}
            ],
        }
    ],
}
GIVEN = Given(
    events=("events",),
    dmarc_reports=("dmarc",),
    tls_reports=("tls.json",),
    postmaster=("postmaster.json",),
    snds=("snds.csv",),
    sender_hub=("hub.csv",),
    declared=("192.0.2.1",),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with one of each kind."""
    monkeypatch.chdir(tmp_path)
    put("events/a.json", lines(events(10)))
    put("dmarc/a.xml", report(record(count=7), record("192.0.2.9", 2, by_dkim="fail", by_spf="fail")).encode())
    put("dmarc/b.xml", report(record(count=5, header_from="other.example"), domain="other.example", number=2).encode())
    put("tls.json", json.dumps(TLS).encode())
    put("postmaster.json", json.dumps(POSTMASTER).encode())
    put("snds.csv", SNDS.encode())
    put("hub.csv", HUB.format(domain="example.com").encode())


def read(given: Given, *domains: str, troubles: Troubles | None = None) -> dict[str, Inputs]:
    return read_for(domains or ("example.com",), given, Asked(now=NOW), troubles or Troubles(), lambda _: None)


def whole(found: Inputs) -> list[object]:
    return [
        found.rates,
        found.rates_document,
        found.dmarc_reports,
        found.tls_reports,
        found.postmaster,
        found.snds,
        found.senderhub,
    ]


def test_everything_that_is_given_is_read() -> None:
    found = read(GIVEN)["example.com"]
    assert None not in whole(found)
    assert isinstance(found.rates, RatesFacts)
    assert (found.rates.totals.delivered, found.rates.files) == (10, 1)
    assert found.rates_document is not None
    assert found.rates_document["totals"]["delivered"] == 10
    assert isinstance(found.dmarc_reports, AggregateFacts)
    assert (found.dmarc_reports.messages, found.dmarc_reports.dmarc_pass, found.dmarc_reports.has_inventory) == (
        9,
        7,
        True,
    )
    assert found.tls_reports is not None
    assert (found.tls_reports.sessions_ok, found.tls_reports.sessions_failed, found.tls_reports.types) == (
        90,
        10,
        ("sts",),
    )
    assert [(one.result_type, one.sessions) for one in found.tls_reports.failures] == [("certificate-expired", 10)]
    assert found.snds is not None
    assert len(found.snds.activity) == 1
    assert found.senderhub is not None
    assert found.senderhub.domains == ("example.com",)


def test_what_is_not_given_is_none_and_nothing_is_nothing() -> None:
    assert read(Given()) == {}
    assert whole(read(Given(snds=("snds.csv",)))["example.com"]).count(None) == 6
    assert Inputs().observations() == ()


def test_reports_are_of_one_domain_and_the_rest_is_the_senders() -> None:
    found = read(GIVEN, "example.com", "other.example")
    one, other = found["example.com"], found["other.example"]
    assert (one.rates, one.snds, one.postmaster) == (other.rates, other.snds, other.postmaster)
    assert one.dmarc_reports is not None
    assert other.dmarc_reports is not None
    assert (one.dmarc_reports.messages, other.dmarc_reports.messages) == (9, 5)
    assert other.tls_reports is not None
    assert other.tls_reports.sessions_ok == 0


def test_a_document_gives_back_what_it_was_made_with() -> None:
    found = read(GIVEN)["example.com"]
    kept = json.loads(json.dumps([found.observations(), found.rates_document]))
    assert [one["kind"] for one in kept[0]] == [
        EVENTS,
        "dmarc_reports",
        "tls_reports",
        "postmaster",
        "snds",
        "senderhub",
    ]
    assert from_observations(kept[0], kept[1]) == found
    assert from_observations([{"kind": "of another version"}], None) == Inputs()


@pytest.mark.parametrize(
    "observation",
    [
        {"kind": EVENTS, "files": "ten"},
        {"kind": "dmarc_reports"},
        {"kind": "tls_reports", "domain": 1},
        {"kind": "snds", "activity": [{}]},
    ],
)
def test_a_document_that_holds_something_else_is_said(observation: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_observations([observation], None)


def test_a_damaged_export_is_named_and_takes_no_other_along() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bad.csv", b"\x00\x01\x02")
        file.writestr("good.csv", HUB.format(domain="one.example"))
    put("hubs/a.zip", archive.getvalue())
    put("hubs/b.csv", b"\xff\xfe nothing")
    put("hubs/c.csv", HUB.format(domain="two.example").encode())
    troubles = Troubles()
    found = read(Given(sender_hub=("hubs",)), troubles=troubles)["example.com"]
    assert found.senderhub is not None
    assert found.senderhub.domains == ("one.example", "two.example")
    assert {bad.file for bad in troubles.files} == {"hubs/a.zip!bad.csv", "hubs/b.csv"}


def test_an_export_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deliverability.inputs.MAX_EXPORT", 20)
    troubles = Troubles()
    assert read(Given(snds=("snds.csv",)), troubles=troubles)["example.com"].snds is None
    assert troubles.by_reason == {"too-large": 1}


def test_what_is_missing_or_unknown_is_said() -> None:
    with pytest.raises(MissingPath, match="nowhere"):
        read(Given(snds=("nowhere",)))
    with pytest.raises(NotACount, match="no such source"):
        read_inputs(Given(events=("events",)), "", Asked(source="nobody", now=NOW), Troubles(), lambda _: None)


@pytest.mark.parametrize(
    ("given", "domains"),
    [
        (Given(events=("-",), snds=("-",)), ("example.com",)),
        (Given(dmarc_reports=("-",)), ("example.com", "other.example")),
        (Given(tls_reports=("-",), dmarc_reports=("-",)), ("example.com",)),
    ],
)
def test_standard_input_is_read_once(given: Given, domains: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="only once"):
        read(given, *domains)


def test_failing_mail_is_summed_by_what_its_sources_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from deliverability.dmarc_reports import dmarc_reports

    failed = [record(f"192.0.2.{n}", n, by_dkim="fail", by_spf="fail") for n in range(1, 6)]
    put("many/a.xml", report(*failed, record("192.0.2.200", 100)).encode())
    found = aggregate_facts(dmarc_reports(["many"], domain="example.com"), "example.com")
    assert (found.messages, found.dmarc_pass, found.number_of_sources) == (115, 100, 6)
    assert sum((one.messages for one in found.failing.values()), 0) == 15
    assert sum(one.sources for one in found.failing.values()) == 5
    assert all(isinstance(one, Failing) for one in found.failing.values())
    assert (found.start, found.end) == ("2026-11-01", "2026-11-01")
    assert (found.sources[0].address, found.sources[0].messages, found.sources[0].first) == (
        "192.0.2.200",
        100,
        "2026-11-01",
    )
    monkeypatch.setattr("deliverability.report_facts.MAX_SOURCES", 2)
    assert len(aggregate_facts(dmarc_reports(["many"], domain="example.com"), "example.com").sources) == 2


def test_no_address_of_a_recipient_is_kept() -> None:
    found = read(GIVEN)["example.com"]
    kept = json.dumps([found.observations(), found.rates_document])
    assert "given.name" not in kept
    assert "ann@" not in kept
