"""`deliv bounces`: which mails came back, and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets, to_stdout, width_of
from deliverability.cli._problem import Problem
from deliverability.cli._reading import Meter, reading_options, troubles_of, warn_of

if TYPE_CHECKING:
    from deliverability.bounces import Bounces, Row
    from deliverability.intake.trouble import Troubles

FORMATS = ("text", "json", "jsonl", "csv")
BY_ROW = ("jsonl", "csv")
"""Formats with a line for each recipient, written while the mails are read."""

HELD = 500
"""Lines that are written together."""

HELP = f"""{SUMMARIES["bounces"]}

PATH is a file, a folder (a Maildir too), a pattern or - for standard input: mails, mboxes, plain or as .gz, .zst or
.zip. Reports (RFC 3464) and notices in words are read; automatic replies, receipts and other mail are passed over.
Addresses are written as pseudonyms, the same in every run with the same DELIV_KEY.

\b
Examples:
  deliv bounces ~/Maildir
  deliv bounces returned.mbox -f jsonl > bounces.jsonl
  deliv bounces mails.zip -o bounces.csv -o summary.json --complaints complaints.jsonl
"""


@click.command(help=HELP)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option("--complaints", metavar="FILE", help="Write complaints (ARF) here, one JSON object a line.")
@reading_options
@output_options(FORMATS)
def command(
    paths: tuple[str, ...],
    complaints: str | None,
    rejects: str | None,
    max_bad_share: float,
    form: str | None,
    outputs: tuple[str, ...],
    no_color: bool,
) -> int:
    """See HELP."""
    chosen = targets(form, outputs, FORMATS)
    with troubles_of(rejects) as troubles:
        found = _read(paths, troubles, chosen, complaints)
    warn_of(troubles, rejects)
    _summarise(found, chosen, no_color)
    return 3 if found.bad_share > max_bad_share else 0


def _read(paths: tuple[str, ...], troubles: Troubles, chosen: list[tuple[str, str]], complaints: str | None) -> Bounces:
    from deliverability.bounces import Bounces  # noqa: PLC0415 - heavy things load when the command runs
    from deliverability.intake.paths import MissingPath  # noqa: PLC0415 - as above
    from deliverability.privacy import pseudonyms_from_environment  # noqa: PLC0415 - as above

    meter = Meter(wanted=("-", "jsonl") not in chosen and ("-", "csv") not in chosen)
    pseudonyms = pseudonyms_from_environment(os.environ)
    stdin = sys.stdin.buffer if "-" in paths else None
    found = Bounces(paths, troubles=troubles, pseudonyms=pseudonyms, stdin=stdin, progress=meter)
    try:
        _written(found, chosen, complaints)
    except MissingPath as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()
    return found


def _written(found: Bounces, chosen: list[tuple[str, str]], complaints: str | None) -> None:
    """Read all, and write each row where it is wanted."""
    from deliverability.bounces import BounceRow  # noqa: PLC0415 - loaded by now

    with ExitStack() as files:
        sinks = [_Sink(kind, _opened(destination, files)) for destination, kind in chosen if kind in BY_ROW]
        others = [_Sink("jsonl", _opened(complaints, files))] if complaints else []
        for row in found:
            for sink in sinks if isinstance(row, BounceRow) else others:
                sink.add(row)
        for sink in (*sinks, *others):
            sink.flush()


def _opened(destination: str, files: ExitStack) -> Callable[[str], object]:
    return to_stdout if destination == "-" else files.enter_context(_file(destination)).write


@contextmanager
def _file(destination: str) -> Generator[IO[str]]:
    """A file that is there once all is read, whole or not at all. Raises Problem."""
    from deliverability.intake.whole import whole  # noqa: PLC0415 - as above

    try:
        with whole(Path(destination)) as file:
            yield file
    except OSError as error:
        raise Problem(f"{error.filename or destination}: cannot be written ({error.strerror or error})") from None


class _Sink:
    """Rows on their way to one destination, some hundred at a time."""

    def __init__(self, kind: str, write: Callable[[str], object]) -> None:
        self._text = _csv if kind == "csv" else _jsonl
        self._write = write
        self._held: list[Row] = []
        if kind == "csv":
            write(_line(_names()))

    def add(self, row: Row) -> None:
        """Take a row."""
        self._held.append(row)
        if len(self._held) >= HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        held, self._held = self._held, []
        self._write(self._text(held))


def _jsonl(rows: Iterable[Row]) -> str:
    from deliverability.plain import dumps, to_plain  # noqa: PLC0415 - only for this format

    return "".join(f"{dumps(to_plain(row))}\n" for row in rows)


def _names() -> list[str]:
    from dataclasses import fields  # noqa: PLC0415 - only for this format

    from deliverability.bounces import BounceRow  # noqa: PLC0415 - loaded by now

    return [field.name for field in fields(BounceRow)]


def _csv(rows: Iterable[Row]) -> str:
    from deliverability.reports.tables import to_csv  # noqa: PLC0415 - only for this format

    return to_csv(_names(), map(vars, rows)).partition("\n")[2]


def _line(names: Sequence[str]) -> str:
    return ",".join(names) + "\n"


def _summarise(found: Bounces, chosen: list[tuple[str, str]], no_color: bool) -> None:
    """The sums, where they are wanted; on standard error where standard output has the rows."""
    document = found.document()

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.bounces import render  # noqa: PLC0415 - only when a person reads

        return render(document, width=width, color=colour)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.plain import dumps_by_line  # noqa: PLC0415 - only for this format

        return dumps_by_line(document)

    wanted = [target for target in chosen if target[1] not in BY_ROW]
    if not wanted:
        click.echo(text(width_of(sys.stderr), False), err=True, nl=False)
    emit({"text": text, "json": json}, wanted, no_color)
