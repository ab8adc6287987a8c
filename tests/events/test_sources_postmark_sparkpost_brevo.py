"""The traps of the events of Postmark, SparkPost and Brevo, by name: what is easily read wrong, one row at a time."""

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


class TestPostmark:
    @pytest.mark.parametrize(
        ("reason", "suppressed", "type_"),
        [
            ("HardBounce", True, "ignored"),
            ("SpamComplaint", True, "ignored"),
            ("ManualSuppression", True, "unsubscribed"),
            (None, False, "subscribed"),
            ("HardBounce", False, "subscribed"),
        ],
    )
    def test_a_bounce_or_complaint_is_not_told_twice(
        self, read: Reading, reason: Any, suppressed: bool, type_: str
    ) -> None:
        row = {"RecordType": "SubscriptionChange", "MessageID": "m", "ChangedAt": "2026-10-12T09:00:00Z"}

        event = read.one("postmark", {**row, "SuppressSending": suppressed, "SuppressionReason": reason})

        assert event["type"] == type_

    def test_an_open_says_nothing_of_machines(self, read: Reading) -> None:
        row = {"RecordType": "Open", "MessageID": "m", "ReceivedAt": "2026-10-12T09:00:00Z", "FirstOpen": False}

        event = read.one("postmark", row)

        assert "machine" not in event
        assert event["first"] is False

    def test_a_spam_notification_is_a_block_and_no_complaint(self, read: Reading) -> None:
        row = {"RecordType": "Bounce", "Type": "SpamNotification", "BouncedAt": "2026-10-12T09:00:00Z"}

        assert read.one("postmark", row)["type"] == "bounced"
        assert SOURCES["postmark"].classes["spamnotification"] == "spam_content"


class TestSparkPost:
    ROW: ClassVar[dict[str, Any]] = {
        "event_id": "1",
        "timestamp": "1791795600",
        "message_id": "k",
        "rcpt_to": "a@example.test",
    }

    def test_both_pixels_are_opens_of_one_message(self, read: Reading) -> None:
        events = [read.one("sparkpost", {**self.ROW, "type": kind}) for kind in ("initial_open", "open")]

        assert [event["type"] for event in events] == ["opened", "opened"]
        assert len({event["message_id"] for event in events}) == 1
        assert not any("first" in event for event in events)

    @pytest.mark.parametrize(
        ("parsed", "machine"),
        [
            ({"is_prefetched": True, "is_proxy": True}, True),
            ({"is_prefetched": False, "is_proxy": True}, False),
            ({"is_proxy": True}, None),
            ({}, None),
        ],
    )
    def test_a_proxy_is_no_machine_and_a_prefetch_is(self, read: Reading, parsed: Any, machine: Any) -> None:
        row = {**self.ROW, "type": "open", "user_agent_parsed": parsed}

        assert read.one("sparkpost", {"msys": {"track_event": row}}).get("machine") is machine

    def test_a_bounce_after_delivery_is_late(self, read: Reading) -> None:
        late = [read.one("sparkpost", {**self.ROW, "type": kind})["late"] for kind in ("out_of_band", "bounce")]

        assert late == [True, False]

    def test_its_own_refusal_is_no_bounce(self, read: Reading) -> None:
        assert read.one("sparkpost", {**self.ROW, "type": "bounce", "bounce_class": "25"})["type"] == "rejected"

    def test_numbers_are_texts_and_texts_numbers(self, read: Reading) -> None:
        row = {**self.ROW, "type": "bounce", "event_id": 12345678901234567890, "error_code": "550", "bounce_class": 10}

        event = read.one("sparkpost", {**row, "timestamp": 1791795600})

        assert (event["event_id"], event["smtp_code"], event["bounce_class"]) == ("12345678901234567890", 550, "10")
        assert event["ts"] == at("2026-10-12T09:00:00")

    def test_a_class_of_event_that_is_new_is_read_all_the_same(self, read: Reading) -> None:
        assert read.one("sparkpost", {"msys": {"new_event": {**self.ROW, "type": "delivery"}}})["type"] == "delivered"

    def test_an_opening_that_lost_its_campaign_is_read(self, read: Reading) -> None:
        assert "campaign" not in read.one("sparkpost", {**self.ROW, "type": "open"})


class TestBrevo:
    ROW: ClassVar[dict[str, Any]] = {"event": "opened", "email": "a@example.test", "id": 814119, "message-id": "<b@x>"}

    def test_the_id_of_a_webhook_is_not_the_events(self, read: Reading) -> None:
        assert "event_id" not in read.one("brevo", {**self.ROW, "ts_epoch": 1})

    @pytest.mark.parametrize(
        ("times", "utc"),
        [
            ({"ts_epoch": 1791795600250, "ts_event": 1, "date": "1999-01-01 00:00:00"}, "2026-10-12T09:00:00.25"),
            ({"ts_epoch": 1791795600}, "2026-10-12T09:00:00"),
            ({"ts_event": 1791795600, "date": "1999-01-01 00:00:00"}, "2026-10-12T09:00:00"),
            ({"ts_event": 1791795600, "date_event": "1999-01-01 00:00:00"}, "2026-10-12T09:00:00"),
            ({"date": "2026-10-12 11:00:00"}, "2026-10-12T09:00:00"),
            ({"date_event": "2026-12-12 11:00:00"}, "2026-12-12T10:00:00"),
            ({"date": "2026-10-12T11:00:00+05:00"}, "2026-10-12T06:00:00"),
            ({"ts": "12-10-2026 11:00:00"}, "2026-10-12T09:00:00"),
        ],
    )
    def test_a_local_time_is_the_last_that_is_asked(self, tmp_path: Path, times: dict[str, Any], utc: str) -> None:
        assert Reading(tmp_path, "Europe/Berlin").one("brevo", {**self.ROW, **times})["ts"] == at(utc)

    def test_a_local_time_of_no_known_zone_is_taken_as_utc(self, read: Reading) -> None:
        assert read.one("brevo", {**self.ROW, "date": "2026-10-12 11:00:00"})["ts"] == at("2026-10-12T11:00:00")

    @pytest.mark.parametrize("word", ["proxy_open", "unique_proxy_open", "unique_proxy_opened", "loadedByProxy"])
    def test_a_proxys_open_is_a_machines(self, read: Reading, word: str) -> None:
        event = read.one("brevo", {**self.ROW, "event": word})

        assert (event["type"], event["machine"]) == ("opened", True)

    @pytest.mark.parametrize("word", ["opened", "unique_opened"])
    def test_an_open_that_is_not_a_proxys_is_not_said_to_be_a_persons(self, read: Reading, word: str) -> None:
        assert "machine" not in read.one("brevo", {**self.ROW, "event": word})

    def test_a_tag_is_a_text_or_a_list_in_a_text(self, read: Reading) -> None:
        tags = [read.one("brevo", {**self.ROW, "tag": tag})["tags"] for tag in ("a", '["a","b"]')]

        assert tags == [["a"], ["a", "b"]]
