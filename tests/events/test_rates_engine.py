"""Events into counts: exactly those of a plain count, however the rows are wrapped; and what each case counts as."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from deliverability.events.engine import open_engine
from deliverability.plain import dumps_by_line
from deliverability.rates import Asked, pieces, rates
from support.shared import shared

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVENTS = 50_000
A_SMALL_FILE = 2_000
BY = ("day", "domain", "campaign")

Row = dict[str, Any]
Counted = dict[tuple[str, ...], Row]


# against a plain count ---------------------------------------------------------------------------------------------


def _script(name: str) -> Path:
    return shared("bench", name)


def _generated(path: Path) -> Path:
    command = [sys.executable, str(_script("gen_events.py")), "--seed", "11", "--events", str(EVENTS)]
    subprocess.run([*command, "--out", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _generated(tmp_path_factory.mktemp("plain") / "events.ndjson")


@pytest.fixture(scope="module")
def truth(plain: Path) -> Counted:
    """What the shared data's own reference counts, which holds everything in memory and knows no SQL."""
    spec = importlib.util.spec_from_file_location("count_events", _script("count_events.py"))
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    with plain.open(encoding="ascii") as lines:
        return dict(reference.count(lines))


def _zipped(plain: Path, folder: Path) -> Path:
    path = folder / "events.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "october/events.ndjson")
    return path


def _split(plain: Path, folder: Path) -> Path:
    """A folder of small files, in folders, every other one compressed."""
    lines = plain.read_bytes().splitlines(keepends=True)
    for number, start in enumerate(range(0, len(lines), A_SMALL_FILE)):
        path = folder / "split" / str(number % 3) / f"{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(lines[start : start + A_SMALL_FILE])
        path.write_bytes(gzip.compress(data) if number % 2 else data)
    return folder / "split"


def _parquet(plain: Path, folder: Path) -> Path:
    path = folder / "events.parquet"
    duckdb.execute(f"COPY (FROM read_json('{plain}', format='newline_delimited')) TO '{path}' (FORMAT parquet)")
    return path


def _written(name: str, wrap: Callable[[bytes], bytes]) -> Callable[[Path, Path], Path]:
    def write(plain: Path, folder: Path) -> Path:
        path = folder / name
        path.write_bytes(wrap(plain.read_bytes()))
        return path

    return write


WRAPPINGS: dict[str, Callable[[Path, Path], Path]] = {
    "ndjson": lambda plain, _: plain,
    "json": lambda _, folder: _generated(folder / "events.json"),
    "csv": lambda _, folder: _generated(folder / "events.csv"),
    "run together": _written("events.txt", lambda data: data.replace(b"\n", b"")),
    "gz": _written("events.gz", gzip.compress),
    "zst": _written("events.zst", zstandard.compress),
    "zip": _zipped,
    "parquet": _parquet,
    "small files": _split,
}


def _counts(rows: Iterable[Row], names: Iterable[str]) -> Counted:
    return {tuple(str(row[name]) for name in BY): {name: row[name] for name in names} for row in rows}


@pytest.mark.corpus
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_counts_are_those_of_a_plain_count_whatever_the_wrapping(
    wrapping: str, plain: Path, truth: Counted, tmp_path: Path
) -> None:
    found = rates([str(WRAPPINGS[wrapping](plain, tmp_path))], Asked(by=BY, now=NOW))
    names = list(next(iter(truth.values())))
    assert _counts(found["rows"], names) == truth
    assert {name: found["totals"][name] for name in names} == {
        name: sum(row[name] for row in truth.values()) for name in names
    }
    assert found["input"]["rows"] == EVENTS
    assert found["input"]["bad"] == 0


@pytest.mark.corpus
def test_counts_are_those_of_a_plain_count_from_standard_input(plain: Path, truth: Counted) -> None:
    command = [sys.executable, "-m", "deliverability", "rates", "-", "--by", ",".join(BY), "-f", "json"]
    with plain.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, check=True)
    assert _counts(json.loads(done.stdout)["rows"], next(iter(truth.values()))) == truth


@pytest.mark.corpus
def test_the_same_files_again_change_nothing_but_the_number_of_duplicates(
    plain: Path, truth: Counted, tmp_path: Path
) -> None:
    copy = tmp_path / "again.gz"
    copy.write_bytes(gzip.compress(plain.read_bytes()))
    once, twice = (rates(paths, Asked(by=BY, now=NOW)) for paths in ([str(plain)], [str(plain), str(copy)]))
    assert twice["rows"] == once["rows"]
    assert twice["totals"] == once["totals"]
    assert twice["input"]["duplicates"] == once["input"]["duplicates"] + EVENTS
    assert _counts(twice["rows"], next(iter(truth.values()))) == truth


