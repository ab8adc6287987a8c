"""The language that reports are written in: English, which stands in the code, or a catalogue of locale/.

A report is rendered inside `speaking(language)`; everything below it asks `_` for its words. Only the standard
library's gettext is used at run time.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

LANGUAGES = ("en", "ko")
_current: ContextVar[tuple[str, NullTranslations]] = ContextVar("language", default=("en", NullTranslations()))


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a constant for the catalogue; it is translated where it is used, by `_`."""
    return text


def _(text: str) -> str:
    """`text`, which is ours, in the language that is spoken."""
    return _current.get()[1].gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The form for `number` of things."""
    return _current.get()[1].ngettext(one, many, number)


def language() -> str:
    """The language that is spoken: `en` or `ko`."""
    return _current.get()[0]


@contextmanager
def speaking(name: str) -> Generator[None]:
    """Speak the language `name` of LANGUAGES until the block ends."""
    token = _current.set((name, NullTranslations()))
    try:
        yield
    finally:
        _current.reset(token)
