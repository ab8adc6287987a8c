"""This checkout, seen as the rooms of one package."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from support.shared import ROOT

FOLDERS = {
    "deliverability": "deliverability",
    "checks": "deliverability.checks",
    "examples": "deliverability.examples",
    "reports": "deliverability.reports",
}
"""Top-level folder → the package that it installs as."""


@dataclass(frozen=True, slots=True)
class Module:
    """One of our modules: its dotted name once installed, and its source's path from the top of the checkout."""

    name: str
    path: Path

    @property
    def text(self) -> str:
        """The source."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @property
    def is_package(self) -> bool:
        """Whether this is the `__init__` of a package."""
        return self.path.name == "__init__.py"


def files(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Every file of `root` that belongs in the wheel: its place there, its path from `root`. Links are not followed.

    Pictures and jobs are for who reads the repository; of catalogues the compiled ones are installed.
    """
    for folder, package in FOLDERS.items():
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root / folder)
            linked = folder == "deliverability" and inside.parts[0] in FOLDERS
            is_job = folder == "examples" and inside.parts[0] == "ci"
            left_out = linked or is_job or path.suffix in {".png", ".po"} or "__pycache__" in inside.parts
            if path.is_file() and not left_out:
                yield f"{package.replace('.', '/')}/{inside.as_posix()}", path.relative_to(root)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    return tuple(Module(_dotted(place), path) for place, path in files() if path.suffix == ".py")


def _dotted(place: str) -> str:
    return place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement below `node`, at any depth; expressions, which hold none and are most of a tree, are not seen."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for below in getattr(node, name, ()):
            yield below
            yield from statements(below)


def pyproject() -> dict[str, Any]:
    """pyproject.toml as it stands."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
