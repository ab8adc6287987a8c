"""Postfix logs: each trap of the format in a line of its own, through the loader's entry point."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events import schema
from deliverability.events.postfix import LogCounts, read_log, recognised
from deliverability.events.postfix import rows as postfix_rows
from deliverability.events.postfix.lines import LINE
from deliverability.events.postfix.rows import LOG_COLUMNS, LOG_FORMAT
from deliverability.intake.trouble import Refused, Troubles

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = b"2026-11-20T10:00:00+00:00 mx1 "
OK = b"dsn=2.0.0, status=sent (250 2.0.0 OK 1 x - gsmtp)"
HARD = b"dsn=5.1.1, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO))"
LATER = b"dsn=4.2.2, status=deferred (host mx.b.example[192.0.2.1] said: 452 4.2.2 over quota (in reply to RCPT TO))"


def delivery(
    result: bytes = OK,
    *,
    head: bytes = HEAD,
    agent: bytes = b"postfix/smtp[99]",
    queue_id: bytes = b"4F1A2B3C4D",
    to: bytes = b"to=<ann@b.example>",
    relay: bytes = b"relay=mx.b.example[192.0.2.1]:25",
    delay: bytes = b"delay=1.5, delays=0.2/0/0.8/0.5",
) -> bytes:
    return b"%b%b: %b: %b, %b, %b, %b\n" % (head, agent, queue_id, to, relay, delay, result)


def values(rows: bytes) -> list[dict[str, str]]:
    """The rows as another reader of the format sees them; no line end stands inside a value."""
    lines = csv.reader(rows.decode().split("\n")[:-1], delimiter="\t", strict=True)
    return [dict(zip(LOG_COLUMNS, line, strict=True)) for line in lines]


def read(
    log: bytes, *, now: datetime = NOW, zone: tzinfo | None = None, years_back: int = 0
) -> tuple[list[dict[str, str]], LogCounts, Troubles]:
    rows: list[bytes] = []
    troubles = Troubles()
    counts = read_log(
        io.BytesIO(log), name="mail.log", now=now, zone=zone, emit=rows.append, troubles=troubles, years_back=years_back
    )
    return values(b"".join(rows)), counts, troubles


def one(log: bytes, **options: Any) -> dict[str, str]:
    """The one row of a log that is not about the queue."""
    rows, _, troubles = read(log, **options)
    assert troubles.count == 0
    (row,) = [row for row in rows if row["type"] != "queued"]
    return row


def when(log: bytes, **options: Any) -> str:
    return datetime.fromtimestamp(int(one(log, **options)["ts"]) / 1e6, UTC).isoformat()


def times(log: bytes, **options: Any) -> list[str]:
    rows, _, _ = read(log, **options)
    return [datetime.fromtimestamp(int(r["ts"]) / 1e6, UTC).isoformat() for r in rows if r["type"] != "queued"]


def outcome(log: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """What was counted as mail to other hosts, and what was left out."""
    _, counts, troubles = read(log)
    assert troubles.count == 0
    return {kind: n for kind, n in counts.outbound.items() if kind != "queued"}, dict(counts.left_out)


def test_a_delivery_is_two_rows_and_the_message_came_when_delay_says() -> None:
    rows, counts, _ = read(delivery())

    assert rows == [
        {
            "type": "queued",
            "ts": "1795168798500000",
            "recipient": "ann@b.example",
            "message_id": "mx1:4F1A2B3C4D:20777",
            "smtp_code": "",
            "enhanced_code": "",
            "reply_text": "",
            "bounce_class": "",
            "source_line": "1",
        },
        {
            "type": "delivered",
            "ts": "1795168800000000",
            "recipient": "ann@b.example",
            "message_id": "mx1:4F1A2B3C4D:20777",
            "smtp_code": "250",
            "enhanced_code": "2.0.0",
            "reply_text": "",
            "bounce_class": "",
            "source_line": "1",
        },
    ]
    assert (counts.lines, counts.sent) == (1, 1)


def test_the_columns_are_canonical_and_duckdb_reads_the_rows(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    said = b'dsn=5.0.0, status=bounced (host h[192.0.2.1] said: 550 "no"\t\\n, caf\xc3\xa9 \xff \x1b[2J NULL)'
    rows: list[bytes] = []
    log = delivery(said, to=b'to=<"A\t""> b"@b.example>') + delivery() + delivery(LATER, to=b"to=<bob@b.example>")
    read_log(io.BytesIO(log), name="x", now=NOW, zone=None, emit=rows.append, troubles=Troubles())
    path = tmp_path / "rows"
    path.write_bytes(b"".join(rows))

    assert [name for name in schema.COLUMNS if name in LOG_COLUMNS] == list(LOG_COLUMNS)
    with duckdb.connect() as connection:
        table = f"read_csv(?, {LOG_FORMAT}, columns = {LOG_COLUMNS})"
        query = f"SELECT *, make_timestamp(ts) AS at FROM {table} WHERE type <> 'queued'"
        bounced, delivered, deferred = connection.execute(query, [str(path)]).fetchall()
    assert bounced[2] == '"a ""> b"@b.example'
    assert bounced[4:7] == (550, "5.0.0", 'host h[192.0.2.1] said: 550 "no" \\n, café � \x20[2J NULL')
    assert delivered[4:] == (250, "2.0.0", None, None, 2, datetime(2026, 11, 20, 10))  # noqa: DTZ001 - DuckDB's own
    assert deferred[5] == "4.2.2"


@pytest.mark.parametrize(
    ("text", "code", "enhanced"),
    [
        (
            b"dsn=5.0.0, status=bounced (host h[192.0.2.1] said: 552 4.2.2 mailbox full (in reply to DATA))",
            "552",
            "4.2.2",
        ),
        (
            b"dsn=5.1.1, status=bounced (host h[192.0.2.1] said: 550-5.1.1 gone 550 5.1.1 (in reply to x))",
            "550",
            "5.1.1",
        ),
        (
            b"dsn=5.0.0, status=bounced (host h[192.0.2.1] said: 550 #5.1.0 Address rejected. (in reply to x))",
            "550",
            "5.1.0",
        ),
        (b"dsn=5.0.0, status=bounced (host h[192.0.2.1] said: 550 unknown 5.9.9 (in reply to x))", "550", "5.0.0"),
        (b"dsn=4.0.0, status=deferred (host h[192.0.2.1] refused to talk to me: 421 4.7.0 later)", "421", "4.7.0"),
        (b"dsn=4.4.1, status=deferred (connect to h[192.0.2.1]:25: Connection timed out)", "", "4.4.1"),
        (b"dsn=4.7.0, status=deferred (host h[192.0.2.1] said: 421 4.7.0.1 odd)", "421", "4.7.0"),
        (b"status=deferred (lost connection with h[192.0.2.1] while sending RCPT TO)", "", ""),
    ],
)
def test_the_text_says_the_codes_and_dsn_where_it_does_not(text: bytes, code: str, enhanced: str) -> None:
    row = one(delivery(text))

    assert (row["smtp_code"], row["enhanced_code"]) == (code, enhanced)
    assert row["reply_text"] == text.partition(b" (")[2].decode()[:-1]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (b"sent", "delivered"),
        (b"deferred", "deferred"),
        (b"SOFTBOUNCE", "deferred"),
        (b"bounced", "bounced"),
        (b"expired", "bounced"),
        (b"teleported", "unknown"),
    ],
)
def test_what_each_status_is(status: bytes, kind: str) -> None:
    assert one(delivery(b"dsn=4.0.0, status=%b (x)" % status))["type"] == kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (delivery(agent=b"postfix/local[1]", relay=b"relay=local"), "local"),
        (delivery(agent=b"postfix/virtual[1]", relay=b"relay=virtual"), "virtual"),
        (delivery(agent=b"postfix/pipe[1]", relay=b"relay=dovecot"), "pipe"),
        (delivery(agent=b"postfix/discard[1]", relay=b"relay=none"), "discard"),
        (delivery(agent=b"postfix/teleport[1]", relay=b"relay=teleport"), "other-agent"),
        (delivery(relay=b"relay=127.0.0.1[127.0.0.1]:10024"), "loopback"),
        (delivery(relay=b"relay=filter[127.0.0.2]:10024"), "loopback"),
        (delivery(relay=b"relay=localhost[::1]:10024"), "loopback"),
        (delivery(agent=b"postfix/lmtp[1]", relay=b"relay=mail.b.example[private/dovecot-lmtp]"), "socket"),
        (delivery(agent=b"postfix/lmtp[1]", relay=b"relay=mail.b.example[/run/lmtp]"), "socket"),
        (
            delivery(
                b"dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)",
                relay=b"relay=none",
            ),
            "loopback",
        ),
        (
            delivery(
                b"dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to f[127.0.0.1]:10024: refused)",
                agent=b"postfix/error[1]",
                relay=b"relay=none",
            ),
            "loopback",
        ),
        (
            delivery(
                b"dsn=5.1.1, status=bounced (User unknown in virtual alias table)",
                agent=b"postfix/error[1]",
                relay=b"relay=none",
            ),
            "own-address",
        ),
        (delivery(b"dsn=2.1.5, status=deliverable (250 ok)"), "probe"),
        (delivery(b"dsn=5.1.1, status=undeliverable (550 no)"), "probe"),
        (delivery(b"dsn=5.1.1, status=undeliverable-but-not-cached (550 no)"), "probe"),
    ],
)
def test_what_is_no_mail_to_another_host_is_left_out_and_counted(line: bytes, kind: str) -> None:
    assert outcome(line) == ({}, {kind: 1})


@pytest.mark.parametrize(
    "line",
    [
        delivery(LATER),
        delivery(LATER, agent=b"postfix/lmtp[1]", relay=b"relay=store.b.example[192.0.2.7]:24"),
        delivery(b"dsn=4.4.1, status=deferred (connect to h[192.0.2.1]:25: Connection refused)", relay=b"relay=none"),
        delivery(
            b"dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to h[192.0.2.1]:25: refused)",
            agent=b"postfix/error[1]",
            relay=b"relay=none",
        ),
        delivery(LATER, agent=b"postfix/retry[1]", relay=b"relay=none"),
        delivery(LATER, agent=b"postfix-out/relay/smtp[1]"),
        delivery(LATER, relay=b"relay=mx.b.example[2001:db8::1]:25"),
    ],
)
def test_what_is_mail_to_another_host(line: bytes) -> None:
    assert outcome(line) == ({"deferred": 1}, {})


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        (b"to=<Ann@B.Example>", "ann@b.example"),
        (b"to=<ann@b.example>, orig_to=<a>, b <c>", "ann@b.example"),
        (b'to=<"a b"@b.example>, orig_to=<x@a.example>', '"a b"@b.example'),
        (b'to=<"a>, b"@b.example>', '"a>, b"@b.example'),
        (b"to=ann@b.example, orig_to=root", "ann@b.example"),
        ("to=<JÖRG@b.example>".encode(), "jörg@b.example"),
        (b"to=<j\xf6rg@b.example>", "j�rg@b.example"),
        (b"to=<>", ""),
    ],
)
def test_recipients(to: bytes, recipient: str) -> None:
    assert one(delivery(to=to))["recipient"] == recipient


def test_what_else_stands_in_a_delivery() -> None:
    for relay in (b"relay=mx.b.example[192.0.2.1]:25, conn_use=3", b"relay=mx.b.example[192.0.2.1]:25, tls=dane:none"):
        assert one(delivery(relay=relay))["enhanced_code"] == "2.0.0"
    assert one(delivery(delay=b"delay=1.5, delays=1/2/3/4, tls=may"))["enhanced_code"] == "2.0.0"
    assert one(delivery(queue_id=b"[ID 197553 mail.info] 4F1A2B3C4D"))["type"] == "delivered"
    assert one(delivery().replace(b"\n", b"\r\n"))["type"] == "delivered"
    assert one(delivery(HARD).replace(b"\n", b"\r\n"))["reply_text"].endswith("RCPT TO)")
    assert one(b"\0\0\0" + delivery())["type"] == "delivered"
    assert one(delivery().rstrip(b"\n"))["type"] == "delivered"


def test_what_a_receiver_says_is_not_taken_for_the_lines_own_words() -> None:
    forged = (
        b"status=bounced (host h[192.0.2.1] said: 550 to=<eve@c.example>, relay=none, delay=1, status=sent (250 ok))"
    )
    rows, counts, _ = read(delivery(b"dsn=5.0.0, " + forged))

    assert [(row["type"], row["recipient"]) for row in rows if row["type"] != "queued"] == [
        ("bounced", "ann@b.example")
    ]
    assert (counts.sent, counts.bounced) == (0, 1)


@pytest.mark.parametrize(
    ("head", "time"),
    [
        (b"2026-11-20T10:00:00.123456+00:00 mx1 ", "2026-11-20T10:00:00.123456+00:00"),
        (b"2026-11-20T10:00:00.5Z mx1 ", "2026-11-20T10:00:00.500000+00:00"),
        (b"2026-11-20T10:00:00+0530 mx1 ", "2026-11-20T04:30:00+00:00"),
        (b"2026-11-20T10:00:00-08:00 mx1 ", "2026-11-20T18:00:00+00:00"),
        (b"Nov 20 10:00:00 mx1 ", "2026-11-20T10:00:00+00:00"),
        (b"Nov  2 10:00:00.250 mx1 ", "2026-11-02T10:00:00.250000+00:00"),
        (b"Nov 2 10:00:00 mx1 ", "2026-11-02T10:00:00+00:00"),
        (b"2013 Jun 10 06:27:30.123 mx1 ", "2013-06-10T06:27:30.123000+00:00"),
        (b"<22>Nov 20 10:00:00 mx1 ", "2026-11-20T10:00:00+00:00"),
        (b"2026-11-20 10:00:00 mx1 ", "2026-11-20T10:00:00+00:00"),
        (b"Nov 20 23:59:60 mx1 ", "2026-11-21T00:00:00+00:00"),
    ],
)
def test_heads(head: bytes, time: str) -> None:
    assert when(delivery(head=head)) == time
    assert when(delivery(LATER, head=head)) == time


def test_a_head_without_an_offset_is_read_in_the_zone_and_that_is_said() -> None:
    seoul = ZoneInfo("Asia/Seoul")

    assert when(delivery(head=b"Nov 20 10:00:00 mx1 "), zone=seoul) == "2026-11-20T01:00:00+00:00"
    assert when(delivery(head=b"2026-11-20T10:00:00+00:00 mx1 "), zone=seoul) == "2026-11-20T10:00:00+00:00"
    assert read(delivery(head=b"Nov 20 10:00:00 mx1 "), zone=seoul)[1].zone_assumed
    assert not read(delivery())[1].zone_assumed


def at(*days: bytes) -> bytes:
    return b"".join(delivery(head=day + b" 10:00:00 mx1 ", queue_id=b"A%d" % i) for i, day in enumerate(days))


def test_a_head_without_a_year_is_of_the_latest_year_that_is_not_ahead_of_now() -> None:
    assert times(at(b"Nov 23")) == ["2026-11-23T10:00:00+00:00"]  # a clock may be a day ahead
    assert times(at(b"Nov 24")) == ["2025-11-24T10:00:00+00:00"]
    assert times(at(b"Feb 29")) == ["2024-02-29T10:00:00+00:00"]


def test_december_is_before_january() -> None:
    now = datetime(2027, 1, 3, tzinfo=UTC)

    assert times(at(b"Dec 31", b"Jan  1", b"Dec 31", b"Jan  2"), now=now) == [
        f"{day}T10:00:00+00:00" for day in ("2026-12-31", "2027-01-01", "2026-12-31", "2027-01-02")
    ]


def test_a_log_of_more_than_a_year_is_read_twice() -> None:
    log = at(b"Oct  1", b"Dec 31", b"Jan  1", b"Oct  1", b"Nov 20")

    assert read(log)[1].years_over == 1
    assert times(log, years_back=1) == [
        f"{day}T10:00:00+00:00" for day in ("2025-10-01", "2025-12-31", "2026-01-01", "2026-10-01", "2026-11-20")
    ]
    assert read(log, years_back=1)[1].years_over == 0


def test_a_message_that_is_deferred_and_then_taken_is_one_and_queued_once() -> None:
    later = delivery(LATER, delay=b"delay=1.5, delays=0/0/0/0")
    taken = delivery(head=b"2026-11-20T10:05:00+00:00 mx1 ", delay=b"delay=302, delays=0/0/0/0")
    rows, _, _ = read(later + taken)

    assert [row["type"] for row in rows] == ["queued", "deferred", "delivered"]
    assert len({row["message_id"] for row in rows}) == 1


def test_the_day_of_arrival_tells_messages_under_one_queue_id_apart_and_midnight_does_not_part_one() -> None:
    first = delivery(LATER, head=b"2026-11-19T00:00:01+00:00 mx1 ", delay=b"delay=1.4, delays=0/0/0/0")
    again = delivery(head=b"2026-11-19T00:05:00+00:00 mx1 ", delay=b"delay=301, delays=0/0/0/0")
    other = delivery(head=b"2026-11-21T00:00:01+00:00 mx1 ")
    elsewhere = delivery(head=b"2026-11-21T00:00:01+00:00 mx2 ")
    rows, _, _ = read(first + again + other + elsewhere)

    ids = [row["message_id"] for row in rows if row["type"] != "queued"]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_queue_id_that_is_used_again_takes_nothing_over_from_the_message_before() -> None:
    given_up = (
        HEAD.replace(b"-20T", b"-21T") + b"postfix/qmgr[2]: 4F1A2B3C4D: from=<x>, status=expired, returned to sender\n"
    )
    other = delivery(LATER, head=b"2026-11-21T09:00:01+00:00 mx1 ", to=b"to=<bob@c.example>")
    rows, _, _ = read(delivery(LATER) + other + given_up)

    assert [row["recipient"] for row in rows if row["type"] == "bounced"] == ["bob@c.example"]


@pytest.mark.parametrize("word", [b"expired", b"force-expired"])
def test_who_still_waits_when_the_queue_manager_gives_up_has_bounced(word: bytes) -> None:
    log = (
        delivery(LATER)
        + delivery(LATER, to=b"to=<bob@c.example>")
        + delivery(to=b"to=<bob@c.example>")
        + HEAD
        + b"postfix/qmgr[2]: 4F1A2B3C4D: from=<news@a.example>, status=%b, returned to sender\n" % word
    )
    rows, counts, troubles = read(log)

    (row,) = [row for row in rows if row["type"] == "bounced"]
    assert (row["recipient"], row["bounce_class"], row["enhanced_code"]) == ("ann@b.example", "expired", "4.2.2")
    assert row["source_line"] == "4"
    assert (counts.expired, counts.bounced, counts.outbound["bounced"], troubles.count) == (1, 0, 1, 0)


def test_a_message_that_is_given_up_and_was_not_seen_before_is_counted_apart() -> None:
    log = HEAD + b"postfix/qmgr[2]: 4F1A2B3C4D: from=<x@a.example>, status=expired, returned to sender\n"

    assert outcome(log) == ({}, {"expired-unseen": 1})


def test_what_is_waited_for_is_bounded_and_who_waits_no_more_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postfix_rows, "WAITING", 3)
    given_up = HEAD + b"postfix/qmgr[2]: 4F1A2B3C4D: from=<x>, status=expired, returned to sender\n"
    waiting = [delivery(LATER, queue_id=b"A%d" % number) for number in range(3)]
    settled = [delivery(queue_id=b"A%d" % number) for number in range(3)]

    assert read(delivery(LATER) + b"".join(waiting) + given_up)[1].left_out == {"expired-unseen": 1}
    assert read(b"".join(waiting + settled) + delivery(LATER) + b"".join(waiting[1:]) + given_up)[1].left_out == {}


def test_the_totals_are_those_of_pflogsumm() -> None:
    log = b"".join(
        HEAD + line + b"\n"
        for line in (
            b"postfix/smtpd[1]: 4F1A2B3C4D: client=app.a.example[192.0.2.9], sasl_method=PLAIN",
            b"postfix/submission/smtpd[1]: 4F1A2B3C4E: client=app.a.example[192.0.2.9]",
            b"postfix/pickup[1]: 4F1A2B3C4F: uid=0 from=<root>",
            b"postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.8]: 550 5.1.1 <x@a.example>: no",
            b"postfix/smtpd[1]: 4F1A2B3C50: reject: RCPT from unknown[192.0.2.8]: 550 5.1.1 <x@a.example>: no",
            b"postfix/cleanup[1]: 4F1A2B3C51: milter-reject: END-OF-MESSAGE from x[192.0.2.8]: 5.7.1 no; from=<y>",
            b"postfix/cleanup[1]: 4F1A2B3C52: reject: header Subject: x from local; from=<y>",
            b"postfix/smtpd[1]: NOQUEUE: reject_warning: RCPT from unknown[192.0.2.8]: 550 5.1.1 <x@a.example>: no",
            b"postgrey[1]: action=greylist, client=x, reject: no",
            b"postfix/bounce[1]: 4F1A2B3C4D: sender non-delivery notification: 4F1A2B3C99",
            b"postfix/qmgr[1]: 4F1A2B3C4D: from=<a@a.example>, size=1, nrcpt=1 (queue active)",
            b"postfix/qmgr[1]: 4F1A2B3C4D: removed",
            b"last message repeated 3 times",
            b"postfix/smtp[1]: message repeated 2 times: [ 4F1A2B3C4D: to=<a@b.example>, relay=none, status=sent (x)]",
        )
    )
    log += delivery() + delivery(LATER) + delivery(HARD)
    log += delivery(agent=b"postfix/local[1]", relay=b"relay=local")
    log += delivery(
        b"dsn=2.0.0, status=sent (forwarded as 4F1A2B3C98)", agent=b"postfix/local[1]", relay=b"relay=local"
    )
    _, counts, troubles = read(log)

    assert troubles.count == 0
    assert (counts.lines, counts.received, counts.reject) == (19, 3, 4)
    assert (counts.sent, counts.forwarded, counts.deferred, counts.bounced) == (2, 1, 1, 1)


def bad(log: bytes) -> tuple[dict[str, int], list[int | None], int]:
    rows, _, troubles = read(log)
    return troubles.by_reason, [found.line for found in troubles.examples], len(rows)


def test_bad_lines_are_counted_with_their_number_and_the_rest_goes_on() -> None:
    good = delivery()

    assert bad(good + b"not a log\n" + good) == ({"not-a-log-line": 1}, [2], 4)
    assert bad(b"\x80\xff\n" + good + b"Nov 99 10:00:00 x\n") == ({"not-a-log-line": 1}, [1], 2)
    assert bad(good + good.replace(b"to=<ann@b.example>, ", b"")) == ({"status-line": 1}, [2], 2)
    assert bad(good + delivery(delay=b"delay=soon")) == ({"status-line": 1}, [2], 2)
    assert bad(good + good.replace(b"-20T", b"-32T")) == ({"time": 1}, [2], 2)
    assert bad(delivery(head=b"Nov 31 10:00:00 mx1 ") + good) == ({"time": 1}, [1], 2)
    assert bad(delivery(head=b"Abc 20 10:00:00 mx1 ") + good) == ({"time": 1}, [1], 2)
    assert bad(delivery(head=b"Nov 20 10:00:61 mx1 ") + good) == ({"time": 1}, [1], 2)


def test_what_is_not_an_entry_is_not_bad() -> None:
    assert bad(delivery() + b"\tgoes on\n\n-- Boot 1 --\n2026-11-21T00:00:00+00:00 mx1 kernel: hi\n") == ({}, [], 2)


def test_a_line_of_megabytes_is_passed_over_and_counted_as_one() -> None:
    for size in (2 * LINE, 5 * LINE + 5):
        log = delivery() + b"x" * size + b"\n" + delivery(HARD)
        rows, counts, troubles = read(log)

        assert troubles.by_reason == {"line-too-long": 1}
        assert [row["source_line"] for row in rows] == ["1", "1", "3", "3"]
        assert counts.lines == 3
    assert read(delivery() + b"x" * 2 * LINE)[1].lines == 2


def test_no_address_is_in_what_is_said_of_a_bad_line() -> None:
    _, _, troubles = read(delivery(delay=b"delay=soon") + b"ann@b.example\n")

    assert troubles.count == 2
    assert all("ann" not in found.text for found in troubles.examples)


class Broken(io.BytesIO):
    """A stream that ends in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found:
            raise Refused("truncated")
        return found


