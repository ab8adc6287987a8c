"""`deliv audit` and the commands around it, as a person or a job runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deliverability.checks import CHECKS
from deliverability.cli import SUMMARIES
from support.commands import deliv

ZONE = """\
$ORIGIN shop.test.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.25
@ TXT "v=spf1 mx +all"
_dmarc TXT "v=DMARC1; p=none"
"""


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A zone file in the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("shop.zone").write_text(ZONE)
    return "shop.zone"


def test_the_first_line_is_the_verdict(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = deliv(capsys, "audit", "shop.test", "--zone", zone)

    assert code == 0
    assert out.splitlines()[0].startswith("shop.test · sending · do not send")
    assert err == ""


def test_json_goes_to_stdout(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, "-f", "json")

    assert code == 0
    assert json.loads(out)["schema"] == "deliv.audit/1"


def test_each_output_has_the_format_of_its_suffix(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [part for suffix in ("json", "jsonl", "html", "txt") for part in ("-o", f"out.{suffix}")]

    code, out, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, *outputs)

    assert (code, out) == (0, "")
    assert json.loads(Path("out.json").read_text())["subject"]["domain"] == "shop.test"
    assert len(Path("out.jsonl").read_text().splitlines()) == 1
    assert Path("out.html").read_text().lower().startswith("<!doctype html>")
    assert Path("out.txt").read_text().startswith("shop.test")


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 1), ("high", 1), ("medium", 1), ("low", 1)], ids=str)
def test_fail_on_closes_on_a_fault_as_bad(
    zone: str, capsys: pytest.CaptureFixture[str], fail_on: str, code: int
) -> None:
    assert deliv(capsys, "audit", "shop.test", "--zone", zone, "--fail-on", fail_on)[0] == code


def test_fail_on_looks_at_the_selected_checks_alone(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("audit", "shop.test", "--zone", zone, "--select", "spf-single", "--fail-on", "low")

    assert deliv(capsys, *arguments)[0] == 0


def test_a_replay_gives_the_same_bytes(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--zone", zone, "--selector", "s1", "--ip", "192.0.2.25", "--ignore", "mx-*")
    deliv(capsys, "audit", "shop.test", *options, "-o", "a.json")

    deliv(capsys, "audit", "--replay", "a.json", "-o", "b.json")
    deliv(capsys, "audit", "shop.test", *options, "--replay", "a.json", "-o", "c.json")

    assert Path("b.json").read_bytes() == Path("a.json").read_bytes()
    assert Path("c.json").read_bytes() == Path("a.json").read_bytes()


def test_a_replay_says_where_its_answers_came_from(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    deliv(capsys, "audit", "shop.test", "--zone", zone, "-o", "a.json")

    deliv(capsys, "audit", "--replay", "a.json", "--zone", "other.zone", "--resolver", "192.0.2.1", "-o", "b.json")

    assert Path("b.json").read_bytes() == Path("a.json").read_bytes()


def test_a_replay_is_not_held_to_the_time_that_the_audit_had(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, "-f", "json")
    hurried = text.replace('"timeout":30.0', '"timeout":1e-09')
    Path("a.json").write_text(hurried)

    assert hurried != text
    assert deliv(capsys, "audit", "--replay", "a.json", "-f", "json")[1] == hurried


def test_the_document_names_the_servers_that_were_asked_as_they_were_given(capsys: pytest.CaptureFixture[str]) -> None:
    deliv(
        capsys,
        "audit",
        "shop.test",
        "--resolver",
        "127.0.0.1:9",
        "--select",
        "spf-single",
        "--timeout",
        "0.1",
        "-o",
        "a.json",
    )

    assert json.loads(Path("a.json").read_text())["vantage"]["resolvers"] == ["127.0.0.1:9"]


def test_an_overlay_says_what_it_breaks_and_mends(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.zone").write_text('shop.test. 300 TXT "v=spf1 include:gone.shop.test -all"\n', encoding="utf-8")

    _, out, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, "--overlay", "new.zone", "-o", "-", "-o", "a.html")

    change = out.partition("As published, the verdict is: ")[2]
    assert "Mended by the proposed records" in change
    assert "Broken by the proposed records" in change
    assert "spf-include-resolves" in change.partition("Broken by the proposed records")[2]
    page = Path("a.html").read_text(encoding="utf-8")
    assert "What the proposed records break and mend" in page
    assert "By the proposed records" in page
    assert "Since the audit before" not in page
    assert all(f"<h4>{title} " in page for title in ("Broken", "Mended"))


def test_an_earlier_audit_of_another_day_is_no_published_state(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.zone").write_text('shop.test. 300 TXT "v=spf1 include:gone.shop.test -all"\n', encoding="utf-8")
    deliv(capsys, "audit", "shop.test", "--zone", zone, "-o", "before.json")
    text = Path("before.json").read_text(encoding="utf-8")
    stored = json.loads(text)["started_at"]
    Path("before.json").write_text(text.replace(stored, "2026-01-02T03:04:05Z"), encoding="utf-8")
    deliv(capsys, "audit", "shop.test", "--zone", zone, "--overlay", "new.zone", "-o", "after.json")

    deliv(capsys, "render", "after.json", "--previous", "before.json", "-o", "a.html")

    page = Path("a.html").read_text(encoding="utf-8")
    assert "Since the audit before" in page
    assert "By the proposed records" not in page


def test_an_overlay_is_audited_before_it_is_published(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.zone").write_text('$ORIGIN shop.test.\n$TTL 300\n@ TXT "v=spf1 mx -all"\n')

    _, out, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, "--overlay", "new.zone", "-f", "json")

    outcomes = {f["check"]: f["outcome"] for f in json.loads(out)["findings"]}
    assert outcomes["spf-all"] == "pass"


def test_a_replay_of_an_overlaid_audit_gives_the_same_bytes(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.zone").write_text('$ORIGIN shop.test.\n$TTL 300\n@ TXT "v=spf1 mx -all"\n')
    deliv(capsys, "audit", "shop.test", "--zone", zone, "--overlay", "new.zone", "-o", "a.json")
    Path("new.zone").unlink()

    deliv(capsys, "audit", "--replay", "a.json", "-o", "b.json")

    assert Path("b.json").read_bytes() == Path("a.json").read_bytes()


def test_several_domains_make_one_json_lines_file(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = deliv(capsys, "audit", "shop.test", "mail.shop.test", "--zone", zone, "-f", "jsonl")

    assert [json.loads(line)["subject"]["domain"] for line in out.splitlines()] == ["shop.test", "mail.shop.test"]


WRONG: dict[str, tuple[str, ...]] = {
    "an invalid domain": ("audit", "a..b"),
    "a missing zone file": ("audit", "shop.test", "--zone", "gone.zone"),
    "a malformed zone file": ("audit", "shop.test", "--zone", "bad.zone"),
    "an empty zone file": ("audit", "shop.test", "--zone", "empty"),
    "an empty overlay": ("audit", "shop.test", "--zone", "shop.zone", "--overlay", "empty"),
    "a directory for a zone file": ("audit", "shop.test", "--zone", "."),
    "binary junk for a zone file": ("audit", "shop.test", "--zone", "junk"),
    "a missing replay file": ("audit", "--replay", "gone.json"),
    "a replay file that is no JSON": ("audit", "--replay", "junk"),
    "a replay file that is no audit": ("audit", "--replay", "other.json"),
    "a damaged replay file": ("audit", "--replay", "damaged.json"),
    "an unknown check id": ("audit", "shop.test", "--zone", "shop.zone", "--select", "spf-typo"),
    "an unparsable resolver": ("audit", "shop.test", "--resolver", "not an address"),
    "an address that is none": ("audit", "shop.test", "--zone", "shop.zone", "--ip", "300.1.1.1"),
    "a selector that is none": ("audit", "shop.test", "--zone", "shop.zone", "--selector", "a b"),
    "an unknown format": ("audit", "shop.test", "--zone", "shop.zone", "-f", "pdf"),
    "a suffix without a format": ("audit", "shop.test", "--zone", "shop.zone", "-o", "out.pdf"),
    "a folder that is not there": ("audit", "shop.test", "--zone", "shop.zone", "-o", "gone/out.json"),
    "several domains in one JSON": ("audit", "shop.test", "b.test", "--zone", "shop.zone", "-f", "json"),
    "no domain": ("audit",),
    "a zone and a resolver": ("audit", "shop.test", "--zone", "shop.zone", "--resolver", "192.0.2.1"),
    "a timeout without end": ("audit", "shop.test", "--zone", "shop.zone", "--timeout", "inf", "-f", "json"),
    "an empty name for a replay file": ("audit", "shop.test", "--zone", "shop.zone", "--replay", ""),
    "a timeout of nothing": ("audit", "shop.test", "--zone", "shop.zone", "--timeout", "0"),
    "an unknown check to explain": ("explain", "spf-loop-limit"),
    "an unknown schema": ("schema", "nothing"),
    "a missing audit to render": ("render", "gone.json"),
    "an audit to compare that is none": ("diff", "junk", "junk"),
    "an unknown command": ("audti",),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_bad_input_is_one_line_and_exit_2(
    zone: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    Path("bad.zone").write_text("$ORIGIN shop.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ MX ten mail\n")
    Path("empty").touch()
    Path("junk").write_bytes(bytes(range(256)) * 4)
    Path("other.json").write_text('{"schema": "something/1"}')
    Path("damaged.json").write_text('{"schema": "deliv.audit/1", "subject": 3}')
    before = sorted(Path().iterdir())

    code, out, err = deliv(capsys, *arguments)

    assert code == 2
    assert out == ""
    said = [line for line in err.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert len(said) == 1, err
    assert "Traceback" not in err
    assert sorted(Path().iterdir()) == before


def test_a_malformed_zone_file_is_named_with_its_line(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.zone").write_text("$ORIGIN shop.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ MX ten mail\n")

    _, _, err = deliv(capsys, "audit", "shop.test", "--zone", "bad.zone")

    assert "bad.zone:4: " in err


def test_a_typing_error_in_a_check_id_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert "spf-lookup-limit" in deliv(capsys, "explain", "spf-lookup-limt")[2]


def test_render_shows_a_stored_audit(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, direct, _ = deliv(capsys, "audit", "shop.test", "--zone", zone, "-o", "a.json", "-o", "-")

    assert deliv(capsys, "render", "a.json") == (0, direct, "")


def test_diff_says_what_was_mended(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    deliv(capsys, "audit", "shop.test", "--zone", zone, "-o", "before.json")
    Path(zone).write_text(ZONE.replace("+all", "-all"))
    deliv(capsys, "audit", "shop.test", "--zone", zone, "-o", "after.json")

    code, out, _ = deliv(capsys, "diff", "before.json", "after.json", "-f", "json")

    assert code == 0
    assert ("spf-all", "shop.test") in {(row["check"], row["subject"]) for row in json.loads(out)["fixed"]}


def test_checks_lists_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = deliv(capsys, "checks", "-f", "json")

    rows: list[dict[str, Any]] = json.loads(out)
    assert [row["id"] for row in rows] == [c.id for c in CHECKS]
    assert all(set(row) >= {"id", "family", "severity", "title", "why", "fix", "references"} for row in rows)


@pytest.mark.parametrize("check", [c.id for c in CHECKS])
def test_explain_has_a_page_for_every_check(check: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = deliv(capsys, "explain", check)

    assert code == 0
    assert check in out


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in SUMMARIES:
        code, out, _ = deliv(capsys, name, "--help")
        assert code == 0
        assert f"deliv {name}" in out


HOSTILE = r"""
$ORIGIN evil.test.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ TXT "v=spf1 include:\027[2J<script>alert(1)</script> +all"
@ TXT "\226\128\174reversed\226\128\172 \155\007\127"
_dmarc TXT "v=DMARC1; p=<img src=x onerror=alert(1)>; rua=mailto:\027]0;owned\007@evil.test"
"""

RAW = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"]


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "html"])
def test_hostile_text_is_shown_and_never_interpreted(zone: str, capsys: pytest.CaptureFixture[str], form: str) -> None:
    Path("evil.zone").write_text(HOSTILE)

    _, out, _ = deliv(capsys, "audit", "evil.test", "--zone", "evil.zone", "-f", form, "--no-color")

    assert [c for c in RAW if c in out and c != "\n"] == []
    if form == "html":
        assert "<script" not in out
        assert "<img" not in out
