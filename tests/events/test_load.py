"""Files as they really are, read by whichever way is fastest: nothing is lost or counts twice, the bad is named."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from deliverability.events.engine import EngineFailed
from deliverability.events.reading import load, pieces, relations, rows, spool, values
from deliverability.ingest import ingest
from deliverability.intake.paths import MissingPath
from deliverability.rates import NotACount
from support.sending import HEAD, NOW, Event, T, delivered, event, events, lines, put, read, table

POSTMARK = {
    "RecordType": "Delivery",
    "MessageID": "m",
    "Recipient": "a@b.example",
    "DeliveredAt": "2026-11-18T10:00:00Z",
}
LOG = (
    b"2026-11-18T10:00:00+00:00 mx postfix/smtp[1]: 4F1: to=<d@b.example>, relay=b[192.0.2.1]:25, delay=1, "
    b"delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n"
)
DIRECT, PYTHON = "by the engine", "in Python"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and one for temporary files that must be empty afterwards."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(params=[DIRECT, PYTHON])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading a file: a small one is read as a large one is."""
    monkeypatch.setattr(load, "DIRECT", 0 if request.param == DIRECT else 1 << 40)
    return str(request.param)


def replaced(rows_: list[Event], **by_number: str) -> bytes:
    """JSON Lines in which lines (counted from 1) are others."""
    texts = [json.dumps(row) for row in rows_]
    for number, text in by_number.items():
        texts[int(number.removeprefix("line")) - 1] = text
    return "\n".join(texts).encode() + b"\n"


# layouts ---------------------------------------------------------------------------------------------------------


def wrapped(rows_: list[Event]) -> dict[str, bytes]:
    text = [json.dumps(row) for row in rows_]
    head = (*HEAD, "category")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.json", lines(rows_[:5]))
        file.writestr("b/c.csv", table(rows_[5:], head))
    return {
        "lines": lines(rows_),
        "lines-of-windows": lines(rows_).replace(b"\n", b"\r\n"),
        "lines-bom": b"\xef\xbb\xbf" + lines(rows_),
        "lines-blank": lines(rows_).replace(b"\n", b"\n\n"),
        "array": f"[{','.join(text)}]".encode(),
        "array-lines": ("[\n" + ",\n".join(text) + "\n]").encode(),
        "array-pretty": json.dumps(rows_, indent=2).encode(),
        "run-together": "".join(text).encode(),
        "csv": table(rows_, head),
        "csv-bom": b"\xef\xbb\xbf" + table(rows_, head),
        "csv-semicolon": table(rows_, head).replace(b",", b";"),
        "tsv-of-windows": table(rows_, head).replace(b",", b"\t").replace(b"\n", b"\r\n"),
        "csv-utf-16": table(rows_, head).decode().encode("utf-16"),
        "lines-utf-16-be": b"\xfe\xff" + lines(rows_).decode().encode("utf-16-be"),
        "keys-in-capitals": lines(rows_).replace(b'"email"', b'"Email"').replace(b'"event"', b'"EVENT"'),
        "lines.gz": gzip.compress(lines(rows_)),
        "array.gz": gzip.compress(f"[{','.join(text)}]".encode()),
        "csv.gz": gzip.compress(table(rows_, head)),
        "two.gz": gzip.compress(lines(rows_[:4])) + gzip.compress(lines(rows_[4:])),
        "both.zip": archive.getvalue(),
    }


def test_events_in_any_wrapping(way: str) -> None:
    names = list(wrapped([event(1, category="x")] * 10))
    for number, name in enumerate(names):
        put(f"in/{name}", wrapped([{**row, "category": name} for row in events(20, 20 * number)])[name])
    document, troubles = read("in", by=("campaign",))
    assert troubles.by_reason == {}, way
    assert {row["campaign"]: row["delivered"] for row in document["rows"]} == dict.fromkeys(names, 20)
    assert document["input"]["rows"] == 20 * len(names)
    assert document["input"]["sources"]["sendgrid"]["files"] == len(names) + 1  # both.zip holds two


