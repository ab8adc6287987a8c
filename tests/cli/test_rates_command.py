"""`deliv rates`: events into rates in every form of output; bad input is one line, and nobody's address is anywhere."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from deliverability.cli import run
from deliverability.events.counting.fold import COUNTS
from deliverability.rates import RATES
from deliverability.reports.rates import render
from support.commands import told, written
from support.schemas import hold
from support.sending import T, event, events, lines, put, table
from support.signals import hearing

Json = dict[str, Any]
SECRET = "given.name"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIV_KEY", raising=False)
    monkeypatch.delenv("DELIV_DEBUG", raising=False)


def document(*arguments: str, code: int = 0) -> Json:
    """What `deliv rates` writes as JSON, held to its schema."""
    return written("rates", "rates", *arguments, code=code)


def text(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    return told(capsys, "rates", *arguments, code=code)


def many() -> bytes:
    rows = [event(n, "processed") for n in range(300)]
    rows += [{**event(n), "timestamp": T + n % 1000 + 60} for n in range(290)]
    rows += [event(n, "bounce", type="bounce", reason="550 5.1.1 no such user") for n in range(288, 300)]
    rows += [event(n, "open", sg_machine_open=n % 3 == 0) for n in range(90)] + [
        event(n, "open") for n in range(90, 100)
    ]
    rows += [event(n, "open", sg_event_id=f"again{n}") for n in range(5)]
    rows += [event(n, "click") for n in range(7)] + [
        event(1, "spamreport"),
        event(2, "unsubscribe"),
        event(400, "dropped"),
    ]
    return lines([*rows, {**event(500), "email": "ann@firm.example"}, event(0, "mystery")])


def test_every_rate_has_its_parts_and_an_interval_around_it() -> None:
    put("a", many())
    totals = document("a")["totals"]
    assert {name: totals[name] for name in COUNTS} == {
        "sent": 301, "delivered": 289, "deferred": 0, "bounced": 12, "bounced_hard": 12, "bounced_soft": 0,
        "bounced_block": 0, "rejected": 1, "complained": 1, "unsubscribed": 1, "opened": 100, "opened_machine": 28,
        "opened_unknown": 12, "clicked": 7, "opens_total": 105, "clicks_total": 7,
    }  # fmt: skip
    assert list(totals["rates"]) == list(RATES)
    for name, rate in totals["rates"].items():
        if rate["denominator"]:
            assert rate["low"] <= rate["value"] <= rate["high"], name
    parts = {name: (rate["numerator"], rate["denominator"]) for name, rate in totals["rates"].items()}
    assert parts["delivery"] == (289, 301)
    assert parts["complaint_delivered"] == (1, 289)
    assert parts["complaint_reporting"] == (0, 0)  # gmail tells nobody
    assert parts["open_human_low"] == (60, 289)
    assert parts["open_human_high_sent"] == (100, 301)
    assert totals["seconds_to_deliver"] == {"p50": 60.0, "p95": 60.0, "messages": 290}


def test_rows_add_up_to_the_totals_and_are_never_merged() -> None:
    put("a", many())
    found = document("a", "--by", "domain, day,")
    assert found["by"] == ["domain", "day"]
    assert {(row["domain"], row["day"]): row["sent"] for row in found["rows"]} == {
        ("gmail.com", "2026-11-18"): 300,
        ("firm.example", "2026-11-18"): 1,
    }
    for name in COUNTS:
        assert sum(row[name] for row in found["rows"]) == found["totals"][name]
    assert document("a", "--by", "")["rows"][0]["sent"] == 301
    assert found["input"]["unknown_words"] == {"mystery": 1}


def test_days_are_chosen_by_the_send() -> None:
    day = 86_400
    later = [{**event(1), "timestamp": T + day}, {**event(2, "processed"), "timestamp": T + day}]
    put("a", lines([event(1, "processed"), *later]))
    first = document("a", "--until", "2026-11-18")
    assert (first["totals"]["sent"], first["totals"]["delivered"]) == (1, 1)
    assert first["window"] == {"from": "2026-11-18T11:06:41Z", "to": "2026-11-19T11:06:40Z"}
    second = document("a", "--since", "2026-11-19", "--until", "2026-11-19")
    assert (second["totals"]["sent"], second["totals"]["delivered"]) == (1, 0)
    assert second["window"]["from"] == "2026-11-19T11:06:40Z"


def test_opens_of_mail_that_is_not_in_the_files_have_no_interval() -> None:
    put("a", lines([event(1), event(1, "open"), event(2, "open"), event(3, "open")]))
    rate = document("a")["totals"]["rates"]["open_any"]
    assert rate == {"numerator": 3, "denominator": 1, "value": 3.0, "low": None, "high": None}


def test_events_without_a_message_id_are_of_one_message_for_each_campaign_and_recipient() -> None:
    bare = [{"email": "a@b.example", "timestamp": T, "category": name} for name in ("one", "two")]
    put("a", lines([{**row, "event": kind} for row in bare for kind in ("delivered", "open")]))
    rows = document("a", "--by", "campaign")["rows"]
    assert [(row["campaign"], row["delivered"], row["opened"]) for row in rows] == [("one", 1, 1), ("two", 1, 1)]


def test_a_message_to_two_is_two_and_later_events_need_not_repeat_the_campaign() -> None:
    to = [event(1, email=name, sg_event_id=name, category="x") for name in ("a@gmail.com", "b@b.example")]
    put("a", lines([*to, event(1, "open", email="a@gmail.com")]))
    (row,) = document("a", "--by", "campaign")["rows"]
    assert (row["campaign"], row["delivered"], row["opened"]) == ("x", 2, 1)


# forms -----------------------------------------------------------------------------------------------------------


def test_csv_and_parquet_have_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    put("a", many())
    found = document("a", "--by", "domain")
    assert run(["rates", "a", "--by", "domain", "-o", "a.csv", "-o", "a.parquet", "-o", "a.txt"]) == 0
    assert capsys.readouterr().out == ""
    in_csv = list(csv.DictReader(io.StringIO(Path("a.csv").read_text())))
    in_parquet = duckdb.read_parquet("a.parquet").fetchall()
    names = duckdb.read_parquet("a.parquet").columns
    assert names == list(in_csv[0])
    for row, one, other in zip(
        found["rows"], in_csv, (dict(zip(names, row, strict=True)) for row in in_parquet), strict=True
    ):
        for name in COUNTS:
            assert row[name] == int(one[name]) == other[name]
        for name, rate in row["rates"].items():
            assert other[name] == rate["value"]
            assert other[f"{name}_high"] == rate["high"]
            assert float(one[name] or "nan") == pytest.approx(
                rate["value"] if rate["value"] is not None else float("nan"), nan_ok=True
            )
    assert "289 / 301" in Path("a.txt").read_text()


def test_several_forms_at_once_and_standard_output_among_them(capsys: pytest.CaptureFixture[str]) -> None:
    put("a", many())
    assert json.loads(text(capsys, "a", "-o", "-", "-o", "a.csv", "-f", "json"))["schema"] == "deliv.rates/1"
    assert json.loads(Path("a.csv").read_text())["schema"] == "deliv.rates/1"
    assert text(capsys, "a", "-f", "csv").startswith("provider,sent,delivered")


NASTY = ['=HYPERLINK("http://x")', "+1", "-1", "@x", "\t=1", "a\x1b[31m\u202eb", "new\nline", "\x9bC", 'quo"te,comma']


def test_names_from_outside_run_nothing_and_hide_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    put("a", lines([event(n, category=name) for n, name in enumerate(NASTY) for _ in range(2)]))
    assert run(["rates", "a", "--by", "campaign", "-o", "a.csv", "-o", "a.txt", "-o", "a.json", "-o", "a.parquet"]) == 0
    terminal = text(capsys, "a", "--by", "campaign")
    for name in ("a.csv", "a.txt", "a.json"):
        shown = Path(name).read_text().replace("\n", "")
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", shown), name
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", terminal.replace("\n", ""))
    cells = [row["campaign"] for row in csv.DictReader(io.StringIO(Path("a.csv").read_text()))]
    assert len(cells) == len(NASTY)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    in_json = {row["campaign"] for row in json.loads(Path("a.json").read_text())["rows"]}
    assert {name for name in NASTY if "@" not in name} < in_json  # what looks like an address is none any more


@pytest.mark.parametrize("by", ["provider", "day,campaign,provider"])
@pytest.mark.parametrize("count", [0, 1, 3000])
def test_the_text_fits_the_terminal(by: str, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [event(n, category=f"Campaign {n % 30} with a long name") for n in range(count)]
    put("a.csv", table(rows, ("email", "event", "timestamp", "sg_event_id", "sg_message_id", "category")))
    assert run(["rates", "a.csv", "--by", by, "-o", "out.json"]) == (0 if count else 3)
    capsys.readouterr()
    found = json.loads(Path("out.json").read_text())
    for width in (40, 80, 120):
        shown = render(found, width=width, color=False)
        if width >= 80:
            assert max(map(len, shown.splitlines())) <= width
        assert ("No events" in shown) == (count == 0)
        if count:
            assert f"{count:,} message{'s' if count > 1 else ''} sent, 2026-11-18 (UTC)" in shown


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_has_the_width_that_it_says(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a", lines(event(n, category=f"Campaign {n} with a long name") for n in range(9)))
    found = document("a", "--by", "day,campaign,provider")
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", str(width))
    assert text(capsys, "a", "--by", "day,campaign,provider") == render(found, width=width, color=False)


def test_small_rows_stand_together_in_text_alone(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [event(n, email=f"a{n}@d{n % 50}.example") for n in range(100)] + events(200, 1000)
    put("a", lines(rows))
    shown = text(capsys, "a", "--by", "domain")
    assert "gmail.com" in shown
    assert "(50 more)" in shown
    assert len(document("a", "--by", "domain")["rows"]) == 51


# what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["a", "--by", "weather"], "no such column to group by: 'weather'"),
        (["a", "--source", "nobody"], "no such source: 'nobody'"),
        (["a", "--since", "2026-11-02", "--until", "2026-11-01"], "no day is both"),
        (["a", "--since", "yesterday"], "--since: not a date"),
        (["a", "--until", "2026-02-30"], "--until: not a date"),
        (["a", "--timezone", "Mars/Olympus"], "no such time zone: 'Mars/Olympus'"),
        (["a", "--timezone", "../../etc/passwd"], "no such time zone"),
        (["a", "--config", "none.toml"], "none.toml: No such file or directory"),
        (["a", "--config", "bad.toml"], "bad.toml:2:5: not TOML: Invalid value"),
        (["a", "--config", "latin.toml"], "latin.toml:2:7: not UTF-8"),
        (["a", "--config", "deep.toml"], "deep.toml:1:21: values are nested too deep"),
        (
            ["a", "--config", "key.toml"],
            'key.toml:1:14: [sources.crm] has no key "colums": it has columns, types, zone (did you mean columns?)',
        ),
        (["a", "--config", "kind.toml"], "kind.toml:2:1: sources.crm.columns.type should be a text"),
        (["a", "--config", "words.toml"], "words.toml:2:1: sources.crm.types.x should be a text"),
        (["a", "--config", "zone.toml"], "zone.toml:2:1: sources.crm.zone should be a text"),
        (["a", "--config", "table.toml"], "table.toml:1:1: sources should be a table"),
        (["a", "-f", "html"], "'html' is not one of"),
        (["a", "-f", "parquet"], "parquet is no text"),
        (["a", "-o", "a.xyz"], "the suffix names no format"),
        (["a", "-o", "none/a.json"], "there is no directory none"),
        (["a", "--max-bad-share", "2"], "2"),
        (["a", "--rejects", "none/r.ndjson"], "none/r.ndjson"),
        ([], "PATH"),
    ],
)
def test_bad_input_is_one_line(arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("a", lines(events(2)))
    put("bad.toml", b"[sources]\na = = 1\n")
    put("latin.toml", b'[sources.x.columns]\nts = "\xe9"\n')
    put("deep.toml", b"a = " + b"[" * 5000 + b"]" * 5000)
    put("key.toml", b"[sources.crm.colums]\n")
    put("kind.toml", b"[sources.crm.columns]\ntype = 1\n")
    put("words.toml", b"[sources.crm.types]\nx = ['sent']\n")
    put("zone.toml", b"[sources.crm]\nzone = 1\n")
    put("table.toml", b"sources = 1\n")
    assert run(["rates", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert "internal error" not in err
    assert len(err.splitlines()) == (4 if err.startswith("Usage") else 1)


OWN = b"""
[sources.crm]
zone = "Europe/Berlin"
[sources.crm.columns]
ts = "at"
type = "what"
recipient = "who"
[sources.crm.types]
ok = "delivered"
"""


def test_events_of_ones_own() -> None:
    put("deliv.toml", OWN)
    put("own.csv", b"who,what,at\na@b.example,ok,2026-11-18 00:30:00\n")
    found = document("own.csv", "--config", "deliv.toml", "--by", "day")
    assert [(row["day"], row["delivered"]) for row in found["rows"]] == [("2026-11-17", 1)]
    assert list(found["input"]["sources"]) == ["crm"]


BREVO = (("--source", "brevo"), ("--source", "brevo", "--timezone", "Asia/Tokyo"))


def test_a_zone_for_times_without_one() -> None:
    rows = [
        {"recipient": "a@b.example", "event": "delivered", "date": "2026-11-18 00:30:00", "message-id": "m", "id": 1}
    ]
    put("brevo.json", lines(rows))
    days = [document("brevo.json", "--by", "day", *more)["rows"][0]["day"] for more in BREVO]
    assert days == ["2026-11-18", "2026-11-17"]


def test_the_exit_code_says_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    put("good", lines(events(8)))
    put("bad", b'{"email":"x@b.example","event":"open"}\n' * 4)
    assert run(["rates", "good"]) == 0
    assert run(["rates", "good", "bad", "--source", "sendgrid"]) == 0
    assert run(["rates", "good", "bad", "--source", "sendgrid", "--max-bad-share", "0.3"]) == 3
    assert run(["rates", "bad"]) == 3
    assert run(["rates", put("empty", b""), "-o", "-", "-o", "out.json"]) == 3
    hold("rates", json.loads(Path("out.json").read_text()))
    err = capsys.readouterr().err
    assert "deliv: warning: 4 could not be read (4 no-time)" in err
    assert "bad:1: no-time" in err


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines(events(7)))))
    found = document("-")
    assert (found["totals"]["delivered"], found["input"]["files"]) == (7, 1)


def leaking() -> None:
    """An address of a recipient wherever it could come out."""
    address = f"{SECRET}@gmail.com"
    good = event(1, email=address, category=[f"for {address}", address], ip=address)
    refused = event(2, "bounce", email=address, reason=f"550 5.1.1 <{address}> {address}", type=address, status=address)
    odd = event(3, f"mystery {address}", email=address)
    broken = f'{{"email":"{address}" "event":"open"}}\n{{"email":"{address}","event":"open"}}\nnonsense {address}\n'
    put("in/a.json", lines([good, refused, odd]) + broken.encode())
    put("in/b.csv", f"email,event,timestamp\n{address},open\n{address},open,{address}\n".encode())
    put("in/c.csv", f"{address};x\n{address};y\n".encode())
    put("in/d.json", f'{{"{address}":1}}'.encode())
    put(
        "in/mail.log",
        f"Nov 18 10:00:00 mx postfix/smtp[1]: 4F1: to=<{address}>, relay=x, status=nonsense {address}\n".encode(),
    )


@pytest.mark.parametrize("by", ["campaign", "domain,ip", "provider,segment,country,stream,source"])
def test_no_address_is_in_any_output(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    leaking()
    outputs = [arg for name in ("o.json", "o.csv", "o.txt", "o.parquet") for arg in ("-o", name)]
    assert run(["rates", "in", "--by", by, "--rejects", "rejects.ndjson", "--max-bad-share", "1", *outputs]) == 0
    out, err = capsys.readouterr()
    told = [
        out,
        err,
        *(Path(name).read_bytes().decode("latin-1") for name in ("o.json", "o.csv", "o.txt", "rejects.ndjson")),
    ]
    told.append(str(duckdb.read_parquet("o.parquet").fetchall()))
    assert not [one for one in told if SECRET in one.lower()]
    rejects = [json.loads(line) for line in Path("rejects.ndjson").read_text().splitlines()]
    assert {"not-json", "no-time"} <= {reject["reason"] for reject in rejects}
    assert all(set(reject) == {"file", "line", "reason", "detail", "text"} for reject in rejects)


# the world around it ---------------------------------------------------------------------------------------------


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "TMPDIR": str(Path("tmp").absolute()), **environment}
    Path("tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=settings, check=False)


_RUN = "import sys; from deliverability.cli import run; sys.exit(run(sys.argv[1:]))"


def test_without_duckdb_the_extra_is_named() -> None:
    put("a", lines(events(1)))
    blocked = f"import sys; sys.modules['duckdb'] = None; {_RUN}"
    done = python(blocked, "rates", "a")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "deliv: events need DuckDB, which is not installed: pip install 'deliv[events]'\n"
    done = python(blocked, "ingest", "a", "--into", "x.duckdb")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_process_that_ends_well_says_nothing_on_stderr() -> None:
    put("a", lines(events(1)))
    done = subprocess.run([sys.executable, "-m", "deliverability", "rates", "a"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_one_line_and_leaves_nothing() -> None:
    put("a", lines(events(5_000)))
    put("a.csv", table(events(5_000)))
    # a limit to the size of files stands for the disk: the engine and Python meet an error at the same call
    small = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); {_RUN}"
    for name in ("a", "a.csv"):
        done = python(small, "rates", name)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 2
    assert list(Path("tmp").iterdir()) == []


def test_an_interrupted_run_leaves_nothing() -> None:
    put("a", lines(events(60_000)))
    Path("tmp").mkdir()
    settings = {**os.environ, "TMPDIR": str(Path("tmp").absolute())}
    command = hearing([sys.executable, "-m", "deliverability", "rates", "a", "-"])
    with subprocess.Popen(command, env=settings, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run_:
        while not any(Path("tmp").glob("deliv-*/*")) and run_.poll() is None:
            pass
        run_.send_signal(signal.SIGINT)
        _, err = run_.communicate()
    assert run_.returncode == 130
    assert b"Traceback" not in err
    assert list(Path("tmp").iterdir()) == []


def test_errors_leave_nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    put("a", lines(events(2)))
    assert run(["rates", "a", "nowhere"]) == 2
    assert run(["rates", "a", "--by", "weather"]) == 2
    monkeypatch.setattr("deliverability.rates.document", lambda **_: 1 / 0)
    assert run(["rates", "a"]) == 2
    assert list(folder.iterdir()) == []
