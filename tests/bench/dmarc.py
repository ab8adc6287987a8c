"""The bars of DMARC reports: many small ones and one of 475 MB, against parsedmarc's library, whole processes in pairs.

`python dmarc.py PATH…` reads reports with parsedmarc, offline, and does nothing with them: the peer's part.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".venv-parsedmarc"
PEER_VERSION = "11.1.0"
REPORTS, RECORDS = 1000, 50
LARGE_RECORDS = 690_000
"""Records of the one large report: about 475 MB."""
BAR, AIM = 6, 12
MEBIBYTES_BAR, MEBIBYTES_AIM = 128, 64
TOTALS = {"messages": "messages", "dmarc_pass": "dmarc_pass", "quarantine": "quarantined", "reject": "rejected"}

WATCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(json.dumps([time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""
"""Starts a command and says what it took. A process's greatest size is never less than that of the one that started it,
so a small one has to."""

Paired = Callable[[Sequence[str], Sequence[str]], tuple[float, float, float]]
"""Median seconds of ours and of theirs, and the median ratio theirs ÷ ours."""


def peer() -> list[str] | None:
    """The peer's command, installed beside the project; None, said aloud, where it cannot be."""
    python = PEER / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        pip = [str(python), "-m", "pip", "-q", "install", f"parsedmarc=={PEER_VERSION}"]
        if subprocess.run(pip, check=False).returncode:
            shutil.rmtree(PEER)
            print("NOT RUN: parsedmarc could not be installed, so there is no pair with it")
            return None
    return [str(python), str(Path(__file__))]


def generated(folder: Path, reports: int, records: int) -> list[dict[str, Any]]:
    """Reports in `folder`, and what their generator says of each."""
    from support.shared import shared  # not at the top: the peer runs this file too

    truth = folder.with_suffix(".truth")
    command = [sys.executable, str(shared("bench", "gen_dmarc_reports.py"))]
    command += ["--reports", str(reports), "--records", str(records), "--out", str(folder), "--truth", str(truth)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]


def ours(folder: Path, output: Path) -> list[str]:
    """Our command: all figures, as a document."""
    return [str(ROOT / ".venv/bin/python"), "-m", "deliverability", "dmarc", str(folder), "-o", str(output)]


def check(output: Path, truth: Sequence[dict[str, Any]]) -> None:
    """Raise RuntimeError unless the document adds up to the truth."""
    totals = json.loads(output.read_text())["totals"]
    if {name: totals[name] for name in TOTALS.values()} != {n: sum(t[k] for t in truth) for k, n in TOTALS.items()}:
        raise RuntimeError("the totals are not those of the generator")


def many(paired: Paired, theirs: Sequence[str] | None, folder: Path) -> None:
    """1,000 reports of 50 records on one core."""
    reports, output = folder / "many", folder / "many.json"
    truth = generated(reports, REPORTS, RECORDS)
    command = ours(reports, output)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # the processes that are started have it too
    try:
        if theirs is None:
            seconds, rest = measured(command)[0], ""
        else:
            seconds, other, ratio = paired(command, [*theirs, str(reports)])
            rest = f"; parsedmarc {REPORTS / other:.0f} reports/s: {ratio:.1f} times as fast (bar {BAR}, aim {AIM})"
    finally:
        os.sched_setaffinity(0, cores)
    check(output, truth)
    print(
        f"DMARC, {REPORTS:,} × {RECORDS} records, one core: {seconds:.2f} s = {REPORTS / seconds:,.0f} reports/s{rest}"
    )


def large(theirs: Sequence[str] | None, folder: Path) -> None:
    """One report of 475 MB, once: the peer takes minutes and gigabytes."""
    reports, output = folder / "large", folder / "large.json"
    truth = generated(reports, 1, LARGE_RECORDS)
    seconds, mebibytes = measured(ours(reports, output))
    check(output, truth)
    rest = ""
    if theirs is not None:
        other, memory = measured([*theirs, str(reports)])
        rest = (
            f"; parsedmarc {other:.0f} s, {memory:,.0f} MiB: {other / seconds:.1f} times as fast (bar {BAR}, aim {AIM})"
        )
    size = sum(path.stat().st_size for path in reports.iterdir()) / 1e6
    print(
        f"DMARC, one report of {size:.0f} MB: {seconds:.1f} s, {mebibytes:.0f} MiB "
        f"(bar {MEBIBYTES_BAR}, aim {MEBIBYTES_AIM}){rest}"
    )


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of one whole process, and the MiB that it held at most: its own, as `time` shows them."""
    done = subprocess.run([sys.executable, "-c", WATCHER, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {' '.join(command)}")
    seconds, kibibytes = json.loads(done.stdout)
    return seconds, kibibytes / 1024


def dmarc(paired: Paired) -> None:
    """Print both bars."""
    theirs = peer()
    with tempfile.TemporaryDirectory() as folder:
        many(paired, theirs, Path(folder))
        large(theirs, Path(folder))


def _parsedmarc(folder: str) -> None:
    """Read every report in `folder` as the peer's library does it; nothing is asked of the network."""
    parse: Any = import_module("parsedmarc").parse_report_file
    for path in sorted(Path(folder).iterdir()):
        parse(str(path), offline=True)


if __name__ == "__main__":
    _parsedmarc(sys.argv[1])