def test_what_does_not_fit_into_memory_goes_to_disk(tmp_path: Path) -> None:
    with open_engine(memory=64 * 1024 * 1024, threads=1, folder=tmp_path) as engine:
        engine.run("CREATE TABLE many AS SELECT hash(range) AS key FROM range(4000000)")
        ((distinct,),) = engine.run("SELECT count(*) FROM (SELECT key, count(*) FROM many GROUP BY key)")
        assert distinct == 4_000_000
    assert list(tmp_path.iterdir()) == []


# what counts as what -------------------------------------------------------------------------------------------------

T = 1_791_800_000  # 2026-10-12T10:13:20Z
DAY = 86_400


NUMBERS = itertools.count()


def event(word: str, at: int = 0, *, message: str = "m1", **more: Any) -> Row:
    """One row of SendGrid's, `at` seconds after the first, with an id of its own; a key given as None is left out."""
    row = {
        "event": word,
        "timestamp": T + at,
        "email": "anna@shop.example",
        "sg_message_id": f"{message}.filter0",
        "sg_event_id": f"e{next(NUMBERS)}",
        **more,
    }
    return {name: value for name, value in row.items() if value is not None}


def bounce(at: int, **more: Any) -> Row:
    return event("bounce", at, reason="550 5.1.1 no such user", status="5.1.1", type="bounce", **more)


@pytest.fixture
def counted(tmp_path: Path) -> Callable[..., Row]:
    """The document of some rows, which have to be read without loss."""

    def count(*rows: Row, by: tuple[str, ...] = ()) -> Row:
        path = tmp_path / "events.ndjson"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found = rates([str(path)], Asked(by=by, now=NOW))
        assert found["input"]["bad"] == 0
        return found

    return count


def some(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_a_message_that_bounced_after_its_delivery_was_not_delivered(counted: Callable[..., Row]) -> None:
    totals = counted(event("processed"), event("delivered", 5), bounce(3600))["totals"]
    assert some(totals, "sent", "delivered", "bounced", "bounced_hard") == (1, 0, 1, 1)


def test_a_message_that_bounced_before_it_was_delivered_counts_as_bounced_all_the_same(
    counted: Callable[..., Row],
) -> None:
    totals = counted(bounce(5), event("delivered", 3600))["totals"]
    assert some(totals, "delivered", "bounced") == (0, 1)


def test_the_last_bounce_says_which_kind_it_was(counted: Callable[..., Row]) -> None:
    full = event("bounce", 60, reason="552 5.2.2 mailbox full", status="5.2.2", type="bounce")
    assert some(counted(bounce(5), full)["totals"], "bounced", "bounced_hard", "bounced_soft") == (1, 0, 1)
    assert some(counted(full, bounce(90))["totals"], "bounced", "bounced_hard", "bounced_soft") == (1, 1, 0)


def test_what_was_taken_on_counts_as_sent_only_where_the_source_has_no_word_for_the_send(
    counted: Callable[..., Row],
) -> None:
    assert counted(event("processed"))["totals"]["sent"] == 1
    accepted = {"event": "accepted", "timestamp": T, "id": "a1", "recipient": "anna@shop.example"}
    alone = {**accepted, "message": {"headers": {"message-id": "m1@shop.example"}}, "log-level": "info"}
    assert counted(alone)["totals"]["sent"] == 0
    assert counted(alone, {**alone, "event": "delivered", "id": "a2"})["totals"]["sent"] == 1


def test_what_was_refused_before_the_send_was_not_sent_and_did_not_bounce(counted: Callable[..., Row]) -> None:
    totals = counted(event("processed"), event("dropped", 1, reason="Bounced Address"))["totals"]
    assert some(totals, "sent", "rejected", "bounced", "delivered") == (0, 1, 0, 0)


def test_put_off_and_then_delivered_is_both(counted: Callable[..., Row]) -> None:
    totals = counted(event("deferred", 1, response="421 later"), event("delivered", 900))["totals"]
    assert some(totals, "sent", "deferred", "delivered", "bounced") == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("flags", "machine", "unknown"),
    [
        ([True], 1, 0),
        ([False], 0, 0),
        ([None], 0, 1),
        ([True, True], 1, 0),
        ([True, False], 0, 0),
        ([True, None], 0, 1),
        ([False, None], 0, 0),
    ],
)
def test_a_machine_open_is_one_that_the_source_calls_so_and_silence_is_neither(
    flags: list[bool | None], machine: int, unknown: int, counted: Callable[..., Row]
) -> None:
    opens = [event("open", at, sg_machine_open=flag) for at, flag in enumerate(flags)]
    found = counted(event("delivered"), *opens)["totals"]
    assert some(found, "opened", "opened_machine", "opened_unknown") == (1, machine, unknown)
    assert found["opens_total"] == len(flags)
    low, high = (found["rates"][name]["numerator"] for name in ("open_human_low", "open_human_high"))
    assert (low, high) == (1 - machine - unknown, 1)


