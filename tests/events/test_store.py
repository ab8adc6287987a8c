"""What `deliv ingest` keeps: each event once whatever happens, and nobody's address."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from deliverability.events import store
from deliverability.events.engine import EngineFailed
from deliverability.events.reading import load, spool
from deliverability.events.sources import SOURCES
from deliverability.events.sources.generic import generic_source
from deliverability.events.store.files import LOCK, MARK, NotAStore
from deliverability.ingest import Ingested, ingest
from deliverability.intake.paths import MissingPath
from deliverability.privacy import Pseudonyms
from support.sending import NOW, T, delivered, event, events, lines, put, read, table

KEY = b"a key of the user's own"
PLACES = ("kept.duckdb", "kept")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """A store of each kind."""
    return str(request.param)


def keep(place: str, *paths: str, key: bytes | None = KEY, **more: Any) -> Ingested:
    return ingest(paths, Path(place), now=NOW, key=key, **more)


def rows_of(place: str) -> list[dict[str, Any]]:
    """Everything that is kept, in order."""
    relation = "kept.deliv_event" if place.endswith(".duckdb") else f"read_parquet('{place}/*.parquet')"
    with duckdb.connect() as session:
        if place.endswith(".duckdb"):
            session.execute(f"ATTACH '{place}' AS kept (READ_ONLY)")
        found = session.execute(f"SELECT * FROM {relation} ORDER BY event_key")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def mixed() -> bytes:
    """Something of everything that is counted."""
    rows = [*events(20), *(event(n, "processed") for n in range(25))]
    rows += [event(n, "open", sg_machine_open=n % 2 == 0) for n in range(8)]
    for n in range(20, 23):
        rows.append(event(n, "bounce", type="bounce", reason=f"550 5.1.1 <given.name{n}@gmail.com> unknown"))
    rows += [event(24, "dropped"), event(3, "spamreport"), event(4, "unsubscribe"), event(30, "processed")]
    return lines(rows)


def test_reading_again_adds_nothing(place: str) -> None:
    put("a.json", lines(events(10)))
    assert keep(place, "a.json") == Ingested(files=1, rows=10, added=10, known=0, bad=0, ignored=0)
    first = rows_of(place)
    put("overlapping.csv", table(events(10, 5)))
    put("b.json", json.dumps(events(10)).encode())
    assert keep(place, "a.json").added == 0
    assert keep(place, "b.json").added == 0
    assert keep(place, "a.json", "b.json", "overlapping.csv").added == 5
    assert [row["event_key"] for row in rows_of(place)] == sorted({row["event_key"] for row in rows_of(place)})
    assert [row for row in rows_of(place) if row in first] == first


def test_events_without_an_id_are_known_by_what_they_are(place: str) -> None:
    rows = [{"email": "a@b.example", "event": "open", "timestamp": T + n % 2} for n in range(6)]
    put("a.json", lines(rows))
    assert keep(place, "a.json").added == 2
    assert keep(place, "a.json").added == 0


def test_one_event_of_many_recipients_is_one_for_each(place: str) -> None:
    mail = {"timestamp": "2026-11-18T10:00:00Z", "messageId": "m", "destination": ["a@b.example", "c@b.example"]}
    who = [{"emailAddress": address} for address in mail["destination"]]
    said = {"timestamp": "2026-11-18T10:00:01Z", "feedbackId": "f", "complainedRecipients": who}
    put("a.json", json.dumps({"eventType": "Complaint", "mail": mail, "complaint": said}).encode())
    assert (keep(place, "a.json").added, keep(place, "a.json").added) == (2, 0)
    assert read(place)[0]["totals"]["complained"] == 2


def test_an_id_may_stand_for_several_recipients(place: str) -> None:
    brevo = SOURCES["brevo"]
    own = replace(brevo, name="own", raw={**brevo.raw, "id": "VARCHAR"}, fields={**brevo.fields, "event_id": "id"})
    row = {"event": "delivered", "email": ["a@b.example", "c@b.example"], "id": 7, "ts_event": T, "message-id": "m"}
    put("a.json", lines([row]))
    assert [keep(place, "a.json", sources={"own": own}, source="own").added for _ in range(2)] == [2, 0]
    assert {kept["event_id"] for kept in rows_of(place)} == {"7"}
    assert delivered(place) == (2, 2, {})


def test_a_store_gives_the_same_rates_as_the_files(place: str) -> None:
    put("in/a.json", mixed())
    put("in/late", lines([*events(3), *({**event(n), "timestamp": T + 10**8} for n in range(50, 53))]))
    put(
        "in/b.csv",
        b"type,ts,recipient,campaign,reply_text\nbounced,2026-11-18T10:00:00Z,c@b.example,x,552 5.2.2 full\n",
    )
    keep(place, "in")
    by = ("day", "provider", "campaign", "source")
    plain, _ = read("in", by=by)
    kept, troubles = read(place, by=by)
    assert (kept["rows"], kept["totals"], kept["window"]) == (plain["rows"], plain["totals"], plain["window"])
    assert (plain["totals"]["sent"], plain["totals"]["bounced_hard"], plain["totals"]["bounced_soft"]) == (26, 3, 1)
    assert troubles.by_reason == {"time-in-the-future": 3}


def test_events_of_ones_own_count_the_same_where_their_source_is_not_known(place: str) -> None:
    own = generic_source({"recipient": "who"}, name="crm")
    put("a.csv", b"who,type,ts,bounce_class\na@b.example,bounced,2026-11-18T10:00:00Z,hard\n")
    assert keep(place, "a.csv", sources={"crm": own}, source="crm").added == 1
    assert read("a.csv", sources={"crm": own}, source="crm")[0]["totals"]["bounced_hard"] == 1
    assert read(place)[0]["totals"]["bounced_hard"] == 1


def test_a_store_in_a_store_keeps_its_events_as_they_are(place: str) -> None:
    put("a.json", mixed())
    keep("other.duckdb", "a.json")
    keep(place, "other.duckdb")
    assert [{**row, "event_id": ""} for row in rows_of(place)] == [
        {**row, "event_id": ""} for row in rows_of("other.duckdb")
    ]
    assert keep(place, "a.json").added == 0


def test_one_bad_row_of_a_large_table_does_not_double_the_count(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "DIRECT", 0)
    put("a.csv", table(events(10)) + b"x@b.example,delivered,,e,m\n")
    put("b.json", lines([*events(10, 20), {"event": "open", "email": "q@b.example"}]))
    assert keep(place, "a.csv", "b.json") == Ingested(files=2, rows=22, added=20, known=0, bad=2, ignored=0)
    assert len(rows_of(place)) == 20


# privacy ---------------------------------------------------------------------------------------------------------

SECRET = "given.name"


def hiding() -> bytes:
    """A recipient's address wherever a sender may put it."""
    address = f"{SECRET}@gmail.com"
    url = f"https://x.example/?u={address}&v={SECRET}%40gmail.com"
    refused = f"550 5.1.1 <{address}>: unknown"
    return lines(
        [
            event(1, "click", email=address, category=[address, "b"], url=url),
            event(2, "bounce", email=address, reason=refused, status=f"5.1.1 {address}", type=address),
            event(
                3, "open", email=f"Name <{address.upper()}>", sg_event_id=f"open:{address}:3", useragent=f"x {address}"
            ),
            event(4, "delivered", email=address, sg_message_id=None, ip=address, **{"smtp-id": f"<{address}>"}),
            {"event": "open", "email": address, "timestamp": T},
        ]
    )


