"""Every event that the shared corpora hold of the services that are read: recognised, read, and no row lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from deliverability.events.recognise import recognise
from deliverability.events.schema import IGNORED, Type
from support.events import Reader, values_of
from support.shared import shared

pytestmark = pytest.mark.corpus

SETS = {
    "aws-ses-doc-examples": "ses",
    "sendgrid-doc-examples": "sendgrid",
    "symfony-mailer-webhooks/Brevo": "brevo",
    "symfony-mailer-webhooks/Mailgun": "mailgun",
    "symfony-mailer-webhooks/Postmark": "postmark",
    "sparkpost-gosparkpost": "sparkpost",
    "fivetran-dbt-hubspot": "hubspot",
}
NO_EVENTS = {
    "event.md-block-18.json": "a row of nothing but the user's own argument",
    "email_campaign_data.csv": "campaigns",
    "engagement_email_data.csv": "mails of a CRM",
    **dict.fromkeys(
        (
            "suppression_cursor.json",
            "suppression_delete_no_email.json",
            "suppression_entry_simple_request.json",
            "suppression_page1.json",
            "suppression_page2.json",
            "suppression_pageLast.json",
            "suppression_retrieve.json",
            "suppression_seperate_lists.json",
            "suppression_single_page.json",
        ),
        "a suppression list",
    ),
}
"""Files of these sets that hold no events, and what they hold."""
DETAILS = "details of events, whose times and recipients stand in email_event"
"""What a loader's second tables hold; deliverability.events.sources.hubspot."""
OTHERS = ("Mailchimp", "Mailtrap", "Resend", "Mailjet", "MailerSend", "Mailomat")
"""Services of symfony-mailer-webhooks without a module."""


def files(folder: str) -> list[Path]:
    return sorted(path for path in shared("data", folder).rglob("*") if path.suffix in {".json", ".csv"})


def test_every_file_is_recognised_and_no_row_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(tmp_path)
    table = [f"{'set':34}{'files':>6}{'rows':>6}{'events':>7}{'ignored':>8}{'no time':>8}  not read"]
    for folder, name in SETS.items():
        counts: Counter[str] = Counter()
        for path in files(folder):
            values = values_of(path)
            found = recognise(values)
            if path.name in NO_EVENTS:
                assert found.source is None, path
                counts["not read"] += 1
                continue
            assert found.source is not None, f"{path}: {found.reason}"
            assert found.source.name == name, path
            rows = [row for value in values for row in found.source.rows(value)]
            events = reader.load(found.source, path)
            assert {event["source_line"] for event in events} == set(range(len(rows))), path
            assert all(event.get("type", Type.UNKNOWN) != Type.UNKNOWN for event in events), path
            timeless = [event for event in events if "ts" not in event]
            assert not timeless or path.name.startswith("email_event_"), path
            counts += Counter(files=1, rows=len(rows), events=len(events))
            counts += Counter({"no time": len(timeless), "ignored": sum(e["type"] == IGNORED for e in events)})
        kinds = sorted({NO_EVENTS[path.name] for path in files(folder) if path.name in NO_EVENTS})
        why = f"{counts['not read']}: {', '.join(kinds)}" if kinds else "0"
        numbers = f"{counts['files']:6}{counts['rows']:6}{counts['events']:7}{counts['ignored']:8}{counts['no time']:8}"
        table.append(f"{folder:34}{numbers}  {why}")
        assert counts["rows"], folder
    with capsys.disabled():
        print("\n" + "\n".join([*table, f"no time: {DETAILS}"]))


@pytest.mark.parametrize("service", OTHERS)
def test_other_services_are_refused_with_a_list_of_what_is_known(service: str) -> None:
    for path in files(f"symfony-mailer-webhooks/{service}"):
        found = recognise(values_of(path))

        assert found.source is None, path
        assert "known are sendgrid, ses, " in found.reason