def test_an_event_that_was_sent_twice_counts_once(counted: Callable[..., Row]) -> None:
    once = event("open", 5)
    found = counted(event("delivered"), once, {**once, "timestamp": T + 9}, event("click", 7), once)
    assert some(found["totals"], "opened", "opens_total", "clicks_total") == (1, 1, 1)
    assert found["input"]["duplicates"] == 2


def test_rows_without_an_id_are_the_same_event_where_they_say_the_same(counted: Callable[..., Row]) -> None:
    first = event("click", 5, sg_event_id=None, url="https://shop.example/a")
    other = {**first, "url": "https://shop.example/b"}
    later = {**first, "timestamp": T + 6}
    found = counted(first, dict(first), other, later)
    assert some(found["totals"], "clicked", "clicks_total") == (1, 3)
    assert found["input"]["duplicates"] == 1


def test_a_message_counts_once_for_each_recipient(counted: Callable[..., Row]) -> None:
    found = counted(event("delivered"), event("delivered", email="BEN@shop.example"), event("open", 9))
    assert some(found["totals"], "sent", "delivered", "opened") == (2, 2, 1)


def test_one_address_however_it_is_written(counted: Callable[..., Row]) -> None:
    written = ("anna@shop.example", " Anna@Shop.Example\t", "Anna <ANNA@shop.example>")
    found = counted(*(event("delivered", at, email=email) for at, email in enumerate(written)))
    assert found["totals"]["delivered"] == 1


def test_all_that_befalls_a_message_counts_on_the_day_of_its_send(counted: Callable[..., Row]) -> None:
    rows = [event("open", 3 * DAY), event("delivered", DAY), event("processed"), event("deferred", -DAY)]
    found = counted(*rows, by=("day",))
    assert [some(row, "day", "sent", "delivered", "opened") for row in found["rows"]] == [("2026-10-12", 1, 1, 1)]


def test_without_a_send_the_day_is_that_of_the_first_event(counted: Callable[..., Row]) -> None:
    found = counted(event("open", 3 * DAY), event("delivered", DAY), by=("day",))
    assert [row["day"] for row in found["rows"]] == ["2026-10-13"]


def test_a_name_that_one_event_says_holds_for_the_whole_message(counted: Callable[..., Row]) -> None:
    named = event("processed", category=["news", "eu"])
    found = counted(event("delivered", 5), named, event("open", 9), event("delivered", message="m2"), by=("campaign",))
    assert [some(row, "campaign", "delivered", "opened") for row in found["rows"]] == [("news", 1, 1), (None, 1, 0)]


def test_rows_come_in_the_order_of_their_columns_and_add_up(counted: Callable[..., Row]) -> None:
    rows = [
        event("delivered", day * DAY, message=f"{day}{name}", email=f"anna@{name}.example")
        for day in (2, 0, 1)
        for name in "cab"
    ]
    found = counted(*rows, by=("domain", "day"))
    keys = [some(row, "domain", "day") for row in found["rows"]]
    assert keys == sorted(keys)
    assert sum(row["delivered"] for row in found["rows"]) == found["totals"]["delivered"] == len(rows)


def test_the_time_to_deliver_is_from_the_send_to_the_first_delivery(counted: Callable[..., Row]) -> None:
    rows = [event("processed", message=f"m{n}") for n in range(20)]
    rows += [event("delivered", n + 1, message=f"m{n}") for n in range(20)]
    rows += [event("delivered", 500, message="m0"), event("delivered", 600, message="no send")]
    assert counted(*rows)["totals"]["seconds_to_deliver"] == {"p50": 10, "p95": 19, "messages": 20}


def test_a_time_to_deliver_may_be_less_than_a_second(counted: Callable[..., Row]) -> None:
    rows = [event("processed"), event("delivered", timestamp=T + 0.25)]
    assert counted(*rows)["totals"]["seconds_to_deliver"] == {"p50": 0.25, "p95": 0.25, "messages": 1}


def test_a_word_that_the_source_does_not_know_is_counted_and_guessed_at_by_nobody(counted: Callable[..., Row]) -> None:
    found = counted(event("delivered"), event("teleported", 5), event("Delivered", 9, message="m2"))
    assert found["input"]["unknown_words"] == {"teleported": 1}
    assert some(found["totals"], "sent", "delivered") == (2, 2)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_the_text_of_a_document_is_the_same_in_pieces(rows: int, counted: Callable[..., Row]) -> None:
    some_events = [event("delivered", day * DAY, message=f"m{day}", category=["\x7f\u202e"]) for day in range(rows)]
    found = counted(*(some_events or [event("account_status_change")]), by=("day", "campaign"))
    assert "".join(pieces(found)) == dumps_by_line(found)
