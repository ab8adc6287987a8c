"""Prose that stands in a document, in the language that is spoken: the English is recognised and said anew.

A document is English. `prose` finds the template of the catalogue that its text was made from, and fills the
translation with what stood in the places of the template. What no template fits stays as it is: nothing is lost.

A text may come from anybody, so the work is bounded: templates are looked up by their first word, and each is given up
after `MAX_TRIALS` places in which a part of it could stand.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from deliverability.fastclass import dataclass
from deliverability.reports.language import ENGLISH, TEMPLATES, _, language

MAX_TEXT = 4_000
"""Characters of a text that is looked up; the longest sentence of ours has some 500, and a title may hold names."""
MAX_KEPT = 500
"""Characters of a text whose translation is kept for the next time."""
MAX_TRIALS = 200
"""Places tried for the parts of one template."""
MAX_DEPTH = 3
"""Templates inside a template's places."""
MAX_SENTENCES = 12
"""Sentences of one text that are looked up by themselves; what comes after them stays as it is."""

_BETWEEN = re.compile(r"(?<=[.!?]) (?=[^a-z ])")
"""Between two sentences."""
_COUNT = re.compile(r"[0-9][0-9,]*")
_NUMBER = re.compile(r"[+−-]?[0-9][0-9,.]*( ?%)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a template: its name, the words between which it chooses, and the numbers that alone fit it."""

    name: str
    words: tuple[str, ...] = ()
    numbers: re.Pattern[str] | None = None

    def fits(self, text: str) -> bool:
        """Whether `text` may stand here."""
        if self.words:
            return text in self.words
        return bool(self.numbers.fullmatch(text) if self.numbers else text)


@dataclass(frozen=True, slots=True)
class Template:
    """A template in parts: a text that is fixed, and the place after it; None after the last.

    `longest` is the longest of the fixed texts; of two templates that fit, the one with more fixed text says more.
    """

    id: str
    parts: tuple[tuple[str, Place | None], ...]
    longest: str
    weight: int

    @classmethod
    def of(cls, id_: str) -> Template:
        """The template that `id_` is, with its {places}."""
        parts = _parts(id_)
        fixed = [text for text, _place in parts]
        return cls(id_, parts, max(fixed, key=len), sum(map(len, fixed)))


Index = Mapping[str, tuple[Template, ...]]


class Said(str):
    """A text that is in the language that is spoken already: it is not looked up again."""

    __slots__ = ()


def prose(text: str, known: Mapping[str, str] | None = None) -> str:
    """`text` in the language that is spoken, or as it is; `known` has texts of which the caller knows better."""
    if language() == ENGLISH or not text or text.isspace() or isinstance(text, Said):
        return text
    if known or len(text) > MAX_KEPT:
        return _said(text, known or {}, 0)
    return _kept(text, language(), _(TEMPLATES))


@lru_cache(maxsize=4096)
def _kept(text: str, language: str, ids: str) -> str:  # noqa: ARG001 - what the answer hangs on
    """What was said of a text before: audits of many domains say the same things."""
    return _said(text, {}, 0)


def _said(text: str, known: Mapping[str, str], depth: int) -> str:
    if depth > MAX_DEPTH:
        return text
    if text in known:
        return known[text]
    sentences = _BETWEEN.split(text, maxsplit=MAX_SENTENCES)
    if len(sentences) == 1:
        return _whole(text, known, depth) or text
    told = _by_sentence(sentences, known, depth)
    if all(isinstance(one, Said) for one in told):
        return Said(" ".join(told))
    whole = _whole(text, known, depth)  # a name in it may end like a sentence
    return whole or (Said(" ".join(told)) if any(isinstance(one, Said) for one in told) else text)


def _by_sentence(sentences: Sequence[str], known: Mapping[str, str], depth: int) -> list[str]:
    """Each of `sentences`, or as few of them as a template knows together; as it is where none knows it."""
    said: list[str] = []
    rest = list(sentences)
    while rest:
        told = ((n, _whole(" ".join(rest[:n]), known, depth)) for n in range(1, len(rest) + 1))
        number, one = next(((n, text) for n, text in told if text is not None), (1, rest[0]))
        said.append(one)
        rest = rest[number:]
    return said


def _whole(text: str, known: Mapping[str, str], depth: int) -> str | None:
    """What one template says of the whole of `text`; None where none fits."""
    if text in known:
        return known[text]
    if len(text) > MAX_TEXT:
        return None
    index = _index(_(TEMPLATES))
    for template in index.get(text.partition(" ")[0]) or index.get("", ()):
        found = _fit(template.parts, text) if template.longest in text else None
        if found is not None:
            told = {name: _said(part, known, depth + 1) for name, part in found.items()}
            return Said(_filled(_(template.id), told))
    return None


def recognised(template: str, translation: str, text: str) -> str | None:
    """`text` by the `translation` of `template`, if that is what it was made from."""
    if language() == ENGLISH or len(text) > MAX_TEXT:
        return None
    found = _fit(Template.of(template).parts, text)
    return None if found is None else Said(_filled(translation, {name: prose(part) for name, part in found.items()}))


@lru_cache(maxsize=4)
def _index(ids: str) -> Index:
    """By the word that a text begins with, the templates that could fit it, the heaviest first; "" for other words."""
    found: dict[str, list[Template]] = {"": []}
    for id_ in ids.split("\n") if ids != TEMPLATES else ():
        template = Template.of(id_)
        opening, place = template.parts[0]
        word, space, _rest = opening.partition(" ")
        found.setdefault(word if space or place is None else "", []).append(template)
    anywhere = found[""]
    return {
        word: tuple(sorted((*named, *(anywhere if word else ())), key=lambda template: -template.weight))
        for word, named in found.items()
    }


def _parts(id_: str) -> tuple[tuple[str, Place | None], ...]:
    parts: list[tuple[str, Place | None]] = []
    for text, name, spec, _conversion in string.Formatter().parse(id_):
        parts.append((text, None if name is None else _place(name, spec or "")))
    return (*parts, ("", None)) if parts[-1][1] is not None else tuple(parts)


def _place(name: str, spec: str) -> Place:
    """`{n:d}` is a count, `{n:,}` and the like any number, `{n:one|many}` one of these words, `{n}` anything."""
    if "|" in spec:
        return Place(name, words=tuple(spec.split("|")))
    return Place(name, numbers=_COUNT if spec == "d" else _NUMBER if spec else None)


def _fit(parts: tuple[tuple[str, Place | None], ...], text: str) -> dict[str, str] | None:
    """What stands in the places of a template if it fits the whole of `text`; the shortest parts that do."""
    if not text.startswith(parts[0][0]) or not text.endswith(parts[-1][0]):
        return None
    trials = iter(range(MAX_TRIALS))

    def from_(index: int, start: int) -> dict[str, str] | None:
        """Of `parts` those from `index` on, whose own fixed text ends at `start`."""
        place = parts[index][1]
        if place is None:
            return {} if start == len(text) else None
        after = parts[index + 1][0]
        for end in _ends(text, start, after, is_last=parts[index + 1][1] is None):
            if next(trials, None) is None:
                return None
            part = text[start:end]
            if not place.fits(part):
                continue
            rest = from_(index + 1, end + len(after))
            if rest is not None and rest.get(place.name, part) == part:
                return rest if place.words else {place.name: part, **rest}
        return None

    return from_(0, len(parts[0][0]))


def _ends(text: str, start: int, after: str, *, is_last: bool) -> Iterable[int]:
    """Where a part that begins at `start` may end: before each `after`, the last one at the end of the text."""
    if is_last:
        yield from (end for end in (len(text) - len(after),) if end > start)
        return
    end = text.find(after, start + 1)
    while end >= 0:
        yield end
        end = text.find(after, end + 1)


def _filled(translation: str, told: Mapping[str, str]) -> str:
    """The translation with its places filled; of a place that the English lacks nothing is shown."""
    pieces: list[str] = []
    for text, name, _spec, _conversion in string.Formatter().parse(translation):
        pieces += [text, told.get(name or "", "")]
    return "".join(pieces)
