"""Many domains: a list of them read from a file, and a folder of pages written as they are audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from deliverability.cli._gauge import Gauge
from deliverability.cli._inputs import names_of
from deliverability.cli._output import unwritable, whole_file, write_whole
from deliverability.cli._problem import Problem
from deliverability.cli._reading import troubles_of, warn_of
from deliverability.fastclass import dataclass
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.intake.trouble import Troubles
    from deliverability.reports.html.portfolio import Line

MAX_DOMAINS = 100_000
"""Domains of one run; our own bound."""
MAX_OCTETS = 32 << 20
"""Of a list, inflated: MAX_DOMAINS of the longest names there are."""
MAX_LEFT = 5
"""Pages of earlier runs that are named; more are counted."""
MAX_LINE = 4_096
"""Octets of one line of it: the longest name as U-labels, and a remark."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The domains that a run is about, each once, and the lines of the list that name none."""

    domains: tuple[str, ...]
    unread: tuple[str, ...] = ()
    unread_count: int = 0


def listed(named: Sequence[str], path: str | None) -> Listed:
    """The domains that are named, and those of the list at `path` (`-` is standard input).

    One domain a line; empty lines and what follows a `#` are passed over. Lines that name no domain are counted, said
    on stderr with their number, and passed over. Raises Problem where nothing is left, or the list cannot be read.
    """
    if path is None:
        return Listed(tuple(named))
    found = dict.fromkeys(names_of(named))
    with troubles_of(None) as troubles:
        for domain in _domains(path, troubles):
            found[domain] = None
            if len(found) > MAX_DOMAINS:
                raise Problem(f"{path}: more than {MAX_DOMAINS:,} domains; split the list")
    examples = tuple(f"{bad.file}:{bad.line}: {bad.detail or bad.reason}" for bad in troubles.examples)
    if not found:
        raise Problem(f"{path}: names no domain" + (f" ({troubles.count} lines; {examples[0]})" if examples else ""))
    warn_of(troubles, None, hint="one domain a line; # begins a remark")
    return Listed(tuple(found), examples, troubles.count)


def _domains(path: str, troubles: Troubles) -> Iterable[str]:
    from deliverability.intake.bounds import Limits  # noqa: PLC0415 - only where there is a list
    from deliverability.intake.streams import lines, open_stream  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Bad, Refused  # noqa: PLC0415 - as above
    from deliverability.names import InvalidDomain, to_ascii  # noqa: PLC0415 - as above

    try:
        for part in open_stream(path, Limits(octets=MAX_OCTETS, line=MAX_LINE)):
            for number, raw in lines(part, troubles):
                text = raw.decode("utf-8", "replace").removeprefix("\ufeff").partition("#")[0].strip()
                try:
                    if text:
                        yield to_ascii(text)
                except InvalidDomain as error:
                    troubles.add(Bad(file=part.name, line=number, reason="no-domain", detail=_why(text, error)))
    except Refused as refused:
        raise Problem(f"{path}: {refused.detail or refused.reason}") from None


def _why(text: str, error: Exception) -> str:
    """Why a line names no domain, without the address that it may be."""
    return "an e-mail address; its domain alone is wanted" if "@" in text else str(error)


def folder_of(outputs: Sequence[str], form: str | None) -> tuple[Path | None, tuple[str, ...]]:
    """The folder among the outputs, which takes pages, and the files among them. Raises Problem for two folders."""
    folders = [output for output in outputs if _is_folder(output)]
    files = tuple(output for output in outputs if output not in folders)
    if not folders:
        return None, files
    if len(folders) > 1:
        raise Problem(f"{folders[1]}: one folder is enough")
    if form not in {None, "html"}:
        raise Problem(f"{folders[0]}: a folder takes pages, not {form}; name a file")
    return Path(folders[0]), files


def _is_folder(output: str) -> bool:
    try:
        return output.endswith("/") or (output != "-" and Path(output).is_dir())
    except OSError:  # a name that no file can have; who writes the file says so
        return False


class Site:
    """A folder of pages: one for each domain, those that list them, and every document in JSON Lines.

    Each file is written whole or not at all, and the index last: where it is, so is all that it leads to. A context
    manager; raises Problem where something cannot be written.
    """

    def __init__(self, folder: Path, source: Listed) -> None:
        self._folder = folder
        self._source = source
        self._lines: list[Line] = []
        self._open = ExitStack()
        self._write: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Self:
        from deliverability.reports.html.portfolio import LINES, PAGES_FOLDER  # noqa: PLC0415 - where there is a folder

        try:
            (self._folder / PAGES_FOLDER).mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:
            raise unwritable(self._folder, error) from None
        self._write = self._open.enter_context(whole_file(self._folder / LINES))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._open.__exit__(kind, error, trace)
            return
        self._open.close()
        from deliverability.reports.html.portfolio import pages  # noqa: PLC0415 - loaded by then

        for name, page in pages(self._lines, self._source.unread, self._source.unread_count):
            write_whole(self._folder / name, page)
        self._say_what_is_left()

    def _say_what_is_left(self) -> None:
        """Name the pages of earlier runs that no list leads to any more; they are not ours to delete."""
        from deliverability.reports.html.portfolio import PAGES_FOLDER  # noqa: PLC0415 - loaded by then

        written = {line.file.rpartition("/")[2] for line in self._lines}
        there = (path.name for path in (self._folder / PAGES_FOLDER).glob("*.html"))
        if left := sorted(name for name in there if name not in written):
            more = f" and {len(left) - MAX_LEFT:,} more" if len(left) > MAX_LEFT else ""
            what = "1 page of an earlier run" if len(left) == 1 else f"{len(left):,} pages of earlier runs"
            where = visible(str(self._folder / PAGES_FOLDER))
            named = ", ".join(visible(name) for name in left[:MAX_LEFT])
            click.echo(f"deliv: {where} still holds {what}, to which no list leads: {named}{more}", err=True)

    def add(self, audit: Audit) -> None:
        """Write the page of one domain, and keep what the lists need of it."""
        from deliverability.document import to_json_line  # noqa: PLC0415 - not before the first packet
        from deliverability.reports.html import render_html  # noqa: PLC0415 - as above
        from deliverability.reports.html.portfolio import INDEX, line_of  # noqa: PLC0415 - as above

        line = line_of(audit)
        write_whole(self._folder / line.file, render_html(audit, index=INDEX))
        self._write(to_json_line(audit))
        self._lines.append(line)


class Tally(Gauge):
    """How many domains are done."""

    def __init__(self, total: int, wanted: bool) -> None:
        super().__init__(wanted)
        self._total = total
        self._done = 0

    def count(self) -> None:
        """One more is done."""
        self._done += 1
        self.draw(lambda seconds: f"{self._done:,} of {self._total:,} domains · {seconds:.0f} s")
