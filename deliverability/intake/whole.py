"""A file that is written whole or not at all: a reader never meets half of one."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


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
    import tempfile  # noqa: PLC0415 - 7 ms that nobody should wait for before the first packet

    target = path.resolve()
    try:
        file = tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=".deliv-", delete=False)  # noqa: SIM115 - closed below, kept until it has its name
    except OSError as error:  # it names a file that nobody asked for
        raise OSError(error.errno, error.strerror, str(path)) from None
    unfinished = Path(file.name)
    try:
        with file:
            yield file.file
        unfinished.chmod(mode)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_octets(path: Path, octets: bytes) -> None:
    """Write a file of octets whole or not at all, for its owner's eyes alone. Raises OSError."""
    import tempfile  # noqa: PLC0415 - as above

    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".deliv-", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(octets)
            file.flush()
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
