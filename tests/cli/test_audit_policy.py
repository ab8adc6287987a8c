"""`deliv audit --config`: audits of the domains of a policy, judged by it, and repeated without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from deliverability.feedback.facts import AGGREGATE
from support.aggregate import record, report

ZONE = """\
$ORIGIN {name}.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.25
@ TXT "v=spf1 mx +all"
_dmarc TXT "v=DMARC1; p=none"
"""
POLICY = """\
[checks]
"spf-*" = "low"
spf-all = "medium"
"dkim-*" = "off"
[domains."shop.test"]
role = "receiving"
selectors = ["s1"]
ips = ["192.0.2.99"]
helo = "mail.shop.test"
[domains."news.test"]
[thresholds.bounce-rate]
warn = 0.5
fail = 0.6
[thresholds.bounce-rate.providers.gmail]
warn = 0.01
"""


@pytest.fixture(autouse=True)
def _zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two zones and a policy in the current directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("shop.test", "news.test"):
        Path(f"{name}.zone").write_text(ZONE.format(name=name))
    Path("deliv.toml").write_text(POLICY)


ZONES = ("--zone", "shop.test.zone", "--zone", "news.test.zone")


def audits(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """The documents of one run."""
    assert run(["audit", *arguments, "-f", "jsonl"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def severities(document: Mapping[str, Any], family: str) -> dict[str, str]:
    """Check → severity of its faults and of what is unknown."""
    return {
        one["check"]: one["severity"]
        for one in document["findings"]
        if one["check"].startswith(family) and one["outcome"] in {"fail", "unknown"}
    }


def test_all_domains_of_the_policy_are_audited_as_it_knows_them(capsys: pytest.CaptureFixture[str]) -> None:
    shop, news = audits(capsys, "--config", "deliv.toml", *ZONES)

    assert [shop["subject"]["domain"], news["subject"]["domain"]] == ["shop.test", "news.test"]
    assert {name: shop["options"][name] for name in ("role", "selectors", "ips", "helo")} == {
        "role": "receiving",
        "selectors": ["s1"],
        "ips": ["192.0.2.99"],
        "helo": "mail.shop.test",
    }
    assert shop["subject"]["role"] == "receiving"
    assert {name: news["options"][name] for name in ("role", "selectors", "ips", "helo")} == {
        "role": "auto",
        "selectors": [],
        "ips": [],
        "helo": None,
    }


def test_an_option_goes_before_what_the_policy_knows(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--role", "sending", "--selector", "s2", "--ip", "192.0.2.25", "--helo", "other.test")
    (shop,) = audits(capsys, "shop.test", "--config", "deliv.toml", *ZONES, *options)

    assert {name: shop["options"][name] for name in ("role", "selectors", "ips", "helo")} == {
        "role": "sending",
        "selectors": ["s2"],
        "ips": ["192.0.2.25"],
        "helo": "other.test",
    }


def test_severities_are_the_policys_and_what_is_off_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    own, by_policy = (audits(capsys, "news.test", *ZONES, *config)[0] for config in ((), ("--config", "deliv.toml")))

    assert severities(own, "spf-")["spf-all"] == "critical"
    assert severities(by_policy, "spf-") == {
        name: "medium" if name == "spf-all" else "low" for name in severities(own, "spf-")
    }
    assert {one["check"] for one in own["findings"]} - {one["check"] for one in by_policy["findings"]} == {
        one["check"] for one in own["findings"] if one["check"].startswith("dkim-")
    }
    passes = [
        [one for one in audit["findings"] if one["outcome"] == "pass" and one["check"] != "spf-present"]
        for audit in (own, by_policy)
    ]
    assert [one for one in passes[0] if not one["check"].startswith("dkim-")] == passes[1]


def test_a_replay_judges_the_same_without_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "shop.test", "--config", "deliv.toml", *ZONES, "-o", "a.json"]) == 0
    Path("deliv.toml").unlink()

    assert run(["audit", "--replay", "a.json", "-o", "b.json"]) == 0
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()
    assert "policy" in json.loads(Path("a.json").read_bytes())["options"]


def test_a_replay_can_be_judged_by_another_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "shop.test", "--config", "deliv.toml", *ZONES, "-o", "a.json"]) == 0
    Path("other.toml").write_text(
        '[checks]\nspf-all = "high"\n"dkim-*" = "off"\n[domains."shop.test"]\nselectors = ["s9"]\n'
    )
    (again,) = audits(capsys, "--replay", "a.json", "--config", "other.toml")

    assert severities(again, "spf-")["spf-all"] == "high"
    assert again["options"]["policy"] == {"checks": {"spf-all": "high", "dkim-*": "off"}}
    assert again["options"]["selectors"] == ["s1"]  # what was known when it was asked


def test_a_replay_asks_nothing_that_was_not_asked_then(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "shop.test", *ZONES, "-o", "a.json"]) == 0
    (again,) = audits(capsys, "--replay", "a.json", "--config", "deliv.toml")

    assert again["options"]["selectors"] == []
    assert again["subject"]["role"] == "sending"


def test_without_a_policy_a_document_says_nothing_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.toml").write_text("")
    own, empty = (audits(capsys, "news.test", *ZONES, *config)[0] for config in ((), ("--config", "empty.toml")))

    assert "policy" not in own["options"]
    assert own["findings"] == empty["findings"]
    assert own["options"] == empty["options"]


def test_a_damaged_policy_in_a_document_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "shop.test", *ZONES, "-o", "a.json"]) == 0
    document = json.loads(Path("a.json").read_text())
    document["options"]["policy"] = {"checks": {"nothing": "off"}}
    Path("a.json").write_text(json.dumps(document))
    capsys.readouterr()

    assert run(["audit", "--replay", "a.json"]) == 2
    assert capsys.readouterr().err.startswith('deliv: options.policy:1:1: no check is called "nothing"')


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ('fail_on = "high"\nx = 1\n', "deliv.toml:1:1: the top of the file has no key"),
        ('[checks]\n"*" = "off"\n', "no check is left to run"),
        ("", "name a domain"),
    ],
)
def test_a_policy_that_cannot_be_used_is_told(policy: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("deliv.toml").write_text(policy)

    assert run(["audit", "--config", "deliv.toml", *ZONES, *(["news.test"] if '"*"' in policy else [])]) == 2
    assert message in capsys.readouterr().err


def test_events_are_judged_by_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f'{{"type": "{kind}", "ts": "2026-11-01T10:00:00Z", "recipient": "p{n}@gmail.com", "message_id": "m{n}"}}'
        for n in range(500)
        for kind in ("sent", "bounced" if n % 5 == 0 else "delivered")
    ]
    Path("events.ndjson").write_text("\n".join(rows))
    (found,) = audits(
        capsys, "news.test", "--config", "deliv.toml", *ZONES, "--events", "events.ndjson", "--source", "generic"
    )
    bounces = {one["subject"]: one["case"] for one in found["findings"] if one["check"] == "bounce-rate"}

    assert bounces == {"news.test": "pass", "news.test at gmail": "warn"}


def test_senders_that_the_policy_declares_are_known_to_the_reports(capsys: pytest.CaptureFixture[str]) -> None:
    failing = record("192.0.2.77", by_dkim="fail", by_spf="fail", header_from="news.test")
    Path("report.xml").write_text(report(failing, domain="news.test"))
    Path("senders.toml").write_text('[domains."news.test"]\nsenders = ["192.0.2.64/26"]\n')

    def category(*more: str) -> str:
        (found,) = audits(capsys, "news.test", *ZONES, "--dmarc-reports", "report.xml", *more)
        (facts,) = (one for one in found["observations"] if one["kind"] == AGGREGATE)
        return str(facts["sources"][0]["category"])

    assert category() == "unknown"
    assert category("--config", "senders.toml") == "declared"
    assert category("--config", "senders.toml", "--declared", "198.51.100.1") == "unknown"
