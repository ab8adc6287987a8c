"""The bars of the design: one audit against round trips and checkdmarc, and what reads much against its peers.

`python -m bench [audit] [logs] [events] [bounces] [dmarc] [pages] [recipients] [--rows N]`: all, or those named;
`--rows` is for `events`, 2,000,000 unless said otherwise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.bounces import bounces
from bench.dmarc import dmarc
from bench.events import ROWS, events
from bench.logs import logs
from bench.pages import pages
from bench.recipients import recipients
from bench.world import World, delayed, free_port, served
from support.shared import ROOT, shared

DELIV = [str(ROOT / ".venv/bin/python"), "-m", "deliverability"]
INSTALLED = ROOT / ".venv-deliv"
"""Where deliv is installed as its users and its peer have it: from a wheel, with what it needs and nothing else."""
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
CHECKDMARC = ROOT / ".venv-checkdmarc"
CHECKDMARC_VERSION = "6.0.4"
FULL = Path(__file__).parent / "full.py"
RUNS = 5
DOMAINS = 4
DNS_HOST = "127.0.0.77"
"""checkdmarc asks port 53 alone, so both ask there."""

LATER = {"TLSA": "dane", "DS": "dnssec"}
LATER_NAMES = {"dnsbl.example": "reputation", "blocklist.example": "reputation", "rbl.test": "reputation"}
"""Questions of the truth file that belong to families which are not built yet, by type and by zone."""


def wall(command: Sequence[str]) -> float:
    """Seconds of one whole process that did its work; one that refused it is no measurement."""
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode not in {0, 3}:
        raise RuntimeError(f"exit {done.returncode}: {' '.join(command)}")
    return time.perf_counter() - started


def paired(ours: Sequence[str], theirs: Sequence[str], runs: int = RUNS) -> tuple[float, float, float]:
    """Median seconds of each and the median ratio theirs ÷ ours, run in turn after one warm-up."""
    wall(ours)
    wall(theirs)
    pairs = [(wall(ours), wall(theirs)) for _ in range(runs)]
    ratios = statistics.median(b / a for a, b in pairs)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), ratios


def checkdmarc() -> list[str] | None:
    """The peer's command, installed beside the project; None, said aloud, where it cannot be."""
    command = CHECKDMARC / "bin/checkdmarc"
    if not command.exists() and not _install(CHECKDMARC, f"checkdmarc=={CHECKDMARC_VERSION}"):
        print("NOT RUN: checkdmarc could not be installed, so there is no pair with it")
        return None
    return [str(command)]


def deliv() -> list[str]:
    """The command as this checkout is now, installed as the peer is; the tests' own, said aloud, where it cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        tree = shutil.copytree(ROOT, Path(folder) / "tree", symlinks=True, ignore=LEFT_OUT)
        if _install(INSTALLED, str(tree)):
            return [str(INSTALLED / "bin/deliv")]
    print("deliv could not be installed: what follows is of .venv, which starts more slowly")
    return DELIV


def _install(venv: Path, what: str) -> bool:
    """Make `venv` hold `what` and nothing else; False, and nothing left, where that cannot be."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "-qq", "--disable-pip-version-check", "install", what]
    if subprocess.run(pip, check=False).returncode:
        shutil.rmtree(venv)
        return False
    return True


def start_up(command: list[str], peer: list[str] | None) -> None:
    """`--version`, `--help`, and the time before the first DNS packet leaves."""
    for flag in ("--version", "--help"):
        if peer:
            ours, theirs, _ = paired([*command, flag], [*peer, "--version"])
            print(
                f"deliv {flag}: {ours:.3f} s; checkdmarc --version {theirs:.3f} s; ratio {ours / theirs:.2f} (bar 0.20)"
            )
        else:
            print(f"deliv {flag}: {statistics.median(wall([*command, flag]) for _ in range(RUNS)):.3f} s")
    first = statistics.median(_before_first_packet(command) for _ in range(RUNS))
    print(f"before the first DNS packet: {first:.3f} s (bar 0.20)")


