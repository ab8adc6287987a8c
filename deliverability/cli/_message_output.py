"""What `deliv message` shows of many messages: how far it is, the audit of each, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from deliverability.cli._gauge import Gauge
from deliverability.cli._output import emit, to_stdout, whole_file, width_of

if TYPE_CHECKING:
    from deliverability.document import Audit

HELD = 1 << 20
"""Characters of audits that are written together."""


class JsonLines:
    """Audits on their way to files and to standard output, a line each; files whole or not at all. Raises Problem."""

    def __init__(self, targets: Sequence[tuple[str, str]]) -> None:
        self._destinations = [destination for destination, kind in targets if kind == "jsonl"]
        self._writers: list[Callable[[str], object]] = []
        self._open = ExitStack()
        self._held: list[str] = []
        self._size = 0

    def __enter__(self) -> Self:
        for one in self._destinations:
            self._writers.append(to_stdout if one == "-" else self._open.enter_context(whole_file(Path(one))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._open.__exit__(kind, error, trace)
            return
        with self._open:
            self._flush()

    def add(self, audit: Audit) -> None:
        """One more audit."""
        if not self._writers:
            return
        from deliverability.document import to_json_line  # noqa: PLC0415 - loaded by then

        line = to_json_line(audit)
        self._held.append(line)
        self._size += len(line)
        if self._size >= HELD:
            self._flush()

    def _flush(self) -> None:
        text, self._held, self._size = "".join(self._held), [], 0
        for write in self._writers:
            write(text)


class Count(Gauge):
    """How many messages are audited."""

    def __init__(self, wanted: bool = True) -> None:
        super().__init__(wanted)
        self._messages = self._octets = 0

    def __call__(self, octets: int) -> None:
        """One more message of so many octets is done."""
        self._messages += 1
        self._octets += octets
        self.draw(self._text)

    def _text(self, seconds: float) -> str:
        done = f"{self._messages:,} messages · {self._octets / 2**20:,.0f} MiB"
        return f"{done} · {self._messages / seconds:,.0f}/s · {seconds:.0f} s"


def summarised(document: Mapping[str, Any], targets: Sequence[tuple[str, str]], *, quiet: bool, no_color: bool) -> None:
    """What the messages come to, where it is wanted; on standard error where only lines were."""

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.messages import render  # noqa: PLC0415 - only when a person reads

        return render(document, width=width, color=colour, quiet=quiet)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.plain import dumps_by_line  # noqa: PLC0415 - only for this format

        return dumps_by_line(document)

    wanted = [target for target in targets if target[1] != "jsonl"]
    if not wanted:
        click.echo(text(width_of(sys.stderr), False), err=True, nl=False)
    emit({"text": text, "json": json}, wanted, no_color)
