"""Many phrases looked for at once, in one pass over the words of a text.

The replies of mail servers are a few thousand words. They become one automaton over words, made deterministic as texts
lead through it, so that a text costs one look-up a word however many phrases there are. Nothing ever goes back, so no
text can make it slow. How a phrase is written stands at the head of `replies.csv`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

GAP_WORDS = 8
"""Words that `..` may stand for; none is allowed too."""
MAX_SHOWN = 24
"""Words of a text that are shown as a phrase at most."""
MAX_STATES = 20_000
"""Deterministic states kept; beyond it they are forgotten and found again, so that no input can fill the memory."""
MAX_STRANGERS = 20_000
"""Words of no phrase that are remembered as such."""

_WORDS = re.compile(r"[^\W_]+")
_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})
_ANY = -1
"""The class of `..`."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without spaces, or with words that change at their end: Thai, Kana, Han, Hangul."""
_PIECES = re.compile(r"\.\.|[(|)]|[^\W_]+\*?")


def folded(text: str) -> str:
    """Return the text in lower case and without accents."""
    lower = text.lower()
    if lower.isascii():
        return lower
    decomposed = unicodedata.normalize("NFKD", lower.translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """Return the words of a folded text: letters and digits, whatever stands between them."""
    return (_ASCII_WORDS if text.isascii() else _WORDS).findall(text)


Found = tuple[int, int]
"""A phrase in a text: its number, and the index of its last word. In a script without spaces the index is negative."""


class _State:
    """A deterministic state: where each class of words leads, and the phrases that end here."""

    __slots__ = ("ends", "next", "places")

    def __init__(self, places: frozenset[int], ends: tuple[int, ...]) -> None:
        self.places = places
        self.ends = ends
        self.next: dict[int, _State] = {}


class Phrasebook:
    """Phrases, numbered in the order given.

    Args:
        patterns: The phrases.

    Raises:
        ValueError: A phrase that is not written as one.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._classes: dict[str, int] = {}  # word → class; class 0 is every word of no phrase
        self._prefixes: dict[str, int] = {}  # beginning of words → class
        self._edges: list[dict[int, list[int]]] = [{}]  # place → class → places
        self._any: list[list[int]] = [[]]  # place → places that any word leads to
        self._ends: list[list[int]] = [[]]  # place → phrases
        self._unspaced: list[tuple[str, str, int]] = []
        self._patterns = patterns
        self._lone: dict[int, Phrasebook] = {}
        self._vocabulary: list[frozenset[int]] = []
        for number, pattern in enumerate(patterns):
            pieces = self._spaced(number, pattern)
            self._vocabulary.append(frozenset(self._class(piece) for piece in pieces if piece not in "(|)"))
            self._add(number, pieces)
        lengths = sorted({len(prefix) for prefix in self._prefixes})
        self._lengths = lengths[::-1]
        self._wider = {kind: self._beginnings(word) for word, kind in self._classes.items()}
        self._wider |= {kind: self._beginnings(prefix) for prefix, kind in self._prefixes.items()}
        self._strangers: dict[str, int] = {}
        self._states: dict[frozenset[int], _State] = {}
        self._start = self._state(frozenset((0,)))

    def find(self, text: str, tokens: Sequence[str]) -> list[Found]:
        """Return the phrases of the text, one for each place where one ends.

        Args:
            text: The folded text, for scripts without spaces.
            tokens: Its words.
        """
        found: list[Found] = []
        state, classes, strangers = self._start, self._classes, self._strangers
        for index, token in enumerate(tokens):
            kind = classes.get(token)
            if kind is None:
                kind = strangers.get(token)
                if kind is None:
                    kind = self._stranger(token)
            state = state.next.get(kind) or self._step(state, kind)
            if state.ends:
                found += [(phrase, index) for phrase in state.ends]
        if not text.isascii() and _UNSPACED.search(text) is not None:
            found += [(row[2], ~place) for place, row in enumerate(self._unspaced) if row[0] in text]
        return found

    def matched(self, found: Found, tokens: Sequence[str]) -> str:
        """Return the words of the text that belong to the phrase, `…` for those between: what is safe to show."""
        phrase, end = found
        if end < 0:
            return self._unspaced[~end][1]
        mine = self._vocabulary[phrase]
        named: list[str] = []
        tokens = tokens[self._first(found, tokens) : end + 1]
        for token in reversed(tokens):
            kind = self._classes.get(token) or self._strangers.get(token, 0)
            if kind in mine or not mine.isdisjoint(self._wider.get(kind, ())):
                named.append(token)
            elif _ANY not in mine:
                break
            elif named[-1] != "…":
                named.append("…")
        return " ".join(reversed(named)).strip("… ")

    def _first(self, found: Found, tokens: Sequence[str]) -> int:
        """Return the index of the word that the phrase begins with, so that it is shortest."""
        phrase, end = found
        if _ANY not in self._vocabulary[phrase]:
            return max(0, end - MAX_SHOWN)
        lone = self._lone.get(phrase)
        if lone is None:
            lone = self._lone[phrase] = Phrasebook([self._patterns[phrase]])
        for first in range(end, max(0, end - MAX_SHOWN), -1):
            if (0, end - first) in lone.find("", tokens[first : end + 1]):
                return first
        return max(0, end - MAX_SHOWN)

    def _spaced(self, number: int, pattern: str) -> list[str]:
        """Return the pieces of the phrase but for its alternatives in scripts without spaces, which are set aside."""
        if not _UNSPACED.search(pattern):
            return _PIECES.findall(folded(pattern))
        branches = pattern.strip("()").split("|")
        for branch in branches:
            if _UNSPACED.search(branch):
                self._unspaced.append((folded(branch), branch, number))
        rest = [branch for branch in branches if not _UNSPACED.search(branch)]
        return _PIECES.findall(folded(f"({'|'.join(rest)})")) if rest else []

    def _add(self, number: int, pieces: list[str]) -> None:
        if not pieces:
            if self._unspaced and self._unspaced[-1][2] == number:
                return
            raise ValueError("an empty phrase")
        rest = pieces[::-1]
        lasts = self._alternatives(rest, frozenset((0,)))
        if rest or 0 in lasts:
            raise ValueError(f"no phrase: {' '.join(pieces)}")
        for place in lasts:
            self._ends[place].append(number)

    def _alternatives(self, rest: list[str], froms: frozenset[int]) -> frozenset[int]:
        """Read alternatives up to a closing bracket or the end; return the places where one of them has been read."""
        lasts: frozenset[int] = frozenset()
        joined = self._place()
        while True:
            here, before, word = froms, froms, ""
            while rest and rest[-1] not in "|)":
                word = rest.pop()
                before = here
                here = self._read(word, rest, here)
            if word not in ("", "(", ".."):
                self._lead(before, word, joined)
                here = frozenset((joined,))
            lasts |= here
            if not rest or rest[-1] == ")":
                return lasts
            rest.pop()

    def _read(self, word: str, rest: list[str], froms: frozenset[int]) -> frozenset[int]:
        if word == "(":
            lasts = self._alternatives(rest, froms)
            if not rest:
                raise ValueError("a bracket of a phrase is not closed")
            rest.pop()
            return lasts
        place = self._place()
        if word != "..":
            self._lead(froms, word, place)
            return frozenset((place,))
        here = froms
        for _ in range(GAP_WORDS):
            for source in here:
                self._any[source].append(place)
            here, froms, place = frozenset((place,)), froms | {place}, self._place()
        return froms

    def _place(self) -> int:
        self._edges.append({})
        self._any.append([])
        self._ends.append([])
        return len(self._edges) - 1

    def _lead(self, froms: frozenset[int], word: str, to: int) -> None:
        kind = self._class(word)
        for source in froms:
            self._edges[source].setdefault(kind, []).append(to)

    def _class(self, piece: str) -> int:
        """Return the class of a piece of a phrase."""
        if piece == "..":
            return _ANY
        table, word = (self._prefixes, piece[:-1]) if piece.endswith("*") else (self._classes, piece)
        return table.setdefault(word, len(self._classes) + len(self._prefixes) + 1)

    def _beginnings(self, word: str) -> tuple[int, ...]:
        """Return the classes of the beginnings of the word, the longest first."""
        prefixes = self._prefixes
        return tuple(prefixes[word[:n]] for n in self._lengths if len(word) >= n and word[:n] in prefixes)

    def _stranger(self, token: str) -> int:
        """Return the class of a word that no phrase names: that of its longest beginning, if any."""
        if len(self._strangers) >= MAX_STRANGERS:
            self._strangers.clear()
        kind = self._strangers[token] = next(iter(self._beginnings(token)), 0)
        return kind

    def _state(self, places: frozenset[int]) -> _State:
        state = self._states.get(places)
        if state is None:
            if len(self._states) >= MAX_STATES:
                self._states.clear()
                self._start.next.clear()
            ends = tuple(sorted({phrase for place in places for phrase in self._ends[place]}))
            state = self._states[places] = _State(places, ends)
        return state

    def _step(self, state: _State, kind: int) -> _State:
        kinds = (kind, *self._wider.get(kind, ()))
        places = {0}
        for place in state.places:
            places.update(self._any[place])
            edges = self._edges[place]
            for each in kinds:
                places.update(edges.get(each, ()))
        follower = state.next[kind] = self._state(frozenset(places))
        return follower