def test_no_address_is_kept_in_any_column_or_in_the_files(place: str) -> None:
    put("a.json", hiding())
    keep(place, "a.json")
    assert len(rows_of(place)) == 5
    assert SECRET not in str(rows_of(place)).lower()
    for path in [Path(place), *(Path(place).rglob("*") if Path(place).is_dir() else ())]:
        if path.is_file():
            assert SECRET not in path.read_bytes().decode("latin-1").lower()


def test_a_key_of_an_event_cannot_be_tested_without_the_key_of_the_store() -> None:
    put("a.json", hiding())
    keep("one.duckdb", "a.json", key=b"one key of the store")
    keep("two.duckdb", "a.json", key=b"two key of the store")
    one, two = (
        {row["event_key"] for row in rows_of(name) if row["event_id"] is None} for name in ("one.duckdb", "two.duckdb")
    )
    assert one
    assert two
    assert one.isdisjoint(two)


@pytest.mark.parametrize("key", [b"short", b"x" * 64, b"y" * 65, bytes(range(200))])
def test_recipients_are_pseudonyms_of_the_users_key(key: bytes) -> None:
    place = "kept.duckdb"
    put("a.json", lines([event(1, email=" Given.Name1@Gmail.com "), event(2, email="ann@b.example")]))
    keep(place, "a.json", key=key)
    pseudonyms = Pseudonyms(key)
    wanted = {f"{pseudonyms.of('given.name1@gmail.com')}@gmail.com", f"{pseudonyms.of('ann@b.example')}@b.example"}
    assert {row["recipient"] for row in rows_of(place)} == wanted


