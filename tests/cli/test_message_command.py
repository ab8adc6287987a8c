"""`deliv message`, and `deliv audit --message`: one message or many, offline again from the document, nobody named."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from deliverability.findings import Outcome
from support import commands
from support.letters import DOMAIN, RECIPIENT, SECRET, SENDER, letter, signed, zone
from support.schemas import hold

Json = dict[str, Any]
HANDED_OVER = ("--ip", SENDER, "--mail-from", f"bounces+{SECRET}=reader.example@{DOMAIN}")
MBOX_LINE = b"From a@b.example Sun Nov 22 08:00:00 2026\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a zone, a letter that is signed, and one that is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIV_DEBUG", raising=False)
    zone(Path("zone"))
    put("good.eml", signed(letter(1)))
    put("bare.eml", letter(2))


def put(path: str, raw: bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(raw)


def audited(*arguments: str, code: int = 0, command: str = "message") -> Json:
    """The document that the command writes."""
    assert run([command, *arguments, "--zone", "zone", "-o", "out.json"]) == code
    found: Json = json.loads(Path("out.json").read_text())
    return found


def outcomes(document: Json, family: str = "message-") -> dict[str, str]:
    """Check → what it came to, the worst last."""
    return {one["check"]: one["outcome"] for one in document["findings"] if one["check"].startswith(family)}


def summary(*arguments: str, code: int = 0) -> Json:
    """The document of many messages, held to its schema."""
    found = audited(*arguments, code=code)
    hold("messages", found)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, command: str = "message") -> str:
    """The one line that the command ends with."""
    return commands.refused(capsys, command, *arguments)


def test_one_message_is_an_audit_of_its_from_domain_by_the_checks_of_messages() -> None:
    document = audited("good.eml", *HANDED_OVER)

    assert (document["schema"], document["subject"]["domain"], document["subject"]["role"]) == (
        "deliv.audit/1",
        DOMAIN,
        "sending",
    )
    assert {one["check"].partition("-")[0] for one in document["findings"]} == {"message"}
    found = outcomes(document)
    assert {name: found[f"message-{name}"] for name in ("dkim", "spf", "dmarc-alignment", "one-click", "from")} == (
        dict.fromkeys(("dkim", "spf", "dmarc-alignment", "one-click", "from"), "pass")
    )
    assert document["options"]["message"] == "good.eml"
    assert document["options"]["mail_from"] == DOMAIN


def test_a_message_that_is_not_signed_is_told_apart() -> None:
    assert outcomes(audited("bare.eml", *HANDED_OVER, code=0))["message-dkim"] == "fail"
    assert run(["message", "bare.eml", "--zone", "zone", "--fail-on", "high"]) == 1
    assert run(["message", "good.eml", "--zone", "zone", "--fail-on", "high", *HANDED_OVER]) == 0


@pytest.mark.parametrize("command", ["message", "audit"])
def test_a_replay_finds_the_same_byte_for_byte_without_the_message(command: str) -> None:
    run(["message", "good.eml", "--zone", "zone", *HANDED_OVER, "--trust", "mx.reader.example", "-o", "first.json"])
    for name in ("good.eml", "zone"):
        Path(name).unlink()

    assert run([command, "--replay", "first.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("first.json").read_bytes()


@pytest.mark.parametrize("command", ["message", "audit"])
def test_spf_that_asks_for_the_local_part_is_exact_and_keeps_nobodys(command: str) -> None:
    zone(Path("zone"), spf=f"v=spf1 exists:%{{lr}}.senders.{DOMAIN} -all")
    with Path("zone").open("a") as file:
        file.write("name.given.senders IN A 127.0.0.2\n")  # SECRET, reversed
    given = [DOMAIN, "--message", "good.eml"] if command == "audit" else ["good.eml"]

    def spf(sender: str) -> str:
        run([command, *given, "--zone", "zone", "--ip", SENDER, "--mail-from", sender, "-o", "out.json"])
        text = Path("out.json").read_text()
        document = json.loads(text)
        assert SECRET not in text
        if command == "message":  # an audit of the domain lists the names of its zone
            assert "name.given" not in text
        return str(next(one["case"] for one in document["findings"] if one["check"] == "message-spf"))

    assert spf(f"{SECRET}@{DOMAIN}") == "pass"
    assert spf(f"other@{DOMAIN}") == "fail"
    assert spf(DOMAIN) == "local_part"


def test_a_replay_gives_what_was_answered_to_the_local_part_again() -> None:
    zone(Path("zone"), spf=f"v=spf1 exists:%{{l}}.senders.{DOMAIN} -all")
    with Path("zone").open("a") as file:
        file.write(f"{SECRET}.senders IN A 127.0.0.2\n")
    run(
        ["message", "good.eml", "--zone", "zone", *HANDED_OVER[:2], "--mail-from", f"{SECRET}@{DOMAIN}", "-o", "1.json"]
    )

    assert run(["message", "--replay", "1.json", "-o", "2.json"]) == 0
    document = json.loads(Path("1.json").read_text())
    assert Path("1.json").read_bytes() == Path("2.json").read_bytes()
    assert f"%{{l}}.senders.{DOMAIN}" in {one["name"] for one in document["dns"]}
    assert outcomes(document)["message-spf"] == "pass"


def test_a_replay_may_ask_other_checks_and_another_message() -> None:
    run(["message", "good.eml", "--zone", "zone", *HANDED_OVER, "--full", "-o", "first.json"])

    assert run(["message", "--replay", "first.json", "--select", "spf-*", "-o", "again.json"]) == 0
    chosen = {one["check"] for one in json.loads(Path("again.json").read_text())["findings"]}
    assert {"spf-present", "message-dkim"} <= chosen
    assert "mx-present" not in chosen
    assert run(["message", "bare.eml", "--replay", "first.json", "--fail-on", "high", "-o", "bare.json"]) == 1


@pytest.mark.parametrize("command", ["message", "audit"])
def test_offline_nobody_is_asked_and_what_dns_would_say_is_not_known(command: str) -> None:
    assert run(["message", "bare.eml", "--offline", "--ip", SENDER, "--mail-from", "<>", "-o", "first.json"]) == 0
    document = json.loads(Path("first.json").read_text())
    found = outcomes(document)

    assert (found["message-dkim"], found["message-from"], found["message-spf"]) == ("fail", "pass", "unknown")
    assert {one["status"] for one in document["dns"]} == {"refused"}
    assert document["vantage"]["resolvers"] == []
    assert run([command, "--replay", "first.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("first.json").read_bytes()


def test_the_whole_domain_is_audited_where_it_is_asked_for() -> None:
    found = outcomes(audited("good.eml", *HANDED_OVER, "--full"), "")

    assert found["dmarc-present"] == "pass"
    assert found["message-dkim"] == "pass"


def test_an_audit_is_given_a_message_whose_selectors_are_known_then() -> None:
    document = audited(DOMAIN, "--message", "good.eml", *HANDED_OVER, command="audit")

    assert outcomes(document)["message-dkim"] == "pass"
    keys = document["facts"]["dkim"]["keys"]
    assert [one["selector"] for one in keys if one["found_by"] == "named"] == ["s2026"]
    assert run(["audit", "--replay", "out.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("out.json").read_bytes()


def test_an_audit_without_a_message_says_what_it_lacks_and_keeps_no_fact_of_one() -> None:
    document = audited(DOMAIN, command="audit")

    [dkim] = [one for one in document["findings"] if one["check"] == "message-dkim"]
    assert (dkim["outcome"], dkim["lack"]) == (Outcome.UNKNOWN.value, "input")
    assert not {"message", "authentication", "links_listed"} & set(document["facts"])
    assert document["observations"] == [] or "message" not in [one["kind"] for one in document["observations"]]


def test_a_message_of_another_domain_is_refused_and_one_of_a_subdomain_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("other.eml", letter(sender="news@other.example"))
    put("sub.eml", letter(sender=f"news@mail.{DOMAIN}"))

    line = refused(capsys, DOMAIN, "--message", "other.eml", "--zone", "zone", command="audit")
    assert line == f"deliv: other.eml: From names other.example, and the audit is of {DOMAIN}"
    assert outcomes(audited(DOMAIN, "--message", "sub.eml", command="audit"))["message-from"] == "pass"


def test_of_two_domains_the_message_goes_to_its_own() -> None:
    assert run(["audit", DOMAIN, "example.net", "--message", "good.eml", "--zone", "zone", "-o", "all.jsonl"]) in {0, 3}
    first, second = map(json.loads, Path("all.jsonl").read_text().splitlines())

    assert outcomes(first)["message-from"] == "pass"
    assert outcomes(second)["message-from"] == "unknown"


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "html", "sarif", "junit"])
def test_no_format_names_a_recipient(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{RECIPIENT}.eml"
    put(path, signed(letter(1, extra=f"X-To: {RECIPIENT}\n")))

    run(["message", path, "--zone", "zone", *HANDED_OVER, "-v", "-f", form])
    run(["audit", DOMAIN, "--message", path, "--zone", "zone", *HANDED_OVER, "-f", form])
    said = capsys.readouterr()

    assert said.out
    assert SECRET not in said.out + said.err


def test_many_are_added_up_and_every_audit_is_a_line() -> None:
    for number in range(20):
        put(f"sent/{number:02}.eml", signed(letter(number)) if number % 4 else letter(number))
    put("sent/more.mbox", b"".join(MBOX_LINE + letter(n).replace(b"\r\n", b"\n") + b"\n" for n in range(3)))
    put(f"sent/{RECIPIENT}", b"")
    put("sent/empty.eml", b"")
    put("sent/notes.txt", b"no mail at all\n")
    with zipfile.ZipFile("sent/zipped.zip", "w") as archive:
        archive.writestr("a.eml", signed(letter(50)))
        archive.writestr("b.eml", gzip.compress(signed(letter(51))))

    found = summary("sent", *HANDED_OVER, "-o", "all.jsonl")

    assert found["input"] == {"files": 25, "messages": 25, "bad": 3}
    assert found["totals"] == {"messages": 25, "send": 17, "fix_first": 0, "do_not_send": 8, "undetermined": 0}
    [dkim] = [one for one in found["checks"] if one["check"] == "message-dkim"]
    assert (dkim["fail"], dkim["pass"], dkim["examples"][:2]) == (8, 17, ["sent/00.eml", "sent/04.eml"])
    assert sum(case["messages"] for case in dkim["cases"]) == 8
    [rspamd] = [one for one in found["checks"] if one["check"] == "message-rspamd"]
    assert (rspamd["unknown"], rspamd["unasked"]) == (25, 25)
    assert found["domains"] == [
        {"domain": DOMAIN, "messages": 25, "send": 17, "fix_first": 0, "do_not_send": 8, "undetermined": 0}
    ]
    [named] = [one for one in found["bad"] if "reader.example" in one["file"]]
    rest = [one for one in found["bad"] if one != named]
    assert (SECRET in named["file"], named["reason"]) == (False, "empty")
    assert [(one["file"], one["reason"]) for one in rest] == [
        ("sent/empty.eml", "empty"),
        ("sent/notes.txt", "not-a-mail"),
    ]
    lines = [json.loads(line) for line in Path("all.jsonl").read_text().splitlines()]
    assert [one["options"]["message"] for one in lines][18:] == [
        *("sent/18.eml", "sent/19.eml"),
        *("sent/more.mbox#1", "sent/more.mbox#2", "sent/more.mbox#3"),
        *("sent/zipped.zip!a.eml", "sent/zipped.zip!b.eml"),
    ]
    for one in lines:
        hold("audit", one)


def test_many_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    put("sent/a.eml", signed(letter(1)))
    put("sent/b.eml", letter(2))
    put("sent/c.eml", letter(3, sender="news@other.example", domain="other.example"))
    capsys.readouterr()

    run(["message", "sent", "--zone", "zone", *HANDED_OVER])
    text = capsys.readouterr().out

    assert text.startswith("3 messages · 3 files\n")
    assert "such as sent/b.eml" in text
    assert "From domain" in text
    assert "message-rspamd" not in text
    assert "other.example" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_exit_code_of_many_is_the_worst() -> None:
    put("sent/a.eml", signed(letter(1)))
    put("sent/b.eml", signed(letter(2)))
    asked = ["message", "sent", "--zone", "zone", "--fail-on", "high", "-q", *HANDED_OVER]
    assert run(asked) == 0
    put("sent/c.eml", letter(3))
    assert run(asked) == 1


def test_where_most_is_no_mail_nothing_is_claimed() -> None:
    put("sent/a.eml", signed(letter(1)))
    for number in range(3):
        put(f"sent/{number}.eml", b"junk")
    asked = ["message", "sent", "--zone", "zone", "-q", *HANDED_OVER]

    assert run(asked) == 3
    assert run([*asked, "--max-bad-share", "1"]) == 0


def test_standard_input_is_a_message_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(signed(letter(1)))

    monkeypatch.setattr("sys.stdin", Stdin())
    assert outcomes(audited("-", *HANDED_OVER))["message-dkim"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nothing.eml"], "deliv: nothing.eml: no such file or folder"),
        (["empty.eml"], "deliv: empty.eml: empty"),
        (["zone"], "deliv: zone: not a mail: it does not begin with a header field"),
        (["nobody.eml"], "deliv: nobody.eml: no field names a domain whose mail it could be (--domain says which)"),
        (["folder"], "deliv: folder: no message in it"),
        (["good.eml", "--ip", "192.0.2"], "deliv: not an IP address: '192.0.2'"),
        (
            ["good.eml", "--mail-from", f"{SECRET}@@"],
            "deliv: --mail-from is an address such as bounces@example.com, its domain, or <> for none",
        ),
        (["good.eml", "--offline"], "deliv: --offline asks nobody and does not go with --resolver or --zone"),
        (["good.eml", "--select", "nothing-*"], "deliv: no check is called 'nothing-*' (deliv checks lists them)"),
        (
            ["good.eml", "bare.eml", "-f", "html"],
            "deliv: -: html shows one message, and there are many: use text, json, jsonl",
        ),
        (["--replay", "bare.json"], "deliv: bare.json: an audit of weinhandel.example without a message"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("empty.eml", b"\n")
    put("nobody.eml", b"Subject: hello\r\n\r\nhello\r\n")
    Path("folder").mkdir()
    run(["audit", DOMAIN, "--zone", "zone", "--select", "spf-*", "-o", "bare.json"])

    asked = arguments if "--replay" in arguments else [*arguments, "--zone", "zone"]
    assert refused(capsys, *asked) == line


def test_mail_that_names_nobody_is_audited_for_whom_the_caller_says() -> None:
    put("nobody.eml", b"Subject: hello\r\n\r\nhello\r\n")

    document = audited("nobody.eml", "--domain", DOMAIN)

    assert document["subject"]["domain"] == DOMAIN
    assert outcomes(document)["message-from"] == "fail"


@cache
def hostile() -> dict[str, bytes]:
    """Messages that nobody should have to read."""
    head = f"From: news@{DOMAIN}\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n".encode()
    parts = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(10_000))
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(2_000))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"\0" * 50_000_000)
    from base64 import encodebytes

    attached = b'Content-Type: application/zip; name="x.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return {
        "parts": head + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n",
        "nested": head + nested,
        "bomb": head + attached + encodebytes(bomb.getvalue()),
        "eight bits": b"From: \xff\xfe <news@weinhandel.example>\r\nSubject: gr\xfc\xdfe \x1b[31m\r\n\r\n\x00\xff\r\n",
        "three authors": f"From: a@{DOMAIN}, b@{DOMAIN}, c@other.example\r\n\r\nhello\r\n".encode(),
        "header alone": head,
        "long field": head + b"X: " + b"y" * 3_000_000 + b"\r\n\r\nhello\r\n",
        "many fields": head + b"X: y\r\n" * 100_000 + b"\r\nhello\r\n",
        "signatures": head + b"DKIM-Signature: v=1; a=rsa-sha256; d=x; s=y; b=; bh=;\r\n" * 5_000 + b"\r\nhello\r\n",
    }


@pytest.mark.parametrize("name", hostile())
def test_whatever_it_holds_a_message_has_findings_and_no_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("hostile.eml", hostile()[name])

    document = audited("hostile.eml", *HANDED_OVER, "-o", "-")
    said = capsys.readouterr().out

    assert "error" not in outcomes(document).values()
    assert "\x1b" not in said
    assert run(["message", "--replay", "out.json", "-o", "again.json"]) == 0
    assert Path("again.json").read_bytes() == Path("out.json").read_bytes()


def test_a_message_that_is_larger_than_any_receiver_takes_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Path("large.eml").open("wb") as file:
        file.write(letter())
        file.truncate(200_000_000)

    line = refused(capsys, "large.eml", "--zone", "zone")
    assert line == "deliv: large.eml: larger than 64 MiB: no receiver takes such a message"


def test_a_bomb_of_messages_and_a_folder_that_holds_itself_end(capsys: pytest.CaptureFixture[str]) -> None:
    put("sent/a.eml", signed(letter(1)))
    Path("sent/loop").symlink_to(".")
    Path("sent/dangling.eml").symlink_to("nowhere")
    put("sent/bomb.eml.gz", gzip.compress(b"From: a@weinhandel.example\r\n\r\n" + b"\0" * 100_000_000))

    found = summary("sent", *HANDED_OVER, "--max-bad-share", "1")

    assert found["totals"]["messages"] == 1
    assert {one["file"]: one["reason"] for one in found["bad"]} == {
        "sent/bomb.eml.gz": "gzip-bomb",
        "sent/dangling.eml": "unreadable",
    }


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("deliverability.mail.authenticate.verifier.find_spec", lambda _: None)
    line = "deliv: messages need dkimpy, which is not installed: pip install 'deliv[message]'"

    assert refused(capsys, "good.eml", "--zone", "zone") == line
    assert refused(capsys, "good.eml", "bare.eml", "--zone", "zone") == line
    assert refused(capsys, DOMAIN, "--message", "good.eml", "--zone", "zone", command="audit") == line


POLICY = """\
[checks]
message-text-part = "off"
message-template-residue = "low"
message-identifiers = "high"
"""
UNFILLED = letter(3, body="Dear {{ first_name }},\n\nthe wines of the week are here.\n").replace(
    b"Feedback-ID: week3:wines:letter:wineshop\r\n", b""
)


def severities(document: Json) -> dict[str, str]:
    return {one["check"]: one["severity"] for one in document["findings"] if one["outcome"] == "fail"}


def test_a_policy_says_which_checks_judge_and_how_severely_and_a_replay_keeps_it() -> None:
    Path("deliv.toml").write_text(POLICY)
    put("unfilled.eml", UNFILLED)

    own = severities(audited("unfilled.eml"))
    judged = audited("unfilled.eml", "--config", "deliv.toml", "--fail-on", "high", code=1)
    again = audited("--replay", "out.json")

    assert (own["message-template-residue"], own["message-identifiers"]) == ("high", "low")
    assert severities(judged)["message-template-residue"] == "low"
    assert severities(judged)["message-identifiers"] == "high"
    assert "message-text-part" not in outcomes(judged)
    assert judged["options"]["policy"]["checks"]["message-text-part"] == "off"
    assert again == judged


def test_many_messages_are_judged_by_a_policy_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deliv.toml").write_text(POLICY)
    put("many/1.eml", UNFILLED)
    put("many/2.eml", letter(2))

    checks = {one["check"]: one["severity"] for one in summary("many", "--config", "deliv.toml")["checks"]}

    assert checks["message-identifiers"] == "high"
    assert "message-text-part" not in checks
    Path("deliv.toml").write_text("[checks]\nmessage-dikm = 'low'\n")
    assert "deliv.toml:2" in refused(capsys, "many", "--config", "deliv.toml")


@pytest.mark.parametrize("held", [0, 1 << 20], ids=["as they come", "at the end"])
def test_lines_that_a_full_disk_takes_none_of_are_one_line(
    held: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr("deliverability.cli._message_output.HELD", held)
    put("sent/1.eml", letter(1))
    put("sent/2.eml", letter(2))

    line = refused(capsys, "sent", "--zone", "zone", "-o", "/dev/full", "-f", "jsonl")

    assert line == "deliv: /dev/full: cannot be written (No space left on device)"
