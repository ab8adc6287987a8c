"""Counts that were made elsewhere: each row whole or refused with its line, whatever stands in the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deliverability import campaign_rows
from deliverability.campaign_rows import HELP, read_rows
from deliverability.campaign_tables import read_table, read_tables
from deliverability.compare.campaigns import COLUMNS, COUNTS, Table, total
from deliverability.events.sources.generic import generic_source
from deliverability.intake.paths import MissingPath
from deliverability.intake.trouble import Troubles
from deliverability.rates import Asked, NotACount
from support.sending import lines, put

HEAD = "campaign,date,provider,sent,delivered,opened,opened_machine,clicked"
ROW = "letter-1,2026-08-04,gmail,100,90,20,5,3"
BOTH = f"{HEAD}\n{ROW}\nletter-1,2026-08-04,apple,50,45,30,20,1\n"

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: str | bytes, name: str = "rows.csv", **asked: Any) -> tuple[Table, Troubles]:
    troubles = Troubles()
    octets = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return read_rows([put(name, octets)], troubles, **asked), troubles


def good(content: str | bytes, name: str = "rows.csv", **asked: Any) -> Table:
    """The table of a file that has to be read without loss."""
    table, troubles = read(content, name, **asked)
    assert troubles.count == 0, troubles.examples
    return table


def refused(*rows: str, head: str = HEAD) -> list[tuple[int | None, str]]:
    """Line and reason of what is refused of a file with these rows after one that is good."""
    table, troubles = read("\n".join([head, ROW, *rows, ""]))
    assert total(table.cells, "sent") == 100
    assert table.bad == troubles.count
    return [(bad.line, bad.reason) for bad in troubles.examples]


# what a row says -----------------------------------------------------------------------------------------------------


def test_a_row_is_a_cell() -> None:
    table = good(BOTH)
    assert [(cell.campaign, cell.day, cell.provider, cell.sent) for cell in table.cells] == [
        ("letter-1", date(2026, 8, 4), "apple", 50),
        ("letter-1", date(2026, 8, 4), "gmail", 100),
    ]
    last = table.cells[1]
    assert (last.delivered, last.opened, last.opened_machine, last.clicked, last.complained) == (90, 20, 5, 3, 0)
    assert table.columns == {"provider", "sent", "delivered", "opened", "opened_machine", "clicked"}
    assert (table.kind, table.window, table.horizon, table.rows) == (
        "campaign rows",
        ("2026-08-04", "2026-08-04"),
        None,
        2,
    )


def test_the_example_of_the_help_can_be_read() -> None:
    example = [line.strip() for line in HELP.splitlines() if line.count(",") > 4]
    assert total(good("\n".join(example)).cells, "sent") == 37_500
    assert set(COLUMNS) | set(COUNTS) | {"auth_rejected"} <= set(re.split(r"[\s,:;]+", HELP))


def test_every_optional_column_is_kept() -> None:
    head = f"{HEAD},complained,bounced,opened_unknown,segment,arm,stream,country,domain,auth_rejected"
    table = good(f"{head}\n{ROW},1,10,2,new,b,marketing,de,shop.example,5.7.26=4 5.7.515=2\n")
    (cell,) = table.cells
    assert table.columns == {*COLUMNS, *COUNTS}
    assert (cell.complained, cell.bounced, cell.opened_unknown) == (1, 10, 2)
    named = (cell.segment, cell.arm, cell.stream, cell.country, cell.domain)
    assert named == ("new", "b", "marketing", "DE", "shop.example")
    assert cell.auth_rejected == {"5.7.26": 4, "5.7.515": 2}


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("7", {"": 7}),
        ("5.7.26: 7", {"5.7.26": 7}),
        ("5.7.26=3;5.7.26=4", {"5.7.26": 7}),
        ("5.7.26=3, 5.7.1=1", {"5.7.1": 1, "5.7.26": 3}),
        ("", {}),
    ],
)
def test_refusals_may_be_written_in_several_ways(written: str, wanted: dict[str, int]) -> None:
    assert good(f'{HEAD},auth_rejected\n{ROW},"{written}"\n').cells[0].auth_rejected == wanted


@pytest.mark.parametrize(
    "written", ["x", "5.7.26=-1", "9.9.9=1", "5.7.26=", " ".join(["5.7.26=1"] * 21), "1e5", "5.7.26=1" + " " * 900_000]
)
def test_refusals_that_are_none(written: str) -> None:
    table, troubles = read(f'{HEAD},auth_rejected\n{ROW},"{written}"\n')
    assert table.cells == ()
    assert troubles.by_reason == {"not-codes": 1}


@pytest.mark.parametrize(
    "head",
    [
        "Campaign Name,Day,Mailbox-Provider,Sends,Deliveries,Opens,Machine Opens,Clicks",
        "campaign_id,send_date,provider,sent,delivered,unique_opens,machine_opens,unique_clicks",
        "CAMPAIGN, DATE ,PROVIDER,SENT,DELIVERED,OPENED,OPENED_MACHINE,CLICKED",
    ],
)
def test_other_heads_that_mean_nothing_else_are_known(head: str) -> None:
    assert good(BOTH.replace(HEAD, head)) == good(BOTH)


def test_our_own_head_comes_before_another() -> None:
    (cell,) = good(f"{HEAD},opens\n{ROW},99\n").cells
    assert cell.opened == 20


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("gmail", "gmail"),
        ("GMAIL.COM", "gmail"),
        ("googlemail.com", "gmail"),
        ("Outlook.com", "microsoft"),
        ("hotmail", "microsoft"),
        ("Apple iCloud", "apple"),
        ("me.com.", "apple"),
        ("Others", "other"),
        ("Corporate", "corporate"),
        ("", "unknown"),
    ],
)
def test_a_provider_is_known_by_its_id_its_name_and_its_domains(written: str, wanted: str) -> None:
    assert good(BOTH.replace("gmail", written).replace("apple", "x-other")).cells[0].provider == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("2026-08-04T23:30:00", date(2026, 8, 4)),
        ("2026-08-04 23:30:00-05:00", date(2026, 8, 5)),
        ("2026-08-04T00:30:00+02:00", date(2026, 8, 3)),
        ("", None),
    ],
)
def test_a_time_is_the_day_that_it_is_in_utc(written: str, wanted: date | None) -> None:
    table = good(BOTH.replace("2026-08-04", written))
    assert {cell.day for cell in table.cells} == {wanted}
    assert table.undated == (wanted is None)


def test_a_count_may_have_a_fraction_of_nought() -> None:
    assert good(BOTH.replace(",100,", ",100.0,")) == good(BOTH)


# the unit ------------------------------------------------------------------------------------------------------------


def _days(*days: int, campaign: str = "a") -> str:
    rows = [f"{campaign},2026-08-{day:02},gmail,10,9,3,1,0" for day in days]
    return "\n".join([HEAD, *rows, ""])


def test_a_campaign_of_some_days_is_one_of_its_first() -> None:
    (cell,) = good(_days(7, 4, 5)).cells
    assert (cell.campaign, cell.day, cell.sent, cell.opened) == ("a", date(2026, 8, 4), 30, 9)


@pytest.mark.parametrize(
    ("change", "units"),
    [
        (4, ["a"]),
        (5, ["a 2026-08-04", "a 2026-08-05", "a 2026-08-07"]),
        (7, ["a 2026-08-04", "a 2026-08-05", "a 2026-08-07"]),
        (8, ["a"]),
    ],
)
def test_a_campaign_that_a_change_came_into_is_one_a_day(change: int, units: list[str]) -> None:
    table = good(_days(7, 4, 5), changes=[date(2026, 8, change)])

    assert [cell.campaign for cell in table.cells] == units
    assert ["sent before and after a change" in note for note in table.notes] == [True] * (len(units) > 1)


def test_a_campaign_of_many_days_is_one_a_day() -> None:
    table = good(_days(4, 5, 9))
    assert [(cell.campaign, str(cell.day), cell.sent) for cell in table.cells] == [
        (f"a 2026-08-0{day}", f"2026-08-0{day}", 10) for day in (4, 5, 9)
    ]
    assert [note for note in table.notes if "sent over more than 3 days" in note]


def test_without_campaigns_each_date_is_one() -> None:
    table = good("date,sent,delivered\n2026-08-04,10,9\n2026-08-05,20,19\n")
    assert [(cell.campaign, cell.sent) for cell in table.cells] == [("2026-08-04", 10), ("2026-08-05", 20)]
    assert [note for note in table.notes if "no campaign" in note]


def test_only_days_that_were_asked_for_are_kept() -> None:
    table = good(_days(4, 14, 24) + "b,,gmail,1,1,1,0,0\n", since=date(2026, 8, 5), until=date(2026, 8, 14))
    assert [str(cell.day) for cell in table.cells] == ["2026-08-14"]
    assert [note for note in table.notes if note.startswith("3 rows lie outside")]


def test_files_lie_side_by_side_and_a_column_that_not_all_have_is_left_aside() -> None:
    paths = [put("a.csv", BOTH.encode()), put("b.csv", b"campaign,date,provider,sent\nb,2026-08-11,gmail,7\n")]
    table = read_rows(paths)
    assert total(table.cells, "sent") == 157
    assert table.columns == {"provider", "sent"}
    assert [note for note in table.notes if "clicked, delivered, opened, opened_machine" in note]


def test_days_of_flags_are_those_of_machine_opens() -> None:
    rows = ["a,2026-08-04,gmail,9,9,3,0,0", "b,2026-08-11,gmail,9,9,3,1,0", "c,2026-08-18,gmail,9,9,0,0,0"]
    assert good("\n".join([HEAD, *rows])).flagged == {"gmail": ("2026-08-11", "2026-08-11", "2026-08-04", "2026-08-11")}
    counted = [f"{row},{3 if row[0] == 'b' else 0}" for row in rows if row[0] != "c"]
    table, _ = read("\n".join([f"{HEAD},opened_unknown", counted[0], counted[1].replace(",1,0,3", ",0,0,3")]))
    assert table.flagged == {"gmail": ("2026-08-04", "2026-08-04", "2026-08-04", "2026-08-11")}
    assert good("campaign,date,sent,opened\na,2026-08-04,9,3\n").flagged == {}


def test_an_empty_machine_column_is_a_flag_that_is_not_known() -> None:
    table = good(f"{HEAD}\n{ROW}\nb,2026-08-11,gmail,100,90,20,,3\n")
    assert [(cell.opened_machine, cell.opened_unknown) for cell in table.cells] == [(5, 0), (0, 20)]
    assert "opened_unknown" in table.columns
    assert table.flagged == {"gmail": ("2026-08-04", "2026-08-04", "2026-08-04", "2026-08-11")}


# rows that are none --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("b,2026-08-04,gmail,-1,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,nan,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,1e400,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,inf,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,1.5,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,9999999999999,0,0,0,0", "not-a-count"),
        ("b,2026-08-04,gmail,١٢,0,0,0,0", "not-a-count"),
        ('b,2026-08-04,gmail,"1,000",0,0,0,0', "not-a-count"),
        ("b,2026-08-04,gmail,,0,0,0,0", "no-count"),
        ("b,2026-08-04,gmail,10,,0,0,0", "no-count"),
        ("b,2026-08-04,gmail,10,11,0,0,0", "delivered-above-sent"),
        ("b,2026-08-04,gmail,10,10,11,0,0", "opened-above-sent"),
        ("b,2026-08-04,gmail,10,10,1,0,11", "clicked-above-sent"),
        ("b,2026-08-04,gmail,10,10,3,4,0", "machine-above-opened"),
        ("b,04.08.2026,gmail,10,10,1,0,0", "not-a-date"),
        ("b,08/04/2026,gmail,10,10,1,0,0", "not-a-date"),
        ("b,2026-8-4,gmail,10,10,1,0,0", "not-a-date"),
        ("b,20260804,gmail,10,10,1,0,0", "not-a-date"),
        ("b,2026-W32-2,gmail,10,10,1,0,0", "not-a-date"),
        ("b,2026-02-30,gmail,10,10,1,0,0", "not-a-date"),
        ("b,0001-01-01T00:00+14:00,gmail,10,10,1,0,0", "not-a-date"),
        ("b,9999-12-31,gmail,10,10,1,0,0", "not-a-date"),
        (",,gmail,10,10,1,0,0", "no-campaign"),
        (f"{'b' * 501},2026-08-04,gmail,10,10,1,0,0", "name-too-long"),
        ("b,2026-08-04,gmail,10,10,1,0", "wrong-number-of-columns"),
        ("b,2026-08-04,gmail,10,10,1,0,0,0", "wrong-number-of-columns"),
        (f"{'b' * 1_100_000},2026-08-04,gmail,10,10,1,0,0", "not-csv"),
        (ROW, "duplicate-row"),
        (ROW.replace(",100,", ",99,").replace("gmail", "Gmail.com"), "duplicate-row"),
        ("b,2026-08-04,\0,1,\0,1,0,0", "not-a-count"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_line(row: str, reason: str) -> None:
    assert refused(row) == [(3, reason)]


def test_opens_by_machines_and_by_nobody_known_are_parts_of_all() -> None:
    table, troubles = read(f"{HEAD},opened_unknown\n{ROW},15\nb{ROW},16\n")
    assert [cell.opened_unknown for cell in table.cells] == [15]
    assert troubles.by_reason == {"machine-above-opened": 1}


def test_the_rows_after_a_bad_one_are_read() -> None:
    table, troubles = read(f'{HEAD}\n{ROW}\nb,2026-08-04,"open quote,1,1,1,0,0\nc,2026-08-04,gmail,7,7,1,0,0\n')
    assert counts(table) == {"letter-1": 100, "c": 7}
    assert [bad.line for bad in troubles.examples] == [3]


def counts(table: Table) -> dict[str, int]:
    return {cell.campaign: cell.sent for cell in table.cells}


def test_what_is_no_campaign_row_is_refused_as_a_file() -> None:
    for name, content in {
        "a.csv": b"campaign,date,delivered\na,2026-08-04,1\n",
        "b.csv": b"sent,delivered\n1,1\n",
        "c.csv": b"email,campaign,sent\nx@y.example,a,1\n",
        "d.bin": bytes(range(256)) * 100,
        "e.ndjson": b'{"event": "open", "campaign": "a"}\n',
        "f.parquet": b"PAR1 and no more",
        "g.gz": gzip.compress(BOTH.encode())[:30],
    }.items():
        table, troubles = read(content, name)
        assert (table.cells, troubles.count, table.bad) == ((), 1, 1), name
        assert troubles.files[0].file == name


@pytest.mark.parametrize("content", ["", "\n\n", HEAD, f"{HEAD}\n"])
def test_nothing_is_no_trouble(content: str) -> None:
    assert good(content).cells == ()


def test_an_address_stands_nowhere() -> None:
    text = f"{HEAD},segment\n" + "to anna@gmail.com,2026-08-04,ben@x.example,10,9,1,0,0,eva@y.example\n" * 2
    table, troubles = read(text + "x,anna@gmail.com,gmail,1,1,1,0,0,x\n")
    shown = repr(table) + repr(troubles.examples)
    for name in ("anna@", "ben@", "eva@"):
        assert name not in shown
    assert troubles.by_reason == {"duplicate-row": 1, "not-a-date": 1}


def test_too_many_rows_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_rows, "MAX_ROWS", 1)
    with pytest.raises(NotACount, match="more than 1 campaign rows"):
        read(BOTH)


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingPath, match="nowhere"):
        read_rows(["nowhere.csv"])


# forms ---------------------------------------------------------------------------------------------------------------


def _rows() -> list[Row]:
    return [{name: value or None for name, value in row.items()} for row in csv.DictReader(io.StringIO(BOTH))]


def _numbers() -> list[Row]:
    return [{name: int(value) if value.isdigit() else value for name, value in row.items()} for row in _rows()]


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("some/rows.csv", content)
    return packed.getvalue()


def _parquet(query: str) -> bytes:
    put("source.csv", BOTH.encode())
    duckdb.execute(f"COPY ({query}) TO 'made.parquet' (FORMAT parquet)")
    return Path("made.parquet").read_bytes()


def _forms() -> dict[str, bytes]:
    plain = BOTH.encode()
    return {
        "crlf": BOTH.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + plain,
        "utf-16": BOTH.encode("utf-16"),
        "semicolons": BOTH.replace(",", ";").encode(),
        "tabs": BOTH.replace(",", "\t").encode(),
        "quoted": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in BOTH.split()).encode(),
        "gz": gzip.compress(plain),
        "zst": zstandard.compress(plain),
        "zip": _zipped(plain),
        "ndjson": lines(_numbers()),
        "json": json.dumps(_numbers(), indent=1).encode(),
        "json of texts": json.dumps(_rows()).encode(),
        "parquet": _parquet("FROM read_csv('source.csv')"),
        "parquet of texts": _parquet("FROM read_csv('source.csv', all_varchar=true)"),
        "parquet of fractions": _parquet("SELECT * REPLACE (CAST(sent AS DOUBLE) AS sent) FROM read_csv('source.csv')"),
        "parquet.gz": gzip.compress(_parquet("FROM read_csv('source.csv')")),
    }


FORMS = (
    *("crlf", "bom", "utf-16", "semicolons", "tabs", "quoted", "gz", "zst", "zip", "ndjson", "json", "json of texts"),
    *("parquet", "parquet of texts", "parquet of fractions", "parquet.gz"),
)


@pytest.mark.parametrize("form", FORMS)
def test_the_form_changes_nothing(form: str) -> None:
    assert good(_forms()[form], "some rows") == good(BOTH)


# which files hold rows -----------------------------------------------------------------------------------------------


def _event(kind: str, day: int, message: str) -> Row:
    at = f"2026-09-{day:02}T08:00:00Z"
    return {"type": kind, "ts": at, "recipient": "anna@gmail.com", "message_id": message, "campaign": f"c{message}"}


EVENTS = lines(
    [_event(kind, day, str(day)) for day in (1, 8) for kind in ("sent", "delivered")] + [_event("opened", 28, "8")]
)


def test_the_sides_may_differ_in_kind() -> None:
    before, after = read_tables([put("a.csv", BOTH.encode())], [put("b.ndjson", EVENTS)])
    assert after is not None
    assert (before.kind, after.kind) == ("campaign rows", "events")
    assert (before.horizon, after.horizon) == (None, 168)
    assert "other side is events" in before.notes[-1]
    assert "other side is campaign rows" in after.notes[-1]


def test_both_kinds_on_one_side_are_refused_in_a_line() -> None:
    paths = [put("a.csv", BOTH.encode()), put("b.ndjson", EVENTS)]
    with pytest.raises(NotACount, match="lie together"):
        read_table(paths)


@pytest.mark.parametrize("form", ["gz", "parquet", "utf-16", "ndjson"])
def test_what_holds_rows_is_told_from_what_is_in_it(form: str) -> None:
    table = read_table([put("folder/anything", _forms()[form]), put("folder/empty", b"")][:1])
    assert (table.kind, total(table.cells, "sent")) == ("campaign rows", 150)


def test_files_of_a_source_of_the_user_s_own_hold_events() -> None:
    own = generic_source({"type": "what", "ts": "date", "recipient": "customer"}, name="crm")
    text = "campaign,date,what,customer,sent\na,2026-09-01T08:00:00Z,delivered,anna@gmail.com,x\n"
    text += "a,2026-09-20T08:00:00Z,unsubscribed,ben@gmail.com,x\n"
    path = [put("crm.csv", text.encode())]
    for asked in (Asked(sources={"crm": own}), Asked(sources={"crm": own}, source="crm")):
        table = read_table(path, asked)
        assert (table.kind, total(table.cells, "delivered")) == ("events", 1)


def test_what_deliv_counted_itself_can_be_read() -> None:
    from click.testing import CliRunner

    from deliverability.cli.rates import command

    put("b.ndjson", EVENTS)
    CliRunner().invoke(
        command, ["b.ndjson", "--by", "campaign,day,provider", "-o", "rates.csv"], catch_exceptions=False
    )
    assert counts(read_table(["rates.csv"])) == {"c1": 1, "c8": 1}


@pytest.mark.parametrize(("content", "kind"), [(BOTH.encode(), "campaign rows"), (EVENTS, "events")])
@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_standard_input_is_told_apart_as_well(
    content: bytes, kind: str, wrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(wrap(content)))

    monkeypatch.setattr(sys, "stdin", Stdin())
    table = read_table(["-"], Asked())
    assert table.kind == kind
    assert total(table.cells, "sent") == (150 if kind == "campaign rows" else 2)


def test_a_span_without_a_day_is_refused() -> None:
    with pytest.raises(NotACount, match="no day is both"):
        read_table([put("a.csv", BOTH.encode())], Asked(since=date(2026, 9, 1), until=date(2026, 8, 1)))


# whatever is written -------------------------------------------------------------------------------------------------

COUNT = st.integers(0, 1000)
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0@\uff20%\\"), max_size=20)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    sent = draw(COUNT)
    opened = draw(st.integers(0, sent))
    return {
        "campaign": "c" + draw(TEXT),
        "date": (date(2026, 1, 1) + timedelta(draw(st.integers(0, 300)))).isoformat(),
        "provider": draw(st.sampled_from(["gmail", "microsoft", "apple", "other"])),
        "sent": sent,
        "delivered": draw(st.integers(0, sent)),
        "opened": opened,
        "opened_machine": draw(st.integers(0, opened)),
        "clicked": draw(st.integers(0, sent)),
    }


def _csv(made: Sequence[Row]) -> bytes:
    out = io.StringIO()
    writer: csv.DictWriter[Any] = csv.DictWriter(out, HEAD.split(","))
    writer.writeheader()
    writer.writerows(made)
    return out.getvalue().encode()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rows(), max_size=20, unique_by=lambda row: (row["campaign"].strip(), row["date"], row["provider"])))
def test_nothing_that_is_right_is_lost(made: list[Row]) -> None:
    for content in (_csv(made), lines(made)):
        table = good(content)
        for name in ("sent", "delivered", "opened", "opened_machine", "clicked"):
            assert total(table.cells, name) == sum(row[name] for row in made)
        keys = [(cell.campaign, cell.day, cell.provider) for cell in table.cells]
        assert len(set(keys)) == len(keys)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(BOTH.splitlines()), st.text(max_size=40), st.just('"')), max_size=8),
    st.binary(max_size=20),
)
def test_whatever_is_written_is_counted_or_refused(some: list[str], octets: bytes) -> None:
    content = "\n".join([HEAD, *some]).encode("utf-8", "surrogatepass") + octets
    table, troubles = read(content)
    assert table.bad == troubles.count
    for cell in table.cells:
        assert 0 <= cell.opened_machine <= cell.opened <= cell.sent
        assert cell.delivered <= cell.sent


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(HEAD.split(",")),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=3,
        ),
    )
)
def test_whatever_a_row_of_json_holds_is_counted_or_refused(row: Row) -> None:
    content = lines(_numbers()) + json.dumps({"sent": 1, "campaign": "x", **row}).encode() + b"\n"
    table, troubles = read(content)
    assert table.rows == 3
    assert total(table.cells, "sent") >= 150
    assert troubles.count <= 1
