"""`deliv compare`, and comparisons inside audits: what a person at a terminal sees, in one line where it cannot be."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from deliverability.cli import run
from deliverability.comparison import from_json
from support.campaigns import CHANGED, UNMOVED, Row, Sender, changed, halves, marketing, sides, steady, to_csv, without
from support.commands import refused, told, written
from support.resampling import few_rounds
from support.schemas import hold

Json = dict[str, Any]
CHANGE = ("--change", f"{CHANGED}=DKIM repaired")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few_rounds(monkeypatch)
    monkeypatch.delenv("DELIV_KEY", raising=False)
    monkeypatch.delenv("DELIV_DEBUG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)


def put(name: str, rows: Sequence[Row]) -> str:
    Path(name).write_text(to_csv(rows))
    return name


def document(*arguments: str, code: int = 0) -> Json:
    """What `deliv compare` writes as JSON, held to its schema."""
    return written("comparison", "compare", *arguments, code=code)


def text(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    return told(capsys, "compare", *arguments, code=code)


def problem(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command fails with."""
    return refused(capsys, "compare", *arguments)


def test_two_sets_of_campaign_rows_are_compared() -> None:
    before, after = sides(Sender().rows())
    found = document(put("before.csv", before), put("after.csv", after))

    assert (found["schema"], found["question"]["mode"], found["grade"]) == ("deliv.comparison/1", "two_sets", "E2")
    assert found["before"]["sent"] == sum(row["sent"] for row in before)
    assert found["input"]["before"]["kind"] == "campaign rows"


def test_one_set_is_cut_at_the_change_by_either_name() -> None:
    put("all.csv", Sender().rows())

    assert document("all.csv", *CHANGE) == document("--events", "all.csv", *CHANGE)
    assert document("all.csv", *CHANGE)["question"]["changes"] == [{"date": "2026-06-01", "label": "DKIM repaired"}]
    assert document("all.csv", *CHANGE)["question"]["washout_days"] == 14
    assert document("all.csv", *CHANGE, "--washout", "0")["question"]["washout_days"] == 0


def test_the_same_data_give_the_same_bytes() -> None:
    put("all.csv", marketing())
    document("all.csv", *CHANGE)
    once = Path("out.json").read_bytes()
    document("all.csv", *CHANGE)

    assert Path("out.json").read_bytes() == once


def test_options_ask_for_what_they_say() -> None:
    put("all.csv", marketing() + steady())
    found = document(
        *("all.csv", *CHANGE, "--control", "stream=transactional", "--segment", "provider"),
        *("--metric", "opened_sent", "--concurrent", "2026-06-02=new design", "--since", "2026-03-01"),
    )

    assert found["question"]["metrics"] == ["opened_sent"]
    assert found["question"]["concurrent"] == [{"date": "2026-06-02", "label": "new design"}]
    assert found["control"]["expression"] == "stream=transactional"
    assert {row["segment"] for row in found["segments"]["rows"]} == {"gmail", "microsoft", "apple", "other"}
    assert found["before"]["start"] == "2026-03-03"
    assert "2026-06-02 new design" in {one["id"]: one["note"] for one in found["threats"]}["T10"]


def test_arms_need_no_date() -> None:
    assert document(put("all.csv", halves()), "--arms", "arm")["grade"] == "E5"


def test_the_text_names_the_arms_and_promises_no_higher_grade(capsys: pytest.CaptureFixture[str]) -> None:
    said = text(capsys, put("all.csv", halves()), "--arms", "arm")

    assert re.search(r"(?m)^before +control · .*\nafter +fixed · ", said)
    assert "Not met" in said
    assert "raise the grade" not in said


def test_a_configuration_names_what_else_happened() -> None:
    put("all.csv", Sender().rows())
    Path("deliv.toml").write_text(
        '[compare]\nevents = [{date = 2026-06-05, label = "ESP move"}, {date = "2026-06-06"}]\n'
    )
    found = document("all.csv", *CHANGE, "--config", "deliv.toml")

    assert found["question"]["concurrent"] == [
        {"date": "2026-06-05", "label": "ESP move"},
        {"date": "2026-06-06", "label": ""},
    ]
    assert {one["id"]: one["status"] for one in found["threats"]}["T10"] == "detected"