def test_a_stream_that_breaks_off_is_read_as_far_as_it_went_and_its_last_line_is_not_guessed() -> None:
    rows: list[bytes] = []
    troubles = Troubles()
    stream = Broken(delivery() + delivery()[:-20])
    counts = read_log(stream, name="mail.log.gz", now=NOW, zone=None, emit=rows.append, troubles=troubles)

    assert (counts.sent, len(values(b"".join(rows))), troubles.by_reason) == (1, 2, {"truncated": 1})


def test_a_log_is_recognised_by_what_stands_in_it() -> None:
    assert recognised(delivery() + b"x\n") == "1 of the first 3 lines are Postfix's in a system log"
    assert recognised(b"Nov 20 10:00:00 mx1 postfix/smtpd[1]: connect from x[192.0.2.1]") != ""
    assert recognised(b'{"event": "delivered"}\n') == ""
    assert recognised(b"Nov 20 10:00:00 mx1 sshd[1]: hello\n" * 20) == ""


PIECES = st.sampled_from(
    [
        delivery(),
        delivery(LATER),
        delivery(HARD),
        *HEAD.split(),
        b", status=",
        b"to=<",
        b">, relay=",
        b"delay=1, ",
        b"dsn=5.0.0, ",
        b"sent (250 ",
        b"Dec 31 23:59:59 ",
        b"postfix/qmgr[1]: A: from=<>",
        b"status=expired, returned to sender",
        b"\n",
        b"\r",
        b"\0",
        b'"',
        b"\t",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=20)).map(b"".join))
