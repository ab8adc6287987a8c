"""The corpora that are too large, or licensed too differently, to live in this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
"""The top of the checkout."""


def shared(*parts: str) -> Path:
    """The path `parts` below the shared data; skips the calling test (or module), loudly, where it is not there.

    The data stand where DELIV_SHARED says (relative to the checkout), else in `../shared`.
    """
    path = (ROOT / os.environ.get("DELIV_SHARED", "../shared")).joinpath(*parts)
    if not path.exists():
        reason = f"DELIV_SHARED: {'/'.join(parts)} is not there (set DELIV_SHARED to the folder that holds it)"
        pytest.skip(reason, allow_module_level=True)  # a module may read its cases while it is collected
    return path
