"""What lists add up to: repeats, suppressions, the past of the people in it; and what is written back."""

from __future__ import annotations

import asyncio
import csv
import json
import random
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.checks.recipients_past import expected
from deliverability.compare.intervals import wilson
from deliverability.ingest import ingest
from deliverability.inputs import Given
from deliverability.intake.trouble import Troubles
from deliverability.lists.read import Wanted, recipients
from deliverability.lookup import Answer, LiveResolver, Nameserver, Status, ZoneResolver
from deliverability.rates import Asked
from deliverability.recipients import addresses, ledger
from deliverability.recipients.clean import CannotWrite
from deliverability.recipients.facts import RecipientsFacts, Stratum, Tally, from_observation, to_observation
from support.sending import NOW, T, event, lines, put

ZONE = """
$ORIGIN example.com.
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ MX 10 mail
null MX 0 .
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, **wanted: Any) -> RecipientsFacts:
    return recipients([put("list.csv", text.encode())], Wanted(**wanted))


def emails(addresses: Iterable[str]) -> str:
    return "email\n" + "".join(f"{address}\n" for address in addresses)


def test_every_row_is_counted_once() -> None:
    found = read("id,email\n1,a@example.com\n2,\n3\n4,bad\n5,A@Example.com\n6,b@b.example\n")

    assert (found.rows, found.addresses, found.empty, found.bad, found.invalid) == (6, 3, 1, 1, 1)
    assert (found.unique, found.duplicates, found.domains) == (2, 1, 2)
    assert found.bad_reasons == {"too-few-columns": 1}
    assert found.invalid_reasons == {"no-at-sign": 1}
    assert found.invalid_lines == (5,)


@pytest.mark.parametrize("held", [3, 1_000_000])
def test_repeats_are_found_in_any_spelling_of_the_domain(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "HELD", held)
    found = read(emails(["kim@메일.한국", "KIM@xn--h32bq4v.xn--3e0b707e", "a@x.com", "b@x.com", "c@x.com", "B@X.COM"]))

    assert (found.duplicates, found.unique, found.idn) == (2, 4, 2)


def test_what_a_provider_leaves_out_is_said_apart() -> None:
    found = read(emails(["given.name@gmail.com", "givenname+a@googlemail.com", "x+a@example.com", "x@example.com"]))

    assert (found.duplicates, found.aliases) == (0, 1)
    found = read(emails(["given.name@gmail.com", "Given.Name@gmail.com", "givenname@gmail.com"]))
    assert (found.duplicates, found.aliases) == (1, 1)


def test_tasks_disposable_services_and_international_addresses_are_counted() -> None:
    found = read(emails(["info@example.com", "a@0-mail.com", "김@example.com", "b@mail.0-mail.com"]))

    assert (found.role, found.roles) == (1, {"info": 1})
    assert (found.disposable, [one.domain for one in found.disposable_domains]) == (
        2,
        ["0-mail.com", "mail.0-mail.com"],
    )
    assert found.international == 1


def test_the_users_own_list_of_disposable_domains_takes_the_place_of_the_shipped_one() -> None:
    put("own.txt", b"# ours\nThrowaway.example\n")
    found = read(emails(["a@0-mail.com", "a@throwaway.example"]), disposable="own.txt")

    assert (found.disposable, found.disposable_source) == (1, "own.txt")


def test_a_slip_that_the_list_of_disposable_domains_holds_is_a_slip() -> None:
    many = emails([*(f"a{n}@gmail.com" for n in range(200)), "b@gmial.com"])
    found = read(many, clean=Path("out.csv"))

    assert (found.slipped, found.disposable, found.disposable_domains) == (1, 0, ())
    assert Path("out.csv").read_text().endswith("b@gmial.com,typo:gmail.com\n")


def test_dns_is_asked_and_what_it_says_is_kept_by_domain() -> None:
    found = read(
        emails(["a@example.com", "b@example.com", "a@null.example.com", "a@gone.example.com", "a@example.org"]),
        resolver=ZoneResolver.from_text(ZONE),
    )

    assert {name: (one.domains, one.addresses) for name, one in found.mail.items()} == {
        "mx": (1, 2),
        "null_mx": (1, 1),
        "nxdomain": (1, 1),
        "unknown": (1, 1),
    }
    assert found.known_dead == 2
    assert {(one.domain, one.mail) for one in found.dead} == {
        ("null.example.com", "null_mx"),
        ("gone.example.com", "nxdomain"),
    }


def test_suppressions_are_met_in_several_files() -> None:
    put("one.csv", b"name,email\nKim,A@Example.com\nbad\n")
    put("two.txt", b"b@example.com\nnobody@example.com\nno address\n")
    troubles = Troubles()
    found = recipients(
        [put("list.csv", emails(["a@example.com", "b@example.com", "c@example.com"]).encode())],
        Wanted(suppressions=("one.csv", "two.txt")),
        troubles=troubles,
    )

    assert found.suppressions is not None
    assert (found.suppressions.rows, found.suppressions.addresses, found.suppressions.overlap) == (5, 3, 2)
    assert (found.suppressions.bad, found.stopped) == (2, 2)
    assert troubles.by_reason == {"no-at-sign": 1, "too-few-columns": 1}


@pytest.mark.parametrize(
    "row",
    [
        "Kim <a@example.com>",
        "<a@example.com>",
        "mailto:a@example.com",
        '"""Kim, M."" <A@Example.com>"',
        '"x@x.com; a@example.com"',
        "x@x.com a@example.com.",
        "'a@example.com'",
        "@example.com",
        "*@Example.com",
    ],
)
def test_whoever_said_no_is_spared_however_that_was_written_down(row: str) -> None:
    put("gone.csv", f"id,email\n1,y@y.com\n2,{row}\n".encode())
    found = read(emails(["a@example.com", "b@sub.example.com", "c@c.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.bad, found.suppressions.overlap, found.stopped) == (0, 1, 1)
    assert found.suppressions.domains == ("*" in row or row.startswith("@"))


def test_suppressions_without_addresses_stop_the_run() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,customer-17\n3,customer-18\n")

    with pytest.raises(ValueError, match="2 of 3 rows hold no address"):
        read(emails(["a@example.com"]), suppressions=("gone.csv",))


@pytest.mark.parametrize("by", ["; ", ",", "\t"])
def test_suppressions_on_one_line_are_all_read(by: str) -> None:
    put("gone.txt", by.join(f"Kim <a{n}@example.com>" for n in range(4)).encode())
    found = read(emails(f"a{n}@example.com" for n in range(6)), suppressions=("gone.txt",))

    assert found.stopped == 4


def test_suppressions_without_a_value_are_no_fault_of_theirs() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,\n3,\n4,\n")
    found = read(emails(["a@example.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.rows, found.suppressions.bad, found.stopped) == (4, 0, 1)


def test_half_of_the_suppressions_are_enough() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,customer-17\n")
    found = read(emails(["a@example.com"]), suppressions=("gone.csv",))

    assert found.stopped == 1


def test_domains_beyond_the_bound_are_counted_together_and_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.Addresses.__init__, "__defaults__", (2,))
    found = read(emails(f"a@d{n}.example.com" for n in range(9)), resolver=ZoneResolver.from_text(ZONE))

    assert (found.addresses, found.unique, found.domains) == (9, 9, 3)
    assert found.mail == {"nxdomain": Tally(domains=2, addresses=2), "unasked": Tally(domains=1, addresses=7)}


def test_suppressions_that_cannot_be_read_are_no_suppressions() -> None:
    put("gone.csv", b"email\na@example.com\n" + b"x" * (5 << 20))

    with pytest.raises(ValueError, match="line-too-long"):
        read(emails(["a@example.com"]), suppressions=("gone.csv",))


def test_a_file_that_is_refused_is_counted_and_the_rest_goes_on() -> None:
    put("a.csv", b"\xd0\xcf\x11\xe0 a spreadsheet")
    troubles = Troubles()
    found = recipients(["a.csv", put("b.csv", b"a@example.com\n")], troubles=troubles)

    assert (found.files, found.refused, found.rows) == (1, 1, 1)
    assert troubles.by_reason == {"spreadsheet": 1}


NOBODY = {"reason": "550 5.1.1 no such user", "status": "5.1.1", "type": "bounce"}
DAY = 86_400


def sent(number: int, day: int, kind: str = "delivered", **more: Any) -> Iterator[dict[str, Any]]:
    """A message to a person on a day, and what came of it."""
    for step, name in enumerate(("processed", kind)):
        yield event(
            number,
            name,
            timestamp=T - (9 - day) * DAY + step,
            sg_event_id=f"{name}{number}-{day}",
            sg_message_id=f"m{number}-{day}",
            **(more if step else {}),
        )


def past() -> bytes:
    """400 people at Gmail: 8 are gone at once, 292 of the others get a second mail, of which 2 come back."""
    rows = [row for n in range(400) for row in sent(n, 1, *(("bounce",) if n < 8 else ()), **(NOBODY if n < 8 else {}))]
    rows += [
        row for n in range(8, 300) for row in sent(n, 2, *(("bounce",) if n < 10 else ()), **(NOBODY if n < 10 else {}))
    ]
    rows.append(event(50, "unsubscribe", timestamp=T - DAY, sg_event_id="u50", sg_message_id="m50-2"))
    rows.append(event(51, "spamreport", timestamp=T - DAY, sg_event_id="c51", sg_message_id="m51-2"))
    rows.append(event(52, "unsubscribe", timestamp=T - 3 * DAY, sg_event_id="u52", sg_message_id="m52-2"))
    rows.append(event(52, "group_resubscribe", timestamp=T - 2 * DAY, sg_event_id="s52", sg_message_id="m52-2"))
    rows.append(event(53, "spamreport", timestamp=T - 3 * DAY, sg_event_id="c53", sg_message_id="m53-2"))
    for number in (6, 53):  # gone, and who complained: both have subscribed since
        again = {"sg_event_id": f"s{number}", "sg_message_id": f"m{number}-1"}
        rows.append(event(number, "group_resubscribe", timestamp=T - 2 * DAY, **again))
    rows += sent(7, 3)  # gone, and there again
    return lines(rows)


def of_people(*numbers: int) -> str:
    return emails([f"Given.Name{number}@Gmail.com" for number in numbers])


@pytest.mark.parametrize("kept", [None, "kept.duckdb", "kept"])
def test_the_past_is_met_in_raw_events_and_in_a_store(kept: str | None) -> None:
    path = put("events.ndjson", past())
    if kept is not None:
        ingest([path], Path(kept), now=NOW)
        path = kept
    found = read(of_people(*range(100), *range(1000, 1900)), events=(path,), as_events=Asked(now=NOW))

    assert found.history is not None
    assert (found.history.people, found.history.dead, found.known_dead) == (400, 8, 8)
    assert (found.history.complained, found.history.unsubscribed, found.stopped) == (1, 1, 10)
    assert found.history.strata == (
        Stratum(provider="gmail", group="met", addresses=92, bounced=2, sent=292),
        Stratum(provider="gmail", group="new", addresses=900, bounced=8, sent=400),
    )
    assert from_observation(json.loads(json.dumps(to_observation(found)))) == found


def test_a_store_with_another_key_is_refused() -> None:
    ingest([put("events.ndjson", lines([event(1)]))], Path("kept"), now=NOW)

    with pytest.raises(ValueError, match="made with another key"):
        read(of_people(1), events=("kept",), key=b"of somebody else")


def test_the_key_is_in_no_trace_of_a_run() -> None:
    assert "of somebody" not in repr(Wanted(key=b"of somebody")) + repr(Given(key=b"of somebody"))


def test_a_store_whose_key_is_missing_is_refused() -> None:
    ingest([put("events.ndjson", lines([event(1)]))], Path("kept.duckdb"), now=NOW)
    Path("kept.duckdb.key").unlink()

    with pytest.raises(ValueError, match="key of this store is missing"):
        read(of_people(1), events=("kept.duckdb",))


def test_little_mail_to_a_provider_is_expected_by_that_to_all() -> None:
    rows = [row for n in range(150) for row in sent(n, 1)]
    rows += [row for n in range(90) for row in sent(n, 1, "bounce", **NOBODY, email=f"n{n}@naver.com")]
    found = read(emails([f"new{n}@naver.com" for n in range(10)]), events=(put("e.ndjson", lines(rows)),))

    assert found.history is not None
    assert found.history.strata == (Stratum(provider="other", group="new", addresses=10, bounced=90, sent=240),)


def test_who_is_gone_from_a_domain_that_is_gone_is_counted_once() -> None:
    rows = [row for n in range(3) for row in sent(n, 1, "bounce", **NOBODY, email=f"a{n}@gone.example.com")]
    found = read(
        emails(["a1@gone.example.com", "a9@gone.example.com", "a2@example.com"]),
        events=(put("e.ndjson", lines(rows)),),
        as_events=Asked(now=NOW),
        resolver=ZoneResolver.from_text(ZONE),
    )

    assert found.history is not None
    assert (found.history.dead, found.known_dead) == (1, 2)
    assert [one.addresses for one in found.history.strata] == [1]


def test_what_happens_later_is_not_known_yet() -> None:
    path = put("events.ndjson", past())
    then = datetime.fromtimestamp(T - 7.5 * DAY, UTC)
    found = read(of_people(*range(20)), events=(path,), as_events=Asked(now=then))

    assert found.history is not None
    assert (found.history.dead, found.history.complained, found.history.unsubscribed) == (8, 0, 0)
    assert found.history.end < then.isoformat()


def test_a_domain_that_was_not_there_is_as_bad_as_a_mailbox() -> None:
    nowhere = {"reason": "550 5.1.2 bad destination host, domain not found", "status": "5.1.2", "type": "bounce"}
    full = {"reason": "552 5.2.2 mailbox full", "status": "5.2.2", "type": "bounce"}
    rows = [row for n in range(5) for row in sent(n, 1, "bounce", **nowhere)]
    rows += [row for n in range(5, 9) for row in sent(n, 1, "bounce", **full)]
    found = read(emails(["new@gmail.com"]), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.history is not None
    assert [(one.bounced, one.sent) for one in found.history.strata] == [(5, 9)]


@pytest.mark.parametrize("kind", ["unsubscribe", "spamreport"])
def test_who_said_no_is_spared_also_where_the_mail_itself_is_not_in_the_events(kind: str) -> None:
    rows = [event(1, kind, timestamp=T, sg_event_id="n1", sg_message_id="m1")]
    found = read(of_people(1, 2), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.stopped == 1


def test_domains_of_no_provider_are_expected_by_the_mail_to_all() -> None:
    rows = [row for n in range(150) for row in sent(n, 1)]
    rows += [row for n in range(150) for row in sent(n, 1, "bounce", **NOBODY, email=f"n{n}@x.com")]
    found = read(emails(["new@y.com"]), events=(put("e.ndjson", lines(rows)),), as_events=Asked(now=NOW))

    assert found.history is not None
    assert found.history.strata == (Stratum(provider="other", group="new", addresses=1, bounced=150, sent=300),)


@given(
    st.integers(0, 50), st.lists(st.tuples(st.integers(1, 500), st.integers(0, 30), st.integers(30, 900)), min_size=1)
)
def test_the_interval_of_the_sum_holds_its_parts(dead: int, parts: list[tuple[int, int, int]]) -> None:
    strata = tuple(Stratum(provider="x", group="new", addresses=a, bounced=b, sent=n) for a, b, n in parts)
    addresses = dead + sum(a for a, _, _ in parts)
    value, low, high = expected(dead, addresses, strata, 0.95)

    assert 0 <= low <= value <= high <= 1
    assert low >= dead / addresses
    if len(parts) == 1 and dead < value * addresses:
        # never narrower than what is not known of the rate alone
        wide = wilson(parts[0][1], parts[0][2])
        assert low <= (dead + parts[0][0] * wide[0]) / addresses + 1e-12
        assert high >= min(1.0, (dead + parts[0][0] * wide[1]) / addresses) - 1e-12


@pytest.mark.parametrize(
    ("known", "addresses", "least"), [(100_000, 300, 0.92), (2_000, 300, 0.92), (2_000, 3_000, 0.92)]
)
def test_what_bounces_falls_into_the_interval_about_as_often_as_it_says(
    known: int, addresses: int, least: float
) -> None:
    """Seeded senders: the rates of three strata are drawn, then a history, and then a list at the same rates."""
    source = random.Random(20261122)

    def bounced(of: int, rate: float) -> int:
        if of * rate > 100:
            return round(source.gauss(of * rate, (of * rate * (1 - rate)) ** 0.5))
        return sum(source.random() < rate for _ in range(of))

    inside = 0
    for _ in range(300):
        rates = [(source.uniform(0.002, 0.006), "met"), (source.uniform(0.02, 0.06), "new"), (0.03, "new")]
        strata = tuple(
            Stratum(provider="x", group=group, addresses=addresses, bounced=bounced(known, rate), sent=known)
            for rate, group in rates
        )
        _, low, high = expected(7, 3 * addresses + 7, strata, 0.95)
        inside += low <= (7 + sum(bounced(addresses, rate) for rate, _ in rates)) / (3 * addresses + 7) <= high
    assert least <= inside / 300 <= 0.995


def test_a_part_of_which_nothing_is_known_may_be_all_or_nothing() -> None:
    assert expected(0, 100, (Stratum(provider="x", group="met", addresses=100, bounced=0, sent=0),), 0.95) == (0, 0, 1)


# written back ---------------------------------------------------------------------------------------------------------

ROWS = (
    'name,email,note\n"Kim, M.",a@example.com,=1+1\nLee,A@example.com,\nPark,info@example.com,\n'
    "Choi,a@null.example.com,\nNo,no address,x\n,,\nShort\nLong,b@example.com,x,y\n"
)


def written(text: str, name: str, **wanted: Any) -> tuple[RecipientsFacts, list[str]]:
    found = read(text, clean=Path(name), **wanted)
    return found, Path(name).read_text(encoding="utf-8").splitlines()


def test_all_rows_and_all_columns_are_written_back_with_a_reason() -> None:
    found, text = written(ROWS, "out.csv", resolver=ZoneResolver.from_text(ZONE))

    assert list(csv.reader(text)) == [
        ["name", "email", "note", "deliv_reason"],
        ["Kim, M.", "a@example.com", "=1+1", ""],
        ["Lee", "A@example.com", "", "repeated"],
        ["Park", "info@example.com", "", "role"],
        ["Choi", "a@null.example.com", "", "domain-takes-no-mail"],
        ["No", "no address", "x", "invalid:no-at-sign"],
        ["", "", "", "empty"],
        ["Short", "", "", "unreadable:too-few-columns"],
        ["Long", "b@example.com", "x", "", "y"],
    ]
    assert (found.rows, found.cleaned) == (8, 6)


def test_rows_of_a_table_are_written_as_json_lines() -> None:
    _, text = written(ROWS, "out.ndjson")

    assert [json.loads(line) for line in text[:2]] == [
        {"deliv_reason": "", "name": "Kim, M.", "email": "a@example.com", "note": "=1+1"},
        {"deliv_reason": "repeated", "name": "Lee", "email": "A@example.com", "note": ""},
    ]
    assert len(text) == 8


def test_objects_keep_their_own_text() -> None:
    raw = '{"email": "a@example.com", "price": 1.10}\n{"email":"x"}\n{}\nbroken\n'
    _, text = written(raw, "out.ndjson")

    assert text[0] == '{"email": "a@example.com", "price": 1.10, "deliv_reason": ""}'
    assert [json.loads(line) for line in text[1:]] == [
        {"deliv_reason": "invalid:no-at-sign", "email": "x"},
        {"deliv_reason": "empty"},
        {"deliv_reason": "unreadable:not-json", "deliv_row": "broken"},
    ]


def test_rows_that_were_written_before_keep_what_was_said_of_them_then() -> None:
    raw = '{"email": "x", "deliv_reason": "invalid:mine"}\n{"email": "x", "deliv\\u005freason": 1}\n'
    _, text = written(raw, "out.ndjson")

    assert [json.loads(line, object_pairs_hook=list) for line in text] == [
        [("email", "x"), ("deliv_reason", "invalid:mine"), ("deliv_reason_", "invalid:no-at-sign")],
        [("email", "x"), ("deliv_reason", 1), ("deliv_reason_", "invalid:no-at-sign")],
    ]
    _, text = written("email,deliv_reason\nx@x.com,old\n", "out.csv")
    assert text == ["email,deliv_reason,deliv_reason_", "x@x.com,old,"]


def test_columns_of_one_name_are_told_apart() -> None:
    _, text = written("email,,tag,tag,,5\na@x.com,1,2,3,4,5,6\nb@x.com,1\n", "out.ndjson")

    assert [json.loads(line) for line in text] == [
        {"email": "a@x.com", "2": "1", "tag": "2", "tag_": "3", "5": "4", "5_": "5", "7": "6", "deliv_reason": ""},
        {"email": "b@x.com", "2": "1", "deliv_reason": ""},
    ]


def test_what_a_spreadsheet_wrote_is_written_for_a_spreadsheet() -> None:
    put("list.csv", 'sep=;\r\nName;E-Mail\r\nMüller;a@x.com\r\n"J;\rK";b@x.com\r\n'.encode("cp1252"))
    found = recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert (found.rows, found.addresses, found.columns) == (2, 2, ("E-Mail",))
    wanted = '\ufeffsep=;\r\nName;E-Mail;deliv_reason\r\nMüller;a@x.com;\r\n"J;\rK";b@x.com;\r\n'
    assert Path("out.csv").read_bytes().decode() == wanted


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_mark_is_kept(mark: bytes) -> None:
    put("list.csv", mark + b"email\na@x.com\n")
    recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert Path("out.csv").read_bytes() == mark + b"email,deliv_reason\na@x.com,\n"


def test_a_line_that_declares_the_delimiter_is_no_row() -> None:
    assert recipients([put("list.csv", b"sep=|\n")]).rows == 0
    assert read("SEP=|\na,1|a@x.com\nb,2|b@x.com\n").addresses == 2


def test_a_quoted_column_is_read_as_what_it_says() -> None:
    found, text = written('"email"\n"a@x.com"\n"""Kim"" b@x.com"\n', "out.csv")

    assert (found.columns, found.addresses, found.invalid) == (("email",), 1, 1)
    assert text == ["email,deliv_reason", "a@x.com,", '"""Kim"" b@x.com",invalid:space']


def test_a_list_without_a_head_and_in_another_encoding_is_written_in_utf_8() -> None:
    put("list.csv", "김,a@example.com\n이,b@example.com\n".encode("euc-kr"))
    recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert Path("out.csv").read_bytes() == "김,a@example.com,\n이,b@example.com,\n".encode("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "said"),
    [("list.csv", "is the list itself"), ("out.xlsx", "names no format")],
)
def test_nothing_is_written_where_it_cannot_be(name: str, said: str) -> None:
    with pytest.raises(CannotWrite, match=said):
        read(emails(["a@example.com"]), clean=Path(name))


@pytest.mark.parametrize("kind", ["suppressions", "events", "disposable"])
def test_what_a_list_is_held_against_is_not_written_over(kind: str) -> None:
    put("kept.csv", b"email\na@example.com\n")
    Path("link.csv").symlink_to("kept.csv")

    with pytest.raises(CannotWrite, match="is one of the inputs itself"):
        read(
            emails(["a@example.com"]),
            clean=Path("link.csv"),
            **{kind: "kept.csv" if kind == "disposable" else ("x", "kept.csv")},
        )


def test_a_list_that_is_broken_off_is_not_written() -> None:
    text = "email\na@example.com\n" + "x" * (5 << 20)

    with pytest.raises(CannotWrite, match="not one list that could be read to its end"):
        read(text, clean=Path("out.csv"))
    assert not Path("out.csv").exists()


def meddle() -> None:
    put("list.csv", Path("list.csv").read_bytes() + b"late@example.com\n")


class Meddling:
    """A resolver that adds a row to the list while it is read."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        meddle()
        return Answer(name=name, rdtype=rdtype, status=Status.NXDOMAIN)


def test_a_list_that_changes_while_it_is_read_is_not_written() -> None:
    with pytest.raises(CannotWrite, match="changed while it was read"):
        read(emails(["a@example.com"]), clean=Path("out.csv"), resolver=Meddling())
    assert not Path("out.csv").exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.sampled_from(
    ["a@x.com", "=1+1", "\r", "a\rb", "a\r\nb", '"', '""', " ", "\t", ";", ",", "\0", "\x85", "\u2028", "김"]
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


@given(
    st.lists(st.lists(TEXT, max_size=4), max_size=8),
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.sampled_from(ENCODINGS),
)
@settings(max_examples=60, deadline=None)
def test_rows_in_are_rows_out(rows: list[list[str]], by: str, has_head: bool, encoding: str) -> None:
    """Every cell of every row, in its order: with the reason taken out, all that was added is empty cells."""
    table = [*([["id", "email"]] if has_head else []), *[["0", "a@x.com"]] * 9, *(row for row in rows if row)]
    with Path("list.csv").open("w", encoding=encoding, newline="") as out:
        csv.writer(out, delimiter=by, quoting=csv.QUOTE_ALL).writerows(table)
    found = recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.reader(file, delimiter=by))
    assert [row[:2] + row[3:] for row in back] == [[*row, *[""] * (2 - len(row))] for row in table]
    assert len(back) == found.rows + has_head


@given(
    st.lists(
        st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2), max_size=3), max_size=6
    )
)
@settings(max_examples=25, deadline=None)
def test_objects_in_are_objects_out(objects: list[dict[str, Any]]) -> None:
    objects = [{"email": "a@x.com"}, *objects]
    Path("list.ndjson").write_text("".join(json.dumps(one) + "\n" for one in objects))
    recipients(["list.ndjson"], Wanted(clean=Path("out.ndjson")))

    back = [json.loads(line) for line in Path("out.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [{key: value for key, value in one.items() if key != "deliv_reason"} for one in back] == objects


class Silent:
    """A resolver that never answers."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError(name)


def test_dns_that_is_silent_ends_with_its_time() -> None:
    found = read(emails(f"a@d{n}.example" for n in range(300)), resolver=Silent(), seconds=0.05)

    assert found.looked
    assert found.mail == {"unknown": Tally(domains=300, addresses=300)}


def test_a_live_resolver_is_asked_and_closed() -> None:
    async def serve(ready: threading.Event, done: threading.Event, address: list[str]) -> None:
        async with Nameserver(ZoneResolver.from_text(ZONE)) as server:
            address.append(server.address)
            ready.set()
            await asyncio.to_thread(done.wait)

    ready, done, address = threading.Event(), threading.Event(), list[str]()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, done, address)))
    thread.start()
    try:
        assert ready.wait(20)
        live = LiveResolver(address)
        found = read(emails(["a@example.com", "a@null.example.com", "b@none.example.com"]), resolver=live)
    finally:
        done.set()
        thread.join()

    assert {name: one.addresses for name, one in found.mail.items()} == {"mx": 1, "null_mx": 1, "nxdomain": 1}