def test_whatever_stands_in_a_log_is_rows_and_troubles(log: bytes) -> None:
    rows, counts, _ = read(log)

    assert len(rows) == sum(counts.outbound.values())
    assert counts.lines == log.count(b"\n") + (log[-1:] not in {b"", b"\n"})


ADDRESSES = st.from_regex(rb"\A[A-Za-z0-9.+=_@-]{1,30}\Z") | st.binary(max_size=12).map(lambda b: b.replace(b"\n", b""))


@given(
    to=ADDRESSES,
    relay=st.sampled_from([b"[192.0.2.1]:25", b"[::1]:25", b"[127.0.0.9]:25", b"[2001:db8::1]:25", b"[private/x]"]),
    delay=st.sampled_from([b"0", b"0.01", b"12", b"1.25", b"100000", b"1e5"]),
    reply=st.sampled_from([b"250 2.0.0 OK", b"250-ok", b"250", b"2500 x", b"550 5.1.1 x", b"forwarded as A", b""]),
    agent=st.sampled_from([b"postfix/smtp[1]", b"postfix/lmtp[1]", b"a/b/smtp[1]", b"postfix/pipe[1]", b"smtp[1]"]),
)
def test_the_short_way_finds_what_the_long_way_finds(
    to: bytes, relay: bytes, delay: bytes, reply: bytes, agent: bytes
) -> None:
    short = delivery(
        b"dsn=2.0.0, status=sent (%b)" % reply,
        agent=agent,
        to=b"to=<%b>" % to,
        relay=b"relay=mx.b.example" + relay,
        delay=b"delay=%b, delays=0/0/0/0" % delay,
    )
    long = short.replace(b", delays=", b", x=y, delays=")  # a word that only the long way passes over

    assert read(short)[0] == read(long)[0]