@pytest.mark.parametrize(
    "said", ["events = 3", "events = [3]", "events = [{label = 'x'}]", "events = [{date = 2026-06-05, label = 3}]"]
)
def test_a_configuration_that_names_it_wrongly_is_one_line(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("all.csv", Sender().rows())
    Path("deliv.toml").write_text(f"[compare]\n{said}\n")

    assert "compare.events" in problem(capsys, "all.csv", *CHANGE, "--config", "deliv.toml")


def test_the_report_says_first_what_may_be_said_and_how_sure_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, put("all.csv", marketing()), *CHANGE)
    lines = out.splitlines()

    assert lines[0].startswith("Of +20.6 points, 4.0 come from delivery")
    assert any(line.endswith("E3 of E5") for line in lines[:4])
    assert "E3 of E5: the change came when the fix did" in out
    assert "No control was named (--control)." in out
    assert "2026-02-13 to 2026-05-29 · 36 campaigns · 180,000 messages sent" in out
    assert "significan" not in out


@pytest.mark.parametrize("width", [60, 200])
def test_no_line_is_wider_than_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = text(capsys, put("all.csv", marketing() + steady()), *CHANGE, "--control", "transactional")

    assert max(map(len, out.splitlines())) <= min(width, 120)


def test_every_rate_has_its_denominator_its_interval_and_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    out = " ".join(text(capsys, put("all.csv", Sender().rows()), *CHANGE).split())

    for label in ("Delivered of sent", "Opened of sent", "Clicked of sent"):
        rest = out.partition(label)[2]
        assert " points (95 % +" in rest[:80]
        assert "of 30,000 → " in rest[:160]
    assert "between 6 and 6 campaigns, p < 0.001" in out
    assert "so opens by people changed by +" in out


def test_where_little_is_known_the_report_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, put("all.csv", without(Sender(before=1, after=1).rows(), "provider", "opened_machine")), *CHANGE)

    assert out.startswith("The numbers differ. This says nothing about why.")
    assert "A side has fewer than 4 campaigns" in out
    assert "sampling error only: too narrow where campaigns differ" in " ".join(out.split())


def test_a_refused_comparison_exits_3_with_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    put("all.csv", Sender().rows())
    found = document("all.csv", "--change", "2027-01-01", code=3)

    assert "2027-01-01 lies outside the data" in found["refused"]
    assert "nothing is compared" in capsys.readouterr().err
    assert "Nothing is compared: The change of 2027-01-01 lies outside" in text(
        capsys, "all.csv", "--change", "2027-01-01", code=3
    )


def test_too_many_bad_rows_refuse_it_and_a_higher_bound_allows_it() -> None:
    rows = [*Sender().rows(), *({**row, "sent": "many"} for row in Sender(names="bad").rows()[:4])]
    put("all.csv", rows)

    assert "could not be read" in document("all.csv", *CHANGE, "--rejects", "bad.jsonl", code=3)["refused"]
    assert len(Path("bad.jsonl").read_text().splitlines()) == 4
    assert document("all.csv", *CHANGE, "--max-bad-share", "0.5")["grade"] == "E2"


USAGE: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "one set and no date": ("all.csv",),
    "a set and another": ("all.csv", "--events", "all.csv", *CHANGE),
    "three sets": ("all.csv", "all.csv", "all.csv"),
    "a date that is none": ("all.csv", "--change", "yesterday"),
    "a date that is none, with a label": ("all.csv", "--change", "2026-13-01=x"),
    "a control that nobody is": ("all.csv", *CHANGE, "--control", "stream=nothing"),
    "a control that is no column": ("all.csv", *CHANGE, "--control", "shoe=42"),
    "a segment that is no column": ("all.csv", *CHANGE, "--segment", "shoe"),
    "arms that are no column": ("all.csv", "--arms", "shoe"),
    "a file that is not there": ("nothing.csv", *CHANGE),
    "standard input twice": ("-", "-"),
    "a plan that is not there": ("all.csv", *CHANGE, "--plan", "nothing.json"),
    "a configuration that is not there": ("all.csv", *CHANGE, "--config", "nothing.toml"),
    "a day that is none": ("all.csv", *CHANGE, "--since", "x"),
    "no day": ("all.csv", *CHANGE, "--since", "2026-06-02", "--until", "2026-06-01"),
    "a source that is none": ("all.csv", *CHANGE, "--timezone", "Nowhere/Land"),
    "a parquet file": ("all.csv", *CHANGE, "-o", "x.parquet"),
    "too many dates": ("all.csv", *("--change=2026-06-01",) * 51),
}


