"""The bar of lists: 1,000,000 rows in 20,000 domains, against email-validator alone on the same rows, in pairs.

`python recipients.py LIST` is the peer: it reads the rows with the standard library and asks email-validator of each.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROWS, DOMAINS = 1_000_000, 20_000
PAIRED_ROWS, PAIRED_DOMAINS = 100_000, 2_000
"""The same number of rows a domain, in a tenth of the time: the peer alone takes a minute for all."""
BAR, AIM = 1.3, 0.7
"""design/performance.md: our time for each second of the peer's."""
RSS_MIB = 256
"""Our own bar on the resident set: a list is never held."""
LARGE = ("gmail.com", "naver.com", "yahoo.com", "outlook.com", "hotmail.com", "daum.net", "icloud.com")
NAMES = ("kim", "lee", "min.ji", "ann", "j-park", "bob_s", "o", "choi")

Paired = Callable[[Sequence[str], Sequence[str]], tuple[float, float, float]]
"""Median seconds of ours and of theirs, and the median ratio theirs ÷ ours."""


def rows(count: int, domains: int, seed: int = 7) -> Iterator[tuple[str, str, str]]:
    """A seeded list: 60 % at large providers; 1 % repeats, 0.5 % no address, 0.2 % international, 0.2 % tasks."""
    source = random.Random(seed)
    small = [f"company{number}.example" for number in range(domains - len(LARGE))]
    for number in range(count):
        domain = source.choice(LARGE) if source.random() < 0.6 else small[number % len(small)]
        local, kind = f"{source.choice(NAMES)}{number}", source.random()
        if kind < 0.01:
            local = f"{NAMES[0]}{number // 100}"
        elif kind < 0.015:
            local = f"{local} x"
        elif kind < 0.017:
            local = f"김{number}"
        elif kind < 0.019:
            local = "info"
        yield str(number), f"{local}@{domain}", "2026-01-01"


def write(path: Path, count: int, domains: int) -> None:
    """The list as CSV."""
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("id", "email", "joined"))
        table.writerows(rows(count, domains))


def recipients(deliv: Sequence[str], paired: Paired) -> None:
    """Print rows a second and the resident set of the whole, and the ratio in pairs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        write(path, PAIRED_ROWS, PAIRED_DOMAINS)
        command = [*deliv, "recipients", str(path), "--no-dns", "-f", "json"]
        ours, theirs, ratio = paired(command, [deliv[0], __file__, str(path)])
        print(
            f"recipients, {PAIRED_ROWS:,} rows, {PAIRED_DOMAINS:,} domains: deliv {ours:.2f} s, email-validator alone "
            f"{theirs:.2f} s: {1 / ratio:.2f} of it (bar {BAR}, aim {AIM})"
        )
        write(path, ROWS, DOMAINS)
        seconds, mib = _measured(command)
        print(
            f"recipients, {ROWS:,} rows, {DOMAINS:,} domains: {seconds:.2f} s, {ROWS / seconds:,.0f} rows/s, "
            f"{mib:.0f} MiB resident at most (bar {RSS_MIB})"
        )


def _measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of one process, and the MiB that it held at most."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 3}:
        raise RuntimeError(f"exit {process.returncode}: {' '.join(command)}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def peer(path: str) -> int:
    """How many rows email-validator takes for addresses."""
    from email_validator import EmailNotValidError, validate_email

    good = 0
    with Path(path).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                validate_email(row["email"], check_deliverability=False)
            except EmailNotValidError:
                continue
            good += 1
    return good


if __name__ == "__main__":
    print(peer(sys.argv[1]))