def test_parquet(way: str) -> None:
    put("a.ndjson", lines(events(20)))
    duckdb.sql("COPY (FROM read_json('a.ndjson')) TO 'a.parquet'")
    put("a.parquet.gz", gzip.compress(Path("a.parquet").read_bytes()))
    assert delivered("a.parquet") == (20, 20, {}), way
    assert delivered("a.parquet.gz") == (20, 20, {})


def test_one_envelope_larger_than_what_is_looked_at() -> None:
    items = [
        {
            "event": "delivered",
            "id": f"i{n}",
            "timestamp": T + n,
            "recipient": f"given.name{n}@gmail.com",
            "message": {"headers": {"message-id": f"m{n}"}},
            "filler": "x" * 1000,
        }
        for n in range(600)
    ]
    assert delivered(put("page.json", json.dumps({"items": items}).encode())) == (600, 600, {})


def test_files_without_events_are_no_fault() -> None:
    contents = (b"", b" \n\n", b"[]", b"[\n]\n", b'{"items": []}', b'{"events":[]}', ",".join(HEAD).encode())
    for number, content in enumerate(contents):
        put(f"in/{number}", content)
    assert delivered("in") == (0, 0, {})


def test_a_folder_without_events() -> None:
    Path("folder/in").mkdir(parents=True)
    document, troubles = read("folder")
    assert (document["input"]["files"], troubles.count, document["rows"]) == (0, 0, [])


# what is broken -------------------------------------------------------------------------------------------------


def test_lines_that_are_no_events_are_named_and_the_rest_is_read(way: str) -> None:
    texts = {
        "line3": "",
        "line5": "{broken}, and long enough not to be cut",
        "line6": '{"email": "given.name@gmail.com", "cut": ',
        "line7": json.dumps(event(100)) + json.dumps(event(101)),
        "line8": "[1, 2]",
        "line9": json.dumps({**event(9), "timestamp": "yesterday"}),
        "line10": json.dumps([event(102), event(103)]),
        "line11": json.dumps({**event(11), "event": None}),
    }
    document, troubles = read(put("a", replaced(events(20), **texts)))
    assert document["totals"]["delivered"] == 20 - 8 + 2 + 2, way
    named = [(bad.line, bad.reason) for bad in troubles.examples]
    assert sorted(named, key=lambda pair: (pair[0] or 0, pair[1])) == [
        (5, "not-json"),
        (6, named[[line for line, _ in named].index(6)][1]),
        (8, "not-an-object"),
        (8, "not-an-object"),
        (9, "no-time"),
        (11, "no-event-type"),
    ]
    assert document["input"]["rows"] == 16 + 6


def test_one_bad_row_of_a_table_is_named_and_counts_no_other_twice(way: str) -> None:
    rows_ = table(events(20)).decode().splitlines()
    rows_[7] = "too,few"
    document, troubles = read(put("a.csv", "\n".join(rows_).encode()))
    assert (document["totals"]["delivered"], document["input"]["rows"], document["input"]["duplicates"]) == (
        19,
        20,
        0,
    ), way
    assert [(bad.line, bad.reason) for bad in troubles.examples] == [(8, "wrong-number-of-columns")]


def test_an_array_with_broken_elements_or_without_an_end(way: str) -> None:
    texts = [json.dumps(row) for row in events(20)]
    texts[7], texts[9] = texts[7].replace(",", "", 1), "!" + texts[9]
    put("broken", ("[\n" + ",\n".join(texts) + "\n]").encode())
    document, troubles = read("broken")
    assert document["totals"]["delivered"] == 18, way
    assert document["input"]["duplicates"] == 0
    cut = ("[\n" + ",\n".join(map(json.dumps, events(20)))).encode()[:-30]
    assert delivered(put("cut", cut)) == (19, 20, {"truncated": 1})
    assert troubles.by_reason == {"not-json": 2}


