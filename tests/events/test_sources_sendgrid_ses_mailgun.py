"""The traps of the events of SendGrid, SES and Mailgun, by name: what is easily read wrong, one row at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import pytest

from deliverability.events.sources import SOURCES
from support.events import Reading


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
