"""Figures and the gate, from the events' counts through the checks: it closes beyond doubt, and never on noise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import ceil
from pathlib import Path

import pytest

from deliverability import api
from deliverability.events.figures import Counts
from deliverability.findings import Severity
from deliverability.gate.decide import decide
from deliverability.gate.model import Gate, Taken
from deliverability.inputs import Inputs
from deliverability.lookup import AssumeAbove, ZoneResolver
from deliverability.policy.read import read_policy
from support import given

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ZONE = '$ORIGIN shop.test.\n@ 300 SOA n h 1 1 1 1 1\n@ 300 TXT "v=spf1 -all"\n'


def gate(complained: int, delivered: int, policy: str = "", fail_on: Severity | None = None) -> Gate:
    """The gate of `complained` complaints, judged by complaint-rate alone."""
    Path("deliv.toml").write_text(policy)
    read = read_policy(Path("deliv.toml"))
    counts = Counts(sent=delivered, delivered=delivered, complained=complained)
    rates = given.rates(totals=counts, by_provider={"microsoft": counts}, reporting=("microsoft",))
    audits = api.audit(
        "shop.test",
        resolver=AssumeAbove(ZoneResolver.from_text(ZONE)),
        inputs={"shop.test": Inputs(rates=rates)},
        select=["complaint-rate"],
        judging=read.judging,
        now=NOW,
    )
    return decide(audits, read, today=date(2026, 11, 22), fail_on=fail_on)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CASES: Mapping[str, tuple[int, int, Taken]] = {
    "below the floor": (5, 400, Taken.INAPPLICABLE),
    "below the line": (5, 10_000, Taken.PASSES),
    "past the line, perhaps": (3, 2_000, Taken.WARNS),
    "past the lower line beyond doubt": (20, 10_000, Taken.CLOSES),
    "past the upper line beyond doubt": (60, 10_000, Taken.CLOSES),
}


@pytest.mark.parametrize(("complained", "delivered", "taken"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("fail_on", [Severity.LOW, Severity.HIGH])
def test_a_rate_closes_only_beyond_doubt(complained: int, delivered: int, taken: Taken, fail_on: Severity) -> None:
    found = gate(complained, delivered, fail_on=fail_on)

    assert [row.taken for row in found.rows] == [taken]
    assert found.exit_code == (1 if taken is Taken.CLOSES else 0)


@pytest.mark.parametrize("severity", ["critical", "high"])
def test_no_policy_makes_an_undecided_rate_close(severity: str) -> None:
    assert gate(3, 2_000, f'[checks]\ncomplaint-rate = "{severity}"\n', fail_on=Severity.LOW).exit_code == 0


def test_what_would_settle_it_does() -> None:
    [row] = gate(3, 2_000).rows
    needed = row.finding.data["settles_at"]

    assert f"{needed:,}" in row.settle
    assert gate(ceil(needed * 0.0015), needed).exit_code == 1
    assert gate(round(needed * 0.0015 * 0.9), round(needed * 0.9)).exit_code == 0


def test_lines_for_a_stream_without_mail_are_said_to_judge_nothing() -> None:
    misspelt = "[thresholds.complaint-rate.streams.newsleter]\nwarn = 0.0005\n"

    assert [note for note in gate(5, 10_000, misspelt).notes if "newsleter" in note and "judge nothing" in note] != []
    assert gate(5, 10_000).notes == ()


def test_the_lines_of_a_policy_close_and_open() -> None:
    assert gate(20, 10_000, "[thresholds.complaint-rate]\nwarn = 0.01\nfail = 0.02\n").exit_code == 0
    assert gate(5, 10_000, "[thresholds.complaint-rate]\nwarn = 0.0001\nfail = 0.0002\n").exit_code == 1
    assert gate(20, 10_000, "[thresholds.complaint-rate]\nminimum = 20000\n").exit_code == 0