@pytest.mark.parametrize("name", ["lines", "array-lines", "csv"])
def test_what_a_truncated_file_holds_is_counted_and_the_file_is_bad(name: str) -> None:
    content = gzip.compress(wrapped([{**row, "category": "x"} for row in events(5000)])[name], compresslevel=1)
    document, troubles = read(put("a.gz", content[: len(content) // 2]), put("b", lines(events(3, 9000))))
    assert 1000 < document["totals"]["delivered"] < 4500
    assert "truncated" in troubles.by_reason
    assert [bad.file for bad in troubles.files] == ["a.gz"]


def test_columns_that_move_between_files_and_inside_one(way: str) -> None:
    put("in/a.csv", table(events(3)))
    put("in/b.csv", table(events(3, 10), HEAD[::-1]))
    put("in/c.csv", table(events(3, 20)) + table(events(3, 30), HEAD[::-1]))
    assert delivered("in") == (12, 12, {}), way


def test_a_quote_without_an_end(way: str) -> None:
    rows_ = table(events(20)).decode().splitlines()
    rows_[7] = '"' + rows_[7]
    assert delivered(put("a.csv", "\n".join(rows_).encode())) == (19, 20, {"wrong-number-of-columns": 1}), way


def test_a_cell_of_some_hundred_thousand_characters(way: str) -> None:
    rows_ = [{**row, "reason": "x" * 200_000 if number == 3 else "x"} for number, row in enumerate(events(9))]
    assert delivered(put("a.csv", table(rows_, (*HEAD, "reason")))) == (9, 9, {}), way
    assert delivered(put("b.csv", table(events(2)).replace(b"email", b"x" * 200_000 + b",email", 1)))[1] <= 2


def test_octets_that_are_no_utf_8_are_replaced(way: str) -> None:
    named = [{**row, "marketing_campaign_name": "Caf\xe9"} for row in events(5)]
    latin = table(named, (*HEAD, "marketing_campaign_name")).decode().encode("latin-1")
    document, troubles = read(put("a.csv", latin), by=("campaign",))
    assert [(row["campaign"], row["delivered"]) for row in document["rows"]] == [("Caf\ufffd", 5)], way
    in_json = lines({**row, "category": "Cafe"} for row in events(5, 10)).replace(b"Cafe", b"Caf\xe9")
    document, more = read(put("b.json", in_json), by=("campaign",))
    assert [(row["campaign"], row["delivered"]) for row in document["rows"]] == [("Caf\ufffd", 5)], way
    assert (troubles.count, more.count) == (0, 0)


def test_null_octets_and_half_characters(way: str) -> None:
    put("a.csv", table(events(5)).replace(b"given.name3", b"given\0name3"))
    put("b.json", lines(events(5, 10)).replace(b"given.name13", b"given\\ud800name13"))
    put("c.json", lines(events(5, 20)).replace(b'"delivered23"', b'"deliv\0ered23"'))
    assert delivered("a.csv", "b.json", "c.json") == (14, 15, {"not-json": 1}), way


NO_EVENTS = {
    "binary": (bytes(range(256)) * 50, "not-events"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not-events"),
    "prose": (b"Dear Sir or Madam,\nplease find attached.\n", "unknown-source"),
    "another table": (b"name;age\nA;3\n", "unknown-source"),
    "other JSON": (b'{"a": 1}\n', "unknown-source"),
    "nested": (b"[" * 100_000, "not-events"),
    "half a Parquet file": (b"PAR1" + bytes(100), "not-parquet"),
    "half a DuckDB file": (bytes(8) + b"DUCK" + bytes(100), "not-a-store"),
    "two services": (lines([event(1), POSTMARK]), "unknown-source"),
}


def test_what_holds_no_events_is_refused_by_name_and_the_rest_goes_on() -> None:
    for name, (content, _) in NO_EVENTS.items():
        put(f"in/{name}", content)
    document, troubles = read("in", put("good", lines(events(3))))
    assert (document["totals"]["delivered"], document["input"]["rows"]) == (3, 3)
    assert {Path(bad.file).name: bad.reason for bad in troubles.examples} == {
        name: reason for name, (_, reason) in NO_EVENTS.items()
    }
    assert troubles.count == len(NO_EVENTS)


def test_bombs_and_links_to_nowhere() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.json", lines(events(3)))
        file.writestr("bomb.json", bytes(30_000_000))
        file.writestr("z.json", lines(events(3, 10)))
    put("in/a.zip", archive.getvalue())
    put("in/b.gz", gzip.compress(lines(events(3, 20)) + b" " * 30_000_000))
    Path("in/link").symlink_to("nowhere")
    count, rows_, reasons = delivered("in")
    assert (count, rows_) == (9, 9)
    assert reasons == {"zip-bomb": 1, "gzip-bomb": 1, "unreadable": 1}


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put("in/closed", lines(events(3)))
    put("in/open", lines(events(3, 10)))
    opened = Path.open

    def refusing(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "closed":  # the superuser may read everything
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **more)

    monkeypatch.setattr(Path, "open", refusing)
    assert delivered("in") == (3, 3, {"unreadable": 1})


NAMES = ("a*b", "a[b]c", "it's", 'a"b', "a\nb", "s3:||bucket|key", "https:||example.com|x", "-rf", "{a}", "%s")


def test_names_are_names_and_no_patterns_and_no_places(way: str) -> None:
    names = [name.replace("|", os.sep) for name in NAMES]
    for number, name in enumerate(names):
        put(name, lines(events(3, 10 * number)))
    for number, name in enumerate(("axb", "abc", "a"), len(names)):  # what the patterns would find
        put(name, lines(events(3, 10 * number)))
    assert delivered(*(f"./{name}" for name in names)) == (30, 30, {}), way


def test_the_same_path_counts_once_and_a_copy_is_a_duplicate() -> None:
    put("in/a", lines(events(3)))
    put("in/b", lines(events(3)))
    document, _ = read("in/a", "./in/a", "in")
    assert (document["totals"]["delivered"], document["input"]["rows"], document["input"]["duplicates"]) == (3, 6, 3)


def test_sources_are_told_apart_in_one_folder() -> None:
    put("in/a.json", lines(events(3)))
    put("in/b.json", lines([POSTMARK]))
    put("in/c.csv", b"type,ts,recipient\ndelivered,2026-11-18T10:00:00Z,c@b.example\n")
    put("in/mail.log", LOG)
    document, troubles = read("in", by=("source",))
    found = {row["source"]: row["delivered"] for row in document["rows"]}
    assert found == {"sendgrid": 3, "postmark": 1, "generic": 1, "postfix": 1}
    assert troubles.count == 0


def test_missing_paths_and_unknown_names() -> None:
    with pytest.raises(MissingPath):
        read("nowhere")
    put("a", lines(events(1)))
    with pytest.raises(NotACount, match="no such source: 'nobody'"):
        read("a", source="nobody")
    with pytest.raises(NotACount, match="no such column"):
        read("a", by=("weather",))


def test_a_source_that_is_wrong_makes_all_rows_bad() -> None:
    count, rows_, reasons = delivered(put("a", lines(events(3))), source="postmark")
    assert (count, sum(reasons.values())) == (0, rows_)


# long things -----------------------------------------------------------------------------------------------------


def test_a_line_that_is_too_long_is_left_out_and_the_rest_goes_on(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((values, "MAX_VALUE"), (load, "MAX_VALUE"), (relations, "MAX_LINE")):
        monkeypatch.setattr(module, name, 100_000)
    monkeypatch.setattr(values, "BLOCK", 10_000)
    rows_ = [{**row, "reason": "x" * 300_000} if number == 10 else row for number, row in enumerate(events(3000))]
    assert delivered(put("a", lines(rows_))) == (2999, 3000, {"too-large": 1}), way


@pytest.mark.corpus_slow
def test_a_line_of_200_mb_in_bounded_memory() -> None:
    import resource
    import subprocess
    import sys

    with Path("a").open("wb") as file:
        file.write(lines(events(30_000)))
        file.write(b'{"email":"')
        file.writelines(b"x" * 1_000_000 for _ in range(200))
        file.write(b'"}\n' + lines(events(30_000, 40_000)))
    command = [sys.executable, "-m", "deliverability", "rates", "a", "-o", "a.json"]
    subprocess.run(command, check=True, capture_output=True)
    document = json.loads(Path("a.json").read_text())
    assert (document["totals"]["delivered"], document["input"]["bad_reasons"]) == (60_000, {"too-large": 1})
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000


def test_compressed_lines_are_cut_at_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 5_000)
    monkeypatch.setattr(pieces, "_BLOCK", 700)
    text = replaced(events(500), line250="{broken}, and long enough not to be cut", line400="")
    document, troubles = read(put("a.gz", gzip.compress(text)))
    assert (document["totals"]["delivered"], document["input"]["rows"]) == (498, 499)
    assert [bad.line for bad in troubles.examples] == [250]


def test_a_full_spool_is_loaded_and_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FULL", 3_000)
    sizes: list[int] = []
    clear = spool.Spool.clear

    def cleared(self: spool.Spool) -> None:
        sizes.append(self.size)
        clear(self)

    monkeypatch.setattr(spool.Spool, "clear", cleared)
    broken = [{**row, "timestamp": None} if number % 50 == 0 else row for number, row in enumerate(events(300))]
    document, troubles = read(put("a", lines(broken)))
    assert document["totals"]["delivered"] == 294
    assert [bad.line for bad in troubles.examples] == [1, 51, 101, 151, 201, 251]
    assert len(sizes) > 10
    assert max(sizes) < 3_500


# the clock -------------------------------------------------------------------------------------------------------


def test_few_events_ahead_of_the_clock_are_bad_and_most_are_a_wrong_clock() -> None:
    put("a", lines([*events(10), *({**event(n), "timestamp": T + 10**8} for n in range(100, 104))]))
    document, troubles = read("a")
    assert (document["totals"]["delivered"], troubles.by_reason) == (10, {"time-in-the-future": 4})
    assert document["window"]["to"] == "2026-11-18T11:06:49Z"
    early = datetime(2020, 1, 1, tzinfo=UTC)
    assert delivered("a", now=early) == (14, 14, {})


# stores ----------------------------------------------------------------------------------------------------------


def test_stores_of_others_are_refused_each_for_itself() -> None:
    put("a", lines(events(3)))
    ingest(["a"], Path("kept.duckdb"), now=NOW)
    put("in/d.duckdb", Path("kept.duckdb").read_bytes())
    put("in/c.duckdb", Path("kept.duckdb").read_bytes()[:20_000])
    with duckdb.connect("in/a.duckdb") as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS a")
    put("secret.csv", b"a\nsecret\n")
    with duckdb.connect("in/b.duckdb") as other:
        other.execute("CREATE TABLE deliv_store AS SELECT 1 AS version")
        other.execute(f"CREATE VIEW deliv_event AS SELECT * FROM read_csv('{Path('secret.csv').absolute()}')")
    assert delivered("in") == (3, 3, {"not-a-store": 3})


def test_a_store_of_another_version_is_refused_by_name() -> None:
    put("a", lines(events(3)))
    ingest(["a"], Path("kept.duckdb"), now=NOW)
    with duckdb.connect("kept.duckdb") as store:
        store.execute("UPDATE deliv_store SET version = 0")
    _, troubles = read("kept.duckdb")
    assert "another version of deliv" in troubles.examples[0].detail


def test_what_is_said_of_a_broken_file_names_no_place_of_ours() -> None:
    _, troubles = read(put("a.parquet", b"PAR1" + bytes(100)), put("b.duckdb", bytes(8) + b"DUCK" + bytes(100)))
    assert len(troubles.examples) == 2
    assert not any("/" in bad.detail for bad in troubles.examples)


def test_a_full_disk_is_one_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.gz", gzip.compress(lines(events(30))))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pieces, "_copy", full)
    with pytest.raises(OSError, match="No space left"):
        read("a.gz")
    monkeypatch.undo()


def test_an_engine_that_gives_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", lines(events(30)))
    monkeypatch.setattr(
        "deliverability.events.counting.staging.create", lambda *_, **__: "COPY (SELECT 1) TO '/nowhere/at/all'"
    )
    with pytest.raises(EngineFailed) as error:
        read("a")
    assert "\n" not in str(error.value)


def test_rows_module_is_bounded_like_the_engine() -> None:
    assert rows.MAX_ROW == relations.MAX_LINE == values.MAX_VALUE
