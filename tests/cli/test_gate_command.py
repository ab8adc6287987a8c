"""`deliv gate`, as a job runs it: exit codes, documents, the policy of the directory, and a resolver that stumbles."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deliverability.lookup import Answer, Nameserver, Resolver, Status, ZoneResolver, retrying
from support import commands
from support.nameserver import Scripted, silent
from support.policies import waived
from support.schemas import hold

ZONE = """\
$ORIGIN shop.test.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.25
@ TXT "v=spf1 mx {all}"
"""
CLOSED, OPEN = ZONE.format(all="+all"), ZONE.format(all="-all")
SPF = ("--select", "spf-all")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current directory with a zone that closes the gate and one that does not."""
    monkeypatch.chdir(tmp_path)
    Path("closed.zone").write_text(CLOSED)
    Path("open.zone").write_text(OPEN)


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `deliv gate`: exit code, stdout, stderr."""

    def deliv(*arguments: str, command: str = "gate") -> tuple[int, str, str]:
        return commands.deliv(capsys, command, *arguments)

    return deliv


def policy(text: str = "", until: str = "", subject: str = "shop.test") -> None:
    """Write ./deliv.toml; `until` is the last day of a waiver of spf-all."""
    waiver = waived("spf-all", subject, reason="moving", owner="mail", until=until) if until else ""
    Path("deliv.toml").write_text(text + waiver)


def document(path: str = "gate.json") -> dict[str, Any]:
    """The document, held to its schema."""
    found: dict[str, Any] = json.loads(Path(path).read_text())
    hold("gate", found)
    return found


# what it says


def test_it_opens_and_closes_and_says_why_on_the_first_lines(gate: Any) -> None:
    code, out, err = gate("shop.test", "--zone", "closed.zone", *SPF)

    assert (code, err) == (1, "")
    assert out.splitlines()[0] == "gate closed · exit 1 · closes on high or worse"
    assert "spf-all" in out
    assert "    fix " in out

    code, out, err = gate("shop.test", "--zone", "open.zone", *SPF)

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "gate open · exit 0 · closes on high or worse"


def test_quiet_is_one_line(gate: Any) -> None:
    assert gate("shop.test", "--zone", "closed.zone", "-q")[1].count("\n") == 1


def test_the_report_of_many_faults_is_one_screen_and_verbose_shows_all(gate: Any) -> None:
    _, short, _ = gate("shop.test", "--zone", "closed.zone", "--fail-on", "low")
    _, long, _ = gate("shop.test", "--zone", "closed.zone", "--fail-on", "low", "-v")

    assert len(short.splitlines()) <= 50
    assert len(long) > len(short)
    assert "v=spf1 mx +all" in long


@pytest.mark.parametrize("zone", ["open.zone", "closed.zone"])
def test_the_document_is_written_whatever_the_decision(gate: Any, zone: str) -> None:
    code, out, _ = gate("shop.test", "--zone", zone, *SPF, "-o", "gate.json")

    found = document()
    assert (out, found["exit_code"]) == ("", code)
    assert found["decision"] == {"open.zone": "open", "closed.zone": "closed"}[zone]
    assert [reason["check"] for reason in found["reasons"]] == ([] if code == 0 else ["spf-all"])
    assert [audit["domain"] for audit in found["audits"]] == ["shop.test"]
    assert found["change"] is None


def test_every_format_comes_from_one_run(gate: Any) -> None:
    outputs = [part for name in ("g.json", "g.txt", "g.md", "g.sarif", "g.xml", "g.html") for part in ("-o", name)]

    code, _, _ = gate("shop.test", "--zone", "closed.zone", *SPF, *outputs)

    assert code == 1
    assert document("g.json")["decision"] == "closed"
    assert json.loads(Path("g.sarif").read_text())["version"] == "2.1.0"
    assert Path("g.xml").read_text().startswith("<?xml")
    assert Path("g.html").read_text().lower().startswith("<!doctype html>")
    assert "spf-all" in Path("g.md").read_text()
    assert Path("g.txt").read_text().startswith("gate closed")


def test_a_replay_decides_the_same_offline_byte_for_byte(gate: Any) -> None:
    gate("shop.test", "--zone", "closed.zone", "-o", "a.json", command="audit")

    first = gate("--replay", "a.json", "-f", "json")
    second = gate("--replay", "a.json", "-f", "json")

    assert first == second
    assert first[0] == 1
    assert json.loads(first[1])["audits"][0]["started_at"] == json.loads(Path("a.json").read_text())["started_at"]


def test_several_domains_are_one_decision_and_no_page(gate: Any) -> None:
    Path("other.zone").write_text(OPEN.replace("shop.test", "other.test"))
    both = ("shop.test", "other.test", "--zone", "closed.zone", "--zone", "other.zone", *SPF)

    code, _, _ = gate(*both, "-o", "gate.json")

    assert code == 1
    assert [audit["domain"] for audit in document()["audits"]] == ["shop.test", "other.test"]
    assert [reason["domain"] for reason in document()["reasons"]] == ["shop.test"]
    assert gate(*both, "-f", "html")[0] == 2


def test_a_domain_that_is_named_twice_is_audited_once(gate: Any) -> None:
    gate("shop.test", "SHOP.test.", "--zone", "open.zone", *SPF, "-o", "gate.json")

    assert [audit["domain"] for audit in document()["audits"]] == ["shop.test"]


# the policy


def test_the_policy_of_the_directory_holds_and_is_said_on_stderr(gate: Any) -> None:
    policy('fail-on = "critical"\n[domains."shop.test"]\nowner = "mail team"\n', until="2999-01-01")

    code, out, err = gate("--zone", "closed.zone", *SPF, "-f", "json")

    found = json.loads(out)
    assert code == 0
    assert "deliv.toml" in err
    assert (found["fail_on"], found["policy"]) == ("critical", "deliv.toml")
    assert [(w["check"], w["subject"], w["until"]) for w in found["waived"]] == [("spf-all", "shop.test", "2999-01-01")]


def test_an_expired_waiver_closes_and_names_its_line(gate: Any) -> None:
    policy("# agreed in autumn\n\n", until="2026-01-31")

    code, out, _ = gate("shop.test", "--zone", "closed.zone", *SPF, "-f", "json")

    found = json.loads(out)
    assert code == 1
    assert [reason["check"] for reason in found["reasons"]] == ["spf-all", "gate-waiver"]
    place = found["reasons"][1]["place"]
    assert (place["file"], place["line"]) == ("deliv.toml", 3)
    assert any("2026-01-31" in note for note in found["notes"])


def test_an_unused_waiver_is_named(gate: Any) -> None:
    policy(until="2999-01-01", subject="news.shop.test")

    _, out, _ = gate("shop.test", "--zone", "closed.zone", *SPF)

    assert "news.shop.test names no fault" in " ".join(out.split())


def test_severities_and_lines_of_the_policy_hold_also_in_a_replay(gate: Any) -> None:
    Path("deliv.toml").write_text('[checks]\nspf-all = "low"\n')
    arguments = ("shop.test", "--zone", "closed.zone", *SPF)

    assert gate(*arguments)[0] == 0
    assert gate(*arguments, "--fail-on", "low")[0] == 1

    gate(*arguments, "--config", "deliv.toml", "-o", "a.json", command="audit")
    Path("deliv.toml").unlink()
    assert gate("--replay", "a.json")[0] == 0


def test_what_the_policy_knows_of_its_domains_is_asked_with(gate: Any) -> None:
    Path("deliv.toml").write_text('[domains."shop.test"]\nips = ["192.0.2.66"]\n')

    code, out, _ = gate("--zone", "open.zone", "--select", "spf-authorises")

    assert code == 1
    assert "192.0.2.66" in out


def test_a_required_input_that_is_not_given_is_undetermined(gate: Any) -> None:
    policy('require = ["events"]\n')
    arguments = ("shop.test", "--zone", "open.zone", *SPF)

    assert gate(*arguments)[0] == 3
    assert "gate-input" in gate(*arguments)[1]
    assert gate(*arguments, "--on-unknown", "warn")[0] == 0


FILES = {
    "events": ("ts,type,recipient\n", "ts,type,recipient\n2026-11-01T00:00:00Z,sent,a@example.net\n"),
    "recipients": ("email\n", "email\na@example.net\n"),
    "snds": ("", None),
}


@pytest.mark.parametrize("name", FILES)
def test_a_required_input_in_which_nothing_stands_is_undetermined(gate: Any, name: str) -> None:
    policy(f'require = ["{name}"]\n')
    empty, whole = FILES[name]
    Path("empty.csv").write_text(empty)
    Path("whole.csv").write_text(whole or "")
    arguments = ("shop.test", "--zone", "open.zone", *SPF, f"--{name}")

    code, out, _ = gate(*arguments, "empty.csv")

    assert code == 3
    assert "nothing to judge" in out
    assert whole is None or gate(*arguments, "whole.csv")[0] == 0


@pytest.mark.parametrize("name", ["postmaster", "snds", "sender-hub", "dmarc-reports", "tls-reports"])
def test_what_is_given_and_cannot_be_read_is_undetermined_in_a_replay_too(gate: Any, name: str) -> None:
    Path("page.html").write_bytes(b"Sign in first\x00\xff")
    arguments = ("shop.test", "--zone", "open.zone", *SPF, f"--{name}", "page.html")
    gate(*arguments, "-o", "audit.json", command="audit")
    gate("--replay", "audit.json", "-o", "again.json", command="audit")

    assert gate(*arguments)[0] == 3
    assert gate("--replay", "audit.json")[0] == 3
    assert Path("again.json").read_bytes() == Path("audit.json").read_bytes()


def test_a_policy_that_is_there_and_cannot_be_read_is_no_missing_one(gate: Any) -> None:
    Path("deliv.toml").symlink_to("nowhere.toml")

    assert gate("shop.test", "--zone", "open.zone", *SPF)[0] == 2


def test_a_message_alone_names_the_domain(gate: Any) -> None:
    Path("letter.eml").write_bytes(LETTER.replace(b"\n", b"\r\n"))
    Path("nobody.eml").write_bytes(b"Subject: hello\r\n\r\nGood day.\r\n")
    arguments = ("--zone", "open.zone", *SPF, "-o", "gate.json", "--message")

    assert gate(*arguments, "letter.eml")[0] == 0
    assert [audit["domain"] for audit in document()["audits"]] == ["shop.test"]
    assert gate(*arguments, "nobody.eml")[0] == 2


def test_a_reason_names_the_line_of_the_zone_file_that_is_at_fault(gate: Any) -> None:
    Path("proposed.zone").write_text('; what is to be\n$ORIGIN shop.test.\n@ 300 TXT "v=spf1 mx +all"\n')

    _, published, _ = gate("shop.test", "--zone", "closed.zone", *SPF, "-f", "json")
    overlay = ("--zone", "open.zone", "--overlay", "proposed.zone")
    _, proposed, _ = gate("shop.test", *overlay, *SPF, "-f", "json")

    places = [json.loads(text)["reasons"][0]["place"] for text in (published, proposed)]
    assert [(place["file"], place["line"]) for place in places] == [("closed.zone", 8), ("proposed.zone", 3)]


def test_what_proposed_records_break_is_said_beside_the_decision(gate: Any) -> None:
    Path("proposed.zone").write_text('$ORIGIN shop.test.\n@ 300 TXT "v=spf1 mx +all"\n')
    proposed = ("shop.test", "--zone", "open.zone", "--overlay", "proposed.zone", *SPF)

    code, out, _ = gate(*proposed)
    gate(*proposed, "-o", "gate.html")
    _, document, _ = gate(*proposed, "-f", "json")
    _, markdown, _ = gate(*proposed, "-f", "markdown")

    assert code == 1
    change = json.loads(document)["change"]
    assert [(one["check"], one["severity"]) for one in change["broken"]] == [("spf-all", "critical")]
    assert "Broken by the proposed records" in markdown
    assert out.count("every server in the world") == 2
    assert "every server in the world" in Path("gate.html").read_text().partition("What changed")[2]


def test_what_proposed_records_mend_stands_apart_from_what_they_break(gate: Any) -> None:
    Path("proposed.zone").write_text('$ORIGIN shop.test.\n@ 300 TXT "v=spf1 mx -all"\n')

    code, document, _ = gate("shop.test", "--zone", "closed.zone", "--overlay", "proposed.zone", *SPF, "-f", "json")

    change = json.loads(document)["change"]
    assert code == 0
    assert {kind: [one["check"] for one in listed] for kind, listed in change.items() if listed} == {
        "mended": ["spf-all"]
    }


@pytest.mark.parametrize(("name", "notes"), [("@", 0), ("shop.test.", 0), ("shop.test", 1), ("gone", 1)])
def test_a_proposed_deletion_of_what_is_not_there_is_said(gate: Any, name: str, notes: int) -> None:
    Path("proposed.zone").write_text(f"$ORIGIN shop.test.\nnew 300 A 192.0.2.1\n; deliv-delete {name} TXT\n")

    gate("shop.test", "--zone", "open.zone", "--overlay", "proposed.zone", *SPF, "-o", "gate.json")

    found = [note for note in document()["notes"] if "takes away no record" in note]
    assert len(found) == notes
    assert all(name in note for note in found)


LETTER = b"""From: Shop <news@shop.test>
To: undisclosed-recipients:;
Subject: Autumn
Date: Sun, 22 Nov 2026 09:00:00 +0000
Message-ID: <1@shop.test>

