"""The bar of events: millions of SendGrid's rows by day, domain and campaign, against Spark, whole processes in pairs.

`python events.py EVENTS.ndjson FOLDER` counts them with PySpark into CSV files: the peer's part.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".venv-pyspark"
PEER_VERSION = "4.3.0"
ROWS = 2_000_000
"""A fifth of what the bar speaks of, for time's sake: `--rows 10000000` measures that."""
SEED = 7
BY = ("day", "domain", "campaign")
COUNTS = (
    *("sent", "delivered", "deferred", "bounced", "bounced_hard", "bounced_soft", "bounced_block", "rejected"),
    *("complained", "unsubscribed", "opened", "opened_machine", "clicked", "opens_total", "clicks_total"),
)
BAR, AIM = 5, 7
MEBIBYTES_BAR = 2048

Paired = Callable[[Sequence[str], Sequence[str]], tuple[float, float, float]]
"""Median seconds of ours and of theirs, and the median ratio theirs ÷ ours."""
Counted = dict[tuple[str, ...], tuple[int, ...]]
"""The values of `BY` → `COUNTS`."""


def peer() -> list[str] | None:
    """The peer's command, installed beside the project; None, said aloud, where it cannot be."""
    python = PEER / "bin/python"
    if shutil.which("java") is None:
        print("NOT RUN: Spark, for want of Java 17 (Debian: apt-get install openjdk-17-jre-headless)")
        return None
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        pip = [str(python), "-m", "pip", "-q", "install", f"pyspark=={PEER_VERSION}"]
        if subprocess.run(pip, check=False).returncode:
            shutil.rmtree(PEER)
            print("NOT RUN: pyspark could not be installed, so there is no pair with it")
            return None
    return [str(python), str(Path(__file__))]


def generated(folder: Path, rows: int) -> Path:
    """A file of so many events; 420 octets each."""
    from support.shared import shared  # not at the top: the peer runs this file too

    path = folder / "events.ndjson"
    command = [sys.executable, str(shared("bench", "gen_events.py")), "--seed", str(SEED), "--events", str(rows)]
    subprocess.run([*command, "--out", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path


def ours(path: Path, output: Path) -> list[str]:
    """Our command: every count and rate, as a document."""
    by = ",".join(BY)
    return [str(ROOT / ".venv/bin/python"), "-m", "deliverability", "rates", str(path), "--by", by, "-o", str(output)]


def counted(output: Path) -> Counted:
    """The rows of our document, which has one on each line."""
    rows = _document_rows(output)
    return {tuple(str(row[name]) for name in BY): tuple(row[name] for name in COUNTS) for row in rows}


def _document_rows(output: Path) -> Iterator[dict[str, Any]]:
    with output.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"day"'):
                yield json.loads(line.rstrip().removesuffix(","))


def counted_by_peer(folder: Path) -> Counted:
    """The rows of the peer's files."""
    found: Counted = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[tuple(row[name] for name in BY)] = tuple(int(row[name]) for name in COUNTS)
    return found


def events(paired: Paired, *, rows: int = ROWS) -> None:
    """Print the bar, and the memory that ours took; nothing is timed before both have come to the same counts."""
    from bench.dmarc import measured  # not at the top: the peer runs this file too

    theirs = peer()
    with tempfile.TemporaryDirectory() as folder:
        path, output, other = generated(Path(folder), rows), Path(folder) / "rates.json", Path(folder) / "peer"
        command = ours(path, output)
        seconds, mebibytes = measured(command)
        rest = ""
        if theirs is not None:
            their_command = [*theirs, str(path), str(other)]
            measured(their_command)
            if counted(output) != counted_by_peer(other):
                raise RuntimeError("the counts are not those of the peer")
            seconds, spark, ratio = paired(command, their_command)
            rest = f"; Spark local[2] {spark:.1f} s: {ratio:.1f} times as fast (bar {BAR}, aim {AIM})"
        print(
            f"events, {rows:,} rows of NDJSON: {seconds:.2f} s = {rows / seconds:,.0f} rows/s, "
            f"{mebibytes:,.0f} MiB (bar {MEBIBYTES_BAR:,}){rest}"
        )


def _spark(path: str, folder: str) -> None:
    """Count as `count_events.py` of the shared data does: an event once, a message once for each recipient."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    sql: Any = import_module("pyspark.sql")
    f: Any = import_module("pyspark.sql.functions")
    session = _session(sql)
    messages = _messages(session.read.schema(_SCHEMA).json(path), f)
    failed = f.col("persistence").isNotNull()
    happened = {
        "sent": f.col("dropped") == 0,
        "delivered": (f.col("delivered") > 0) & ~failed,
        "deferred": f.col("deferred") > 0,
        "bounced": failed,
        **{f"bounced_{kind}": f.col("persistence") == kind for kind in ("hard", "soft", "block")},
        "rejected": f.col("dropped") > 0,
        "complained": f.col("spamreport") > 0,
        "unsubscribed": f.col("unsubscribe") > 0,
        "opened": f.col("open") > 0,
        "opened_machine": (f.col("open") > 0) & (f.col("machine") == f.col("open")),
        "clicked": f.col("click") > 0,
    }
    totals = {"opens_total": f.sum("open"), "clicks_total": f.sum("click")}
    day = f.date_format(f.timestamp_seconds("at"), "yyyy-MM-dd")
    messages.groupBy(day.alias("day"), f.substring_index("email", "@", -1).alias("domain"), "campaign").agg(
        *(f.count_if(test).alias(name) for name, test in happened.items()),
        *(total.alias(name) for name, total in totals.items()),
    ).write.mode("overwrite").csv(folder, header=True)
    session.stop()


_SCHEMA = """sg_event_id STRING, sg_message_id STRING, email STRING, event STRING, timestamp BIGINT, type STRING,
    marketing_campaign_id STRING, reason STRING, sg_machine_open BOOLEAN"""
_WORDS = ("processed", "delivered", "deferred", "dropped", "bounce", "spamreport", "unsubscribe", "open", "click")


def _session(sql: Any) -> Any:
    settings = {
        "spark.driver.memory": "6g",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _messages(rows: Any, f: Any) -> Any:
    """One row for each message and recipient."""
    word = f.col("event")
    persistence = (
        f.when(f.col("type") == "blocked", "block")
        .when(f.col("reason").contains("out of storage"), "soft")
        .otherwise("hard")
    )
    message = f.substring_index("sg_message_id", ".", 1).alias("message")
    return (
        rows.dropDuplicates(["sg_event_id"])
        .groupBy(message, "email")
        .agg(
            f.coalesce(f.min(f.when(word == "processed", f.col("timestamp"))), f.min("timestamp")).alias("at"),
            f.first("marketing_campaign_id").alias("campaign"),
            f.first(f.when(word == "bounce", persistence), ignorenulls=True).alias("persistence"),
            f.count_if((word == "open") & f.col("sg_machine_open")).alias("machine"),
            *(f.count_if(word == name).alias(name) for name in _WORDS),
        )
    )


if __name__ == "__main__":
    _spark(*sys.argv[1:])
