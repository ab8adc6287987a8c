"""Microsoft's SNDS: the old feed by position, feeds with a head by name, and the feed of blocked ranges."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.feedback.snds import Activity, Range, SndsFacts, from_observation, merged, parse, to_observation
from deliverability.intake.trouble import Bad, Refused

OLD = (
    "192.0.2.1,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1894,1800,1790,GREEN,< 0.1%,,,0,mail.example.test,"
    "ann@example.org,\r\n"
    "192.0.2.2,12/31/2025 10:00 AM,1/1/2026 12:30 AM,10,10,10,RED,0.3%,1/1/2026 12:00 AM,1/1/2026 12:30 AM,7,"
    "mail.example.test,bounce@example.test,\r\n"
)
FIRST = Activity(
    ip="192.0.2.1",
    start="2026-11-20T10:00",
    end="2026-11-20T19:00",
    rcpt_commands=1894,
    data_commands=1800,
    message_recipients=1790,
    filter_result="GREEN",
    complaint_rate=0.001,
    complaint_bound="<",
    trap_hits=0,
    helo="mail.example.test",
    mail_from="example.org",
)


def test_the_old_feed_is_read_by_position() -> None:
    facts = parse(OLD.encode())

    assert facts.activity[0] == FIRST
    second = facts.activity[1]
    assert (second.start, second.end, second.filter_result) == ("2025-12-31T10:00", "2026-01-01T00:30", "RED")
    assert (second.complaint_rate, second.complaint_bound, second.trap_hits) == (0.003, "", 7)
    assert "message recipients" in facts.denominator


def test_less_than_a_tenth_of_a_percent_is_a_bound_and_no_figure() -> None:
    assert [one.complaint_bound for one in parse(OLD.encode()).activity] == ["<", ""]


@pytest.mark.parametrize(
    "head",
    [
        (
            "IP Address,Activity start,Activity end,RCPT commands,DATA commands,Message recipients,Filter result,"
            "Complaint rate,Trap period start,Trap period end,Trap hits,Sample HELO,Sample MAIL FROM,Comments\r\n"
        ),
        (
            "ip_address,activity_start,activity_end,rcpt_commands,data_commands,message_recipients,filter_result,"
            "complaint_rate,trap_message_start,trap_message_end,trap_hits,sample_helo,sample_mailfrom,comments\r\n"
        ),
    ],
)
def test_a_feed_with_a_head_says_the_same(head: str) -> None:
    assert parse((head + OLD).encode()) == parse(OLD.encode())


def test_columns_that_move_are_followed_by_their_heads() -> None:
    feed = "Filter Result,Activity End (UTC),IP Address,Complaint Rate\nYELLOW,2026-11-20T19:00:00Z,2001:DB8::1,0.2 %\n"

    (one,) = parse(feed.encode()).activity

    assert (one.ip, one.end, one.filter_result, one.complaint_rate) == (
        "2001:db8::1",
        "2026-11-20T19:00",
        "YELLOW",
        0.002,
    )


def test_blocked_ranges() -> None:
    feed = (
        "192.0.2.1,192.0.2.8,Yes,Blocked due to user complaints or other evidence of spamming\r\n"
        "198.51.100.1,198.51.100.1,No,Junked\r\n"
    )

    assert parse(feed.encode()).ranges == (
        Range(
            first="192.0.2.1",
            last="192.0.2.8",
            blocked=True,
            reason="Blocked due to user complaints or other evidence of spamming",
        ),
        Range(first="198.51.100.1", last="198.51.100.1", blocked=False, reason="Junked"),
    )


def test_an_empty_feed_is_a_feed() -> None:
    assert parse(b"\r\n") == SndsFacts()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("192.0.2.300,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1,1,1,GREEN,0.1%,,,0,a,b,\n", "bad-address"),
        ("192.0.2.3,20.11.2026,20.11.2026,1,1,1,GREEN,0.1%,,,0,a,b,\n", "bad-date"),
        ("192.0.2.3,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1,1,1,BLUE,0.1%,,,0,a,b,\n", "bad-filter-result"),
        ("192.0.2.3,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1,1,1,GREEN,0.1,,,0,a,b,\n", "no-unit"),
    ],
)
def test_a_bad_row_is_counted_with_its_line_and_the_rest_goes_on(row: str, reason: str) -> None:
    bad: list[Bad] = []
    facts = parse((OLD + row).encode(), file="feed.csv", on_bad=bad.append)

    assert [(one.file, one.line, one.reason) for one in bad] == [("feed.csv", 3, reason)]
    assert (len(facts.activity), facts.bad) == (2, 1)


@pytest.mark.parametrize("octets", [b"a,b,c\n1,2,3\n", b"hello\n", b"{}"])
def test_what_is_no_feed_is_refused(octets: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse(octets)

    assert refused.value.reason == "not-snds"


def test_of_an_address_the_last_period_counts_and_the_same_period_once() -> None:
    later = OLD.replace("11/20/2026", "11/21/2026").replace("GREEN", "YELLOW")
    facts = merged([parse(OLD.encode()), parse(later.encode()), parse(OLD.encode())])

    assert [(one.ip, one.end, one.filter_result) for one in facts.latest] == [
        ("192.0.2.1", "2026-11-21T19:00", "YELLOW"),
        ("192.0.2.2", "2026-01-01T00:30", "RED"),
    ]
    assert len(facts.activity) == 3


def test_no_address_of_a_person_is_kept() -> None:
    kept = json.dumps(to_observation(parse(OLD.encode())))

    assert "ann" not in kept
    assert "@" not in kept


def test_the_facts_come_back_from_a_document() -> None:
    facts = parse(OLD.encode())

    assert from_observation(json.loads(json.dumps(to_observation(facts)))) == facts


@given(
    st.lists(
        st.lists(
            st.sampled_from(["192.0.2.1", "Yes", "11/20/2026 1:00 AM", "GREEN", "9%", "", 'x"y', "7"]), max_size=15
        )
    )
)
def test_any_table_is_read_or_refused(rows: list[list[str]]) -> None:
    try:
        facts = parse("\n".join(",".join(row) for row in rows).encode())
    except Refused:
        return

    assert from_observation(json.loads(json.dumps(to_observation(facts)))) == facts
