"""How bodies offer to unsubscribe, and how much two bodies have in common."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

MAX_WORDS = 20_000
"""Ours: words of one body that are compared."""


@lru_cache(maxsize=1)
def _offer() -> re.Pattern[str]:
    """Every phrase of unsubscribe.csv; white space in a phrase is any white space, or none between ideographs."""
    text = files("deliverability.mail.message").joinpath("unsubscribe.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")][1:]
    phrases = sorted((row[1] for row in rows), key=len, reverse=True)
    return re.compile("|".join(re.escape(phrase).replace(r"\ ", r"\s{1,3}") for phrase in phrases), re.IGNORECASE)


def offer(text: str) -> str:
    """The words of `text` that offer to unsubscribe; empty where none do."""
    match = _offer().search(text)
    return " ".join(match[0].split()) if match else ""


_WORD = re.compile(r"[^\W\d_]{2,40}")
_DENSE = re.compile("[぀-ヿ㐀-鿿가-힯]")


def words(text: str) -> list[str]:
    """The words of `text` in lower case; of scripts without spaces, the pairs of neighbouring characters."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match[0].lower()
        found += [word[i : i + 2] for i in range(len(word) - 1)] if _DENSE.search(word) else [word]
        if len(found) >= MAX_WORDS:
            break
    return found


def common(mine: list[str], others: list[str]) -> float | None:
    """The share of the different words of `mine` that `others` has too; None where `mine` has none."""
    mine_once = set(mine)
    return round(len(mine_once & set(others)) / len(mine_once), 3) if mine_once else None
