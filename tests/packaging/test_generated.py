"""What is made from code is what the code makes."""

from __future__ import annotations

from generated import stale


def test_generated_files_are_current() -> None:
    assert sorted(stale()) == [], "run make generate"
