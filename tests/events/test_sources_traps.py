"""The traps of each service's events, by name: what is easily read wrong, one row at a time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deliverability.events.sources import SOURCES
from support.events import Event, Reader, only


class Reading:
    """Short forms for reading rows of one source."""

    def __init__(self, folder: Path, zone: str | None = None) -> None:
        self._reader = Reader(folder, zone)

    def all(self, source: str, *values: Any, path: str = "") -> list[Event]:
        return self._reader.read(SOURCES[source].at(path), values)

    def one(self, source: str, value: Any, path: str = "") -> Event:
        return only(self.all(source, value, path=path))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    return Reading(tmp_path_factory.mktemp("spool"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestSendGrid:
    ROW: ClassVar[dict[str, Any]] = {
        "sg_event_id": "e",
        "sg_message_id": "m.filter1-2",
        "event": "open",
        "email": "a@example.test",
        "timestamp": 1,
    }

    @pytest.mark.parametrize("category", ["news", ["news"], '["news"]'])
    def test_a_category_is_a_text_or_a_list(self, read: Reading, category: Any) -> None:
        event = read.one("sendgrid", {**self.ROW, "category": category})

        assert (event["campaign"], event["tags"]) == ("news", ["news"])

    def test_the_campaigns_id_comes_before_its_name_and_the_category(self, read: Reading) -> None:
        rows: list[dict[str, Any]] = [
            {"marketing_campaign_id": 7, "marketing_campaign_name": "October", "category": "news"},
            {"marketing_campaign_name": "October", "category": "news"},
            {"category": "news"},
        ]
        assert [read.one("sendgrid", {**self.ROW, **row})["campaign"] for row in rows] == ["7", "October", "news"]

    @pytest.mark.parametrize(("flag", "machine"), [(True, True), ("true", True), (False, False), (None, None)])
    def test_a_machine_open_has_three_values(self, read: Reading, flag: Any, machine: Any) -> None:
        assert read.one("sendgrid", {**self.ROW, "sg_machine_open": flag}).get("machine") is machine

    def test_the_address_of_a_reader_is_not_that_of_the_sender(self, read: Reading) -> None:
        assert "ip" not in read.one("sendgrid", {**self.ROW, "ip": "198.51.100.1"})
        assert read.one("sendgrid", {**self.ROW, "event": "delivered", "ip": "192.0.2.1"})["ip"] == "192.0.2.1"

    def test_milliseconds_in_a_field_of_seconds_are_seen(self, read: Reading) -> None:
        event = read.one("sendgrid", {**self.ROW, "timestamp": 1591726752372})

        assert event["ts"] == at("2020-06-09T18:19:12.372")

    def test_a_late_bounce_without_an_id_is_known_by_its_smtp_id(self, read: Reading) -> None:
        row = {"event": "bounce", "email": "a@example.test", "timestamp": "1791795600", "smtp_id": "<m@mta>"}

        assert read.one("sendgrid", row)["message_id"] == "m@mta"


class TestSes:
    MAIL: ClassVar[dict[str, Any]] = {
        "timestamp": "2026-10-12T09:00:00Z",
        "messageId": "s",
        "destination": ["a@example.test", "b@example.test"],
    }

    def bounce(self, kind: str, subtype: str, **recipient: str) -> dict[str, Any]:
        bounced = [{"emailAddress": "a@example.test", **recipient}]
        about = {"bounceType": kind, "bounceSubType": subtype, "feedbackId": "f", "bouncedRecipients": bounced}
        return {"eventType": "Bounce", "mail": self.MAIL, "bounce": {**about, "timestamp": "2026-10-12T09:00:01Z"}}

    @pytest.mark.parametrize("kind", ["Send", "Reject", "Rendering Failure"])
    def test_a_record_of_several_recipients_is_one_event_for_each(self, read: Reading, kind: str) -> None:
        events = read.all("ses", {"eventType": kind, "mail": self.MAIL})

        assert [event["recipient"] for event in events] == ["a@example.test", "b@example.test"]

    @pytest.mark.parametrize("kind", ["Open", "Click"])
    def test_an_open_of_a_mail_to_several_is_one_event(self, read: Reading, kind: str) -> None:
        assert len(read.all("ses", {"eventType": kind, "mail": self.MAIL, kind.lower(): {}})) == 1

    def test_only_those_who_bounced_have_a_bounce(self, read: Reading) -> None:
        assert read.one("ses", self.bounce("Permanent", "General"))["recipient"] == "a@example.test"

    def test_no_id_is_stable(self, read: Reading) -> None:
        assert "event_id" not in read.one("ses", self.bounce("Permanent", "General"))

    @pytest.mark.parametrize(
        "subtype", ["OnAccountSuppressionList", "OnTenantSuppressionList", "EmailValidationSuppressed"]
    )
    def test_the_accounts_suppression_list_is_no_bounce(self, read: Reading, subtype: str) -> None:
        event = read.one("ses", self.bounce("Permanent", subtype))

        assert event["type"] == "rejected"
        assert SOURCES["ses"].classes[event["bounce_class"].lower()] == "suppressed"

    def test_the_global_suppression_list_counts_as_a_bounce(self, read: Reading) -> None:
        event = read.one("ses", self.bounce("Permanent", "Suppressed"))

        assert event["type"] == "bounced"
        assert SOURCES["ses"].classes[event["bounce_class"].lower()] == "suppressed"

    def test_a_complaint_that_the_account_list_stopped_is_rejected(self, read: Reading) -> None:
        complaint = {"complainedRecipients": [{"emailAddress": "a@example.test"}]}
        row = {"notificationType": "Complaint", "mail": self.MAIL}

        kinds = [None, "OnAccountSuppressionList"]
        events = [read.one("ses", {**row, "complaint": {**complaint, "complaintSubType": kind}}) for kind in kinds]
        assert [event["type"] for event in events] == ["complained", "rejected"]

    def test_not_spam_is_no_complaint(self, read: Reading) -> None:
        complaint = {"complainedRecipients": [{"emailAddress": "a@example.test"}], "complaintFeedbackType": "not-spam"}

        event = read.one("ses", {"eventType": "Complaint", "mail": self.MAIL, "complaint": complaint})

        assert event["type"] == "ignored"

    def test_a_transient_bounce_of_a_domain_that_is_not_there_keeps_its_code(self, read: Reading) -> None:
        row = self.bounce("Transient", "General", status="5.4.4", diagnosticCode="smtp; 550 5.4.4 Invalid domain")

        event = read.one("ses", row)

        assert (event["type"], event["enhanced_code"], event["smtp_code"]) == ("bounced", "5.4.4", 550)
        assert event["reply_text"] == "smtp; 550 5.4.4 Invalid domain"

    def test_the_tags_of_amazon_are_no_campaign(self, read: Reading) -> None:
        tags = {"ses:configuration-set": ["cs"], "ses:outgoing-ip": ["192.0.2.9"], "odd\"/~' name": ["x"]}
        mail = {**self.MAIL, "destination": ["a@example.test"], "tags": tags}

        event = read.one("ses", {"eventType": "Send", "mail": mail})

        assert (event["campaign"], event["tags"], event["ip"]) == ("x", ["odd\"/~' name=x"], "192.0.2.9")

    @pytest.mark.parametrize("key", ["Message", "Body", "detail"])
    def test_an_envelope_in_an_envelope_is_opened(self, read: Reading, key: str) -> None:
        inner = '{"Type": "Notification", "Message": "{\\"eventType\\": \\"Send\\", \\"mail\\": {}}"}'

        assert read.one("ses", {"Records": [{key: inner}]})["type"] == "sent"

    @pytest.mark.parametrize("message", ["no JSON", "[" * 100_000, "7", "", None, "null"])
    def test_a_message_that_cannot_be_opened_is_a_row_without_a_type(self, read: Reading, message: Any) -> None:
        assert "type" not in read.one("ses", {"Type": "Notification", "Message": message})

    def test_envelopes_without_end_are_not_followed(self, read: Reading) -> None:
        value: dict[str, Any] = {"eventType": "Send", "mail": {}}
        for _ in range(500):
            value = {"detail": value}

        assert "type" not in read.one("ses", value)

    def test_opting_out_of_one_topic_is_unsubscribing(self, read: Reading) -> None:
        def row(*new: str) -> dict[str, Any]:
            topics = [[{"subscriptionStatus": word} for word in words] for words in (new, ("OptIn", "OptOut"))]
            new_topics, old_topics = ({"topicSubscriptionStatus": t, "unsubscribeAll": False} for t in topics)
            about = {"newTopicPreferences": new_topics, "oldTopicPreferences": old_topics}
            mail = {**self.MAIL, "destination": ["a@example.test"]}
            return {"eventType": "Subscription", "mail": mail, "subscription": about}

        assert read.one("ses", row("OptOut", "OptOut"))["type"] == "unsubscribed"
        assert read.one("ses", row("OptIn", "OptIn"))["type"] == "subscribed"


class TestMailgun:
    ROW: ClassVar[dict[str, Any]] = {
        "id": "i",
        "timestamp": 1791795600.5,
        "recipient": "a@example.test",
        "log-level": "info",
        "message": {},
    }

    @pytest.mark.parametrize("reason", ["suppress-bounce", "suppress-complaint", "suppress-unsubscribe"])
    def test_its_suppression_list_is_no_bounce(self, read: Reading, reason: str) -> None:
        row = {
            **self.ROW,
            "event": "failed",
            "severity": "permanent",
            "reason": reason,
            "delivery-status": {"code": 605},
        }

        event = read.one("mailgun", {"event-data": row})

        assert event["type"] == "rejected"
        assert SOURCES["mailgun"].classes[event["bounce_class"]] == "suppressed"
        assert "smtp_code" not in event

    @pytest.mark.parametrize(
        ("client", "machine"),
        [({"bot": "apple"}, True), ({"bot": "gmail"}, True), ({"bot": ""}, False), ({}, None), (None, None)],
    )
    def test_a_bot_has_three_values(self, read: Reading, client: Any, machine: Any) -> None:
        assert read.one("mailgun", {**self.ROW, "event": "opened", "client-info": client}).get("machine") is machine

    def test_a_failure_of_no_severity_is_not_guessed(self, read: Reading) -> None:
        assert read.one("mailgun", {**self.ROW, "event": "failed"})["type"] == "unknown"

    def test_seconds_have_a_fraction(self, read: Reading) -> None:
        assert read.one("mailgun", {**self.ROW, "event": "opened"})["ts"] == at("2026-10-12T09:00:00.5")

    def test_what_old_hooks_drop_was_not_sent_unless_it_grew_old(self, read: Reading) -> None:
        form = {
            "event": "dropped",
            "recipient": "a@example.test",
            "token": "t",
            "signature": "s",
            "timestamp": "1491795600",
        }

        found = [read.one("mailgun", {**form, "reason": reason})["type"] for reason in ("hardfail", "old")]

        assert found == ["rejected", "bounced"]


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
