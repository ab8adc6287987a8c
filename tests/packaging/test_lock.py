"""The lock files: complete, exact, and of no machine in particular."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.shared import ROOT
from support.tree import pyproject

LOCKS = ("run", "test", "dev")
"""Each holds the one before it."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PIN = re.compile(r"(?m)^([a-z0-9-]+)==([^ ]+) (.*)\\$")


def pins(lock: str) -> dict[str, str]:
    """Distribution → version."""
    return {name: version for name, version, _ in _PIN.findall(_read(f"{lock}.txt"))}


def asked(lock: str) -> set[str]:
    """The distributions that somebody asked for by name, normalized."""
    project = pyproject()
    lines = [*project["project"]["dependencies"], *_read(f"{lock}.in").splitlines()]
    if lock == "run":
        lines += project["build-system"]["requires"]
    else:
        lines += project["project"]["optional-dependencies"]["doh"]
    names = (_NAME.match(line) for line in lines)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


def _read(name: str) -> str:
    return Path(ROOT, "requirements", name).read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked(lock: str) -> None:
    assert asked(lock) - set(pins(lock)) == set()


@pytest.mark.parametrize(("smaller", "larger"), [("run", "test"), ("test", "dev")])
def test_a_lock_holds_the_one_before_it(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_exact_and_names_no_index_and_no_machine(lock: str) -> None:
    """Every line is a pin, a hash or a comment: no address, no option, no path but that of its own inputs."""
    strays = [
        line
        for line in _read(f"{lock}.txt").splitlines()
        if not re.fullmatch(r"[a-z0-9-]+==\S+ (; .+ )?\\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*", line)
    ]

    assert strays == []
    assert not re.search(r"://|(?<![.\w])/\w", _read(f"{lock}.txt"))
