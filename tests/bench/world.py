"""A generated mail world served by a real NSD, and a relay in front of it that adds a round-trip time."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class World:
    """Where the zones were written and what they hold."""

    folder: Path
    port: int
    truth: list[dict[str, Any]]


def free_port() -> int:
    """A UDP port of this machine that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(generator: Path, folder: Path, seed: int, domains: int) -> Generator[World]:
    """Generate `domains` domains and serve them by NSD on loopback while the block runs."""
    port = free_port()
    listen = f"127.0.0.1@{port}"
    command = [sys.executable, str(generator), "--seed", str(seed), "--domains", str(domains)]
    subprocess.run([*command, "--out", str(folder), "--listen", listen], check=True, stdout=subprocess.DEVNULL)
    truth = [json.loads(line) for line in (folder / "truth.ndjson").read_text().splitlines()]
    nsd = subprocess.Popen(["nsd", "-d", "-c", str(folder / "nsd.conf")], stderr=subprocess.DEVNULL)
    try:
        _wait_for_answer(port)
        yield World(folder, port, truth)
    finally:
        nsd.terminate()
        nsd.wait()


def _wait_for_answer(port: int) -> None:
    """Ask for the root's SOA until it is answered."""
    question = b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        for _ in range(60):
            try:
                client.sendto(question, ("127.0.0.1", port))
                client.recv(4096)
            except OSError:
                continue
            else:
                return
    raise RuntimeError("NSD does not answer")


@contextmanager
def delayed(world: World, seconds: float, host: str, port: int) -> Generator[str]:
    """The same world behind a round-trip time of `seconds`; yields its address."""
    command = [sys.executable, str(HERE / "delay.py"), host, str(port), "127.0.0.1", str(world.port), str(seconds)]
    relay = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert relay.stdout is not None
        if relay.stdout.readline().strip() != "ready":
            raise RuntimeError(f"the relay cannot listen on {host}:{port}")
        yield f"{host}:{port}"
    finally:
        relay.terminate()
        relay.wait()
