"""The language that reports are written in: English, which stands in the code, or a catalogue of locale/.

A report is rendered inside `speaking(language)`; everything below it asks `_` for its words. Only the standard
library's gettext is used at run time, and none of it for English. `make generate` makes the catalogue
`locale/<language>/LC_MESSAGES/deliv.mo` of three sources beside it:

- page.po: what reports say in `_`, `N_`, `ngettext` and templates. An id is the English text.
- prose.po: what an audit says in its document, as templates with {placeholders}; `reports.prose` finds the one.
- checks.po: what checks say. An id is a code: `<check>.ask`, `.why`, `.fix`, `.settle`, `.title.<case>`, `.fix.<case>`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Protocol, TypeVar

LANGUAGES = ("en", "ko")
ENGLISH = "en"
TEMPLATES = "prose.templates"
"""The id under which a catalogue lists the ids of its prose, one a line."""


Key = TypeVar("Key")


class Catalogue(Protocol):
    """What translates: `gettext.NullTranslations` and whatever answers like it."""

    def gettext(self, message: str) -> str:
        """The translation, or `message` itself where there is none."""
        ...

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The form of the translation that goes with `n` things."""
        ...


_current: ContextVar[tuple[str, Catalogue | None]] = ContextVar("language", default=(ENGLISH, None))


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a constant for the catalogue; it is translated where it is used, by `_`."""
    return text


def _(text: str) -> str:
    """`text`, which is ours, in the language that is spoken."""
    catalogue = _current.get()[1]
    return catalogue.gettext(text) if catalogue and text else text  # to gettext an empty id is its own header


def ngettext(one: str, many: str, number: int) -> str:
    """The form for `number` of things."""
    catalogue = _current.get()[1]
    if catalogue is None:
        return one if number == 1 else many
    return catalogue.ngettext(one, many, number)


def counted(number: int, one: str, many: str) -> str:
    """The form for `number` of things with the number in its place: `counted(2, "{n:,} file", "{n:,} files")`."""
    return ngettext(one, many, number).format(n=number)


class Words(Mapping[Key, str]):
    """Words by what they stand for, each marked with `N_`, in the language that is spoken when they are asked for."""

    def __init__(self, texts: Mapping[Key, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: Key) -> str:
        return _(self._texts[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def language() -> str:
    """The language that is spoken: `en` or `ko`."""
    return _current.get()[0]


def translated(key: str) -> str | None:
    """The text of an id that is a code and no English; None where the catalogue has none, as English has none."""
    text = _(key)
    return None if text == key else text


@contextmanager
def speaking(name: str, catalogue: Catalogue | None = None) -> Generator[None]:
    """Speak the language `name` of LANGUAGES until the block ends; `catalogue` speaks in the place of its own."""
    token = _current.set((name, catalogue or _catalogue(name)))
    try:
        yield
    finally:
        _current.reset(token)


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(name: str) -> Catalogue | None:
    if name == ENGLISH:
        return None
    from gettext import GNUTranslations  # noqa: PLC0415 - English does without
    from importlib.resources import files  # noqa: PLC0415 - as above

    compiled = files("deliverability.reports").joinpath("locale", name, "LC_MESSAGES", "deliv.mo")
    with compiled.open("rb") as file:
        return GNUTranslations(file)
