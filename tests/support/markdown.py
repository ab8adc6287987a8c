"""A page of Markdown taken apart, as a host reads it: CommonMark with tables, and what hosts look for in its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

HARMLESS = frozenset(
    {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "fence"),
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        *("text", "code_inline", "strong_open", "strong_close"),
    }
)
"""What our own pages are made of. Text of a stranger may add none of the rest: no HTML, link, image or emphasis."""

FOUND = re.compile(
    r"(?i)@\w|https?://|ftp://|mailto:|\bwww\.|#\d|\bGH-\d|(?<!\w):[\w+-]+:|\b[0-9a-f]{7,40}\b|\$[^$]*\$|[!~&^%]\w"
)
"""Mentions, links, issues, commits, emoji, formulas: what hosts make of text that Markdown has left as text."""


@dataclass(frozen=True)
class Read:
    """The kinds of everything on a page, its texts outside code, its code, and each table's cells row by row.

    `torn` are rows with more bars than their table's head: a reader of the page drops what is too much in silence.
    """

    kinds: set[str]
    texts: list[str]
    codes: list[str]
    tables: list[list[list[str]]]
    headings: list[str]
    torn: list[str]


def _torn(page: str) -> list[str]:
    torn: list[str] = []
    bars, fence = 0, ""
    for line in page.split("\n"):
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if len(ticks) >= 3 and (not fence or line == fence):
            fence = "" if fence else ticks
        elif not fence and line.startswith("| "):
            bars = bars or line.count("|")
            torn += [line] if line.count("|") != bars else []
        else:
            bars = 0
    return torn


def read(page: str) -> Read:
    """Take a page apart."""
    found = Read(set(), [], [], [], [], _torn(page))
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    for place, token in enumerate(tokens):
        found.kinds.add(token.type)
        if token.type == "fence":
            found.codes.append(token.content)
        elif token.type == "table_open":
            found.tables.append([])
        elif token.type == "tr_open":
            found.tables[-1].append([])
        elif token.type in {"td_open", "th_open"}:
            found.tables[-1][-1].append(tokens[place + 1].content)
        elif token.type == "heading_open":
            found.headings.append(tokens[place + 1].content)
        for child in token.children or ():
            found.kinds.add(child.type)
            if child.type in {"text", "code_inline"}:
                (found.texts if child.type == "text" else found.codes).append(child.content)
    return found