def _before_first_packet(deliv: list[str]) -> float:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        started = time.perf_counter()
        command = [*deliv, "audit", "shop.example", "--resolver", address, "-q"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.recv(4096)
        taken = time.perf_counter() - started
        process.kill()
        process.wait()
        return taken


def against_round_trips(world: World, rtt: float, command: list[str], peer: list[str] | None) -> None:
    """One domain, cold process: wall ÷ (waves × RTT), the questions asked, and the pair with the peer."""
    sample = world.truth[:: max(1, len(world.truth) // DOMAINS)][:DOMAINS]
    port = 53 if peer else free_port()
    with delayed(world, rtt, DNS_HOST, port) as address, tempfile.TemporaryDirectory() as folder:
        truths = Path(folder) / "truth.ndjson"
        truths.write_text("".join(json.dumps(t) + "\n" for t in sample))
        python = str(Path(command[0]).parent / "python")
        rows = [_one_domain(python, t, address, rtt, truths, Path(folder) / "audit.json") for t in sample]
        _print_rows(rows, rtt)
        if peer:
            pairs = [_pair(t["domain"], address, command, peer) for t in sample]
            ours, theirs, ratio = (statistics.median(p[i] for p in pairs) for i in range(3))
            print(
                f"RTT {rtt * 1000:.0f} ms, one domain: deliv {ours:.3f} s, checkdmarc {theirs:.2f} s: "
                f"{ratio:.1f} times as fast (bar 5)"
            )


def _pair(domain: str, address: str, deliv: list[str], peer: list[str]) -> tuple[float, float, float]:
    ours = [*deliv, "audit", domain, "--resolver", address, "-f", "json"]
    theirs = [*peer, domain, "-n", address.rpartition(":")[0], "--skip-tls"]
    return paired(ours, theirs, runs=5)


def _one_domain(
    python: str, truth: dict[str, Any], address: str, rtt: float, truths: Path, output: Path
) -> dict[str, Any]:
    command = [python, str(FULL), truth["domain"], address, str(truths), str(output)]
    seconds = statistics.median(wall(command) for _ in range(RUNS))
    asked = {(a["name"], a["type"]) for a in json.loads(output.read_text())["dns"]}
    wanted = {(name.rstrip("."), rdtype) for wave in truth["waves"] for name, rdtype in wave}
    missing = {q for q in wanted - asked if not _later(q)}
    waves = len(truth["waves"])
    return {
        "domain": truth["domain"],
        "waves": waves,
        "seconds": seconds,
        "ratio": seconds / (waves * rtt),
        "over": seconds - (waves + 1) * rtt,
        "asked": len(asked),
        "later": len(wanted - asked) - len(missing),
        "missing": sorted(missing),
    }


def _later(question: tuple[str, str]) -> bool:
    return question[1] in LATER or any(question[0].endswith(zone) for zone in LATER_NAMES)


def _print_rows(rows: list[dict[str, Any]], rtt: float) -> None:
    for row in rows:
        print(
            f"  {row['domain']:34} waves {row['waves']}  {row['seconds']:.3f} s = {row['ratio']:.2f} × waves·RTT  "
            f"{row['over']:+.3f} s over (waves+1)·RTT  {row['asked']} asked by the audit, {row['later']} of families "
            f"to come asked beside it, missing {row['missing'] or 'none'}"
        )
    ratio, over = (statistics.median(row[key] for row in rows) for key in ("ratio", "over"))
    print(f"RTT {rtt * 1000:.0f} ms: wall ÷ (waves × RTT) = {ratio:.2f}; {over:+.3f} s over (waves+1)·RTT (aim 0.15)")


def audit() -> None:
    """One audit: start-up, and wall time against round trips."""
    command, peer = deliv(), checkdmarc()
    start_up(command, peer)
    if shutil.which("nsd") is None:
        print("NOT RUN: one domain against round trips, for want of NSD (Debian: apt-get install nsd)")
        return
    generator = shared("bench", "gen_zones.py")
    with tempfile.TemporaryDirectory() as folder, served(generator, Path(folder), 7, 300) as world:
        for rtt in (0.02, 0.1):
            against_round_trips(world, rtt, command, peer)


def main(arguments: Sequence[str]) -> None:
    """Run the measurements that are asked for, as far as this machine can."""
    names = ("audit", "logs", "events", "bounces", "dmarc", "pages", "recipients")
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--rows", type=int, default=ROWS, help="of the events")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(names):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    run: dict[str, Callable[[], None]] = {
        "audit": audit,
        "logs": lambda: logs(paired),
        "events": lambda: events(paired, rows=asked.rows),
        "bounces": lambda: bounces(paired),
        "dmarc": lambda: dmarc(paired),
        "pages": lambda: pages(DELIV, wall),
        "recipients": lambda: recipients(DELIV, paired),
    }
    for name in asked.names or names:
        run[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