def test_a_store_makes_a_key_that_its_owner_alone_can_read(place: str) -> None:
    put("a.json", lines(events(2)))
    keep(place, "a.json", key=None)
    path = Path(f"{place}.key")
    assert path.stat().st_mode & 0o777 == 0o600
    own = Pseudonyms(bytes.fromhex(path.read_text()))
    assert rows_of(place)[0]["recipient"].split("@")[0] in {own.of(f"given.name{n}@gmail.com") for n in range(2)}
    assert keep(place, "a.json", key=None).added == 0
    assert len({path.read_text(), bytes(32).hex()}) == 2


def test_another_key_is_refused_and_so_is_none(place: str) -> None:
    put("a.json", lines(events(2)))
    keep(place, "a.json", key=None)
    with pytest.raises(NotAStore, match="made with another key"):
        keep(place, "a.json", key=KEY)
    Path(f"{place}.key").write_text("")
    with pytest.raises(NotAStore, match="holds no key"):
        keep(place, "a.json", key=None)
    Path(f"{place}.key").unlink()
    with pytest.raises(NotAStore, match="is missing"):
        keep(place, "a.json", key=None)
    assert not Path(f"{place}.key").exists()


# places ----------------------------------------------------------------------------------------------------------


def other_duckdb(name: str) -> None:
    with duckdb.connect(name) as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS a")


def other_folder(name: str) -> None:
    put(f"{name}/mine.txt", b"x")


@pytest.mark.parametrize(
    ("place", "make", "message"),
    [
        ("x.duckdb", other_duckdb, "a DuckDB file that deliv did not make"),
        ("x.duckdb", lambda name: put(name, b"not a database"), "cannot be opened as a store"),
        ("folder", other_folder, "a folder that holds something else"),
        ("file", lambda name: put(name, b"x"), "is a file"),
        ("none/x.duckdb", lambda _: None, "cannot be opened as a store"),
        ("/", lambda _: None, "no place for a store"),
        (".", lambda _: None, "a folder that holds something else"),
    ],
)
def test_what_is_no_store_is_left_alone(place: str, make: Callable[[str], object], message: str) -> None:
    put("a.json", lines(events(2)))
    make(place)
    before = sorted(str(path) for path in Path().rglob("*") if path.name != LOCK)
    with pytest.raises(NotAStore, match=message) as error:
        keep(place, "a.json", key=None)
    assert "\n" not in str(error.value)
    assert sorted(str(path) for path in Path().rglob("*") if path.name != LOCK) == before


