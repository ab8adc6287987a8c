"""The traps of the events of Braze, HubSpot and KumoMTA, by name: what is easily read wrong, one row at a time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deliverability.events.sources import SOURCES
from support.events import Reading


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    return Reading(tmp_path_factory.mktemp("spool"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestBraze:
    ROW: ClassVar[dict[str, Any]] = {
        "id": "z",
        "time": 1791795600,
        "dispatch_id": "d",
        "user_id": "u",
        "email_address": "a@example.test",
    }

    @pytest.mark.parametrize(
        ("drop", "type_"), [(True, "rejected"), ("true", "rejected"), (False, "bounced"), (None, "bounced")]
    )
    def test_what_the_service_dropped_is_no_bounce(self, read: Reading, drop: Any, type_: str) -> None:
        row = {**self.ROW, "event_type": "users.messages.email.Bounce", "is_drop": drop}

        assert read.one("braze", row)["type"] == type_
        assert read.one("braze", {**row, "is_drop": {"boolean": drop}})["type"] == type_

    @pytest.mark.parametrize(("drop", "type_"), [("true", "rejected"), (None, "bounced")])
    @pytest.mark.parametrize("path", ["users.messages.email.Bounce/1.json", "USERS_MESSAGES_EMAIL_BOUNCE_SHARED.csv"])
    def test_nor_where_the_type_stands_in_the_path_alone(self, read: Reading, path: str, drop: Any, type_: str) -> None:
        assert read.one("braze", {**self.ROW, "is_drop": drop}, path=path)["type"] == type_

    @pytest.mark.parametrize(
        ("said", "machine"), [("true", True), ({"string": "true"}, True), (None, None), ("", None)]
    )
    def test_a_machine_open_is_a_text_or_nothing(self, read: Reading, said: Any, machine: Any) -> None:
        row = {**self.ROW, "event_type": "users.messages.email.Open", "machine_open": said}

        assert read.one("braze", row).get("machine") is machine

    def test_a_soft_bounce_is_not_final(self, read: Reading) -> None:
        assert read.one("braze", {**self.ROW, "event_type": "users.messages.email.SoftBounce"})["type"] == "deferred"

    def test_other_channels_are_left_out(self, read: Reading) -> None:
        assert read.one("braze", {**self.ROW, "event_type": "users.messages.sms.Delivery"})["type"] == "ignored"

    @pytest.mark.parametrize(
        "path",
        [
            "dataexport/event_type=users.messages.email.MarkAsSpam/date=2026-10-12/part-1.json",
            "USERS_MESSAGES_EMAIL_MARKASSPAM_SHARED.csv",
        ],
    )
    def test_the_type_may_stand_in_the_path_alone(self, read: Reading, path: str) -> None:
        assert read.one("braze", self.ROW, path=path)["type"] == "complained"
        assert "type" not in read.one("braze", self.ROW, path="part-1.json")


class TestHubSpot:
    ROW: ClassVar[dict[str, Any]] = {
        "id": "q",
        "created": 1791795600250,
        "recipient": "a@example.test",
        "emailCampaignId": 9,
        "portalId": 1,
    }

    def test_an_event_that_another_took_the_place_of_is_left_out(self, read: Reading) -> None:
        by: list[Any] = [{"id": "r", "created": 1}, None, {}]

        found = [read.one("hubspot", {**self.ROW, "type": "OPEN", "obsoletedBy": other})["type"] for other in by]

        assert found == ["ignored", "opened", "opened"]

    @pytest.mark.parametrize(("kind", "machine"), [("OPEN", True), ("CLICK", True), ("DELIVERED", None)])
    def test_its_filter_of_bots_is_a_machine(self, read: Reading, kind: str, machine: Any) -> None:
        assert read.one("hubspot", {**self.ROW, "type": kind, "filteredEvent": True}).get("machine") is machine

    def test_times_are_milliseconds_or_utc_without_saying_so(self, tmp_path: Path) -> None:
        read = Reading(tmp_path, "Europe/Berlin")

        said = [
            read.one("hubspot", {**self.ROW, "created": x})["ts"] for x in (1791795600250, "2026-10-12 09:00:00.25")
        ]

        assert said == [at("2026-10-12T09:00:00.25")] * 2

    @pytest.mark.parametrize("category", ["CONTENT", "SPAM", "POLICY", "DMARC", "IP_REPUTATION"])
    def test_what_it_calls_hard_is_not_blamed_on_the_recipient(self, category: str) -> None:
        assert SOURCES["hubspot"].classes[category.lower()] not in {"hard", "unknown_user", "bad_domain"}

    @pytest.mark.parametrize(
        ("row", "type_"),
        [
            ({"category": "THROTTLED", "status": "451", "response": "x"}, "bounced"),
            ({"drop_reason": "PREVIOUSLY_BOUNCED"}, "rejected"),
            ({"attempt": "1"}, "deferred"),
            ({"duration": "2700"}, "opened"),
            ({"portal_subscription_status": "UNSUBSCRIBED"}, "unsubscribed"),
        ],
    )
    def test_a_loaders_table_shows_by_its_columns_what_it_holds(self, read: Reading, row: Any, type_: str) -> None:
        assert read.one("hubspot", {"id": "w", **row})["type"] == type_

    @pytest.mark.parametrize(
        ("name", "type_"),
        [
            ("click", "clicked"),
            ("delivered", "delivered"),
            ("sent", "sent"),
            ("spam_report", "complained"),
            ("print", "ignored"),
        ],
    )
    def test_a_loaders_table_shows_by_its_name_what_it_holds(self, read: Reading, name: str, type_: str) -> None:
        assert read.one("hubspot", {"id": "w"}, path=f"seeds/email_event_{name}_data.csv")["type"] == type_


class TestKumoMta:
    ROW: ClassVar[dict[str, Any]] = {
        "id": "i",
        "timestamp": 1791795600,
        "recipient": "a@example.test",
        "queue": "q",
        "site": "",
    }

    def test_a_recipient_may_be_a_list(self, read: Reading) -> None:
        events = read.all(
            "kumomta", {**self.ROW, "type": "Delivery", "recipient": ["a@example.test", "b@example.test"]}
        )

        assert [event["recipient"] for event in events] == ["a@example.test", "b@example.test"]

    def test_a_bounce_that_comes_back_by_mail_is_late_and_has_an_id_of_its_own(self, read: Reading) -> None:
        event = read.one("kumomta", {**self.ROW, "type": "OOB"})

        assert (event["type"], event["late"]) == ("bounced", True)
        assert "message_id" not in event

    def test_a_complaint_is_the_original_recipients(self, read: Reading) -> None:
        report = {"feedback_type": "abuse", "original_rcpt_to": ["x@example.test", "y@example.test"]}

        events = read.all("kumomta", {**self.ROW, "type": "Feedback", "feedback_report": report})

        assert [(event["type"], event["recipient"]) for event in events] == [
            ("complained", "x@example.test"),
            ("complained", "y@example.test"),
        ]

    @pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
    def test_not_every_report_is_a_complaint(self, read: Reading, kind: str) -> None:
        event = read.one("kumomta", {**self.ROW, "type": "Feedback", "feedback_report": {"feedback_type": kind}})

        assert event["type"] == "ignored"

    @pytest.mark.parametrize(
        ("queue", "campaign"),
        [
            ("october:shop@example.test", "october"),
            ("october:shop@example.test!relay.example", "october"),
            ("october:@example.test", "october"),
            ("shop@example.test", None),
            ("example.test", None),
            ("example.test!relay:25", None),
        ],
    )
    def test_the_campaign_stands_in_the_queues_name(self, read: Reading, queue: str, campaign: Any) -> None:
        assert read.one("kumomta", {**self.ROW, "type": "Delivery", "queue": queue}).get("campaign") == campaign
