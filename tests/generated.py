"""Files made from code, so that nothing is written down twice: `make generate` writes them, `make lint` compares."""

from __future__ import annotations

import sys
from collections.abc import Callable

from support.shared import ROOT

GENERATED: dict[str, Callable[[str], str]] = {}
"""Path from the top of the checkout → a function of the text that stands there now (it may keep parts of it)."""


def stale() -> dict[str, str]:
    """The files that differ from what the code makes, with the text they should have."""
    wanted = {path: make(_text(path)) for path, make in GENERATED.items()}
    return {path: text for path, text in wanted.items() if text != _text(path)}


def _text(path: str) -> str:
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def main(arguments: list[str]) -> int:
    """Write what is stale, or with `--check` only name it; 1 if there was anything to name."""
    check = arguments == ["--check"]
    for path, text in stale().items():
        print(f"{path} is not what the code makes: run make generate" if check else f"wrote {path}")
        if not check:
            (ROOT / path).write_text(text, encoding="utf-8")
    return int(check and bool(stale()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
