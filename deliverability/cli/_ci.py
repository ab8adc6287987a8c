"""The formats of code hosts, for every command that has a gate or can make one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from deliverability.cli._output import Renderer

if TYPE_CHECKING:
    from deliverability.gate.model import Gate

CI = ("markdown", "github", "sarif", "junit", "gitlab")
"""Modules of `reports.ci`."""
ROOTED = frozenset({"github", "sarif", "gitlab"})
"""Those that name files: a code host knows them as seen from the working directory."""


def ci_renderers(make: Callable[[], Gate]) -> Mapping[str, Renderer]:
    """A renderer for each of CI; `make` is called once, where the first of them is asked for."""
    gate = cache(make)
    return {kind: partial(_rendered, kind, gate) for kind in CI}


def _rendered(kind: str, gate: Callable[[], Gate], _width: int, _colour: bool) -> str:
    from importlib import import_module  # noqa: PLC0415 - one of five, and only where it is asked for

    render: Callable[..., str] = import_module(f"deliverability.reports.ci.{kind}").render
    return render(gate(), root=_here()) if kind in ROOTED else render(gate())


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is not needed for it
    except OSError:  # the directory is gone
        return ""
