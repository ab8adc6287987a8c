"""From what a person names (files, folders, patterns, `-`) to the files that are read, always in the same order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

STDIN = "-"
"""The path that means standard input."""


class MissingPath(ValueError):
    """A named path that is not there."""


def expand(paths: Sequence[str], *, suffixes: Sequence[str] | None = None) -> Iterator[str]:
    """Every file that `paths` mean, each once. Raises MissingPath before the first, if something named is missing.

    A folder means what is in it and below, in sorted order, without dot files and without a Maildir's `tmp`, whose
    mails are half written; a Maildir's folders (`.Junk`) are read. A folder that cannot be listed is passed on as if it
    were a file, so that opening it says why. `suffixes` selects in folders; what is named itself is always read.
    """
    named = [found for path in paths for found in _named(path)]
    ends = None if suffixes is None else tuple(suffix.lower() for suffix in suffixes)
    return _once(named, ends) if len(named) > 1 else _files(named, ends)


def _named(path: str) -> list[str]:
    if path == STDIN or os.path.lexists(path):
        return [path]
    import glob  # noqa: PLC0415 - where the shell did not expand

    found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - the path as it was written, not normalised
    if not found:
        raise MissingPath(f"{path}: no such file or folder")
    return found


def _once(named: list[str], ends: tuple[str, ...] | None) -> Iterator[str]:
    seen = set[str]()
    for path in _files(named, ends):
        whole = path if path == STDIN else os.path.abspath(path)  # noqa: PTH100 - without following links
        if whole not in seen:
            seen.add(whole)
            yield path


def _files(named: list[str], ends: tuple[str, ...] | None) -> Iterator[str]:
    entered = set[tuple[int, int]]()
    for path in named:
        if path != STDIN and os.path.isdir(path):  # noqa: PTH112 - paths stay as they were written
            yield from _below(path, ends, entered)
        else:
            yield path


def _below(top: str, ends: tuple[str, ...] | None, entered: set[tuple[int, int]]) -> Iterator[str]:
    """The files of a folder, then those of its folders. Each folder is entered once, whatever links lead to it."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            state = os.stat(folder)  # noqa: PTH116 - as above
            if (state.st_dev, state.st_ino) in entered:
                continue
            entered.add((state.st_dev, state.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            yield folder
            continue
        yield from (entry.path for entry in entries if _is_wanted(entry, ends))
        waiting += reversed(_folders(entries))


def _folders(entries: list[os.DirEntry[str]]) -> list[str]:
    folders = [entry for entry in entries if _holds(entry.is_dir)]
    is_maildir = any(entry.name == "cur" for entry in folders)
    return [
        entry.path
        for entry in folders
        if (not entry.name.startswith(".") or os.path.isdir(os.path.join(entry.path, "cur")))  # noqa: PTH112, PTH118
        and not (is_maildir and entry.name == "tmp")
    ]


def _is_wanted(entry: os.DirEntry[str], ends: tuple[str, ...] | None) -> bool:
    """Whether it is a file to read. A pipe or a device might never end; a link that leads nowhere is to be reported."""
    if entry.name.startswith(".") or not (ends is None or entry.name.lower().endswith(ends)):
        return False
    return _holds(entry.is_file) or (entry.is_symlink() and not os.path.exists(entry.path))  # noqa: PTH110


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link that leads to itself
        return False
