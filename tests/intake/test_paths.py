"""From what a person names to the files that are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deliverability.intake.paths import MissingPath, expand


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_is_its_files_in_sorted_order_without_dot_files() -> None:
    files("in/b", "in/a", "in/.hidden", "in/sub/z", "in/sub/deep/y", "in/.git/config")

    assert list(expand(["in"])) == ["in/a", "in/b", "in/sub/z", "in/sub/deep/y"]


def test_a_named_path_stays_as_it_was_written() -> None:
    files("in/a", "b")

    assert list(expand(["./b", "-", "in/../in/a", "in/"])) == ["./b", "-", "in/../in/a"]


def test_what_two_paths_mean_is_read_once() -> None:
    files("in/a", "in/b")

    assert list(expand(["in/b", "in"])) == ["in/b", "in/a"]


def test_a_pattern_is_expanded_and_a_file_of_that_name_is_meant_first() -> None:
    files("a1", "a2", "b[1]", "sub/a3")

    assert list(expand(["a*"])) == ["a1", "a2"]
    assert list(expand(["**/a*"])) == ["a1", "a2", "sub/a3"]
    assert list(expand(["b[1]"])) == ["b[1]"]


@pytest.mark.parametrize("missing", ["nowhere", "nothing*", ""])
def test_a_missing_path_is_said_before_anything_is_read(missing: str) -> None:
    files("a")

    with pytest.raises(MissingPath, match="no such file or folder"):
        expand(["a", missing])


def test_suffixes_select_in_folders_and_never_what_is_named() -> None:
    files("in/a.xml", "in/b.TXT", "in/c.XML", "d.txt")

    assert list(expand(["in", "d.txt"], suffixes=[".xml"])) == ["in/a.xml", "in/c.XML", "d.txt"]


def test_a_maildir_is_read_without_the_mails_that_are_half_written() -> None:
    files("M/cur/1:2,S", "M/new/2", "M/tmp/3", "M/.Junk/cur/4", "M/.Junk/tmp/5", "M/.config/x", "other/tmp/6")
    Path("M/.Junk/new").mkdir()

    assert list(expand(["M", "other"])) == ["M/.Junk/cur/4", "M/cur/1:2,S", "M/new/2", "other/tmp/6"]


def test_a_folder_is_entered_once_whatever_links_lead_to_it() -> None:
    files("in/a", "outside/b")
    Path("in/again").symlink_to(".")
    Path("in/out").symlink_to("../outside")
    Path("outside/back").symlink_to("../in")

    assert list(expand(["in"])) == ["in/a", "in/out/b"]


def test_a_broken_link_is_passed_on_to_be_reported() -> None:
    files("in/a")
    Path("in/gone").symlink_to("nowhere")
    Path("in/loop").symlink_to("loop")

    assert list(expand(["in"])) == ["in/a", "in/gone", "in/loop"]


def test_a_pipe_in_a_folder_is_left_alone() -> None:
    files("in/a")
    os.mkfifo("in/pipe")

    assert list(expand(["in"])) == ["in/a"]


def test_a_folder_that_cannot_be_listed_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    files("in/a", "in/closed/b", "in/open/c")
    really = os.scandir
    closed = str(Path("in", "closed"))

    def scandir(path: str) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr("os.scandir", scandir)

    assert list(expand(["in"])) == ["in/a", "in/closed", "in/open/c"]