Good day.
"""


def test_a_message_of_one_of_the_domains_is_what_the_policy_requires(gate: Any) -> None:
    policy('require = ["message"]\n[domains."shop.test"]\nowner = "mail"\n[domains."other.test"]\nowner = "mail"\n')
    Path("letter.eml").write_bytes(LETTER.replace(b"\n", b"\r\n"))
    Path("other.zone").write_text(OPEN.replace("shop.test", "other.test"))
    arguments = ("--zone", "open.zone", "--zone", "other.zone", *SPF)

    assert gate(*arguments)[0] == 3
    assert gate(*arguments, "--message", "letter.eml")[0] == 0


def test_a_named_policy_goes_before_that_of_the_directory(gate: Any) -> None:
    policy(until="2999-01-01")
    Path("none.toml").write_text("")

    code, _, err = gate("shop.test", "--zone", "closed.zone", *SPF, "--config", "none.toml")

    assert (code, err) == (1, "")


BAD = {
    "patience that is no number": ("shop.test", "--zone", "open.zone", "--retry-for", "nan"),
    "patience without end": ("shop.test", "--zone", "open.zone", "--retry-for", "inf"),
    "impatience": ("shop.test", "--zone", "open.zone", "--retry-for", "-1"),
    "no domain": (),
    "a domain that is none": ("a..b", "--zone", "open.zone"),
    "a policy that is not there": ("shop.test", "--zone", "open.zone", "--config", "absent.toml"),
    "a policy that is no TOML": ("shop.test", "--zone", "open.zone", "--config", "bad.toml"),
    "a baseline that is none": ("shop.test", "--zone", "open.zone", "--baseline", "bad.toml"),
    "a check that is none": ("shop.test", "--zone", "open.zone", "--select", "no-such-check"),
    "a severity that is none": ("shop.test", "--zone", "open.zone", "--fail-on", "awful"),
    "a format that is none": ("shop.test", "--zone", "open.zone", "-o", "gate.csv"),
    "no such folder": ("shop.test", "--zone", "open.zone", "-o", "absent/gate.json"),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_clear_line(gate: Any, arguments: tuple[str, ...]) -> None:
    Path("bad.toml").write_text("fail-on = \n")

    code, out, err = gate(*arguments)

    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert "deliv:" in err or "Error:" in err


# the baseline


def test_only_what_is_new_closes(gate: Any) -> None:
    gate("shop.test", "--zone", "closed.zone", "-o", "before.json", command="audit")
    Path("worse.zone").write_text(CLOSED.replace("@ MX 10 mail", "@ MX 10 gone"))

    code, out, _ = gate("shop.test", "--zone", "closed.zone", "--baseline", "before.json")
    assert code == 0
    assert "Known from the baseline" in out
    assert "spf-all" in out

    code, _, _ = gate("shop.test", "--zone", "worse.zone", "--baseline", "before.json", "-o", "gate.json")
    found = document()
    assert code == 1
    assert {reason["check"].partition("-")[0] for reason in found["reasons"]} == {"mx"}
    assert "spf-all" in {known["check"] for known in found["known"]}


def test_a_baseline_may_be_json_lines_of_several_domains(gate: Any) -> None:
    Path("other.zone").write_text(CLOSED.replace("shop.test", "other.test"))
    both = ("shop.test", "other.test", "--zone", "closed.zone", "--zone", "other.zone", *SPF)
    gate(*both, "-o", "before.jsonl", command="audit")

    assert gate(*both)[0] == 1
    assert gate(*both, "--baseline", "before.jsonl")[0] == 0
    assert gate("other.test", "--zone", "other.zone", *SPF, "--baseline", "before.jsonl")[0] == 0


def test_a_broken_line_of_a_baseline_is_named(gate: Any) -> None:
    gate("shop.test", "--zone", "closed.zone", *SPF, "-o", "before.jsonl", command="audit")
    Path("before.jsonl").write_text(Path("before.jsonl").read_text() + '{"schema": "deliv.audit/1"\n')

    code, _, err = gate("shop.test", "--zone", "closed.zone", *SPF, "--baseline", "before.jsonl")

    assert code == 2
    assert err.startswith("deliv: before.jsonl:2: ")


# a resolver that stumbles


class Stumbling:
    """As `base`, but the first answers to one question are failures. `asked` counts how often it was put."""

    def __init__(self, base: Resolver, name: str, failures: int, rdtype: str = "TXT") -> None:
        self._base = base
        self._name = name
        self._rdtype = rdtype
        self._failures = failures
        self.asked = 0

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        if (name.rstrip("."), rdtype) == (self._name, self._rdtype):
            self.asked += 1
            if self.asked <= self._failures:
                return Answer(name=self._name, rdtype=rdtype, status=Status.SERVFAIL)
        return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)


@contextmanager
def serving(server: Nameserver | Scripted) -> Generator[str]:
    """`server` in a thread of its own, as the command has its own loop; yields its address."""
    ready, address = threading.Event(), [""]
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with server:
            address[0] = server.address
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


@pytest.mark.parametrize(("patience", "code", "asked"), [("10", 0, 3), ("0", 3, 1)])
def test_dns_that_fails_twice_and_then_answers_is_asked_again(
    gate: Any, monkeypatch: pytest.MonkeyPatch, patience: str, code: int, asked: int
) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)
    stumbling = Stumbling(ZoneResolver.from_text(OPEN), "shop.test", failures=2)

    with serving(Nameserver(stumbling)) as address:
        arguments = ("shop.test", "--resolver", address, "--blocklists", "none", *SPF, "--retry-for", patience)
        said, _, _ = gate(*arguments, "-o", "gate.json")

    assert (said, document()["exit_code"]) == (code, code)
    assert stumbling.asked == asked


def test_the_domains_of_a_list_are_asked_again_too(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)
    # below test. nobody has an address, so that nothing would be asked
    Path("list.csv").write_text("email\nreader@shop.example\n")
    zone = ZoneResolver.from_text(OPEN.replace("shop.test", "shop.example"))
    stumbling = Stumbling(zone, "shop.example", failures=2, rdtype="MX")

    with serving(Nameserver(stumbling)) as address:
        arguments = ("shop.example", "--resolver", address, "--blocklists", "none", "--select", "recipients-domain")
        code, _, _ = gate(*arguments, "--recipients", "list.csv", "--retry-for", "10", "-o", "gate.json")

    assert (code, document()["counts"]["passes"]) == (0, 1)
    assert stumbling.asked == 4  # three times for the list, and once by the audit


def test_a_silent_resolver_leaves_it_undetermined_and_the_document_is_written(gate: Any) -> None:
    with serving(Scripted(silent)) as address:
        arguments = ("shop.test", "--resolver", address, "--timeout", "0.2", "--blocklists", "none", *SPF)
        codes = [gate(*arguments, "-o", "gate.json", "--on-unknown", word)[0] for word in ("fail", "warn", "pass")]

    assert codes == [3, 0, 0]
    assert document()["decision"] == "undetermined"
    assert [reason["taken"] for reason in document()["reasons"]] == ["unsettled"]


def test_the_timeout_bounds_lists_and_both_sides_of_a_change_together(gate: Any) -> None:
    Path("list.csv").write_text("email\n" + "".join(f"reader@d{n}.example\n" for n in range(300)))
    Path("change.zone").write_text("www.shop.test. 300 A 192.0.2.80\n")
    given = ("--recipients", "list.csv", "--overlay", "change.zone", "--select", "recipients-domain", *SPF)
    gate("shop.test", "--zone", "closed.zone", *given, "--timeout", "9")  # what is loaded once is not measured

    with serving(Scripted(silent)) as address:
        started = time.monotonic()
        code, _, _ = gate("shop.test", "--resolver", address, "--timeout", "2", *given, "-o", "gate.json")
        took = time.monotonic() - started

    assert (code, 1.9 < took < 2.95) == (3, True)  # half of it for the list, half for both audits at once
    reasons = {reason["check"]: reason["taken"] for reason in document()["reasons"]}
    assert reasons == {"recipients-domain": "unsettled", "spf-all": "unsettled"}
