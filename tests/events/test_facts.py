"""What checks are told of events, on inputs small enough to count by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deliverability.events.figures import Completeness, Flags, Heeded, RatesFacts, Rejection, Seconds
from deliverability.rates import Asked, rates_and_facts
from support.sending import NOW, T, event, lines, put

HOUR = 3600
ANN, BOB = "ann@gmail.com", "bob@firm.example"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def facts(*rows: dict[str, Any]) -> RatesFacts:
    return rates_and_facts([put("a", lines(rows))], Asked(now=NOW))[0]


def at(hours: float, kind: str, message: int, email: str = ANN, **more: Any) -> dict[str, Any]:
    """An event of SendGrid so many hours after the first."""
    own = {"email": email, "timestamp": T + int(hours * HOUR), "sg_event_id": f"{kind}-{message}-{hours}-{email}"}
    return event(message, kind, **own, **more)


def bounce(hours: float, message: int, reason: str = "550 5.1.1 user unknown", **more: Any) -> dict[str, Any]:
    return at(hours, "bounce", message, **{"type": "bounce", "reason": reason, **more})


LATE = at(100, "processed", 99, BOB)
"""Somebody else's mail, much later: whoever stopped before had time to be heeded."""


@pytest.mark.parametrize(
    ("hours", "violated"), {"a day and an hour": (25, 1), "less than a day": (23.9, 0), "before": (-1, 0)}.values()
)
def test_mail_after_a_hard_bounce(hours: float, violated: int) -> None:
    found = facts(at(0, "processed", 1), bounce(0, 1), at(hours, "processed", 2), LATE)
    assert found.after_hard_bounce == Heeded(recipients=1, violated=violated, messages=violated)


@pytest.mark.parametrize("reason", ["552 5.2.2 mailbox full", "550 5.7.1 blocked using Spamhaus"])
def test_a_bounce_that_is_not_hard_asks_for_nothing(reason: str) -> None:
    found = facts(bounce(0, 1, reason, type="blocked"), at(30, "processed", 2), LATE)
    assert found.after_hard_bounce == Heeded()


@pytest.mark.parametrize(("hours", "violated"), [(49, 1), (47, 0)])
@pytest.mark.parametrize("kind", ["unsubscribe", "group_unsubscribe", "spamreport"])
def test_mail_after_somebody_left_or_complained(kind: str, hours: float, violated: int) -> None:
    found = facts(at(0, kind, 1), at(hours, "processed", 2), LATE)
    heeded = found.after_complaint if kind == "spamreport" else found.after_unsubscribe
    assert heeded == Heeded(recipients=1, violated=violated, messages=violated)


def test_who_came_back_may_be_mailed() -> None:
    found = facts(at(0, "unsubscribe", 1), at(10, "group_resubscribe", 1), at(60, "processed", 2), LATE)
    assert found.after_unsubscribe == Heeded(recipients=1)


def test_who_came_back_after_the_mail_had_not_come_back_yet() -> None:
    found = facts(at(0, "unsubscribe", 1), at(60, "processed", 2), at(70, "group_resubscribe", 1), LATE)
    assert found.after_unsubscribe == Heeded(recipients=1, violated=1, messages=1)


def test_only_what_was_really_sent_counts_and_each_message_of_each_person() -> None:
    found = facts(
        at(0, "unsubscribe", 1),
        at(0, "unsubscribe", 1, "carl@gmail.com"),
        at(50, "processed", 2),
        at(51, "processed", 3),
        at(52, "processed", 4),
        at(52, "dropped", 4),
        at(53, "open", 1),
        LATE,
    )
    assert found.after_unsubscribe == Heeded(recipients=2, violated=1, messages=2)


def test_who_left_too_short_ago_is_not_judged() -> None:
    assert facts(at(0, "unsubscribe", 1), at(40, "processed", 2, BOB)).after_unsubscribe == Heeded()


def test_events_without_a_recipient_are_nobodys() -> None:
    found = facts(at(0, "unsubscribe", 1, ""), at(60, "processed", 2, ""), LATE)
    assert found.after_unsubscribe == Heeded()


def test_receipts_may_still_go_out() -> None:
    head = b"type,ts,recipient,message_id,stream\n"
    rows = b"unsubscribed,2026-11-10T00:00:00Z,a@b.example,m,\nsent,2026-11-14T00:00:00Z,a@b.example,n,%s\n"
    judged = [
        rates_and_facts([put("a.csv", head + rows % stream)], Asked(now=NOW))[0].after_unsubscribe
        for stream in (b"transactional", b"marketing", b"")
    ]
    assert [one.violated for one in judged] == [0, 1, 1]


