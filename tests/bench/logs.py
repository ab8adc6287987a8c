"""The bar of Postfix logs: a log of a million lines, against pflogsumm, whole processes in pairs.

`python logs.py LOG` reads one log and does nothing with it: the part of the time that is the reader's own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from deliverability.events.postfix import LogCounts, read_log
from deliverability.intake.trouble import Troubles

PYTHON = str(Path(__file__).parents[2] / ".venv/bin/python")
LINES = 1_000_000
PEER = "pflogsumm"
PEER_VERSION = "1.1.5"
BAR = 4
AIM = 8
COUNTED = ("lines", "received", "sent", "deferred", "bounced", "reject")

Paired = Callable[[Sequence[str], Sequence[str]], tuple[float, float, float]]
"""Median seconds of ours and of theirs, and the median ratio theirs ÷ ours."""


def read(path: Path) -> LogCounts:
    """The counts of the log at `path`; its rows are dropped."""
    with path.open("rb") as stream:
        return read_log(
            stream, name=path.name, now=datetime.now(UTC), zone=None, emit=len, troubles=Troubles(), years_back=0
        )


def generated(folder: Path, lines: int) -> tuple[Path, dict[str, int]]:
    """A log of about `lines` lines, and the totals that its generator counted."""
    from support.shared import shared  # not at the top: this file is also run by itself

    log, truth = folder / "mail.log", folder / "truth.json"
    command = [sys.executable, str(shared("bench", "gen_maillog.py")), "--lines", str(lines)]
    subprocess.run(
        [*command, "--out", str(log), "--truth", str(truth)], check=True, stdout=subprocess.DEVNULL, cwd=folder
    )
    totals: dict[str, int] = json.loads(truth.read_text())
    return log, totals


def logs(paired: Paired, *, lines: int = LINES) -> None:
    """Print the bars: the whole command, and the reader alone, each paired with the peer."""
    peer = shutil.which(PEER)
    if peer is None:
        print(f"NOT RUN: Postfix logs, for want of {PEER} {PEER_VERSION} (Debian: apt-get install {PEER})")
        return
    with tempfile.TemporaryDirectory() as folder:
        log, truth = generated(Path(folder), lines)
        found = read(log)
        if {key: getattr(found, key) for key in COUNTED} != truth:
            raise RuntimeError("the totals are not those of the generator")
        for name, ours in (
            ("deliv rates", [PYTHON, "-m", "deliverability", "rates", str(log), "-f", "json"]),
            ("the reader alone", [PYTHON, str(Path(__file__)), str(log)]),
        ):
            seconds, theirs, ratio = paired(ours, [peer, str(log)])
            speed = f"{seconds:.2f} s = {truth['lines'] / seconds:,.0f} lines/s; {PEER} {theirs:.2f} s"
            print(f"Postfix log, {lines:,} lines, {name}: {speed}: {ratio:.1f} times as fast (bar {BAR}, aim {AIM})")


if __name__ == "__main__":
    read(Path(sys.argv[1]))
