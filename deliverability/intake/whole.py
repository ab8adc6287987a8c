"""A file that is written whole or not at all: a reader never meets half of one."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def whole(path: Path) -> Generator[IO[str]]:
    """A text file (UTF-8) that takes `path`'s place once the block ends well. Links are followed, permissions kept.

    What is no regular file (a pipe, /dev/null) is written directly: nothing may be put in its place. Raises OSError; a
    full disk is one, and leaves what was at `path` as it was. pathlib's answer to a loop of links is a RuntimeError.
    """
    mode = path.stat().st_mode if path.exists() else stat.S_IFREG | (0o666 & ~_umask())
    if not stat.S_ISREG(mode):
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    with _replacing(path, stat.S_IMODE(mode)) as file:
        yield file


@contextmanager
def _replacing(path: Path, mode: int) -> Generator[IO[str]]:
    target = path.resolve()
    with _unfinished(target.parent) as unfinished:
        with _new(unfinished, "x", path) as file:
            yield file
        unfinished.chmod(mode)
        unfinished.replace(target)


def write_octets(path: Path, octets: bytes) -> None:
    """Write a file of octets whole or not at all, for its owner's eyes alone. Raises OSError."""
    with _unfinished(path.parent) as unfinished:
        with _new(unfinished, "xb", path) as file:
            file.write(octets)
        unfinished.replace(path)


@contextmanager
def _unfinished(folder: Path) -> Generator[Path]:
    """A name in `folder` at which nothing stays unless it is moved: known beforehand, as a signal may come at once."""
    name = folder / f".deliv-{os.urandom(8).hex()}"
    try:
        yield name
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def _new(unfinished: Path, how: str, path: Path) -> IO[Any]:
    try:
        return open(unfinished, how, encoding=None if "b" in how else "utf-8", opener=_private)
    except OSError as error:  # it names a file that nobody asked for
        raise OSError(error.errno, error.strerror, str(path)) from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
