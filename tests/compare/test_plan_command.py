"""`deliv plan`: from a sender's history to a plan that cannot be changed, and what it then says of a comparison."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from deliverability.campaign_tables import read_table
from deliverability.cli import run
from deliverability.compare.result import Comparison
from deliverability.comparison import Wanted, judge
from deliverability.planning import NotAPlan, Plan, held_to, read_plan, wanted_by
from support.campaigns import CHANGED, UNMOVED, Sender, to_csv
from support.commands import deliv
from support.resampling import few_rounds
from support.schemas import hold

Json = dict[str, Any]
HISTORY = Sender(before=12, after=0, noise=0.02)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few_rounds(monkeypatch)
    put("history.csv", HISTORY)


def put(name: str, sender: Sender) -> str:
    Path(name).write_text(to_csv(sender.rows()), encoding="utf-8")
    return name


def planned(*arguments: str) -> Json:
    """What `deliv plan` writes, held to its schema."""
    assert run(["plan", "history.csv", *arguments, "-o", "plan.json"]) == 0
    found: Json = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    hold("plan", found)
    return found


def text(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    ended, out, err = deliv(capsys, "plan", *arguments)
    assert ended == code
    return out + err


def test_a_plan_says_how_many_campaigns_how_long_and_by_what() -> None:
    found = planned("--effect", "2.5")

    assert found["metric"] == "delivered_sent"
    assert found["effect"] == 0.025
    assert found["baseline"]["campaigns"] == 12
    assert found["baseline"]["effective_campaigns"] == pytest.approx(12)
    assert found["baseline"]["sent"] == 60_000
    assert found["baseline"]["campaign_sd"] == pytest.approx(0.02, abs=0.006)
    assert found["baseline"]["dispersion"] > 5
    assert 6 <= found["campaigns"] == found["campaigns_needed"] <= 20
    assert found["smallest_effect"] <= 0.025
    assert found["campaigns_per_week"] == pytest.approx(7 / 3, abs=0.2)
    assert found["weeks"] == -(-found["campaigns"] // found["campaigns_per_week"])
    days = 7 * found["weeks"]
    side = {"campaigns": found["campaigns"], "days": days}
    assert found["windows"] == {"before": side, "washout_days": 14, "after": side}


def test_a_part_of_the_rate_and_another_rate() -> None:
    found = planned(
        "--effect", "20%", "--metric", "opened_sent", "--per-week", "0.5", "--power", "0.9", "--washout", "7"
    )

    assert found["effect"] == pytest.approx(0.2 * found["baseline"]["rate"])
    assert found["effect_asked"] == "20%"
    assert (found["power"], found["windows"]["washout_days"]) == (0.9, 7)
    assert found["weeks"] == 2 * found["campaigns"]


def test_a_number_of_campaigns_says_what_it_can_show() -> None:
    needed = planned("--effect", "1")
    found = planned("--effect", "1", "--campaigns", "8")

    assert found["campaigns"] == 8 < found["campaigns_needed"] == needed["campaigns"]
    assert found["smallest_effect"] > 0.01 >= needed["smallest_effect"]


def test_the_hash_is_that_of_all_the_rest() -> None:
    found = planned("--effect", "2.5")
    rest = json.dumps({k: v for k, v in found.items() if k != "hash"}, sort_keys=True, separators=(",", ":"))

    assert found["hash"] == sha256(rest.encode()).hexdigest()
    assert planned("--effect", "2.5")["hash"] == found["hash"]
    assert planned("--effect", "2.6")["hash"] != found["hash"]
    assert read_plan("plan.json").hash == json.loads(Path("plan.json").read_text())["hash"]


@pytest.mark.parametrize(
    ("key", "value"), [("effect", 0.5), ("campaigns", 4), ("made", "2020-01-01"), ("added", True), ("hash", "0" * 64)]
)
def test_a_plan_that_was_changed_is_refused(key: str, value: Any) -> None:
    found = planned("--effect", "2.5")
    Path("changed.json").write_text(json.dumps({**found, key: value}))

    with pytest.raises(NotAPlan, match=r"changed\.json: the plan was changed"):
        read_plan("changed.json")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "not a deliv plan"),
        (b'{"schema": "deliv.comparison/1"}', "not a deliv plan"),
        (b'{"schema": "deliv.plan/1", "effect": "much"}', "a damaged deliv plan"),
        (b'{"schema": "deliv.plan/1", "effect": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_in_a_line(content: bytes, why: str) -> None:
    Path("bad.json").write_bytes(content)

    with pytest.raises(NotAPlan, match=rf"bad\.json: {why}"):
        read_plan("bad.json")


def test_a_plan_without_a_part_of_it_is_damaged() -> None:
    found = planned("--effect", "2.5")
    del found["windows"]
    rest = json.dumps({k: v for k, v in found.items() if k != "hash"}, sort_keys=True, separators=(",", ":"))
    Path("less.json").write_text(json.dumps({**found, "hash": sha256(rest.encode()).hexdigest()}))

    with pytest.raises(NotAPlan, match="lacks windows"):
        read_plan("less.json")
    with pytest.raises(NotAPlan, match="No such file"):
        read_plan("nowhere.json")


def test_a_person_reads_the_rule_and_the_windows(capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, "history.csv", "--effect", "2.5")

    number = json.loads(text(capsys, "history.csv", "--effect", "2.5", "-f", "json"))["campaigns"]
    assert out.startswith("Delivered of sent: a rise by +2.5 points, from 8")
    assert f"It takes {number} campaigns on each side" in out
    assert re.search(r"\nhistory +2026-\d\d-\d\d to 2026-\d\d-\d\d · 12 campaigns · 60,000 messages sent\n", out)
    assert re.search(rf"\nbefore +{number} campaigns, {min(12, number)} of them in the history\n", out)
    assert re.search(rf"\nafter +{number} campaigns: \d+ weeks at 2\.\d+ campaigns a week\n", out)
    assert re.search(r"\nadopt +the whole interval lies above 0\n", out)
    assert max(map(len, out.splitlines())) <= 100


def test_campaigns_without_dates_are_planned_without_weeks(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "date": ""} for row in HISTORY.rows()]
    Path("undated.csv").write_text(to_csv(rows), encoding="utf-8")

    out = text(capsys, "undated.csv", "--effect", "2.5")

    assert "without dates" in out
    assert "campaigns, however long they take" in out


def test_uneven_campaigns_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*HISTORY.rows(), *Sender(before=1, after=0, size=50_000, names="blast").rows()]
    Path("uneven.csv").write_text(to_csv(rows), encoding="utf-8")

    assert "they count for as much as" in text(capsys, "uneven.csv", "--effect", "5")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--effect", "0"], "no effect: '0'"),
        (["--effect", "-1"], "no effect: '-1'"),
        (["--effect", "nan"], "no effect: 'nan'"),
        (["--effect", "1e3"], "no effect"),
        (["--effect", "much\x1b[2J"], "no effect"),
        (["--effect", "30"], "cannot rise by 30 points"),
        (["--effect", "500%"], "cannot rise by 500%"),
        (["--effect", "2", "--power", "1"], "a power lies between"),
        (["--effect", "2", "--power", "nan"], "a power lies between"),
        (["--effect", "2", "--campaigns", "3"], "4 to 10,000, not 3"),
        (["--effect", "2", "--per-week", "0"], "campaigns a week"),
        (["--effect", "2", "--per-week", "inf"], "campaigns a week"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = text(capsys, "history.csv", *arguments, code=2)

    assert why in found
    assert len(found.splitlines()) == 1
    assert "\x1b" not in found


def test_a_history_that_is_no_ground_for_a_plan_exits_3_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    put("few.csv", replace(HISTORY, before=3))
    Path("bad.csv").write_text(to_csv(HISTORY.rows()) + "x,2026-05-01,gmail,-1,0,0,0,0,0\n" * 9, encoding="utf-8")

    assert "the history has 3 campaigns" in text(capsys, "few.csv", "--effect", "2", "-o", "p.json", code=3)
    assert "would not show a rise by 0.001 points" in text(
        capsys, "history.csv", "--effect", "0.001", "-o", "p.json", code=3
    )
    assert "rows could not be read" in text(capsys, "bad.csv", "--effect", "2", "-o", "p.json", code=3)
    Path("empty.csv").touch()
    assert "the history has no campaign to go by" in text(capsys, "empty.csv", "--effect", "2", "-o", "p.json", code=3)
    assert not Path("p.json").exists()


def test_campaigns_that_were_not_followed_long_enough_are_no_history(capsys: pytest.CaptureFixture[str]) -> None:
    sent = {
        "event": "processed",
        "email": "a@b.example",
        "timestamp": 1_790_000_000,
        "sg_message_id": "m",
        "category": "x",
    }
    Path("young.ndjson").write_text(json.dumps(sent) + "\n", encoding="utf-8")

    assert "1 campaign could not be followed long enough" in text(capsys, "young.ndjson", "--effect", "2", code=3)


def test_events_that_name_no_recipient_are_no_history(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"event": "delivered", "timestamp": 1_790_000_000 + 86_400 * n, "sg_message_id": f"m{n}", "category": f"x{n}"}
        for n in range(8)
    ]
    Path("nobody.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")

    assert "the history is not complete" in text(capsys, "nobody.ndjson", "--effect", "2", code=3)


def test_a_rate_that_was_not_counted_cannot_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{k: v for k, v in row.items() if k in {"campaign", "date", "provider", "sent"}} for row in HISTORY.rows()]
    lines = ["campaign,date,provider,sent", *(",".join(map(str, row.values())) for row in rows)]
    Path("sent.csv").write_text("\n".join(lines), encoding="utf-8")

    assert "does not have delivered" in text(capsys, "sent.csv", "--effect", "2", code=2)
    assert "nowhere.csv" in text(capsys, "nowhere.csv", "--effect", "2", code=2)


# held to


def compared(plan: Plan, sender: Sender, **asked: Any) -> Comparison:
    """A comparison of a sender's campaigns, made as the plan has it."""
    put("all.csv", sender)
    wanted = wanted_by(plan, Wanted(changes=(CHANGED.isoformat(),)))
    return judge(read_table(["all.csv"]), None, replace(wanted, **asked))


