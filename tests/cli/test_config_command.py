"""`deliv config`: is a policy in order, what does it decide, and a file to begin with."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deliverability.checks import CHECKS
from deliverability.policy.read import read_policy
from deliverability.policy.starter import starter
from deliverability.policy.summary import summary
from deliverability.shape import schema
from support import commands
from support.policies import waived


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def deliv(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return commands.deliv(capsys, "config", *arguments)


POLICY = f"""\
require = ["events"]
[checks]
"dns-*" = "off"
spf-loop = "low"
"spf-loop*" = "high"
[domains."b.example"]
owner = "mail\\u202eteam"
[domains."c.example"]
[thresholds.bounce-rate.providers.gmail]
[thresholds.complaint-rate]
warn = 0.0005
{waived("spf-*", "b.example", until="2026-11-21")}\
{waived("mx-*", "b.example", until="2026-11-22")}\
{waived("mx-*", "c.example", until="2027-06-30")}\
[sources.crm]
[compare]
events = [{{ date = 2026-09-20 }}]
"""


def test_what_a_policy_decides_is_said() -> None:
    Path("deliv.toml").write_text(POLICY)
    off = sum(1 for one in CHECKS if one.id.startswith("dns-"))

    assert list(summary(read_policy(Path("deliv.toml")), date(2026, 11, 22))) == [
        ("gate", "closes on high or worse; is undetermined where it could not look; requires events"),
        ("domains", "b.example (mail\\u202eteam), c.example"),
        (
            "checks",
            f"1 of another severity, {off} off, of {len(CHECKS)}; decides nothing, as another line does: spf-loop*",
        ),
        ("thresholds", "complaint-rate, bounce-rate (provider gmail)"),
        ("waivers", "3"),
        ("", "expired: spf-* for b.example, until 2026-11-21 (o, line 12)"),
        ("", "ends soon: mx-* for b.example, until 2026-11-22 (o, line 18)"),
        ("sources", "crm"),
        ("compare", "1 events"),
    ]


def test_a_file_in_order_exits_with_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deliv.toml").write_text(POLICY)
    code, out, err = deliv(capsys, "check")

    assert (code, err) == (0, "")
    assert out.startswith("deliv.toml is in order\n  gate        closes on high")
    assert "  waivers     3\n              expired: spf-*" in out


def test_every_fault_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    Path("team.toml").write_text('fail_on = "high"\n[checks]\nspf-lop = "low"\n')
    code, out, err = deliv(capsys, "check", "team.toml")

    assert (code, out) == (2, "")
    assert [line.split(": ")[1] for line in err.splitlines()] == ["team.toml:1:1", "team.toml:3:1"]
    assert "did you mean fail-on?" in err
    assert "did you mean spf-loop?" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "deliv: deliv.toml: No such file or directory (deliv config init writes one)\n"),
        (["check", "."], "deliv: .: Is a directory\n"),
        (["init", "a b"], "deliv: not a domain name: 'a b' (it needs at least two labels)\n"),
        (["init", "-o", "no/x.toml"], "deliv: no/x.toml: No such file or directory\n"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deliv(capsys, *arguments) == (2, "", message)


@pytest.mark.parametrize("domains", [[], ["shop.example"], ["bücher.example", "news.shop.example", "Bücher.example."]])
def test_what_init_writes_is_in_order_and_decides_nothing_new(
    domains: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert deliv(capsys, "init", *domains)[:2] == (0, "")
    found = read_policy(Path("deliv.toml"))

    assert len(found.domains) == len({one.lower().removesuffix(".") for one in domains})
    assert (found.waivers, found.judging.severities, found.judging.lines) == ((), (), None)
    assert deliv(capsys, "check")[0] == 0


def test_what_stands_behind_a_hash_in_it_is_in_order_too() -> None:
    today = date(2026, 11, 22)
    prose = (
        "# The ",
        "# For ",
        "# #:",
        "# Faults",
        "# Where",
        "# Inputs",
        "# postmaster",
        "# What",
        "# Lines",
        "# A fault",
        "# minimum:",
        "# Events",
    )
    text = "".join(
        f"{line.removeprefix('# ')}\n" for line in starter([], today).splitlines() if not line.startswith(prose)
    )
    Path("all.toml").write_text(text)
    found = read_policy(Path("all.toml"))

    assert found.domains["example.com"].helo == "mail.example.com"
    assert [one.until for one in found.waivers] == [today + timedelta(days=90)]
    assert list(found.sources) == ["crm"]
    assert found.judging.lines is not None
    assert found.judging.lines.of("bounce-rate", stream="newsletter").warn == 0.03


def test_a_file_that_is_there_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deliv.toml").write_text("# ours\n")

    assert deliv(capsys, "init") == (2, "", "deliv: deliv.toml: is there already (--force writes over it)\n")
    assert Path("deliv.toml").read_text() == "# ours\n"
    assert deliv(capsys, "init", "--force")[0] == 0
    assert tomllib.loads(Path("deliv.toml").read_text())["fail-on"] == "high"


def test_it_goes_to_stdout_where_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = deliv(capsys, "init", "-o", "-", "shop.example")

    assert (code, err) == (0, "")
    assert out == starter(["shop.example"], datetime.now(UTC).date())


def test_the_schema_is_the_published_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = deliv(capsys, "schema")

    assert (code, json.loads(out)) == (0, schema("config"))