@pytest.mark.parametrize("case", USAGE)
def test_what_cannot_be_asked_is_one_line_and_exit_2(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("all.csv", Sender().rows())

    problem(capsys, *USAGE[case])


def test_a_control_that_the_fix_touches_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    moved = Sender(before=36, after=10, names="receipt", extra=(("stream", "transactional"),)).rows()
    out = text(capsys, put("all.csv", marketing() + moved), *CHANGE, "--control", "stream=transactional")

    assert "The control moved as well" in " ".join(out.split())
    assert "E3 of E5" in out


def test_standard_input_is_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = to_csv(Sender().rows()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))

    assert document("-", *CHANGE)["grade"] == "E2"


def test_names_from_outside_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[31mred\x07\u202e"
    rows = changed(Sender().rows(), lambda row: {**row, "segment": hostile, "provider": "gmail"})
    out = text(capsys, put("all.csv", without(rows, "x")), "--change", f"{CHANGED}={hostile}", "--segment", "segment")
    written = Path("out.json")
    document("all.csv", "--change", f"{CHANGED}={hostile}")

    for shown in (out, written.read_text()):
        assert not any(ord(c) < 32 and c != "\n" for c in shown)
        assert "\u202e" not in shown


def test_an_address_in_a_campaign_s_name_is_in_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    rows = changed(Sender().rows(), lambda row: {**row, "campaign": f"for given.name@firm.example {row['campaign']}"})
    put("all.csv", rows)
    out = text(capsys, "all.csv", *CHANGE)
    document("all.csv", *CHANGE)

    assert "given.name" not in out + Path("out.json").read_text() + capsys.readouterr().err


# events, and audits that hold a comparison

EXAMPLES = Path(__file__).parents[2] / "examples"
ZONES = [
    arg for file in ("after/vinotheque.example.zone", "around/root.zone") for arg in ("--zone", str(EXAMPLES / file))
]


def audited(*arguments: str) -> Json:
    """The audit of the sample sender, as audit.json."""
    assert run(["audit", "vinotheque.example", *ZONES, *arguments, "-o", "audit.json"]) == 0
    found: Json = json.loads(Path("audit.json").read_text())
    return found


@pytest.fixture(scope="module")
def plain_audit(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The same without events, made once."""
    path = tmp_path_factory.mktemp("plain") / "audit.json"
    assert run(["audit", "vinotheque.example", *ZONES, "-o", str(path)]) == 0
    return path.read_bytes()


@pytest.fixture(scope="module")
def thinned() -> dict[str, bytes]:
    """Every sixth message of the sample sender, with all of its events, before and after."""
    found: dict[str, bytes] = {}
    for side in ("before", "after"):
        lines = gzip.decompress((EXAMPLES / side / "events.ndjson.gz").read_bytes()).splitlines(keepends=True)
        kept = (line for line in lines if crc32(json.loads(line).get("sg_message_id", "").encode()) % 6 == 0)
        found[side] = gzip.compress(b"".join(kept), compresslevel=1)
    return found


@pytest.fixture
def sent(thinned: dict[str, bytes]) -> str:
    """The sample sender's events of both times in one folder."""
    folder = Path("events")
    folder.mkdir()
    for side, octets in thinned.items():
        (folder / f"{side}.ndjson.gz").write_bytes(octets)
    return str(folder)


def test_events_are_compared_every_message_followed_for_the_same_time(sent: str) -> None:
    found = document(f"{sent}/before.ndjson.gz", f"{sent}/after.ndjson.gz")

    assert found["grade"] == "E2"
    assert found["question"]["horizon_hours"] > 0
    assert found["providers"][0]["refused_before"] > found["providers"][0]["refused_after"]
    assert found["dose"]["agrees"] is True


def test_an_audit_with_events_and_a_change_holds_the_comparison_and_a_replay_keeps_it(sent: str) -> None:
    found = audited("--events", sent, "--change", "2026-09-10=repair", "--washout", "7")

    hold("comparison", found["comparison"])
    assert found["comparison"]["question"]["changes"] == [{"date": "2026-09-10", "label": "repair"}]
    assert (found["options"]["change"], found["options"]["washout"]) == (["2026-09-10=repair"], 7)
    assert found["rates"] is not None
    assert run(["audit", "--replay", "audit.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("audit.json").read_bytes()


def test_an_audit_reads_its_events_once_for_figures_and_comparison(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = b"".join(gzip.decompress(path.read_bytes()) for path in sorted(Path(sent).iterdir()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    found = audited("--events", "-", "--change", "2026-09-10")

    assert found["rates"]["input"]["rows"] == octets.count(b"\n")
    assert found["comparison"] == {
        **document("--events", sent, "--change", "2026-09-10"),
        "attribution": found["comparison"]["attribution"],
    }


def test_a_campaign_that_was_still_being_sent_at_the_change_stands_on_both_sides() -> None:
    late = Sender(before=0, after=1, gap=1, names="bridge", providers=UNMOVED).rows()
    early = [{**row, "date": "2026-05-31"} for row in late]
    put("all.csv", [*Sender(gap=30).rows(), *early, *late])
    found = document("all.csv", *CHANGE, "--washout", "0")

    ends = {(one["campaign"], one["period"]) for one in found["campaigns"] if one["campaign"].startswith("bridge-000")}
    assert ends == {("bridge-000 2026-05-31", "before"), ("bridge-000 2026-06-02", "after")}


def test_an_audit_without_a_change_holds_no_comparison(sent: str) -> None:
    assert audited("--events", sent)["comparison"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("--change", "2026-09-10"),
        ("--events", "events", "--washout", "7"),
        ("--events", "events", "--control", "provider=yahoo"),
        ("--events", "events", "--change", "x"),
        ("--events", "events", "--change", "2026-09-10", "--control", "stream=none"),
    ],
)
def test_a_change_without_what_it_cuts_is_one_line(
    arguments: Sequence[str], sent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "vinotheque.example", *ZONES, *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_incomplete_events_of_an_audit_refuse_its_comparison(sent: str) -> None:
    lost = "".join(f'{{"event": "mystery", "timestamp": 1785800000, "sg_event_id": "x{n}"}}\n' for n in range(2_000))
    Path(sent, "lost.ndjson").write_text(lost)
    found = audited("--events", sent, "--change", "2026-09-10")["comparison"]

    assert "not complete" in found["refused"]
    assert found["metrics"]["delivered_sent"]["p"] is None


def test_render_puts_a_comparison_into_an_audit(sent: str, capsys: pytest.CaptureFixture[str]) -> None:
    audited()
    document(put("all.csv", marketing()), *CHANGE)
    assert run(["render", "audit.json", "--comparison", "out.json", "-o", "with.json", "-o", "page.html"]) == 0

    assert json.loads(Path("with.json").read_text())["comparison"] == json.loads(Path("out.json").read_text())
    assert "4.0 come from delivery" in Path("page.html").read_text()


DAMAGED: dict[str, Callable[[Json], object]] = {
    "another schema": lambda found: {**found, "schema": "deliv.audit/1"},
    "no schema": lambda found: {name: value for name, value in found.items() if name != "schema"},
    "a grade that is none": lambda found: {**found, "grade": "E9"},
    "a text in place of a number": lambda found: {**found, "mix_distance": "much"},
    "a missing side": lambda found: {name: value for name, value in found.items() if name != "before"},
    "a list": lambda found: [found],
    "a number": lambda _: 3,
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_no_comparison_is_one_line(case: str, plain_audit: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("audit.json").write_bytes(plain_audit)
    found = document(put("all.csv", Sender().rows()), *CHANGE)
    Path("bad.json").write_text(json.dumps(DAMAGED[case](found)))
    capsys.readouterr()

    assert run(["render", "audit.json", "--comparison", "bad.json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"schema": "\\ud800"}'])
def test_what_is_no_json_is_one_line(octets: bytes, plain_audit: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("audit.json").write_bytes(plain_audit)
    Path("bad.json").write_bytes(octets)
    capsys.readouterr()

    assert run(["render", "audit.json", "--comparison", "bad.json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_document_is_read_back_as_it_was_written() -> None:
    document(put("all.csv", marketing() + steady()), *CHANGE, "--control", "transactional", "--segment", "provider")
    written = Path("out.json").read_text()

    from deliverability.comparison import to_json

    assert to_json(from_json(written)) == written


def test_nothing_changed_is_told_apart_from_nothing_known(capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, put("all.csv", Sender(UNMOVED).rows()), *CHANGE)

    assert "The change is not larger than campaigns differ among themselves." in " ".join(out.split())


INCOMPLETE: dict[str, Json] = {
    "nobody received it": {"event": "delivered", "timestamp": 1785800000},
    "in the future": {"event": "delivered", "timestamp": 4785800000, "email": "ann@firm.example"},
}


@pytest.mark.parametrize("case", INCOMPLETE)
def test_incomplete_events_refuse_a_comparison(case: str, sent: str) -> None:
    rows = ({**INCOMPLETE[case], "sg_event_id": f"x{n}", "sg_message_id": f"m{n}"} for n in range(2_000))
    Path(sent, "lost.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = document("--events", sent, "--change", "2026-09-10", code=3)

    assert found["refused"].startswith("The data are not complete.")
    assert {one["name"]: one["passed"] for one in found["grade_checks"]}["data-complete"] is False


# findings beside the change, and plans


@cache
def audit_of(when: str) -> Json:
    """The audit of the sample sender at a time."""
    zones = [
        arg
        for file in (f"{when}/vinotheque.example.zone", "around/root.zone")
        for arg in ("--zone", str(EXAMPLES / file))
    ]
    assert run(["audit", "vinotheque.example", *zones, "-o", "saved.json"]) == 0
    found: Json = json.loads(Path("saved.json").read_text())
    return found


def saved(when: str, started: str) -> str:
    """The same as it is kept."""
    Path("kept").mkdir(exist_ok=True)
    path = f"kept/{when}.json"
    Path(path).write_text(json.dumps({**audit_of(when), "started_at": started}))
    return path


REPAIR = ("--change", "2026-09-24=repair", "--washout", "4")


def test_findings_of_two_audits_are_laid_beside_the_change(sent: str) -> None:
    before, after = saved("before", "2026-09-20T00:00:00Z"), saved("after", "2026-10-20T00:00:00Z")
    by_name = document("--events", sent, *REPAIR, "--audit-before", before, "--audit-after", after)
    by_folder = document("--events", sent, *REPAIR, "--history", "kept")

    assert {"fixed"} <= {one["status"] for one in by_name["attribution"]}
    assert by_name["attribution"] == by_folder["attribution"]
    assert document("--events", sent, *REPAIR)["attribution"] == []


def test_an_audit_lays_its_findings_beside_the_change_and_a_replay_keeps_them(sent: str) -> None:
    found = audited("--events", sent, *REPAIR, "--audit-before", saved("before", "2026-09-20T00:00:00Z"))

    assert {"fixed"} <= {one["status"] for one in found["comparison"]["attribution"]}
    hold("comparison", found["comparison"])
    assert found["options"]["audit_before"] == "kept/before.json"
    assert run(["audit", "--replay", "audit.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("audit.json").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--audit-before", "kept/before.json"),
        ("--audit-after", "kept/before.json"),
        ("--audit-before", "kept/before.json", "--audit-after", "nothing.json"),
        ("--audit-before", "kept/before.json", "--audit-after", "kept/other.json"),
        ("--history", "kept", "--audit-before", "kept/before.json"),
        ("--history", "nothing"),
        ("--history", "kept", "--domain", "third.example"),
        ("--domain", "vinotheque.example"),
    ],
    ids=" ".join,
)
def test_audits_that_cannot_be_laid_beside_are_one_line(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put("all.csv", Sender().rows())
    document_before = json.loads(Path(saved("before", "2026-05-20T00:00:00Z")).read_text())
    other = {**document_before, "subject": {**document_before["subject"], "domain": "other.example"}}
    Path("kept/other.json").write_text(json.dumps(other))

    problem(capsys, "all.csv", *CHANGE, *arguments)


def test_an_audit_of_another_domain_is_not_of_the_time_before(sent: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved("before", "2026-09-20T00:00:00Z")
    capsys.readouterr()

    assert run(["audit", "other.example", *ZONES, "--events", sent, *REPAIR, "--audit-before", path]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_comparison_is_held_to_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    history = put("history.csv", Sender(UNMOVED, before=10, after=0).rows())
    assert run(["plan", history, "--effect", "5", "--campaigns", "6", "-o", "plan.json"]) == 0
    put("all.csv", Sender().rows())
    found = document("all.csv", *CHANGE, "--plan", "plan.json")

    assert found["question"]["plan"] == json.loads(Path("plan.json").read_text())["hash"]
    assert found["question"]["metrics"] == ["delivered_sent"]
    assert found["notes"][0].startswith("By the plan: adopt.")
    assert {one["id"]: one["status"] for one in found["threats"]}["T12"] == "not_excluded"  # it came later
    assert "By the plan: adopt." in "".join(text(capsys, "all.csv", *CHANGE, "--plan", "plan.json").splitlines()[:5])

    said = problem(capsys, "all.csv", *CHANGE, "--plan", "plan.json", "--metric", "opened_sent")
    assert "the plan decides by delivered_sent" in said
    asked = ("--change", CHANGED.isoformat(), "--washout", "3", "--plan", "plan.json")
    assert "the plan leaves out 14 days" in problem(capsys, "all.csv", *asked)

    plan = Path("plan.json").read_text()
    Path("plan.json").write_text(plan.replace('"power": 0.8', '"power": 0.9'))
    problem(capsys, "all.csv", *CHANGE, "--plan", "plan.json")