def plan_of(effect: str = "5", *more: str) -> Plan:
    planned("--effect", effect, *more)
    return read_plan("plan.json")


def test_a_fix_that_worked_is_adopted() -> None:
    plan = plan_of()
    found = compared(plan, Sender(before=12, after=12, noise=0.02))

    decision = held_to(plan, found)

    assert found.question.plan == plan.hash
    assert found.question.metrics == ("delivered_sent",)
    assert decision.action == "adopt"
    assert decision.reason.startswith("The whole interval (+1")


def test_a_plan_that_came_after_the_campaigns_says_so() -> None:
    plan = plan_of()
    found = compared(plan, Sender(before=12, after=12, noise=0.02))

    assert f"The plan was made on {plan.made}, though" in held_to(plan, found).reason
    assert "though" not in held_to(replace(plan, made="2026-05-31"), found).reason
    assert "though" not in held_to(replace(plan, made=found.after.start or ""), found).reason
    assert _peeked(found) == "not_excluded"
    assert _peeked(compared(replace(plan, made="2026-05-31"), Sender(before=12, after=12, noise=0.02))) == "excluded"


def _peeked(found: Comparison) -> str:
    return next(one.status for one in found.threats if one.id == "T12")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fix_that_did_nothing_is_stopped(seed: int) -> None:
    """Whether its interval lies below 0, or about it."""
    plan = plan_of("10")
    found = compared(plan, Sender(providers=UNMOVED, before=12, after=12, noise=0.02, seed=seed))

    decision = held_to(plan, found)

    high = found.metrics["delivered_sent"].high
    assert high is not None
    assert (high > 0) is (seed == 2)
    assert decision.action == "stop"
    assert "lies below the +10.0 planned for" in decision.reason


