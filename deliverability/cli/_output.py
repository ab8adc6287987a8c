"""Where results go: stdout, or files written whole or not at all, in the format that each name's suffix says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from deliverability.cli._problem import Problem

PIECES = 200
"""Pieces of a long text that are written at once."""
PLAIN_WIDTH = 100
"""Columns of a report that goes to no terminal."""

SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
    ".csv": "csv",
    ".parquet": "parquet",
    ".md": "markdown",
    ".sarif": "sarif",
    ".xml": "junit",
}


CODE_QUALITY = "gl-code-quality-report.json"
"""The name that GitLab's documentation gives the file (ci/testing/code_quality, read 2026-11-22)."""
ANNOTATIONS = "github"
"""Workflow commands: they are read from what a step prints."""
UTF_8 = frozenset({"html", "junit", "markdown"})
"""Formats that say of themselves that they are UTF-8, or are read as that: not in the terminal's encoding."""


def wants_colour(stream: TextIO, no_color: bool) -> bool:
    """Whether to colour `stream`: FORCE_COLOR, --no-color, NO_COLOR, TERM=dumb and whether a person is watching."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """Columns to fill: the terminal's (or COLUMNS), else a fixed width so that the same audit gives the same text."""
    if not stream.isatty() and "COLUMNS" not in os.environ:
        return PLAIN_WIDTH
    import shutil  # noqa: PLC0415 - 4 ms that only a terminal's report needs

    return shutil.get_terminal_size().columns


Renderer = Callable[[int, bool], str]
"""Makes a result's text, given the columns to fill and whether to colour."""


def targets(form: str | None, outputs: Sequence[str], formats: Collection[str]) -> list[tuple[str, str]]:
    """(destination, format) of each result, checked before any work is done. `-` is standard output.

    `form` is the format of all. Only annotations, which mean nothing in a file, leave files to their suffixes where
    standard output is among the outputs: one run annotates and writes what else a job keeps.
    """
    apart = form == ANNOTATIONS and "-" in outputs
    chosen = list(dict.fromkeys((o, _kind(o, form, apart=apart)) for o in outputs)) or [("-", form or "text")]
    for destination, kind in chosen:
        if kind not in formats:
            raise Problem(f"{destination}: this command writes {', '.join(formats)}, not {kind}")
        if destination != "-":
            _check_writable(Path(destination))
        else:
            _check_open()
    return chosen


def _kind(destination: str, form: str | None, *, apart: bool) -> str:
    named = apart and destination != "-" and Path(destination).suffix.lower() in SUFFIXES
    return _by_suffix(destination) if form is None or named else form


def _by_suffix(destination: str) -> str:
    if destination == "-":
        return "text"
    if Path(destination).name == CODE_QUALITY:
        return "gitlab"
    suffix = Path(destination).suffix.lower()
    if suffix not in SUFFIXES:
        raise Problem(f"{destination}: the suffix names no format; use one of {' '.join(SUFFIXES)} or give --format")
    return SUFFIXES[suffix]


def _check_open() -> None:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] - so it is where the shell closed it
        raise Problem("standard output is closed; name a file with -o")


def _check_writable(path: Path) -> None:
    try:
        if path.is_dir():
            raise Problem(f"{path}: is a directory; name a file in it")
        if not path.parent.is_dir():
            raise Problem(f"{path}: there is no directory {path.parent}")
    except OSError as error:
        raise unwritable(path, error) from None


def emit(renderers: Mapping[str, Renderer], chosen: Sequence[tuple[str, str]], no_color: bool) -> None:
    """Make every result and put it in its place; files only once all of them are made."""
    made = [(destination, _made(renderers[kind], destination, no_color)) for destination, kind in chosen]
    for (destination, text), (_, kind) in zip(made, chosen, strict=True):
        if destination == "-":
            to_stdout(text, "utf-8" if kind in UTF_8 else None)
        else:
            write_whole(Path(destination), text)


def to_stdout(text: str, encoding: str | None = None) -> None:
    """Write and flush. A reader who has seen enough and left changes nothing, not even the exit code."""
    _check_open()
    if encoding and (reconfigure := getattr(sys.stdout, "reconfigure", None)):
        reconfigure(encoding=encoding)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer is not to be tried again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise Problem(f"standard output: cannot be written ({error.strerror or error})") from None


def write_pieces(destination: str, pieces: Iterable[str]) -> None:
    """Write text that is too long to be held as a whole; a file whole or not at all."""
    if destination == "-":
        rest = iter(pieces)
        while text := "".join(islice(rest, PIECES)):
            to_stdout(text)
        return
    from deliverability.intake.whole import whole  # noqa: PLC0415 - nothing of it is needed before there is a report

    try:
        with whole(Path(destination)) as file:
            file.writelines(pieces)
    except (OSError, RuntimeError) as error:  # as in write_whole
        raise unwritable(Path(destination), error) from None


def _made(renderer: Renderer, destination: str, no_color: bool) -> str:
    if destination == "-":
        return renderer(width_of(sys.stdout), wants_colour(sys.stdout, no_color))
    return renderer(PLAIN_WIDTH, False)


def write_whole(path: Path, text: str) -> None:
    """Write `path` whole or not at all: a reader never meets half a report. Links are followed, permissions kept."""
    from deliverability.intake.whole import whole  # noqa: PLC0415 - nothing of it is needed before there is a report

    try:
        with whole(path) as file:
            file.write(text)
    except (OSError, RuntimeError) as error:  # pathlib's answer to a loop of links is a RuntimeError
        raise unwritable(path, error) from None


@contextmanager
def whole_file(path: Path) -> Generator[Callable[[str], None]]:
    """What writes `path` bit by bit, whole or not at all: nothing comes of it where the block fails. Raises Problem."""
    from deliverability.intake.whole import whole  # noqa: PLC0415 - as above

    unfinished = ExitStack()
    try:
        file = unfinished.enter_context(whole(path))
    except (OSError, RuntimeError) as error:  # as above; the block's own are not about the file
        raise unwritable(path, error) from None

    def write(text: str) -> None:
        try:
            file.write(text)
        except OSError as error:
            raise unwritable(path, error) from None

    with unfinished:
        yield write
        try:
            unfinished.close()
        except OSError as error:
            raise unwritable(path, error) from None


def unwritable(path: Path, error: Exception) -> Problem:
    """Why nothing could be written there."""
    return Problem(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})")
