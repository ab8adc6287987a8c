"""`deliv tls`: reports wherever they lie, added up; what cannot be read is named, and the rest goes on."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from support.commands import told
from support.schemas import hold

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()


def report(
    number: int = 1,
    *,
    day: int = 1,
    domain: str = "receiver.example",
    failed: int = 10,
    organization: str = "Sender Ltd",
    **more: Any,
) -> bytes:
    document = {
        "organization-name": organization,
        "date-range": {"start-datetime": f"2026-11-{day:02}T00:00:00Z", "end-datetime": f"2026-11-{day:02}T23:59:59Z"},
        "report-id": f"report {number}",
        "policies": [
            {
                "policy": {
                    "policy-type": "sts",
                    "policy-string": ["version: STSv1", "mode: testing", "mx: mx.receiver.example"],
                    "policy-domain": domain,
                },
                "summary": {"total-successful-session-count": 90, "total-failure-session-count": failed},
                "failure-details": [
                    {
                        "result-type": "certificate-expired",
                        "sending-mta-ip": "192.0.2.1",
                        "receiving-mx-hostname": "mx.receiver.example",
                        "failed-session-count": failed,
                    }
                ],
            }
        ],
        **more,
    }
    return json.dumps(document).encode()


def mail(attachment: bytes, kind: str = "tlsrpt+gzip") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Report Domain: receiver.example"
    message.set_content("This is a report.")
    message.add_attachment(attachment, maintype="application", subtype=kind, filename="a.json.gz")
    return message.as_bytes()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", content)
    return file.getvalue()


def put(name: str, content: bytes) -> None:
    path = Path("in", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def ran(capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = 0) -> Json:
    """The document, held to its schema."""
    document: Json = json.loads(told(capsys, "tls", *arguments, "-f", "json", code=expect))
    hold("tls", document)
    return document


PLACES: dict[str, Callable[[bytes], bytes]] = {
    "json": bytes,
    "gzip": gzip.compress,
    "zip": zipped,
    "mail with gzip": lambda content: mail(gzip.compress(content)),
    "mail with zip": lambda content: mail(zipped(content), "zip"),
    "mail with json": lambda content: mail(content, "tlsrpt+json"),
    "mail that is wrong about it": lambda content: mail(gzip.compress(content), "octet-stream"),
    "mail in gzip": lambda content: gzip.compress(mail(gzip.compress(content))),
    "mail in zip": lambda content: zipped(mail(gzip.compress(content))),
    "forwarded mail": lambda content: (
        b'Content-Type: multipart/mixed; boundary="f"\n\n--f\n\nsee below\n--f\nContent-Type: message/rfc822\n\n'
        + mail(gzip.compress(content))
        + b"\n--f--\n"
    ),
    "mail that is the report": lambda content: (
        b"Content-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(gzip.compress(content))
    ),
    "mail with the report as its text": lambda content: b"Content-Type: text/plain; charset=wrong\n\n" + content,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_report_is_found_wherever_it_lies(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    put("a", PLACES[place](report()))

    found = ran(capsys, "in")

    assert found["totals"] == {"reports": 1, "sessions_ok": 90, "sessions_failed": 10, "failed_share": 0.1}
    assert found["bad"] == []


def test_a_mailbox_and_a_maildir_hold_reports(capsys: pytest.CaptureFixture[str]) -> None:
    mails = [mail(gzip.compress(report(number))) for number in range(3)]
    put("box", b"".join(b"From a@b Sat Nov  1 00:00:00 2026\n" + one + b"\n" for one in mails[:2]))
    put("md/cur/1:2,S", mails[2])
    put("md/tmp/2", mails[0])

    assert ran(capsys, "in")["input"] == {
        "files": 2,
        "reports": 3,
        "duplicates": 0,
        "left_out": 0,
        "other": 0,
        "bad": 0,
    }


def test_reports_are_added_up_by_policy_failure_and_day(capsys: pytest.CaptureFixture[str]) -> None:
    put("1.json", report(1, day=1))
    put("2.json", report(2, day=2, failed=30))
    put("3.json", report(3, day=2, domain="other.example", failed=0))

    found = ran(capsys, "in")

    assert found["domains"] == ["other.example", "receiver.example"]
    assert found["policies"][0] == {
        "domain": "receiver.example",
        "type": "sts",
        "modes": ["testing"],
        "mx": ["mx.receiver.example"],
        "reports": 2,
        "reporters": 1,
        "sessions_ok": 180,
        "sessions_failed": 40,
    }
    assert [(f["result_type"], f["sending_mta_ip"], f["receiving_mx"], f["sessions"]) for f in found["failures"]] == [
        ("certificate-expired", "192.0.2.1", "mx.receiver.example", 40),
        ("certificate-expired", "192.0.2.1", "mx.receiver.example", 0),
    ]
    assert found["days"] == [
        {"day": "2026-11-01", "reports": 1, "sessions_ok": 90, "sessions_failed": 10},
        {"day": "2026-11-02", "reports": 2, "sessions_ok": 180, "sessions_failed": 30},
    ]
    assert found["totals"]["sessions_failed"] == sum(p["sessions_failed"] for p in found["policies"])


def test_a_report_that_comes_twice_counts_once(capsys: pytest.CaptureFixture[str]) -> None:
    put("1.json", report())
    put("2.json.gz", gzip.compress(report()))

    found = ran(capsys, "in")

    assert (found["input"]["reports"], found["input"]["duplicates"]) == (1, 1)
    assert found["totals"]["sessions_ok"] == 90


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (["--since", "2026-11-02"], ["02", "03"]),
        (["--until", "2026-11-02"], ["01", "02"]),
        (["--since", "2026-11-02", "--until", "2026-11-02"], ["02"]),
        (["--domain", "Receiver.Example."], ["01", "03"]),
    ],
)
def test_days_and_domains_are_chosen(options: list[str], days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    put("1.json", report(1, day=1))
    put("2.json", report(2, day=2, domain="notreceiver.example"))
    put("3.json", report(3, day=3, domain="sub.receiver.example"))

    found = ran(capsys, "in", *options)

    assert [day["day"][-2:] for day in found["days"]] == days
    assert found["input"]["reports"] + found["input"]["left_out"] == 3


def test_what_is_refused_is_named_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", b"{}")
    put("b.gz", gzip.compress(report())[:60])
    put("c.zip", zipped(b" " * 50_000_000))
    put("d.json", b'{"policies": ' + b"[" * 100_000)
    put("e.eml", b"Subject: hello\n\nno report here\n")
    put("f.bin", b"\x00\x01\x02")
    put(
        "g.eml",
        b'Content-Type: multipart/mixed; boundary="x"\n\n'
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 500,
    )
    put("h", b"")
    put("good.json", report())

    found = ran(capsys, "in", "--max-bad-share", "1")

    assert {bad["file"]: bad["reason"] for bad in found["bad"]} == {
        "in/a.json": "not-tls-rpt",
        "in/b.gz": "truncated",
        "in/c.zip!report.json": "zip-bomb",
        "in/d.json": "nested-too-deep",
        "in/e.eml": "no-report",
        "in/f.bin": "no-report",
        "in/g.eml": "nested-too-deep",
        "in/h": "empty",
    }
    assert found["totals"]["sessions_ok"] == 90


def test_one_bad_attachment_does_not_hide_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    message = EmailMessage()
    for content in (zipped(report())[:-9], gzip.compress(report())):
        message.add_attachment(content, maintype="application", subtype="octet-stream")
    put("a.eml", message.as_bytes())

    found = ran(capsys, "in")

    assert (found["input"]["reports"], [bad["reason"] for bad in found["bad"]]) == (1, ["truncated"])


def test_dmarc_reports_in_the_same_folder_are_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.xml", b"<?xml version='1.0'?><feedback/>")
    put("b.json", report())

    found = ran(capsys, "in")

    assert (found["input"]["other"], found["bad"]) == (1, [])


def test_where_none_can_be_read_the_document_says_so_and_the_exit_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", b"{}")

    found = ran(capsys, "in", expect=3)

    assert (found["totals"]["failed_share"], found["policies"]) == (None, [])


def test_where_too_little_can_be_read_the_exit_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", b"{}")
    put("b.json", b"{}")
    put("c.json", report())

    ran(capsys, "in", "--max-bad-share", "0.6", expect=3)
    ran(capsys, "in", "--max-bad-share", "0.7")


def test_a_mailbox_that_gets_much_else_is_still_read(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", report())
    for number in range(9):
        put(f"{number}.eml", b"Subject: hello\n\nno report here\n")
    ran(capsys, "in")

    put("9.eml", b"Subject: hello\n\nno report here\n")
    ran(capsys, "in", expect=3)


def test_rejects_are_kept_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", b"{}")
    put("b.json", report())

    ran(capsys, "in", "--rejects", "rejects.ndjson")

    (row,) = map(json.loads, Path("rejects.ndjson").read_text().splitlines())
    assert (row["file"], row["line"], row["reason"]) == ("in/a.json", None, "not-tls-rpt")


def test_a_warning_counts_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", b"{}")
    put("b.json", report())

    assert run(["tls", "in"]) == 0

    warning, example = capsys.readouterr().err.splitlines()
    assert warning == "deliv: warning: 1 could not be read (1 not-tls-rpt)"
    assert example == "deliv:   in/a.json: not-tls-rpt: no policies in it"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["in", "--domain", "no domain"], "no domain"),
        (["in", "--since", "2026-11-02", "--until", "2026-11-01"], "no day is both"),
        (["in", "--rejects", "missing/rejects"], "missing/rejects: No such file or directory"),
        (["in", "--since", "yesterday"], "--since"),
        (["in", "--max-bad-share", "2"], "--max-bad-share"),
        (["in", "--max-bad-share", "nan"], "nan is not in the range"),
    ],
)
def test_a_bad_request_is_one_clear_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put("b.json", report())

    assert run(["tls", *arguments]) == 2

    said = capsys.readouterr()
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("sign", ["@", "%40", "\uff20", "\\u0040"])
def test_no_address_and_no_control_character_reaches_any_output(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    nasty = f"john.doe{sign}people.example \x1b[31m\u202e"
    failure = {
        "result-type": nasty,
        "sending-mta-ip": nasty,
        "receiving-mx-hostname": nasty,
        "receiving-ip": nasty,
        "failure-reason-code": nasty,
        "failed-session-count": 5,
    }
    policy = {
        "policy": {
            "policy-type": nasty,
            "policy-domain": nasty,
            "mx-host": nasty,
            "policy-string": [f"mode: {nasty}", f"mx: {nasty}"],
        },
        "summary": {"total-successful-session-count": 1, "total-failure-session-count": 5},
        "failure-details": [failure],
    }
    put("a.json", report(1, organization=nasty, policies=[policy]))
    put("b.json", b'{"john.doe@people.example": ')

    assert run(["tls", "in", "-o", "-", "-o", "out.json", "--rejects", "rejects"]) == 0

    for text in (*capsys.readouterr(), Path("out.json").read_text(), Path("rejects").read_text()):
        assert "john" not in text
        assert not set(text) & {"\x1b", "\u202e"}


def test_the_report_for_people_says_what_failed_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    put("a.json", report(1))
    put("b.json", report(2, day=2))

    assert run(["tls", "in"]) == 0

    text = capsys.readouterr().out
    assert text.startswith("20 of 200 sessions without the TLS that was asked for (10.00%)\n2 reports")
    assert "receiver.example · sts (testing)" in text
    assert "The certificate has expired" in text
    assert "192.0.2.1 → mx.receiver.example" in text
    assert "2026-11-02" in text


def test_long_lists_end_with_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(30):
        put(f"{number}.json", report(number, domain=f"d{number}.example"))

    assert run(["tls", "in"]) == 0

    text = capsys.readouterr().out
    assert "and 10 more" in text
    assert "and 20 more" in text


def test_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(report()))))

    assert ran(capsys, "-")["totals"]["reports"] == 1


def test_failures_beyond_the_bound_are_summed_without_hosts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliverability.feedback.tls_sums.MAX_KEYS", 2)
    for number in range(5):
        put(f"{number}.json", report(number, organization=f"Sender {number}"))

    found = ran(capsys, "in")

    assert [(f["reporter"], f["sessions"]) for f in found["failures"]] == [("", 30), ("Sender 0", 10), ("Sender 1", 10)]
