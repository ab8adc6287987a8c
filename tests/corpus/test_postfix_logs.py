"""Postfix logs of others and of the generator: the totals are exactly those that stand beside them."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import yaml

from deliverability.events.postfix import LogCounts, read_log, recognised
from deliverability.events.postfix.rows import LOG_COLUMNS
from deliverability.intake.trouble import Troubles
from support.shared import shared

pytestmark = pytest.mark.corpus

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = "2026-11-20T10:00:00+00:00 mx1 postfix/"


def read(stream: BinaryIO) -> tuple[list[dict[str, str]], LogCounts, Troubles]:
    rows: list[bytes] = []
    troubles = Troubles()
    counts = read_log(stream, name="mail.log", now=NOW, zone=None, emit=rows.append, troubles=troubles)
    lines = b"".join(rows).decode().split("\n")[:-1]
    return [dict(zip(LOG_COLUMNS, line.split("\t"), strict=True)) for line in lines], counts, troubles


@pytest.mark.parametrize(
    "options", [[], ["--stamp", "rfc3339"], ["--long-ids"], ["--stamp", "rfc3339", "--long-ids", "--seed", "11"]]
)
def test_the_totals_of_a_generated_log_are_its_truth(options: list[str], tmp_path: Path) -> None:
    log, truth = tmp_path / "mail.log", tmp_path / "truth.json"
    command = [sys.executable, str(shared("bench", "gen_maillog.py")), "--lines", "60000", *options]
    subprocess.run([*command, "--out", str(log), "--truth", str(truth)], check=True, stdout=subprocess.DEVNULL)
    with log.open("rb") as stream:
        rows, counts, troubles = read(stream)
    expected: dict[str, int] = json.loads(truth.read_text())

    assert {key: getattr(counts, key) for key in expected} == expected
    assert troubles.count == 0
    assert recognised(log.read_bytes()[:65536]) != ""
    kinds = Counter(row["type"] for row in rows)
    assert kinds == counts.outbound
    in_house = counts.left_out["local"] + counts.left_out["pipe"]
    assert kinds["delivered"] == expected["sent"] - in_house
    assert (kinds["deferred"], kinds["bounced"]) == (expected["deferred"], expected["bounced"])
    mails = [(row["message_id"], row["recipient"]) for row in rows if row["type"] == "queued"]
    assert len(mails) == len(set(mails)) == kinds["delivered"] + kinds["bounced"]


def test_a_real_log_holds_what_is_known_of_it() -> None:
    path = shared("data", "fgforrest-postfix-log", "mail.log.2.first-half.gz")
    with gzip.open(path) as stream:
        rows, counts, troubles = read(io.BufferedReader(stream))

    assert troubles.count == 0
    assert (counts.lines, counts.sent, counts.deferred, counts.bounced) == (47_682, 4_863, 2_303, 584)
    assert (counts.expired, counts.left_out) == (11, {})
    assert {row["ts"][:6] for row in rows if row["type"] != "queued"} <= {"137084", "137085", "137086", "137087"}
    full = [row for row in rows if row["smtp_code"] == "552"]
    assert full
    assert {row["enhanced_code"] for row in full if "552 4.2.2" in row["reply_text"]} == {"4.2.2"}


@pytest.mark.parametrize("name", ["postfix-relay/postfix-spam.log", "postfix-non-smtp/postfix-non-smtp.log"])
def test_logs_of_refusals_are_read(name: str) -> None:
    path = shared("data", "crowdsec-hub-mail-logs", "tests", *name.split("/"))
    with path.open("rb") as stream:
        rows, counts, troubles = read(stream)

    assert (rows, troubles.count) == ([], 0)
    assert counts.lines == len(path.read_bytes().splitlines())
    assert counts.reject == path.read_bytes().count(b": reject: ")


def cases() -> list[tuple[str, dict[str, Any]]]:
    """The lines of postfix-grok-patterns that a daemon writes, by the name of their file."""
    found = sorted(shared("data", "postfix-grok-patterns", "test").glob("*.yaml"))
    return [(path.stem, yaml.safe_load(path.read_text("utf-8"))) for path in found]


AGENTS = ("smtp", "lmtp", "local", "error", "discard", "tls_features")
AWAY = {
    "smtp_0017": "socket",
    "lmtp_0001": "loopback",
    "local_0001": "local",
    "local_0002": "local",
    "error_0002": "probe",
    "discard_0001": "discard",
}
"""Which of the lines are no mail to another host, and why."""


def test_lines_with_expected_fields_give_those_fields() -> None:
    seen = 0
    for name, case in cases():
        agent = name.rpartition("_")[0]
        daemon = "smtp" if agent == "tls_features" else agent
        line = " ".join(case["data"].splitlines())  # some are written over several lines
        rows, counts, troubles = read(io.BytesIO(f"{HEAD}{daemon}[1]: {line}\n".encode()))
        assert troubles.count == 0, name
        if "status=" not in case["data"] or agent not in AGENTS:
            assert rows == [], name
            continue
        seen += 1
        if name in AWAY:
            assert (rows, counts.left_out) == ([], {AWAY[name]: 1}), name
            continue
        wanted, row = case["results"], rows[-1]
        assert f":{wanted['postfix_queueid']}:" in row["message_id"]
        assert f"to=<{row['recipient'][1:-1]}>," in wanted["postfix_keyvalue_data"]
        assert f"dsn={row['enhanced_code']}," in wanted["postfix_keyvalue_data"]
        status = wanted.get("postfix_status", "sent")
        assert row["type"] == {"sent": "delivered", "bounced": "bounced"}[status], name
        if status == "bounced":
            assert row["reply_text"] == f'"{wanted["postfix_smtp_response"]}"'
    assert seen == 10
