"""How bodies offer to unsubscribe, and how much two bodies have in common."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

MAX_WORDS = 20_000
"""Ours: words of one body that are compared."""
MAX_READ = 200_000
"""Ours: characters of one body in which they are looked for."""


@lru_cache(maxsize=1)
def _phrases() -> tuple[str, ...]:
    """Every phrase of unsubscribe.csv, in lower case."""
    text = files("deliverability.mail.message").joinpath("unsubscribe.csv").read_text(encoding="utf-8")
    rows = [line.partition(",") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(dict.fromkeys(phrase.lower() for _, _, phrase in rows[1:]))


_SPACES = dict.fromkeys(map(ord, "\n\r\t\u00a0\u2019"), " ") | {ord("\u2019"): "'"}
MAX_OFFERS = 50
"""Ours: offers of one body that are found, for each phrase."""


def offers(text: str) -> list[tuple[int, str]]:
    """Where the words of `text` offer to unsubscribe, and which they are."""
    lowered = text.lower().translate(_SPACES)
    found: list[tuple[int, str]] = []
    for phrase in _phrases():
        at = lowered.find(phrase)
        while at >= 0 and len(found) < MAX_OFFERS:
            found.append((at, phrase))
            at = lowered.find(phrase, at + len(phrase))
    return sorted(found)


_WORD = re.compile(r"[^\W\d_]{2,40}")
_DENSE = re.compile("[぀-ヿ㐀-鿿가-힯]")


def words(text: str) -> list[str]:
    """The words of `text` in lower case; of scripts without spaces, the pairs of neighbouring characters."""
    lowered = text[:MAX_READ].lower()
    if not _DENSE.search(lowered):  # nearly always, and in a tenth of the time
        return _WORD.findall(lowered)[:MAX_WORDS]
    found: list[str] = []
    for word in _WORD.findall(lowered):
        found += [word[i : i + 2] for i in range(len(word) - 1)] if _DENSE.search(word) else [word]
        if len(found) >= MAX_WORDS:
            break
    return found


def common(mine: list[str], others: list[str]) -> float | None:
    """The share of the different words of `mine` that `others` has too; None where `mine` has none."""
    mine_once = set(mine)
    return round(len(mine_once & set(others)) / len(mine_once), 3) if mine_once else None
