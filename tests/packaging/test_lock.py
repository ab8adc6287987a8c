"""The lock files: complete, exact, and of no machine in particular."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from support.shared import ROOT
from support.tree import pyproject, statements

LOCKS = ("run", "test", "all", "dev")
"""Each holds the one before it."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PIN = re.compile(r"(?m)^([a-z0-9-]+)==([^ ]+) (.*)\\$")


def pins(lock: str) -> dict[str, str]:
    """Distribution → version."""
    return {name: version for name, version, _ in _PIN.findall(_read(f"{lock}.txt"))}


def asked(lock: str) -> set[str]:
    """The distributions that somebody asked for by name, normalized."""
    project = pyproject()
    extras = project["project"]["optional-dependencies"]
    lines = [
        *project["project"]["dependencies"],
        *extras["events"],
        *extras["message"],
        *extras["zones"],
        *_read(f"{lock}.in").splitlines(),
    ]
    if lock == "run":
        lines += project["build-system"]["requires"]
    else:
        lines += extras["doh"]
    names = (_NAME.match(line) for line in lines)
    return {normalized(name[0]) for name in names if name}


def normalized(name: str) -> str:
    """How a distribution's name is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _read(name: str) -> str:
    return Path(ROOT, "requirements", name).read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked(lock: str) -> None:
    assert asked(lock) - set(pins(lock)) == set()


def test_what_the_tests_import_is_locked() -> None:
    """Where a distribution is installed by hand, or comes along with another one, a new machine would lack it."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("*.py"))
    imported = {name.split(".")[0] for tree in trees for name in _imported(tree)}
    ours = {"deliverability", *sys.stdlib_module_names, *(path.stem for path in (ROOT / "tests").iterdir())}
    owners = packages_distributions()
    wanted = {normalized(owner) for name in imported - ours for owner in owners.get(name, [name])}

    assert wanted - asked("test") - asked("all") == set()


@pytest.mark.parametrize(("smaller", "larger"), [("run", "test"), ("test", "all"), ("all", "dev")])
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
