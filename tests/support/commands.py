"""Commands as they are called, in this process: what they say, and the document that they write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from support.schemas import hold


def deliv(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run one command: exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Stdout of a command that ends with `code`."""
    ended, out, err = deliv(capsys, *arguments)
    assert ended == code, err
    return out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command fails with."""
    code, out, err = deliv(capsys, *arguments)
    assert (code, out) == (2, "")
    [line] = err.splitlines()
    return line


def written(kind: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The document of a command that ends with `code`, held to the schema called `kind`."""
    assert run([*arguments, "-o", "out.json"]) == code
    document: dict[str, Any] = json.loads(Path("out.json").read_text(encoding="utf-8"))
    hold(kind, document)
    return document