def test_a_store_of_another_version_is_refused_by_name(place: str) -> None:
    put("a.json", lines(events(2)))
    keep(place, "a.json")
    if place == "kept":
        mark = Path(place, MARK)
        mark.write_text(mark.read_text().replace('"version": 1', '"version": 0'))
    else:
        with duckdb.connect(place) as kept:
            kept.execute("UPDATE deliv_store SET version = 0")
    with pytest.raises(NotAStore, match="another version of deliv"):
        keep(place, "a.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}'])
def test_a_damaged_mark_is_said(text: str) -> None:
    put("a.json", lines(events(2)))
    keep("kept", "a.json")
    Path("kept", MARK).write_text(text)
    with pytest.raises(NotAStore, match="damaged"):
        keep("kept", "a.json")


@pytest.mark.parametrize("name", ["a*[b]'\"\nc.duckdb", "a*[b]'\"\nc", "md:x.duckdb", "s3:x"])
def test_a_store_of_any_name(name: str) -> None:
    put("a.json", lines(events(3)))
    put("axb'\"\nc/other.txt", b"x")  # what the pattern would find
    assert (keep(name, "a.json").added, keep(name, "a.json").added) == (3, 0)
    assert delivered(f"./{name}") == (3, 3, {})


# two runs, and half a run ----------------------------------------------------------------------------------------

_HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from deliverability.events import store
from deliverability.ingest import ingest

def held(*_):
    print("held", flush=True)
    sys.stdin.read()
    raise SystemExit

store.StoreTable.insert = held
ingest(["a.json"], Path(sys.argv[1]), now=datetime.now(UTC), key=b"a key of the user's own")
"""


def test_one_run_writes_at_a_time(place: str) -> None:
    put("a.json", lines(events(3)))
    with subprocess.Popen([sys.executable, "-c", _HOLD, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(NotAStore, match="another run is writing to it") as error:
            keep(place, "a.json")
        first.communicate()
    assert "\n" not in str(error.value)
    assert keep(place, "a.json").added == 3


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from deliverability.events.reading import load, spool
from deliverability.events.engine import Engine
from deliverability.ingest import ingest

load.DIRECT, spool.FULL = 0, 2000
run, left = Engine.run, int(sys.argv[2])

def counted(self, query, parameters=()):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, query, parameters)

Engine.run = counted
ingest(["in"], Path(sys.argv[1]), now=datetime.now(UTC), key=b"a key of the user's own")
"""


def overlapping(folder: Path) -> None:
    """Files in `folder` that hold 145 events, most of them twice."""
    for part in range(4):
        put(f"{folder}/{part}.json", lines(events(40, 30 * part)))
        put(f"{folder}/{part}.csv", table(events(40, 15 + 30 * part)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a run that nobody kills keeps of them."""
    folder = tmp_path_factory.mktemp("whole")
    overlapping(folder / "in")
    keep(str(folder / "clean.duckdb"), str(folder / "in"))
    return rows_of(str(folder / "clean.duckdb"))


@pytest.mark.parametrize("statements", [42, 48])  # before anything was kept, and in the middle
def test_a_run_that_is_killed_loses_and_doubles_nothing(
    place: str, statements: int, tmp_path: Path, whole: list[dict[str, Any]]
) -> None:
    overlapping(Path("in"))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _KILLED, place, str(statements)], env=environment, check=False)
    assert done.returncode in {-signal.SIGKILL, 0}
    if Path(place).exists():  # what was kept so far can be read, and counts once
        kept, _, reasons = delivered(place)
        assert (0 if statements < 45 else 1) <= kept < 145
        assert set(reasons) <= {"not-a-store"}
    keep(place, "in")
    assert rows_of(place) == whole
    assert delivered(place) == (145, 145, {})
    assert not list(Path().glob("kept/.*.new"))


def test_a_run_that_is_killed_at_any_time(place: str, tmp_path: Path) -> None:
    put("in/a.json", lines(events(5_000)))
    command = [sys.executable, "-m", "deliverability", "ingest", "in", "--into", place]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "DELIV_KEY": KEY.decode()}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as run:
        until = time.monotonic() + 20
        while not Path(place).exists() and run.poll() is None and time.monotonic() < until:
            pass
        run.kill()
    keep(place, "in")
    assert delivered(place) == (5_000, 5_000, {})


def test_what_a_killed_run_left_unfinished_is_cleared_away() -> None:
    put("a.json", lines(events(3)))
    keep("kept", "a.json")
    put("kept/.events-3-0.parquet.new", b"half")
    keep("kept", "a.json")
    names = {path.name for path in Path("kept").iterdir()}
    assert {name for name in names if not re.fullmatch(r"events-3-[0-9a-f]{16}\.parquet", name)} == {LOCK, MARK}


def test_a_full_disk_is_said_and_the_next_run_mends_it(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.json", lines(events(3)))
    keep(place, "a.json")
    put("b.json", lines(events(3, 10)))

    def full(*_: object) -> None:
        raise EngineFailed("IO Error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.StoreTable, "_add", full)
        with pytest.raises(EngineFailed):
            keep(place, "b.json")
    assert len(rows_of(place)) == 3
    assert keep(place, "b.json").added == 3


def test_many_batches_are_one_store(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FULL", 1000)
    put("a.json", lines([*events(30), *events(30)]))
    done = keep(place, "a.json")
    assert (done.added, done.rows) == (30, 60)
    assert delivered(place) == (30, 30, {})


SPELLINGS = (
    "bounce+secret.person=victim.example@shop.example",
    "secret.person@[192.0.2.1]",
    "secret.person%40victim.example",
    "secret.person\uff20victim.example",
    "secret.person&#64;victim.example",
)


def test_no_spelling_of_an_address_is_kept(place: str) -> None:
    rows = [
        {"email": written, "timestamp": T, "sg_event_id": f"e{n}", "sg_message_id": "m", "category": [written]}
        | {"event": "bounce", "reason": f"550 no {written} here", "url": f"https://shop.example/?e={written}"}
        for n, written in enumerate(SPELLINGS)
    ]
    put("a.json", lines(rows))

    assert keep(place, "a.json").added == len(SPELLINGS)
    kept = str(rows_of(place)).lower()
    assert "secret" not in kept
    assert "victim.example'" not in kept.replace("@victim.example'", "")


def test_a_file_that_is_missing_leaves_no_store(place: str) -> None:
    with pytest.raises(MissingPath):
        keep(place, "missing.json")
    assert list(Path().glob("kept*")) == []


def test_lines_of_a_log_that_are_no_event_were_not_there_before(place: str) -> None:
    log = b"Nov 21 10:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]\n" * 5
    put("mail.log", log)

    assert keep(place, "mail.log").known == 0