def test_reasons_and_rejections_are_of_the_last_reply_of_each_message() -> None:
    unsigned = "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders"
    found = facts(
        at(0, "deferred", 1, response="452 4.2.2 mailbox full"),
        bounce(1, 1),
        bounce(0, 2, "552 5.2.2 mailbox full", email=BOB),
        bounce(0, 3, unsigned, status="5.7.26"),
        at(0, "deferred", 4, response="421 4.7.26 unauthenticated, SPF and DKIM did not pass", status="4.7.26"),
        at(0, "deferred", 5, response="421-4.7.26 unauthenticated", status="4.7.26"),
        bounce(2, 5, unsigned, status="5.7.26"),
    )
    assert found.reasons == {"auth_failure": 2, "mailbox_full": 1, "unknown_user": 1}
    assert found.deferral_reasons == {"auth_failure": 2, "mailbox_full": 1}
    assert found.reasons_by_provider == {
        "gmail": {"auth_failure": 2, "unknown_user": 1},
        "other": {"mailbox_full": 1},
    }
    assert found.rejections == (
        Rejection(provider="gmail", code="5.7.26", reason="auth_failure", bounced=2, deferred=0),
        Rejection(provider="gmail", code="4.7.26", reason="auth_failure", bounced=0, deferred=1),
    )


def test_what_opens_say_of_machines_by_source() -> None:
    rows = [at(n, "open", n, sg_machine_open=flag) for n, flag in enumerate([True, True, False, None])]
    assert facts(*rows).flags == {"sendgrid": Flags(true=2, false=1, none=1)}


def test_completeness_counts_each_event_once() -> None:
    whole = at(1, "processed", 1, category="x")
    found = facts(
        whole,
        whole,
        at(0, "delivered", 1),
        at(3, "open", 1, "", sg_message_id="z"),
        {"email": BOB, "event": "delivered", "timestamp": T},
        {"email": BOB, "event": "delivered", "timestamp": T + 10**8},
    )
    assert found.completeness == Completeness(events=4, provider=3, campaign=1, unique_id=3, in_future=1, late_send=1)
    assert (found.duplicates, found.bad, found.rows, found.files) == (1, 1, 6, 1)


def test_time_to_deliver_is_from_the_first_send_to_the_first_delivery() -> None:
    rows = [at(0, "processed", n) for n in range(20)]
    rows += [{**at(0, "delivered", n), "timestamp": T + 10 * n} for n in range(20)]
    rows.append({**at(0, "delivered", 3), "timestamp": T + 9000, "sg_event_id": "again"})
    rows += [at(0, "processed", 30, BOB), {**at(0, "delivered", 30, BOB), "timestamp": T - 5}, at(2, "delivered", 31)]
    found = facts(*rows)
    assert found.time_to_deliver == Seconds(p50=90, p95=180, messages=20)
    assert found.time_to_deliver_by_provider == {"gmail": Seconds(p50=90, p95=180, messages=20)}


def test_groups_the_largest_first_and_days_in_order() -> None:
    found = facts(
        at(0, "processed", 1, category="small"),
        *(at(24, "processed", n, BOB, category="large") for n in range(2, 4)),
        at(0, "delivered", 1),
    )
    assert [(name, counts.sent) for name, counts in found.by_campaign.items()] == [("large", 2), ("small", 1)]
    assert [(name, counts.sent, counts.delivered) for name, counts in found.by_provider.items()] == [
        ("other", 2, 0),
        ("gmail", 1, 1),
    ]
    assert [(day, counts.sent) for day, counts in found.by_day] == [("2026-11-18", 1), ("2026-11-19", 2)]
    assert (found.totals.sent, found.campaigns, found.sources) == (3, 2, ("sendgrid",))
    assert (found.start, found.end) == ("2026-11-18T11:06:40Z", "2026-11-19T11:06:40Z")


def test_no_address_is_in_the_facts() -> None:
    found = facts(
        at(0, "processed", 1, category=f"for {ANN}"), at(0, f"odd {ANN}", 1), bounce(0, 2, f"550 5.1.1 <{ANN}>")
    )
    assert "ann" not in str(found)


def test_no_events_are_no_figures() -> None:
    found = rates_and_facts([put("a.csv", b"email,event,timestamp\n")], Asked(now=NOW))[0]
    assert (found.totals.sent, found.start, found.time_to_deliver, found.by_day) == (0, "", None, ())
    assert found.completeness == Completeness()