def test_an_interval_that_holds_both_goes_on_with_a_plan_of_its_own() -> None:
    plan = plan_of("1", "--campaigns", "6")
    found = compared(plan, Sender(providers=UNMOVED, before=12, after=12, noise=0.03, seed=2))

    decision = held_to(plan, found)

    assert decision.action == "keep_testing"
    assert "needs a plan of its own" in decision.reason


def test_a_change_is_stopped_where_its_interval_ends_below_the_effect_and_not_before() -> None:
    plan = plan_of("10")
    found = compared(plan, Sender(providers=UNMOVED, before=12, after=12, noise=0.02, seed=2))
    high = found.metrics["delivered_sent"].high
    assert high is not None

    assert held_to(replace(plan, effect=high + 1e-9), found).action == "stop"
    assert held_to(replace(plan, effect=high), found).action == "keep_testing"


def test_a_rise_below_the_effect_is_adopted_and_said_to_be_less() -> None:
    plan = plan_of("18", "--campaigns", "4")
    found = compared(plan, Sender(before=12, after=12, noise=0.002))
    high = found.metrics["delivered_sent"].high
    assert high is not None

    decision = held_to(replace(plan, effect=high + 0.01), found)

    assert decision.action == "adopt"
    assert "though below the" in decision.reason


@pytest.mark.parametrize(
    ("sender", "asked", "why"),
    [
        (Sender(before=12, after=5, noise=0.02), {}, "There are 5 of the 8 planned campaigns after the change."),
        (Sender(before=7, after=12, noise=0.02), {}, "There are 7 of the 8 planned campaigns before the change."),
        (Sender(before=12, after=12), {"washout": 3}, "The plan leaves out 14 days, and this comparison 3."),
        (Sender(before=12, after=12), {"confidence": 0.8}, "The plan is for intervals of 0.95, and these are of 0.8."),
        (Sender(before=12, after=12), {"metrics": ("opened_sent",)}, "which this comparison does not test."),
        (Sender(before=12, after=0), {}, "Nothing is claimed: "),
    ],
)
def test_what_is_not_the_planned_comparison_decides_nothing(sender: Sender, asked: Json, why: str) -> None:
    plan = plan_of("5", "--campaigns", "8")

    decision = held_to(plan, compared(plan, sender, **asked))

    assert decision.action == "keep_testing"
    assert why in decision.reason
