"""A rule's source is named where the rule stands, in one spelling, and is on the list of sources."""

from __future__ import annotations

import re

from deliverability.sources import SOURCES
from support.tree import modules

ONE_SPELLING = re.compile(r"RFC \d{3,5}\b(?!,? [Ss]ection)")
"""`RFC 7208 §4.6.4`, or `RFC 8020` for the whole of it."""

ANY_SPELLING = re.compile(r"\bRFC[ -]?\d{3,5}\b(?:,? [Ss]ection)?")


def citations() -> list[tuple[str, str]]:
    """Every mention of an RFC by its number: where, and in which words."""
    return [
        (f"{module.path}:{number}", match[0])
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), start=1)
        for match in ANY_SPELLING.finditer(line)
    ]


def test_an_rfc_is_cited_in_one_spelling() -> None:
    assert [(where, words) for where, words in citations() if not ONE_SPELLING.fullmatch(words)] == []


def test_every_rfc_that_is_cited_is_a_source() -> None:
    assert [(where, words) for where, words in citations() if words not in SOURCES] == []
