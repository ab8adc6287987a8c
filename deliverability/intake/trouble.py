"""What could not be read: counted by reason, with a few examples, and kept in a file where one is asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deliverability.fastclass import dataclass
from deliverability.intake.whole import whole
from deliverability.privacy import Pseudonyms
from deliverability.text import visible

MAX_EXAMPLES = 20
"""Bad rows and files that are held to be shown; our own bound."""
MAX_FILES = 10_000
"""Bad files that are held to be listed; our own bound. The count goes on."""
MAX_TEXT = 2_000
"""Characters of a bad row that are kept; our own bound."""
MAX_DETAIL = 200
"""Characters of an explanation that are kept; our own bound."""


_SEPARATORS = frozenset(' \t\r\n<>()[],;:"')


class Refused(Exception):
    """Input that is not read, or not read on. Both texts are one line.

    - reason: a word such as `zip-bomb`, `truncated`, `too-large`: the same for the same cause, to be counted by.
    - detail: what there is to say of this case.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One row or file that could not be read. `line` counts from 1; None where the whole file is meant."""

    file: str
    line: int | None = None
    reason: str
    detail: str = ""
    text: str = ""


def _row(bad: Bad) -> str:
    return json.dumps(
        {"file": bad.file, "line": bad.line, "reason": bad.reason, "detail": bad.detail, "text": bad.text}
    )


def _cut(text: str, most: int) -> str:
    """At most `most` characters, and no broken word at the end: half an address would not be known as one."""
    if len(text) <= most:
        return text
    end = next((at for at in range(most, 0, -1) if text[at - 1] in _SEPARATORS), 0)
    return text[:end]


class Troubles:
    """All that could not be read in one run; a context manager where it keeps a file.

    - scrub: takes the addresses of people out of a text (`Pseudonyms.scrub`).
    - rejects: where every bad row and file is written, one JSON object a line. It is there once the block ends, and not
      at all where the block fails or the disk is full (OSError).
    """

    def __init__(self, scrub: Callable[[str], str] | None = None, rejects: Path | None = None) -> None:
        self._scrub = scrub or Pseudonyms().scrub
        self._rejects = rejects
        self._open = ExitStack()
        self._sink: IO[str] | None = None
        self._reasons: Counter[str] = Counter()
        self._examples: list[Bad] = []
        self._files: list[Bad] = []

    def __enter__(self) -> Self:
        if self._rejects is not None:
            with self._naming_the_file():
                self._sink = self._open.enter_context(whole(self._rejects))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._open.__exit__(kind, error, trace)
        with self._naming_the_file():
            self._open.close()
        return None

    @contextmanager
    def _naming_the_file(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._rejects)) from None

    def add(self, bad: Bad) -> None:
        """Count `bad`; keep it, bounded and without addresses, as an example and in the file. May raise OSError."""
        self._reasons[bad.reason] += 1
        listed = bad.line is None and len(self._files) < MAX_FILES
        if not (listed or self._sink is not None or len(self._examples) < MAX_EXAMPLES):
            return
        kept = self._clean(bad)
        if len(self._examples) < MAX_EXAMPLES:
            self._examples.append(kept)
        if listed:
            self._files.append(kept)
        if self._sink is not None:
            with self._naming_the_file():
                self._sink.write(_row(kept) + "\n")

    def refuse(self, file: str, refused: Refused, line: int | None = None) -> None:
        """Count a file, or a row of it, that was refused."""
        self.add(Bad(file=file, line=line, reason=refused.reason, detail=refused.detail))

    def clean(self, text: str) -> str:
        """`text` from outside without the addresses of people in it."""
        return self._scrub(text)

    def _clean(self, bad: Bad) -> Bad:
        detail = visible(self._scrub(_cut(bad.detail, MAX_DETAIL)))
        text = visible(self._scrub(_cut(bad.text, MAX_TEXT)))
        file = self._scrub(bad.file)  # files are named after people, too
        return Bad(file=file, line=bad.line, reason=bad.reason, detail=detail, text=text)

    @property
    def count(self) -> int:
        """How many rows and files could not be read."""
        return self._reasons.total()

    @property
    def by_reason(self) -> dict[str, int]:
        """Reason → how many, the most frequent first."""
        return dict(sorted(self._reasons.items(), key=lambda item: (-item[1], item[0])))

    @property
    def examples(self) -> tuple[Bad, ...]:
        """The first few of them."""
        return tuple(self._examples)

    @property
    def files(self) -> tuple[Bad, ...]:
        """The files, zip members and mails that were refused as a whole, up to `MAX_FILES`."""
        return tuple(self._files)
