"""Signals for processes that a test starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_HEARING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"


def hearing(command: Sequence[str]) -> list[str]:
    """`command`, with SIGINT heard: runs in the background may have it ignored, and children inherit that."""
    return [sys.executable, "-c", _HEARING, *command]
